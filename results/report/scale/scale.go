// Package scale is the arithmetic of axes and figures that the pictures of a run and the charts of its page share.
package scale

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// Span gathers the range of values; NaN does not count. Make it by New.
type Span struct{ Low, High float64 }

// New is a span of nothing yet.
func New() Span { return Span{math.Inf(1), math.Inf(-1)} }

// Add widens the span to values.
func (s *Span) Add(values ...float64) {
	for _, v := range values {
		if v == v {
			s.Low, s.High = min(s.Low, v), max(s.High, v)
		}
	}
}

// Padded is the span widened by a share of itself on both sides; never empty.
func (s Span) Padded(share float64) (low, high float64) {
	if s.Low > s.High {
		return 0, 1
	}
	by := (s.High - s.Low) * share
	if s.High == s.Low {
		by = max(math.Abs(s.High)*0.05, 0.5)
	}
	return s.Low - by, s.High + by
}

// Ticks are the multiples of 1, 2, 2.5 or 5 times a power of ten in [low, high], about n of them, and the decimals they need.
func Ticks(low, high float64, n int) (at []float64, decimals int) {
	rough := (high - low) / float64(n)
	power := math.Pow(10, math.Floor(math.Log10(rough)))
	step := 10 * power
	for _, m := range []float64{1, 2, 2.5, 5} {
		if m*power >= rough*0.999 {
			step = m * power
			break
		}
	}
	for s := step; decimals < 9 && math.Abs(s-math.Round(s)) > 1e-6*s; decimals++ {
		s = step * math.Pow(10, float64(decimals+1))
	}
	for i := math.Ceil(low/step - 1e-9); i*step <= high+1e-9*step; i++ {
		at = append(at, i*step)
	}
	return at, decimals
}

// WholeTicks are those of Ticks that are whole numbers, as periods and rounds are.
func WholeTicks(low, high float64, n int) []float64 {
	at, _ := Ticks(low, high, n)
	return slices.DeleteFunc(at, func(v float64) bool { return math.Abs(v-math.Round(v)) > 1e-6 })
}

// Decimals is how many decimals values need that three digits of the largest count; whole numbers need none.
func Decimals(values []float64) int {
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

// Number is v with so many decimals, a comma between thousands, and a true minus.
func Number(v float64, decimals int) string {
	text := strconv.FormatFloat(math.Abs(v), 'f', decimals, 64)
	whole, rest, _ := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if rest != "" {
		whole += "." + rest
	}
	if v < 0 && strings.Trim(text, "0.") != "" {
		whole = "−" + whole
	}
	return whole
}
