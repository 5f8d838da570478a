package agents

import (
	"math"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// LinUCB is the contextual bandit of Li, Chu, Langford & Schapire (2010, WWW, algorithm 1, disjoint linear models): the reward of each offer is
// linear in the features of the observation, by its own ridge regression A = λI + Σ x·xᵀ, θ = A⁻¹·Σ r·x, and the offer is made of the highest
//
//	θᵀx + α·√(xᵀA⁻¹x).
//
// x is 1 and every feature, brought to 0 … 1 by its range, missing ones to ½; the inverse is kept by the formula of Sherman & Morrison.
//
// The frozen policy is a table of the states of the scenario's encoder, in each of which x is that of the middle of its cell, and of features that
// the encoder does not look at their mean. Deviations: none in learning.
type LinUCB struct {
	Alpha float64 `toml:"alpha" json:"alpha" doc:"width of the confidence bound, $"`
	Ridge float64 `toml:"ridge" json:"ridge" doc:"lambda, by which coefficients are drawn to 0"`
}

func newLinUCB() *LinUCB { return &LinUCB{Alpha: 1, Ridge: 1} }

// Validate implements Params.
func (p *LinUCB) Validate() error {
	switch {
	case !(p.Alpha >= 0 && p.Alpha < 1e12):
		return field.New("alpha", p.Alpha, "at least 0")
	case !(p.Ridge > 0 && p.Ridge < 1e12):
		return field.New("ridge", p.Ridge, "more than 0")
	}
	return nil
}

// Explore implements Params: none, because confidence bounds explore of themselves.
func (p *LinUCB) Explore(Moment) float64 { return 0 }

// WarmupTransitions implements Params.
func (p *LinUCB) WarmupTransitions() int { return 0 }

// New implements Params.
func (p *LinUCB) New(task Task) (Agent, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if err := task.Encoder.Validate(task.Spec); err != nil {
		return nil, err
	}
	arms, err := newArms(task)
	if err != nil {
		return nil, err
	}
	n, d := len(arms.plays), 1+len(task.Spec.Features)
	l := &linUCB{
		arms: arms, encoder: task.Encoder, alpha: p.Alpha, d: d, inverse: make([]float64, n*d*d), moment: make([]float64, n*d),
		theta: make([]float64, n*d), seen: make([]float64, d), x: make([]float64, d), ax: make([]float64, d), index: make([]float64, n),
	}
	for a := range n {
		for i := range d {
			l.inverse[(a*d+i)*d+i] = 1 / p.Ridge
		}
	}
	return l, nil
}

type linUCB struct {
	arms
	encoder      policies.Encoder
	alpha        float64
	d            int
	inverse      []float64 // [action][d][d]
	moment       []float64 // [action][d], Σ r·x
	theta        []float64 // [action][d]
	seen         []float64 // [d], Σ x of all
	x, ax, index []float64 // scratch
}

// context fills x.
func (l *linUCB) context(observation []float64) {
	l.x[0] = 1
	for i := range l.spec.Features {
		f := &l.spec.Features[i]
		v := observation[i]
		if width := f.Max - f.Min; width > 0 {
			v = (v - f.Min) / width
		}
		if v != v {
			v = 0.5
		}
		l.x[i+1] = v
	}
}

// times fills ax with A⁻¹·x of an offer and returns xᵀA⁻¹x.
func (l *linUCB) times(action int) (square float64) {
	for i := range l.d {
		sum := 0.0
		for j, v := range l.inverse[(action*l.d+i)*l.d:][:l.d] {
			sum += float64(v * l.x[j])
		}
		l.ax[i] = sum
		square += float64(sum * l.x[i])
	}
	return square
}

// mean is θᵀx of an offer.
func (l *linUCB) mean(action int) (sum float64) {
	for i, v := range l.theta[action*l.d:][:l.d] {
		sum += float64(v * l.x[i])
	}
	return sum
}

func (l *linUCB) Act(s *State, exploration float64, stream *rng.Stream) (action int, exploring bool) {
	if action, exploring = l.explores(s, exploration, stream); exploring {
		return action, true
	}
	l.context(s.Observation)
	for a, ok := range s.Mask[:len(l.index)] {
		if ok {
			l.index[a] = l.mean(a) + float64(l.alpha*math.Sqrt(max(l.times(a), 0)))
		}
	}
	return highestAllowed(l.index, s.Mask), false
}

func (l *linUCB) Learn(x Transition) {
	l.played(x.Action)
	l.context(x.State.Observation)
	scale := 1 / (1 + l.times(x.Action))
	moment := l.moment[x.Action*l.d:][:l.d]
	for i := range l.d {
		moment[i] += float64(x.Reward * l.x[i])
		l.seen[i] += l.x[i]
		row := l.inverse[(x.Action*l.d+i)*l.d:][:l.d]
		for j := range row {
			row[j] -= float64(float64(scale*l.ax[i]) * l.ax[j])
		}
	}
	for i := range l.d {
		theta := 0.0
		for j, v := range l.inverse[(x.Action*l.d+i)*l.d:][:l.d] {
			theta += float64(v * moment[j])
		}
		l.theta[x.Action*l.d+i] = theta
	}
}

// Policy implements Agent.
func (l *linUCB) Policy() (policies.Policy, error) {
	n, states := len(l.index), l.encoder.States()
	values := make([]float64, states*n)
	observation := make([]float64, len(l.spec.Features))
	for s := range states {
		for i := range observation {
			f := &l.spec.Features[i]
			observation[i] = l.seen[i+1] / max(l.seen[0], 1)
			if width := f.Max - f.Min; width > 0 {
				observation[i] = f.Min + float64(width*observation[i])
			}
		}
		for i, bin := range l.encoder.Decode(s) {
			f := l.encoder.Dimensions[i].Index
			observation[f] = middle(bin, l.spec.Features[f].Min, l.spec.Features[f].Max)
		}
		l.context(observation)
		for a := range n {
			values[s*n+a] = l.mean(a)
		}
	}
	return policies.NewTable(l.spec, l.encoder, values, nil, 0)
}

func (l *linUCB) MarshalBinary() ([]byte, error) {
	return packed("souklinucb", l.plays, l.inverse, l.moment, l.theta, l.seen, []float64{l.rate}), nil
}

func (l *linUCB) UnmarshalBinary(b []byte) error {
	var rate [1]float64
	if err := unpack(b, "souklinucb", l.plays, l.inverse, l.moment, l.theta, l.seen, rate[:]); err != nil {
		return err
	}
	l.rate = rate[0]
	return nil
}
