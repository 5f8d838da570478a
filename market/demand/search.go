package demand

import (
	"cmp"
	"math"
	"slices"
)

// search maximises the likelihood over the angles of l, which has many local maxima: white noise and a scattered set of
// starts all climb a few steps, the best third, as far as they differ, climbs on, and the best of those to the top.
func (l *likelihood) search(starts int) []float64 {
	k := len(l.params)
	if k == 0 {
		return nil
	}
	x := l.head().climb(starts)
	levenbergMarquardt(l.at, x, len(l.e[0]), 1e-11, 200)
	return x
}

// head is the likelihood of a long series' beginning, which is enough to find the hill; of a short series the whole.
func (l *likelihood) head() *likelihood {
	const enough = 1000
	if len(l.e[0]) < 2*enough {
		return l
	}
	h := *l // scratch space is shared: the two are not used at the same time
	h.cols, h.e = make([][]float64, len(l.cols)), make([][]float64, len(l.e))
	for c := range l.cols {
		h.cols[c], h.e[c] = l.cols[c][:enough], l.e[c][:enough]
	}
	h.used = enough
	if l.observed != nil {
		h.observed = l.observed[:enough]
		h.used = -l.nuisance
		for _, seen := range h.observed {
			if seen {
				h.used++
			}
		}
	}
	if math.IsInf(h.at(make([]float64, len(l.params)), make([]float64, enough)), 1) {
		return l // a regressor that is constant there
	}
	return &h
}

// climb does all of search but the last steps.
func (l *likelihood) climb(starts int) []float64 {
	k, n := len(l.params), len(l.e[0])
	type climber struct {
		x     []float64
		value float64
	}
	all := make([]climber, starts)
	for i := range all {
		x := make([]float64, k)
		if i > 0 {
			scatter(i, x)
			for d := range x {
				x[d] = (2*x[d] - 1) * 1.45 // partial autocorrelations within ±0.993
			}
		}
		all[i] = climber{x, levenbergMarquardt(l.at, x, n, 1e-2, 5)}
	}
	byValue := func(a, b climber) int { return cmp.Compare(a.value, b.value) }
	slices.SortStableFunc(all, byValue)
	best := all[:1]
	for _, c := range all[1:] {
		behind := float64(n) / 2 * math.Log(c.value/best[len(best)-1].value) // in log-likelihood
		if behind > 0.01 && 3*len(best) < len(all) {
			best = append(best, c)
		}
	}
	for i := range best {
		best[i].value = levenbergMarquardt(l.at, best[i].x, n, 1e-2, 15)
	}
	return slices.MinFunc(best, byValue).x
}

// scatter is the i-th point (from 1) of the Halton sequence in (0, 1)^len(x): a low-discrepancy set of starts.
func scatter(i int, x []float64) {
	base := 1
	for d := range x {
		for base++; !prime(base); base++ {
		}
		f, v := 1.0, 0.0
		for n := i; n > 0; n /= base {
			f /= float64(base)
			v += f * float64(n%base)
		}
		x[d] = v
	}
}

func prime(n int) bool {
	for d := 2; d*d <= n; d++ {
		if n%d == 0 {
			return false
		}
	}
	return true
}
