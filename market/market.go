// Package market is the simulated world: shoppers who come through the doors, see a shelf, choose and take a quantity, or walk on;
// sellers who review prices; stock that is ordered, received and held. It implements env.Environment: every price-setter, rivals
// included, is a player, and the market knows no brain.
package market

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// Rung is one offer of a player's ladder.
type Rung struct {
	Price   float64 // $ a unit
	Cost    float64 // wholesale, $ a unit
	Display float64 // share of stores that display it; NaN: what the choice model expects at this price
	Deal    bool    // a deal whatever the reference price; else it is one when the price lies DealDepth below it
}

// Product is what one player prices: its ladder, and where it stands when an episode opens.
type Product struct {
	Name      string
	Rungs     []Rung  // in action order
	Reference float64 // reference price at the start, $
	Opening   int     // rung posted in the week before the start
	Drop      float64 // offers further than this below the reference price are masked, $; 0: none are
}

// Objective says what a reward is.
type Objective string

const (
	CategoryProfit Objective = "category-profit" // margin of all products
	BrandProfit    Objective = "brand-profit"    // margin of the player's own product
	Revenue        Objective = "revenue"         // of the player's own product
)

// Reward is what a period earns: the objective less what stock and change cost.
type Reward struct {
	Of          Objective
	Discount    float64 // γ a period, in [0,1)
	Holding     float64 // cost of holding stock, share of its wholesale value a week
	LostUnit    float64 // penalty for a unit asked for and not in stock, $
	PriceChange float64 // cost of posting another price than last week, $ (for the stores simulated)
}

// Stock is a base-stock policy with daily review: each review orders up to what this week's prices are expected to sell in CoverDays, and a safety
// stock (Silver, Pyke & Thomas 2017, §6.7). The buyer knows the week's prices and traffic, but not its shocks.
type Stock struct {
	CoverDays    float64 // 0: stock is ample and costs nothing
	Safety       float64 // held on top, in standard deviations of the cover's sales were shoppers their only chance
	LeadTimeDays int     // from order to receipt
}

// Config is a market. New copies nothing: a Config must not change while markets use it; several markets may share one.
type Config struct {
	Products []Product
	Choice   *choice.ShareLogit               // brands as in Products
	Traffic  func() (demand.Simulator, error) // customers of the chain, week by week, at least 0; one simulator for each market
	Skip     int                              // weeks between the traffic model's history and Start
	Own      int                              // the product whose seller learns; its purchases come last in the inverse transform, and "own" accounts are its
	Start    int                              // calendar week of the first period
	Horizon  int                              // periods in an episode
	Terminal bool                             // the end closes the market (no future) instead of truncating it
	Share    float64                          // share of the traffic that is simulated: stores simulated / stores of the chain
	Expected bool                             // closed-form demand instead of shoppers: ample stock, units in expectation
	NoShock  bool                             // leave out the weekly utility shocks
	Reward   Reward
	Stock    Stock
}

const (
	daysPerWeek = 7
	// minor is how many units of account a dollar has: amounts are whole numbers of 1/10,000 $.
	minor = 10_000
	// DealDepth is how far below the reference price, as a share of it, a price is a deal (Hendel & Nevo 2006 use 5% below the modal price).
	DealDepth = 0.05
)

// Market is one world. It is not safe for concurrent use; make one per goroutine.
type Market struct {
	cfg  *Config
	seed uint64
	obs  observer

	streams  rng.Streams
	stream   rng.Stream // of the traffic; kept here because a simulator's argument would escape
	calendar sim.Calendar[event]
	week     int  // periods since the start
	turn     int  // whose turn it is; len(Products) when all have acted
	asked    bool // whether that player waits for Act
	done     bool
	actions  []int

	simulator demand.Simulator
	drawn     []float64   // the traffic path, from the first week after the history
	traffic   []float64   // its part from Start on: customers of the chain
	shock     [][]float64 // [week][product]
	normals   []float64
	rung      []int // posted
	previous  []int // posted the week before
	price     []float64
	ref       []float64
	deal      []bool    // whether the posted offer is a deal
	swell     []float64 // log E[exp ξ] of each product's shock
	expected  []float64 // odds that the stock's buyer expects
	shelf     *choice.Shelf
	crowd     crowd
	store     store
	books     books
	path      Path
}

