package agents

import "github.com/souk-sim/souk/sim/rng"

// SemiGradientSARSA is episodic semi-gradient SARSA (Rummery & Niranjan 1994; Sutton & Barto 2018, §10.1): the target of a step is r + γ·q(s', a'), a'
// the offer that the learner makes next, without the last term when s' is terminal. The update of (s, a) is completed in the Act that chooses a'.
//
// Deviations: those of SemiGradient.
type SemiGradientSARSA struct{ SemiGradient }

// New implements Params.
func (p *SemiGradientSARSA) New(task Task) (Agent, error) {
	l, err := newLinear(&p.SemiGradient, task)
	if err != nil {
		return nil, err
	}
	return &semiGradientSARSA{linear: l, state: make([]float64, len(task.Spec.Features))}, nil
}

type semiGradientSARSA struct {
	linear
	state   []float64  // that waits for the next action
	pending [4]float64 // 1 where one does; its action, reward and discount
}

func (q *semiGradientSARSA) Act(s *State, exploration float64, stream *rng.Stream) (action int, exploring bool) {
	action, exploring = q.act(s, exploration, stream)
	if q.pending[0] > 0 {
		q.pending[0] = 0
		q.update(q.state, int(q.pending[1]), q.pending[2]+float64(q.pending[3]*q.values[action]))
	}
	return action, exploring
}

func (q *semiGradientSARSA) Learn(x Transition) {
	switch {
	case q.warming(&x):
	case x.Terminal:
		q.update(x.State.Observation, x.Action, x.Reward)
	default:
		copy(q.state, x.State.Observation)
		q.pending = [4]float64{1, float64(x.Action), x.Reward, x.Discount}
	}
}

const semiGradientSARSAWord = "soukgs1"

func (q *semiGradientSARSA) all() [][]float64 { return append(q.parts(), q.state, q.pending[:]) }

func (q *semiGradientSARSA) MarshalBinary() ([]byte, error) {
	return packed(semiGradientSARSAWord, q.all()...), nil
}

func (q *semiGradientSARSA) UnmarshalBinary(b []byte) error {
	if err := unpack(b, semiGradientSARSAWord, q.all()...); err != nil {
		return err
	}
	return within("action", q.pending[1], len(q.values))
}
