package stats

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

// CVaR is the mean of the worst share of x, the conditional value at risk (Rockafellar & Uryasev 2000, 2002) of scores of which
// more is better: of the worst decile where share is 0.1. A score at the edge counts with the part that makes up the
// share. NaN of nothing; share lies in (0, 1].
func CVaR(x []float64, share float64) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	x = ascending(x)
	n := share * float64(len(x))
	whole := min(int(n), len(x))
	sum := 0.0
	for _, v := range x[:whole] {
		sum += v
	}
	if whole < len(x) {
		sum += (n - float64(whole)) * x[whole]
	}
	return sum / n
}

// OptimalityGap is the mean of what scores lack of a target, counting nothing where they reach it (Agarwal et al. 2021, §4.3);
// NaN of nothing. Of normalised scores the target is 1.
func OptimalityGap(x []float64, target float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += max(target-v, 0)
	}
	return sum / float64(len(x))
}

// shareAbove is the share of scores above a threshold; NaN of nothing.
func shareAbove(x []float64, threshold float64) float64 {
	x = ascending(x)
	at, _ := slices.BinarySearchFunc(x, threshold, func(v, t float64) int {
		if v <= t {
			return -1
		}
		return 1
	})
	return float64(len(x)-at) / float64(len(x))
}

// Profile is a table's performance profile, the share of scores above each threshold (Agarwal et al. 2021, §4.2; Dolan & Moré
// 2002), with the percentile interval at each threshold by itself.
func (b Bootstrap) Profile(t Table, thresholds []float64) ([]Estimate, error) {
	shares := make([]func([]float64) float64, len(thresholds))
	for i, threshold := range thresholds {
		if math.IsNaN(threshold) {
			return nil, field.New(fmt.Sprintf("threshold %d", i), threshold, "a number")
		}
		shares[i] = func(x []float64) float64 { return shareAbove(x, threshold) }
	}
	all, err := b.Stratified([]Table{t}, shares...)
	if err != nil {
		return nil, err
	}
	profile := make([]Estimate, len(thresholds))
	for i, r := range all[0] {
		profile[i] = r.Percentile()
	}
	return profile, nil
}

// EpisodesUntil is sample efficiency: after how many episodes of a learning curve, score by episode, the mean of the last
// window of them first reached a target; +Inf where it never did, so that a Median over seeds stays right while fewer
// than half of them failed. It errs where the window is not within 1 … len(curve).
func EpisodesUntil(curve []float64, window int, target float64) (float64, error) {
	if window < 1 || window > len(curve) {
		return 0, field.New("window", window, fmt.Sprintf("1 to %d, the episodes there are", len(curve)))
	}
	sum := 0.0
	for i, v := range curve {
		sum += v
		if i >= window {
			sum -= curve[i-window]
		}
		if i >= window-1 && sum/float64(window) >= target {
			return float64(i + 1), nil
		}
	}
	return math.Inf(1), nil
}
