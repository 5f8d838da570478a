package workflow

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
)

// What shoppers feel about prices matters to what one earns, and to which share of a training the exploration lasts hardly.
const sweptTearoom = tearoom + `
[sweep]
paths = 20
over = [{ key = "agents.q-learning.exploration.until", values = [0.5, 1.0] }, { key = "personas.all.price", values = [-0.5, -1.0, -2.0] }]
`

func sweepIn(t *testing.T, ctx context.Context, folder, text string, workers int, o rundir.Options, overrides ...string) (*Swept, error) {
	t.Helper()
	file := filepath.Join(folder, "it.toml")
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	s, err := scenarios.Load(file, overrides...)
	if err != nil {
		t.Fatal(err)
	}
	return (&Run{Scenario: s, Store: rundir.Store{Root: folder}, Workers: workers, Options: o}).Sweep(ctx)
}

func TestASweepTellsWhatMattered(t *testing.T) {
	folder := t.TempDir()
	m, err := sweepIn(t, t.Context(), folder, sweptTearoom, 1, rundir.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if e := m.Effects[0]; len(m.Trials) != 6 || e.Key != "personas.all.price" || e.Share < 0.9 || len(e.Levels) != 3 || e.Levels[0].At != "-2.0" || !(e.Levels[2].Value > e.Levels[0].Value) {
		t.Errorf("%+v", m.Effects)
	}
	best := &m.Trials[m.Order[0]-1]
	if best.Values[1] != "-0.5" || best.Behind != nil || best.Scores[0].N != 1 || !(best.Scores[0].Error > 0) {
		t.Errorf("the best is %+v", best)
	}
	if worst := &m.Trials[m.Order[5]-1]; worst.Behind == nil || worst.Behind.Value >= 0 {
		t.Errorf("the worst is %+v", worst)
	}
	var text strings.Builder
	if err := m.Text(&text); err != nil || !strings.Contains(text.String(), "personas.all.price") && !strings.Contains(text.String(), "all.price") {
		t.Errorf("%v:\n%s", err, &text)
	}
	for _, name := range []string{"sweep.json", "report.txt", "episodes.parquet", "plots/effects.svg"} {
		if _, err := os.Stat(filepath.Join(m.Dir, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestASweepIsTheSameOnAnyNumberOfWorkersAndInterrupted(t *testing.T) {
	read := func(m *Swept) (all []string) {
		for _, name := range []string{"sweep.json", "report.txt", "episodes.parquet", "plots/effects.svg"} {
			text, err := os.ReadFile(filepath.Join(m.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, string(text))
		}
		return all
	}
	halving := []string{`sweep.method="halving"`, "train.checkpoint=5", "train.episodes=27"}
	one, err := sweepIn(t, t.Context(), t.TempDir(), sweptTearoom, 1, rundir.Options{}, halving...)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(one.Trials[one.Order[0]-1].Scores); n != 3 || len(one.Trials[one.Order[5]-1].Scores) != 1 {
		t.Errorf("the best was tried at %d budgets", n)
	}
	two, err := sweepIn(t, t.Context(), t.TempDir(), sweptTearoom, 2, rundir.Options{}, halving...)
	if err != nil || !reflect.DeepEqual(read(one), read(two)) {
		t.Errorf("two workers: %v", err)
	}
	folder := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	file := filepath.Join(folder, "it.toml")
	if err := os.WriteFile(file, []byte(sweptTearoom), 0o666); err != nil {
		t.Fatal(err)
	}
	s, err := scenarios.Load(file, halving...)
	if err != nil {
		t.Fatal(err)
	}
	r := &Run{Scenario: s, Store: rundir.Store{Root: folder}, Workers: 1, Watch: func(p Progress) {
		if p.Stage == "train" && p.Done == 12 {
			cancel()
		}
	}}
	if _, err := r.Sweep(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("interrupted: %v", err)
	}
	again, err := sweepIn(t, t.Context(), folder, sweptTearoom, 2, rundir.Options{Resume: true}, halving...)
	if err != nil || !reflect.DeepEqual(read(one), read(again)) {
		t.Errorf("resumed: %v", err)
	}
}
