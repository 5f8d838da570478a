package monopoly

import (
	"math"
	"testing"
)

// A quarter more elastic at $2, where as much is bought as before: for every kind of demand curve, by differences on both sides.
func TestSteeperDemandKeepsWhatIsBoughtAndTurnsThere(t *testing.T) {
	curves := map[string]Options{
		"exponential": &Exponential{Intercept: 0.9, Scale: 1.5},
		"linear":      &Linear{Intercept: 3, Slope: 0.8},
		"logit":       &Logit{Quality: 2.5, Scale: 0.7},
		"elasticity":  &Elasticity{Intercept: 5, Elasticity: 1.8},
		"table":       &Table{At: []float64{1, 1.999, 2, 2.001, 4}, Units: []float64{1, 0.5004, 0.5, 0.4996, 0.1}},
	}
	elasticity := func(o Options) float64 { return (o.Buys(2.0005) - o.Buys(1.9995)) / 0.001 * 2 / o.Buys(2) }
	for kind, o := range curves {
		steep, err := Demand{Kind: kind, Options: o}.Steeper(1.25, 2)
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if got, want := steep.Options.Buys(2), o.Buys(2); math.Abs(got-want) > 1e-9*want {
			t.Errorf("%s: %g are bought at $2, before %g", kind, got, want)
		}
		if got, want := elasticity(steep.Options), 1.25*elasticity(o); math.Abs(got-want) > 1e-3*math.Abs(want) {
			t.Errorf("%s: elasticity %g at $2, want %g", kind, got, want)
		}
		if back, err := steep.Steeper(1/1.25, 2); err != nil || math.Abs(back.Options.Buys(3)-o.Buys(3)) > 1e-9 {
			t.Errorf("%s: there and back %g are bought at $3, before %g (%v)", kind, back.Options.Buys(3), o.Buys(3), err)
		}
	}
	if _, err := (Demand{Kind: "linear", Options: curves["linear"]}).Steeper(0, 2); err == nil {
		t.Error("a factor of 0 was taken")
	}
}
