package logs

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
)

// SeriesColumns says which columns of a long table, one row for each observation, hold its series.
type SeriesColumns struct {
	Value      string
	Time       string   // optional; without it the rows of a series stand in the order of time
	ID         []string // none: the table is one series
	Regressors []string
}

// ReadOptions say which series are read and where rows may wait.
type ReadOptions struct {
	// Only is the ID of the one series that is wanted; empty: all.
	Only string
	// Folder is where rows wait whose series do not stand together, in files that are gone when the reading ends. Empty: they wait in memory.
	Folder string
	// Counted is told how many series there are, before the first is given; nil: nobody is. It is not called where Only is set or there is no id column.
	Counted func(series int)
}

// Observations are the rows of one series in the order of the file. They become a Series by Regular.
type Observations struct {
	ID         string // of several id columns the values with commas between; a value with a comma or a quote in it stands in quotes
	Columns    SeriesColumns
	Values     []float64   // NaN is missing
	Regressors [][]float64 // regressor × row; NaN is missing

	places []place
	times  []float64 // nil without a column of times
	form   form
	file   string
}

// ReadSeries reads the series of a CSV or Parquet file, which Decode describes, and gives them to yield one by one in the order in
// which they first appear; yield may keep what it gets. An error of yield ends the reading and is its error.
//
// A first pass reads the ids alone. When the rows of each series stand together, the second holds one series at a time. When they do not (a
// table that is sorted by time), it writes the rows to files in options.Folder, at most 256, each with all rows of some series and, unless one series alone
// is larger, no more than 1 Mi rows or a 256th of all; the files are then read one by one. So memory is bounded by the ids, one such file's rows and
// the largest series.
func ReadSeries(ctx context.Context, path string, columns SeriesColumns, options ReadOptions, yield func(Observations) error) error {
	file, size, err := open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return DecodeSeries(ctx, path, file, size, columns, options, yield)
}

// DecodeSeries is ReadSeries of size bytes of data, with a name for errors.
func DecodeSeries(ctx context.Context, name string, data io.ReaderAt, size int64, columns SeriesColumns, options ReadOptions, yield func(Observations) error) error {
	r := &seriesReader{ctx: ctx, name: name, data: data, size: size, columns: columns, options: options, yield: yield, spillRows: 1 << 20}
	return r.read()
}

func (r *seriesReader) read() error {
	wanted, err := r.columns.wanted()
	if err != nil {
		return err
	}
	if len(r.columns.ID) == 0 {
		return r.stream(wanted)
	}
	if r.options.Only != "" {
		return r.one(wanted)
	}
	all, err := r.census(wanted[:len(r.columns.ID)])
	if err != nil {
		return err
	}
	if r.options.Counted != nil {
		r.options.Counted(len(all.ids))
	}
	if all.together {
		return r.stream(wanted)
	}
	return r.gather(wanted, all)
}

// wanted lists the columns: the ids first, then the value, the regressors and the time.
func (c SeriesColumns) wanted() ([]column, error) {
	if c.Value == "" {
		return nil, field.New("value", "nothing", "the name of the column that holds the values")
	}
	var all []column
	for _, name := range c.ID {
		all = append(all, column{name, ofTexts})
	}
	all = append(all, column{name: c.Value})
	for _, name := range c.Regressors {
		all = append(all, column{name: name})
	}
	if c.Time != "" {
		all = append(all, column{c.Time, ofTimes})
	}
	used := make(map[string]bool, len(all))
	for _, c := range all {
		if c.name == "" {
			return nil, field.New("columns", "an empty name", "a column name")
		}
		if used[c.name] {
			return nil, field.New(c.name, "the column named twice", "a column of its own for each of id, value, regressors and time")
		}
		used[c.name] = true
	}
	return all, nil
}

// maxSpills bounds the number of files that rows wait in.
const maxSpills = 256

type seriesReader struct {
	ctx     context.Context
	name    string
	data    io.ReaderAt
	size    int64
	columns SeriesColumns
	options ReadOptions
	yield   func(Observations) error

	spillRows int    // of a file, or more where maxSpills files would not hold all
	rows      int    // so far in this pass
	parts     []byte // of an id
}

func (r *seriesReader) scan(wanted []column, row func(at place, id []byte, cells []cell) error) error {
	ids := len(r.columns.ID)
	r.rows = 0
	return scan(r.name, r.data, r.size, wanted, func(at place, cells []cell) error {
		if r.rows++; r.rows%4096 == 0 && r.ctx.Err() != nil {
			return r.ctx.Err()
		}
		id, err := r.id(at, cells[:ids])
		if err != nil {
			return err
		}
		return row(at, id, cells[ids:])
	})
}

