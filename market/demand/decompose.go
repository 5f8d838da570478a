package demand

import "math"

// decompose gives the seasonal indices of a classical decomposition (Macaulay 1931; Hyndman & Athanasopoulos 2021, §3.4):
// the series over, or less, its centred moving average of one period, averaged season by season, with mean 1, or 0. Index
// i belongs to z[i], z[i+period], …; NaN is missing. A series shorter than two periods is held against a straight line instead; a
// season that was never observed is neutral. An index of a multiplicative decomposition is at least 0.01.
func decompose(z []float64, period int, multiplicative bool) []float64 {
	trend := movingAverage(z, period)
	if len(z) < 2*period {
		level, slope := line(z)
		for t := range trend {
			trend[t] = level + slope*float64(t)
		}
	}
	season, counts := make([]float64, period), make([]float64, period)
	for t, v := range z {
		d := v - trend[t]
		if multiplicative {
			d = v / trend[t]
		}
		if !math.IsNaN(d) && !math.IsInf(d, 0) {
			season[t%period] += d
			counts[t%period]++
		}
	}
	sum, seen := 0.0, 0.0
	for i, n := range counts {
		if n > 0 {
			season[i] /= n
			sum += season[i]
			seen++
		}
	}
	mean := sum / max(seen, 1)
	for i, n := range counts {
		switch {
		case multiplicative && (n == 0 || mean <= 0):
			season[i] = 1
		case multiplicative:
			season[i] = max(season[i]/mean, 0.01)
		case n == 0:
			season[i] = 0
		default:
			season[i] -= mean
		}
	}
	return season
}

// movingAverage is centred and spans one period, its ends with half weight when the period is even; missing values count
// with the mean of the others. It is NaN where the series does not reach so far.
func movingAverage(z []float64, period int) []float64 {
	out := make([]float64, len(z))
	half := period / 2
	for t := range z {
		out[t] = math.NaN()
		if t < half || t+half >= len(z) {
			continue
		}
		sum, weight := 0.0, 0.0
		for k := -half; k <= half; k++ {
			w := 1.0
			if period%2 == 0 && abs(k) == half {
				w = 0.5
			}
			if v := z[t+k]; !math.IsNaN(v) {
				sum += w * v
				weight += w
			}
		}
		out[t] = sum / weight
	}
	return out
}

// line is the least-squares line level + slope·t through the observed values; flat through fewer than two.
func line(z []float64) (level, slope float64) {
	n, st, sz := 0.0, 0.0, 0.0
	for t, v := range z {
		if !math.IsNaN(v) {
			n, st, sz = n+1, st+float64(t), sz+v
		}
	}
	if n == 0 {
		return 0, 0
	}
	mt, mz, stt, stz := st/n, sz/n, 0.0, 0.0
	for t, v := range z {
		if !math.IsNaN(v) {
			d := float64(t) - mt
			stt += d * d
			stz += d * (v - mz)
		}
	}
	if stt > 0 {
		slope = stz / stt
	}
	return mz - slope*mt, slope
}

// seasonal is the test of the M competitions (Makridakis & Hibon 2000, p. 457; forecast::thetaf): more than two periods, and an
// autocorrelation at the period beyond 1.645 of Bartlett's standard errors √((1 + 2Σr²)/n), the sum over the lags below it.
func seasonal(z []float64, period int) bool {
	if period < 2 || len(z) <= 2*period {
		return false
	}
	n, mean := 0.0, 0.0
	for _, v := range z {
		if !math.IsNaN(v) {
			n, mean = n+1, mean+v
		}
	}
	mean /= n
	covariance := func(lag int) float64 {
		sum := 0.0
		for t := lag; t < len(z); t++ {
			if v := (z[t] - mean) * (z[t-lag] - mean); !math.IsNaN(v) {
				sum += v
			}
		}
		return sum
	}
	variance, sum := covariance(0), 0.0
	if !(variance > 1e-20*n*mean*mean) {
		return false
	}
	for lag := 1; lag < period; lag++ {
		r := covariance(lag) / variance
		sum += r * r
	}
	return math.Abs(covariance(period)/variance) > 1.645*math.Sqrt((1+2*sum)/n)
}

// allPositive reports whether no observed value is zero or less.
func allPositive(z []float64) bool {
	for _, v := range z {
		if v <= 0 {
			return false
		}
	}
	return true
}

// cyclic moves indices that begin at period start to where period t finds its own: at t modulo their number.
func cyclic(season []float64, start int) []float64 {
	out := make([]float64, len(season))
	for i, v := range season {
		out[phase(start+i, len(out))] = v
	}
	return out
}

// phase is t modulo the period, also before period 0.
func phase(t, period int) int { return ((t % period) + period) % period }
