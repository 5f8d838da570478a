// Package parquet writes and reads the tables of a run as Parquet files: zstd, row groups of bounded size, NULL and
// never NaN, and bytes that depend on the rows alone. docs/formats/results.md describes the files.
package parquet

import (
	"fmt"
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/souk-sim/souk"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/scenarios/field"
)

// SchemaVersion is the version of the columns. It goes into every file's footer, and rises when a column changes its
// meaning or goes away; a new column does not raise it.
const SchemaVersion = 1

// rowGroup is how many rows a row group holds: few enough that a writer's buffer stays under some 30 MB.
const rowGroup = 64 << 10

// Keys of the footer metadata.
const (
	schemaKey   = "souk.schema"
	scenarioKey = "souk.scenario_sha256"
)

// Writer writes one table to one file. It implements results.Sink; it is not safe for concurrent use. The file is
// whole only after Close, and Close does not close what lies beneath.
type Writer[R results.Row] struct {
	out     *parquet.GenericWriter[R]
	floats  []floatColumn
	written int64
}

// NewWriter returns a writer of rows to w. scenarioHash (SHA-256 in hex of the canonical scenario) goes to the footer.
func NewWriter[R results.Row](w io.Writer, scenarioHash string) *Writer[R] {
	return &Writer[R]{
		out: parquet.NewGenericWriter[R](w,
			parquet.Compression(&parquet.Zstd),
			parquet.MaxRowsPerRowGroup(rowGroup),
			parquet.CreatedBy("souk", souk.Version, ""),
			parquet.KeyValueMetadata(schemaKey, strconv.Itoa(SchemaVersion)),
			parquet.KeyValueMetadata(scenarioKey, scenarioHash)),
		floats: floatColumns(reflect.TypeFor[R](), nil),
	}
}

// Write appends rows. A number that is not finite is refused with the name of its column and its row (1-based in the
// file): what is not known is NULL, an optional column's nil.
func (w *Writer[R]) Write(rows []R) error {
	for i := range rows {
		row := reflect.ValueOf(&rows[i]).Elem()
		for _, c := range w.floats {
			if v, finite := c.value(row); !finite {
				return &field.Error{Key: c.name, Found: fmt.Sprintf("%v in row %d", v, w.written+int64(i)+1),
					Expected: "a finite number (NULL where it is not known)"}
			}
		}
	}
	n, err := w.out.Write(rows)
	w.written += int64(n)
	return err
}

// Close writes what is buffered and the footer.
func (w *Writer[R]) Close() error { return w.out.Close() }

// floatColumn is where a row struct holds a float64 or *float64.
type floatColumn struct {
	name  string
	index []int
}

func (c floatColumn) value(row reflect.Value) (v float64, finite bool) {
	f := row.FieldByIndex(c.index)
	if f.Kind() == reflect.Pointer {
		if f.IsNil() {
			return 0, true
		}
		f = f.Elem()
	}
	v = f.Float()
	return v, !math.IsNaN(v) && !math.IsInf(v, 0)
}

// floatColumns lists the float columns of a row struct, embedded structs included.
func floatColumns(t reflect.Type, at []int) []floatColumn {
	var columns []floatColumn
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(at[:len(at):len(at)], i)
		kind := f.Type
		if kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
		}
		switch {
		case f.Anonymous && kind.Kind() == reflect.Struct:
			columns = append(columns, floatColumns(f.Type, index)...)
		case kind.Kind() == reflect.Float64:
			columns = append(columns, floatColumn{columnName(f), index})
		}
	}
	return columns
}

func columnName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("parquet"), ",")
	if name == "" {
		return f.Name
	}
	return name
}
