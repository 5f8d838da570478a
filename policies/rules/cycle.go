package rules

import (
	"fmt"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// Cycle asks Regular, and Deal in the last DealPeriods of every Length periods. It tells the period from a feature
// and so needs no memory; while that is missing it asks Regular.
type Cycle struct {
	Regular       float64 `toml:"regular" required:"true" range:"(0,1000000]" doc:"the regular price"`
	Deal          float64 `toml:"deal" required:"true" range:"(0,1000000]" doc:"the price of the deal"`
	Length        int     `toml:"length" required:"true" range:"[1,1000000]" doc:"periods from one deal to the next"`
	DealPeriods   int     `toml:"deal_periods" default:"1" range:"[0,1000000]" doc:"last periods of the length that have the deal; at most the length"`
	Phase         int     `toml:"phase" default:"0" range:"[-1000000,1000000]" doc:"periods by which the deal comes earlier"`
	DealPromotion string  `toml:"deal_promotion" doc:"promotion of the ladder that goes with the deal; left out: none"`
	Clock         string  `toml:"clock" doc:"feature that tells the time; left out: week, or period where there is none"`
}

// Policy implements Rule.
func (r *Cycle) Policy(spec *env.Spec) (policies.Policy, error) {
	if err := first(positive("regular", r.Regular), positive("deal", r.Deal), promoted(spec, "deal_promotion", r.DealPromotion)); err != nil {
		return nil, err
	}
	if r.Length < 1 {
		return nil, field.New("length", r.Length, "at least 1 period")
	}
	if r.DealPeriods < 0 || r.DealPeriods > r.Length {
		return nil, field.New("deal_periods", r.DealPeriods, fmt.Sprintf("0 to the length, %d", r.Length))
	}
	clock, err := clockFeature(spec, r.Clock)
	if err != nil {
		return nil, err
	}
	l, err := newLadder(spec, fmt.Sprintf("cycle %g/%g %d of %d", r.Regular, r.Deal, r.DealPeriods, r.Length))
	return &cycle{l, *r, clock}, err
}

type cycle struct {
	ladder
	rule  Cycle
	clock int
}

func (p *cycle) Decide(observation []float64, _ float64) policies.Decision {
	r := &p.rule
	period, ok := whole(observation[p.clock])
	if !ok || wrap(period+float64(r.Phase), float64(r.Length)) < float64(r.Length-r.DealPeriods) {
		return p.want(observation, r.Regular, "")
	}
	return p.want(observation, r.Deal, r.DealPromotion)
}
