package rules

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// CostPlus asks the cost and a markup on it, snapped to the ladder. While the cost is missing it asks the dearest
// price, which at least is not below it.
type CostPlus struct {
	Feature string  `toml:"feature"` // the cost of a unit
	Markup  float64 `toml:"markup"`  // 0.25 asks 1.25 times the cost
}

// Policy implements Rule.
func (r *CostPlus) Policy(spec *env.Spec) (policies.Policy, error) {
	if !(r.Markup > -1 && r.Markup <= 1e6) {
		return nil, field.New("markup", r.Markup, "a number above -1")
	}
	cost, err := feature(spec, "feature", r.Feature)
	if err != nil {
		return nil, err
	}
	l, err := newLadder(spec, fmt.Sprintf("cost-plus %g", r.Markup))
	dearest := math.Inf(-1)
	for _, o := range spec.Offers {
		dearest = max(dearest, o.Price)
	}
	return &costPlus{l, cost, 1 + r.Markup, dearest}, err
}

type costPlus struct {
	ladder
	cost            int
	factor, dearest float64
}

func (p *costPlus) Decide(observation []float64, _ float64) policies.Decision {
	price := p.dearest
	if asked := observation[p.cost] * p.factor; asked < price { // false for NaN
		price = asked
	}
	return p.want(observation, price, "")
}
