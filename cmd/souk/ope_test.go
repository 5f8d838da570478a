package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// decide writes a log of decisions and gives its path.
func decide(t *testing.T, args ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "log.jsonl")
	code, stdout, stderr := call(t, append([]string{"simulate", "exact-problems", "--set", "problem.reviews=3", "-q", "--decisions", file}, args...)...)
	if code != exitDone || !strings.Contains(stdout, " decisions of ") || stderr != "" {
		t.Fatalf("exit code %d, %q, %q", code, stdout, stderr)
	}
	return file
}

func TestADecisionLogIsEvaluatedAndLeavesARun(t *testing.T) {
	log := decide(t, "--policy", "best-fixed", "--explore", "0.5", "--paths", "600")
	out := t.TempDir()
	code, stdout, stderr := call(t, "ope", "--log", log, "--policy", "explore(best-fixed,0.3)", "--scenario", "exact-problems", "--set", "problem.reviews=3", "--out", out, "--json")
	var told struct {
		Schema, Policy, Context string
		Decisions               int
		Simulated               *struct{ Low, High float64 }
		Estimates               []struct {
			Name     string
			Estimate *struct{ Value, Low, High float64 }
		}
	}
	if err := json.Unmarshal([]byte(stdout), &told); err != nil || code != exitDone || stderr != "" {
		t.Fatalf("exit code %d, %v, %s", code, err, stderr)
	}
	if told.Schema != "souk/ope/1" || told.Policy != "explore(best-fixed,0.3)" || told.Context != "episodes" || told.Simulated == nil || len(told.Estimates) != 10 {
		t.Errorf("%+v", told)
	}
	for _, e := range told.Estimates {
		if e.Estimate == nil || !(e.Estimate.Low < told.Simulated.High && told.Simulated.Low < e.Estimate.High) {
			t.Errorf("%s: %+v, in the simulator %+v", e.Name, e.Estimate, told.Simulated)
		}
	}
	pages, err := filepath.Glob(filepath.Join(out, "exact-problems-ope", "*", "report.html"))
	if err != nil || len(pages) != 1 {
		t.Fatalf("pages: %v, %v", pages, err)
	}
	page, err := os.ReadFile(pages[0])
	if err != nil || !bytes.Contains(page, []byte("What the log tells")) {
		t.Error("the page does not tell")
	}
	if code, stdout, stderr = call(t, "ope", "--log", log, "--policy", "explore(fixed:2,0.6)", "--out", out, "--single"); code != exitDone || !strings.Contains(stdout, "\ndm ") {
		t.Errorf("without a scenario: exit code %d, %q, %q", code, stdout, stderr)
	}
}

func TestTheLogOfAPolicyThatDoesNotExploreIsRefused(t *testing.T) {
	log := decide(t, "--policy", "fixed:2", "--paths", "100")
	code, stdout, stderr := call(t, "ope", "--log", log, "--policy", "optimum", "--scenario", "exact-problems", "--set", "problem.reviews=3", "--set", "evaluate.paths=100", "--out", t.TempDir(), "-q")
	if code != exitUnmet || !strings.Contains(stdout, "never makes") || !strings.Contains(stderr, "does not tell") {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
}

// Without a scenario a log of one price does not tell the ladder: refused like any policy of which a log cannot tell.
func TestOffersThatALogNeverMakesAreRefusedWithoutAScenario(t *testing.T) {
	log := decide(t, "--policy", "fixed:2", "--paths", "100")
	code, stdout, stderr := call(t, "ope", "--log", log, "--policy", "fixed:1", "--out", t.TempDir(), "-q")
	complains(t, code, exitUnmet, stdout, stderr, "makes offers the log never makes", "--scenario")
}

func TestOpeTellsWhatIsWrong(t *testing.T) {
	log := decide(t, "--policy", "random", "--paths", "50")
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	without := filepath.Join(t.TempDir(), "without.jsonl")
	lines := strings.SplitAfter(string(text), "\n")
	lines[2] = strings.Replace(lines[2], `"propensity":`, `"propensities":`, 1)
	lines[2] = lines[2][:strings.Index(lines[2], `,"crc"`)] + "}\n"
	for i := range lines {
		if at := strings.Index(lines[i], `,"crc"`); at >= 0 {
			lines[i] = lines[i][:at] + "}\n"
		}
	}
	if err := os.WriteFile(without, []byte(strings.Join(lines, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		code int
		said string
		args []string
	}{
		{exitUsage, "--policy", []string{"--log", log}},
		{exitUsage, "--policy", []string{"--log", log, "--policy", "nonsense"}},
		{exitUsage, "--policy", []string{"--log", log, "--policy", "fixed:1.234"}},
		{exitUsage, "--policy", []string{"--log", log, "--policy", "explore(random,2)"}},
		{exitUsage, "--model", []string{"--log", log, "--policy", "random", "--model", "magic"}},
		{exitUsage, "--discount", []string{"--log", log, "--policy", "random", "--discount", "2"}},
		{exitInvalid, "--log", []string{"--log", log + ".none", "--policy", "random"}},
		{exitInvalid, "without.jsonl:3: propensity", []string{"--log", without, "--policy", "random"}},
		{exitUsage, "--explore", nil},
	} {
		out := t.TempDir()
		args := append([]string{"ope", "--out", out}, c.args...)
		if c.args == nil {
			args = []string{"simulate", "smoke", "--explore", "0.2"}
		}
		if code, _, stderr := call(t, args...); code != c.code || !strings.Contains(stderr, c.said) {
			t.Errorf("%v: exit code %d, %q", c.args, code, stderr)
		}
		if left, err := filepath.Glob(filepath.Join(out, "*", "*")); err != nil || len(left) > 0 {
			t.Errorf("%v leaves %v, %v", c.args, left, err)
		}
	}
}
