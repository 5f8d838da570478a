package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/results/rundir"
)

// quickBench makes a benchmark of smoke small.
var quickBench = []string{"--quiet", "--runs", "4", "--set", "train.episodes=40", "--set", "train.checkpoint=10", "--set", "evaluate.paths=8", "--set", "time.horizon=5"}

// benchmark runs souk bench and reads the files that it leaves but for timing.json.
func benchmark(t *testing.T, out string, args ...string) map[string]string {
	t.Helper()
	code, _, stderr := call(t, slices.Concat([]string{"bench"}, args, []string{"--out", out})...)
	if code != exitDone {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	runs, err := rundir.Store{Root: out}.List()
	if err != nil || len(runs) != 1 || runs[0].Manifest == nil {
		t.Fatalf("not one complete run: %+v, %v", runs, err)
	}
	all := map[string]string{}
	for _, e := range runs[0].Manifest.Files {
		content, err := os.ReadFile(filepath.Join(runs[0].Dir, e.Name))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name] = string(content)
	}
	return all
}

func TestABenchmarkIsTheSameBytesOnAnyNumberOfWorkersAndInterrupted(t *testing.T) {
	for k, args := range [][]string{append([]string{"smoke"}, quickBench...), append([]string{twoLearners(t)}, quickBench...),
		append([]string{"smoke", "exact-problems", "--set", "train.episodes=20"}, quickBench[:3]...)} {
		one := benchmark(t, t.TempDir(), append(args, "--workers", "1")...)
		for _, name := range []string{"bench.json", "scores.parquet", "episodes.parquet", "report.txt", "tables/bench.md", "tables/bench.tex", "tables/bench.csv", "scenario.toml"} {
			if one[name] == "" {
				t.Errorf("%v: %s is absent or empty", args, name)
			}
		}
		same(t, "two workers", one, benchmark(t, t.TempDir(), append(args, "--workers", "2")...))
		for _, stage := range []string{"train", "evaluate"}[:2-min(k, 1)] {
			out := t.TempDir()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			told := 0
			stop := writer(func(p []byte) (int, error) { // in the middle of the stage
				if bytes.Contains(p, []byte(stageName(stage))) {
					if told++; told == 6 {
						cancel()
					}
				}
				return len(p), nil
			})
			loud := slices.DeleteFunc(slices.Clone(args), func(a string) bool { return a == "--quiet" })
			if code := run(ctx, slices.Concat([]string{"bench"}, loud, []string{"--out", out}), nil, &bytes.Buffer{}, stop); code != exitInterrupted {
				t.Fatalf("interrupted at %s, the exit code is %d", stage, code)
			}
			same(t, "interrupted at "+stage+" and resumed", one, benchmark(t, out, append(args, "--resume")...))
		}
	}
}

// A disk that dies at any operation is a process that is killed there.
func TestABenchmarkKilledAtAnyMomentResumesToTheSameBytes(t *testing.T) {
	args := append([]string{"smoke"}, quickBench...)
	want := benchmark(t, t.TempDir(), args...)
	count := &rundir.Faulty{FS: rundir.OS{}}
	crash := func(out string, disk rundir.FS, more ...string) int {
		var stdout, stderr bytes.Buffer
		a := &app{stdin: strings.NewReader(""), stdout: newStdout(&stdout), stderr: &stderr, disk: disk}
		return a.run(t.Context(), slices.Concat([]string{"bench"}, args, []string{"--out", out}, more))
	}
	if code := crash(t.TempDir(), count); code != exitDone {
		t.Fatal(code)
	}
	step := max(1, count.Operations()/5)
	if long {
		step = 1
	}
	for at := step; at < count.Operations(); at += step {
		out := t.TempDir()
		if code := crash(out, &rundir.Faulty{FS: rundir.OS{}, CrashAt: at}); code == exitDone {
			continue // after the last rename
		}
		same(t, "killed and resumed", want, benchmark(t, out, append(args, "--resume")...))
	}
}

func TestGatesOfABenchmark(t *testing.T) {
	out := t.TempDir()
	args := []string{"bench", "smoke", "--quiet", "--out", out, "--agents", "none"}
	code, stdout, stderr := call(t, append(args, "--require", "best-fixed > random", "--require", "opening <= fixed")...)
	if code != exitDone || stderr != "" || strings.Count(stdout, "is met") != 2 {
		t.Errorf("exit code %d, %q\n%s", code, stderr, stdout)
	}
	code, stdout, stderr = call(t, append(args, "--require", "random > best-fixed", "--require", "best-fixed > random")...)
	if code != exitUnmet || !strings.Contains(stdout, "is not met") || !strings.HasPrefix(stderr, "souk: smoke: random > best-fixed is not met: random earns ") || strings.Count(stderr, "\n") != 1 || strings.Contains(stderr, "is met") {
		t.Errorf("exit code %d, %q\n%s", code, stderr, stdout)
	}
	for gate, parts := range map[string][]string{"q-learning > best-fixed": {`"q-learning"`}, "best-fixed": {"two policies"}, "best-fixd > random": {`"best-fixed"`}, "random > random": {"two policies"}} {
		code, stdout, stderr := call(t, append(args, "--require", gate)...)
		complains(t, code, exitUsage, stdout, stderr, append(parts, "--require")...)
	}
	code, stdout, stderr = call(t, append(args, "--set", "bench.require=['best-fixd > random']")...)
	complains(t, code, exitInvalid, stdout, stderr, "bench.require", `"best-fixed"`)
}

