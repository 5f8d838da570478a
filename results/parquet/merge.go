package parquet

import (
	"container/heap"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/scenarios/field"
)

// Source is an open file.
type Source interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// Merge writes the rows of all lanes to dst in the order of their keys (results.Key.Compare). A lane is a list of
// files whose rows, one file after the other, are in that order already; of equal keys the earlier lane's row comes
// first. A lane is opened when its first row's turn comes and its files one at a time, so memory grows with the
// number of lanes that overlap, not with the rows.
//
// Where dst is a Writer, a row group ends where SegmentRows rows of a lane do, unless it would be small; and a file that has just those rows, none of
// another lane's between them, is copied as it is. The bytes are those of rows written one by one, whatever the cuts of the files.
func Merge[R results.Row](dst results.Sink[R], lanes [][]string, open func(name string) (Source, error)) (err error) {
	m := merger[R]{open: open}
	defer func() { err = errors.Join(err, m.close()) }()
	for i, files := range lanes {
		if err := m.add(i, files); err != nil {
			return err
		}
	}
	writer, _ := dst.(*Writer[R])
	for m.Len() > 0 {
		l := m.lanes[0]
		if err := l.load(m.open); err != nil { // a parked lane has read only its first row
			return err
		}
		copied := false
		if writer != nil && l.passed%SegmentRows == 0 {
			if copied, err = m.block(writer); err != nil {
				return err
			}
		}
		if !copied {
			if err := m.pass(dst); err != nil {
				return err
			}
		}
		if more, err := l.next(m.open); err != nil {
			return err
		} else if more {
			heap.Fix(&m, 0)
		} else {
			heap.Pop(&m)
		}
	}
	return dst.Write(m.out)
}

// pass hands on the first lane's row.
func (m *merger[R]) pass(dst results.Sink[R]) (err error) {
	l := m.lanes[0]
	l.passed++
	if m.out = append(m.out, l.batch[l.at]); len(m.out) == batchRows {
		err = dst.Write(m.out)
		m.out = m.out[:0]
	}
	return err
}

// block begins a block of SegmentRows rows of the first lane, and hands all of it on if it can be copied.
func (m *merger[R]) block(w *Writer[R]) (copied bool, err error) {
	err = w.Write(m.out)
	m.out = m.out[:0]
	if err != nil {
		return false, err
	}
	if err := w.endGroup(); err != nil || w.group > 0 {
		return false, err
	}
	l := m.lanes[0]
	if whole, err := m.whole(l); err != nil || !whole {
		return false, err
	}
	return true, l.copyTo(w)
}

// whole says whether the file that the first lane has open begins with its next row, has SegmentRows rows in one row group, and all of them come
// before those of the other lanes.
func (m *merger[R]) whole(l *lane[R]) (bool, error) {
	if l.rows == nil || l.read != len(l.batch) || l.at != 0 || l.rows.Len() != SegmentRows || len(l.rows.file.RowGroups()) != 1 {
		return false, nil
	}
	last, err := l.lastKey()
	if err != nil {
		return false, err
	}
	for _, other := range m.lanes[1:min(3, len(m.lanes))] { // the next in order is one of a heap's second level
		if c := last.Compare(other.key); c > 0 || c == 0 && other.order < l.order {
			return false, l.named(l.rows.rows.SeekToRow(int64(l.read)))
		}
	}
	l.last = last
	return true, nil
}

// lastKey reads the last row of the open file, and leaves it there.
func (l *lane[R]) lastKey() (results.Key, error) {
	row := make([]R, 1)
	if err := l.rows.rows.SeekToRow(l.rows.Len() - 1); err != nil {
		return results.Key{}, l.named(err)
	}
	if _, err := l.rows.Read(row); err != nil && !errors.Is(err, io.EOF) {
		return results.Key{}, l.named(err)
	}
	return row[0].Position(), nil
}

// copyTo hands the open file's row group over and steps onto its last row.
func (l *lane[R]) copyTo(w *Writer[R]) error {
	if err := w.copy(l.rows.file.RowGroups()[0]); err != nil {
		return l.named(err)
	}
	l.batch, l.at, l.key = l.batch[:0], 0, l.last
	l.passed += SegmentRows
	return l.close()
}

