package agents

import (
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// RLearning learns what maximises the average reward ρ of a turn, without discount (Schwartz 1993; Sutton & Barto 2018, §10.3). With the error
//
//	δ = r − ρ + max_a' Q(s', a') − Q(s, a),  Q(s, a) ← Q(s, a) + α·δ
//
// Q says by how much an offer is better than the average for ever after. Of the average there are two rules:
//
//   - schwartz: ρ ← ρ + β·(r − ρ + max_a' Q(s', a') − max_a Q(s, a)), where the offer made is a greedy one
//   - differential: ρ ← ρ + β·α·δ, whatever offer was made (Wan, Naik & Sutton 2021), which is proven to converge
//
// with Q before its own update on the right. Discounts are not looked at. A world that ends begins again, so that what follows a terminal state is the first
// state of the next episode and ρ is the reward of all turns by their number; an update that leads there waits for that episode's first Act.
//
// Deviations, each a parameter that can be turned off: Average, as in Q-learning, and Warmup, which sets ρ to the mean reward of its transitions and every
// value to Optimism times its size. A turn counts as one period, however long it takes.
type RLearning struct {
	Tabular
	Rule        string  `toml:"rule" json:"rule" doc:"how the average is learned: schwartz, at greedy offers; differential, at all"`
	AverageRate float64 `toml:"average_rate" json:"average_rate" doc:"β, the step size of the average reward; of differential as a multiple of that of the values"`
}

// Validate implements Params.
func (p *RLearning) Validate() error {
	if err := p.Tabular.Validate(); err != nil {
		return err
	}
	switch {
	case p.Rule != "schwartz" && p.Rule != "differential":
		return field.New("rule", p.Rule, "schwartz or differential")
	case !(p.AverageRate > 0 && p.AverageRate <= 1):
		return field.New("average_rate", p.AverageRate, "more than 0, at most 1")
	}
	return nil
}

// New implements Params.
func (p *RLearning) New(task Task) (Agent, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	t, err := newTable(&p.Tabular, task)
	if err != nil {
		return nil, err
	}
	q := &rLearning{table: t, beta: p.AverageRate, schwartz: p.Rule == "schwartz"}
	q.parts = []part{q.wait(&q.waiting), q}
	return q, nil
}

type rLearning struct {
	table
	waiting  waiting // the last turn of an episode that ended
	top      float64 // max_a Q(s, a) in its state
	average  float64 // ρ
	beta     float64
	schwartz bool
}

func (q *rLearning) Act(s *State, exploration float64, stream *rng.Stream) (action int, exploring bool) {
	if w := &q.waiting; w.take() {
		q.learn(w.state, w.action, q.top, w.reward, s)
	}
	return q.act(s, exploration, stream)
}

func (q *rLearning) Learn(x Transition) {
	switch {
	case q.warming(&x):
		if !q.WarmingUp() {
			q.average = q.sumReward / float64(q.params.Warmup)
			q.fill(float64(q.params.Optimism * math.Abs(q.average)))
		}
	case x.Terminal:
		q.waiting.put(&x)
		q.top = q.value(x.State, q.greedy(x.State))
	default:
		q.learn(x.State.Index, x.Action, q.value(x.State, q.greedy(x.State)), x.Reward, x.Next)
	}
}

// learn updates by one turn from a state whose best offer was worth top.
func (q *rLearning) learn(state, action int, top, reward float64, next *State) {
	gain := reward - q.average + q.value(next, q.greedy(next))
	now := q.values[state*q.offers+action]
	q.visit(state, action)
	q.set(state, action, now+float64(q.rate*(gain-now)))
	q.clock++
	switch {
	case !q.schwartz:
		q.average += float64(float64(q.beta*q.rate) * (gain - now))
	case now >= top:
		q.average += float64(q.beta * (gain - top))
	}
}

func (q *rLearning) archive(a *archive) {
	a.float(&q.average)
	a.float(&q.top)
}