// New checks the configuration and returns a market under a master seed, its episode 0 open. Errors name the offending key.
func New(cfg *Config, seed uint64) (*Market, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	shelf, err := newShelf(cfg)
	if err != nil {
		return nil, err
	}
	simulator, err := cfg.Traffic()
	if err != nil {
		return nil, err
	}
	n := len(cfg.Products)
	m := &Market{cfg: cfg, seed: seed, simulator: simulator, shelf: shelf,
		actions: make([]int, n), drawn: make([]float64, cfg.Skip+cfg.Horizon), shock: matrix(cfg.Horizon, n), normals: make([]float64, n),
		rung: make([]int, n), previous: make([]int, n), price: make([]float64, n), ref: make([]float64, n),
		deal: make([]bool, n), swell: make([]float64, n), expected: make([]float64, n),
		store: newStore(cfg), books: newBooks(n), path: newPath(cfg)}
	m.traffic = m.drawn[cfg.Skip:]
	if !cfg.NoShock {
		for j := range m.swell {
			m.swell[j] = cfg.Choice.Shocks.Sigma[j] * cfg.Choice.Shocks.Sigma[j] / 2
		}
	}
	if err := m.drawTraffic(rng.New(0, 0)); err != nil {
		return nil, err
	}
	m.obs = newObserver(cfg, slices.Max(m.traffic), m.demandPeaks())
	m.Reset(0)
	return m, nil
}

func (cfg *Config) check() error {
	switch {
	case len(cfg.Products) == 0:
		return field.New("products", "none", "at least one")
	case cfg.Own < 0 || cfg.Own >= len(cfg.Products):
		return field.New("own", cfg.Own, fmt.Sprintf("a product from 0 to %d", len(cfg.Products)-1))
	case cfg.Horizon < 1:
		return field.New("horizon", cfg.Horizon, "at least 1 period")
	case !(cfg.Share > 0) || math.IsInf(cfg.Share, 0):
		return field.New("stores", cfg.Share, "a positive share of the traffic")
	case cfg.Skip < 0:
		return field.New("skip", cfg.Skip, "at least 0 weeks")
	case !(cfg.Stock.Safety >= 0 && cfg.Stock.Safety < 100) || !(cfg.Stock.CoverDays >= 0 && cfg.Stock.CoverDays <= longestDays) || cfg.Stock.LeadTimeDays < 0 || cfg.Stock.LeadTimeDays > longestDays:
		return field.New("stock", fmt.Sprintf("%+v", cfg.Stock), fmt.Sprintf("cover and lead time from 0 to %d days", longestDays))
	case cfg.Choice == nil || cfg.Traffic == nil:
		return field.New("choice", "none", "a fitted choice model and a traffic model")
	case len(cfg.Choice.Brands) != len(cfg.Products):
		return field.New("products", len(cfg.Products), fmt.Sprintf("the %d brands of the choice model", len(cfg.Choice.Brands)))
	}
	for i := range cfg.Products {
		if err := cfg.Products[i].check(); err != nil {
			return err
		}
	}
	return cfg.Reward.check()
}

// Bounds that keep a week finite, and sums of minor units and days far from the ends of an integer.
const (
	highestPrice  = 1e6
	longestDays   = 1_000_000
	mostCustomers = 1e9
)

func (p *Product) check() error {
	if len(p.Rungs) == 0 || p.Opening < 0 || p.Opening >= len(p.Rungs) {
		return field.New(p.Name+".opening", p.Opening, fmt.Sprintf("one of %d offers, at least one", len(p.Rungs)))
	}
	for _, r := range p.Rungs {
		if !(r.Price <= highestPrice) || toMinor(r.Price) <= 0 {
			return field.New(p.Name+".price", r.Price, fmt.Sprintf("a price from $%g to $%g", 1.0/minor, highestPrice))
		}
		if !(r.Cost >= 0 && r.Cost <= highestPrice) {
			return field.New(p.Name+".cost", r.Cost, fmt.Sprintf("a cost from $0 to $%g", highestPrice))
		}
		if r.Display < 0 || r.Display > 1 {
			return field.New(p.Name+".display", r.Display, "a share of stores, or NaN")
		}
	}
	if !(p.Reference > 0 && p.Reference <= highestPrice) {
		return field.New(p.Name+".reference", p.Reference, "a positive price")
	}
	if !finiteFromZero(p.Drop) {
		return field.New(p.Name+".drop", p.Drop, "a finite number of $, at least 0")
	}
	return nil
}

func (r *Reward) check() error {
	if r.Of != CategoryProfit && r.Of != BrandProfit && r.Of != Revenue {
		return field.New("reward.of", r.Of, fmt.Sprintf("%s, %s or %s", CategoryProfit, BrandProfit, Revenue))
	}
	if !(r.Discount >= 0 && r.Discount < 1) {
		return field.New("reward.discount", r.Discount, "a number in [0, 1)")
	}
	if !finiteFromZero(r.Holding) || !finiteFromZero(r.LostUnit) || !finiteFromZero(r.PriceChange) {
		return field.New("reward", fmt.Sprintf("holding %g, lost unit %g, price change %g", r.Holding, r.LostUnit, r.PriceChange), "finite costs of at least 0")
	}
	return nil
}

func finiteFromZero(x float64) bool { return x >= 0 && !math.IsInf(x, 1) }

// Players is the number of products: each has its price-setter.
func (m *Market) Players() int { return len(m.cfg.Products) }

// Spec is a player's features, offers and limits.
func (m *Market) Spec(player int) *env.Spec { return &m.obs.specs[player] }

