package category

import "github.com/souk-sim/souk/results"

// books are the accounts of the running week and episode. In the sampled resolution money is whole minor units until the week closes.
type books struct {
	price, cost       []int64 // posted price and wholesale cost of a unit, minor
	units             []int64 // sold this week
	lost              []int64
	revenue           []int64 // minor
	cogs              []int64 // cost of goods sold, minor
	purchases         int64
	expected          []float64 // units in the expected resolution
	expectedPurchases float64
	holding           []float64 // $
	emptyWeeks        float64
	reward            []float64 // of each player, this week
	week, episode     results.Metrics
}

func newBooks(n int) books {
	return books{price: make([]int64, n), cost: make([]int64, n), units: make([]int64, n), lost: make([]int64, n), revenue: make([]int64, n),
		cogs: make([]int64, n), expected: make([]float64, n), holding: make([]float64, n), reward: make([]float64, n)}
}

func (b *books) reset() {
	b.week, b.episode = results.Metrics{}, results.Metrics{}
	clear(b.reward)
}

// open begins a week; prices are rounded to minor units once, here.
func (b *books) open(m *Market) {
	for j := range b.price {
		r := &m.cfg.Products[j].Rungs[m.rung[j]]
		b.price[j], b.cost[j] = toMinor(r.Price), toMinor(r.Cost)
	}
	clear(b.units)
	clear(b.lost)
	clear(b.revenue)
	clear(b.cogs)
	clear(b.expected)
	clear(b.holding)
	b.purchases, b.expectedPurchases, b.emptyWeeks = 0, 0, 0
	b.week = results.Metrics{}
}

// sell books one purchase: units sold, and units asked for that were not there.
func (b *books) sell(j, units, lost int) {
	b.units[j] += int64(units)
	b.lost[j] += int64(lost)
	b.revenue[j] += int64(units) * b.price[j]
	b.cogs[j] += int64(units) * b.cost[j]
	if units > 0 {
		b.purchases++
	}
}

// expect books a week's expected purchases of product j with their mean quantity.
func (b *books) expect(j int, purchases, quantity float64) {
	b.expectedPurchases += purchases
	b.expected[j] = float64(purchases * quantity)
}

// hold charges the stock that product j kept on hand for so many unit-weeks.
func (b *books) hold(m *Market, j int, unitWeeks, emptyWeeks float64) {
	b.holding[j] = m.cfg.Reward.Holding * unitWeeks * float64(b.cost[j]) / minor
	b.emptyWeeks += emptyWeeks
}

// earned is product j's units, revenue and margin of the week, $.
func (b *books) earned(j int) (units, revenue, margin float64) {
	units = float64(b.units[j]) + b.expected[j]
	revenue = float64(b.revenue[j])/minor + float64(b.expected[j]*float64(b.price[j]))/minor
	return units, revenue, revenue - (float64(b.cogs[j])/minor + float64(b.expected[j]*float64(b.cost[j]))/minor)
}

// close sums the week up, gives every player its reward and adds the week to the episode.
func (b *books) close(m *Market) {
	w := &b.week
	category, own, lost := 0.0, m.cfg.Own, int64(0)
	for j := range b.price {
		units, revenue, margin := b.earned(j)
		lost += b.lost[j]
		switch m.cfg.Reward.Of {
		case BrandProfit:
			b.reward[j] = margin - b.holding[j]
		case Revenue:
			b.reward[j] = revenue - b.holding[j]
		}
		w.Units += units
		w.Revenue += revenue
		w.HoldingCost += b.holding[j]
		category += margin - b.holding[j]
		if j == own {
			w.OwnUnits, w.OwnRevenue, w.OwnProfit = units, revenue, margin-b.holding[j]
		}
	}
	w.Periods = 1
	w.Profit, w.LostUnits = category, float64(lost)
	w.Customers = m.traffic[m.week] * m.cfg.Share
	w.Purchases = float64(b.purchases) + b.expectedPurchases
	w.StockOutDays = b.emptyWeeks * daysPerWeek
	w.MeanPrice = m.price[own]
	if m.rung[own] != m.previous[own] {
		w.PriceChanges = 1
	}
	if m.deal[own] {
		w.DealPeriods = 1
	}
	for i := range b.reward {
		if m.cfg.Reward.Of == CategoryProfit {
			b.reward[i] = category - float64(m.cfg.Reward.LostUnit*float64(lost))
		} else {
			b.reward[i] -= float64(m.cfg.Reward.LostUnit * float64(b.lost[i]))
		}
		if m.rung[i] != m.previous[i] {
			b.reward[i] -= m.cfg.Reward.PriceChange
		}
	}
	w.Reward = b.reward[own]
	b.episode.Add(w)
}
