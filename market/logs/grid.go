package logs

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/souk-sim/souk/scenarios/field"
)

// unit is what a grid counts.
type unit uint8

const (
	unitNumber unit = iota // as in the file
	unitSecond             // since 1970-01-01
	unitDay                // since then
	unitMonth              // since the year 0
)

// Grid numbers the periods of a series: period k opens at origin + k·every units. Its zero value numbers the rows of a table without times.
type Grid struct {
	unit   unit
	every  float64
	origin float64 // in [0, every)
	form   form    // in which labels are written
	anchor int     // of months that are written as days: the day, 31 for the last
}

// steps are the grids that resampling knows; each period of one lies in one period of those after it, but weeks, which go by their fourth day.
var steps = []struct {
	name string
	grid Grid
}{
	{"hour", Grid{unit: unitSecond, every: 3600, form: formInstant}},
	{"day", Grid{unit: unitDay, every: 1, form: formDay}},
	{"week", Grid{unit: unitDay, every: 7, origin: 4, form: formDay}}, // 1970-01-05 was a Monday
	{"month", Grid{unit: unitMonth, every: 1, form: formMonth}},
	{"quarter", Grid{unit: unitMonth, every: 3, form: formQuarter}},
	{"year", Grid{unit: unitMonth, every: 12, form: formNumber}},
}

// NewGrid returns the grid of a step: hour, day, week (from Monday), week-sunday and so on, month, quarter or year.
func NewGrid(step string) (Grid, error) {
	name, opens, weekday := strings.Cut(step, "-")
	for _, s := range steps {
		if s.name != name || weekday && name != "week" {
			continue
		}
		for d := time.Sunday; weekday && d <= time.Saturday; d++ {
			if strings.EqualFold(d.String(), opens) {
				s.grid.origin = float64(mod(int(d)-int(time.Thursday), 7))
				return s.grid, nil
			}
		}
		if !weekday {
			return s.grid, nil
		}
	}
	return Grid{}, field.New("step", strconv.Quote(step), "hour, day, week, week-sunday (or another day), month, quarter or year")
}

// String names the step: "week", "2 days", "quarter", "1" for numbers one apart.
func (g Grid) String() string {
	name, n := "", g.every
	switch {
	case g.unit == unitNumber:
		return strconv.FormatFloat(max(g.every, 0), 'g', 6, 64)
	case g.unit == unitSecond && math.Mod(n, 3600) == 0:
		name, n = "hour", n/3600
	case g.unit == unitSecond && math.Mod(n, 60) == 0:
		name, n = "minute", n/60
	case g.unit == unitSecond:
		name = "second"
	case g.unit == unitDay && math.Mod(n, 7) == 0:
		name, n = "week", n/7
	case g.unit == unitDay:
		name = "day"
	case math.Mod(n, 12) == 0:
		name, n = "year", n/12
	case math.Mod(n, 3) == 0:
		name, n = "quarter", n/3
	default:
		name = "month"
	}
	if n == 1 {
		return name
	}
	return fmt.Sprintf("%g %ss", n, name)
}

// Season is the number of periods after which demand usually repeats: 24 hours, 7 days, 52 weeks, 12 months, 4 quarters, so many
// as a decimal year has; 1 where none is known.
func (g Grid) Season() int {
	switch {
	case g.unit == unitNumber && g.every < 1 && g.every > 1./367:
		return int(math.Round(1 / g.every))
	case g.unit == unitSecond && g.every < secondsADay:
		return int(math.Round(secondsADay / g.every))
	case g.unit == unitDay && g.every < 7:
		return int(math.Round(7 / g.every))
	case g.unit == unitDay:
		return max(int(math.Round(364/g.every)), 1)
	case g.unit == unitMonth:
		return max(int(12/g.every), 1)
	}
	return 1
}

// at is when period k opens, in units.
func (g Grid) at(k int) float64 { return g.origin + float64(k)*max(g.every, 0) }

