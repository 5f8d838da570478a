package agents

import "github.com/souk-sim/souk/sim/rng"

// EpsilonGreedy is the simple bandit of Sutton & Barto (2018, §2.4): the value of an offer is the mean of the rewards that followed
// it,
//
//	Q(a) ← Q(a) + α·(r − Q(a)),  α = 1/n by default,
//
// or with a constant α a mean that forgets (§2.5), and the best is made but for Exploration: ε-greedy, where the kind
// "visits" is the ε_n = min(1, c/n) of Auer, Cesa-Bianchi & Fischer (2002, Machine Learning 47, fig. 3), or Boltzmann's rule. It sees no states and values
// nothing that comes later. Deviations: none.
type EpsilonGreedy struct {
	LearningRate LearningRate `toml:"learning_rate" json:"learning_rate" doc:"step size of an update; visits to the power 1 makes sample averages"`
	Exploration  Exploration  `toml:"exploration" json:"exploration" doc:"how often an offer is made at random while learning"`
	Initial      float64      `toml:"initial" json:"initial" doc:"every value before the first update; $"`
}

func newEpsilonGreedy() *EpsilonGreedy {
	return &EpsilonGreedy{LearningRate: LearningRate{Kind: "visits", Power: 1}, Exploration: Exploration{Kind: "constant", From: 0.1}}
}

func (p *EpsilonGreedy) tabular() *Tabular {
	return &Tabular{LearningRate: p.LearningRate, Exploration: p.Exploration, Initial: p.Initial}
}

// Validate implements Params.
func (p *EpsilonGreedy) Validate() error { return p.tabular().Validate() }

// Explore implements Params.
func (p *EpsilonGreedy) Explore(at Moment) float64 { return p.Exploration.At(at) }

// WarmupTransitions implements Params.
func (p *EpsilonGreedy) WarmupTransitions() int { return 0 }

// New implements Params.
func (p *EpsilonGreedy) New(task Task) (Agent, error) {
	t, err := newTable(p.tabular(), Task{Spec: task.Spec})
	if err != nil {
		return nil, err
	}
	return &epsilonGreedy{table: t}, nil
}

// epsilonGreedy is a table of one state.
type epsilonGreedy struct{ table }

func (q *epsilonGreedy) Act(s *State, exploration float64, stream *rng.Stream) (action int, exploring bool) {
	return q.act(&State{Mask: s.Mask}, exploration, stream)
}

func (q *epsilonGreedy) Learn(x Transition) { q.update(0, x.Action, x.Reward) }
