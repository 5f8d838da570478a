package rules

import (
	"fmt"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// CostPlus asks the cost and a markup on it, snapped to the ladder. While the cost is missing it asks the dearest
// price, which at least is not below it.
type CostPlus struct {
	Feature string  `toml:"feature" doc:"feature that tells the cost of a unit; left out: unit_cost, or cost where there is none"`
	Markup  float64 `toml:"markup" required:"true" range:"(-1,1000000]" doc:"share of the cost on top of it: 0.25 asks 1.25 times the cost"`
}

// Policy implements Rule.
func (r *CostPlus) Policy(spec *env.Spec) (policies.Policy, error) {
	if !(r.Markup > -1 && r.Markup <= 1e6) {
		return nil, field.New("markup", r.Markup, "a number above -1")
	}
	cost, err := costFeature(spec, "feature", r.Feature)
	if err != nil {
		return nil, err
	}
	l, err := newLadder(spec, fmt.Sprintf("cost-plus %g", r.Markup))
	if err != nil {
		return nil, err
	}
	return &costPlus{l, cost, 1 + r.Markup}, nil
}

type costPlus struct {
	ladder
	cost   int
	factor float64
}

func (p *costPlus) Decide(observation []float64, _ float64) policies.Decision {
	price := p.prices[len(p.prices)-1]
	if asked := observation[p.cost] * p.factor; asked < price { // false for NaN
		price = asked
	}
	return p.want(observation, price, "")
}
