package agents

import (
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// PrioritisedSweeping learns a model of the world, as DynaQ does, and keeps the values what the model says by working where it matters most (Moore &
// Atkeson 1993; Sutton & Barto 2018, §8.4). After each turn its entry joins a queue, and up to Planning entries are taken from it, the most urgent first:
//
//	Q(s, a) ← Q(s, a) + α·(E[r + γ·max_a' Q(s', a')] − Q(s, a))
//
// When this changes the best value of s by Δ, every entry (s̄, ā) known to lead to s joins with the urgency p(s|s̄, ā)·γ·|Δ|, where that is above
// Threshold. α = 1, the default, makes each a full backup; Moore & Atkeson's are.
//
// The work after a turn is bounded: when the entries known to lead to changed states are more than 64 for each of Planning, those that are left wait for
// the next turn.
//
// Deviations: the queue holds entries, as in Sutton & Barto, not states. Their model is one last transition, here it is the mean of all. The parameters
// Warmup, Optimism and Average are those of Q-learning and can be turned off. As for DynaQ, the world is taken to be stationary.
type PrioritisedSweeping struct {
	Tabular
	Planning  int     `toml:"planning" json:"planning" doc:"most entries updated after each turn"`
	Threshold float64 `toml:"threshold" json:"threshold" doc:"least change of a value that is passed on, $"`
}

// Validate implements Params.
func (p *PrioritisedSweeping) Validate() error {
	if err := p.Tabular.Validate(); err != nil {
		return err
	}
	if !(p.Threshold >= 0) {
		return field.New("threshold", p.Threshold, "at least 0")
	}
	return validPlanning(p.Planning)
}

// New implements Params.
func (p *PrioritisedSweeping) New(task Task) (Agent, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	t, err := newTable(&p.Tabular, task)
	if err != nil {
		return nil, err
	}
	q := &sweeping{table: t, planning: p.Planning, threshold: p.Threshold, queue: newQueue(len(t.values))}
	q.model = newModel(&q.table)
	q.parts = []part{&q.model, &q.queue, q}
	return q, nil
}

type sweeping struct {
	table
	model     model
	planning  int
	threshold float64
	queue     queue
	cursor    int     // 1 + the edge whose entry is told of a change next, 0 for none
	change    float64 // the change
}

func (q *sweeping) Act(s *State, exploration float64, stream *rng.Stream) (action int, exploring bool) {
	return q.act(s, exploration, stream)
}

// reach is how many edges back may be followed after a turn, for each backup.
const reach = 64

func (q *sweeping) Learn(x Transition) {
	if q.warming(&x) {
		return
	}
	q.visit(x.State.Index, x.Action)
	entry := q.model.see(&x)
	q.push(entry, math.Abs(q.model.expected(entry)-q.values[entry]))
	for backups, edges := 0, 0; ; {
		switch {
		case q.cursor > 0 && edges < reach*q.planning:
			edges++
			e := &q.model.edges[q.cursor-1]
			q.cursor = int(e.in)
			q.push(e.entry, float64(e.discount/q.model.counts[e.entry])*q.change)
		case q.cursor == 0 && backups < q.planning && len(q.queue.heap) > 0:
			backups++
			entry := q.queue.pop()
			if change := q.model.backup(entry); change != 0 {
				q.change, q.cursor = math.Abs(change), int(q.model.in[int(entry)/q.offers])
			}
		default:
			return
		}
	}
}

func (q *sweeping) push(entry int32, urgency float64) {
	if urgency > q.threshold {
		q.queue.push(entry, urgency)
	}
}

func (q *sweeping) archive(a *archive) {
	a.index(&q.cursor, len(q.model.edges)+1)
	a.float(&q.change)
}

func newPrioritisedSweeping() *PrioritisedSweeping {
	p := &PrioritisedSweeping{Tabular: defaults(), Planning: 10, Threshold: 1e-4}
	p.LearningRate, p.Average = LearningRate{Kind: "constant", Value: 1}, 0 // full backups of a mean of all that was seen need neither
	return p
}
