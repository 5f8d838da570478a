package logs

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	tables "github.com/souk-sim/souk/results/parquet"
	"github.com/souk-sim/souk/scenarios/field"
)

// batch is the number of rows that are taken from each column at a time.
const batch = 512

// scanParquet reads the wanted columns side by side, row group by row group.
func scanParquet(d dialect, data io.ReaderAt, size int64, columns []column, yield func(place, []cell) error) error {
	file, names, err := openParquet(data, size)
	if err != nil {
		return err
	}
	leaves := file.Root().Columns()
	at, bad := locate(columns, names)
	if bad != nil {
		return bad
	}
	chunks := make([]chunk, len(columns))
	defer func() {
		for i := range chunks {
			chunks[i].close()
		}
	}()
	for i, c := range columns {
		if chunks[i].convert, bad = converter(leaves[at[i]], c); bad != nil {
			return bad
		}
	}
	row, done := make([]cell, len(columns)), 0
	for g, group := range file.RowGroups() {
		for i := range chunks {
			leaf := leaves[at[i]].Index()
			if err := guard(func() error {
				if err := tables.CheckPages(data, size, &file.Metadata().RowGroups[g].Columns[leaf].MetaData); err != nil {
					return err
				}
				return chunks[i].open(group, leaf)
			}); err != nil {
				return err
			}
		}
		for left := group.NumRows(); left > 0; left -= batch {
			n := int(min(left, batch))
			for i, c := range columns {
				ok := true
				if err := guard(func() (err error) { ok, err = chunks[i].read(n); return err }); err != nil {
					return err
				}
				if !ok {
					found := chunks[i].found
					if d.masked || HoldsIDs(c.name) {
						found = shape(found)
					}
					return place{done + chunks[i].bad + 1, true}.bad(c.name, found, expectedOf[c.kind])
				}
			}
			for k := range n {
				for i := range chunks {
					row[i] = chunks[i].cells[k]
				}
				done++
				if err := yield(place{done, true}, row); err != nil {
					return err
				}
			}
		}
		for i := range chunks {
			if err := guard(chunks[i].end); err != nil {
				return err
			}
		}
	}
	return nil
}

// openParquet opens a file and lists its columns.
func openParquet(data io.ReaderAt, size int64) (file *parquet.File, names []string, err error) {
	if err := tables.Whole(data, size); err != nil {
		return nil, nil, damaged(err)
	}
	if err := guard(func() (err error) {
		file, err = parquet.OpenFile(data, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
		return err
	}); err != nil {
		return nil, nil, err
	}
	for _, leaf := range file.Root().Columns() {
		names = append(names, leaf.Name())
	}
	return file, names, nil
}

func damaged(found any) error {
	return &field.Error{Found: "a truncated or damaged file (" + clip(fmt.Sprint(found)) + ")", Expected: "a whole Parquet file"}
}

// guard runs what reads the file. parquet-go panics on some damaged files; that is turned into an error here, at the door.
func guard(read func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = damaged(r)
		}
	}()
	if err := read(); err != nil {
		return damaged(err)
	}
	return nil
}

// chunk reads the values of a flat column in a row group, page by page.
type chunk struct {
	convert func(parquet.Value) (cell, bool)
	pages   parquet.Pages
	page    parquet.Page // nil before the first and after each
	reader  parquet.ValueReader
	values  [batch]parquet.Value
	cells   [batch]cell
	bad     int    // the cell that could not be converted
	found   string // and what it held
}

func (c *chunk) open(group parquet.RowGroup, leaf int) error {
	c.close()
	all := group.ColumnChunks()[leaf]
	if all.NumValues() != group.NumRows() {
		return fmt.Errorf("%d values in %d rows", all.NumValues(), group.NumRows())
	}
	c.pages = all.Pages()
	return nil
}

// read fills the first n cells; it is false when one of them cannot be converted.
func (c *chunk) read(n int) (bool, error) {
	for have := 0; have < n; {
		if c.page == nil {
			page, err := c.pages.ReadPage()
			if err == io.EOF {
				return false, io.ErrUnexpectedEOF
			}
			if err != nil {
				return false, err
			}
			c.page, c.reader = page, page.Values()
		}
		got, err := c.reader.ReadValues(c.values[have:n])
		for k := have; k < have+got; k++ {
			var ok bool
			if c.cells[k], ok = c.convert(c.values[k]); !ok {
				if c.bad, c.found = k, c.values[k].String(); c.values[k].Kind() == parquet.ByteArray {
					c.found = clip(c.found)
				}
				return false, nil
			}
		}
		have += got
		switch {
		case err == io.EOF:
			parquet.Release(c.page)
			c.page = nil
		case err != nil:
			return false, err
		case got == 0:
			return false, errors.New("a page that does not hold the values it should")
		}
	}
	return true, nil
}

