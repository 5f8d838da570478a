package affinity

import (
	"math"

	"github.com/souk-sim/souk/sim/rng"
	"gonum.org/v1/gonum/mat"
)

// start gives the columns' factors V·√S of the k largest singular values of x, absent entries being 0, by subspace iteration with
// oversampling from a fixed start (Halko, Martinsson & Tropp 2011, §4.5). k numbers a column.
func start(x, transposed *matrix, k, sweeps, workers int) []float64 {
	rows, columns := x.rows(), transposed.rows()
	wide := min(2*k+10, rows, columns)
	v, w := make([]float64, columns*wide), make([]float64, rows*wide)
	stream := rng.New(0, 0).Family("affinity subspace").At(0)
	for n := range v {
		v[n] = stream.Normal()
	}
	for range sweeps {
		orthonormal(v, wide)
		x.multiply(v, w, wide, workers)
		transposed.multiply(w, v, wide, workers)
	}
	orthonormal(v, wide)
	x.multiply(v, w, wide, workers)
	f := make([]float64, columns*k)
	products := gram(w, wide)
	square := mat.NewSymDense(wide, nil)
	for r := range wide {
		for c := range r + 1 {
			square.SetSym(r, c, products[packed(r)+c])
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(square, true) {
		return f
	}
	var rotation mat.Dense
	eigen.VectorsTo(&rotation)
	values := eigen.Values(nil) // S², ascending
	for d := range k {
		root := math.Sqrt(math.Sqrt(math.Max(0, values[wide-1-d])))
		for i := range columns {
			for j, e := range vector(v, int32(i), wide) {
				f[i*k+d] += float64(e * float64(root*rotation.At(j, wide-1-d)))
			}
		}
	}
	return f
}

// multiply sets y to m·x, x and y having k numbers a row.
func (m *matrix) multiply(x, y []float64, k, workers int) {
	blocks(m.rows(), workers, func(_, from, to int) {
		for u := from; u < to; u++ {
			sum := vector(y, int32(u), k)
			clear(sum)
			columns, values := m.row(u)
			for n, c := range columns {
				axpy(values[n], vector(x, c, k), sum)
			}
		}
	})
}

// gram is the packed Σ x·xᵀ over rows of k numbers.
func gram(f []float64, k int) []float64 {
	g := make([]float64, packed(k))
	for i := range len(f) / k {
		outer(1, vector(f, int32(i), k), g)
	}
	return g
}

// orthonormal makes the k columns of v so by Cholesky's factor of their products; a little on the diagonal keeps it going where they depend
// on each other.
func orthonormal(v []float64, k int) {
	g := gram(v, k)
	most := 0.0
	for d := range k {
		most = max(most, g[packed(d)+d])
	}
	for d := range k {
		g[packed(d)+d] += 1e-14 * most
	}
	if !cholesky(g, k) {
		return
	}
	for i := range len(v) / k {
		forward(g, vector(v, int32(i), k))
	}
}
