package demand

import "math"

// SeasonalStrength is 1 - Var(remainder)/Var(seasonal + remainder), at least 0 (Wang, Smith & Hyndman 2006), after the
// decomposition of Cleveland et al. (1990) by loess (STL) with a seasonal window of 11 years, as in forecast::mstl. It is 0
// for two seasons or less. Missing values have no weight.
func SeasonalStrength(x []float64, period int) float64 {
	from, to := observedSpan(x)
	x = x[from:to]
	if period < 2 || len(x) <= 2*period {
		return 0
	}
	season, trend := stl(x, period)
	remainder, detrended := make([]float64, 0, len(x)), make([]float64, 0, len(x))
	for t, v := range x {
		if !math.IsNaN(v) {
			remainder, detrended = append(remainder, v-season[t]-trend[t]), append(detrended, v-trend[t])
		}
	}
	detrend(remainder, false)
	detrend(detrended, false)
	total := norm(detrended)
	if total <= rounding*norm(observedOf(x)) {
		return 0
	}
	left := norm(remainder) / total
	return max(0, 1-left*left)
}

// loess is a local regression smoother: the values at most window apart, weighted by the tricube of the distance, of
// degree 0 or 1. It is evaluated at every jump-th point and interpolated between.
type loess struct{ window, degree, jump int }

func odd(n int) int { return n + 1 - n%2 }

func newLoess(window, degree int) loess { return loess{window, degree, (window + 9) / 10} }

// stl decomposes x (its first and last value observed, more than two periods) into season, trend and the rest; two
// passes, not robust, the windows those of R's stl and mstl.
func stl(x []float64, period int) (season, trend []float64) {
	const seasonWindow = 11
	smooth := newLoess(seasonWindow, 0)
	low := newLoess(odd(period), 1)
	across := newLoess(odd(int(math.Ceil(1.5*float64(period)/(1-1.5/seasonWindow)))), 1)
	n := len(x)
	y, weight := filled(x)
	season, trend = make([]float64, n), make([]float64, n)
	left, out := make([]float64, n), make([]float64, n+2*period)
	for range 2 {
		for t := range y {
			left[t] = y[t] - trend[t]
		}
		smooth.subseries(left, weight, period, out)
		slow := average(average(average(out, period), period), 3)
		low.smooth(slow, nil, left)
		for t := range y {
			season[t] = out[period+t] - left[t]
			left[t] = y[t] - season[t]
		}
		across.smooth(left, weight, trend)
	}
	return season, trend
}

// filled interpolates the missing values, for arithmetic's sake, and weighs them 0; nil is all ones.
func filled(x []float64) (y, weight []float64) {
	y = append([]float64(nil), x...)
	last := 0
	for t, v := range x {
		if math.IsNaN(v) {
			if weight == nil {
				weight = make([]float64, len(x))
				for i := range t {
					weight[i] = 1
				}
			}
			continue
		}
		for i := last + 1; i < t; i++ {
			y[i] = x[last] + (v-x[last])*float64(i-last)/float64(t-last)
		}
		if last = t; weight != nil {
			weight[t] = 1
		}
	}
	return y, weight
}

// subseries smooths the values of each season over the years, one year beyond both ends: out has 2·period more than y.
func (l loess) subseries(y, weight []float64, period int, out []float64) {
	var w []float64
	for j := range period {
		k := (len(y)-j-1)/period + 1
		v, smoothed := make([]float64, k), make([]float64, k)
		if weight != nil {
			w = make([]float64, k)
		}
		for i := range k {
			v[i] = y[i*period+j]
			if w != nil {
				w[i] = weight[i*period+j]
			}
		}
		l.smooth(v, w, smoothed)
		for i, s := range smoothed {
			out[(i+1)*period+j] = s
		}
		var ok bool
		if out[j], ok = l.at(-1, v, w, 0, min(l.window, k)); !ok {
			out[j] = smoothed[0]
		}
		if out[(k+1)*period+j], ok = l.at(float64(k), v, w, max(0, k-l.window), k); !ok {
			out[(k+1)*period+j] = smoothed[k-1]
		}
	}
}

// smooth writes the smooth of y into out.
func (l loess) smooth(y, weight, out []float64) {
	n := len(y)
	if n < 2 {
		copy(out, y)
		return
	}
	jump, half := min(l.jump, n-1), (l.window+1)/2
	from := 0
	evaluate := func(t int) {
		v, ok := l.at(float64(t), y, weight, from, min(from+l.window, n))
		if out[t] = v; !ok {
			out[t] = y[t]
		}
	}
	between := func(from, to int) {
		for t := from + 1; t < to; t++ {
			out[t] = out[from] + (out[to]-out[from])*float64(t-from)/float64(to-from)
		}
	}
	last := 0
	for t := 0; t < n; t += jump {
		from = max(0, min(t+1-half, n-l.window))
		evaluate(t)
		between(last, t)
		last = t
	}
	if last < n-1 {
		evaluate(n - 1) // from the window of the last one, as in the original
		between(last, n-1)
	}
}

// at is the local fit at x from y[from:to]; not ok where no value there has weight.
func (l loess) at(x float64, y, weight []float64, from, to int) (value float64, ok bool) {
	n := len(y)
	h := max(x-float64(from), float64(to-1)-x)
	if l.window > n {
		h += float64((l.window - n) / 2)
	}
	w := make([]float64, to-from)
	total := 0.0
	for j := range w {
		r := math.Abs(float64(from+j) - x)
		switch {
		case r <= 0.001*h:
			w[j] = 1
		case r <= 0.999*h:
			c := 1 - (r/h)*(r/h)*(r/h)
			w[j] = c * c * c
		}
		if weight != nil {
			w[j] *= weight[from+j]
		}
		total += w[j]
	}
	if total <= 0 {
		return 0, false
	}
	centre, spread := 0.0, 0.0
	for j := range w {
		w[j] /= total
		centre += w[j] * float64(from+j)
	}
	for j := range w {
		spread += w[j] * (float64(from+j) - centre) * (float64(from+j) - centre)
	}
	slope := 0.0
	if l.degree > 0 && math.Sqrt(spread) > 0.001*float64(n-1) {
		slope = (x - centre) / spread
	}
	for j := range w {
		value += w[j] * (1 + slope*(float64(from+j)-centre)) * y[from+j]
	}
	return value, true
}

// average is the moving average over k values, k-1 fewer of them.
func average(x []float64, k int) []float64 {
	out := make([]float64, len(x)-k+1)
	sum := 0.0
	for t, v := range x {
		if sum += v; t >= k-1 {
			out[t-k+1] = sum / float64(k)
			sum -= x[t-k+1]
		}
	}
	return out
}
