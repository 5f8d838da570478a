package decisionlog

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// faults lie between a journal and its files. After a sync that failed a file counts as synced, as on Linux: one more attempt is a fault of the journal's.
type faults struct {
	lock   sync.Mutex
	sync   int           // syncs from now on that fail
	writes chan struct{} // each write waits for one; nil: it does not
	torn   bool          // the next write is done in part and cannot be taken back
	synced []string      // names of what was synced
}

func (f *faults) create(t *testing.T) func(string) (file, error) {
	return func(name string) (file, error) {
		under, err := create(name)
		return &faulty{file: under, faults: f, t: t}, err
	}
}

type faulty struct {
	file
	*faults
	t      *testing.T
	failed bool
}

func (f *faulty) Write(b []byte) (int, error) {
	if f.writes != nil {
		<-f.writes
	}
	if f.torn {
		n, _ := f.file.Write(b[:len(b)/2])
		return n, errors.New("no space left on device")
	}
	return f.file.Write(b)
}

func (f *faulty) Truncate(size int64) error {
	if f.torn {
		f.torn = false
		return errors.New("input/output error")
	}
	return f.file.Truncate(size)
}

func (f *faulty) Sync() error {
	f.lock.Lock()
	defer f.lock.Unlock()
	if f.failed {
		f.t.Errorf("%s is synced again, which would say that all is well", f.Name())
	}
	f.synced = append(f.synced, filepath.Base(f.Name()))
	if f.sync > 0 {
		f.sync--
		f.failed = true
		return errors.New("input/output error")
	}
	return f.file.Sync()
}

// complaints are what Failed is told.
type complaints struct {
	lock sync.Mutex
	all  []error
}

func (c *complaints) add(err error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.all = append(c.all, err)
}

func (c *complaints) told() []error {
	c.lock.Lock()
	defer c.lock.Unlock()
	return slices.Clone(c.all)
}

// until waits for what another goroutine does.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain for ", what)
		}
	}
}

// A failed sync, whoever asked for it, is told once; the segment is never synced again, its lines stay for readers, and the next go elsewhere.
func TestASegmentThatCannotBeSyncedIsGivenUpAndTold(t *testing.T) {
	for name, o := range map[string]JournalOptions{
		"always":              {Sync: SyncAlways, Interval: time.Millisecond},
		"interval":            {Sync: SyncInterval, Interval: time.Millisecond},
		"interval, when full": {Sync: SyncInterval, Interval: time.Hour, Segment: 1},
		"never, when full":    {Sync: SyncNever, Segment: 1},
	} {
		t.Run(name, func(t *testing.T) {
			folder, disk, c := t.TempDir(), &faults{sync: 1}, &complaints{}
			o.Failed = c.add
			j, err := openJournal(folder, o, disk.create(t))
			if err != nil {
				t.Fatal(err)
			}
			if err := j.Append([]byte("first\n")); errors.Is(err, ErrDoubt) != (o.Sync == SyncAlways) || err != nil && o.Sync != SyncAlways {
				t.Errorf("the first: %v", err)
			}
			until(t, "Failed", func() bool { return len(c.told()) > 0 })
			until(t, "the next segment", func() bool {
				err := j.Append([]byte("next\n"))
				if errors.Is(err, ErrDoubt) {
					t.Fatal(err)
				}
				return err == nil
			})
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			first, _ := os.ReadFile(filepath.Join(folder, "decisions-000001.jsonl"))
			second, _ := os.ReadFile(filepath.Join(folder, "decisions-000002.jsonl"))
			if string(first) != "first\n" || string(second) != "next\n" {
				t.Errorf("%q and %q", first, second)
			}
			if told := c.told(); len(told) != 1 || !errors.Is(told[0], ErrDoubt) || !strings.Contains(told[0].Error(), "decisions-000001.jsonl: input/output error") {
				t.Errorf("told %v", told)
			}
		})
	}
}

