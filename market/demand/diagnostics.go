package demand

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// LjungBox is the portmanteau test of residual autocorrelation (Ljung & Box 1978).
type LjungBox struct {
	Lags      int     // tested
	Statistic float64 // n(n+2) Σ r_k²/(n-k)
	PValue    float64 // against χ² with Lags less the ARMA coefficients degrees of freedom
}

// ljungBox tests residuals of a model with the given number of ARMA coefficients. Missing residuals count as zeros in
// the autocovariances, and n is the number of the others.
func ljungBox(residuals []float64, lags, coefficients int) LjungBox {
	var e []float64
	n, mean := 0.0, 0.0
	started := false
	for _, v := range residuals {
		if !math.IsNaN(v) {
			n++
			mean += v
			started = true
		}
		if started {
			e = append(e, v)
		}
	}
	mean /= n
	for i, v := range e {
		if e[i] = v - mean; math.IsNaN(v) {
			e[i] = 0
		}
	}
	lags = min(lags, len(e)-1)
	c0, q := dot(e, e), 0.0
	for k := 1; k <= lags; k++ {
		r := dot(e[k:], e[:len(e)-k]) / c0
		q += r * r / (n - float64(k))
	}
	t := LjungBox{Lags: lags, Statistic: n * (n + 2) * q, PValue: math.NaN()}
	if df := lags - coefficients; df > 0 {
		t.PValue = distuv.ChiSquared{K: float64(df)}.Survival(t.Statistic)
	}
	return t
}
