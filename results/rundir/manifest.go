package rundir

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
)

const manifestSchema = "souk.run/1"

// Manifest is manifest.json: it is written last, and a folder that has one is a complete run.
type Manifest struct {
	Schema       string  `json:"schema"`
	RunID        string  `json:"run_id"`
	Name         string  `json:"name"`
	Version      string  `json:"version"`
	ScenarioHash string  `json:"scenario_sha256"`
	Build        Build   `json:"build"`
	Files        []Entry `json:"files"` // sorted; timing.json, whose bytes are free, is not among them
}

// Build says what made the run's bytes what they are, besides scenario and version.
type Build struct {
	Go    string `json:"go"`              // version of Go
	OS    string `json:"os"`              // GOOS
	Arch  string `json:"arch"`            // GOARCH
	Level string `json:"level,omitempty"` // GOAMD64 and its like
	FMA   bool   `json:"fma"`             // fused multiply-add in use
}

// Entry is one file of a run.
type Entry struct {
	Name   string `json:"name"` // relative to the run, with slashes
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// is says what is wrong where a file is not the one that the manifest means.
func (e Entry) is(want Entry, path string) error {
	if e == want {
		return nil
	}
	return &field.Error{File: path, Found: fmt.Sprintf("%d bytes with SHA-256 %.12s…", e.Size, e.SHA256),
		Expected: fmt.Sprintf("%d bytes with SHA-256 %.12s…, as manifest.json says", want.Size, want.SHA256)}
}

// inventory lists the files of a run under a folder and removes temporary files that a crash left.
func inventory(f FS, root, dir string) ([]Entry, error) {
	listed, err := f.ReadDir(filepath.Join(root, filepath.FromSlash(dir)))
	if err != nil {
		return nil, err
	}
	var all []Entry
	for _, e := range listed {
		name := path.Join(dir, e.Name())
		switch {
		case e.IsDir() && name == partialDir, name == manifestFile, name == timingFile:
		case e.IsDir():
			inner, err := inventory(f, root, name)
			if err != nil {
				return nil, err
			}
			all = append(all, inner...)
		case strings.HasSuffix(name, temporary):
			if err := f.RemoveAll(filepath.Join(root, filepath.FromSlash(name))); err != nil {
				return nil, err
			}
		default:
			entry, err := measure(f, root, name)
			if err != nil {
				return nil, err
			}
			all = append(all, entry)
		}
	}
	return all, nil
}

func measure(f FS, root, name string) (Entry, error) {
	file, err := f.Open(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		return Entry{}, err
	}
	h := sha256.New()
	_, err = io.Copy(h, io.NewSectionReader(file, 0, file.Size()))
	return Entry{Name: name, Size: file.Size(), SHA256: hex.EncodeToString(h.Sum(nil))}, errors.Join(err, file.Close())
}

// Info is one line of a list of runs.
type Info struct {
	Name     string    `json:"name"`
	ID       string    `json:"run_id"`
	Dir      string    `json:"dir"`
	State    string    `json:"state"`              // complete, incomplete or damaged
	Damage   string    `json:"damage,omitempty"`   // of a damaged run: the first file that is not as long as its manifest says
	Manifest *Manifest `json:"manifest,omitempty"` // nil: the run is incomplete
}

// List gives all runs by name and ID; a complete run and an unfinished one of the same ID are two lines. A root that
// does not exist has none.
func (s Store) List() ([]Info, error) {
	if s.FS == nil {
		s.FS = OS{}
	}
	names, err := s.FS.ReadDir(s.Root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, explain(err)
	}
	var all []Info
	for _, n := range names {
		if !n.IsDir() {
			continue
		}
		ids, err := s.FS.ReadDir(filepath.Join(s.Root, n.Name()))
		if err != nil {
			return nil, explain(err)
		}
		for _, e := range ids {
			if !e.IsDir() || strings.HasSuffix(e.Name(), old) {
				continue
			}
			info := Info{Name: n.Name(), ID: strings.TrimSuffix(e.Name(), incomplete), Dir: filepath.Join(s.Root, n.Name(), e.Name())}
			if info.ID == e.Name() {
				// Without a readable manifest a folder is no complete run, however it came there.
				info.Manifest, _ = load(s.FS, info.Dir)
			}
			switch info.Damage = info.damage(s.FS); {
			case info.Manifest == nil:
				info.State = "incomplete"
			case info.Damage != "":
				info.State = "damaged"
			default:
				info.State = "complete"
			}
			all = append(all, info)
		}
	}
	return all, nil
}

// damage compares the sizes of a complete run's files, which is cheap; Verify compares their contents.
func (i *Info) damage(f FS) string {
	if i.Manifest == nil {
		return ""
	}
	for _, want := range i.Manifest.Files {
		file, err := f.Open(filepath.Join(i.Dir, filepath.FromSlash(want.Name)))
		if err != nil {
			return want.Name + " cannot be read"
		}
		size := file.Size()
		if err := file.Close(); err != nil || size != want.Size {
			return fmt.Sprintf("%s has %d bytes, not %d", want.Name, size, want.Size)
		}
	}
	return ""
}

func load(f FS, dir string) (*Manifest, error) {
	name := filepath.Join(dir, manifestFile)
	data, err := readFile(f, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &field.Error{File: dir, Found: "no manifest.json", Expected: "a complete run"}
	}
	if err != nil {
		return nil, err
	}
	var m Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, &field.Error{File: name, Found: err.Error(), Expected: "a run's manifest"}
	}
	if m.Schema != manifestSchema {
		return nil, &field.Error{File: name, Key: "schema", Found: m.Schema, Expected: manifestSchema}
	}
	return &m, nil
}

// Verify reads a complete run's manifest and holds every file of the run against it.
func (s Store) Verify(name, id string) (*Manifest, error) {
	if s.FS == nil {
		s.FS = OS{}
	}
	dir := filepath.Join(s.Root, name, id)
	m, err := load(s.FS, dir)
	if err != nil {
		return nil, explain(err)
	}
	for _, want := range m.Files {
		found, err := measure(s.FS, dir, want.Name)
		if err != nil {
			return nil, explain(err)
		}
		if err := found.is(want, filepath.Join(dir, filepath.FromSlash(want.Name))); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Delete removes a run, complete or not. It fails with a *LockedError while the run is being written, and with a
// *field.Error when there is none.
func (s Store) Delete(name, id string) error {
	if s.FS == nil {
		s.FS = OS{}
	}
	none := &field.Error{File: filepath.Join(s.Root, name, id), Found: "no such run", Expected: "a run that 'souk results list' shows"}
	if _, err := s.FS.ReadDir(filepath.Join(s.Root, name)); errors.Is(err, fs.ErrNotExist) {
		return none // a lock would make the folder
	}
	r, err := s.lock(name, id, "souk results delete")
	if err != nil {
		return explain(err)
	}
	complete, err := r.exists(r.Dir)
	unfinished, err2 := r.exists(r.work)
	if err := errors.Join(err, err2); err != nil {
		return explain(errors.Join(err, r.Close()))
	}
	if !complete && !unfinished {
		return errors.Join(none, r.Close())
	}
	return explain(errors.Join(r.discard(r.work), r.discard(r.Dir), r.Close()))
}
