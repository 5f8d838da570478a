package main

import (
	"bytes"
	"context"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
)

// trained is the files of a run but for timing.json, by name: scenario is the scenario and the flags that make it small.
func trained(t *testing.T, scenario []string, out string, args ...string) map[string]string {
	t.Helper()
	code, _, stderr := call(t, slices.Concat([]string{"train"}, scenario, []string{"--quiet", "--out", out}, args)...)
	if code != exitDone {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	return files(t, out)
}

// files reads the one complete run under out.
func files(t *testing.T, out string) map[string]string {
	t.Helper()
	runs, err := rundir.Store{Root: out}.List()
	if err != nil || len(runs) != 1 || runs[0].Manifest == nil {
		t.Fatalf("not one complete run: %+v, %v", runs, err)
	}
	if _, err := (rundir.Store{Root: out}).Verify(runs[0].Name, runs[0].ID); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	tree := os.DirFS(runs[0].Dir)
	err = fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || name == "timing.json" {
			return err
		}
		content, err := fs.ReadFile(tree, name)
		all[name] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"manifest.json", "scenario.toml", "summary.json", "report.txt", "episodes.parquet", "steps.parquet", "policy/manifest.json"} {
		if all[name] == "" {
			t.Errorf("%s is absent or empty", name)
		}
	}
	return all
}

func same(t *testing.T, what string, a, b map[string]string) {
	t.Helper()
	if x, y := slices.Sorted(maps.Keys(a)), slices.Sorted(maps.Keys(b)); !slices.Equal(x, y) {
		t.Fatalf("%s: other files: %v and %v", what, x, y)
	}
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if a[name] != b[name] {
			t.Errorf("%s: %s differs", what, name)
		}
	}
}

func TestARunIsTheSameBytesOnAnyNumberOfWorkersAndInterrupted(t *testing.T) {
	for _, scenario := range [][]string{append([]string{"canned-tuna"}, smoke...), {"smoke", "--set", "train.episodes=60", "--set", "train.checkpoint=20"},
		{twoLearners(t), "--set", "train.episodes=60", "--set", "train.checkpoint=20", "--set", "train.stop={ unchanged = 40 }"}} {
		t.Run(filepath.Base(scenario[0]), func(t *testing.T) { sameOnAnyNumberOfWorkersAndInterrupted(t, scenario) })
	}
}

func sameOnAnyNumberOfWorkersAndInterrupted(t *testing.T, scenario []string) {
	one := trained(t, scenario, t.TempDir(), "--workers", "1")
	if strings.Contains(one["policy/card.md"], "\n0 of ") || !strings.Contains(one["policy/card.md"], "values were tried") {
		t.Errorf("nothing was learned, so equal bytes prove little:\n%s", one["policy/card.md"])
	}
	same(t, "two workers", one, trained(t, scenario, t.TempDir(), "--workers", "2"))

	out := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	var stdout, stderr bytes.Buffer
	stop := writer(func(p []byte) (int, error) { // at the first word of training
		if bytes.Contains(p, []byte(stageName("train"))) {
			cancel()
		}
		return stderr.Write(p)
	})
	args := slices.Concat([]string{"train"}, scenario, []string{"--out", out})
	if code := run(ctx, args, nil, &stdout, stop); code != exitInterrupted {
		t.Fatalf("interrupted, the exit code is %d: %s", code, &stderr)
	}
	if !bytes.Contains(stderr.Bytes(), []byte("--resume")) {
		t.Errorf("interrupted, it says %s", &stderr)
	}
	same(t, "interrupted and resumed", one, trained(t, scenario, out, "--resume"))
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

// twoLearners is the path of the scenario smoke in which the other shop learns too.
func twoLearners(t *testing.T) string {
	t.Helper()
	s, err := scenarios.Open("smoke")
	if err != nil {
		t.Fatal(err)
	}
	brain := `brain = { rule = "follower", rival = "lowest_rival_rung", margin = 0.05 }`
	if !strings.Contains(s.Text, brain) {
		t.Fatal("the other shop of smoke has another brain")
	}
	file := filepath.Join(t.TempDir(), "two.toml")
	text := strings.Replace(s.Text, brain, "agent = \"q-learning\"\nstate = { lowest_rival_rung = { bins = 4 } }", 1)
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestARunKilledAtAnyMomentResumesToTheSameBytes(t *testing.T) {
	for _, scenario := range [][]string{append([]string{"canned-tuna"}, smoke...), {twoLearners(t), "--set", "train.episodes=300", "--set", "train.checkpoint=20"}} {
		t.Run(filepath.Base(scenario[0]), func(t *testing.T) { killedAtAnyMoment(t, scenario) })
	}
}

// killedAtAnyMoment kills real processes, one after the other on one run until one of them is through, at moments that a seeded generator draws.
func killedAtAnyMoment(t *testing.T, scenario []string) {
	kills := 3
	if testing.Short() {
		t.Skip("-short: kills processes for some seconds; go test ./cmd/souk does, with -tags long 20 times")
	}
	if long {
		kills = 20
	}
	program := filepath.Join(t.TempDir(), "souk")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	arguments := func(out string) []string {
		return slices.Concat([]string{"train"}, scenario, []string{"--quiet", "--resume", "--out", out})
	}
	whole := t.TempDir()
	began := time.Now()
	if out, err := exec.Command(program, arguments(whole)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	takes := time.Since(began)
	want := files(t, whole)
	random := rand.New(rand.NewPCG(1, 2))
	for out := ""; kills > 0; kills-- {
		if out == "" {
			out = t.TempDir()
		}
		cmd := exec.Command(program, arguments(out)...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(random.Float64() * float64(takes)))
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // killed
		runs, err := rundir.Store{Root: out}.List()
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range runs {
			if r.Manifest == nil {
				continue
			}
			if _, err := (rundir.Store{Root: out}).Verify(r.Name, r.ID); err != nil {
				t.Errorf("a killed run looks complete: %v", err)
			}
		}
		if kills%3 != 1 {
			continue // and kill it again where it goes on
		}
		if out, err := exec.Command(program, arguments(out)...).CombinedOutput(); err != nil {
			t.Fatalf("resumed: %v: %s", err, out)
		}
		same(t, "killed and resumed", want, files(t, out))
		out = ""
	}
}

func TestGoRunAndGoBuildLeaveTheSameBytes(t *testing.T) {
	if !long {
		t.Skip("links the program again: go test -tags long")
	}
	built := t.TempDir()
	program := filepath.Join(t.TempDir(), "souk")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if out, err := exec.Command(program, append([]string{"train", "canned-tuna", "--quiet", "--out", built}, smoke...)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	ran := t.TempDir()
	if out, err := exec.Command("go", append([]string{"run", ".", "train", "canned-tuna", "--quiet", "--out", ran}, smoke...)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	same(t, "go run and go build", files(t, built), files(t, ran))
}