// A disk that fails whenever it is asked to sync leaves some segments a second, not one for every request.
func TestADiskThatAlwaysFailsIsLeftInPeaceForAWhile(t *testing.T) {
	folder := t.TempDir()
	j, err := openJournal(folder, JournalOptions{Sync: SyncAlways, Interval: time.Hour}, (&faults{sync: 1e6}).create(t))
	if err != nil {
		t.Fatal(err)
	}
	for k := range 100 {
		if err := j.Append([]byte("x\n")); err == nil || errors.Is(err, ErrDoubt) != (k == 0) {
			t.Fatalf("%d: %v", k, err)
		}
	}
	j.Close()
	if all := lines(t, folder); len(all) != 1 {
		t.Errorf("%d lines", len(all))
	}
}

// What the end of the journal could not sync is told.
func TestAFailureToSyncAtTheEndIsTold(t *testing.T) {
	c := &complaints{}
	j, err := openJournal(t.TempDir(), JournalOptions{Sync: SyncInterval, Interval: time.Hour, Failed: c.add}, (&faults{sync: 1}).create(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(j.Append([]byte("x\n")), j.Close()); err != nil || len(c.told()) != 1 {
		t.Errorf("%v, told %v", err, c.told())
	}
}

// Nobody waits for a disk that hangs for longer than he may; what was not handed to it by then never is.
func TestADiskThatHangsIsWaitedForNoLongerThanAllowed(t *testing.T) {
	folder, disk := t.TempDir(), &faults{writes: make(chan struct{})}
	j, err := openJournal(folder, JournalOptions{Sync: SyncNever, Limit: 250 * time.Millisecond}, disk.create(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Append([]byte("hangs\n")); !errors.Is(err, ErrDoubt) {
		t.Errorf("on its way to the disk: %v", err)
	}
	if err := j.Append([]byte("waits\n")); err == nil || errors.Is(err, ErrDoubt) {
		t.Errorf("behind it: %v", err)
	}
	close(disk.writes)
	until(t, "the disk", func() bool { return j.Append([]byte("goes on\n")) == nil })
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	all := lines(t, folder)
	if all[0] != "hangs\n" || slices.Contains(all, "waits\n") || all[len(all)-1] != "goes on\n" {
		t.Errorf("%q", all)
	}
}

// What was answered before a write that failed and could not be taken back is synced as its segment is left, or told.
func TestATornSegmentIsSyncedAsItIsLeft(t *testing.T) {
	for _, fails := range []int{0, 1} {
		folder, disk, c := t.TempDir(), &faults{sync: fails}, &complaints{}
		j, err := openJournal(folder, JournalOptions{Sync: SyncInterval, Interval: time.Hour, Failed: c.add}, disk.create(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := j.Append([]byte("answered\n")); err != nil {
			t.Fatal(err)
		}
		disk.torn = true // the writer waits for the next request
		if err := j.Append([]byte("torn\n")); err == nil || errors.Is(err, ErrDoubt) {
			t.Errorf("in part: %v", err)
		}
		if err := errors.Join(j.Append([]byte("next\n")), j.Close()); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(disk.synced, []string{"decisions-000001.jsonl", "decisions-000002.jsonl"}) {
			t.Errorf("synced %v", disk.synced)
		}
		if told := c.told(); len(told) != fails || fails > 0 && !errors.Is(told[0], ErrDoubt) {
			t.Errorf("told %v", told)
		}
	}
}

// What was withdrawn is not in memory for as long as the disk hangs, nor is a segment finished for whom it was said that it is not.
func TestOfAWithdrawnRequestNothingStays(t *testing.T) {
	disk := &faults{writes: make(chan struct{})}
	folder := t.TempDir()
	j, err := openJournal(folder, JournalOptions{Sync: SyncNever, Limit: 50 * time.Millisecond}, disk.create(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Append([]byte("hangs\n")); !errors.Is(err, ErrDoubt) {
		t.Errorf("on its way to the disk: %v", err)
	}
	if err := j.Rotate(); err == nil || errors.Is(err, ErrDoubt) {
		t.Errorf("behind it: %v", err)
	}
	let := make(chan struct{})
	func() {
		giant := append(make([]byte, 1<<20), '\n')
		runtime.AddCleanup(&giant[0], func(struct{}) { close(let) }, struct{}{})
		if err := j.Append(giant); err == nil || errors.Is(err, ErrDoubt) {
			t.Errorf("behind it: %v", err)
		}
	}()
	until(t, "the lines to be let go", func() bool {
		runtime.GC()
		select {
		case <-let:
			return true
		default:
			return false
		}
	})
	close(disk.writes)
	until(t, "the disk", func() bool { return j.Append([]byte("goes on\n")) == nil })
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if names, err := segments(folder); err != nil || len(names) != 1 {
		t.Errorf("%v, %v", names, err)
	}
}

// Nor does the end of the journal wait for longer; what it does not know is told.
func TestADiskThatHangsDoesNotHoldTheEnd(t *testing.T) {
	for _, pack := range []bool{false, true} {
		folder, disk := t.TempDir(), &faults{writes: make(chan struct{})}
		j, err := openJournal(folder, JournalOptions{Sync: SyncInterval, Limit: 50 * time.Millisecond, Pack: pack}, disk.create(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := j.Append([]byte("hangs\n")); !errors.Is(err, ErrDoubt) {
			t.Errorf("on its way to the disk: %v", err)
		}
		if err := j.Close(); !errors.Is(err, ErrDoubt) {
			t.Errorf("the end: %v", err)
		}
		close(disk.writes)
		<-j.closed
		<-j.packed
		if err := j.Close(); err != nil {
			t.Errorf("once the disk has answered: %v", err)
		}
		if all := lines(t, folder); !slices.Equal(all, []string{"hangs\n"}) {
			t.Errorf("%q", all)
		}
	}
}

// nowhere is a file that takes all.
type nowhere struct{}

func (nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (nowhere) Truncate(int64) error        { return nil }
func (nowhere) Sync() error                 { return nil }
func (nowhere) Close() error                { return nil }
func (nowhere) Name() string                { return "nowhere" }

// A batch of giants is kept in memory no longer than it takes.
func TestOfAGiantBatchNothingStays(t *testing.T) {
	w := &writer{Journal: &Journal{sync: SyncNever, segment: 1 << 40, requests: make(chan *request, 16)}, at: &segment{file: nowhere{}}}
	for range 8 {
		w.requests <- &request{lines: make([]byte, 700<<10), answer: make(chan error, 1)}
	}
	for batches := 0; len(w.requests) > 0; batches++ {
		if w.serve(<-w.requests); cap(w.lines) > mostKept || batches > 4 {
			t.Fatalf("%d bytes are kept after %d batches", cap(w.lines), batches+1)
		}
		for _, r := range w.batch[:cap(w.batch)] {
			if r != nil {
				t.Fatal("a request is kept")
			}
		}
	}
	if w.at.size != 8*700<<10 {
		t.Errorf("%d bytes were written", w.at.size)
	}
}

// What a crash left of a table goes at the next start; what another service is writing stays.
func TestUnfinishedTablesGoAtTheNextStart(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{".packing-1", ".packing-2", ".unpacked", "packing-3"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("PAR1"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	theirs, err := os.Open(filepath.Join(folder, ".packing-2"))
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	if !hold(theirs) {
		t.Skip("without flock nobody can tell whose they are, and they stay")
	}
	j, err := OpenJournal(folder, JournalOptions{Sync: SyncNever})
	if err != nil {
		t.Fatal(err)
	}
	j.Close()
	var names []string
	entries, err := os.ReadDir(folder)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if err != nil || !slices.Equal(names, []string{".packing-2", ".unpacked", "packing-3"}) {
		t.Errorf("%v, %v", names, err)
	}
}

// A segment takes no number of which there is a table, not even one that another service made a moment ago: readers would pass over its lines.
func TestASegmentTakesNoNumberOfATable(t *testing.T) {
	folder := t.TempDir()
	made := false
	j, err := openJournal(folder, JournalOptions{Sync: SyncNever}, func(name string) (file, error) {
		if !made {
			made = true
			if err := os.WriteFile(strings.TrimSuffix(name, ofLines)+ofTable, []byte("PAR1"), 0o600); err != nil {
				t.Error(err)
			}
		}
		return create(name)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if err := j.Append([]byte("x\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(folder, "decisions-000001.jsonl")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("beside the table: %v", err)
	}
	if text, err := os.ReadFile(filepath.Join(folder, "decisions-000002.jsonl")); string(text) != "x\n" {
		t.Errorf("%q, %v", text, err)
	}
}
