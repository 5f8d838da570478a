package backtest

import (
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/gonum/stat/distuv"
)

// Test is a test of equal accuracy.
type Test struct {
	Difference float64 `json:"difference"` // mean of the first's losses less the second's
	Statistic  float64 `json:"statistic"`
	PValue     float64 `json:"p_value"` // two-sided, Student's t with N-1 degrees of freedom
	N          int     `json:"n"`       // pairs
}

// DieboldMariano tests whether two forecasts have the same expected loss. a and b are their losses (absolute or squared
// errors) of the same periods in the order of time, NaN where there is none; a pair with NaN is left out. The forecasts
// are h periods ahead, so that their losses are correlated over h-1 periods: the long-run variance is the sum of that many
// autocovariances (Diebold & Mariano 1995), and the statistic has the small-sample correction of Harvey, Leybourne & Newbold (1997), as
// in R's forecast::dm.test. Where that sum is not positive it is taken with Bartlett's weights. Losses that never differ
// have p = 1.
func DieboldMariano(a, b []float64, h int) (Test, error) {
	if len(a) != len(b) {
		return Test{}, field.New("losses", len(b), "as many as of the other forecast")
	}
	d := make([]float64, 0, len(a))
	for i := range a {
		if v := a[i] - b[i]; !math.IsNaN(v) {
			d = append(d, v)
		}
	}
	t := Test{N: len(d), PValue: 1}
	if h < 1 || len(d) < 2 || 2*h > len(d)+1 {
		return t, field.New("losses", len(d), "at least 2 pairs, and twice the periods ahead less one")
	}
	mean, se := longRun(d, h)
	if t.Difference = mean; se > 0 {
		t.Statistic = mean / se
		t.PValue = 2 * distuv.StudentsT{Sigma: 1, Nu: float64(len(d) - 1)}.CDF(-math.Abs(t.Statistic))
	}
	return t, nil
}

// longRun is the mean of losses that are correlated over h-1 periods, with its standard error in the form of Harvey,
// Leybourne & Newbold.
func longRun(d []float64, h int) (mean, se float64) {
	n := float64(len(d))
	for _, v := range d {
		mean += v / n
	}
	covariance := make([]float64, h)
	for lag := range covariance {
		for t := lag; t < len(d); t++ {
			covariance[lag] += (d[t] - mean) * (d[t-lag] - mean) / n
		}
	}
	variance, bartlett := covariance[0], covariance[0]
	for lag := 1; lag < h; lag++ {
		variance += 2 * covariance[lag]
		bartlett += 2 * (1 - float64(lag)/float64(h)) * covariance[lag]
	}
	if variance <= 0 {
		variance = max(0, bartlett)
	}
	ahead := float64(h)
	return mean, math.Sqrt(variance / (n + 1 - 2*ahead + ahead*(ahead-1)/n))
}
