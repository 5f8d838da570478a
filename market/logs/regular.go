package logs

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/souk-sim/souk/scenarios/field"
)

// Series is one value a period on a regular grid.
type Series struct {
	ID         string
	Grid       Grid
	Start      int       // number of the first period on the grid
	Values     []float64 // NaN is missing
	Names      []string  // of the regressors
	Regressors [][]float64
	Findings   []Finding // in the order of periods, but those that speak of all rows first
}

// Label is the name of the period i places after the first; i may lie beyond the last.
func (s Series) Label(i int) string { return s.Grid.Label(s.Start + i) }

// Combine says what one period's rows become together.
type Combine string

// The ways to combine.
const (
	Refuse Combine = ""
	Sum    Combine = "sum"
	Mean   Combine = "mean"
)

// Placing says how rows are put on a grid.
type Placing struct {
	// Step is the grid's, as NewGrid takes it. Empty: it is detected. The first and the last period of a given step hold what rows there are, though they
	// may begin before the rows do or end after them; who wants such told or dropped puts the rows on days and calls Resample.
	Step string
	// Combine says what becomes of several rows of one period. A sum or a mean of which a part is missing is missing. The regressors' are always averaged.
	Combine Combine
	// Zero takes periods without a row as 0 and not as missing: so they are where a table holds sales, and no row means none.
	Zero bool
}

// farApart bounds the number of periods by 1000 and farApart for each row, so that one bad date does not fill the memory.
const farApart = 100

// Regular puts the rows of a series on a regular grid, a period each, and reports all it changes. Rows are sorted by time; a period without
// a row is missing, or 0 by request.
//
// Where the step is detected, it is the most frequent difference of times. Rows of one period that are equal are taken once; those that differ
// are refused unless Combine says what they make, for more often than not an id column has been forgotten. A time that is not where the step
// has it goes to the period that holds it; when more than a tenth are such, the series has no regular step and is refused.
//
// Where the step is given, a period's rows, equal or not, are combined, and periods are those of the calendar.
func (o Observations) Regular(p Placing) (Series, error) {
	s := Series{ID: o.ID, Names: o.Columns.Regressors, Grid: Grid{every: 1, form: formNumber}, Start: 1}
	if p.Combine != Refuse && p.Combine != Sum && p.Combine != Mean {
		return s, field.New("combine", strconv.Quote(string(p.Combine)), "sum or mean")
	}
	if o.times == nil {
		if p.Step != "" {
			return s, o.bad("time", "no column of times", "one, to put rows on a "+p.Step)
		}
		s.Values, s.Regressors = slices.Clone(o.Values), make([][]float64, len(o.Regressors))
		for i := range o.Regressors {
			s.Regressors[i] = slices.Clone(o.Regressors[i])
		}
		return s, nil
	}
	order := make([]int, len(o.times))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(o.times[a], o.times[b]) })
	b := placer{Observations: o, Placing: p, order: order, series: s}
	if err := b.place(); err != nil {
		return s, err
	}
	return b.series, nil
}

func (o Observations) bad(key, found, expected string) error {
	return &field.Error{File: o.file, Key: key, Found: found + o.ofSeries(), Expected: expected}
}

func (o Observations) ofSeries() string {
	if o.ID == "" {
		return ""
	}
	return " of series " + clip(o.ID)
}

type placer struct {
	Observations
	Placing
	order   []int // of the rows, by time
	periods []int // of the rows, in that order
	series  Series
	moved   []int // rows of which the time is none of the grid's
}

func (b *placer) place() error {
	if err := b.number(); err != nil {
		return err
	}
	b.disorder()
	first, last := b.periods[0], b.periods[len(b.periods)-1]
	if n := last - first + 1; n > 1000+farApart*len(b.order) || n < 1 {
		return b.bad(b.Columns.Time, fmt.Sprintf("%s to %s, %d periods of a %s, for %d rows", b.series.Grid.Label(first), b.series.Grid.Label(last), n, b.series.Grid, len(b.order)),
			"times closer together")
	}
	s := &b.series
	s.Start = first
	s.Values, s.Regressors = missing(last-first+1), make([][]float64, len(b.Regressors))
	for i := range s.Regressors {
		s.Regressors[i] = missing(last - first + 1)
	}
	return b.fill()
}

func missing(n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = math.NaN()
	}
	return values
}

// number finds the grid and the period of each row.
func (b *placer) number() error {
	times, form := make([]float64, len(b.order)), b.form
	for i, row := range b.order {
		times[i] = b.times[row]
	}
	if b.Step != "" {
		grid, err := NewGrid(b.Step)
		if err != nil {
			return err
		}
		if form == formNumber && grid.unit != unitMonth {
			return b.bad(b.Columns.Time, "numbers", "dates, to put rows on a "+b.Step)
		}
		b.series.Grid = grid
	} else {
		unique := slices.Compact(slices.Clone(times))
		was := slices.Clone(unique)
		b.series.Grid, form = detect(unique, form)
		for i, k := 0, 0; i < len(times); i++ { // detect may have rewritten them in another form
			for was[k] < times[i] {
				k++
			}
			times[i] = unique[k]
		}
	}
	b.periods = make([]int, len(times))
	for i, t := range times {
		k, exact := b.series.Grid.period(t, form)
		b.periods[i] = k
		if !exact && b.Step == "" {
			b.moved = append(b.moved, b.order[i])
		}
	}
	if n := len(b.moved); 10*n > len(times) {
		at := b.places[slices.Min(b.moved)]
		err := at.bad(b.Columns.Time, fmt.Sprintf("%d of %d times%s that do not fit the most frequent step, a %s", n, len(times), b.ofSeries(), b.series.Grid),
			"times a step apart, or a step (day, week, month, …) to put them on")
		err.File = b.file
		return err
	} else if n > 0 {
		row := slices.Min(b.moved)
		b.find(row, b.periods[slices.Index(b.order, row)], OffGrid, fmt.Sprintf("%d times, this the first", n), "times a "+b.series.Grid.String()+" apart", Moved)
	}
	return nil
}

