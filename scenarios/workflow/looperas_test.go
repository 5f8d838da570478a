package workflow

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/sim/rng"
)

// confounded is 56 days in 20 shops, of 80 visitors each, in which the level of demand falls from era to era and the price that is posted follows it down; one day in ten
// it is another at random. It returns the truth of the newest four eras too: the mean of their levels.
func confounded(seed uint64, taste float64) (t *choice.Tallies, at []float64, level float64) {
	t = &choice.Tallies{Alternatives: []string{"tea"}, Attributes: []string{attributePrice}}
	for day := range 56 {
		era := (55 - day) / 7
		here := 4 + 0.2*float64(era)
		if era < 4 && day%7 == 0 {
			level += here / 4
		}
		for shop := range 20 {
			stream := rng.New(seed, 0).Family("shop").At(uint64(day), uint64(shop))
			price := 4 + 0.25*float64(era)
			if stream.Float64() < 0.1 {
				price = 3.5 + 0.25*float64(stream.Intn(14))
			}
			chance, took := 1/(1+math.Exp(-here-taste*price)), 0.0
			for range 80 {
				if stream.Float64() < chance {
					took++
				}
			}
			t.X, t.Taken, t.Faced, at = append(t.X, price), append(t.Taken, took), append(t.Faced, 80), append(at, float64(day))
		}
	}
	return t, at, level
}

// Prices that follow demand make shoppers seem to mind them less than they do; levels of eras mend that, and the constant is then that of the newest cycle. Two estimates
// within four standard errors fail once in some 8,000 seeds; five seeds are tried.
func TestErasTellPricesFromTimes(t *testing.T) {
	const taste, cycle = -0.9, 27
	for seed := range uint64(5) {
		counted, at, level := confounded(seed, taste)
		plain, err := choice.FitTallies(counted)
		if err != nil {
			t.Fatal(err)
		}
		if price := coefficientOf(plain, attributePrice); price.Estimate < taste+10*price.ClusteredSE {
			t.Errorf("seed %d: without eras %.3f ± %.3f, truth %v: the log does not confound", seed, price.Estimate, price.ClusteredSE, taste)
		}
		if !byEra(counted, at, 56, cycle, []bool{true}) {
			t.Fatal("no eras")
		}
		mended, err := choice.FitTallies(counted)
		if err != nil {
			t.Fatal(err)
		}
		for name, truth := range map[string]float64{attributePrice: taste, "asc_tea": level} {
			if c := coefficientOf(mended, name); math.Abs(c.Estimate-truth) > 4*c.ClusteredSE || c.ClusteredSE > 0.3 {
				t.Errorf("seed %d: %s %.3f ± %.3f, truth %v", seed, name, c.Estimate, c.ClusteredSE, truth)
			}
		}
	}
}

// Where nothing was tried at random, levels and prices cannot be told apart, and the tallies stay as they are.
func TestErasNeedPricesThatDiffer(t *testing.T) {
	counted, at, _ := confounded(1, -0.9)
	for i := range at {
		counted.X[i] = 5
	}
	if byEra(counted, at, 56, 27, []bool{true}) || len(counted.Attributes) != 1 || len(counted.X) != len(at) {
		t.Errorf("%v", counted.Attributes)
	}
}
