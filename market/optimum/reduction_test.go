package optimum

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
)

// shelf is a category of one own product and rivals in one of two states, by the share logit with a reference price.
type shelf struct {
	appeal, slope, gain, loss, cost float64
	weight, margin                  []float64 // of the rivals, by their state
}

var tuna = shelf{appeal: -1, slope: 2.2, gain: 6.4, loss: 1, cost: 0.45, weight: []float64{0.15, 0.3}, margin: []float64{0.03, 0.04}}

func (s *shelf) profit(reference, price float64, rival int) float64 {
	u := s.appeal - s.slope*price + s.gain*max(reference-price, 0) - s.loss*max(price-reference, 0)
	e := portable.Exp(u)
	return 1000 * (e*(price-s.cost) + s.margin[rival]) / (1 + s.weight[rival] + e)
}

func ladder(from, to float64, rungs int) []float64 {
	prices := make([]float64, rungs)
	for i := range prices {
		prices[i] = from + (to-from)*float64(i)/float64(rungs-1)
	}
	return prices
}

// problem is canned tuna in small: rivals seen now move before the week's sales.
func problem(rungs, points int) (Reduction, Reward) {
	r := Reduction{Memory: 0.5, Prices: ladder(0.54, 0.97, rungs), Drop: 0.30, Start: 0.9, Points: points,
		Rivals: [][]float64{{0.8, 0.2}, {0.6, 0.4}}}
	return r, func(reference float64, action int, byRival []float64) {
		for k := range byRival {
			byRival[k] = 0
			for next, p := range r.Rivals[k] {
				byRival[k] += p * tuna.profit(reference, r.Prices[action], next)
			}
		}
	}
}

