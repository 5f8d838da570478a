package oligopoly

import "github.com/souk-sim/souk/results"

// books are the accounts of the episode, and of the stretch since the own firm last chose.
type books struct {
	episode, stretch tally
	account, week    results.Metrics // as last told
}

// tally adds periods up. (results.Metrics would, too, but keeps a mean: a division a period.)
type tally struct {
	periods, changes                int64
	revenue, profit, units          float64
	ownRevenue, ownProfit, ownUnits float64
	ownPrices                       float64
}

// close books a period, before what was chosen in it becomes the past.
func (b *books) close(g *Game, joint int) {
	own, at := g.cfg.Own, joint*g.n
	units, profits, cost := g.units[at:][:g.n], g.profits[at:][:g.n], g.cost[:g.n]
	t := tally{periods: 1, ownProfit: profits[own], ownUnits: units[own], ownPrices: g.prices[at+own]}
	t.ownRevenue = t.ownProfit + float64(cost[own]*t.ownUnits)
	for i, profit := range profits {
		t.units += units[i]
		t.profit += profit
		t.revenue += profit + float64(cost[i]*units[i])
	}
	if g.rung[own] != g.past[own] {
		t.changes = 1
	}
	b.episode.add(&t)
	if g.elapsed[own] == 1 { // the own firm has just chosen
		b.stretch = t
	} else {
		b.stretch.add(&t)
	}
}

func (t *tally) add(o *tally) {
	t.periods += o.periods
	t.changes += o.changes
	t.revenue += o.revenue
	t.profit += o.profit
	t.units += o.units
	t.ownRevenue += o.ownRevenue
	t.ownProfit += o.ownProfit
	t.ownUnits += o.ownUnits
	t.ownPrices += o.ownPrices
}

// tell writes a tally as an account.
func (t *tally) tell(m *results.Metrics, size float64) *results.Metrics {
	*m = results.Metrics{Periods: t.periods, Reward: t.ownProfit, Revenue: t.revenue, Profit: t.profit, Units: t.units, Customers: size * float64(t.periods),
		Purchases: t.units, OwnUnits: t.ownUnits, OwnRevenue: t.ownRevenue, OwnProfit: t.ownProfit, PriceChanges: t.changes}
	if t.periods > 0 {
		m.MeanPrice = t.ownPrices / float64(t.periods)
	}
	return m
}
