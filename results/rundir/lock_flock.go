//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package rundir

import (
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
)

// Lock implements FS by flock(2): the kernel drops the lock when the process ends, by SIGKILL too, so that a stale
// file never blocks.
func (OS) Lock(name, holder string) (io.Closer, error) {
	for {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			return nil, err
		}
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			by, _ := io.ReadAll(io.LimitReader(f, 200))
			return nil, errors.Join(&LockedError{File: name, Holder: strings.TrimSpace(string(by))}, f.Close())
		}
		if err != nil {
			return nil, errors.Join(&os.PathError{Op: "flock", Path: name, Err: err}, f.Close())
		}
		if !current(f, name) { // the last holder removed the file between our open and our flock
			if err := f.Close(); err != nil {
				return nil, err
			}
			continue
		}
		if err := f.Truncate(0); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		if _, err := f.WriteString(holder + "\n"); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return f, nil
	}
}

func current(f *os.File, name string) bool {
	ours, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(name)
	return err == nil && os.SameFile(ours, there)
}
