package journey

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/gonum/stat/distuv"
)

// FunnelOptions say how a funnel is fitted.
type FunnelOptions struct {
	Order int // 0, 1 or 2
	// Smoothing is the weight, in clicks, with which each row leans on that of the next shorter history, and the shortest on equal
	// shares: the hierarchical Dirichlet model of MacKay & Peto (1995, Natural Language Engineering 1, 289). 0 is maximum
	// likelihood; a history that was never seen then follows the shorter one.
	Smoothing float64
}

// FunnelEstimates is how a funnel was fitted. N is the clicks and leavings after the first click.
type FunnelEstimates struct {
	Estimates
	Sessions int `json:"sessions"`
	Open     int `json:"open"`   // of them without an end
	Unseen   int `json:"unseen"` // histories never seen
}

// checkPath reports why states cannot be visit number i of a log, or a visit alone where i is negative.
func checkPath(states []int, s, i int) error {
	for j, x := range states {
		if x < 0 || x >= s {
			return field.New(fmt.Sprintf("%sclick %d", ordinal("visit", i), j+1), x, fmt.Sprintf("a state from 0 to %d", s-1))
		}
	}
	if len(states) == 0 {
		return field.New(ordinal("visit", i)+"states", "no click", "at least one")
	}
	return nil
}

// ordinal is the beginning of a key for item number i, none where i is negative.
func ordinal(name string, i int) string {
	if i < 0 {
		return ""
	}
	return fmt.Sprintf("%s %d: ", name, i+1)
}

// FitFunnel estimates a funnel of the visits, each the states in the order of time. open, which may be nil, says which of them
// have no end in the log.
func FitFunnel(labels []string, visits [][]int, open []bool, o FunnelOptions) (*Funnel, error) {
	f := &Funnel{States: labels, Order: o.Order, Smoothing: o.Smoothing}
	if err := f.checkShape(); err != nil {
		return nil, err
	}
	switch {
	case len(visits) == 0:
		return nil, field.New("visits", 0, "at least one")
	case open != nil && len(open) != len(visits):
		return nil, field.New("open", len(open), fmt.Sprintf("%d, as many as visits", len(visits)))
	}
	e := &FunnelEstimates{Sessions: len(visits)}
	s := len(labels)
	count := newFunnelCounts(f)
	for i, v := range visits {
		if err := checkPath(v, s, i); err != nil {
			return nil, err
		}
		isOpen := open != nil && open[i]
		if isOpen {
			e.Open++
		}
		count.add(f, v, isOpen)
	}
	if e.Open == len(visits) {
		return nil, field.New("open", "every visit", "at least one that ended")
	}
	f.Start = smoothed(count.start, equal(s), o.Smoothing)
	for i := range f.rows() {
		row := FunnelRow{After: f.history(i)}
		row.Next, row.Clicks = count.estimate(f, i)
		f.Rows = append(f.Rows, row)
	}
	if err := f.Check(); err != nil {
		return nil, err
	}
	e.Estimates = *newEstimates(count.logLikelihood(f), count.parameters(), count.n)
	e.Unseen = count.unseen()
	f.Estimates = e
	f.warn(count)
	return f, nil
}

func (f *Funnel) warn(c *funnelCounts) {
	e := f.Estimates
	if e.Sessions < 30 {
		e.warn("%d sessions: the probabilities are hardly told", e.Sessions)
	}
	if e.Unseen > 0 {
		e.warn("%d of %d histories were never seen: they follow the shorter ones", e.Unseen, len(f.Rows))
	}
	for x, label := range f.States {
		if c.start[x]+c.all[x] == 0 {
			e.warn("nobody was ever at %q", label)
		}
	}
	if e.Open > 0 {
		e.warn("%d of %d visits have no end in the log", e.Open, e.Sessions)
	}
}

// funnelCounts are sufficient: what followed each history, the last state alone, and anything.
type funnelCounts struct {
	s          int
	start      []float64
	rows, last [][]float64 // by history, by last state
	all        []float64
	n          int
}

func newFunnelCounts(f *Funnel) *funnelCounts {
	s := len(f.States)
	c := &funnelCounts{s: s, start: make([]float64, s), all: make([]float64, s+1)}
	for range f.rows() {
		c.rows = append(c.rows, make([]float64, s+1))
	}
	for range s {
		c.last = append(c.last, make([]float64, s+1))
	}
	return c
}

