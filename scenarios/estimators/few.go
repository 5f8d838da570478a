package estimators

import (
	"fmt"
	"slices"
)

// usualLeast is the number of customers of which a figure must speak where nobody says another.
const usualLeast = 10

// together merges rows of customers with their neighbours, the lower one where there is one, until none speaks of fewer than least. Rows of nobody stay.
func together[R any](rows []R, least int, customers func(*R) int, join func(into, of *R)) []R {
	out := slices.Clone(rows)
	few := func(i int) bool { n := customers(&out[i]); return n > 0 && n < least }
	for i := len(out) - 1; i >= 0; i-- {
		for len(out) > 1 && few(i) {
			i = max(i-1, 0)
			join(&out[i], &out[i+1])
			out = slices.Delete(out, i+1, i+2)
		}
	}
	return out
}

// spanned names the rows of together by the numbers at which they begin; the last is of all from there on.
func spanned[R any](rows []R, from func(R) int) (names []string) {
	for i, r := range rows {
		n := from(r)
		switch {
		case i == len(rows)-1:
			names = append(names, fmt.Sprintf("%d+", n))
		case from(rows[i+1]) > n+1:
			names = append(names, fmt.Sprintf("%d–%d", n, from(rows[i+1])-1))
		default:
			names = append(names, fmt.Sprint(n))
		}
	}
	return names
}

// fewIn warns of the parts of a mixture that speak of few of its n people.
func fewIn(what string, shares []float64, n int) (warnings []string) {
	for k, share := range shares {
		if about := share * float64(n); about < usualLeast {
			warnings = append(warnings, fmt.Sprintf("%s %d is of about %.0f of %d: its parameters speak of few, and do not belong in public", what, k+1, about, n))
		}
	}
	return warnings
}