// end tells whether nothing is left of the column.
func (c *chunk) end() error {
	for {
		if c.page != nil {
			if n, err := c.reader.ReadValues(c.values[:1]); n > 0 || err != io.EOF {
				return errors.New("more values than rows")
			}
			parquet.Release(c.page)
		}
		var err error
		if c.page, err = c.pages.ReadPage(); err == io.EOF {
			c.page = nil
			return nil
		} else if err != nil {
			return err
		}
		c.reader = c.page.Values()
	}
}

func (c *chunk) close() {
	if c.page != nil {
		parquet.Release(c.page)
	}
	if c.pages != nil {
		c.pages.Close() // of a file that is only read
	}
	c.page, c.pages = nil, nil
}

// converter says how the values of a column become cells, or that they cannot.
func converter(leaf *parquet.Column, c column) (func(parquet.Value) (cell, bool), *field.Error) {
	expected := [...]string{ofNumbers: "a column of numbers", ofTexts: "a column of texts or whole numbers",
		ofTimes: "a column of numbers, dates, timestamps or texts"}[c.kind]
	if !leaf.Leaf() || leaf.Repeated() {
		return nil, field.New(c.name, "a column of type list or group", expected)
	}
	t := leaf.Type()
	var logical format.LogicalTypeValue
	if l := t.LogicalType(); l != nil {
		logical = l.Value
	}
	float := false // numbers with a fraction
	var number func(parquet.Value) float64
	var form form
	switch l := logical.(type) {
	case nil, *format.IntType:
		number, float, form = physical(t.Kind()), t.Kind() == parquet.Float || t.Kind() == parquet.Double, formNumber
		if number == nil && t.Kind() == parquet.ByteArray {
			return ofText(c, expected)
		}
	case *format.StringType:
		return ofText(c, expected)
	case *format.DecimalType:
		if whole := unscaled(t.Kind()); whole != nil && c.kind == ofNumbers {
			scale := math.Pow10(int(l.Scale))
			number = func(v parquet.Value) float64 { return whole(v) / scale }
		}
	case *format.DateType:
		if c.kind == ofTimes {
			number, form = physical(t.Kind()), formDay
		}
	case *format.TimestampType:
		if c.kind == ofTimes && l.Unit.Value != nil {
			unit := float64(time.Second / l.Unit.Value.Duration())
			number, form = func(v parquet.Value) float64 { return math.Floor(float64(v.Int64()) / unit) }, formInstant
		}
	}
	if number == nil {
		return nil, field.New(c.name, "a column of type "+t.String(), expected)
	}
	if c.kind == ofTexts {
		return func(v parquet.Value) (cell, bool) {
			switch {
			case v.IsNull():
				return cell{}, true
			case float: // as R writes whole numbers
				x := number(v)
				if math.IsNaN(x) {
					return cell{}, true
				}
				return cell{text: strconv.FormatFloat(x, 'f', -1, 64)}, x == math.Trunc(x) && math.Abs(x) < 1<<53
			}
			return cell{text: v.String()}, true
		}, nil
	}
	return func(v parquet.Value) (cell, bool) {
		if v.IsNull() {
			return cell{number: math.NaN()}, true
		}
		x := number(v)
		return cell{number: x, form: form}, !math.IsInf(x, 0) && !(c.kind == ofTimes && math.Abs(x) > maxTime)
	}, nil
}

// physical reads a plain number.
func physical(k parquet.Kind) func(parquet.Value) float64 {
	switch k {
	case parquet.Boolean:
		return func(v parquet.Value) float64 {
			if v.Boolean() {
				return 1
			}
			return 0
		}
	case parquet.Int32:
		return func(v parquet.Value) float64 { return float64(v.Int32()) }
	case parquet.Int64:
		return func(v parquet.Value) float64 { return float64(v.Int64()) }
	case parquet.Float:
		return func(v parquet.Value) float64 { return float64(v.Float()) }
	case parquet.Double:
		return parquet.Value.Double
	}
	return nil
}

// unscaled reads the whole number under a decimal: a 32- or 64-bit integer, or two's complement, its highest byte first.
func unscaled(k parquet.Kind) func(parquet.Value) float64 {
	if k != parquet.FixedLenByteArray && k != parquet.ByteArray {
		return physical(k)
	}
	return func(v parquet.Value) float64 {
		var x float64
		var low int64 // exact while it fits
		for i, b := range v.ByteArray() {
			if i == 0 {
				x, low = float64(int8(b)), int64(int8(b))
				continue
			}
			x, low = float64(x*256)+float64(b), low<<8|int64(b)
		}
		if math.Abs(x) < 1<<62 {
			return float64(low)
		}
		return x
	}
}

// ofText reads texts, as ids or as times.
func ofText(c column, expected string) (func(parquet.Value) (cell, bool), *field.Error) {
	if c.kind == ofNumbers {
		return nil, field.New(c.name, "a column of type STRING", expected)
	}
	var last string // rows of an id stand together more often than not, and then share it
	return func(v parquet.Value) (cell, bool) {
		if text := v.ByteArray(); string(text) != last {
			last = string(text)
		}
		return parse(last, c.kind)
	}, nil
}
