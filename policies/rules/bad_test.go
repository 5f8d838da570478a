package rules_test

import (
	"errors"
	"math"
	"testing"

	"github.com/souk-sim/souk/policies/rules"
	"github.com/souk-sim/souk/scenarios/field"
)

func TestABadParameterOfASellerAmongRivalsIsNamed(t *testing.T) {
	at := func(x float64) *float64 { return &x }
	const rival = "lowest_rival_price"
	two := func(change func(c []rules.FareClass)) *rules.EMSRb {
		c := []rules.FareClass{{Fare: 9, Mean: 10, SD: 2}, {Fare: 5, Mean: 10, SD: 2}}
		change(c)
		return &rules.EMSRb{Periods: 1, Classes: c}
	}
	deal := func(d rules.CampaignDeal, every int) *rules.Campaign {
		return &rules.Campaign{Price: 5, Every: every, Deals: []rules.CampaignDeal{{From: 0, To: 1}, d}}
	}
	step := func(s rules.MarkdownStep) *rules.Markdown {
		return &rules.Markdown{Price: 5, Steps: []rules.MarkdownStep{s}}
	}
	for _, c := range []struct {
		key  string
		rule rules.Rule
	}{
		{"rival", &rules.Follower{Rival: "price:acme"}}, {"margin", &rules.Follower{Rival: rival, Margin: -1}}, {"margin", &rules.Follower{Rival: rival, Margin: nan}},
		{"amount", &rules.Follower{Rival: rival, Amount: math.Inf(1)}}, {"floor", &rules.Follower{Rival: rival, Bounds: rules.Bounds{Floor: -1}}},
		{"floor", &rules.Undercut{Rival: rival, Bounds: rules.Bounds{Floor: nan}}}, {"ceiling", &rules.Undercut{Rival: rival, Bounds: rules.Bounds{Floor: 3, Ceiling: 2}}},
		{"floor_markup", &rules.Edgeworth{Rival: rival, Bounds: rules.Bounds{FloorMarkup: at(-1)}}}, {"cost", &rules.TitForTat{Rival: rival, Bounds: rules.Bounds{FloorMarkup: at(0), Cost: "wholesale"}}},
		{"rival", &rules.Undercut{Rival: "price:acme"}}, {"step", &rules.Undercut{Rival: rival, Step: -1}}, {"step", &rules.Edgeworth{Rival: rival, Step: nan}},
		{"relent", &rules.Edgeworth{Rival: rival, Relent: 1.1}}, {"rival", &rules.Edgeworth{Rival: "price:acme"}},
		{"rival", &rules.TitForTat{Rival: "price:acme"}}, {"forgive", &rules.TitForTat{Rival: rival, Forgive: -0.1}},
		{"price", &rules.Markdown{Steps: []rules.MarkdownStep{{From: at(1)}}}}, {"steps", &rules.Markdown{Price: 5}}, {"steps.0.off", step(rules.MarkdownStep{From: at(1), Off: 1})},
		{"steps.0.from", step(rules.MarkdownStep{})}, {"steps.0.from", step(rules.MarkdownStep{From: at(nan)})}, {"steps.0.to", step(rules.MarkdownStep{From: at(2), To: at(1)})},
		{"steps.0.promotion", step(rules.MarkdownStep{From: at(1), Promotion: "618"})}, {"steps.0.feature", step(rules.MarkdownStep{From: at(1), Feature: "age"})},
		{"price", &rules.Campaign{Deals: []rules.CampaignDeal{{}}}}, {"deals", &rules.Campaign{Price: 5}}, {"every", deal(rules.CampaignDeal{}, -1)},
		{"deals.1.from", deal(rules.CampaignDeal{From: 7, To: 7}, 7)}, {"deals.1.to", deal(rules.CampaignDeal{From: 3, To: 2}, 0)}, {"deals.1.to", deal(rules.CampaignDeal{From: 3, To: 7}, 7)},
		{"deals.1.price", deal(rules.CampaignDeal{Price: -1}, 0)}, {"deals.1.promotion", deal(rules.CampaignDeal{Promotion: "618"}, 0)},
		{"clock", &rules.Campaign{Price: 5, Deals: []rules.CampaignDeal{{}}, Clock: "month"}}, {"clock", &rules.Replay{Prices: []float64{1}, Clock: "month"}},
		{"promotion", &rules.Fixed{Price: 5, Promotion: "618"}}, {"deal_promotion", &rules.Cycle{Regular: 5, Deal: 4, Length: 2, DealPromotion: "618"}},
		{"classes", &rules.EMSRb{Periods: 1}}, {"periods", &rules.EMSRb{Classes: classes}}, {"stock", &rules.EMSRb{Periods: 1, Classes: classes, Stock: "seats"}}, {"left", &rules.EMSRb{Periods: 1, Classes: classes, Left: "days"}},
		{"classes.1.fare", two(func(c []rules.FareClass) { c[1].Fare = 9 })}, {"classes.0.fare", two(func(c []rules.FareClass) { c[0].Fare = 0 })},
		{"classes.0.mean", two(func(c []rules.FareClass) { c[0].Mean = 0 })}, {"classes.1.sd", two(func(c []rules.FareClass) { c[1].SD = nan })},
		{"rate", &rules.BidPrice{Scale: 1}}, {"scale", &rules.BidPrice{Rate: 1}}, {"demand", &rules.BidPrice{Demand: []float64{1, 2}}}, {"demand", &rules.BidPrice{Rate: 1, Demand: make([]float64, 10)}},
		{"demand.9", &rules.BidPrice{Demand: []float64{9: -1}}}, {"stock", &rules.BidPrice{Rate: 1, Scale: 1, Stock: "seats"}}, {"left", &rules.BidPrice{Rate: 1, Scale: 1, Left: "days"}},
	} {
		_, err := c.rule.Policy(shelf())
		if e, ok := errors.AsType[*field.Error](err); !ok || e.Key != c.key || e.Found == "" || e.Expected == "" {
			t.Errorf("%+v, %s: %v", c.rule, c.key, err)
		}
	}
}
