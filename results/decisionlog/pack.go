package decisionlog

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/souk-sim/souk/results/parquet"
	"github.com/souk-sim/souk/scenarios/field"
)

// Pack makes a Parquet table of a finished segment, a row for each line, beside it and under its name but for the end, and then removes the lines. The table is written under another name, read again, synced and renamed, so
// that what has its name is whole, and until then the lines stay; readers who find both take the table. A segment of which a table cannot tell all, because a line of it is
// damaged, cut off or has keys that souk does not write, stays as it is, with an error of type *field.Error; so does one that would need more than 512 columns, because
// packing takes time by rows and columns.
func Pack(segment string) (to string, err error) { return pack(segment, func() {}) }

// mostColumns is how many columns a table may have: one for each key and feature, and two for each product of which outcomes tell.
const mostColumns = 512

// unfinished begins the names of tables that are being written.
const unfinished = ".packing-"

// slice is after how many lines or rows of a segment its packing rests.
const slice = 128

func pack(segment string, rest func()) (to string, err error) {
	to = strings.TrimSuffix(segment, ofLines) + ofTable
	shape := shape{index: map[string]int{}, rest: rest}
	if err := shape.each(segment, shape.survey); err != nil {
		return "", err
	}
	folder := filepath.Dir(segment)
	out, err := os.CreateTemp(folder, unfinished+"*")
	if err != nil {
		return "", err
	}
	defer os.Remove(out.Name()) // once it is renamed there is none
	defer out.Close()
	hold(out) // or another start would take it for one that a crash left
	if err := shape.write(segment, out); err != nil {
		return "", err
	}
	size, err := out.Seek(0, io.SeekEnd)
	if err == nil {
		err = shape.prove(out, size)
	}
	if err == nil {
		err = shape.stood(to)
	}
	if err = errors.Join(err, out.Sync(), out.Close()); err == nil {
		err = os.Rename(out.Name(), to)
	}
	if err == nil {
		err = syncFolder(folder)
	}
	if err != nil {
		return "", err
	}
	return to, os.Remove(segment)
}

