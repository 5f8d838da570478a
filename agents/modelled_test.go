package agents_test

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// ladder is a shop of n prices from low to high and a demand curve.
func ladder(low, high float64, n int, demand func(float64) float64) shop {
	w := shop{stock: math.Inf(1)}
	for i := range n {
		p := low + (high-low)*float64(i)/float64(n-1)
		w.prices, w.chances = append(w.prices, p), append(w.chances, demand(p))
	}
	return w
}

func TestDemandCurvesAreFittedByLeastSquaresAndLikelihood(t *testing.T) {
	w := shop{prices: []float64{1, 2, 4}}
	for kind, want := range map[string][]float64{
		// Units 3, 2, 2, 0 at prices 1, 1, 2, 4: mean 7/4 at mean price 2, Sxy = −5, Sxx = 6.
		"linear": {1.75 + 5.0/6, 1.75, 1.75 - 5.0/3},
		// Of logistic demand by one customer, 9 of 10 buy at 1 and 1 of 10 at 4, exactly: log odds ±2.19722, so half of them would buy at 2.5.
		"logistic": {0.9, 1 / (1 + math.Exp(-2.1972245773362196/3)), 0.1},
		// Of exponential demand 8 units at 1 and 1 at 4 halve with each $.
		"exponential": {8, 4, 1},
	} {
		p := &agents.EstimateThenOptimise{Estimation: agents.Estimation{Curve: agents.Curve{Kind: kind, Customers: 1}}, Probes: 2}
		a := made(t, p, w.task())
		switch kind {
		case "linear":
			learn(a, 0, 3, 2)
			learn(a, 1, 4)
			learn(a, 2, 0)
		case "logistic":
			learn(a, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0)
			learn(a, 2, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0)
		case "exponential":
			learn(a, 0, 8)
			learn(a, 2, 4)
		}
		got := values(t, a)
		for i, p := range w.prices {
			if math.Abs(got[i]/p-want[i]) > 1e-9 {
				t.Errorf("%s: %v units at price %v, expected %v", kind, got[i]/p, p, want[i])
			}
		}
	}
}

// One free parameter: demand 1/2 + z − z·p is known to be ½ at price 1; 3 of 4 units at 3/4 make z = 1, and least squares of that and of ⅜ at 5/4 z = ¾.
func TestACurveThroughAKnownPointHasOneParameter(t *testing.T) {
	w := shop{prices: []float64{0.75, 1, 1.25}}
	p := &agents.EstimateThenOptimise{Probes: 2,
		Estimation: agents.Estimation{Curve: agents.Curve{Kind: "linear", Customers: 1, ThroughPrice: 1, ThroughDemand: 0.5}}}
	a := made(t, p, w.task())
	learn(a, 0, 0.75, 0.75, 0.75, 0)
	if got := values(t, a); !close(got, []float64{0.75 * 0.75, 0.5, 1.25 * 0.25}) {
		t.Errorf("at z = 1 %v", got)
	}
	learn(a, 2, 1.25*0.375, 1.25*0.375, 1.25*0.375, 1.25*0.375)
	if got := values(t, a); !close(got, []float64{0.75 * 0.6875, 0.5, 1.25 * 0.3125}) {
		t.Errorf("at z = 3/4 %v", got)
	}
}

// Prices 1 and 3 sold 0.8 and 0.2: the curve is 1.1 − 0.3·p, its best price 11/6, on the ladder 1.8; the mean is 2 and t·Var = 2. With α = ½ and c = ½ the
// variance after t = 2 is to be (2 + ⅔·0.04)/3 at least ½/√3, and it is; with c = 1.85 it is not: 3·Var = 2.0267 < 1.85·√3 = 3.2043, so prices
// within √(1.85·(√3 − √2)·3/2) = 0.9392 of the mean are taboo, and of the others 1 earns 0.8 and 3 0.6.
func TestControlledVarianceKeepsOffTheMean(t *testing.T) {
	w := ladder(1, 3, 11, func(float64) float64 { return 0 })
	s := &agents.State{Mask: make([]bool, 11)}
	for i := range s.Mask {
		s.Mask[i] = true
	}
	stream := rng.New(1, 0).Family("test").At()
	for width, want := range map[float64]float64{0.5: 1.8, 1.85: 1} {
		p := &agents.ControlledVariance{Estimation: agents.Estimation{Curve: agents.Curve{Kind: "linear", Customers: 1}}, Power: 0.5, Width: width}
		a := made(t, p, w.task())
		for i, at := range []int{0, 10} {
			if got, _ := a.Act(s, 0, &stream); got != at {
				t.Errorf("period %d at offer %d", i+1, got)
			}
			learn(a, at, []float64{0.8, 0.6}[i])
		}
		if got, _ := a.Act(s, 0, &stream); math.Abs(w.prices[got]-want) > 1e-9 {
			t.Errorf("c = %v: price %v, expected %v", width, w.prices[got], want)
		}
		learn(a, 10, 30) // demand rises with the price: the first price is the farther from the mean
		if got, _ := a.Act(s, 0, &stream); got != 0 {
			t.Errorf("where no falling curve fits it makes offer %d", got)
		}
	}
}

