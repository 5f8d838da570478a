package agents_test

import (
	"testing"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// grid is a task of 15 offers on about 200 states: a table of 24 kB, which a core's cache holds.
func grid() (agents.Task, []agents.State) {
	spec := &env.Spec{Features: []env.Feature{{Name: "x"}, {Name: "stock"}, {Name: "periods_left"}}, Offers: make([]env.Offer, 15)}
	for a := range spec.Offers {
		spec.Offers[a].Price = float64(a + 1)
	}
	task := agents.Task{Spec: spec, Encoder: policies.Encoder{Dimensions: []policies.Dimension{policies.Uniform("x", 0, 0, 1, 200)}}}
	mask := make([]bool, 15)
	for a := range mask {
		mask[a] = true
	}
	states := make([]agents.State, task.Encoder.States())
	for s := range states {
		states[s] = agents.State{Index: s, Observation: []float64{float64(s) / 200, 12, 30}, Mask: mask}
	}
	return task, states
}

func benchmark(b *testing.B, params agents.Params, act bool) {
	task, states := grid()
	agent, err := params.New(task)
	if err != nil {
		b.Fatal(err)
	}
	stream := rng.New(1, 0).Family("bench").At()
	walk := make([]agents.Transition, 4096)
	at := &states[0]
	for i := range walk {
		next := &states[stream.Intn(len(states))]
		walk[i] = agents.Transition{State: at, Action: stream.Intn(15), Reward: stream.Float64(), Discount: 0.95, Next: next}
		at = next
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i = (i + 1) & 4095 {
		x := walk[i]
		if act {
			x.Action, _ = agent.Act(x.State, 0.1, &stream)
		}
		agent.Learn(x)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mupdates/s")
}

func kind(name string) agents.Params {
	for _, k := range agents.Kinds() {
		if k.Name == name {
			return k.New()
		}
	}
	return nil
}

func BenchmarkQLearningLearn(b *testing.B)   { benchmark(b, kind("q-learning"), false) }
func BenchmarkQLearningActed(b *testing.B)   { benchmark(b, kind("q-learning"), true) }
func BenchmarkSARSALearnAndAct(b *testing.B) { benchmark(b, kind("sarsa"), true) }
func BenchmarkQLearningLearnConstant(b *testing.B) {
	benchmark(b, &agents.QLearning{Tabular: agents.Tabular{
		LearningRate: agents.LearningRate{Kind: "constant", Value: 0.1}, Exploration: agents.Exploration{Kind: "constant"}}}, false)
}

// One of two transitions of DQN, and one of 1,024 of PPO, pays for all: the figure is the mean.
func BenchmarkSemiGradientQTiles(b *testing.B) { benchmark(b, kind("semi-gradient-q"), true) }
func BenchmarkSemiGradientQFourier(b *testing.B) {
	p := kind("semi-gradient-q").(*agents.SemiGradientQ)
	p.Basis.Kind = "fourier"
	benchmark(b, p, true)
}
func BenchmarkSemiGradientSARSATiles(b *testing.B) { benchmark(b, kind("semi-gradient-sarsa"), true) }
func BenchmarkActorCritic(b *testing.B)            { benchmark(b, kind("actor-critic"), true) }
func BenchmarkDQN(b *testing.B)                    { benchmark(b, kind("dqn"), true) }
func BenchmarkPPO(b *testing.B)                    { benchmark(b, kind("ppo"), true) }
