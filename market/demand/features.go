package demand

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
)

// features says what a learner knows when it predicts period t: the last values on the transformed scale, the season,
// and the regressors of t and of t-1. Regression, Forest, LSTM and Global share them. There is no trend in time: the lags carry
// growth on, and a line beside them forecast worse on the M3 series.
type features struct {
	Lags       []int    `json:"lags"`                 // of the series, ascending
	Period     int      `json:"period"`               // periods a season
	Harmonics  int      `json:"harmonics"`            // Fourier pairs of the season
	Regressors []string `json:"regressors,omitempty"` // each with its value in t and in t-1
}

const (
	minObserved = 12  // values that a learner needs
	maxLags     = 4   // beside the seasonal one; the ridge decides how much of them to use
	maxHarmonic = 6   // the whole season of months, and a smooth one of weeks and days
	maxFeatures = 256 // a row lives on the stack
)

// featuresFor are those that n observed values can bear: about a feature for every three of them, regressors aside.
func featuresFor(n, period int, regressors []string) (features, error) {
	f := features{Period: max(period, 1), Regressors: regressors}
	if n < minObserved {
		return f, field.New("series", fmt.Sprintf("%d observed values", n), fmt.Sprintf("at least %d", minObserved))
	}
	if k := 2 * len(regressors); k > maxFeatures/2 {
		return f, field.New("regressors", len(regressors), fmt.Sprintf("at most %d", maxFeatures/4))
	}
	for l := 1; l <= min(maxLags, n/6); l++ {
		f.Lags = append(f.Lags, l)
	}
	if period > maxLags && n >= 3*period {
		f.Lags = append(f.Lags, period)
	}
	if period > 1 && n >= 2*period {
		f.Harmonics = min(period/2, maxHarmonic, n/6)
	}
	return f, nil
}

// reach is the number of past values that the features look at.
func (f *features) reach() int { return f.Lags[len(f.Lags)-1] }

// count is the length of a row: lags, harmonics, regressors, regressors a period before.
func (f *features) count() int { return len(f.Lags) + 2*f.Harmonics + 2*len(f.Regressors) }

// stateLen is the length of the state: the last values, oldest first, then the last period's regressors.
func (f *features) stateLen() int { return f.reach() + len(f.Regressors) }

// names are the columns of a row.
func (f *features) names() []string {
	var names []string
	for _, l := range f.Lags {
		names = append(names, fmt.Sprintf("lag%d", l))
	}
	for k := 1; k <= f.Harmonics; k++ {
		names = append(names, fmt.Sprintf("sin%d", k), fmt.Sprintf("cos%d", k))
	}
	names = append(names, f.Regressors...)
	for _, r := range f.Regressors {
		names = append(names, r+" before")
	}
	return names
}

// row fills the features of period t, given the state before it and the regressors of t.
func (f *features) row(row, state []float64, t int, x []float64) {
	reach := f.reach()
	at := 0
	for _, l := range f.Lags {
		row[at] = state[reach-l]
		at++
	}
	for k := 1; k <= f.Harmonics; k++ {
		cycles := float64(k) * float64(t) / float64(f.Period)
		row[at], row[at+1] = portable.Sincos(2 * math.Pi * (cycles - math.Floor(cycles)))
		at += 2
	}
	at += copy(row[at:], x)
	copy(row[at:], state[reach:])
}

// push moves the state past period t.
func (f *features) push(state []float64, x []float64, z float64) {
	reach := f.reach()
	copy(state[:reach], state[1:reach])
	state[reach-1] = z
	copy(state[reach:], x)
}

// table is a series as a learner sees it: one row for each observed period that has a past.
type table struct {
	rows  [][]float64
	y     []float64
	at    []int     // index in the series
	z     []float64 // the series and its regressors
	xs    [][]float64
	from  int       // index of the first period that can have a row
	state []float64 // before it
}

// constant reports whether all values are the same.
func (d *table) constant() bool {
	for _, v := range d.y {
		if v != d.y[0] {
			return false
		}
	}
	return true
}

// table builds the rows of a series. A missing value counts as the last one before it where it is a lag, and a missing
// regressor (of a missing value) as the one before it.
func (f *features) table(start int, z []float64, xs [][]float64) *table {
	first, _ := observedSpan(z)
	from := first + f.reach()
	d := &table{z: z, xs: xs, from: from, state: make([]float64, f.stateLen())}
	if from >= len(z) {
		return d
	}
	fill(xs)
	last := z[first]
	for t := first; t < from; t++ {
		if !math.IsNaN(z[t]) {
			last = z[t]
		}
		f.push(d.state, xs[t], last)
	}
	state := append([]float64(nil), d.state...)
	for t := from; t < len(z); t++ {
		if !math.IsNaN(z[t]) {
			row := make([]float64, f.count())
			f.row(row, state, start+t, xs[t])
			d.rows, d.y, d.at = append(d.rows, row), append(d.y, z[t]), append(d.at, t)
			last = z[t]
		}
		f.push(state, xs[t], last)
	}
	return d
}

// fill replaces a missing regressor by its last value, or by zero where there is none yet.
func fill(xs [][]float64) {
	for t, x := range xs {
		for j, v := range x {
			if math.IsNaN(v) {
				if x[j] = 0; t > 0 {
					x[j] = xs[t-1][j]
				}
			}
		}
	}
}

// check reports why a features description read from a file cannot be one.
func (f *features) check() error {
	ok := len(f.Lags) > 0 && f.Period >= 1 && f.Harmonics >= 0 && f.Harmonics <= maxHarmonic && len(f.Regressors) <= maxFeatures/4
	for i, l := range f.Lags {
		ok = ok && l >= 1 && l <= 1<<20 && (i == 0 || l > f.Lags[i-1]) && i <= maxLags
	}
	if !ok {
		return field.New("features", fmt.Sprintf("%+v", *f), "ascending lags, a period and harmonics within bounds")
	}
	return nil
}
