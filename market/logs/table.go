package logs

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"strconv"
	"strings"
	"unicode"

	"github.com/souk-sim/souk/scenarios/field"
)

// column is one that a reader wants of a table.
type column struct {
	name string // in the file
	kind kind
}

// kind is what a column holds.
type kind int

const (
	ofNumbers kind = iota
	ofTexts
	ofTimes
)

var expectedOf = [...]string{
	ofNumbers: "a finite number",
	ofTexts:   "a text or a whole number",
	ofTimes:   "a number, a date (2024-01-31), a date and time (2024-01-31T15:04), a month (2024-01), a quarter (2024Q1) or a week (2024-W05)",
}

// cell is one value: number, which is NaN where it is missing, of a column of numbers; text of a column of texts, empty where it
// is missing; number and form of a column of times.
type cell struct {
	number float64
	text   string
	form   form
}

// place is where a row stands: on a line of a CSV, or the how manieth it is of a Parquet file; from 1.
type place struct {
	row     int
	parquet bool
}

func (p place) bad(column, found, expected string) *field.Error {
	if p.parquet {
		return &field.Error{Key: fmt.Sprintf("row %d: %s", p.row, column), Found: found, Expected: expected}
	}
	return &field.Error{Line: p.row, Key: column, Found: found, Expected: expected}
}

// pack makes a number of a place, which unpack undoes.
func (p place) pack() uint64 {
	if p.parquet {
		return uint64(p.row)<<1 | 1
	}
	return uint64(p.row) << 1
}

func unpack(v uint64) place { return place{int(v >> 1), v&1 == 1} }

// open opens a file for reading and tells its size.
func open(path string) (*os.File, int64, error) {
	const expected = "a CSV or Parquet file that can be read"
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, &field.Error{File: path, Found: "no such file", Expected: expected}
	} else if err != nil {
		return nil, 0, &field.Error{File: path, Found: reason(err), Expected: expected}
	}
	info, err := file.Stat()
	if err == nil && !info.IsDir() {
		return file, info.Size(), nil
	}
	file.Close()
	if err != nil {
		return nil, 0, &field.Error{File: path, Found: reason(err), Expected: expected}
	}
	return nil, 0, &field.Error{File: path, Found: "a folder", Expected: expected}
}

// reason strips the path that os errors repeat.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// scan reads size bytes of data, once from the beginning to the end, and gives yield the wanted columns row by row, in an array
// that it uses again. name is used in errors. Data that begin with PAR1, or a name that ends in .parquet, make it Parquet; all
// else is CSV: a header, commas, quotes by RFC 4180, a number with a decimal point in each cell of a column of numbers. An empty
// cell, NA, NaN, NULL and a Parquet NULL are missing values. Memory is bounded by a CSV record or, in each column, a Parquet page.
func scan(name string, data io.ReaderAt, size int64, columns []column, yield func(place, []cell) error) error {
	return scanAs(dialect{separator: ','}, name, data, size, columns, yield)
}

// dialect is how a table is read.
type dialect struct {
	separator rune // of a CSV
	masked    bool // cells are not shown in errors, only their shape: they may be a person's
}

// shape tells of a cell, which clip has quoted, no more than its shape: a for a letter, 9 for a digit.
func shape(cell string) string {
	if cell == `""` {
		return "nothing"
	}
	return "a cell of the shape " + strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r):
			return 'a'
		case unicode.IsDigit(r):
			return '9'
		}
		return r
	}, cell)
}

// Beyond says how a number is not one of the whole numbers from low to high, without showing it, for it may be an id.
func Beyond(v, low, high float64) string {
	switch {
	case v < low:
		return "a number below " + number(low)
	case v > high:
		return "a number above " + number(high)
	}
	return "a fraction"
}

// scanAs is scan in a dialect.
func scanAs(d dialect, name string, data io.ReaderAt, size int64, columns []column, yield func(place, []cell) error) error {
	if size == 0 {
		return &field.Error{File: name, Found: "an empty file", Expected: "a header and at least one row"}
	}
	columnar, err := isParquet(name, data, size)
	if err != nil {
		return err
	}
	rows := 0
	count := func(p place, cells []cell) error {
		rows++
		return yield(p, cells)
	}
	if columnar {
		err = scanParquet(d, data, size, columns, count)
	} else {
		err = scanCSV(d, unmarked(data, size), columns, count)
	}
	if err == nil && rows == 0 {
		err = &field.Error{Found: "a header only", Expected: "at least one row"}
	}
	return named(name, err)
}

// isParquet tells by the first bytes and by the name.
func isParquet(name string, data io.ReaderAt, size int64) (bool, error) {
	var magic [4]byte
	n, err := data.ReadAt(magic[:min(size, 4)], 0)
	if err != nil && err != io.EOF {
		return false, &field.Error{File: name, Found: reason(err), Expected: "a file that can be read"}
	}
	return string(magic[:n]) == "PAR1" || strings.HasSuffix(strings.ToLower(name), ".parquet"), nil
}

// named writes the file's name into an error about it.
func named(file string, err error) error {
	var bad *field.Error
	if errors.As(err, &bad) {
		bad.File = file
	}
	return err
}

