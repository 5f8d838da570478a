package agents

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
)

// Tabular are the parameters that tabular learners share.
type Tabular struct {
	LearningRate LearningRate `toml:"learning_rate" json:"learning_rate" doc:"step size of an update"`
	Exploration  Exploration  `toml:"exploration" json:"exploration" doc:"how often an offer is made at random while learning"`
	// Initial is every value before the first update. Far above what can be earned it makes the learner try everything
	// (optimism); far below it makes it stay with the first thing that works.
	Initial float64 `toml:"initial" json:"initial" doc:"every value before the first update, where warmup is 0; $"`
	// Warmup is a number of transitions, played at random, from which nothing is learned but their mean reward r̄ and
	// discount γ̄; then every value is set to r̄/(1 − γ̄), the worth of playing on like this for ever, in place of
	// Initial. Where episodes end their last transitions count with γ = 0, so that it is about the worth of one episode.
	// (Calvano et al. 2020 start from the same quantity, computed.) 0 turns it off.
	Warmup int `toml:"warmup" json:"warmup" doc:"transitions played at random, whose mean reward sets the initial values; 0: none"`
	// Optimism raises what Warmup sets by a share of its size: 0.5 starts half above the worth of random play, which
	// makes the learner try each offer until it knows better.
	Optimism float64 `toml:"optimism" json:"optimism" doc:"share by which warmup's values are raised, so that every offer is tried"`
	// Average is η of polynomial-decay averaging (Polyak & Juditsky 1992; the weights are those of Shamir & Zhang 2013,
	// ICML, §4.2): the frozen policy is read from the mean of the whole table over all updates, in which the table
	// after update t weighs about t^η, while learning goes on with the latest. All entries share one clock: means over
	// the updates of each entry alone would compare values of different times, and while values still drift that picks
	// the wrong offers. For the same reason the offers of a state are averaged over the same updates, from the first of the
	// last offer tried there: what an offer was before it was tried is the initial value, which learning forgets, and a
	// mean must not bring back. 0 turns averaging off.
	Average int `toml:"average" json:"average" doc:"the policy is read from a mean of tables, in which the one after update t weighs t^average; 0: the last"`
	// Ties says which of equally good offers is the greedy one while learning. The frozen policy takes the lowest index.
	Ties string `toml:"ties,omitzero" json:"ties,omitempty" doc:"greedy offer among equals while learning: lowest, the first of the ladder, which it is where nothing is said; random"`
}

// defaults suit rewards that are positive and noisy (half their size) and gaps between good offers that are small (a
// hundredth of a value): of those tried on the market of remembered prices in agents/train's tests, they are the ones
// with which both learners did well at once. Without optimism SARSA settles on what it met first; without the mean
// Q-learning's greedy offers flicker.
func defaults() Tabular {
	return Tabular{
		LearningRate: LearningRate{Kind: "visits", Power: 0.6},
		Exploration:  Exploration{Kind: "linear", From: 0.3, To: 0.02},
		Warmup:       2000,
		Optimism:     0.5,
		Average:      3,
	}
}

// Validate implements Params.
func (p *Tabular) Validate() error {
	if err := p.LearningRate.validate(); err != nil {
		return err
	}
	if err := p.Exploration.validate(); err != nil {
		return err
	}
	switch {
	case math.IsNaN(p.Initial) || math.IsInf(p.Initial, 0):
		return field.New("initial", p.Initial, "a finite number")
	case p.Warmup < 0:
		return field.New("warmup", p.Warmup, "at least 0 transitions")
	case !(p.Optimism >= 0 && p.Optimism <= 1e6):
		return field.New("optimism", p.Optimism, "at least 0")
	case p.Average < 0 || p.Average > 8:
		return field.New("average", p.Average, "0 (none) to 8")
	case p.Ties != "" && p.Ties != "lowest" && p.Ties != "random":
		return field.New("ties", p.Ties, "lowest or random")
	}
	return nil
}

// Explore implements Params.
func (p *Tabular) Explore(at Moment) float64 { return p.Exploration.At(at) }

// WarmupTransitions implements Params.
func (p *Tabular) WarmupTransitions() int { return p.Warmup }

