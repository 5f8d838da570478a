package demand

import (
	"math"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/sim/portable"
	"gonum.org/v1/gonum/mat"
)

// UnitRoot is the outcome of a test on a unit root, at a level of 5%.
type UnitRoot struct {
	Statistic float64 // NaN where the series is too short or does not vary
	Lags      int
	Critical  float64 // 5% point
	// PValue is interpolated in the published table, whose ends bound it: 0.01 and 0.1. NaN from OCSB, whose table is a
	// curve of 5% points.
	PValue float64
}

// rounding is the share of a series' length below which what is left of it is no variation.
const rounding = 1e-12

// KPSS is the test of Kwiatkowski, Phillips, Schmidt & Shin (1992) whose hypothesis is that x, less its mean or with
// trend its least-squares line, is stationary: a large statistic speaks for a difference. The long-run variance has
// Bartlett weights over the given number of lags; below 0 means trunc(3√n/13). NaNs are left out.
func KPSS(x []float64, trend bool, lags int) UnitRoot {
	e := observedOf(x)
	n := float64(len(e))
	if lags < 0 {
		lags = int(3 * math.Sqrt(n) / 13)
	}
	lags = max(0, min(lags, len(e)-1))
	critical := []float64{0.347, 0.463, 0.574, 0.739}
	if trend {
		critical = []float64{0.119, 0.146, 0.176, 0.216}
	}
	before := norm(e)
	detrend(e, trend)
	sum, eta := 0.0, 0.0
	for _, v := range e {
		sum += v
		eta += sum * sum
	}
	variance := dot(e, e)
	for k := 1; k <= lags; k++ {
		variance += 2 * (1 - float64(k)/float64(lags+1)) * dot(e[k:], e[:len(e)-k])
	}
	r := UnitRoot{Statistic: eta / (n * variance), Lags: lags, Critical: critical[1]}
	if norm(e) <= rounding*before {
		r.Statistic = math.NaN()
	}
	r.PValue = interpolated(r.Statistic, critical, []float64{0.1, 0.05, 0.025, 0.01})
	return r
}

// ADF is the augmented test of Dickey & Fuller (1979; Said & Dickey 1984) whose hypothesis is a unit root: the t value
// of y_{t-1} in the regression of Δy_t on it, a constant, with trend the time, and the given number of lagged Δy. A small
// statistic speaks against a difference. The critical values are Hamilton's (1994, table B.6) for the nearest length
// below. NaNs are left out.
func ADF(x []float64, trend bool, lags int) UnitRoot {
	y := observedOf(x)
	table := [][]float64{{-3.75, -3, -2.63}, {-3.58, -2.93, -2.6}, {-3.51, -2.89, -2.58}, {-3.46, -2.88, -2.57}, {-3.44, -2.87, -2.57}, {-3.43, -2.86, -2.57}}
	if trend {
		table = [][]float64{{-4.38, -3.6, -3.24}, {-4.15, -3.5, -3.18}, {-4.04, -3.45, -3.15}, {-3.99, -3.43, -3.13}, {-3.98, -3.42, -3.13}, {-3.96, -3.41, -3.12}}
	}
	row := 0
	for _, n := range []int{25, 50, 100, 250, 500} {
		if len(y)-1 >= n {
			row++
		}
	}
	r := UnitRoot{Statistic: math.NaN(), Lags: lags, Critical: table[row][1], PValue: math.NaN()}
	if lags < 0 || len(y) < lags+2 {
		return r
	}
	dy := lagged(y, 1)
	n := len(dy) - lags
	level, one, time := y[lags:lags+n], make([]float64, n), make([]float64, n)
	for t := range n {
		one[t], time[t] = 1, float64(t)
	}
	cols := [][]float64{level, one}
	if trend {
		cols = append(cols, time)
	}
	for k := 1; k <= lags; k++ {
		cols = append(cols, dy[lags-k:len(dy)-k])
	}
	if fit := regress(dy[lags:], cols); fit != nil {
		r.Statistic = tValue(fit, 0)
		r.PValue = interpolated(r.Statistic, table[row], []float64{0.01, 0.05, 0.1})
	}
	return r
}

