package market

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"pgregory.net/rapid"

	"github.com/souk-sim/souk/market/basket"
	"github.com/souk-sim/souk/market/loyalty"
	"github.com/souk-sim/souk/market/promotion"
	"github.com/souk-sim/souk/market/stock"
)

// TestMain fixes what rapid draws, unless told otherwise.
func TestMain(m *testing.M) {
	flag.Parse()
	set := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { set[f.Name] = true })
	for name, value := range map[string]string{"rapid.seed": "1", "rapid.checks": worlds} {
		if !set[name] {
			flag.Set(name, value)
		}
	}
	os.Exit(m.Run())
}

func cents(t *rapid.T, name string, from, to int) float64 {
	return float64(rapid.IntRange(from, to).Draw(t, name)) / 100
}

func oneOf[E any](t *rapid.T, name string, of ...E) E { return rapid.SampledFrom(of).Draw(t, name) }

func maybe(t *rapid.T, name string) bool { return rapid.Bool().Draw(t, name) }

func rarely(t *rapid.T, name string, n int) int {
	if rapid.IntRange(0, 2).Draw(t, name+"?") > 0 {
		return 0
	}
	return rapid.IntRange(1, n).Draw(t, name)
}

// drawWorld draws a market in which anything may happen.
func drawWorld(t *rapid.T) *Config {
	cfg := &Config{PeriodDays: oneOf(t, "period", 1, 0.5, 2.0/7, 7), Horizon: rapid.IntRange(1, 6).Draw(t, "horizon"), Terminal: maybe(t, "terminal"),
		Reference: Reference{Memory: oneOf(t, "memory", 0, 0.5, 1.0)},
		Traffic: Traffic{Dispersion: oneOf(t, "dispersion", 0, 0.2), Growth: oneOf(t, "growth", 0, 0.1),
			Season: Season{Amplitude: oneOf(t, "amplitude", 0, 0.5), Days: 7}}}
	cfg.Traffic.Visitors = oneOf(t, "visitors", 0, 3, 50, 200, 200.0) / cfg.PeriodDays
	if maybe(t, "shock") {
		cfg.Traffic.Shocks = []Shock{{Day: float64(rapid.IntRange(0, 3).Draw(t, "shock at")), Days: float64(rarely(t, "shock for", 3)), Visitors: oneOf(t, "shock on visitors", 0, 0.5, 2),
			Price: oneOf(t, "shock on prices", 0, 0.5, 2)}}
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "channels") {
		cfg.Channels = append(cfg.Channels, Channel{Name: fmt.Sprint("c", i), Share: cents(t, "share", 1, 100), Utility: cents(t, "utility", -100, 100),
			OrderCost: cents(t, "order cost", 0, 50), ViewCost: cents(t, "view cost", 0, 10), Commission: oneOf(t, "commission", 0, 0.1, 1.0/3)})
	}
	products := rapid.IntRange(1, 7).Draw(t, "products")
	lost := cents(t, "lost sale", 0, 100) // the same for all, because lost units are counted by seller
	for j := range products {
		p := Product{Name: fmt.Sprint("p", j), Price: cents(t, "price", 50, 500), Cost: cents(t, "cost", 0, 300), Appeal: cents(t, "appeal", 0, 500), Returns: oneOf(t, "returns", 0, 0.3)}
		if rapid.IntRange(0, 3).Draw(t, "kept") > 0 {
			p.Stock = drawStock(t, lost)
		}
		cfg.Products = append(cfg.Products, p)
	}
	for i := range rapid.IntRange(1, 3).Draw(t, "personas") {
		cfg.Personas = append(cfg.Personas, Persona{Name: fmt.Sprint("who", i), Share: cents(t, "share", 1, 100), Price: -cents(t, "price", 0, 200), Gain: oneOf(t, "gain", 0, 1.0),
			Loss: oneOf(t, "loss", 0, 2.0), Deal: oneOf(t, "deal", 0, 0.5), Loyal: oneOf(t, "loyal", 0, 2.0), Units: oneOf(t, "units", 1, 2.5),
			Appeals: map[string]float64{cfg.Products[0].Name: cents(t, "appeal of the first", -100, 100)}})
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "promotions") {
		cfg.Promotions.Promotions = append(cfg.Promotions.Promotions, drawPromotion(t, cfg, i))
	}
	cfg.Promotions.Thresholds = oneOf(t, "thresholds", "lines", "left", "posted")
	drawSellers(t, cfg)
	drawVisit(t, cfg)
	return cfg
}

