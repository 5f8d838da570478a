package logs

import (
	"math"
	"slices"
)

// quantile is the sample quantile by linear interpolation of the order statistics (Hyndman & Fan 1996, type 7); NaN values
// are left out, and NaN is the answer when none is left.
func quantile(values []float64, q float64) float64 {
	sorted := make([]float64, 0, len(values))
	for _, v := range values {
		if v == v {
			sorted = append(sorted, v)
		}
	}
	if len(sorted) == 0 {
		return math.NaN()
	}
	slices.Sort(sorted)
	return quantileSorted(sorted, q)
}

// quantileSorted is quantile of values in ascending order, one at least.
func quantileSorted(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

func median(values []float64) float64 { return quantile(values, 0.5) }

// modifiedZ returns 0.6745·(x − median)/MAD (Iglewicz & Hoaglin 1993, eq. 3.9), NaN for all when there are too few values or
// they do not spread.
func modifiedZ(values []float64) []float64 {
	centre := median(values)
	spread, known := make([]float64, len(values)), 0
	for i, v := range values {
		spread[i] = math.Abs(v - centre)
		if v == v {
			known++
		}
	}
	mad := median(spread)
	z := make([]float64, len(values))
	for i, v := range values {
		z[i] = math.NaN()
		if known >= fewest && mad > 0 {
			z[i] = 0.6745 * (v - centre) / mad
		}
	}
	return z
}

// theilSen returns the median of the slopes between all pairs of points (Sen 1968), which 29% of bad points cannot move far.
// Of more than 1,000 points it takes every k-th, to bound the number of pairs.
func theilSen(x, y []float64) float64 {
	step := 1 + len(x)/1000
	var slopes []float64
	for i := 0; i < len(x); i += step {
		for j := i + step; j < len(x); j += step {
			if x[i] != x[j] {
				slopes = append(slopes, (y[i]-y[j])/(x[i]-x[j]))
			}
		}
	}
	return median(slopes)
}
