package demand

import (
	"math"

	"github.com/souk-sim/souk/sim/portable"
	"gonum.org/v1/gonum/stat/distuv"
)

// LjungBox is the portmanteau test of residual autocorrelation (Ljung & Box 1978).
type LjungBox struct {
	Lags      int     // tested
	Statistic float64 // n(n+2) Σ r_k²/(n-k)
	PValue    float64 // against χ² with Lags less the ARMA coefficients degrees of freedom
}

// Diagnostics tell whether what a model leaves is noise: uncorrelated, and normal. Missing values count as zeros about
// the mean, and N is the number of the others.
type Diagnostics struct {
	N                  int
	Mean, SD           float64 // SD with divisor N
	Skewness, Kurtosis float64 // moments' ratios with divisor N; a normal distribution has 0 and 3
	ACF, PACF          []float64
	Bound              float64 // 95% of white noise's autocorrelations lie within ± Bound, 1.96/√N
	LjungBox           LjungBox
	BoxPierce          float64 // N Σ r_k², its forerunner (Box & Pierce 1970), over the same lags
	JarqueBera         float64 // N/6 (Skewness² + (Kurtosis-3)²/4) (Jarque & Bera 1980)
	JarqueBeraPValue   float64 // against χ² with 2 degrees of freedom
}

// Diagnose looks at residuals (NaN where missing), or at any series, up to the given lag: ACF[k-1] and PACF[k-1] belong to
// lag k. Fewer are given where the series is shorter. coefficients is the number of estimated ARMA coefficients, 0 for a
// series of one's own. Without two different values all but N, Mean, SD and Bound is NaN.
func Diagnose(residuals []float64, lags, coefficients int) Diagnostics {
	e, n, mean := centred(residuals)
	if dot(e, e) <= 1e-28*n*mean*mean { // rounding errors of a constant
		clear(e)
	}
	d := Diagnostics{N: int(n), Mean: mean, Bound: portable.NormalQuantile(0.975) / math.Sqrt(n)}
	second, third, fourth := 0.0, 0.0, 0.0
	for _, v := range e {
		second += v * v / n
		third += v * v * v / n
		fourth += v * v * v * v / n
	}
	d.SD = math.Sqrt(second)
	d.Skewness, d.Kurtosis = third/(second*d.SD), fourth/(second*second)
	d.JarqueBera = n / 6 * (d.Skewness*d.Skewness + (d.Kurtosis-3)*(d.Kurtosis-3)/4)
	d.JarqueBeraPValue = portable.Exp(-d.JarqueBera / 2)
	d.ACF = autocorrelations(e, lags)
	d.PACF = partialAutocorrelations(d.ACF)
	d.LjungBox = portmanteau(d.ACF, n, coefficients)
	for _, r := range d.ACF {
		d.BoxPierce += n * r * r
	}
	return d
}

// ljungBox tests residuals of a model with the given number of ARMA coefficients.
func ljungBox(residuals []float64, lags, coefficients int) LjungBox {
	e, n, _ := centred(residuals)
	return portmanteau(autocorrelations(e, lags), n, coefficients)
}

func portmanteau(acf []float64, n float64, coefficients int) LjungBox {
	q := 0.0
	for k, r := range acf {
		q += r * r / (n - float64(k+1))
	}
	t := LjungBox{Lags: len(acf), Statistic: n * (n + 2) * q, PValue: math.NaN()}
	if df := t.Lags - coefficients; df > 0 {
		t.PValue = distuv.ChiSquared{K: float64(df)}.Survival(t.Statistic)
	}
	return t
}

// centred gives the series from its first observed value on, less the mean, zero where it is missing, and the number of
// observed values.
func centred(series []float64) (e []float64, n, mean float64) {
	from, to := observedSpan(series)
	for _, v := range series[from:to] {
		if !math.IsNaN(v) {
			n++
			mean += v
		}
	}
	mean /= n
	e = make([]float64, to-from)
	for i, v := range series[from:to] {
		if !math.IsNaN(v) {
			e[i] = v - mean
		}
	}
	return e, n, mean
}

// autocorrelations are r_1, r_2, … of a centred series, up to the given lag or the last that has a pair.
func autocorrelations(e []float64, lags int) []float64 {
	r := make([]float64, max(0, min(lags, len(e)-1)))
	c0 := dot(e, e)
	for k := range r {
		r[k] = dot(e[k+1:], e[:len(e)-k-1]) / c0
	}
	return r
}

// partialAutocorrelations are the last coefficients φ_kk of the autoregressions that the autocorrelations imply, by the
// recursion of Durbin (1960) and Levinson (1947).
func partialAutocorrelations(acf []float64) []float64 {
	pacf := make([]float64, len(acf))
	phi, last := make([]float64, len(acf)), make([]float64, len(acf))
	variance := 1.0
	for k, r := range acf {
		rest := r
		for j, v := range phi[:k] {
			rest -= v * acf[k-1-j]
		}
		pacf[k] = rest / variance
		variance *= 1 - pacf[k]*pacf[k]
		copy(last, phi[:k])
		for j := range k {
			phi[j] -= pacf[k] * last[k-1-j]
		}
		phi[k] = pacf[k]
	}
	return pacf
}
