package web

import (
	"math"
	"strconv"
	"strings"
)

// number is v with so many decimals, a comma between thousands, and a true minus.
func number(v float64, decimals int) string {
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
	return func(v float64) string { return number(v, places) }
}

// ticks are the multiples of 1, 2, 2.5 or 5 times a power of ten in [lo, hi], about n of them, and the decimals they need.
func ticks(lo, hi float64, n int) (at []float64, places int) {
	rough := (hi - lo) / float64(n)
	power := math.Pow(10, math.Floor(math.Log10(rough)))
	step := 10 * power
	for _, m := range []float64{1, 2, 2.5, 5} {
		if m*power >= rough*0.999 {
			step = m * power
			break
		}
	}
	for s := step; places < 9 && math.Abs(s-math.Round(s)) > 1e-6*s; places++ {
		s = step * math.Pow(10, float64(places+1))
	}
	for i := math.Ceil(lo/step - 1e-9); i*step <= hi+1e-9*step; i++ {
		at = append(at, i*step)
	}
	return at, places
}
