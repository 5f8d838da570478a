package policies

import (
	"fmt"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// Law is a policy that can tell the probabilities of all its offers at once, in place of Decide being asked one u after the other.
type Law interface {
	// Odds fills in the probability of each offer at an observation (len(Spec.Offers)); they sum to 1.
	Odds(observation, odds []float64)
}

// Odds fills in the probability with which a policy makes each offer of its ladder at an observation. A policy that is no Law must turn u
// into an offer by inversion, each offer on one interval of u as long as its propensity, as rules do; then one question for each offer
// that it may make answers it. Of another one the odds do not sum to 1.
func Odds(p Policy, observation, odds []float64) {
	if law, ok := p.(Law); ok {
		law.Odds(observation, odds)
		return
	}
	clear(odds)
	const step = 1e-9 // less probable offers are not found
	for u := 0.0; u < 1-step; {
		d := p.Decide(observation, u)
		odds[d.Action] = d.Propensity
		u += max(d.Propensity, 0) + step
	}
}

// Odds implements Law.
func (t *Table) Odds(observation, odds []float64) {
	var buffer [64]bool
	mask := Mask(&t.Spec, observation, buffer[:])
	greedy, _ := t.greedy(t.Source(t.Encoder.Encode(observation)), mask)
	clear(odds)
	odds[greedy] = 1
	mix(odds, mask, t.Epsilon)
}

// Explorer makes, with probability Epsilon, any allowed offer, all equally likely, and else what another policy does: the mixture that
// gives its log support for every other policy.
type Explorer struct {
	of      Policy
	spec    *env.Spec
	epsilon float64
}

// Explore lets a policy for a spec explore; epsilon is from 0 to 1. The error is a *field.Error.
func Explore(p Policy, spec *env.Spec, epsilon float64) (*Explorer, error) {
	if !(epsilon >= 0 && epsilon <= 1) {
		return nil, field.New("explore", fmt.Sprint(epsilon), "a probability, 0 to 1")
	}
	return &Explorer{p, spec, epsilon}, checkSpec(spec)
}

// Decide implements Policy.
func (e *Explorer) Decide(observation []float64, u float64) Decision {
	var buffer [64]bool
	mask := Mask(e.spec, observation, buffer[:])
	if u >= e.epsilon {
		d := e.of.Decide(observation, (u-e.epsilon)/(1-e.epsilon))
		_, allowed := Pick(mask, 0)
		d.Propensity = float64((1 - e.epsilon) * d.Propensity)
		if mask[d.Action] {
			d.Propensity += e.epsilon / float64(allowed)
		}
		return d
	}
	var some [64]float64
	odds := some[:]
	if n := len(e.spec.Offers); n > len(odds) {
		odds = make([]float64, n)
	}
	odds = odds[:len(e.spec.Offers)]
	e.Odds(observation, odds)
	action, _ := Pick(mask, u/e.epsilon)
	offer := &e.spec.Offers[action]
	return Decision{Action: action, Price: offer.Price, Promotion: offer.Promotion, Propensity: odds[action]}
}

// Odds implements Law.
func (e *Explorer) Odds(observation, odds []float64) {
	var buffer [64]bool
	Odds(e.of, observation, odds)
	mix(odds, Mask(e.spec, observation, buffer[:]), e.epsilon)
}

// mix mixes odds with equal ones of what is allowed.
func mix(odds []float64, mask []bool, epsilon float64) {
	_, allowed := Pick(mask, 0)
	for a := range odds {
		odds[a] = float64((1 - epsilon) * odds[a])
		if mask[a] {
			odds[a] += epsilon / float64(allowed)
		}
	}
}
