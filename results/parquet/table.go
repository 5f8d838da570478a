package parquet

import (
	"fmt"
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/souk-sim/souk/scenarios/field"
)

// Type is what a Column holds.
type Type int

// The types of columns. A Number is optional, NaN being written as NULL; so are Integers, of which an empty list is.
const (
	Text Type = iota
	Integer
	Number
	Flag
	Integers
)

// Column is a column of a Table.
type Column struct {
	Name     string
	Type     Type
	Optional bool // a nil cell is written as NULL
}

// Table writes one table whose columns are known only at run time, in the order given, otherwise as Writer does. It is not safe for
// concurrent use. The file is whole only after Close, and Close does not close what lies beneath.
type Table struct {
	out     *parquet.GenericWriter[any]
	columns []Column
	chunk   []parquet.Row
	text    []byte // of the chunk's rows, as Append was given it
	written int64
}

// Cell is what a row has in a column: NULL unless it is Set, and else what its column's type says. Rows of cells are written and read without an allocation.
type Cell struct {
	Set     bool
	Type    Type
	Flag    bool
	Integer int64
	Number  float64
	Text    []byte
	List    []int64
}

// Any is the cell as Write takes it: nil for NULL.
func (c *Cell) Any() any {
	switch {
	case !c.Set:
		return nil
	case c.Type == Integer:
		return c.Integer
	case c.Type == Number:
		return c.Number
	case c.Type == Flag:
		return c.Flag
	case c.Type == Integers:
		return c.List
	}
	return string(c.Text)
}

// Append appends a row, as Write does, of cells that are good until it returns. Every column must be optional, and numbers finite.
func (t *Table) Append(cells []Cell) error {
	row := t.next()
	for i := range t.columns {
		c := &cells[i]
		if !c.Set || t.columns[i].Type == Integers && len(c.List) == 0 {
			row = append(row, parquet.Value{}.Level(0, 0, i))
			continue
		}
		var v parquet.Value
		switch t.columns[i].Type {
		case Integers:
			for k, x := range c.List {
				row = append(row, parquet.Int64Value(x).Level(min(k, 1), 2, i))
			}
			continue
		case Text:
			from := len(t.text)
			t.text = append(t.text, c.Text...)
			v = parquet.ByteArrayValue(t.text[from:])
		case Integer:
			v = parquet.Int64Value(c.Integer)
		case Number:
			v = parquet.DoubleValue(c.Number)
		case Flag:
			v = parquet.BooleanValue(c.Flag)
		}
		row = append(row, v.Level(0, 1, i))
	}
	return t.add(row)
}

// next is an empty row with the memory of one that was written.
func (t *Table) next() parquet.Row {
	if n := len(t.chunk); n < cap(t.chunk) {
		return t.chunk[:n+1][n][:0]
	}
	return nil
}

// add adds a row to the chunk.
func (t *Table) add(row parquet.Row) error {
	t.written++
	t.chunk = append(t.chunk, row)
	if len(t.chunk) == chunkRows {
		return t.flush()
	}
	return nil
}

// NewTable returns a writer to w. Columns need different names, not empty and without a comma.
func NewTable(w io.Writer, scenarioHash string, columns []Column) (*Table, error) {
	types := []reflect.Type{Text: reflect.TypeFor[string](), Integer: reflect.TypeFor[int64](), Number: reflect.TypeFor[*float64](),
		Flag: reflect.TypeFor[bool](), Integers: reflect.TypeFor[[]int64]()}
	tags := []string{Text: ",dict", Integer: "", Number: ",optional", Flag: "", Integers: ",optional,list"}
	var fields []reflect.StructField
	seen := make(map[string]bool)
	for i, c := range columns {
		if c.Name == "" || seen[c.Name] || strings.Contains(c.Name, ",") {
			return nil, field.New("column", strconv.Quote(c.Name), "different names, not empty and without a comma")
		}
		seen[c.Name] = true
		kind, tag := types[c.Type], tags[c.Type]
		if c.Optional && c.Type != Number && c.Type != Integers {
			kind, tag = reflect.PointerTo(kind), tag+",optional"
		}
		fields = append(fields, reflect.StructField{Name: fmt.Sprintf("C%d", i), Type: kind, Tag: reflect.StructTag("parquet:" + strconv.Quote(c.Name+tag))})
	}
	schema := parquet.SchemaOf(reflect.New(reflect.StructOf(fields)).Interface())
	return &Table{columns: columns, out: parquet.NewGenericWriter[any](w, append(options(scenarioHash), schema)...)}, nil
}

// Write appends a row: a string, an int64, a float64, a bool or an []int64 for each column, or nil in one that is optional. An infinite number is refused.
func (t *Table) Write(cells ...any) error {
	row := t.next()
	for i, c := range t.columns {
		if list, ok := cells[i].([]int64); ok {
			for k, x := range list {
				row = append(row, parquet.Int64Value(x).Level(min(k, 1), 2, i))
			}
			if len(list) == 0 {
				row = append(row, parquet.Value{}.Level(0, 0, i))
			}
			continue
		}
		if cells[i] == nil {
			row = append(row, parquet.Value{}.Level(0, 0, i))
			continue
		}
		level := 0
		if c.Optional {
			level = 1
		}
		v := parquet.ValueOf(cells[i])
		if x, ok := cells[i].(float64); ok {
			if math.IsInf(x, 0) {
				return &field.Error{Key: c.Name, Found: fmt.Sprintf("%v in row %d", x, t.written+1), Expected: "a finite number, or NaN where it is not known"}
			}
			if level = 1; math.IsNaN(x) {
				level, v = 0, parquet.Value{}
			}
		}
		row = append(row, v.Level(0, level, i))
	}
	return t.add(row)
}

func (t *Table) flush() error {
	_, err := t.out.WriteRows(t.chunk)
	t.chunk, t.text = t.chunk[:0], t.text[:0]
	return err
}

// Close writes what is buffered and the footer.
func (t *Table) Close() error {
	if err := t.flush(); err != nil {
		return err
	}
	return t.out.Close()
}
