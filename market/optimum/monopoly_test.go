package optimum

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/market/monopoly"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/sim/env"
)

// sale is Gallego & van Ryzin's with m = aT/e, reviewed so often, at prices from low to high.
func sale(m float64, n, reviews, rungs int, low, high float64) *monopoly.Config {
	return &monopoly.Config{Demand: monopoly.Demand{Kind: "exponential", Options: &monopoly.Exponential{Intercept: 1, Scale: 1}}, Customers: m * math.E, Horizon: 1, Sales: "poisson",
		Prices: monopoly.Ladder{From: &low, To: &high, Rungs: rungs}, Reviews: reviews, Stock: n, Criterion: "episodic", Discount: 1}
}

func solved(t testing.TB, cfg *monopoly.Config) (*monopoly.Process, *Monopoly) {
	t.Helper()
	p, err := monopoly.NewProcess(cfg)
	if err != nil {
		t.Fatal(err)
	}
	m, err := SolveMonopoly(p, 2)
	if err != nil {
		t.Fatal(err)
	}
	return p, m
}

// The figures of Gallego & van Ryzin (1994), as issued: J*, deterministic bound and best fixed price in closed form; the dynamic programme on a fine ladder, reviewed often, comes to J*
// and to the best fixed price; on 10 rungs and 20 reviews it is within 1% of J*.
func TestGallegoVanRyzin(t *testing.T) {
	for _, row := range []struct {
		m, optimum, bound, fixed float64
		n                        int
	}{
		{10, 2.3979, 3.3026, 2.2663, 1}, {10, 7.2982, 8.4657, 6.9899, 5}, {10, 9.4605, 10, 9.2757, 10}, {20, 15.4729, 16.9315, 14.8353, 10}, {20, 19.4186, 20, 19.1220, 20},
	} {
		cfg := sale(row.m, row.n, 500, 61, 0.7, 4.3)
		closed, err := NewExponentialSale(cfg)
		if err != nil {
			t.Fatal(err)
		}
		agrees(t, "J*", closed.Value(), row.optimum, 5e-5)
		programme, err := Continuous(cfg)
		if err != nil {
			t.Fatal(err)
		}
		agrees(t, "dynamic programme in continuous time", programme, closed.Value(), 1e-7)
		agrees(t, "bound", closed.Bound(), row.bound, 5.1e-5)
		_, fixed := closed.Fixed()
		agrees(t, "best fixed", fixed, row.fixed, 5e-5)
		p, m := solved(t, cfg)
		agrees(t, "dynamic programme", m.Value, closed.Value(), 1e-3*closed.Value())
		if m.Value > closed.Value() {
			t.Errorf("prices of a ladder, reviewed now and then, earn %v, more than any %v", m.Value, closed.Value())
		}
		agrees(t, "fixed price of the ladder", m.Fixed[m.Best], fixed, 6e-4*fixed)
		plan, fluid, err := FluidMonopoly(p)
		if err != nil {
			t.Fatal(err)
		}
		agrees(t, "linear programme", plan.Value, closed.Bound(), 1e-3*closed.Bound())
		if value, err := m.Evaluate(fluid); err != nil || value > m.Value || value < 0.6*m.Value {
			t.Errorf("the fluid's policy earns %v of %v: %v", value, m.Value, err)
		}
		_, coarse := solved(t, sale(row.m, row.n, 20, 21, 0.8, 4))
		agrees(t, "coarse ladder", coarse.Value, closed.Value(), 0.01*closed.Value())
		t.Logf("m %v n %d: DP %.4f, J* %.4f, 20 reviews × 21 rungs %.4f", row.m, row.n, m.Value, closed.Value(), coarse.Value)
	}
}

