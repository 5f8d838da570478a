package agents

import (
	"math"
	"slices"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// SemiGradient are the parameters of learners whose values are linear in features of the state, q(s, a) = w_a·φ(s).
//
// A step is that of semi-gradient methods (Sutton & Barto 2018, §9.3), w_a ← w_a + α·(target − q(s, a))·φ(s), with the step sizes of
// Konidaris, Osentoski & Thomas (2011) for the terms of a Fourier series, all divided by Σ κ_i·φ_i²: so that α = 1 moves q(s, a) to the target, as it
// does in a table. With tiles that is their number of tilings (Sutton & Barto, eq. 9.19); with a Fourier series it is a
// deviation (normalised least mean squares). By visits, α counts the updates of each weight;
// a Fourier series, whose weights are all moved by every update, wants it to fall slower (a power of about 0.4).
//
// The frozen policy is read from a mean of the weights over all updates, by polynomial decay (Shamir & Zhang 2013), each weight's beginning
// with its first: what it was before is the initial value.
type SemiGradient struct {
	LearningRate LearningRate `toml:"learning_rate" json:"learning_rate" doc:"step size of an update, as of a table"`
	Exploration  Exploration  `toml:"exploration" json:"exploration" doc:"how often an offer is made at random while learning"`
	Basis        Basis        `toml:"basis" json:"basis" doc:"the features in which values are linear"`
	Initial      float64      `toml:"initial" json:"initial" doc:"every value before the first update, where warmup is 0; $"`
	Warmup       int          `toml:"warmup" json:"warmup" doc:"transitions played at random, whose mean reward sets the initial values; 0: none"`
	Optimism     float64      `toml:"optimism" json:"optimism" doc:"share by which warmup's values are raised, so that every offer is tried"`
	Average      int          `toml:"average" json:"average" doc:"the policy is read from a mean of weights, in which those after update t weigh t^average; 0: the last"`
}

func defaultSemiGradient() SemiGradient {
	return SemiGradient{
		LearningRate: LearningRate{Kind: "visits", Power: 0.6},
		Exploration:  Exploration{Kind: "linear", From: 0.3, To: 0.02},
		Basis:        defaultBasis(), Warmup: 2000, Optimism: 0.1, Average: 3,
	}
}

// Validate implements Params.
func (p *SemiGradient) Validate() error {
	if err := p.LearningRate.validate(); err != nil {
		return err
	}
	if p.LearningRate.Kind == "state-visits" {
		return field.New("learning_rate.kind", p.LearningRate.Kind, "constant, visits or unbiased: an approximation counts no visits of a state")
	}
	if err := p.Exploration.validateApproximate(); err != nil {
		return err
	}
	if err := p.Basis.validate(); err != nil {
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
	}
	return nil
}

// Explore implements Params.
func (p *SemiGradient) Explore(at Moment) float64 { return p.Exploration.At(at) }

// WarmupTransitions implements Params.
func (p *SemiGradient) WarmupTransitions() int { return p.Warmup }

// linear is a function of state and offer that is linear in features.
type linear struct {
	opening
	features
	task         Task
	params       SemiGradient
	rates        rates
	offers       int
	weights      []float64  // [feature*offers+action]
	visits       []float64  // likewise: updates
	sum, since   []float64  // likewise: Σ importance·weight over the updates up to the weight's latest; the importance of all before it
	begun        []float64  // likewise: before its first
	clock        [1]float64 // updates of all
	values, odds []float64  // [action], scratch
	rate         [1]float64
}

func newLinear(params *SemiGradient, task Task) (linear, error) {
	if err := params.Validate(); err != nil {
		return linear{}, err
	}
	f, err := newFeatures(&params.Basis, &task, 5*len(task.Spec.Offers))
	if err != nil {
		return linear{}, err
	}
	if task.Values != nil {
		return linear{}, field.New("values", "a table", "none: this learner has no table")
	}
	offers := len(task.Spec.Offers)
	n := f.basis.Size() * offers
	l := linear{opening: opening{float64(params.Warmup)}, features: f, task: task, params: *params, rates: params.LearningRate.rates(), offers: offers,
		weights: make([]float64, n), visits: make([]float64, n), sum: make([]float64, n), since: make([]float64, n), begun: make([]float64, n), values: make([]float64, offers), odds: make([]float64, offers)}
	l.fill(params.Initial)
	return l, nil
}

func (l *linear) fill(value float64) {
	for a := range l.offers {
		l.level(l.weights, l.offers, a, value)
	}
}

// evaluate makes the values of all offers at an observation.
func (l *linear) evaluate(observation []float64) []float64 {
	l.at(observation)
	clear(l.values)
	for k, i := range l.index {
		policies.Axpy(l.value[k], l.weights[int(i)*l.offers:][:l.offers], l.values)
	}
	return l.values
}

// act makes an offer; the values of all are then in l.values.
func (l *linear) act(s *State, exploration float64, stream *rng.Stream) (action int, exploring bool) {
	if l.WarmingUp() {
		exploration = math.Inf(1)
	}
	return choose(&l.params.Exploration, l.evaluate(s.Observation), l.odds, s.Mask[:l.offers], exploration, stream)
}

// warming counts a transition into the warm-up, and says whether it was part of it.
func (l *linear) warming(x *Transition) bool {
	if !l.WarmingUp() {
		return false
	}
	if l.count(x); !l.WarmingUp() && l.worth() != 0 {
		l.fill(l.worth() + float64(l.params.Optimism*math.Abs(l.worth())))
	}
	return true
}

// update moves q(observation, action) towards a target.
func (l *linear) update(observation []float64, action int, target float64) {
	l.at(observation)
	step, before := (target-l.of(l.weights, l.offers, action))/l.norm(), importance(l.clock[0], l.params.Average)
	for k, i := range l.index {
		at := int(i)*l.offers + action
		if l.value[k] == 0 {
			continue
		}
		if l.visits[at]++; l.visits[at] == 1 {
			l.begun[at] = before
		} else {
			l.sum[at] += float64(l.weights[at] * (before - l.since[at]))
		}
		l.since[at] = before
		l.rate[0] = l.rates.at(uint32(min(l.visits[at], math.MaxUint32)))
		l.weights[at] += float64(float64(step*l.value[k]) * float64(l.steps[i]*l.rate[0]))
	}
	l.clock[0]++
}

// averaged are the mean weights.
func (l *linear) averaged() []float64 {
	mean, total := slices.Clone(l.weights), importance(l.clock[0], l.params.Average)
	for i, now := range mean {
		if known := total - l.begun[i]; l.params.Average > 0 && l.visits[i] > 0 && known > 0 {
			mean[i] = (l.sum[i] + float64(now*(total-l.since[i]))) / known
		}
	}
	return mean
}

// LearningRate implements Agent: that of the last weight.
func (l *linear) LearningRate() float64 { return l.rate[0] }

// Policy implements Agent.
func (l *linear) Policy() (policies.Policy, error) {
	return policies.NewLinear(l.task.Spec, l.task.Encoder, l.basis, l.averaged())
}

func (l *linear) parts() [][]float64 {
	return [][]float64{l.weights, l.visits, l.sum, l.since, l.begun, l.opening[:], l.rate[:], l.clock[:]}
}
