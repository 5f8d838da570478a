package demand

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// TestWhatIsMissingAtFirstDoesNotWidenNaiveIntervals: of a climb by 5 a period the spread is
// the same with and without a first season that is missing, whole or in part.
func TestWhatIsMissingAtFirstDoesNotWidenNaiveIntervals(t *testing.T) {
	stream := rng.New(1, 0).Family("naive").At(0)
	y := make([]float64, 120)
	for i := range y {
		y[i] = 1000 + 5*float64(i) + stream.Normal()
	}
	for _, c := range []struct {
		model        Naive
		first, other int // the first value observed, and one more that is missing
	}{{Naive{}, 1, 0}, {Naive{}, 7, 0}, {Naive{Drift: true}, 3, 0}, {Naive{Period: 12}, 5, 8}, {Naive{Period: 12}, 30, 33}} {
		gaps := append([]float64(nil), y...)
		for i := range c.first {
			gaps[i] = math.NaN()
		}
		gaps[c.other] = math.NaN()
		whole, m := c.model, c.model
		if err := whole.Fit(Series{Values: y}); err != nil {
			t.Fatal(err)
		}
		if err := m.Fit(Series{Values: gaps}); err != nil {
			t.Fatal(err)
		}
		if math.Abs(m.Sigma/whole.Sigma-1) > 0.1 {
			t.Errorf("period %d, drift %v, %d missing: sigma %.3f, of the whole series %.3f", c.model.Period, c.model.Drift, c.first, m.Sigma, whole.Sigma)
		}
	}
}
