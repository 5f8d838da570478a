package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/souk-sim/souk/scenarios/workflow"
)

func TestEveryCommandHasAnExampleThatNamesItAndALineOfHelp(t *testing.T) {
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		if cmd.Short == "" || !strings.Contains(cmd.Example, cmd.CommandPath()) {
			t.Errorf("%s: help %q, example %q", cmd.CommandPath(), cmd.Short, cmd.Example)
		}
		code, stdout, stderr := call(t, append(strings.Fields(cmd.CommandPath())[1:], "--help")...)
		if code != exitDone || !strings.Contains(stdout, "Examples:") || stderr != "" {
			t.Errorf("%s --help: exit code %d, %q, %q", cmd.CommandPath(), code, stdout, stderr)
		}
		for line := range strings.Lines(stdout) {
			if len([]rune(line)) > 150 {
				t.Errorf("%s --help: a long line: %s", cmd.CommandPath(), line)
			}
		}
		for _, c := range cmd.Commands() {
			walk(c)
		}
	}
	walk((&app{}).root())
}

// TestExamplesRun runs the examples of the commands that only read.
func TestExamplesRun(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, line := range []string{"scenario list", "scenario show canned-tuna", "scenario show canned-tuna --resolved --set train.seeds=20",
		"scenario check canned-tuna --set train.seeds=20", "scenario schema", "scenario schema sellers", "scenario features canned-tuna",
		"scenario new my-tuna", "scenario check ./my-tuna.toml", "scenario new my-other --from ./my-tuna.toml", "results list", "help scenario show", "--version"} {
		for _, more := range [][]string{nil, {"--json"}} {
			if strings.HasPrefix(line, "scenario new") && more != nil || strings.HasPrefix(line, "help") || strings.HasPrefix(line, "--") {
				more = nil
				if _, err := os.Stat("my-other.toml"); err == nil && strings.HasPrefix(line, "scenario new") {
					continue
				}
				if _, err := os.Stat("my-tuna.toml"); err == nil && line == "scenario new my-tuna" {
					continue
				}
			}
			code, stdout, stderr := call(t, append(strings.Fields(line), more...)...)
			if code != exitDone || stdout == "" || stderr != "" {
				t.Errorf("souk %s %v: exit code %d, %q, %q", line, more, code, stdout, stderr)
			}
			if more == nil {
				continue
			}
			var document map[string]any
			if err := json.Unmarshal([]byte(stdout), &document); err != nil || !strings.HasPrefix(stdout, "{\n  \"schema\": \"souk/") {
				t.Errorf("souk %s --json: %v, %.80q", line, err, stdout)
			}
		}
	}
	if _, err := os.Stat("my-other.toml"); err != nil {
		t.Error(err)
	}
}

func TestAScenarioWithoutItsPathIsPointedTo(t *testing.T) {
	t.Chdir(t.TempDir())
	if code, _, stderr := call(t, "scenario", "new", "my"); code != exitDone {
		t.Fatal(stderr)
	}
	code, stdout, stderr := call(t, "scenario", "check", "my")
	complains(t, code, exitInvalid, stdout, stderr, "./my.toml exists: give the path")
}

