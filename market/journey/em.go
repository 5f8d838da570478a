package journey

import "math"

const (
	emSweeps = 20_000
	// emTolerance ends EM: the largest move of a probability in one sweep.
	emTolerance = 1e-9
)

// sweep is one step of EM: it fills next with what p, all probabilities, becomes, and gives the log-likelihood at p.
type sweep func(p, next []float64) (loglik float64)

// em climbs from p, in place (Dempster, Laird & Rubin 1977), three sweeps at a time with a squared extrapolation between
// (SQUAREM, Varadhan & Roland 2008, Scand. J. Statist. 35, 335, step S3), which is taken only where the likelihood rises.
func em(f sweep, p []float64) (loglik float64, sweeps int, converged bool) {
	n := len(p)
	first, second, trial, third := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for sweeps < emSweeps {
		f(p, first)
		loglik = f(first, second)
		sweeps += 2
		moved, r2, v2 := 0.0, 0.0, 0.0
		for i := range p {
			r, v := first[i]-p[i], second[i]-2*first[i]+p[i]
			moved, r2, v2 = max(moved, math.Abs(r)), r2+r*r, v2+v*v
		}
		if moved < emTolerance {
			copy(p, first)
			return loglik, sweeps, true
		}
		step := 1.0
		if v2 > 0 {
			step = max(1, math.Sqrt(r2/v2))
		}
		for i := range p {
			v := p[i] + 2*step*(first[i]-p[i]) + step*step*(second[i]-2*first[i]+p[i])
			// EM never leaves 0 or 1: they are neared, not jumped to.
			trial[i] = max(second[i]/10, min(1-(1-second[i])/10, v))
		}
		sweeps++
		if l := f(trial, third); l >= loglik {
			copy(p, third)
		} else {
			copy(p, second)
		}
	}
	return loglik, sweeps, false
}

// renew sets next to part/whole, and to p where there is no whole.
func renew(next, p, part, whole []float64) {
	for i, n := range whole {
		next[i] = p[i]
		if n > 0 {
			next[i] = min(1, part[i]/n)
		}
	}
}
