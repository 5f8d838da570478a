package demand

import (
	"testing"
	"time"
)

// Dominick's week 1 began on Thursday 14 September 1989; the weeks are counted off a calendar.
func TestHolidaysFallInTheirWeeks(t *testing.T) {
	first := time.Date(1989, time.September, 14, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name   string
		before int
		weeks  []int
	}{
		{"thanksgiving", 0, []int{11, 63, 116, 168, 220, 272, 324, 377}},
		{"thanksgiving", 1, []int{10, 62, 115, 167, 219, 271, 323, 376}},
		{"christmas", 1, []int{14, 66, 118, 171, 223, 275, 327, 379}},
		{"independence-day", 0, []int{42, 95, 147, 199, 251, 303, 356}},
		{"memorial-day", 0, []int{37, 89, 141, 194, 246, 298, 350}},
		{"labor-day", 0, []int{51, 103, 156, 208, 260, 312, 364}},
		{"new-year", 0, []int{16, 68, 120, 173, 225, 277, 329, 381}},
	} {
		x, ok := Holiday(c.name, c.before, first, 7, 1, 398)
		if !ok {
			t.Fatalf("%s is not known", c.name)
		}
		var got []int
		for i, v := range x.Values {
			if v == 1 {
				got = append(got, i+1)
			}
		}
		if len(got) != len(c.weeks) {
			t.Errorf("%s: weeks %v, want %v", x.Name, got, c.weeks)
			continue
		}
		for i := range got {
			if got[i] != c.weeks[i] {
				t.Errorf("%s: weeks %v, want %v", x.Name, got, c.weeks)
				break
			}
		}
	}
	if _, ok := Holiday("festivus", 0, first, 7, 1, 10); ok {
		t.Error("festivus is known")
	}
}
