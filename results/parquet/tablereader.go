package parquet

import (
	"errors"
	"io"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
	"github.com/souk-sim/souk/scenarios/field"
)

// ReadTable reads a table whose columns are known only at run time, by whomever it was written, and hands on its rows, which are good until the next: a string, an int64, a
// float64, a bool or an []int64 for each column, nil for NULL. A column of another type, and a file that is cut off or damaged, is a *field.Error that leaves File empty.
func ReadTable(r io.ReaderAt, size int64, take func(columns []string, row []any) error) (err error) {
	var row []any
	return ReadCells(r, size, func(columns []string, cells []Cell) error {
		row = row[:0]
		for i := range cells {
			row = append(row, cells[i].Any())
		}
		return take(columns, row)
	})
}

// ReadCells reads a table as ReadTable does, and hands on its rows as cells, which are good until the next.
func ReadCells(r io.ReaderAt, size int64, take func(columns []string, row []Cell) error) (err error) {
	var stopped error // take's own error, which says nothing of the file
	defer func() {
		if stopped != nil {
			err = stopped
		}
	}()
	defer recoverCorrupt(&err)
	if err := Whole(r, size); err != nil {
		return &field.Error{Found: err.Error(), Expected: "a complete Parquet file"}
	}
	file, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return &field.Error{Found: err.Error(), Expected: "a complete Parquet file"}
	}
	for _, group := range file.Metadata().RowGroups {
		for _, c := range group.Columns {
			switch c.MetaData.Codec {
			case format.Zstd, format.Snappy, format.Gzip, format.Uncompressed:
			default: // see checkCodecs
				return field.New(strings.Join(c.MetaData.PathInSchema, "."), c.MetaData.Codec.String()+" compression", "ZSTD, SNAPPY, GZIP or none")
			}
			if err := CheckPages(r, size, &c.MetaData); err != nil {
				return &field.Error{Found: err.Error(), Expected: "a complete Parquet file"}
			}
		}
	}
	columns, leaves, err := columnsOf(file.Schema())
	if err != nil {
		return err
	}
	row := make([]Cell, len(columns))
	for _, group := range file.RowGroups() {
		if stopped, err = readGroup(group, leaves, row, func() error { return take(columns, row) }); err != nil || stopped != nil {
			return err
		}
	}
	return nil
}

// leaf is where the values of a column of a file go.
type leaf struct {
	column  int
	repeats bool
}

// columnsOf lists the columns that a schema has, and for each leaf of it which it is part of. Leaves of a structure are columns with its name before theirs.
func columnsOf(schema *parquet.Schema) (names []string, leaves []leaf, err error) {
	for _, path := range schema.Columns() {
		column, _ := schema.Lookup(path...)
		name, repeats := strings.Join(path, "."), column.MaxRepetitionLevel > 0
		kind := column.Node.Type().Kind()
		switch {
		case repeats && column.MaxRepetitionLevel == 1 && (kind == parquet.Int64 || kind == parquet.Int32):
			name = strings.Join(path[:max(1, len(path)-2)], ".") // list.element
		case repeats || kind == parquet.Int96 || kind == parquet.FixedLenByteArray:
			return nil, nil, field.New(name, describe(column.Node), "text, numbers, truth values or a list of integers")
		}
		leaves, names = append(leaves, leaf{len(names), repeats}), append(names, name)
	}
	return names, leaves, nil
}

// readGroup hands on the rows of a row group.
func readGroup(group parquet.RowGroup, leaves []leaf, row []Cell, take func() error) (stopped, err error) {
	rows := group.Rows()
	defer rows.Close()
	damaged := func(found string) error { return &field.Error{Found: found, Expected: "a complete Parquet file"} }
	buffer := make([]parquet.Row, 64)
	for left := group.NumRows(); left > 0; {
		n, err := rows.ReadRows(buffer[:min(int64(len(buffer)), left)])
		if n == 0 {
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, damaged(err.Error())
		}
		left -= int64(n)
		for _, values := range buffer[:n] {
			for i := range row {
				row[i] = Cell{List: row[i].List[:0]}
			}
			for _, v := range values {
				if v.Column() < 0 || v.Column() >= len(leaves) {
					return nil, damaged("a value of no column")
				}
				l := leaves[v.Column()]
				cell := &row[l.column]
				if cell.take(v); cell.Set && l.repeats {
					cell.Type, cell.List = Integers, append(cell.List, cell.Integer)
				}
			}
			if err := take(); err != nil {
				return err, nil
			}
		}
	}
	return nil, nil
}

// take fills in a value.
func (c *Cell) take(v parquet.Value) {
	c.Set = !v.IsNull()
	if !c.Set {
		return
	}
	switch v.Kind() {
	case parquet.Boolean:
		c.Type, c.Flag = Flag, v.Boolean()
	case parquet.Int32:
		c.Type, c.Integer = Integer, int64(v.Int32())
	case parquet.Int64:
		c.Type, c.Integer = Integer, v.Int64()
	case parquet.Float:
		c.Type, c.Number = Number, float64(v.Float())
	case parquet.Double:
		c.Type, c.Number = Number, v.Double()
	default:
		c.Type, c.Text = Text, v.ByteArray()
	}
}
