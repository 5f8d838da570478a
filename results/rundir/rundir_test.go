package rundir

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/results/parquet"
	"github.com/souk-sim/souk/scenarios/field"
)

// Rows with few columns: the tests write and read thousands of small files.
type (
	episodeRow struct {
		results.Key
		Reward float64 `parquet:"reward"`
	}
	stepRow struct {
		results.Key
		Price          float64  `parquet:"price"`
		ReferencePrice *float64 `parquet:"reference_price,optional"`
	}
)

// plan is a small experiment: two jobs that write episodes and steps, checkpoint now and then, and finish a run.
type plan struct {
	scenario     []byte
	note         string // goes into summary.json, so that two generations of one run can be told apart
	everyEpisode int64  // a checkpoint after so many episodes
}

var small = plan{scenario: []byte("name = \"small\"\nseed = 1\n"), note: "first", everyEpisode: 6}

const (
	episodes        = 10
	stepsPerEpisode = 7
)

// execute does the plan in a store, from the start or from where an earlier execution was interrupted.
func (p plan) execute(s Store, resume bool) error {
	run, err := s.Open("small", p.scenario, Options{Resume: resume, Holder: "the test"})
	if err != nil {
		return err
	}
	if err := p.fill(run); err != nil {
		return errors.Join(err, run.Close())
	}
	return run.Finish(Build{Go: "go1.26"})
}

func (p plan) fill(run *Run) error {
	if err := run.WriteFile("models/arima.json", []byte(`{"order":[0,1,1]}`)); err != nil {
		return err
	}
	for _, agent := range []string{"q-learning", "sarsa"} {
		if err := p.train(run, agent); err != nil {
			return err
		}
	}
	if err := Merge[episodeRow](run, "episodes"); err != nil {
		return err
	}
	if err := Merge[stepRow](run, "steps"); err != nil {
		return err
	}
	if err := run.WriteFile("timing.json", []byte(time.Now().String())); err != nil {
		return err
	}
	return run.WriteFile("summary.json", []byte(p.note))
}

func (p plan) train(run *Run, agent string) error {
	job, err := run.Job(agent + "/1")
	if err != nil {
		return err
	}
	toEpisodes, err := Rows[episodeRow](job, "episodes")
	if err != nil {
		return err
	}
	toSteps, err := Rows[stepRow](job, "steps")
	if err != nil {
		return err
	}
	var next int64
	if job.State() != nil {
		if _, err := fmt.Sscan(string(job.State()), &next); err != nil {
			return err
		}
	}
	for e := next; e < episodes; e++ {
		episode := episodeRow{Key: results.Key{RunID: run.ID, Scenario: "small", Agent: agent, Seed: 1, Episode: e}}
		var steps []stepRow
		for i := range int64(stepsPerEpisode) {
			step := stepRow{Key: episode.Key, Price: float64(e) + float64(i)/10}
			step.Step = i
			steps = append(steps, step)
		}
		if err := errors.Join(toEpisodes.Write([]episodeRow{episode}), toSteps.Write(steps)); err != nil {
			return err
		}
		if (e+1)%p.everyEpisode == 0 {
			if err := job.Checkpoint(fmt.Append(nil, e+1)); err != nil {
				return err
			}
		}
	}
	return job.Checkpoint(fmt.Append(nil, episodes))
}

// snapshot is a run's files by name, without timing.json.
func snapshot(t *testing.T, f FS, dir string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	entries, err := f.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		if e.IsDir() {
			for inner, data := range snapshot(t, f, name) {
				all[e.Name()+"/"+inner] = data
			}
		} else if data, err := readFile(f, name); err != nil {
			t.Fatal(err)
		} else if e.Name() != timingFile {
			all[e.Name()] = string(data)
		}
	}
	return all
}

