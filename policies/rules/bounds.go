package rules

import (
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// Bounds are the prices between which a rule stays: those of the ladder from the floor to the ceiling. The floor is the higher of a
// price and a markup on the cost; while the cost is missing, the price alone. A ceiling below the floor is lifted to it.
type Bounds struct {
	Floor       float64  `toml:"floor" default:"0.0" range:"[0,1000000]" doc:"no price below this"`
	FloorMarkup *float64 `toml:"floor_markup" range:"(-1,1000000]" doc:"no price below the cost and this share of it; left out: the cost does not matter"`
	Cost        string   `toml:"cost" doc:"feature that tells the cost of a unit; left out: unit_cost, or cost where there is none"`
	Ceiling     float64  `toml:"ceiling" default:"0.0" range:"[0,1000000]" doc:"no price above this; 0: the dearest of the ladder"`
}

func (b *Bounds) on(l *ladder, spec *env.Spec) (bounds, error) {
	on := bounds{prices: l.prices, floor: b.Floor, ceiling: b.Ceiling, cost: -1}
	if b.Ceiling == 0 {
		on.ceiling = math.Inf(1)
	}
	if err := first(between("floor", b.Floor, 0, 1e300, "a price, or 0"), between("ceiling", on.ceiling, b.Floor, math.Inf(1), "a price not below the floor, or 0")); err != nil {
		return on, err
	}
	if b.FloorMarkup == nil {
		return on, nil
	}
	if !(*b.FloorMarkup > -1 && *b.FloorMarkup <= 1e6) {
		return on, field.New("floor_markup", *b.FloorMarkup, "a number above -1")
	}
	on.factor = 1 + *b.FloorMarkup
	var err error
	on.cost, err = costFeature(spec, "cost", b.Cost)
	return on, err
}

type bounds struct {
	prices                 []float64
	floor, factor, ceiling float64
	cost                   int // feature; -1 for none
}

// at returns the lowest and the highest price of the ladder at an observation.
func (b *bounds) at(observation []float64) (low, high float64) {
	floor := b.floor
	if b.cost >= 0 {
		if f := observation[b.cost] * b.factor; f > floor { // false for NaN
			floor = f
		}
	}
	low = atLeast(b.prices, floor)
	return low, max(low, atMost(b.prices, b.ceiling))
}
