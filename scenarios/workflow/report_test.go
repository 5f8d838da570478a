package workflow

import (
	"bytes"
	"strings"
	"testing"

	"github.com/souk-sim/souk"
	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
)

// made trains or studies a small scenario, and gives its complete run.
func made(t testing.TB, name string, workers int, overrides ...string) *rundir.Finished {
	t.Helper()
	s, err := scenarios.Load(name, overrides...)
	if err != nil {
		t.Fatal(err)
	}
	r := &Run{Scenario: s, Store: rundir.Store{Root: t.TempDir()}, Workers: workers}
	id := ""
	if Studied(s) {
		found, err := r.Study(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		id = found.RunID
	} else {
		summary, err := r.Train(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		id = summary.RunID
	}
	f, err := r.Store.Finished(s.Name, id)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

var small = []string{"train.episodes=30", "train.seeds=2", "evaluate.paths=4"}

// TestAReportIsMadeAnewFromTheFilesOfItsRun: the page that a run leaves and the one that is made of its files later, when nothing of the run is in memory, are
// the same bytes, on any number of workers.
func TestAReportIsMadeAnewFromTheFilesOfItsRun(t *testing.T) {
	for _, c := range []struct {
		name      string
		overrides []string
		sections  string
	}{
		{"smoke", small, "asked comparison paths policy learning shoppers careful reproduce"},
		{"gallego-van-ryzin-1994", []string{"train.episodes=400", "train.seeds=2", "evaluate.paths=50"}, "values learning measures reproduce"},
	} {
		run := made(t, c.name, 1, c.overrides...)
		left, err := run.ReadFile(ReportFile)
		if err != nil {
			t.Fatal(err)
		}
		page, err := Report(&RunFiles{Name: c.name, ID: run.Manifest.RunID, Version: souk.Version, Build: run.Manifest.Build, Read: run.ReadFile})
		if err != nil {
			t.Fatal(err)
		}
		var again bytes.Buffer
		if err := page.Write(&again); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(left, again.Bytes()) {
			t.Errorf("%s: the page made anew differs", c.name)
		}
		if other, err := made(t, c.name, 3, c.overrides...).ReadFile(ReportFile); err != nil || !bytes.Equal(left, other) {
			t.Errorf("%s: on three workers the page differs, %v", c.name, err)
		}
		var ids []string
		for _, s := range page.Sections {
			ids = append(ids, s.ID)
		}
		if got := strings.Join(ids, " "); got != c.sections {
			t.Errorf("%s: sections %s, not %s", c.name, got, c.sections)
		}
		if page.Answer.Figure == "" || page.Answer.Interval == "" {
			t.Errorf("%s: the answer %+v has no figure with an interval", c.name, page.Answer)
		}
		if text := string(left); strings.Contains(text, "NaN<") || strings.Contains(text, ">Inf") || strings.Contains(text, "%!") {
			t.Errorf("%s: a number that is none is shown", c.name)
		}
	}
}

// TestWhatIsBoughtTogetherIsOnThePage gives an open market a model of baskets.
func TestWhatIsBoughtTogetherIsOnThePage(t *testing.T) {
	run := made(t, "smoke", 0, append([]string{`shoppers.basket={ model = "baskets", parameters = { shares = { filter = 0.4, espresso = 0.3, rival-filter = 0.1 }, rules = [{ if = ["filter"], then = "espresso", confidence = 0.6 }], provenance = "by hand" } }`}, small...)...)
	left, err := run.ReadFile(ReportFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(left, []byte("What is bought together")) {
		t.Error("the page has no picture of baskets")
	}
}

// TestARunWithoutAReportIsRefused names what has one.
func TestARunWithoutAReportIsRefused(t *testing.T) {
	run := made(t, "smoke", 0, small...)
	nothing := &RunFiles{Name: "x", ID: "y", Read: func(name string) ([]byte, error) { return run.ReadFile("no/" + name) }}
	if _, err := Report(nothing); err == nil || !strings.Contains(err.Error(), "x/y") {
		t.Errorf("a folder of nothing: %v", err)
	}
}
