package optimum_test

import (
	"context"
	"encoding/json"
	"math"
	"testing"

	"github.com/souk-sim/souk/market/category"
	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/market/optimum"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/policies/rules"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

const (
	memory = 0.3
	weeks  = 52
)

// tins is a market of two products by a hand-made share logit, in closed form: no noise but traffic, shocks and the rival's dice.
func tins(t testing.TB) *category.Config {
	written := choice.ShareLogit{
		Brands: []string{"ours", "theirs"}, FirstDay: "1989-09-14", Estimator: choice.LeastSquares,
		Spec: choice.Spec{Memory: memory, Price: choice.Common, Display: choice.Common, Trend: choice.Absent, Season: choice.Absent,
			Lent: choice.Absent, Gain: choice.Common, Loss: choice.Common, Remembers: []bool{true, true}},
		Coefficients: []choice.Coefficient{
			{Term: "intercept", Brand: "ours", Estimate: -1}, {Term: "intercept", Brand: "theirs", Estimate: -1.5},
			{Term: "price", Estimate: -2.5}, {Term: "display", Estimate: 0.5}, {Term: "gain", Estimate: 6}, {Term: "loss", Estimate: -0.5}},
		Quantity: choice.Quantity{Intercept: -2, Deal: 0.3},
		Shocks:   choice.Shocks{Phi: []float64{0.4, 0.4}, Sigma: []float64{0.3, 0.3}, Correlation: [][]float64{{1, 0.2}, {0.2, 1}}},
		Displays: choice.Displays{Form: "reference price less price", Intercept: []float64{-3, -3}, Gain: []float64{20, 20}, Loss: make([]float64, 2), Price: make([]float64, 2)},
	}
	for i := range written.Coefficients {
		written.Covariance = append(written.Covariance, make([]float64, len(written.Coefficients)))
		written.Covariance[i][i] = 0.01
	}
	data, err := json.Marshal(written)
	if err != nil {
		t.Fatal(err)
	}
	model, err := choice.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	rungs := func(cost float64, prices ...float64) (all []category.Rung) {
		for _, p := range prices {
			all = append(all, category.Rung{Price: p, Cost: cost, Display: math.NaN()})
		}
		return all
	}
	var own []float64
	for i := range 13 {
		own = append(own, 0.61+0.03*float64(i))
	}
	return &category.Config{
		Products: []category.Product{
			{Name: "ours", Rungs: rungs(0.5, own...), Reference: 0.85, Opening: 8, Drop: 0.3},
			{Name: "theirs", Rungs: rungs(0.55, 0.75, 0.89), Reference: 0.89, Opening: 1},
		},
		Choice: model, Traffic: func() (demand.Simulator, error) { return busy{}, nil },
		Start: 319, Horizon: weeks, Share: 1, Expected: true, Reward: category.Reward{Of: category.CategoryProfit, Discount: 0.95},
	}
}

// busy is traffic of 10,000 to 30,000 customers a week.
type busy struct{}

func (busy) Path(stream *rng.Stream, customers []float64) {
	for t := range customers {
		customers[t] = 10_000 + 20_000*stream.Float64()
	}
}

// rival is on deal in about one week of four.
type rival struct{}

func (rival) Decide(_ []float64, u float64) policies.Decision {
	if u < 0.25 {
		return policies.Decision{Action: 0}
	}
	return policies.Decision{Action: 1}
}

func arena(t testing.TB, cfg *category.Config, master uint64) evaluate.Arena {
	return evaluate.Arena{World: func() (evaluate.World, error) { return category.New(cfg, master) }, Master: master,
		Others: []policies.Policy{nil, rival{}}, Score: weeklyProfit, Workers: 2}
}

// record plays episodes under a master seed and keeps their paths.
func record(t testing.TB, cfg *category.Config, master uint64, episodes int) (paths []optimum.Path) {
	m, err := category.New(cfg, master)
	if err != nil {
		t.Fatal(err)
	}
	var step env.TimeStep
	byWeek := make([]float64, weeks)
	for episode := range episodes {
		brain := rng.New(master, uint64(episode)).Family("brain")
		m.Reset(uint64(episode))
		earned, week, reference := 0.0, 0, cfg.Products[0].Reference
		for m.Next(&step) {
			switch {
			case step.Stage == env.Last:
			case step.Player == 1:
				u := brain.At(1, uint64(week))
				week++
				m.Act(rival{}.Decide(nil, u.Float64()).Action)
			default:
				m.Act((5 * week) % 5 * 3)
			}
		}
		path := m.Path().Clone()
		for t := range weeks {
			path.Profits(reference, 0, byWeek)
			earned += byWeek[t]
			reference = memory*reference + (1-memory)*cfg.Products[0].Rungs[0].Price
		}
		if got := m.Account().Profit; math.Abs(got-earned) > 1e-9*earned {
			t.Fatalf("episode %d: the market's account says %v, its path %v", episode, got, earned)
		}
		paths = append(paths, path)
	}
	return paths
}

// In the whole market and on unseen paths: the best fixed price earns less than the dynamic programme on the reduction, and no policy on any path
// more than a clairvoyant of that path.
func TestTheBracketHoldsInTheMarket(t *testing.T) {
	cfg := tins(t)
	ctx := context.Background()
	training, unseen := uint64(1), evaluate.MasterSeed(1)
	reduction := optimum.Reduction{Memory: memory, Drop: 0.3, Start: cfg.Products[0].Reference, Points: 97}
	for _, r := range cfg.Products[0].Rungs {
		reduction.Prices = append(reduction.Prices, r.Price)
	}
	sample := optimum.Sample{Paths: record(t, cfg, training, 20), Weeks: weeks, Rivals: []int{1}}
	full := reduction
	full.Rivals = sample.Transitions()
	world, err := category.New(cfg, unseen)
	if err != nil {
		t.Fatal(err)
	}
	seen := optimum.Seen{Reference: "reference_price", Rivals: []string{category.RivalDeal("theirs")}, Week: "week"}
	solve := func(plan *optimum.Plan, err error) []policies.Policy {
		if err != nil {
			t.Fatal(err)
		}
		policy, err := plan.Policy(world.Spec(0), seen)
		if err != nil {
			t.Fatal(err)
		}
		return []policies.Policy{policy}
	}
	steady := solve(full.Average(sample.Reward))
	finite := solve(full.FiniteHorizon(weeks, sample.Reward))
	a := arena(t, cfg, training)
	best, err := a.BestFixed(ctx, func(price float64) (policies.Policy, error) {
		return (&rules.Fixed{Price: price}).Policy(world.Spec(0))
	}, evaluate.Budget{First: 4, Paths: 16})
	if err != nil {
		t.Fatal(err)
	}
	fixed, err := (&rules.Fixed{Price: best.Price}).Policy(world.Spec(0))
	if err != nil {
		t.Fatal(err)
	}
	dice, err := (&rules.Random{}).Policy(world.Spec(0))
	if err != nil {
		t.Fatal(err)
	}
	const episodes = 30
	future := record(t, cfg, unseen, episodes)
	contest := evaluate.Contest{Arena: arena(t, cfg, unseen), Paths: episodes, Level: 0.95, Resamples: 1000,
		Contestants: []evaluate.Contestant{{Name: "best fixed", Policies: []policies.Policy{fixed}}, {Name: "random", Policies: []policies.Policy{dice}},
			{Name: "steady plan", Policies: steady}, {Name: "plan for the year", Policies: finite}},
		Bounds: []evaluate.Bound{{Name: "clairvoyant", Score: func(path int) (float64, error) {
			f, err := reduction.Clairvoyant(weeks, future[path].Profits)
			if err != nil {
				return 0, err
			}
			return f.Upper(), nil
		}}},
		References: []string{"best fixed"}, Baseline: "best fixed", Optima: []string{"plan for the year", "clairvoyant"},
	}
	result, err := contest.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	bound := result.Rows[4].Scores[0]
	for _, row := range result.Rows[:4] {
		for path, score := range row.Scores[0] {
			if score > bound[path] {
				t.Errorf("%s earns %v on path %d, above the clairvoyant's %v", row.Name, score, path, bound[path])
			}
		}
	}
	if gain := result.Rows[2].Differences[0]; gain.Low <= 0 {
		t.Errorf("the plan beats the best fixed price by %+v", gain)
	}
	if share := result.Rows[2].Gaps[0].Share; share == nil || share.Value < 0.9 {
		t.Errorf("the steady plan closes %+v of the gap", share)
	}
	t.Logf("best fixed price %.2f (top %v)", best.Price, best.Top)
	for _, row := range result.Rows {
		t.Logf("%-12s %.1f [%.1f, %.1f]", row.Name, row.Profit.Value, row.Profit.Low, row.Profit.High)
	}
}

func BenchmarkMarket(b *testing.B) {
	cfg := tins(b)
	reduction := optimum.Reduction{Memory: memory, Drop: 0.3, Start: cfg.Products[0].Reference, Points: 97}
	for _, r := range cfg.Products[0].Rungs {
		reduction.Prices = append(reduction.Prices, r.Price)
	}
	sample := optimum.Sample{Paths: record(b, cfg, 1, 50), Weeks: weeks, Rivals: []int{1}}
	b.Run("clairvoyant", func(b *testing.B) {
		for b.Loop() {
			if _, err := reduction.Clairvoyant(weeks, sample.Paths[0].Profits); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("plan and cycles of 50 paths", func(b *testing.B) {
		reduction := reduction
		reduction.Rivals = sample.Transitions()
		for b.Loop() {
			reward, err := reduction.Tabulate(sample.Reward)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := reduction.Average(reward); err != nil {
				b.Fatal(err)
			}
			if _, err := reduction.Cycles(13, 3, reward); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func weeklyProfit(account *results.Metrics) float64 {
	return account.Profit / float64(max(account.Periods, 1))
}
