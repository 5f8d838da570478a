// Package rules holds the hand-written pricing rules, one file each: what a seller can do without learning. Every rule
// obeys the limits of its Spec: where they forbid what it wants, it makes the nearest offer that they allow. Prices that are
// not on the ladder are snapped to its nearest, and where a rule does not name a promotion, to one without, if there is any.
package rules

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// Rule is a rule's parameters: a pointer to a struct that already holds the defaults. Its tags are those of a scenario's schema
// (toml, default, range, oneof, required, doc).
type Rule interface {
	// Policy makes the policy for a seller, or says as a *field.Error which parameter is bad; a feature that the seller
	// does not observe is that of the parameter that names it.
	Policy(spec *env.Spec) (policies.Policy, error)
}

// Needs tells whether a rule that a spec can have goes by a feature, so that it cannot be had without it.
func Needs(r Rule, spec *env.Spec, feature int) bool {
	without := *spec
	without.Features = slices.Clone(spec.Features)
	without.Features[feature].Name = ""
	_, err := r.Policy(&without)
	return err != nil
}

// Kind is a kind of rule as a scenario names it.
type Kind struct {
	Name string
	Doc  string      // one line, for help texts
	New  func() Rule // its parameters, at their defaults
}

// Kinds are all rules, by name. A new rule is one file and one line here.
func Kinds() []Kind {
	return []Kind{
		{"bid-price", "the price at which stock lasts to the end, by a fluid model", func() Rule { return &BidPrice{Stock: stockLeft, Left: periodsLeft} }},
		{"campaign", "a regular price, and promotions by a calendar", func() Rule { return &Campaign{} }},
		{"cost-plus", "cost and a markup on it", func() Rule { return &CostPlus{} }},
		{"cycle", "a regular price, and a deal at fixed intervals", func() Rule { return &Cycle{DealPeriods: 1} }},
		{"edgeworth", "undercut down to a floor, then jump back to the ceiling", func() Rule { return &Edgeworth{Rival: lowestRival, Relent: 1} }},
		{"emsr-b", "the lowest fare class whose booking limit is not reached", func() Rule { return &EMSRb{Stock: stockLeft, Left: periodsLeft} }},
		{"fixed", "one price for ever", func() Rule { return &Fixed{} }},
		{"follower", "the lowest rival price and a margin on it", func() Rule { return &Follower{Rival: lowestRival} }},
		{"markdown", "shares off a price by age, stock or time left", func() Rule { return &Markdown{} }},
		{"markov-deals", "the next offer drawn by the one made now", func() Rule { return &MarkovDeals{Feature: "own_rung"} }},
		{"random", "any allowed offer, all equally likely", func() Rule { return &Random{} }},
		{"replay", "a recorded or seasonal price for each period", func() Rule { return &Replay{} }},
		{"tit-for-tat", "a high price until a rival asks less, then what the rival asks", func() Rule { return &TitForTat{Rival: lowestRival} }},
		{"undercut", "less than the lowest rival, down to a floor", func() Rule { return &Undercut{Rival: lowestRival} }},
	}
}

// Features that rules read where their parameters name no other.
const (
	lowestRival = "lowest_rival_price"
	stockLeft   = "stock"
	periodsLeft = "periods_left"
)

// ladder turns what a rule wants into an offer.
type ladder struct {
	spec     env.Spec
	revision string
	prices   []float64 // to be had without a promotion, or all if there are none; increasing
}

func newLadder(spec *env.Spec, revision string) (ladder, error) {
	if len(spec.Offers) == 0 {
		return ladder{}, field.New("offers", "none", "at least one")
	}
	l := ladder{spec: *spec, revision: revision}
	plain := slices.ContainsFunc(spec.Offers, func(o env.Offer) bool { return o.Promotion == "" })
	for _, o := range spec.Offers {
		if o.Promotion == "" || !plain {
			l.prices = append(l.prices, o.Price)
		}
	}
	slices.Sort(l.prices)
	l.prices = slices.Compact(l.prices)
	return l, nil
}

// want makes the allowed offer nearest to a price and a promotion.
func (l *ladder) want(observation []float64, price float64, promotion string) policies.Decision {
	ideal := policies.Nearest(&l.spec, nil, price, promotion)
	hit := policies.Hit(&l.spec, observation, ideal)
	if hit == 0 {
		return l.make(ideal, 1)
	}
	var buffer [64]bool
	mask := policies.Mask(&l.spec, observation, buffer[:])
	if mask[ideal] { // all offers break a limit, and this one least
		return l.make(ideal, 1)
	}
	d := l.make(policies.Nearest(&l.spec, mask, price, promotion), 1)
	d.Guardrails = hit
	return d
}

// mix wants one price with a probability, and another otherwise.
func (l *ladder) mix(observation []float64, u, probability, price, otherwise float64) policies.Decision {
	one, other := l.want(observation, price, ""), l.want(observation, otherwise, "")
	if u >= probability {
		one, other, probability = other, one, 1-probability
	}
	if one.Action != other.Action {
		one.Propensity = probability
	}
	return one
}

func (l *ladder) make(action int, propensity float64) policies.Decision {
	o := &l.spec.Offers[action]
	return policies.Decision{Action: action, Price: o.Price, Promotion: o.Promotion, Propensity: propensity, Revision: l.revision}
}

// slack is by how much prices, and times, may differ and count as equal.
const slack = 1e-9

// atLeast is the cheapest of increasing prices that is not below a floor; the dearest where all are.
func atLeast(prices []float64, floor float64) float64 {
	i, _ := slices.BinarySearch(prices, floor-slack)
	return prices[min(i, len(prices)-1)]
}

// atMost is the dearest of increasing prices that is not above a ceiling; the cheapest where all are.
func atMost(prices []float64, ceiling float64) float64 {
	i, _ := slices.BinarySearch(prices, ceiling+slack)
	return prices[max(i-1, 0)]
}

// feature finds the feature that a parameter names, or where it names none, the first of the usual ones that the seller observes.
func feature(spec *env.Spec, key, name string, usual ...string) (int, error) {
	names := usual
	if name != "" {
		names = []string{name}
	}
	for _, name := range names {
		if i := spec.Feature(name); i >= 0 {
			return i, nil
		}
	}
	return 0, field.New(key, `"`+strings.Join(names, `" or "`)+`"`, "a feature that the seller observes")
}

// costFeature finds the feature that tells what a unit costs the seller.
func costFeature(spec *env.Spec, key, name string) (int, error) {
	return feature(spec, key, name, "unit_cost", "cost")
}

// clockFeature finds the feature that tells the time, in periods.
func clockFeature(spec *env.Spec, name string) (int, error) {
	return feature(spec, "clock", name, "week", "period")
}

// positive checks a price.
func positive(key string, price float64) error {
	return between(key, price, slack, 1e300, "a price above 0")
}

// between checks a number.
func between(key string, x, low, high float64, expected string) error {
	if !(x >= low && x <= high) {
		return field.New(key, x, expected)
	}
	return nil
}

// promoted checks that the ladder has a promotion; "" is none.
func promoted(spec *env.Spec, key, promotion string) error {
	if promotion == "" || slices.ContainsFunc(spec.Offers, func(o env.Offer) bool { return o.Promotion == promotion }) {
		return nil
	}
	return field.New(key, fmt.Sprintf("%q", promotion), "a promotion of the ladder")
}

// first is the first error, if any.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// whole is the period in which a time lies, and false where it is missing or beyond counting. Times carry rounding errors.
func whole(x float64) (float64, bool) { return math.Floor(x + slack), math.Abs(x) <= 1<<53 }
