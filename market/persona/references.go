package persona

import (
	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/gonum/mat"
)

// newReferences draws tables without groups: reference b uniformly, by draws from Streams.At(1, b), from the box around the
// data in the directions of their principal axes (Tibshirani, Walther & Hastie 2001, §3, choice b).
func newReferences(x []float64, d int, o ChooseOptions) ([]*points, error) {
	n := len(x) / d
	mean := make([]float64, d)
	for i, v := range x {
		mean[i%d] += v / float64(n)
	}
	spread := mat.NewSymDense(d, nil)
	off := make([]float64, d)
	for i := range n {
		for j := range off {
			off[j] = x[i*d+j] - mean[j]
		}
		spread.SymRankOne(spread, 1, mat.NewVecDense(d, off))
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(spread, true) {
		return nil, field.New("table", "no principal axes", "numbers whose squares are finite")
	}
	var axes, along mat.Dense
	eigen.VectorsTo(&axes)
	along.Mul(dense(x, d), &axes)
	low, high := make([]float64, d), make([]float64, d)
	for j := range d {
		column := mat.Col(nil, j, &along)
		low[j], high[j] = column[0], column[0]
		for _, v := range column {
			low[j], high[j] = min(low[j], v), max(high[j], v)
		}
	}
	references := make([]*points, o.References)
	for b := range references {
		stream := o.Streams.At(1, uint64(b))
		box := mat.NewDense(n, d, nil)
		box.Apply(func(_, j int, _ float64) float64 { return low[j] + float64((high[j]-low[j])*stream.Float64()) }, box)
		var turned mat.Dense
		turned.Mul(box, axes.T())
		var err error
		if references[b], err = newPoints(turned.RawMatrix().Data, d, o.Most); err != nil {
			return nil, err
		}
	}
	return references, nil
}
