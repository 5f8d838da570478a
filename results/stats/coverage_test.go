package stats

import (
	"fmt"
	"math"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// lognormal draws scores with a long tail upwards: of median 1, and 0.5 the standard deviation of their logarithm.
func lognormal(s *rng.Stream, strata, rows, columns int) Table {
	t := make(Table, strata)
	for k := range t {
		for range rows {
			row := make([]float64, columns)
			for j := range row {
				row[j] = math.Exp(0.5 * s.Normal())
			}
			t[k] = append(t[k], row)
		}
	}
	return t
}

// coverage says that 95% intervals are to cover 93–97%, with room for four standard errors of the estimate: where they do, a
// false alarm comes at most 3 times in 100,000.
func coverage(t *testing.T, what string, truth float64, interval func(s *rng.Stream) (Estimate, error)) {
	t.Helper()
	got, room := covers(t, tables, truth, interval), 4*math.Sqrt(0.93*0.07/tables)
	t.Logf("%s: 95%% intervals cover %.3f of %d", what, got, tables)
	if got < 0.93-room || got > 0.97+room {
		t.Errorf("%s: 95%% intervals cover %.3f", what, got)
	}
}

// The true values are the distribution's, by SciPy 1.10.1: with d = lognorm(0.5), d.expect(lb=d.ppf(.25), ub=d.ppf(.75))/.5,
// d.expect(lambda v: 1-v, ub=1), d.expect(ub=d.ppf(.1))/.1.
func TestBootstrapIntervalsCover(t *testing.T) {
	worst := func(x []float64) float64 { return CVaR(x, 0.1) }
	for name, c := range map[string]struct {
		strata, rows, columns int
		statistic             func([]float64) float64
		truth                 float64
	}{
		"interquartile mean of 20 seeds":                      {1, 20, 1, InterquartileMean, 1.0179304845},
		"interquartile mean of 3 markets × 20 seeds":          {3, 20, 1, InterquartileMean, 1.0179304845},
		"interquartile mean of 10 seeds, expanded":            {1, 10, 1, InterquartileMean, 1.0179304845},
		"interquartile mean of 3 markets × 5 seeds, expanded": {3, 5, 1, InterquartileMean, 1.0179304845},
		"shortfall below 1 of 50 seeds":                       {1, 50, 1, func(x []float64) float64 { return OptimalityGap(x, 1) }, 0.1503811653},
		"worst decile of 100 seeds with 5 paths each":         {1, 100, 5, worst, 0.4239243706},
	} {
		coverage(t, name, c.truth, func(s *rng.Stream) (Estimate, error) {
			b := Bootstrap{Resamples: resamples, Level: 0.95, Nested: true, Expanded: c.rows <= 10, Streams: rng.New(s.Uint64(), 0).Family("bootstrap")}
			all, err := b.Stratified([]Table{lognormal(s, c.strata, c.rows, c.columns)}, c.statistic)
			if err != nil {
				return Estimate{}, err
			}
			return all[0][0].BCa()
		})
	}
}

// Normal scores a standard deviation apart: x is above y with probability Φ(1/√2). Drawn
// together, as pairs.
func TestIntervalsOfTheProbabilityOfImprovementCover(t *testing.T) {
	for _, shared := range []float64{0, 0.8} { // of the variance, by seeds with the same luck
		coverage(t, fmt.Sprintf("shared %v", shared), 0.7602499389, func(s *rng.Stream) (Estimate, error) {
			x, y := make([]float64, 30), make([]float64, 30)
			for i := range x {
				luck := math.Sqrt(shared) * s.Normal()
				x[i] = 1 + luck + math.Sqrt(1-shared)*s.Normal()
				y[i] = luck + math.Sqrt(1-shared)*s.Normal()
			}
			b := Bootstrap{Resamples: resamples, Level: 0.95, Streams: rng.New(s.Uint64(), 0).Family("bootstrap")}
			r, err := b.ProbabilityOfImprovement(Table{Column(x)}, Table{Column(y)})
			if err != nil {
				return Estimate{}, err
			}
			return r.BCa()
		})
	}
}

// What 95% intervals of skewed scores cover, by number of seeds. Few are too few for any bootstrap, which draws from the seeds
// there are as if there were no others; Student's t widens for few, but takes them for normal, which differences of two
// policies are more nearly. Shares of 1,000 tables have standard errors of 0.005 to 0.014; the bounds are five or more of them away.
func TestBootstrapIntervalsAreTooNarrowForFewSeeds(t *testing.T) {
	const mean, middle = 1.1331484531, 1.0179304845
	inside := func(e Estimate, truth float64) float64 {
		if e.Low <= truth && truth <= e.High {
			return 1. / tables
		}
		return 0
	}
	student, resampled, trimmed, expanded, differs := map[int]float64{}, map[int]float64{}, map[int]float64{}, map[int]float64{}, map[int]float64{}
	for _, seeds := range []int{4, 5, 10, 20, 50} {
		for i := range tables {
			s := rng.New(4, uint64(seeds)).Family("few").At(uint64(i))
			x, y := lognormal(&s, 1, seeds, 1)[0], lognormal(&s, 1, seeds, 1)[0]
			b := Bootstrap{Resamples: resamples, Level: 0.95, Streams: rng.New(s.Uint64(), 0).Family("bootstrap")}
			all, err := b.Stratified([]Table{{x}}, Mean, InterquartileMean)
			if err != nil {
				t.Fatal(err)
			}
			longer := all[0][1]
			longer.expanded = true
			wide, err := longer.BCa()
			if err != nil {
				t.Fatal(err)
			}
			expanded[seeds] += inside(wide, middle)
			byMean, err := all[0][0].BCa()
			if err != nil {
				t.Fatal(err)
			}
			byMiddle, err := all[0][1].BCa()
			if err != nil {
				t.Fatal(err)
			}
			byStudent, err := Crossed(x, 0.95)
			if err != nil {
				t.Fatal(err)
			}
			for j := range x {
				y[j][0] = x[j][0] - y[j][0]
			}
			apart, err := Crossed(y, 0.95)
			if err != nil {
				t.Fatal(err)
			}
			student[seeds] += inside(byStudent, mean)
			resampled[seeds] += inside(byMean, mean)
			trimmed[seeds] += inside(byMiddle, middle)
			differs[seeds] += inside(apart, 0)
		}
		t.Logf("%2d seeds: mean, BCa %.3f; interquartile mean, BCa %.3f, expanded %.3f; mean, t %.3f; paired difference of means, t %.3f",
			seeds, resampled[seeds], trimmed[seeds], expanded[seeds], student[seeds], differs[seeds])
		if differs[seeds] < 0.92 || seeds > 4 && expanded[seeds] < 0.91 {
			t.Errorf("%d seeds: Student's interval of the difference covers %.3f, the expanded one of the interquartile mean %.3f", seeds, differs[seeds], expanded[seeds])
		}
	}
	if resampled[5] > 0.87 || trimmed[5] > 0.93 || trimmed[20] < 0.9 {
		t.Errorf("5 seeds: %.3f and %.3f; 20 seeds: %.3f", resampled[5], trimmed[5], trimmed[20])
	}
}
