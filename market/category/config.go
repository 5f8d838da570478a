package category

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// Rung is one offer of a player's ladder.
type Rung struct {
	Price   float64 // $ a unit
	Cost    float64 // wholesale, $ a unit
	Display float64 // share of stores that display it; NaN: what the choice model expects at this price
	Deal    bool    // a deal whatever the reference price; else it is one when the price lies DealDepth below it
}

// Product is what one player prices: its ladder, and where it stands when an episode opens.
type Product struct {
	Name      string
	Rungs     []Rung  // in action order
	Reference float64 // reference price at the start, $
	Regular   float64 // highest price of the weeks before the start that choice.RegularWeeks looks back to, $; 0: Reference. Only a model with depth asks
	Opening   int     // rung posted in the week before the start
	Drop      float64 // offers further than this below the reference price are masked, $; 0: none are
	Rise      float64 // likewise above it
	Change    float64 // offers further than this from last week's price are masked, $; 0: none are
	Floor     float64 // offers below this price are masked, $; 0: none are
	Ceiling   float64 // likewise above it
	Times     float64 // offers below so many times the wholesale cost that is observed are masked; 0: none are
}

// regular is the regular price at the start.
func (p *Product) regular() float64 {
	if p.Regular > 0 {
		return p.Regular
	}
	return p.Reference
}

// Objective says what a reward is.
type Objective string

const (
	CategoryProfit Objective = "category-profit" // margin of all products
	BrandProfit    Objective = "brand-profit"    // margin of the player's own product
	Revenue        Objective = "revenue"         // of the player's own product
)

// Reward is what a period earns: the objective less what stock and change cost.
type Reward struct {
	Of          Objective
	Discount    float64 // γ a period, in [0,1)
	Holding     float64 // cost of holding stock, share of its wholesale value a week
	LostUnit    float64 // penalty for a unit asked for and not in stock, $
	PriceChange float64 // cost of posting another price than last week, $ (for the stores simulated)
}

// Stock is a base-stock policy with daily review: each review orders up to what this week's prices are expected to sell in CoverDays, and a safety
// stock (Silver, Pyke & Thomas 2017, §6.7). The buyer knows the week's prices and traffic, but not its shocks.
type Stock struct {
	CoverDays    float64 // 0: stock is ample and costs nothing
	Safety       float64 // held on top, in standard deviations of the cover's sales were shoppers their only chance
	LeadTimeDays int     // from order to receipt
}

// Config is a market. New copies nothing: a Config must not change while markets use it; several markets may share one.
type Config struct {
	Products []Product
	Choice   *choice.ShareLogit               // brands as in Products
	Traffic  func() (demand.Simulator, error) // customers of the chain, week by week, at least 0; one simulator for each market
	Skip     int                              // weeks between the traffic model's history and Start
	Own      int                              // the product whose seller learns; its purchases come last in the inverse transform, and "own" accounts are its
	Start    int                              // calendar week of the first period
	Horizon  int                              // periods in an episode
	Terminal bool                             // the end closes the market (no future) instead of truncating it
	Share    float64                          // share of the traffic that is simulated: stores simulated / stores of the chain
	Expected bool                             // closed-form demand instead of shoppers: ample stock, units in expectation
	Store    int                              // whose shoppers come: another number, other people in the same weeks, of the same traffic, shocks and rivals
	NoShock  bool                             // leave out the weekly utility shocks
	Reward   Reward
	Stock    Stock
}

const (
	daysPerWeek = 7
	// minor is how many units of account a dollar has: amounts are whole numbers of 1/10,000 $.
	minor = 10_000
	// DealDepth is how far below the reference price, as a share of it, a price is a deal (Hendel & Nevo 2006 use 5% below the modal price).
	DealDepth = 0.05
)