const batchRows = 256

// merger is a heap of lanes by their next row's key.
type merger[R results.Row] struct {
	lanes []*lane[R]
	open  func(string) (Source, error)
	out   []R // gathered for the sink
}

func (m *merger[R]) Len() int { return len(m.lanes) }
func (m *merger[R]) Less(i, j int) bool {
	a, b := m.lanes[i], m.lanes[j]
	if c := a.key.Compare(b.key); c != 0 {
		return c < 0
	}
	return a.order < b.order
}
func (m *merger[R]) Swap(i, j int) { m.lanes[i], m.lanes[j] = m.lanes[j], m.lanes[i] }
func (m *merger[R]) Push(x any)    { m.lanes = append(m.lanes, x.(*lane[R])) }
func (m *merger[R]) Pop() any {
	last := m.lanes[len(m.lanes)-1]
	m.lanes = m.lanes[:len(m.lanes)-1]
	return last
}

// add puts a lane with at least one row on the heap, parked: its first key known, its file closed again.
func (m *merger[R]) add(order int, files []string) error {
	l := &lane[R]{order: order, files: files}
	more, err := l.next(m.open)
	if err != nil || !more {
		return errors.Join(err, l.close())
	}
	heap.Push(m, l)
	return l.park()
}

func (m *merger[R]) close() error {
	var errs []error
	for _, l := range m.lanes {
		errs = append(errs, l.close())
	}
	return errors.Join(errs...)
}

// lane is a position in one list of files.
type lane[R results.Row] struct {
	order  int
	files  []string // those after the open one
	name   string   // of the open file
	source Source
	rows   *Reader[R]
	batch  []R
	at     int
	read   int         // rows of the open file, those of batch included
	passed int         // rows handed on
	key    results.Key // of batch[at]
	last   results.Key // of the open file, once whole has found it so
	begun  bool
	parked bool
}

// next moves to the following row and says whether there is one.
func (l *lane[R]) next(open func(string) (Source, error)) (bool, error) {
	l.at++
	for l.at >= len(l.batch) {
		if l.rows == nil {
			if len(l.files) == 0 {
				return false, nil
			}
			if err := l.openNext(open); err != nil {
				return false, err
			}
		}
		if err := l.fill(); err != nil {
			return false, err
		}
	}
	key := l.batch[l.at].Position()
	if l.begun && key.Compare(l.key) < 0 {
		return false, &field.Error{File: l.name, Found: fmt.Sprintf("%+v after %+v", key, l.key), Expected: "rows in order"}
	}
	l.key, l.begun = key, true
	return true, nil
}

func (l *lane[R]) openNext(open func(string) (Source, error)) (err error) {
	l.name, l.files = l.files[0], l.files[1:]
	if l.source, err = open(l.name); err != nil {
		return err
	}
	l.rows, err = NewReader[R](l.source, l.source.Size())
	l.read = 0
	return l.named(err)
}

// fill reads the next batch of the open file; at the file's end it closes it.
func (l *lane[R]) fill() error {
	l.batch, l.at = slices.Grow(l.batch[:0], batchRows)[:batchRows], 0
	n, err := l.rows.Read(l.batch)
	l.batch = l.batch[:n]
	l.read += n
	if errors.Is(err, io.EOF) {
		return l.close()
	}
	return l.named(err)
}

func (l *lane[R]) named(err error) error {
	if bad := (*field.Error)(nil); errors.As(err, &bad) {
		bad.File = l.name
	}
	return err
}

// park closes the file and frees the rows; load takes them up again.
func (l *lane[R]) park() error {
	l.files, l.batch, l.parked = slices.Insert(slices.Clone(l.files), 0, l.name), nil, true
	return l.close()
}

func (l *lane[R]) load(open func(string) (Source, error)) error {
	if !l.parked {
		return nil
	}
	l.parked, l.at = false, -1
	_, err := l.next(open)
	return err
}

func (l *lane[R]) close() error {
	var errs []error
	if l.rows != nil {
		errs = append(errs, l.rows.Close())
	}
	if l.source != nil {
		errs = append(errs, l.source.Close())
	}
	l.rows, l.source = nil, nil
	return errors.Join(errs...)
}
