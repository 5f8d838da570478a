package agents

import "github.com/souk-sim/souk/sim/rng"

// SARSALambda is tabular SARSA(λ), in the backward view (Rummery & Niranjan 1994; Sutton & Barto 2018, §12.7). After each turn, with the error of SARSA
//
//	δ = r + γ·Q(s', a') − Q(s, a)
//
// the trace of (s, a) is raised, every entry moves by α·δ·e, and all traces fade by γλ. Traces accumulate or are replaced (Singh & Sutton 1996, without
// clearing those of the state's other offers). Dutch traces come with the corrections that make it true online SARSA(λ) (van Seijen et al. 2016; Sutton &
// Barto 2018, §12.7), which is at each time what the λ-return would have made of the table:
//
//	Q ← Q + α·(δ + Q(s, a) − Q_old)·e;  Q(s, a) ← Q(s, a) − α·(Q(s, a) − Q_old);  Q_old ← Q(s', a')
//
// with the values before the update on the right. A step size that falls with visits is each entry's own.
//
// Deviations: those of SARSA, each a parameter that can be turned off; traces below 10⁻⁶ are forgotten.
type SARSALambda struct {
	Tabular
	Traces
}

// Validate implements Params.
func (p *SARSALambda) Validate() error {
	if err := p.Tabular.Validate(); err != nil {
		return err
	}
	return p.Traces.validate()
}

// New implements Params.
func (p *SARSALambda) New(task Task) (Agent, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	t, err := newTable(&p.Tabular, task)
	if err != nil {
		return nil, err
	}
	q := &sarsaLambda{table: t, traces: newTraces(p.Traces, &t)}
	q.parts = []part{q.wait(&q.waiting), &q.traces, q}
	return q, nil
}

type sarsaLambda struct {
	table
	traces  traces
	waiting waiting
	old     float64 // Q_old of dutch traces
}

func (q *sarsaLambda) Act(s *State, exploration float64, stream *rng.Stream) (action int, exploring bool) {
	action, exploring = q.act(s, exploration, stream)
	if w := &q.waiting; w.take() {
		q.carry(w.state, w.action, w.reward, w.discount, q.value(s, action))
		if w.last {
			q.forget()
		}
	}
	return action, exploring
}

func (q *sarsaLambda) Learn(x Transition) {
	switch {
	case q.warming(&x):
	case x.Terminal:
		q.carry(x.State.Index, x.Action, x.Reward, 0, 0)
		q.forget()
	default:
		q.waiting.put(&x)
	}
}

// carry learns from one turn; next is the value of what follows.
func (q *sarsaLambda) carry(state, action int, reward, discount, next float64) {
	q.visit(state, action)
	q.traces.visit(&q.table, state, action)
	i := state*q.offers + action
	now := q.values[i]
	err := reward + float64(discount*next) - now
	if q.traces.params.Trace == "dutch" {
		err += now - q.old
	}
	q.traces.learn(&q.table, err)
	if q.traces.params.Trace == "dutch" {
		q.set(state, action, q.values[i]-float64(q.rate*(now-q.old)))
		q.old = next
	}
	q.traces.fade(discount)
}

// forget ends an episode.
func (q *sarsaLambda) forget() {
	q.traces.clear()
	q.old = 0
}

func (q *sarsaLambda) archive(a *archive) { a.float(&q.old) }
