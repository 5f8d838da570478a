package train_test

import (
	"math"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// market is a seller of one product whose customers remember prices: a reference price r' = m·r + (1−m)·p, rounded to a
// grid so that there are finitely many states, and profit (p − c)·exp(−b·p + g·max(r − p, 0) − l·max(p − r, 0) + ξ). A
// rival, player 1, is on deal or not by its own policy and takes a share when it is. ξ is AR(1) noise, absent where sd
// is 0.
type market struct {
	memory, cost, slope, gain, loss float64
	rival                           float64 // share of the sales that a rival's deal leaves
	sd, rho                         float64 // of ξ
	horizon                         int
	terminal                        bool
	master                          uint64

	specs         [2]env.Spec
	week          int
	turn          int // 0, 1: whose; 2, 3: last steps
	reference     int // index on the grid
	deal          int
	shock         float64
	noise         rng.Stream
	rewards       [2]float64
	actions       [2]int
	observation   [2][3]float64
	masks         [2][]bool
	account, last results.Metrics
}

const (
	gridPoints = 40
	gridFrom   = 0.54
	gridTo     = 0.97
)

func grid(k int) float64 { return gridFrom + (gridTo-gridFrom)*float64(k)/(gridPoints-1) }

func snap(r float64) int {
	return int(math.Round((r - gridFrom) / (gridTo - gridFrom) * (gridPoints - 1)))
}

// newMarket has about the coefficients of the flagship scenario.
func newMarket(master uint64) *market {
	m := &market{memory: 0.3, cost: 0.5, slope: 2.5, gain: 6.1, loss: 0.5, rival: 0.6, horizon: 52, master: master}
	m.specs[0].Features = []env.Feature{{Name: "reference_price"}, {Name: "rival_on_deal"}, {Name: "week"}}
	for a := range 13 {
		m.specs[0].Offers = append(m.specs[0].Offers, env.Offer{Price: gridFrom + (gridTo-gridFrom)*float64(a)/12})
	}
	m.specs[0].Limits = []env.Limit{{Feature: "reference_price", Drop: 0.30}}
	m.specs[1].Features = []env.Feature{{Name: "own_rung"}}
	m.specs[1].Offers = []env.Offer{{Price: 0.9}, {Price: 0.7}}
	for p := range m.masks {
		m.masks[p] = make([]bool, len(m.specs[p].Offers))
	}
	return m
}

// encoder makes each grid point a state of its own.
func encoder() policies.Encoder {
	half := (gridTo - gridFrom) / (gridPoints - 1) / 2
	return policies.Encoder{Dimensions: []policies.Dimension{
		policies.Uniform("reference_price", 0, gridFrom-half, gridTo+half, gridPoints),
		{Feature: "rival_on_deal", Index: 1, Edges: []float64{0.5}},
	}}
}

func (m *market) Players() int              { return 2 }
func (m *market) Spec(p int) *env.Spec      { return &m.specs[p] }
func (m *market) Account() *results.Metrics { return &m.account }
func (m *market) Week() *results.Metrics    { return &m.last }
func (m *market) profit(r, a, deal int) float64 {
	p := m.specs[0].Offers[a].Price
	d := grid(r) - p
	x := -m.slope*p + m.gain*max(d, 0) + m.loss*min(d, 0)
	if deal == 1 {
		x += math.Log(m.rival)
	}
	return 10 * (p - m.cost) * math.Exp(x)
}

func (m *market) next(r, a int) int {
	return snap(m.memory*grid(r) + (1-m.memory)*m.specs[0].Offers[a].Price)
}

func (m *market) Reset(episode uint64) {
	streams := rng.New(m.master, episode)
	start := streams.Family("start").At()
	m.noise = streams.Family("shocks").At()
	m.week, m.turn, m.deal = 0, 0, 0
	m.reference = start.Intn(gridPoints)
	m.shock = m.sd * m.noise.Normal()
	m.account, m.last = results.Metrics{}, results.Metrics{}
}

func (m *market) Next(step *env.TimeStep) bool {
	p := m.turn % 2
	if m.turn > 3 {
		return false
	}
	m.observation[0] = [3]float64{grid(m.reference), float64(m.deal), float64(m.week)}
	m.observation[1] = [3]float64{float64(m.deal)}
	*step = env.TimeStep{
		Player: p, Stage: env.Mid, Observation: m.observation[p][:len(m.specs[p].Features)], Mask: m.masks[p],
		Reward: m.rewards[p], Discount: 0.95, Elapsed: 1,
	}
	m.specs[p].Allow(step.Observation, step.Mask)
	if m.week == 0 {
		step.Stage = env.First
	}
	if m.turn >= 2 {
		step.Stage, step.Terminal = env.Last, m.terminal
		m.turn++
	}
	return true
}

func (m *market) Act(action int) {
	if !m.masks[m.turn][action] {
		panic("masked")
	}
	m.actions[m.turn] = action
	if m.turn++; m.turn < 2 {
		return
	}
	m.rewards[0] = m.profit(m.reference, m.actions[0], m.deal) * math.Exp(m.shock-m.sd*m.sd/2)
	m.last = results.Metrics{Periods: 1, Reward: m.rewards[0], MeanPrice: m.specs[0].Offers[m.actions[0]].Price}
	m.account.Add(&m.last)
	m.reference, m.deal = m.next(m.reference, m.actions[0]), m.actions[1]
	m.shock = m.rho*m.shock + m.sd*math.Sqrt(1-m.rho*m.rho)*m.noise.Normal()
	m.week++
	m.turn = 0
	if m.week == m.horizon {
		m.turn = 2
	}
}

// rivalChain is the rival's Markov chain: P[deal now][deal next].
var rivalChain = [2][2]float64{{0.8, 0.2}, {0.5, 0.5}}

// solve finds the optimal values by value iteration: v[r][deal].
func (m *market) solve(discount float64) (v [gridPoints][2]float64, policy [gridPoints][2]int) {
	mask := make([]bool, len(m.specs[0].Offers))
	for range 600 {
		old := v
		for r := range v {
			for d := range v[r] {
				m.specs[0].Allow([]float64{grid(r), float64(d), 0}, mask)
				best := math.Inf(-1)
				for a, ok := range mask {
					n := m.next(r, a)
					if q := m.profit(r, a, d) + discount*(rivalChain[d][0]*old[n][0]+rivalChain[d][1]*old[n][1]); ok && q > best {
						best, policy[r][d] = q, a
					}
				}
				v[r][d] = best
			}
		}
	}
	return v, policy
}

// value is what following a choice of offers is worth, averaged over the starting states: by iteration, for discounts
// below 1.
func (m *market) value(discount float64, choose func(r, d int) int) float64 {
	var v [gridPoints][2]float64
	for range 600 {
		old := v
		for r := range v {
			for d := range v[r] {
				a := choose(r, d)
				n := m.next(r, a)
				v[r][d] = m.profit(r, a, d) + discount*(rivalChain[d][0]*old[n][0]+rivalChain[d][1]*old[n][1])
			}
		}
	}
	sum := 0.0
	for r := range v {
		sum += v[r][0]
	}
	return sum / gridPoints
}
