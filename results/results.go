// Package results defines the rows that a run leaves behind and the Sink that takes them in batches. It does no I/O.
package results

import "cmp"

// Key says which run, which learner and which moment a row belongs to; every row of every table begins with it.
type Key struct {
	RunID    string `parquet:"run_id,dict"`
	Scenario string `parquet:"scenario,dict"`
	Agent    string `parquet:"agent,dict"`
	Seed     int64  `parquet:"seed"`
	Episode  int64  `parquet:"episode"`
	Step     int64  `parquet:"step"` // 0-based review within the episode; 0 in a row about the whole episode
}

// Position returns the key itself. Every row embeds its key, so this is how code that is generic over rows asks for it.
func (k Key) Position() Key { return k }

// Compare orders keys as the files of a run do: by seed, agent, episode and step.
func (k Key) Compare(o Key) int {
	return cmp.Or(cmp.Compare(k.Seed, o.Seed), cmp.Compare(k.Agent, o.Agent), cmp.Compare(k.Episode, o.Episode), cmp.Compare(k.Step, o.Step))
}

// Row is any row that embeds its Key.
type Row interface{ Position() Key }

// Metrics are the market's accounts over a stretch of time (a step or an episode). Money is in the scenario's
// currency.
type Metrics struct {
	Periods       int64   `parquet:"periods"`
	Reward        float64 `parquet:"reward"`
	Revenue       float64 `parquet:"revenue"`
	Profit        float64 `parquet:"profit"`
	Units         float64 `parquet:"units"`
	Customers     float64 `parquet:"customers"` // who came through the doors, those thinned away included in expectation
	Purchases     float64 `parquet:"purchases"`
	OwnUnits      float64 `parquet:"own_units"`
	OwnRevenue    float64 `parquet:"own_revenue"`
	OwnProfit     float64 `parquet:"own_profit"`
	LostUnits     float64 `parquet:"lost_units"`     // asked for and not in stock
	StockOutDays  float64 `parquet:"stock_out_days"` // product-days without stock
	HoldingCost   float64 `parquet:"holding_cost"`
	PriceChanges  int64   `parquet:"price_changes"`
	DealPeriods   int64   `parquet:"deal_periods"` // in which the own product was on deal
	MeanPrice     float64 `parquet:"mean_price"`   // own posted price, average over periods
	ReceivedUnits float64 `parquet:"received_units"`

	// Of markets whose shoppers are known one by one.
	Views         int64   `parquet:"views"` // of products
	Carts         int64   `parquet:"carts"` // filled
	Abandoned     int64   `parquet:"abandoned"`
	StockOuts     int64   `parquet:"stock_outs"` // choices that met one
	ReturnedUnits int64   `parquet:"returned_units"`
	SpoiledUnits  int64   `parquet:"spoiled_units"`
	RepeatVisits  int64   `parquet:"repeat_visits"` // of those who had bought before
	RepeatOrders  int64   `parquet:"repeat_orders"`
	Lapsed        int64   `parquet:"lapsed"`       // customers who will not come back
	Saved         float64 `parquet:"saved"`        // by promotions
	Surplus       float64 `parquet:"surplus"`      // of consumers
	Satisfaction  float64 `parquet:"satisfaction"` // mean over customers' visits: 1/(1 + grudges)
}

// Episode is a row of episodes.parquet.
type Episode struct {
	Key
	Exploration  float64 `parquet:"exploration"`
	LearningRate float64 `parquet:"learning_rate"`
	Metrics
}

// Step is a row of steps.parquet: one review of the learning seller.
type Step struct {
	Key
	Week           int64    `parquet:"week"`
	ReferencePrice *float64 `parquet:"reference_price,optional"`
	Action         int64    `parquet:"action"`
	Price          float64  `parquet:"price"`
	Exploring      bool     `parquet:"exploring"`
	Metrics
}

// Score is a row of scores.parquet: what a policy came to on a path of a benchmark. Key.Agent is the policy, Key.Seed the run, from 1, and Key.Episode the
// path; a value that is computed, and not simulated, is on the first path of its run.
type Score struct {
	Key
	Score float64 `parquet:"score"`
}

