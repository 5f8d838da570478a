package rundir

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

// Finished is a complete run's folder.
type Finished struct {
	Manifest *Manifest
	Dir      string

	fs FS
}

// Finished opens a complete run. The error is a *field.Error where there is none.
func (s Store) Finished(name, id string) (*Finished, error) {
	if s.FS == nil {
		s.FS = OS{}
	}
	r := &Finished{Dir: filepath.Join(s.Root, name, id), fs: s.FS}
	var err error
	if r.Manifest, err = load(r.fs, r.Dir); err != nil {
		return nil, explain(err)
	}
	return r, nil
}

// ReadFile reads a file of the run. One that is not there is fs.ErrNotExist, one that is not as the manifest says a *field.Error.
func (r *Finished) ReadFile(name string) ([]byte, error) {
	path := filepath.Join(r.Dir, filepath.FromSlash(name))
	data, err := readFile(r.fs, path)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(r.Manifest.Files, func(e Entry) bool { return e.Name == name })
	if at < 0 {
		return data, nil
	}
	sum := sha256.Sum256(data)
	found := Entry{name, int64(len(data)), hex.EncodeToString(sum[:])}
	return data, found.is(r.Manifest.Files[at], path)
}

// Replace writes a file of the run anew, whole or not at all, and then the manifest, where it stands. It takes the run's lock, and fails with a *LockedError
// where another writer has it. A crash between the two leaves a run that List calls damaged, and that the next Replace mends.
func (r *Finished) Replace(name string, content func(io.Writer) error, holder string) error {
	if !filepath.IsLocal(filepath.FromSlash(name)) || name == manifestFile {
		return field.New("name", name, "a path inside the run that is not its manifest")
	}
	held, err := r.fs.Lock(r.Dir+lock, holder)
	if err != nil {
		return explain(err)
	}
	err = r.replace(name, content)
	return explain(errors.Join(err, r.fs.RemoveAll(r.Dir+lock), held.Close()))
}

func (r *Finished) replace(name string, content func(io.Writer) error) error {
	if err := writeAtomic(r.fs, filepath.Join(r.Dir, filepath.FromSlash(name)), content); err != nil {
		return err
	}
	entry, err := measure(r.fs, r.Dir, name)
	if err != nil {
		return err
	}
	files := &r.Manifest.Files
	at := slices.IndexFunc(*files, func(e Entry) bool { return e.Name >= name })
	switch {
	case at < 0:
		*files = append(*files, entry)
	case (*files)[at].Name == name:
		(*files)[at] = entry
	default:
		*files = slices.Insert(*files, at, entry)
	}
	data, err := json.MarshalIndent(r.Manifest, "", "  ")
	if err != nil {
		return err
	}
	return writeAtomic(r.fs, filepath.Join(r.Dir, manifestFile), func(w io.Writer) error {
		_, err := w.Write(append(data, '\n'))
		return err
	})
}