// OCSB is the test of Osborn, Chui, Smith & Birchenhall (1988) whose hypothesis is a seasonal unit root beside an ordinary
// one: with w = (1-B)(1-B^s)x and λ(B) an autoregression fitted to w, the t value of λ(B)(1-B)x_{t-s} in the regression of
// w on it, on λ(B)(1-B^s)x_{t-1} and on lagged w. A large statistic speaks for a seasonal difference. As in
// forecast::nsdiffs, the lags are one fewer than the number, 1 to 3, with the least AIC, and the critical value is a curve
// fitted to simulated ones. A series with gaps has no statistic.
func OCSB(x []float64, period int) UnitRoot {
	const most = 3
	logPeriod := math.Log(float64(period)) - 0.7656451
	r := UnitRoot{Statistic: math.NaN(), PValue: math.NaN(),
		Critical: -0.2937411*portable.Exp(-0.2850853*logPeriod-0.05983644*logPeriod*logPeriod) - 1.652202}
	from, to := observedSpan(x)
	x = x[from:to]
	if period < 2 || len(x) < period+2+2*most+3 {
		return r
	}
	least := math.Inf(1)
	for lags := 1; lags <= most; lags++ {
		fit := ocsbRegression(x, period, lags, most)
		if fit == nil {
			return r
		}
		n := float64(len(fit.Residuals))
		if aic := n*math.Log(dot(fit.Residuals, fit.Residuals)/n) + 2*float64(len(fit.Coef)); aic < least {
			least, r.Lags = aic, lags-1
		}
	}
	if fit := ocsbRegression(x, period, r.Lags, r.Lags); fit != nil {
		r.Statistic = tValue(fit, r.Lags+1)
	}
	return r
}

// ocsbRegression gives the regression of OCSB from the value on that has `skip` lagged ones; the tested one comes last.
func ocsbRegression(x []float64, period, lags, skip int) *stats.Regression {
	ordinary, seasonal := lagged(x, 1), lagged(x, period)
	w := lagged(seasonal, 1)
	n := len(w) - skip
	var cols [][]float64
	for k := 1; k <= lags; k++ {
		cols = append(cols, w[skip-k:skip-k+n])
	}
	var lambda []float64
	if lags > 0 {
		fit := regress(w[skip:], cols)
		if fit == nil {
			return nil
		}
		lambda = fit.Coef
	}
	// filtered is λ(B)v from v's index `from` on.
	filtered := func(v []float64, from int) []float64 {
		out := append([]float64(nil), v[from:from+n]...)
		for t := range out {
			for k, c := range lambda {
				out[t] -= c * v[from+t-1-k]
			}
		}
		return out
	}
	// w[t] is of period t + 1 + s, seasonal[t] of t + s, ordinary[t] of t + 1, counted from x[0].
	return regress(w[skip:], append(cols, filtered(seasonal, skip), filtered(ordinary, skip)))
}

func observedOf(x []float64) []float64 {
	y := make([]float64, 0, len(x))
	for _, v := range x {
		if !math.IsNaN(v) {
			y = append(y, v)
		}
	}
	return y
}

// lagged gives the differences x_t - x_{t-lag}.
func lagged(x []float64, lag int) []float64 {
	d := make([]float64, max(0, len(x)-lag))
	for t := range d {
		d[t] = x[t+lag] - x[t]
	}
	return d
}

// detrend takes off the mean, and with trend the least-squares line.
func detrend(x []float64, trend bool) {
	middle := float64(len(x)-1) / 2
	mean, slope, square := 0.0, 0.0, 0.0
	for t, v := range x {
		mean += v / float64(len(x))
		slope += v * (float64(t) - middle)
		square += (float64(t) - middle) * (float64(t) - middle)
	}
	if slope /= square; !trend {
		slope = 0
	}
	for t := range x {
		x[t] -= mean + slope*(float64(t)-middle)
	}
}

// regress fits y on the columns, or gives nil where they are too many or collinear.
func regress(y []float64, cols [][]float64) *stats.Regression {
	x := mat.NewDense(len(y), len(cols), nil)
	for j, col := range cols {
		x.SetCol(j, col)
	}
	fit, err := stats.OLS(y, x, make([]string, len(cols)))
	if err != nil {
		return nil
	}
	return fit
}

func tValue(fit *stats.Regression, i int) float64 {
	return fit.Coef[i] / stats.StandardErrors(fit.Classical())[i]
}

// interpolated reads the p-value of a statistic off a table of critical values in rising order; its ends bound it.
func interpolated(statistic float64, critical, p []float64) float64 {
	if math.IsNaN(statistic) {
		return math.NaN()
	}
	last := len(critical) - 1
	if statistic <= critical[0] {
		return p[0]
	}
	for i := range last {
		if statistic <= critical[i+1] {
			return p[i] + (p[i+1]-p[i])*(statistic-critical[i])/(critical[i+1]-critical[i])
		}
	}
	return p[last]
}
