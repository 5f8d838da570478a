package parquet

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/scenarios/field"
)

// Reader reads back one table. It is not safe for concurrent use.
type Reader[R results.Row] struct {
	file *parquet.File
	rows *parquet.GenericReader[R]
}

// NewReader opens a table of size bytes. A file that is cut off, lacks a column of R or comes from a later schema is
// refused with a *field.Error that leaves File empty.
func NewReader[R results.Row](r io.ReaderAt, size int64) (reader *Reader[R], err error) {
	defer recoverCorrupt(&err)
	file, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, &field.Error{Found: err.Error(), Expected: "a complete Parquet file"}
	}
	if found, _ := file.Lookup(schemaKey); found != "" {
		if v, err := strconv.Atoi(found); err != nil || v > SchemaVersion {
			return nil, field.New(schemaKey, found, fmt.Sprintf("at most %d: the file comes from a later souk", SchemaVersion))
		}
	}
	if err := checkColumns(file.Schema(), parquet.SchemaOf(*new(R))); err != nil {
		return nil, err
	}
	if err := checkCodecs(file.Metadata()); err != nil {
		return nil, err
	}
	return &Reader[R]{file: file, rows: parquet.NewGenericReader[R](file)}, nil
}

// checkColumns refuses a file that lacks a wanted column or has it in another type: the library would fill in zeros.
func checkColumns(found, wanted *parquet.Schema) error {
	for _, path := range wanted.Columns() {
		w, _ := wanted.Lookup(path...)
		name := strings.Join(path, ".")
		f, ok := found.Lookup(path...)
		if !ok {
			return field.New(name, "no such column", describe(w.Node))
		}
		if got, want := describe(f.Node), describe(w.Node); got != want {
			return field.New(name, got, want)
		}
	}
	return nil
}

// checkCodecs refuses columns that are not zstd, as all of ours are: the library's LZ4 decoder takes memory without
// end when a damaged footer makes it read another codec's pages.
func checkCodecs(meta *format.FileMetaData) error {
	for _, group := range meta.RowGroups {
		for _, c := range group.Columns {
			if c.MetaData.Codec != format.Zstd {
				return field.New(strings.Join(c.MetaData.PathInSchema, "."), c.MetaData.Codec.String()+" compression", "ZSTD")
			}
		}
	}
	return nil
}

// describe tells a column's type as "an optional DOUBLE column".
func describe(n parquet.Node) string {
	presence := "a required"
	if n.Optional() {
		presence = "an optional"
	} else if n.Repeated() {
		presence = "a repeated"
	}
	return presence + " " + n.Type().Kind().String() + " column"
}

// Len is the number of rows in the file.
func (r *Reader[R]) Len() int64 { return r.file.NumRows() }

// ScenarioHash is the hash of the canonical scenario from the footer; "" when the file has none.
func (r *Reader[R]) ScenarioHash() string {
	hash, _ := r.file.Lookup(scenarioKey)
	return hash
}

// Read fills rows with the next rows of the file and says how many; io.EOF comes with the last of them or after.
func (r *Reader[R]) Read(rows []R) (n int, err error) {
	defer recoverCorrupt(&err)
	clear(rows) // so that no pointer of an earlier row is written through
	n, err = r.rows.Read(rows)
	if n == 0 && err == nil && len(rows) > 0 {
		err = io.ErrUnexpectedEOF // a damaged page may hold no rows
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = &field.Error{Found: err.Error(), Expected: "a complete Parquet file"}
	}
	return n, err
}

// Close releases the reader's buffers; what it reads from stays open.
func (r *Reader[R]) Close() error { return r.rows.Close() }

// recoverCorrupt turns the library's panic on a damaged page or footer into an error.
func recoverCorrupt(err *error) {
	if p := recover(); p != nil {
		*err = &field.Error{Found: fmt.Sprintf("damage (%v)", p), Expected: "a complete Parquet file"}
	}
}

// ReadFile reads a whole table into memory.
func ReadFile[R results.Row](name string) ([]R, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	rows, err := readAll[R](f, info.Size())
	if bad := (*field.Error)(nil); errors.As(err, &bad) {
		bad.File = name
	}
	return rows, err
}

func readAll[R results.Row](r io.ReaderAt, size int64) ([]R, error) {
	reader, err := NewReader[R](r, size)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	var rows []R
	for batch := make([]R, 1024); ; {
		n, err := reader.Read(batch)
		rows = append(rows, batch[:n]...)
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
	}
}
