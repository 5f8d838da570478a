package scenarios

import (
	"strings"
	"testing"

	"github.com/souk-sim/souk/scenarios/field"
)

// duel is a small game with all that a paper's scenario has.
const duel = `name = "duel"
seed = 3
[game]
demand = { kind = "logit", scale = 0.25 }
ladder = { rungs = 5 }
[[game.firms]]
name = "left"
quality = 2
cost = 1
[[game.firms]]
name = "right"
quality = 2
cost = 1
[[agents]]
name = "q-learning"
warmup = 0
average = 0
learning_rate = { kind = "constant", value = 0.2 }
exploration = { kind = "decay", from = 1, rate = 1e-3 }
[sessions]
number = 20
periods = 100000
converged = 1000
initial = "random-rivals"
[paper]
citation = "by hand"
deviations = []
figures = ["limit-gain"]
[quick]
set = { "sessions.number" = 4 }
[[variants]]
name = "three"
set = { "game.firms" = [{ name = "left", quality = 2, cost = 1 }, { name = "mid", quality = 2, cost = 1 }, { name = "right", quality = 2, cost = 1 }] }
[[variants]]
name = "dear"
set = { game.firms.right.cost = 1.25, agents.q-learning.learning_rate.value = 0.1 }
quick = { "sessions.number" = 3 }
[[published]]
measure = "limit-gain"
value = 0.8
tolerance = 0.5
source = "nowhere"
[[published]]
variant = "dear"
measure = "nash-price:right"
value = 1.6
tolerance = 0.5
source = "nowhere"
`