// syncFolder makes the names in a folder durable.
func syncFolder(folder string) error {
	dir, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// each hands on the lines of a segment after their checksum was found right.
func (s *shape) each(segment string, take func(line []byte) *field.Error) error {
	file, err := os.Open(segment)
	if err != nil {
		return err
	}
	defer file.Close()
	in := bufio.NewReaderSize(file, longest)
	p := newParser(segment, Options{})
	p.begin(segment)
	for n := 1; ; n++ {
		if n%slice == 0 {
			s.rest()
		}
		line, err := in.ReadSlice('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil
		}
		if err != nil {
			return &field.Error{File: segment, Line: n, Found: "a line without an end", Expected: fmt.Sprintf("one, after at most %d bytes", longest)}
		}
		line = bytes.TrimSuffix(line, []byte("\n"))
		bad := p.sum(line)
		if bad == nil {
			bad = take(line)
		}
		if bad != nil {
			bad.File, bad.Line = segment, n
			return bad
		}
	}
}

// shape is the columns of a table: a column for each key that comes, each feature and each product, in the order in which they first come.
type shape struct {
	columns []parquet.Column
	index   map[string]int // of a column by its name
	cells   []parquet.Cell // of the line that was taken last, by column
	at      int            // the column after that of the last value, which is most often the next one's
	names   bool           // the line's values are passed over: what columns there are is what counts
	key     []byte
	scan    scanner
	rows    int
	sum     uint32 // of the cells of all rows
	rest    func()
}

// kinds are what the columns of the keys hold; those of numbers by name are none.
var kinds = map[string]parquet.Type{"id": parquet.Text, "outcome": parquet.Text, "fallback": parquet.Flag, "time": parquet.Number, "policy": parquet.Text, "revision": parquet.Text,
	"unit": parquet.Text, "step": parquet.Integer, "last": parquet.Flag, "action": parquet.Integer, "price": parquet.Number, "promotion": parquet.Text, "allowed": parquet.Integers,
	"propensity": parquet.Number, "explore": parquet.Number, "reward": parquet.Number, "discount": parquet.Number, "product": parquet.Text, "customer": parquet.Text, "visitors": parquet.Number,
	"shadow_policy": parquet.Text, "shadow_revision": parquet.Text, "shadow_action": parquet.Integer, "shadow_price": parquet.Number, "shadow_promotion": parquet.Text}

// survey makes the columns that a line needs.
func (s *shape) survey(line []byte) *field.Error {
	s.names = true
	err := s.take(line)
	s.names = false
	return err
}

// take takes a line apart.
func (s *shape) take(line []byte) *field.Error {
	for i := range s.cells {
		s.cells[i].Set = false
	}
	s.at = 0
	s.scan.reset(line)
	if err := s.scan.object(s.value); err != nil {
		return s.scan.fault(err)
	}
	return nil
}

// value reads what stands at a key of a line.
func (s *shape) value(name []byte) error {
	if s.at < len(s.columns) && s.columns[s.at].Name == string(name) {
		return s.cell(s.at)
	}
	switch string(name) {
	case "version", "crc":
		return s.scan.skip(0)
	case "observation", "units", "prices":
		return s.numbers(string(name))
	}
	kind, ok := kinds[string(name)]
	if !ok {
		return bad("a key that the table has no column for", "keys of docs/formats/decisions.md")
	}
	return s.cellOf(name, kind)
}

// cellOf reads a value into the column of a name, which it makes where there is none.
func (s *shape) cellOf(name []byte, kind parquet.Type) error {
	if s.at < len(s.columns) && s.columns[s.at].Name == string(name) {
		return s.cell(s.at)
	}
	c, ok := s.index[string(name)]
	if !ok {
		if c = len(s.columns); c >= mostColumns {
			return bad(fmt.Sprintf("column %d of a table", c+1), fmt.Sprintf("at most %d: keys, features, and units and prices of each product. The segment stays lines", mostColumns))
		}
		s.columns = append(s.columns, parquet.Column{Name: string(name), Type: kind, Optional: true})
		s.cells = append(s.cells, parquet.Cell{Type: kind})
		s.index[s.columns[c].Name] = c
	}
	return s.cell(c)
}

// cell reads a value into a column.
func (s *shape) cell(at int) (err error) {
	c := &s.cells[at]
	if s.at = at + 1; c.Set {
		return bad("the key twice", "each key once")
	}
	if s.scan.null() {
		return nil
	}
	if c.Set = true; s.names {
		return s.scan.skip(0)
	}
	switch c.Type {
	case parquet.Text:
		c.Text, err = s.scan.bytes()
	case parquet.Integer:
		c.Integer, err = s.scan.integer()
	case parquet.Flag:
		err = s.scan.boolean(&c.Flag)
	case parquet.Number:
		err = s.scan.number(&c.Number)
	case parquet.Integers:
		c.List = c.List[:0]
		err = s.scan.array(func() error {
			x, err := s.scan.integer()
			c.List = append(c.List, x)
			return err
		})
	}
	return err
}

// numbers reads numbers by name, each into a column of its own.
func (s *shape) numbers(key string) error {
	any := false
	err := s.scan.object(func(name []byte) error {
		any = true
		s.key = append(append(append(s.key[:0], key...), '.'), name...)
		return s.cellOf(s.key, parquet.Number)
	})
	if err != nil || any || key != "units" {
		return err
	}
	for c := range s.columns { // nothing was sold: of no product that the table tells of
		if strings.HasPrefix(s.columns[c].Name, sold) {
			s.cells[c], any = parquet.Cell{Set: true, Type: parquet.Number}, true
		}
	}
	if !any && s.rows > 0 {
		return bad("nothing sold, in a segment that names no product", "units of a product")
	}
	return nil
}

// write writes the table of a segment whose columns are known.
func (s *shape) write(segment string, to io.Writer) error {
	buffered := bufio.NewWriterSize(to, 1<<20)
	out, err := parquet.NewTable(buffered, "", s.columns)
	if err != nil {
		return &field.Error{File: segment, Found: err.Error(), Expected: "names that a table can have"}
	}
	var failed error
	err = s.each(segment, func(line []byte) *field.Error {
		s.rows++
		if bad := s.take(line); bad != nil {
			return bad
		}
		s.add(&s.sum, s.cells)
		if failed == nil {
			failed = out.Append(s.cells)
		}
		return nil
	})
	return errors.Join(err, failed, out.Close(), buffered.Flush())
}

// add adds a row to a sum: which columns it has, what they hold, and that to the last bit.
func (s *shape) add(sum *uint32, cells []parquet.Cell) {
	b := s.key[:0]
	for i := range cells {
		c := &cells[i]
		if !c.Set {
			continue
		}
		b = append(b, byte(i), byte(i>>8), byte(c.Type))
		switch c.Type {
		case parquet.Text:
			b = append(binary.LittleEndian.AppendUint32(b, uint32(len(c.Text))), c.Text...)
		case parquet.Integer:
			b = binary.LittleEndian.AppendUint64(b, uint64(c.Integer))
		case parquet.Flag:
			b = append(b, map[bool]byte{true: 1}[c.Flag])
		case parquet.Number:
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(c.Number))
		case parquet.Integers:
			b = binary.LittleEndian.AppendUint32(b, uint32(len(c.List)))
			for _, x := range c.List {
				b = binary.LittleEndian.AppendUint64(b, uint64(x))
			}
		}
	}
	s.key = append(b, '\n')
	*sum = crc32.Update(*sum, castagnoli, s.key)
}

// prove reads a table again.
func (s *shape) prove(r io.ReaderAt, size int64) error {
	rows, sum := 0, uint32(0)
	err := parquet.ReadCells(r, size, func(names []string, cells []parquet.Cell) error {
		if rows++; rows%slice == 0 {
			s.rest()
		}
		if rows == 1 && !slices.EqualFunc(names, s.columns, func(name string, c parquet.Column) bool { return name == c.Name }) {
			return errors.New("the table has other columns than the segment")
		}
		s.add(&sum, cells)
		return nil
	})
	if err == nil && (rows != s.rows || sum != s.sum) {
		err = fmt.Errorf("the table of %d rows does not read as the %d lines of the segment", rows, s.rows)
	}
	return err
}

// stood refuses a table that stands in the new one's place, unless it tells the same: then the process ended before the lines went.
func (s *shape) stood(to string) error {
	f, err := os.Open(to)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && s.prove(f, info.Size()) != nil {
		err = &field.Error{File: to, Found: "a table of other lines than the segment of its name", Expected: "one of them in a folder of its own"}
	}
	return err
}