func TestARunIsCompleteVerifiedListedAndDeleted(t *testing.T) {
	store := Store{Root: filepath.Join(t.TempDir(), "results", "runs")}
	if list, err := store.List(); err != nil || list != nil {
		t.Fatalf("no runs yet: %v, %v", list, err)
	}
	if err := small.execute(store, false); err != nil {
		t.Fatal(err)
	}
	id := ID(small.scenario)
	m, err := store.Verify("small", id)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range m.Files {
		names = append(names, f.Name)
	}
	want := []string{"episodes.parquet", "models/arima.json", "scenario.toml", "steps.parquet", "summary.json"}
	if !slices.Equal(names, want) || m.RunID != id || m.Name != "small" {
		t.Errorf("manifest of %s %s lists %v", m.Name, m.RunID, names)
	}
	steps, err := parquet.ReadFile[stepRow](filepath.Join(store.Root, "small", id, "steps.parquet"))
	if err != nil || len(steps) != 2*episodes*stepsPerEpisode {
		t.Errorf("%d steps, %v", len(steps), err)
	}
	if !slices.IsSortedFunc(steps, func(a, b stepRow) int { return a.Key.Compare(b.Key) }) {
		t.Error("the steps are out of order")
	}
	list, err := store.List()
	if err != nil || len(list) != 1 || list[0].ID != id || !reflect.DeepEqual(list[0].Manifest, m) {
		t.Errorf("list: %+v, %v", list, err)
	}
	left, err := os.ReadDir(filepath.Join(store.Root, "small"))
	if err != nil || len(left) != 1 {
		t.Errorf("beside the run there is %v, %v", left, err)
	}
	if err := store.Delete("small", id); err != nil {
		t.Fatal(err)
	}
	if list, err := store.List(); err != nil || list != nil {
		t.Errorf("deleted, yet %v, %v", list, err)
	}
	var bad *field.Error
	if err := store.Delete("small", id); !errors.As(err, &bad) {
		t.Errorf("deleted twice: %v", err)
	}
}

