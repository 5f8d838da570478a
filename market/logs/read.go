package logs

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
)

// Read reads a panel from a CSV or Parquet file.
func Read(path string, columns Columns) (Panel, error) {
	const expected = "a CSV or Parquet file that can be read"
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Panel{}, &field.Error{File: path, Found: "no such file", Expected: expected}
	} else if err != nil {
		return Panel{}, &field.Error{File: path, Found: reason(err), Expected: expected}
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return Panel{}, &field.Error{File: path, Found: reason(err), Expected: expected}
	}
	if info.IsDir() {
		return Panel{}, &field.Error{File: path, Found: "a folder", Expected: expected}
	}
	return Decode(path, file, info.Size(), columns)
}

// reason strips the path that os errors repeat.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// Decode reads a panel from size bytes of data, once from the beginning to the end; what is kept grows with the mapped
// columns only. name is used in errors. Data that begin with PAR1, or a name that ends in .parquet, make it Parquet; all
// else is CSV: a header, commas, quotes by RFC 4180, a number with a decimal point in each mapped cell. An empty cell, NA,
// NaN and a Parquet NULL are missing values.
func Decode(name string, data io.ReaderAt, size int64, columns Columns) (Panel, error) {
	roles, err := columns.roles()
	if err != nil {
		return Panel{}, err // the fault is in the mapping, not in the file
	}
	if size == 0 {
		return Panel{}, &field.Error{File: name, Found: "an empty file", Expected: "a header and at least one row"}
	}
	var magic [4]byte
	if _, err := data.ReadAt(magic[:min(size, 4)], 0); err != nil && err != io.EOF {
		return Panel{}, &field.Error{File: name, Found: reason(err), Expected: "a file that can be read"}
	}
	var p Panel
	for _, product := range columns.Products {
		p.Products = append(p.Products, product.Name)
	}
	if string(magic[:]) == "PAR1" || strings.HasSuffix(strings.ToLower(name), ".parquet") {
		err = p.readParquet(data, size, roles)
	} else {
		err = p.readCSV(io.NewSectionReader(data, 0, size), roles)
	}
	for j, product := range columns.Products {
		for t := range p.Display {
			if product.Display == "" {
				p.Display[t][j] = 0
			}
		}
	}
	if err == nil && len(p.Periods) == 0 {
		err = &field.Error{Found: "a header only", Expected: "at least one row"}
	}
	var bad *field.Error
	if errors.As(err, &bad) {
		bad.File = name
	}
	if err != nil {
		return Panel{}, err
	}
	return p, nil
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

func (p *Panel) readCSV(data io.Reader, roles []role) error {
	source := &bounded{Reader: data, left: maxRecord}
	r := csv.NewReader(source)
	r.ReuseRecord = true
	header, err := r.Read()
	if err == io.EOF {
		return &field.Error{Found: "an empty file", Expected: "a header and at least one row"}
	}
	if err != nil {
		return csvError(r, err, 0)
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff") // the byte order mark that spreadsheets write
	width := len(header)
	at, err := locate(roles, header)
	if err != nil {
		var bad *field.Error
		if errors.As(err, &bad) {
			bad.Line = 1
			if width == 1 && strings.ContainsAny(header[0], ";\t|") {
				bad.Expected += "; the header has one column, for columns are separated by commas"
			}
		}
		return err
	}
	values := make([]float64, len(roles))
	for {
		source.left = maxRecord
		record, err := r.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return csvError(r, err, width)
		}
		for i, column := range at {
			var ok bool
			if values[i], ok = parse(record[column]); !ok {
				line, _ := r.FieldPos(column)
				return &field.Error{Line: line, Key: roles[i].name, Found: clip(record[column]), Expected: "a finite number"}
			}
		}
		if err := p.add(roles, values, func(column string) *field.Error {
			line, _ := r.FieldPos(0)
			return &field.Error{Line: line, Key: column}
		}); err != nil {
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

// parse reads a cell: a finite number, or NaN for a missing one.
func parse(cell string) (v float64, ok bool) {
	cell = strings.TrimSpace(cell)
	switch cell {
	case "", "NA", "NaN", "nan":
		return math.NaN(), true
	}
	if strings.ContainsAny(cell, "xX_iI") { // hexadecimal, underscores and infinities, which ParseFloat takes
		return 0, false
	}
	v, err := strconv.ParseFloat(cell, 64)
	return v, err == nil && v == v
}

// clip quotes a cell for a message and keeps it short.
func clip(cell string) string {
	if len(cell) > 40 {
		cell = string(bytes.ToValidUTF8([]byte(cell[:40]), nil)) + "…"
	}
	return strconv.Quote(cell)
}
