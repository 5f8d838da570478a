package stats

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// Cholesky is the factor L of an information matrix LL', k×k, row by row, made where the matrix's lower triangle stood; the
// upper triangle is never read. It does not allocate once made.
type Cholesky struct {
	K int
	L []float64
}

// NewCholesky makes room for a k×k matrix.
func NewCholesky(k int) Cholesky { return Cholesky{k, make([]float64, k*k)} }

// collinear is the share of a column's square that the columns before it must leave.
const collinear = 1e-12

// Factor gives the first column that the ones before it explain, or -1.
func (c *Cholesky) Factor() int {
	k := c.K
	for i := range k {
		li := c.L[i*k : (i+1)*k]
		whole := li[i]
		left := whole
		for j := range i {
			lj := c.L[j*k : (j+1)*k]
			sum := li[j]
			for m, v := range lj[:j] {
				sum -= li[m] * v
			}
			li[j] = sum / lj[j]
			left -= li[j] * li[j]
		}
		if !(left > collinear*whole) || math.IsInf(left, 0) {
			return i
		}
		li[i] = math.Sqrt(left)
	}
	return -1
}

// Explains gives, for the column j that Factor returned, the j coefficients by which the columns before it make it up.
func (c *Cholesky) Explains(j int) []float64 {
	b := append([]float64(nil), c.L[j*c.K:j*c.K+j]...)
	for i := j - 1; i >= 0; i-- {
		b[i] /= c.L[i*c.K+i]
		for m, v := range c.L[i*c.K : i*c.K+i] {
			b[m] -= v * b[i]
		}
	}
	return b
}

// Solve replaces b by (LL')⁻¹b.
func (c *Cholesky) Solve(b []float64) {
	k := c.K
	for i := range k {
		for j, v := range c.L[i*k : i*k+i] {
			b[i] -= v * b[j]
		}
		b[i] /= c.L[i*k+i]
	}
	for i := k - 1; i >= 0; i-- {
		b[i] /= c.L[i*k+i]
		for j, v := range c.L[i*k : i*k+i] {
			b[j] -= v * b[i]
		}
	}
}

// Inverse returns (LL')⁻¹.
func (c *Cholesky) Inverse() *mat.SymDense {
	inverse := mat.NewSymDense(c.K, nil)
	unit := make([]float64, c.K)
	for j := range c.K {
		clear(unit)
		unit[j] = 1
		c.Solve(unit)
		for i := range j + 1 {
			inverse.SetSym(i, j, unit[i])
		}
	}
	return inverse
}
