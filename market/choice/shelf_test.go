package choice

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// filled returns the model's shelf in week 30 at given prices, references at 1 and shocks that differ.
func filled(t testing.TB, m *ShareLogit, order []int, price []float64) *Shelf {
	s, err := m.NewShelf(order)
	if err != nil {
		t.Fatal(err)
	}
	s.SetWeek(30)
	for j, p := range price {
		s.Set(j, p, m.Display(j, 1, p), 1, 0.3-0.2*float64(j))
	}
	return s
}

// TestShoppersChooseAsTheProbabilitiesSay: chi-square of 200,000 choices over four alternatives, 3 degrees of freedom;
// the bound 21.1 is crossed by chance once in 10,000.
func TestShoppersChooseAsTheProbabilitiesSay(t *testing.T) {
	m := truth(t)
	s := filled(t, m, []int{1, 2, Outside, 0}, []float64{0.7, 0.9, 1.2})
	p := make([]float64, 3)
	outside := s.Probabilities(p)
	const n = 200_000
	count := map[int]float64{}
	stream := rng.New(3, 0).Family("choices").At(0)
	for range n {
		count[s.Choose(stream.Float64())]++
	}
	chi := math.Pow(count[Outside]-n*outside, 2) / (n * outside)
	for j, v := range p {
		chi += math.Pow(count[j]-n*v, 2) / (n * v)
	}
	if chi > 21.1 {
		t.Errorf("chi-square %.1f", chi)
	}
	if total := outside + p[0] + p[1] + p[2]; math.Abs(total-1) > 1e-12 {
		t.Errorf("probabilities sum to %g", total)
	}
}

// TestUtilityIsWhatTheModelSays computes a probability from the written formula.
func TestUtilityIsWhatTheModelSays(t *testing.T) {
	m := truth(t)
	price := []float64{0.7, 1.1, 1.2}
	s := filled(t, m, nil, price)
	sin, cos := harmonic(30, 1)
	year := 30 / weeksPerYear
	lent := m.calendar.lent(30)
	week := 0.1*sin - 0.1*cos + 0.2*lent
	d := func(j int) float64 { return 0.3 * m.Display(j, 1, price[j]) }
	v := []float64{
		-3 - 0.05*year + week - 2*0.7 + d(0) + 6*0.3 + 0.3,
		-3.5 + 0.02*year + week - 2*1.1 + d(1) - 1*0.1 + 0.1,
		-2 + week - 2*1.2 + d(2) - 0.1, // c does not remember
	}
	total := 1.0
	for _, x := range v {
		total += math.Exp(x)
	}
	p := make([]float64, 3)
	s.Probabilities(p)
	for j := range p {
		if want := math.Exp(v[j]) / total; math.Abs(p[j]/want-1) > 1e-12 {
			t.Errorf("brand %d: %.15g, want %.15g", j, p[j], want)
		}
	}
}

// TestTheOrderOfAlternativesChangesNoProbability, nor does the order in which brands were set.
func TestTheOrderOfAlternativesChangesNoProbability(t *testing.T) {
	m := truth(t)
	price := []float64{0.7, 0.9, 1.2}
	a, b := make([]float64, 3), make([]float64, 3)
	filled(t, m, nil, price).Probabilities(a)
	s := filled(t, m, []int{Outside, 2, 0, 1}, []float64{1, 1, 1})
	for _, j := range []int{2, 0, 1} {
		s.Set(j, price[j], m.Display(j, 1, price[j]), 1, 0.3-0.2*float64(j))
	}
	s.Probabilities(b)
	for j := range a {
		if math.Abs(a[j]/b[j]-1) > 1e-14 {
			t.Errorf("brand %d: %g and %g", j, a[j], b[j])
		}
	}
}

// TestACutMovesShoppersOnlyTowardsTheCheaperBrand: with rivals first and the repriced brand last, the same uniform never
// turns a buyer of the repriced brand into one of another when its price falls.
func TestACutMovesShoppersOnlyTowardsTheCheaperBrand(t *testing.T) {
	m := truth(t)
	s := filled(t, m, []int{1, 2, Outside, 0}, []float64{0.9, 0.9, 1.2})
	stream := rng.New(4, 0).Family("choices").At(0)
	u, before := make([]float64, 50_000), make([]int, 50_000)
	for i := range u {
		u[i] = stream.Float64()
		before[i] = s.Choose(u[i])
	}
	s.Set(0, 0.7, 0.5, 1, 0.3)
	switched := 0
	for i := range u {
		after := s.Choose(u[i])
		if before[i] == 0 && after != 0 {
			t.Fatalf("u = %g left the brand that became cheaper for %d", u[i], after)
		}
		if after != before[i] {
			switched++
		}
	}
	if switched == 0 {
		t.Error("nobody switched")
	}
}

func TestRemovedBrandIsNeverChosen(t *testing.T) {
	s := filled(t, truth(t), nil, []float64{0.7, 0.9, 1.2})
	s.Remove(0)
	p := make([]float64, 3)
	if outside := s.Probabilities(p); p[0] != 0 || math.Abs(outside+p[1]+p[2]-1) > 1e-12 {
		t.Errorf("probabilities %v", p)
	}
	if s.Choose(0) == 0 {
		t.Error("the removed brand was chosen")
	}
}

