package choice

import (
	"math"
	"slices"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// TestTastesForetellHeldOutChoices on households and on later choices that the fits never saw.
func TestTastesForetellHeldOutChoices(t *testing.T) {
	s := wide(t, "catsup.csv")
	var fitted, others, early, late []int
	seen := map[int]int{}
	for i, h := range s.Household {
		if seen[h]++; h%2 == 0 {
			others = append(others, i)
		} else if fitted = append(fitted, i); seen[h] <= 5 {
			early = append(early, i)
		} else {
			late = append(late, i)
		}
	}
	logit, err := FitLogit(s.Subset(fitted), Utility{})
	if err != nil {
		t.Fatal(err)
	}
	classes, err := FitLatentClass(s.Subset(fitted), LatentClassOptions{Classes: 3, Starts: 6})
	if err != nil {
		t.Fatal(err)
	}
	score := func(m Individual, s, past *Situations) Score {
		x, err := Evaluate(m, s, past)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	inside := score(classes, s.Subset(fitted), nil)
	if math.Abs(inside.LogLik-classes.LogLik) > 1e-8 {
		t.Errorf("log-likelihood of the fitted households %.9f, the fit says %.9f", inside.LogLik, classes.LogLik)
	}
	plain, knowing := score(logit, s.Subset(others), nil), score(classes, s.Subset(others), nil)
	if knowing.LogLik < plain.LogLik+100 || knowing.HitRate < plain.HitRate {
		t.Errorf("other households: %+v with classes, %+v without", knowing, plain)
	}
	fresh, known := score(classes, s.Subset(late), nil), score(classes, s.Subset(late), s.Subset(early))
	first := score(classes, s.Subset(early), nil)
	if math.Abs(first.LogLik+known.LogLik-inside.LogLik) > 1e-8 || known.LogLik < fresh.LogLik {
		t.Errorf("later choices: %+v knowing the first five, %+v not knowing them", known, fresh)
	}
	t.Logf("held-out households %+v, with classes %+v; later choices %+v, of known households %+v", plain, knowing, fresh, known)
}

// TestComparisonsAndWillingnessToPay: by their definitions, and a likelihood ratio between nested models.
func TestComparisonsAndWillingnessToPay(t *testing.T) {
	s := simulated(t, trueLogit(t), 400, 1, 17)
	full, err := FitLogit(s, Utility{})
	if err != nil {
		t.Fatal(err)
	}
	restricted, err := FitLogit(s, Utility{NoConstants: true})
	if err != nil {
		t.Fatal(err)
	}
	test, err := full.LikelihoodRatio(&restricted.Estimates)
	if err != nil {
		t.Fatal(err)
	}
	if want := 2 * (full.LogLik - restricted.LogLik); test.Statistic != want || test.Degrees != 2 || !(math.Abs(test.P-math.Exp(-want/2)) < 1e-12) { // chi-square of 2
		t.Errorf("%+v", test)
	}
	if _, err := restricted.LikelihoodRatio(&full.Estimates); err == nil {
		t.Error("the larger model as the restricted one: no error")
	}
	worth, err := full.WillingnessToPay("price")
	if err != nil {
		t.Fatal(err)
	}
	// The price in a unit in which its coefficient is -1 makes every other coefficient its worth.
	scaled := *s
	scaled.X = slices.Clone(s.X)
	b := full.Coefficients[2].Estimate
	for i := 0; i < len(scaled.X); i += 2 {
		scaled.X[i] *= -b
	}
	again, err := FitLogit(&scaled, Utility{})
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range worth {
		c := again.Coefficients[[]int{0, 1, 3}[i]]
		if w.Name != c.Name || math.Abs(w.Estimate*-b-c.Estimate) > 1e-9 {
			t.Errorf("%+v is worth %+v", c, w)
		}
	}
	v, at := full.Covariance, full.Coefficients[3].Estimate
	if want := math.Sqrt(v[3][3]/(b*b) + at*at*v[2][2]/(b*b*b*b) - 2*at*v[3][2]/(b*b*b)); math.Abs(worth[2].SE-want) > 1e-12 {
		t.Errorf("standard error %g, want %g", worth[2].SE, want)
	}
	if _, err := full.WillingnessToPay("weight"); err == nil {
		t.Error("an unknown price: no error")
	}
}

// TestLoyaltySmoothingIsRecovered where people were simulated with one of 0.7: mean z-score over 20 panels within 4/√20, no
// more than 5 of 20 intervals of 95% off (binomial: 3 in 10,000).
func TestLoyaltySmoothingIsRecovered(t *testing.T) {
	truth := made(t, "logit", "", map[string]any{"alternatives": []string{"a", "b", "c"}, "attributes": []string{"price", "loyalty"}},
		"asc_b", 0.5, "asc_c", -0.3, "price", -1.0, "loyalty", 3.0)
	shopper, err := NewShopper(truth)
	if err != nil {
		t.Fatal(err)
	}
	mean, off := 0.0, 0
	const panels = 20
	for r := range uint64(panels) {
		s := &Situations{Alternatives: []string{"a", "b", "c"}, Attributes: []string{"price"}}
		for h := range 60 {
			stream := rng.New(r, 0).Family("loyalty").At(uint64(h))
			loyalty := []float64{1. / 3, 1. / 3, 1. / 3}
			for range 12 {
				var x []float64
				for j := range 3 {
					price := 1 + stream.Float64()
					s.X = append(s.X, price)
					x = append(x, price, loyalty[j])
				}
				shopper.See(x, nil)
				chosen := shopper.Choose(stream.Float64())
				NextLoyalty(0.7, loyalty, chosen)
				s.Chosen, s.Household = append(s.Chosen, chosen), append(s.Household, h)
			}
		}
		m, err := FitLoyalty(s, Utility{})
		if err != nil {
			t.Fatal(err)
		}
		z := (m.Smoothing.Estimate - 0.7) / m.Smoothing.SE
		mean += z / panels
		if math.Abs(z) > 1.96 {
			off++
		}
	}
	if math.Abs(mean) > 4/math.Sqrt(panels) || off > 5 {
		t.Errorf("mean z-score %.2f, %d of %d intervals do not hold 0.7", mean, off, panels)
	}
}

// TestOfTwoTopsTheHigherIsFound, wherever in [0, 1) it lies.
func TestOfTwoTopsTheHigherIsFound(t *testing.T) {
	for _, tops := range [][2]float64{{0.2, 0.85}, {0.85, 0.2}, {0.05, 0.6}, {0.93, 0.4}} {
		f := func(x float64) (float64, error) {
			bump := func(at float64) float64 { return math.Exp(-(x - at) * (x - at) / 0.02) }
			return bump(tops[0]) + 0.8*bump(tops[1]), nil
		}
		if at, err := highest(f, 0, 0.995, 1e-6); err != nil || math.Abs(at-tops[0]) > 1e-3 {
			t.Errorf("%v: %g, %v", tops, at, err)
		}
	}
}
