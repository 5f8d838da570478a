package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const exampleLog = "../../docs/examples/experiment.csv"

// TestABTestReadsALog: the read-out of the example of docs/experiments.md, in text and as JSON.
func TestABTestReadsALog(t *testing.T) {
	code, stdout, stderr := call(t, "abtest", "--out", t.TempDir(), "--log", exampleLog, "--metric", "profit", "--metric", "orders/visits")
	if code != exitDone || stderr != "" {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	for _, says := range []string{"control (control) 2,040 · cheaper 1,960 units", "sample ratio as it should be", "orders/visits  ", "decision cheaper: open.", "peeking  cheaper: [", "segments persona: the effects differ", "for whom cheaper: no sign", "novelty  cheaper: no sign", "size     "} {
		if !strings.Contains(stdout, says) {
			t.Errorf("no %q in\n%s", says, stdout)
		}
	}
	code, stdout, _ = call(t, "abtest", "--out", t.TempDir(), "--log", exampleLog, "--json")
	var told struct {
		Schema string
		Report struct{ Metrics []struct{ Name string } }
	}
	if err := json.Unmarshal([]byte(stdout), &told); err != nil || code != exitDone || told.Schema != "souk/abtest/1" || len(told.Report.Metrics) != 4 {
		t.Errorf("exit code %d, %v, %+v", code, err, told)
	}
}

// TestABTestOfALogLeavesARun: it has a page, is listed, is made anew to the same bytes, and is the same whatever folder the log lies in.
func TestABTestOfALogLeavesARun(t *testing.T) {
	out, file := t.TempDir(), filepath.Join(t.TempDir(), "experiment.csv")
	text, err := os.ReadFile(exampleLog)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	var pages []string
	for _, log := range []string{exampleLog, file} {
		code, stdout, stderr := call(t, "abtest", "--log", log, "--metric", "orders/visits", "--lower", "orders/visits", "--alpha", "0.05", "--out", out)
		_, dir, found := strings.Cut(stdout, "\nfiles    ")
		if code != exitDone || stderr != "" || !found {
			t.Fatalf("exit code %d, %s, %s", code, stdout, stderr)
		}
		page, err := os.ReadFile(filepath.Join(strings.TrimSpace(dir), "report.html"))
		if err != nil || !strings.Contains(string(page), "souk abtest --log experiment.csv --lower orders/visits --metric orders/visits<") || strings.Contains(string(page), filepath.Dir(file)) || strings.Contains(string(page), "orders/visits a unit") {
			t.Errorf("%v, or the page has another command or a path", err)
		}
		pages = append(pages, string(page))
	}
	if code, _, stderr := call(t, "report", "experiment-abtest", "--out", out); code != exitDone {
		t.Fatal(stderr)
	}
	code, stdout, _ := call(t, "results", "list", "--kind", "abtest", "--out", out, "--json")
	var list struct{ Runs []struct{ Name, Dir string } }
	if err := json.Unmarshal([]byte(stdout), &list); err != nil || code != exitDone || len(list.Runs) != 1 || list.Runs[0].Name != "experiment-abtest" {
		t.Fatalf("%v, %d, %s", err, code, stdout)
	}
	anew, err := os.ReadFile(filepath.Join(list.Runs[0].Dir, "report.html"))
	if err != nil || pages[0] != pages[1] || pages[0] != string(anew) {
		t.Errorf("%v, or the page differs", err)
	}
	if code, _, stderr := call(t, "abtest", "--log", exampleLog, "--metric", "absent", "--out", filepath.Join(out, "none")); code != exitUsage {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if _, err := os.Stat(filepath.Join(out, "none")); err == nil {
		t.Error("a refused log leaves a run")
	}
}

func TestABTestStopsWhereTheArmsAreUneven(t *testing.T) {
	code, stdout, stderr := call(t, "abtest", "--out", t.TempDir(), "--log", exampleLog, "--share", "0.6,0.4")
	if code != exitUnmet || !strings.Contains(stdout, "STOP     The arms are not of the sizes") || strings.Contains(stdout, "decision") || !strings.Contains(stderr, "sample-ratio check failed") {
		t.Errorf("exit code %d, %s, %s", code, stdout, stderr)
	}
	if code, stdout, _ = call(t, "abtest", "--out", t.TempDir(), "--log", exampleLog, "--share", "0.6,0.4", "--despite-imbalance"); code != exitDone || !strings.Contains(stdout, "sample ratio WRONG") {
		t.Errorf("exit code %d, %s", code, stdout)
	}
}

func TestABTestRefusesWhatItCannotRead(t *testing.T) {
	write := func(text string) string {
		file := filepath.Join(t.TempDir(), "log.csv")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	rows := "unit,arm,spend\n1,A,1\n2,B,2\n3,A,1\n4,B,3\n"
	for _, c := range []struct {
		code int
		says string
		args []string
	}{
		{exitUsage, "no argument", nil},
		{exitUsage, "a scenario and --log", []string{"smoke", "--log", "x"}},
		{exitUsage, "--metric: found \"spent\"", []string{"--log", write(rows), "--metric", "spent"}},
		{exitUsage, "--covariate: found \"age\"", []string{"--log", write(rows), "--covariate", "age"}},
		{exitUsage, "--control: found \"C\"", []string{"--log", write(rows), "--control", "C"}},
		{exitUsage, "--control: found arms x, y", []string{"--log", write("unit,arm,m\n1,x,1\n2,y,2\n")}},
		{exitUsage, "--stopping: found \"often\"", []string{"--log", write(rows), "--stopping", "often"}},
		{exitUsage, "--alpha: found 2", []string{"--log", write(rows), "--alpha", "2"}},
		{exitUsage, "--share: found 3 shares", []string{"--log", write(rows), "--share", "1,1,1"}},
		{exitUsage, "--policy: found --log too", []string{"--log", write(rows), "--policy", "x"}},
		{exitUsage, "--metric: found a SCENARIO too", []string{"smoke", "--metric", "x"}},
		{exitInvalid, "a file that cannot be opened", []string{"--log", "absent.csv"}},
		{exitInvalid, "an empty file", []string{"--log", write("")}},
		{exitInvalid, "log.csv: found a header only, expected at least one row", []string{"--log", write("user_id,arm\n"), "--metric", "x"}},
		{exitInvalid, "log.csv:1: --unit: found no column called unit", []string{"--log", write("a,b\n1,2\n")}},
		{exitInvalid, "log.csv:4: unit: found a unit in \"B\" that is in \"A\"", []string{"--log", write("unit,arm,m\n1,A,1\n2,B,2\n1,B,1\n")}},
		{exitInvalid, "log.csv:3: arm: found nothing", []string{"--log", write("unit,arm,m\n1,A,1\n2,,2\n")}},
		{exitInvalid, "found one arm", []string{"--log", write("unit,arm,m\n1,A,1\n2,A,2\n")}},
		{exitInvalid, "arm A: found 1 units", []string{"--log", write("unit,arm,m\n1,A,1\n2,B,2\n")}},
		{exitInvalid, "log.csv:2: m: found \"x\"", []string{"--log", write("unit,arm,m\n1,A,x\n")}},
	} {
		code, stdout, stderr := call(t, append([]string{"abtest", "--out", t.TempDir()}, c.args...)...)
		if code != c.code || stdout != "" || !strings.Contains(stderr, c.says) {
			t.Errorf("%v: exit code %d, %s, expected %d and %q", c.args, code, stderr, c.code, c.says)
		}
	}
}

// TestABTestTakesWhatLogsAreLike: three arms, missing values, clusters, repeated rows, a byte order mark and semicolons.
func TestABTestTakesWhatLogsAreLike(t *testing.T) {
	var b strings.Builder
	b.WriteString("\ufeffshopper;region;variant;day;revenue;visits\n")
	for i := range 600 {
		revenue := fmt.Sprint(i * 7919 % 50)
		if i%40 == 0 {
			revenue = ""
		}
		fmt.Fprintf(&b, "%d;r%d;%s;2026-03-%02d;%s;%d\n", i%500, i%500%25, []string{"A", "B", "C"}[i%500%25%3], 1+i/60, revenue, 1+i%3)
	}
	file := filepath.Join(t.TempDir(), "log.csv")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := call(t, "abtest", "--out", t.TempDir(), "--log", file, "--unit", "shopper", "--metric", "revenue", "--metric", "revenue/visits", "--share", "9,8,8")
	if code != exitDone || !strings.Contains(stdout, "revenue/visits, C") || !strings.Contains(stdout, "Holm") || !strings.Contains(stdout, "\n         C: open.") || !strings.Contains(strings.Join(strings.Fields(stdout), " "), "Units in all 3 arms") || !strings.Contains(strings.Join(strings.Fields(stdout), " "), "revenue/visits: 15 rows without a value (units: A 6, B 3, C 6), 10 units of them without any") {
		t.Errorf("exit code %d, %s\n%s", code, stderr, stdout)
	}
	code, stdout, stderr = call(t, "abtest", "--out", t.TempDir(), "--log", file, "--cluster", "region", "--metric", "revenue", "--share", "9,8,8")
	if code != exitDone || !strings.Contains(stdout, "9 · B 8 · C 8 clusters (region)") {
		t.Errorf("exit code %d, %s\n%s", code, stderr, stdout)
	}
}

func TestABTestRunsInAMarket(t *testing.T) {
	out := t.TempDir()
	code, stdout, stderr := call(t, "abtest", "fresh-food", "--policy", "fixed:2.99", "--policy", "sell-by", "--set", "time.horizon=8", "--set", "abtest.paths=3", "--out", out, "-q")
	if code != exitDone || stderr != "" || !strings.Contains(stdout, "The truth: all shoppers under each policy, in the same 3 markets") || !strings.Contains(stdout, "files    "+out) {
		t.Errorf("exit code %d, %s\n%s", code, stderr, stdout)
	}
	for scenario, says := range map[string]string{"canned-tuna": "cluster or switchback", "calvano-2020": "a market with shoppers"} {
		if code, _, stderr = call(t, "abtest", scenario, "--policy", "fixed:0.97", "--policy", "history", "--out", out, "-q"); code != exitInvalid || !strings.Contains(stderr, says) {
			t.Errorf("%s: exit code %d, %s", scenario, code, stderr)
		}
	}
}

// TestABTestPlans: R's power.t.test(delta = .25, sd = 1, power = .8, strict = TRUE)$n is 252.13 an arm.
func TestABTestPlans(t *testing.T) {
	code, stdout, stderr := call(t, "abtest", "--mean", "5", "--sd", "1", "--planned", "400")
	if code != exitDone || !strings.Contains(stdout, "0.25                 505") {
		t.Errorf("exit code %d, %s\n%s", code, stderr, stdout)
	}
	if code, _, stderr = call(t, "abtest", "--mean", "5"); code != exitUsage || !strings.Contains(stderr, "--sd: found 0") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}