func TestTheMainJobsOutputIsReadableAndItsPolicyAnswers(t *testing.T) {
	out := t.TempDir()
	code, report, progress := call(t, append([]string{"train", "canned-tuna", "--out", out}, smoke...)...)
	if code != exitDone {
		t.Fatal(progress)
	}
	for line := range strings.Lines(report) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > 100 && !strings.Contains(line, out) {
			t.Errorf("a line of %d columns: %s", n, line)
		}
	}
	for _, word := range []string{"How should Dominick's", "traffic fall", "ARIMA", "share logit", "over", "best-fixed", "clairvoyant", "policy/"} {
		if !strings.Contains(report, word) {
			t.Errorf("the report does not hold %q", word)
		}
	}
	if strings.ContainsAny(progress, "\r\x1b") {
		t.Error("something is animated off a terminal")
	}
	for _, word := range []string{"episodes", "reward"} {
		if !strings.Contains(progress, word) {
			t.Errorf("progress does not tell %s: %s", word, progress)
		}
	}

	bundles, err := filepath.Glob(out + "/canned-tuna/*/policy")
	if err != nil || len(bundles) != 1 {
		t.Fatalf("bundles %v, %v", bundles, err)
	}
	code, answer, stderr := call(t, "policy", "decide", bundles[0], "--observation", "reference_price=0.90", "--json")
	var decision struct {
		Schema  string
		Price   float64
		Because string
	}
	if err := json.Unmarshal([]byte(answer), &decision); code != exitDone || err != nil || decision.Price <= 0 || decision.Because == "" {
		t.Errorf("exit code %d, %s%s", code, answer, stderr)
	}
	for _, args := range [][]string{{"policy", "inspect", bundles[0]}, {"policy", "explain", bundles[0], "--observation", "reference_price=0.9"},
		{"policy", "decide", bundles[0], "--observation", "reference_price=0.9"}, {"results", "list", "--out", out}} {
		if code, stdout, stderr := call(t, args...); code != exitDone || stdout == "" || stderr != "" {
			t.Errorf("%v: exit code %d, %q, %q", args, code, stdout, stderr)
		}
	}
	code, stdout, stderr := call(t, "policy", "decide", bundles[0])
	complains(t, code, exitUsage, stdout, stderr, "reference_price", "--allow-missing")
	if code, stdout, stderr = call(t, "policy", "decide", bundles[0], "--allow-missing"); code != exitDone || !strings.Contains(stdout, "Training never tried anything there") {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	code, stdout, stderr = call(t, "policy", "inspect", filepath.Dir(bundles[0]))
	complains(t, code, exitInvalid, stdout, stderr, "a run", bundles[0])
	code, stdout, stderr = call(t, "policy", "decide", bundles[0], "--observation", "referense_price=0.9")
	complains(t, code, exitUsage, stdout, stderr, "--observation", `"referense_price"`, `"reference_price"`)
	code, stdout, stderr = call(t, "policy", "decide", bundles[0], "--observation", "reference_price=cheap")
	complains(t, code, exitUsage, stdout, stderr, "reference_price=cheap", "a number")

	code, table, stderr := call(t, append([]string{"simulate", "canned-tuna", "--quiet", "--policy", "history", "--policy", "cycle:0.97/0.72/3/1", "--policy", bundles[0]}, smoke...)...)
	if code != exitDone || stderr != "" || !strings.Contains(table, "cycle:0.97/0.72/3/1") || !strings.Contains(table, "over the same 3 paths") ||
		!strings.Contains(table, "95% interval") || strings.Contains(table, bundles[0]) {
		t.Errorf("exit code %d, %q, %q", code, table, stderr)
	}
}

func TestFitPrintsOnePageAndWritesModels(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "models")
	code, page, stderr := call(t, append([]string{"fit", "canned-tuna", "--quiet", "--models", folder}, smoke...)...)
	if code != exitDone || stderr != "" {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	for line := range strings.Lines(page) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > 100 {
			t.Errorf("a line of %d columns: %s", n, line)
		}
	}
	for _, word := range []string{"ARIMA", "coefficients", "instruments", "elasticities", "held-out"} {
		if !strings.Contains(page, word) {
			t.Errorf("the page does not hold %q", word)
		}
	}
	for _, name := range []string{"traffic.json", "choice.json", "prices-geisha.json"} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil || !json.Valid(text) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestProgressOnATerminalIsOneLineWrittenOver(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(0, 0)
	bar := &progress{out: &out, terminal: true, now: func() time.Time { return now }, columns: func() int { return 100 }}
	for i := range 5 {
		if i == 2 && strings.Contains(out.String(), "left") {
			t.Errorf("foreseen after a second: %q", out.String())
		}
		bar.show(workflow.Progress{Stage: "train", Done: i * 25, Total: 100, Reward: 9000, Period: "week", Exploration: 0.5})
		now = now.Add(time.Second)
	}
	bar.close()
	drawn := out.String()
	if strings.Count(drawn, "\n") != 1 || strings.Count(drawn, "\r") != 5 {
		t.Errorf("%q", drawn)
	}
	out.Reset()
	bar.columns = func() int { return 40 } // resized
	bar.show(workflow.Progress{Stage: "train", Done: 50, Total: 100})
	if line := strings.TrimPrefix(out.String(), "\r\x1b[K"); len([]rune(line)) != 39 {
		t.Errorf("a line of %d columns on a terminal of 40: %q", len([]rune(line)), line)
	}
	for _, word := range []string{"50/100 episodes", "reward 9000", "2s left", "██████████░░░░░░░░░░"} {
		if !strings.Contains(drawn, word) {
			t.Errorf("%q does not hold %q", drawn, word)
		}
	}
}

func TestTheSchemaFitsAPage(t *testing.T) {
	_, stdout, _ := call(t, "scenario", "schema")
	for line := range strings.Lines(stdout) {
		if n := len([]rune(line)); n > 140 {
			t.Errorf("a line of %d columns: %s", n, line)
		}
	}
	if !strings.Contains(stdout, "step size of an update") {
		t.Error("the agents' keys have no meaning")
	}
}

// TestEachCommandHasItsOwnFolder: commands keep --out in one place, and none may leave its default to another.
func TestEachCommandHasItsOwnFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	if code, stdout, stderr := call(t, "results", "list"); code != exitDone || stdout != "no runs under results/runs\n" {
		t.Errorf("%d %s%s", code, stdout, stderr)
	}
}
