package rules

import (
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/sim/env"
)

// Random makes any allowed offer, all equally likely.
type Random struct{}

// Policy implements Rule.
func (r *Random) Policy(spec *env.Spec) (policies.Policy, error) {
	l, err := newLadder(spec, "random")
	return &random{l}, err
}

type random struct{ ladder }

func (p *random) Decide(observation []float64, u float64) policies.Decision {
	var buffer [64]bool
	action, allowed := policies.Pick(policies.Mask(&p.spec, observation, buffer[:]), u)
	return p.make(action, 1/float64(allowed))
}
