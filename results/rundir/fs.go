package rundir

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"github.com/souk-sim/souk/results/parquet"
	"github.com/souk-sim/souk/scenarios/field"
)

// FS is the file layer under a Store: everything a run does to a disk goes through it, so that tests can let a disk
// fill up or a process die at any operation (Faulty). Errors wrap those of io/fs and syscall.
type FS interface {
	MkdirAll(dir string) error
	// Create makes or empties a file.
	Create(name string) (WriteFile, error)
	Open(name string) (parquet.Source, error)
	Rename(from, to string) error
	// RemoveAll removes a file, or a folder with all that is in it; what does not exist is no error.
	RemoveAll(name string) error
	// ReadDir lists a folder, sorted by name.
	ReadDir(dir string) ([]fs.DirEntry, error)
	// SyncDir makes the names in a folder durable.
	SyncDir(dir string) error
	// Lock takes a lock file and writes the holder into it; a lock that another process or Store holds is a
	// *LockedError. The lock ends with Close, or with the process however that ends; the file stays.
	Lock(name, holder string) (io.Closer, error)
}

// WriteFile is a file being written.
type WriteFile interface {
	io.WriteCloser
	Sync() error
}

// LockedError says who is writing the run that was to be written.
type LockedError struct {
	File   string
	Holder string // as the other writer described itself; may be empty
}

func (e *LockedError) Error() string {
	who := e.Holder
	if who == "" {
		who = "another process"
	}
	return e.File + ": " + who + " is writing this run; wait for it, or give another folder with --out"
}

// OS is the operating system's file layer.
type OS struct{}

// MkdirAll implements FS.
func (OS) MkdirAll(dir string) error { return os.MkdirAll(dir, 0o777) }

// Create implements FS.
func (OS) Create(name string) (WriteFile, error) { return os.Create(name) }

// Rename implements FS.
func (OS) Rename(from, to string) error { return os.Rename(from, to) }

// RemoveAll implements FS.
func (OS) RemoveAll(name string) error { return os.RemoveAll(name) }

// ReadDir implements FS.
func (OS) ReadDir(dir string) ([]fs.DirEntry, error) { return os.ReadDir(dir) }

// Open implements FS.
func (OS) Open(name string) (parquet.Source, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return sized{f, info.Size()}, nil
}

type sized struct {
	*os.File
	size int64
}

func (s sized) Size() int64 { return s.size }

// SyncDir implements FS. Some file systems cannot sync a folder; that they refuse is no failure.
func (OS) SyncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) {
		err = nil
	}
	return errors.Join(err, f.Close())
}

// explain puts the file errors that a user can do something about into the words of a field.Error. The cause stays
// within reach of errors.Is.
func explain(err error) error {
	if known := (*diskError)(nil); err == nil || errors.As(err, &known) {
		return err
	}
	const elsewhere = "give another with --out"
	e := diskError{cause: err}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		e.told.Found, e.told.Expected = "a full disk", "free space: 'souk results delete' removes a run, or "+elsewhere
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		e.told.Found, e.told.Expected = "permission denied", "a folder that can be written; "+elsewhere
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrExist):
		e.told.Found, e.told.Expected = "a file in the way", "a folder; "+elsewhere
	default:
		return err
	}
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		e.told.File = at.Path
	} else if link := (*os.LinkError)(nil); errors.As(err, &link) {
		e.told.File = link.New
	}
	return &e
}

type diskError struct {
	told  field.Error
	cause error
}

func (e *diskError) Error() string   { return e.told.Error() }
func (e *diskError) Unwrap() []error { return []error{&e.told, e.cause} }
