package demand

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
	"gonum.org/v1/gonum/mat"
)

// denseLogLik is the exact log-likelihood written down directly: the differenced series is multivariate normal with
// autocovariances from 4,000 terms of the moving-average expansion; a missing value is an unknown that is integrated out
// under a flat prior by generalised least squares.
func denseLogLik(a *arma, diff, y []float64) float64 {
	const terms = 4000
	psi := make([]float64, terms)
	for j := range psi {
		psi[j] = a.r(j)
		for k, c := range a.ar {
			if j > k {
				psi[j] += c * psi[j-1-k]
			}
		}
	}
	n := len(y) - len(diff)
	omega := mat.NewSymDense(n, nil)
	for k := range n {
		g := dot(psi[:terms-k], psi[k:])
		for i := range n - k {
			omega.SetSym(i, i+k, g)
		}
	}
	l := likelihood{diff: diff}
	filled := append([]float64(nil), y...)
	var missing []float64
	for t := range y {
		if math.IsNaN(y[t]) {
			filled[t] = 0
			unit := make([]float64, len(y))
			unit[t] = 1
			missing = append(missing, l.differenced(unit)...)
		}
	}
	w := mat.NewVecDense(n, l.differenced(filled))
	var chol mat.Cholesky
	chol.Factorize(omega)
	logDet := chol.LogDet()
	var v mat.VecDense
	_ = chol.SolveVecTo(&v, w)
	ss := mat.Dot(w, &v)
	k := len(missing) / n
	if k > 0 {
		x := mat.NewDense(k, n, missing)
		var solved, gram mat.Dense
		_ = chol.SolveTo(&solved, x.T())
		gram.Mul(x, &solved)
		var inner mat.Cholesky
		g := mat.NewSymDense(k, nil)
		for i := range k {
			for j := i; j < k; j++ {
				g.SetSym(i, j, gram.At(i, j))
			}
		}
		inner.Factorize(g)
		logDet += inner.LogDet()
		var b, d mat.VecDense
		b.MulVec(x, &v)
		_ = inner.SolveVecTo(&d, &b)
		ss -= mat.Dot(&b, &d)
	}
	used := float64(n - k)
	return -used/2*(math.Log(2*math.Pi*ss/used)+1) - logDet/2
}

func normals(seed uint64, n int) []float64 {
	stream := rng.New(seed, 0).Family("test").At(uint64(n))
	x := make([]float64, n)
	for i := range x {
		x[i] = stream.Normal()
	}
	return x
}

func TestLikelihoodIsTheMultivariateNormalDensity(t *testing.T) {
	for _, c := range []struct {
		name            string
		order, seasonal [3]int
		period          int
		angles          []float64
		missing         []int
	}{
		{"white noise", [3]int{}, [3]int{}, 1, nil, nil},
		{"ARMA", [3]int{2, 0, 1}, [3]int{}, 1, []float64{0.9, -0.8, 0.7}, nil},
		{"ARMA with gaps", [3]int{2, 0, 1}, [3]int{}, 1, []float64{0.9, -0.8, 0.7}, []int{3, 4, 5, 20, 48}},
		{"non-invertible boundary", [3]int{0, 0, 1}, [3]int{}, 1, []float64{math.Pi / 2}, []int{7}},
		{"ARIMA with gaps", [3]int{1, 1, 1}, [3]int{}, 1, []float64{0.4, -0.9}, []int{1, 2, 11, 12, 30}},
		{"second difference, starting values missing", [3]int{1, 2, 1}, [3]int{}, 1, []float64{0.4, 0.9}, []int{1, 9}},
		{"seasonal", [3]int{1, 0, 1}, [3]int{1, 1, 1}, 4, []float64{0.5, 0.3, -0.6, 1.1}, nil},
		{"seasonal with gaps among the starting values", [3]int{1, 1, 1}, [3]int{1, 1, 1}, 4, []float64{0.5, 0.3, -0.6, 1.1}, []int{1, 3, 4, 17, 18, 40}},
	} {
		y := normals(1, 50)
		for i := 1; i < len(y); i++ {
			y[i] += 0.6 * y[i-1]
		}
		for _, i := range c.missing {
			y[i] = math.NaN()
		}
		l, err := newLikelihood(c.order, c.seasonal, c.period, y, nil, nil)
		if err != nil {
			t.Fatal(c.name, err)
		}
		l.at(c.angles, make([]float64, len(y)))
		if got, want := l.logLik(), denseLogLik(&l.a, l.diff, y); !(math.Abs(got-want) < 1e-8) {
			t.Errorf("%s: log-likelihood %.10f, density %.10f", c.name, got, want)
		}
	}
}

func TestPartialAutocorrelationsAndCoefficientsAreInverse(t *testing.T) {
	for k := 1; k <= 8; k++ {
		want := make([]float64, k)
		scatter(k, want)
		for i := range want {
			want[i] = 1.8*want[i] - 0.9
		}
		got := append([]float64(nil), want...)
		fromPartial(got)
		if !toPartial(got) {
			t.Fatalf("order %d: not stationary", k)
		}
		for i := range want {
			if math.Abs(got[i]-want[i]) > 1e-10 {
				t.Errorf("order %d: %v came back as %v", k, want, got)
			}
		}
	}
}

// TestOverdifferencedSeriesReachesTheInvertibilityBoundary: the difference of white noise is MA(1) with θ = -1.
func TestOverdifferencedSeriesReachesTheInvertibilityBoundary(t *testing.T) {
	m := ARIMA{Order: [3]int{0, 1, 1}}
	if err := m.Fit(Series{Values: normals(2, 200)}); err != nil {
		t.Fatal(err)
	}
	if c := m.Coefficients[0]; c.Estimate != -1 || !math.IsNaN(c.SE) || len(m.Warnings) == 0 {
		t.Errorf("ma1 %v (%v), warnings %q; want -1 without a standard error, and a warning", c.Estimate, c.SE, m.Warnings)
	}
}
