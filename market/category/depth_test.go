package category

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/souk-sim/souk/market/choice"
)

// deepShoppers are shoppers who also answer depth, with so much utility a dollar.
func deepShoppers(t testing.TB, sigma, depth float64) *choice.ShareLogit {
	t.Helper()
	written := *shoppers(sigma, 0)
	written.Spec.Depth = choice.Common
	written.Coefficients = append(written.Coefficients, choice.Coefficient{Term: "depth", Estimate: depth})
	k := len(written.Coefficients)
	written.Covariance = make([][]float64, k)
	for i := range k {
		written.Covariance[i] = make([]float64, k)
		written.Covariance[i][i] = 0.01
	}
	data, err := json.Marshal(written)
	if err != nil {
		t.Fatal(err)
	}
	model, err := choice.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	return model
}

// With depth in the model, each week's probabilities are those of the written formula over a history that the test keeps itself:
// Product.Regular in the weeks before the start but one, the opening price in that one, then what was posted.
func TestDepthBelowTheHighestOfThirteenPricesMovesShoppers(t *testing.T) {
	cfg := threeTins()
	cfg.NoShock, cfg.Stock = true, Stock{}
	cfg.Choice = deepShoppers(t, 0.3, 3)
	cfg.Products[0].Regular = 0.97
	m := open(t, cfg)
	var history [3][]float64
	reference := make([]float64, 3)
	for j, p := range cfg.Products {
		before := []float64{0.97, 0.89, 0.65}[j]
		for range 11 {
			history[j] = append(history[j], before)
		}
		history[j] = append(history[j], p.Rungs[p.Opening].Price)
		reference[j] = p.Reference
	}
	week, got, deepest, forgotten := 0, make([]float64, 3), 0.0, 0
	play(m, 1, restless, func() {
		m.shelf.Probabilities(got)
		odds, total := make([]float64, 3), 1.0
		for j, price := range m.price {
			history[j] = append(history[j], price)
			regular := 0.0
			for _, p := range history[j][len(history[j])-13:] {
				regular = math.Max(regular, p)
			}
			if j == 0 && regular < 0.97 {
				forgotten++
			}
			deepest = math.Max(deepest, regular-price)
			display := 1 / (1 + math.Exp(3-20*math.Max(reference[j]-price, 0)))
			u := []float64{-1, -1.5, -2}[j] - 2.5*price + 0.5*display + 0.2*math.Cos(2*math.Pi*float64(cfg.Start+week)/(365.2425/7)) +
				6*math.Max(reference[j]-price, 0) - 0.5*math.Max(price-reference[j], 0) + 3*(regular-price)
			odds[j] = math.Exp(u)
			total += odds[j]
			reference[j] = 0.3*reference[j] + 0.7*price
		}
		for j := range odds {
			if math.Abs(got[j]-odds[j]/total) > 1e-12 {
				t.Fatalf("week %d, product %d: probability %.15f, by hand %.15f", week, j, got[j], odds[j]/total)
			}
		}
		week++
	})
	if week != 52 || deepest < 0.2 || forgotten != 52-11 {
		t.Errorf("%d weeks, the deepest cut %.2f, %d weeks after the opening regular price was forgotten", week, deepest, forgotten)
	}
}

// A model without depth does not notice where the regular price opens; one with it does.
func TestTheRegularPriceMattersOnlyToAModelWithDepth(t *testing.T) {
	profit := func(model *choice.ShareLogit, regular float64) float64 {
		cfg := threeTins()
		cfg.Choice = model
		cfg.Products[0].Regular = regular
		m := open(t, cfg)
		play(m, 3, restless, nil)
		return m.Account().Profit
	}
	if plain := shoppers(0.3, 0); profit(plain, 0) != profit(plain, 1.5) {
		t.Error("a model without depth answers the regular price")
	}
	if deep := deepShoppers(t, 0.3, 3); profit(deep, 0.85) == profit(deep, 1.5) || profit(deep, 0) != profit(deep, 0.85) {
		t.Error("a model with depth does not answer the regular price, or its default is not the reference price")
	}
	cfg := threeTins()
	cfg.Products[0].Regular = math.NaN()
	if _, err := New(cfg, 1); err == nil {
		t.Error("a regular price of NaN is accepted")
	}
}

func TestDepthDoesNotAllocate(t *testing.T) {
	cfg := threeTins()
	cfg.Choice = deepShoppers(t, 0.3, 3)
	m := open(t, cfg)
	play(m, 0, restless, nil)
	// play's own TimeStep is one allocation.
	if n := testing.AllocsPerRun(3, func() { play(m, 1, restless, nil) }); n > 1 {
		t.Errorf("%g allocations an episode", n)
	}
}
