package demand

import "math"

// boxFit minimises sums of squares within bounds by Levenberg and Marquardt's method on the coordinates that are free: those
// neither without effect nor at a bound that the gradient pushes against (Kanzow, Yamashita & Fukushima 2004). Unlike levenbergMarquardt it needs no
// angles, which slow down where the optimum is at a bound, as those of exponential smoothing often are. It keeps its scratch space.
type boxFit struct {
	res, trial, next, step, gradient, normal, rows []float64
	free                                           []int
	chol                                           cholesky
}

// minimise works on x in place; f writes n residuals. As in levenbergMarquardt, n·log of the sum of squares is minus twice the
// log-likelihood, and it stops when a step promises less than tolerance of it. Derivatives are forward differences of size h,
// so x should be in units of which one changes the residuals noticeably.
func (b *boxFit) minimise(f objective, x, lo, hi []float64, n int, tolerance float64, iterations int) float64 {
	k := len(x)
	b.res, b.trial, b.rows = grow(b.res, n), grow(b.trial, n), grow(b.rows, n*k)
	b.next, b.step, b.gradient, b.normal = grow(b.next, k), grow(b.step, k), grow(b.gradient, k), grow(b.normal, k*k)
	best := f(x, b.res)
	damping := 1e-2
	for range iterations {
		if math.IsInf(best, 1) || !b.differentiate(f, x, hi) {
			return best
		}
		b.free = b.free[:0]
		for i, g := range b.gradient {
			if b.normal[i*k+i] > 0 && !(x[i] <= lo[i] && g > 0) && !(x[i] >= hi[i] && g < 0) {
				b.free = append(b.free, i)
			}
		}
		for {
			promise, ok := b.solve(damping)
			if ok && !(promise*float64(n) >= tolerance*best) {
				return best
			}
			copy(b.next, x)
			value := math.Inf(1)
			if ok {
				for a, i := range b.free {
					b.next[i] = min(max(x[i]-b.step[a], lo[i]), hi[i])
				}
				value = f(b.next, b.trial)
			}
			if value < best {
				copy(x, b.next)
				b.res, b.trial = b.trial, b.res
				best = value
				damping = max(damping/10, 1e-9)
				break
			}
			if damping *= 5; damping > 1e9 {
				return best
			}
		}
	}
	return best
}

// differentiate fills gradient = J'r and normal = J'J, the upper triangle.
func (b *boxFit) differentiate(f objective, x, hi []float64) bool {
	const h = 1e-6
	k := len(x)
	for i, at := range x {
		d := h
		if at+d > hi[i] {
			d = -h
		}
		if x[i] = at + d; math.IsInf(f(x, b.trial), 1) {
			d = -d
			if x[i] = at + d; math.IsInf(f(x, b.trial), 1) {
				x[i] = at
				return false
			}
		}
		x[i] = at
		for t, r := range b.res {
			b.rows[t*k+i] = (b.trial[t] - r) / d
		}
	}
	clear(b.gradient)
	clear(b.normal)
	for t, r := range b.res {
		row := b.rows[t*k : (t+1)*k]
		for i, v := range row {
			b.gradient[i] += v * r
			sums := b.normal[i*k+i : (i+1)*k]
			for j, w := range row[i:] {
				sums[j] += v * w
			}
		}
	}
	return true
}

// solve fills step over the free coordinates and returns half the reduction that the linear model promises.
func (b *boxFit) solve(damping float64) (promise float64, ok bool) {
	k := len(b.gradient)
	ok = b.chol.factor(len(b.free), func(i, j int) float64 {
		v := b.normal[b.free[i]*k+b.free[j]]
		if i == j {
			v += damping * v
		}
		return v
	})
	if !ok {
		return 0, false
	}
	step := b.step[:len(b.free)]
	for a, i := range b.free {
		step[a] = b.gradient[i]
	}
	b.chol.solve(step)
	for a, i := range b.free {
		promise += step[a] * b.gradient[i] / 2
	}
	return promise, true
}