func drawStock(t *rapid.T, lost float64) *stock.Config {
	initial := int64(rapid.IntRange(0, 60).Draw(t, "initial"))
	c := &stock.Config{Policy: oneOf(t, "policy", "none", "base-stock", "s-S", "r-Q", "forecast"), ReviewDays: oneOf(t, "review days", 0, 0.5, 1.0), Initial: &initial,
		LeadTime: stock.LeadTime{Law: oneOf(t, "law", "fixed", "exponential"), MeanDays: oneOf(t, "lead time", 0, 0.25, 1)}, LostSaleCost: lost,
		ShelfLifeDays: oneOf(t, "shelf life", 0, 0, 0.7, 2), Issuing: oneOf(t, "issuing", "fifo", "lifo"), MaxWaiting: int64(rarely(t, "waiting", 30)), ScrappedReturns: oneOf(t, "scrapped", 0, 0.5, 1),
		OrderCost: cents(t, "order cost", 0, 500), HoldingCost: cents(t, "holding cost", 0, 30), BackOrderCost: cents(t, "back-order cost", 0, 30), DisposalCost: cents(t, "disposal", -20, 20)}
	if c.Policy != "none" && maybe(t, "filled by the policy") {
		c.Initial = nil
	}
	level := int64(rapid.IntRange(1, 60).Draw(t, "level"))
	switch c.Policy {
	case "base-stock":
		c.OrderUpTo = level
	case "s-S":
		c.ReorderPoint, c.OrderUpTo = level/2, level+1
	case "r-Q":
		c.ReorderPoint, c.OrderQuantity = level/2, int64(rapid.IntRange(1, 20).Draw(t, "batch"))
	case "forecast":
		c.ReviewDays, c.CoverDays, c.Safety, c.Smoothing, c.Censored = 0.5, 1, 1, oneOf(t, "smoothing", 0, 0.3), maybe(t, "censored")
	}
	if c.Policy != "none" && maybe(t, "limits") {
		c.OrderMultiple, c.Capacity, c.MostOrder = int64(rarely(t, "case", 6)), 100, int64(rarely(t, "most", 6)*10)
	}
	return c
}

func drawPromotion(t *rapid.T, cfg *Config, i int) promotion.Promotion {
	p := promotion.Promotion{Name: fmt.Sprint("promotion", i), MinQuantity: rarely(t, "min quantity", 2), MinAmount: float64(rarely(t, "min amount", 5)), Budget: float64(rarely(t, "budget", 50)),
		Uses: rarely(t, "uses", 40), PerOrder: rarely(t, "per order", 3), First: rarely(t, "first", 1) > 0, Off: maybe(t, "off"), Alone: rarely(t, "alone", 1) > 0,
		Starts: cents(t, "starts", 0, 200)}
	if maybe(t, "granted") {
		p.Granted = true
	} else {
		p.PerCustomer = rarely(t, "per customer", 3)
	}
	if maybe(t, "ends") {
		p.Ends = p.Starts + cents(t, "for", 1, 300)
	}
	if maybe(t, "of some") {
		p.Products, p.Personas = []string{cfg.Products[0].Name}, []string{cfg.Personas[len(cfg.Personas)-1].Name}
	}
	p.Kind = rapid.SampledFrom(promotion.Kinds()).Draw(t, "kind").Name
	p.Group = oneOf(t, "group", "", "g") + p.Kind // groups keep to one level
	if p.Group == p.Kind {
		p.Group = ""
	}
	switch p.Kind {
	case "percentage":
		p.Options = &promotion.Percentage{Percent: oneOf(t, "percent", 10, 33.3333, 100)}
	case "amount":
		p.Options = &promotion.Amount{Amount: cents(t, "amount", 1, 300)}
	case "flash":
		p.Options = &promotion.Flash{Price: cents(t, "flash", 1, 200)}
		p.Ends = p.Starts + 1
	case "bundle":
		items := []promotion.Item{{Products: []string{cfg.Products[0].Name}, Quantity: 1}}
		if len(cfg.Products) > 1 {
			items = append(items, promotion.Item{Products: []string{cfg.Products[1].Name}, Quantity: 2})
		}
		p.Products, p.Options = nil, &promotion.Bundle{Items: items, Percent: 20}
	case "buy-get":
		p.Options = &promotion.BuyGet{Buy: rapid.IntRange(1, 2).Draw(t, "buy"), Get: 1, Percent: 50}
	case "spend":
		p.Options = &promotion.Spend{Tiers: []promotion.Tier{{Spend: 4, Amount: 1.11}}, Repeat: maybe(t, "repeat")}
	case "coupon":
		p.Options = &promotion.Coupon{Percent: 15, AtMost: float64(rarely(t, "at most", 2))}
	}
	return p
}

