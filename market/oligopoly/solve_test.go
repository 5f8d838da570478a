package oligopoly

import (
	"fmt"
	"math"
	"testing"
)

func calvano(n int) *Config {
	cfg := &Config{Demand: Demand{Kind: "logit", Options: &Logit{Scale: 0.25}}, Size: 1, Ladder: Ladder{Rungs: 15, Extend: 0.1}, Moves: "simultaneous", Memory: 1,
		Discount: 0.95, Horizon: 100, End: "truncate"}
	for i := range n {
		cfg.Firms = append(cfg.Firms, Firm{Name: fmt.Sprintf("firm %d", i+1), Cost: 1, Quality: 2})
	}
	return cfg
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s is %.12g, not %.12g", what, got, want)
	}
}

// TestCalvano reproduces the benchmark prices of Calvano et al. (2020).
func TestCalvano(t *testing.T) {
	for _, c := range []struct {
		n                        int
		pn, pm, profit, monopoly float64
	}{{2, 1.47293, 1.92498, 0.22293, 0.33749}, {3, 1.37016, 2.0, math.NaN(), math.NaN()}} {
		cfg := calvano(c.n)
		nash, err := cfg.Nash()
		if err != nil {
			t.Fatal(err)
		}
		joint, err := cfg.Monopoly()
		if err != nil {
			t.Fatal(err)
		}
		for i := range c.n {
			near(t, "Nash price", nash.Prices[i], c.pn, 5e-6)
			near(t, "monopoly price", joint.Prices[i], c.pm, 5e-6)
			if c.n == 2 {
				near(t, "Nash profit", nash.Profits[i], c.profit, 5e-6)
				near(t, "monopoly profit", joint.Profits[i], c.monopoly, 5e-6)
			}
		}
	}
}
