package stats

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"
)

// aggregates is testdata/aggregate_reference.json, which aggregate_reference.py beside it writes and explains.
type aggregates struct {
	X, Y                                     [][]float64
	Mean, IQM, Median, CVaR, Gap, Difference bootstrapped
	Tail                                     struct{ Share, Value []float64 }
	Profile                                  struct {
		Thresholds, Value []float64
		Percentile        [][2]float64
	}
	Improvement bootstrapped
	Multiple    struct{ P, Holm, BH []float64 }
	Power       struct {
		Cases              [][3]float64
		Scipy, Statsmodels []float64
	}
	Needed struct {
		Cases [][3]float64
		Value []int
	}
}

type bootstrapped struct {
	Value, SE  float64
	Percentile [2]float64
	BCa        struct {
		Bias, Acceleration float64
		Ends               [2]float64
	}
}

func loadAggregates(t *testing.T, name string, into any) {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatal(err)
	}
}

func tableOf(strata [][]float64) (t Table) {
	for _, x := range strata {
		t = append(t, Column(x))
	}
	return t
}

// Both sides drew 200,000 resamples: the difference of two ends has a standard error of about a hundredth of the statistic's
// own, and 0.06 of it is six (false alarm 1e-9 an end). A median moves in steps, of up to a third of its own.
func TestStratifiedBootstrapAgreesWithNumPy(t *testing.T) {
	var ref aggregates
	loadAggregates(t, "aggregate_reference.json", &ref)
	b := bootstrap(200_000, 0.95)
	b.Workers = 2
	all, err := b.Stratified([]Table{tableOf(ref.X), tableOf(ref.Y)}, Mean, InterquartileMean, Median,
		func(x []float64) float64 { return CVaR(x, 0.25) }, func(x []float64) float64 { return OptimalityGap(x, 1) })
	if err != nil {
		t.Fatal(err)
	}
	x := all[0]
	for name, c := range map[string]struct {
		got       Replicates
		want      bootstrapped
		tolerance float64 // in standard errors
	}{
		"mean": {x[0], ref.Mean, 0.06}, "interquartile mean": {x[1], ref.IQM, 0.06}, "median": {x[2], ref.Median, 0.35}, "CVaR": {x[3], ref.CVaR, 0.06},
		"optimality gap": {x[4], ref.Gap, 0.06}, "difference": {x[1].Minus(all[1][1]), ref.Difference, 0.06},
	} {
		p := c.got.Percentile()
		agrees(t, name, p.Value, c.want.Value, 1e-12)
		agrees(t, name+"'s standard error", p.StandardError, c.want.SE, 0.01*c.want.SE)
		agrees(t, name+", percentile low", p.Low, c.want.Percentile[0], c.tolerance*c.want.SE)
		agrees(t, name+", percentile high", p.High, c.want.Percentile[1], c.tolerance*c.want.SE)
		a, err := c.got.BCa()
		if err != nil {
			t.Fatal(err)
		}
		bias, acceleration, _ := c.got.correction()
		agrees(t, name+"'s acceleration", acceleration, c.want.BCa.Acceleration, 1e-12)
		agrees(t, name+"'s bias", bias, c.want.BCa.Bias, 0.02) // five standard errors of the difference
		agrees(t, name+", BCa low", a.Low, c.want.BCa.Ends[0], c.tolerance*c.want.SE)
		agrees(t, name+", BCa high", a.High, c.want.BCa.Ends[1], c.tolerance*c.want.SE)
	}
}

// R's boot with 100,000 resamples in strata; the tolerance is as in TestStratifiedBootstrapAgreesWithNumPy.
func TestStratifiedBootstrapAgreesWithR(t *testing.T) {
	var ref aggregates
	loadAggregates(t, "aggregate_reference.json", &ref)
	var r struct {
		Mean, IQM struct {
			Value, Acceleration, SE float64
			Percentile, BCa         [2]float64
		}
	}
	loadAggregates(t, "aggregate_R.json", &r)
	all, err := bootstrap(100_000, 0.95).Stratified([]Table{tableOf(ref.X)}, Mean, InterquartileMean)
	if err != nil {
		t.Fatal(err)
	}
	agrees(t, "acceleration of the mean", all[0][0].acceleration(), r.Mean.Acceleration, 1e-11)
	agrees(t, "acceleration of the interquartile mean", all[0][1].acceleration(), r.IQM.Acceleration, 1e-11)
	e, err := all[0][0].BCa()
	if err != nil {
		t.Fatal(err)
	}
	agrees(t, "low", e.Low, r.Mean.BCa[0], 0.08*r.Mean.SE)
	agrees(t, "high", e.High, r.Mean.BCa[1], 0.08*r.Mean.SE)
}

