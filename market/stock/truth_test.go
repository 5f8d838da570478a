package stock

import (
	"fmt"
	"math"
	"testing"
)

// Each comparison below is at 3 standard errors of 40 replications, which a right simulation fails in 0.47% of cases. There are 38, many
// of the same customers: on other seeds some fail together in about one run of ten (2 of the seeds 1 to 25).

// The newsvendor's newspapers cost c, are sold for a margin that is lost with a lost sale, and are worth v in the evening: shelf life one
// day, ordered up to Q each morning, at once. Days are independent.
func TestNewsvendorCostsAreTheClosedForm(t *testing.T) {
	const mean, cost, lost, salvage, days = 20.0, 1.0, 3.0, 0.25, 500
	costOf := func(q int64) float64 {
		left, short := leftAndShort(q, mean)
		return cost*float64(q) + lost*short - salvage*left
	}
	_, below := poisson(mean, 60)
	best := int64(0)
	for below[best] < (lost-cost)/(lost-salvage) { // the critical fractile: Arrow, Harris & Marschak (1951)
		best++
	}
	simulated := map[int64][]float64{}
	for q := best - 3; q <= best+3; q++ {
		cfg := Config{Policy: "base-stock", ReviewDays: 1, OrderUpTo: q, Initial: new(int64(0)), ShelfLifeDays: 1, LostSaleCost: lost, DisposalCost: -salvage}
		simulated[q] = replicate(t, cfg, cost*minorPerDollar, mean, false, 1, days, costs)
		agrees(t, fmt.Sprintf("newsvendor of %d papers", q), simulated[q], costOf(q))
	}
	// The same customers come whatever Q is, so that differences are sharp.
	for _, q := range []int64{best - 3, best - 2, best + 2, best + 3} {
		worse := make([]float64, replications)
		for r := range worse {
			worse[r] = simulated[q][r] - simulated[best][r]
		}
		agrees(t, fmt.Sprintf("%d papers instead of the fractile's %d", q, best), worse, costOf(q)-costOf(best))
		if e := summarise(worse); e.mean < 3*e.se {
			t.Errorf("%d papers cost %.4f ± %.4f more than the critical fractile's %d", q, e.mean, e.se, best)
		}
	}
}

// zhengFedergruen is the long-run cost of a period under (s,S), reviewed each period: (K + Σ m(j)G(S-j)) / Σ m(j) over j < S-s, with m
// the renewal mass of a period's demand p and G(y) what a period costs from position y (Zheng & Federgruen 1991, Finding optimal
// (s,S) policies is about as simple as evaluating a single policy, Operations Research 39).
func zhengFedergruen(s, upTo int64, fixed float64, p []float64, cost func(y int64) float64) float64 {
	m := make([]float64, upTo-s)
	sum, total := fixed, 0.0
	for j := range m {
		if j == 0 {
			m[0] = 1
		}
		for l := 1; l <= j; l++ {
			m[j] += p[l] * m[j-l]
		}
		m[j] /= 1 - p[0]
		total += m[j]
		sum += m[j] * cost(upTo-int64(j))
	}
	return sum / total
}

func TestTheRecursionGivesZhengAndFedergruensTable(t *testing.T) {
	// Their examples with K = 64, holding 1 and penalty 9 at the end of each period, no lead time; demand Poisson.
	for _, c := range []struct {
		mean    float64
		s, upTo int64
		cost    float64
	}{{10, 6, 40, 35.022}, {20, 14, 62, 49.173}} {
		p, _ := poisson(c.mean, 200)
		got := zhengFedergruen(c.s, c.upTo, 64, p, func(y int64) float64 {
			left, short := leftAndShort(y, c.mean)
			return left + 9*short
		})
		if math.Abs(got-c.cost) > 5e-4 {
			t.Errorf("(%d,%d) at mean %v costs %.4f, theirs %v", c.s, c.upTo, c.mean, got, c.cost)
		}
	}
}

// overTheDay is the cost of the day that begins a lead time after a review, from position y at the review: the integral over the day of
// h·E[(y - D)⁺] + b·E[(D - y)⁺], D the demand since the review (Simpson's rule on 64 intervals; the integrand is smooth).
func overTheDay(y int64, rate, lead, holding, penalty float64) float64 {
	const n = 64
	sum := 0.0
	for i := range n + 1 {
		left, short := leftAndShort(y, rate*(lead+float64(i)/n))
		weight := 2.0 + 2*float64(i%2)
		if i == 0 || i == n {
			weight = 1
		}
		sum += weight * (holding*left + penalty*short)
	}
	return sum / (3 * n)
}

