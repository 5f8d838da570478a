package rivals

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
)

// History is what was seen of one product. NaN means missing; periods increase and may have gaps.
type History struct {
	Product string
	Periods []int
	Price   []float64 // dollars
	Display []float64 // in [0, 1]
	Cost    []float64 // wholesale, dollars
}

// Options of a fit; the zero value of each means its default.
type Options struct {
	Depth        float64 `toml:"depth" json:"depth"`                 // how far below the regular price a deal begins; 0.05
	Window       int     `toml:"window" json:"window"`               // periods before and after that make the regular price; 13
	Recent       int     `toml:"recent" json:"recent"`               // last periods that set the level of prices and costs; 104
	RegularRungs int     `toml:"regular_rungs" json:"regular_rungs"` // at most; 3
	DealRungs    int     `toml:"deal_rungs" json:"deal_rungs"`       // at most; 4
}

func (o Options) withDefaults() (Options, error) {
	if o.Depth == 0 {
		o.Depth = 0.05
	}
	for _, v := range []struct {
		key   string
		value *int
		usual int
	}{{"window", &o.Window, 13}, {"recent", &o.Recent, 104}, {"regular_rungs", &o.RegularRungs, 3}, {"deal_rungs", &o.DealRungs, 4}} {
		if *v.value == 0 {
			*v.value = v.usual
		}
		if *v.value < 1 || *v.value > 10000 {
			return o, field.New(v.key, *v.value, "a whole number from 1 to 10000")
		}
	}
	if !(o.Depth > 0 && o.Depth < 1) {
		return o, field.New("depth", o.Depth, "a share between 0 and 1")
	}
	return o, nil
}

const (
	// regularQuantile is the quantile of the prices around a period that stands for the regular price there: high, because
	// in some quarters a product is on deal more often than not, and not the maximum, because one price may be wrong.
	regularQuantile = 0.9
	// fewestInRung keeps a rung from standing for one odd price.
	fewestInRung = 3
	// fewestPeriods is the shortest history that is fitted.
	fewestPeriods = 26
)

// Fitted is a price process with what it was fitted on.
type Fitted struct {
	Deals   *Deals
	Level   float64   // the regular price of the recent periods, dollars: the median of the running regular price
	regular []float64 // running regular price by period
	path    path      // over all periods from the first to the last
	first   int
	recent  int
	history History
}

// Fit fits the price process of one product.
//
// A price is a deal when it is Depth or more below the regular price (Hendel & Nevo 2006, Econometrica 74, use 5% below the
// modal price), which is the 90% quantile of the prices within Window periods on both sides. Prices had trends over the
// years, so what is pooled over the whole history is relative: price over regular price, grouped into rungs by Fisher's
// optimal partition (Fisher 1958), and the transition probabilities. The level is that of the Recent periods: a rung's
// price is the regular price's median there times the rung's mean ratio, and its cost the mean recent cost times what the
// cost on that rung is relative to the average (average acquisition cost falls in deals). Display is the mean on the rung.
func Fit(h History, o Options) (*Fitted, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := h.check(); err != nil {
		return nil, err
	}
	f := &Fitted{regular: runningRegular(h, o.Window), first: h.Periods[0], history: h}
	last := h.Periods[len(h.Periods)-1]
	f.recent = last - o.Recent + 1
	var relative [2][]float64
	for t, p := range h.Price {
		if p == p {
			ratio := p / f.regular[t]
			s := state(ratio <= 1-o.Depth)
			relative[s] = append(relative[s], ratio)
		}
	}
	if len(relative[1]) < fewestInRung {
		relative[1] = nil // too few to model: those periods count as missing
	}
	if len(relative[0]) < fewestInRung {
		return nil, field.New(h.Product, fmt.Sprintf("%d regular prices", len(relative[0])), fmt.Sprintf("at least %d", fewestInRung))
	}
	bounds := append(partition(relative[1], o.DealRungs), partition(relative[0], o.RegularRungs)...) // by increasing ratio, deals first
	deal := make([]bool, len(bounds))
	for i := range deal {
		deal[i] = bounds[i] <= 1-o.Depth
	}
	f.path = f.place(bounds, o.Depth)
	chain, probability := estimate(f.path, deal)
	if len(relative[1]) == 0 {
		chain.ToRegular = 1 // never used: there is no deal to leave
	}
	f.Level = f.recentMedian(f.regular)
	rungs := f.ladder(deal, probability)
	f.Deals, err = New(h.Product, rungs, chain)
	return f, err
}

func (h History) check() error {
	n := len(h.Periods)
	for _, c := range []struct {
		name   string
		values []float64
	}{{"price", h.Price}, {"display", h.Display}, {"cost", h.Cost}} {
		if len(c.values) != n {
			return field.New(h.Product+"."+c.name, fmt.Sprintf("%d values", len(c.values)), fmt.Sprintf("%d, one a period", n))
		}
	}
	known := 0
	for t, p := range h.Price {
		if t > 0 && h.Periods[t] <= h.Periods[t-1] {
			return field.New(h.Product, fmt.Sprintf("period %d after %d", h.Periods[t], h.Periods[t-1]), "periods that increase")
		}
		if p <= 0 || math.IsInf(p, 0) {
			return field.New(h.Product+".price", p, "a price above 0, or NaN for a missing one")
		}
		if p == p {
			known++
		}
	}
	if known < fewestPeriods {
		return field.New(h.Product, fmt.Sprintf("%d periods with a price", known), fmt.Sprintf("at least %d", fewestPeriods))
	}
	if span := h.Periods[n-1] - h.Periods[0]; span > 1e6 {
		return field.New(h.Product, fmt.Sprintf("a span of %d periods", span), "a million at most")
	}
	return nil
}

