package stats

import "gonum.org/v1/gonum/mat"

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
func (s *sparseRows) information(w []float64, into *Cholesky) int {
	clear(into.L)
	for i, wi := range w {
		for e := s.start[i]; e < s.start[i+1]; e++ {
			row, v := into.L[s.column[e]*into.K:], wi*s.value[e]
			for d := s.start[i]; d <= e; d++ {
				row[s.column[d]] += v * s.value[d]
			}
		}
	}
	return into.Factor()
}
