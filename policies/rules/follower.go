package rules

import (
	"fmt"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// Follower keeps to the lowest rival price r by a margin: it asks r·(1 + Margin) + Amount, within its bounds. While no rival's
// price is seen it asks the ceiling.
type Follower struct {
	Rival  string  `toml:"rival" default:"'lowest_rival_price'" doc:"feature that tells the price to follow, or the own offer nearest to it"`
	Margin float64 `toml:"margin" default:"0.0" range:"(-1,1000000]" doc:"share on top of it; -0.05 stays 5% below"`
	Amount float64 `toml:"amount" default:"0.0" range:"[-1000000,1000000]" doc:"$ on top of that"`
	Bounds
}

// Policy implements Rule.
func (r *Follower) Policy(spec *env.Spec) (policies.Policy, error) {
	if !(r.Margin > -1 && r.Margin <= 1e6) {
		return nil, field.New("margin", r.Margin, "a number above -1")
	}
	if err := between("amount", r.Amount, -1e300, 1e300, "a finite number"); err != nil {
		return nil, err
	}
	rival, err := rivalOn(spec, r.Rival)
	if err != nil {
		return nil, err
	}
	l, err := newLadder(spec, fmt.Sprintf("follower %g%+g", 1+r.Margin, r.Amount))
	if err != nil {
		return nil, err
	}
	b, err := r.on(&l, spec)
	return &follower{l, b, rival, 1 + r.Margin, r.Amount}, err
}

type follower struct {
	ladder
	bounds
	rival
	factor, amount float64
}

func (p *follower) Decide(observation []float64, _ float64) policies.Decision {
	low, high := p.at(observation)
	price := high
	if asked := float64(p.rival.price(observation)*p.factor) + p.amount; asked < high { // false for NaN
		price = max(asked, low)
	}
	return p.want(observation, price, "")
}
