package logs

import (
	"math"
	"time"
)

// form is how a time is written, and so what its number counts.
type form uint8

const (
	formNone    form = iota
	formNumber       // a period's number or a decimal year
	formMonth        // months since the year 0
	formQuarter      // quarters since the year 0
	formWeek         // ISO weeks; the days since 1970-01-01 of its Monday
	formDay          // days since 1970-01-01
	formInstant      // whole seconds since then, by the clock of the place
)

const secondsADay = 24 * 60 * 60

// maxTime bounds times so that periods have numbers that are exact.
const maxTime = 1e15

// parseTime reads a time: a number; 2024-01-31; 2024-01-31T15:04, with a T or a space, with seconds and their fraction or
// without, and with Z or an offset, which is dropped, for a shop's day is the day of its place; 2024-01; 2024Q1 or 2024-Q1; 2024-W05 or 2024W05.
func parseTime(text string) (cell, bool) {
	year, ok := digits(text, 0, 4)
	if !ok || len(text) == 4 || text[4] != '-' { // a date is not tried as a number, of which the failure is slow
		if v, ok := parseNumber(text); ok {
			return cell{number: v, form: formNumber}, math.Abs(v) <= maxTime
		}
	}
	if !ok {
		return cell{}, false
	}
	rest := text[4:]
	if len(rest) > 1 && rest[0] == '-' && (rest[1] == 'Q' || rest[1] == 'W') {
		rest = rest[1:]
	}
	switch {
	case len(rest) == 2 && rest[0] == 'Q' && rest[1] >= '1' && rest[1] <= '4':
		return cell{number: float64(4*year + int(rest[1]-'1')), form: formQuarter}, true
	case len(rest) == 3 && rest[0] == 'W':
		week, ok := digits(rest, 1, 2)
		monday := isoMonday(year) + 7*(week-1)
		return cell{number: float64(monday), form: formWeek}, ok && week >= 1 && monday < isoMonday(year+1)
	case len(rest) < 3 || rest[0] != '-':
		return cell{}, false
	}
	month, ok := digits(rest, 1, 2)
	if !ok || month < 1 || month > 12 {
		return cell{}, false
	}
	if len(rest) == 3 {
		return cell{number: float64(12*year + month - 1), form: formMonth}, true
	}
	day, ok := digits(rest, 4, 2)
	if !ok || rest[3] != '-' || day < 1 || day > daysIn(12*year+month-1) {
		return cell{}, false
	}
	days := dayNumber(year, month, day)
	if len(rest) == 6 {
		return cell{number: float64(days), form: formDay}, true
	}
	seconds, ok := clock(rest[6:])
	return cell{number: float64(days*secondsADay) + seconds, form: formInstant}, ok
}

// clock reads what follows a date: T or a space, hh:mm, :ss, a fraction, and an offset.
func clock(text string) (float64, bool) {
	if text[0] != 'T' && text[0] != ' ' || len(text) < 6 || text[3] != ':' {
		return 0, false
	}
	hour, ok1 := digits(text, 1, 2)
	minute, ok2 := digits(text, 4, 2)
	if !ok1 || !ok2 || hour > 23 || minute > 59 {
		return 0, false
	}
	seconds, rest := 0.0, text[6:]
	if len(rest) > 0 && rest[0] == ':' {
		end := 1
		for end < len(rest) && (rest[end] >= '0' && rest[end] <= '9' || rest[end] == '.') {
			end++
		}
		var ok bool
		if seconds, ok = parseNumber(rest[1:end]); !ok || end < 3 || seconds >= 61 {
			return 0, false
		}
		rest = rest[end:]
	}
	if rest != "" && rest != "Z" {
		sign := rest[0] == '+' || rest[0] == '-'
		_, hours := digits(rest, 1, 2)
		colon := len(rest) - 5
		_, minutes := digits(rest, 3+max(colon, 0), 2)
		if !sign || !hours || !(len(rest) == 3 || len(rest) == 5 && minutes || len(rest) == 6 && rest[3] == ':' && minutes) {
			return 0, false
		}
	}
	return float64(hour*3600+minute*60) + math.Floor(seconds), true
}

// digits reads n digits at a place of a text.
func digits(text string, at, n int) (int, bool) {
	if len(text) < at+n {
		return 0, false
	}
	v := 0
	for _, c := range []byte(text[at : at+n]) {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = 10*v + int(c-'0')
	}
	return v, true
}

// dayNumber counts the days since 1970-01-01.
func dayNumber(year, month, day int) int {
	return floorDiv(int(time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Unix()), secondsADay)
}

// day is the date of a day number.
func day(number int) time.Time { return time.Unix(int64(number)*secondsADay, 0).UTC() }

// daysIn is the length of a month, which is counted from the year 0.
func daysIn(month int) int {
	return dayNumber(0, month+2, 1) - dayNumber(0, month+1, 1)
}

// isoMonday is the first day of a year's week 1, the one with its first Thursday (ISO 8601).
func isoMonday(year int) int {
	fourth := dayNumber(year, 1, 4)
	return fourth - mod(fourth+3, 7) // 1970-01-01 was a Thursday
}

func floorDiv(a, b int) int { return int(math.Floor(float64(a) / float64(b))) }

func mod(a, b int) int { return a - b*floorDiv(a, b) }
