package logs

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
)

// ExperimentColumns says where a table has a randomised experiment. A row is an observation of a unit: a visit, a day, or all that it came to.
type ExperimentColumns struct {
	Unit     string   // what was randomised: an id of a customer, a session, a region, a slot
	Arm      string   // which arm it was in
	Time     string   // optional: of the row, as series have them
	Stratum  string   // optional
	Segments []string // of texts
	Numbers  []string // what metrics are made of; missing where a cell is empty
}

// Experiment is the log of a randomised experiment, a row each, in the order of the file.
type Experiment struct {
	Arms    []string // sorted
	Arm     []int32
	Units   int
	Unit    []int32 // by first appearance; ids stay in the file
	Time    []float64
	Strata  []string // by first appearance
	Stratum []int32
	Values  [][]string  // of each segment, by first appearance
	Segment [][]int32   // by segment and row
	Numbers [][]float64 // by column and row
	// TimeUnit is what Time counts from any beginning: "days" of dates and instants, or "" for numbers and other periods.
	TimeUnit string
}

// mostArms bounds what can be an arm: with more, the column is of something else.
const mostArms = 20

// mostValues bounds the values of a segment or the strata.
const mostValues = 1000

// DecodeExperiment reads an experiment from size bytes of data, which Decode describes, in any of the separators of
// ColumnNames. It refuses a row without a unit or an arm, a unit in two arms, and fewer than two arms or more than 20.
func DecodeExperiment(name string, data io.ReaderAt, size int64, c ExperimentColumns) (Experiment, error) {
	columns := []column{{c.Unit, ofTexts}, {c.Arm, ofTexts}}
	time, stratum := -1, -1
	if c.Time != "" {
		time, columns = len(columns), append(columns, column{c.Time, ofTimes})
	}
	if c.Stratum != "" {
		stratum, columns = len(columns), append(columns, column{c.Stratum, ofTexts})
	}
	segments := len(columns)
	for _, s := range c.Segments {
		columns = append(columns, column{s, ofTexts})
	}
	numbers := len(columns)
	for _, n := range c.Numbers {
		columns = append(columns, column{n, ofNumbers})
	}
	for _, s := range slices.Concat([]string{c.Arm, c.Stratum}, c.Segments) {
		if err := noID(s, s); err != nil {
			return Experiment{}, err
		}
	}
	r := experimentReader{columns: c, units: newNumbering(), arms: words{most: mostArms}, strata: words{most: mostValues}, time: time, stratum: stratum, first: segments, number: numbers}
	r.Segment, r.Numbers = make([][]int32, len(c.Segments)), make([][]float64, len(c.Numbers))
	for range c.Segments {
		r.segments = append(r.segments, words{most: mostValues})
	}
	if err := scanAs(dialect{separator: separatorOf(data, size)}, name, data, size, columns, r.row); err != nil {
		return Experiment{}, err
	}
	return r.done(name)
}

type experimentReader struct {
	Experiment
	columns       ExperimentColumns
	units         *numbering
	arms, strata  words
	segments      []words
	armOf         []int32 // of each unit
	form          form
	time, stratum int // where they stand, -1 for none
	first, number int // segment, column of numbers
}

func (r *experimentReader) row(at place, cells []cell) error {
	if cells[0].text == "" || cells[1].text == "" {
		which := map[bool]string{true: r.columns.Unit, false: r.columns.Arm}[cells[0].text == ""]
		return at.bad(which, "nothing", "a unit and its arm in every row")
	}
	unit := r.units.of(cells[0].text)
	arm, err := r.arms.of(at, r.columns.Arm, cells[1].text)
	if err != nil {
		return err
	}
	if int(unit) == len(r.armOf) {
		r.armOf = append(r.armOf, arm)
	} else if r.armOf[unit] != arm {
		return at.bad(r.columns.Unit, fmt.Sprintf("a unit in %s that is in %s in a row before", strconv.Quote(r.arms.names[arm]), strconv.Quote(r.arms.names[r.armOf[unit]])),
			"each unit in one arm: what it came to could be put down to neither")
	}
	r.Unit, r.Arm = append(r.Unit, unit), append(r.Arm, arm)
	if r.time >= 0 {
		if err := r.clock(at, cells[r.time]); err != nil {
			return err
		}
	}
	if r.stratum >= 0 {
		v, err := r.strata.of(at, r.columns.Stratum, cells[r.stratum].text)
		if err != nil {
			return err
		}
		r.Stratum = append(r.Stratum, v)
	}
	for i := range r.segments {
		v, err := r.segments[i].of(at, r.columns.Segments[i], cells[r.first+i].text)
		if err != nil {
			return err
		}
		r.Segment[i] = append(r.Segment[i], v)
	}
	for i := range r.Numbers {
		r.Numbers[i] = append(r.Numbers[i], cells[r.number+i].number)
	}
	return nil
}

// clock takes a time, of which all rows need one, in one form.
func (r *experimentReader) clock(at place, c cell) error {
	switch {
	case math.IsNaN(c.number):
		return at.bad(r.columns.Time, "nothing", "a time in every row")
	case len(r.Time) > 0 && c.form != r.form:
		return at.bad(r.columns.Time, "a time of another form than the rows before", "times that are all written alike")
	}
	r.form = c.form
	r.Time = append(r.Time, c.number)
	return nil
}

// done sorts the arms by name and brings instants to days.
func (r *experimentReader) done(name string) (Experiment, error) {
	if n := len(r.arms.names); n < 2 {
		return Experiment{}, named(name, field.New(r.columns.Arm, fmt.Sprintf("one arm, %q", r.arms.names[0]), "two or more"))
	}
	r.Units = len(r.armOf)
	r.Arms = slices.Sorted(slices.Values(r.arms.names))
	place := make([]int32, len(r.Arms))
	for i, arm := range r.arms.names {
		place[i] = int32(slices.Index(r.Arms, arm))
	}
	for row, arm := range r.Arm {
		r.Arm[row] = place[arm]
	}
	r.Strata = r.strata.names
	for i := range r.segments {
		r.Values = append(r.Values, r.segments[i].names)
	}
	switch r.form {
	case formInstant:
		for row := range r.Time {
			r.Time[row] /= secondsADay
		}
		r.TimeUnit = "days"
	case formDay, formWeek:
		r.TimeUnit = "days"
	}
	return r.Experiment, nil
}

// words numbers texts by first appearance.
type words struct {
	names []string
	index map[string]int32
	most  int
}

func (w *words) of(at place, column, text string) (int32, error) {
	if text == "" {
		text = MissingWord
	}
	if i, ok := w.index[text]; ok {
		return i, nil
	}
	if len(w.names) == w.most {
		return 0, at.bad(column, fmt.Sprintf("more than %d different values", w.most), fmt.Sprintf("a column of at most %d", w.most))
	}
	if w.index == nil {
		w.index = map[string]int32{}
	}
	text = strings.Clone(text) // and not the line it stood in
	w.index[text] = int32(len(w.names))
	w.names = append(w.names, text)
	return w.index[text], nil
}
