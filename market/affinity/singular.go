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
	wide := min(k+10, rows, columns)
	v, w := make([][]float64, wide), make([][]float64, wide)
	family := rng.New(0, 0).Family("affinity subspace")
	for j := range v {
		v[j], w[j] = make([]float64, columns), make([]float64, rows)
		stream := family.At(uint64(j))
		for i := range v[j] {
			v[j][i] = stream.Normal()
		}
	}
	each := func(m *matrix, from, to [][]float64) {
		blocks(wide, workers, func(_, a, b int) {
			for j := a; j < b; j++ {
				m.multiply(from[j], to[j])
			}
		})
	}
	for range sweeps {
		orthonormal(v)
		each(x, v, w)
		each(transposed, w, v)
	}
	orthonormal(v)
	each(x, v, w)
	gram := mat.NewSymDense(wide, nil)
	for a := range w {
		for b := range a + 1 {
			gram.SetSym(a, b, dot(w[a], w[b]))
		}
	}
	f := make([]float64, columns*k)
	var eigen mat.EigenSym
	if !eigen.Factorize(gram, true) {
		return f
	}
	var rotation mat.Dense
	eigen.VectorsTo(&rotation)
	values := eigen.Values(nil) // ascending, S²
	for d := range k {
		root := math.Sqrt(math.Sqrt(math.Max(0, values[wide-1-d])))
		for j := range v {
			s := root * rotation.At(j, wide-1-d)
			for i, e := range v[j] {
				f[i*k+d] += float64(s * e)
			}
		}
	}
	return f
}

func (m *matrix) multiply(x, y []float64) {
	for u := range y {
		columns, values := m.row(u)
		s := 0.0
		for n, c := range columns {
			s += float64(values[n] * x[c])
		}
		y[u] = s
	}
}

// orthonormal is Gram–Schmidt, twice over for what rounding leaves; vectors that depend on earlier ones become zero.
func orthonormal(v [][]float64) {
	for j, x := range v {
		before := math.Sqrt(dot(x, x))
		for range 2 {
			for _, earlier := range v[:j] {
				axpy(-dot(earlier, x), earlier, x)
			}
		}
		norm := math.Sqrt(dot(x, x))
		if norm <= 1e-10*before {
			clear(x)
			continue
		}
		for i := range x {
			x[i] /= norm
		}
	}
}