// drawSellers deals the products out, and the promotions that offers switch.
func drawSellers(t *rapid.T, cfg *Config) {
	n := rapid.IntRange(1, min(4, len(cfg.Products))).Draw(t, "sellers")
	cfg.Sellers = make([]Seller, n)
	cfg.Focal = rapid.IntRange(0, n-1).Draw(t, "focal")
	for j := range cfg.Products {
		i := j
		if j >= n {
			i = rapid.IntRange(0, n-1).Draw(t, "owner")
		}
		cfg.Sellers[i].Products = append(cfg.Sellers[i].Products, cfg.Products[j].Name)
	}
	for i := range cfg.Sellers {
		s := &cfg.Sellers[i]
		s.Name, s.Levels = fmt.Sprint("seller", i), true
		s.Offers = []Offer{{Price: 0.7}, {Price: 0.9}, {Price: 1.1}}
		s.Opening = rapid.IntRange(0, 2).Draw(t, "opening")
		s.Review = Review{Every: oneOf(t, "review", 0.3, 1, 2.5), Random: maybe(t, "random"), StockBelow: rarely(t, "stock below", 10), RivalMoved: rarely(t, "rival moved", 1) > 0, Delay: 0.01}
		s.Reward = Reward{Of: oneOf(t, "of", Profit, Revenue), Discount: 0.9, LostUnit: cents(t, "lost unit", 0, 100), PriceChange: cents(t, "price change", 0, 100)}
	}
	for k := range cfg.Promotions.Promotions {
		if p := &cfg.Promotions.Promotions[k]; p.Off {
			s := &cfg.Sellers[rapid.IntRange(0, n-1).Draw(t, "switches")]
			s.Offers = append(s.Offers, Offer{Price: 1, Promotion: p.Name})
		}
	}
}

func drawVisit(t *rapid.T, cfg *Config) {
	cfg.Visit = Visit{Kind: oneOf(t, "visit", Shelf, Journey), ThinkMinutes: oneOf(t, "think", 0, 10.0), PayMinutes: oneOf(t, "pay", 0, 30.0), Substitute: oneOf(t, "substitute", 0, 0.7),
		SoldOut: oneOf(t, "sold out", "seen", "hidden"), Places: rapid.IntRange(1, 32).Draw(t, "places"), Ranking: oneOf(t, "ranking", "appeal", "random"), Spread: 1, Position: 0.5,
		Click: oneOf(t, "click", 0.4, 1), Search: 0.2, Dwell: 30, DwellLog: oneOf(t, "dwell", 0, 1.0), Consider: rapid.IntRange(1, 8).Draw(t, "consider"), Basket: oneOf(t, "basket", 0, 0.5),
		Abandon: oneOf(t, "abandon", 0, 0.3), Returns: oneOf(t, "return days", 0, 0.5)}
	if maybe(t, "reminder") {
		cfg.Visit.Reminder = Reminder{Hours: 2, Works: 0.5}
		for k := range cfg.Promotions.Promotions {
			if p := &cfg.Promotions.Promotions[k]; p.Granted {
				cfg.Visit.Reminder.Coupon = p.Name
			}
		}
	}
	if maybe(t, "cross-sell") {
		shares := map[string]float64{"p9": 0.2} // a product that the market does not sell
		for j := range cfg.Products {
			shares[cfg.Products[j].Name] = 0.3
		}
		var err error
		if cfg.Visit.CrossSell, err = basket.ByHand(shares, nil); err != nil {
			t.Fatal(err)
		}
	}
	cfg.Loyalty.Satisfied = Grudges{StockOut: oneOf(t, "stock-out", 0, 2.0), Surprise: oneOf(t, "surprise", 0, 2.0), PriceChange: oneOf(t, "price change", 0, 0.5)}
	switch rapid.IntRange(0, 2).Draw(t, "loyalty") {
	case 1:
		cfg.Loyalty.Model = &loyalty.BGNBD{R: 1, Alpha: 0.5, A: 0.8, B: 2}
	case 2:
		cfg.Loyalty.Model = &loyalty.ParetoNBD{R: 1, Alpha: 0.5, S: 1, Beta: 0.5}
	}
}
