package demand

import (
	"fmt"
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

func TestEventsFallIntoPeriodsOfAnyLength(t *testing.T) {
	day := func(year int, month time.Month, d int) time.Time {
		return time.Date(year, month, d, 0, 0, 0, 0, time.UTC)
	}
	fair := []time.Time{day(2024, time.May, 31), day(2024, time.June, 1)}
	for _, c := range []struct {
		name  string
		opens func(i int) time.Time
		ahead int
		want  []int
	}{
		{"fair", func(i int) time.Time { return day(2024, time.May, 29+i) }, 0, []int{2, 3}},
		{"before fair", func(i int) time.Time { return day(2024, time.May, 29+i) }, 1, []int{1, 2}},
		{"2 after fair", func(i int) time.Time { return day(2024, time.May, 29+i) }, -2, []int{4, 5}},
		{"fair", func(i int) time.Time { return day(2024, time.May, 20+7*i) }, 0, []int{1}},
		{"fair", func(i int) time.Time { return day(2024, time.Month(4+i), 1) }, 0, []int{1, 2}},
		{"3 before fair", func(i int) time.Time { return day(2024, time.Month(1+i), 1) }, 3, []int{1, 2}},
		{"after fair", func(i int) time.Time { return day(2024, time.Month(6+i), 1) }, -1, []int{0, 1}},
		{"fair", func(i int) time.Time { return day(2024, time.May, 31).Add(time.Duration(i-3) * 12 * time.Hour) }, 0, []int{3, 4, 5, 6}},
		{"fair", func(i int) time.Time { return day(2030, time.May, i) }, 0, nil},
	} {
		x := Event("fair", fair, c.ahead, c.opens, 8)
		var got []int
		for i, v := range x.Values {
			if v == 1 {
				got = append(got, i)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) || x.Name != c.name {
			t.Errorf("%s: periods %v, want %s: %v", x.Name, got, c.name, c.want)
		}
	}
	days, ok := HolidayDays("thanksgiving", 2023, 2024)
	if !ok || len(days) != 2 || days[0] != day(2023, time.November, 23) || days[1] != day(2024, time.November, 28) {
		t.Errorf("Thanksgiving is on %v", days)
	}
}
