package scenarios

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/market/loyalty"
	"github.com/souk-sim/souk/market/promotion"
	"github.com/souk-sim/souk/scenarios/estimators"
	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
)

// MarketConfig is the open market that a scenario describes, nil where it describes another world. What is fitted is missing: Traffic.Periods where
// there is a [traffic.demand], and Loyalty.Model where ComesBack has data. The player of each seller is that of Players.
func (s *Scenario) MarketConfig() *market.Config {
	if s.World() != OpenMarket {
		return nil
	}
	cfg := &market.Config{
		PeriodDays: unitDays(s.Time.Period), Horizon: s.Time.Horizon, Terminal: s.Time.End == "terminate",
		Traffic: s.Traffic.Traffic, Channels: s.Channels, Reference: s.Reference, Visit: s.Visit, Loyalty: s.Loyalty.Loyalty, Promotions: s.Promotions,
	}
	copies, prices := map[string][]string{}, map[string]float64{}
	for i := range s.Products {
		all := s.Products[i].draw(rng.New(uint64(s.Seed), 0).Family("products"), uint64(i))
		cfg.Products = append(cfg.Products, all...)
		for k := range all {
			copies[s.Products[i].Name] = append(copies[s.Products[i].Name], all[k].Name)
			prices[all[k].Name] = all[k].Price
		}
	}
	for _, p := range s.Personas {
		p.Appeals = spread(p.Appeals, copies)
		cfg.Personas = append(cfg.Personas, p)
	}
	for _, p := range s.Promotion {
		cfg.Promotions.Promotions = append(cfg.Promotions.Promotions, p.of(copies))
	}
	for i := range s.Sellers {
		cfg.Sellers = append(cfg.Sellers, s.Sellers[i].each(prices, copies)...)
	}
	for i, seller := range s.Players() {
		if seller.Learns() {
			cfg.Focal = i
		}
	}
	if m := s.ComesBack(); m != nil && m.ByHand() {
		cfg.Loyalty.Model = m.given()
	}
	return cfg
}

// Players lists for each seller of MarketConfig the one of the scenario that it is, or is a copy of.
func (s *Scenario) Players() (all []*Seller) {
	for i := range s.Sellers {
		for range max(s.Sellers[i].Copies, 1) {
			all = append(all, &s.Sellers[i])
		}
	}
	return all
}

// ComesBack is the model of [shoppers.loyalty] that says when the customers of an open market come back; nil: nobody does.
func (s *Scenario) ComesBack() *Model {
	for i := range s.Shoppers.Loyalty {
		if m := &s.Shoppers.Loyalty[i]; m.comesBack() && (s.Loyalty.Model == "" || s.Loyalty.Model == m.Name) {
			return m
		}
	}
	return nil
}

func (m *Model) comesBack() bool {
	_, ok := m.Estimator.(estimators.ComesBack)
	return ok
}

// given is the model of a checked table by hand, in days.
func (m *Model) given() loyalty.Model {
	by := m.Estimator.(estimators.ComesBack)
	saved, err := by.Given()
	if err != nil || saved == nil {
		return nil
	}
	b, err := saved.MarshalJSON()
	if err != nil {
		return nil
	}
	model, _, err := loyalty.Load(b)
	if err != nil {
		return nil
	}
	return by.InDays(model)
}

func (s *Scenario) names() (all []string) {
	for i := range s.Products {
		all = append(all, s.Products[i].Name)
	}
	return all
}

// sells tells whether there is a product, or a copy of one, of that name.
func (s *Scenario) sells(name string) bool {
	return slices.ContainsFunc(s.Products, func(p Product) bool {
		number, ok := strings.CutPrefix(name, p.Name+"-")
		k, err := strconv.Atoi(number)
		return p.Name == name || ok && err == nil && 1 <= k && k <= p.Copies && number == strconv.Itoa(k)
	})
}

func (p *Product) copyName(k int) string { return p.Name + "-" + strconv.Itoa(k+1) }