// id joins the values of the id columns; the bytes are good until the next call.
func (r *seriesReader) id(at place, cells []cell) ([]byte, error) {
	r.parts = r.parts[:0]
	for i, c := range cells {
		if c.text == "" {
			return nil, at.bad(r.columns.ID[i], "nothing", "the id of a series")
		}
		if i > 0 {
			r.parts = append(r.parts, ',')
		}
		if len(cells) > 1 && strings.ContainsAny(c.text, `,"`) {
			r.parts = strconv.AppendQuote(r.parts, c.text)
		} else {
			r.parts = append(r.parts, c.text...)
		}
	}
	return r.parts, nil
}

// census is what the first pass learns.
type census struct {
	together bool
	index    map[string]int // id → place in the order of appearance
	ids      []string
	rows     []int // of each id
}

func (r *seriesReader) census(ids []column) (census, error) {
	c := census{together: true, index: make(map[string]int)}
	last := -1
	err := r.scan(ids, func(_ place, id []byte, _ []cell) error {
		if last >= 0 && string(id) == c.ids[last] {
			c.rows[last]++
			return nil
		}
		k, seen := c.index[string(id)]
		if !seen {
			k = len(c.ids)
			c.ids = append(c.ids, string(id))
			c.rows = append(c.rows, 0)
			c.index[c.ids[k]] = k
		}
		c.together = c.together && !seen
		c.rows[k]++
		last = k
		return nil
	})
	return c, err
}

func (r *seriesReader) series(id string, rows int) Observations {
	o := Observations{ID: id, Columns: r.columns, Regressors: make([][]float64, len(r.columns.Regressors)), file: r.name}
	if rows > 0 {
		o.Values, o.places = make([]float64, 0, rows), make([]place, 0, rows)
		for i := range o.Regressors {
			o.Regressors[i] = make([]float64, 0, rows)
		}
		if r.columns.Time != "" {
			o.times = make([]float64, 0, rows)
		}
	}
	return o
}

// add puts a row at the end: the value, the regressors, the time.
func (o *Observations) add(at place, cells []cell) error {
	o.places = append(o.places, at)
	o.Values = append(o.Values, cells[0].number)
	for i := range o.Regressors {
		o.Regressors[i] = append(o.Regressors[i], cells[i+1].number)
	}
	if o.Columns.Time == "" {
		return nil
	}
	t := cells[len(cells)-1]
	if t.number != t.number {
		return at.bad(o.Columns.Time, "a missing value", "a time")
	}
	o.times = append(o.times, t.number)
	switch {
	case len(o.times) == 1:
		o.form = t.form
	case o.form == t.form:
	case o.form == formDay && t.form == formInstant: // midnight is often left out
		for i := range o.times[:len(o.times)-1] {
			o.times[i] *= secondsADay
		}
		o.form = formInstant
	case o.form == formInstant && t.form == formDay:
		o.times[len(o.times)-1] *= secondsADay
	default:
		return at.bad(o.Columns.Time, "a time written in another way than those before", "one way for all times of a series")
	}
	return nil
}

// stream reads a table in which the rows of each series stand together.
func (r *seriesReader) stream(wanted []column) error {
	var current Observations
	var stopped error
	err := r.scan(wanted, func(at place, id []byte, cells []cell) error {
		if len(current.Values) > 0 && string(id) != current.ID {
			if stopped = r.yield(current); stopped != nil {
				return io.EOF
			}
			current = Observations{}
		}
		if len(current.Values) == 0 {
			current = r.series(string(id), 0)
		}
		return current.add(at, cells)
	})
	if stopped != nil {
		return stopped // as it is: scan writes the file's name into errors
	}
	if err != nil {
		return err
	}
	return r.yield(current)
}

