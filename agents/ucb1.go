package agents

import (
	"math"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
)

// UCB1 is the bandit of Auer, Cesa-Bianchi & Fischer (2002, Machine Learning 47:235–256, fig. 1): each offer once, then always the
// one of the highest
//
//	mean reward + scale·√(width·ln n / n_a),  width = 2,
//
// n being the offers made so far and n_a those of this kind. Rewards are to lie in an interval of length scale, which the default, the highest price,
// is where a period sells at most one unit at no loss; where it may sell several, say their greatest number times the price. Its regret is at most
// Σ_a 8·ln n/Δ_a + (1 + π²/3)·Σ_a Δ_a of rewards in [0, 1] (theorem 1). Deviations: none.
type UCB1 struct {
	Scale float64 `toml:"scale" json:"scale" doc:"length of the interval of rewards, $; 0: the highest price of the ladder"`
	Width float64 `toml:"width" json:"width" doc:"under the root of the confidence bound: width·ln n / n_a"`
}

func newUCB1() *UCB1 { return &UCB1{Width: 2} }

// Validate implements Params.
func (p *UCB1) Validate() error {
	switch {
	case !(p.Scale >= 0 && p.Scale < 1e15):
		return field.New("scale", p.Scale, "at least 0")
	case !(p.Width >= 0 && p.Width <= 1e6):
		return field.New("width", p.Width, "at least 0")
	}
	return nil
}

// Explore implements Params: none, because confidence bounds explore of themselves.
func (p *UCB1) Explore(Moment) float64 { return 0 }

// WarmupTransitions implements Params.
func (p *UCB1) WarmupTransitions() int { return 0 }

// New implements Params.
func (p *UCB1) New(task Task) (Agent, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	a, err := newArms(task)
	if err != nil {
		return nil, err
	}
	u := &ucb1{arms: a, means: make([]float64, len(a.plays)), index: make([]float64, len(a.plays)), scale: p.Scale, width: p.Width}
	if u.scale == 0 {
		for _, o := range task.Spec.Offers {
			u.scale = max(u.scale, math.Abs(o.Price))
		}
	}
	return u, nil
}

type ucb1 struct {
	arms
	means, index []float64 // [action]; index is scratch
	total        float64   // Σ plays
	scale, width float64
}

func (u *ucb1) Act(s *State, exploration float64, stream *rng.Stream) (action int, exploring bool) {
	if action, exploring = u.explores(s, exploration, stream); exploring {
		return action, true
	}
	if action = u.untried(s.Mask, 1); action >= 0 {
		return action, false
	}
	bonus := u.width * portable.Log(max(u.total, 1))
	for a, n := range u.plays {
		u.index[a] = u.means[a] + float64(u.scale*math.Sqrt(bonus/n))
	}
	return highestAllowed(u.index, s.Mask), false
}

func (u *ucb1) Learn(x Transition) {
	u.played(x.Action)
	u.total++
	u.means[x.Action] += float64(u.rate * (x.Reward - u.means[x.Action]))
}

func (u *ucb1) Policy() (policies.Policy, error) {
	return u.frozen(append([]float64(nil), u.means...), true)
}

func (u *ucb1) MarshalBinary() ([]byte, error) {
	return packed("soukucb1", u.plays, u.means, []float64{u.rate, u.total}), nil
}

func (u *ucb1) UnmarshalBinary(b []byte) error {
	var scalars [2]float64
	if err := unpack(b, "soukucb1", u.plays, u.means, scalars[:]); err != nil {
		return err
	}
	u.rate, u.total = scalars[0], scalars[1]
	return nil
}