// runningRegular returns the regular price at each period, NaN where the price is missing.
func runningRegular(h History, window int) []float64 {
	regular := make([]float64, len(h.Price))
	from, to := 0, 0
	var around []float64
	for t, period := range h.Periods {
		for h.Periods[from] < period-window {
			from++
		}
		for to < len(h.Periods) && h.Periods[to] <= period+window {
			to++
		}
		around = around[:0]
		for _, p := range h.Price[from:to] {
			if p == p {
				around = append(around, p)
			}
		}
		regular[t] = math.NaN()
		if h.Price[t] == h.Price[t] {
			regular[t] = stats.Quantile(around, regularQuantile)
		}
	}
	return regular
}

// place gives each period the rung of its price: the first whose upper bound the ratio does not pass.
func (f *Fitted) place(bounds []float64, depth float64) path {
	h := f.history
	p := make(path, h.Periods[len(h.Periods)-1]-f.first+1)
	for i := range p {
		p[i] = -1
	}
	for t, price := range h.Price {
		if price != price {
			continue
		}
		ratio := price / f.regular[t]
		rung, _ := slices.BinarySearch(bounds, ratio)
		if rung == len(bounds) || ratio <= 1-depth && bounds[rung] > 1-depth {
			continue // a deal where too few deals were seen to model
		}
		p[h.Periods[t]-f.first] = rung
	}
	return p
}

// ladder makes the rungs from the periods placed on them.
func (f *Fitted) ladder(deal []bool, probability []float64) []Rung {
	h := f.history
	k := len(deal)
	ratio, display, cost := make([][]float64, k), make([][]float64, k), make([][]float64, k)
	var all []float64
	for t := range h.Price {
		rung := f.path[h.Periods[t]-f.first]
		if rung < 0 {
			continue
		}
		ratio[rung] = append(ratio[rung], h.Price[t]/f.regular[t])
		if v := h.Display[t]; v == v {
			display[rung] = append(display[rung], v)
		}
		if v := h.Cost[t] / f.regular[t]; v == v {
			cost[rung], all = append(cost[rung], v), append(all, v)
		}
	}
	recentCost := f.recentMean(h.Cost)
	rungs := make([]Rung, k)
	for i := range rungs {
		rungs[i] = Rung{Price: f.Level * stats.Mean(ratio[i]), Deal: deal[i], Probability: probability[i]}
		if len(display[i]) > 0 {
			rungs[i].Display = stats.Mean(display[i])
		}
		if recentCost == recentCost && len(cost[i]) > 0 {
			rungs[i].Cost = recentCost * stats.Mean(cost[i]) / stats.Mean(all)
		}
	}
	return rungs
}

// recently returns the known values of the recent periods, or all known values where there are none.
func (f *Fitted) recently(values []float64) []float64 {
	var recent, all []float64
	for t, v := range values {
		if v != v {
			continue
		}
		all = append(all, v)
		if f.history.Periods[t] >= f.recent {
			recent = append(recent, v)
		}
	}
	if len(recent) == 0 {
		return all
	}
	return recent
}

func (f *Fitted) recentMedian(values []float64) float64 { return stats.Median(f.recently(values)) }
func (f *Fitted) recentMean(values []float64) float64   { return stats.Mean(f.recently(values)) }

// partition groups values into at most k groups of at least fewestInRung with the least sum of squares within groups, by
// dynamic programming (Fisher 1958, JASA 53; Jenks' natural breaks), and returns the largest value of each group.
// Equal values stay together.
func partition(values []float64, k int) []float64 {
	x := slices.Sorted(slices.Values(values))
	n := len(x)
	sum, square := make([]float64, n+1), make([]float64, n+1)
	for i, v := range x {
		sum[i+1], square[i+1] = sum[i]+v, square[i]+v*v
	}
	within := func(i, j int) float64 { // of x[i:j]
		s := sum[j] - sum[i]
		return square[j] - square[i] - s*s/float64(j-i)
	}
	// cost[g][j] is the least for x[:j] in g+1 groups; cut[g][j] is where the last of them begins.
	var bounds []float64
	cost, cut := make([][]float64, k), make([][]int, k)
	for g := range k {
		cost[g], cut[g] = make([]float64, n+1), make([]int, n+1)
		for j := range cost[g] {
			cost[g][j] = math.Inf(1)
			if j < n && j > 0 && x[j] == x[j-1] {
				continue // a group may not end between equals
			}
			if g == 0 {
				if j >= fewestInRung {
					cost[0][j] = within(0, j)
				}
				continue
			}
			for i := fewestInRung; i <= j-fewestInRung; i++ {
				if c := cost[g-1][i] + within(i, j); c < cost[g][j] {
					cost[g][j], cut[g][j] = c, i
				}
			}
		}
	}
	best := -1
	for g := range k {
		if !math.IsInf(cost[g][n], 1) && (best < 0 || cost[g][n] < cost[best][n]-1e-12) {
			best = g
		}
	}
	for g, j := best, n; g >= 0; g-- {
		bounds = append(bounds, x[j-1])
		j = cut[g][j]
	}
	slices.Reverse(bounds)
	return bounds
}