func (c *funnelCounts) add(f *Funnel, visit []int, open bool) {
	c.start[visit[0]]++
	at := f.move(0, visit[0])
	for i := 1; i <= len(visit); i++ {
		next := c.s
		if i < len(visit) {
			next = visit[i]
		} else if open {
			return
		}
		c.rows[at-1][next]++
		c.last[visit[i-1]][next]++
		c.all[next]++
		c.n++
		if next < c.s {
			at = f.move(at, next)
		}
	}
}

// estimate is the distribution after a history, and the clicks it is from.
func (c *funnelCounts) estimate(f *Funnel, row int) ([]float64, int) {
	p := smoothed(c.all, equal(c.s+1), f.Smoothing)
	if f.Order > 0 {
		p = smoothed(c.last[f.last(row)], p, f.Smoothing)
	}
	if f.Order == 2 {
		p = smoothed(c.rows[row], p, f.Smoothing)
	}
	return p, int(sum(c.rows[row]))
}

// smoothed is (count + a·prior)/(total + a), or the prior where there is nothing else.
func smoothed(count, prior []float64, a float64) []float64 {
	p := make([]float64, len(count))
	total := sum(count) + a
	for i, n := range count {
		if total == 0 {
			p[i] = prior[i]
		} else {
			p[i] = (n + float64(a*prior[i])) / total
		}
	}
	return p
}

func equal(n int) []float64 {
	p := make([]float64, n)
	for i := range p {
		p[i] = 1 / float64(n)
	}
	return p
}

func sum(x []float64) (total float64) {
	for _, v := range x {
		total += v
	}
	return total
}

func (c *funnelCounts) logLikelihood(f *Funnel) float64 {
	total := multinomial(c.start, f.Start)
	for i, row := range c.rows {
		total += multinomial(row, f.Rows[i].Next)
	}
	return total
}

func multinomial(count, p []float64) (total float64) {
	for i, n := range count {
		if n > 0 {
			total += n * math.Log(p[i])
		}
	}
	return total
}

// parameters are the free probabilities of histories that were seen, over outcomes that were (Bishop, Fienberg & Holland
// 1975, ch. 4, on the degrees of freedom with empty margins).
func (c *funnelCounts) parameters() int {
	first, outcomes := -1, -1
	for _, n := range c.start {
		if n > 0 {
			first++
		}
	}
	for _, n := range c.all {
		if n > 0 {
			outcomes++
		}
	}
	return first + (len(c.rows)-c.unseen())*outcomes
}

func (c *funnelCounts) unseen() (unseen int) {
	for _, row := range c.rows {
		if sum(row) == 0 {
			unseen++
		}
	}
	return unseen
}

// OrderFit is how well a chain of one order fits, by maximum likelihood, and what it adds to the order below.
type OrderFit struct {
	Order         int      `json:"order"`
	LogLikelihood float64  `json:"loglik"`
	Parameters    int      `json:"parameters"`
	AIC           float64  `json:"aic"`
	BIC           float64  `json:"bic"` // by clicks and leavings after the first (Katz 1981, Technometrics 23, 243)
	Ratio         float64  `json:"likelihood_ratio"`
	Degrees       int      `json:"degrees_of_freedom"`
	PValue        *float64 `json:"p_value"` // that the order below is right (Anderson & Goodman 1957); nil at order 0
}

// CompareOrders fits orders 0, 1 and 2 without smoothing. The least BIC is the customary choice; the p-values lean on counts
// that are not small.
func CompareOrders(labels []string, visits [][]int, open []bool) ([]OrderFit, error) {
	var fits []OrderFit
	for order := range 3 {
		f, err := FitFunnel(labels, visits, open, FunnelOptions{Order: order})
		if err != nil {
			return nil, err
		}
		e := f.Estimates
		fit := OrderFit{Order: order, LogLikelihood: e.LogLikelihood, Parameters: e.Parameters, AIC: e.AIC, BIC: e.BIC}
		if order > 0 {
			below := fits[order-1]
			fit.Ratio, fit.Degrees = max(0, 2*(fit.LogLikelihood-below.LogLikelihood)), fit.Parameters-below.Parameters
			if fit.Degrees > 0 {
				p := distuv.ChiSquared{K: float64(fit.Degrees)}.Survival(fit.Ratio)
				fit.PValue = &p
			}
		}
		fits = append(fits, fit)
	}
	return fits, nil
}
