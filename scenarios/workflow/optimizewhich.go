package workflow

import (
	"slices"
	"strconv"

	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/scenarios"
)

// Calendars names the bundled scenarios that have a calendar in closed form.
const Calendars = "airline, canned-tuna, closed-loop, exact-problems, flash-sale, fresh-food, gallego-van-ryzin-1994, " +
	"oligopoly, orange-juice, price-war, regime-change and seasonal-retail"

// plannable says why a scenario's market has no calendar in closed form: a *field.Error of the key that stands in the way, and what to set in its place. Nothing is fitted to find out.
func plannable(s *scenarios.Scenario) error {
	refuse := func(found, expected, set string, keys ...string) error {
		if set != "" {
			expected += "; --set " + set + " tries it"
		}
		return s.Fault(found, expected+". Of the bundled scenarios these have calendars: "+Calendars, keys...)
	}
	switch s.World() {
	case scenarios.PricingProblem:
		return plannableProblem(s, refuse)
	case scenarios.WeeklyCategory, scenarios.OpenMarket:
	case scenarios.ShoppersAlone:
		return refuse("shoppers alone", "a market or a pricing problem, for a calendar", "", "shoppers")
	default:
		return refuse("a game", "a market or a pricing problem, for a calendar: who plays a game answers others", "", string(s.World()))
	}
	at := slices.IndexFunc(s.Sellers, func(x scenarios.Seller) bool { return x.Learns() })
	if at < 0 {
		return refuse("a brain in every seller", "a seller without one, whose calendar is planned", "", "sellers")
	}
	cfg := s.MarketConfig()
	if cfg == nil {
		return nil // a chain reviews once a week, at a shelf
	}
	if cfg.Visit.Kind == market.Journey {
		return refuse(strconv.Quote(market.Journey), "shelf, for a calendar: in a journey what shoppers choose from has no closed form", `'visit={kind="shelf"}'`, "visit", "kind")
	}
	seller := &cfg.Sellers[cfg.Focal]
	if seller.Review.Every == 0 || seller.Review.Random {
		return refuse("reviews at no fixed times", "reviews by the clock, for a calendar", "'sellers."+s.Sellers[at].Name+".review=\"1 "+s.Time.Period+"\"'", "sellers", strconv.Itoa(at), "review")
	}
	for j := range cfg.Products {
		if cfg.Products[j].TradeIn != nil && slices.Contains(seller.Products, cfg.Products[j].Name) {
			return refuse("an offer to buy", "goods alone, for a calendar: what is bought back depends on all that was sold before", "", "products", strconv.Itoa(j), "trade_in")
		}
	}
	return nil
}

// plannableProblem is plannable of a pricing problem.
func plannableProblem(s *scenarios.Scenario, refuse func(found, expected, set string, keys ...string) error) error {
	switch cfg := s.ProblemConfig(); {
	case s.Regret != nil:
		return refuse("learners who live once", "a problem in which they train", "", "regret")
	case cfg.Criterion != "episodic":
		return refuse(strconv.Quote(cfg.Criterion), "episodic, for a calendar", `'problem.criterion="episodic"'`, "problem", "criterion")
	case cfg.Discount != 1:
		return refuse(strconv.FormatFloat(cfg.Discount, 'g', -1, 64), "1, for a calendar", "problem.discount=1", "problem", "discount")
	}
	return nil
}
