package demand

import (
	"fmt"
	"slices"
	"sort"
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

// HolidayDays returns the days of a holiday from one year to another, both included. It is false for a holiday that Holidays does not list.
func HolidayDays(name string, from, to int) ([]time.Time, bool) {
	k := slices.Index(Holidays(), name)
	if k < 0 {
		return nil, false
	}
	var days []time.Time
	for year := from; year <= to; year++ {
		days = append(days, holidays[k].day(year))
	}
	return days, true
}

// Event is a regressor over n periods, the i-th of which, from 0, lasts from opens(i) until opens(i+1): 1 in the period ahead
// periods before one into which a part of an event's days falls (ahead < 0: after it), 0 elsewhere. Periods may be of any
// length, as hours, weeks and months are, and opens must know them beyond both ends.
func Event(name string, days []time.Time, ahead int, opens func(i int) time.Time, n int) Regressor {
	x := Regressor{Name: name, Values: make([]float64, n)}
	switch {
	case ahead > 1:
		x.Name = fmt.Sprintf("%d before %s", ahead, name)
	case ahead == 1:
		x.Name = "before " + name
	case ahead == -1:
		x.Name = "after " + name
	case ahead < -1:
		x.Name = fmt.Sprintf("%d after %s", -ahead, name)
	}
	if n == 0 {
		return x
	}
	for _, day := range days {
		// The first period that ends after the day began.
		i := sort.Search(n, func(i int) bool { return opens(i + ahead + 1).After(day) })
		for ends := day.AddDate(0, 0, 1); i < n && opens(i+ahead).Before(ends); i++ {
			x.Values[i] = 1
		}
	}
	return x
}

// Holiday is a regressor over n periods of some days each from period start, where period 1 begins on the day first: 1 in the period before periods
// ahead of the one that holds the holiday, 0 elsewhere. It is false for a holiday that Holidays does not list.
func Holiday(name string, before int, first time.Time, days, start, n int) (Regressor, bool) {
	opens := func(i int) time.Time { return first.AddDate(0, 0, days*(start+i-1)) }
	dates, ok := HolidayDays(name, opens(before).Year(), opens(n+before).Year())
	if !ok {
		return Regressor{}, false
	}
	x := Event(name, dates, before, opens, n)
	if before > 0 {
		x.Name = "before " + name
	}
	return x, true
}
