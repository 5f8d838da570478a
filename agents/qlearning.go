package agents

import "github.com/souk-sim/souk/sim/rng"

// QLearning is one-step tabular Q-learning (Watkins 1989; Watkins & Dayan 1992; Sutton & Barto 2018, §6.5):
//
//	Q(s, a) ← Q(s, a) + α·(r + γ·max_a' Q(s', a') − Q(s, a))
//
// where the maximum is over the offers allowed in s', the last term is absent when s' is terminal, γ is the
// transition's own discount and α may fall with the visits of (s, a). It learns the values of the greedy policy
// whatever policy it follows meanwhile.
//
// Deviations, each a parameter that can be turned off: Warmup and Optimism set the initial values from play, and
// Average freezes a mean of the tables in place of the last one. The step size counts the visits of each entry.
type QLearning struct{ Tabular }

// New implements Params.
func (p *QLearning) New(task Task) (Agent, error) {
	t, err := newTable(&p.Tabular, task)
	if err != nil {
		return nil, err
	}
	return &qlearning{table: t}, nil
}

type qlearning struct{ table }

func (q *qlearning) Act(s *State, exploration float64, stream *rng.Stream) (action int, exploring bool) {
	return q.act(s, exploration, stream)
}

func (q *qlearning) Learn(x Transition) {
	if !q.warming(&x) {
		q.update(x.State.Index, x.Action, q.target(&x))
	}
}
