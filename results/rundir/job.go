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

const checkpointFile = "checkpoint"

// stored is what a checkpoint counts of a table: whole segments, and parts of the one after them. A part holds the rows between two checkpoints; it is
// redundant once the segment is whole, and only then are segments always of parquet.SegmentRows rows, which Merge copies.
type stored struct{ Segments, Parts int }

// names are the files, in order of their rows.
func (n stored) names(table string) (all []string) {
	for i := range n.Segments {
		all = append(all, segmentName(table, i))
	}
	for k := range n.Parts {
		all = append(all, partName(table, n.Segments, k))
	}
	return all
}

// Job is one strand of a run's work that goes on independently of the others, such as an agent's training under one
// seed. It has its own rows and its own checkpoints. One goroutine at a time may use it.
type Job struct {
	run    *Run
	dir    string
	state  []byte
	tables map[string]*segments // by table
	done   map[string]stored    // what the last checkpoint counts, by table
}

// segments is what a Job must know about a table's sink whatever its rows are.
type segments struct {
	stored
	part func() error // puts the rows since the last part on disk, as one more
	cut  func() error // puts all rows on disk as segments
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
	j := &Job{run: r, dir: filepath.Join(r.work, partialDir, folder), tables: make(map[string]*segments), done: make(map[string]stored)}
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
		if err := j.tables[table].part(); err != nil {
			return explain(err)
		}
		counts[table] = j.tables[table].stored
	}
	header, err := json.Marshal(counts)
	if err != nil {
		return err
	}
	body := append(append(header, '\n'), state...)
	sum := sha256.Sum256(body)
	err = writeAtomic(j.run.fs, filepath.Join(j.dir, checkpointFile), func(w io.Writer) error {
		if _, err := fmt.Fprintf(w, "%x\n", sum); err != nil {
			return err
		}
		_, err := w.Write(body)
		return err
	})
	if err != nil {
		return explain(err)
	}
	before := j.done
	j.done = counts
	return explain(j.dropParts(before))
}

// dropParts removes those that a checkpoint counted before their segment was whole.
func (j *Job) dropParts(before map[string]stored) error {
	for _, table := range slices.Sorted(maps.Keys(before)) {
		was := before[table]
		if was.Segments == j.done[table].Segments {
			continue
		}
		for k := range was.Parts {
			if err := j.run.fs.RemoveAll(filepath.Join(j.dir, partName(table, was.Segments, k))); err != nil {
				return err
			}
		}
	}
	return nil
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
		for _, name := range n.names(table) {
			keep[name] = true
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

func partName(table string, i, k int) string { return fmt.Sprintf("%s-%06d.%06d.parquet", table, i, k) }

// Rows is the job's sink for the rows of a table ("episodes"). Rows must come in the order of their keys
// (results.Key.Compare). They are durable after the next Checkpoint. Close is not needed before Merge, but frees the memory of a sink whose last row
// was written, some MB.
func Rows[R results.Row](j *Job, table string) (results.Sink[R], error) {
	if j.tables[table] != nil || table == "" || strings.ContainsAny(table, `/\.`) {
		return nil, field.New("table", fmt.Sprintf("%q", table), "a table's name, once in a job")
	}
	s := &sink[R]{job: j, table: table, segments: segments{stored: j.done[table]}}
	s.segments.part, s.segments.cut = s.putPart, s.Close
	if err := s.takeUp(); err != nil {
		return nil, explain(err)
	}
	j.tables[table] = &s.segments
	return s, nil
}

// sink writes a table's rows to segment after segment.
type sink[R results.Row] struct {
	job   *Job
	table string
	segments
	bytes   *bytes.Buffer // the segment so far, compressed: a few MB at most
	out     *parquet.Writer[R]
	rows    int              // of the segment so far
	unsaved parquet.Batch[R] // those since the last part
	last    results.Key
	any     bool
}

// takeUp goes on with the segment of which parts are there.
func (s *sink[R]) takeUp() error {
	var parts []string
	for k := range s.Parts {
		parts = append(parts, filepath.Join(s.job.dir, partName(s.table, s.Segments, k)))
	}
	return parquet.Merge(again[R](s.add), [][]string{parts}, s.job.run.fs.Open)
}

// again is a sink of rows that were written before.
type again[R results.Row] func(rows []R) error

func (a again[R]) Write(rows []R) error { return a(rows) }
func (again[R]) Close() error           { return nil }

// add appends rows to the segment.
func (s *sink[R]) add(rows []R) error {
	if len(rows) == 0 {
		return nil
	}
	if s.out == nil {
		s.bytes = new(bytes.Buffer)
		s.out = parquet.NewWriter[R](s.bytes, s.job.run.scenarioHash)
	}
	s.rows += len(rows)
	s.last, s.any = rows[len(rows)-1].Position(), true
	return s.out.Write(rows)
}

// Write implements results.Sink.
func (s *sink[R]) Write(rows []R) error {
	for len(rows) > 0 {
		n := min(len(rows), parquet.SegmentRows-s.rows)
		if err := s.checkOrder(rows[:n]); err != nil {
			return err
		}
		if err := s.add(rows[:n]); err != nil {
			return err
		}
		s.unsaved.Add(rows[:n])
		rows = rows[n:]
		if s.rows == parquet.SegmentRows {
			if err := s.putSegment(); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkOrder compares each row with the one before it.
func (s *sink[R]) checkOrder(rows []R) error {
	last, any := s.last, s.any
	for i := range rows {
		key := rows[i].Position()
		if any && key.Compare(last) < 0 {
			return field.New(s.table, fmt.Sprintf("%+v after %+v", key, last), "rows in order of seed, agent, episode and step")
		}
		last, any = key, true
	}
	return nil
}

// putPart puts the rows since the last part on disk.
func (s *sink[R]) putPart() error {
	if len(s.unsaved.Rows) == 0 {
		return nil
	}
	err := writeAtomic(s.job.run.fs, filepath.Join(s.job.dir, partName(s.table, s.Segments, s.Parts)), func(w io.Writer) error {
		out := parquet.NewWriter[R](w, s.job.run.scenarioHash)
		return errors.Join(out.Write(s.unsaved.Rows), out.Close())
	})
	if err != nil {
		return explain(err)
	}
	s.unsaved.Reset()
	s.Parts++
	return nil
}

// putSegment puts the rows so far on disk as a segment.
func (s *sink[R]) putSegment() error {
	if s.rows == 0 {
		return nil
	}
	if err := s.out.Close(); err != nil {
		return err
	}
	err := writeAtomic(s.job.run.fs, filepath.Join(s.job.dir, segmentName(s.table, s.Segments)), func(w io.Writer) error {
		_, err := w.Write(s.bytes.Bytes())
		return err
	})
	if err != nil {
		return explain(err)
	}
	s.bytes.Reset()
	s.out.Reset(s.bytes)
	s.unsaved.Reset()
	s.rows, s.stored = 0, stored{Segments: s.Segments + 1}
	return nil
}

// Close puts the rows so far on disk and frees the memory; writing may go on.
func (s *sink[R]) Close() error {
	if err := s.putSegment(); err != nil {
		return err
	}
	s.out, s.bytes, s.unsaved = nil, nil, parquet.Batch[R]{}
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
			n = t.stored
		}
		var lane []string
		for _, file := range n.names(table) {
			lane = append(lane, filepath.Join(j.dir, file))
		}
		lanes = append(lanes, lane)
	}
	return parquet.Merge(dst, lanes, r.fs.Open)
}
