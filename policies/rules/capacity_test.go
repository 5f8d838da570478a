package rules_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/rules"
	"github.com/souk-sim/souk/sim/env"
)

// told is what is asked when a single feature is known.
func told(p policies.Policy, name string, x float64) string {
	d := p.Decide(seen(map[string]float64{name: x}), 0)
	if d.Promotion == "" {
		return fmt.Sprint(d.Price)
	}
	return fmt.Sprint(d.Price, " ", d.Promotion)
}

// airline has the fares of the classes as its ladder.
func airline(classes []rules.FareClass) *env.Spec {
	s := &env.Spec{Features: features(everything...)}
	for _, c := range classes {
		s.Offers = append(s.Offers, env.Offer{Price: c.Fare})
	}
	return s
}

// opens finds how many seats must be left for the rule to ask a fare or a lower one.
func opens(p policies.Policy, left, fare float64) float64 {
	low, high := 0.0, 1e4
	for range 60 {
		if mid := (low + high) / 2; p.Decide(seen(map[string]float64{"stock": mid, "periods_left": left}), 0).Price <= fare {
			high = mid
		} else {
			low = mid
		}
	}
	return high
}

// root finds where a falling function is 0.
func root(low, high float64, f func(x float64) float64) float64 {
	for range 100 {
		if mid := (low + high) / 2; f(mid) > 0 {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}

func exceeds(y, mean, sd float64) float64 { return math.Erfc((y-mean)/(sd*math.Sqrt2)) / 2 }

// The fares and forecasts of Talluri & van Ryzin (2004, ch. 2, static single-resource example), each protection level computed here
// by solving p̄·P(D > y) = p for y; their table has 16.7, 50.9 and 83.2.
func TestEMSRbProtectsAsTheFormulaSays(t *testing.T) {
	book := []rules.FareClass{{Fare: 1050, Mean: 17.3, SD: 5.8}, {Fare: 567, Mean: 45.1, SD: 15}, {Fare: 534, Mean: 39.6, SD: 13.2}, {Fare: 520, Mean: 34, SD: 11.3}}
	p := on(t, airline(book), &rules.EMSRb{Classes: book, Periods: 30})
	for _, left := range []float64{30, 12, 1} {
		share, mean, variance, revenue, nested := left/30, 0.0, 0.0, 0.0, 0.0
		for j, c := range book[:3] {
			mean += share * c.Mean
			variance += share * c.SD * c.SD
			revenue += share * c.Mean * c.Fare
			nested = max(nested, root(-1e4, 1e4, func(y float64) float64 {
				return revenue/mean*exceeds(y, mean, math.Sqrt(variance)) - book[j+1].Fare
			}))
			if got := opens(p, left, book[j+1].Fare); math.Abs(got-nested) > 1e-6 {
				t.Errorf("%v periods left: %v seats are protected from class %d, not %v", left, got, j+2, nested)
			}
		}
	}
	for j, want := range []float64{16.7, 50.9, 83.2} {
		if got := opens(p, 30, book[j+1].Fare); math.Abs(got-want) > 0.06 {
			t.Errorf("%v seats are protected from class %d, not %v", got, j+2, want)
		}
	}
}

// Littlewood (1972): with two classes, the discount is sold while p₂ ≥ p₁·P(D₁ > seats), and no other protection earns more where the
// demand for the discount, which comes first, is ample.
func TestWithTwoClassesEMSRbIsLittlewoodsRule(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		two := []rules.FareClass{{Fare: 100 + 900*r.Float64(), Mean: 20 + 80*r.Float64()}, {Mean: 50, SD: 20}}
		two[0].SD = two[0].Mean * (0.1 + 0.2*r.Float64())
		two[1].Fare = two[0].Fare * (0.1 + 0.8*r.Float64())
		got := opens(on(t, airline(two), &rules.EMSRb{Classes: two, Periods: 1}), 1, two[1].Fare)
		want := root(-1e3, 1e4, func(y float64) float64 { return two[0].Fare*exceeds(y, two[0].Mean, two[0].SD) - two[1].Fare })
		if math.Abs(got-max(0, want)) > 1e-6 {
			t.Errorf("%+v: protects %v, not %v", two, got, want)
		}
		best, at := math.Inf(-1), 0.0
		const step = 0.05
		sold := 0.0 // E min(D₁, y), which grows by P(D₁ > y) a seat
		for y := 0.0; y < 200; y += step {
			if earned := two[0].Fare*sold - two[1].Fare*y; earned > best {
				best, at = earned, y
			}
			sold += step * exceeds(y+step/2, two[0].Mean, two[0].SD)
		}
		if math.Abs(got-at) > 2*step {
			t.Errorf("%+v: protects %v, and %v earns most", two, got, at)
		}
	}
}

func TestEMSRbWithoutForecastErrorProtectsTheMean(t *testing.T) {
	sure := []rules.FareClass{{Fare: 9, Mean: 10}, {Fare: 5, Mean: 20}, {Fare: 2, Mean: 90}}
	p := on(t, airline(sure), &rules.EMSRb{Classes: sure, Periods: 10})
	for _, c := range []struct{ seats, left, want float64 }{
		{31, 10, 2}, {30, 10, 5}, {11, 10, 5}, {10, 10, 9}, {1, 10, 9}, {0, 10, 9}, {-1, 10, 9}, {16, 5, 2}, {6, 5, 5}, {5, 5, 9}, {1, 0, 2}, {0, 0, 9},
		{30, nan, 5}, {31, nan, 2}, {nan, 10, 2}, {nan, nan, 2},
	} {
		if d := p.Decide(seen(map[string]float64{"stock": c.seats, "periods_left": c.left}), 0); d.Price != c.want {
			t.Errorf("%+v: asks %v", c, d.Price)
		}
	}
}

// fluid is the optimum of the fluid model a period, by trying every basic solution: one price, or two that use up both stock and time.
func fluid(prices, demand []float64, afforded float64) float64 {
	best := 0.0
	for i, p := range prices {
		best = max(best, p*min(demand[i], afforded))
		for j, q := range prices {
			if demand[i] < afforded && afforded < demand[j] {
				share := (demand[j] - afforded) / (demand[j] - demand[i])
				best = max(best, share*p*demand[i]+(1-share)*q*demand[j])
			}
		}
	}
	return best
}

// plays is the revenue and the demand of a period under the rule's mixture, no more sold than is afforded.
func plays(p policies.Policy, prices, demand []float64, units, left float64) float64 {
	revenue, sold, afforded := 0.0, 0.0, units/left
	add := func(d policies.Decision) {
		for i, price := range prices {
			if price == d.Price {
				revenue += d.Propensity * price * demand[i]
				sold += d.Propensity * demand[i]
			}
		}
	}
	o := seen(map[string]float64{"stock": units, "periods_left": left})
	one, other := p.Decide(o, 0), p.Decide(o, 1-0x1p-53)
	if add(one); other.Action != one.Action {
		add(other)
	}
	return revenue * min(1, afforded/sold)
}

func TestBidPriceReachesTheFluidOptimum(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	spec := shelf()
	for range 500 {
		var prices, demand []float64
		for _, o := range spec.Offers { // demand need not even fall in the price
			prices, demand = append(prices, o.Price), append(demand, 10*r.Float64()/math.Pow(o.Price, r.Float64()))
		}
		p := on(t, spec, &rules.BidPrice{Demand: demand})
		units, left := 100*r.Float64(), 1+20*r.Float64()
		if got, want := plays(p, prices, demand, units, left), fluid(prices, demand, units/left); math.Abs(got-want) > 1e-9*want {
			t.Fatalf("%v units, %v periods, demand %v: earns %v a period of %v", units, left, demand, got, want)
		}
	}
}

// Gallego & van Ryzin (1994): with exponential demand the fluid optimum is the higher of the price of the greatest revenue, Scale, and
// the one that runs out on time, Scale·ln(Rate·T/x).
func TestBidPriceOfExponentialDemandRunsOutOnTime(t *testing.T) {
	spec := &env.Spec{Features: features(everything...)}
	for c := 100; c <= 1500; c++ {
		spec.Offers = append(spec.Offers, env.Offer{Price: float64(c) / 100})
	}
	p := on(t, spec, &rules.BidPrice{Rate: 40, Scale: 2.5})
	for _, units := range []float64{1, 5, 20, 50, 100, 147, 148, 300, math.Inf(1)} {
		want := max(2.5, 2.5*math.Log(40*10/units))
		for _, u := range []float64{0, 0.5, 0.999} {
			if d := p.Decide(seen(map[string]float64{"stock": units, "periods_left": 10}), u); math.Abs(d.Price-want) > 0.0101 {
				t.Errorf("%v units: asks %v, not %v", units, d.Price, want)
			}
		}
	}
	for _, c := range []struct{ units, left, want float64 }{{0, 10, 15}, {-3, 10, 15}, {10, nan, 15}, {nan, 10, 2.5}, {nan, nan, 2.5}, {10, 0, 2.5}, {0, 0, 15}} {
		if d := p.Decide(seen(map[string]float64{"stock": c.units, "periods_left": c.left}), 0.5); d.Price != c.want {
			t.Errorf("%+v: asks %v", c, d.Price)
		}
	}
}

// Exact values by dynamic programming over units and periods, one customer at most a period: re-solving the fluid model earns more than the best single
// price, no more than the optimum, which in turn is below the fluid bound (Gallego & van Ryzin 1994).
func TestBidPriceLiesBetweenTheBestSinglePriceAndTheOptimum(t *testing.T) {
	spec, demand := shelf(), make([]float64, 10)
	for i := range demand {
		demand[i] = 0.9 * math.Exp(-float64(i+1)/3)
	}
	const units, periods = 12, 80
	p := on(t, spec, &rules.BidPrice{Demand: demand})
	rule := value(units, periods, func(next []float64, x, left int) (v float64) {
		o := seen(map[string]float64{"stock": float64(x), "periods_left": float64(left)})
		one, other := p.Decide(o, 0), p.Decide(o, 1-0x1p-53)
		if v = one.Propensity * sale(next, x, one.Price, demand[one.Action]); other.Action != one.Action {
			v += other.Propensity * sale(next, x, other.Price, demand[other.Action])
		}
		return v
	})
	optimum := value(units, periods, func(next []float64, x, _ int) (v float64) {
		for a, o := range spec.Offers {
			v = max(v, sale(next, x, o.Price, demand[a]))
		}
		return v
	})
	single, prices := 0.0, []float64{}
	for a, o := range spec.Offers {
		prices = append(prices, o.Price)
		single = max(single, value(units, periods, func(next []float64, x, _ int) float64 { return sale(next, x, o.Price, demand[a]) }))
	}
	bound := periods * fluid(prices, demand, float64(units)/periods)
	t.Logf("single price %.3f, bid price %.3f, optimum %.3f, fluid bound %.3f", single, rule, optimum, bound)
	if !(single < rule && rule <= optimum && optimum < bound) {
		t.Errorf("single price %v, bid price %v, optimum %v, fluid bound %v", single, rule, optimum, bound)
	}
}

func sale(next []float64, x int, price, probability float64) float64 {
	return probability*(price+next[x-1]) + (1-probability)*next[x]
}

func value(units, periods int, step func(next []float64, x, left int) float64) float64 {
	next := make([]float64, units+1)
	for left := 1; left <= periods; left++ {
		now := make([]float64, units+1)
		for x := 1; x <= units; x++ {
			now[x] = step(next, x, left)
		}
		next = now
	}
	return next[units]
}
