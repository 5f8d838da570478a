package rules

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// Replay asks what was asked in the week that the feature "week" names, snapped to the ladder; for a replay to the
// penny the ladder must hold the recorded prices. A week without a record (NaN, or a missing one) keeps the
// price before it, or takes the first; weeks before and after the record take its ends.
type Replay struct {
	FirstWeek int       `toml:"first_week"`
	Prices    []float64 `toml:"prices"` // of FirstWeek, FirstWeek+1, …
}

// Policy implements Rule.
func (r *Replay) Policy(spec *env.Spec) (policies.Policy, error) {
	prices := make([]float64, len(r.Prices))
	last := math.NaN()
	for i, p := range r.Prices {
		if !math.IsNaN(p) {
			if err := positive(fmt.Sprintf("prices[%d]", i), p); err != nil {
				return nil, err
			}
			if math.IsNaN(last) {
				for k := range i {
					prices[k] = p
				}
			}
			last = p
		}
		prices[i] = last
	}
	if math.IsNaN(last) {
		return nil, field.New("prices", "none", "at least one")
	}
	week, err := feature(spec, "week", "week")
	if err != nil {
		return nil, err
	}
	l, err := newLadder(spec, fmt.Sprintf("replay from week %d", r.FirstWeek))
	return &replay{l, week, float64(r.FirstWeek), prices}, err
}

type replay struct {
	ladder
	week   int
	first  float64
	prices []float64
}

func (p *replay) Decide(observation []float64, _ float64) policies.Decision {
	at := 0
	if k := observation[p.week] - p.first; k > 0 { // false for NaN
		at = int(min(k, float64(len(p.prices)-1)))
	}
	return p.want(observation, p.prices[at], "")
}
