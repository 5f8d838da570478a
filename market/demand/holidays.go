package demand

import (
	"slices"
	"time"
)

// holidays are days on which people shop otherwise, as the day of a year. All but Christmas are those of the United States.
var holidays = []struct {
	name string
	day  func(year int) time.Time
}{
	{"christmas", func(year int) time.Time { return date(year, time.December, 25) }},
	{"independence-day", func(year int) time.Time { return date(year, time.July, 4) }},
	{"labor-day", func(year int) time.Time { return weekday(year, time.September, time.Monday, 1) }},
	{"memorial-day", func(year int) time.Time { return weekday(year, time.June, time.Monday, 1).AddDate(0, 0, -7) }},
	{"new-year", func(year int) time.Time { return date(year, time.January, 1) }},
	{"thanksgiving", func(year int) time.Time { return weekday(year, time.November, time.Thursday, 4) }},
}

func date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// weekday is the k-th of a weekday in a month, k from 1.
func weekday(year int, month time.Month, of time.Weekday, k int) time.Time {
	first := date(year, month, 1)
	return first.AddDate(0, 0, (int(of)-int(first.Weekday())+7)%7+7*(k-1))
}

// Holidays lists the names that Holiday knows.
func Holidays() []string {
	var names []string
	for _, h := range holidays {
		names = append(names, h.name)
	}
	return names
}

// Holiday is a regressor over n periods of some days each from period start, where period 1 begins on the day first: 1 in the period before periods
// ahead of the one that holds the holiday, 0 elsewhere. It is false for a holiday that Holidays does not list.
func Holiday(name string, before int, first time.Time, days, start, n int) (Regressor, bool) {
	k := slices.Index(Holidays(), name)
	if k < 0 {
		return Regressor{}, false
	}
	x := Regressor{Name: name, Values: make([]float64, n)}
	if before > 0 {
		x.Name = "before " + name
	}
	for i := range x.Values {
		opens := first.AddDate(0, 0, days*(start+i+before-1))
		closes := opens.AddDate(0, 0, days)
		for _, year := range []int{opens.Year(), closes.Year()} {
			if day := holidays[k].day(year); !day.Before(opens) && day.Before(closes) {
				x.Values[i] = 1
			}
		}
	}
	return x, true
}
