package optimum

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/market/monopoly"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// Monopoly is a pricing problem solved exactly. Values are of the problem's own criterion, from its opening on: the expected (discounted) sum of an episode's rewards, the
// discounted sum without end, or the average a period. It is read-only and safe for concurrent use.
type Monopoly struct {
	Value float64   // of the optimum
	Bound float64   // the true one lies within this
	Fixed []float64 // value of each rung as a fixed price; where it is not allowed the nearest that is stands
	Best  int       // the rung of the best fixed price

	process *monopoly.Process
	phases  []*MDP      // episodic: by place in the season; else one
	actions [][]int     // [period or 0][state] best rung
	values  [][]float64 // likewise; episodic: and after the last period; average: relative
}

const mostOutcomes = 1 << 25 // that a process may have in memory

// SolveMonopoly solves a problem: an episodic one by backward induction, a discounted one by policy iteration, an average one by relative value iteration. The
// result does not depend on the number of workers. The error is a *field.Error where the process is too large to be kept.
func SolveMonopoly(p *monopoly.Process, workers int) (*Monopoly, error) {
	m := &Monopoly{process: p}
	if err := m.build(workers); err != nil {
		return nil, err
	}
	switch cfg := p.Config(); cfg.Criterion {
	case "episodic":
		m.induct()
		m.Value = m.open(m.values[0])
	case "discounted":
		s, err := m.phases[0].PolicyIteration(cfg.Discount, m.tolerance()/(1-cfg.Discount), maxSweeps)
		if err != nil {
			return nil, err
		}
		m.values, m.actions, m.Value, m.Bound = [][]float64{s.Values}, [][]int{s.Actions}, m.open(s.Values), s.Bound
	default:
		s, err := m.phases[0].Average(m.tolerance(), maxSweeps)
		if err != nil {
			return nil, err
		}
		m.values, m.actions, m.Value, m.Bound = [][]float64{s.Values}, [][]int{s.Actions}, s.Gain, s.Bound
	}
	for rung := range p.Spec().Offers {
		value, err := m.value(true, func(_ int, s monopoly.State, chances []float64) error {
			allowed := p.Allowed(s)
			chances[policies.Nearest(p.Spec(), allowed, p.Spec().Offers[rung].Price, "")] = 1
			return nil
		})
		if err != nil {
			return nil, err
		}
		if m.Fixed = append(m.Fixed, value); value > m.Fixed[m.Best] {
			m.Best = rung
		}
	}
	return m, nil
}

// build keeps the rows.
func (m *Monopoly) build(workers int) error {
	p := m.process
	states, actions, phases := p.States(), len(p.Spec().Offers), 1
	if !p.Endless() {
		phases = p.Phases()
	}
	size := 0
	tooLarge := func(n int) error {
		return field.New("problem", fmt.Sprintf("%d states of %d prices with %d outcomes or more", states, actions, n), fmt.Sprintf("at most %d, to be solved exactly", mostOutcomes))
	}
	if n := float64(states) * float64(actions) * float64(phases); n > mostOutcomes {
		return tooLarge(int(n))
	}
	var found []monopoly.Outcome
	var row []Outcome
	for phase := range phases {
		mdp := &MDP{States: states, Actions: actions, Workers: workers}
		for number := range states {
			s := p.State(number)
			allowed := p.Allowed(s)
			for a := range actions {
				reward, next := p.Row(phase, s, a, found[:0])
				found, row = next, row[:0]
				for _, o := range next {
					row = append(row, Outcome(o))
				}
				if !allowed[a] {
					reward, row = math.Inf(-1), append(row[:0], Outcome{int32(number), 1})
				}
				mdp.Append(reward, row...)
				if size += len(row); size > mostOutcomes {
					return tooLarge(size)
				}
			}
		}
		if err := mdp.check(); err != nil {
			return err
		}
		m.phases = append(m.phases, mdp)
	}
	if n := float64(states) * float64(p.Periods()); !p.Endless() && n > mostOutcomes/2 {
		return field.New("problem", fmt.Sprintf("%d states in %d periods", states, p.Periods()), fmt.Sprintf("at most %d together, to be solved exactly", mostOutcomes/2))
	}
	return nil
}

// tolerance is a share of the largest reward of a period.
func (m *Monopoly) tolerance() float64 {
	most := 0.0
	for _, r := range m.phases[0].Rewards {
		if !math.IsInf(r, -1) {
			most = max(most, math.Abs(r))
		}
	}
	return 1e-9 * max(most, 1e-9)
}