func TestMLECyclePaysForItsProbesInEverLongerCycles(t *testing.T) {
	w := ladder(1, 3, 11, func(float64) float64 { return 0 })
	a := made(t, &agents.MLECycle{Estimation: agents.Estimation{Curve: agents.Curve{Kind: "linear", Customers: 1}}, Probes: 2}, w.task())
	s := &agents.State{Mask: []bool{true, true, true, true, true, true, true, true, true, true, true}}
	stream := rng.New(1, 0).Family("test").At()
	for n, want := range []int{0, 10, 4, 0, 10, 4, 4, 0, 10, 4, 4, 4, 0} { // 11/6 lies nearest to rung 4, 1.8
		got, _ := a.Act(s, 0, &stream)
		if got != want {
			t.Fatalf("period %d: offer %d, expected %d", n, got, want)
		}
		learn(a, got, w.prices[got]*(1.1-0.3*w.prices[got]))
	}
}

func TestLinUCBUpdatesByHand(t *testing.T) {
	spec := &env.Spec{Features: []env.Feature{{Name: "x", Min: 0, Max: 2}}, Offers: []env.Offer{{Price: 1}, {Price: 2}}}
	task := agents.Task{Spec: spec, Encoder: policies.Encoder{Dimensions: []policies.Dimension{{Feature: "x", Edges: []float64{1}}}}}
	a := made(t, &agents.LinUCB{Alpha: 1, Ridge: 1}, task)
	s := &agents.State{Observation: []float64{2}, Mask: []bool{true, true}} // x = (1, 1)
	a.Learn(agents.Transition{State: s, Action: 0, Reward: 3})
	// A = [[2 1] [1 2]], θ = A⁻¹(3, 3) = (1, 1). In the middles of the cells, at 0.25 and 0.75 of the range, offer 0 is worth 1.25 and 1.75.
	if got := values(t, a); !close(got[:4], []float64{1.25, 0, 1.75, 0}) {
		t.Errorf("values %v", got)
	}
	// At x = (1, 1) offer 0 has the bound 2 + √(2/3), offer 1 √2.
	stream := rng.New(1, 0).Family("test").At()
	if got, _ := a.Act(s, 0, &stream); got != 0 {
		t.Errorf("made offer %d", got)
	}
	a.Learn(agents.Transition{State: s, Action: 0, Reward: -3}) // θ = A⁻¹(0, 0)
	if got, _ := a.Act(s, 0, &stream); got != 1 {
		t.Errorf("after a loss made offer %d", got)
	}
}

// By the root mean square of what the frozen price is off the best one, over 20 seasons of 20,000 customers; over 100 it is 0.074, 0.071 and 0.100, of a price at random
// 0.17 and 3.5. Were the errors normal, the bounds would be passed in one run of 5,000 at most (χ² with 20 degrees of freedom).
func TestModelledDemandFindsTheBestPrice(t *testing.T) {
	const seasons = 20
	linear := ladder(0.75, 1.25, 51, func(p float64) float64 { return 1.1 - 0.6*p })            // best 0.9167
	logit := ladder(1, 10, 91, func(p float64) float64 { return 1 / (1 + math.Exp(-(4 - p))) }) // best 3.21
	for _, c := range []struct {
		name string
		w    shop
		best float64
		near float64
	}{
		{"controlled-variance", linear, 0.9167, 0.12}, {"mle-cycle", linear, 0.9167, 0.12}, {"thompson-logistic", logit, 3.2079, 0.2},
	} {
		squares := 0.0
		for seed := range uint64(seasons) {
			_, _, a := c.w.season(t, kind(c.name), seed, 20000)
			p, err := a.Policy()
			if err != nil {
				t.Fatal(err)
			}
			d := p.Decide([]float64{0, 0}, 0)
			squares += (d.Price - c.best) * (d.Price - c.best)
		}
		if off := math.Sqrt(squares / seasons); off > c.near {
			t.Errorf("%s: freezes to prices that are %.3f off the best one, %v", c.name, off, c.best)
		}
	}
}

func BenchmarkControlledVariance(b *testing.B) { benchmark(b, kind("controlled-variance"), true) }
func BenchmarkThompsonLogistic(b *testing.B)   { benchmark(b, kind("thompson-logistic"), true) }
func BenchmarkLinUCB(b *testing.B)             { benchmark(b, kind("linucb"), true) }
