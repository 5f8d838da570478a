package loyalty

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// vector and matrix are of the four log parameters of a model; of a matrix the upper triangle counts.
type (
	vector [4]float64
	matrix [4][4]float64
)

// mixture is ln Σ e^u and its derivatives, of components u that are given with theirs: every likelihood here is a sum over
// when the customer may have lapsed. With w the components' shares, ∇ = Σ w∇u and ∇² = Σ w(∇²u + ∇u∇uᵀ) - ∇∇ᵀ.
type mixture struct {
	top, weight float64 // the largest u yet; Σ e^(u-top)
	first       vector
	second      matrix
}

func (m *mixture) reset() { *m = mixture{top: math.Inf(-1)} }

// add takes in a component and returns its share of the sum so far.
func (m *mixture) add(u float64, du *vector, d2u *matrix) float64 {
	if u > m.top {
		shrink := math.Exp(m.top - u)
		m.top, m.weight = u, m.weight*shrink
		for i := range m.first {
			m.first[i] *= shrink
			for j := i; j < 4; j++ {
				m.second[i][j] *= shrink
			}
		}
	}
	w := math.Exp(u - m.top)
	m.weight += w
	for i := range m.first {
		m.first[i] += w * du[i]
		for j := i; j < 4; j++ {
			m.second[i][j] += w * (d2u[i][j] + du[i]*du[j])
		}
	}
	return w / m.weight
}

// log is the logarithm of the sum.
func (m *mixture) log() float64 { return m.top + math.Log(m.weight) }

// into adds the logarithm's derivatives, times count.
func (m *mixture) into(count float64, g *vector, h *matrix) {
	for i := range m.first {
		di := m.first[i] / m.weight
		g[i] += count * di
		for j := i; j < 4; j++ {
			h[i][j] += count * (m.second[i][j]/m.weight - di*m.first[j]/m.weight)
		}
	}
}

// clock is a Poisson process whose rate is Gamma(shape, rate scale) over customers. first is the place of ln shape among the
// log parameters, ln scale the next.
type clock struct {
	first                  int
	shape, scale, logScale float64
}

// at is ln[(scale/(scale+t))^shape (scale+t)^-x], the mean of rate^x e^(-rate·t) but for the rising factorial (shape)_x, with
// its derivatives in their places.
func (c *clock) at(x, t float64, du *vector, d2u *matrix) float64 {
	i, j := c.first, c.first+1
	waited := math.Log1p(t / c.scale)
	share := c.scale / (c.scale + t)
	du[i], du[j] = -c.shape*waited, c.shape*(1-share)-x*share
	d2u[i][i], d2u[i][j], d2u[j][j] = du[i], c.shape*(1-share), -(c.shape+x)*share*(1-share)
	return -(c.shape+x)*waited - x*c.logScale
}

// fill copies the derivatives to where the optimiser wants them.
func fill(g *vector, h *matrix, gradient []float64, hessian *mat.SymDense) {
	copy(gradient, g[:])
	for i := range h {
		for j := i; j < 4; j++ {
			hessian.SetSym(i, j, h[i][j])
		}
	}
}

// group is a history that count customers share: three quarters of CDNOW's share theirs.
type group struct {
	Customer
	count float64
}

// grouped puts equal histories together, in an order that does not depend on the customers'.
func grouped(customers []Customer) []group {
	compare := func(a, b Customer) int {
		return cmp.Or(cmp.Compare(a.Frequency, b.Frequency), cmp.Compare(a.Recency, b.Recency), cmp.Compare(a.T, b.T))
	}
	var groups []group
	for _, c := range slices.SortedFunc(slices.Values(customers), compare) {
		if n := len(groups); n > 0 && compare(groups[n-1].Customer, c) == 0 {
			groups[n-1].count++
		} else {
			groups = append(groups, group{c, 1})
		}
	}
	return groups
}

// rising tabulates ln(q)_x, the rising factorial Γ(q+x)/Γ(q), for x = 0..max, with its first and second derivatives by ln q.
// Sums keep the digits that differences of ln Γ lose where q is large.
type rising struct{ log, first, second []float64 }

func newRising(maximum int) rising {
	table := make([]float64, 3*(maximum+1))
	return rising{table[:maximum+1], table[maximum+1 : 2*(maximum+1)], table[2*(maximum+1):]}
}

func (t rising) at(q float64) {
	for j := range len(t.log) - 1 {
		x := float64(j)
		share := q / (q + x)
		t.log[j+1] = t.log[j] + math.Log(q+x)
		t.first[j+1] = t.first[j] + share
		t.second[j+1] = t.second[j] + share*x/(q+x)
	}
}

// logRising is ln(q)_x alone.
func logRising(q float64, x int) float64 {
	sum := 0.0
	for j := range x {
		sum += math.Log(q + float64(j))
	}
	return sum
}

// typical is the mean time of observation and the repeat purchases per unit of it: where the climbs begin.
func typical(groups []group) (time, rate float64) {
	n, x := 0.0, 0.0
	for _, g := range groups {
		n += g.count
		time += g.count * g.T
		x += g.count * float64(g.Frequency)
	}
	return time / n, x / time
}