// draw makes the copies of the product number i, or the one that there is.
func (p *Product) draw(family rng.Family, i uint64) []market.Product {
	if p.Copies == 0 {
		return []market.Product{p.Product}
	}
	all := make([]market.Product, p.Copies)
	for k := range all {
		stream := family.At(i, uint64(k))
		appeal, price, cost := stream.Normal(), stream.Normal(), stream.Normal()
		c := p.Product
		c.Name = p.copyName(k)
		c.Appeal += float64(p.AppealSpread * appeal)
		c.Price = max(math.Round(100*c.Price*portable.Exp(p.PriceSpread*price))/100, 0.01)
		c.Cost = math.Round(1e4*c.Cost*(c.Price/p.Price)*portable.Exp(p.CostSpread*cost)) / 1e4
		all[k] = c
	}
	return all
}

// spread gives what is said of a product to its copies; what is said of a copy itself goes first.
func spread(of map[string]float64, copies map[string][]string) map[string]float64 {
	if of == nil {
		return nil
	}
	all := map[string]float64{}
	for _, name := range sortedKeys(of) {
		for _, c := range copies[name] {
			if _, own := of[c]; !own || c == name {
				all[c] = of[name]
			}
		}
		if copies[name] == nil {
			all[name] = of[name]
		}
	}
	return all
}

// expand puts copies in the place of what they are copies of.
func expand(names []string, copies map[string][]string) (all []string) {
	for _, name := range names {
		if copies[name] == nil {
			all = append(all, name)
		}
		all = append(all, copies[name]...)
	}
	return all
}

// of is the promotion for the products that there are.
func (p Promotion) of(copies map[string][]string) promotion.Promotion {
	p.Products = expand(p.Products, copies)
	if b, ok := p.Promotion.Options.(*promotion.Bundle); ok {
		c := *b
		c.Items = slices.Clone(b.Items)
		for i := range c.Items {
			c.Items[i].Products = expand(c.Items[i].Products, copies)
		}
		p.Promotion.Options = &c
	}
	return p.Promotion
}

// each makes the seller, or its copies, to whom its products are dealt in turn.
func (s *Seller) each(prices map[string]float64, copies map[string][]string) []market.Seller {
	names := expand(s.Prices, copies)
	all := make([]market.Seller, max(s.Copies, 1))
	for k := range all {
		m := market.Seller{Name: s.Name, Offers: s.Ladder.Offers, Levels: s.Ladder.Levels, Drop: s.Limit.BelowReference, Rise: s.Limit.AboveReference, Change: s.Limit.Change,
			Floor: s.Limit.Floor, Ceiling: s.Limit.Ceiling, Times: s.Limit.Times(), Knows: s.Knows,
			Review: market.Review{Every: s.Review.Every.Days(), Random: s.Review.Random, StockBelow: s.Review.StockBelow, RivalMoved: s.Review.RivalMoved,
				Delay: s.Review.Delay.Days()},
			Reward: market.Reward{Of: market.Objective(s.Reward.Of), Discount: s.Reward.Discount, LostUnit: s.Reward.LostUnit, PriceChange: s.Reward.PriceChange}}
		if s.Copies > 0 {
			m.Name += "-" + strconv.Itoa(k+1)
		}
		for i := k; i < len(names); i += len(all) {
			m.Products = append(m.Products, names[i])
		}
		m.Opening = s.opening(m.Products, prices)
		all[k] = m
	}
	return all
}

// opening is the offer that stands at first: the one that is said, or the nearest to the list prices; of equals the first without a promotion.
func (s *Seller) opening(own []string, prices map[string]float64) int {
	list := make([]float64, len(own))
	for k, name := range own {
		list[k] = prices[name]
	}
	far := func(o *market.Offer) (sum float64) {
		switch {
		case s.Opening != nil:
			return math.Abs(o.Price - *s.Opening)
		case s.Ladder.Levels:
			return math.Abs(o.Price - 1)
		case len(own) == 0:
			return 0
		case len(o.Prices) != len(own):
			return math.Abs(o.Price - list[0])
		}
		for k, price := range o.Prices {
			sum += math.Abs(price - list[k])
		}
		return sum
	}
	best := 0
	for i := range s.Ladder.Offers {
		o, was := &s.Ladder.Offers[i], &s.Ladder.Offers[best]
		if d, least := far(o), far(was); d < least || d == least && o.Promotion == "" && was.Promotion != "" {
			best = i
		}
	}
	return best
}
