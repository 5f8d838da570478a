package stock

import "github.com/souk-sim/souk/scenarios/field"

// twoLevels is (s,S): where the position is at or below s, it orders up to S. Optimal with a fixed cost of an order (Scarf 1960,
// The optimality of (S,s) policies in the dynamic inventory problem).
type twoLevels struct{ point, upTo int64 }

func newTwoLevels(c *Config) (policy, error) {
	if c.OrderUpTo <= c.ReorderPoint {
		return nil, field.New("order_up_to", c.OrderUpTo, "more than reorder_point")
	}
	return twoLevels{c.ReorderPoint, c.OrderUpTo}, nil
}

func (p twoLevels) order(position int64) int64 {
	if position > p.point {
		return 0
	}
	return p.upTo - position
}

func (p twoLevels) level() int64 { return p.upTo }
