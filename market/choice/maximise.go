package choice

import (
	"math"

	"github.com/souk-sim/souk/results/stats"
)

// likelihood evaluates a log-likelihood at theta (k) and fills its gradient (k) and the lower triangle of its negative
// Hessian (k×k). It may return -Inf.
type likelihood func(theta, gradient, information []float64) float64

// ascent is where a climb ended.
type ascent struct {
	value      float64
	gradient   []float64
	inverse    stats.Cholesky // factor of the information there, without a ridge
	singular   int            // the first coefficient whose information the ones before it exhaust, or -1
	step       []float64      // the last step
	iterations int
	converged  bool
}

const (
	// enoughPromise ends a climb: twice what the last step added to the log-likelihood. Newton's method squares it once more.
	enoughPromise = 1e-9
	firstRidge    = 0.1
	largestRidge  = 1e9
)

// maximise climbs from theta, in place, by Newton's method. Where the information is not positive definite or a step leads
// down, a ridge relative to its diagonal turns the step uphill and shortens it (Marquardt 1963).
func maximise(f likelihood, theta []float64, limit int) *ascent {
	k := len(theta)
	up := &ascent{gradient: make([]float64, k), inverse: stats.NewCholesky(k), step: make([]float64, k)}
	information, trial := make([]float64, k*k), make([]float64, k)
	nextGradient, nextInformation := make([]float64, k), make([]float64, k*k)
	up.value = f(theta, up.gradient, information)
	ridge := 0.0
	for ; up.iterations < limit && ridge < largestRidge && !up.converged; up.iterations++ {
		copy(up.inverse.L, information)
		for i := range k {
			d := &up.inverse.L[i*k+i]
			*d += ridge * math.Abs(*d)
		}
		up.singular = up.inverse.Factor()
		if up.singular >= 0 {
			ridge = max(10*ridge, firstRidge)
			continue
		}
		copy(up.step, up.gradient)
		up.inverse.Solve(up.step)
		promise := dot(up.step, up.gradient)
		for i, v := range up.step {
			trial[i] = theta[i] + v
		}
		value := f(trial, nextGradient, nextInformation)
		if !(value >= up.value-1e-13*math.Abs(up.value)) {
			if ridge == 0 && promise < enoughPromise { // as high as rounding lets it
				up.converged = true
				break
			}
			ridge = max(10*ridge, firstRidge)
			continue
		}
		up.converged = ridge == 0 && promise < enoughPromise
		up.value = value
		copy(theta, trial)
		up.gradient, nextGradient = nextGradient, up.gradient
		information, nextInformation = nextInformation, information
		if ridge /= 10; ridge < firstRidge/5 {
			ridge = 0
		}
	}
	copy(up.inverse.L, information)
	up.singular = up.inverse.Factor()
	up.converged = up.converged && up.singular < 0
	return up
}

// evaluations tells of each evaluation of climbs, against as many as these may take together.
type evaluations struct {
	tell             func(done, total int) // may be nil
	done, end, total int
}

// next begins a climb of at most n evaluations: what the one before left over counts as done.
func (e *evaluations) next(n int) { e.done, e.end = e.end, e.end+n }

func (e *evaluations) of(f likelihood) likelihood {
	if e.tell == nil {
		return f
	}
	return func(theta, gradient, information []float64) float64 {
		value := f(theta, gradient, information)
		if e.done < e.end-1 { // the last is told at the end of all
			e.done++
			e.tell(e.done, e.total)
		}
		return value
	}
}

func (e *evaluations) finish() {
	if e.tell != nil {
		e.tell(e.total, e.total)
	}
}
