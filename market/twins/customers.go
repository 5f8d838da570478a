package twins

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/market/loyalty"
	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// CustomerOptions say what of a log of purchases is looked at.
type CustomerOptions struct {
	End  int     // last day of observation
	Unit float64 // days per unit of time of the models, 7 for weeks; 0 means 1
}

// FitCustomers fits the models of one half: when customers come back, and what a purchase is worth (nil where money is not
// to be compared).
type FitCustomers func(train []loyalty.Purchase) (loyalty.Model, loyalty.Spending, error)

// Customers is the twin test of a log of purchases in any order. Synthetic customers begin on days drawn from those on which
// the training half began; all that follows is the models'. Purchases of one customer on one day are one.
func Customers(log []loyalty.Purchase, w CustomerOptions, fit FitCustomers, o Options) (*Report, error) {
	if w.Unit == 0 {
		w.Unit = 1
	}
	if !(w.Unit > 0) || math.IsInf(w.Unit, 1) {
		return nil, field.New("unit", w.Unit, "a positive number of days")
	}
	all := histories(log, w.End)
	if len(all) < 2*fewest {
		return nil, field.New("customers", len(all), fmt.Sprintf("%d or more with a purchase up to the end", 2*fewest))
	}
	train, heldOut := Halves(len(all), o.Streams.Family("twins/halves"))
	half := pick(all, train)
	model, spend, err := fit(slices.Concat(half...))
	if err != nil {
		return nil, fmt.Errorf("fitting the training half: %w", err)
	}
	synthetic := make([][]loyalty.Purchase, len(heldOut))
	people := o.Streams.Family("twins/customers")
	for i := range synthetic {
		stream := people.At(uint64(i))
		first := half[stream.Intn(len(half))][0].Day
		synthetic[i] = simulate(model, spend, first, i, w, &stream)
	}
	from := all[0][0].Day
	for _, h := range all {
		from = min(from, h[0].Day)
	}
	money := spend != nil
	r, err := Compare("customers and their purchases", customers(half, from, w.End, money), customers(pick(all, heldOut), from, w.End, money),
		customers(synthetic, from, w.End, money), o)
	if err != nil {
		return nil, err
	}
	r.Notes = append(r.Notes, "synthetic customers began on days drawn from those on which the training half began")
	return r, nil
}

func pick[T any](all []T, index []int) []T {
	out := make([]T, len(index))
	for at, i := range index {
		out[at] = all[i]
	}
	return out
}

// histories is the purchases of each customer up to the end, one a day, in order; customers by increasing number.
func histories(log []loyalty.Purchase, end int) (all [][]loyalty.Purchase) {
	log = slices.SortedFunc(slices.Values(log), func(a, b loyalty.Purchase) int {
		return cmp.Or(cmp.Compare(a.Customer, b.Customer), cmp.Compare(a.Day, b.Day), cmp.Compare(a.Amount, b.Amount))
	})
	var last *loyalty.Purchase
	for _, p := range log {
		if p.Day > end {
			continue
		}
		if last == nil || last.Customer != p.Customer {
			all = append(all, nil)
			last = nil
		}
		h := &all[len(all)-1]
		if last != nil && last.Day == p.Day {
			last.Amount += p.Amount
			continue
		}
		*h = append(*h, p)
		last = &(*h)[len(*h)-1]
	}
	return all
}

// simulate is the purchases of one new customer from a first day on, at noon as it were.
func simulate(m loyalty.Model, spend loyalty.Spending, first, customer int, w CustomerOptions, stream *rng.Stream) []loyalty.Purchase {
	shopper, spender := m.Draw(stream), loyalty.Spender{}
	if spend != nil {
		spender = spend.Draw(stream)
	}
	var h []loyalty.Purchase
	days := 0.0
	for first+int(days+0.5) <= w.End {
		p := loyalty.Purchase{Customer: customer, Day: first + int(days+0.5)}
		if spend != nil {
			p.Amount = spender.Spend(stream)
		}
		if n := len(h); n > 0 && h[n-1].Day == p.Day {
			h[n-1].Amount += p.Amount
		} else {
			h = append(h, p)
		}
		days += float64(w.Unit * shopper.Return(stream, 1, days == 0))
		if days > float64(w.End-first)+1 {
			break
		}
	}
	return h
}

const week = 7

