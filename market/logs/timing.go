package logs

import (
	"math"

	"github.com/souk-sim/souk/scenarios/field"
)

// timing turns the times of a log into seconds, once all are known.
type timing struct {
	unit  int64 // seconds of 1 in a column of small numbers
	form  form  // formNumber, or formInstant for all else
	finer bool  // than a day
}

// cellTime reads the time of a row; ok is false where it is missing or impossible.
func (in *intake) cellTime(k int, at place, cells []cell) (t int64, ok bool, err error) {
	c := cells[in.from[k]]
	if in.from[k+1]-in.from[k] == 3 {
		if c, ok = datePart(cells[in.from[k]:in.from[k+1]]); !ok {
			return 0, false, in.leaveOut(at, ImpossibleValue, k, "no such day", "year, month and day")
		}
	}
	if math.IsNaN(c.number) {
		return 0, false, in.leaveOut(at, MissingValue, k, "nothing", expectedOf[ofTimes])
	}
	form := c.form
	switch form {
	case formNumber:
		if t = int64(math.Float64bits(c.number)); c.number < -largest {
			return 0, false, in.leaveOut(at, ImpossibleValue, k, "a number far below 0", expectedOf[ofTimes])
		}
	case formDay:
		t, form = int64(c.number)*secondsADay, formInstant
	case formInstant:
		t, in.clock.finer = int64(c.number), true
	default:
		return 0, false, at.bad(in.view.name(k), "a time longer than a day", "a date, a date and time, or a number")
	}
	if in.clock.form != formNone && in.clock.form != form {
		return 0, false, at.bad(in.view.name(k), "a time written in another way than those before", "one way for all times of a log")
	}
	in.clock.form = form
	return t, true, nil
}

// datePart makes a day of year, month and day.
func datePart(cells []cell) (cell, bool) {
	var v [3]int
	for i := range v {
		x := cells[i].number
		if math.IsNaN(x) {
			return cell{number: math.NaN()}, true
		}
		if x != math.Trunc(x) || x < 1 || x > 9999 {
			return cell{}, false
		}
		v[i] = int(x)
	}
	if v[1] > 12 || v[2] > daysIn(12*v[0]+v[1]-1) {
		return cell{}, false
	}
	return cell{number: float64(dayNumber(v[0], v[1], v[2])), form: formDay}, true
}

// settle turns what cellTime gave into seconds, and leaves out what is impossible. Numbers are 20240131 where most are such dates, milliseconds or seconds
// since 1970 where the largest is above 10^11 or 10^8, else units since the log's own beginning.
func (in *intake) settle(times []int64, k int) (daily bool, err error) {
	dated := in.clock.form != formNumber
	daily = !in.clock.finer
	if !dated {
		dated, daily = in.clock.numbers(times)
	}
	if !dated && in.End != "" {
		return daily, &field.Error{File: in.name, Key: "end", Found: "a log that numbers its days itself", Expected: "no end, or dates in the column " + in.view.name(k)}
	}
	if !dated {
		return daily, nil
	}
	expected := "a time from 1971 to 2199"
	if in.End != "" {
		expected += " and not after " + in.End
	}
	for i, t := range times {
		if (t < firstTime || t >= lastTime || t >= in.over) && in.left(i) {
			if err := in.leaveOutKept(i, ImpossibleValue, k, "a time outside these", expected); err != nil {
				return daily, err
			}
		}
	}
	return daily, nil
}

// firstTime and lastTime bound what a shop's clock can say, 1971-01-01 and 2200-01-01; 1970 is what one says that was never set.
const (
	firstTime = 365 * secondsADay
	lastTime  = 84006 * secondsADay
)

// largest is the size from which on numbers cannot be days or seconds of a log's own.
const largest = 1e8

// numbers settles a column of numbers.
func (c *timing) numbers(times []int64) (dated, daily bool) {
	value := func(i int) float64 { return math.Float64frombits(uint64(times[i])) }
	dates, most := 0, math.Inf(-1)
	for i := range times {
		if _, ok := compactDate(value(i)); ok {
			dates++
		}
		most = max(most, value(i))
	}
	switch {
	case 2*dates > len(times):
		for i := range times {
			day, _ := compactDate(value(i)) // no date: the day 0, in 1970, which is impossible
			times[i] = int64(day) * secondsADay
		}
		return true, true
	case most >= largest:
		per := 1.0
		if most >= 1e11 {
			per = 1000
		}
		for i := range times {
			times[i] = int64(math.Floor(value(i) / per))
		}
		return true, false
	}
	daily = c.unit == secondsADay
	for i := range times {
		v := value(i)
		daily = daily && v == math.Trunc(v)
		times[i] = int64(math.Floor(v * float64(c.unit)))
	}
	return false, daily
}

// compactDate reads 20240131.
func compactDate(v float64) (day int, ok bool) {
	if v != math.Trunc(v) || v < 1900_01_01 || v >= 2200_00_00 {
		return 0, false
	}
	n := int(v)
	year, month, date := n/10000, n/100%100, n%100
	if month < 1 || month > 12 || date < 1 || date > daysIn(12*year+month-1) {
		return 0, false
	}
	return dayNumber(year, month, date), true
}
