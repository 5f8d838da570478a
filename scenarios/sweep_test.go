package scenarios

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const swept = `
[sweep]
over = [{ key = "agents.sarsa.learning_rate.power", values = [0.5, 0.7] }, { key = "train.episodes", from = 90, to = 110, whole = true }, { key = "sellers.panner.review", values = ["1 day"] }]
`

func TestAGridHasEveryCombinationAndEachIsAScenario(t *testing.T) {
	s := parsed(t, bazaar+swept)
	all := s.Configurations()
	if len(all) != 6 || !slices.Equal(all[4].Values, []string{"0.7", "100", `"1 day"`}) || all[4].Levels[0] != 0.7 || !math.IsNaN(all[4].Levels[2]) {
		t.Fatalf("%d configurations, the fifth %+v", len(all), all[4])
	}
	one, err := s.Configured(&all[4], 0)
	if err != nil {
		t.Fatal(err)
	}
	by := parsed(t, bazaar, "agents.sarsa.learning_rate.power=0.7", `sellers.panner.review="1 day"`)
	if one.Train.Episodes != 100 || one.Sweep != nil || one.RunID() != by.RunID() {
		t.Errorf("%d episodes; a configuration is no other run than the same by --set", one.Train.Episodes)
	}
	if again := parsed(t, string(s.Canonical())); again.RunID() != s.RunID() || len(again.Configurations()) != 6 {
		t.Errorf("the canonical form reads otherwise:\n%s", s.Canonical())
	}
}

func TestDrawnConfigurationsFollowFromTheSeed(t *testing.T) {
	draw := func(more ...string) []Configuration {
		return parsed(t, bazaar+swept, append([]string{`sweep.method="random"`, "sweep.trials=40", `sweep.over=[{ key = "reference.memory", from = 0.001, to = 0.1, log = true }]`}, more...)...).Configurations()
	}
	all := draw()
	below := 0
	for _, c := range all {
		if x := c.Levels[0]; x < 0.001 || x > 0.1 {
			t.Errorf("%v", x)
		} else if x < 0.01 {
			below++
		}
	}
	if len(all) != 40 || below < 8 || below > 32 { // half by the logarithm; a false alarm once in 20,000 seeds
		t.Errorf("%d of %d are below the middle", below, len(all))
	}
	if !reflect.DeepEqual(all[:20], draw("sweep.trials=20")) || reflect.DeepEqual(all, draw("seed=2")) {
		t.Error("more trials, or another seed, drew others, or the same")
	}
}

func TestHalvingKeepsOneInThreeAtThreeTimesTheBudget(t *testing.T) {
	s := parsed(t, bazaar+swept, `sweep.method="halving"`, "sweep.over=[{ key = \"reference.memory\", from = 0.1, to = 0.9, steps = 9 }]", "train.episodes=900")
	if r := s.Rungs(9); !slices.Equal(r, []int{100, 300, 900}) || s.Sweep.Survivors(9) != 3 || s.Sweep.Survivors(3) != 1 {
		t.Errorf("budgets %v", r)
	}
	c := s.Configurations()[2]
	if one, err := s.Configured(&c, 100); err != nil || one.Train.Episodes != 100 || one.Reference.Memory != 0.3 {
		t.Errorf("%v", err)
	}
	if r := parsed(t, bazaar+swept).Rungs(6); !slices.Equal(r, []int{0}) {
		t.Errorf("a grid has the budgets %v", r)
	}
}

func TestBadSweepsAreRefused(t *testing.T) {
	for expected, sweep := range map[string]string{
		"at least one key":       "over = []",
		`"learning_rate"`:        `over = [{ key = "agents.sarsa.learning_rat.power", values = [0.5] }]`,
		"no element called":      `over = [{ key = "agents.nobody.warmup", values = [5] }]`,
		"more than 0, at most 1": `over = [{ key = "agents.sarsa.learning_rate.power", values = [0.5, 1.5] }]`,
		"one or the other":       `over = [{ key = "reference.memory" }]`,
		"more than from":         `over = [{ key = "reference.memory", from = 0.5, to = 0.1 }]`,
		"more than 0 beside log": `over = [{ key = "reference.memory", from = 0, to = 0.1, log = true }]`,
		"each name once":         `over = [{ key = "reference.memory", values = [0] }, { key = "reference.memory", values = [1] }]`,
		"how many":               "method = \"random\"\nover = [{ key = \"reference.memory\", values = [0] }]",
		"a grid has every":       "trials = 3\nover = [{ key = \"reference.memory\", values = [0] }]",
		"halving with them":      "keep = 3\nover = [{ key = \"reference.memory\", values = [0] }]",
		"a whole number above 0": "method = \"halving\"\nbudget = \"train.epochs\"\nover = [{ key = \"reference.memory\", values = [0, 1] }]",
		"one of [[agents]]":      "agent = \"nobody\"\nover = [{ key = \"reference.memory\", values = [0] }]",
		"a dotted key":           `over = [{ key = "sweep.trials", values = [1] }]`,
		"a list of values":       `over = [{ key = "reference.memory", values = [] }]`,
		"fewer":                  `over = [{ key = "reference.memory", from = 0, to = 1, steps = 1000 }, { key = "seed", from = 1, to = 1000, steps = 1000, whole = true }]`,
	} {
		if _, err := Parse(Source{Name: "mine.toml", Text: bazaar + "\n[sweep]\n" + sweep, dir: "."}); err == nil || !strings.Contains(err.Error(), expected) {
			t.Errorf("%s: %v, not about %s", sweep, err, expected)
		}
	}
}
