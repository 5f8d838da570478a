package decisionlog

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
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

// Journal appends lines to segments in a folder, decisions-000001.jsonl and so on. It never changes what it wrote: a line that could
// be written only in part is cut off again, and each opening begins a segment of its own, so that one torn by a crash stays as it is. It is safe for
// concurrent use; lines that come at one time are written, and synced, at one go.
type Journal struct {
	folder   string
	sync     Sync
	segment  int64       // most bytes of one
	packing  chan string // finished segments that are to become tables; nil: they stay
	failed   func(error)
	packed   sync.WaitGroup
	requests chan *request
	done     chan struct{}
	closing  sync.Once
	closed   chan struct{}
}

// JournalOptions are how a journal keeps its lines.
type JournalOptions struct {
	Sync     Sync
	Interval time.Duration // of SyncInterval; 0: a second
	Segment  int64         // bytes after which a segment is finished; 0: 64 MiB
	Pack     bool          // full segments become tables (Pack), beside the writing, and at first those that earlier openings left; that which Close ends is left to the next
	Failed   func(error)   // is told why a segment stays as it is; nil: nobody is
}

// request asks for lines to be written, or for the segment to be finished.
type request struct {
	lines  []byte
	rotate bool
	answer chan error
}

// OpenJournal opens a journal in a folder that exists and begins a segment.
func OpenJournal(folder string, o JournalOptions) (*Journal, error) {
	if o.Sync != SyncAlways && o.Sync != SyncInterval && o.Sync != SyncNever {
		return nil, field.New("sync", string(o.Sync), "always, interval or never")
	}
	if o.Interval <= 0 {
		o.Interval = time.Second
	}
	if o.Segment <= 0 {
		o.Segment = 64 << 20
	}
	j := &Journal{folder: folder, sync: o.Sync, segment: o.Segment, failed: o.Failed, requests: make(chan *request, 1024), done: make(chan struct{}), closed: make(chan struct{})}
	files, err := os.ReadDir(folder) // no pattern: the folder's own name may look like one
	if err != nil {
		return nil, err
	}
	var left []string // by an earlier opening, or a crash
	for _, file := range files {
		if name := file.Name(); strings.HasPrefix(name, "decisions-") && strings.HasSuffix(name, ofLines) {
			left = append(left, filepath.Join(folder, name))
		}
	}
	s, err := j.begin()
	if err != nil {
		return nil, err
	}
	if o.Pack {
		j.packing = make(chan string, 1024)
		j.packed.Go(func() { j.pack(left) })
	}
	go j.write(s, o.Interval)
	return j, nil
}

// ErrClosed is what Append says after Close.
var ErrClosed = errors.New("the journal is closed")

// Append writes whole lines, each with its end, and returns when they are as safe as Sync says. After an error none of them is in the
// journal; a later Append may succeed.
func (j *Journal) Append(lines []byte) error {
	return j.ask(&request{lines: lines, answer: make(chan error, 1)})
}

// Rotate finishes the segment, if there is a line in it, and begins another.
func (j *Journal) Rotate() error { return j.ask(&request{rotate: true, answer: make(chan error, 1)}) }

func (j *Journal) ask(r *request) error {
	select {
	case <-j.done:
		return ErrClosed
	case j.requests <- r:
	}
	select {
	case err := <-r.answer:
		return err
	case <-j.closed:
		select { // it may have been answered at the last moment
		case err := <-r.answer:
			return err
		default:
			return ErrClosed
		}
	}
}

// Close syncs and closes the segment, and waits until what was to become a table has. Append fails from then on.
func (j *Journal) Close() error {
	j.closing.Do(func() { close(j.done) })
	<-j.closed
	j.packed.Wait()
	return nil
}

