package rules_test

import (
	"testing"

	"github.com/souk-sim/souk/policies/rules"
	"github.com/souk-sim/souk/sim/env"
)

func TestMarkdownTakesTheLargestShareThatHolds(t *testing.T) {
	spec := shelf()
	spec.Offers = append(spec.Offers, env.Offer{Price: 5, Promotion: "yellow-sticker"})
	at := func(x float64) *float64 { return &x }
	p := on(t, spec, &rules.Markdown{Price: 10, Steps: []rules.MarkdownStep{
		{From: at(5), Off: 0.3},
		{Feature: "oldest_days", From: at(7), Off: 0.5, Promotion: "yellow-sticker"},
		{Feature: "periods_left", To: at(2), Off: 0.8},
		{Feature: "stock", From: at(100), To: at(200), Off: 0.1},
	}})
	for _, c := range []struct {
		age, left, stock, price float64
		promotion               string
	}{
		{0, 9, 10, 10, ""}, {4.9, 9, 10, 10, ""}, {5, 9, 10, 7, ""}, {7, 9, 10, 5, "yellow-sticker"}, {9, 2, 10, 2, ""}, {0, 2, 0, 2, ""},
		{0, 9, 100, 9, ""}, {0, 9, 201, 10, ""}, {6, 9, 150, 7, ""}, {nan, 9, 10, 10, ""}, {nan, nan, nan, 10, ""}, {8, nan, nan, 5, "yellow-sticker"},
	} {
		d := p.Decide(seen(map[string]float64{"oldest_days": c.age, "periods_left": c.left, "stock": c.stock}), 0)
		if d.Price != c.price || d.Promotion != c.promotion {
			t.Errorf("%+v: %+v", c, d)
		}
	}
}

func TestCampaignKeepsItsCalendar(t *testing.T) {
	spec := shelf()
	spec.Offers = append(spec.Offers, env.Offer{Price: 9, Promotion: "618"})
	deals := []rules.CampaignDeal{{From: 2, To: 3, Price: 6}, {From: 3, To: 5, Promotion: "618"}}
	once := on(t, spec, &rules.Campaign{Price: 9, Deals: deals})
	yearly := on(t, spec, &rules.Campaign{Price: 9, Deals: deals, Every: 7, Clock: "period"})
	season := []string{"9", "9", "6", "6", "9 618", "9 618", "9"}
	for period := -14; period < 21; period++ {
		want := "9"
		if 0 <= period && period < 7 {
			want = season[period]
		}
		if got := told(once, "week", float64(period)); got != want {
			t.Errorf("once, period %d: %s, not %s", period, got, want)
		}
		if got, want := told(yearly, "period", float64(period)), season[(period+14)%7]; got != want {
			t.Errorf("each season, period %d: %s, not %s", period, got, want)
		}
	}
	if got := told(once, "week", 2-1e-12); got != "6" {
		t.Errorf("period 2, but for rounding: %s", got)
	}
	if got := told(once, "week", nan); got != "9" {
		t.Errorf("no time: %s", got)
	}
}

// The clock is the week where the seller sees it, else the period; another feature may be named.
func TestARecordIsReplayedByPeriod(t *testing.T) {
	byPeriod := &env.Spec{Features: features("period", "day_of_week"), Offers: shelf().Offers}
	list := []float64{4, 5, 6}
	for _, c := range []struct {
		rule        rules.Replay
		period, day float64
		want        float64
	}{
		{rules.Replay{First: 10, Prices: list}, 11, 0, 5}, {rules.Replay{First: 10, Prices: list}, 3, 0, 4}, {rules.Replay{First: 10, Prices: list}, 30, 0, 6},
		{rules.Replay{Prices: list, Repeat: true}, 4, 0, 5}, {rules.Replay{First: 2, Prices: list, Repeat: true}, 1, 0, 6}, {rules.Replay{Prices: list, Repeat: true}, nan, 0, 4},
		{rules.Replay{Prices: list, Clock: "day_of_week"}, 0, 2, 6},
	} {
		if d := on(t, byPeriod, &c.rule).Decide([]float64{c.period, c.day}, 0); d.Price != c.want {
			t.Errorf("%+v in period %v: asks %v", c.rule, c.period, d.Price)
		}
	}
	cycle := on(t, byPeriod, &rules.Cycle{Regular: 9, Deal: 5, Length: 2, DealPeriods: 1})
	if d := cycle.Decide([]float64{3, 0}, 0); d.Price != 5 {
		t.Errorf("%+v", d)
	}
}

func TestCostGoesByEitherName(t *testing.T) {
	for _, name := range []string{"cost", "unit_cost"} {
		spec := &env.Spec{Features: features(name), Offers: shelf().Offers}
		if d := on(t, spec, &rules.CostPlus{Markup: 1}).Decide([]float64{3}, 0); d.Price != 6 {
			t.Errorf("%s: %+v", name, d)
		}
	}
}