// The optimum's own policy, and any other, is worth what the market pays it: 3 standard errors over 20,000 episodes of each problem; twelve comparisons, a false alarm in 30 runs of other
// seeds.
func TestValuesAreWhatTheMarketPays(t *testing.T) {
	for _, w := range monopoly.Problems() {
		t.Run(w.Name, func(t *testing.T) {
			p, m := solved(t, &w.Config)
			value, err := m.Evaluate(m.Policy())
			if err != nil {
				t.Fatal(err)
			}
			agrees(t, "the optimum evaluated", value, m.Value, 1e-7*math.Abs(m.Value))
			if m.Fixed[m.Best] > m.Value+m.Bound {
				t.Errorf("a fixed price earns %v, the optimum %v", m.Fixed[m.Best], m.Value)
			}
			t.Logf("%d states, optimum %.4f, best fixed price %.4g earns %.4f: %.1f%%", p.States(), m.Value, p.Spec().Offers[m.Best].Price, m.Fixed[m.Best], 100*m.Fixed[m.Best]/m.Value)
			if m.Fixed[m.Best] > 0.99*m.Value {
				t.Errorf("a fixed price is nearly as good: the problem asks nothing of learners")
			}
			episodes := 4000
			if w.Config.Criterion == "discounted" { // one long episode each, of which the end is worth nothing
				w.Config.Reviews, episodes = 400, 1000
			}
			if w.Config.Criterion == "average" {
				w.Config.Reviews, episodes = 20_000, 20
			}
			p, _ = solved(t, &w.Config)
			for _, policy := range []policies.Policy{m.Policy(), m.FixedPolicy()} {
				exact, err := m.Evaluate(policy)
				if err != nil {
					t.Fatal(err)
				}
				mean, se := simulate(p, policy, episodes)
				if w.Config.Criterion == "average" {
					mean, se = mean/20_000, se/20_000
				}
				if math.Abs(mean-exact) > 3*se {
					t.Errorf("%T: %v ± %v played, %v computed", policy, mean, se, exact)
				}
			}
		})
	}
}

// One unit of linear demand: dJ/ds = a·(1 − J)²/4 with J = 0 at the deadline, so that J = 1 − 1/(1 + aT/4).
func TestContinuousPricesOfLinearDemand(t *testing.T) {
	cfg := sale(1, 1, 10, 3, 0.1, 0.9)
	cfg.Demand = monopoly.Demand{Kind: "linear", Options: &monopoly.Linear{Intercept: 1, Slope: 1}}
	cfg.Customers, cfg.Horizon = 8, 2
	got, err := Continuous(cfg)
	if err != nil {
		t.Fatal(err)
	}
	agrees(t, "value", got, 1-1./(1+4), 1e-9)
}

// What the best fixed price loses turn by turn is what it earns less than the optimum, to rounding where losses are weighed by how often states are met: here over 4,000 episodes, within 4 standard
// errors.
func TestLossesSumToTheRegret(t *testing.T) {
	p, m := solved(t, &monopoly.Problems()[2].Config)
	world := p.Market(3)
	policy := m.FixedPolicy()
	var step env.TimeStep
	const episodes = 4000
	sum, squares := 0.0, 0.0
	for e := range uint64(episodes) {
		lost := 0.0
		for world.Reset(e); world.Next(&step); {
			if step.Stage != env.Last {
				period, s := p.Locate(step.Observation)
				a := policy.Decide(step.Observation, 0).Action
				lost += m.Loss(period, s, a)
				world.Act(a)
			}
		}
		sum, squares = sum+lost, squares+lost*lost
	}
	mean := sum / episodes
	agrees(t, "regret", mean, m.Value-m.Fixed[m.Best], 4*math.Sqrt((squares/episodes-mean*mean)/episodes))
}

