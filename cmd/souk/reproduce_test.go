package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReproduceTellsPublishedBesideMeasuredAndDrawsIt(t *testing.T) {
	out := t.TempDir()
	code, stdout, stderr := call(t, "reproduce", "asker-2022", "--quick", "-q", "--out", out)
	if code != exitDone || !strings.Contains(stdout, "8 of 8 rows inside") || stderr != "" {
		t.Errorf("exit code %d, %s%s", code, stdout, stderr)
	}
	for _, name := range []string{"asker-2022.json", "asker-2022-paths.svg", "asker-2022-paths.png"} {
		if info, err := os.Stat(filepath.Join(out, name)); err != nil || info.Size() < 1000 {
			t.Errorf("%s: %v", name, err)
		}
	}
	code, stdout, _ = call(t, "reproduce", "asker-2022", "--quick", "--json", "--out", out)
	var document struct {
		Schema string
		Papers []struct {
			Rows []struct {
				Published, Measured float64
				Inside              bool
			}
		}
	}
	if err := json.Unmarshal([]byte(stdout), &document); err != nil || code != exitDone || document.Schema != "souk/reproduction/1" || len(document.Papers[0].Rows) != 8 {
		t.Errorf("exit code %d, %v: %s", code, err, stdout)
	}
}

func TestReproduceExitsWith4WhereARowFallsOutside(t *testing.T) {
	code, stdout, stderr := call(t, "reproduce", "asker-2022", "--quick", "-q", "--out", t.TempDir(), "--set", "game.demand.reservation=9", "--set", "sessions.number=20")
	if code != exitUnmet || !strings.Contains(stdout, "OUTSIDE") || !strings.Contains(stderr, "rows outside") {
		t.Errorf("exit code %d, %s%s", code, stdout, stderr)
	}
}

func TestReproduceSuggestsTheNearestPaper(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"reproduce", "calvano"}, exitInvalid, `"calvano-2020"`}, {[]string{"reproduce", "calvano-2002"}, exitInvalid, `"calvano-2020"`},
		{[]string{"reproduce", "smoke"}, exitInvalid, "klein-2021"}, {[]string{"reproduce", "--replay"}, exitUsage, "PAPER"}, {[]string{"train", "asker-2022", "--quick"}, exitUsage, "souk reproduce"},
		{[]string{"reproduce", "./none.toml"}, exitInvalid, "no such file"}, {[]string{"reproduce", "asker-2022", "--replay"}, exitInvalid, "to replay"},
		{[]string{"simulate", "asker-2022"}, exitInvalid, "souk reproduce"}, {[]string{"scenario", "features", "asker-2022"}, exitInvalid, "souk reproduce"},
		{[]string{"reproduce", "calvano-2020", "--replay", "--replay-file", "none.csv"}, exitInvalid, "none.csv"},
	} {
		if code, _, stderr := call(t, c.args...); code != c.code || !strings.Contains(stderr, c.says) {
			t.Errorf("souk %v: exit code %d, %s", c.args, code, stderr)
		}
	}
}

func TestPapersAreScenarios(t *testing.T) {
	if code, stdout, _ := call(t, "scenario", "list"); code != exitDone || !strings.Contains(stdout, "calvano-2020") {
		t.Errorf("exit code %d, %s", code, stdout)
	}
	if code, stdout, _ := call(t, "reproduce", "--measures"); code != exitDone || !strings.Contains(stdout, "limit-gain-cycle@K") {
		t.Errorf("exit code %d, %s", code, stdout)
	}
	if code, stdout, _ := call(t, "reproduce"); code != exitDone || !strings.Contains(stdout, "calvano-2020") {
		t.Errorf("exit code %d, %s", code, stdout)
	}
	code, stdout, stderr := call(t, "train", "asker-2022", "-q", "--out", t.TempDir(), "--set", "sessions.number=5")
	if code != exitDone || !strings.Contains(stdout, "limit-price@50") || stderr != "" {
		t.Errorf("exit code %d, %s%s", code, stdout, stderr)
	}
}
