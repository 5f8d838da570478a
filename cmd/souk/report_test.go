package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAReportIsMadeAnewWhereItStands trains in a moment, takes the report away, and asks for it by name, by name and id, and by folder.
func TestAReportIsMadeAnewWhereItStands(t *testing.T) {
	folder := t.TempDir()
	if code, _, stderr := call(t, "train", "smoke", "--quiet", "--out", folder, "--set", "train.episodes=20", "--set", "train.seeds=1", "--set", "evaluate.paths=4"); code != exitDone {
		t.Fatal(stderr)
	}
	runs, err := filepath.Glob(filepath.Join(folder, "smoke", "*"))
	if err != nil || len(runs) != 1 {
		t.Fatal(runs, err)
	}
	file := filepath.Join(runs[0], "report.html")
	left, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, run := range []string{"smoke", "smoke/" + filepath.Base(runs[0]), runs[0]} {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		code, stdout, stderr := call(t, "report", run, "--out", folder)
		if code != exitDone || strings.TrimSpace(stdout) != file {
			t.Fatalf("souk report %s: %d, %q, %q", run, code, stdout, stderr)
		}
		if anew, err := os.ReadFile(file); err != nil || string(anew) != string(left) {
			t.Errorf("souk report %s: another page than the run left, %v", run, err)
		}
	}
	if code, stdout, _ := call(t, "results", "list", "--out", folder); code != exitDone || !strings.Contains(stdout, "complete") {
		t.Errorf("the run is no longer complete: %s", stdout)
	}
	code, _, stderr := call(t, "report", "nothing", "--out", folder)
	if code != exitInvalid || !strings.Contains(stderr, "RUN") || !strings.Contains(stderr, "nothing") {
		t.Errorf("a run that is not there: %d, %s", code, stderr)
	}
}
