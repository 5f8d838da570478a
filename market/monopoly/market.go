package monopoly

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// Market plays a process. The seller is its only player. It is not safe for concurrent use; make one per goroutine.
//
// In each period one uniform number tells what sells, by inverse transform, one more the reference price where shoppers remember, and one the rival's next price where
// that is random: whatever the prices, an episode of a number meets the same customers.
type Market struct {
	p    *Process
	seed uint64
	seen []float64
	mask []bool

	stream  rng.Stream
	period  int
	state   State
	last    int // rung; −1 before the first
	sold    float64
	reward  float64
	action  int
	stage   stage
	episode tally
	stretch tally
	account results.Metrics // as last told
	week    results.Metrics
}

// stage is what Next does next.
type stage uint8

const (
	opening  stage = iota // tells of the first turn
	waiting               // for Act
	acted                 // plays the period
	finished              // says that there is no more
)

// tally adds periods up.
type tally struct {
	periods, changes                                   int64
	reward, revenue, units, customers, lost, held, sum float64
}

// New checks a problem and returns its market under a master seed, episode 0 open. Errors are of type *field.Error.
func New(cfg *Config, seed uint64) (*Market, error) {
	p, err := NewProcess(cfg)
	if err != nil {
		return nil, err
	}
	return p.Market(seed), nil
}

// Market opens a market under a master seed, episode 0 open.
func (p *Process) Market(seed uint64) *Market {
	m := &Market{p: p, seed: seed, seen: make([]float64, len(p.spec.Features))}
	m.Reset(0)
	return m
}

// Process is what the market plays.
func (m *Market) Process() *Process { return m.p }

// Players is 1.
func (m *Market) Players() int { return 1 }

// Spec is the seller's features and ladder.
func (m *Market) Spec(int) *env.Spec { return &m.p.spec }

// Reset opens an episode.
func (m *Market) Reset(episode uint64) {
	p := m.p
	m.stream = rng.New(m.seed, episode).Family("customers").At()
	m.period, m.last, m.sold, m.stage = 0, -1, math.NaN(), opening
	m.state = State{Stock: p.cfg.Stock, Last: p.lasts - 1, Reference: m.remember(p.start)}
	m.episode, m.stretch = tally{}, tally{}
}

// remember draws the reference price of two neighbours.
func (m *Market) remember(of []Outcome) int {
	if len(m.p.grid) == 1 {
		return 0
	}
	if m.stream.Float64() < of[0].Probability {
		return int(of[0].Next)
	}
	return int(of[1].Next)
}

// Next runs the market to the next turn.
func (m *Market) Next(step *env.TimeStep) bool {
	p := m.p
	step.Player, step.Stage, step.Terminal = 0, env.Mid, false
	step.Reward, step.Discount, step.Elapsed = 0, 1, 0
	switch m.stage {
	case finished:
		return false
	case opening:
		step.Stage = env.First
	case acted:
		m.play()
		step.Reward, step.Discount, step.Elapsed = m.reward, p.cfg.Discount, 1
		if m.p.Over(m.state) || m.period == p.cfg.Reviews {
			step.Stage, step.Terminal = env.Last, m.p.Over(m.state) || !p.Endless()
		}
	}
	m.stage = waiting
	if step.Stage == env.Last {
		m.stage = finished
	}
	p.observe(m.period, &m.state, m.last, m.sold, m.seen)
	m.mask = p.masks[m.state.Last*len(p.grid)+m.state.Reference]
	step.Observation, step.Mask = m.seen, m.mask
	return true
}

// Act posts a price for the period.
func (m *Market) Act(action int) {
	if m.stage != waiting || action < 0 || action >= len(m.mask) || !m.mask[action] {
		panic(fmt.Sprintf("monopoly: rung %d posted out of turn, not on the ladder or not allowed", action))
	}
	m.action, m.stage = action, acted
}

// play plays the period.
func (m *Market) play() {
	p, cfg, s, rung := m.p, m.p.cfg, &m.state, m.action
	phase := m.phase()
	l, price := p.law(phase, s, rung), p.prices[rung]
	sold, lost := l.mean, 0.0
	if cfg.Sales != "expected" {
		u, most := m.stream.Float64(), math.MaxInt
		if cfg.Stock > 0 {
			most = s.Stock
		}
		n := l.draw(u, math.MaxInt)
		sold = float64(min(n, most))
		lost = float64(n) - sold
	}
	change := p.change(s.Last, rung)
	t := tally{periods: 1, revenue: price * sold, units: sold, lost: lost, sum: price}
	t.customers = cfg.Customers * cfg.length()
	if len(cfg.Season) > 0 && cfg.Sales != "binomial" { // there the season says how many of them buy
		t.customers *= cfg.Season[phase]
	}
	if cfg.Stock > 0 {
		s.Stock -= int(sold)
		t.held = cfg.Holding * float64(s.Stock)
	}
	m.reward = float64((price-cfg.Cost)*sold) - t.held - change
	if m.last >= 0 && m.last != rung {
		t.changes = 1
	}
	if m.last, m.sold = rung, sold; p.lasts > 1 {
		s.Last = rung
	}
	at := 2 * (s.Reference*len(p.prices) + rung)
	s.Reference = m.remember(p.remember[at : at+2])
	m.moveRival()
	m.period++
	if p.Endless() {
		s.Phase = m.period % p.phases
	} else if m.period == cfg.Reviews {
		m.reward += p.Salvage(*s)
	}
	t.reward = m.reward
	m.stretch = t
	m.episode.add(&t)
}

func (m *Market) phase() int {
	if m.p.phases == 1 {
		return 0
	}
	return m.period % m.p.phases
}

// moveRival draws the rival's next price.
func (m *Market) moveRival() {
	row := m.p.chain[m.state.Rival]
	if m.p.cfg.Rival == nil || len(m.p.cfg.Rival.Transitions) == 0 {
		m.state.Rival = int(row[0].Next)
		return
	}
	u := m.stream.Float64()
	for i := range row {
		m.state.Rival = int(row[i].Next)
		if u -= row[i].Probability; u < 0 {
			return
		}
	}
}

func (t *tally) add(o *tally) {
	t.periods += o.periods
	t.changes += o.changes
	t.reward += o.reward
	t.revenue += o.revenue
	t.units += o.units
	t.customers += o.customers
	t.lost += o.lost
	t.held += o.held
	t.sum += o.sum
}

// tell writes a tally as an account.
func (t *tally) tell(m *results.Metrics, cfg *Config) *results.Metrics {
	profit := t.revenue - float64(cfg.Cost*t.units)
	*m = results.Metrics{Periods: t.periods, Reward: t.reward, Revenue: t.revenue, Profit: profit, Units: t.units, Customers: t.customers,
		Purchases: t.units, OwnUnits: t.units, OwnRevenue: t.revenue, OwnProfit: profit, LostUnits: t.lost, HoldingCost: t.held, PriceChanges: t.changes}
	if t.periods > 0 {
		m.MeanPrice = t.sum / float64(t.periods)
	}
	return m
}

// Account is what the episode has brought so far; Reward is the sum of the rewards without discount, salvage included. It is borrowed until the next call of
// Next or Reset.
func (m *Market) Account() *results.Metrics { return m.episode.tell(&m.account, m.p.cfg) }

// Week is what the last period has brought, whatever its length; borrowed likewise.
func (m *Market) Week() *results.Metrics { return m.stretch.tell(&m.week, m.p.cfg) }
