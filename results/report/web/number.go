package web

import "github.com/souk-sim/souk/results/report/scale"

// format is the way to write values: as asked, or with the decimals they need.
func format(asked func(float64) string, values ...[]float64) func(float64) string {
	if asked != nil {
		return asked
	}
	places := 0
	for _, of := range values {
		places = max(places, scale.Decimals(of))
	}
	return func(v float64) string { return scale.Number(v, places) }
}
