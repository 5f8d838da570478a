package train_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/market/oligopoly"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
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
}

// What comes out does not depend on how many play at once, and comes in order.
func TestSessionsAreTheSameOnAnyNumberOfWorkers(t *testing.T) {
	build := func(i int) (*train.Session, error) {
		s := session(t, duopoly(5, 1), func() agents.Params { return learning(0.15, agents.Exploration{Kind: "decay", From: 1, Rate: 1e-3}) }, uint64(i))
		s.Converged, s.Plain = 1000, i%3 == 0
		return s, nil
	}
	var alone []*train.SessionOutcome
	for _, workers := range []int{1, 2, 7} {
		var all []*train.SessionOutcome
		err := train.Sessions(context.Background(), 40, workers, build, func(i int, o *train.SessionOutcome) error {
			if i != len(all) {
				t.Errorf("session %d came as number %d", i, len(all))
			}
			o.Agents = nil
			all = append(all, o)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if alone == nil {
			alone = all
		}
		if len(all) != 40 || !reflect.DeepEqual(all, alone) {
			t.Errorf("%d workers: %d sessions, other outcomes", workers, len(all))
		}
	}
}

func TestSessionsStopWithinASecond(t *testing.T) {
	for _, plain := range []bool{false, true} {
		ctx, cancel := context.WithCancel(context.Background())
		build := func(i int) (*train.Session, error) {
			s := session(t, duopoly(15, 1), baseline, uint64(i))
			s.Plain, s.Watch = plain, func(uint64) { cancel() }
			return s, nil
		}
		begun := time.Now()
		err := train.Sessions(ctx, 100, 2, build, func(int, *train.SessionOutcome) error { return nil })
		if took := time.Since(begun); !errors.Is(err, context.Canceled) || took > 5*time.Second { // a second on a quiet machine
			t.Errorf("stopped after %v with %v", took, err)
		}
	}
}

func TestAFailureEndsSessions(t *testing.T) {
	sad := errors.New("no more")
	build := func(i int) (*train.Session, error) {
		if i == 7 {
			return nil, sad
		}
		s := session(t, duopoly(3, 1), baseline, uint64(i))
		s.Periods = 1000
		return s, nil
	}
	told := 0
	if err := train.Sessions(context.Background(), 1000, 3, build, func(int, *train.SessionOutcome) error { told++; return nil }); !errors.Is(err, sad) || told != 7 {
		t.Errorf("%d sessions were told, then %v", told, err)
	}
	err := train.Sessions(context.Background(), 5, 1, build, func(i int, _ *train.SessionOutcome) error { return sad })
	if !errors.Is(err, sad) {
		t.Error(err)
	}
}

func TestASessionRefusesWhatDoesNotFit(t *testing.T) {
	for expected, spoil := range map[string]func(s *train.Session){
		"players": func(s *train.Session) { s.Players = s.Players[:1] },
		"periods": func(s *train.Session) { s.Periods = 0 },
		"tail":    func(s *train.Session) { s.Tail = -1 },
		"params":  func(s *train.Session) { s.Players[1].Params = nil },
		"values":  func(s *train.Session) { s.Players[1].Values = make([]float64, 7) },
		"synchronous": func(s *train.Session) {
			s.Synchronous, s.Players[0].Params = true, &agents.SARSA{Tabular: learning(0.1, agents.Exploration{Kind: "constant"}).Tabular}
		},
		"converged": func(s *train.Session) {
			s.Converged, s.Players[1].Values = 10, nil
			s.Players[1].Params = agents.Kinds()[slices.IndexFunc(agents.Kinds(), func(k agents.Kind) bool { return k.Name == "dqn" })].New()
		},
	} {
		s := session(t, duopoly(3, 1), baseline, 1)
		spoil(s)
		var bad *field.Error
		if _, err := train.RunSession(context.Background(), s); !errors.As(err, &bad) || bad.Key != expected {
			t.Errorf("%s: %v", expected, err)
		}
	}
}

// A frozen rival is part of the world: against one who stays at the lowest price, the learner finds its best answer.
func TestALearnerAnswersAFrozenRival(t *testing.T) {
	s := session(t, duopoly(15, 1), func() agents.Params { return learning(0.2, agents.Exploration{Kind: "decay", From: 1, Rate: 1e-4}) }, 3)
	world, _ := s.World()
	game := world.(*oligopoly.Game)
	lowest, err := policies.NewTable(game.Spec(1), policies.Encoder{}, append([]float64{1}, make([]float64, 14)...), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	s.Players[1] = train.Player{Policy: lowest}
	s.Periods, s.Tail = 200_000, 3
	s.Players[0].Encoder, s.Players[0].Values = policies.Encoder{}, nil
	o, err := train.RunSession(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	best := 0
	for r := range 15 {
		if game.Profits()[2*15*r] > game.Profits()[2*15*best] {
			best = r
		}
	}
	last := int32(best)
	if !slices.Equal(o.Path, []int32{last, 0, last, 0, last, 0}) || o.Agents[1] != nil || o.Strategies[1][100] != 0 {
		t.Errorf("played %v, expected %d and 0", o.Path, best)
	}
}
