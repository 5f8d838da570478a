package agents_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// shop sells at most one unit a period, with a probability for each price.
type shop struct {
	prices, chances []float64
	stock           float64 // at the start; +Inf for enough
}

func (w shop) task() agents.Task {
	spec := &env.Spec{Features: []env.Feature{{Name: "stock"}, {Name: "periods_left"}}}
	for _, p := range w.prices {
		spec.Offers = append(spec.Offers, env.Offer{Price: p})
	}
	return agents.Task{Spec: spec}
}

// season plays periods with a new learner and returns what it earned, and what its offers are expected to lose against the best price
// without a limit of stock.
func (w shop) season(t testing.TB, params agents.Params, seed uint64, periods int) (earned, regret float64, a agents.Agent) {
	t.Helper()
	a, err := params.New(w.task())
	if err != nil {
		t.Fatal(err)
	}
	streams := rng.New(seed, 0)
	explore, buyers := streams.Family("exploration").At(), streams.Family("buyers").At()
	mask := make([]bool, len(w.prices))
	top := 0.0
	for i, p := range w.prices {
		mask[i] = true
		top = max(top, p*w.chances[i])
	}
	states := [2]agents.State{{Observation: make([]float64, 2), Mask: mask}, {Observation: make([]float64, 2), Mask: mask}}
	stock := w.stock
	for n := range periods {
		s, next := &states[n%2], &states[1-n%2]
		s.Observation[0], s.Observation[1] = stock, float64(periods-n)
		exploration := params.Explore(agents.Moment{Progress: float64(n) / float64(periods), Steps: uint64(n)})
		action, _ := a.Act(s, exploration, &explore)
		reward := 0.0
		if buyers.Float64() < w.chances[action] && stock > 0 {
			reward, stock = w.prices[action], stock-1
		}
		next.Observation[0], next.Observation[1] = stock, float64(periods-n-1)
		end := n == periods-1
		a.Learn(agents.Transition{State: s, Action: action, Reward: reward, Discount: 1, Next: next, Terminal: end, Last: end})
		earned += reward
		regret += top - w.prices[action]*w.chances[action]
	}
	return earned, regret, a
}

// means over seeds of what season returns, with the standard error of the regret.
func (w shop) seasons(t testing.TB, params agents.Params, seeds, periods int) (earned, regret, se float64) {
	t.Helper()
	var squares float64
	for seed := range seeds {
		e, r, _ := w.season(t, params, uint64(seed), periods)
		earned, regret, squares = earned+e, regret+r, squares+r*r
	}
	n := float64(seeds)
	earned, regret = earned/n, regret/n
	return earned, regret, math.Sqrt((squares/n - regret*regret) / (n - 1))
}

func learn(a agents.Agent, action int, rewards ...float64) {
	for _, r := range rewards {
		a.Learn(agents.Transition{State: &agents.State{Observation: []float64{9, 9}}, Action: action, Reward: r, Terminal: true})
	}
}

func TestUCB1TriesEachOfferOnceAndThenFollowsItsBound(t *testing.T) {
	w := shop{prices: []float64{1, 2, 3}}
	u := made(t, &agents.UCB1{Scale: 1, Width: 2}, w.task())
	s := &agents.State{Mask: []bool{true, true, true}}
	stream := rng.New(1, 0).Family("test").At()
	for want := range 3 {
		if got, _ := u.Act(s, 0, &stream); got != want {
			t.Fatalf("first of all %d, not %d", want, got)
		}
		learn(u, want, []float64{0.5, 0.9, 0.7}[want])
	}
	learn(u, 1, 0.9, 0.9)
	// ln 5 = 1.6094: 0.5 + √(3.2189) = 2.294; 0.9 + √(1.0730) = 1.936; 0.7 + √(3.2189) = 2.494
	if got, _ := u.Act(s, 0, &stream); got != 2 {
		t.Errorf("made offer %d, the highest bound is that of 2", got)
	}
	learn(u, 2, 0.7) // ln 6: 2.393, 1.993, 0.7 + 1.339 = 2.039
	if got, _ := u.Act(s, 0, &stream); got != 0 {
		t.Errorf("made offer %d, the highest bound is that of 0", got)
	}
	s.Mask[0] = false
	if got, _ := u.Act(s, 0, &stream); got != 2 {
		t.Errorf("made offer %d, of the allowed the highest bound is that of 2", got)
	}
	if got := values(t, u); !close(got, []float64{0.5, 0.9, 0.7}) {
		t.Errorf("means %v", got)
	}
}

