package web

import (
	"math"

	"github.com/souk-sim/souk/results/report/scale"
)

// decimals is how many decimals values need that three digits of the largest count; whole numbers need none.
func decimals(values []float64) int {
	largest, whole := 0.0, true
	for _, v := range values {
		if v == v && !math.IsInf(v, 0) {
			largest, whole = max(largest, math.Abs(v)), whole && v == math.Trunc(v)
		}
	}
	if whole || largest == 0 {
		return 0
	}
	return min(6, max(0, 2-int(math.Floor(math.Log10(largest)))))
}

// format is the way to write values: as asked, or with the decimals they need.
func format(asked func(float64) string, values ...[]float64) func(float64) string {
	if asked != nil {
		return asked
	}
	places := 0
	for _, of := range values {
		places = max(places, decimals(of))
	}
	return func(v float64) string { return scale.Number(v, places) }
}
