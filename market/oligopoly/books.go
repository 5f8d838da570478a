package oligopoly

import "github.com/souk-sim/souk/results"

// books are the accounts of the episode, and of the stretch since the own firm last chose.
type books struct {
	episode, week results.Metrics
}

// close books a period, before what was chosen in it becomes the past.
func (b *books) close(g *Game, joint int) {
	at, own := joint*g.n, g.cfg.Own
	if g.elapsed[own] == 1 {
		b.week = results.Metrics{}
	}
	w := results.Metrics{Periods: 1, Customers: g.cfg.Size}
	for i := range g.n {
		units, profit := g.units[at+i], g.profits[at+i]
		w.Units += units
		w.Profit += profit
		w.Revenue += profit + float64(g.cost[i]*units)
	}
	w.Purchases = w.Units
	w.OwnUnits, w.OwnProfit = g.units[at+own], g.profits[at+own]
	w.OwnRevenue = w.OwnProfit + float64(g.cost[own]*w.OwnUnits)
	w.Reward = w.OwnProfit
	if g.rung[own] != g.past[own] {
		w.PriceChanges = 1
	}
	w.MeanPrice = g.prices[at+own]
	b.week.Add(&w)
	b.episode.Add(&w)
}
