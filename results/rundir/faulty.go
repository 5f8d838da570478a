package rundir

import (
	"errors"
	"io"
	"io/fs"
	"strings"
	"sync"
	"syscall"

	"github.com/souk-sim/souk/results/parquet"
)

// ErrCrashed is what every operation of a Faulty gives from its crash on.
var ErrCrashed = errors.New("crashed")

// Faulty is a file layer for tests: it hands everything on to FS until something goes wrong. Operations are counted
// in FS's methods and the Write and Sync of files; reads of an open file and Close are none.
type Faulty struct {
	FS
	Space   int64  // bytes that may be written before the disk is full; 0 for no limit
	Denied  string // changes to paths that contain this are denied; "" for none
	CrashAt int    // the operation (from 1) at which the process dies: it and all later ones fail; 0 for never

	mu      sync.Mutex
	count   int
	written int64
}

// Operations is how many operations there have been.
func (f *Faulty) Operations() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count
}

func (f *Faulty) step(op, name string, changes bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count++
	if f.CrashAt > 0 && f.count >= f.CrashAt {
		return ErrCrashed
	}
	if changes && f.Denied != "" && strings.Contains(name, f.Denied) {
		return &fs.PathError{Op: op, Path: name, Err: syscall.EACCES}
	}
	return nil
}

// MkdirAll implements FS.
func (f *Faulty) MkdirAll(dir string) error {
	if err := f.step("mkdir", dir, true); err != nil {
		return err
	}
	return f.FS.MkdirAll(dir)
}

// Create implements FS.
func (f *Faulty) Create(name string) (WriteFile, error) {
	if err := f.step("create", name, true); err != nil {
		return nil, err
	}
	file, err := f.FS.Create(name)
	return &faultyFile{WriteFile: file, name: name, faulty: f}, err
}

// Open implements FS.
func (f *Faulty) Open(name string) (parquet.Source, error) {
	if err := f.step("open", name, false); err != nil {
		return nil, err
	}
	return f.FS.Open(name)
}

// Rename implements FS.
func (f *Faulty) Rename(from, to string) error {
	if err := f.step("rename", to, true); err != nil {
		return err
	}
	return f.FS.Rename(from, to)
}

// RemoveAll implements FS.
func (f *Faulty) RemoveAll(name string) error {
	if err := f.step("remove", name, true); err != nil {
		return err
	}
	return f.FS.RemoveAll(name)
}

// ReadDir implements FS.
func (f *Faulty) ReadDir(dir string) ([]fs.DirEntry, error) {
	if err := f.step("readdir", dir, false); err != nil {
		return nil, err
	}
	return f.FS.ReadDir(dir)
}

// SyncDir implements FS.
func (f *Faulty) SyncDir(dir string) error {
	if err := f.step("sync", dir, false); err != nil {
		return err
	}
	return f.FS.SyncDir(dir)
}

// Lock implements FS.
func (f *Faulty) Lock(name, holder string) (io.Closer, error) {
	if err := f.step("lock", name, true); err != nil {
		return nil, err
	}
	return f.FS.Lock(name, holder)
}

type faultyFile struct {
	WriteFile
	name   string
	faulty *Faulty
}

// Write writes the first half when the process dies at it, and what fits when the disk fills up.
func (w *faultyFile) Write(b []byte) (int, error) {
	fit, fault := len(b), w.faulty.step("write", w.name, false)
	if fault != nil {
		if w.faulty.Operations() > w.faulty.CrashAt {
			return 0, fault
		}
		fit /= 2
	} else if space := w.faulty.reserve(len(b)); space < fit {
		fit, fault = space, &fs.PathError{Op: "write", Path: w.name, Err: syscall.ENOSPC}
	}
	n, err := w.WriteFile.Write(b[:fit])
	if err != nil {
		return n, err
	}
	return n, fault
}

// reserve says how many of n bytes still fit.
func (f *Faulty) reserve(n int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.Space > 0 {
		n = int(max(0, min(int64(n), f.Space-f.written)))
	}
	f.written += int64(n)
	return n
}

// Sync implements WriteFile.
func (w *faultyFile) Sync() error {
	if err := w.faulty.step("sync", w.name, false); err != nil {
		return err
	}
	return w.WriteFile.Sync()
}
