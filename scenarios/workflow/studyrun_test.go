package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
)

// studied runs a scenario into a folder, and gives its findings and the run's files.
func studied(t *testing.T, s *scenarios.Scenario, workers int) (*Findings, map[string]string) {
	t.Helper()
	f, err := (&Run{Scenario: s, Store: rundir.Store{Root: t.TempDir()}, Workers: workers}).Study(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	err = fs.WalkDir(os.DirFS(f.Dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(f.Dir, name))
		files[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return f, files
}

func TestAStudyLeavesTheSameRunOnAnyNumberOfWorkers(t *testing.T) {
	s, err := scenarios.Load(sale, brief...)
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*scenarios.Scenario{"problem": s, "game": parseGame(t, duel, "sessions.number=6")} {
		_, one := studied(t, s, 1)
		f, two := studied(t, s, 2)
		if !reflect.DeepEqual(one, two) {
			t.Errorf("%s: the bytes differ", name)
		}
		for _, file := range []string{"manifest.json", "scenario.toml", "measures.json", "report.txt", map[string]string{"problem": "plots/learning.svg", "game": "plots/deviation.svg"}[name]} {
			if two[file] == "" {
				t.Errorf("%s: no %s", name, file)
			}
		}
		var text strings.Builder
		if err := f.Text(&text); err != nil || text.String() != two["report.txt"] {
			t.Errorf("%s: the report is not what is printed: %v", name, err)
		}
		var read Findings
		if err := json.Unmarshal([]byte(two["measures.json"]), &read); err != nil || len(read.Measures) != len(f.Measures) || read.RunID != s.RunID() {
			t.Errorf("%s: measures.json: %v", name, err)
		}
	}
}

// The policy handed on is the best seed's of the best learner, and the bundle holds it; learning curves end in what was learned.
func TestAProblemsRunHandsItsBestPolicyOn(t *testing.T) {
	s, err := scenarios.Load(sale, brief...)
	if err != nil {
		t.Fatal(err)
	}
	f, _ := studied(t, s, 2)
	b, err := bundle.Load(os.DirFS(filepath.Join(f.Dir, "policy")))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, m := range f.Measures {
		all[m.Name] = m.Value
	}
	k := f.Policy
	if b.Manifest.Agent != k.Agent || b.Manifest.Seed != k.Seed || b.Manifest.Evaluation[0].Value != *k.Value {
		t.Errorf("picked %+v, in the bundle %+v", k, b.Manifest)
	}
	for _, agent := range s.Agents {
		mean := all["value:"+agent.Name]
		if mean > all["value:"+k.Agent] || mean > *k.Value || *k.OfOptimum > 1 {
			t.Errorf("%s earns %v in the mean, the one picked %v", agent.Name, mean, *k.Value)
		}
		last, first := all["of-optimum:"+agent.Name+"@3000"], all["of-optimum:"+agent.Name+"@4"]
		if math.Abs(last-all["of-optimum:"+agent.Name]) > 1e-12 || first <= 0 || first >= last {
			t.Errorf("%s: from %v to %v, learned %v", agent.Name, first, last, all["of-optimum:"+agent.Name])
		}
	}
}

func TestAnInterruptedStudyLeavesNothing(t *testing.T) {
	for name, s := range map[string]*scenarios.Scenario{"problem": mustLoad(t, sale), "game": parseGame(t, duel, "sessions.number=1000000")} {
		ctx, stop := context.WithCancel(context.Background())
		root := t.TempDir()
		r := &Run{Scenario: s, Store: rundir.Store{Root: root}, Workers: 2, Watch: func(p Progress) {
			if p.Done > 3 {
				stop()
			}
		}}
		if _, err := r.Study(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		if there, err := os.ReadDir(filepath.Join(root, s.Name)); err != nil || len(there) > 0 {
			t.Errorf("%s: %v stays, %v", name, there, err)
		}
		stop()
	}
}
