package oligopoly

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// market is a one-shot game of firms at these costs, all of the same quality.
func market(o Options, quality float64, costs ...float64) *Config {
	cfg := &Config{Demand: Demand{Options: o}, Size: 1}
	switch o.(type) {
	case *Logit:
		cfg.Demand.Kind = "logit"
	case *Linear:
		cfg.Demand.Kind = "linear"
	case *SinghVives:
		cfg.Demand.Kind = "singh-vives"
	case *Bertrand:
		cfg.Demand.Kind = "bertrand"
	case *Cournot:
		cfg.Demand.Kind = "cournot"
	}
	for i, c := range costs {
		cfg.Firms = append(cfg.Firms, Firm{Name: fmt.Sprintf("firm-%d", i+1), Cost: c, Quality: quality})
	}
	return cfg
}

// tester is a *testing.T or a *rapid.T.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

func solved(t tester, cfg *Config) (nash, joint *Outcome) {
	t.Helper()
	nash, err := cfg.Nash()
	if err != nil {
		t.Fatalf("Nash of %+v: %v", cfg, err)
	}
	if joint, err = cfg.Monopoly(); err != nil {
		t.Fatalf("monopoly of %+v: %v", cfg, err)
	}
	return nash, joint
}

func near(t tester, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s is %.12g, not %.12g", what, got, want)
	}
}

// TestLogitReachesThePublishedPrices of Calvano et al. (2020), to all the digits that they give.
func TestLogitReachesThePublishedPrices(t *testing.T) {
	nash, joint := solved(t, market(&Logit{Scale: 0.25}, 2, 1, 1))
	for i := range 2 {
		near(t, "p^N", nash.Prices[i], 1.47293, 5e-6)
		near(t, "p^M", joint.Prices[i], 1.92498, 5e-6)
		near(t, "π^N", nash.Profits[i], 0.22293, 5e-6)
		near(t, "π^M", joint.Profits[i], 0.33749, 5e-6)
	}
	nash, joint = solved(t, market(&Logit{Scale: 0.25}, 2, 1, 1, 1))
	near(t, "p^N of three", nash.Prices[2], 1.37016, 5e-6)
	near(t, "p^M of three", joint.Prices[2], 2, 5e-6)
}

// TestLogitMarkups: p − c = μ/(1−q) in equilibrium (Anderson & de Palma 1992), and one markup μ/q_0 for all products of a monopolist; over the
// costs and scales of the sweeps in Calvano et al. (2020).
func TestLogitMarkups(t *testing.T) {
	for _, scale := range []float64{1e-5, 1e-3, 0.05, 0.1, 0.25, 0.5, 10} {
		for _, cost := range []float64{1, 0.875, 0.5, 0.25} {
			nash, joint := solved(t, market(&Logit{Scale: scale}, 2, 1, cost))
			none := 1 - joint.Quantities[0] - joint.Quantities[1]
			for i, c := range []float64{1, cost} {
				near(t, fmt.Sprintf("markup at μ %g, cost %g", scale, cost), nash.Prices[i]-c, scale/(1-nash.Quantities[i]), 1e-9)
				if joint.Quantities[i] > 1e-9 { // else what it asks matters to nobody
					near(t, fmt.Sprintf("joint markup at μ %g, cost %g", scale, cost), joint.Prices[i]-c, scale/none, 1e-6)
				}
			}
		}
	}
}

