package persona

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

// points are the distinct rows of a table in ascending order, each with the number of rows that are like it: what is fitted
// on them does not depend on the order of the rows, and rows that repeat cost nothing.
type points struct {
	d      int
	x      []float64 // m×d
	weight []float64 // m
	of     []int32   // the point of each row, n; nil of a sample
	n      float64   // rows
}

// newPoints checks the table x, n×d row by row, and that there are k points to find k groups among.
func newPoints(x []float64, d, k int) (*points, error) {
	switch {
	case d < 1:
		return nil, field.New("features", d, "one or more")
	case len(x) == 0 || len(x)%d != 0:
		return nil, field.New("table", fmt.Sprintf("%d numbers", len(x)), fmt.Sprintf("one or more rows of %d", d))
	case len(x)/d > math.MaxInt32:
		return nil, field.New("table", fmt.Sprintf("%d rows", len(x)/d), "fewer than 2^31")
	case k < 1:
		return nil, field.New("k", k, "one group or more")
	}
	for i, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, field.New(fmt.Sprintf("row %d, feature %d", i/d, i%d), v, "a finite number")
		}
	}
	n := len(x) / d
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(i)
	}
	row := func(i int32) []float64 { return x[int(i)*d : (int(i)+1)*d] }
	slices.SortFunc(order, func(a, b int32) int { return cmp.Or(slices.Compare(row(a), row(b)), cmp.Compare(a, b)) })
	p := &points{d: d, of: make([]int32, n), n: float64(n)}
	for at, i := range order {
		if at == 0 || !slices.Equal(row(i), row(order[at-1])) {
			p.x, p.weight = append(p.x, row(i)...), append(p.weight, 0)
		}
		p.weight[len(p.weight)-1]++
		p.of[i] = int32(len(p.weight) - 1)
	}
	if k > len(p.weight) {
		return nil, field.New("k", k, fmt.Sprintf("no more groups than distinct rows, of which there are %d", len(p.weight)))
	}
	return p, nil
}

// sample is every so-manieth point, so that no more than about most are left: as they are in ascending order, all regions have their share.
func (p *points) sample(most int) *points {
	step := len(p.weight) / most
	if step < 2 {
		return p
	}
	s := &points{d: p.d}
	for i := step / 2; i < len(p.weight); i += step {
		s.x, s.weight, s.n = append(s.x, p.row(i)...), append(s.weight, p.weight[i]), s.n+p.weight[i]
	}
	return s
}

func (p *points) row(i int) []float64 { return p.x[i*p.d : (i+1)*p.d] }

// squared is the square of the distance between two points.
func squared(a, b []float64) (sum float64) {
	b = b[:len(a)]
	for j, v := range a {
		sum += float64((v - b[j]) * (v - b[j]))
	}
	return sum
}
