package market

import (
	"testing"

	"github.com/souk-sim/souk/market/stock"
	"github.com/souk-sim/souk/scenarios/field"
)

// An episode depends on none before it: a stock that its policy fills by a forecast opens with what the first period is expected to bring, whatever came before.
func TestAForecastFillsByItsOwnEpisode(t *testing.T) {
	cfg := duopoly()
	cfg.Traffic.Dispersion = 1
	cfg.Products[0].Stock = &stock.Config{Policy: "forecast", ReviewDays: 1, CoverDays: 2, Safety: 1, LeadTime: stock.LeadTime{MeanDays: 1}, HoldingCost: 0.1}
	fresh := open(t, cfg, 1)
	fills := map[int64]bool{}
	for episode := range uint64(4) {
		m := open(t, cfg, 1)
		m.Reset(episode)
		fill := m.products[0].keeper.OnHand()
		fills[fill] = true
		watch(t, m, episode, always(2, 2), nil)
		account := m.SellerAccount(0)
		watch(t, fresh, 9-episode, always(2, 2), nil)
		fresh.Reset(episode)
		if got := fresh.products[0].keeper.OnHand(); got != fill {
			t.Errorf("episode %d opens with %d units after another one, with %d at first", episode, got, fill)
		}
		watch(t, fresh, episode, always(2, 2), nil)
		if got := fresh.SellerAccount(0); got != account {
			t.Errorf("episode %d after another one: %+v, at first %+v", episode, got, account)
		}
	}
	if len(fills) < 2 {
		t.Errorf("all episodes open with %v units: they expect different numbers of shoppers", fills)
	}
}

// Goods that spoil and are ordered again at once keep the calendar busy: what may take more than a run has time for is refused, what is bounded runs, and takes as many
// events as it was expected to at most.
func TestStockThatSpoilsIsBounded(t *testing.T) {
	for _, c := range []struct {
		name    string
		stock   stock.Config
		horizon int
		key     string // of the error; "": it runs
	}{
		{"a tenth of a second", stock.Config{Policy: "base-stock", OrderUpTo: 5, ShelfLifeDays: 1e-6}, 1, "products.a.stock.shelf_life_days"},
		{"seconds, for years", stock.Config{Policy: "base-stock", OrderUpTo: 5000, ShelfLifeDays: 2 * second}, 1000, "products.a.stock.review_days"},
		{"filled by single units", stock.Config{Policy: "base-stock", OrderUpTo: 1e9, MostOrder: 1, LeadTime: stock.LeadTime{MeanDays: 1e-9}}, 1, "products.a.stock.review_days"},
		{"an hour", stock.Config{Policy: "base-stock", OrderUpTo: 5, ShelfLifeDays: 1.0 / 24}, 3, ""},
		{"an hour, with a random lead time", stock.Config{Policy: "base-stock", OrderUpTo: 20, ShelfLifeDays: 1.0 / 24, LeadTime: stock.LeadTime{Law: "exponential", MeanDays: 0.01}}, 3, ""},
		{"an hour, one by one", stock.Config{Policy: "r-Q", ReorderPoint: 7, OrderQuantity: 8, MostOrder: 1, ShelfLifeDays: 1.0 / 24, LeadTime: stock.LeadTime{MeanDays: 0.01}}, 3, ""},
	} {
		cfg := plain(10, c.horizon)
		cfg.Products[0].Stock = &c.stock
		m, err := New(cfg, 1)
		if c.key != "" {
			if e, ok := err.(*field.Error); !ok || e.Key != c.key {
				t.Errorf("%s: error %v, expected one of %s", c.name, err, c.key)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		made, sold := 0.0, 0.0
		watch(t, m, 0, stay(m), func(r *Record) {
			switch {
			case r.Kind == StockOrdered:
				made++
			case r.Kind == ChecksOut && r.Product == 0:
				sold++
			}
		})
		if most := orders(&c.stock, float64(c.horizon), sold) + sold; made == 0 || made > most {
			t.Errorf("%s: %g orders, at most %g expected", c.name, made, most)
		}
	}
}

// At an end for good every unit has been paid for once: those promised when they were promised, the rest of what was ordered then.
func TestBackOrdersAreChargedOnce(t *testing.T) {
	for _, lead := range []float64{1, 100} {
		cfg := plain(100, 3)
		cfg.Terminal = true
		none := int64(0)
		cfg.Products[0].Cost = 1
		cfg.Products[0].Stock = &stock.Config{Policy: "base-stock", OrderUpTo: 7, Initial: &none, MaxWaiting: 1_000_000, LeadTime: stock.LeadTime{MeanDays: lead}, DisposalCost: 0.5}
		m := open(t, cfg, 1)
		var sold, ordered, others int64
		watch(t, m, 0, stay(m), func(r *Record) {
			switch {
			case r.Kind == StockOrdered:
				ordered += int64(r.Units)
			case r.Kind == ChecksOut && r.Product == 0:
				sold += int64(r.Units)
			case r.Kind == ChecksOut:
				others += int64(r.Units) * m.products[r.Product].cost
			}
		})
		if sold < 20 || ordered != sold+7 {
			t.Fatalf("%d sold, %d ordered", sold, ordered)
		}
		if got, want := m.sellers[0].stock, 7*int64(minor)/2; got != want {
			t.Errorf("lead time %g: disposal costs %d, expected %d, of 7 units", lead, got, want)
		}
		if got, want := m.sellers[0].goods-others, ordered*minor; got != want {
			t.Errorf("lead time %g: %d sold, %d ordered at $1 each, and charged $%g", lead, sold, ordered, float64(got)/minor)
		}
	}
}