// Account is what the running episode has brought so far, seen by Config.Own.
func (m *Market) Account() *results.Metrics { return &m.books.episode }

// Week is what the last closed week brought.
func (m *Market) Week() *results.Metrics { return &m.books.week }

// Reset opens episode number episode: traffic, shocks and shoppers depend on (seed, episode) and on nothing else. It panics when the traffic
// model gives what is no number of customers.
func (m *Market) Reset(episode uint64) {
	m.streams = rng.New(m.seed, episode)
	m.calendar.Reset()
	m.week, m.turn, m.asked, m.done = 0, 0, false, false
	if err := m.drawTraffic(m.streams); err != nil {
		panic("market: " + err.Error())
	}
	m.drawShocks()
	for j := range m.cfg.Products {
		p := &m.cfg.Products[j]
		m.rung[j], m.previous[j] = p.Opening, p.Opening
		m.ref[j], m.price[j] = p.Reference, p.Rungs[p.Opening].Price
	}
	m.obs.reset(m)
	m.crowd.open(m.streams)
	m.store.reset()
	m.books.reset()
}

// drawTraffic draws the path of customers.
func (m *Market) drawTraffic(streams rng.Streams) error {
	m.stream = streams.Family("traffic").At()
	m.simulator.Path(&m.stream, m.drawn)
	for t, customers := range m.traffic {
		if !(customers >= 0 && customers*m.cfg.Share <= mostCustomers) {
			return field.New("traffic", fmt.Sprintf("%g customers in week %d", customers, m.cfg.Start+t),
				fmt.Sprintf("a number of at least 0, no more than %g of them simulated", mostCustomers))
		}
	}
	return nil
}

// drawShocks draws the episode's utility shocks, each week from its own stream, opening in the stationary law.
func (m *Market) drawShocks() {
	if m.cfg.NoShock {
		return
	}
	family := m.streams.Family("shock")
	for t := range m.shock {
		stream := family.At(uint64(t))
		for j := range m.normals {
			m.normals[j] = stream.Normal()
		}
		if t == 0 {
			m.cfg.Choice.StartShocks(m.shock[0], m.normals)
			continue
		}
		copy(m.shock[t], m.shock[t-1])
		m.cfg.Choice.NextShocks(m.shock[t], m.normals)
	}
}

// Next runs the world to the next turn: all review at the week's start and see the state before any of them acts.
func (m *Market) Next(step *env.TimeStep) bool {
	n := len(m.cfg.Products)
	if m.turn == n && !m.done {
		m.post()
		m.run()
		m.turn = 0
		m.done = m.week == m.cfg.Horizon
	}
	if m.turn == n {
		return false
	}
	m.tell(step)
	m.asked = !m.done
	if m.done {
		m.turn++
	}
	return true
}

func (m *Market) tell(step *env.TimeStep) {
	step.Player = m.turn
	step.Stage, step.Terminal, step.Elapsed = env.Mid, false, 1
	step.Reward, step.Discount = m.books.reward[m.turn], m.cfg.Reward.Discount
	switch {
	case m.done:
		step.Stage, step.Terminal = env.Last, m.cfg.Terminal
	case m.week == 0:
		step.Stage, step.Reward, step.Discount, step.Elapsed = env.First, 0, 1, 0
	}
	step.Observation, step.Mask = m.obs.see(m, m.turn)
}

// Act posts the player's offer for the week, to apply when all have acted.
func (m *Market) Act(action int) {
	if !m.asked {
		panic("market: Act without a turn")
	}
	if action < 0 || action >= len(m.cfg.Products[m.turn].Rungs) || !m.obs.allowed(action) {
		panic(fmt.Sprintf("market: player %d made offer %d, which its ladder or mask does not hold", m.turn, action))
	}
	m.actions[m.turn] = action
	m.turn++
	m.asked = false
}

// post puts the week's prices on the shelf.
func (m *Market) post() {
	copy(m.previous, m.rung)
	copy(m.rung, m.actions)
	m.shelf.SetWeek(m.cfg.Start + m.week)
	for j := range m.price {
		m.price[j] = m.cfg.Products[j].Rungs[m.rung[j]].Price
		m.place(j)
	}
	m.path.record(m)
	if !m.store.kept() {
		return
	}
	m.aim()
	for j := range m.price {
		if !m.store.has(j) {
			m.shelf.Remove(j)
		}
	}
}

// turnPage lets shoppers remember the week's prices.
func (m *Market) turnPage() {
	for j := range m.ref {
		m.ref[j] = m.cfg.Choice.NextReference(m.ref[j], m.price[j])
	}
	m.week++
}

func toMinor(dollars float64) int64 { return int64(math.Round(dollars * minor)) }

func matrix(rows, cols int) [][]float64 {
	flat := make([]float64, rows*cols)
	out := make([][]float64, rows)
	for i := range out {
		out[i] = flat[i*cols : (i+1)*cols : (i+1)*cols]
	}
	return out
}
