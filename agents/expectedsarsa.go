package agents

import "github.com/souk-sim/souk/sim/rng"

// ExpectedSARSA is one-step tabular Expected SARSA (van Seijen, van Hasselt, Whiteson & Wiering 2009; Sutton & Barto 2018, §6.6):
//
//	Q(s, a) ← Q(s, a) + α·(r + γ·Σ_a' π(a'|s')·Q(s', a') − Q(s, a))
//
// where π is the law by which the learner chooses in s', exploration included, over the offers allowed there; the last term is absent when s' is terminal.
// It is SARSA without the chance of the next offer. The update of (s, a) is made in the Act that tells π, before it chooses.
//
// Deviations: those of SARSA, each a parameter that can be turned off.
type ExpectedSARSA struct{ Tabular }

// New implements Params.
func (p *ExpectedSARSA) New(task Task) (Agent, error) {
	t, err := newTable(&p.Tabular, task)
	if err != nil {
		return nil, err
	}
	q := &expectedSARSA{table: t}
	q.parts = []part{q.wait(&q.waiting)}
	return q, nil
}

type expectedSARSA struct {
	table
	waiting waiting
}

func (q *expectedSARSA) Act(s *State, exploration float64, stream *rng.Stream) (action int, exploring bool) {
	if w := &q.waiting; w.take() {
		q.update(w.state, w.action, w.reward+float64(w.discount*q.expected(s, q.law(s, exploration))))
	}
	return q.act(s, exploration, stream)
}

func (q *expectedSARSA) Learn(x Transition) {
	switch {
	case q.warming(&x):
	case x.Terminal:
		q.update(x.State.Index, x.Action, x.Reward)
	default:
		q.waiting.put(&x)
	}
}
