package market

import (
	"testing"

	"github.com/souk-sim/souk/market/stock"
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
