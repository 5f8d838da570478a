package stats

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// sparseRows holds the elements of a matrix that are not zero, row by row.
type sparseRows struct {
	start  []int // of each row, and the end
	column []int
	value  []float64
}

func newSparseRows(x *mat.Dense) sparseRows {
	n, _ := x.Dims()
	s := sparseRows{start: make([]int, 1, n+1)}
	for i := range n {
		for j, v := range x.RawRowView(i) {
			if v != 0 {
				s.column, s.value = append(s.column, j), append(s.value, v)
			}
		}
		s.start = append(s.start, len(s.column))
	}
	return s
}

// times puts xb into out.
func (s *sparseRows) times(b, out []float64) {
	for i := range out {
		sum := 0.0
		for e := s.start[i]; e < s.start[i+1]; e++ {
			sum += s.value[e] * b[s.column[e]]
		}
		out[i] = sum
	}
}

// transposeTimes puts x'v into out.
func (s *sparseRows) transposeTimes(v, out []float64) {
	clear(out)
	for i, vi := range v {
		for e := s.start[i]; e < s.start[i+1]; e++ {
			out[s.column[e]] += vi * s.value[e]
		}
	}
}

// information factors x'diag(w)x; it gives the first collinear column, or -1.
func (s *sparseRows) information(w []float64, into *pivoted) int {
	clear(into.l)
	for i, wi := range w {
		for e := s.start[i]; e < s.start[i+1]; e++ {
			row, v := into.l[s.column[e]*into.k:], wi*s.value[e]
			for d := s.start[i]; d <= e; d++ {
				row[s.column[d]] += v * s.value[d]
			}
		}
	}
	return into.factor()
}

// pivoted is Cholesky's factor L of an information matrix, row by row, made where the lower triangle stood.
type pivoted struct {
	k int
	l []float64
}

func newPivoted(k int) pivoted { return pivoted{k, make([]float64, k*k)} }

// collinear is the share of a column's square that the columns before it must leave.
const collinear = 1e-12

// factor gives the first column that the ones before it explain, or -1.
func (p *pivoted) factor() int {
	k := p.k
	for i := range k {
		li := p.l[i*k : (i+1)*k]
		whole := li[i]
		left := whole
		for j := range i {
			lj := p.l[j*k : (j+1)*k]
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

// solve replaces b by (LL')⁻¹b.
func (p *pivoted) solve(b []float64) {
	k := p.k
	for i := range k {
		for j, v := range p.l[i*k : i*k+i] {
			b[i] -= v * b[j]
		}
		b[i] /= p.l[i*k+i]
	}
	for i := k - 1; i >= 0; i-- {
		b[i] /= p.l[i*k+i]
		for j, v := range p.l[i*k : i*k+i] {
			b[j] -= v * b[i]
		}
	}
}

func (p *pivoted) inverse() *mat.SymDense {
	inverse := mat.NewSymDense(p.k, nil)
	unit := make([]float64, p.k)
	for j := range p.k {
		clear(unit)
		unit[j] = 1
		p.solve(unit)
		for i := range j + 1 {
			inverse.SetSym(i, j, unit[i])
		}
	}
	return inverse
}
