package agents

import (
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// NStep is tabular n-step Q(σ) (De Asis et al. 2018; Sutton & Barto 2018, §7.6), on-policy. The value of (s_t, a_t) moves towards the return over n turns,
// which is built from its end, where it is what it would be if G were Q there:
//
//	G_k = r_k + γ_k·(σ·G_{k+1} + (1 − σ)·(Σ_a π(a|s_{k+1})·Q(s_{k+1}, a) + π(a_{k+1}|s_{k+1})·(G_{k+1} − Q(s_{k+1}, a_{k+1}))))
//
// where π is the law by which the learner chose, exploration included. σ = 1 is n-step SARSA (§7.2), σ = 0 n-step tree backup (Precup, Sutton & Singh 2000;
// §7.5), and n = 1 makes them SARSA and Expected SARSA. Values inside the return are those of the time when their offer was chosen (De Asis et al., eq. 11).
// The last turns of an episode are updated when it is over: with what is left of it, or, where it is cut short, from Q at its last state.
//
// Deviations: those of SARSA, each a parameter that can be turned off.
type NStep struct {
	Tabular
	Steps int     `toml:"steps" json:"steps" doc:"n, the turns whose rewards are in a return"`
	Sigma float64 `toml:"sigma" json:"sigma" doc:"σ: 1 follows the offers made (SARSA), 0 the law by which they were chosen (tree backup)"`
}

// Validate implements Params.
func (p *NStep) Validate() error {
	if err := p.Tabular.Validate(); err != nil {
		return err
	}
	switch {
	case p.Steps < 1 || p.Steps > 10000:
		return field.New("steps", p.Steps, "1 to 10000")
	case !(p.Sigma >= 0 && p.Sigma <= 1):
		return field.New("sigma", p.Sigma, "0 to 1")
	}
	return nil
}

// New implements Params.
func (p *NStep) New(task Task) (Agent, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	t, err := newTable(&p.Tabular, task)
	if err != nil {
		return nil, err
	}
	q := &nStep{table: t, trail: newTrail(p.Steps, p.Sigma, &t)}
	q.parts = []part{&q.trail}
	return q, nil
}

type nStep struct {
	table
	trail trail
}

func (q *nStep) Act(s *State, exploration float64, stream *rng.Stream) (action int, exploring bool) {
	action, exploring = q.act(s, exploration, stream)
	switch next := q.trail.look(&q.table, s, action, exploration); {
	case q.trail.over:
		q.finish(next)
	case q.trail.full():
		q.trail.measure(next)
		oldest := &q.trail.steps[0]
		q.update(oldest.state, oldest.action, oldest.g)
		q.trail.drop()
	}
	return action, exploring
}

func (q *nStep) Learn(x Transition) {
	if q.warming(&x) {
		return
	}
	q.trail.add(&x)
	if x.Terminal {
		q.finish(ahead{})
	}
}

// finish updates all turns that are left, the oldest first.
func (q *nStep) finish(next ahead) {
	q.trail.measure(next)
	for i := range q.trail.steps {
		s := &q.trail.steps[i]
		q.update(s.state, s.action, s.g)
	}
	q.trail.clear()
}
