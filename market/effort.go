package market

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/market/stock"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
)

// What an episode may come to at most, so that every run ends and fits into memory.
const (
	mostShoppers = 1e9 // expected, those who come back included
	mostReviews  = 1e8 // of offers and of stock
	mostWeights  = 1e8 // personas × channels × products
	mostViews    = 1 << 16
	mostMoney    = 1 << 62 // minor units, expected
)

// checkEffort holds what an episode is expected to take against these limits.
func (cfg *Config) checkEffort() error {
	days, shoppers := float64(cfg.Horizon)*cfg.PeriodDays, mostShoppers
	if n := len(cfg.Personas) * max(len(cfg.Channels), 1); n > mostViews {
		return field.New("personas", fmt.Sprintf("%d in %d channels, %d pairs", len(cfg.Personas), len(cfg.Channels), n), fmt.Sprintf("at most %d pairs", mostViews))
	}
	if n := float64(len(cfg.Personas)) * float64(max(len(cfg.Channels), 1)) * float64(len(cfg.Products)); n > mostWeights {
		return field.New("products", fmt.Sprintf("%g weights of choice, personas × channels × products", n), fmt.Sprintf("at most %g", mostWeights))
	}
	if cfg.Traffic.Periods == nil { // else each episode's path is held against it
		n, most := cfg.expectedShoppers(days), cfg.mostVisits()
		if !(n <= most) {
			return field.New("traffic.visitors", fmt.Sprintf("%.3g shoppers an episode of %g days, each with a turnover of up to $%.3g", n, days, cfg.turnover()/minor),
				fmt.Sprintf("at most %.3g, and $%.3g in all: fewer visitors, less growth or fewer periods", mostShoppers, float64(mostMoney)/minor))
		}
		if back := cfg.comebacks(); !(n*(1+back) <= most) {
			return field.New("loyalty", fmt.Sprintf("%.3g shoppers an episode, each of whom may come back %.3g times, with a turnover of up to $%.3g", n, back, cfg.turnover()/minor),
				fmt.Sprintf("at most %.3g visits, and $%.3g in all", mostShoppers, float64(mostMoney)/minor))
		}
		shoppers = n
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
	return cfg.checkStockEffort(days, shoppers, reviews)
}

// checkStockEffort adds the reviews of stock to those of offers, and holds what keeping it may come to against the money that there is.
func (cfg *Config) checkStockEffort(days, shoppers, reviews float64) error {
	money := 0.0
	for j := range cfg.Products {
		p := &cfg.Products[j]
		s, key := p.Stock, "products."+p.Name+".stock"
		if s == nil {
			continue
		}
		made := orders(s, days, shoppers)
		if s.ReviewDays > 0 {
			made = days / s.ReviewDays
		}
		if reviews += made; !(reviews <= mostReviews) {
			return field.New(key+".review_days", fmt.Sprintf("%g, which may be %.3g reviews an episode of %g days", s.ReviewDays, reviews, days),
				fmt.Sprintf("at most %g: fewer periods, larger orders, a longer shelf life or more time between reviews", mostReviews))
		}
		units, fills := level(s), 1.0
		if s.Initial != nil {
			units = max(units, float64(*s.Initial))
		}
		if s.ShelfLifeDays > 0 {
			fills += days / s.ShelfLifeDays
		}
		money += float64(minor * (float64(units*(float64(fills*(p.Cost+math.Abs(s.DisposalCost)))+float64(days*s.HoldingCost))) + float64(days*float64(s.MaxWaiting)*s.BackOrderCost) + float64((made+shoppers)*s.OrderCost)))
		if !(money <= mostMoney) {
			return field.New(key, fmt.Sprintf("%.3g units, whose keeping may cost $%.3g", units, money/minor), fmt.Sprintf("at most $%.3g for all products", float64(mostMoney)/minor))
		}
	}
	return nil
}

// mostVisits is how many visits an episode may expect, so that it ends, and that no account comes near the end of its 63 bits.
func (cfg *Config) mostVisits() float64 { return min(mostShoppers, mostMoney/cfg.turnover()) }

// turnover is the most that a visit is expected to come to, minor units: what is paid, and what each unit and order costs.
func (cfg *Config) turnover() float64 {
	units, unit, order := 1.0, 0.0, 0.0
	for i := range cfg.Personas {
		units = max(units, cfg.Personas[i].Units)
	}
	for j := range cfg.Products {
		cost := cfg.Products[j].Cost
		if s := cfg.Products[j].Stock; s != nil {
			cost += s.LostSaleCost + math.Abs(s.DisposalCost)
		}
		unit = max(unit, cost)
	}
	for i := range cfg.Channels {
		order = max(order, cfg.Channels[i].OrderCost+float64(8*cfg.Channels[i].ViewCost))
	}
	lost := 0.0
	for i := range cfg.Sellers {
		lost = max(lost, cfg.Sellers[i].Reward.LostUnit)
	}
	sum := float64(units*(cfg.highest()+unit+lost)) + order
	if cfg.Visit.Basket > 0 || cfg.Visit.CrossSell != nil {
		sum *= 1 + mostLines
	}
	return minor * sum
}

// comebacks is how often a customer is expected to come back in an episode.
func (cfg *Config) comebacks() float64 {
	if cfg.Loyalty.Model == nil {
		return 0
	}
	return cfg.Loyalty.Model.Expected(float64(cfg.Horizon) * cfg.PeriodDays)
}

// level is up to how many units a stock's policy orders; that of a forecast is not known.
func level(s *stock.Config) float64 {
	return float64(max(s.OrderUpTo, s.ReorderPoint+s.OrderQuantity, 0))
}

// orders is the most that a stock under continuous review makes besides those that a sale calls: as many as fill it, and as many again each time that it spoils. There are
// as many lots that spoil apart as orders that fill it and sales that were made good apart, each of a unit at least.
func orders(s *stock.Config, days, shoppers float64) float64 {
	fill := 1.0
	if s.MostOrder > 0 {
		fill += level(s) / float64(s.MostOrder)
	}
	if s.ShelfLifeDays == 0 {
		return fill
	}
	return fill + float64(days/s.ShelfLifeDays*min(level(s)+1, fill+shoppers))
}

// Expected is how many new shoppers an episode is expected to bring where no demand model says it.
func (cfg *Config) Expected() float64 {
	return cfg.expectedShoppers(float64(cfg.Horizon) * cfg.PeriodDays)
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
