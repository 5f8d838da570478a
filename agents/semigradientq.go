package agents

import "github.com/souk-sim/souk/sim/rng"

// SemiGradientQ is Q-learning with values that are linear in features (Watkins 1989; Sutton & Barto 2018, §9.3, 9.5.4 and 11.1):
// the target of a step is r + γ·max_a' q(s', a') over the offers allowed in s', without the last term when s' is terminal.
// Off-policy bootstrapping with approximation may diverge (ibid., §11.3); with tiles and ε-greedy play it hardly does.
//
// Deviations: those of SemiGradient.
type SemiGradientQ struct{ SemiGradient }

// New implements Params.
func (p *SemiGradientQ) New(task Task) (Agent, error) {
	l, err := newLinear(&p.SemiGradient, task)
	if err != nil {
		return nil, err
	}
	return &semiGradientQ{l}, nil
}

type semiGradientQ struct{ linear }

func (q *semiGradientQ) Act(s *State, exploration float64, stream *rng.Stream) (action int, exploring bool) {
	return q.act(s, exploration, stream)
}

func (q *semiGradientQ) Learn(x Transition) {
	if q.warming(&x) {
		return
	}
	target := x.Reward
	if !x.Terminal {
		values := q.evaluate(x.Next.Observation)
		target += float64(x.Discount * values[highestAllowed(values, x.Next.Mask)])
	}
	q.update(x.State.Observation, x.Action, target)
}

const semiGradientQWord = "soukgq1"

func (q *semiGradientQ) MarshalBinary() ([]byte, error) {
	return packed(semiGradientQWord, q.parts()...), nil
}

func (q *semiGradientQ) UnmarshalBinary(b []byte) error {
	return unpack(b, semiGradientQWord, q.parts()...)
}
