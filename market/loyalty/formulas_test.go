package loyalty

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/mathext"
	"pgregory.net/rapid"
)

// between draws a positive number whose logarithm is uniform.
func between(t *rapid.T, name string, low, high float64) float64 {
	return math.Exp(rapid.Float64Range(math.Log(low), math.Log(high)).Draw(t, name))
}

// The closed forms of the papers, by gonum's ₂F₁, are right away from their poles and cancellations.
func TestExpectationsAreThePapersClosedForms(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, alpha, b := between(t, "r", 0.05, 5), between(t, "alpha", 0.5, 50), between(t, "b", 1, 8)
		a, ahead := between(t, "a", 0.2, 4), between(t, "t", 0.5, 50)
		if math.Abs(a-1) < 0.05 {
			a = 1.1
		}
		x := float64(rapid.IntRange(0, 8).Draw(t, "x"))
		T := between(t, "T", 1, 50)
		z := ahead / (alpha + T + ahead)
		want := (a + b + x - 1) / (a - 1) * (1 - math.Pow(1-z, r+x)*mathext.Hypergeo(r+x, b+x, a+b+x-1, z))
		got := expectedPurchases(r+x, alpha+T, a, b+x, ahead)
		if math.Abs(got-want) > 1e-8*want {
			t.Errorf("E[Y] is %v, by ₂F₁ %v", got, want)
		}
	})
}

func TestParetoLikelihoodIsThePapersDifferenceOfHypergeometrics(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, alpha := between(t, "r", 0.1, 3), between(t, "alpha", 1, 20)
		s, beta := between(t, "s", 0.1, 3), between(t, "beta", 1, 20)
		x := rapid.IntRange(0, 6).Draw(t, "x")
		recency, T := 0.0, between(t, "T", 5, 40)
		if x > 0 {
			recency = T * rapid.Float64Range(0.05, 0.7).Draw(t, "tx/T")
		}
		c := Customer{Frequency: x, Recency: recency, T: T}
		n, near, other := float64(x), alpha, s+1
		if alpha < beta {
			near, other = beta, r+n
		}
		power := r + s + n
		term := func(at float64) float64 {
			return mathext.Hypergeo(power, other, power+1, math.Abs(alpha-beta)/(near+at)) / math.Pow(near+at, power)
		}
		alive := math.Pow(alpha+T, -r-n) * math.Pow(beta+T, -s)
		lapsed := s / power * (term(recency) - term(T))
		want := logRising(r, x) + r*math.Log(alpha) + s*math.Log(beta) + math.Log(alive+lapsed)
		m := ParetoNBD{R: r, Alpha: alpha, S: s, Beta: beta}
		if got := m.LogLikelihood(c); math.Abs(got-want) > 1e-7*math.Abs(want) {
			t.Errorf("log-likelihood of %+v is %v, by ₂F₁ %v", c, got, want)
		}
	})
}

// The quadrature holds where the closed form has its poles, at a = 1 and a+b = 1, and far from all ordinary parameters.
func TestTheTwoFormsOfExpectedPurchasesAgree(t *testing.T) {
	for _, c := range [][5]float64{{0.5, 4, 1, 2, 30}, {2, 1, 0.3, 0.7, 20}, {1, 3, 0.1, 0.2, 10}, {30, 30, 200, 400, 10}, {0.2, 1, 1e-6, 1, 5},
		{0.4, 2, 3, 1e-5, 15}, {1e4, 1e4, 1e5, 1e6, 20}, {3, 0.5, 0.8, 2.5, 20}} {
		r, ratio, a, b := c[0], c[4]/c[1], c[2], c[3]
		series := expectedPurchases(r, c[1], a, b, c[4])
		quadrature := betaMean(a, b, math.Log1p((1+r)*ratio), func(p float64) float64 { return -math.Expm1(-r*math.Log1p(p*ratio)) / p })
		if math.Abs(series/quadrature-1) > 1e-12 {
			t.Errorf("%v: %.15g by the series, %.15g by quadrature", c, series, quadrature)
		}
	}
}

func TestModelsStayFiniteAndOrderedInAllRegions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := func(name string) float64 { return between(t, name, 1e-4, 1e5) }
		time := func(name string) float64 { return between(t, name, 1e-4, 1e6) }
		T := time("T")
		c := Customer{T: T, Frequency: rapid.IntRange(0, 300).Draw(t, "x")}
		if c.Frequency > 0 {
			c.Recency = T * rapid.Float64Range(1e-6, 1).Draw(t, "tx/T")
		}
		ahead := time("t")
		for _, m := range []Model{&BGNBD{R: shape("r"), Alpha: time("alpha"), A: shape("a"), B: shape("b")},
			&ParetoNBD{R: shape("r"), Alpha: time("alpha"), S: shape("s"), Beta: time("beta")}} {
			if l := m.LogLikelihood(c); math.IsNaN(l) || math.IsInf(l, 0) {
				t.Errorf("%+v: log-likelihood %v of %+v", m, l, c)
			}
			stream := rng.New(rapid.Uint64().Draw(t, "seed"), 0).Family("regions").At()
			if s := m.Draw(&stream); !(s.Rate >= 0 && s.Stay >= 0 && s.Stay <= 1 && s.Hazard >= 0) || math.IsInf(s.Rate+s.Hazard, 1) {
				t.Errorf("%+v draws %+v", m, s)
			} else if wait := s.Return(&stream, 2, false); !(wait > 0) {
				t.Errorf("%+v comes back after %v", s, wait)
			}
			if p := m.Alive(c); !(p >= 0 && p <= 1) {
				t.Errorf("%+v: P(alive) %v of %+v", m, p, c)
			}
			if near, far := m.Expected(ahead), m.Expected(2*ahead); !(near >= 0 && near <= far*(1+1e-9)) || math.IsInf(far, 1) {
				t.Errorf("%+v: expects %v by %v, %v by twice that", m, near, ahead, far)
			}
			if near, far := m.Conditional(c, ahead), m.Conditional(c, 2*ahead); !(near >= 0 && near <= far*(1+1e-9)) || math.IsInf(far, 1) {
				t.Errorf("%+v: expects %v by %v, %v by twice that, of %+v", m, near, ahead, far, c)
			}
		}
	})
}

