package rules

import (
	"fmt"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/sim/env"
)

// TitForTat asks its ceiling and goes on as long as no rival asks less; then it asks what the rival asked last, not below its floor, and comes
// back as the rival does (Axelrod 1984). With probability Forgive it answers a lower price by its ceiling all the same, which
// ends feuds between two of its kind (generous tit-for-tat: Nowak & Sigmund 1992). While no rival's price is seen it asks the ceiling.
type TitForTat struct {
	Rival   string  `toml:"rival" default:"'lowest_rival_price'" doc:"feature that tells the price to match, or the own offer nearest to it"`
	Forgive float64 `toml:"forgive" default:"0.0" range:"[0,1]" doc:"probability, at each review, of answering a lower price by the ceiling"`
	Bounds
}

// Policy implements Rule.
func (r *TitForTat) Policy(spec *env.Spec) (policies.Policy, error) {
	if err := between("forgive", r.Forgive, 0, 1, "a probability"); err != nil {
		return nil, err
	}
	rival, err := rivalOn(spec, r.Rival)
	if err != nil {
		return nil, err
	}
	l, err := newLadder(spec, fmt.Sprintf("tit-for-tat %g", r.Forgive))
	if err != nil {
		return nil, err
	}
	b, err := r.on(&l, spec)
	return &titForTat{l, b, rival, r.Forgive}, err
}

type titForTat struct {
	ladder
	bounds
	rival
	forgive float64
}

func (p *titForTat) Decide(observation []float64, u float64) policies.Decision {
	low, high := p.at(observation)
	if rival := p.rival.price(observation); rival < high { // false for NaN
		return p.mix(observation, u, p.forgive, high, max(low, rival))
	}
	return p.want(observation, high, "")
}