// table is a Q table with everything that tabular learners do to one: they embed it.
type table struct {
	task                Task
	params              Tabular
	rates               rates
	soft, byState, fair bool // exploration is Boltzmann's; falls with the visits of a state; equals are chosen by lot
	offers              int
	values              []float64 // [state*offers+action]
	visits              []uint32  // likewise: updates of an entry
	best                []int32   // [state], the greedy offer where none is masked, kept up to date so that no step scans the row
	turns               uint64    // how often one of best has changed in an update
	odds                []float64 // [action], scratch: a law of the offers
	equals              []bool    // [action], scratch: offers as good as the greedy one
	rate                float64   // of the latest update
	clock               float64   // updates of the whole table
	sum                 []float64 // like values: Σ weight·value over the updates from begun to the entry's latest; nil when not averaging
	since               []float64 // likewise: the weight of all updates before the entry's latest, at least begun
	begun               []float64 // [state], likewise: before the first of the last offer tried; the means are over what comes after

	parts []part // what the learner keeps beside the table, for checkpoints

	warm                    float64 // transitions of the warm-up still to come
	sumReward, sumDiscount0 float64 // of those that were: Σ r and Σ (1 − γ), γ = 0 where they end
}

func newTable(params *Tabular, task Task) (table, error) {
	if err := params.Validate(); err != nil {
		return table{}, err
	}
	if err := task.Encoder.Validate(task.Spec); err != nil {
		return table{}, err
	}
	offers := len(task.Spec.Offers)
	if offers == 0 {
		return table{}, field.New("offers", "none", "at least one")
	}
	n := task.Encoder.States() * offers
	t := table{
		task: task, params: *params, rates: params.LearningRate.rates(), offers: offers, warm: float64(params.Warmup),
		odds: make([]float64, offers), equals: make([]bool, offers), values: make([]float64, n), visits: make([]uint32, n), best: make([]int32, task.Encoder.States()),
	}
	t.soft, t.byState, t.fair = params.Exploration.boltzmann(), params.Exploration.Kind == "visits", params.Ties == "random"
	if params.Average > 0 {
		t.sum, t.since, t.begun = make([]float64, n), make([]float64, n), make([]float64, len(t.best))
	}
	t.fill(params.Initial)
	if task.Values == nil {
		return t, nil
	}
	if len(task.Values) != n {
		return table{}, field.New("values", len(task.Values), fmt.Sprintf("%d states × %d offers", task.Encoder.States(), offers))
	}
	if task.Visits != nil && len(task.Visits) != n {
		return table{}, field.New("visits", len(task.Visits), fmt.Sprintf("none or %d", n))
	}
	copy(t.values, task.Values)
	copy(t.visits, task.Visits)
	t.task.Values, t.task.Visits, t.warm = nil, nil, 0
	for s := range t.best {
		t.best[s] = int32(highest(t.row(s)))
	}
	return t, nil
}

func (t *table) fill(value float64) {
	for i := range t.values {
		t.values[i] = value
	}
	clear(t.best)
}

// greedy returns the best allowed offer, the lowest index among equals.
func (t *table) greedy(s *State) int {
	if best := int(t.best[s.Index]); s.Mask[best] {
		return best
	}
	return t.search(s)
}

// search is greedy where the best offer is not allowed.
func (t *table) search(s *State) int { return highestAllowed(t.row(s.Index), s.Mask) }

// highestAllowed returns the first of the highest values that a mask allows.
func highestAllowed(row []float64, mask []bool) int {
	best := -1
	for a, ok := range mask[:len(row)] {
		if ok && (best < 0 || row[a] > row[best]) {
			best = a
		}
	}
	return max(best, 0)
}

func (t *table) row(state int) []float64 { return t.values[state*t.offers:][:t.offers] }

// highest returns the first of the highest values. They are compared as integers that sort like the numbers, because
// the compiler makes that a conditional move; comparing floats is a branch, which the processor guesses wrong too often.
func highest(row []float64) int {
	top := int64(math.MinInt64)
	for _, v := range row {
		bits := int64(math.Float64bits(v + 0)) // −0 becomes 0
		top = max(top, bits^bits>>63&math.MaxInt64)
	}
	value := math.Float64frombits(uint64(top ^ top>>63&math.MaxInt64))
	for a, v := range row {
		if v == value {
			return a
		}
	}
	return 0
}

