package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/results/parquet"
)

func TestSimulateTellsAStory(t *testing.T) {
	code, stdout, stderr := call(t, "simulate", "smoke", "--policy", "fixed:1", "--trace", "shopper/12", "-q")
	if code != exitDone || stderr != "" || !strings.HasPrefix(stdout, "shopper/12 in smoke, path 0, under fixed:1: ") || !strings.Contains(stdout, "day 1, ") || !strings.Contains(stdout, "arrives") {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	code, stdout, _ = call(t, "simulate", "smoke", "--trace", "seller/us", "--json")
	var told struct {
		Schema, Policy, Subject string
		Logged                  int64
		Events                  []results.Event
	}
	if err := json.Unmarshal([]byte(stdout), &told); err != nil || code != exitDone {
		t.Fatalf("exit code %d, %v", code, err)
	}
	if told.Schema != "souk/events/1" || told.Policy != "opening" || told.Subject != "seller/us" || len(told.Events) < 30 || told.Logged < int64(len(told.Events)) {
		t.Errorf("%s of %s under %s: %d events of %d", told.Schema, told.Subject, told.Policy, len(told.Events), told.Logged)
	}
}

func TestSimulateWritesTheSameEventsOnAnyNumberOfWorkers(t *testing.T) {
	dir := t.TempDir()
	var first []byte
	for _, workers := range []string{"1", "2"} {
		file := filepath.Join(dir, workers+".parquet")
		code, stdout, stderr := call(t, "simulate", "smoke", "--policy", "fixed:0.9", "--events", file, "--path", "3", "--paths", "2", "--workers", workers, "-q")
		if code != exitDone || !strings.HasSuffix(stdout, " events in "+file+"\n") || stderr != "" {
			t.Fatalf("exit code %d, %q, %q", code, stdout, stderr)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = data
		} else if !bytes.Equal(first, data) {
			t.Errorf("%s workers write other bytes", workers)
		}
	}
	r, err := parquet.NewReader[results.Event](bytes.NewReader(first), int64(len(first)))
	if err != nil {
		t.Fatal(err)
	}
	row := make([]results.Event, 1)
	if n, err := r.Read(row); n != 1 || row[0].Episode != 3 || row[0].Scenario != "smoke" || row[0].Agent != "fixed:0.9" || row[0].RunID == "" {
		t.Errorf("%d, %v, %+v", n, err, row[0])
	}
}

func TestSimulateSaysWhatCannotBeTold(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none", "events.parquet")
	for args, want := range map[string]struct {
		code int
		says string
	}{
		"canned-tuna --policy fixed:0.97 --trace shopper/1":  {exitInvalid, "canned-tuna's market is a chain's weekly sums, which keeps no event log"},
		"smoke --trace shopper/0":                            {exitUsage, "shopper/PERIOD-NUMBER"},
		"smoke --trace shopper/10000":                        {exitUsage, "no such shopper, expected one of the "},
		"smoke --trace shopper/99-1":                         {exitUsage, "nobody came in period 99"},
		"smoke --trace seller/nobody":                        {exitUsage, "seller/ and one of us, them"},
		"smoke --trace seller/us --paths 2":                  {exitUsage, "--paths"},
		"smoke --paths 2":                                    {exitUsage, "--decisions"},
		"smoke --events e.parquet --paths 0":                 {exitUsage, "--paths"},
		"smoke --events e.parquet --path -1":                 {exitUsage, "--path"},
		"smoke --events e.parquet --policy no-such-policy":   {exitUsage, "--policy"},
		"smoke --policy fixed:1 --events " + missing:         {exitInvalid, "--events"},
		"smoke --policy fixed:1 --path 1":                    {exitUsage, "--events or --trace"},
		"smoke --policy fixed:1 --trace shopper/12 --path 0": {exitDone, ""},
	} {
		t.Chdir(t.TempDir())
		code, _, stderr := call(t, append([]string{"simulate", "-q"}, strings.Fields(args)...)...)
		if code != want.code || !strings.Contains(stderr, want.says) || strings.Count(stderr, "\n") > 1 {
			t.Errorf("%s: exit code %d, %q", args, code, stderr)
		}
		if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
			t.Errorf("%s: leaves %v, %v", args, left, err)
		}
	}
}
