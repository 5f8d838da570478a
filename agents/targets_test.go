package agents

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// twoPrices is a task of one feature in two cells, and two prices.
func twoPrices() Task {
	spec := &env.Spec{Features: []env.Feature{{Name: "x", Max: 1}}, Offers: []env.Offer{{Price: 1}, {Price: 2}}}
	return Task{Spec: spec, Encoder: policies.Encoder{Dimensions: []policies.Dimension{{Feature: "x", Edges: []float64{0.5}}}}}
}

func at(x float64) *State { return &State{Observation: []float64{x}, Mask: []bool{true, true}} }

func learner[A Agent](t *testing.T, p Params, task Task) A {
	t.Helper()
	a, err := p.New(task)
	if err != nil {
		t.Fatal(err)
	}
	return a.(A)
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-12*max(1, math.Abs(want))) {
		t.Errorf("%s: %v, expected %v", what, got, want)
	}
}

// Four transitions under γ = .5, λ = .5, V = 2 everywhere, rewards 1, 3, 5 and 7 of deviation √5: the second's episode is cut short, the third's ends, the fourth's goes on beyond
// the rollout. In units of that deviation, with v = 2:
//
//   - Â₄ = r₄ + .5v − v, whose sum ends with the rollout
//   - Â₃ = r₃ − v, because nothing follows
//   - Â₂ = r₂ + .5v − v, which looks at the state where it was cut and not at the next episode
//   - Â₁ = r₁ + .5v − v + .25·Â₂
func TestAdvantagesEndWhereEpisodesDo(t *testing.T) {
	p := newPPO()
	p.Rollout, p.Batch, p.Lambda = 4, 4, 0.5
	q := learner[*ppo](t, p, twoPrices())
	q.opening = opening{0, 4, 16, 84, 0, 1} // four rewards: Σr = 16, Σr² = 84, variance 5
	q.critic.biases()[0] = 2                // all other weights are 0
	n, width := 2*len(q.inputs), q.width
	for i, c := range []struct{ reward, discount, last float64 }{{1, 0.5, 0}, {3, 0.5, 1}, {5, 0, 1}, {7, 0.5, 0}} {
		fields := q.rows[i*width+n*2:]
		fields[atReward], fields[atDiscount], fields[atLast] = c.reward, c.discount, c.last
	}
	q.estimate()
	s := math.Sqrt(5)
	want := []float64{1/s - 1 + 0.25*(3/s-1), 3/s - 1, 5/s - 2, 7/s - 1}
	mean, square := 0.0, 0.0
	for _, a := range want {
		mean, square = mean+a/4, square+a*a/4
	}
	deviation := math.Sqrt(square-mean*mean) + 1e-8
	for i, a := range want {
		fields := q.rows[i*width+n*2:]
		near(t, "target of V", fields[atValue], a+2)
		near(t, "advantage", fields[atAdvantage], (a-mean)/deviation)
	}
}

// Of the offers allowed next, DQN takes the target network's value of that network's best, Double DQN of the learning network's best.
func TestTargetsOfDQNAreOverTheAllowedOffers(t *testing.T) {
	for _, c := range []struct {
		double  bool
		allowed []float64
		want    float64
	}{{false, []float64{1, 1}, 5}, {true, []float64{1, 1}, 3}, {false, []float64{1, 0}, 3}, {true, []float64{0, 1}, 5}} {
		p := newDQN()
		p.Double = c.double
		q := learner[*dqn](t, p, twoPrices())
		copy(q.target.biases(), []float64{3, 5})
		copy(q.network.biases(), []float64{2, 1})
		near(t, "next", q.next(make([]float64, 2), c.allowed), c.want)
	}
}

