package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const stall = `
name = "stall"
[time]
period = "day"
horizon = 14
[traffic]
visitors = 60
[[personas]]
name = "guest"
price = -0.8
[[products]]
name = "tea"
price = 5.5
cost = 2
appeal = 4.5
[[sellers]]
name = "us"
prices = "tea"
review = "1 day"
offers = [4, 5, 6, 7]
reward = { of = "profit", discount = 0 }
state = { last_price = { bins = 2 } }
[[agents]]
name = "q-learning"
warmup = 0
[train]
episodes = 100
seeds = 1
[evaluate]
paths = 20
against = ["opening"]
[loop.gates]
decisions = 50
`

// withoutOutcomes is a log's decisions alone.
func withoutOutcomes(t *testing.T, file, to string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := slices.DeleteFunc(bytes.SplitAfter(text, []byte("\n")), func(l []byte) bool { return bytes.Contains(l, []byte(`"outcome"`)) })
	if err := os.WriteFile(to, bytes.Join(lines, nil), 0o644); err != nil {
		t.Fatal(err)
	}
}

// buyersAlone writes the log of a service whose shop tells it of sales alone.
func buyersAlone(t *testing.T, to string) {
	t.Helper()
	var lines []byte
	for i := range 100 {
		id, at := strconv.Itoa(i), 1.7e9+float64(600*i)
		lines = fmt.Appendf(lines, `{"version":1,"id":%q,"time":%.0f,"policy":"tea/champion","unit":%q,"observation":{"last_price":5},"action":1,"price":5,"propensity":0.5,"reward":null,"customer":%q}`+"\n", id, at, id, id)
		if i%5 < 2 {
			lines = fmt.Appendf(lines, `{"version":1,"outcome":%q,"time":%.0f,"reward":3,"units":{"tea":1}}`+"\n", id, at+60)
		}
	}
	if err := os.WriteFile(to, lines, 0o644); err != nil {
		t.Fatal(err)
	}
}

