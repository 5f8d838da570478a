package decisionlog

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/souk-sim/souk/results/parquet"
	"github.com/souk-sim/souk/scenarios/field"
)

// Pack makes a Parquet table of a finished segment, a row for each line, beside it and under its name but for the end, and then removes the lines. The table is written under another name, read again, synced and renamed, so
// that what has its name is whole, and until then the lines stay; readers who find both take the table. A segment of which a table cannot tell all, because a line of it is
// damaged, cut off or has keys that souk does not write, stays as it is, with an error of type *field.Error.
func Pack(segment string) (to string, err error) {
	to = strings.TrimSuffix(segment, ofLines) + ofTable
	shape := shape{index: map[string]int{}}
	if err := eachLine(segment, shape.take); err != nil {
		return "", err
	}
	folder := filepath.Dir(segment)
	out, err := os.CreateTemp(folder, ".packing-*")
	if err != nil {
		return "", err
	}
	defer os.Remove(out.Name()) // once it is renamed there is none
	defer out.Close()
	if err := shape.write(segment, out); err != nil {
		return "", err
	}
	size, err := out.Seek(0, io.SeekEnd)
	if err == nil {
		err = shape.prove(out, size)
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

// eachLine hands on the lines of a segment after their checksum was found right.
func eachLine(segment string, take func(line []byte) *field.Error) error {
	file, err := os.Open(segment)
	if err != nil {
		return err
	}
	defer file.Close()
	in := bufio.NewReaderSize(file, longest)
	p := newParser(segment, Options{})
	p.begin(segment)
	for n := 1; ; n++ {
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
	names   []string
	index   map[string]int // of a column by its name
	cells   []any          // of the line that was taken last, by column; nil where it tells nothing
	list    []int64
	key     []byte
	scan    scanner
	rows    int
	sum     uint32 // of the rows as lines
}

// kinds are what the columns of the keys hold; those of numbers by name are none.
var kinds = map[string]parquet.Type{"id": parquet.Text, "outcome": parquet.Text, "fallback": parquet.Flag, "time": parquet.Number, "policy": parquet.Text, "revision": parquet.Text,
	"unit": parquet.Text, "step": parquet.Integer, "last": parquet.Flag, "action": parquet.Integer, "price": parquet.Number, "promotion": parquet.Text, "allowed": parquet.Integers,
	"propensity": parquet.Number, "reward": parquet.Number, "discount": parquet.Number, "product": parquet.Text, "customer": parquet.Text, "visitors": parquet.Number,
	"shadow_policy": parquet.Text, "shadow_revision": parquet.Text, "shadow_action": parquet.Integer, "shadow_price": parquet.Number, "shadow_promotion": parquet.Text}

// take takes a line apart, and makes the columns that it needs.
func (s *shape) take(line []byte) *field.Error {
	clear(s.cells)
	s.scan.reset(line)
	if err := s.scan.object(s.value); err != nil {
		return s.scan.fault(err)
	}
	return nil
}

// value reads what stands at a key of a line.
func (s *shape) value(name []byte) error {
	switch key := string(name); key {
	case "version", "crc":
		return s.scan.skip(0)
	case "observation", "units", "prices":
		return s.numbers(key)
	default:
		kind, ok := kinds[key]
		if !ok {
			return bad("a key that the table has no column for", "keys of docs/formats/decisions.md")
		}
		return s.cell(name, kind)
	}
}

// cell reads a value into a column.
func (s *shape) cell(name []byte, kind parquet.Type) (err error) {
	c, ok := s.index[string(name)]
	if !ok {
		c = len(s.columns)
		s.columns = append(s.columns, parquet.Column{Name: string(name), Type: kind, Optional: true})
		s.names, s.cells = append(s.names, string(name)), append(s.cells, nil)
		s.index[s.names[c]] = c
	}
	if s.cells[c] != nil {
		return bad("the key twice", "each key once")
	}
	if s.scan.null() {
		return nil
	}
	switch kind {
	case parquet.Text:
		var text []byte
		text, err = s.scan.bytes()
		s.cells[c] = string(text)
	case parquet.Integer:
		s.cells[c], err = s.scan.integer()
	case parquet.Flag:
		var is bool
		err = s.scan.boolean(&is)
		s.cells[c] = is
	case parquet.Number:
		var x float64
		err = s.scan.number(&x)
		s.cells[c] = x
	case parquet.Integers:
		s.list = s.list[:0]
		err = s.scan.array(func() error {
			x, err := s.scan.integer()
			s.list = append(s.list, x)
			return err
		})
		s.cells[c] = s.list
	}
	return err
}

// numbers reads numbers by name, each into a column of its own.
func (s *shape) numbers(key string) error {
	any := false
	err := s.scan.object(func(name []byte) error {
		any = true
		s.key = append(append(append(s.key[:0], key...), '.'), name...)
		return s.cell(s.key, parquet.Number)
	})
	if err != nil || any || key != "units" {
		return err
	}
	for c, name := range s.names { // nothing was sold: of no product that the table tells of
		if strings.HasPrefix(name, sold) {
			s.cells[c], any = 0.0, true
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
	err = eachLine(segment, func(line []byte) *field.Error {
		s.rows++
		if bad := s.take(line); bad != nil {
			return bad
		}
		s.add(&s.sum, s.names, s.cells)
		if failed == nil {
			failed = out.Write(s.cells...)
		}
		return nil
	})
	return errors.Join(err, failed, out.Close(), buffered.Flush())
}

// add adds a row to a sum.
func (s *shape) add(sum *uint32, names []string, cells []any) {
	s.key = rowLine(s.key[:0], names, cells)
	*sum = crc32.Update(*sum, castagnoli, s.key)
}

// prove reads a table again.
func (s *shape) prove(r io.ReaderAt, size int64) error {
	rows, sum := 0, uint32(0)
	err := parquet.ReadTable(r, size, func(names []string, cells []any) error {
		rows++
		s.add(&sum, names, cells)
		return nil
	})
	if err == nil && (rows != s.rows || sum != s.sum) {
		err = fmt.Errorf("the table of %d rows does not read as the %d lines of the segment", rows, s.rows)
	}
	return err
}
