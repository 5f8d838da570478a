package agents

import (
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// QLambda is Watkins's tabular Q(λ) (Watkins 1989; Sutton & Barto 2018, §12.10). After each turn, with the error of Q-learning
//
//	δ = r + γ·max_a' Q(s', a') − Q(s, a)
//
// the trace of (s, a) is raised, every entry moves by α·δ·e, and all traces fade by γλ; an offer that is not greedy then cuts them to 0, because what comes
// after it is not what the greedy policy would have met. A step size that falls with visits is each entry's own.
//
// Deviations: those of Q-learning, each a parameter that can be turned off; traces below 10⁻⁶ are forgotten.
type QLambda struct {
	Tabular
	Traces
}

// Validate implements Params.
func (p *QLambda) Validate() error {
	if err := p.Tabular.Validate(); err != nil {
		return err
	}
	if p.Trace == "dutch" {
		return field.New("trace", p.Trace, "accumulating or replacing")
	}
	return p.Traces.validate()
}

// New implements Params.
func (p *QLambda) New(task Task) (Agent, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	t, err := newTable(&p.Tabular, task)
	if err != nil {
		return nil, err
	}
	q := &qLambda{table: t, traces: newTraces(p.Traces, &t)}
	q.parts = []part{&q.traces}
	return q, nil
}

type qLambda struct {
	table
	traces traces
}

func (q *qLambda) Act(s *State, exploration float64, stream *rng.Stream) (action int, exploring bool) {
	action, exploring = q.act(s, exploration, stream)
	if q.value(s, action) < q.value(s, q.greedy(s)) {
		q.traces.clear()
	}
	return action, exploring
}

func (q *qLambda) Learn(x Transition) {
	if q.warming(&x) {
		return
	}
	q.visit(x.State.Index, x.Action)
	q.traces.visit(&q.table, x.State.Index, x.Action)
	q.traces.learn(&q.table, q.target(&x)-q.value(x.State, x.Action))
	q.traces.fade(x.Discount)
	if x.Last || x.Terminal {
		q.traces.clear()
	}
}
