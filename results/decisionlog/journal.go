package decisionlog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/souk-sim/souk/scenarios/field"
)

// Sync says when a journal's lines are on the disk. In any case a line has been handed to the operating system when Append returns, so that
// the end of the process, however sudden, loses none; what the end of the machine may lose is said here.
type Sync string

// The policies.
const (
	SyncAlways   Sync = "always"   // nothing: Append returns when the disk has it
	SyncInterval Sync = "interval" // what was appended since the last interval's end
	SyncNever    Sync = "never"    // what the operating system had not written by itself
)

// ErrDoubt is about lines of which it is not known whether the disk has them, or will have: it failed to sync them, or did not answer in time. Readers take
// those that are there.
var ErrDoubt = errors.New("lines may not be on the disk")

// ErrClosed is what Append says after Close.
var ErrClosed = errors.New("the journal is closed")

// Journal appends lines to segments in a folder, decisions-000001.jsonl and so on. It never changes what it wrote: a line that could
// be written only in part is cut off again, and each opening begins a segment of its own, so that one torn by a crash stays as it is. It is safe for
// concurrent use; lines that come at one time are written, and synced, at one go.
//
// A segment that could not be synced is given up, and another begun. Linux takes pages that it failed to write for clean, so that a second
// attempt on the file would succeed and say nothing (Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020).
type Journal struct {
	folder   string
	create   func(name string) (file, error)
	sync     Sync
	interval time.Duration
	segment  int64         // most bytes of one
	limit    time.Duration // of Append, Rotate and Close
	packing  chan string   // finished segments that are to become tables; nil: they stay
	failed   func(error)
	packed   chan struct{} // closed when no more tables come
	requests chan *request
	spare    sync.Pool // of requests that were answered
	done     chan struct{}
	closing  sync.Once
	closed   chan struct{}
}

// JournalOptions are how a journal keeps its lines.
type JournalOptions struct {
	Sync     Sync
	Interval time.Duration // of SyncInterval, and after which a disk that failed SyncAlways is tried again; 0: a second
	Segment  int64         // bytes after which a segment is finished; 0: 64 MiB
	Limit    time.Duration // for which Append, Rotate and Close each wait for the disk; 0: for as long as it takes
	Pack     bool          // full segments become tables (Pack), beside the writing, and at first those that earlier openings left; that which Close ends is left to the next
	Failed   func(error)   // is told why a segment stays as it is and, as ErrDoubt, which could not be synced, by any goroutine; nil: nobody is
}

// file is what a journal does with that of a segment.
type file interface {
	Write([]byte) (int, error)
	Truncate(size int64) error
	Sync() error
	Close() error
	Name() string
}

// create creates a segment's file and holds it, so that whoever else opens the folder leaves it alone.
func create(name string) (file, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	hold(f)
	return f, nil
}

// OpenJournal opens a journal in a folder that exists and begins a segment.
func OpenJournal(folder string, o JournalOptions) (*Journal, error) {
	return openJournal(folder, o, create)
}

func openJournal(folder string, o JournalOptions, create func(name string) (file, error)) (*Journal, error) {
	if o.Sync != SyncAlways && o.Sync != SyncInterval && o.Sync != SyncNever {
		return nil, field.New("sync", string(o.Sync), "always, interval or never")
	}
	if o.Interval <= 0 {
		o.Interval = time.Second
	}
	if o.Segment <= 0 {
		o.Segment = 64 << 20
	}
	if o.Failed == nil {
		o.Failed = func(error) {}
	}
	j := &Journal{folder: folder, create: create, sync: o.Sync, interval: o.Interval, segment: o.Segment, limit: o.Limit, failed: o.Failed,
		requests: make(chan *request, 1024), done: make(chan struct{}), closed: make(chan struct{}), packed: make(chan struct{})}
	files, err := os.ReadDir(folder) // no pattern: the folder's own name may look like one
	if err != nil {
		return nil, err
	}
	var left []string // by an earlier opening, or a crash
	for _, file := range files {
		switch name := file.Name(); {
		case strings.HasPrefix(name, "decisions-") && strings.HasSuffix(name, ofLines):
			left = append(left, filepath.Join(folder, name))
		case strings.HasPrefix(name, unfinished):
			sweep(filepath.Join(folder, name))
		}
	}
	w := &writer{Journal: j}
	if w.at, err = j.begin(); err != nil {
		return nil, err
	}
	if o.Pack {
		j.packing = make(chan string, 1024)
		go j.pack(left)
	} else {
		close(j.packed)
	}
	go w.run()
	return j, nil
}

