package agents_test

import (
	"encoding/json"
	"errors"
	"math"
	"testing"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// chiSquare is Pearson's statistic of counts against a law; offers of probability 0 must have none.
func chiSquare(t *testing.T, counts []int, law []float64) float64 {
	t.Helper()
	n, sum := 0, 0.0
	for _, c := range counts {
		n += c
	}
	for a, p := range law {
		if p == 0 && counts[a] > 0 {
			t.Errorf("offer %d was made, which the law forbids", a)
		}
		if p > 0 {
			d := float64(counts[a]) - float64(n)*p
			sum += d * d / (float64(n) * p)
		}
	}
	return sum
}

// Each rule of exploration against its law by 200,000 offers. The false-alarm rate of each case is 10⁻⁴: the quantiles of χ² with 1 and 2 degrees of freedom are 15.14 and 18.42.
func TestOffersAreMadeByTheLawOfExploration(t *testing.T) {
	const quantile1, quantile2 = 15.14, 18.42
	softmax := func(temperature float64, q ...float64) []float64 {
		law, sum := make([]float64, 3), 0.0
		for a, v := range q {
			law[a] = math.Exp(v / temperature)
			sum += law[a]
		}
		for a := range law {
			law[a] /= sum
		}
		return law
	}
	for name, c := range map[string]struct {
		exploration agents.Exploration
		ties        string
		values      []float64
		updates     int // of the state, before
		mask        []bool
		now         float64 // Act's exploration
		law         []float64
		quantile    float64
	}{
		"ε-greedy":              {values: []float64{1, 3, 2}, now: 0.3, law: []float64{0.1, 0.8, 0.1}, quantile: quantile2},
		"ε-greedy, masked":      {values: []float64{1, 3, 2}, mask: []bool{true, false, true}, now: 0.3, law: []float64{0.15, 0, 0.85}, quantile: quantile1},
		"ε-greedy, equals":      {values: []float64{3, 3, 2}, ties: "random", now: 0.3, law: []float64{0.45, 0.45, 0.1}, quantile: quantile2},
		"total":                 {values: []float64{1, 3, 2}, now: math.Inf(1), law: []float64{1. / 3, 1. / 3, 1. / 3}, quantile: quantile2},
		"boltzmann":             {exploration: agents.Exploration{Rule: "boltzmann"}, values: []float64{1, 3, 2}, now: 2, law: softmax(2, 1, 3, 2), quantile: quantile2},
		"boltzmann, far values": {exploration: agents.Exploration{Rule: "boltzmann"}, values: []float64{1e6, 1e6 + 1, 1e6 - 1}, now: 0.5, law: softmax(0.5, 0, 1, -1), quantile: quantile2},
		"boltzmann, masked":     {exploration: agents.Exploration{Rule: "boltzmann"}, values: []float64{1, 9, 2}, mask: []bool{true, false, true}, now: 1, law: []float64{1 / (1 + math.E), 0, math.E / (1 + math.E)}, quantile: quantile1},
		"boltzmann, total":      {exploration: agents.Exploration{Rule: "boltzmann"}, values: []float64{1, 9, 2}, now: math.Inf(1), law: []float64{1. / 3, 1. / 3, 1. / 3}, quantile: quantile2},
		"by visits":             {exploration: agents.Exploration{Kind: "visits"}, values: []float64{0, 0, 0}, updates: 4, now: 0.6, law: []float64{0.9, 0.05, 0.05}, quantile: quantile2},
		"by their root":         {exploration: agents.Exploration{Kind: "visits", Power: 0.5}, values: []float64{0, 0, 0}, updates: 4, now: 0.6, law: []float64{0.8, 0.1, 0.1}, quantile: quantile2},
		"by visits, at least":   {exploration: agents.Exploration{Kind: "visits", To: 0.3}, values: []float64{0, 0, 0}, updates: 4, now: 0.6, law: []float64{0.8, 0.1, 0.1}, quantile: quantile2},
		"by no visits yet":      {exploration: agents.Exploration{Kind: "visits"}, values: []float64{3, 0, 0}, now: 0.6, law: []float64{0.6, 0.2, 0.2}, quantile: quantile2},
	} {
		p := &agents.QLearning{Tabular: constant(0.5, 0)}
		if c.exploration.Kind == "" {
			c.exploration.Kind = "constant"
		}
		p.Exploration, p.Ties = c.exploration, c.ties
		h := begin(t, p, append(c.values, 0, 0, 0)...)
		for i := range c.updates {
			h.ends(0, i%3, 0)
		}
		if c.mask != nil {
			h.s[0].Mask = c.mask
		}
		h.stream = rng.New(11, 0).Family(name).At()
		counts, explored := make([]int, 3), 0
		for range 200000 {
			a, exploring := h.agent.Act(h.s[0], c.now, &h.stream)
			counts[a]++
			if exploring {
				explored++
			}
		}
		if got := chiSquare(t, counts, c.law); got > c.quantile {
			t.Errorf("%s: χ² %.1f of %v against %v", name, got, counts, c.law)
		}
		if explored == 0 {
			t.Errorf("%s: no offer explored", name)
		}
	}
}

func TestBoltzmannIsGreedyWithoutTemperature(t *testing.T) {
	p := &agents.QLearning{Tabular: constant(0.5, 0)}
	p.Exploration.Rule = "boltzmann"
	h := begin(t, p, 1, 3, 2, 0, 0, 0)
	for range 1000 {
		if a, exploring := h.agent.Act(h.s[0], 0, &h.stream); a != 1 || exploring {
			t.Fatalf("made offer %d", a)
		}
	}
}

func TestExplorationDecaysWithTheLearnersTurns(t *testing.T) {
	e := agents.Exploration{Kind: "decay", From: 1, To: 1e-3, Rate: 4e-6}
	for steps, want := range map[uint64]float64{0: 1, 1: math.Exp(-4e-6), 1000000: math.Exp(-4), 100000000: 1e-3} {
		if got := e.At(agents.Moment{Progress: 0.5, Steps: steps}); math.Abs(got/want-1) > 1e-12 {
			t.Errorf("after %d turns %v, expected %v", steps, got, want)
		}
	}
}

// The step sizes of five updates of one offer, after two of another of the same state.
func TestStepSizesFallAsTheirKindSays(t *testing.T) {
	for _, c := range []struct {
		rate agents.LearningRate
		want [5]float64
	}{
		{agents.LearningRate{Kind: "constant", Value: 0.3}, [5]float64{0.3, 0.3, 0.3, 0.3, 0.3}},
		{agents.LearningRate{Kind: "visits", Power: 1}, [5]float64{1, 1. / 2, 1. / 3, 1. / 4, 1. / 5}},
		{agents.LearningRate{Kind: "visits", Power: 0.8}, [5]float64{1, math.Pow(2, -0.8), math.Pow(3, -0.8), math.Pow(4, -0.8), math.Pow(5, -0.8)}},
		{agents.LearningRate{Kind: "state-visits", Power: 1}, [5]float64{1. / 3, 1. / 4, 1. / 5, 1. / 6, 1. / 7}},
		{agents.LearningRate{Kind: "unbiased", Value: 0.5}, [5]float64{1, 2. / 3, 4. / 7, 8. / 15, 16. / 31}},
		{agents.LearningRate{Kind: "unbiased", Value: 1}, [5]float64{1, 1, 1, 1, 1}},
	} {
		p := &agents.QLearning{Tabular: constant(0.5, 0)}
		p.LearningRate = c.rate
		h := begin(t, p).ends(0, 0, 1).ends(0, 0, 1)
		for i, want := range c.want {
			if h.ends(0, 1, 1); math.Abs(h.agent.LearningRate()-want) > 1e-12 {
				t.Errorf("%+v: update %d by %v, expected %v", c.rate, i+1, h.agent.LearningRate(), want)
			}
		}
	}
}

func TestABadParameterOfAKindIsNamed(t *testing.T) {
	traces := func(lambda float64, trace string) agents.Traces { return agents.Traces{Lambda: lambda, Trace: trace} }
	ok := constant(0.5, 0)
	ties := ok
	ties.Ties = "highest"
	slow := ok
	slow.LearningRate = agents.LearningRate{Kind: "unbiased", Value: 1e-17}
	large := kind("dqn").(*agents.DQN)
	large.Buffer = 1 << 24
	for _, c := range []struct {
		key string
		p   agents.Params
	}{
		{"ties", &agents.ExpectedSARSA{Tabular: ties}},
		{"lambda", &agents.SARSALambda{Tabular: ok, Traces: traces(1.1, "dutch")}},
		{"trace", &agents.SARSALambda{Tabular: ok, Traces: traces(1, "")}},
		{"trace", &agents.QLambda{Tabular: ok, Traces: traces(1, "dutch")}},
		{"steps", &agents.NStep{Tabular: ok, Sigma: 1}},
		{"sigma", &agents.NStep{Tabular: ok, Steps: 1, Sigma: math.NaN()}},
		{"visit", &agents.MonteCarlo{Tabular: ok, Longest: 1}},
		{"longest", &agents.MonteCarlo{Tabular: ok, Visit: "first"}},
		{"rule", &agents.RLearning{Tabular: ok, AverageRate: 0.1}},
		{"average_rate", &agents.RLearning{Tabular: ok, Rule: "schwartz"}},
		{"planning", &agents.DynaQ{Tabular: ok, Planning: -1}},
		{"planning", &agents.PrioritisedSweeping{Tabular: ok, Planning: 10001}},
		{"threshold", &agents.PrioritisedSweeping{Tabular: ok, Planning: 1, Threshold: -1}},
		{"learning_rate.value", &agents.QLearning{Tabular: slow}},
		{"buffer", large},
	} {
		task, _ := two()
		_, err := c.p.New(task)
		if bad, is := errors.AsType[*field.Error](err); !is || bad.Key != c.key {
			t.Errorf("%s: %v", c.key, err)
		}
	}
}

// A million features of 100 offers would take 4 GB.
func TestABasisOfTooManyWeightsIsRefused(t *testing.T) {
	task, _ := two()
	task.Encoder.Dimensions[0].Edges = []float64{0.3, 0.6}
	for range 97 {
		task.Spec.Offers = append(task.Spec.Offers, env.Offer{Price: float64(len(task.Spec.Offers) + 1)})
	}
	p := kind("semi-gradient-q").(*agents.SemiGradientQ)
	p.Basis.Tilings, p.Basis.Tiles = 1024, 1000
	if _, err := p.New(task); err == nil {
		t.Error("it was taken")
	} else if bad, is := errors.AsType[*field.Error](err); !is || bad.Key != "basis" {
		t.Error(err)
	}
}

// A checkpoint may be anything: it is refused, or the learner goes on.
func FuzzCheckpoint(f *testing.F) {
	var makers []agents.Params
	for _, k := range agents.Kinds() {
		p := k.New()
		if err := json.Unmarshal([]byte(`{"warmup": 4, "hidden": [4], "batch": 2, "buffer": 8, "target": 3, "rollout": 8, "epochs": 2, "longest": 8}`), p); err != nil {
			f.Fatal(err)
		}
		makers = append(makers, p)
	}
	task, s := two()
	task.Spec.Features = append(task.Spec.Features, env.Feature{Name: "stock", Max: 9}, env.Feature{Name: "periods_left", Max: 9})
	for i := range s {
		s[i].Observation = append(s[i].Observation, 5, 5)
	}
	live := func(a agents.Agent) {
		stream := rng.New(1, 0).Family("fuzz").At()
		for i := range 20 {
			action, _ := a.Act(s[i%2], 0.3, &stream)
			a.Learn(agents.Transition{State: s[i%2], Action: action, Reward: 1, Discount: 0.9, Next: s[1-i%2], Terminal: i%7 == 6, Last: i%7 == 6 || i%5 == 4})
		}
	}
	for i, p := range makers {
		a, err := p.New(task)
		if err != nil {
			f.Fatal(err)
		}
		live(a)
		b, _ := a.MarshalBinary()
		f.Add(uint8(i), b)
	}
	f.Fuzz(func(t *testing.T, kind uint8, checkpoint []byte) {
		a, err := makers[int(kind)%len(makers)].New(task)
		if err != nil {
			t.Fatal(err)
		}
		if a.UnmarshalBinary(checkpoint) == nil {
			live(a)
		}
	})
}
