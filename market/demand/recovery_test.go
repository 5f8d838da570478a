package demand

import (
	"fmt"
	"math"
	"sync"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
	"gonum.org/v1/gonum/mat"
)

// TestBoxJenkinsRecovery simulates each of six known models 200 times and fits it. Series are long enough (n = 1,000) for the
// bias of order 1/n to drown in the Monte-Carlo error. Each coefficient's mean is within 4 Monte-Carlo errors of the truth,
// and its 95% intervals cover it as often as 4 binomial errors allow: over the 17 coefficients a false alarm in about 1 of
// 500 runs with other seeds. All intervals together cover 93% to 97%, more than 5 errors either way.
func TestBoxJenkinsRecovery(t *testing.T) {
	const n, seeds = 1000, 200
	x := Regressor{"deal", make([]float64, n)}
	stream := rng.New(1, 0).Family("deals").At()
	for i := range x.Values {
		if stream.Float64() < 0.2 {
			x.Values[i] = 1
		}
	}
	all, covered := 0.0, 0.0
	for _, c := range []struct {
		name    string
		spec    ARIMA
		truth   []float64
		future  []Regressor
		missing float64
	}{
		{"AR(2)", ARIMA{Order: [3]int{2, 0, 0}}, []float64{0.9, -0.5, 10}, nil, 0},
		{"MA(2)", ARIMA{Order: [3]int{0, 0, 2}}, []float64{0.6, 0.3, 10}, nil, 0},
		{"ARMA(1,1)", ARIMA{Order: [3]int{1, 0, 1}}, []float64{0.7, 0.4, 10}, nil, 0},
		{"ARIMA(1,1,1)", ARIMA{Order: [3]int{1, 1, 1}}, []float64{0.6, -0.3}, nil, 0},
		{"airline", ARIMA{Order: [3]int{0, 1, 1}, Seasonal: [3]int{0, 1, 1}, Period: 12}, []float64{-0.4, -0.6}, nil, 0},
		{"drift, regressor, missing values", ARIMA{Order: [3]int{1, 1, 1}, Drift: true}, []float64{0.5, 0.4, 0.3, -2}, []Regressor{x}, 0.1},
	} {
		fits := make([]ARIMA, seeds)
		var wait sync.WaitGroup
		for seed := range fits {
			wait.Go(func() {
				var names []string
				for _, x := range c.future {
					names = append(names, x.Name)
				}
				truth := known(t, c.spec, names, c.truth...)
				truth.Sigma2 = 0.04
				stream := rng.New(uint64(seed), 0).Family("recovery").At()
				y, err := truth.Simulate(&stream, n, c.future)
				for i := range y {
					if stream.Float64() < c.missing {
						y[i] = math.NaN()
					}
				}
				fits[seed] = c.spec
				if err == nil {
					err = fits[seed].Fit(Series{Values: y, Regressors: c.future})
				}
				if err != nil {
					t.Error(c.name, seed, err)
				}
			})
		}
		if wait.Wait(); t.Failed() {
			return
		}
		for i, truth := range c.truth {
			sum, sumSq, inside := 0.0, 0.0, 0.0
			for _, m := range fits {
				e := m.Coefficients[i]
				sum += e.Estimate - truth
				sumSq += (e.Estimate - truth) * (e.Estimate - truth)
				if math.Abs(e.Estimate-truth) < 1.959964*e.SE {
					inside++
				}
			}
			bias, error := sum/seeds, math.Sqrt(sumSq)/seeds
			if share := inside / seeds; math.Abs(bias) > 4*error || math.Abs(share-0.95) > 4*math.Sqrt(0.95*0.05/seeds) {
				t.Errorf("%s: %s is off by %.5f ± %.5f on average, and in %.3f of the intervals", c.name, fits[0].Coefficients[i].Name, bias, error, share)
			}
			all += seeds
			covered += inside
		}
	}
	if share := covered / all; share < 0.93 || share > 0.97 {
		t.Errorf("%.4f of the 95%% intervals cover the truth", share)
	} else {
		t.Logf("%.4f of %v 95%% intervals cover the truth", share, all)
	}
}

