package rules

import (
	"fmt"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/sim/env"
)

// Undercut asks the dearest price of the ladder that lies a step below the lowest rival's, never below its floor; there it stays until
// the rival moves up again. While no rival's price is seen it asks the ceiling. Rivals who undercut each other end at the
// floor, as in Bertrand competition.
type Undercut struct {
	Rival string  `toml:"rival" default:"'lowest_rival_price'" doc:"feature that tells the price to undercut, or the own offer nearest to it"`
	Step  float64 `toml:"step" default:"0.0" range:"[0,1000000]" doc:"$ below it, at least; 0: the next price of the ladder"`
	Bounds
}

// Policy implements Rule.
func (r *Undercut) Policy(spec *env.Spec) (policies.Policy, error) {
	e := Edgeworth{Rival: r.Rival, Step: r.Step, Bounds: r.Bounds}
	return e.policy(spec, fmt.Sprintf("undercut %g", r.Step))
}
