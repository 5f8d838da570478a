package agents_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/market/monopoly"
	"github.com/souk-sim/souk/market/optimum"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// problem is one of monopoly's small problems and its exact values.
type problem struct {
	process *monopoly.Process
	exact   *optimum.Monopoly
}

func small(t testing.TB, name string) problem {
	for _, p := range monopoly.Problems() {
		if p.Name == name {
			process, err := monopoly.NewProcess(&p.Config)
			if err != nil {
				t.Fatal(err)
			}
			exact, err := optimum.SolveMonopoly(process, 1)
			if err != nil {
				t.Fatal(err)
			}
			return problem{process, exact}
		}
	}
	t.Fatal("no problem " + name)
	return problem{}
}

// learned trains one learner on a problem and tells what share of the optimum its frozen policy earns.
func (p problem) learned(t testing.TB, params agents.Params, episodes int, seed int64) float64 {
	master := train.MasterSeed(1, seed)
	outcomes, err := train.Run(context.Background(), []train.Job{{Params: params, Master: master, Others: make([]policies.Policy, 1),
		World: func() (train.World, error) { return p.process.Market(master), nil }, Encoder: p.process.Encoder(), Episodes: episodes}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	value, err := p.exact.Evaluate(outcomes[0].Policy)
	if err != nil {
		t.Fatal(err)
	}
	return p.exact.Score(value).OfOptimum
}

// approximators are trained on canned tuna in small: a remembered price, a rival's deals and a limit, of which the best fixed price earns 60% of the optimum.
// Budgets are reviews of 52 an episode.
var approximators = []struct {
	kind           string
	episodes, long int
}{
	{"semi-gradient-q", 1000, 5000}, {"semi-gradient-sarsa", 1000, 5000}, {"actor-critic", 1000, 5000}, {"dqn", 200, 1000}, {"ppo", 200, 1000},
}

// Each comes within 5% of the optimum, frozen. Over seeds 1 to 5, with these budgets, the least shares were 97.7% (Q), 97.9% (SARSA), 97.1% (actor–critic, whose price moves smoothly over
// the state where the best one jumps), 99.6% (DQN) and 97.7% (PPO).
func TestLearnersThatApproximateComeNearTheOptimum(t *testing.T) {
	p := small(t, "canned-tuna")
	if fixed := p.exact.Score(p.exact.Fixed[p.exact.Best]).OfOptimum; fixed > 0.7 {
		t.Fatalf("the best fixed price earns %.1f%% of the optimum: the problem tells nothing", 100*fixed)
	}
	for _, c := range approximators {
		t.Run(c.kind, func(t *testing.T) {
			share := p.learned(t, kind(c.kind), c.episodes, 1)
			t.Logf("%.2f%% of the optimum", 100*share)
			if share < 0.95 || share > 1+1e-9 {
				t.Errorf("%.2f%% of the optimum", 100*share)
			}
		})
	}
}

// A Fourier series does as well as tiles; its step sizes fall slower, because every update of an offer counts for all its weights. Over seeds 1 to 3 the shares were 97.3% to 99.0%.
func TestFourierTermsComeNearTheOptimumToo(t *testing.T) {
	p := small(t, "canned-tuna")
	params := kind("semi-gradient-q").(*agents.SemiGradientQ)
	params.Basis.Kind, params.Basis.Order = "fourier", 5
	params.LearningRate.Power = 0.4
	if share := p.learned(t, params, 1000, 1); share < 0.95 {
		t.Errorf("%.2f%% of the optimum", 100*share)
	}
}

func TestABadParameterOfALearnerThatApproximatesIsNamed(t *testing.T) {
	for key, p := range map[string]agents.Params{
		"basis.kind":         with("semi-gradient-q", func(p *agents.SemiGradientQ) { p.Basis.Kind = "wavelets" }),
		"basis.tilings":      with("semi-gradient-q", func(p *agents.SemiGradientQ) { p.Basis.Tilings = 0 }),
		"basis.order":        with("semi-gradient-sarsa", func(p *agents.SemiGradientSARSA) { p.Basis.Kind, p.Basis.Order = "fourier", 65 }),
		"basis.coupled":      with("actor-critic", func(p *agents.ActorCritic) { p.Basis.Kind, p.Basis.Coupled = "fourier", 0 }),
		"learning_rate.kind": with("actor-critic", func(p *agents.ActorCritic) { p.LearningRate.Kind = "state-visits" }),
		"exploration.kind":   with("semi-gradient-q", func(p *agents.SemiGradientQ) { p.Exploration.Kind = "visits" }),
		"actor_rate":         with("actor-critic", func(p *agents.ActorCritic) { p.Actor = 0 }),
		"deviation_to":       with("actor-critic", func(p *agents.ActorCritic) { p.DeviationTo = 0.5 }),
		"hidden":             with("dqn", func(p *agents.DQN) { p.Hidden = []int{4, 0} }),
		"activation":         with("ppo", func(p *agents.PPO) { p.Activation = "sine" }),
		"learning_rate":      with("ppo", func(p *agents.PPO) { p.LearningRate = math.NaN() }),
		"buffer":             with("dqn", func(p *agents.DQN) { p.Buffer = 8 }),
		"warmup":             with("dqn", func(p *agents.DQN) { p.Warmup = 8 }),
		"target":             with("dqn", func(p *agents.DQN) { p.Target = 0 }),
		"huber":              with("dqn", func(p *agents.DQN) { p.Huber = -1 }),
		"rollout":            with("ppo", func(p *agents.PPO) { p.Rollout = 8 }),
		"clip":               with("ppo", func(p *agents.PPO) { p.Clip = 1 }),
		"lambda":             with("ppo", func(p *agents.PPO) { p.Lambda = 1.5 }),
	} {
		task, _ := two()
		_, err := p.New(task)
		if bad, ok := errors.AsType[*field.Error](err); !ok || bad.Key != key {
			t.Errorf("%s: %v", key, err)
		}
	}
}

// with spoils the defaults of a kind.
func with[P agents.Params](name string, spoil func(p P)) agents.Params {
	p := kind(name).(P)
	spoil(p)
	return p
}

// What is missing spoils nothing: a shop that knows its only feature half of the time earns more where it does.
func TestLearnersThatApproximateStandMissingFeatures(t *testing.T) {
	task, states := two()
	for _, c := range approximators {
		params := kind(c.kind)
		switch p := params.(type) {
		case *agents.DQN:
			p.Warmup = 200
		case *agents.PPO:
			p.Rollout = 256
		}
		a := made(t, params, task)
		stream := rng.New(7, 0).Family("test").At()
		draw := func() (s agents.State, right int) { // the dearest offer is right in the one state, the cheapest in the other
			side := stream.Intn(2)
			s = *states[side]
			if s.Observation = []float64{float64(side)}; stream.Float64() < 0.5 {
				s.Observation[0] = math.NaN()
			}
			return s, 2 * side
		}
		for range 8000 {
			s, right := draw()
			action, _ := a.Act(&s, 0.2, &stream)
			next, _ := draw()
			a.Learn(agents.Transition{State: &s, Action: action, Reward: 2 - math.Abs(float64(action-right)), Next: &next, Terminal: true, Last: true})
		}
		policy, err := a.Policy()
		if err != nil {
			t.Fatalf("%s: %v", c.kind, err)
		}
		for side := range 2 {
			if d := policy.Decide([]float64{float64(side)}, 0); d.Action != 2*side {
				t.Errorf("%s: offers %d in state %d", c.kind, d.Action, side)
			}
		}
		policy.Decide([]float64{math.NaN()}, 0)
	}
}
