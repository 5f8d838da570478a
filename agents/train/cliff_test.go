package train_test

import (
	"context"
	"testing"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/sim/env"
)

// cliff is Sutton & Barto's (2018) example 6.6: 4 rows × 12 columns; −1 a step; the bottom row between start (left) and
// goal (right) is a cliff that costs 100 and leads back to the start. Moves are up, right, down, left.
type cliff struct {
	spec        env.Spec
	row, column int
	steps       int
	reward      float64
	account     results.Metrics
	mask        []bool
	over        bool
}

func newCliff() *cliff {
	c := &cliff{mask: []bool{true, true, true, true}}
	c.spec.Features = []env.Feature{{Name: "row"}, {Name: "column"}}
	c.spec.Offers = []env.Offer{{Price: 1}, {Price: 2}, {Price: 3}, {Price: 4}}
	return c
}

func (c *cliff) Players() int              { return 1 }
func (c *cliff) Spec(int) *env.Spec        { return &c.spec }
func (c *cliff) Account() *results.Metrics { return &c.account }
func (c *cliff) Week() *results.Metrics    { return &results.Metrics{} }

func (c *cliff) Reset(uint64) {
	*c = cliff{spec: c.spec, mask: c.mask, row: 3}
}

func (c *cliff) Next(step *env.TimeStep) bool {
	if c.over {
		return false
	}
	*step = env.TimeStep{Observation: []float64{float64(c.row), float64(c.column)}, Mask: c.mask, Reward: c.reward, Discount: 1, Elapsed: 1}
	switch {
	case c.steps == 0:
		step.Stage = env.First
	case c.row == 3 && c.column == 11:
		step.Stage, step.Terminal, c.over = env.Last, true, true
	case c.steps == 5000:
		step.Stage, c.over = env.Last, true
	default:
		step.Stage = env.Mid
	}
	return true
}

func (c *cliff) Act(action int) {
	c.steps++
	c.row = min(3, max(0, c.row+[]int{-1, 0, 1, 0}[action]))
	c.column = min(11, max(0, c.column+[]int{0, 1, 0, -1}[action]))
	c.reward = -1
	if c.row == 3 && c.column > 0 && c.column < 11 {
		c.row, c.column, c.reward = 3, 0, -100
	}
	c.account.Reward += c.reward
}

// path follows a policy greedily and returns its length (at most 100) and the row on which it crosses the middle.
func (c *cliff) path(p policies.Policy) (steps, crossing int) {
	for c.Reset(0); (c.row != 3 || c.column != 11) && steps < 100; steps++ {
		c.Act(p.Decide([]float64{float64(c.row), float64(c.column)}, 0).Action)
		if c.column == 6 {
			crossing = c.row
		}
	}
	return steps, crossing
}

// Figure 6.4 of the book: with ε = 0.1 Q-learning finds the edge and falls off it by exploring, about −50 an episode;
// SARSA takes the safe path and earns about −25. Both figures are read off the plot, hence the wide margins. Greedily
// the edge takes 13 steps. α = 0.5, 500 episodes, 50 seeds; the last 100 episodes count.
func TestOnTheCliffQLearningTakesTheEdgeAndSARSATheSafePath(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: fifty thousand episodes; go test ./agents/train plays them")
	}
	const seeds = 50
	mean, edge := map[string]float64{}, map[string]int{}
	for _, name := range []string{"q-learning", "sarsa"} {
		params := learner(name, agents.LearningRate{Kind: "constant", Value: 0.5}, agents.Exploration{Kind: "constant", From: 0.1})
		switch p := params.(type) {
		case *agents.QLearning:
			p.Warmup = 0
		case *agents.SARSA:
			p.Warmup = 0
		}
		var jobs []train.Job
		var took []*rows[results.Episode]
		for seed := range int64(seeds) {
			took = append(took, &rows[results.Episode]{})
			jobs = append(jobs, train.Job{
				Key: results.Key{Agent: name, Seed: seed}, Params: params, Master: train.MasterSeed(6, seed), Episodes: 500,
				World: func() (train.World, error) { return newCliff(), nil }, Others: make([]policies.Policy, 1), EpisodeRows: took[seed],
				Encoder: policies.Encoder{Dimensions: []policies.Dimension{policies.Uniform("row", 0, -0.5, 3.5, 4), policies.Uniform("column", 1, -0.5, 11.5, 12)}},
			})
		}
		outcomes, err := train.Run(context.Background(), jobs, 2)
		if err != nil {
			t.Fatal(err)
		}
		for i, o := range outcomes {
			for _, e := range took[i].all[400:] {
				mean[name] += e.Reward / 100 / seeds
			}
			if steps, crossing := newCliff().path(o.Policy); steps == 13 && crossing == 2 {
				edge[name]++
			}
		}
	}
	t.Logf("reward %v, greedy along the edge %v of %d", mean, edge, seeds)
	if mean["q-learning"] > -40 || mean["q-learning"] < -60 || mean["sarsa"] > -20 || mean["sarsa"] < -30 {
		t.Errorf("reward an episode: %v, expected about −50 and −25", mean)
	}
	if edge["q-learning"] < seeds*9/10 || edge["sarsa"] > seeds/10 {
		t.Errorf("greedy along the edge: %v of %d", edge, seeds)
	}
}
