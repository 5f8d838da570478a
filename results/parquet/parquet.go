// Package parquet writes and reads the tables of a run as Parquet files: zstd, row groups of bounded size, NULL and
// never NaN, and bytes that depend on the rows alone.
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

// Sizes. Rows are handed to the library in chunks of chunkRows, whatever the caller's batches are, because it cuts
// pages where batches end and the bytes would depend on them. A page is compressed when it is full, so that a writer
// holds a few MB whatever the size of its row groups.
const (
	rowGroup  = 128 << 10 // rows
	chunkRows = 1 << 10
	pageBytes = 64 << 10 // of a column's values
)

// Keys of the footer metadata.
const (
	schemaKey   = "souk.schema"
	scenarioKey = "souk.scenario_sha256"
)

// Writer writes one table to one file. It implements results.Sink; it is not safe for concurrent use. The file is
// whole only after Close, and Close does not close what lies beneath.
type Writer[R results.Row] struct {
	out     *parquet.GenericWriter[R]
	chunk   []R
	columns []column
	written int64
}

// creator names the program in the footer as the format asks, "application version x"; the library's own option adds an empty build.
type creator struct{}

// ConfigureWriter implements parquet.WriterOption.
func (creator) ConfigureWriter(c *parquet.WriterConfig) { c.CreatedBy = "souk version " + souk.Version }

// NewWriter returns a writer of rows to w. scenarioHash (SHA-256 in hex of the canonical scenario) goes to the footer.
func NewWriter[R results.Row](w io.Writer, scenarioHash string) *Writer[R] {
	return &Writer[R]{
		out:     parquet.NewGenericWriter[R](w, options(scenarioHash)...),
		chunk:   make([]R, 0, chunkRows),
		columns: watched(reflect.TypeFor[R](), nil),
	}
}

func options(scenarioHash string) []parquet.WriterOption {
	return []parquet.WriterOption{
		parquet.Compression(&parquet.Zstd),
		parquet.MaxRowsPerRowGroup(rowGroup),
		parquet.PageBufferSize(pageBytes),
		creator{},
		parquet.KeyValueMetadata(schemaKey, strconv.Itoa(SchemaVersion)),
		parquet.KeyValueMetadata(scenarioKey, scenarioHash),
	}
}

// Write appends rows. A number that is not finite is refused with the name of its column and its row (1-based in the
// file): what is not known is NULL, an optional column's nil. The rows before it are kept.
func (w *Writer[R]) Write(rows []R) error {
	for i := range rows {
		w.written++
		w.chunk = append(w.chunk, rows[i])
		at := len(w.chunk) - 1
		row := reflect.ValueOf(&w.chunk[at]).Elem()
		for _, c := range w.columns {
			if v, finite := c.take(row, at); !finite {
				w.chunk, w.written = w.chunk[:at], w.written-1
				return &field.Error{Key: c.name, Found: fmt.Sprintf("%v in row %d", v, w.written+1),
					Expected: "a finite number (NULL where it is not known)"}
			}
		}
		if len(w.chunk) == chunkRows {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *Writer[R]) flush() error {
	_, err := w.out.Write(w.chunk)
	w.chunk = w.chunk[:0]
	return err
}

// Close writes what is buffered and the footer.
func (w *Writer[R]) Close() error {
	if err := w.flush(); err != nil {
		return err
	}
	return w.out.Close()
}

// column is a field of the row struct that must be looked at: a float, a pointer (an optional column), or both.
type column struct {
	name  string
	index []int
	float bool
	own   reflect.Value // for a pointer: chunkRows values, because what the caller points at is the caller's again
}

// take copies what a pointer points at, and says whether a float is finite.
func (c column) take(row reflect.Value, at int) (v float64, finite bool) {
	f := row.FieldByIndex(c.index)
	if c.own.IsValid() {
		if f.IsNil() {
			return 0, true
		}
		slot := c.own.Index(at)
		slot.Set(f.Elem())
		f.Set(slot.Addr())
		f = slot
	}
	if !c.float {
		return 0, true
	}
	v = f.Float()
	return v, !math.IsNaN(v) && !math.IsInf(v, 0)
}

// watched lists the columns of a row struct that take must see, those of embedded structs included.
func watched(t reflect.Type, at []int) []column {
	var all []column
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(at[:len(at):len(at)], i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct {
			all = append(all, watched(f.Type, index)...)
			continue
		}
		c := column{name: columnName(f), index: index, float: f.Type.Kind() == reflect.Float64}
		if f.Type.Kind() == reflect.Pointer {
			c.float = f.Type.Elem().Kind() == reflect.Float64
			c.own = reflect.MakeSlice(reflect.SliceOf(f.Type.Elem()), chunkRows, chunkRows)
		}
		if c.float || c.own.IsValid() {
			all = append(all, c)
		}
	}
	return all
}

func columnName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("parquet"), ",")
	if name == "" {
		return f.Name
	}
	return name
}
