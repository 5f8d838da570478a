package rundir

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/results/parquet"
)

// TestACrashAnywhereLeavesNothingThatLooksComplete lets the process die at every single file operation in turn, with
// and without the loss of all bytes that were not synced, over an empty folder and over a complete older run.
func TestACrashAnywhereLeavesNothingThatLooksComplete(t *testing.T) {
	id := ID(small.scenario)
	dir := filepath.Join("runs", "small", id)
	next := small
	next.note = "second"
	reference := newMemory()
	if err := next.execute(Store{Root: "runs", FS: reference}, false); err != nil {
		t.Fatal(err)
	}
	want := snapshot(t, reference, dir)
	known := map[string]bool{}
	for _, c := range []struct {
		older, powerLoss bool
		every            int // the mixed cases crash at every third operation, to save time
	}{{false, false, 1}, {true, true, 1}, {false, true, 3}, {true, false, 3}} {
		if testing.Short() {
			if !c.older || !c.powerLoss {
				continue
			}
			c.every = 7
		}
		for at := 1; ; at += c.every {
			disk := newMemory()
			disk.known = known
			if c.older {
				if err := small.execute(Store{Root: "runs", FS: disk}, false); err != nil {
					t.Fatal(err)
				}
			}
			faulty := &Faulty{FS: disk, CrashAt: at}
			err := next.execute(Store{Root: "runs", FS: faulty}, false)
			if err == nil {
				t.Logf("older run %v, power loss %v: crashed at operations 1 to %d", c.older, c.powerLoss, at-1)
				break
			}
			if !errors.Is(err, ErrCrashed) {
				t.Fatalf("crash at %d: %v", at, err)
			}
			if c.powerLoss {
				disk.losePower()
			}
			checkNothingHalf(t, disk, at)
			if at%5 == 0 {
				crashAgain(t, next, disk, at)
			}
			if err := next.execute(Store{Root: "runs", FS: disk}, true); err != nil {
				t.Fatalf("crash at %d, then resume: %v", at, err)
			}
			if !reflect.DeepEqual(want, snapshot(t, disk, dir)) {
				t.Fatalf("crash at %d, then resume: other bytes", at)
			}
			if names := disk.names(filepath.Join("runs", "small")); !slices.Equal(names, []string{id}) {
				t.Fatalf("crash at %d, then resume: %v is left", at, names)
			}
		}
	}
}

// crashAgain lets the resumed run crash too, somewhere.
func crashAgain(t *testing.T, p plan, disk *memory, at int) {
	random := rand.New(rand.NewPCG(uint64(at), 7))
	if err := p.execute(Store{Root: "runs", FS: &Faulty{FS: disk, CrashAt: 1 + random.IntN(120)}}, true); err != nil && !errors.Is(err, ErrCrashed) {
		t.Fatalf("crash at %d, then resume and crash: %v", at, err)
	}
	checkNothingHalf(t, disk, at)
}

// checkNothingHalf holds every file that looks like a complete one against what it must be.
func checkNothingHalf(t *testing.T, disk *memory, at int) {
	t.Helper()
	store := Store{Root: "runs", FS: disk}
	list, err := store.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range list {
		if info.Manifest != nil {
			if _, err := store.Verify(info.Name, info.ID); err != nil {
				t.Fatalf("crash at %d: a run looks complete and is not: %v", at, err)
			}
		} else if !strings.HasSuffix(info.Dir, incomplete) {
			t.Fatalf("crash at %d: %s is no complete run", at, info.Dir)
		}
	}
	for name, file := range disk.files {
		whole := true
		switch {
		case strings.HasSuffix(name, "steps.parquet"), strings.Contains(name, "steps-"):
			whole = disk.known[string(file.data)] || wholeParquet[stepRow](name, file.data)
		case strings.HasSuffix(name, "episodes.parquet"), strings.Contains(name, "episodes-"):
			whole = disk.known[string(file.data)] || wholeParquet[episodeRow](name, file.data)
		case strings.HasSuffix(name, scenarioFile):
			whole = bytes.Equal(file.data, small.scenario)
		}
		if !whole {
			t.Fatalf("crash at %d: %s looks complete and is not", at, name)
		}
		if !strings.HasSuffix(name, temporary) {
			disk.known[string(file.data)] = true
		}
	}
}

func wholeParquet[R results.Row](name string, data []byte) bool {
	if strings.HasSuffix(name, temporary) {
		return true
	}
	r, err := parquet.NewReader[R](bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return false
	}
	rows := make([]R, 1000)
	n, err := r.Read(rows)
	return errors.Is(err, io.EOF) && int64(n) == r.Len() && n > 0
}

// TestAKilledProcessCanBeResumed kills this test's own binary at random moments (SIGKILL), on the real file system.
func TestAKilledProcessCanBeResumed(t *testing.T) {
	long := small
	long.everyEpisode = 1
	if root := os.Getenv("RUNDIR_TEST_ROOT"); root != "" {
		if err := long.execute(Store{Root: root}, true); err != nil {
			t.Fatal(err)
		}
		return
	}
	reference := newMemory()
	if err := long.execute(Store{Root: "runs", FS: reference}, false); err != nil {
		t.Fatal(err)
	}
	want := snapshot(t, reference, filepath.Join("runs", "small", ID(long.scenario)))
	store := Store{Root: t.TempDir()}
	random := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		child := exec.Command(os.Args[0], "-test.run=^TestAKilledProcessCanBeResumed$")
		child.Env = append(os.Environ(), "RUNDIR_TEST_ROOT="+store.Root)
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(random.IntN(60)) * time.Millisecond)
		_ = child.Process.Kill() // it may have finished
		_ = child.Wait()
		list, err := store.List()
		if err != nil {
			t.Fatal(err)
		}
		for _, info := range list {
			if info.Manifest != nil {
				if _, err := store.Verify(info.Name, info.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := long.execute(store, true); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(want, snapshot(t, OS{}, filepath.Join(store.Root, "small", ID(long.scenario)))) {
		t.Error("other bytes than an uninterrupted run's")
	}
}
