package market

import (
	"testing"

	"github.com/souk-sim/souk/market/promotion"
)

// Shoppers remember what they were asked, not what was crossed out: a fifth off for everybody and a posted price a fifth lower sell alike for ever. A promotion that ends as
// a period closes was that period's.
func TestShoppersRememberWhatTheyWereAsked(t *testing.T) {
	play := func(change func(*Config)) (SellerAccount, float64) {
		cfg := plain(1000, 20)
		cfg.Personas[0].Gain, cfg.Personas[0].Loss, cfg.Reference.Memory = 1, 2, 0.5
		change(cfg)
		m := open(t, cfg, 1)
		watch(t, m, 0, stay(m), nil)
		return m.SellerAccount(0), m.fronts[0].posted[1].reference
	}
	off := promotion.Promotion{Name: "off", Kind: "percentage", Options: &promotion.Percentage{Percent: 20}}
	lower, low := play(func(cfg *Config) { cfg.Sellers[0].Offers = []Offer{{Price: 0.8}} })
	if deal, reference := play(func(cfg *Config) { cfg.Promotions.Promotions = []promotion.Promotion{off} }); deal != lower || reference != low {
		t.Errorf("a fifth off sells %+v and is remembered as $%g; a price a fifth lower %+v, $%g", deal, reference, lower, low)
	}
	_, reference := play(func(cfg *Config) {
		cfg.Horizon, off.Ends = 1, 1
		cfg.Promotions.Promotions = []promotion.Promotion{off}
	})
	if want := 0.5*2 + 0.5*1.6; reference != want {
		t.Errorf("after a period at $1.60 in place of $2 shoppers remember $%g, expected $%g", reference, want)
	}
	_, reference = play(func(cfg *Config) {
		cfg.Horizon, off.Starts, off.Ends = 1, 1, 0
		cfg.Promotions.Promotions = []promotion.Promotion{off}
	})
	if reference != 2 {
		t.Errorf("a promotion that has not begun is remembered: $%g", reference)
	}
}