// value is Q(s, a).
func (t *table) value(s *State, action int) float64 { return t.values[s.Index*t.offers+action] }

// target is what Q-learning moves a value towards: r + γ·max_a' Q(s', a').
func (t *table) target(x *Transition) float64 {
	if x.Terminal {
		return x.Reward
	}
	return x.Reward + float64(x.Discount*t.value(x.Next, t.greedy(x.Next)))
}

// update moves Q(s, a) towards a target by the entry's own step size.
func (t *table) update(state, action int, target float64) {
	t.visit(state, action)
	now := t.values[state*t.offers+action]
	t.set(state, action, now+float64(t.rate*(target-now)))
	t.clock++
}

// visit counts an update of Q(s, a) that is to come, and finds its step size.
func (t *table) visit(state, action int) {
	n := &t.visits[state*t.offers+action]
	if *n < math.MaxUint32 {
		*n++
	}
	if t.rate = t.rates.at(*n); t.rates.byState {
		t.rate = t.rates.at(t.tries(state))
	}
	if *n == 1 && t.sum != nil {
		t.begin(state)
	}
}

// stepSize is that of the latest update of Q(s, a).
func (t *table) stepSize(state, action int) float64 {
	if t.rates.byState {
		return t.rates.at(t.tries(state))
	}
	return t.rates.at(t.visits[state*t.offers+action])
}

// tries is the number of updates of a state's offers.
func (t *table) tries(state int) uint32 {
	n := uint64(0)
	for _, v := range t.visits[state*t.offers:][:t.offers] {
		n += uint64(v)
	}
	return uint32(min(n, math.MaxUint32))
}

// set changes Q(s, a), with what hangs on it.
func (t *table) set(state, action int, now float64) {
	i := state*t.offers + action
	before := t.values[i]
	t.values[i] = now
	best := int(t.best[state])
	if action == best {
		if now < before {
			action = highest(t.row(state))
		}
	} else if top := t.values[state*t.offers+best]; now < top || now == top && action > best {
		action = best
	}
	if action != best {
		t.best[state] = int32(action)
		t.turns++
	}
	if t.sum != nil {
		t.remember(i, before)
	}
}

// remember adds the value that an entry had until now to its mean.
func (t *table) remember(i int, before float64) {
	weight := t.weight()
	t.sum[i] += float64(before * (weight - t.since[i]))
	t.since[i] = weight
}

// begin starts the means of a state's offers afresh.
func (t *table) begin(state int) {
	weight := t.weight()
	t.begun[state] = weight
	for i := state * t.offers; i < (state+1)*t.offers; i++ {
		t.sum[i], t.since[i] = 0, weight
	}
}

// weight is that of all updates so far: clock^(η+1).
func (t *table) weight() float64 {
	w := t.clock
	for range t.params.Average {
		w *= t.clock
	}
	return w
}

// averaged returns the mean table.
func (t *table) averaged() []float64 {
	mean := append([]float64(nil), t.values...)
	if t.sum == nil {
		return mean
	}
	total := t.weight()
	for i, now := range mean {
		if known := total - t.begun[i/t.offers]; known > 0 {
			mean[i] = (t.sum[i] + float64(now*(total-t.since[i]))) / known
		}
	}
	return mean
}

// warming counts a transition into the warm-up, and says whether it was part of it.
func (t *table) warming(x *Transition) bool { return t.warm > 0 && t.warmUp(x) }

func (t *table) warmUp(x *Transition) bool {
	t.sumReward += x.Reward
	if x.Terminal {
		t.sumDiscount0++ // nothing follows
	} else {
		t.sumDiscount0 += 1 - x.Discount
	}
	if t.warm--; t.warm == 0 && t.sumDiscount0 > 0 {
		worth := t.sumReward / t.sumDiscount0
		t.fill(worth + float64(t.params.Optimism*math.Abs(worth)))
	}
	return true
}

// WarmingUp implements Agent.
func (t *table) WarmingUp() bool { return t.warm > 0 }

// LearningRate implements Agent.
func (t *table) LearningRate() float64 { return t.rate }

// Policy implements Agent: the greedy policy of the values, or of their average.
func (t *table) Policy() (policies.Policy, error) {
	return policies.NewTable(t.task.Spec, t.task.Encoder, t.averaged(), append([]uint32(nil), t.visits...), 0)
}
