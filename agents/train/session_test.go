package train_test

import (
	"context"
	"testing"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/market/oligopoly"
	"github.com/souk-sim/souk/sim/env"
)

// duopoly is the baseline of Calvano et al. (2020), with rungs prices each.
func duopoly(rungs, memory int) *oligopoly.Config {
	return &oligopoly.Config{
		Demand: oligopoly.Demand{Kind: "logit", Options: &oligopoly.Logit{Scale: 0.25}},
		Firms:  []oligopoly.Firm{{Name: "a", Cost: 1, Quality: 2}, {Name: "b", Cost: 1, Quality: 2}},
		Size:   1, Ladder: oligopoly.Ladder{Rungs: rungs, Extend: 0.1}, Moves: "simultaneous", Memory: memory, Discount: 0.95, Horizon: 1e12, End: "truncate",
	}
}

func learning(rate float64, e agents.Exploration) *agents.QLearning {
	return &agents.QLearning{Tabular: agents.Tabular{LearningRate: agents.LearningRate{Kind: "constant", Value: rate}, Exploration: e, Initial: 5}}
}

// session is one of learners with the same parameters, who begin with what random rivals would leave them.
func session(t testing.TB, cfg *oligopoly.Config, params func() agents.Params, master uint64) *train.Session {
	t.Helper()
	game, err := oligopoly.New(cfg, master)
	if err != nil {
		t.Fatal(err)
	}
	s := &train.Session{World: func() (env.Environment, error) { return game, nil }, Master: master, Periods: 1e9}
	for i := range game.Players() {
		p := train.Player{Params: params(), Encoder: train.Rungs(game.Spec(i))}
		if cfg.Discount < 1 {
			if p.Values, err = game.InitialValues(&oligopoly.Initial{Kind: "random-rivals"}, i, nil); err != nil {
				t.Fatal(err)
			}
		}
		s.Players = append(s.Players, p)
	}
	return s
}

func TestASessionEndsWhenNoGreedyOfferHasChangedForSoLong(t *testing.T) {
	s := session(t, duopoly(5, 1), func() agents.Params { return learning(0.15, agents.Exploration{Kind: "decay", From: 1, Rate: 1e-3}) }, 1)
	s.Converged = 2000
	o, err := train.RunSession(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	if !o.Converged || o.Periods-o.Settled != 2000 || len(o.Strategies) != 2 || len(o.Strategies[0]) != 25 || len(o.Tables[1]) != 125 {
		t.Errorf("%d periods, settled after %d, %v", o.Periods, o.Settled, o.Strategies)
	}
	t.Log(o.Periods, o.Settled, o.Strategies)
}
