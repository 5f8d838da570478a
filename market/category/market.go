// Package category is the aggregated market of one chain, fitted to its weekly panel: shoppers who come through the doors, see a shelf of one category, choose and take
// a quantity, or walk on; brands that review prices week by week; stock that is ordered, received and held. It implements env.Environment: every price-setter,
// rivals included, is a player, and the market knows no brain. The market of many sellers, whose shoppers are known one by one, is package market.
package category

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
	recent    [][]float64 // [product] prices of the weeks before this one that the regular price looks back to; week t stands at t modulo their number
	deal      []bool      // whether the posted offer is a deal
	swell     []float64   // log E[exp ξ] of each product's shock
	expected  []float64   // odds that the stock's buyer expects
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
		rung: make([]int, n), previous: make([]int, n), price: make([]float64, n), ref: make([]float64, n), recent: matrix(n, choice.RegularWeeks-1),
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
		panic("category: " + err.Error())
	}
	m.drawShocks()
	for j := range m.cfg.Products {
		p := &m.cfg.Products[j]
		m.rung[j], m.previous[j] = p.Opening, p.Opening
		m.ref[j], m.price[j] = p.Reference, p.Rungs[p.Opening].Price
		for i := range m.recent[j] {
			m.recent[j][i] = p.regular()
		}
		m.recent[j][len(m.recent[j])-1] = m.price[j] // the week before the start
	}
	m.obs.reset(m)
	m.crowd.open(m.streams, m.cfg.Store)
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
		panic("category: Act without a turn")
	}
	if action < 0 || action >= len(m.cfg.Products[m.turn].Rungs) || !m.obs.allowed(action) {
		panic(fmt.Sprintf("category: player %d made offer %d, which its ladder or mask does not hold", m.turn, action))
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
	if !m.store.kept() || m.cfg.Expected { // of which nothing is ordered, since nothing runs out
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
		m.recent[j][m.week%len(m.recent[j])] = m.price[j]
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
