package stats

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Estimate is a number with its standard error and its interval at a confidence level, in the unit of the data.
type Estimate struct {
	Value         float64 `json:"value"`
	StandardError float64 `json:"standard_error"`
	Low           float64 `json:"low"`
	High          float64 `json:"high"`
	Level         float64 `json:"level"` // 0.95 for a 95% interval
}

// Mean is the arithmetic mean; NaN of nothing.
func Mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// Variance is the unbiased sample variance (divisor n−1); NaN below two values.
func Variance(x []float64) float64 {
	if len(x) < 2 {
		return math.NaN()
	}
	mean, sum := Mean(x), 0.0
	for _, v := range x {
		sum += (v - mean) * (v - mean)
	}
	return sum / float64(len(x)-1)
}

// Quantile is the p-quantile by linear interpolation of the order statistics (Hyndman & Fan 1996, type 7: the default
// of R and NumPy); NaN of nothing. p lies in [0, 1]; x is not changed.
func Quantile(x []float64, p float64) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	return quantile(ascending(x), p)
}

// ascending is x in order: itself where it is so already.
func ascending(x []float64) []float64 {
	for i := 1; i < len(x); i++ {
		if !(x[i-1] <= x[i]) { // or NaN
			return slices.Sorted(slices.Values(x))
		}
	}
	return x
}

func quantile(sorted []float64, p float64) float64 {
	at := p * float64(len(sorted)-1)
	i := min(max(int(at), 0), len(sorted)-1)
	if i == len(sorted)-1 || at == float64(i) || sorted[i] == sorted[i+1] { // where the next is infinite too
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// Median is the 0.5-quantile; NaN of nothing.
func Median(x []float64) float64 { return Quantile(x, 0.5) }

// InterquartileMean is the mean of what is left after dropping ⌊n/4⌋ values at either end (Agarwal et al. 2021,
// "Deep RL at the edge of the statistical precipice"; the same as scipy.stats.trim_mean(x, 0.25)); NaN of nothing.
func InterquartileMean(x []float64) float64 {
	cut := len(x) / 4
	return Mean(ascending(x)[cut : len(x)-cut])
}

// MeanInterval is the mean of independent values with Student's t interval.
func MeanInterval(x []float64, level float64) (Estimate, error) {
	if len(x) < 2 {
		return Estimate{}, fmt.Errorf("an interval needs at least two values, got %d", len(x))
	}
	return student(Mean(x), Variance(x)/float64(len(x)), float64(len(x)-1), level)
}

// student is a value with the variance of its estimator, as an interval on that many degrees of freedom.
func student(value, variance, degrees, level float64) (Estimate, error) {
	if !(level > 0 && level < 1) {
		return Estimate{}, fmt.Errorf("a confidence level lies between 0 and 1, got %v", level)
	}
	if math.IsNaN(value) || math.IsInf(value, 0) || math.IsNaN(variance) || math.IsInf(variance, 0) {
		return Estimate{}, fmt.Errorf("an interval needs finite values, got mean %v, variance %v", value, variance)
	}
	se := math.Sqrt(variance)
	half := 0.0
	if se > 0 {
		half = se * distuv.StudentsT{Sigma: 1, Nu: degrees}.Quantile((1+level)/2)
	}
	return Estimate{Value: value, StandardError: se, Low: value - half, High: value + half, Level: level}, nil
}