// trainedStall is a folder with stall.toml and the runs of its training: in gives the path of what it holds, champion that of the bundle.
func trainedStall(t *testing.T) (in func(name string) string, champion string) {
	t.Helper()
	dir := t.TempDir()
	in = func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(in("stall.toml"), []byte(stall), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := call(t, "train", in("stall.toml"), "-q", "--out", in("runs")); code != exitDone {
		t.Fatal(stderr)
	}
	champions, err := filepath.Glob(in("runs/stall/*/policy"))
	if err != nil || len(champions) != 1 {
		t.Fatal(champions, err)
	}
	return in, champions[0]
}

func TestATurnOfTheLoopOnTheCommandLine(t *testing.T) {
	in, champion := trainedStall(t)
	// The shoppers have become much keener on price.
	code, _, stderr := call(t, "simulate", in("stall.toml"), "--set", "personas.guest.price=-1.6", "--set", "products.tea.appeal=7", "--policy", champion, "--explore", "0.2", "--decisions", in("log.jsonl"), "--paths", "20", "-q")
	if code != exitDone {
		t.Fatal(stderr)
	}
	withoutOutcomes(t, in("log.jsonl"), in("mute.jsonl"))
	buyersAlone(t, in("buyers.jsonl"))
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"loop", in("stall.toml"), "--log", in("log.jsonl")}, exitUsage, "--champion"},
		{[]string{"loop", in("stall.toml"), "--log", in("log.jsonl"), "--champion", champion, "--clock", "moons", "-q"}, exitUsage, "moons"},
		{[]string{"loop", in("stall.toml"), "--log", in("none.jsonl"), "--champion", champion}, exitInvalid, "--log"},
		{[]string{"loop", "canned-tuna", "--log", in("log.jsonl"), "--champion", champion, "-q"}, exitInvalid, "open market"},
		{[]string{"loop", in("stall.toml"), "--log", in("mute.jsonl"), "--champion", champion}, exitInvalid, "POST /v1/outcomes"},
		{[]string{"loop", in("stall.toml"), "--log", in("buyers.jsonl"), "--champion", champion, "--clock", "seconds"}, exitInvalid, "all 40 known outcomes are sales, 60 are not told"},
		{[]string{"loop", in("stall.toml"), "--log", in("buyers.jsonl"), "--champion", champion}, exitUsage, "--clock seconds"}, // the window is of periods, and yet the clock is what is told
		{[]string{"loop", in("stall.toml"), "--log", in("log.jsonl"), "--champion", champion, "--patience", "-1"}, exitUsage, "--patience"},
	} {
		c.args = append(c.args, "--out", in("refused"))
		if code, _, stderr := call(t, c.args...); code != c.code || !strings.Contains(stderr, c.says) || strings.Contains(stderr, "interrupted") {
			t.Errorf("%v: exit code %d, %s", c.args, code, stderr)
		}
		if left, err := filepath.Glob(in("refused/*/*")); err != nil || len(left) > 0 {
			t.Errorf("%v leaves %v, %v", c.args, left, err)
		}
	}
	if code, stdout, stderr := call(t, "decisions", in("buyers.jsonl")); code != exitDone || !strings.Contains(stdout, "(2023-11-14 to 2023-11-15, if they are seconds since 1970)") {
		t.Errorf("exit code %d, %s, %s", code, stdout, stderr)
	}
	if code, _, stderr := call(t, "loop", in("stall.toml")); code != exitUsage || !strings.Contains(stderr, "--log") || !strings.Contains(stderr, "loop.drift") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	var files []string
	for i, workers := range []string{"1", "2"} {
		code, stdout, stderr := call(t, "loop", in("stall.toml"), "--log", in("log.jsonl"), "--champion", champion, "--out", in("runs"+workers), "--workers", workers, "--candidate", in("next"+workers+".tar.gz"), "--json", "-q")
		var told struct {
			Schema  string
			Promote bool
			Gates   []struct {
				Gate string
				Met  bool
			}
		}
		if err := json.Unmarshal([]byte(stdout), &told); err != nil || code != exitDone || told.Schema != "souk/loop/1" || !told.Promote || len(told.Gates) != 4 {
			t.Fatalf("exit code %d, %v, %+v, %s", code, err, told, stderr)
		}
		for _, name := range []string{in("next" + workers + ".tar.gz"), in("runs" + workers + "/stall-loop/*/loop.json"), in("runs" + workers + "/stall-loop/*/report.html")} {
			found, err := filepath.Glob(name)
			if err != nil || len(found) != 1 {
				t.Fatal(name, found, err)
			}
			text, err := os.ReadFile(found[0])
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(name, ".html") && !strings.Contains(string(text), "PROMOTE: profit a day of the candidate") {
				t.Error("the page's figure is not the gate's")
			}
			if files = append(files, string(text)); i == 1 && files[len(files)-4] != string(text) {
				t.Errorf("%s differs between one and two workers", name)
			}
		}
	}
	if code, _, stderr := call(t, "policy", "verify", in("next1.tar.gz")); code != exitDone {
		t.Error(stderr)
	}
	// What has just been promoted, on a log of the same shoppers, is kept: there is nothing more to gain, and the exit code says so.
	code, stdout, stderr := call(t, "loop", in("stall.toml"), "--log", in("log.jsonl"), "--champion", in("next1.tar.gz"), "--out", in("runs"), "--candidate", in("kept.tar.gz"), "-q")
	if _, err := os.Stat(in("kept.tar.gz")); err == nil {
		t.Error("a candidate that is not promoted is put where the next policy is awaited")
	}
	if code != exitUnmet || !strings.Contains(stdout, "KEEP the champion") || !strings.Contains(stderr, "gain") {
		t.Errorf("exit code %d, %s, %s", code, stdout, stderr)
	}
}
