package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/policies/serve"
	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/sim/env"
)

// served is the folder of the log of a service that was asked for the price of tea by n customers, who bought at a price p with probability 1 / (1 + exp(2.2 p − 3)) and paid
// a cost of 0.5 less to the shop, as it was told of most of them afterwards.
func served(t *testing.T, n int) string {
	t.Helper()
	spec := &env.Spec{Features: []env.Feature{{Name: "stock", Min: 0, Max: 4}}, Offers: []env.Offer{{Price: 1}, {Price: 1.2}, {Price: 1.5}, {Price: 2}}}
	e := policies.Encoder{Dimensions: []policies.Dimension{policies.Uniform("stock", 0, 0, 4, 4)}}
	table, err := policies.NewTable(spec, e, make([]float64, e.States()*4), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	b := &bundle.Bundle{Policy: table, Manifest: bundle.Manifest{Name: "test", Scenario: "tea"}}
	if err := bundle.Write(b, func(name string, data []byte) error { files[name] = &fstest.MapFile{Data: data}; return nil }); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	journal, err := decisionlog.OpenJournal(folder, decisionlog.JournalOptions{Sync: decisionlog.SyncNever, Segment: 256 << 10, Pack: true, Failed: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1_700_000_000, 0)
	s, err := serve.New(serve.Options{Slots: []serve.Slot{{Name: "tea", Champion: func() (*bundle.Bundle, error) { return bundle.Load(files) }, Explore: 1}}, Log: journal.Append, Salt: []byte("pepper"),
		Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	post := func(path, body string, into any) {
		r := httptest.NewRequest("POST", path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if err := json.Unmarshal(w.Body.Bytes(), into); err != nil || w.Code/100 != 2 {
			t.Fatalf("%s: %d %s %v", body, w.Code, w.Body, err)
		}
	}
	draw := rand.New(rand.NewPCG(7, 8))
	for i := range n {
		now = now.Add(time.Minute)
		var offer struct {
			ID    string
			Price float64
		}
		post("/v1/decide", fmt.Sprintf(`{"customer":"anna-%d","product":"tea","observation":{"stock":%d},"explore":1}`, i%(n/2), i%4), &offer)
		units := 0
		if draw.Float64() < 1/(1+math.Exp(2.2*offer.Price-3)) {
			units = 1
		}
		if draw.Float64() < 0.95 {
			var any any
			post("/v1/outcomes", fmt.Sprintf(`{"id":%q,"reward":%v,"units":{"tea":%d}}`, offer.ID, float64(units)*(offer.Price-0.5), units), &any)
		}
	}
	if err := journal.Close(); err != nil {
		t.Fatal(err)
	}
	return folder
}

// What a service logs, ids hashed and segments turned into tables, tells what its customers are like, what another price would have earned, and how many came. Estimates lie within 4
// standard errors of the truth: a false alarm in 15,000.
func TestTheLogOfAServiceIsReadFromEndToEnd(t *testing.T) {
	folder := served(t, 4000)
	tables, _ := filepath.Glob(filepath.Join(folder, "*.parquet"))
	lines, _ := filepath.Glob(filepath.Join(folder, "*.jsonl"))
	if len(tables) < 3 || len(lines) != 1 {
		t.Fatalf("%d tables, %d files of lines", len(tables), len(lines))
	}
	for _, name := range append(tables, lines...) {
		if text, err := os.ReadFile(name); err != nil || bytes.Contains(text, []byte("anna")) {
			t.Errorf("%s tells a customer's name: %v", name, err)
		}
	}
	tell := func(into any, args ...string) {
		t.Helper()
		code, stdout, stderr := call(t, append(args, "--json", "-q")...)
		if err := json.Unmarshal([]byte(stdout), into); code != exitDone || err != nil {
			t.Fatalf("%v: exit code %d, %v, %s", args, code, err, stderr)
		}
	}
	days := filepath.Join(t.TempDir(), "days.csv")
	var held struct {
		Decisions, Units int
		Outcomes         struct{ Told, Awaited, Unknown int }
	}
	tell(&held, "decisions", folder, "--of", "tea", "--visits", days, "--every", "86400")
	if held.Decisions != 4000 || held.Units != 2000 || held.Outcomes.Told < 3700 || held.Outcomes.Told+held.Outcomes.Awaited != 4000 || held.Outcomes.Unknown != 0 {
		t.Errorf("%+v", held)
	}
	text, err := os.ReadFile(days)
	if rows := strings.Split(strings.TrimSpace(string(text)), "\n"); err != nil || len(rows) != 3 || !strings.HasPrefix(rows[1], "19676,1440,1440,") { // of 2.8 days two are whole
		t.Errorf("days: %q, %v", text, err)
	}

	var fit struct {
		Coefficients []struct {
			Name         string
			Estimate, SE float64
		}
	}
	args := []string{"--id", "id", "--attributes", "price", "--outside", "none"}
	tell(&fit, append([]string{"estimate", "logit", "--data", folder}, args...)...)
	for name, truth := range map[string]float64{"price": -2.2, "asc_tea": 3} {
		found := false
		for _, c := range fit.Coefficients {
			if found = found || c.Name == name; c.Name == name && !(math.Abs(c.Estimate-truth) < 4*c.SE) {
				t.Errorf("%s: %v ± %v, in truth %v", name, c.Estimate, c.SE, truth)
			}
		}
		if !found {
			t.Errorf("no %s in %+v", name, fit)
		}
	}
	scenario := filepath.Join(t.TempDir(), "people.toml")
	if err := os.WriteFile(scenario, fmt.Appendf(nil, "name = \"people\"\n\n[shoppers.choice]\nmodel = \"logit\"\ndata = %q\nid = \"id\"\nattributes = [\"price\"]\noutside = \"none\"\n", folder), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, stdout, stderr := call(t, "fit", scenario, "-q"); code != exitDone || !strings.Contains(stdout, "price") {
		t.Errorf("fit: exit code %d, %s%s", code, stdout, stderr)
	}

	for of, code := range map[string]int{"tea": exitDone, "coffee": exitInvalid} {
		args := append([]string{"estimate", "logit", "--data", folder, "--of", of, "--window", "86400", "-q"}, args...)
		if got, _, stderr := call(t, args...); got != code || code != exitDone && !strings.Contains(stderr, "coffee") {
			t.Errorf("estimate --of %s: exit code %d, %s", of, got, stderr)
		}
		if got, _, stderr := call(t, "fit", scenario, "--set", fmt.Sprintf("shoppers.choice.of=%q", of), "--set", "shoppers.choice.window=86400", "-q"); got != code || code != exitDone && !strings.Contains(stderr, "coffee") {
			t.Errorf("fit of %s: exit code %d, %s", of, got, stderr)
		}
	}
	code, stdout, stderr := call(t, append([]string{"estimate", "logit", "--data", days, "--of", "tea"}, args...)...)
	complains(t, code, exitUsage, stdout, stderr, "--data", "decision log")

	var worth struct {
		Estimates []struct {
			Name     string
			Estimate *struct{ Value float64 }
		}
	}
	tell(&worth, "ope", "--log", folder, "--of", "tea", "--policy", "fixed:1.5", "--single", "--resamples", "200", "--out", t.TempDir())
	told := 0
	truth := 1 / (1 + math.Exp(2.2*1.5-3)) // times a margin of 1
	for _, e := range worth.Estimates {
		if e.Estimate != nil {
			if told++; !(math.Abs(e.Estimate.Value-truth) < 0.08) {
				t.Errorf("%s: %+v, in truth %v", e.Name, e.Estimate, truth)
			}
		}
	}
	if told == 0 {
		t.Error("nothing is told of another price")
	}
}