// one reads the one series that is wanted.
func (r *seriesReader) one(wanted []column) error {
	only := r.series(r.options.Only, 0)
	others := make(map[string]bool) // some of them, for a better word
	var names []string
	err := r.scan(wanted, func(at place, id []byte, cells []cell) error {
		if string(id) == only.ID {
			return only.add(at, cells)
		}
		if len(names) < 1000 && !others[string(id)] {
			names = append(names, string(id))
			others[string(id)] = true
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(only.Values) == 0 {
		return &field.Error{File: r.name, Key: strings.Join(r.columns.ID, ","), Found: "no series " + strconv.Quote(only.ID),
			Expected: "the id of a series" + nearest(only.ID, names)}
	}
	return r.yield(only)
}

// gather reads a table in which the rows of a series stand apart: into files of whole series, or into memory.
func (r *seriesReader) gather(wanted []column, all census) error {
	limit := max(r.spillRows, (r.rows+maxSpills-1)/maxSpills)
	if r.options.Folder == "" {
		limit = r.rows
	}
	var first []int // series of each part
	part, filled := make([]int, len(all.ids)), math.MaxInt
	for k, n := range all.rows {
		if filled > limit-n {
			first, filled = append(first, k), 0
		}
		part[k] = len(first) - 1
		filled += n
	}
	first = append(first, len(all.ids))
	if len(first) == 2 {
		series := r.many(all, 0, len(all.ids))
		if err := r.scan(wanted, func(at place, id []byte, cells []cell) error { return series[all.index[string(id)]].add(at, cells) }); err != nil {
			return err
		}
		return r.hand(series)
	}
	spills, err := r.spill(wanted, all, part, len(first)-1)
	defer func() {
		for _, s := range spills {
			s.remove()
		}
	}()
	if err != nil {
		return err
	}
	for k, s := range spills {
		series := r.many(all, first[k], first[k+1])
		if err := s.read(r, series, first[k]); err != nil {
			return err
		}
		if err := r.hand(series); err != nil {
			return err
		}
		s.remove()
	}
	return nil
}

func (r *seriesReader) many(all census, from, to int) []Observations {
	series := make([]Observations, to-from)
	for k := range series {
		series[k] = r.series(all.ids[from+k], all.rows[from+k])
	}
	return series
}

func (r *seriesReader) hand(series []Observations) error {
	for k := range series {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		if err := r.yield(series[k]); err != nil {
			return err
		}
		series[k] = Observations{}
	}
	return nil
}

// spill is a file of rows that wait: of each the series, the place, the form of its time, and the numbers.
type spill struct {
	file *os.File
	w    *bufio.Writer
}

const spillHead = 4 + 8 + 1

func (r *seriesReader) spill(wanted []column, all census, part []int, parts int) ([]*spill, error) {
	spills := make([]*spill, 0, parts)
	for range parts {
		file, err := os.CreateTemp(r.options.Folder, "souk-series-*")
		if err != nil {
			return spills, &field.Error{File: r.options.Folder, Found: reason(err), Expected: "a folder to write to"}
		}
		spills = append(spills, &spill{file, bufio.NewWriterSize(file, 1<<15)})
	}
	var record []byte
	var full error
	err := r.scan(wanted, func(at place, id []byte, cells []cell) error {
		k := all.index[string(id)]
		record = binary.LittleEndian.AppendUint32(record[:0], uint32(k))
		record = binary.LittleEndian.AppendUint64(record, at.pack())
		record = append(record, byte(cells[len(cells)-1].form))
		for _, c := range cells {
			record = binary.LittleEndian.AppendUint64(record, math.Float64bits(c.number))
		}
		if _, err := spills[part[k]].w.Write(record); err != nil {
			full = &field.Error{File: r.options.Folder, Found: reason(err), Expected: "room for rows that wait"}
			return io.EOF
		}
		return nil
	})
	if full != nil {
		return spills, full
	}
	for _, s := range spills {
		if err == nil {
			if err = s.w.Flush(); err != nil {
				err = &field.Error{File: r.options.Folder, Found: reason(err), Expected: "room for rows that wait"}
			}
		}
		s.w = nil
	}
	return spills, err
}

// read adds the rows to the series of the spill, the first of which is the from-th of all.
func (s *spill) read(r *seriesReader, series []Observations, from int) error {
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	in := bufio.NewReaderSize(s.file, 1<<20)
	cells := make([]cell, 1+len(r.columns.Regressors)+min(len(r.columns.Time), 1))
	record := make([]byte, spillHead+8*len(cells))
	for {
		if _, err := io.ReadFull(in, record); err == io.EOF {
			return nil
		} else if err != nil {
			return &field.Error{File: s.file.Name(), Found: reason(err), Expected: "the rows that were written"}
		}
		at := unpack(binary.LittleEndian.Uint64(record[4:]))
		for i := range cells {
			cells[i].number = math.Float64frombits(binary.LittleEndian.Uint64(record[spillHead+8*i:]))
		}
		cells[len(cells)-1].form = form(record[spillHead-1])
		if err := series[int(binary.LittleEndian.Uint32(record))-from].add(at, cells); err != nil {
			return named(r.name, err)
		}
	}
}

func (s *spill) remove() {
	if s.file != nil {
		s.file.Close()
		os.Remove(s.file.Name())
		s.file = nil
	}
}
