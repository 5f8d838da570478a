package decisionlog

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/results/parquet"
	"github.com/souk-sim/souk/scenarios/field"
)

// observed precedes the name of a feature in that of its column, sold and priced that of a product.
const (
	observed = "observation."
	sold     = "units."
	priced   = "prices."
)

// ParquetWriter writes records as a Parquet table: the keys of a line but its version and checksum, a column for each feature. It is not safe for concurrent use.
type ParquetWriter struct {
	to       io.Writer
	hash     string
	table    *parquet.Table
	features []string
	cells    []any
}

// NewParquetWriter returns a writer whose file is whole only after Close. The footer has scenarioHash, as those of a run's tables.
func NewParquetWriter(w io.Writer, scenarioHash string) *ParquetWriter {
	return &ParquetWriter{to: w, hash: scenarioHash}
}

// Write writes a record, which it does not keep. All records have the features of the first; what Append refuses is refused.
func (w *ParquetWriter) Write(r *Record) (err error) {
	if w.table == nil {
		if err := w.open(r.Features); err != nil {
			return err
		}
	}
	if r.Product != "" || r.Customer != "" || r.Fallback || !math.IsNaN(r.Explore) || r.Shadow.Policy != "" {
		return field.New("product", "a decision of a service", "one of a simulation; segments of a service become tables by Pack")
	}
	if !slices.Equal(r.Features, w.features) || len(r.Observation) != len(w.features) {
		return field.New("observation", fmt.Sprintf("%d numbers of %q", len(r.Observation), r.Features), fmt.Sprintf("one of each of %q, as in the first record", w.features))
	}
	for _, x := range [...]struct {
		key string
		x   float64
	}{{"time", r.Time}, {"price", r.Offer.Price}, {"propensity", r.Propensity}, {"discount", r.Discount}} {
		if math.IsNaN(x.x) {
			return field.New(x.key, x.x, "a finite number")
		}
	}
	var allowed []int64
	for a, ok := range r.Allowed {
		if ok {
			allowed = append(allowed, int64(a))
		}
	}
	w.cells = append(w.cells[:0], r.ID, r.Time, r.Policy, r.Revision, r.Unit, r.Step, r.Last)
	for _, x := range r.Observation {
		w.cells = append(w.cells, x)
	}
	w.cells = append(w.cells, int64(r.Action), r.Offer.Price, r.Offer.Promotion, allowed, r.Propensity, r.Reward, r.Discount)
	return w.table.Write(w.cells...)
}

func (w *ParquetWriter) open(features []string) (err error) {
	w.features = slices.Clone(features)
	columns := []parquet.Column{{Name: "id"}, {Name: "time", Type: parquet.Number}, {Name: "policy"}, {Name: "revision"}, {Name: "unit"}, {Name: "step", Type: parquet.Integer}, {Name: "last", Type: parquet.Flag}}
	for _, name := range features {
		columns = append(columns, parquet.Column{Name: observed + name, Type: parquet.Number})
	}
	columns = append(columns, parquet.Column{Name: "action", Type: parquet.Integer}, parquet.Column{Name: "price", Type: parquet.Number}, parquet.Column{Name: "promotion"},
		parquet.Column{Name: "allowed", Type: parquet.Integers}, parquet.Column{Name: "propensity", Type: parquet.Number}, parquet.Column{Name: "reward", Type: parquet.Number}, parquet.Column{Name: "discount", Type: parquet.Number})
	w.table, err = parquet.NewTable(w.to, w.hash, columns)
	return err
}

// Close writes what is buffered and the footer; it does not close what lies beneath.
func (w *ParquetWriter) Close() error {
	if w.table == nil {
		if err := w.open(nil); err != nil {
			return err
		}
	}
	return w.table.Close()
}

// ReadParquet reads a whole log of size bytes, as Read does: a row is taken as the line that it would be, NULL as a key that is left out, and errors tell the row, from 1.
// A structure named observation is as good as columns named observation.FEATURE.
func ReadParquet(r io.ReaderAt, size int64, name string) (*Log, error) {
	p := newParser(name, Options{})
	if err := p.rows(r, size, name); err != nil {
		return nil, err
	}
	return p.settle()
}

// rows takes the rows of a file.
func (p *parser) rows(r io.ReaderAt, size int64, name string) error {
	var line []byte
	n := 0
	p.begin(name)
	err := parquet.ReadCells(r, size, func(columns []string, row []parquet.Cell) error {
		n++
		line = rowLine(line[:0], columns, row)
		if bad := p.line(line); bad != nil {
			bad.File, bad.Line = name, n
			return bad
		}
		p.count++
		return nil
	})
	if bad, ok := err.(*field.Error); ok && bad.File == "" {
		bad.File = name
	}
	return err
}

// rowLine appends a row as a line without its end: keys of NULL are left out, but for features.
func rowLine(line []byte, columns []string, row []parquet.Cell) []byte {
	line = strconv.AppendInt(append(line, `{"version":`...), Version, 10)
	decision := true
	for i, name := range columns {
		if !row[i].Set || name == "version" || strings.HasPrefix(name, observed) || strings.HasPrefix(name, sold) || strings.HasPrefix(name, priced) {
			continue
		}
		decision = decision && name != keys[keyOutcome]
		line = cell(append(text(append(line, ','), name), ':'), &row[i])
	}
	if decision {
		line = object(line, observed, columns, row, true)
	} else {
		line = object(object(line, sold, columns, row, false), priced, columns, row, false)
	}
	return append(line, '}')
}

// object appends the object that is spread over the columns of a prefix; without NULL it is left out where nothing is in it.
func object(line []byte, prefix string, columns []string, row []parquet.Cell, null bool) []byte {
	start := len(line)
	line = append(text(append(line, ','), strings.TrimSuffix(prefix, ".")), `:{`...)
	first := true
	for i, name := range columns {
		key, ok := strings.CutPrefix(name, prefix)
		if !ok || !row[i].Set && !null {
			continue
		}
		if !first {
			line = append(line, ',')
		}
		line, first = cell(append(text(line, key), ':'), &row[i]), false
	}
	if first && !null {
		return line[:start]
	}
	return append(line, '}')
}

// cell appends a cell as JSON has it; a number that is not finite becomes what the reader refuses.
func cell(line []byte, c *parquet.Cell) []byte {
	switch {
	case !c.Set:
		return append(line, "null"...)
	case c.Type == parquet.Flag:
		return strconv.AppendBool(line, c.Flag)
	case c.Type == parquet.Integer:
		return strconv.AppendInt(line, c.Integer, 10)
	case c.Type == parquet.Number:
		return strconv.AppendFloat(line, c.Number, 'g', -1, 64)
	case c.Type == parquet.Text:
		return text(line, c.Text)
	}
	line = append(line, '[')
	for k, x := range c.List {
		if k > 0 {
			line = append(line, ',')
		}
		line = strconv.AppendInt(line, x, 10)
	}
	return append(line, ']')
}
