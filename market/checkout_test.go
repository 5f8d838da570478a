package market

import (
	"testing"
	"unsafe"

	"github.com/souk-sim/souk/market/promotion"
	"github.com/souk-sim/souk/market/stock"
	"github.com/souk-sim/souk/sim/env"
)

func TestAVisitorFillsACacheLine(t *testing.T) {
	if size := unsafe.Sizeof(visitor{}); size != 64 {
		t.Errorf("a visitor takes %d bytes, not a cache line of 64", size)
	}
}

// Nobody pays more than the price that he decided on, however long he takes to the check-out, whatever else is in the cart: a seller who raises prices in between gains
// nothing by it. Who finds a lower price pays that one.
func TestACartKeepsItsPrices(t *testing.T) {
	reminder := Reminder{Hours: 6, Works: 1}
	for _, c := range []struct {
		name   string
		change func(*Config)
	}{
		{"a slow check-out", func(cfg *Config) { cfg.Visit.PayMinutes = 600 }},
		{"a reminder", func(cfg *Config) { cfg.Visit.Abandon, cfg.Visit.Reminder = 1, reminder }},
		{"a basket", func(cfg *Config) { cfg.Visit.PayMinutes, cfg.Visit.Basket = 600, 0.9 }},
		{"a promotion", func(cfg *Config) {
			cfg.Visit.PayMinutes, cfg.Visit.Basket = 600, 0.9
			cfg.Promotions.Promotions = []promotion.Promotion{{Name: "off", Kind: "spend", Options: &promotion.Spend{Tiers: []promotion.Tier{{Spend: 3, Percent: 10}}}}}
		}},
	} {
		cfg := plain(500, 6)
		cfg.Sellers[0].Offers = []Offer{{Price: 1}, {Price: 1.25}}
		cfg.Sellers[0].Review.Every = 0.25
		c.change(cfg)
		m := open(t, cfg, 1)
		posted := make([]int64, len(cfg.Products))
		type line struct {
			who     shopper
			product int32
		}
		decided := map[line]int64{}
		kept, lower := 0, 0
		turn := 0
		watch(t, m, 0, func(*env.TimeStep) int { turn++; return turn % 2 }, func(r *Record) {
			switch r.Kind {
			case Repriced:
				posted[r.Product] = r.Price
			case ShopperDecides, BasketGrows:
				if r.Product != None {
					decided[line{shopper{r.Period, r.Number}, r.Product}] = r.Price
				}
			case ChecksOut:
				price := decided[line{shopper{r.Period, r.Number}, r.Product}]
				if want := min(price, posted[r.Product]); r.Price != want || r.Amount > int64(r.Units)*want {
					t.Fatalf("%s: %+v, decided on at %d, posted at %d", c.name, r, price, posted[r.Product])
				}
				if price < posted[r.Product] {
					kept++
				} else if price > posted[r.Product] {
					lower++
				}
			}
		})
		if kept < 20 || lower < 20 {
			t.Errorf("%s: %d pay less than is posted by then, %d less than they decided on, expected some of both", c.name, kept, lower)
		}
	}
}

// What is left of a budget and pays for no more units is not advertised: at the end shoppers go by what they would pay.
func TestALeftOverBudgetIsNotAdvertised(t *testing.T) {
	cfg := plain(1000, 3)
	cfg.Promotions.Promotions = []promotion.Promotion{{Name: "off", Kind: "amount", Budget: 1, Options: &promotion.Amount{Amount: 0.3}}}
	m := open(t, cfg, 1)
	before := m.views[0].weight[m.place[0]]
	watch(t, m, 0, stay(m), func(r *Record) {
		if r.Kind != ChecksOut {
			return
		}
		if _, saved := m.usage.Used(0); saved > 9000 {
			t.Fatalf("%d saved, of a budget of 10000 in whole units of 3000", saved)
		}
	})
	uses, _ := m.usage.Used(0)
	if uses != 3 || m.usage.Spent(0) {
		t.Fatalf("%d uses, spent: %v; expected 3 and a left-over", uses, m.usage.Spent(0))
	}
	for j := range m.products {
		was := m.views[0].weight[m.place[j]]
		m.weigh(m.now, j)
		if is := m.views[0].weight[m.place[j]]; is != was {
			t.Errorf("product %d: shoppers go by a weight of %g, its price makes it %g", j, was, is)
		}
	}
	if after := m.views[0].weight[m.place[0]]; !(after < before) {
		t.Errorf("weight %g with the promotion, %g when nothing is left of it", before, after)
	}
}

// Every unit has an owner of its own: those of one order come up for disposal at times of their own, however promotions split its lines.
func TestUnitsOfSplitLinesAreTradedInApart(t *testing.T) {
	cfg := duopoly()
	ten := int64(10)
	cfg.Horizon = 20
	cfg.Personas[0].Units, cfg.Personas[1].Units = 3, 3
	cfg.Products[3].Stock = &stock.Config{Policy: "none", Initial: &ten}
	cfg.Products = append(cfg.Products, Product{Name: "rebuy", Price: 0.3, TradeIn: &TradeIn{Of: "c", Becomes: "d", Days: 1, Utility: 50, Price: 1}})
	cfg.Sellers[1].Products = append(cfg.Sellers[1].Products, "rebuy")
	cfg.Promotions.Promotions = []promotion.Promotion{{Name: "first", Kind: "percentage", PerOrder: 1, Options: &promotion.Percentage{Percent: 10}}}
	tradeIns, at := 0, map[float64]bool{}
	watch(t, open(t, cfg, 1), 0, always(2, 2), func(r *Record) {
		if r.Kind == TradesIn {
			tradeIns++
			at[r.Time] = true
		}
	})
	if tradeIns < 1000 || len(at) != tradeIns {
		t.Errorf("%d trade-ins at %d instants", tradeIns, len(at))
	}
}

// Where all units come back and goods cost nothing nobody earns anything: what is paid and the channel's commission are given back, and when the market closes for good,
// for what is under way as well.
func TestWhatComesBackIsGivenBack(t *testing.T) {
	for _, days := range []float64{0.01, 1000} {
		cfg := plain(300, 10)
		cfg.Terminal = true
		cfg.Channels = []Channel{{Name: "x", Share: 1, Commission: 0.3}}
		cfg.Visit.Returns = days
		for j := range cfg.Products {
			cfg.Products[j].Returns, cfg.Products[j].Cost = 1, 0
		}
		back := int32(0)
		m := open(t, cfg, 1)
		watch(t, m, 0, stay(m), func(r *Record) {
			if r.Kind == Returns {
				back += r.Units
			}
		})
		if s := &m.sellers[0]; s.paid != 0 || s.selling != 0 || s.sold < 1000 || int64(back) != s.sold || m.books.back != s.sold {
			t.Errorf("returns after %g days: %d sold, %d come back; left are takings of %d and commissions of %d", days, s.sold, back, s.paid, s.selling)
		}
	}
}
