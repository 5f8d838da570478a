// Package parquet writes and reads the tables of a run as Parquet files: zstd, row groups of bounded size, NULL and
// never NaN, and bytes that depend on the rows alone.
package parquet

import (
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"unsafe"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/souk-sim/souk"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/scenarios/field"
)

// SchemaVersion is the version of the columns. It goes into every file's footer, and rises when a column changes its
// meaning or goes away; a new column does not raise it.
const SchemaVersion = 1

// SegmentRows is after how many rows whoever writes a table in several files is to cut them, so that Merge can copy files whole.
const SegmentRows = 32 << 10

// Sizes. Rows are handed to the library in chunks of chunkRows, whatever the caller's batches are, because it cuts
// pages where batches end and the bytes would depend on them. A page is compressed when it is full, so that a writer
// holds a few MB whatever the size of its row groups. The fastest level of zstd makes files an eighth larger than its
// default does, in two thirds of the time.
const (
	rowGroup   = 128 << 10 // rows
	leastGroup = 4 << 10   // rows
	chunkRows  = 1 << 10
	pageBytes  = 64 << 10 // of a column's values
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
	chunk   Batch[R]
	written int64 // rows
	group   int64 // of them, those of the row group under way
}

// creator names the program in the footer as the format asks, "application version x"; the library's own option adds an empty build.
type creator struct{}

// ConfigureWriter implements parquet.WriterOption.
func (creator) ConfigureWriter(c *parquet.WriterConfig) { c.CreatedBy = "souk version " + souk.Version }

// NewWriter returns a writer of rows to w. scenarioHash (SHA-256 in hex of the canonical scenario) goes to the footer.
func NewWriter[R results.Row](w io.Writer, scenarioHash string) *Writer[R] {
	return &Writer[R]{out: parquet.NewGenericWriter[R](w, options(scenarioHash)...)}
}

func options(scenarioHash string) []parquet.WriterOption {
	return []parquet.WriterOption{
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest}),
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
		if name, v := w.chunk.add(rows[i]); name != "" {
			return &field.Error{Key: name, Found: fmt.Sprintf("%v in row %d", v, w.written+1), Expected: "a finite number (NULL where it is not known)"}
		}
		w.written++
		if len(w.chunk.Rows) == chunkRows {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *Writer[R]) flush() error {
	_, err := w.out.Write(w.chunk.Rows)
	w.group = (w.group + int64(len(w.chunk.Rows))) % rowGroup
	w.chunk.Reset()
	return err
}

// endGroup ends the row group under way if it has some rows; few go on, for readers like groups that are worth their index.
func (w *Writer[R]) endGroup() error {
	if err := w.flush(); err != nil || w.group < leastGroup {
		return err
	}
	w.group = 0
	return w.out.Flush()
}

// copy appends a row group of another file as it is. It asks that no row group is under way.
func (w *Writer[R]) copy(group parquet.RowGroup) error {
	n, err := w.out.WriteRowGroup(group)
	w.written += n
	return err
}

// Reset begins another file of the same table, with the memory of the one that was closed.
func (w *Writer[R]) Reset(to io.Writer) {
	w.out.Reset(to)
	w.chunk.Reset()
	w.written, w.group = 0, 0
}

// Close writes what is buffered and the footer.
func (w *Writer[R]) Close() error {
	if err := w.flush(); err != nil {
		return err
	}
	return w.out.Close()
}

// Batch is rows that are kept longer than the call that brought them: what they point at is copied too.
type Batch[R results.Row] struct {
	Rows    []R
	columns []column
}

// Add appends rows.
func (b *Batch[R]) Add(rows []R) {
	for i := range rows {
		b.add(rows[i])
	}
}

// Reset empties the batch, for others.
func (b *Batch[R]) Reset() {
	b.Rows = b.Rows[:0]
	for i := range b.columns {
		b.columns[i].floats, b.columns[i].ints = b.columns[i].floats[:0], b.columns[i].ints[:0]
	}
}

// add appends a row, unless a number in it is not finite: then its column is named.
func (b *Batch[R]) add(row R) (name string, v float64) {
	if b.columns == nil {
		b.columns = watched(reflect.TypeFor[R](), 0)
	}
	b.Rows = append(b.Rows, row)
	at := unsafe.Pointer(&b.Rows[len(b.Rows)-1])
	for i := range b.columns {
		c := &b.columns[i]
		if v = c.take(unsafe.Add(at, c.offset)); v-v != 0 {
			b.Rows = b.Rows[:len(b.Rows)-1]
			return c.name, v
		}
	}
	return "", 0
}

// column is a field of the row struct that must be looked at: a float64, or a pointer (an optional column). Rows come by the million, and asking
// reflection for each field would take a fifth of all the time: hence its place.
type column struct {
	name     string
	offset   uintptr
	optional reflect.Type // what a pointer points at; nil for a float64
	floats   []float64    // the copies that pointers point at
	ints     []int64
}

// take copies what a pointer points at. The value of a float is returned, of all else 0.
func (c *column) take(place unsafe.Pointer) float64 {
	switch {
	case c.optional == nil:
		return *(*float64)(place)
	case c.optional.Kind() == reflect.Float64:
		return own((**float64)(place), &c.floats)
	default:
		own((**int64)(place), &c.ints)
		return 0
	}
}

// own makes a pointer point at a copy, and returns what it points at.
func own[T any](p **T, copies *[]T) (v T) {
	if *p == nil {
		return v
	}
	*copies = append(*copies, **p)
	*p = &(*copies)[len(*copies)-1]
	return **p
}

// watched lists the columns of a row struct that take must see, those of embedded structs included.
func watched(t reflect.Type, at uintptr) (all []column) {
	for i := range t.NumField() {
		f := t.Field(i)
		c := column{name: columnName(f), offset: at + f.Offset}
		switch kind := f.Type.Kind(); {
		case f.Anonymous && kind == reflect.Struct:
			all = append(all, watched(f.Type, c.offset)...)
			continue
		case f.Type == reflect.TypeFor[*float64](), f.Type == reflect.TypeFor[*int64]():
			c.optional = f.Type.Elem()
		case kind == reflect.Pointer:
			panic(fmt.Sprintf("parquet: column %s is a %v: optional numbers are *float64 or *int64", c.name, f.Type))
		case kind != reflect.Float64:
			continue
		}
		all = append(all, c)
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