func TestJobsOnSeveralGoroutinesGiveTheSameBytes(t *testing.T) {
	agents := []string{"a", "b", "c", "d", "e"}
	var first map[string]string
	for _, workers := range []int{1, 2, 7} {
		disk := newMemory()
		run, err := Store{Root: "runs", FS: disk}.Open("small", small.scenario, Options{})
		if err != nil {
			t.Fatal(err)
		}
		work := make(chan string)
		var group sync.WaitGroup
		for range workers {
			group.Go(func() {
				for agent := range work {
					if err := small.train(run, agent); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for _, agent := range agents {
			work <- agent
		}
		close(work)
		group.Wait()
		if err := errors.Join(Merge[stepRow](run, "steps"), Merge[episodeRow](run, "episodes"), run.Finish(Build{})); err != nil {
			t.Fatal(err)
		}
		if bytes := snapshot(t, disk, run.Dir); first == nil {
			first = bytes
		} else if !reflect.DeepEqual(first, bytes) {
			t.Errorf("%d workers give other bytes than one", workers)
		}
	}
}

func TestDamageToACompleteRunIsFound(t *testing.T) {
	store := Store{Root: t.TempDir()}
	if err := small.execute(store, false); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(store.Root, "small", ID(small.scenario), "summary.json")
	if err := os.WriteFile(name, []byte("forged"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Verify("small", ID(small.scenario)); err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("got %v", err)
	}
}

func TestTheSameRunAgainIsReplacedByTheSameBytes(t *testing.T) {
	store := Store{Root: t.TempDir()}
	if err := small.execute(store, false); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(store.Root, "small", ID(small.scenario))
	first := snapshot(t, OS{}, dir)
	rare := small
	rare.everyEpisode = 9 // other checkpoints, other segments, same rows
	if err := rare.execute(store, false); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(first, snapshot(t, OS{}, dir)) {
		t.Error("the bytes differ")
	}
}

func TestADiscardedRunLeavesTheCompleteOne(t *testing.T) {
	store := Store{Root: t.TempDir()}
	if err := small.execute(store, false); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(store.Root, "small", ID(small.scenario))
	first := snapshot(t, OS{}, dir)
	run, err := store.Open("small", small.scenario, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(run.WriteFile("half", []byte("written")), run.Discard()); err != nil {
		t.Fatal(err)
	}
	there, err := os.ReadDir(filepath.Dir(dir))
	if err != nil || len(there) != 1 || !reflect.DeepEqual(first, snapshot(t, OS{}, dir)) {
		t.Errorf("after a discarded run: %v, %v", there, err)
	}
}

func TestADiskThatFillsUpGivesOneClearErrorAndCanBeResumed(t *testing.T) {
	reference := newMemory()
	if err := small.execute(Store{Root: "runs", FS: reference}, false); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join("runs", "small", ID(small.scenario))
	for space := int64(1); ; space += 997 {
		disk := newMemory()
		err := small.execute(Store{Root: "runs", FS: &Faulty{FS: disk, Space: space}}, false)
		if err == nil {
			break
		}
		var told *field.Error
		if !errors.As(err, &told) || !errors.Is(err, syscall.ENOSPC) || told.Found != "a full disk" || told.File == "" || strings.Contains(err.Error(), "\n") {
			t.Fatalf("%d bytes of space: %v", space, err)
		}
		checkNothingHalf(t, disk, int(space))
		if err := small.execute(Store{Root: "runs", FS: disk}, true); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(snapshot(t, reference, dir), snapshot(t, disk, dir)) {
			t.Fatalf("%d bytes of space, then resume: other bytes", space)
		}
	}
}

func TestAFolderThatCannotBeWrittenGivesOneClearError(t *testing.T) {
	inTheWay := filepath.Join(t.TempDir(), "runs")
	if err := os.WriteFile(inTheWay, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name  string
		store Store
		found string
	}{
		{"root", Store{Root: "runs", FS: &Faulty{FS: newMemory(), Denied: "runs"}}, "permission denied"},
		{"files", Store{Root: "runs", FS: &Faulty{FS: newMemory(), Denied: "models"}}, "permission denied"},
		{"a file where the folder should be", Store{Root: inTheWay}, "a file in the way"},
	}
	for _, c := range cases {
		err := small.execute(c.store, false)
		var told *field.Error
		if !errors.As(err, &told) || told.Found != c.found || !strings.Contains(err.Error(), "--out") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestNamesThatCannotBeFoldersAreRefused(t *testing.T) {
	for _, name := range []string{"", ".", "..", "a/b", "/", ".hidden"} {
		if _, err := (Store{Root: "runs", FS: newMemory()}).Open(name, nil, Options{}); err == nil {
			t.Errorf("%q was accepted", name)
		}
	}
	run, err := (Store{Root: "runs", FS: newMemory()}).Open("small", nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := run.WriteFile("../escape", nil); err == nil {
		t.Error("a file outside the run was accepted")
	}
	if _, err := run.ReadFile("none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

func TestASecondWriterIsRefusedAndToldWhoIsFirst(t *testing.T) {
	store := Store{Root: t.TempDir()}
	run, err := store.Open("small", small.scenario, Options{Holder: "souk train, process 4711"})
	if err != nil {
		t.Fatal(err)
	}
	var locked *LockedError
	if _, err := store.Open("small", small.scenario, Options{}); !errors.As(err, &locked) || !strings.Contains(err.Error(), "souk train, process 4711") {
		t.Errorf("a second writer: %v", err)
	}
	if err := store.Delete("small", run.ID); !errors.As(err, &locked) {
		t.Errorf("deleting under a writer: %v", err)
	}
	other, err := store.Open("small", []byte("name = \"other\""), Options{})
	if err != nil {
		t.Fatalf("another scenario is another run: %v", err)
	}
	if err := errors.Join(other.Close(), run.Close()); err != nil {
		t.Fatal(err)
	}
	if run, err = store.Open("small", small.scenario, Options{}); err != nil {
		t.Fatalf("after the first writer closed: %v", err)
	}
	if err := run.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestADamagedCheckpointIsRefused(t *testing.T) {
	disk := newMemory()
	store := Store{Root: "runs", FS: disk}
	run, err := store.Open("small", small.scenario, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := small.train(run, "sarsa"); err != nil {
		t.Fatal(err)
	}
	if err := run.Close(); err != nil {
		t.Fatal(err)
	}
	for _, spoil := range []func(){
		func() { disk.remove("steps-000000.000001.parquet") },
		func() { disk.flip(checkpointFile) },
	} {
		spoil()
		run, err := store.Open("small", small.scenario, Options{Resume: true})
		if err != nil {
			t.Fatal(err)
		}
		var bad *field.Error
		if _, err := run.Job("sarsa/1"); !errors.As(err, &bad) || !strings.Contains(bad.Expected, "--resume") {
			t.Errorf("got %v", err)
		}
		if err := run.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRowsOutOfOrderAndJobsTwiceAreRefused(t *testing.T) {
	run, err := (Store{Root: "runs", FS: newMemory()}).Open("small", nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	job, err := run.Job("a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run.Job("a"); err == nil {
		t.Error("a job was opened twice")
	}
	rows, err := Rows[episodeRow](job, "episodes")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Rows[episodeRow](job, "episodes"); err == nil {
		t.Error("a table was opened twice")
	}
	if err := rows.Write([]episodeRow{{Key: results.Key{Episode: 2}}, {Key: results.Key{Episode: 1}}}); err == nil {
		t.Error("rows out of order were accepted")
	}
}

func FuzzCheckpoint(f *testing.F) {
	f.Add([]byte(""))
	f.Add([]byte("00\n{\"steps\":1}\n7"))
	f.Fuzz(func(t *testing.T, data []byte) {
		disk := newMemory()
		run, err := Store{Root: "runs", FS: disk}.Open("small", nil, Options{})
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(data) // with a checksum that fits, so that what is behind it is reached
		disk.files[filepath.Join(run.work, partialDir, "a", checkpointFile)] = &memoryFile{data: fmt.Appendf(nil, "%x\n%s", sum, data)}
		disk.dirs[filepath.Join(run.work, partialDir)], disk.dirs[filepath.Join(run.work, partialDir, "a")] = true, true
		_, _ = run.Job("a")
	})
}

func TestARunWithATruncatedFileIsListedAsDamaged(t *testing.T) {
	store := Store{Root: t.TempDir()}
	r, err := store.Open("tuna", []byte("x = 1\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(r.WriteFile("summary.json", []byte("{}\n")), r.Finish(Build{})); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"complete", "damaged"} {
		all, err := store.List()
		if err != nil || len(all) != 1 || all[0].State != want || (all[0].Damage != "") != (want == "damaged") {
			t.Errorf("%+v, %v, not %s", all, err, want)
		}
		if err := os.Truncate(filepath.Join(r.Dir, "summary.json"), 1); err != nil {
			t.Fatal(err)
		}
	}
	told := ""
	again, err := store.Open("tuna", []byte("x = 1\n"), Options{Resume: true, Tell: func(what string) { told += what }})
	if err != nil || !strings.Contains(told, "complete") {
		t.Fatalf("%v, told %q", err, told)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"schema":"souk.run/1","files":[{"name":"a","size":1,"sha256":"00"}]}`))
	f.Add([]byte(`{"schema":"` + manifestSchema + `","name":"small","files":[{"name":"../../a","size":-1}]}`))
	f.Fuzz(func(_ *testing.T, data []byte) {
		disk := newMemory()
		store := Store{Root: "runs", FS: disk}
		for _, dir := range []string{"runs", "runs/small", "runs/small/0123456789ab"} {
			disk.dirs[filepath.FromSlash(dir)] = true
		}
		disk.files[filepath.Join("runs", "small", "0123456789ab", manifestFile)] = &memoryFile{data: data}
		_, _ = store.List()
		_, _ = store.Verify("small", "0123456789ab")
		_, _ = store.Finished("small", "0123456789ab")
	})
}
