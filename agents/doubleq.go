package agents

import (
	"slices"

	"github.com/souk-sim/souk/sim/rng"
)

// DoubleQ is tabular Double Q-learning (van Hasselt 2010; Sutton & Barto 2018, §6.7). Of two tables A and B a fair coin chooses the one to be updated:
//
//	A(s, a) ← A(s, a) + α·(r + γ·B(s', argmax_a' A(s', a')) − A(s, a))
//
// or the same with A and B exchanged, so that the offer which looks best is judged by rewards that did not make it look so. It acts, and is frozen, by the
// mean of the two. By visits, α counts the updates of the entry in the table that is updated.
//
// Deviations, each a parameter that can be turned off: those of Q-learning; the mean that Average freezes is of the means of the two tables.
type DoubleQ struct{ Tabular }

// New implements Params.
func (p *DoubleQ) New(task Task) (Agent, error) {
	t, err := newTable(&p.Tabular, task)
	if err != nil {
		return nil, err
	}
	q := &doubleQ{table: t}
	for i := range q.twins {
		q.twins[i] = twin{slices.Clone(t.values), slices.Clone(t.visits)}
	}
	q.parts = []part{q}
	return q, nil
}

type doubleQ struct {
	table // of means
	twins [2]twin
	coin  int // the table that learns next
}

type twin struct {
	values []float64
	visits []uint32
}

func (q *doubleQ) Act(s *State, exploration float64, stream *rng.Stream) (action int, exploring bool) {
	peek := *stream
	q.coin = int(peek.Uint64() & 1) // the lowest bit of a draw, of which act uses the upper 53
	return q.act(s, exploration, stream)
}

func (q *doubleQ) Learn(x Transition) {
	if q.warming(&x) {
		if !q.WarmingUp() {
			q.share()
		}
		return
	}
	learns, judges := &q.twins[q.coin], &q.twins[1-q.coin]
	target := x.Reward
	if !x.Terminal {
		row := x.Next.Index * q.offers
		best := highestAllowed(learns.values[row:][:q.offers], x.Next.Mask)
		target += float64(x.Discount * judges.values[row+best])
	}
	i := x.State.Index*q.offers + x.Action
	q.visit(x.State.Index, x.Action)
	learns.visits[i]++
	if !q.rates.byState {
		q.rate = q.rates.at(learns.visits[i])
	}
	learns.values[i] += float64(q.rate * (target - learns.values[i]))
	q.set(x.State.Index, x.Action, float64(0.5*learns.values[i])+float64(0.5*judges.values[i]))
	q.clock++
}

// Adopt implements Tabulated.
func (q *doubleQ) Adopt() {
	q.table.Adopt()
	q.share()
}

// share makes both tables what their mean is.
func (q *doubleQ) share() {
	for i := range q.twins {
		copy(q.twins[i].values, q.values)
		copy(q.twins[i].visits, q.visits)
	}
}

func (q *doubleQ) archive(a *archive) {
	for i := range q.twins {
		a.floats(q.twins[i].values)
		a.counts(q.twins[i].visits)
	}
	a.index(&q.coin, 2)
}

// newDoubleQ has the step size of van Hasselt (2010), and explores more than other learners do: two tables have twice as much to learn, from half each.
func newDoubleQ() *DoubleQ {
	p := &DoubleQ{defaults()}
	p.LearningRate.Power = 0.8
	p.Exploration.From, p.Exploration.To = 0.7, 0.1
	return p
}
