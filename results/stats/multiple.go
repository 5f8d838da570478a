package stats

import (
	"cmp"
	"math"
	"slices"
)

// Holm adjusts p-values of several hypotheses so that rejecting those below α makes any false rejection no likelier than α,
// however the tests depend on each other (Holm 1979, "A simple sequentially rejective multiple test procedure"). As in R's
// p.adjust, NaN stands for no test: it stays NaN and does not count.
func Holm(p []float64) []float64 {
	adjusted, order := untested(p)
	running := 0.0
	for rank, i := range order {
		running = max(running, min(1, float64(len(order)-rank)*p[i]))
		adjusted[i] = running
	}
	return adjusted
}

// BenjaminiHochberg adjusts p-values so that rejecting those below α makes the expected share of false ones among the
// rejections, the false-discovery rate, at most α where the tests are independent or positively dependent (Benjamini &
// Hochberg 1995; Benjamini & Yekutieli 2001). NaN stays NaN and does not count.
func BenjaminiHochberg(p []float64) []float64 {
	adjusted, order := untested(p)
	running := 1.0
	for rank, i := range slices.Backward(order) {
		running = min(running, float64(len(order))/float64(rank+1)*p[i])
		adjusted[i] = running
	}
	return adjusted
}

// untested gives room for adjusted p-values, and the order of those that there are, the smallest first.
func untested(p []float64) (adjusted []float64, order []int) {
	adjusted = make([]float64, len(p))
	for i := range p {
		if adjusted[i] = math.NaN(); !math.IsNaN(p[i]) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(p[i], p[j]) })
	return adjusted, order
}