// TestDifferentiatedDuopoly has the closed forms of Singh & Vives (1984): prices and quantities of the four corners.
func TestDifferentiatedDuopoly(t *testing.T) {
	a, b, c := 10.0, 2.0, 1.0
	for _, d := range []float64{-1.5, -0.5, 0, 0.5, 1, 1.9} {
		bertrand, joint := solved(t, market(&SinghVives{Slope: b, Substitution: d, Compete: "prices"}, a, c, c))
		cournot, together := solved(t, market(&SinghVives{Slope: b, Substitution: d, Compete: "quantities"}, a, c, c))
		for i := range 2 {
			near(t, fmt.Sprintf("Bertrand price at d %g", d), bertrand.Prices[i], (a*(b-d)+b*c)/(2*b-d), 1e-9)
			near(t, fmt.Sprintf("Cournot quantity at d %g", d), cournot.Quantities[i], (a-c)/(2*b+d), 1e-9)
			near(t, fmt.Sprintf("joint price at d %g", d), joint.Prices[i], (a+c)/2, 1e-8)
			near(t, fmt.Sprintf("joint quantity at d %g", d), together.Quantities[i], (a-c)/(2*(b+d)), 1e-8)
			if cournot.Prices[i] < bertrand.Prices[i]-1e-9 {
				t.Errorf("at d %g quantities compete prices down to %g, prices to %g", d, cournot.Prices[i], bertrand.Prices[i])
			}
		}
	}
	// Direct linear demand q = a − bp + dp': p = (a + bc)/(2b − d).
	nash, joint := solved(t, market(&Linear{Slope: 2, Cross: 1}, 10, 1, 1))
	near(t, "linear Nash price", nash.Prices[0], 12.0/3, 1e-9)
	near(t, "linear joint price", joint.Prices[0], 10.0/2+0.5, 1e-8) // a/(2(b−d)) + c/2
}

// TestCournot of Waltman & Kaymak (2008): p = 40 − Q, cost 4. Nash quantities are (a−c)/(n+1) each.
func TestCournot(t *testing.T) {
	for n := 1; n <= 6; n++ {
		nash, joint := solved(t, market(&Cournot{Intercept: 40, Slope: 1}, 0, slices.Repeat([]float64{4}, n)...))
		total, profit, together := 0.0, 0.0, 0.0
		for i := range n {
			total += nash.Quantities[i]
			profit += nash.Profits[i]
			together += joint.Profits[i]
		}
		near(t, "total output", total, 36*float64(n)/float64(n+1), 1e-9)
		near(t, "joint profit", together, 324, 1e-9)
		if n == 2 {
			near(t, "total output of two", total, 24, 1e-9)
			near(t, "total profit of two", profit, 288, 1e-8)
		}
	}
	// q_i = (a − 2c_i + c_j)/3, and a firm whose cost is too high stays out: the other is alone.
	nash, joint := solved(t, market(&Cournot{Intercept: 40, Slope: 1}, 0, 4, 10))
	near(t, "the efficient firm's output", nash.Quantities[0], 14, 1e-9)
	near(t, "the other's", nash.Quantities[1], 8, 1e-9)
	near(t, "the other's in a cartel", joint.Quantities[1], 0, 0)
	nash, _ = solved(t, market(&Cournot{Intercept: 40, Slope: 1}, 0, 4, 30))
	near(t, "output alone", nash.Quantities[0], 18, 1e-9)
	near(t, "output at a prohibitive cost", nash.Quantities[1], 0, 0)
}

// TestBertrand: price falls to the second lowest cost, or to the leader's monopoly price; the leader takes all.
func TestBertrand(t *testing.T) {
	klein, unit := &Bertrand{Intercept: 1, Slope: 1}, &Bertrand{Intercept: 1, Reservation: 10}
	for _, c := range []struct {
		demand            *Bertrand
		costs             []float64
		nash, joint       float64
		profits, together float64 // of all
	}{
		{klein, []float64{0, 0}, 0, 0.5, 0, 0.25},
		{klein, []float64{0.2, 0.4, 0.6}, 0.4, 0.6, 0.12, 0.16},
		{klein, []float64{0, 0.8}, 0.5, 0.5, 0.25, 0.25},
		{klein, []float64{0}, 0.5, 0.5, 0.25, 0.25},
		{unit, []float64{2, 2}, 2, 10, 0, 8},
	} {
		nash, joint := solved(t, market(c.demand, 0, c.costs...))
		near(t, "Nash price", nash.Prices[0], c.nash, 1e-12)
		near(t, "joint price", joint.Prices[0], c.joint, 1e-12)
		profits, together := 0.0, 0.0
		for i := range c.costs {
			profits += nash.Profits[i]
			together += joint.Profits[i]
		}
		near(t, "Nash profit", profits, c.profits, 1e-12)
		near(t, "joint profit", together, c.together, 1e-12)
	}
}