func parseText(t *testing.T, text string, overrides ...string) *Scenario {
	t.Helper()
	s, err := Parse(Source{Name: "duel.toml", Text: text}, overrides...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPapersAreValidAndTheirCanonicalFormReadsBackToItself(t *testing.T) {
	for _, name := range Papers() {
		s, err := Load(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s.Name != name || s.Paper.Citation == "" || s.Paper.Deviations == nil || len(s.Published) == 0 {
			t.Errorf("%s.toml calls itself %q, cites %q, tells its deviations: %v, has %d rows", name, s.Name, s.Paper.Citation, s.Paper.Deviations != nil, len(s.Published))
		}
		again, err := Parse(Source{Name: "canonical", Text: string(s.Canonical())})
		if err != nil {
			t.Errorf("%s, canonical form: %v", name, err)
			continue
		}
		if again.RunID() != s.RunID() {
			t.Errorf("%s: the canonical form reads back to\n%s", name, again.Canonical())
		}
	}
}

func TestVariantsSetKeysOverTheSmallerSampleAndOverrides(t *testing.T) {
	s := parseText(t, duel, "sessions.number=7", "game.demand.scale=0.5")
	for _, c := range []struct {
		variant string
		quick   bool
		number  int
		firms   int
		cost    float64
	}{{"", false, 7, 2, 1}, {"", true, 7, 2, 1}, {"three", false, 7, 3, 1}, {"dear", false, 7, 2, 1.25}, {"dear", true, 3, 2, 1.25}} {
		v, err := s.Variant(c.variant, c.quick)
		if err != nil {
			t.Fatal(err)
		}
		cfg := v.GameConfig()
		if v.Sessions.Number != c.number || len(cfg.Firms) != c.firms || cfg.Firms[c.firms-1].Cost != c.cost {
			t.Errorf("%q, quick %v: %d sessions of %d firms, the last at cost %g", c.variant, c.quick, v.Sessions.Number, len(cfg.Firms), cfg.Firms[c.firms-1].Cost)
		}
		if text := string(v.Canonical()); !strings.Contains(text, "scale = 0.5") {
			t.Errorf("%q lost the override of the scale", c.variant)
		}
	}
	if v, err := parseText(t, duel).Variant("", true); err != nil || v.Sessions.Number != 4 {
		t.Errorf("the smaller sample: %v", err)
	}
	if _, err := s.Variant("four", false); err == nil {
		t.Error("a variant that is not there was found")
	}
}

func TestFaultsOfGamesAreToldAtTheirLine(t *testing.T) {
	for _, c := range []struct {
		from, to  string
		line      int
		key, says string
	}{
		{`kind = "logit"`, `kind = "logti"`, 4, "game.demand.kind", "logit"},
		{`scale = 0.25`, `scael = 0.25`, 4, "game.demand.scael", "scale"},
		{`ladder = { rungs = 5 }`, `ladder = { rungs = 1 }`, 5, "game.ladder.rungs", "[2, 100000]"},
		{`ladder = { rungs = 5 }`, `ladder = { from = 1 }`, 5, "game.ladder", "both"},
		{"quality = 2\ncost = 1\n[[game.firms]]", "quality = 2\ncost = -1\n[[game.firms]]", 9, "game.firms.left.cost", "[0, "},
		{`name = "right"`, `name = "left"`, 11, "game.firms.left.name", "each name once"},
		{"name = \"left\"\n", "name = \"left\"\nagent = \"sarsa\"\n", 8, "game.firms.left.agent", "q-learning"},
		{"name = \"left\"\n", "name = \"left\"\nbrain = { rule = \"fixd\" }\n", 8, "game.firms.left.brain.rule", "fixed"},
		{"name = \"left\"\n", "name = \"left\"\nstate = { rung = {} }\n", 8, "game.firms.left.state.rung", "an unknown feature"},
		{`initial = "random-rivals"`, `initial = "random"`, 24, "sessions.initial.kind", "random-rivals"},
		{`initial = "random-rivals"`, `initial = { kind = "uniform", from = 2, to = 1 }`, 24, "sessions.initial.to", "at least from"},
		{`initial = "random-rivals"`, `deviate = { firm = 3 }`, 24, "sessions.deviate.firm", "2 firms"},
		{`converged = 1000`, `converge = 1000`, 23, "sessions.converge", "converged"},
		{`{ "sessions.number" = 4 }`, `{ "sessions.number" = 0 }`, 30, "sessions.number", "[1, "},
		{`{ "sessions.number" = 4 }`, `{ "sessions.numbr" = 4 }`, 30, "sessions.numbr", "number"},
		{`{ "sessions.number" = 4 }`, `{ "published.x" = 4 }`, 30, "quick.set.published.x", "what is played"},
		{`game.firms.right.cost = 1.25`, `game.firms.rigth.cost = 1.25`, 36, "game.firms.rigth.cost", "right"},
		{`game.firms.right.cost = 1.25`, `game.firms.right.cost = -1.25`, 36, "game.firms.right.cost", "[0, "},
		{`name = "mid", quality = 2`, `name = "left", quality = 2`, 33, "game.firms.left.name", "each name once"},
		{`name = "dear"`, `name = "three"`, 35, "variants.three.name", "each name once"},
		{`variant = "dear"`, `variant = "deer"`, 44, "published.1.variant", "dear"},
		{`citation = "by hand"`, ``, 25, "paper.citation", "[[published]]"},
		{`[[agents]]`, `[train]`, 14, "train", "a repeated game"},
		{`[sessions]`, `[time]`, 20, "time", "a repeated game"},
		{"name = \"duel\"", "name = \"duel\"\n[[products]]", 2, "products", "a repeated game"},
	} {
		text := strings.Replace(duel, c.from, c.to, 1)
		if text == duel {
			t.Fatalf("%q is not in the scenario", c.from)
		}
		_, err := Parse(Source{Name: "duel.toml", Text: text})
		bad, ok := err.(*field.Error)
		if !ok || bad.File != "duel.toml" || bad.Line != c.line || bad.Key != c.key || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, not line %d, %s … %s", c.to, err, c.line, c.key, c.says)
		}
	}
}

func TestAFirmMayFollowARuleAndSeeLess(t *testing.T) {
	text := strings.Replace(duel, "name = \"left\"\n", "name = \"left\"\nbrain = { rule = \"follower\", amount = 0.1 }\n", 1)
	text = strings.Replace(text, "name = \"right\"\n", "name = \"right\"\nstate = { lowest_rival_rung = { bins = 5 } }\n", 1)
	s := parseText(t, text)
	if s.AgentOf(0) != nil || s.AgentOf(1) == nil || s.AgentOf(1).Name != "q-learning" {
		t.Errorf("agents of the firms: %v and %v", s.AgentOf(0), s.AgentOf(1))
	}
	if err := s.Needs("simulate"); err == nil || !strings.Contains(err.Error(), "souk reproduce") {
		t.Errorf("a game was taken for a market of shoppers: %v", err)
	}
}
