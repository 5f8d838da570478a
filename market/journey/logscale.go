package journey

import (
	"math"

	"github.com/souk-sim/souk/sim/portable"
)

// standard is a distribution of z = (ln t - location)/scale.
type standard struct {
	logDensity   func(z float64) float64
	score        func(z float64) float64 // derivative of logDensity
	below, above func(z float64) float64 // distribution and survival function
	quantile     func(u float64) float64 // portable
}

// normal makes t log-normal.
var normal = standard{
	logDensity: func(z float64) float64 { return -z*z/2 - math.Log(2*math.Pi)/2 },
	score:      func(z float64) float64 { return -z },
	below:      func(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 },
	above:      func(z float64) float64 { return math.Erfc(z/math.Sqrt2) / 2 },
	quantile:   portable.NormalQuantile,
}

// gumbel, of minima, makes t Weibull with shape 1/scale and scale e^location.
var gumbel = standard{
	logDensity: func(z float64) float64 { return z - math.Exp(z) },
	score:      func(z float64) float64 { return 1 - math.Exp(z) },
	below:      func(z float64) float64 { return -math.Expm1(-math.Exp(z)) },
	above:      func(z float64) float64 { return math.Exp(-math.Exp(z)) },
	quantile:   func(u float64) float64 { return portable.Log(-portable.Log(1 - u)) },
}

// span is what is known of a time: it lay between low and high; it was exact where they are equal.
type span struct {
	low, high float64
	count     float64
}

// leastWithin is the logarithm of the least share that a cut may leave of a law: below it the law is a fiction.
const leastWithin = -18

// logScale is the log-likelihood of spans under a standard distribution of ln t, cut to times between low and high. theta is
// the location and the logarithm of the scale.
type logScale struct {
	standard
	spans     []span
	low, high float64
}

func (l logScale) at(theta, gradient []float64) float64 {
	location, scale := theta[0], math.Exp(theta[1])
	total, n := 0.0, 0.0
	gradient[0], gradient[1] = 0, 0
	for _, s := range l.spans {
		n += s.count
		if s.low < s.high {
			total += s.count * l.between(s.low, s.high, location, scale, s.count, gradient)
			continue
		}
		y := math.Log(s.low)
		z := (y - location) / scale
		score := l.score(z)
		total += s.count * (l.logDensity(z) - theta[1] - y)
		gradient[0] -= s.count * score / scale
		gradient[1] -= s.count * (1 + z*score)
	}
	if l.low > 0 || l.high < math.Inf(1) {
		within := l.between(l.low, l.high, location, scale, -n, gradient)
		if !(within > leastWithin) {
			return math.Inf(-1)
		}
		total -= n * within
	}
	return total
}

// between is ln P(low < t < high), and adds `weight` of its derivatives to the gradient, which may be nil.
func (l logScale) between(low, high, location, scale, weight float64, gradient []float64) float64 {
	a, b := math.Inf(-1), math.Inf(1)
	if low > 0 {
		a = (math.Log(low) - location) / scale
	}
	if high < math.Inf(1) {
		b = (math.Log(high) - location) / scale
	}
	p := l.below(b) - l.below(a)
	if a > 0 { // the far tail is told by its survival
		p = l.above(a) - l.above(b)
	}
	if gradient == nil {
		return math.Log(p)
	}
	add := func(z, sign float64) {
		if density := math.Exp(l.logDensity(z)); density > 0 && !math.IsInf(z, 0) {
			gradient[0] -= weight * sign * density / scale / p
			gradient[1] -= weight * sign * density * z / p
		}
	}
	add(b, 1)
	add(a, -1)
	return math.Log(p)
}

// fit maximises the likelihood from the moments of the logarithms, from a wider scale where a few lie so far out that they
// would have no probability.
func (l logScale) fit() *peak {
	n, mean, square, far := 0.0, 0.0, 0.0, 0.0
	for _, s := range l.spans {
		y := math.Log((s.low + s.high) / 2)
		n, mean, square = n+s.count, mean+s.count*y, square+s.count*y*y
	}
	mean /= n
	for _, s := range l.spans {
		far = max(far, math.Abs(math.Log((s.low+s.high)/2)-mean))
	}
	start := []float64{mean, math.Log(max(1e-3, far/5, math.Sqrt(max(0, square/n-mean*mean))))}
	return maximise(l.at, start, box{[]float64{mean - 50, math.Log(1e-4)}, []float64{mean + 50, math.Log(50)}})
}

// share is the probability below z with the same bits on every machine: the quantile function turned around by bisection.
func (s standard) share(z float64) float64 {
	low, high := 0.0, 1.0
	for range 60 {
		if mid := (low + high) / 2; s.quantile(mid) < z {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}