func TestAggregatesAgreeWithSciPy(t *testing.T) {
	var ref aggregates
	loadAggregates(t, "aggregate_reference.json", &ref)
	var x []float64
	for _, row := range ref.X {
		x = append(x, row...)
	}
	for i, share := range ref.Tail.Share {
		agrees(t, fmt.Sprintf("CVaR of the worst %v", share), CVaR(x, share), ref.Tail.Value[i], 1e-12)
	}
	profile, err := bootstrap(20_000, 0.95).Profile(tableOf(ref.X), ref.Profile.Thresholds)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range profile {
		agrees(t, "profile", e.Value, ref.Profile.Value[i], 1e-12)
		agrees(t, "profile, low", e.Low, ref.Profile.Percentile[i][0], 1./36) // a step
		agrees(t, "profile, high", e.High, ref.Profile.Percentile[i][1], 1./36)
	}
	better, err := bootstrap(20_000, 0.95).ProbabilityOfImprovement(tableOf(ref.X), tableOf(ref.Y))
	if err != nil {
		t.Fatal(err)
	}
	e := better.Percentile()
	agrees(t, "probability of improvement", e.Value, ref.Improvement.Value, 1e-12)
	agrees(t, "low", e.Low, ref.Improvement.Percentile[0], 0.15*e.StandardError) // six standard errors of ends from 20,000 resamples
	agrees(t, "high", e.High, ref.Improvement.Percentile[1], 0.15*e.StandardError)
}

func TestTheWorstShareWeighsThePartOfAScore(t *testing.T) {
	x := []float64{4, 1, 3, 2}
	agrees(t, "worst half", CVaR(x, 0.5), 1.5, 1e-15)
	agrees(t, "worst 3/8", CVaR(x, 0.375), (1+0.5*2)/1.5, 1e-15)
	agrees(t, "worst tenth of four", CVaR(x, 0.1), 1, 1e-15)
	agrees(t, "all", CVaR(x, 1), 2.5, 1e-15)
	if x[0] != 4 {
		t.Error("a statistic changed its data")
	}
}

func TestAProfileFallsFromOneToZero(t *testing.T) {
	x := []float64{1, 2, 2, 3}
	for _, c := range [][2]float64{{0, 1}, {1, 0.75}, {1.5, 0.75}, {2, 0.25}, {3, 0}, {9, 0}} {
		agrees(t, fmt.Sprintf("share above %v", c[0]), shareAbove(x, c[0]), c[1], 0)
	}
	if _, err := bootstrap(100, 0.95).Profile(Table{Column(x)}, []float64{math.NaN()}); err == nil {
		t.Error("a threshold that is no number was taken")
	}
}

func TestEpisodesUntilATargetIsReachedByTheMeanOfAWindow(t *testing.T) {
	curve := []float64{0, 9, 0, 4, 6, 8, 8}
	for _, c := range []struct {
		window       int
		target, want float64
	}{{1, 5, 2}, {3, 5, 6}, {2, 8, 7}, {2, 9, math.Inf(1)}, {7, 5, 7}} {
		got, err := EpisodesUntil(curve, c.window, c.target)
		if err != nil || got != c.want {
			t.Errorf("mean of %d at %v: after %v episodes, %v, want %v", c.window, c.target, got, err, c.want)
		}
	}
	for _, window := range []int{0, 8} {
		if _, err := EpisodesUntil(curve, window, 1); err == nil {
			t.Errorf("a window of %d was taken", window)
		}
	}
	if m := Median([]float64{10, math.Inf(1), 7}); m != 10 {
		t.Errorf("the median of 7, 10 and never is %g", m)
	}
	if m := Median([]float64{10, math.Inf(1), math.Inf(1), math.Inf(1)}); !math.IsInf(m, 1) {
		t.Errorf("the median of 10 and three times never is %g", m)
	}
}
