package rng

import (
	"fmt"
	"math"
	"testing"
)

// logPoisson is the logarithm of the Poisson probability of k.
func logPoisson(k int, mean float64) float64 {
	lgamma, _ := math.Lgamma(float64(k) + 1)
	return float64(k)*math.Log(mean) - mean - lgamma
}

func TestPoissonNumbersFollowTheirDistribution(t *testing.T) {
	const draws = 50_000
	for _, mean := range []float64{0.01, 0.5, 3, 30, 99.9, 100, 100.1, 1000, 12_345.6} {
		family := New(5, 0).Family(fmt.Sprint("poisson ", mean))
		// Cells of one value each where at least 10 are expected, and the two tails.
		from, to := int(mean), int(mean)
		for from > 0 && draws*math.Exp(logPoisson(from-1, mean)) >= 10 {
			from--
		}
		for draws*math.Exp(logPoisson(to+1, mean)) >= 10 {
			to++
		}
		expected := make([]float64, to-from+3)
		for k := max(0, from-int(20*math.Sqrt(mean))-50); k < to+int(20*math.Sqrt(mean))+50; k++ {
			expected[min(max(k-from+1, 0), len(expected)-1)] += draws * math.Exp(logPoisson(k, mean))
		}
		counts := make([]int, len(expected))
		for i := range uint64(draws) {
			s := family.At(i)
			counts[min(max(s.Poisson(mean)-from+1, 0), len(counts)-1)]++
		}
		// A tail with hardly anything in it joins its neighbour.
		if last := len(expected) - 1; expected[last] < 5 {
			expected[last-1], counts[last-1] = expected[last-1]+expected[last], counts[last-1]+counts[last]
			expected, counts = expected[:last], counts[:last]
		}
		if expected[0] < 5 {
			expected[1], counts[1] = expected[1]+expected[0], counts[1]+counts[0]
			expected, counts = expected[1:], counts[1:]
		}
		checkFit(t, fmt.Sprint("mean ", mean), counts, func(cell int) float64 { return expected[cell] })
	}
}

// The sum over the probabilities up to k, by the obvious formula, brackets the uniform number: F(k-1) ≤ u < F(k).
func TestPoissonInvertsTheDistributionFunction(t *testing.T) {
	for _, mean := range []float64{0.1, 1, 20, 100, 101, 500, 4000} {
		tolerance := 1e-12 * math.Max(1, mean/100) // of the reference, whose Lgamma loses figures as the mean grows
		cumulative := []float64{math.Exp(-mean)}
		for k := 1; float64(k) < mean+12*math.Sqrt(mean)+30; k++ {
			cumulative = append(cumulative, cumulative[k-1]+math.Exp(logPoisson(k, mean)))
		}
		s := New(6, 0).Family("inverse").At()
		for range 2000 {
			copyOfS := s
			u, k := copyOfS.Open(), s.Poisson(mean)
			if u > cumulative[k]+tolerance || k > 0 && u < cumulative[k-1]-tolerance {
				t.Fatalf("mean %v: u = %v gave %d, where F = %v", mean, u, k, cumulative[k])
			}
		}
	}
}

func TestPoissonIsMonotoneInTheUniformAndInTheMean(t *testing.T) {
	const one = 1 - 0x1p-53
	invert := func(mean, u float64) int {
		if mean <= 100 {
			return poissonFromZero(mean, u)
		}
		return poissonAroundMean(mean, u)
	}
	before := map[float64]int{}
	for _, mean := range []float64{0, 0.3, 5, 99, 100, 100.001, 101, 140, 2000, 2001, 1e6} {
		last := -1
		for _, u := range []float64{0x1p-53, 1e-12, 0.001, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999, 1 - 1e-12, one} {
			k := invert(mean, u)
			if k < last || k < before[u] && u != one { // at the very last u, F's rounding shows
				t.Errorf("mean %v, u %v: %d, less than %d at a lesser u or %d at a lesser mean", mean, u, k, last, before[u])
			}
			last, before[u] = k, k
		}
		if mean > 0 && float64(last) > mean+10*math.Sqrt(mean)+20 {
			t.Errorf("mean %v: the largest number is %d", mean, last)
		}
	}
}

func TestPoissonRefusesImpossibleMeans(t *testing.T) {
	for _, mean := range []float64{-1, math.NaN(), math.Inf(1)} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a mean of %v was accepted", mean)
				}
			}()
			s := New(1, 0).Family("bad").At()
			s.Poisson(mean)
		}()
	}
}

func BenchmarkPoisson(b *testing.B) {
	for _, mean := range []float64{0.5, 5, 100, 1e4, 1e6} {
		b.Run(fmt.Sprint(mean), func(b *testing.B) {
			s := New(1, 0).Family("poisson").At()
			b.ReportAllocs()
			for range b.N {
				sink += uint64(s.Poisson(mean))
			}
		})
	}
}
