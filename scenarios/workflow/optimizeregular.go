package workflow

import (
	"math"
	"slices"

	"github.com/souk-sim/souk/market/optimum"
)

// solve finds the best calendar whose regular price, from which promotions count, is the highest that it asks itself: for each price of the ladder the best that asks no more, and of these
// the best. A regular price that stands beside the calendar would let it ask more and call nothing a promotion. Where several products are priced, or more than the price is offered, the
// regular prices are those of the opening offer.
func (p *prospects) solve() (*optimum.CalendarPlan, error) {
	c := &p.calendar
	p.own = p.owns()
	if !p.own {
		return c.Solve()
	}
	prices := make([]float64, c.Offers)
	for o := range prices {
		prices[o] = p.price(o, 0)
	}
	if c.Promotions < 0 && c.Apart == 0 && !slices.ContainsFunc(p.limits, func(l PlanLimit) bool { return l.Unit == "$" }) {
		plan, err := c.Solve()
		if err == nil {
			highest := math.Inf(-1)
			for _, o := range plan.Offers {
				highest = max(highest, prices[o])
			}
			told, given := p.regularly(highest)
			c.Promoted, p.given, p.regular = told.Promoted, given, []float64{highest}
		}
		return plan, err
	}
	var best *optimum.CalendarPlan
	var chosen *optimum.Calendar
	var refused error
	bound, searched, proven := math.Inf(-1), true, true
	slices.Sort(prices)
	prices = slices.Compact(prices)
	for _, regular := range slices.Backward(prices) {
		calendar, given := p.regularly(regular)
		plan, err := calendar.Solve()
		if err != nil {
			if refused == nil {
				refused = err
			}
			continue
		}
		if slices.ContainsFunc(plan.Offers, func(o int) bool { return p.price(o, 0) > regular+1e-9 }) {
			continue // where nothing lower was allowed
		}
		bound, searched, proven = max(bound, plan.Bound), searched && plan.Searched, proven && plan.Proven
		if best == nil || plan.Value >= best.Value {
			best, chosen, p.given, p.regular = plan, calendar, given, []float64{regular}
		}
	}
	if best == nil {
		if refused == nil {
			p.own = false
			return c.Solve()
		}
		return nil, refused
	}
	p.calendar, best.Bound, best.Searched, best.Proven = *chosen, bound, searched, proven
	return best, nil
}

// owns tells whether what is given away follows from the posted price of one product.
func (p *prospects) owns() bool {
	if len(p.products) != 1 || p.price == nil {
		return false
	}
	for o := range p.spec.Offers {
		if p.spec.Offers[o].Promotion != "" {
			return false
		}
	}
	_, given := p.regularly(p.regular[0])
	for i, x := range given {
		if math.Abs(x-p.given[i]) > 1e-9*(1+math.Abs(x)) {
			return false
		}
	}
	return true
}

// regularly is the calendar with a regular price above which nothing is asked, and what is given away.
func (p *prospects) regularly(regular float64) (*optimum.Calendar, []float64) {
	c := p.calendar
	c.Promoted = make([]bool, c.Offers)
	for o := range c.Promoted {
		c.Promoted[o] = p.promoted(p.price(o, 0), regular)
	}
	given := make([]float64, len(p.given))
	for i, units := range p.units[0] {
		given[i] = float64(units * max(regular-p.price(i%c.Offers, 0), 0))
	}
	c.Use = slices.Clone(c.Use)
	for k, l := range p.limits {
		if l.Unit == "$" {
			c.Use[k] = given
		}
	}
	c.Forbidden = p.upTo(regular)
	return &c, given
}

// upTo forbids what the calendar forbids and prices above a regular one, but where nothing else would be left. What it says of grid points is kept.
func (p *prospects) upTo(regular float64) func(float64, int) bool {
	n, before := p.calendar.Offers, p.calendar.Forbidden
	forbids := func(state float64, o int) bool { return before != nil && before(state, o) }
	fill := func(state float64, out []bool) {
		left := false
		for o := range out {
			out[o] = forbids(state, o)
			left = left || !out[o] && p.price(o, 0) <= regular+1e-9
		}
		for o := range out {
			out[o] = out[o] || left && p.price(o, 0) > regular+1e-9
		}
	}
	points := make([]bool, p.calendar.Points*n)
	for i := range p.calendar.Points {
		fill(float64(i), points[i*n:][:n])
	}
	return func(state float64, o int) bool {
		if i := int(state); float64(i) == state && i >= 0 && i < len(points)/n {
			return points[i*n+o]
		}
		out := make([]bool, n)
		fill(state, out)
		return out[o]
	}
}

// promoted tells whether a price counts as a promotion.
func (p *prospects) promoted(price, regular float64) bool {
	return price < float64((1-p.depth)*regular)-1e-9
}
