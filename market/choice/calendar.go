package choice

import (
	"math"
	"time"

	"github.com/souk-sim/souk/sim/portable"
)

const weeksPerYear = 365.2425 / 7

// calendar turns week numbers into dates: week 1 begins on the day first.
type calendar struct{ first time.Time }

// lent returns the share of a week's seven days that fall in Lent, from Ash Wednesday (46 days before Easter) to
// the eve of Easter.
func (c calendar) lent(week int) float64 {
	days := 0
	for d := range 7 {
		day := c.first.AddDate(0, 0, 7*(week-1)+d)
		easter := easterSunday(day.Year())
		if !day.Before(easter.AddDate(0, 0, -46)) && day.Before(easter) {
			days++
		}
	}
	return float64(days) / 7
}

// easterSunday returns the date of Easter in the Gregorian calendar (anonymous algorithm, Meeus 1991, chapter 8).
func easterSunday(year int) time.Time {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	g := (b - (b+8)/25 + 1) / 3
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return time.Date(year, time.Month(n/31), n%31+1, 0, 0, 0, 0, time.UTC)
}

// harmonic returns the annual Fourier pair of order h in a week.
func harmonic(week, h int) (sin, cos float64) {
	return portable.Sincos(2 * math.Pi * float64(h) * float64(week) / weeksPerYear)
}
