package oligopoly

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/souk-sim/souk/sim/rng"
)

func sells(t tester, cfg *Config, x ...float64) (prices, quantities []float64) {
	t.Helper()
	system, err := cfg.System()
	if err != nil {
		t.Fatalf("%v", err)
	}
	prices, quantities = make([]float64, len(x)), make([]float64, len(x))
	system.Sell(x, prices, quantities)
	return prices, quantities
}

// TestDemandByHand works the formulas out for one point each.
func TestDemandByHand(t *testing.T) {
	e := math.Exp
	_, q := sells(t, market(&Logit{Scale: 0.5, Outside: 0.25}, 2, 0, 0), 1.5, 1)
	sum := e(1) + e(2) + e(0.5)
	near(t, "logit", q[0], e(1)/sum, 1e-15)
	near(t, "logit", q[1], e(2)/sum, 1e-15)

	_, q = sells(t, market(&Linear{Slope: 2, Cross: 0.5}, 10, 0, 0, 0), 1, 2, 3)
	near(t, "linear", q[0], 10-2*1+0.5*5, 1e-12)
	near(t, "linear", q[2], 10-2*3+0.5*3, 1e-12)

	_, q = sells(t, market(&SinghVives{Slope: 2, Substitution: 1, Compete: "prices"}, 10, 0, 0), 3, 4)
	near(t, "Singh–Vives", q[0], (2*(10.0-3)-1*(10-4))/(4-1), 1e-12)
	p, _ := sells(t, market(&SinghVives{Slope: 2, Substitution: 1, Compete: "quantities"}, 10, 0, 0), 3, 2)
	near(t, "Singh–Vives, inverse", p[1], 10-2*2-1*3, 1e-12)

	p, q = sells(t, market(&Cournot{Intercept: 40, Slope: 1}, 0, 4, 4), 12, 10)
	near(t, "Cournot price", p[0], 18, 0)
	near(t, "Cournot quantity", q[0], 12, 0)
	p, _ = sells(t, market(&Cournot{Intercept: 40, Slope: 1}, 0, 4, 4), 30, 20)
	near(t, "Cournot price of a flooded market", p[1], 0, 0)

	for _, c := range []struct {
		demand  *Bertrand
		x, want []float64
		because string
	}{
		{demand: &Bertrand{Intercept: 1, Slope: 1}, x: []float64{0.5, 0.25}, want: []float64{0, 0.75}, because: "the lower price takes all"},
		{demand: &Bertrand{Intercept: 1, Slope: 1}, x: []float64{0.25, 0.5, 0.25}, want: []float64{0.375, 0, 0.375}, because: "equal prices share"},
		{demand: &Bertrand{Intercept: 1, Slope: 1}, x: []float64{1.5, 2}, want: []float64{0, 0}, because: "nobody buys above the choke price"},
		{demand: &Bertrand{Intercept: 1, Reservation: 10}, x: []float64{10, 10}, want: []float64{0.5, 0.5}, because: "unit demand up to the reservation price"},
		{demand: &Bertrand{Intercept: 1, Reservation: 10}, x: []float64{10.01, 11}, want: []float64{0, 0}, because: "and none above"},
	} {
		if _, q := sells(t, market(c.demand, 0, make([]float64, len(c.x))...), c.x...); !slices.Equal(q, c.want) {
			t.Errorf("at %v firms sell %v: %s", c.x, q, c.because)
		}
	}
}

// TestSlopesAreDerivatives of what is sold, by central differences.
func TestSlopesAreDerivatives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := anyMarket(t)
		system, err := cfg.System()
		s, ok := system.(smooth)
		if err != nil || !ok {
			t.Skip("not a smooth system: drawn again")
		}
		n := len(cfg.Firms)
		x := rapid.SliceOfN(rapid.Float64Range(0.5, 4), n, n).Draw(t, "x")
		p, q, slopes := make([]float64, n), make([]float64, n), make([]float64, n*n)
		at := func(x []float64) []float64 {
			if s.Sell(x, p, q); s.Quantities() {
				return slices.Clone(p)
			}
			return slices.Clone(q)
		}
		y := at(x)
		s.slopes(p, q, slopes)
		const step = 1e-5
		for j := range n {
			up, down := slices.Clone(x), slices.Clone(x)
			up[j] += step
			down[j] -= step
			above, below := at(up), at(down)
			for i := range n {
				if (above[i] > 0) != (below[i] > 0) || slices.Contains(y, 0) || slices.Contains(above, 0) || slices.Contains(below, 0) {
					t.Skip("about a kink: no derivative")
				}
				got, want := slopes[i*n+j], (above[i]-below[i])/(2*step)
				if math.Abs(got-want) > 1e-5*(1+math.Abs(want)) {
					t.Fatalf("%+v at %v: slope of %d by %d is %g, not %g", cfg.Demand.Options, x, i, j, got, want)
				}
			}
		}
	})
}