// The distributions of Auer, Cesa-Bianchi & Fischer (2002, §4), prices being 1: regret stays below the bound of their theorem 1, and
// grows by less from 2,000 plays to 20,000 than a logarithm's multiple of that bound would allow, and less than fivefold, where linear regret grows tenfold.
func TestUCB1KeepsItsLogarithmicBound(t *testing.T) {
	for name, chances := range map[string][]float64{
		"distribution 1":  {0.9, 0.6},
		"distribution 2":  {0.9, 0.8},
		"distribution 11": {0.9, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6},
	} {
		w := shop{prices: make([]float64, len(chances)), chances: chances, stock: math.Inf(1)}
		for i := range w.prices {
			w.prices[i] = 1
		}
		bound := func(n float64) (sum float64) {
			for _, c := range chances[1:] {
				sum += 8*math.Log(n)/(0.9-c) + (1+math.Pi*math.Pi/3)*(0.9-c)
			}
			return sum
		}
		_, early, _ := w.seasons(t, &agents.UCB1{Scale: 1, Width: 2}, 20, 2000)
		_, late, se := w.seasons(t, &agents.UCB1{Scale: 1, Width: 2}, 20, 20000)
		if late > bound(20000) {
			t.Errorf("%s: regret %v at 20,000, bound %v", name, late, bound(20000))
		}
		if slope := (late - early) / math.Log(10); late > 5*early || slope*math.Log(20000) > bound(20000) || late < 3*se {
			t.Errorf("%s: regret %v at 2,000, %v ± %v at 20,000: not a logarithm", name, early, late, se)
		}
	}
}

// Thompson sampling's regret grows with ln n by Lai & Robbins' constant Σ Δ/KL at last, the least that any rule reaches, and stays below it
// before; UCB1's is several times as much (Kaufmann, Korda & Munos 2012, ALT, theorem 1 and figure 1; Chapelle & Li 2011, figure 1). At finite
// times it is held against 2,000 runs in numpy (numpy.random.default_rng(1).beta(S+1, F+1), argmax): 10.285 ± 0.513 at 10,000.
func TestThompsonBetaReachesTheRegretPublished(t *testing.T) {
	w := shop{prices: []float64{1, 1}, chances: []float64{0.8, 0.9}, stock: math.Inf(1)}
	constant := 0.1 / (0.8*math.Log(0.8/0.9) + 0.2*math.Log(0.2/0.1))
	_, thompson, se := w.seasons(t, kind("thompson-beta"), 200, 10000)
	_, ucb, _ := w.seasons(t, &agents.UCB1{Scale: 1, Width: 2}, 20, 10000)
	t.Logf("regret %.2f ± %.2f; UCB1 %.1f; Lai & Robbins %.1f", thompson, se, ucb, constant*math.Log(10000))
	if math.Abs(thompson-10.285) > 4*math.Hypot(se, 0.513) { // false alarms 6 in 100,000
		t.Errorf("regret %v ± %v, numpy's is 10.285 ± 0.513", thompson, se)
	}
	if thompson > constant*math.Log(10000) || ucb < 5*thompson {
		t.Errorf("regret %v is to be below %v and well below UCB1's %v", thompson, constant*math.Log(10000), ucb)
	}
}

func TestThompsonBetaCountsSalesByHand(t *testing.T) {
	w := shop{prices: []float64{10, 20}}
	for demand, want := range map[string][]float64{
		"bernoulli": {8 * 3.0 / 5, 18 * 1.0 / 3}, // margins of 8 and 18; 2 sales in 3; none in 1
		"poisson":   {8 * 3.0 / 4, 18 * 1.0 / 2},
	} {
		p := kind("thompson-beta").(*agents.ThompsonBeta)
		p.Cost, p.Demand = 2, demand
		a := made(t, p, w.task())
		learn(a, 0, 8, 0, 8)
		learn(a, 1, 0)
		if got := values(t, a); !close(got, want) {
			t.Errorf("%s: %v, expected %v", demand, got, want)
		}
	}
	p := kind("thompson-beta").(*agents.ThompsonBeta)
	p.Most = 4
	a := made(t, p, w.task())
	learn(a, 0, 30, 0) // 3 of 4 units, then none: 4·(1 + .75)/4 units a period
	if got := values(t, a)[0]; math.Abs(got-17.5) > 1e-12 {
		t.Errorf("of several units %v, expected 17.5", got)
	}
	p.Cost = 20
	var bad *field.Error
	if _, err := p.New(w.task()); !errors.As(err, &bad) || bad.Key != "cost" {
		t.Errorf("a price without a margin: %v", err)
	}
}

