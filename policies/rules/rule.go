// Package rules holds the hand-written pricing rules, one file each: what a seller can do without learning. Every rule
// obeys the limits of its Spec: where they forbid what it wants, it makes the nearest offer that they allow.
package rules

import (
	"fmt"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// Rule is a rule's parameters: a pointer to a struct with toml tags that already holds the defaults.
type Rule interface {
	// Policy makes the policy for a seller, or says as a *field.Error which parameter is bad.
	Policy(spec *env.Spec) (policies.Policy, error)
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
		{"cost-plus", "cost and a markup on it", func() Rule { return &CostPlus{Feature: "unit_cost"} }},
		{"cycle", "a regular price, and a deal at fixed intervals", func() Rule { return &Cycle{DealWeeks: 1} }},
		{"fixed", "one price for ever", func() Rule { return &Fixed{} }},
		{"markov-deals", "the next offer drawn by the one made now", func() Rule { return &MarkovDeals{Feature: "own_rung"} }},
		{"random", "any allowed offer, all equally likely", func() Rule { return &Random{} }},
		{"replay", "a recorded price for each week", func() Rule { return &Replay{} }},
	}
}

// ladder turns what a rule wants into an offer.
type ladder struct {
	spec     env.Spec
	revision string
}

func newLadder(spec *env.Spec, revision string) (ladder, error) {
	if len(spec.Offers) == 0 {
		return ladder{}, field.New("offers", "none", "at least one")
	}
	return ladder{spec: *spec, revision: revision}, nil
}

// want makes the allowed offer nearest to a price and a promotion.
func (l *ladder) want(observation []float64, price float64, promotion string) policies.Decision {
	var buffer [64]bool
	mask := policies.Mask(&l.spec, observation, buffer[:])
	ideal := policies.Nearest(&l.spec, nil, price, promotion)
	if mask[ideal] {
		return l.make(ideal, 1)
	}
	d := l.make(policies.Nearest(&l.spec, mask, price, promotion), 1)
	d.Guardrails = policies.Hit(&l.spec, observation, ideal)
	return d
}

func (l *ladder) make(action int, propensity float64) policies.Decision {
	o := &l.spec.Offers[action]
	return policies.Decision{Action: action, Price: o.Price, Promotion: o.Promotion, Propensity: propensity, Revision: l.revision}
}

// feature finds the feature that a rule reads.
func feature(spec *env.Spec, key, name string) (int, error) {
	i := spec.Feature(name)
	if i < 0 {
		return 0, field.New(key, fmt.Sprintf("%q", name), "a feature that the seller observes")
	}
	return i, nil
}

// positive checks a price.
func positive(key string, price float64) error {
	if !(price > 0 && price <= 1e300) {
		return field.New(key, price, "a price above 0")
	}
	return nil
}
