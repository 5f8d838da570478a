package rules

import (
	"math"

	"github.com/souk-sim/souk/sim/env"
)

// rival reads a rival's price. A feature in the unit "index" tells it as the own offer that is nearest to it, which sellers need whose
// ladder is of levels and not of prices.
type rival struct {
	feature int
	offers  []env.Offer // nil where the feature tells a price
}

func rivalOn(spec *env.Spec, name string) (rival, error) {
	i, err := feature(spec, "rival", name, lowestRival)
	if err != nil || spec.Features[i].Unit != "index" {
		return rival{feature: i}, err
	}
	return rival{i, spec.Offers}, nil
}

// price returns the rival's price; NaN where it is missing, or names no offer.
func (r *rival) price(observation []float64) float64 {
	x := observation[r.feature]
	switch {
	case r.offers == nil:
		return x
	case x >= 0 && x < float64(len(r.offers)):
		return r.offers[int(x)].Price
	}
	return math.NaN()
}
