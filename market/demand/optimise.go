package demand

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// objective writes n scaled residuals at x into res and returns their sum of squares, +Inf where x is infeasible.
type objective func(x, res []float64) float64

// levenbergMarquardt minimises f from x, in place (Marquardt 1963). Residuals are such that n·log of the sum of squares
// is minus twice the log-likelihood, so J'J·n/S approximates the information and the predicted reduction is in units of
// log-likelihood: it stops when a full step promises less than tolerance of it. x are angles, for which the information of one
// observation is about 1: steps are bounded, and the ridge keeps angles that stand still at a boundary from straying.
func levenbergMarquardt(f objective, x []float64, n int, tolerance float64, iterations int) (best float64, converged bool) {
	const difference, longest, ridge = 1e-6, 0.7, 1e-3
	k := len(x)
	res, trial := make([]float64, n), make([]float64, n)
	next, step := make([]float64, k), make([]float64, k)
	jac := make([][]float64, k)
	for i := range jac {
		jac[i] = make([]float64, n)
	}
	normal, gradient := make([]float64, k*k), make([]float64, k)
	var chol cholesky
	best = f(x, res)
	if math.IsInf(best, 1) {
		return best, false
	}
	damping := 1e-3
	for range iterations {
		for i := range x {
			if !jacobianColumn(f, x, i, difference, res, trial, jac[i]) {
				return best, false
			}
		}
		for i := range k {
			gradient[i] = dot(jac[i], res)
			for j := i; j < k; j++ {
				normal[i*k+j] = dot(jac[i], jac[j])
			}
		}
		for {
			promise, ok := dampedStep(&chol, normal, gradient, step, damping, ridge*best)
			promise *= float64(n) / best
			if ok && promise < tolerance {
				return best, damping < 1
			}
			for i := range x {
				next[i] = x[i] - max(-longest, min(longest, step[i]))
			}
			value := math.Inf(1)
			if ok {
				value = f(next, trial)
			}
			if value < best {
				copy(x, next)
				best = value
				res, trial = trial, res
				damping = max(damping/10, 1e-12)
				break
			}
			if damping *= 5; damping > 1e9 {
				return best, false
			}
		}
	}
	return best, false
}

// newton maximises f from x, in place, by Newton's method with numerical derivatives, taken along the Hessian's
// eigenvectors: uphill where f is not concave (Gill, Murray & Wright 1981, §4.4), and in none farther than `longest`, which
// shrinks when a step fails.
func newton(f func(x []float64) float64, x []float64) {
	const h, enough = 1e-3, 1e-8
	k := len(x)
	free := make([]int, k)
	for i := range free {
		free[i] = i
	}
	var eigen mat.EigenSym
	var vectors mat.Dense
	slope, step := mat.NewVecDense(k, nil), mat.NewVecDense(k, nil)
	next := make([]float64, k)
	value := f(x)
	for longest, iterations := 2.0, 0; longest > 1e-4 && iterations < 50; iterations++ {
		g, hess := curvature(f, x, free, h, func(int, bool) {})
		if !eigen.Factorize(hess, true) {
			return
		}
		eigen.VectorsTo(&vectors)
		slope.MulVec(vectors.T(), mat.NewVecDense(k, g))
		for ; longest > 1e-4; longest /= 4 {
			promise := 0.0
			for i, v := range eigen.Values(nil) {
				s := slope.AtVec(i)
				c := max(-longest, min(longest, s/max(math.Abs(v), 1e-12)))
				step.SetVec(i, c)
				promise += c * s / 2
			}
			if promise < enough {
				return
			}
			step.MulVec(&vectors, step)
			for i := range x {
				next[i] = x[i] + step.AtVec(i)
			}
			if v := f(next); v > value {
				value = v
				copy(x, next)
				longest = min(2, 2*longest)
				break
			}
		}
	}
}

// dampedStep solves (A + damping·diag(A) + ridge·I)·step = gradient, A = J'J, and returns half the reduction in the sum of
// squares that the linear model promises.
func dampedStep(chol *cholesky, normal, gradient, step []float64, damping, ridge float64) (promise float64, ok bool) {
	k := len(step)
	if !chol.factor(k, func(i, j int) float64 {
		if i == j {
			return normal[i*k+i]*(1+damping) + ridge
		}
		return normal[i*k+j]
	}) {
		return 0, false
	}
	copy(step, gradient)
	chol.solve(step)
	return dot(step, gradient) / 2, true
}

// jacobianColumn differentiates the residuals by x[i], forward, or backward at the edge of the feasible region.
func jacobianColumn(f objective, x []float64, i int, h float64, res, trial, column []float64) bool {
	at := x[i]
	defer func() { x[i] = at }()
	for _, d := range []float64{h, -h} {
		x[i] = at + d
		if math.IsInf(f(x, trial), 1) {
			continue
		}
		for t, r := range res {
			column[t] = (trial[t] - r) / d
		}
		return true
	}
	return false
}

func dot(a, b []float64) float64 {
	b = b[:len(a)]
	s := 0.0
	for i, v := range a {
		s += v * b[i]
	}
	return s
}

// curvature is the gradient and the Hessian of f at x by central differences over the free coordinates; each is called
// with x displaced along coordinate i by ±h, before the mixed ones.
func curvature(f func(x []float64) float64, x []float64, free []int, h float64, each func(i int, up bool)) (g []float64, hess *mat.SymDense) {
	k := len(free)
	g, hess = make([]float64, k), mat.NewSymDense(max(k, 1), nil)
	f0 := f(x)
	up, down := make([]float64, k), make([]float64, k)
	for a, i := range free {
		at := x[i]
		x[i] = at + h
		up[a] = f(x)
		each(a, true)
		x[i] = at - h
		down[a] = f(x)
		each(a, false)
		x[i] = at
		g[a] = (up[a] - down[a]) / (2 * h)
		hess.SetSym(a, a, (up[a]-2*f0+down[a])/(h*h))
	}
	for a, i := range free {
		for b := a + 1; b < k; b++ {
			j := free[b]
			xi, xj := x[i], x[j]
			x[i], x[j] = xi+h, xj+h
			both := f(x)
			x[i], x[j] = xi-h, xj-h
			neither := f(x)
			x[i], x[j] = xi, xj
			hess.SetSym(a, b, (both+neither+2*f0-up[a]-down[a]-up[b]-down[b])/(2*h*h))
		}
	}
	return g, hess
}
