package agents

import (
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// DynaQ is tabular Dyna-Q (Sutton 1990; Sutton & Barto 2018, §8.2): each turn is learned from once, as Q-learning does, then Planning entries, drawn evenly from
// those ever tried, are moved by the same step towards what the model of the world says of them,
//
//	Q(s, a) ← Q(s, a) + α·(E[r + γ·max_a' Q(s', a')] − Q(s, a))
//
// The model is the mean of all that followed (s, a); the expectation over it takes the place of the book's one sample (§8.5), and is the same where the world
// is deterministic. By visits, α counts real updates alone.
//
// Deviations, each a parameter that can be turned off: those of Q-learning. The model takes the world to be stationary, and what followed an offer to hang
// on the encoded state alone. It knows of each state the offers last allowed there.
type DynaQ struct {
	Tabular
	Planning int `toml:"planning" json:"planning" doc:"entries updated from the model after each turn"`
}

// Validate implements Params.
func (p *DynaQ) Validate() error {
	if err := p.Tabular.Validate(); err != nil {
		return err
	}
	return validPlanning(p.Planning)
}

func validPlanning(n int) error {
	if n < 0 || n > 10000 {
		return field.New("planning", n, "0 to 10000")
	}
	return nil
}

// New implements Params.
func (p *DynaQ) New(task Task) (Agent, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	t, err := newTable(&p.Tabular, task)
	if err != nil {
		return nil, err
	}
	q := &dynaQ{table: t, planning: p.Planning, draws: rng.New(0, 0).Family("planning")}
	q.model = newModel(&q.table)
	q.parts = []part{&q.model, q}
	return q, nil
}

type dynaQ struct {
	table
	model    model
	planning int
	draws    rng.Family // addressed by the draws of an Act
	chance   [2]uint64  // those of the latest
}

func (q *dynaQ) Act(s *State, exploration float64, stream *rng.Stream) (action int, exploring bool) {
	peek := *stream
	q.chance = [2]uint64{peek.Uint64(), peek.Uint64()}
	return q.act(s, exploration, stream)
}

func (q *dynaQ) Learn(x Transition) {
	if q.warming(&x) {
		return
	}
	q.update(x.State.Index, x.Action, q.target(&x))
	q.model.see(&x)
	stream := q.draws.At(q.chance[0], q.chance[1])
	for range q.planning {
		q.model.backup(q.model.tried[stream.Intn(len(q.model.tried))])
	}
}

func (q *dynaQ) archive(a *archive) {
	q.chance[0], q.chance[1] = a.bits(q.chance[0]), a.bits(q.chance[1])
}