// Learner is a row of learners.parquet: an episode of one of several who learn in one world. Key.Step is its place among them, 0 for the agent.
type Learner struct {
	Key
	Player       string  `parquet:"player,dict"`
	Exploration  float64 `parquet:"exploration"`
	LearningRate float64 `parquet:"learning_rate"`
	Turns        int64   `parquet:"turns"`
	Reward       float64 `parquet:"reward"`
}

// Sink takes batches of rows. It never drops a row silently and never grows without bound: a Write that cannot keep
// up blocks or fails. The rows belong to the caller again when Write returns.
type Sink[Row any] interface {
	Write(rows []Row) error
	Close() error
}

// Add adds another stretch's account to this one; MeanPrice becomes the mean over all periods, Satisfaction over all visits.
func (m *Metrics) Add(o *Metrics) {
	if n := m.Periods + o.Periods; n > 0 {
		m.MeanPrice = (float64(m.MeanPrice*float64(m.Periods)) + float64(o.MeanPrice*float64(o.Periods))) / float64(n)
	}
	if n := m.Customers + o.Customers; n > 0 {
		m.Satisfaction = (float64(m.Satisfaction*m.Customers) + float64(o.Satisfaction*o.Customers)) / n
	}
	m.Periods += o.Periods
	m.Reward += o.Reward
	m.Revenue += o.Revenue
	m.Profit += o.Profit
	m.Units += o.Units
	m.Customers += o.Customers
	m.Purchases += o.Purchases
	m.OwnUnits += o.OwnUnits
	m.OwnRevenue += o.OwnRevenue
	m.OwnProfit += o.OwnProfit
	m.LostUnits += o.LostUnits
	m.StockOutDays += o.StockOutDays
	m.HoldingCost += o.HoldingCost
	m.PriceChanges += o.PriceChanges
	m.DealPeriods += o.DealPeriods
	m.ReceivedUnits += o.ReceivedUnits
	m.Views += o.Views
	m.Carts += o.Carts
	m.Abandoned += o.Abandoned
	m.StockOuts += o.StockOuts
	m.ReturnedUnits += o.ReturnedUnits
	m.SpoiledUnits += o.SpoiledUnits
	m.RepeatVisits += o.RepeatVisits
	m.RepeatOrders += o.RepeatOrders
	m.Lapsed += o.Lapsed
	m.Saved += o.Saved
	m.Surplus += o.Surplus
}

// Since is what an account holds beyond an earlier one of the same stretch.
func (m *Metrics) Since(earlier *Metrics) Metrics {
	o, n := earlier, *earlier // n is the earlier one, taken back; means stay as they are
	n.Periods = -o.Periods
	n.Reward = -o.Reward
	n.Revenue = -o.Revenue
	n.Profit = -o.Profit
	n.Units = -o.Units
	n.Customers = -o.Customers
	n.Purchases = -o.Purchases
	n.OwnUnits = -o.OwnUnits
	n.OwnRevenue = -o.OwnRevenue
	n.OwnProfit = -o.OwnProfit
	n.LostUnits = -o.LostUnits
	n.StockOutDays = -o.StockOutDays
	n.HoldingCost = -o.HoldingCost
	n.PriceChanges = -o.PriceChanges
	n.DealPeriods = -o.DealPeriods
	n.ReceivedUnits = -o.ReceivedUnits
	n.Views = -o.Views
	n.Carts = -o.Carts
	n.Abandoned = -o.Abandoned
	n.StockOuts = -o.StockOuts
	n.ReturnedUnits = -o.ReturnedUnits
	n.SpoiledUnits = -o.SpoiledUnits
	n.RepeatVisits = -o.RepeatVisits
	n.RepeatOrders = -o.RepeatOrders
	n.Lapsed = -o.Lapsed
	n.Saved = -o.Saved
	n.Surplus = -o.Surplus
	sum := *m
	sum.Add(&n)
	return sum
}
