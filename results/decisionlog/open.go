package decisionlog

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
)

// Options say what of a log is read.
type Options struct {
	// Policy is whose decisions are read: those logged as the policy itself or, of a service, as POLICY/ARM. Empty: everybody's.
	Policy string
	// Window is how long before the newest decision of the log its decisions are read, in the log's time; 0: all.
	Window float64
	// Patience is how long an outcome may be awaited, in the log's time: of a decision that is older than the newest one by more and has none nothing is taken to
	// have come, as where only sales are told. 0: such a decision's reward stays unknown.
	Patience float64
	// Pending says that a log is read though it has neither rewards nor outcomes.
	Pending bool
}

// Open reads a log: a file of lines or a Parquet table, whatever its name, or a folder of them, whose files ending in .jsonl and .parquet are one log, read in the order of their names.
// Of a segment that stands there as both, the table is read. digest is the SHA-256 of what was read.
func Open(path string, o Options) (log *Log, digest string, err error) {
	for _, x := range [...]struct {
		key string
		x   float64
	}{{"window", o.Window}, {"patience", o.Patience}} {
		if !(x.x >= 0) {
			return nil, "", field.New(x.key, x.x, "a time of at least 0")
		}
	}
	p, sum := newParser(path, o), sha256.New()
	names, err := segments(path)
	if err != nil {
		return nil, "", err
	}
	for _, name := range names {
		err := p.file(name, sum)
		if errors.Is(err, fs.ErrNotExist) && filepath.Ext(name) == ofLines { // it has become a table meanwhile
			err = p.file(strings.TrimSuffix(name, ofLines)+ofTable, sum)
		}
		if err != nil {
			return nil, "", err
		}
	}
	log, err = p.settle()
	return log, hex.EncodeToString(sum.Sum(nil)), err
}

// The ends of the names of a folder's files.
const (
	ofLines = ".jsonl"
	ofTable = ".parquet"
)

// segments lists the files of a log.
func segments(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return []string{path}, err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries { // by name
		name := e.Name()
		switch filepath.Ext(name) {
		case ofLines:
			names = append(names, filepath.Join(path, name))
		case ofTable:
			name = filepath.Join(path, name)
			names = append(slices.DeleteFunc(names, func(n string) bool { return n == strings.TrimSuffix(name, ofTable)+ofLines }), name)
		}
	}
	if len(names) == 0 {
		return nil, &field.Error{File: path, Found: "a folder without files that end in .jsonl or .parquet", Expected: "a file, or a folder with the segments of a decision log"}
	}
	return names, nil
}

// file takes a file of lines or rows, and adds it to the digest.
func (p *parser) file(name string, sum io.Writer) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	in := bufio.NewReader(io.TeeReader(file, sum))
	if magic, _ := in.Peek(4); string(magic) != "PAR1" {
		return p.lines(in, name)
	}
	size, err := io.Copy(io.Discard, in)
	if err != nil {
		return err
	}
	return p.rows(file, size, name)
}
