package rules

import (
	"fmt"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/sim/env"
)

// Fixed makes one offer for ever: the one nearest to Price.
type Fixed struct {
	Price     float64 `toml:"price" required:"true" range:"(0,1000000]" doc:"the price"`
	Promotion string  `toml:"promotion" doc:"promotion of the ladder that goes with it; left out: none"`
}

// Policy implements Rule.
func (r *Fixed) Policy(spec *env.Spec) (policies.Policy, error) {
	if err := first(positive("price", r.Price), promoted(spec, "promotion", r.Promotion)); err != nil {
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