func (b *placer) find(row, period int, kind Kind, found, expected string, action Action) {
	b.series.Findings = append(b.series.Findings, Finding{Row: b.places[row].row, Period: period, Time: b.series.Grid.Label(period), Kind: kind,
		Found: found, Expected: expected, Action: action})
}

func (b *placer) disorder() {
	n, first, latest := 0, 0, math.Inf(-1)
	for row, t := range b.times {
		if t < latest {
			if n == 0 {
				first = row
			}
			n++
		}
		latest = max(latest, t)
	}
	if n > 0 {
		b.find(first, b.periods[slices.Index(b.order, first)], OutOfOrder, fmt.Sprintf("%d rows earlier than one before, this the first", n), "rows in the order of time", Sorted)
	}
}

// fill goes through the periods that have rows.
func (b *placer) fill() error {
	s := &b.series
	equal, several := tally{}, tally{}
	var gaps []gap
	for i := 0; i < len(b.order); {
		j := i + 1
		for j < len(b.order) && b.periods[j] == b.periods[i] {
			j++
		}
		rows := b.order[i:j]
		if b.Step == "" && len(rows) > 1 {
			kept := b.distinct(rows)
			equal.count(len(rows)-len(kept), rows[len(rows)-1], b.periods[i])
			rows = kept
			if len(rows) > 1 {
				several.count(1, rows[1], b.periods[i])
			}
		}
		if len(rows) > 1 && b.Combine == Refuse {
			err := b.places[rows[1]].bad(b.Columns.Time, fmt.Sprintf("a second row for %s%s, with %s where row %d has %s", s.Grid.Label(b.periods[i]), b.ofSeries(),
				number(b.Values[rows[1]]), b.places[rows[0]].row, number(b.Values[rows[0]])), "one row a period; or name all id columns, or combine by sum or mean")
			err.File = b.file
			return err
		}
		at := b.periods[i] - s.Start
		s.Values[at] = b.together(b.Values, rows, b.Combine)
		for k := range s.Regressors {
			s.Regressors[k][at] = b.together(b.Regressors[k], rows, Mean)
		}
		if i > 0 && b.periods[i] > b.periods[i-1]+1 {
			gaps = append(gaps, gap{rows[0], b.periods[i-1] + 1, b.periods[i] - 1})
		}
		i = j
	}
	if equal.n > 0 {
		b.find(equal.row, equal.period, RepeatedRow, fmt.Sprintf("%d with the time and values of another, this the first", equal.n), "one row a period", Dropped)
	}
	if several.n > 0 {
		b.find(several.row, several.period, SeveralRows, fmt.Sprintf("%d periods, this the first", several.n), "one row a period",
			map[Combine]Action{Sum: Summed, Mean: Averaged}[b.Combine])
	}
	b.absent(gaps)
	return nil
}

type tally struct{ n, row, period int }

func (t *tally) count(n, row, period int) {
	if t.n == 0 {
		t.row, t.period = row, period
	}
	t.n += n
}

// gap is a run of periods without rows, before a row.
type gap struct{ row, first, last int }

// absent reports gaps: each alone where they are few, else all in one finding.
func (b *placer) absent(gaps []gap) {
	const few = 3
	action, n, label := Missing, 0, b.series.Grid.Label
	for _, g := range gaps {
		n += g.last - g.first + 1
		if b.Zero {
			action = TakenAsZero
			clear(b.series.Values[g.first-b.series.Start : g.last+1-b.series.Start])
		}
	}
	if len(gaps) > few {
		first, last := gaps[0], gaps[len(gaps)-1]
		b.find(first.row, first.first, AbsentPeriod, fmt.Sprintf("%d periods without a row, %s … %s", n, label(first.first), label(last.last)), "a row for each", action)
		return
	}
	for _, g := range gaps {
		found := "1 period without a row"
		if g.last > g.first {
			found = fmt.Sprintf("%d periods without a row, %s to %s", g.last-g.first+1, label(g.first), label(g.last))
		}
		b.find(g.row, g.first, AbsentPeriod, found, "a row for each", action)
	}
}

// distinct leaves out rows that equal an earlier one.
func (b *placer) distinct(rows []int) []int {
	compare := func(i, j int) int {
		c := cmp.Compare(b.Values[i], b.Values[j])
		for k := 0; c == 0 && k < len(b.Regressors); k++ {
			c = cmp.Compare(b.Regressors[k][i], b.Regressors[k][j])
		}
		return c
	}
	kept := slices.Clone(rows)
	slices.SortStableFunc(kept, compare)
	kept = slices.CompactFunc(kept, func(i, j int) bool { return compare(i, j) == 0 })
	slices.Sort(kept)
	return kept
}

// together combines the values of some rows, in the order of the file.
func (b *placer) together(values []float64, rows []int, how Combine) float64 {
	total := 0.0
	for _, row := range rows {
		total += values[row]
	}
	if how == Mean {
		total /= float64(len(rows))
	}
	return total
}

// Observed is the number of periods up to the last that has a value. Those after it are the future, of which the regressors may be known.
func (s Series) Observed() int {
	n := len(s.Values)
	for n > 0 && s.Values[n-1] != s.Values[n-1] {
		n--
	}
	return n
}