// salvage is what states are worth after the last period. It comes with the last reward, and is discounted as little.
func (m *Monopoly) salvage() []float64 {
	values := make([]float64, m.process.States())
	if d := m.process.Config().Discount; d > 0 {
		for number := range values {
			values[number] = m.process.Salvage(m.process.State(number)) / d
		}
	}
	return values
}

// induct goes backward through the periods.
func (m *Monopoly) induct() {
	p := m.process
	m.actions, m.values = make([][]int, p.Periods()), make([][]float64, p.Periods()+1)
	m.values[p.Periods()] = m.salvage()
	for t := p.Periods() - 1; t >= 0; t-- {
		mdp := m.phases[t%len(m.phases)]
		m.actions[t], m.values[t] = make([]int, p.States()), make([]float64, p.States())
		mdp.sweep(p.Config().Discount, mdp.Rewards, m.values[t+1], m.values[t], m.actions[t])
	}
}

// Loss is what posting a rung in a state gives up, all later prices being the best: V(s) − Q(s, a). Its sum over a learner's turns is its regret, expected over what
// chance does after each (Kakade & Langford 2002, lemma 6.1); of a discounted problem each turn counts with its own present.
func (m *Monopoly) Loss(period int, s monopoly.State, rung int) float64 {
	if m.process.Over(s) {
		return 0
	}
	at, next, discount := 0, 0, m.process.Config().Discount
	switch {
	case !m.process.Endless():
		at, next = period, period+1
	case m.process.Config().Criterion == "average":
		discount = 1
	}
	mdp, number := m.phases[at%len(m.phases)], m.process.Number(s)
	best := m.actions[at][number]
	if rung == best {
		return 0
	}
	return mdp.worth(number, best, discount, m.values[next]) - mdp.worth(number, rung, discount, m.values[next])
}

// open is the value at the opening.
func (m *Monopoly) open(values []float64) float64 {
	sum := 0.0
	for _, o := range m.process.Opening() {
		sum += float64(o.Probability * values[o.Next])
	}
	return sum
}

// law tells the chances of the rungs, all 0 at first, in each period and state.
type law func(period int, s monopoly.State, chances []float64) error

// asker is what puts a law's chances in a period, [state][rung], in place of those of another.
func (m *Monopoly) asker(decide law) (chances []float64, ask func(period int) error) {
	p := m.process
	states, actions := p.States(), len(p.Spec().Offers)
	chances = make([]float64, states*actions)
	return chances, func(period int) error {
		clear(chances)
		for number := range states {
			s, at := p.State(number), chances[number*actions:][:actions]
			if p.Over(s) {
				at[slices.Index(p.Allowed(s), true)] = 1
			} else if err := decide(period, s, at); err != nil {
				return err
			}
		}
		return m.phases[0].checkPolicy(chances)
	}
}

// value is that of a policy. One that does not look at the period is asked once.
func (m *Monopoly) value(timeless bool, decide law) (float64, error) {
	cfg := m.process.Config()
	if !m.process.Endless() {
		return m.episode(timeless, m.salvage(), cfg.Discount, decide)
	}
	chances, ask := m.asker(decide)
	err := ask(0)
	if err != nil {
		return 0, err
	}
	var values []float64
	if cfg.Criterion == "discounted" {
		values, err = m.phases[0].EvaluateDiscounted(chances, cfg.Discount, m.tolerance()/(1-cfg.Discount), maxSweeps)
	} else {
		values, err = m.phases[0].EvaluateAverage(chances, m.tolerance(), maxSweeps)
	}
	if err != nil {
		return 0, err
	}
	return m.open(values), nil
}

// episode goes backward through the reviews of one episode, from what states are worth after it.
func (m *Monopoly) episode(timeless bool, values []float64, discount float64, decide law) (float64, error) {
	p := m.process
	chances, ask := m.asker(decide)
	before := make([]float64, len(values))
	for t := p.Periods() - 1; t >= 0; t-- {
		if !timeless || t == p.Periods()-1 {
			if err := ask(t); err != nil {
				return 0, err
			}
		}
		mdp := m.phases[t%len(m.phases)]
		mdp.follow(chances, discount, mdp.Rewards, values, before)
		values, before = before, values
	}
	return m.open(values), nil
}

// lots is with how many uniform numbers, equally spaced, a policy that draws its offer is asked.
const lots = 1000