// TestNobodyBeatsTheSolutions of random markets by any choice of a fine grid, far beyond the solver's own.
func TestNobodyBeatsTheSolutions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := anyMarket(t)
		system, err := cfg.System()
		if err != nil {
			t.Skip("parameters that Config refuses: drawn again")
		}
		_, err = cfg.Nash()
		if q, ok := system.(*quadratic); ok && q.gamma < 0 && err != nil {
			t.Skip("a complement that nobody wants is wanted below some price of the other, so that best responses may jump")
		}
		nash, joint := solved(t, cfg)
		n := len(cfg.Firms)
		p, q := make([]float64, n), make([]float64, n)
		profits := func(x []float64) (all []float64, sum float64) {
			system.Sell(x, p, q)
			for i := range p {
				all = append(all, (p[i]-cfg.Firms[i].Cost)*q[i])
				sum += all[i]
			}
			return all, sum
		}
		_, most := profits(joint.Choices)
		if _, sum := profits(nash.Choices); sum > most+1e-9*(1+math.Abs(most)) {
			t.Fatalf("%+v: competing earns %g, colluding %g", cfg, sum, most)
		}
		_, bertrand := system.(*bertrandSystem)
		for i := range n {
			own, _ := profits(nash.Choices)
			for k := range 700 {
				x := slices.Clone(nash.Choices)
				x[i] = float64(k) * 0.0431
				better, _ := profits(x)
				// In Bertrand's limit a firm may match the leader a hair above; nothing else gains.
				if better[i] > own[i]+1e-8*(1+own[i]) && !bertrand {
					t.Fatalf("%+v: firm %d earns %g at %g and %g at %g", cfg, i, own[i], nash.Choices[i], better[i], x[i])
				}
				x = slices.Clone(joint.Choices)
				x[i] = float64(k) * 0.0431
				if _, sum := profits(x); sum > most+1e-8*(1+most) {
					t.Fatalf("%+v: together %g, but %g with firm %d at %g", cfg, most, sum, i, x[i])
				}
			}
		}
	})
}

// anyMarket draws a market of up to four firms of any kind.
func anyMarket(t *rapid.T) *Config {
	number := func(name string, from, to float64) float64 { return rapid.Float64Range(from, to).Draw(t, name) }
	n := rapid.IntRange(1, 4).Draw(t, "firms")
	kind := rapid.IntRange(0, 5).Draw(t, "kind")
	slope := number("slope", 0.5, 3)
	var o Options
	switch kind {
	case 0:
		o = &Logit{Scale: number("scale", 0.02, 3), Outside: number("outside", -2, 2)}
	case 1:
		o = &Linear{Slope: slope, Cross: slope * number("cross", -0.9, 0.95/float64(max(1, n-1)))}
	case 2, 3:
		compete := []string{"prices", "quantities"}[kind-2]
		o = &SinghVives{Slope: slope, Substitution: slope * number("substitution", -0.95/float64(max(1, n-1)), 0.95), Compete: compete}
	case 4:
		o = &Bertrand{Intercept: number("intercept", 1, 20), Slope: slope, Reservation: float64(rapid.IntRange(0, 9).Draw(t, "reservation"))}
	case 5:
		o = &Cournot{Intercept: number("intercept", 1, 20), Slope: slope}
	}
	cfg := market(o, 0, make([]float64, n)...)
	for i := range cfg.Firms {
		cfg.Firms[i].Cost = number("cost", 0, 3)
		if kind < 4 {
			cfg.Firms[i].Quality = number("quality", 1, 6)
		}
	}
	return cfg
}

func BenchmarkNash(b *testing.B) {
	cfg := market(&Logit{Scale: 0.25}, 2, 1, 1)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := cfg.Nash(); err != nil {
			b.Fatal(err)
		}
	}
}
