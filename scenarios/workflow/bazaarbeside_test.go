package workflow

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/results/parquet"
	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
)

// twoLearn is the tearoom in which both learn.
var twoLearn = strings.Replace(tearoom, `brain = { rule = "undercut", floor = 2.5 }`, "agent = \"q-learning\"\nstate = { lowest_rival_price = { bins = 4 } }", 1)

// trained trains a scenario's text in a folder, whose runs and the scenario stand there.
func trained(t *testing.T, folder, text string, overrides ...string) (*Summary, error) {
	t.Helper()
	file := filepath.Join(folder, "it.toml")
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	s, err := scenarios.Load(file, overrides...)
	if err != nil {
		return nil, err
	}
	return (&Run{Scenario: s, Store: rundir.Store{Root: folder}, Workers: 2}).Train(t.Context())
}

func TestWhoLearnsBesideTheLearnerIsPlayedAsItLearned(t *testing.T) {
	m, err := trained(t, t.TempDir(), twoLearn, "train.seeds=2")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range m.Comparison.Rows {
		if row.Seeds != 2 || len(row.Players) != 2 {
			t.Fatalf("%s: %d seeds, %d players", row.Name, row.Seeds, len(row.Players))
		}
		if us := row.Players[0].Value; math.Abs(us-row.Profit.Value) > 1e-9 || row.Players[1].Value == us {
			t.Errorf("%s: we earn %v and %v, they %v", row.Name, us, row.Profit.Value, row.Players[1].Value)
		}
	}
	if _, err := os.Stat(filepath.Join(m.Dir, "learners.parquet")); err != nil {
		t.Error(err)
	}
	var text strings.Builder
	if err := m.Text(&text); err != nil || !strings.Contains(text.String(), "them (q-learning)") {
		t.Errorf("%v; the report does not say what they earned:\n%s", err, &text)
	}
	alone, err := trained(t, t.TempDir(), tearoom)
	if err != nil || alone.Comparison.Rows[0].Players != nil {
		t.Errorf("%v; where one learns nobody asks what all earn", err)
	}
}

func TestAnAgentBeginsWithTheValuesOfABundle(t *testing.T) {
	folder := t.TempDir()
	first, err := trained(t, folder, tearoom, "train.episodes=200")
	if err != nil {
		t.Fatal(err)
	}
	from, err := filepath.Rel(folder, first.Dir)
	if err != nil {
		t.Fatal(err)
	}
	start := `agents.q-learning.start="` + from + `/policy"`
	still := []string{"train.episodes=2", "agents.q-learning.warmup=10", "agents.q-learning.exploration={ kind = \"constant\" }", start}
	then, err := trained(t, folder, tearoom, still...)
	if err != nil {
		t.Fatal(err)
	}
	// A hundredth of the training leaves the agent what it was: greedy, it earns what the bundle's policy does, within what two episodes can teach.
	if a, b := first.Comparison.Rows[0].Profit.Value, then.Comparison.Rows[0].Profit.Value; math.Abs(a-b) > 0.1*math.Abs(a) {
		t.Errorf("the bundle's policy earns %v, who begins with it %v", a, b)
	}
	if !strings.Contains(string(then.Scenery.Canonical()), "start_sha256") {
		t.Error("the bundle's digest is not part of the run's identity")
	}
	for expected, overrides := range map[string][]string{
		"4 cells":            {start, "sellers.us.state={ lowest_rival_price = { bins = 6 } }"},
		"offers":             {start, "sellers.us.offers={ from = 2.0, to = 4.0, rungs = 6 }"},
		"manifest.json":      {`agents.q-learning.start="nowhere"`},
		"one with 00":        {start, `agents.q-learning.start_sha256="00"`},
		"lowest_rival_price": {start, "sellers.us.state={ last_price = { bins = 4 } }"},
	} {
		_, err := trained(t, folder, tearoom, overrides...)
		if bad, ok := errors.AsType[*field.Error](err); !ok || !strings.Contains(bad.Error(), expected) {
			t.Errorf("%v: %v", overrides, err)
		}
	}
}

func TestATrainingThatARuleEndsSaysSo(t *testing.T) {
	m, err := trained(t, t.TempDir(), tearoom, "train.stop={ window = 5, gain = 10 }", "train.seeds=2")
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Stopped) != 2 || m.Stopped[0].Episodes >= 20 {
		t.Errorf("stopped %+v", m.Stopped)
	}
	var text strings.Builder
	if err := m.Text(&text); err != nil || !strings.Contains(text.String(), "stopped  q-learning, seed 1, after") {
		t.Errorf("%v:\n%s", err, &text)
	}
}

// Every offer of a learner that explores at every turn is within its limits, from the one that stands when an episode opens on.
func TestNoExplorationBreaksALimit(t *testing.T) {
	m, err := trained(t, t.TempDir(), tearoom, `agents.q-learning.exploration={ kind = "constant", from = 1 }`, "train.steps_every=1",
		"sellers.us.limit={ change = 0.5, floor = 2.5, ceiling = 3.9, above_reference = 0.6, below_reference = 0.7 }", "sellers.us.offers={ from = 2.0, to = 4.0, rungs = 9 }")
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile(filepath.Join(m.Dir, "steps.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	reader, err := parquet.NewReader[results.Step](bytes.NewReader(table), int64(len(table)))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	rows := make([]results.Step, 7*20)
	if n, _ := reader.Read(rows); n != len(rows) {
		t.Fatalf("%d steps", n)
	}
	last, seen := 3.0, map[float64]bool{}
	for _, r := range rows {
		if r.Step == 0 {
			last = 3
		}
		if math.Abs(r.Price-last) > 0.5+1e-9 || r.Price < 2.5 || r.Price > 3.9 || r.Price-*r.ReferencePrice > 0.6+1e-9 || *r.ReferencePrice-r.Price > 0.7+1e-9 {
			t.Fatalf("episode %d, step %d: %v after %v, reference %v", r.Episode, r.Step, r.Price, last, *r.ReferencePrice)
		}
		last, seen[r.Price] = r.Price, true
	}
	if len(seen) != 6 { // 2.5, 2.75, ..., 3.75
		t.Errorf("%d prices were tried", len(seen))
	}
	for expected, limit := range map[string]string{"between them": "floor = 3.1, ceiling = 3.2", "0 or more": "change = -1", "1000000": "above_reference = 1e9"} {
		if _, err := trained(t, t.TempDir(), tearoom, "sellers.us.limit={ "+limit+" }"); err == nil || !strings.Contains(err.Error(), expected) && !strings.Contains(err.Error(), "in [0, 1000000]") {
			t.Errorf("%s: %v", limit, err)
		}
	}
}