// pack makes tables of the segments that were left, and then of those that are finished until there are no more. It rests between slices, so that requests that came meanwhile need not
// wait until a processor that it keeps is taken from it.
func (j *Journal) pack(left []string) {
	pack := func(segment string) {
		if _, err := pack(segment, func() { time.Sleep(time.Millisecond) }); err != nil && j.failed != nil {
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

// segment is the file that is written.
type segment struct {
	file   *os.File
	number int
	size   int64 // of whole lines
	dirty  bool  // written and not synced
}

// begin makes the next segment. Numbers rise whatever was deleted meanwhile.
func (j *Journal) begin() (*segment, error) {
	files, err := os.ReadDir(j.folder)
	if err != nil {
		return nil, err
	}
	number := 0
	for _, file := range files {
		n := 0
		if _, err := fmt.Sscanf(file.Name(), "decisions-%d.", &n); err == nil {
			number = max(number, n)
		}
	}
	for {
		number++
		f, err := os.OpenFile(filepath.Join(j.folder, fmt.Sprintf("decisions-%06d.jsonl", number)), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue // another service's
		} else if err != nil {
			return nil, err
		}
		hold(f)                                                              // so that whoever else opens the folder leaves it alone
		if err := syncFolder(j.folder); err != nil && j.sync == SyncAlways { // without its name the file is lost with the machine, whatever is synced in it
			return nil, errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
		return &segment{file: f, number: number}, nil
	}
}

// write serves requests until the journal is closed. s is nil while there is no segment that could be written to.
func (j *Journal) write(s *segment, interval time.Duration) {
	defer close(j.closed)
	if j.packing != nil {
		defer close(j.packing)
	}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	synced, syncing := make(chan error, 1), false // beside the writing: nobody who asks for a price waits for the disk
	var batch []*request
	var lines []byte
	for {
		batch, lines = batch[:0], lines[:0]
		select {
		case r := <-j.requests:
			batch = append(batch, r)
		case <-tick.C:
			if s != nil && s.dirty && j.sync == SyncInterval && !syncing {
				s.dirty, syncing = false, true
				go func(f *os.File) { synced <- f.Sync() }(s.file)
			}
			continue
		case err := <-synced:
			if syncing = false; s != nil {
				s.dirty = s.dirty || err != nil // tried again at the next tick
			}
			continue
		case <-j.done:
			j.drain(s)
			return
		}
		for more := true; more && len(batch) < cap(j.requests) && !batch[len(batch)-1].rotate; {
			select {
			case r := <-j.requests:
				batch = append(batch, r)
			default:
				more = false
			}
		}
		rotate := false
		for _, r := range batch {
			lines, rotate = append(lines, r.lines...), rotate || r.rotate
		}
		var err error
		s, err = j.put(s, lines)
		if err == nil && (rotate && s.size > 0 || s.size >= j.segment) {
			s, err = j.finish(s)
		}
		for _, r := range batch {
			r.answer <- err
		}
	}
}

// put writes lines to the segment, or to a new one where there is none. What was written in part is taken back.
func (j *Journal) put(s *segment, lines []byte) (*segment, error) {
	if s == nil {
		var err error
		if s, err = j.begin(); err != nil {
			return nil, err
		}
	}
	if len(lines) == 0 {
		return s, nil
	}
	_, err := s.file.Write(lines)
	if err == nil && j.sync == SyncAlways {
		err = s.file.Sync()
	}
	if err == nil {
		s.size, s.dirty = s.size+int64(len(lines)), true
		return s, nil
	}
	if s.file.Truncate(s.size) != nil {
		_ = s.file.Close() // its last line may be torn, which readers tell; the next lines go elsewhere
		return nil, err
	}
	return s, err
}

// finish closes a segment and begins the next.
func (j *Journal) finish(s *segment) (*segment, error) {
	err := errors.Join(s.file.Sync(), s.file.Close())
	if err == nil {
		j.rotated(s.file.Name())
	}
	next, begun := j.begin()
	if begun != nil {
		return nil, nil // the lines are safe; whoever comes next is told
	}
	return next, err
}

// drain answers who came before the end, and closes.
func (j *Journal) drain(s *segment) {
	for {
		select {
		case r := <-j.requests:
			var err error
			s, err = j.put(s, r.lines)
			r.answer <- err
			continue
		default:
		}
		break
	}
	if s == nil {
		return
	}
	_ = errors.Join(s.file.Sync(), s.file.Close())
	if s.size == 0 {
		_ = os.Remove(s.file.Name()) // an empty segment tells nothing
	}
}
