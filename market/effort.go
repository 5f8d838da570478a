package market

import (
	"fmt"

	"github.com/souk-sim/souk/market/stock"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
)

// What an episode may come to at most, so that every run ends and fits into memory.
const (
	mostShoppers = 1e9 // expected, those who come back included
	mostReviews  = 1e8 // of offers and of stock
	mostWeights  = 1e8 // personas × channels × products
)

// checkEffort holds what an episode is expected to take against these limits.
func (cfg *Config) checkEffort() error {
	days, shoppers := float64(cfg.Horizon)*cfg.PeriodDays, mostShoppers
	if n := float64(len(cfg.Personas)) * float64(max(len(cfg.Channels), 1)) * float64(len(cfg.Products)); n > mostWeights {
		return field.New("products", fmt.Sprintf("%g weights of choice, personas × channels × products", n), fmt.Sprintf("at most %g", mostWeights))
	}
	if cfg.Traffic.Periods == nil {
		n := cfg.expectedShoppers(days)
		if !(n <= mostShoppers) {
			return field.New("traffic.visitors", fmt.Sprintf("%.3g shoppers an episode of %g days", n, days), fmt.Sprintf("at most %g: fewer visitors, less growth or fewer periods", mostShoppers))
		}
		shoppers = n
		if m := cfg.Loyalty.Model; m != nil {
			if back := m.Expected(days); !(n*(1+back) <= mostShoppers) {
				return field.New("loyalty", fmt.Sprintf("%.3g shoppers an episode, each of whom may come back %.3g times", n, back), fmt.Sprintf("at most %g visits", mostShoppers))
			}
		}
	}
	reviews := 0.0
	for i := range cfg.Sellers {
		r := &cfg.Sellers[i].Review
		if r.Every > 0 {
			reviews += days / r.Every
		}
		if r.Delay > 0 && (r.StockBelow > 0 || r.RivalMoved) {
			reviews += days / r.Delay
		}
		if !(reviews <= mostReviews) {
			return field.New("sellers."+cfg.Sellers[i].Name+".review", fmt.Sprintf("%.3g reviews of offers an episode of %g days", reviews, days), fmt.Sprintf("at most %g: fewer periods, or more time between reviews", mostReviews))
		}
	}
	for j := range cfg.Products {
		s := cfg.Products[j].Stock
		if s == nil {
			continue
		}
		if s.ReviewDays == 0 {
			if reviews += orders(s, days, shoppers); !(reviews <= mostReviews) {
				return field.New("products."+cfg.Products[j].Name+".stock.review_days", fmt.Sprintf("0, which may order %.3g times an episode of %g days", reviews, days),
					fmt.Sprintf("at most %g times: larger orders, a longer shelf life or time between reviews", mostReviews))
			}
		} else if reviews += days / s.ReviewDays; !(reviews <= mostReviews) {
			return field.New("products."+cfg.Products[j].Name+".stock.review_days", fmt.Sprintf("%.3g reviews an episode of %g days", reviews, days), fmt.Sprintf("at most %g: fewer periods, or more time between reviews", mostReviews))
		}
	}
	return nil
}

// orders is the most that a stock under continuous review makes besides those that a sale calls: as many as fill it, and as many again each time that it spoils. There are
// as many lots that spoil apart as orders that fill it and sales that were made good apart, each of a unit at least.
func orders(s *stock.Config, days, shoppers float64) float64 {
	level := float64(max(s.OrderUpTo, s.ReorderPoint+s.OrderQuantity, 0))
	fill := 1.0
	if s.MostOrder > 0 {
		fill += level / float64(s.MostOrder)
	}
	if s.ShelfLifeDays == 0 {
		return fill
	}
	return fill + days/s.ShelfLifeDays*min(level+1, fill+shoppers)
}

// expectedShoppers is how many new ones an episode brings, by its days; it stops counting beyond mostShoppers.
func (cfg *Config) expectedShoppers(days float64) (n float64) {
	t := &cfg.Traffic
	for day := 0.0; day < days && n <= mostShoppers; day++ {
		rate := t.Visitors * min(1, days-day) * portable.Exp(max(-utmost, min(utmost, t.wave(day+0.5))))
		for i := range t.Shocks {
			if s := &t.Shocks[i]; s.holds(day, day+1) {
				rate *= s.Visitors
			}
		}
		n += rate
	}
	return n
}
