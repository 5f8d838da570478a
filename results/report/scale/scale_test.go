package scale

import (
	"math"
	"slices"
	"testing"
)

func TestTicksAreRoundNumbersWithinTheirRange(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		n         int
		at        []float64
		decimals  int
	}{{0, 10, 5, []float64{0, 2, 4, 6, 8, 10}, 0}, {0.5, 1, 4, []float64{0.6, 0.8, 1}, 1}, {-1, 1, 8, []float64{-1, -0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 1}, 2}} {
		at, decimals := Ticks(c.low, c.high, c.n)
		same := slices.EqualFunc(at, c.at, func(x, y float64) bool { return math.Abs(x-y) < 1e-12 })
		if !same || decimals != c.decimals {
			t.Errorf("from %v to %v: %v with %d decimals, want %v with %d", c.low, c.high, at, decimals, c.at, c.decimals)
		}
	}
}

// Half weeks are no ticks, and as many decimals are written as three digits of the largest value need.
func TestCountsHaveWholeTicksAndColumnsOneNumberOfDecimals(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		at        []float64
	}{{1, 20, []float64{5, 10, 15, 20}}, {0, 2, []float64{0, 1, 2}}, {0.5, 1.5, []float64{1}}} {
		at := WholeTicks(c.low, c.high, 8)
		if !slices.EqualFunc(at, c.at, func(x, y float64) bool { return math.Abs(x-y) < 1e-9 }) {
			t.Errorf("from %v to %v: %v, want %v", c.low, c.high, at, c.at)
		}
	}
	for _, c := range []struct {
		values []float64
		want   int
	}{{[]float64{868.07, 1043.2}, 0}, {[]float64{7.04, 0.3}, 2}, {[]float64{480, 12}, 0}, {[]float64{0.05}, 4}, {nil, 0}} {
		if got := Decimals(c.values); got != c.want {
			t.Errorf("%v: %d decimals, want %d", c.values, got, c.want)
		}
	}
}

func TestASpanPassesOverWhatIsMissingAndIsNeverEmptyWhenPadded(t *testing.T) {
	s := New()
	if low, high := s.Padded(0.1); low != 0 || high != 1 {
		t.Errorf("of nothing: %v to %v", low, high)
	}
	s.Add(3, math.NaN(), 3)
	if low, high := s.Padded(0); !(low < 3 && 3 < high) {
		t.Errorf("of one value: %v to %v", low, high)
	}
	s.Add(-1)
	if s != (Span{-1, 3}) {
		t.Errorf("%v", s)
	}
}

func TestNumbersHaveCommasAndATrueMinus(t *testing.T) {
	for _, c := range []struct {
		v        float64
		decimals int
		want     string
	}{{1234567.891, 2, "1,234,567.89"}, {-1000, 0, "−1,000"}, {-0.001, 2, "0.00"}, {999, 0, "999"}} {
		if got := Number(c.v, c.decimals); got != c.want {
			t.Errorf("%v: %q, want %q", c.v, got, c.want)
		}
	}
}
