package logs

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
)

// intake reads a shop log row by row, counts its defects and remembers where rows stood.
type intake struct {
	Options
	view
	name      string
	data      io.ReaderAt
	size      int64
	separator rune
	expected  int // rows, about
	report    Report
	kept      int     // rows so far
	moves     []shift // where they stood, in ascending order
	out       []bool  // kept rows that are left out after all; nil: none
	clock     timing
	over      int64 // times from here on are impossible
}

// shift says that from the kept row first on, rows stand so many lines further down than their number.
type shift struct{ first, by int }

// maxRows is what int32 can number.
const maxRows = math.MaxInt32

// open looks at the header of size bytes of data and finds the slots' columns.
func (in *intake) open(name string, data io.ReaderAt, size int64, slots []slot, unit int64) error {
	in.name, in.data, in.size, in.clock.unit = name, data, size, unit
	if err := in.check(); err != nil {
		return err
	}
	if size == 0 {
		return &field.Error{File: name, Found: "an empty file", Expected: "a header and at least one row"}
	}
	columnar, err := isParquet(name, data, size)
	if err != nil {
		return err
	}
	in.separator = separatorOf(data, size)
	header, err := headerOf(name, data, size, in.separator)
	if err == nil && !columnar {
		err = checkHeader(header)
	}
	if err == nil {
		in.expected, err = expect(data, size, columnar, len(header))
	}
	if err == nil {
		in.view, in.report.Notes, err = in.arrange(slots, header)
	}
	if err != nil {
		return named(name, err)
	}
	in.report.Columns = map[string]string{}
	for k, s := range slots {
		if in.has(k) {
			in.report.Columns[s.role] = in.view.name(k)
		}
	}
	return nil
}

// expect guesses the number of rows, so that columns need not be moved as they grow: of a CSV by the first MiB.
func expect(data io.ReaderAt, size int64, columnar bool, width int) (int, error) {
	if columnar {
		file, _, err := openParquet(data, size)
		if err != nil {
			return 0, err
		}
		return int(max(0, min(file.NumRows(), size, maxRows))), nil // a damaged file may say anything
	}
	head := make([]byte, min(size, 1<<20))
	n, err := data.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return 0, &field.Error{Found: reason(err), Expected: "a file that can be read"}
	}
	lines := bytes.Count(head[:n], []byte{'\n'})
	perLine := max(float64(n)/float64(lines+1), float64(width))
	return int(min(1.03*float64(size)/perLine, maxRows)), nil
}

// put appends a value to a column of about so many rows.
func put[T any](column []T, v T, expected int) []T {
	if column == nil {
		column = make([]T, 0, expected)
	}
	return append(column, v)
}

// each gives row the cells of the slots' columns, row by row.
func (in *intake) each(row func(at place, cells []cell) error) error {
	return scanAs(dialect{in.separator, true}, in.name, in.data, in.size, in.columns, func(at place, cells []cell) error {
		if in.report.Rows++; in.report.Rows > maxRows {
			return field.New("rows", "more than 2,147,483,647", "fewer")
		}
		return row(at, cells)
	})
}

// check refuses options that are not there.
func (in *intake) check() error {
	switch in.Repair {
	case "":
		in.Repair = RepairReport
	case RepairReport, RepairDrop, RepairRefuse:
	default:
		all := []string{string(RepairReport), string(RepairDrop), string(RepairRefuse)}
		return field.New("repair", strconv.Quote(string(in.Repair)), strings.Join(all, ", ")+nearest(string(in.Repair), all))
	}
	in.over = math.MaxInt64
	if in.End != "" {
		t, ok := parseTime(in.End)
		if !ok || t.form != formDay {
			return field.New("end", strconv.Quote(in.End), "a date (2024-01-31)")
		}
		in.over = int64(t.number+1) * secondsADay
	}
	return nil
}