// maxRecord bounds one CSV record, so that a quote that is never closed does not read the whole file into memory.
const maxRecord = 1 << 20

var errRecord = errors.New("a record of more than 1 MiB (a quote that is not closed?)")

// bounded fails once more than left bytes have been read since left was last set.
type bounded struct {
	io.Reader
	left int
}

func (b *bounded) Read(buf []byte) (int, error) {
	if b.left <= 0 {
		return 0, errRecord
	}
	n, err := b.Reader.Read(buf)
	b.left -= n
	return n, err
}

// unmarked is the text of a file without the byte order mark that spreadsheets write, which may stand before a quote.
func unmarked(data io.ReaderAt, size int64) *io.SectionReader {
	const mark = "\ufeff"
	var head [len(mark)]byte
	from := int64(0)
	if n, _ := data.ReadAt(head[:min(size, int64(len(head)))], 0); string(head[:n]) == mark {
		from = int64(n)
	}
	return io.NewSectionReader(data, from, size-from)
}

func scanCSV(d dialect, data io.Reader, columns []column, yield func(place, []cell) error) error {
	source := &bounded{Reader: data, left: maxRecord}
	r := csv.NewReader(source)
	r.ReuseRecord, r.Comma = true, d.separator
	header, err := r.Read()
	if err == io.EOF {
		return &field.Error{Found: "an empty file", Expected: "a header and at least one row"}
	}
	if err != nil {
		return csvError(r, err, 0)
	}
	for i, name := range header {
		header[i] = strings.TrimSpace(name)
	}
	width := len(header)
	at, bad := locate(columns, header)
	if bad != nil {
		bad.Line = 1
		if width == 1 && strings.ContainsAny(header[0], ";\t|") {
			bad.Expected += "; the header has one column, for columns are separated by commas"
		}
		return bad
	}
	cells := make([]cell, len(columns))
	for next := 2; ; next++ {
		source.left = maxRecord
		record, err := r.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return csvError(r, err, width)
		}
		line, _ := r.FieldPos(0)
		for ; width == 1 && next < line; next++ { // the library skips empty lines; in a file of one column they are empty cells
			cells[0], _ = parse("", columns[0].kind)
			if err := yield(place{row: next}, cells); err != nil {
				return err
			}
		}
		for i, c := range columns {
			var ok bool
			if cells[i], ok = parse(record[at[i]], c.kind); !ok {
				line, _ := r.FieldPos(at[i])
				found := clip(record[at[i]])
				if d.masked || HoldsIDs(c.name) {
					found = shape(found)
				}
				expected := expectedOf[c.kind]
				if _, comma := parseNumber(strings.TrimSpace(strings.Replace(record[at[i]], ",", ".", 1))); comma && c.kind == ofNumbers {
					expected += ", with a decimal point and not a comma"
				}
				return place{row: line}.bad(c.name, found, expected)
			}
		}
		if err := yield(place{row: line}, cells); err != nil {
			return err
		}
	}
}

// csvError turns an error of encoding/csv into one that names the line.
func csvError(r *csv.Reader, err error, width int) error {
	var parse *csv.ParseError
	if !errors.As(err, &parse) {
		return &field.Error{Found: err.Error(), Expected: "comma-separated values"}
	}
	if errors.Is(err, csv.ErrFieldCount) {
		return &field.Error{Line: parse.Line, Found: "another number of fields than the header's", Expected: strconv.Itoa(width) + " fields"}
	}
	return &field.Error{Line: parse.Line, Found: parse.Err.Error(), Expected: "comma-separated values (RFC 4180)"}
}

// parse reads a CSV cell.
func parse(text string, k kind) (cell, bool) {
	if k == ofTexts {
		return cell{text: text}, true
	}
	text = strings.TrimSpace(text)
	switch text {
	case "", "NA", "NaN", "nan", "NULL":
		return cell{number: math.NaN()}, true
	}
	if k == ofTimes {
		return parseTime(text)
	}
	v, ok := parseNumber(text)
	return cell{number: v}, ok
}

// parseNumber reads a finite number.
func parseNumber(text string) (float64, bool) {
	if strings.ContainsAny(text, "xX_iInN") { // hexadecimal, underscores, infinities and NaN, which ParseFloat takes
		return 0, false
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil
}

// clip quotes a cell for a message and keeps it short.
func clip(cell string) string {
	if len(cell) > 40 {
		cell = strings.ToValidUTF8(cell[:40], "") + "…"
	}
	return strconv.Quote(cell)
}

// locate finds the wanted columns among the file's.
func locate(columns []column, names []string) ([]int, *field.Error) {
	at := make([]int, len(columns))
	for i, c := range columns {
		at[i] = -1
		for j, name := range names {
			if name != c.name {
				continue
			}
			if at[i] >= 0 {
				return nil, field.New(c.name, "the column twice", "each column once")
			}
			at[i] = j
		}
		if at[i] < 0 {
			expected := "one of the file's columns"
			if checkHeader(names) == nil { // else it may be a row, of which nothing is shown
				expected += nearest(c.name, names)
			}
			return nil, field.New(c.name, "no such column", expected)
		}
	}
	return at, nil
}
