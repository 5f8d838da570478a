package loyalty

import (
	"math"

	"github.com/souk-sim/souk/scenarios/field"
)

// Horizon says how future purchases are valued.
type Horizon struct {
	Periods  int     // that count
	Length   float64 // of one, in the unit of the customers' times
	Discount float64 // per period: money one period away is worth 1/(1+Discount)
}

// Purchases are those that c is expected to make, discounted: Σ (purchases of period k)/(1+d)^k, k = 1..Periods, as if made at the end of their
// period. Times the mean spend of c and the shop's margin, they are his lifetime value to come (Fader, Hardie & Lee 2005, Journal of Marketing Research 42,
// 415, in discrete time).
func (h Horizon) Purchases(m Model, c Customer) (float64, error) {
	if err := c.check(0); err != nil {
		return 0, err
	}
	switch {
	case h.Periods < 1 || h.Periods > 100_000:
		return 0, field.New("periods", h.Periods, "a count from 1 to 100000")
	case !(h.Length > 0) || math.IsInf(h.Length, 1):
		return 0, field.New("length", h.Length, "a positive time")
	case !(h.Discount >= 0) || math.IsInf(h.Discount, 1):
		return 0, field.New("discount", h.Discount, "a rate per period, 0 or more")
	}
	sum, before, discount := 0.0, 0.0, 1.0
	for k := 1; k <= h.Periods; k++ {
		until := m.Conditional(c, float64(k)*h.Length)
		discount /= 1 + h.Discount
		sum += discount * (until - before)
		before = until
	}
	return sum, nil
}
