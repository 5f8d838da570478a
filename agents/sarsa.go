package agents

import "github.com/souk-sim/souk/sim/rng"

// SARSA is one-step tabular SARSA (Rummery & Niranjan 1994; Sutton & Barto 2018, §6.4):
//
//	Q(s, a) ← Q(s, a) + α·(r + γ·Q(s', a') − Q(s, a))
//
// where a' is the offer that the learner makes next, exploration included; the last term is absent when s' is terminal.
// It learns the values of the policy that it follows, so the frozen greedy policy is the optimal one only when
// exploration fades. The update of (s, a) is completed in the Act that chooses a'.
//
// Deviations, each a parameter that can be turned off: Warmup and Optimism set the initial values from play, and
// Average freezes a mean of the tables in place of the last one. The step size counts the visits of each entry.
type SARSA struct{ Tabular }

// New implements Params.
func (p *SARSA) New(task Task) (Agent, error) {
	t, err := newTable(&p.Tabular, task)
	if err != nil {
		return nil, err
	}
	q := &sarsa{table: t}
	q.parts = []part{q.wait(&q.waiting)}
	return q, nil
}

type sarsa struct {
	table
	waiting waiting
}

func (q *sarsa) Act(s *State, exploration float64, stream *rng.Stream) (action int, exploring bool) {
	action, exploring = q.act(s, exploration, stream)
	if w := &q.waiting; w.take() {
		q.update(w.state, w.action, w.reward+float64(w.discount*q.value(s, action)))
	}
	return action, exploring
}

func (q *sarsa) Learn(x Transition) {
	switch {
	case q.warming(&x):
	case x.Terminal:
		q.update(x.State.Index, x.Action, x.Reward)
	default:
		q.waiting.put(&x)
	}
}