// One tile holds all: V is a number, its step size 1. The first price drawn, .75 of the ladder, earns 4 and ends: δ = 4, which is one deviation, so that μ moves from ½ by α·(.75 − .5), and ln σ from ln ¼ by
// α·½·((.75 − .5)²/¼² − 1) = 0. Then δ = −4 of the same deviation, at .25: μ by −α·(.25 − μ).
func TestTheActorMovesTowardsWhatDidBetter(t *testing.T) {
	p := newActorCritic()
	p.LearningRate, p.Actor, p.Basis, p.Deviation, p.Warmup, p.Average = LearningRate{Kind: "constant", Value: 1}, 0.1, Basis{Kind: "tiles", Tilings: 1, Tiles: 1}, 0.25, 0, 0
	task := twoPrices()
	task.Encoder = policies.Encoder{}
	a := learner[*actorCritic](t, p, task)
	a.drawn, a.action = 0.75, 1
	a.Learn(Transition{State: at(0), Action: 1, Reward: 4, Next: at(0), Terminal: true, Last: true})
	near(t, "V", a.values[0], 4)
	near(t, "μ", a.theta[0], 0.525)
	near(t, "ln σ", a.theta[1], math.Log(0.25))
	a.drawn, a.action = 0.25, 0
	a.Learn(Transition{State: at(0), Action: 0, Reward: -2, Discount: 0.5, Next: at(0)}) // δ = −2 + .5·4 − 4 = −4
	near(t, "V", a.values[0], 0)
	near(t, "μ", a.theta[0], 0.525+0.1*0.275)
	near(t, "ln σ", a.theta[1], math.Log(0.25)-0.05*(0.275*0.275/0.0625-1))
}

// The hull of (.3, 6), (.5, 8), (.6, 7) and (.2, 1) and nothing has the vertices of the first two: the third earns less of more, the fourth lies below.
func TestTheHullMixesTheNeighboursOfTheCapacity(t *testing.T) {
	h := hull{demand: []float64{0.6, 0.2, 0.5, 0.3}, reward: []float64{7, 1, 8, 6}}
	all := []bool{true, true, true, true}
	for _, c := range []struct {
		capacity  float64
		mask      []bool
		low, high int
		share     float64
	}{{0.15, all, -1, 3, 0.5}, {0.4, all, 3, 2, 0.5}, {0.55, all, 2, 2, 0}, {math.Inf(1), all, 2, 2, 0}, {0, all, -1, 3, 0}, {0.25, []bool{true, true, false, false}, -1, 0, 0.25 / 0.6}} {
		low, high, share := h.mix(c.mask, c.capacity)
		if low != c.low || high != c.high {
			t.Errorf("capacity %v: between %d and %d, expected %d and %d", c.capacity, low, high, c.low, c.high)
		}
		near(t, "share", share, c.share)
	}
}

// One cell for each side of the feature: α = .5 and γ = .5 make semi-gradient learners those of a table. Q learns from the best allowed offer of what follows, SARSA from the one made.
func TestSemiGradientsUpdateByHand(t *testing.T) {
	shared := defaultSemiGradient()
	shared.LearningRate, shared.Basis, shared.Warmup, shared.Average = LearningRate{Kind: "constant", Value: 0.5}, Basis{Kind: "tiles", Tilings: 1, Tiles: 1}, 0, 0
	q := learner[*semiGradientQ](t, &SemiGradientQ{shared}, twoPrices())
	q.Learn(Transition{State: at(1), Action: 1, Reward: 8, Terminal: true})
	q.Learn(Transition{State: at(1), Action: 0, Reward: 4, Terminal: true})
	q.Learn(Transition{State: at(0), Action: 0, Reward: 1, Discount: 0.5, Next: at(1)}) // .5·(1 + .5·4)
	next := at(1)
	next.Mask[1] = false
	q.Learn(Transition{State: at(0), Action: 1, Reward: 1, Discount: 0.5, Next: next}) // .5·(1 + .5·2)
	near(t, "q(0, 0)", q.evaluate([]float64{0})[0], 1.5)
	near(t, "q(0, 1)", q.evaluate([]float64{0})[1], 1)

	s := learner[*semiGradientSARSA](t, &SemiGradientSARSA{shared}, twoPrices())
	s.Learn(Transition{State: at(1), Action: 0, Reward: 4, Terminal: true})
	s.Learn(Transition{State: at(1), Action: 1, Reward: 8, Terminal: true})
	s.Learn(Transition{State: at(0), Action: 0, Reward: 1, Discount: 0.5, Next: at(1), Last: true}) // waits, though the episode is cut short
	near(t, "q(0, 0)", s.evaluate([]float64{0})[0], 0)
	stream := rng.New(1, 0).Family("test").At()
	s.Act(&State{Observation: []float64{1}, Mask: []bool{true, false}}, 0, &stream) // .5·(1 + .5·2)
	near(t, "q(0, 0)", s.evaluate([]float64{0})[0], 1)
}
