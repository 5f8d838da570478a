package scenarios

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/scenarios/field"
)

func TestEveryBundledScenarioIsValidAndItsCanonicalFormReadsBackToItself(t *testing.T) {
	for _, name := range Bundled() {
		s, err := Load(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s.Name != name {
			t.Errorf("%s.toml calls itself %q", name, s.Name)
		}
		again, err := Parse(Source{Name: "canonical", Text: string(s.Canonical())})
		if err != nil {
			t.Errorf("%s, canonical form: %v", name, err)
			continue
		}
		if string(again.Canonical()) != string(s.Canonical()) || again.RunID() != s.RunID() {
			t.Errorf("%s: the canonical form reads back to\n%s", name, again.Canonical())
		}
	}
}

func TestTheOrderOfKeysAndTheFormOfValuesDoNotChangeTheRun(t *testing.T) {
	source, err := Open("canned-tuna")
	if err != nil {
		t.Fatal(err)
	}
	one, err := Parse(source)
	if err != nil {
		t.Fatal(err)
	}
	source.Text = strings.NewReplacer(`prices = "star-kist"`, `prices = ["star-kist"]`, "cover_days = 10", "cover_days = 1e1",
		"seed = 1", "seed = 0x1", "period = \"week\"\nhorizon = 52", "horizon = 52\nperiod = 'week'").Replace(source.Text)
	other, err := Parse(source)
	if err != nil {
		t.Fatal(err)
	}
	if one.RunID() != other.RunID() {
		t.Errorf("the same meaning has run ids %s and %s", one.RunID(), other.RunID())
	}
	changed, err := Parse(source, "seed=2")
	if err != nil {
		t.Fatal(err)
	}
	if changed.RunID() == one.RunID() {
		t.Error("another seed has the same run id")
	}
}

func TestOverridesReachElementsByName(t *testing.T) {
	s, err := Load("canned-tuna", "train.episodes=70", `sellers."national brands".brain.recent=52`, "agents.sarsa.learning_rate.power=0.75",
		"sellers.dominicks.state={ stock = { edges = [10, 20.5] } }", "choice.reference_price.memory=0.3")
	if err != nil {
		t.Fatal(err)
	}
	if s.Train.Episodes != 70 || s.Sellers[1].Brain.Recent != 52 || !slices.Equal(s.Choice.ReferencePrice.Memory, Memory{0.3}) {
		t.Errorf("overrides were not applied: %+v", s)
	}
	if len(s.Learner().State) != 1 || !reflect.DeepEqual(s.Learner().State["stock"].Edges, []float64{10, 20.5}) {
		t.Errorf("a value did not replace the table that stood there: %+v", s.Learner().State)
	}
	if !strings.Contains(string(s.Canonical()), "power = 0.75") {
		t.Error("the agent's parameter is not in the resolved scenario")
	}
}

func TestLinesAreFoundInEveryFormOfTOML(t *testing.T) {
	at, _ := lines("a = 1\n\n[b]\nc.d = 2 # [not]\n'e' = [\n  1,\n  {f = 2},\n]\n[[g]]\nh = '''\nx = 1\n'''\n[[g]]\nh = {i = \"]\", j = 3}\n[g.k]\nl=0\n[[g.m]]\n\"n o\"=1")
	for key, line := range map[string]int{"a": 1, "b": 3, "b/c/d": 4, "b/e": 5, "b/e/1/f": 7, "g/0": 9, "g/0/h": 10, "g/1": 13, "g/1/h/j": 14, "g/1/k": 15,
		"g/1/k/l": 16, "g/1/m/0/n o": 18} {
		if got := at[path(strings.ReplaceAll(key, "/", "\x1f"))]; got != line {
			t.Errorf("%s is on line %d, not %d", key, line, got)
		}
	}
	if at["x"] != 0 {
		t.Error("the inside of a string was read as a key")
	}
}

func TestSchemaTagsAreSoundAndEveryKeyIsExplained(t *testing.T) {
	for _, k := range Schema() {
		if k.Doc == "" {
			t.Errorf("%s has no line of documentation", k.Key)
		}
		if k.Required && k.Default != "" {
			t.Errorf("%s is required and has a default", k.Key)
		}
	}
	// Decoding an empty document takes every default of every table, and so parses them.
	d := &document{}
	for _, v := range []any{&Scenario{}, &Seller{}, &Agent{}, &Limit{}, &Reward{}, &Feature{}, &Brain{}} {
		d.table("", map[string]any{}, reflect.ValueOf(v).Elem())
	}
	for _, e := range d.errs {
		if e.Found != "nothing" {
			t.Errorf("a default does not fit its own key: %v", e)
		}
	}
}

func TestDemandModelsAreKnownByName(t *testing.T) {
	for _, good := range [][]string{{"demand.model='best'"}, {"demand.model='naive'"}, {"demand.model='best'", "demand.candidates=['arima', 'drift']", "demand.order=[1, 0, 0]"}} {
		s, err := Load("canned-tuna", good...)
		if err != nil {
			t.Errorf("%q: %v", good, err)
			continue
		}
		if (s.Demand.Model == "best") != (len(s.Demand.Candidates) >= 2) {
			t.Errorf("%q: candidates %q", good, s.Demand.Candidates)
		}
		if again, err := Parse(Source{Name: "canonical", Text: string(s.Canonical())}); err != nil || again.RunID() != s.RunID() {
			t.Errorf("%q, canonical form: %v\n%s", good, err, s.Canonical())
		}
	}
	for _, bad := range []struct{ key, expected, override, more string }{
		{"demand.model", `"naive"`, "demand.model='naiv'", ""},
		{"demand.model", `"best"`, "demand.model='bset'", ""},
		{"demand.model", "one of arima, ", "demand.model='prophetic'", ""},
		{"demand.candidates", `none, or model = "best"`, "demand.candidates=['naive']", ""},
		{"demand.candidates", "at least one", "demand.model='best'", "demand.candidates=[]"},
		{"demand.candidates.1", "each name once", "demand.model='best'", "demand.candidates=['naive', 'naive']"},
		{"demand.candidates.0", `"drift"`, "demand.model='best'", "demand.candidates=['drft']"},
		{"demand.candidates.0", "the models it chooses from", "demand.model='best'", "demand.candidates=['best']"},
		{"demand.order", "ARIMA", "demand.model='naive'", "demand.order=[1, 0, 0]"},
	} {
		overrides := []string{bad.override}
		if bad.more != "" {
			overrides = append(overrides, bad.more)
		}
		_, err := Load("canned-tuna", overrides...)
		if e, ok := err.(*field.Error); !ok || e.Key != bad.key || !strings.Contains(e.Expected, bad.expected) {
			t.Errorf("%q: %v", overrides, err)
		}
	}
}

func TestDataPathsAreRelativeToTheScenario(t *testing.T) {
	folder := t.TempDir()
	source, err := Open("canned-tuna")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(source.Text, "bundled:tuna.parquet", "panel.csv", 1)
	file := filepath.Join(folder, "mine.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(file); err == nil || err.(*field.Error).Line != 7 || err.(*field.Error).Key != "data.panel" {
		t.Errorf("a missing panel gives %v", err)
	}
	if err := os.WriteFile(filepath.Join(folder, "panel.csv"), []byte("week\n1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(file); err != nil {
		t.Error(err)
	}
	if _, err := Load(file, "data.sha256='00'"); err == nil || err.(*field.Error).File != "--set" {
		t.Errorf("a panel with another digest gives %v", err)
	}
}

// An override's fault is the override's: of a key it gave, of a key under a table that it gave or made, of one that such a table lacks.
func TestAFaultOfAnOverrideNamesIt(t *testing.T) {
	for set, key := range map[string]string{"train.episodes=0": "train.episodes", "train={episodes=0}": "train.episodes", "trainn.x=1": "trainn",
		"shoppers.choice.k=3": "shoppers.choice.model", "sellers.dominicks.reward={holding=-1}": "sellers.dominicks.reward.holding"} {
		_, err := Load("canned-tuna", set)
		if bad, ok := err.(*field.Error); !ok || bad.File != "--set" || bad.Line != 0 || bad.Key != key {
			t.Errorf("--set %s: %v", set, err)
		}
	}
	_, err := Load("canned-tuna", "shoppers.choice.model='x'")
	if bad, ok := err.(*field.Error); !ok || bad.Expected == `""` {
		t.Errorf("a model of one letter: %v", err)
	}
}

func TestDeepNestingIsRefusedUnread(t *testing.T) {
	for _, text := range []string{"a=" + strings.Repeat("[", 200000), "a=" + strings.Repeat("{a=", 80000), strings.Repeat("a.", 100000) + "a=1",
		"[" + strings.Repeat("a.", 100000) + "a]", "a=" + strings.Repeat("[", 100000) + strings.Repeat("]", 100000)} {
		if _, err := Parse(Source{Name: "deep.toml", Text: text}); err == nil || !strings.Contains(err.Error(), "levels") {
			t.Errorf("%.10s… gives %.200v", text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range Bundled() {
		source, err := Open(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(source.Text, "seed=3")
	}
	for _, name := range Papers() {
		source, err := Open(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(source.Text, "sessions.number=3")
	}
	f.Add(duel, "game.firms.left.cost=0.5")
	f.Add(bazaar, "products.tea.copies=3")
	f.Add("[[sellers]]\nname='a'\nstate={'' = {edges=[1]}}\n[[sellers.x]]\n\"\"=1", "sellers.a.prices=['\\u0000']")
	f.Add("a=[[[[{b=[nan]}]]]]\nq='''\n", "a.b.c=1")
	f.Fuzz(func(t *testing.T, text, set string) {
		lines(text)
		s, err := Parse(Source{Name: "fuzz", Text: text, dir: t.TempDir()}, set)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("an error of more than one line: %q", err)
			}
			return
		}
		again, err := Parse(Source{Name: "canonical", Text: string(s.Canonical())})
		if err != nil {
			t.Fatalf("%v\n%s", err, s.Canonical())
		}
		if again.RunID() != s.RunID() {
			t.Errorf("the canonical form has another run id:\n%s\n%s", s.Canonical(), again.Canonical())
		}
	})
}

func TestAPanelWithoutDisplayColumnsIsSaidToHaveNone(t *testing.T) {
	without := `data.columns = { log_price = "log_price_#", log_wholesale = "log_wholesale_#", display = "" }`
	if _, err := Load("canned-tuna", without); err == nil || !strings.Contains(err.Error(), "choice.display") {
		t.Errorf("a choice model with display and no display: %v", err)
	}
	s, err := Load("canned-tuna", without, "choice.display=false")
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(Source{Name: "canonical", Text: string(s.Canonical())})
	if err != nil || again.Data.Columns.Display != "" || again.RunID() != s.RunID() {
		t.Errorf("the canonical form does not say so: %v\n%s", err, s.Canonical())
	}
}
