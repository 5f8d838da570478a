package rules

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// Replay asks what was asked in the period that its clock tells, snapped to the ladder; for a replay to the
// penny the ladder must hold the recorded prices. A period without a record (NaN, or a missing one) keeps the
// price before it, or takes the first; periods before and after the record take its ends, unless it repeats. A
// season's price list is a record that repeats, and one by the day of the week has the clock day_of_week.
type Replay struct {
	First  int       `toml:"first" default:"0" range:"[-1000000,1000000]" doc:"period of the first price"`
	Prices []float64 `toml:"prices" required:"true" range:"(0,1000000]" doc:"prices of the first period and those after it"`
	Repeat bool      `toml:"repeat" default:"false" doc:"whether the list starts anew after its end"`
	Clock  string    `toml:"clock" doc:"feature that tells the time; left out: week, or period where there is none"`
}

// Policy implements Rule.
func (r *Replay) Policy(spec *env.Spec) (policies.Policy, error) {
	prices := make([]float64, len(r.Prices))
	last := math.NaN()
	for i, p := range r.Prices {
		if !math.IsNaN(p) {
			if err := positive(fmt.Sprintf("prices.%d", i), p); err != nil {
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
	clock, err := clockFeature(spec, r.Clock)
	if err != nil {
		return nil, err
	}
	l, err := newLadder(spec, fmt.Sprintf("replay from %d", r.First))
	return &replay{l, clock, float64(r.First), prices, r.Repeat}, err
}

type replay struct {
	ladder
	clock  int
	first  float64
	record []float64
	repeat bool
}

func (p *replay) Decide(observation []float64, _ float64) policies.Decision {
	at, n := 0.0, float64(len(p.record))
	if period, ok := whole(observation[p.clock]); ok {
		at = period - p.first
		if p.repeat {
			at = wrap(at, n)
		}
	}
	return p.want(observation, p.record[int(max(0, min(at, n-1)))], "")
}
