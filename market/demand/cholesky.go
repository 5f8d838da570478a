package demand

import "math"

// cholesky is the factor L of a small symmetric positive definite matrix A = L·L', row by row. The searches factor
// thousands of matrices of a few rows, for which a library's checks and allocations cost more than the arithmetic.
type cholesky struct {
	n int
	l []float64
}

// factor reads the upper triangle through at and reports whether the matrix is numerically positive definite.
func (c *cholesky) factor(n int, at func(i, j int) float64) bool {
	c.n, c.l = n, grow(c.l, n*n)
	for i := range n {
		li := c.l[i*n : (i+1)*n]
		for j := range i {
			lj := c.l[j*n : (j+1)*n]
			li[j] = (at(j, i) - dot(li[:j], lj[:j])) / lj[j]
		}
		d := at(i, i)
		v := d - dot(li[:i], li[:i])
		if !(v > 1e-15*d) {
			return false
		}
		li[i] = math.Sqrt(v)
	}
	return true
}

// solve replaces b by A⁻¹b.
func (c *cholesky) solve(b []float64) {
	n := c.n
	for i := range n {
		li := c.l[i*n : (i+1)*n]
		b[i] = (b[i] - dot(li[:i], b[:i])) / li[i]
	}
	for i := n - 1; i >= 0; i-- {
		for j := i + 1; j < n; j++ {
			b[i] -= c.l[j*n+i] * b[j]
		}
		b[i] /= c.l[i*n+i]
	}
}
