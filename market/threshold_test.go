package market

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/market/promotion"
	"github.com/souk-sim/souk/market/stock"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/sim/env"
)

// played is the account of an episode in which nobody moves.
func played(t *testing.T, cfg *Config) results.Metrics {
	t.Helper()
	m, err := New(cfg, 1)
	if err != nil {
		t.Fatal(err)
	}
	var step env.TimeStep
	for m.Next(&step) {
		if step.Stage != env.Last {
			m.Act(cfg.Sellers[step.Player].Opening)
		}
	}
	if m.Err() != nil {
		t.Fatal(m.Err())
	}
	return *m.Account()
}

// With 3 $ off at 4 $, whoever has something in the basket is likelier to take what else comes to mind: two products for little more than one. What is next to nothing moves nothing.
func TestWhoIsNearAThresholdFillsTheBasket(t *testing.T) {
	units := func(promotions ...promotion.Promotion) float64 {
		cfg := duopoly()
		for i := range cfg.Personas {
			cfg.Personas[i].Units = 1
		}
		cfg.Visit.Basket = 0.9
		cfg.Promotions.Promotions = promotions
		a := played(t, cfg)
		return a.Units / a.Purchases
	}
	spend := promotion.Promotion{Name: "spend", Kind: "spend", Options: &promotion.Spend{Tiers: []promotion.Tier{{Spend: 4, Amount: 3}}}}
	without, with := units(), units(spend)
	if with < without+0.1 {
		t.Errorf("%.3f units an order with the promotion, %.3f without", with, without)
	}
	if cheaper := units(promotion.Promotion{Name: "off", Kind: "percentage", Options: &promotion.Percentage{Percent: 1e-4}}); math.Abs(cheaper-without) > 0.05 {
		t.Errorf("%.3f units an order with next to nothing off, %.3f without", cheaper, without)
	}
}

// A coupon for a persona moves what that persona chooses, as so much less of the price would.
func TestACouponIsSeenBeforeTheChoice(t *testing.T) {
	orders := func(kind string, options promotion.Options) float64 {
		cfg := duopoly()
		for i := range cfg.Personas {
			cfg.Personas[i].Units = 1
		}
		cfg.Promotions.Promotions = []promotion.Promotion{{Name: "off", Kind: kind, Personas: []string{"careful"}, Options: options}}
		return played(t, cfg).Purchases
	}
	if coupon, off := orders("coupon", &promotion.Coupon{Amount: 0.5}), orders("amount", &promotion.Amount{Amount: 0.5}); coupon != off {
		t.Errorf("%g orders with a coupon, %g with the same off the price", coupon, off)
	}
}

// What is left when a market closes for good has cost its seller what it cost, less what its disposal brings.
func TestLeftOversArePaidFor(t *testing.T) {
	profit := func(terminal bool) float64 {
		cfg := duopoly()
		cfg.Terminal, cfg.Traffic.Visitors = terminal, 0
		for i := range cfg.Personas {
			cfg.Personas[i].Units = 1
		}
		cfg.Products[0].Stock = &stock.Config{Policy: "none", Initial: new(int64(100)), DisposalCost: -0.25}
		return played(t, cfg).OwnProfit
	}
	if open, closed := profit(false), profit(true); open != 0 || closed != -100*(1-0.25) {
		t.Errorf("profit %g where the shop goes on and %g where it closes, expected 0 and -75", open, closed)
	}
}
