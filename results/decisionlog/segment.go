package decisionlog

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// segment is the file that is written.
type segment struct {
	file
	size  int64 // of whole lines
	dirty bool  // written and not synced
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
		name := filepath.Join(j.folder, fmt.Sprintf("decisions-%06d", number))
		f, err := j.create(name + ofLines)
		if errors.Is(err, fs.ErrExist) {
			continue // another service's
		} else if err != nil {
			return nil, err
		}
		if _, err := os.Lstat(name + ofTable); err == nil { // another service's, made since the folder was looked at: readers would pass over the lines
			_ = errors.Join(f.Close(), os.Remove(f.Name()))
			continue
		}
		if err := syncFolder(j.folder); err != nil && j.sync == SyncAlways { // without its name the file is lost with the machine, whatever is synced in it
			return nil, errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
		return &segment{file: f}, nil
	}
}

// mostKept is how many bytes of lines a batch has, beside those of its last request, and how many are kept for the next.
const mostKept = 1 << 20

// writer is the goroutine of a journal that writes.
type writer struct {
	*Journal
	at      *segment   // nil while there is none that could be written to
	syncing chan error // of the sync under way beside the writing, so that nobody who asks for a price waits for the disk; nil: there is none
	resting bool       // the disk has just failed: with SyncAlways each attempt leaves a segment
	batch   []*request
	lines   []byte
}

// run serves requests until the journal is closed.
func (w *writer) run() {
	defer close(w.closed)
	if w.packing != nil {
		defer close(w.packing)
	}
	tick := time.NewTicker(w.interval)
	defer tick.Stop()
	for {
		select {
		case r := <-w.requests:
			w.serve(r)
		case <-tick.C:
			w.resting = false
			if s := w.at; s != nil && s.dirty && w.sync == SyncInterval && w.syncing == nil {
				synced := make(chan error, 1)
				s.dirty, w.syncing = false, synced
				go func() { synced <- s.Sync() }()
			}
		case err := <-w.syncing:
			if w.syncing = nil; err != nil {
				w.abandon(err)
			}
		case <-w.done:
			w.end()
			return
		}
	}
}

// serve writes the lines of a request and of those that wait behind it, and finishes the segment where it is time.
func (w *writer) serve(r *request) {
	w.batch, w.lines = w.batch[:0], w.lines[:0]
	rotate := false
	for r != nil {
		if r.stage.CompareAndSwap(waits, taken) {
			w.batch, w.lines, rotate = append(w.batch, r), append(w.lines, r.lines...), r.rotate
		}
		if rotate || len(w.batch) == cap(w.requests) || len(w.lines) >= mostKept {
			break
		}
		select {
		case r = <-w.requests:
		default:
			r = nil
		}
	}
	err := w.put()
	if s := w.at; err == nil && s != nil && s.size > 0 && (s.size >= w.segment || rotate) {
		w.finish()
	}
	for _, r := range w.batch {
		r.answer <- err
	}
	clear(w.batch) // of what they asked, and of a batch of giants nothing stays
	if cap(w.lines) > mostKept {
		w.lines = nil
	}
}

// put writes the batch's lines to the segment, or to a new one where there is none. What was written in part is taken back.
func (w *writer) put() (err error) {
	if len(w.batch) == 0 {
		return nil
	}
	if w.at == nil && w.resting {
		return errors.New("the disk has just failed")
	}
	if w.at == nil {
		if w.at, err = w.begin(); err != nil {
			return err
		}
	}
	s := w.at
	if len(w.lines) == 0 {
		return nil
	}
	if _, err := s.Write(w.lines); err != nil {
		if s.Truncate(s.size) != nil { // its last line may be torn, which readers tell; the next lines go elsewhere
			w.leave(w.last()) // the lines before were answered, and nobody syncs them later
		}
		return err
	}
	s.size, s.dirty = s.size+int64(len(w.lines)), true
	if w.sync != SyncAlways {
		return nil
	}
	if err := s.Sync(); err != nil {
		w.abandon(err)
		return fmt.Errorf("%w: %w", ErrDoubt, err)
	}
	s.dirty = false
	return nil
}

// synced waits for the sync that is under way. A file tells of a failure once.
func (w *writer) synced() (err error) {
	if w.syncing != nil {
		err, w.syncing = <-w.syncing, nil
	}
	return err
}

// leave closes the segment. A failure to sync it is told to Failed alone: with SyncAlways its lines were synced before or their askers are told, and without they
// are with the operating system, as whoever appended them knows.
func (w *writer) leave(err error) (name string) {
	s := w.at
	w.at, name = nil, s.Name()
	if err = errors.Join(err, s.Close()); err != nil {
		w.failed(fmt.Errorf("%w: %s: %w", ErrDoubt, name, err))
	}
	return name
}

// abandon gives up a segment that could not be synced. As a table, which is a file of its own and synced as such, its lines may be safe yet.
func (w *writer) abandon(err error) {
	w.resting = w.sync == SyncAlways
	w.rotated(w.leave(err))
}

// last syncs what was not, with the sync that is under way.
func (w *writer) last() error {
	if err := w.synced(); err != nil || !w.at.dirty {
		return err
	}
	return w.at.Sync()
}

// finish syncs and closes the segment and begins the next.
func (w *writer) finish() {
	w.rotated(w.leave(w.last()))
	w.at, _ = w.begin() // the lines are with the system; whoever comes next is told
}

// end answers who came before the end, and closes.
func (w *writer) end() {
	for {
		select {
		case r := <-w.requests:
			w.serve(r)
			continue
		default:
		}
		break
	}
	if s := w.at; s != nil {
		if name := w.leave(w.last()); s.size == 0 {
			_ = os.Remove(name) // an empty segment tells nothing
		}
	}
}