// TestDemandIsMonotone: a dearer product sells no more; of substitutes, its rivals sell no less. No quantity is negative.
func TestDemandIsMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := anyMarket(t)
		system, err := cfg.System()
		if err != nil || system.Quantities() {
			t.Skip("firms choose quantities: drawn again")
		}
		d, quadratic := system.(*quadratic)
		n := len(cfg.Firms)
		x := rapid.SliceOfN(rapid.Float64Range(0, 9), n, n).Draw(t, "prices")
		_, before := sells(t, cfg, x...)
		i := rapid.IntRange(0, n-1).Draw(t, "who")
		x[i] += rapid.Float64Range(0, 3).Draw(t, "rise")
		_, after := sells(t, cfg, x...)
		for j := range n {
			const slack = 1e-12
			rise := after[j] - before[j]
			switch {
			case before[j] < 0 || after[j] < 0:
				t.Fatalf("%+v: sells %v, then %v", cfg.Demand.Options, before, after)
			case j == i && rise > slack, j != i && rise < -slack && !(quadratic && d.gamma < 0), j != i && rise > slack && quadratic && d.gamma < 0:
				t.Fatalf("%+v: firm %d asks more, now %v: %v becomes %v", cfg.Demand.Options, i, x, before, after)
			}
		}
	})
}

// TestQuadraticDemandIsWhatTheConsumerWants: marginal utility is the price where something is bought, and no more than it where nothing is
// (the Kuhn–Tucker conditions of a concave problem), priced out or not.
func TestQuadraticDemandIsWhatTheConsumerWants(t *testing.T) {
	corners := 0
	rapid.Check(t, func(t *rapid.T) {
		cfg := anyMarket(t)
		system, err := cfg.System()
		d, ok := system.(*quadratic)
		if err != nil || !ok || d.byQuantities {
			t.Skip("not quadratic by prices: drawn again")
		}
		n := len(cfg.Firms)
		x := rapid.SliceOfN(rapid.Float64Range(0, 9), n, n).Draw(t, "prices")
		_, q := sells(t, cfg, x...)
		for i := range n {
			marginal := d.alpha[i] - d.beta[i]*q[i]
			for j := range n {
				if j != i {
					marginal -= d.gamma * q[j]
				}
			}
			if q[i] == 0 {
				corners++
			}
			if marginal > x[i]+1e-8 || q[i] > 0 && marginal < x[i]-1e-8 {
				t.Fatalf("%+v at %v buys %v: the next unit of %d is worth %g", cfg.Demand.Options, x, q, i, marginal)
			}
		}
	})
	if corners == 0 {
		t.Error("no product was ever priced out")
	}
}

// TestSampledShoppersAgreeWithExpectedQuantities: 200,000 shoppers each take what has most utility, noise being drawn by inverse transform of the
// extreme-value law; counts agree with the closed form by chi-square. False alarms: one seed in a thousand (3 degrees of freedom: 16.27).
func TestSampledShoppersAgreeWithExpectedQuantities(t *testing.T) {
	const shoppers, critical = 200_000, 16.27
	demand := &Logit{Scale: 0.25, Outside: 0.1}
	cfg := market(demand, 0, 1, 1, 1)
	prices := []float64{1.4, 1.6, 2}
	for i, a := range []float64{1.5, 1.9, 2} {
		cfg.Firms[i].Quality = a
	}
	_, q := sells(t, cfg, prices...)
	noise := rng.New(*seed, 0).Family("shoppers").At()
	counts := make([]float64, 4)
	for range shoppers {
		best, taken := math.Inf(-1), 0
		for j := range counts {
			utility := demand.Outside
			if j < 3 {
				utility = cfg.Firms[j].Quality - prices[j]
			}
			if utility = utility/demand.Scale - math.Log(-math.Log(noise.Open())); utility > best {
				best, taken = utility, j
			}
		}
		counts[taken]++
	}
	statistic, none := 0.0, 1.0
	for j, n := range counts {
		share := none
		if j < 3 {
			share = q[j]
			none -= q[j]
		}
		expected := share * shoppers
		statistic += (n - expected) * (n - expected) / expected
	}
	if statistic > critical {
		t.Errorf("χ² of %v is %g, beyond %g", counts, statistic, critical)
	}
}