// What a policy does in the market hangs on the last price if it looks at it, which the states of this problem do not tell.
func TestPoliciesThatSeeMoreThanTheStateHaveNoExactValue(t *testing.T) {
	p, m := solved(t, sale(10, 5, 10, 5, 1, 3))
	for name, known := range map[string]bool{"stock": true, "periods_left": true, "last_price": false, "last_rung": false, "sold": false} {
		encoder := policies.Encoder{Dimensions: []policies.Dimension{{Feature: name, Index: p.Spec().Feature(name), Edges: []float64{1.5}}}}
		policy, err := policies.NewTable(p.Spec(), encoder, make([]float64, encoder.States()*len(p.Spec().Offers)), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Evaluate(policy); (err == nil) != known {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// simulate is the mean discounted sum of an episode's rewards, and its standard error.
func simulate(p *monopoly.Process, policy policies.Policy, episodes int) (mean, se float64) {
	m := p.Market(5)
	var step env.TimeStep
	squares := 0.0
	for e := range episodes {
		sum, weight := 0.0, 1.0
		for m.Reset(uint64(e)); m.Next(&step); {
			sum += weight * step.Reward
			if step.Stage != env.First && p.Config().Criterion != "average" {
				weight *= step.Discount
			}
			if step.Stage != env.Last {
				m.Act(policy.Decide(step.Observation, 0).Action)
			}
		}
		mean += sum / float64(episodes)
		squares += sum * sum / float64(episodes)
	}
	return mean, math.Sqrt((squares - mean*mean) / float64(episodes))
}

// Policy iteration and value iteration agree, on any number of workers to the bit.
func TestPolicyIterationIsValueIteration(t *testing.T) {
	w := monopoly.Problems()[5]
	p, err := monopoly.NewProcess(&w.Config)
	if err != nil {
		t.Fatal(err)
	}
	var first *Solution
	for _, workers := range []int{0, 2, 7} {
		m := &Monopoly{process: p}
		if err := m.build(workers); err != nil {
			t.Fatal(err)
		}
		mdp := m.phases[0]
		howard, err := mdp.PolicyIteration(0.95, 1e-8, 10_000)
		if err != nil {
			t.Fatal(err)
		}
		sweeps, err := mdp.Discounted(0.95, 1e-8, 10_000)
		if err != nil {
			t.Fatal(err)
		}
		for s := range howard.Values {
			agrees(t, "value", howard.Values[s], sweeps.Values[s], 1e-7)
		}
		if first == nil {
			first = howard
		}
		for s := range howard.Values {
			if howard.Values[s] != first.Values[s] || howard.Actions[s] != first.Actions[s] {
				t.Fatalf("%d workers: state %d", workers, s)
			}
		}
	}
}

// Ferreira, Simchi-Levi & Wang (2018), §3.3: prices 29.9 to 44.9 with purchase probabilities .8 to .1; at a quarter of a unit a period the programme earns 10.10 and plays 39.9 for ¾ of the
// time and 44.9 for ¼; at half a unit 17.95.
func TestFluidOfFerreira(t *testing.T) {
	for _, row := range []struct{ capacity, value float64 }{{0.25, 10.10}, {0.5, 17.95}} {
		f := &Fluid{Revenue: []float64{29.9 * .8, 34.9 * .6, 39.9 * .3, 44.9 * .1}, Use: [][]float64{{.8, .6, .3, .1}}, Capacity: []float64{row.capacity}, Time: []float64{1}}
		plan, err := f.Solve()
		if err != nil {
			t.Fatal(err)
		}
		agrees(t, "value", plan.Value, row.value, 0.005)
		if row.capacity == 0.25 {
			agrees(t, "share of 39.9", plan.Times[2], 0.75, 1e-9)
			agrees(t, "share of 44.9", plan.Times[3], 0.25, 1e-9)
		}
	}
}

func BenchmarkSolveMonopoly(b *testing.B) {
	for _, workers := range []int{1, 2} {
		b.Run(map[int]string{1: "1 worker", 2: "2 workers"}[workers], func(b *testing.B) {
			p, err := monopoly.NewProcess(sale(200, 200, 200, 41, 0.5, 4.5))
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := SolveMonopoly(p, workers); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What policies are worth in an episode that is cut off is what the market pays them there: 4 standard errors over 2,000 episodes, discounted and average; a false alarm in
// 1,300 runs of other seeds.
func TestEpisodesThatAreCutOff(t *testing.T) {
	for _, w := range monopoly.Problems() {
		if w.Config.Criterion == "episodic" {
			continue
		}
		for _, criterion := range []string{"discounted", "average"} {
			w.Config.Criterion, w.Config.Discount, w.Config.Reviews = criterion, 0.95, 20
			p, m := solved(t, &w.Config)
			for _, policy := range []policies.Policy{m.Policy(), m.FixedPolicy()} {
				value, err := m.EpisodeValue(policy)
				if err != nil {
					t.Fatal(err)
				}
				mean, se := simulate(p, policy, 2000)
				if criterion == "average" {
					mean, se = mean/20, se/20
				}
				if math.Abs(mean-value) > 4*se {
					t.Errorf("%s, %s, %T: %v ± %v played, %v computed", w.Name, criterion, policy, mean, se, value)
				}
			}
		}
	}
}
