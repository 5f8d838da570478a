package market

import (
	"fmt"
	"math"
	"testing"

	"github.com/souk-sim/souk/market/stock"
	"github.com/souk-sim/souk/sim/env"
)

// rebuying is a duopoly in which the second seller buys used units of c, at a price far below all others, and makes them into d; with so many products more.
func rebuying(more int) *Config {
	cfg := duopoly()
	cfg.Products[3].Stock = &stock.Config{Policy: "none", Initial: new(int64(10))}
	cfg.Products = append(cfg.Products, Product{Name: "rebuy", Price: 0.3, TradeIn: &TradeIn{Of: "c", Becomes: "d", Days: 10, Price: 1}})
	cfg.Sellers[1].Products = append(cfg.Sellers[1].Products, "rebuy")
	for k := range more {
		cfg.Products = append(cfg.Products, Product{Name: fmt.Sprint("more ", k), Price: 3, Cost: 1})
		cfg.Sellers[1].Products = append(cfg.Sellers[1].Products, fmt.Sprint("more ", k))
	}
	return cfg
}

// An offer to buy is nobody's rival and no price of its seller's: what sellers see is what they see without it, whatever the price.
func TestAnOfferToBuyIsNoRivalsPrice(t *testing.T) {
	with, without := rebuying(0), rebuying(0)
	without.Products = without.Products[:4]
	without.Sellers[1].Products = without.Sellers[1].Products[:len(without.Sellers[1].Products)-1]
	for _, focal := range []int{0, 1} {
		var mean [2]float64
		seen := [2]map[string]float64{{}, {}}
		for k, cfg := range []*Config{with, without} {
			cfg.Traffic.Visitors, cfg.Focal = 0, focal
			m := open(t, cfg, 1)
			watch(t, m, 0, func(step *env.TimeStep) int {
				for i, f := range m.Spec(step.Player).Features {
					if key := fmt.Sprint(step.Player, f.Name); !math.IsNaN(step.Observation[i]) {
						seen[k][key], seen[k][key+" from"], seen[k][key+" to"] = step.Observation[i], f.Min, f.Max
					}
				}
				return stay(m)(step)
			}, nil)
			mean[k] = m.Account().MeanPrice
		}
		if mean[0] != mean[1] {
			t.Errorf("mean price %g with an offer to buy, %g without", mean[0], mean[1])
		}
		for key, value := range seen[1] {
			if got, ok := seen[0][key]; !ok || got != value {
				t.Errorf("a seller's number and what it sees: %s is %g with an offer to buy, %g without", key, got, value)
			}
		}
		if len(seen[0]) != len(seen[1]) || seen[1]["0reference_price"] != 2.5 {
			t.Errorf("%d values with an offer to buy, %d without; reference price %g, expected 2.5", len(seen[0]), len(seen[1]), seen[1]["0reference_price"])
		}
	}
}

// Nobody finds an offer to buy on a list, however long he looks: all else is viewed, and then he decides.
func TestNobodyViewsAnOfferToBuy(t *testing.T) {
	for _, more := range []int{0, 2} {
		cfg := rebuying(more)
		cfg.Visit = Visit{Kind: Journey, SoldOut: "seen", Places: 20, Ranking: "appeal", Spread: 1, Click: 1, Consider: 8, Dwell: 1}
		views := make([]int, len(cfg.Products))
		visits := 0
		watch(t, open(t, cfg, 1), 0, always(0, 0), func(r *Record) {
			switch r.Kind {
			case ShopperViews:
				views[r.Product]++
			case ShopperDecides:
				visits++
			}
		})
		for j, n := range views {
			if offer := cfg.Products[j].TradeIn != nil; offer && n > 0 || !offer && n < visits {
				t.Errorf("product %s has %d views in %d visits", cfg.Products[j].Name, n, visits)
			}
		}
	}
}
