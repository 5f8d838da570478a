package logs

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/souk-sim/souk/scenarios/field"
)

// Resampling says how periods become longer ones.
type Resampling struct {
	Step    string  // as NewGrid takes it; longer than the series'
	Combine Combine // Sum or Mean of the values; regressors are averaged
	// Incomplete takes a period of which parts are missing for the sum or the mean of the others. Otherwise it is missing, and dropped where it is the first
	// or the last and cut off by the ends of the series.
	Incomplete bool
}

// Resample makes a series of longer periods: hours to days, days to weeks, and so on to years. A period goes as a whole to the one that holds its
// middle, as ISO 8601 gives a week to the year of its Thursday, so that sums are conserved. Incomplete periods are reported.
func (s Series) Resample(r Resampling) (Series, error) {
	grid, err := NewGrid(r.Step)
	if err != nil {
		return Series{}, err
	}
	if r.Combine != Sum && r.Combine != Mean {
		return Series{}, field.New("combine", strconv.Quote(string(r.Combine)), "sum or mean")
	}
	if s.Grid.unit == unitNumber {
		return Series{}, field.New("step", r.Step+" from numbered periods", "a series with dates, for others have no calendar")
	}
	if grid.days() <= s.Grid.days() {
		return Series{}, field.New("step", r.Step+" from a "+s.Grid.String(), "a longer step than the series'")
	}
	of := func(i int) int { return grid.holding(s.Grid, s.Start+i) }
	long := Series{ID: s.ID, Grid: grid, Names: s.Names, Regressors: make([][]float64, len(s.Regressors)), Findings: slices.Clone(s.Findings)}
	for from := 0; from < len(s.Values); {
		k, to := of(from), from+1
		for to < len(s.Values) && of(to) == k {
			to++
		}
		parts := to - from
		for i := -1; from == 0 && of(i) == k; i-- {
			parts++
		}
		for i := to; to == len(s.Values) && of(i) == k; i++ {
			parts++
		}
		value, known := aggregate(s.Values[from:to], r.Combine)
		incomplete := known < parts
		if f := (Finding{Row: from + 1, Period: k, Time: grid.Label(k), Kind: IncompletePeriod, Found: fmt.Sprintf("%d of %d periods of a %s", known, parts, s.Grid),
			Expected: "all of them", Action: Kept}); incomplete {
			switch {
			case r.Incomplete:
			case parts > to-from:
				f.Action = Dropped
			default:
				f.Action = Missing
			}
			long.Findings = append(long.Findings, f)
		}
		if !incomplete || r.Incomplete || parts == to-from {
			if incomplete && !r.Incomplete {
				value = math.NaN()
			}
			long.append(k, value)
			for i, x := range s.Regressors {
				mean, known := aggregate(x[from:to], Mean)
				if known < parts && !r.Incomplete {
					mean = math.NaN()
				}
				long.Regressors[i] = append(long.Regressors[i], mean)
			}
		}
		from = to
	}
	if len(long.Values) == 0 {
		return Series{}, field.New("step", fmt.Sprintf("%d periods of a %s", len(s.Values), s.Grid), "at least one whole "+r.Step)
	}
	return long, nil
}

// append adds period k, which follows the last.
func (s *Series) append(k int, value float64) {
	if len(s.Values) == 0 {
		s.Start = k
	}
	s.Values = append(s.Values, value)
}

// aggregate combines what is not missing and counts it; none of it is missing.
func aggregate(values []float64, how Combine) (total float64, known int) {
	for _, v := range values {
		if v == v {
			total += v
			known++
		}
	}
	if known == 0 {
		return math.NaN(), 0
	}
	if how == Mean {
		total /= float64(known)
	}
	return total, known
}

// days is the length of a calendar grid's periods, about.
func (g Grid) days() float64 {
	switch g.unit {
	case unitSecond:
		return g.every / secondsADay
	case unitMonth:
		return g.every * 30
	}
	return g.every
}

// holding is the period that holds the middle of period k of a shorter grid.
func (g Grid) holding(short Grid, k int) int {
	form, half := formInstant, math.Floor(short.every/2)
	switch short.unit {
	case unitDay:
		form = formDay
	case unitMonth:
		form, half = formMonth, math.Floor((short.every-1)/2)
	}
	at, _ := g.period(short.at(k)+half, form)
	return at
}