func TestThompsonGaussianPosteriorsByHand(t *testing.T) {
	w := shop{prices: []float64{1, 2}}
	a := made(t, &agents.ThompsonGaussian{Noise: 2, PriorMean: 1, PriorSD: 1}, w.task())
	learn(a, 0, 4, 6) // (1 + 10/4)/(1 + 2/4) = 7/3
	learn(a, 1, 3)
	if got := values(t, a); !close(got, []float64{7.0 / 3, 1.75 / 1.25}) {
		t.Errorf("known noise: %v", got)
	}
	// Of unknown variance, draws of an offer follow x̄ + √(SS/(n·ν))·t: 8 rewards ±1, ν = 5, √(8/40)·t₅ of variance 5/3 times ⅕. The other
	// offer's spread is next to nothing, so the first is made as often as t₅ is above 0.4/√0.2, which is 0.2060.
	a = made(t, &agents.ThompsonGaussian{Prior: -1, PriorSD: 1}, w.task())
	learn(a, 0, 1, -1, 1, -1, 1, -1, 1, -1)
	learn(a, 1, 0.4, 0.4, 0.4, 0.4, 0.4)
	s, stream, first := &agents.State{Mask: []bool{true, true}}, rng.New(2, 0).Family("test").At(), 0
	for range 20000 {
		if action, _ := a.Act(s, 0, &stream); action == 0 {
			first++
		}
	}
	if share := float64(first) / 20000; math.Abs(share-0.2060) > 4*math.Sqrt(0.206*0.794/20000) { // false alarms 6 in 100,000
		t.Errorf("made the first offer in a share of %v", share)
	}
}

// Of 200 other seeds each, epsilon-greedy fails with 1, thompson-gaussian with 2, the others with none: a false alarm in some 70 runs, were seeds not fixed.
func TestBanditsFindTheBestPrice(t *testing.T) {
	w := shop{prices: []float64{1, 2, 3, 4, 5}, chances: []float64{0.9, 0.75, 0.6, 0.3, 0.1}, stock: math.Inf(1)} // worth .9 1.5 1.8 1.2 .5
	for _, name := range []string{"epsilon-greedy", "ucb1", "thompson-beta", "thompson-gaussian"} {
		_, regret, a := w.season(t, kind(name), 3, 10000)
		p, err := a.Policy()
		if err != nil {
			t.Fatal(err)
		}
		if d := p.Decide([]float64{0, 0}, 0); d.Price != 3 {
			t.Errorf("%s: freezes to price %v", name, d.Price)
		}
		if random := 0.62 * 10000; regret > random/3 {
			t.Errorf("%s: regret %v, random play has %v", name, regret, random)
		}
	}
}

// The instance of Ferreira, Simchi-Levi & Wang (2018), its single-product example.
func ferreira(kappa float64, periods int) shop {
	return shop{prices: []float64{29.9, 34.9, 39.9, 44.9}, chances: []float64{0.8, 0.6, 0.3, 0.1}, stock: kappa * float64(periods)}
}

// Over 20 other seeds the worst of the four means of ten seasons is 98.8% of the programme with standard error 0.5%, and 15% ahead with 0.3%: 8 standard errors and more from the
// bounds.
func TestThompsonWithInventoryNearsTheLinearProgramme(t *testing.T) {
	const periods = 5000
	for kappa, lp := range map[float64]float64{0.25: 10.10, 0.5: 17.95} {
		w := ferreira(kappa, periods)
		without, _, _ := w.seasons(t, kind("thompson-beta"), 10, periods)
		for _, update := range []bool{true, false} {
			p := kind("thompson-inventory").(*agents.ThompsonInventory)
			p.Update = update
			with, _, _ := w.seasons(t, p, 10, periods)
			name := fmt.Sprintf("κ = %v, update %v", kappa, update)
			t.Logf("%s: %.2f%% of the programme; without inventory %.2f%%", name, 100*with/(lp*periods), 100*without/(lp*periods))
			if with < 0.95*lp*periods || with < without+0.03*lp*periods {
				t.Errorf("%s: %.0f of %.0f; without inventory %.0f", name, with, lp*periods, without)
			}
		}
	}
}

func TestTheFrozenThompsonWithInventoryMixesBothNeighbours(t *testing.T) {
	const periods = 5000
	w := ferreira(0.25, periods)
	_, _, a := w.season(t, kind("thompson-inventory"), 1, periods)
	p, err := a.Policy()
	if err != nil {
		t.Fatal(err)
	}
	buyers := rng.New(7, 0).Family("buyers").At()
	stock, earned := w.stock, 0.0
	made := make([]int, 4)
	for n := range periods {
		d := p.Decide([]float64{stock, float64(periods - n)}, 0)
		made[d.Action]++
		if buyers.Float64() < w.chances[d.Action] && stock > 0 {
			stock, earned = stock-1, earned+d.Price
		}
	}
	t.Logf("offers %v, %.2f%% of the programme", made, 100*earned/(10.10*periods))
	if earned < 0.96*10.10*periods || made[2] < periods/3 || made[3] < periods/10 {
		t.Errorf("offers %v earned %.0f of %.0f", made, earned, 10.10*periods)
	}
}

