package workflow

import (
	"math"

	"github.com/souk-sim/souk/market/optimum"
	"github.com/souk-sim/souk/policies"
)

// cellsOfStock is how many amounts of what is left of a stock a calendar answers.
const cellsOfStock = 40

// policy is the plan as a table over the period, and where the plan answers what comes, over the reference price or the stock that is left: in each cell the offers' worth, at the
// plan's shadow prices or at those of what is left. Promotions that are counted, and limits of which no feature tells what is left, are kept by the calendar alone: then it answers nothing.
func (p *prospects) policy(plan *optimum.CalendarPlan) (*policies.Table, error) {
	c := &p.calendar
	clock := policies.Dimension{Feature: p.clock, Index: p.spec.Feature(p.clock)}
	for t := 1; t < c.Periods; t++ {
		clock.Edges = append(clock.Edges, (float64(t)-0.5)*p.span)
	}
	e := policies.Encoder{Dimensions: []policies.Dimension{clock}}
	cells, planned := 1, func(int) int { return 0 } // of the other dimension, and that in which the plan is in a period
	worth := func(t, _ int, byOffer []float64) { plan.Worth(t, plan.States[t], byOffer) }
	free := c.Promotions < 0 && c.Apart == 0
	switch {
	case p.state != "" && free && len(c.Limit) == 0:
		cells = min(c.Points, 61)
		width := float64(c.Points-1) / float64(cells)
		e.Dimensions = append(e.Dimensions, policies.Uniform(p.state, p.spec.Feature(p.state), p.low, p.low+float64(p.step*float64(c.Points-1)), cells))
		planned = func(t int) int { return min(int(plan.States[t]/width), cells-1) }
		worth = func(t, cell int, byOffer []float64) { plan.Worth(t, (float64(cell)+0.5)*width, byOffer) }
	case p.stock >= 0 && free && len(c.Limit) == 1:
		cells = cellsOfStock
		e.Dimensions = append(e.Dimensions, policies.Uniform("stock", p.spec.Feature("stock"), 0, p.initial, cells))
		left := make([]float64, c.Periods)
		sold := 0.0
		for t, a := range plan.Offers {
			left[t] = c.Limit[p.stock] - sold
			sold += c.Look(c.Use[p.stock], t, plan.States[t], a)
		}
		planned = func(t int) int { return min(max(int(left[t]/p.initial*float64(cells)), 0), cells-1) }
		worth = func(t, cell int, byOffer []float64) {
			plan.Again(t, []float64{(float64(cell) + 0.5) / float64(cells) * p.initial}, byOffer)
		}
	}
	stride := 1
	if cells > 1 {
		stride = cells + 1 // the last is that of a missing value
	}
	values := make([]float64, e.States()*c.Offers)
	row := func(t, cell int) []float64 { return values[(t*stride+cell)*c.Offers:][:c.Offers] }
	for t := range c.Periods {
		for cell := range cells {
			worth(t, cell, row(t, cell))
			settle(row(t, cell), plan.Offers[t], cell == planned(t))
		}
		if cells > 1 {
			copy(row(t, cells), row(t, planned(t)))
		}
	}
	copy(values[c.Periods*stride*c.Offers:], values[:stride*c.Offers]) // where the period is not known, as at the opening
	return policies.NewTable(p.spec, e, values, nil, 0)
}

// settle makes worths of a cell values of a table: finite, and where the plan is itself, the calendar's offer the best. What the calendar makes there to use limits up may be worth a little less
// at the shadow prices than another offer, of which only a share would keep them.
func settle(values []float64, offer int, here bool) {
	least, most := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if !math.IsInf(v, 0) {
			least, most = min(least, v), max(most, v)
		}
	}
	for a, v := range values {
		switch {
		case math.IsInf(v, 0):
			values[a] = least - 1
		case here && a != offer && v >= most:
			values[a] = math.Nextafter(most, least-1)
		}
	}
	if here {
		values[offer] = most
	}
}
