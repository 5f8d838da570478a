package stock

import "github.com/souk-sim/souk/scenarios/field"

// baseStock orders up to a level S at every review: (R,S), or with a review after each sale (S-1,S), one for one. Optimal where
// an order costs nothing beyond its units (Arrow, Harris & Marschak 1951, Econometrica 19; Zipkin 2000, Foundations of Inventory
// Management).
type baseStock struct{ upTo int64 }

func newBaseStock(c *Config) (policy, error) {
	if c.OrderUpTo < 1 {
		return nil, field.New("order_up_to", c.OrderUpTo, "at least 1 unit")
	}
	return baseStock{c.OrderUpTo}, nil
}

func (p baseStock) order(position int64) int64 { return p.upTo - position }
func (p baseStock) level() int64               { return p.upTo }
