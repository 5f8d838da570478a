package workflow

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
)

// playRounds plays a short closed loop: few rounds, shops and trainings, and a fast drift.
func playRounds(t *testing.T, workers int, overrides ...string) *Rounds {
	t.Helper()
	s, err := scenarios.Load("closed-loop", append([]string{"loop.rounds=4", "loop.shops=8", "train.episodes=150", "evaluate.paths=20"}, overrides...)...)
	if err != nil {
		t.Fatal(err)
	}
	run := &Run{Scenario: s, Store: rundir.Store{Root: t.TempDir()}, Workers: workers}
	m, err := run.Rounds(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestRoundsAreTheSameOnAnyNumberOfWorkers(t *testing.T) {
	var texts [2]bytes.Buffer
	for i, workers := range []int{1, 2} {
		m := playRounds(t, workers)
		if err := m.Text(&texts[i]); err != nil {
			t.Fatal(err)
		}
	}
	if texts[0].String() != texts[1].String() {
		t.Errorf("one worker:\n%s\ntwo:\n%s", &texts[0], &texts[1])
	}
	if !strings.Contains(texts[0].String(), "truth-knowing") {
		t.Error(&texts[0])
	}
}

// In round 0 all who learned know the truth and differ by exploration alone; a truth that stays as it is costs the frozen policy nothing that chance and one more training do not explain.
func TestWhoDoesNotExploreEarnsAlikeBeforeTheTruthMoves(t *testing.T) {
	m := playRounds(t, 2)
	for _, h := range m.Histories {
		first := h.Rounds[0]
		if first.Unexplored != first.Frozen || first.Learned != first.Frozen || first.Refitted == first.Frozen {
			t.Errorf("seed %d: %+v", h.Seed, first)
		}
		for _, r := range h.Rounds {
			for _, x := range []float64{r.Refitted, r.Unexplored, r.Frozen, r.Knowing, r.Learned} {
				if !(x > 0) || math.IsInf(x, 0) {
					t.Errorf("seed %d: %+v", h.Seed, r)
				}
			}
		}
	}
	if m.Histories[0].Rounds[3].Truth[5] == m.Histories[1].Rounds[3].Truth[5] {
		t.Error("two seeds have one history")
	}
}