func TestABanditsBadParameterIsNamed(t *testing.T) {
	w := shop{prices: []float64{1, 2}}
	for want, p := range map[string]agents.Params{
		"scale":              &agents.UCB1{Scale: -1},
		"width":              &agents.UCB1{Width: math.NaN()},
		"learning_rate.kind": &agents.EpsilonGreedy{},
		"demand":             &agents.ThompsonBeta{Demand: "normal"},
		"prior_sales":        &agents.ThompsonBeta{Demand: "poisson"},
		"prior_sd":           &agents.ThompsonGaussian{},
		"inventory":          &agents.ThompsonInventory{ThompsonBeta: agents.ThompsonBeta{Demand: "poisson", PriorSales: 1, PriorMisses: 1, Most: 1}, Inventory: "shelf"},
	} {
		_, err := p.New(w.task())
		var bad *field.Error
		if !errors.As(err, &bad) || bad.Key != want {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func BenchmarkUCB1(b *testing.B)              { benchmark(b, kind("ucb1"), true) }
func BenchmarkThompsonBeta(b *testing.B)      { benchmark(b, kind("thompson-beta"), true) }
func BenchmarkThompsonInventory(b *testing.B) { benchmark(b, kind("thompson-inventory"), true) }

// TestADamagedCheckpointIsRefusedOrGoneOnFrom puts numbers that count nothing into the checkpoint of every kind, one at a time, where most kinds have
// their counts: at its beginning and at its end.
func TestADamagedCheckpointIsRefusedOrGoneOnFrom(t *testing.T) {
	spec := &env.Spec{Features: []env.Feature{{Name: "stock", Max: 9}, {Name: "periods_left", Max: 9}}, Offers: []env.Offer{{Price: 1}, {Price: 2}, {Price: 3}}}
	task := agents.Task{Spec: spec, Encoder: policies.Encoder{Dimensions: []policies.Dimension{{Feature: "stock", Edges: []float64{0.5}}}}}
	mask := []bool{true, true, true}
	s := [2]*agents.State{{Index: 0, Observation: []float64{0, 3}, Mask: mask}, {Index: 1, Observation: []float64{1, 2}, Mask: mask}}
	live := func(a agents.Agent) {
		stream := rng.New(1, 0).Family("damaged").At()
		for i := range 12 {
			action, _ := a.Act(s[i%2], 0.3, &stream)
			a.Learn(agents.Transition{State: s[i%2], Action: action, Reward: 1, Discount: 0.9, Next: s[1-i%2], Terminal: i == 6, Last: i == 6 || i == 9})
		}
		if p, err := a.Policy(); err == nil {
			p.Decide(s[0].Observation, 0.5)
		}
	}
	for _, kind := range agents.Kinds() {
		a := made(t, kind.New(), task)
		live(a)
		whole, err := a.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		numbers := len(whole) / 8
		for k := 1; k < numbers; k++ {
			if k == 24 {
				k = max(k, numbers-24)
			}
			for _, x := range []float64{math.NaN(), math.Inf(1), -1e9, -1, 1e300, 0} {
				b := bytes.Clone(whole)
				binary.LittleEndian.PutUint64(b[len(b)-8*k:], math.Float64bits(x))
				if a.UnmarshalBinary(b) == nil {
					live(a)
				}
			}
		}
	}
}

// TS-fixed keeps to the stock and the periods at each season's start, though it is asked once more at the end of one that is cut short. Of 0.3 units a period the
// dear offer sells all; were it the 25 units left at the end, the cheap one would always be made.
func TestThompsonWithInventoryBeginsEachSeasonAnew(t *testing.T) {
	p := kind("thompson-inventory").(*agents.ThompsonInventory)
	p.Update = false
	a := made(t, p, shop{prices: []float64{1, 2}}.task())
	for i := range 20000 { // nine in ten buy at 1, three in ten at 2
		learn(a, 0, []float64{1, 0}[i%10/9])
		learn(a, 1, []float64{2, 0}[min(i%10/3, 1)])
	}
	mask, stream, dear := []bool{true, true}, rng.New(1, 0).Family("test").At(), 0
	opening, closing := &agents.State{Observation: []float64{30, 100}, Mask: mask}, &agents.State{Observation: []float64{25, 0}, Mask: mask}
	for range 40 {
		action, _ := a.Act(opening, 0, &stream)
		dear += action
		a.Learn(agents.Transition{State: opening, Action: action, Reward: 0, Discount: 1, Next: closing, Last: true})
		a.Act(closing, 0, &stream)
	}
	if dear < 30 {
		t.Errorf("the dear offer opened %d of 40 seasons", dear)
	}
}
