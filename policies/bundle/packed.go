package bundle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"
)

// maxPacked bounds what is unpacked into memory, all files together.
const maxPacked = 1 << 30

// Pack writes the bundle of a folder as one gzipped tar archive, after it has loaded it: what does not check itself is not packed. The
// files stand in the manifest's order, the manifest after them and the signature, if there is one, last; no time and no owner is in it,
// so that the same bundle is the same bytes under one version of Go.
func Pack(folder fs.FS, w io.Writer) error {
	b, err := Load(folder)
	if err != nil {
		return err
	}
	zipped := gzip.NewWriter(w)
	archive := tar.NewWriter(zipped)
	var names []string
	for _, f := range b.Manifest.Files {
		names = append(names, f.Name)
	}
	names = append(names, manifestName)
	if b.Signer != nil {
		names = append(names, signatureName)
	}
	for _, name := range names {
		data, err := fs.ReadFile(folder, name)
		if err != nil {
			return err
		}
		if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data)), Format: tar.FormatUSTAR}); err != nil {
			return err
		}
		if _, err := archive.Write(data); err != nil {
			return err
		}
	}
	return errors.Join(archive.Close(), zipped.Close())
}

// Unpack reads a packed bundle into memory, as the folder that Load takes. It refuses what Pack does not write: other kinds of entries,
// a name twice, folders, and more than a bundle's few files.
func Unpack(r io.Reader) (fs.FS, error) {
	zipped, err := gzip.NewReader(r)
	if err != nil {
		return nil, bad("", "", err.Error(), "a gzipped tar archive")
	}
	folder, left := Memory{}, int64(maxPacked)
	for archive := tar.NewReader(zipped); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, bad("", "", err.Error(), "a gzipped tar archive")
		}
		if _, twice := folder[h.Name]; twice || h.Typeflag != tar.TypeReg || !slices.Contains(names(), h.Name) {
			return nil, bad("", "entry", fmt.Sprintf("%q", h.Name), "the files of a bundle, each once and nothing else")
		}
		if left -= h.Size; left < 0 {
			return nil, bad(h.Name, "length", fmt.Sprintf("%d bytes", h.Size), fmt.Sprintf("%d in all files at most", maxPacked))
		}
		// Through a limit and not into h.Size bytes at once: an archive may promise more than it holds.
		data, err := io.ReadAll(io.LimitReader(archive, h.Size))
		if err != nil {
			return nil, bad(h.Name, "", err.Error(), "a whole file")
		}
		folder[h.Name] = data
	}
	// The tar reader stops at its end mark; what follows is under the checksum of gzip, and that is read last.
	if n, err := io.Copy(io.Discard, io.LimitReader(zipped, maxPacked)); err != nil || n > maxTail {
		return nil, bad("", "", fmt.Sprintf("%d bytes after the archive, %v", n, err), "its end")
	}
	return folder, nil
}

// maxTail is the padding that tar may put after its end mark.
const maxTail = 10 << 10

// names are all that a bundle's files may be called.
func names() []string {
	all := []string{manifestName, signatureName}
	for _, k := range kinds() {
		for _, name := range k.files() {
			if !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	return all
}

// Memory is a folder of files in memory, by name.
type Memory map[string][]byte

// Open implements fs.FS.
func (m Memory) Open(name string) (fs.File, error) {
	data, ok := m[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &memoryFile{Reader: bytes.NewReader(data), name: name}, nil
}

type memoryFile struct {
	*bytes.Reader
	name string
}

func (f *memoryFile) Close() error               { return nil }
func (f *memoryFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f *memoryFile) Name() string               { return f.name }
func (f *memoryFile) Mode() fs.FileMode          { return 0o444 }
func (f *memoryFile) ModTime() time.Time         { return time.Time{} }
func (f *memoryFile) IsDir() bool                { return false }
func (f *memoryFile) Sys() any                   { return nil }
