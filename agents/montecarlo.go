package agents

import (
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// MonteCarlo is on-policy Monte-Carlo control (Sutton & Barto 2018, §5.4; constant α: eq. 6.1). When an episode is over, the value of every (s, a) in it
// moves towards the return that followed:
//
//	Q(s, a) ← Q(s, a) + α·(G − Q(s, a)),  G = r_0 + γ_0·(r_1 + γ_1·(r_2 + …))
//
// at the first visit of an episode, or at every one. A learning rate by visits with a power of 1 makes Q the mean of the returns.
//
// Deviations: those of SARSA, each a parameter that can be turned off. An episode that is cut short has a future, which Monte-Carlo methods cannot see:
// its returns end in Q(s', a') of the last state and of the offer that would have been made there. So do those of an episode that is longer than Longest,
// wherever it reaches that length.
type MonteCarlo struct {
	Tabular
	Visit   string `toml:"visit" json:"visit" doc:"of an entry in an episode that is learned from: first or every"`
	Longest int    `toml:"longest" json:"longest" doc:"turns after which an episode is learned from though it goes on"`
}

// Validate implements Params.
func (p *MonteCarlo) Validate() error {
	if err := p.Tabular.Validate(); err != nil {
		return err
	}
	switch {
	case p.Visit != "first" && p.Visit != "every":
		return field.New("visit", p.Visit, "first or every")
	case p.Longest < 1 || p.Longest > 10000000:
		return field.New("longest", p.Longest, "1 to 10000000")
	}
	return nil
}

// New implements Params.
func (p *MonteCarlo) New(task Task) (Agent, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	t, err := newTable(&p.Tabular, task)
	if err != nil {
		return nil, err
	}
	q := &monteCarlo{table: t, trail: newTrail(p.Longest, 1, &t), every: p.Visit == "every"}
	q.first = make([]int32, len(t.values))
	q.parts = []part{&q.trail}
	return q, nil
}

type monteCarlo struct {
	table
	trail trail
	every bool
	first []int32 // scratch, [state*offers+action]: 1 + the turn of the earliest visit, 0 for none
}

func (q *monteCarlo) Act(s *State, exploration float64, stream *rng.Stream) (action int, exploring bool) {
	action, exploring = q.act(s, exploration, stream)
	next := q.trail.look(&q.table, s, action, exploration)
	if q.trail.over || q.trail.full() {
		q.finish(next)
	}
	return action, exploring
}

func (q *monteCarlo) Learn(x Transition) {
	if q.warming(&x) {
		return
	}
	q.trail.add(&x)
	if x.Terminal {
		q.finish(ahead{})
	}
}

// finish learns from the whole trail, the oldest turn first.
func (q *monteCarlo) finish(next ahead) {
	q.trail.measure(next)
	for k := len(q.trail.steps) - 1; k >= 0; k-- {
		s := &q.trail.steps[k]
		q.first[s.state*q.offers+s.action] = int32(k + 1)
	}
	for k := range q.trail.steps {
		s := &q.trail.steps[k]
		if i := s.state*q.offers + s.action; q.every || q.first[i] == int32(k+1) {
			q.update(s.state, s.action, s.g)
		}
	}
	for k := range q.trail.steps {
		s := &q.trail.steps[k]
		q.first[s.state*q.offers+s.action] = 0
	}
	q.trail.clear()
}
