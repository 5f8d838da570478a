package optimum

import (
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

// Cycle is a regular price, and a deal in the last DealWeeks of every Length weeks. A fixed price is the cycle of length 1 with
// Deal = Regular and no deal weeks.
type Cycle struct {
	Regular, Deal     int // actions
	Length, DealWeeks int
	Value             float64 // average reward a week in the long run
}

// Cycles values every cycle of at most length weeks with at most dealWeeks weeks on deal, fixed prices included, best
// first. After many rounds the reference price before week t of a cycle of prices p is (1−m)/(1−m^L) · Σ_{i=1…L}
// m^{i−1} p_{t−i}; rivals, who do not listen, are in their stationary law. No grid is involved (unless the reward is a Tabulate). Cycles whose
// deals the mask forbids are left out.
func (r Reduction) Cycles(length, dealWeeks int, reward Reward) ([]Cycle, error) {
	if err := r.prepare(); err != nil {
		return nil, err
	}
	if length < 1 || dealWeeks < 0 {
		return nil, field.New("cycle", []int{length, dealWeeks}, "a length of at least 1 week and deals of at least 0")
	}
	law := stationary(r.Rivals)
	byRival := make([]float64, len(law))
	mean := func(reference float64, action int) float64 {
		reward(reference, action, byRival)
		total := 0.0
		for k, p := range law {
			total += float64(p * byRival[k])
		}
		return total
	}
	var all []Cycle
	add := func(c Cycle) {
		if value, possible := r.round(c, mean); possible {
			c.Value = value
			all = append(all, c)
		}
	}
	for regular := range r.Prices {
		add(Cycle{Regular: regular, Deal: regular, Length: 1})
		for deal := range r.Prices {
			if r.Prices[deal] >= r.Prices[regular] {
				continue
			}
			for l := 2; l <= length; l++ {
				for d := 1; d <= min(dealWeeks, l-1); d++ {
					add(Cycle{Regular: regular, Deal: deal, Length: l, DealWeeks: d})
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Cycle) int {
		switch {
		case a.Value > b.Value:
			return -1
		case a.Value < b.Value:
			return 1
		}
		return 0
	})
	return all, nil
}

// At is the cycle's action in a week of its own counting, from 0.
func (c *Cycle) At(week int) int {
	if week%c.Length < c.Length-c.DealWeeks {
		return c.Regular
	}
	return c.Deal
}

// round is the average reward of one round in the long run, and whether the mask allows it.
func (r *Reduction) round(c Cycle, mean func(reference float64, action int) float64) (value float64, possible bool) {
	reference, weight := 0.0, 1.0
	for t := c.Length - 1; t >= 0; t-- { // before week 0 of a round: the last week weighs most
		reference += float64(float64((1-r.Memory)*weight) * r.Prices[c.At(t)])
		weight *= r.Memory
	}
	reference /= 1 - weight
	for t := range c.Length {
		a := c.At(t)
		if !r.allowed(reference, a) {
			return 0, false
		}
		value += mean(reference, a) / float64(c.Length)
		reference = r.next(reference, r.Prices[a])
	}
	return value, true
}