func (cfg *Config) check() error {
	switch {
	case len(cfg.Products) == 0:
		return field.New("products", "none", "at least one")
	case cfg.Own < 0 || cfg.Own >= len(cfg.Products):
		return field.New("own", cfg.Own, fmt.Sprintf("a product from 0 to %d", len(cfg.Products)-1))
	case cfg.Horizon < 1:
		return field.New("horizon", cfg.Horizon, "at least 1 period")
	case !(cfg.Share > 0) || math.IsInf(cfg.Share, 0):
		return field.New("stores", cfg.Share, "a positive share of the traffic")
	case cfg.Store < 0 || cfg.Store > math.MaxInt32:
		return field.New("store", cfg.Store, "at least 0")
	case cfg.Skip < 0:
		return field.New("skip", cfg.Skip, "at least 0 weeks")
	case cfg.Choice == nil || cfg.Traffic == nil:
		return field.New("choice", "none", "a fitted choice model and a traffic model")
	case len(cfg.Choice.Brands) != len(cfg.Products):
		return field.New("products", len(cfg.Products), fmt.Sprintf("the %d brands of the choice model", len(cfg.Choice.Brands)))
	}
	for i := range cfg.Products {
		if err := cfg.Products[i].check(); err != nil {
			return err
		}
	}
	if err := cfg.Stock.check(); err != nil {
		return err
	}
	return cfg.Reward.check()
}

// Bounds that keep a week finite, and sums of minor units and days far from the ends of an integer.
const (
	highestPrice  = 1e6
	longestDays   = 1_000_000
	mostCustomers = 1e9
)

func (p *Product) check() error {
	if len(p.Rungs) == 0 || p.Opening < 0 || p.Opening >= len(p.Rungs) {
		return field.New(p.Name+".opening", p.Opening, fmt.Sprintf("one of %d offers, at least one", len(p.Rungs)))
	}
	for _, r := range p.Rungs {
		if !(r.Price <= highestPrice) || toMinor(r.Price) <= 0 {
			return field.New(p.Name+".price", r.Price, fmt.Sprintf("a price from $%g to $%g", 1.0/minor, highestPrice))
		}
		if !(r.Cost >= 0 && r.Cost <= highestPrice) {
			return field.New(p.Name+".cost", r.Cost, fmt.Sprintf("a cost from $0 to $%g", highestPrice))
		}
		if r.Display < 0 || r.Display > 1 {
			return field.New(p.Name+".display", r.Display, "a share of stores, or NaN")
		}
	}
	if !(p.Reference > 0 && p.Reference <= highestPrice) {
		return field.New(p.Name+".reference", p.Reference, "a positive price")
	}
	if !(p.Regular >= 0 && p.Regular <= highestPrice) {
		return field.New(p.Name+".regular", p.Regular, "a positive price, or 0 for the reference price")
	}
	for _, limit := range []struct {
		key   string
		value float64
	}{{".drop", p.Drop}, {".rise", p.Rise}, {".change", p.Change}, {".floor", p.Floor}, {".ceiling", p.Ceiling}, {".times", p.Times}} {
		if !finiteFromZero(limit.value) {
			return field.New(p.Name+limit.key, limit.value, "a finite number, at least 0")
		}
	}
	bounds := env.Limit{Floor: p.Floor, Ceiling: p.Ceiling}
	if !slices.ContainsFunc(p.Rungs, func(r Rung) bool { return bounds.Excess(nil, r.Price) == 0 }) {
		return field.New(p.Name+".floor", fmt.Sprintf("%g, and a ceiling of %g", p.Floor, p.Ceiling), "a rung between them")
	}
	return nil
}

func (s *Stock) check() error {
	if !(s.CoverDays >= 0 && s.CoverDays <= longestDays) || s.LeadTimeDays < 0 || s.LeadTimeDays > longestDays {
		return field.New("stock", fmt.Sprintf("cover of %g days, lead time of %d", s.CoverDays, s.LeadTimeDays), fmt.Sprintf("days from 0 to %d", longestDays))
	}
	if !(s.Safety >= 0 && s.Safety < 100) {
		return field.New("stock.safety", s.Safety, "standard deviations from 0 to below 100")
	}
	return nil
}

func (r *Reward) check() error {
	if r.Of != CategoryProfit && r.Of != BrandProfit && r.Of != Revenue {
		return field.New("reward.of", r.Of, fmt.Sprintf("%s, %s or %s", CategoryProfit, BrandProfit, Revenue))
	}
	if !(r.Discount >= 0 && r.Discount < 1) {
		return field.New("reward.discount", r.Discount, "a number in [0, 1)")
	}
	if !finiteFromZero(r.Holding) || !finiteFromZero(r.LostUnit) || !finiteFromZero(r.PriceChange) {
		return field.New("reward", fmt.Sprintf("holding %g, lost unit %g, price change %g", r.Holding, r.LostUnit, r.PriceChange), "finite costs of at least 0")
	}
	return nil
}

func finiteFromZero(x float64) bool { return x >= 0 && !math.IsInf(x, 1) }
