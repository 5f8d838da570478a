package stats

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/sim/rng"
	"gonum.org/v1/gonum/stat/distuv"
)

// Bootstrap resamples with replacement. Resample number b draws from Streams.At(b) only, so that an interval does not
// depend on anything drawn before it.
type Bootstrap struct {
	Resamples int // 10,000 for intervals that are printed
	Level     float64
	Streams   rng.Family
}

// Percentile is a statistic of n independent values with the percentile interval (Efron & Tibshirani 1993, §13.3). The
// statistic is given the indices (0 … n−1) of the values drawn, borrowed for the call.
func (b Bootstrap) Percentile(n int, statistic func(index []int) float64) (Estimate, error) {
	value, replicates, err := b.replicate(n, statistic)
	if err != nil {
		return Estimate{}, err
	}
	return b.interval(value, replicates, (1-b.Level)/2, (1+b.Level)/2), nil
}

// BCa is Percentile with the bias-corrected and accelerated interval (Efron 1987; Efron & Tibshirani 1993, §14.3): bias
// from the share of replicates below the value, acceleration from the jackknife. It is second-order accurate where
// the percentile interval is first-order.
func (b Bootstrap) BCa(n int, statistic func(index []int) float64) (Estimate, error) {
	value, replicates, err := b.replicate(n, statistic)
	if err != nil {
		return Estimate{}, err
	}
	below := 0.0
	for _, r := range replicates {
		if r < value {
			below++
		} else if r == value {
			below += 0.5
		}
	}
	normal := distuv.UnitNormal
	bias := normal.Quantile(below / float64(len(replicates)))
	if math.IsInf(bias, 0) {
		return Estimate{}, fmt.Errorf("all %d replicates lie on one side of the statistic: no BCa interval", len(replicates))
	}
	a := acceleration(n, statistic)
	level := func(p float64) float64 {
		z := bias + normal.Quantile(p)
		return normal.CDF(bias + z/(1-a*z))
	}
	return b.interval(value, replicates, level((1-b.Level)/2), level((1+b.Level)/2)), nil
}

// Crossed is a statistic of a table of rows × columns, both drawn at random, with the percentile interval of the
// pigeonhole bootstrap: rows and columns are resampled apart (Owen 2007; Owen & Eckles 2012, §3). It is for statistics that
// have no closed form, such as a median over seeds of means over paths; for means, see the function Crossed.
func (b Bootstrap) Crossed(rows, columns int, statistic func(row, column []int) float64) (Estimate, error) {
	whole := make([]int, rows+columns) // both index lists in one resample
	for i := range whole {
		whole[i] = i
		if i >= rows {
			whole[i] -= rows
		}
	}
	if rows < 2 || columns < 2 {
		return Estimate{}, fmt.Errorf("a crossed bootstrap needs at least two rows and columns, got %d × %d", rows, columns)
	}
	if err := b.check(rows + columns); err != nil {
		return Estimate{}, err
	}
	value := statistic(whole[:rows], whole[rows:])
	replicates := make([]float64, b.Resamples)
	for i := range replicates {
		stream := b.Streams.At(uint64(i))
		draw(&stream, whole[:rows])
		draw(&stream, whole[rows:])
		replicates[i] = statistic(whole[:rows], whole[rows:])
	}
	return b.interval(value, replicates, (1-b.Level)/2, (1+b.Level)/2), nil
}

func (b Bootstrap) check(n int) error {
	switch {
	case n < 2:
		return fmt.Errorf("a bootstrap needs at least two values, got %d", n)
	case b.Resamples < 2:
		return fmt.Errorf("a bootstrap needs at least two resamples, got %d", b.Resamples)
	case !(b.Level > 0 && b.Level < 1):
		return fmt.Errorf("a confidence level lies between 0 and 1, got %v", b.Level)
	}
	return nil
}

// replicate gives the statistic of the data and of every resample.
func (b Bootstrap) replicate(n int, statistic func([]int) float64) (value float64, replicates []float64, err error) {
	if err := b.check(n); err != nil {
		return 0, nil, err
	}
	index := make([]int, n)
	for i := range index {
		index[i] = i
	}
	value = statistic(index)
	replicates = make([]float64, b.Resamples)
	for i := range replicates {
		stream := b.Streams.At(uint64(i))
		draw(&stream, index)
		replicates[i] = statistic(index)
	}
	return value, replicates, nil
}

func draw(stream *rng.Stream, index []int) {
	for i := range index {
		index[i] = stream.Intn(len(index))
	}
}

// interval sorts the replicates and cuts at two probabilities.
func (b Bootstrap) interval(value float64, replicates []float64, low, high float64) Estimate {
	se := math.Sqrt(Variance(replicates))
	slices.Sort(replicates)
	return Estimate{Value: value, StandardError: se, Low: quantile(replicates, low), High: quantile(replicates, high), Level: b.Level}
}

// acceleration is Σd³ / 6(Σd²)^{3/2} over the jackknife deviations d (Efron & Tibshirani 1993, equation 14.15).
func acceleration(n int, statistic func([]int) float64) float64 {
	index := make([]int, n-1)
	jackknife := make([]float64, n)
	for left := range jackknife {
		for i := range index {
			index[i] = i
			if i >= left {
				index[i]++
			}
		}
		jackknife[left] = statistic(index)
	}
	mean, square, cube := Mean(jackknife), 0.0, 0.0
	for _, v := range jackknife {
		d := mean - v
		square += d * d
		cube += d * d * d
	}
	if square == 0 {
		return 0
	}
	return cube / (6 * math.Pow(square, 1.5))
}
