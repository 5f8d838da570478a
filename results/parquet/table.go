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
	written int64
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
	row := make(parquet.Row, 0, len(cells))
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
	t.written++
	t.chunk = append(t.chunk, row)
	if len(t.chunk) == chunkRows {
		return t.flush()
	}
	return nil
}

func (t *Table) flush() error {
	_, err := t.out.WriteRows(t.chunk)
	t.chunk = t.chunk[:0]
	return err
}

// Close writes what is buffered and the footer.
func (t *Table) Close() error {
	if err := t.flush(); err != nil {
		return err
	}
	return t.out.Close()
}
