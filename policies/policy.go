// Package policies holds frozen pricing policies: an encoder from observations to states, a ladder of offers, a table
// of values, and the guardrails between them and the shelf. It imports the standard library and the types that say
// what a player sees, so that a production service can embed it.
package policies

import (
	"math"

	"github.com/souk-sim/souk/sim/env"
)

// Policy answers an observation with an offer. It is stateless and safe for concurrent use: whatever it remembers
// must be in the observation, and whatever is random comes from u.
type Policy interface {
	// Decide returns the offer for an observation (in the order of Spec.Features, NaN for missing). u in [0, 1) is
	// the caller's uniform number; a deterministic policy ignores it. The observation is not kept.
	Decide(observation []float64, u float64) Decision
}

// Decision is an offer and how it came about.
type Decision struct {
	Action     int        `json:"action"` // index into Spec.Offers
	Price      float64    `json:"price"`
	Promotion  string     `json:"promotion,omitempty"`
	Propensity float64    `json:"propensity"` // probability with which the policy makes this offer at this observation
	Revision   string     `json:"revision,omitempty"`
	Guardrails Guardrails `json:"guardrails,omitempty"`
}

// Nearest returns the allowed offer that is closest to a price and a promotion: among those with the promotion, if there
// are any, the one whose price differs least, the lowest index among equals. A nil mask allows all.
func Nearest(spec *env.Spec, mask []bool, price float64, promotion string) int {
	best, _ := nearest(spec, mask, price, promotion)
	return best
}

// nearest also tells by how much the next would be further.
func nearest(spec *env.Spec, mask []bool, price float64, promotion string) (best int, lead float64) {
	best, lead = -1, math.Inf(1)
	gap, same := 0.0, false
	for a := range spec.Offers {
		if mask != nil && !mask[a] {
			continue
		}
		o := &spec.Offers[a]
		d, match := math.Abs(o.Price-price), o.Promotion == promotion
		switch {
		case best < 0 || match && !same:
			best, gap, same, lead = a, d, match, math.Inf(1)
		case match != same:
		case d < gap:
			best, gap, lead = a, d, gap-d
		default:
			lead = min(lead, d-gap)
		}
	}
	return best, lead
}

// Pick returns the allowed offer that a uniform number u in [0, 1) falls on when all are equally likely, and how many
// there are.
func Pick(mask []bool, u float64) (action, allowed int) {
	for _, ok := range mask {
		if ok {
			allowed++
		}
	}
	k := int(u * float64(allowed))
	for a, ok := range mask {
		if !ok {
			continue
		}
		if action = a; k == 0 {
			break
		}
		k--
	}
	return action, allowed
}
