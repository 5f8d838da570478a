package stock

import "github.com/souk-sim/souk/scenarios/field"

// batches is (r,Q), or (r,nQ) where a position may fall by more than a unit at once: at or below r it orders as many batches of Q
// as bring the position above r (Hadley & Whitin 1963, Analysis of Inventory Systems; Zipkin 2000).
type batches struct{ point, quantity int64 }

func newBatches(c *Config) (policy, error) {
	if c.OrderQuantity < 1 {
		return nil, field.New("order_quantity", c.OrderQuantity, "at least 1 unit")
	}
	return batches{c.ReorderPoint, c.OrderQuantity}, nil
}

func (p batches) order(position int64) int64 {
	if position > p.point {
		return 0
	}
	return ((p.point-position)/p.quantity + 1) * p.quantity
}

func (p batches) level() int64 { return p.point + p.quantity }
