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
		"interquartile mean of 20 seeds":              {1, 20, 1, InterquartileMean, 1.0179304845},
		"interquartile mean of 3 markets × 20 seeds":  {3, 20, 1, InterquartileMean, 1.0179304845},
		"shortfall below 1 of 50 seeds":               {1, 50, 1, func(x []float64) float64 { return OptimalityGap(x, 1) }, 0.1503811653},
		"worst decile of 100 seeds with 5 paths each": {1, 100, 5, worst, 0.4239243706},
	} {
		coverage(t, name, c.truth, func(s *rng.Stream) (Estimate, error) {
			b := Bootstrap{Resamples: resamples, Level: 0.95, Nested: true, Streams: rng.New(s.Uint64(), 0).Family("bootstrap")}
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