// people is a numbering of customers, with pseudonyms where there is a key.
func (in *intake) people() (*numbering, error) {
	d := newNumbering()
	if in.Key != nil {
		var err error
		if d.pseudonyms, err = NewPseudonyms(in.Key); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// text is a slot's cell, empty where it is missing.
func (in *intake) text(k int, cells []cell) string {
	if !in.has(k) {
		return ""
	}
	switch text := strings.TrimSpace(cells[in.from[k]].text); text {
	case "NA", "NaN", "nan", "NULL":
		return ""
	default:
		return text
	}
}

// number is a slot's cell or the sum of its cells, NaN where one is missing.
func (in *intake) number(k int, cells []cell) float64 {
	if !in.has(k) {
		return math.NaN()
	}
	sum := 0.0
	for _, c := range cells[in.from[k]:in.from[k+1]] {
		sum += c.number
	}
	return sum
}

// keep notes that a row is kept and where it stands.
func (in *intake) keep(at place) {
	if by := at.row - in.kept; len(in.moves) == 0 || in.moves[len(in.moves)-1].by != by {
		in.moves = append(in.moves, shift{in.kept, by})
	}
	in.kept++
}

// stood tells where the kept row i stands in the file.
func (in *intake) stood(i int) int {
	g := sort.Search(len(in.moves), func(g int) bool { return in.moves[g].first > i })
	return i + in.moves[g-1].by
}

// maxExamples is how many rows a defect names.
const maxExamples = 5

func (in *intake) count(kind Kind, k int, row int, action Action) {
	column := ""
	if k >= 0 {
		column = in.view.name(k)
	}
	i := slices.IndexFunc(in.report.Defects, func(d Defect) bool { return d.Kind == kind && d.Column == column && d.Action == action })
	if i < 0 {
		i = len(in.report.Defects)
		in.report.Defects = append(in.report.Defects, Defect{Kind: kind, Column: column, Action: action})
	}
	d := &in.report.Defects[i]
	d.Rows++
	if at, _ := slices.BinarySearch(d.Examples, row); at < maxExamples {
		d.Examples = slices.Insert(d.Examples, at, row)[:min(len(d.Examples)+1, maxExamples)]
	}
}

// leaveOut counts a row that cannot serve, or refuses it.
func (in *intake) leaveOut(at place, kind Kind, k int, found, expected string) error {
	if in.Repair == RepairRefuse {
		return at.bad(in.view.name(k), found, expected)
	}
	in.count(kind, k, at.row, Dropped)
	return nil
}

// leaveOutKept is leaveOut of a row that was kept so far.
func (in *intake) leaveOutKept(i int, kind Kind, k int, found, expected string) error {
	if in.Repair == RepairRefuse {
		return &field.Error{File: in.name, Key: fmt.Sprintf("row %d: %s", in.stood(i), in.view.name(k)), Found: found, Expected: expected}
	}
	in.drop(i, kind, k)
	return nil
}

// doubt counts a kept row that is doubtful, and leaves it out on request.
func (in *intake) doubt(i int, kind Kind, k int) {
	if in.Repair == RepairDrop {
		in.drop(i, kind, k)
	} else {
		in.count(kind, k, in.stood(i), Kept)
	}
}

func (in *intake) drop(i int, kind Kind, k int) {
	if in.out == nil {
		in.out = make([]bool, in.kept)
	}
	in.out[i] = true
	in.count(kind, k, in.stood(i), Dropped)
}

// left tells whether a kept row still is one.
func (in *intake) left(i int) bool { return in.out == nil || !in.out[i] }

// finish closes the report.
func (in *intake) finish() (Report, error) {
	in.report.Kept = in.kept
	for _, out := range in.out {
		if out {
			in.report.Kept--
		}
	}
	if in.report.Kept == 0 {
		return in.report, &field.Error{File: in.name, Found: fmt.Sprintf("no row that can serve (%s)", in.report.brief()), Expected: "at least one"}
	}
	return in.report, nil
}

// brief sums the defects up.
func (r Report) brief() string {
	var out []string
	for _, d := range r.Defects {
		out = append(out, d.String())
	}
	return strings.Join(out, "; ")
}

// String gives the defect in one line.
func (d Defect) String() string {
	column := ""
	if d.Column != "" {
		column = d.Column + ": "
	}
	rows := strings.Trim(fmt.Sprint(d.Examples), "[]")
	if d.Rows > len(d.Examples) {
		rows += " …"
	}
	counted := strconv.Itoa(d.Rows) + " rows"
	if d.Rows == 1 {
		counted = "1 row"
	}
	return fmt.Sprintf("%s%s: %s (%s): %s", column, d.Kind, counted, strings.ReplaceAll(rows, " ", ", "), d.Action)
}

// compact leaves out of a column the rows that are out.
func compact[T any](column []T, out []bool) []T {
	if out == nil || column == nil {
		return column
	}
	kept := column[:0]
	for i, v := range column {
		if !out[i] {
			kept = append(kept, v)
		}
	}
	return kept
}

// repeats counts rows that equal an earlier one of the same person in all that compare looks at.
func (in *intake) repeats(rows []int32, offsets []int, compare func(a, b int32) int) {
	for k := range offsets[1:] {
		group := rows[offsets[k]:offsets[k+1]]
		for i := 1; i < len(group); i++ {
			if row := int(group[i]); compare(group[i-1], group[i]) == 0 && in.left(row) {
				in.doubt(row, RepeatedRow, -1)
			}
		}
	}
}

// outliers counts positive values whose logarithms are far out (Tukey 1977; as farOut says): amounts and prices spread by factors.
func (in *intake) outliers(values []float64, k int) {
	n := 0
	for _, v := range values {
		if v > 0 {
			n++
		}
	}
	logs := make([]float64, 0, n)
	for _, v := range values {
		if v > 0 {
			logs = append(logs, v)
		}
	}
	if len(logs) < fewest {
		return
	}
	slices.Sort(logs)
	lower, upper := math.Log(quantileSorted(logs, 0.25)), math.Log(quantileSorted(logs, 0.75))
	if !(upper > lower) {
		return
	}
	low, high := math.Exp(lower-farOut*(upper-lower)), math.Exp(upper+farOut*(upper-lower))
	for i, v := range values {
		if v > 0 && (v < low || v > high) && in.left(i) {
			in.doubt(i, Outlier, k)
		}
	}
}

// index appends to an optional column the number of a slot's text, -1 where it is missing.
func (in *intake) index(column []int32, ids *numbering, k int, cells []cell) []int32 {
	if !in.has(k) {
		return nil
	}
	if id := in.text(k, cells); id != "" {
		return put(column, ids.of(id), in.expected)
	}
	return put(column, -1, in.expected)
}

// renumber gives the numbers of a column that are left dense numbers again, by first appearance, and says how many they are; of are values by number.
func renumber(n int32, of []int, columns ...[]int32) (left int, kept []int) {
	to := make([]int32, n)
	for _, column := range columns {
		for i, k := range column {
			if k < 0 {
				continue
			}
			if to[k] == 0 {
				left++
				to[k] = int32(left)
				if of != nil {
					kept = append(kept, of[k])
				}
			}
			column[i] = to[k] - 1
		}
	}
	return left, kept
}
