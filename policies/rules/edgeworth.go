package rules

import (
	"fmt"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/sim/env"
)

// Edgeworth undercuts as Undercut does, but when the rival has come down to the floor it relents: with probability Relent it jumps back
// to the ceiling, and otherwise it waits at the floor for the rival to do so. Between two such sellers that gives the price war and
// the jump of the Edgeworth cycle (Edgeworth 1925; Maskin & Tirole 1988, A Theory of Dynamic Oligopoly II, Econometrica 56, where a firm
// at marginal cost mixes between waiting and relenting).
type Edgeworth struct {
	Rival  string  `toml:"rival" default:"'lowest_rival_price'" doc:"feature that tells the price to undercut, or the own offer nearest to it"`
	Step   float64 `toml:"step" default:"0.0" range:"[0,1000000]" doc:"$ below it, at least; 0: the next price of the ladder"`
	Relent float64 `toml:"relent" default:"1.0" range:"[0,1]" doc:"probability, at each review, of jumping to the ceiling when the rival is at the floor"`
	Bounds
}

// Policy implements Rule.
func (r *Edgeworth) Policy(spec *env.Spec) (policies.Policy, error) {
	return r.policy(spec, fmt.Sprintf("edgeworth %g", r.Step))
}

func (r *Edgeworth) policy(spec *env.Spec, revision string) (policies.Policy, error) {
	if err := first(between("step", r.Step, 0, 1e300, "a number of at least 0"), between("relent", r.Relent, 0, 1, "a probability")); err != nil {
		return nil, err
	}
	rival, err := rivalOn(spec, r.Rival)
	if err != nil {
		return nil, err
	}
	l, err := newLadder(spec, revision)
	if err != nil {
		return nil, err
	}
	b, err := r.on(&l, spec)
	return &edgeworth{l, b, rival, max(r.Step, 2*slack), r.Relent}, err
}

type edgeworth struct {
	ladder
	bounds
	rival
	step, relent float64
}

func (p *edgeworth) Decide(observation []float64, u float64) policies.Decision {
	low, high := p.at(observation)
	switch rival := p.rival.price(observation); {
	case rival != rival:
		return p.want(observation, high, "")
	case rival > low+slack:
		return p.want(observation, max(low, min(high, atMost(p.bounds.prices, rival-p.step))), "")
	}
	return p.mix(observation, u, p.relent, high, low)
}
