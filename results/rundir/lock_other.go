//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package rundir

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
)

// Lock implements FS by the existence of the file, where the system has no flock(2). After a crash the file has to be
// removed by hand, as the error says.
func (OS) Lock(name, holder string) (io.Closer, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		by, _ := os.ReadFile(name)
		return nil, &LockedError{File: name, Holder: strings.TrimSpace(string(by)) + " (if it no longer runs, remove this file)"}
	}
	if err != nil {
		return nil, err
	}
	if _, err := f.WriteString(holder + "\n"); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
