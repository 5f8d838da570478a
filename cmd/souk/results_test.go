package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios/workflow"
)

// tinyRuns are runs of a small scenario that differ in a key, by run id.
func tinyRuns(t *testing.T, out string, episodes ...string) (ids []string) {
	t.Helper()
	for _, n := range episodes {
		code, stdout, stderr := call(t, "train", "smoke", "--json", "-q", "--out", out, "--set", "train.episodes="+n, "--set", "evaluate.paths=3")
		var summary workflow.Summary
		if err := json.Unmarshal([]byte(stdout), &summary); code != exitDone || err != nil {
			t.Fatalf("exit code %d, %v: %s", code, err, stderr)
		}
		ids = append(ids, summary.RunID)
	}
	return ids
}

func TestResultsListFiltersShowsComparesAndDeletes(t *testing.T) {
	out := t.TempDir()
	ids := tinyRuns(t, out, "20", "30")
	if err := os.MkdirAll(filepath.Join(out, "other", "0123456789ab.incomplete"), 0o777); err != nil {
		t.Fatal(err)
	}
	list := func(flags ...string) (runs []listed) {
		code, stdout, stderr := call(t, append([]string{"results", "list", "--json", "--out", out}, flags...)...)
		var all struct{ Runs []listed }
		if err := json.Unmarshal([]byte(stdout), &all); code != exitDone || err != nil {
			t.Fatalf("exit code %d, %v: %s", code, err, stderr)
		}
		return all.Runs
	}
	for want, flags := range map[int][][]string{
		3: {nil, {"--name", "*"}},
		2: {{"--name", "smo*"}, {"--state", "complete"}, {"--kind", "train"}},
		1: {{"--state", "incomplete"}, {"--name", "other"}},
		0: {{"--kind", "bench"}, {"--state", "damaged"}, {"--version", "0.0.1"}, {"--name", "other", "--kind", "train"}},
	} {
		for _, f := range flags {
			if got := list(f...); len(got) != want {
				t.Errorf("%v lists %d runs, not %d", f, len(got), want)
			}
		}
	}
	code, stdout, stderr := call(t, "results", "compare", "smoke/"+ids[0], "smoke/"+ids[1], "--out", out)
	if code != exitDone || !strings.Contains(stdout, "train.episodes  20  30\n") || !strings.Contains(stdout, "B − A") || !strings.Contains(stdout, "best-fixed, $") {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
	code, stdout, stderr = call(t, "results", "compare", "smoke/"+ids[0], "smoke/"+ids[1], "--out", out, "--json")
	var c compared
	if err := json.Unmarshal([]byte(stdout), &c); code != exitDone || err != nil {
		t.Fatalf("exit code %d, %v: %s", code, err, stderr)
	}
	if len(c.Settings) != 1 || c.Settings[0].Key != "train.episodes" || len(c.Figures) < 3 {
		t.Errorf("%+v", c)
	}
	for _, f := range c.Figures {
		if f.Name == "best-fixed" && (*f.More[1] != 0 || f.ByRun[0].Low == nil) { // the same paths
			t.Errorf("the best fixed price earns %v more in the second run", *f.More[1])
		}
	}
	code, stdout, stderr = call(t, "results", "show", "smoke/"+ids[1], "--out", out)
	if code != exitDone || !strings.Contains(stdout, ids[1]) || !strings.Contains(stdout, "30 episodes") {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
	if code, _, stderr = call(t, "results", "delete", "smoke", ids[0], "--out", out); code != exitDone || len(list("--name", "smoke")) != 1 {
		t.Errorf("not deleted: %s", stderr)
	}
}

// What souk optimize fills in is no change of the scenario, and its calendar is a result.
func TestResultsListTellsOfACalendar(t *testing.T) {
	out := t.TempDir()
	if code, _, stderr := call(t, "optimize", "exact-problems", "--set", "evaluate.paths=4", "-q", "--out", out); code != exitDone {
		t.Fatal(stderr)
	}
	code, stdout, stderr := call(t, "results", "list", "--out", out)
	if lines := strings.Split(stdout, "\n"); code != exitDone || len(lines) != 3 || !strings.Contains(lines[1], " evaluate.paths=4  ") || !strings.Contains(lines[1], "calendar ") {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
}

func TestResultsRefusesWhatItCannotShow(t *testing.T) {
	out := t.TempDir()
	for _, c := range []struct {
		args []string
		code int
		said []string
	}{
		{[]string{"list", "--state", "done"}, exitUsage, []string{"--state", "done", "complete, incomplete, damaged"}},
		{[]string{"list", "--kind", "tain"}, exitUsage, []string{"--kind", "train"}},
		{[]string{"list", "--name", "["}, exitUsage, []string{"--name"}},
		{[]string{"show", "nothing"}, exitInvalid, []string{"nothing", "souk results list"}},
		{[]string{"compare", "one"}, exitUsage, []string{"RUN"}},
		{[]string{"compare", "one", "two"}, exitInvalid, []string{"one", "souk results list"}},
	} {
		code, stdout, stderr := call(t, append(append([]string{"results"}, c.args...), "--out", out)...)
		complains(t, code, c.code, stdout, stderr, c.said...)
	}
}

func TestKindsOfRuns(t *testing.T) {
	for want, files := range map[string][]string{"train": {"episodes.parquet", "summary.json"}, "bench": {"bench.json", "scores.parquet"}, "": {"notes.txt"}} {
		m := &rundir.Manifest{}
		for _, f := range files {
			m.Files = append(m.Files, rundir.Entry{Name: f})
		}
		if got := workflow.RunKind(m); got != want {
			t.Errorf("%v is of kind %q, not %q", files, got, want)
		}
	}
}