// Label is the name of period k as the file would write it: "2024-01-31", "2024-01-31T15:00", "2024-01", "2024Q1", "2024-W05", a number.
func (g Grid) Label(k int) string {
	if g.every == 0 {
		return strconv.Itoa(k)
	}
	at := g.at(k)
	switch whole := int(at); {
	case g.unit == unitNumber:
		return number(math.Round(at*1e6) / 1e6)
	case g.unit == unitSecond && math.Mod(g.every, 60) == 0 && math.Mod(g.origin, 60) == 0:
		return time.Unix(int64(at), 0).UTC().Format("2006-01-02T15:04")
	case g.unit == unitSecond:
		return time.Unix(int64(at), 0).UTC().Format("2006-01-02T15:04:05")
	case g.unit == unitDay && g.form == formWeek:
		year, week := day(whole).ISOWeek()
		return fmt.Sprintf("%04d-W%02d", year, week)
	case g.unit == unitDay:
		return day(whole).Format(time.DateOnly)
	case g.form == formQuarter:
		return fmt.Sprintf("%04dQ%d", floorDiv(whole, 12), mod(whole, 12)/3+1)
	case g.form == formDay:
		return fmt.Sprintf("%04d-%02d-%02d", floorDiv(whole, 12), mod(whole, 12)+1, min(g.anchor, daysIn(whole)))
	case g.form == formNumber && g.every == 12:
		return strconv.Itoa(floorDiv(whole, 12))
	default:
		return fmt.Sprintf("%04d-%02d", floorDiv(whole, 12), mod(whole, 12)+1)
	}
}

// Opens is the instant at which period k opens, in UTC, which stands for the clock of the place; false where the periods are mere numbers. A period
// of months opens with the first day of the first, wherever in the month its label lies.
func (g Grid) Opens(k int) (time.Time, bool) {
	at := g.at(k)
	switch g.unit {
	case unitSecond:
		return time.Unix(int64(at), 0).UTC(), true
	case unitDay:
		return day(int(at)), true
	case unitMonth:
		return time.Date(0, time.Month(int(at)+1), 1, 0, 0, 0, 0, time.UTC), true
	}
	return time.Time{}, false
}

// period is the number of the period that holds a time of some form, and whether the time is where labels are.
func (g Grid) period(t float64, f form) (k int, exact bool) {
	at := g.coordinate(t, f)
	if g.unit == unitNumber || f == formNumber { // decimals are rounded: a tenth of a step, or of a month of a year, is allowed for
		slack := 0.1
		if g.unit == unitNumber {
			slack *= g.every
		}
		k := int(math.Floor((at - g.origin + slack) / g.every))
		return k, at-g.at(k) <= slack
	}
	k = int(math.Floor((at - g.origin) / g.every))
	exact = g.at(k) == at
	if f == formDay && g.unit == unitMonth {
		date := day(int(t))
		exact = exact && date.Day() == min(g.anchor, daysIn(int(at)))
	}
	return k, exact
}

// coordinate is a time in units of the grid.
func (g Grid) coordinate(t float64, f form) float64 {
	if g.unit == unitNumber {
		return t
	}
	if f == formNumber {
		return 12 * t // a decimal year
	}
	if f == formQuarter {
		t *= 3
	}
	if f == formInstant && g.unit != unitSecond {
		t, f = math.Floor(t/secondsADay), formDay
	}
	if (f == formDay || f == formWeek) && g.unit == unitMonth {
		date := day(int(t))
		return float64(12*date.Year() + int(date.Month()) - 1)
	}
	if (f == formDay || f == formWeek) && g.unit == unitSecond {
		return t * secondsADay
	}
	return t
}

// detect finds the grid of times of one form, which are sorted and all different. The step is the most frequent difference.
func detect(times []float64, f form) (Grid, form) {
	if f == formInstant && !slices.ContainsFunc(times, func(t float64) bool { return math.Mod(t, secondsADay) != 0 }) {
		for i := range times {
			times[i] /= secondsADay
		}
		f = formDay
	}
	if f == formNumber && compactDates(times) {
		for i, t := range times {
			times[i] = float64(dayNumber(int(t)/10000, int(t)/100%100, int(t)%100))
		}
		f = formDay
	}
	switch f {
	case formMonth:
		return regular(Grid{unit: unitMonth, form: f}, times, 1), f
	case formQuarter:
		return regular(Grid{unit: unitMonth, form: f}, times, 3), f
	case formWeek:
		g := regular(Grid{unit: unitDay, form: f}, times, 1)
		if len(times) == 1 {
			g.every, g.origin = 7, 4
		}
		return g, f
	case formInstant:
		g := regular(Grid{unit: unitSecond, form: f}, times, 1)
		if len(times) == 1 {
			g.every, g.origin = 3600, math.Mod(times[0], 3600)
		}
		return g, f
	case formDay:
		return detectDays(times), f
	}
	return detectNumbers(times), f
}

