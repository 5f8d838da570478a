package workflow

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
)

// playRounds plays a short closed loop: few rounds, shops and trainings, and a fast drift.
func playRounds(t *testing.T, histories, workers int, overrides ...string) *Rounds {
	t.Helper()
	s, err := scenarios.Load("closed-loop", append([]string{"loop.rounds=3", "loop.shops=4", "traffic.visitors=30", "train.episodes=80", "evaluate.paths=10"}, overrides...)...)
	if err != nil {
		t.Fatal(err)
	}
	run := &Run{Scenario: s, Store: rundir.Store{Root: t.TempDir()}, Workers: workers}
	m, err := run.Rounds(t.Context(), histories)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestRoundsAreTheSameOnAnyNumberOfWorkers(t *testing.T) {
	var texts [2]bytes.Buffer
	for i, workers := range []int{1, 2} {
		m := playRounds(t, 2, workers)
		if err := m.Text(&texts[i]); err != nil {
			t.Fatal(err)
		}
	}
	if texts[0].String() != texts[1].String() {
		t.Errorf("one worker:\n%s\ntwo:\n%s", &texts[0], &texts[1])
	}
	if !strings.Contains(texts[0].String(), "truth-knowing") || !strings.Contains(texts[0].String(), "by simulation alone") {
		t.Error(&texts[0])
	}
}

// In round 0 all who learned know the truth and differ by exploration alone; a truth that stays as it is costs the frozen policy nothing that chance and one more training do not explain.
func TestWhoDoesNotExploreEarnsAlikeBeforeTheTruthMoves(t *testing.T) {
	m := playRounds(t, 2, 2)
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
	if m.Histories[0].Rounds[2].Truth[5] == m.Histories[1].Rounds[2].Truth[5] {
		t.Error("two seeds have one history")
	}
}

// A fast drift in few rounds, the short form of the twenty rounds that -tags long plays: what it costs can be told, most of it is kept though each turn comes a round
// late, and nobody who learned earns more than who knows, but for the chance of what the same customers do.
func TestRefittingKeepsMostOfWhatDriftCosts(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: a figure, which the race detector has nothing to say of; go test ./scenarios/workflow plays it")
	}
	m := playRounds(t, 4, 2, "loop.rounds=5", "loop.shops=12", "traffic.visitors=80", "train.episodes=200", "evaluate.paths=20", `loop.drift=[{ key = "personas.regulars.price", to = -1.1, until = 2 }, { key = "personas.bargain-hunters.price", to = -1.6, until = 2 }]`)
	if m.Cost == nil || m.Cost.Value < 0.05 || m.Kept == nil || m.Kept.Value < 0.6 || m.Promoted == 0 {
		t.Errorf("drift costs %v, kept %v, %d promoted", m.Cost, m.Kept, m.Promoted)
	}
	t.Logf("drift costs %v, learning %v, kept %v", m.Cost, m.Learning, m.Kept)
	if m.Learning == nil || m.Learning.Value < -0.005 || m.Learning.Value > 0.03 {
		t.Errorf("learning costs %v", m.Learning)
	}
}

// No stream of training is one of the bench: neither the customers that policies meet nor the plausible markets in which they do.
func TestTrainingSharesNoSeedWithTheBench(t *testing.T) {
	bench := map[uint64]int64{}
	for seed := range int64(500) {
		bench[evaluate.MasterSeed(seed)] = seed
	}
	for seed := range int64(500) {
		for k := range int64(40) {
			if other, ok := bench[train.MasterSeed(seed, k)]; ok {
				t.Errorf("training %d of seed %d is on the bench of seed %d", k, seed, other)
			}
		}
	}
	b, err := openBazaar(teahouseWith(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Fit(t.Context(), 1, nil); err != nil {
		t.Fatal(err)
	}
	champion := fixedBundle(t, b.s, 6.5)
	l, err := b.books(played(t, b.s, champion, 0.1, 4), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	refit, err := b.refit(l, 0)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[float64]bool{}
	for _, draws := range []string{refitLearned, refitJudged} {
		m, err := b.plausible(t.Context(), refit.Tastes, draws)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range m.worlds {
			taste := w.(*shop).Config.Personas[0].Price
			if seen[taste] {
				t.Errorf("a market of %s is drawn twice: price %v", draws, taste)
			}
			seen[taste] = true
		}
	}
}

// Turns in which the log did not tell are counted, and told apart from those whose gates it held: of three that promote here one rests on simulation alone.
func TestTurnsOfWhichTheLogDoesNotTellAreCounted(t *testing.T) {
	m := &Rounds{Unit: "$ a day and shop", Histories: []History{
		{Rounds: []Round{{Promoted: true, Untold: []string{"loss"}}, {Promoted: true}, {Untold: []string{"loss"}}, {}}},
		{Rounds: []Round{{}, {Promoted: true}, {}, {}}}}}
	if n := m.turns(); n != (turned{Turns: 6, Promoted: 3, Untold: 2, Unproven: 1}) {
		t.Errorf("%+v", n)
	}
	m.Keeping = &Keeping{turned: m.turns()}
	text, err := json.Marshal(m)
	if err != nil || !strings.Contains(string(text), `"turns_untold":2,"promoted_untold":1`) || !strings.Contains(strings.Join(m.answer(), " "), "3 of 6 turns made another champion, 1 of them by simulation alone") {
		t.Errorf("%v %s %q", err, text, m.answer())
	}
}

// Two histories of next to no drift, whose levels differ as they may, cannot tell shares from anything: they are left out, in so many words, and all else is told.
func TestWhatTwoHistoriesCannotTellIsNoError(t *testing.T) {
	m := &Rounds{Unit: "$ a day and shop", Histories: []History{
		{Seed: 1, Rounds: []Round{{Refitted: 60, Unexplored: 61, Frozen: 60, Knowing: 60.5, Learned: 60.2}, {Refitted: 60, Unexplored: 61, Frozen: 60, Knowing: 60.4, Learned: 60}}},
		{Seed: 2, Rounds: []Round{{Refitted: 30, Unexplored: 31, Frozen: 30.2, Knowing: 30, Learned: 29.5}, {Refitted: 30, Unexplored: 31, Frozen: 30.3, Knowing: 30.2, Learned: 29.9}}}}}
	k, err := m.keeping()
	if err != nil {
		t.Fatal(err)
	}
	m.Keeping = k
	if text := strings.Join(m.answer(), " "); k.Cost != nil || k.Kept != nil || k.Clean != nil || !strings.Contains(text, "cannot be told from 2 histories") || !strings.Contains(text, "−$0.125 a day and shop more") {
		t.Errorf("%+v\n%s", k, text)
	}
	if _, err := json.Marshal(m); err != nil {
		t.Error(err)
	}
}
