package evaluate

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"testing"

	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/results"
)

func contest(world func() (World, error), workers int) *Contest {
	return &Contest{
		Arena: arena(world, workers), Paths: 40, Level: 0.95, Resamples: 500,
		Contestants: []Contestant{
			{Name: "learner", Policies: []policies.Policy{always(2), deals(2, 1, 5), always(1)}},
			{Name: "low", Policies: []policies.Policy{always(0)}},
			{Name: "middle", Policies: []policies.Policy{always(1)}},
			{Name: "high", Policies: []policies.Policy{always(2)}},
			{Name: "random", Policies: []policies.Policy{dice(4)}},
		},
		Bounds:     []Bound{{"oracle", func(path int) (float64, error) { return 3 + float64(path%2), nil }}},
		References: []string{"low", "random"}, Baseline: "low", Optima: []string{"high", "oracle"},
	}
}

func run(t *testing.T, c *Contest) *Result {
	t.Helper()
	r, err := c.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestResultsDoNotDependOnTheNumberOfWorkers(t *testing.T) {
	one := run(t, contest(roughShop, 1))
	for _, workers := range []int{0, 2, 7, 1000} {
		if got := run(t, contest(roughShop, workers)); !reflect.DeepEqual(got, one) {
			t.Errorf("%d workers gave another result than one", workers)
		}
	}
}

// In the smooth shop the shocks are the same whoever plays and add to profit, and the rival is the same too: differences between fixed
// prices are exact but for the rival's dice, (0.5 − 0.1)·rival's price a week between "high" and "low".
func TestPoliciesMeetTheVerySameCustomers(t *testing.T) {
	r := run(t, contest(newShop, 2))
	high, low := r.Rows[3], r.Rows[1]
	for path := range r.Paths {
		rival := (high.Scores[0][path] - low.Scores[0][path] - (0.5*4 - 0.1*6.4)) / 0.4
		if rival < 0.6-1e-9 || rival > 1+1e-9 {
			t.Fatalf("path %d: the rival's mean price would be %v", path, rival)
		}
	}
	if paired, own := high.Differences[0].StandardError, high.Profit.StandardError; paired > own/5 {
		t.Errorf("paired standard error %v, unpaired %v", paired, own)
	}
}

func TestAnyTwoRowsCanBeSetAgainstEachOther(t *testing.T) {
	r := run(t, contest(newShop, 2))
	for i := range r.Rows {
		for _, d := range r.Rows[i].Differences {
			if got, err := r.Over(r.Rows[i].Name, d.Name); err != nil || got != d.Estimate {
				t.Errorf("%s over %s: %+v, not %+v: %v", r.Rows[i].Name, d.Name, got, d.Estimate, err)
			}
		}
	}
	if d, err := r.Over("learner", "middle"); err != nil || math.Abs(d.Value-(r.Rows[0].Profit.Value-r.Rows[2].Profit.Value)) > 1e-12 || !(d.Low < d.High) {
		t.Errorf("no reference: %+v, %v", d, err)
	}
	if _, err := r.Over("learner", "nobody"); err == nil {
		t.Error("nobody has a row")
	}
}

func TestSharesOfGapAndOptimum(t *testing.T) {
	r := run(t, contest(newShop, 2))
	learner, low, middle, high, oracle := r.Rows[0], r.Rows[1], r.Rows[2], r.Rows[3], r.Rows[5]
	want := (middle.Profit.Value - low.Profit.Value) / (high.Profit.Value - low.Profit.Value)
	if got := middle.Gaps[0].Share.Value; math.Abs(got-want) > 1e-12 {
		t.Errorf("middle closes %v of the gap, want %v", got, want)
	}
	if g := high.Gaps[0]; g.Share.Value != 1 || g.Share.Low != 1 || g.Share.High != 1 {
		t.Errorf("the optimum closes %+v of its own gap", *g.Share)
	}
	if g := low.Gaps[1]; g.Share.Value != 0 {
		t.Errorf("the baseline closes %v", g.Share.Value)
	}
	g := learner.Gaps[0]
	if len(g.Seeds) != 3 || g.Seeds[0] != 1 || math.Abs(g.Seeds[2]-want) > 1e-12 || g.Worst != g.Seeds[2] ||
		math.Abs(g.Median.Value-g.Seeds[1]) > 1e-12 {
		t.Errorf("the learner's seeds close %+v, median %+v", g, g.Median)
	}
	if oracle.Profit.Value != 3.5 || oracle.OfOptimum[1].Value != 1 || !oracle.Bound {
		t.Errorf("the bound is %+v", oracle)
	}
	if of := high.OfOptimum[1]; math.Abs(of.Value-high.Profit.Value/3.5) > 1e-12 || !(of.Low < of.Value && of.Value < of.High) {
		t.Errorf("high is %+v of the bound", of)
	}
}

func TestDealsAndPriceChangesAreCounted(t *testing.T) {
	c := contest(newShop, 2)
	c.Contestants = []Contestant{{Name: "cycle", Policies: []policies.Policy{deals(2, 1, 5)}}, {Name: "fixed", Policies: []policies.Policy{always(1)}}}
	c.References, c.Baseline, c.Optima = nil, "", nil
	r := run(t, c)
	if row := r.Rows[0]; math.Abs(row.DealFrequency-0.2) > 1e-12 || row.PriceChanges != 3 || math.Abs(row.MeanPrice-0.96) > 1e-9 {
		t.Errorf("a cycle of 4 regular weeks and a deal is %+v", row)
	}
	if row := r.Rows[1]; row.DealFrequency != 0 || row.PriceChanges != 0 {
		t.Errorf("a fixed price is %+v", row)
	}
}

func TestNoGapIsSaidToBeNone(t *testing.T) {
	c := contest(newShop, 2)
	c.Optima = []string{"twin"}
	c.Contestants = append(c.Contestants, Contestant{Name: "twin", Policies: []policies.Policy{always(0)}})
	r := run(t, c)
	if share := r.Rows[0].Gaps[0].Share; share != nil {
		t.Errorf("two equal policies leave a gap, of which %+v is closed", share)
	}
}

func TestTheResultIsJSON(t *testing.T) {
	r := run(t, contest(roughShop, 2))
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back Result
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	for i := range r.Rows {
		r.Rows[i].Scores, r.Rows[i].Total = nil, results.Metrics{}
	}
	if !reflect.DeepEqual(&back, r) {
		t.Error("the result does not survive JSON")
	}
}

func TestBadContestsAreRefused(t *testing.T) {
	for name, spoil := range map[string]func(c *Contest){
		"one path":              func(c *Contest) { c.Paths = 1 },
		"no policies":           func(c *Contest) { c.Contestants[0].Policies = nil },
		"two of a name":         func(c *Contest) { c.Contestants[1].Name = "learner" },
		"an unknown reference":  func(c *Contest) { c.References = []string{"nobody"} },
		"an unknown baseline":   func(c *Contest) { c.Baseline = "nobody" },
		"an unknown optimum":    func(c *Contest) { c.Optima = []string{"nobody"} },
		"an optimum of 3 seeds": func(c *Contest) { c.Optima = []string{"learner"} },
		"a bound as a policy":   func(c *Contest) { c.Bounds[0].Name = "low" },
		"seeds without partners": func(c *Contest) {
			c.References = []string{"learner"}
			c.Contestants[1].Policies = []policies.Policy{always(0), always(1)}
		},
		"no rival":                func(c *Contest) { c.Others[0] = nil },
		"a player too few":        func(c *Contest) { c.Others = c.Others[:1] },
		"an offer off the mask":   func(c *Contest) { c.Others[0] = always(3) },
		"an offer off the ladder": func(c *Contest) { c.Contestants[0].Policies[1] = always(4) },
		"no score":                func(c *Contest) { c.Score = nil },
		"a level of 95":           func(c *Contest) { c.Level = 95 },
		"no world":                func(c *Contest) { c.World = func() (World, error) { return nil, errors.New("no world") } },
		"a bound that fails":      func(c *Contest) { c.Bounds[0].Score = func(int) (float64, error) { return 0, errors.New("no bound") } },
	} {
		c := contest(newShop, 2)
		spoil(c)
		if _, err := c.Run(context.Background()); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestAContestCanBeCancelledAndTellsItsProgress(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	c := contest(newShop, 2)
	c.Progress = func(done, total int) {
		if total != 8*40 {
			t.Errorf("%d games in all, want %d", total, 8*40)
		}
		if done == 20 {
			cancel()
		}
		if done > 25 {
			t.Errorf("game %d was played after the end", done)
		}
	}
	if _, err := c.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled contest gave %v", err)
	}
	last := 0
	c.Progress = func(done, _ int) {
		if done != last+1 {
			t.Errorf("progress went from %d to %d", last, done)
		}
		last = done
	}
	run(t, c)
	if last != 8*40 {
		t.Errorf("progress ended at %d", last)
	}
}

func BenchmarkContest(b *testing.B) {
	c := contest(roughShop, 1)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Run(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*7*40/b.Elapsed().Seconds(), "episodes/s")
}

// No path of an evaluation was met in training: the master seeds of 200 scenarios' evaluations and of 200 trainings of
// each are all different. Chance would make two of 40,200 equal once in 10^10 times.
func TestEvaluationMeetsNoWorldOfTraining(t *testing.T) {
	seen := make(map[uint64]bool)
	for scenario := range int64(200) {
		seen[MasterSeed(scenario)] = true
		for training := range int64(200) {
			seen[train.MasterSeed(scenario, training)] = true
		}
	}
	if len(seen) != 200*201 {
		t.Errorf("%d master seeds for %d worlds", len(seen), 200*201)
	}
}