// TestStandardErrorsAreTheDenseLikelihoodsInformation: at the estimates, the gradient of the multivariate normal density
// written down directly is zero and the inverse of its Hessian, the innovation variance concentrated out, gives the
// standard errors within 1%.
func TestStandardErrorsAreTheDenseLikelihoodsInformation(t *testing.T) {
	for _, c := range []struct {
		m       ARIMA
		truth   []float64
		missing []int
	}{
		{ARIMA{Order: [3]int{2, 0, 1}}, []float64{0.9, -0.5, 0.4, 10, -2}, nil},
		{ARIMA{Order: [3]int{2, 0, 1}}, []float64{0.9, -0.5, 0.4, 10, -2}, []int{0, 1, 3, 4, 40, 41}},
		{ARIMA{Order: [3]int{1, 0, 0}}, []float64{0.97, 10, -2}, nil},
		{ARIMA{Order: [3]int{1, 1, 1}, Drift: true}, []float64{0.6, 0.4, 1, 3}, []int{5, 6, 7, 30}},
		{ARIMA{Order: [3]int{0, 1, 1}, Seasonal: [3]int{0, 1, 1}, Period: 4}, []float64{-0.4, -0.5, 3}, []int{1, 2, 9, 33}},
		{ARIMA{Order: [3]int{1, 0, 0}, Seasonal: [3]int{1, 0, 1}, Period: 4}, []float64{0.5, 0.6, 0.3, 5, 2}, nil},
	} {
		const n = 90
		x := Regressor{"x", normals(12, n)}
		truth := known(t, c.m, []string{"x"}, c.truth...)
		stream := rng.New(5, 0).Family("dense").At()
		y, err := truth.Simulate(&stream, n, []Regressor{x})
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range c.missing {
			y[i] = math.NaN()
		}
		m := c.m
		if err := m.Fit(Series{Values: y, Regressors: []Regressor{x}}); err != nil {
			t.Fatal(err)
		}
		k := len(m.Coefficients)
		at := m
		dense := func(u []float64) float64 { // u in standard errors from the estimates
			at.Coefficients = append([]Coefficient(nil), m.Coefficients...)
			for i := range u {
				at.Coefficients[i].Estimate += u[i] * m.Coefficients[i].SE
			}
			diff, a, _ := at.process()
			mu := make([]float64, n)
			for i := range mu {
				mu[i] = y[i] - at.Coefficients[k-1].Estimate*x.Values[i]
				if m.constant() != "" {
					mu[i] -= at.Coefficients[k-2].Estimate * m.constantAt(i)
				}
			}
			from, _ := observedSpan(mu)
			return denseLogLik(&a, diff, mu[from:])
		}
		free := make([]int, k)
		for i := range free {
			free[i] = i
		}
		g, hess := curvature(dense, make([]float64, k), free, 0.02, func(int, bool) {})
		var chol mat.Cholesky
		var inverse mat.SymDense
		hess.ScaleSym(-1, hess)
		if !chol.Factorize(hess) || chol.InverseTo(&inverse) != nil {
			t.Fatal("the dense likelihood is not at a maximum")
		}
		name := fmt.Sprint(m.Order, m.Seasonal, len(c.missing))
		if d := dense(make([]float64, k)) - m.LogLik; math.Abs(d) > 1e-6 {
			t.Errorf("%s: the dense log-likelihood differs by %v", name, d)
		}
		for i, e := range m.Coefficients {
			if se := math.Sqrt(inverse.At(i, i)); math.Abs(se-1) > 0.01 || math.Abs(g[i]) > 0.01 {
				t.Errorf("%s: %s has %.4f of its standard error, gradient %.4f", name, e.Name, se, g[i])
			}
		}
	}
}

// TestEstimatesDoNotDependOnUnits, of the series (1e±9) or of a regressor (1e±6).
func TestEstimatesDoNotDependOnUnits(t *testing.T) {
	fit := func(y, x float64) ARIMA {
		s := monthly(120)
		for i := range s.Values {
			s.Values[i] *= y
			s.Regressors[0].Values[i] *= x
		}
		m := ARIMA{Order: [3]int{1, 1, 1}, Drift: true}
		if err := m.Fit(s); err != nil {
			t.Fatal(err)
		}
		return m
	}
	want := fit(1, 1)
	for _, unit := range [][2]float64{{1, 1e6}, {1, 1e-6}, {1e9, 1}, {1e-9, 1}, {1e9, 1e-6}} {
		m := fit(unit[0], unit[1])
		scale := []float64{1, 1, unit[0], unit[0] / unit[1]}
		for i, e := range m.Coefficients {
			w := want.Coefficients[i]
			if math.Abs(e.Estimate/scale[i]/w.Estimate-1) > 1e-6 || math.Abs(e.SE/scale[i]/w.SE-1) > 1e-4 {
				t.Errorf("units %v: %s %v (%v), want %v (%v) times %v", unit, e.Name, e.Estimate, e.SE, w.Estimate, w.SE, scale[i])
			}
		}
	}
}