// regular completes a grid by the most frequent difference of times, each of which is scale units, and the most frequent remainder.
func regular(g Grid, times []float64, scale float64) Grid {
	g.every = scale
	if len(times) > 1 {
		differences := make([]float64, len(times)-1)
		for i := range differences {
			differences[i] = times[i+1] - times[i]
		}
		g.every = scale * mode(differences)
	}
	remainders := make([]float64, len(times))
	for i, t := range times {
		remainders[i] = scale*t - g.every*math.Floor(scale*t/g.every)
	}
	g.origin = mode(remainders)
	return g
}

// mode is the most frequent value, the least of them.
func mode(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	best, most, run := sorted[0], 0, 0
	for i, v := range sorted {
		if i == 0 || v != sorted[i-1] {
			run = 0
		}
		if run++; run > most {
			best, most = v, run
		}
	}
	return best
}

// detectDays tells days and weeks from months, whose dates stand 28 to 31 days apart on a day of their own (the last, perhaps).
func detectDays(times []float64) Grid {
	days := regular(Grid{unit: unitDay, form: formDay}, times, 1)
	monthly := false
	for _, between := range [][2]float64{{28, 31}, {90, 92}, {181, 184}, {365, 366}} {
		monthly = monthly || days.every >= between[0] && days.every <= between[1]
	}
	if !monthly {
		return days
	}
	numbers, anchors := make([]float64, 0, len(times)), make([]float64, len(times))
	for i, t := range times {
		date := day(int(t))
		anchors[i] = float64(date.Day())
		if month := float64(12*date.Year() + int(date.Month()) - 1); len(numbers) == 0 || month > numbers[len(numbers)-1] {
			numbers = append(numbers, month)
		}
	}
	months := regular(Grid{unit: unitMonth, form: formDay}, numbers, 1)
	best := misfits(days, times, formDay)
	for _, anchor := range []int{int(mode(anchors)), 31} {
		months.anchor = anchor
		if n := misfits(months, times, formDay); n == 0 || n < best {
			return months
		}
	}
	if days.every != 28 && len(numbers) == len(times) && best > 0 {
		return months // business days at the end of months, say
	}
	return days
}

// misfits counts the times that are not where a grid's labels are.
func misfits(g Grid, times []float64, f form) int {
	n := 0
	for _, t := range times {
		if _, exact := g.period(t, f); !exact {
			n++
		}
	}
	return n
}

// compactDates tells whether all numbers are dates as 20240131.
func compactDates(times []float64) bool {
	for _, t := range times {
		n := int(t)
		year, month, date := n/10000, n/100%100, n%100
		if t != math.Trunc(t) || year < 1800 || year > 2200 || month < 1 || month > 12 || date < 1 || date > daysIn(12*year+month-1) {
			return false
		}
	}
	return true
}

// detectNumbers tells whole numbers from decimal years.
func detectNumbers(times []float64) Grid {
	whole := true
	for _, t := range times {
		whole = whole && t == math.Trunc(t)
	}
	if whole {
		g := regular(Grid{form: formNumber}, times, 1)
		if 10*misfits(g, times, formNumber) > len(times) {
			g.every, g.origin = 1, 0
		}
		return g
	}
	// The least number of periods a year that fits nine of ten times.
	for _, n := range []float64{2, 4, 12, 13, 24, 26, 52, 365} {
		g := Grid{every: 1 / n, form: formNumber}
		if 10*misfits(g, times, formNumber) > len(times) {
			continue
		}
		if n <= 12 && times[0] >= 1000 && times[len(times)-1] < 3000 {
			g = Grid{unit: unitMonth, every: 12 / n, form: formMonth}
		}
		if n == 4 && g.unit == unitMonth {
			g.form = formQuarter
		}
		return g
	}
	return regular(Grid{form: formNumber}, times, 1)
}