func TestLongRunCostsOfTwoLevelsAreTheRenewalFormula(t *testing.T) {
	for _, c := range []struct {
		rate, lead float64
		s, upTo    int64
	}{{10, 0, 6, 40}, {10, 0, -5, 12}, {10, 2, 26, 60}, {3, 1.5, 4, 19}, {20, 0.25, 20, 22}} {
		cfg := Config{Policy: "s-S", ReviewDays: 1, ReorderPoint: c.s, OrderUpTo: c.upTo, MaxWaiting: 1e6, LeadTime: LeadTime{MeanDays: c.lead},
			OrderCost: 64, HoldingCost: 1, BackOrderCost: 9}
		p, _ := poisson(c.rate, int(c.upTo-c.s))
		want := zhengFedergruen(c.s, c.upTo, 64, p, func(y int64) float64 { return overTheDay(y, c.rate, c.lead, 1, 9) })
		agrees(t, fmt.Sprintf("(%d,%d), lead time %v", c.s, c.upTo, c.lead), replicate(t, cfg, 0, c.rate, true, 50, 500, costs), want)
	}
}

// Under (r,Q) the inventory position is uniform on r+1 … r+Q, and independent of the demand of the lead time that follows (Hadley &
// Whitin 1963; Zipkin 2000).
func TestLongRunCostsOfBatchesAreThoseOfAUniformPosition(t *testing.T) {
	for _, c := range []struct {
		rate, lead float64
		r, q       int64
	}{{10, 1.5, 16, 30}, {10, 1.5, 10, 1}, {4, 5, 20, 12}, {25, 0.1, -4, 60}} {
		cfg := Config{Policy: "r-Q", ReorderPoint: c.r, OrderQuantity: c.q, MaxWaiting: 1e6, LeadTime: LeadTime{MeanDays: c.lead}, OrderCost: 20, HoldingCost: 0.5, BackOrderCost: 4}
		want := c.rate * 20 / float64(c.q)
		for y := c.r + 1; y <= c.r+c.q; y++ {
			left, short := leftAndShort(y, c.rate*c.lead)
			want += (0.5*left + 4*short) / float64(c.q)
		}
		agrees(t, fmt.Sprintf("(%d,%d), lead time %v", c.r, c.q, c.lead), replicate(t, cfg, 0, c.rate, true, 50, 500, costs), want)
	}
}

// laws are lead times of a mean of 2 days.
var laws = []LeadTime{{"fixed", 2, 0}, {"uniform", 2, 0.5}, {"exponential", 2, 0}, {"gamma", 2, 0.7}, {"gamma", 2, 1.8}, {"lognormal", 2, 0.8}}

// One for one with back-orders, the units on order are those of a queue with a server for each: Poisson, whatever the law of lead
// times (Palm 1938; Zipkin 2000).
func TestUnitsOnOrderArePoissonWhateverTheLawOfLeadTimes(t *testing.T) {
	left, short := leftAndShort(9, 4*2)
	for _, law := range laws {
		cfg := Config{Policy: "base-stock", OrderUpTo: 9, MaxWaiting: 1e6, LeadTime: law, HoldingCost: 1, BackOrderCost: 6}
		agrees(t, fmt.Sprintf("one for one, %v", law), replicate(t, cfg, 0, 4, true, 60, 600, costs), left+6*short)
	}
}

// One for one with lost sales is Erlang's telephone exchange: customers are calls, units are lines, the lead time is the call. What is lost
// hangs on the mean lead time alone (Erlang 1917; Karush 1957, A queuing model for an inventory problem, Operations Research 5).
func TestLostSalesAreErlangsLoss(t *testing.T) {
	const rate, lines = 4.0, 9
	mass, below := poisson(rate*2, lines)
	lost := func(a *Account) float64 { return float64(a.Lost) / float64(a.Lost+a.Sold) }
	for _, law := range laws {
		cfg := Config{Policy: "base-stock", OrderUpTo: lines, LeadTime: law}
		agrees(t, fmt.Sprintf("share lost, %v", law), replicate(t, cfg, 0, rate, false, 60, 600, lost), mass[lines]/below[lines])
	}
}

// Goods that keep for T days, ordered when the shelf is empty and there at once, Q of them: the shelf renews itself when all are sold or
// have spoiled. A cycle sells E[min(N(T), Q)], lasts that over the rate of customers, and spoils the rest (a case of Weiss 1980, Optimal
// ordering policies for continuous review perishable inventory models, Operations Research 28).
func TestSpoiledUnitsAreThoseOfTheRenewalCycle(t *testing.T) {
	for _, c := range []struct {
		rate, life float64
		q          int64
	}{{3, 2.5, 7}, {3, 2.5, 1}, {10, 1, 16}} {
		left, _ := leftAndShort(c.q, c.rate*c.life)
		sold := float64(c.q) - left
		for _, issuing := range []string{"fifo", "lifo"} {
			cfg := Config{Policy: "s-S", OrderUpTo: c.q, ShelfLifeDays: c.life, Issuing: issuing}
			spoilt := replicate(t, cfg, 0, c.rate, false, 50, 500, func(a *Account) float64 { return float64(a.Spoiled) / 500 })
			agrees(t, fmt.Sprintf("%d units for %v days, %s: spoilt a day", c.q, c.life, issuing), spoilt, left*c.rate/sold)
		}
	}
}
