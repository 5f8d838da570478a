package demand

import (
	"math"
	"slices"

	"github.com/souk-sim/souk/sim/portable"
	"gonum.org/v1/gonum/mat"
)

// ridge is a linear equation y = intercept + x'coef + e fitted by penalised, robust least squares.
type ridge struct {
	intercept float64
	coef      []float64
	df        float64 // effective number of coefficients, the trace of the hat matrix
}

const (
	huberBound  = 1.345 // standard deviations: 95% efficient at the normal distribution (Huber 1964)
	huberRounds = 6
)

// fitRidge minimises Σ ρ(y_i - b0 - x_i'b) + λ Σ (p_j s_j b_j)², with s_j the spread of column j, ρ Huber's function by
// reweighting, and λ and the row p of priors those of least generalised cross-validation (Golub, Heath & Wahba 1979). Columns may be constant or collinear: the penalty decides among them.
func fitRidge(x [][]float64, y []float64, priors [][]float64) ridge {
	n, k := len(y), len(x[0])
	w := make([]float64, n)
	for i := range w {
		w[i] = 1
	}
	e := make([]float64, n)
	g := newGram(k)
	var best ridge
	for range huberRounds {
		g.fill(x, y, w)
		best = g.solve(n, priors)
		for i, row := range x {
			e[i] = y[i] - best.intercept - dot(row, best.coef)
		}
		if !reweight(w, e) {
			break
		}
	}
	return best
}

// reweight sets Huber's weights and reports whether there is a spread to measure the errors by.
func reweight(w, e []float64) bool {
	for i, v := range e {
		w[i] = math.Abs(v)
	}
	slices.Sort(w)
	bound := huberBound * w[len(w)/2] / 0.6745
	for i, v := range e {
		w[i] = min(1, bound/math.Abs(v)) // 0/0 is NaN, but then there is no spread
	}
	return bound > 0
}

// gram holds the weighted moments of standardised columns.
type gram struct {
	k              int
	mean, spread   []float64 // of the columns; no spread is 0
	yMean, yy, sum float64
	xx             []float64 // k×k
	xy             []float64
	z              []float64
	scaled         *mat.SymDense
	eigen          mat.EigenSym
	vectors        mat.Dense
}

func newGram(k int) *gram {
	return &gram{k: k, mean: make([]float64, k), spread: make([]float64, k), xx: make([]float64, k*k), xy: make([]float64, k),
		z: make([]float64, k), scaled: mat.NewSymDense(k, nil)}
}

func (g *gram) fill(x [][]float64, y, w []float64) {
	clear(g.mean)
	clear(g.spread)
	clear(g.xx)
	clear(g.xy)
	g.yMean, g.yy, g.sum = 0, 0, 0
	for i, row := range x {
		g.sum += w[i]
		g.yMean += w[i] * y[i]
		for j, v := range row {
			g.mean[j] += w[i] * v
		}
	}
	g.yMean /= g.sum
	for j := range g.mean {
		g.mean[j] /= g.sum
	}
	for i, row := range x {
		for j, v := range row {
			g.spread[j] += w[i] * (v - g.mean[j]) * (v - g.mean[j])
		}
		g.yy += w[i] * (y[i] - g.yMean) * (y[i] - g.yMean)
	}
	for j, v := range g.spread {
		g.spread[j] = math.Sqrt(v / g.sum)
		if g.spread[j] <= 1e-10*math.Abs(g.mean[j]) {
			g.spread[j] = 0
		}
	}
	for i, row := range x {
		for j, v := range row {
			g.z[j] = 0
			if g.spread[j] > 0 {
				g.z[j] = (v - g.mean[j]) / g.spread[j]
			}
		}
		for j, v := range g.z {
			wv := w[i] * v
			g.xy[j] += wv * (y[i] - g.yMean)
			xx := g.xx[j*g.k:]
			for l := j; l < g.k; l++ {
				xx[l] += wv * g.z[l]
			}
		}
	}
}

// solve finds the best prior and λ. In the basis of the eigenvectors of X'X every λ costs O(k).
func (g *gram) solve(n int, priors [][]float64) ridge {
	k := g.k
	q, b := make([]float64, k), make([]float64, k)
	best, bestScore := ridge{intercept: g.yMean, coef: make([]float64, k)}, math.Inf(1)
	for _, prior := range priors {
		for j := range k {
			for l := j; l < k; l++ {
				g.scaled.SetSym(j, l, g.xx[j*k+l]/prior[j]/prior[l])
			}
		}
		if !g.eigen.Factorize(g.scaled, true) {
			continue
		}
		g.eigen.VectorsTo(&g.vectors)
		values := g.eigen.Values(nil)
		clear(q)
		for j := range k {
			for l := range k {
				q[l] += g.vectors.At(j, l) * g.xy[j] / prior[j]
			}
		}
		for half := -8; half <= 6; half++ {
			lambda := portable.Exp(float64(half) * math.Ln10 / 2)
			rss, df := g.yy, 0.0
			for l, d := range values {
				d = max(d, 0)
				rss += q[l] * q[l] / (d + lambda) * (d/(d+lambda) - 2)
				df += d / (d + lambda)
			}
			free := float64(n) - 1 - df
			if score := max(rss, 0) / (free * free); free > 0 && score < bestScore {
				bestScore, best.df = score, df+1
				clear(b)
				for j := range k {
					for l, d := range values {
						b[j] += g.vectors.At(j, l) * q[l] / (max(d, 0) + lambda)
					}
				}
				g.unscale(&best, b, prior)
			}
		}
	}
	return best
}

// unscale writes the coefficients of the columns as they were given.
func (g *gram) unscale(r *ridge, b, prior []float64) {
	r.intercept = g.yMean
	for j := range b {
		if r.coef[j] = 0; g.spread[j] > 0 {
			r.coef[j] = b[j] / prior[j] / g.spread[j]
			r.intercept -= r.coef[j] * g.mean[j]
		}
	}
}
