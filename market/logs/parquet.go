package logs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/souk-sim/souk/scenarios/field"
)

// readParquet reads the mapped columns row group by row group. parquet-go panics on some damaged files; that is turned into
// an error here, at the door.
func (p *Panel) readParquet(data io.ReaderAt, size int64, roles []role) (err error) {
	damaged := func(found any) error {
		return &field.Error{Found: "a truncated or damaged file (" + clip(fmt.Sprint(found)) + ")", Expected: "a whole Parquet file"}
	}
	defer func() {
		if r := recover(); r != nil {
			err = damaged(r)
		}
	}()
	if err := whole(data, size); err != nil {
		return damaged(err)
	}
	file, err := parquet.OpenFile(data, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return damaged(err)
	}
	leaves := file.Root().Columns()
	names := make([]string, len(leaves))
	for i, leaf := range leaves {
		names[i] = leaf.Name()
	}
	at, err := locate(roles, names)
	if err != nil {
		return err
	}
	for i, leaf := range at {
		if kind, ok := numeric(leaves[leaf]); !ok {
			return field.New(roles[i].name, "a column of type "+kind, "a column of numbers")
		}
	}
	values, columns := make([]float64, len(roles)), make([][]float64, len(roles))
	done := 0 // rows of the groups before
	for _, group := range file.RowGroups() {
		for i, leaf := range at {
			chunk := group.ColumnChunks()[leaves[leaf].Index()]
			if columns[i], err = readChunk(columns[i][:0], chunk, group.NumRows()); err != nil {
				return damaged(err)
			}
		}
		for row := range columns[0] {
			for i := range columns {
				values[i] = columns[i][row]
			}
			place := func(column string) *field.Error {
				return &field.Error{Key: fmt.Sprintf("row %d: %s", done+row+1, column)}
			}
			if err := p.add(roles, values, place); err != nil {
				return err
			}
		}
		done += len(columns[0])
	}
	return nil
}

// whole tells whether a file ends as Parquet files do: metadata, their length, PAR1. parquet-go allocates whatever length a
// damaged file claims (4 GiB at most) before it reads.
func whole(data io.ReaderAt, size int64) error {
	var tail [8]byte
	if size < 12 {
		return io.ErrUnexpectedEOF
	}
	if _, err := data.ReadAt(tail[:], size-8); err != nil && err != io.EOF {
		return err
	}
	if string(tail[4:]) != "PAR1" || int64(binary.LittleEndian.Uint32(tail[:4])) > size-12 {
		return errors.New("no metadata at its end")
	}
	return nil
}

// numeric tells whether a column is flat and holds plain numbers.
func numeric(c *parquet.Column) (kind string, ok bool) {
	if !c.Leaf() || c.Repeated() {
		return "list or group", false
	}
	t := c.Type()
	switch t.Kind() {
	case parquet.Int32, parquet.Int64, parquet.Float, parquet.Double:
		l := t.LogicalType()
		return t.String(), l == nil || strings.HasPrefix(l.String(), "INT(") // not a date, a time or a decimal
	}
	return t.String(), false
}

// readChunk appends the rows values of a flat column chunk to buf.
func readChunk(buf []float64, chunk parquet.ColumnChunk, rows int64) (_ []float64, err error) {
	if chunk.NumValues() != rows {
		return nil, fmt.Errorf("%d values in %d rows", chunk.NumValues(), rows)
	}
	pages := chunk.Pages()
	defer func() { err = errors.Join(err, pages.Close()) }()
	var values [256]parquet.Value
	for {
		page, err := pages.ReadPage()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		for reader := page.Values(); ; {
			n, err := reader.ReadValues(values[:])
			for _, v := range values[:n] {
				buf = append(buf, float(v))
			}
			if err == io.EOF {
				break
			}
			if err != nil {
				return nil, err
			}
			if n == 0 || int64(len(buf)) > rows {
				return nil, fmt.Errorf("a page that does not hold the %d values it should", rows)
			}
		}
		parquet.Release(page)
	}
	if int64(len(buf)) != rows {
		return nil, fmt.Errorf("%d values in %d rows", len(buf), rows)
	}
	return buf, nil
}

func float(v parquet.Value) float64 {
	if v.IsNull() {
		return math.NaN()
	}
	switch v.Kind() {
	case parquet.Int32:
		return float64(v.Int32())
	case parquet.Int64:
		return float64(v.Int64())
	case parquet.Float:
		return float64(v.Float())
	}
	return v.Double()
}
