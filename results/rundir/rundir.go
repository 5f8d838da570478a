// Package rundir keeps the results of runs on disk so that what looks complete is complete. A run is built in
// ROOT/NAME/RUNID.incomplete and becomes ROOT/NAME/RUNID by one rename, after its manifest.json has been written and
// synced; every file in it appears by a rename too. Work in progress is checkpointed job by job, and a killed run
// resumes from its checkpoints to the same bytes.
package rundir

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"

	"github.com/souk-sim/souk"
	"github.com/souk-sim/souk/results/parquet"
	"github.com/souk-sim/souk/scenarios/field"
)

// Names of files and folders in and beside a run.
const (
	manifestFile = "manifest.json"
	scenarioFile = "scenario.toml"
	timingFile   = "timing.json" // the one file whose bytes differ from run to run
	partialDir   = "partial"
	incomplete   = ".incomplete"
	old          = ".old" // on its way out
	lock         = ".lock"
	temporary    = ".tmp"
)

// ID is the identity of a run: the first 12 hex digits of SHA-256 over the canonical resolved scenario and souk.Version.
func ID(scenario []byte) string {
	h := sha256.New()
	h.Write(scenario)
	h.Write([]byte("\nsouk " + souk.Version + "\n"))
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// Store is a folder of runs, by name and ID.
type Store struct {
	Root string
	FS   FS // nil for the operating system's
}

// Options say how to open a run.
type Options struct {
	Resume bool              // go on with the incomplete run, if there is one, instead of beginning anew
	Whole  bool              // whoever opens it cannot resume: what is not finished is removed, by Close, or by the next Open after a crash
	Tell   func(what string) // told in a sentence what becomes of an earlier run that is there; nil for nobody
	Holder string            // how this process names itself to a second writer, such as "souk train, process 4711 on anna"
}

// Run is a run being written. Its methods may be called from several goroutines, Finish and Close once and last.
type Run struct {
	Name    string
	ID      string
	Dir     string // where the run will stand when it is complete
	Resumed bool   // an incomplete run was there and is being continued

	scenarioHash string
	work         string // Dir + ".incomplete"
	whole        bool   // Options.Whole
	fs           FS
	lock         io.Closer
	mu           sync.Mutex
	jobs         map[string]*Job
}

// Open begins (or resumes) the run of a scenario, given as its canonical resolved TOML, which it writes to
// scenario.toml. A run of that identity that is complete stays as it is until Finish replaces it. Open fails with a
// *LockedError when another writer has the run, and with a *field.Error when the folder cannot be written.
func (s Store) Open(name string, scenario []byte, o Options) (*Run, error) {
	hash := sha256.Sum256(scenario)
	r, err := s.lock(name, ID(scenario), o.Holder)
	if err != nil {
		return nil, explain(err)
	}
	r.scenarioHash, r.whole = hex.EncodeToString(hash[:]), o.Whole
	if err := r.begin(scenario, o); err != nil {
		return nil, explain(errors.Join(err, r.Close()))
	}
	return r, nil
}

// lock takes the run's lock and settles what an interrupted writer left undone.
func (s Store) lock(name, id, holder string) (*Run, error) {
	if s.FS == nil {
		s.FS = OS{}
	}
	for _, part := range []string{name, id} {
		if part == "" || strings.HasPrefix(part, ".") || strings.ContainsAny(part, `/\`) {
			return nil, field.New("name", fmt.Sprintf("%q", part), "a name that can be a folder")
		}
	}
	r := &Run{Name: name, ID: id, Dir: filepath.Join(s.Root, name, id), fs: s.FS, jobs: make(map[string]*Job)}
	r.work = r.Dir + incomplete
	if err := r.fs.MkdirAll(filepath.Dir(r.Dir)); err != nil {
		return nil, err
	}
	var err error
	if r.lock, err = r.fs.Lock(r.Dir+lock, holder); err != nil {
		return nil, err
	}
	if err := r.settle(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// settle finishes what a writer that died after writing its manifest, or while removing, had begun.
func (r *Run) settle() error {
	done, err := r.exists(filepath.Join(r.work, manifestFile))
	if err != nil {
		return err
	}
	if done {
		return r.swap()
	}
	return r.fs.RemoveAll(r.Dir + old)
}

func (r *Run) begin(scenario []byte, o Options) error {
	there, err := r.exists(r.work)
	if err != nil {
		return err
	}
	complete, err := r.exists(r.Dir)
	if err != nil {
		return err
	}
	tell := func(what string) {
		if o.Tell != nil {
			o.Tell(what)
		}
	}
	if complete && !there && o.Resume {
		tell("the run of this scenario is complete; it is computed anew")
	}
	if there && !o.Resume {
		if !o.Whole {
			tell("an interrupted run of this scenario is discarded; --resume would have carried it on")
		}
		// Away with one rename: a half-removed run must not be resumed.
		if err := r.discard(r.work); err != nil {
			return err
		}
	}
	r.Resumed = there && o.Resume
	if err := r.fs.MkdirAll(r.work); err != nil {
		return err
	}
	if err := r.fs.SyncDir(filepath.Dir(r.work)); err != nil {
		return err
	}
	return r.WriteFile(scenarioFile, scenario)
}

// discard removes a folder of the run, all or (after a crash, until the next Open) nothing of it.
func (r *Run) discard(dir string) error {
	there, err := r.exists(dir)
	if err != nil || !there {
		return err
	}
	if err := r.fs.RemoveAll(r.Dir + old); err != nil {
		return err
	}
	if err := r.fs.Rename(dir, r.Dir+old); err != nil {
		return err
	}
	if err := r.fs.SyncDir(filepath.Dir(dir)); err != nil {
		return err
	}
	return r.fs.RemoveAll(r.Dir + old)
}

// WriteFile writes a file of the run, whole or not at all. Name is relative to the run, with slashes.
func (r *Run) WriteFile(name string, data []byte) error {
	return r.Write(name, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// Write writes a file of the run with whatever content writes, whole or not at all: it goes to a temporary name, is
// synced, and renamed. Name is relative to the run, with slashes.
func (r *Run) Write(name string, content func(io.Writer) error) error {
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return field.New("name", name, "a path inside the run")
	}
	return explain(writeAtomic(r.fs, filepath.Join(r.work, filepath.FromSlash(name)), content))
}

func writeAtomic(f FS, path string, content func(io.Writer) error) error {
	dir := filepath.Dir(path)
	if err := f.MkdirAll(dir); err != nil {
		return err
	}
	if err := writeSynced(f, path+temporary, content); err != nil {
		// Best effort: what cannot be removed keeps its temporary name and is no file of the run.
		_ = f.RemoveAll(path + temporary)
		return err
	}
	if err := f.Rename(path+temporary, path); err != nil {
		return err
	}
	return f.SyncDir(dir)
}

func writeSynced(f FS, path string, content func(io.Writer) error) error {
	file, err := f.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(file, 64<<10)
	err = content(w)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// Open opens a file that was written to this run, now or before it was resumed. One that is not there is fs.ErrNotExist.
func (r *Run) Open(name string) (parquet.Source, error) {
	return r.fs.Open(filepath.Join(r.work, filepath.FromSlash(name)))
}

// ReadFile reads a file that was written to this run, now or before it was resumed. One that is not there is
// fs.ErrNotExist.
func (r *Run) ReadFile(name string) ([]byte, error) {
	return readFile(r.fs, filepath.Join(r.work, filepath.FromSlash(name)))
}

func readFile(f FS, path string) ([]byte, error) {
	file, err := f.Open(path)
	if err != nil {
		return nil, err
	}
	data := make([]byte, file.Size())
	_, err = file.ReadAt(data, 0)
	if errors.Is(err, io.EOF) { // ReadAt may say so at the very end
		err = nil
	}
	return data, errors.Join(err, file.Close())
}

func (r *Run) exists(path string) (bool, error) {
	entries, err := r.fs.ReadDir(filepath.Dir(path))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	for _, e := range entries {
		if e.Name() == filepath.Base(path) {
			return true, err
		}
	}
	return false, err
}

// Finish completes the run: it drops the work in progress, lists the files in manifest.json, and puts the run in its
// place, replacing an earlier one. Then it closes the run.
func (r *Run) Finish(build Build) error {
	err := r.finish(build)
	return explain(errors.Join(err, r.Close()))
}

func (r *Run) finish(build Build) error {
	m := Manifest{Schema: manifestSchema, RunID: r.ID, Name: r.Name, Version: souk.Version, ScenarioHash: r.scenarioHash, Build: build}
	var err error
	if m.Files, err = inventory(r.fs, r.work, ""); err != nil {
		return err
	}
	data, err := json.MarshalIndent(&m, "", "  ")
	if err != nil {
		return err
	}
	// From here on the run is complete: settle finishes what a crash prevents below.
	if err := r.WriteFile(manifestFile, append(data, '\n')); err != nil {
		return err
	}
	return r.swap()
}

// swap puts a run that has its manifest where complete runs are.
func (r *Run) swap() error {
	if err := r.fs.RemoveAll(filepath.Join(r.work, partialDir)); err != nil {
		return err
	}
	there, err := r.exists(r.Dir)
	if err != nil {
		return err
	}
	if there {
		if err := r.fs.RemoveAll(r.Dir + old); err != nil {
			return err
		}
		if err := r.fs.Rename(r.Dir, r.Dir+old); err != nil {
			return err
		}
	}
	if err := r.fs.Rename(r.work, r.Dir); err != nil {
		return err
	}
	if err := r.fs.SyncDir(filepath.Dir(r.Dir)); err != nil {
		return err
	}
	return r.fs.RemoveAll(r.Dir + old)
}

// Discard gives the run up and takes away what was written of it; a complete run of that identity stays. After Finish it does nothing.
func (r *Run) Discard() error {
	if r.lock == nil {
		return nil
	}
	err := r.discard(r.work)
	return errors.Join(explain(err), r.Close())
}

// Close gives the run up without completing it; what was checkpointed can be resumed, but for a run that is whole or not there. After Finish it does nothing.
func (r *Run) Close() error {
	if r.lock == nil {
		return nil
	}
	held := r.lock
	r.lock = nil
	var err error
	if r.whole {
		err = r.discard(r.work)
	}
	// Removed while still held, so that no third writer can meet the file between the two.
	return explain(errors.Join(err, r.fs.RemoveAll(r.Dir+lock), held.Close()))
}
