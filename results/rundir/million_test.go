package rundir

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/results/parquet"
)

// training hands on n episodes of an agent in batches of 256, as a training does, with a checkpoint every so many. Row i is the same whoever asks.
func training(t testing.TB, j *Job, agent string, n, checkpoint int) {
	t.Helper()
	sink, err := Rows[results.Episode](j, "episodes")
	if err != nil {
		t.Fatal(err)
	}
	draw := rand.New(rand.NewPCG(1, 2))
	rows := make([]results.Episode, 0, 256)
	for i := range n {
		units, profit := float64(5000+draw.IntN(2000)), float64(draw.IntN(1e8))/1e4
		rows = append(rows, results.Episode{Key: results.Key{RunID: "0123456789ab", Scenario: "long", Agent: agent, Seed: 1, Episode: int64(i)},
			Exploration: 1 - float64(i)/float64(n), LearningRate: 0.1,
			Metrics: results.Metrics{Periods: 52, Reward: profit, Revenue: profit * 3, Profit: profit, Units: units, Customers: 4 * units, Purchases: units - 9, OwnUnits: units / 2,
				OwnRevenue: profit * 2, OwnProfit: profit / 2, PriceChanges: int64(draw.IntN(30)), DealPeriods: int64(draw.IntN(10)), MeanPrice: draw.Float64()}})
		if len(rows) == cap(rows) || i == n-1 {
			if err := sink.Write(rows); err != nil {
				t.Fatal(err)
			}
			rows = rows[:0]
		}
		if (i+1)%checkpoint == 0 {
			if err := j.Checkpoint([]byte("state")); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// longRun is the whole way of a run's episodes, from the learner to episodes.parquet on the disk.
func longRun(t testing.TB, root string, episodes, checkpoint int) *Run {
	r, err := Store{Root: root}.Open("long", []byte("name = \"long\"\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	j, err := r.Job("q-learning-1")
	if err != nil {
		t.Fatal(err)
	}
	training(t, j, "q-learning", episodes, checkpoint)
	if err := Merge[results.Episode](r, "episodes"); err != nil {
		t.Fatal(err)
	}
	return r
}

// A million episodes of 37 columns, written to segments and merged, on one goroutine: go test ./results/rundir -run - -bench Million -benchtime 1x
func BenchmarkMillionEpisodes(b *testing.B) {
	const episodes = 1_000_000
	for b.Loop() {
		r := longRun(b, b.TempDir(), episodes, 100_000)
		if err := r.Discard(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(episodes)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// The heap while a run of three times as many episodes is written is no larger.
func TestALongRunIsWrittenInConstantMemory(t *testing.T) {
	peak := func(episodes int) (most uint64) {
		runtime.GC()
		var before runtime.MemStats
		runtime.ReadMemStats(&before)
		done, measured := make(chan bool), make(chan uint64)
		go func() {
			most := uint64(0)
			for m := new(runtime.MemStats); ; {
				select {
				case <-done:
					measured <- most
					return
				case <-time.After(5 * time.Millisecond):
					runtime.ReadMemStats(m)
					most = max(most, m.HeapAlloc)
				}
			}
		}()
		r := longRun(t, t.TempDir(), episodes, 100_000)
		done <- true
		most = <-measured
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		return most - min(most, before.HeapAlloc)
	}
	const megabyte = 1 << 20
	short, long := peak(80_000), peak(240_000)
	t.Logf("%d MB for 80,000 episodes, %d MB for 240,000", short/megabyte, long/megabyte)
	if long > 2*short+8*megabyte || long > 100*megabyte {
		t.Errorf("%d MB for 80,000 episodes, %d MB for 240,000", short/megabyte, long/megabyte)
	}
}

// TestKilledWriter is the process that TestAKilledRunLeavesItsSegmentsReadable kills.
func TestKilledWriter(t *testing.T) {
	root := os.Getenv("SOUK_TEST_KILLED")
	if root == "" {
		t.Skip("it has no task but in another test's process")
	}
	longRun(t, root, 1<<30, 40_000)
}

func TestAKilledRunLeavesItsSegmentsReadable(t *testing.T) {
	root := t.TempDir()
	child := exec.Command(os.Args[0], "-test.run=^TestKilledWriter$")
	child.Env = append(os.Environ(), "SOUK_TEST_KILLED="+root)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	segments := func() []string {
		all, err := filepath.Glob(filepath.Join(root, "long", "*.incomplete", "partial", "q-learning-1", "episodes-??????.parquet"))
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	for began := time.Now(); len(segments()) < 5; time.Sleep(time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Error("no five segments in a minute")
			break
		}
	}
	if err := child.Process.Kill(); err != nil { // SIGKILL
		t.Fatal(err)
	}
	if err := child.Wait(); err == nil {
		t.Error("the writer ended before it was killed")
	}
	episode := int64(0)
	for _, name := range segments() {
		rows, err := parquet.ReadFile[results.Episode](name)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			if row.Episode != episode {
				t.Fatalf("%s: episode %d, expected %d", name, row.Episode, episode)
			}
			episode++
		}
	}
	if episode < 5*parquet.SegmentRows/2 {
		t.Errorf("%d episodes could be read", episode)
	}
	r, err := Store{Root: root}.Open("long", []byte("name = \"long\"\n"), Options{Resume: true})
	if err != nil {
		t.Fatal(err)
	}
	j, err := r.Job("q-learning-1")
	if err != nil || string(j.State()) != "state" {
		t.Errorf("resumed from %q: %v", j.State(), err)
	}
	if err := r.Discard(); err != nil {
		t.Fatal(err)
	}
}