// customers describes the purchases of each customer, who are watched from day `from` to `end`.
func customers(all [][]loyalty.Purchase, from, end int, money bool) *Population {
	p := &Population{Features: []string{"log repeat purchases", "weeks since the first", "recency in weeks", "log first gap", "log mean gap", "cv of gaps",
		"log last gap over first", "back within 4 weeks", "log longest silence", "share in the second half", "purchases per week known"}}
	if money {
		p.Features = append(p.Features, "log first spend", "log mean later spend", "sd of log spend", "log spend on frequency")
	}
	for _, h := range all {
		p.People = append(p.People, customerFeatures(h, end, money))
	}
	p.Measures = customerMeasures(all, end, money)
	var weeks []string
	for d := from; d <= end; d += week {
		weeks = append(weeks, fmt.Sprint(len(weeks)+1))
	}
	counts, repeats := make([][]float64, len(all)), make([][]float64, len(all))
	for i, h := range all {
		counts[i], repeats[i] = make([]float64, len(weeks)), make([]float64, frequencies)
		for _, b := range h {
			counts[i][(b.Day-from)/week]++
		}
		repeats[i][min(len(h)-1, frequencies-1)] = 1
	}
	p.Tables = []Table{means("purchases per week and customer", "purchases", weeks, counts),
		means("repeat purchases, share of customers", "customers", frequencyLabels(), repeats)}
	return p
}

// frequencies is how many numbers of repeat purchases are told apart, the last for that many or more.
const frequencies = 11

func frequencyLabels() (labels []string) {
	for k := range frequencies - 1 {
		labels = append(labels, fmt.Sprint(k))
	}
	return append(labels, fmt.Sprintf("%d+", frequencies-1))
}

func customerFeatures(h []loyalty.Purchase, end int, money bool) []float64 {
	first, last, repeats := h[0].Day, h[len(h)-1].Day, len(h)-1
	known := float64(end - first + 1)
	var gaps []float64
	back, late := 0.0, 0.0
	for i := 1; i < len(h); i++ {
		gap := float64(h[i].Day - h[i-1].Day)
		gaps = append(gaps, gap)
		if gap <= 4*week {
			back = 1
		}
		if 2*(h[i].Day-first) > end-first {
			late++
		}
	}
	missing := math.NaN()
	recency, firstGap, meanGap, cv, drift, share := missing, missing, missing, missing, missing, missing
	if repeats > 0 {
		recency, firstGap, meanGap = float64(last-first)/week, math.Log(gaps[0]), math.Log(stats.Mean(gaps))
		share = late / float64(repeats)
	}
	if repeats > 1 {
		cv = math.Sqrt(stats.Variance(gaps)) / stats.Mean(gaps)
		drift = math.Log(gaps[repeats-1] / gaps[0])
	}
	silence := slices.Max(append(gaps, float64(end-last)))
	f := []float64{math.Log1p(float64(repeats)), known / week, recency, firstGap, meanGap, cv, drift, back, math.Log1p(silence), share, float64(repeats) / known * week}
	if !money {
		return f
	}
	logs := make([]float64, len(h))
	for i, b := range h {
		logs[i] = math.Log1p(max(0, b.Amount))
	}
	later, spread := missing, missing
	if repeats > 0 {
		later = math.Log1p(max(0, total(amounts(h[1:]))/float64(repeats)))
		spread = math.Sqrt(stats.Variance(logs))
	}
	return append(f, logs[0], later, spread, stats.Mean(logs)*math.Log1p(float64(repeats)))
}

func amounts(h []loyalty.Purchase) []float64 {
	out := make([]float64, len(h))
	for i, b := range h {
		out[i] = b.Amount
	}
	return out
}

func customerMeasures(all [][]loyalty.Purchase, end int, money bool) []Measure {
	n := len(all)
	repeats := func(i int) float64 { return float64(len(all[i]) - 1) }
	weeks := func(i int) float64 { return float64(end-all[i][0].Day+1) / week }
	came := func(i int) float64 { return min(1, repeats(i)) }
	m := []Measure{
		ratio("share who came back", n, came, nil),
		ratio("repeat purchases per customer", n, repeats, nil),
		ratio("repeat purchases per customer and week", n, repeats, weeks),
		ratio("repeat purchases of those who came back", n, repeats, came),
	}
	if money {
		spend := func(i int) float64 { return total(amounts(all[i])) }
		m = append(m, ratio("money per customer", n, spend, nil),
			ratio("money per purchase", n, spend, func(i int) float64 { return float64(len(all[i])) }),
			ratio("money of the first purchase", n, func(i int) float64 { return all[i][0].Amount }, nil))
	}
	return m
}