// request asks for lines to be written, or for the segment to be finished.
type request struct {
	lines  []byte
	rotate bool
	answer chan error
	stage  atomic.Int32
	timer  *time.Timer
}

// within sets the request's timer; for no limit there is none.
func (r *request) within(limit time.Duration) <-chan time.Time {
	switch {
	case limit <= 0:
		return nil
	case r.timer == nil:
		r.timer = time.NewTimer(limit)
	default:
		r.timer.Reset(limit)
	}
	return r.timer.C
}

// The stages of a request: it waits until either the writer takes it or whoever asked gives up.
const (
	waits = iota
	taken
	withdrawn
)

// Append writes whole lines, each with its end, and returns when they are as safe as Sync says. After an error none of them is in the
// journal, but for ErrDoubt; a later Append may succeed. Lines may not be changed after ErrDoubt.
func (j *Journal) Append(lines []byte) error {
	return j.ask(lines, false)
}

// Rotate finishes the segment, if there is a line in it, and begins another.
func (j *Journal) Rotate() error { return j.ask(nil, true) }

func (j *Journal) ask(lines []byte, rotate bool) error {
	r, _ := j.spare.Get().(*request)
	if r == nil {
		r = &request{answer: make(chan error, 1)}
	}
	r.lines, r.rotate = lines, rotate
	r.stage.Store(waits)
	late := r.within(j.limit)
	select {
	case <-j.done:
		return ErrClosed
	case <-late:
		return fmt.Errorf("the disk has not answered for %v", j.limit)
	case j.requests <- r:
	}
	select {
	case err := <-r.answer:
		if r.lines = nil; r.timer != nil {
			r.timer.Stop()
		}
		j.spare.Put(r) // nobody else knows of it any more
		return err
	case <-late:
		if r.stage.CompareAndSwap(waits, withdrawn) {
			r.lines = nil // the request stays in the queue until the disk answers, which may be never, and the writer does not look into it
			return fmt.Errorf("the disk has not answered for %v", j.limit)
		}
		select { // it may have been answered at the last moment
		case err := <-r.answer:
			return err
		default:
			return fmt.Errorf("%w: it has not answered for %v", ErrDoubt, j.limit)
		}
	case <-j.closed:
		select {
		case err := <-r.answer:
			return err
		default:
			return ErrClosed
		}
	}
}

// Close syncs and closes the segment, and waits until what was to become a table has. Append fails from then on. After Limit it waits no longer: with ErrDoubt
// where the segment has not been closed; tables that are not made by then are left to the next opening.
func (j *Journal) Close() error {
	j.closing.Do(func() { close(j.done) })
	var late <-chan time.Time
	if j.limit > 0 {
		late = time.After(j.limit)
	}
	select {
	case <-j.closed:
	case <-late:
		return fmt.Errorf("%w: it has not answered for %v, and the log was not closed", ErrDoubt, j.limit)
	}
	select {
	case <-j.packed:
	case <-late:
	}
	return nil
}

// pack makes tables of the segments that were left, and then of those that are finished until there are no more. It rests between slices, so that requests that came meanwhile need not
// wait until a processor that it keeps is taken from it; none come once the journal is being closed.
func (j *Journal) pack(left []string) {
	defer close(j.packed)
	rest := func() {
		if !j.ends() {
			time.Sleep(time.Millisecond)
		}
	}
	pack := func(segment string) {
		if _, err := pack(segment, rest); err != nil {
			j.failed(err)
		}
	}
	for _, segment := range left {
		if j.ends() {
			break // the next start is as good
		}
		if f, mine := abandoned(segment); mine {
			pack(segment)
			_ = f.Close()
		}
	}
	for segment := range j.packing {
		pack(segment)
	}
}

// ends says whether the journal is being closed.
func (j *Journal) ends() bool {
	select {
	case <-j.done:
		return true
	default:
		return false
	}
}

// sweep removes a table that somebody left unfinished, unless he is still at work.
func sweep(name string) {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return
	}
	if hold(f) {
		_ = os.Remove(name)
	}
	_ = f.Close()
}

// abandoned says whether nobody writes to a segment that has lines, and holds it until the file is closed.
func abandoned(segment string) (f *os.File, mine bool) {
	f, err := os.OpenFile(segment, os.O_RDWR, 0)
	if err != nil {
		return nil, false // it has become a table, or is not ours
	}
	if info, err := f.Stat(); err != nil || info.Size() == 0 || !hold(f) {
		_ = f.Close()
		return nil, false
	}
	return f, true
}

// rotated hands on a finished segment, if its turn can wait: nobody waits for it, and one that is left is as good.
func (j *Journal) rotated(segment string) {
	select {
	case j.packing <- segment: // never to nil
	default:
	}
}
