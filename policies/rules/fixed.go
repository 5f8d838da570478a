package rules

import (
	"fmt"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/sim/env"
)

// Fixed makes one offer for ever: the one nearest to Price.
type Fixed struct {
	Price     float64 `toml:"price"`
	Promotion string  `toml:"promotion"`
}

// Policy implements Rule.
func (r *Fixed) Policy(spec *env.Spec) (policies.Policy, error) {
	if err := positive("price", r.Price); err != nil {
		return nil, err
	}
	l, err := newLadder(spec, fmt.Sprintf("fixed %g", r.Price))
	return &fixed{l, *r}, err
}

type fixed struct {
	ladder
	rule Fixed
}

func (p *fixed) Decide(observation []float64, _ float64) policies.Decision {
	return p.want(observation, p.rule.Price, p.rule.Promotion)
}