// Of two scenarios a gate holds where both of its policies play, or in the one that it is aimed at.
func TestGatesOfSeveralScenarios(t *testing.T) {
	args := []string{"bench", "smoke", "exact-problems", "--quiet", "--out", t.TempDir(), "--agents", "none"}
	code, stdout, stderr := call(t, append(args, "--require", "optimum > random", "--require", "smoke: best-fixed > random")...)
	if code != exitDone || stderr != "" || strings.Count(stdout, "is met") != 2 {
		t.Errorf("exit code %d, %q\n%s", code, stderr, stdout)
	}
	for gate, part := range map[string]string{"best-fixd > random": `"best-fixd"`, "exact-problems: opening > random": `"opening"`} {
		code, stdout, stderr := call(t, append(args, "--require", gate)...)
		complains(t, code, exitUsage, stdout, stderr, "--require", part)
	}
}

func TestABenchmarkOfASolvedProblemIsExact(t *testing.T) {
	out := t.TempDir()
	if code, _, stderr := call(t, "bench", "gallego-van-ryzin-1994", "--quiet", "--json", "--runs", "3", "--set", "train.episodes=500", "--out", out); code != exitDone {
		t.Fatal(stderr)
	}
	code, measured, stderr := call(t, "train", "gallego-van-ryzin-1994", "--quiet", "--json", "--set", "train.episodes=500", "--set", "train.seeds=3", "--set", "evaluate.paths=10", "--out", t.TempDir())
	if code != exitDone {
		t.Fatal(stderr)
	}
	var want struct {
		Measures []struct {
			Measure string
			Value   float64
		}
	}
	if err := json.Unmarshal([]byte(measured), &want); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(out + "/*/*/tables/bench.csv")
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, row := range rows[1:] {
		for _, m := range want.Measures {
			if m.Measure == row[1] || m.Measure == "value:"+row[1] {
				var mean float64
				if err := json.Unmarshal([]byte(row[6]), &mean); err != nil || math.Abs(mean-m.Value) > 1e-9 {
					t.Errorf("%s: the benchmark has %s, souk train %v", row[1], row[6], m.Value)
				}
				found++
			}
		}
	}
	if found < 5 { // two learners, best-fixed, random, fluid, optimum
		t.Errorf("%d policies compared, of %d", found, len(rows)-1)
	}
}

func TestWhatABenchmarkCannotCompare(t *testing.T) {
	out := t.TempDir()
	trained(t, append([]string{"smoke"}, "--set", "train.episodes=10", "--set", "evaluate.paths=2"), out)
	bundles, err := filepath.Glob(out + "/smoke/*/policy")
	if err != nil || len(bundles) != 1 {
		t.Fatal(bundles, err)
	}
	for _, c := range []struct {
		args  []string
		exit  int
		parts []string
	}{
		{[]string{"klein-2021"}, exitInvalid, []string{"game", "souk train"}},
		{[]string{"margarine"}, exitInvalid, []string{"margarine.toml"}},
		{[]string{"smoke", "--policy", "nothing-of-that-name"}, exitUsage, []string{"nothing-of-that-name", "best-fixed"}},
		{[]string{"smoke", "--policy", "random", "--policy", "random"}, exitUsage, []string{"each policy once"}},
		{[]string{"smoke", "--policy", bundles[0], "--set", `sellers.us.offers={ levels = [0.9, 1.0] }`}, exitUsage, []string{"made for another market", "its ladder has 10 offers"}},
		{[]string{"flash-sale", "--policy", bundles[0]}, exitUsage, []string{"made for another market"}},
		{[]string{"smoke", "--agents", "q-lerning"}, exitInvalid, []string{"bench.agents", "q-learning"}},
		{[]string{"smoke", "--runs", "1"}, exitUsage, []string{"--runs"}},
		{[]string{"smoke", "smoke"}, exitInvalid, []string{"again"}},
		{[]string{"smoke", "--latex", "nowhere/table.tex"}, exitInvalid, []string{"--latex", "nowhere/table.tex"}},
	} {
		code, stdout, stderr := call(t, slices.Concat([]string{"bench", "--quiet", "--out", t.TempDir()}, c.args)...)
		complains(t, code, c.exit, stdout, stderr, c.parts...)
	}
	code, stdout, stderr := call(t, slices.Concat([]string{"bench", "smoke", "--policy", bundles[0], "--agents", "none", "--out", out}, quickBench[:1], quickBench[5:])...)
	if code != exitDone || !strings.Contains(stdout, "smoke q-learning") {
		t.Errorf("a bundle of the same market: exit code %d, %s\n%s", code, stderr, stdout)
	}
}

func TestTablesOfABenchmarkGoWhereTheyAreWanted(t *testing.T) {
	folder := t.TempDir()
	args := slices.Concat([]string{"bench", "smoke", "--out", folder}, quickBench)
	names := map[string]string{"markdown": "| q-learning ×4 |", "latex": `q-learning $\times$4 &`, "csv": "smoke,q-learning,4,4,2,"}
	for name := range names {
		args = append(args, "--"+name, filepath.Join(folder, name))
	}
	if code, _, stderr := call(t, args...); code != exitDone {
		t.Fatal(stderr)
	}
	for name, part := range names {
		text, err := fs.ReadFile(os.DirFS(folder), name)
		if err != nil || !strings.Contains(string(text), part) {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
}
