package rundir

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/results/parquet"
	"github.com/souk-sim/souk/scenarios/field"
)

// segmentRows is after how many rows a table's segment is cut, whoever writes it on however many workers.
const segmentRows = 32 << 10

const checkpointFile = "checkpoint"

// Job is one strand of a run's work that goes on independently of the others, such as an agent's training under one
// seed. It has its own rows and its own checkpoints. One goroutine at a time may use it.
type Job struct {
	run    *Run
	dir    string
	state  []byte
	tables map[string]*segments // by table
	done   map[string]int       // segments the checkpoint counts, by table
}

// segments is what a Job must know about a table's sink whatever its rows are.
type segments struct {
	count int          // segments on disk
	cut   func() error // puts the rows so far on disk
}

// Job opens the job called name; twice the same name is an error. Of a resumed run it drops everything that came
// after the job's last checkpoint, and State is what that checkpoint held. Before Merge, every job of the run must
// have been opened.
func (r *Run) Job(name string) (*Job, error) {
	folder := url.PathEscape(name)
	if name == "" || name == "." || name == ".." {
		return nil, field.New("job", fmt.Sprintf("%q", name), "a name")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.jobs[folder] != nil {
		return nil, field.New("job", name, "a name that no other job of the run has")
	}
	j := &Job{run: r, dir: filepath.Join(r.work, partialDir, folder), tables: make(map[string]*segments), done: make(map[string]int)}
	if err := r.fs.MkdirAll(j.dir); err != nil {
		return nil, explain(err)
	}
	if err := j.load(); err != nil {
		return nil, explain(err)
	}
	if err := j.dropUncounted(); err != nil {
		return nil, explain(err)
	}
	r.jobs[folder] = j
	return j, nil
}

// State is what the last checkpoint before Job held; nil when there was none.
func (j *Job) State() []byte { return j.state }

// Folder is where the job may keep other files while it works. They are gone when the job is opened again or the run is finished.
func (j *Job) Folder() string { return j.dir }

// Checkpoint makes all rows that were written to the job durable and, with them, the state from which the job can go
// on. After a crash the job is as the last Checkpoint left it.
func (j *Job) Checkpoint(state []byte) error {
	counts := maps.Clone(j.done)
	for _, table := range slices.Sorted(maps.Keys(j.tables)) {
		if err := j.tables[table].cut(); err != nil {
			return explain(err)
		}
		counts[table] = j.tables[table].count
	}
	header, err := json.Marshal(counts)
	if err != nil {
		return err
	}
	body := append(append(header, '\n'), state...)
	sum := sha256.Sum256(body)
	return explain(writeAtomic(j.run.fs, filepath.Join(j.dir, checkpointFile), func(w io.Writer) error {
		if _, err := fmt.Fprintf(w, "%x\n", sum); err != nil {
			return err
		}
		_, err := w.Write(body)
		return err
	}))
}

func (j *Job) load() error {
	name := filepath.Join(j.dir, checkpointFile)
	data, err := readFile(j.run.fs, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	want, body, _ := bytes.Cut(data, []byte{'\n'})
	header, state, _ := bytes.Cut(body, []byte{'\n'})
	if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != string(want) || json.Unmarshal(header, &j.done) != nil {
		return &field.Error{File: name, Found: "damage (the checksum does not fit)", Expected: "a checkpoint; begin anew, without --resume"}
	}
	j.state = state
	return nil
}

// dropUncounted removes what was written after the checkpoint, and makes sure of what was written before.
func (j *Job) dropUncounted() error {
	keep := map[string]bool{checkpointFile: true}
	for table, n := range j.done {
		for i := range n {
			keep[segmentName(table, i)] = true
		}
	}
	entries, err := j.run.fs.ReadDir(j.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if keep[e.Name()] {
			delete(keep, e.Name())
		} else if err := j.run.fs.RemoveAll(filepath.Join(j.dir, e.Name())); err != nil {
			return err
		}
	}
	delete(keep, checkpointFile)
	for _, missing := range slices.Sorted(maps.Keys(keep)) {
		return &field.Error{File: filepath.Join(j.dir, missing), Found: "no such file", Expected: "a segment that the checkpoint counts; begin anew, without --resume"}
	}
	return nil
}

func segmentName(table string, i int) string { return fmt.Sprintf("%s-%06d.parquet", table, i) }

// Rows is the job's sink for the rows of a table ("episodes"). Rows must come in the order of their keys
// (results.Key.Compare). They are durable after the next Checkpoint. Close is not needed before Merge.
func Rows[R results.Row](j *Job, table string) (results.Sink[R], error) {
	if j.tables[table] != nil || table == "" || strings.ContainsAny(table, `/\.`) {
		return nil, field.New("table", fmt.Sprintf("%q", table), "a table's name, once in a job")
	}
	s := &sink[R]{job: j, table: table, segments: segments{count: j.done[table]}}
	s.segments.cut = s.Close
	j.tables[table] = &s.segments
	return s, nil
}

// sink writes a table's rows to segment after segment.
type sink[R results.Row] struct {
	job   *Job
	table string
	segments
	file *bytes.Buffer // the segment so far, compressed: a few MB at most
	out  *parquet.Writer[R]
	rows int
	last results.Key
	any  bool
}

// Write implements results.Sink.
func (s *sink[R]) Write(rows []R) error {
	for len(rows) > 0 {
		n := min(len(rows), segmentRows-s.rows)
		if err := s.checkOrder(rows[:n]); err != nil {
			return err
		}
		if s.out == nil {
			s.file = new(bytes.Buffer)
			s.out = parquet.NewWriter[R](s.file, s.job.run.scenarioHash)
		}
		if err := s.out.Write(rows[:n]); err != nil {
			return err
		}
		s.rows += n
		rows = rows[n:]
		if s.rows == segmentRows {
			if err := s.Close(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *sink[R]) checkOrder(rows []R) error {
	for i := range rows {
		key := rows[i].Position()
		if s.any && key.Compare(s.last) < 0 {
			return field.New(s.table, fmt.Sprintf("%+v after %+v", key, s.last), "rows in order of seed, agent, episode and step")
		}
		s.last, s.any = key, true
	}
	return nil
}

// Close puts the rows so far on disk; writing may go on.
func (s *sink[R]) Close() error {
	if s.out == nil {
		return nil
	}
	if err := s.out.Close(); err != nil {
		return err
	}
	name := filepath.Join(s.job.dir, segmentName(s.table, s.count))
	err := writeAtomic(s.job.run.fs, name, func(w io.Writer) error {
		_, err := w.Write(s.file.Bytes())
		return err
	})
	if err != nil {
		return explain(err)
	}
	s.out, s.file, s.rows = nil, nil, 0
	s.count++
	return nil
}

// Merge writes table.parquet, the rows that all jobs wrote to a table, in order of seed, agent, episode and step. Its
// memory does not grow with the rows, and its bytes depend on the rows alone.
func Merge[R results.Row](r *Run, table string) error {
	return r.Write(table+".parquet", func(w io.Writer) error {
		out := parquet.NewWriter[R](w, r.scenarioHash)
		if err := MergeInto(r, table, out); err != nil {
			return err
		}
		return out.Close()
	})
}

// MergeInto hands dst the rows that Merge would write, and leaves it open.
func MergeInto[R results.Row](r *Run, table string, dst results.Sink[R]) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var lanes [][]string
	for _, name := range slices.Sorted(maps.Keys(r.jobs)) {
		j := r.jobs[name]
		n := j.done[table]
		if t := j.tables[table]; t != nil {
			if err := t.cut(); err != nil {
				return explain(err)
			}
			n = t.count
		}
		var lane []string
		for i := range n {
			lane = append(lane, filepath.Join(j.dir, segmentName(table, i)))
		}
		lanes = append(lanes, lane)
	}
	return parquet.Merge(dst, lanes, r.fs.Open)
}