// With no memory the reference price is last week's price, the grid on the ladder is exact, and the problem is a small
// MDP that can be written down otherwise.
func TestReductionWithoutMemoryIsTheProcessOfLastPrices(t *testing.T) {
	r, reward := problem(4, 4)
	r.Memory, r.Start = 0, r.Prices[2]
	m := &MDP{States: 8, Actions: 4}
	byRival := make([]float64, 2)
	for last := range 4 {
		for k := range 2 {
			for a := range 4 {
				reward(r.Prices[last], a, byRival)
				value := byRival[k]
				if r.Prices[last]-r.Prices[a] > r.Drop+1e-9 {
					value = math.Inf(-1)
				}
				m.Append(value, Outcome{int32(2 * a), r.Rivals[k][0]}, Outcome{int32(2*a + 1), r.Rivals[k][1]})
			}
		}
	}
	want, err := m.Average(1e-9, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Average(reward)
	if err != nil {
		t.Fatal(err)
	}
	agrees(t, "gain", got.Value, want.Gain, 1e-4)
	discounted, err := r.Discounted(0.9, reward)
	if err != nil {
		t.Fatal(err)
	}
	solution, _ := m.Discounted(0.9, 1e-9, 10_000)
	agrees(t, "discounted", discounted.Value, 0.1*(solution.Values[4]*0.75+solution.Values[5]*0.25), 1e-4)
}

// tree is the optimal expected sum from a state by trying everything, without a grid.
func tree(r *Reduction, week, weeks int, reference float64, rival int, reward Reward) float64 {
	if week == weeks {
		return 0
	}
	best := math.Inf(-1)
	for a, price := range r.Prices {
		if reference-price > r.Drop+1e-9 {
			continue
		}
		byRival := make([]float64, len(r.Rivals))
		reward(reference, a, byRival)
		value := byRival[rival]
		for next, p := range r.Rivals[rival] {
			value += p * tree(r, week+1, weeks, r.Memory*reference+(1-r.Memory)*price, next, reward)
		}
		best = max(best, value)
	}
	return best
}

func TestFiniteHorizonIsTheBestOfAllPlans(t *testing.T) {
	const weeks = 4
	r, reward := problem(4, 385)
	want := (0.75*tree(&r, 0, weeks, r.Start, 0, reward) + 0.25*tree(&r, 0, weeks, r.Start, 1, reward)) / weeks
	plan, err := r.FiniteHorizon(weeks, reward)
	if err != nil {
		t.Fatal(err)
	}
	agrees(t, "value", plan.Value, want, 0.001*want)
}

// play is the average reward of a plan in the reduced market itself, at exact reference prices.
func play(t *testing.T, r Reduction, plan *Plan, weeks int) float64 {
	t.Helper()
	spec := &env.Spec{Features: []env.Feature{{Name: "reference_price"}, {Name: "deal"}},
		Limits: []env.Limit{{Feature: "reference_price", Index: 0, Drop: r.Drop}}}
	for _, p := range r.Prices {
		spec.Offers = append(spec.Offers, env.Offer{Price: p})
	}
	policy, err := plan.Policy(spec, Seen{Reference: "reference_price", Rivals: []string{"deal"}})
	if err != nil {
		t.Fatal(err)
	}
	s := rng.New(1, 0).Family("rivals").At()
	reference, rival, total := r.Start, 0, 0.0
	for range weeks {
		price := r.Prices[policy.Decide([]float64{reference, float64(rival)}, 0).Action]
		if reference-price > r.Drop+1e-9 {
			t.Fatalf("the policy broke the limit: %v below %v", price, reference)
		}
		next := 0
		if s.Float64() < r.Rivals[rival][1] {
			next = 1
		}
		rival = next
		total += tuna.profit(reference, price, rival)
		reference = r.Memory*reference + (1-r.Memory)*price
	}
	return total / float64(weeks)
}

// The gain that is promised is earned: within 0.3% over 50,000 weeks (rivals' noise is below 0.1%), and it is at least
// what the best cycle earns. Cycles in closed form need no grid, so the two check each other.
func TestAveragePlanEarnsWhatItPromisesAndNoCycleBeatsIt(t *testing.T) {
	r, reward := problem(13, 193)
	plan, err := r.Average(reward)
	if err != nil {
		t.Fatal(err)
	}
	earned := play(t, r, plan, 50_000)
	agrees(t, "earned", earned, plan.Value, 0.003*plan.Value)
	cycles, err := r.Cycles(13, 3, reward)
	if err != nil {
		t.Fatal(err)
	}
	if best := cycles[0]; best.Value > plan.Value*1.001 {
		t.Errorf("cycle %+v earns more than the optimum %v", best, plan.Value)
	}
	for _, c := range cycles {
		if c.Length == 1 {
			if plan.Value < 1.02*c.Value {
				t.Errorf("in this market deals must pay: best fixed price %v, optimum %v", c.Value, plan.Value)
			}
			break
		}
	}
	patient, err := r.Discounted(0.999, reward)
	if err != nil {
		t.Fatal(err)
	}
	agrees(t, "patient discounting", patient.Value, plan.Value, 0.003*plan.Value)
	t.Logf("optimum %.2f in %d sweeps, earned %.2f, best cycle %+v", plan.Value, plan.Sweeps, earned, cycles[0])
}

func TestATabulatedRewardGivesTheSamePlan(t *testing.T) {
	r, reward := problem(13, 97)
	tabulated, err := r.Tabulate(reward)
	if err != nil {
		t.Fatal(err)
	}
	want, err := r.Average(reward)
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Average(tabulated)
	if err != nil {
		t.Fatal(err)
	}
	agrees(t, "gain", got.Value, want.Value, 1e-9*want.Value)
	exact, _ := r.Cycles(6, 2, reward)
	quick, _ := r.Cycles(6, 2, tabulated)
	agrees(t, "best cycle", quick[0].Value, exact[0].Value, 0.002*exact[0].Value)
}

func TestFinerGridsConverge(t *testing.T) {
	var gain [3]float64
	for i, points := range []int{97, 193, 385} {
		r, reward := problem(13, points)
		plan, err := r.Average(reward)
		if err != nil {
			t.Fatal(err)
		}
		gain[i] = plan.Value
	}
	if math.Abs(gain[1]-gain[2]) > 0.001*gain[2] {
		t.Errorf("gains on 97, 193 and 385 points: %v", gain)
	}
}

// A cycle in closed form is what playing it for long earns.
func TestCyclesEarnTheirClosedForm(t *testing.T) {
	r, reward := problem(5, 33)
	cycles, err := r.Cycles(6, 2, reward)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cycles[:20] {
		const rounds = 400
		reference, total := r.Start, 0.0
		byRival := make([]float64, 2)
		for t := range 2 * rounds * c.Length {
			a := c.At(t)
			if t >= rounds*c.Length {
				reward(reference, a, byRival)
				total += 0.75*byRival[0] + 0.25*byRival[1]
			}
			reference = r.Memory*reference + (1-r.Memory)*r.Prices[a]
		}
		agrees(t, "cycle", c.Value, total/float64(rounds*c.Length), 1e-9*c.Value)
	}
	for i := 1; i < len(cycles); i++ {
		if cycles[i].Value > cycles[i-1].Value {
			t.Fatal("cycles are out of order")
		}
	}
}

func TestStationaryLawOfTwoStates(t *testing.T) {
	law := stationary([][]float64{{0.8, 0.2}, {0.6, 0.4}})
	agrees(t, "regular", law[0], 0.75, 1e-15)
	agrees(t, "deal", law[1], 0.25, 1e-15)
}

func TestImpossibleReductionsAreRefused(t *testing.T) {
	for name, spoil := range map[string]func(r *Reduction){
		"perfect memory": func(r *Reduction) { r.Memory = 1 },
		"no prices":      func(r *Reduction) { r.Prices = nil },
		"a price of NaN": func(r *Reduction) { r.Prices[1] = math.NaN() },
		"no start":       func(r *Reduction) { r.Start = 0 },
		"one point":      func(r *Reduction) { r.Points = 1 },
		"a negative cap": func(r *Reduction) { r.Drop = -1 },
		"odd rivals":     func(r *Reduction) { r.Rivals[0] = []float64{1} },
		"leaky rivals":   func(r *Reduction) { r.Rivals[0] = []float64{0.5, 0.4} },
	} {
		r, reward := problem(4, 13)
		spoil(&r)
		if _, err := r.Average(reward); err == nil {
			t.Errorf("%s was taken", name)
		}
		if _, err := r.Cycles(4, 1, reward); err == nil {
			t.Errorf("%s was taken by cycles", name)
		}
	}
}

func BenchmarkReduction(b *testing.B) {
	r, _ := problem(13, 200)
	r.Rivals = [][]float64{{0.6, 0.2, 0.15, 0.05}, {0.5, 0.3, 0.1, 0.1}, {0.5, 0.2, 0.2, 0.1}, {0.4, 0.3, 0.2, 0.1}}
	reward := func(reference float64, action int, byRival []float64) {
		for k := range byRival {
			byRival[k] = tuna.profit(reference, r.Prices[action], k/2)
		}
	}
	b.Run("average", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := r.Average(reward); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("discounted", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := r.Discounted(0.95, reward); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("sweep", func(b *testing.B) {
		m, _, err := r.stationary(reward)
		if err != nil {
			b.Fatal(err)
		}
		s := m.solution()
		next := make([]float64, m.States)
		b.ReportAllocs()
		for b.Loop() {
			m.sweep(0.95, m.Rewards, s.Values, next, s.Actions)
		}
	})
}