// Derivatives against central differences.
func TestDerivativesOfTheLikelihoodsAreThoseOfTheirValues(t *testing.T) {
	customers := []Customer{{T: 30}, {T: 12}, {Frequency: 1, Recency: 3, T: 20, Spend: 12}, {Frequency: 4, Recency: 25, T: 30, Spend: 3}, {Frequency: 40, Recency: 29, T: 30, Spend: 55}}
	groups := grouped(customers)
	for _, c := range []struct {
		f     objective
		theta []float64
	}{
		{newBGNBDLikelihood(groups).at, []float64{-0.4, 1.2, 0.3, 0.9}},
		{newBGNBDLikelihood(groups).at, []float64{2, 3, -1, -2}},
		{paretoLikelihood{groups, newRising(40)}.at, []float64{-0.4, 1.2, 0.3, 2}},
		{paretoLikelihood{groups, newRising(40)}.at, []float64{1, 3, -0.8, -1}},
		{spendLikelihood(customers[2:]).at, []float64{1, 0.7, 2}},
	} {
		k := len(c.theta)
		gradient, up, down := make([]float64, k), make([]float64, k), make([]float64, k)
		hessian, spare := mat.NewSymDense(k, nil), mat.NewSymDense(k, nil)
		c.f(c.theta, gradient, hessian)
		for i := range k {
			const h = 1e-5
			at := append([]float64{}, c.theta...)
			at[i] += h
			high := c.f(at, up, spare)
			at[i] -= 2 * h
			low := c.f(at, down, spare)
			if d := (high - low) / (2 * h); math.Abs(d-gradient[i]) > 1e-6*(1+math.Abs(d)) {
				t.Errorf("gradient %d of %v is %v, by differences %v", i, c.theta, gradient[i], d)
			}
			for j := range k {
				if d := (up[j] - down[j]) / (2 * h); math.Abs(d-hessian.At(i, j)) > 1e-6*(1+math.Abs(d)) {
					t.Errorf("Hessian %d, %d of %v is %v, by differences %v", i, j, c.theta, hessian.At(i, j), d)
				}
			}
		}
	}
}

func TestDiscountedPurchasesOfOnePeriodAreThePurchasesDiscountedOnce(t *testing.T) {
	m := &ParetoNBD{R: 0.55, Alpha: 10.6, S: 0.61, Beta: 11.7}
	c := Customer{Frequency: 3, Recency: 20, T: 30}
	v, err := Horizon{Periods: 1, Length: 52, Discount: 0.25}.Purchases(m, c)
	if want := m.Conditional(c, 52) / 1.25; err != nil || math.Abs(v/want-1) > 1e-14 {
		t.Errorf("%v purchases, want %v (%v)", v, want, err)
	}
	for _, h := range []Horizon{{0, 1, 0}, {1, 0, 0}, {1, math.NaN(), 0}, {1, 1, -0.1}, {1, 1, math.NaN()}} {
		if v, err := h.Purchases(m, c); err == nil {
			t.Errorf("%+v gives %v", h, v)
		}
	}
}

func BenchmarkBGNBDConditional(b *testing.B) {
	m := &BGNBD{R: 0.243, Alpha: 4.414, A: 0.793, B: 2.426}
	b.ReportAllocs()
	for b.Loop() {
		m.Conditional(Customer{Frequency: 2, Recency: 30.43, T: 38.86}, 39)
	}
}

func BenchmarkBGNBDConditionalFarAhead(b *testing.B) {
	m := &BGNBD{R: 0.243, Alpha: 4.414, A: 0.793, B: 2.426}
	b.ReportAllocs()
	for b.Loop() {
		m.Conditional(Customer{Frequency: 2, Recency: 30.43, T: 38.86}, 39000)
	}
}

func BenchmarkParetoNBDConditional(b *testing.B) {
	m := &ParetoNBD{R: 0.55, Alpha: 10.6, S: 0.61, Beta: 11.7}
	b.ReportAllocs()
	for b.Loop() {
		m.Conditional(Customer{Frequency: 2, Recency: 30.43, T: 38.86}, 39)
	}
}

func BenchmarkDrawShopper(b *testing.B) {
	m := &BGNBD{R: 0.243, Alpha: 4.414, A: 0.793, B: 2.426}
	family := rng.New(1, 0).Family("loyalty")
	b.ReportAllocs()
	for i := uint64(0); b.Loop(); i++ {
		s := family.At(i)
		m.Draw(&s)
	}
}

func BenchmarkReturn(b *testing.B) {
	stream := rng.New(1, 0).Family("loyalty").At(1)
	s := Shopper{Rate: 0.2, Stay: 0.8}
	b.ReportAllocs()
	for b.Loop() {
		s.Return(&stream, 1, false)
	}
}