// TestSampledUnitsMeanTheExpected: a shopper's choice and quantity agree with Expected, within 5 standard errors (a false
// alarm once in a million).
func TestSampledUnitsMeanTheExpected(t *testing.T) {
	m := truth(t)
	s := filled(t, m, nil, []float64{0.7, 0.9, 1.2})
	want := make([]float64, 3)
	s.Expected(want)
	const n = 400_000
	sum, squares := make([]float64, 3), make([]float64, 3)
	stream := rng.New(5, 0).Family("shoppers").At(0)
	for range n {
		u, v := stream.Float64(), stream.Float64()
		if j := s.Choose(u); j != Outside {
			q := float64(s.Quantity(j, v))
			sum[j] += q
			squares[j] += q * q
		}
	}
	for j := range want {
		mean := sum[j] / n
		se := math.Sqrt((squares[j]/n - mean*mean) / n)
		if math.Abs(mean-want[j]) > 5*se {
			t.Errorf("brand %d: mean %.5f ± %.5f, want %.5f", j, mean, se, want[j])
		}
	}
}

// TestLatticeAveragesOverShocks compares with two million random draws of ξ, whose own error (about 4e-4 of the mean) is in
// the tolerance of 2e-3.
func TestLatticeAveragesOverShocks(t *testing.T) {
	m := truth(t)
	s := filled(t, m, nil, []float64{0.7, 0.9, 1.2})
	got := make([]float64, 3)
	s.ExpectedOver(got, m.Lattice())
	stream := rng.New(6, 0).Family("shocks").At(0)
	want, xi, z := make([]float64, 3), make([]float64, 3), make([]float64, 3)
	const n = 2_000_000
	for range n {
		for j := range z {
			z[j] = stream.Normal()
		}
		m.StartShocks(xi, z)
		total := 1.0
		for j, x := range xi {
			xi[j] = math.Exp(x) * s.weight[j]
			total += xi[j]
		}
		for j, x := range xi {
			want[j] += x / total / n
		}
	}
	for j := range want {
		want[j] *= s.MeanQuantity(j)
		if off := got[j]/want[j] - 1; math.Abs(off) > 2e-3 {
			t.Errorf("brand %d: lattice %.6g, draws %.6g (%.1e)", j, got[j], want[j], off)
		}
	}
}

// TestShocksKeepTheirVariance: the AR(1) started from its stationary distribution keeps it (5 standard errors, allowing
// for the autocorrelation).
func TestShocksKeepTheirVariance(t *testing.T) {
	m := truth(t)
	stream := rng.New(7, 0).Family("shocks").At(0)
	xi, z, squares := make([]float64, 3), make([]float64, 3), make([]float64, 3)
	draw := func() []float64 {
		for j := range z {
			z[j] = stream.Normal()
		}
		return z
	}
	m.StartShocks(xi, draw())
	const n = 200_000
	for range n {
		m.NextShocks(xi, draw())
		for j, v := range xi {
			squares[j] += v * v / n
		}
	}
	for j, v := range squares {
		sigma, phi := m.Shocks.Sigma[j], m.Shocks.Phi[j]
		if relative := v/(sigma*sigma) - 1; math.Abs(relative) > 5*math.Sqrt(2*(1+phi*phi)/(1-phi*phi)/n) {
			t.Errorf("brand %d: variance %.4f, want %.4f", j, v, sigma*sigma)
		}
	}
}

// TestElasticitiesAreTheDerivatives compares with differences of expected units for price changes of 0.01%.
func TestElasticitiesAreTheDerivatives(t *testing.T) {
	m := truth(t)
	price, display := []float64{0.8, 0.9, 1.4}, []float64{0.2, 0.5, 0}
	e, err := m.Elasticities(price, display, 40)
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.NewShelf(nil)
	if err != nil {
		t.Fatal(err)
	}
	s.SetWeek(40)
	units := func(k int, p, reference float64) []float64 {
		for j := range price {
			s.Set(j, price[j], display[j], price[j], 0)
		}
		s.Set(k, p, display[k], reference, 0)
		out := make([]float64, 3)
		s.Expected(out)
		return out
	}
	for k, p := range price {
		at, cut, rise, long := units(k, p, p), units(k, p*0.9999, p), units(k, p*1.0001, p), units(k, p*1.0001, p*1.0001)
		for j := range price {
			for _, c := range []struct {
				name      string
				got, want float64
			}{{"cut", e.Cut[j][k], (at[j] - cut[j]) / at[j] * 1e4}, {"rise", e.Rise[j][k], (rise[j] - at[j]) / at[j] * 1e4}, {"long", e.Long[j][k], (long[j] - at[j]) / at[j] * 1e4}} {
				if math.Abs(c.got-c.want) > 2e-3*(1+math.Abs(c.want)) {
					t.Errorf("%s elasticity of %d to %d: %.5f, difference quotient %.5f", c.name, j, k, c.got, c.want)
				}
			}
		}
	}
}

func TestShelfDoesNotAllocate(t *testing.T) {
	m := truth(t)
	s := filled(t, m, nil, []float64{0.7, 0.9, 1.2})
	dst, l := make([]float64, 3), m.Lattice()
	if n := testing.AllocsPerRun(100, func() {
		s.SetWeek(31)
		s.Set(0, 0.8, m.Display(0, 1, 0.8), 1, 0)
		s.Choose(0.5)
		s.Quantity(0, 0.5)
		s.Expected(dst)
		s.ExpectedOver(dst, l)
	}); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

func BenchmarkShelf(b *testing.B) {
	m := truth(b)
	s := filled(b, m, nil, []float64{0.7, 0.9, 1.2})
	dst, l := make([]float64, 3), m.Lattice()
	stream := rng.New(8, 0).Family("bench").At(0)
	for name, run := range map[string]func(){
		"Set":          func() { s.Set(0, 0.8, 0.5, 1, 0) },
		"Choose":       func() { s.Choose(stream.Float64()) },
		"Quantity":     func() { s.Quantity(0, stream.Float64()) },
		"Expected":     func() { s.Expected(dst) },
		"ExpectedOver": func() { s.ExpectedOver(dst, l) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
		})
	}
}