// Evaluate is the exact value of a frozen policy, without noise; of one that draws its offers by the propensities it tells, but for offers that it makes less often than
// once in 1,000. The policy sees observations as the market tells them, except for what the state does not hold: the units sold in the last period are
// missing, and the last price too unless the process hangs on it. The error is a *field.Error when it makes an offer that is not allowed, and when a frozen policy looks at
// what would be missing.
func (m *Monopoly) Evaluate(policy policies.Policy) (float64, error) {
	decide, err := m.lawOf(policy)
	if err != nil {
		return 0, err
	}
	return m.value(false, decide)
}

// EpisodeValue is what a policy is expected to earn in one episode as the market plays it, which cuts a problem without end off after its reviews: (discounted) $, and
// where the criterion is the average $ a period. Of an episodic problem it is Evaluate, and so are its errors.
func (m *Monopoly) EpisodeValue(policy policies.Policy) (float64, error) {
	p := m.process
	if !p.Endless() {
		return m.Evaluate(policy)
	}
	decide, err := m.lawOf(policy)
	if err != nil {
		return 0, err
	}
	discount, share := p.Config().Discount, 1.
	if p.Config().Criterion == "average" {
		discount, share = 1, 1/float64(p.Periods())
	}
	sum, err := m.episode(false, make([]float64, p.States()), discount, decide)
	return float64(share * sum), err
}

// lawOf is how a policy decides, asked with lots.
func (m *Monopoly) lawOf(policy policies.Policy) (law, error) {
	p := m.process
	if frozen, ok := policy.(policies.Frozen); ok {
		for i, f := range p.Spec().Features {
			if !p.Tells(i) && frozen.About().LooksAt(i) {
				return nil, field.New("policy", "one that looks at "+f.Name, "one that looks at what the problem hangs on alone, for an exact value")
			}
		}
	}
	seen := make([]float64, len(p.Spec().Features))
	return func(period int, s monopoly.State, chances []float64) error {
		p.Observe(period, s, seen)
		total := 0.0
		for k := range lots {
			d := policy.Decide(seen, (float64(k)+0.5)/lots)
			if d.Action < 0 || d.Action >= len(chances) {
				return field.New("policy", d.Action, fmt.Sprintf("one of %d offers", len(chances)))
			}
			if chances[d.Action] == 0 {
				chances[d.Action] = d.Propensity
				if total += d.Propensity; total > 1-1e-9 {
					break
				}
			}
		}
		for a := range chances {
			chances[a] /= total
		}
		return nil
	}, nil
}

// Score is how good a policy is.
type Score struct {
	Value     float64 `json:"value"`
	OfOptimum float64 `json:"of_optimum"` // value over that of the optimum
	GapClosed float64 `json:"gap_closed"` // share of the way from the best fixed price to the optimum; NaN where the best fixed price is the optimum
}

// Score holds a value against the optimum.
func (m *Monopoly) Score(value float64) Score {
	s := Score{Value: value, OfOptimum: value / m.Value, GapClosed: math.NaN()}
	if gap := m.Value - m.Fixed[m.Best]; gap > 1e-9*math.Abs(m.Value) {
		s.GapClosed = (value - m.Fixed[m.Best]) / gap
	}
	return s
}

// FixedPolicy posts the best fixed price, or the nearest that is allowed.
func (m *Monopoly) FixedPolicy() policies.Policy {
	q := &shares{process: m.process, rivals: m.process.Rivals(), mixes: make([][]lot, m.process.Phases()*m.process.Rivals()), name: "best fixed price"}
	for g := range q.mixes {
		q.mixes[g] = []lot{{m.Best, 1}}
	}
	return q
}

// Policy is the optimum as a policy: the lowest rung among equals.
func (m *Monopoly) Policy() policies.Policy { return &dynamic{m} }

type dynamic struct{ m *Monopoly }

// Decide implements policies.Policy.
func (d *dynamic) Decide(observation []float64, _ float64) policies.Decision {
	period, s := d.m.process.Locate(observation)
	row := d.m.actions[min(max(period, 0), len(d.m.actions)-1)]
	return decision(d.m.process.Spec(), row[d.m.process.Number(s)], 1, "dynamic programme")
}

func decision(spec *env.Spec, action int, propensity float64, revision string) policies.Decision {
	o := &spec.Offers[action]
	return policies.Decision{Action: action, Price: o.Price, Promotion: o.Promotion, Propensity: propensity, Revision: revision}
}
