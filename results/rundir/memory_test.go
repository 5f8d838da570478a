package rundir

import (
	"bytes"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing/fstest"

	"github.com/souk-sim/souk/results/parquet"
)

// memory is a disk in memory that knows which bytes have been synced.
type memory struct {
	mu    sync.Mutex
	files map[string]*memoryFile
	dirs  map[string]bool
	locks map[string]string
	known map[string]bool // contents that a test has found to be whole
}

type memoryFile struct {
	data   []byte
	synced int
}

func newMemory() *memory {
	return &memory{files: map[string]*memoryFile{}, dirs: map[string]bool{}, locks: map[string]string{}, known: map[string]bool{}}
}

// losePower cuts every file to what was synced.
func (m *memory) losePower() {
	for _, f := range m.files {
		f.data = f.data[:f.synced]
	}
}

func (m *memory) MkdirAll(dir string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for ; dir != "."; dir = filepath.Dir(dir) {
		m.dirs[dir] = true
	}
	return nil
}

func (m *memory) Create(name string) (WriteFile, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := &memoryFile{}
	m.files[name] = f
	return f, nil
}

func (f *memoryFile) Write(b []byte) (int, error) { f.data = append(f.data, b...); return len(b), nil }
func (f *memoryFile) Sync() error                 { f.synced = len(f.data); return nil }
func (f *memoryFile) Close() error                { return nil }

func (m *memory) Open(name string) (parquet.Source, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.files[name]
	if f == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return struct {
		*bytes.Reader
		io.Closer
	}{bytes.NewReader(f.data), io.NopCloser(nil)}, nil
}

func (m *memory) Rename(from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	moved := func(name string) (string, bool) {
		rest, inside := strings.CutPrefix(name, from+"/")
		return to + "/" + rest, inside
	}
	if f := m.files[from]; f != nil {
		m.files[to] = f
		delete(m.files, from)
		return nil
	}
	if !m.dirs[from] {
		return &fs.PathError{Op: "rename", Path: from, Err: fs.ErrNotExist}
	}
	if m.dirs[to] {
		return &fs.PathError{Op: "rename", Path: to, Err: fs.ErrExist}
	}
	delete(m.dirs, from)
	m.dirs[to] = true
	for _, name := range slices.Sorted(maps.Keys(m.files)) {
		if there, inside := moved(name); inside {
			m.files[there] = m.files[name]
			delete(m.files, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.dirs)) {
		if there, inside := moved(name); inside {
			m.dirs[there] = true
			delete(m.dirs, name)
		}
	}
	return nil
}

// RemoveAll removes what it finds in one step; real disks do it in many, which the renames before it allow for.
func (m *memory) RemoveAll(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	gone := func(n string) bool { return n == name || strings.HasPrefix(n, name+"/") }
	maps.DeleteFunc(m.files, func(n string, _ *memoryFile) bool { return gone(n) })
	maps.DeleteFunc(m.dirs, func(n string, _ bool) bool { return gone(n) })
	return nil
}

func (m *memory) ReadDir(dir string) ([]fs.DirEntry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.dirs[dir] {
		return nil, &fs.PathError{Op: "readdir", Path: dir, Err: fs.ErrNotExist}
	}
	all := fstest.MapFS{}
	for name := range m.dirs {
		if filepath.Dir(name) == dir {
			all[filepath.Base(name)] = &fstest.MapFile{Mode: fs.ModeDir}
		}
	}
	for name := range m.files {
		if filepath.Dir(name) == dir {
			all[filepath.Base(name)] = &fstest.MapFile{}
		}
	}
	return all.ReadDir(".")
}

func (m *memory) SyncDir(string) error { return nil }

func (m *memory) Lock(name, holder string) (io.Closer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if by, held := m.locks[name]; held {
		return nil, &LockedError{File: name, Holder: by}
	}
	m.locks[name] = holder
	m.files[name] = &memoryFile{}
	return unlock(func() { delete(m.locks, name) }), nil
}

type unlock func()

func (u unlock) Close() error { u(); return nil }

// names lists what is in a folder.
func (m *memory) names(dir string) []string {
	entries, _ := m.ReadDir(dir)
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// remove and flip spoil the files whose names end so.
func (m *memory) remove(suffix string) {
	maps.DeleteFunc(m.files, func(n string, _ *memoryFile) bool { return strings.HasSuffix(n, suffix) })
}

func (m *memory) flip(suffix string) {
	for name, f := range m.files {
		if strings.HasSuffix(name, suffix) {
			f.data[len(f.data)-1] ^= 1
		}
	}
}
