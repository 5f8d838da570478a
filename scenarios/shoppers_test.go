package scenarios

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/scenarios/estimators"
	"github.com/souk-sim/souk/scenarios/field"
)

const household = `name = "shop"
[shoppers.choice]
model = "logit"
data = "bundled:margarine.parquet"
id = "household"
attributes = ["price"]
`

const hand = `parameters = { alternatives = ["a", "b"], coefficients = { asc_b = 0.5, price = -2 }, provenance = "a guess" }`

func TestShoppersNeedNoMarketAndTheirDataAreInTheRunID(t *testing.T) {
	s, err := Parse(Source{Name: "shop.toml", Text: household})
	if err != nil {
		t.Fatal(err)
	}
	m := s.Shoppers.Models()
	if s.World() != ShoppersAlone || len(m) != 1 || m[0].Part != estimators.Choice || m[0].Name != "logit" || *m[0].HeldOut != 0.2 || len(m[0].SHA256) != 64 {
		t.Fatalf("read as %+v", m[0])
	}
	logit, ok := m[0].Estimator.(*estimators.Logit)
	if !ok || logit.ID != "household" || !slices.Equal(logit.Attributes, []string{"price"}) || logit.Layout != "wide" {
		t.Errorf("the options are %+v", m[0].Estimator)
	}
	text := string(s.Canonical())
	for _, absent := range []string{"[data]", "[time]", "sellers", "episodes"} {
		if strings.Contains(text, absent) {
			t.Errorf("a scenario of shoppers alone holds %s:\n%s", absent, text)
		}
	}
	for _, there := range []string{"sha256 = ", "held_out = 0.2", "layout = \"wide\""} {
		if !strings.Contains(text, there) {
			t.Errorf("%s is not in the canonical form:\n%s", there, text)
		}
	}
	if err := s.Needs("train"); err == nil || err.(*field.Error).Line != 2 || !strings.Contains(err.Error(), "a market to train in") {
		t.Errorf("training without a market gives %v", err)
	}
	for _, other := range []string{"seed=2", "shoppers.choice.held_out=0", "shoppers.choice.last_choice=true", "shoppers.choice.data='bundled:tuna.parquet'"} {
		o, err := Parse(Source{Name: "shop.toml", Text: household}, other)
		if err != nil {
			t.Errorf("%s: %v", other, err)
		} else if o.RunID() == s.RunID() {
			t.Errorf("%s does not change the run id", other)
		}
	}
}

func TestAPartMayHaveSeveralModelsByName(t *testing.T) {
	text := `name = "shop"
[[shoppers.choice]]
model = "logit"
data = "bundled:margarine.parquet"
[[shoppers.choice]]
name = "habit"
model = "logit"
data = "bundled:margarine.parquet"
last_choice = true
`
	s, err := Parse(Source{Name: "shop.toml", Text: text}, "shoppers.choice.habit.held_out=0.5", "shoppers.choice.logit.held_out=0.1")
	if err != nil {
		t.Fatal(err)
	}
	m := s.Shoppers.Models()
	if len(m) != 2 || m[0].File() != "choice-logit.json" || m[1].File() != "choice-habit.json" || *m[0].HeldOut != 0.1 || *m[1].HeldOut != 0.5 {
		t.Errorf("read as %+v", m)
	}
	again, err := Parse(Source{Name: "canonical", Text: string(s.Canonical())})
	if err != nil || string(again.Canonical()) != string(s.Canonical()) || strings.Count(string(s.Canonical()), "[[shoppers.choice]]") != 2 {
		t.Errorf("%v: the canonical form is\n%s", err, s.Canonical())
	}
	if got := m[1].Options(); got != "last_choice = true" {
		t.Errorf("the options that are not the usual ones: %q", got)
	}
}

func TestShoppersBesideAMarketLeaveItAsItIs(t *testing.T) {
	source, err := Open("canned-tuna")
	if err != nil {
		t.Fatal(err)
	}
	alone, err := Parse(source)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(alone.Canonical()), "shoppers") {
		t.Error("a scenario without shoppers has them in its canonical form")
	}
	source.Text += "\n" + strings.TrimPrefix(household, "name = \"shop\"\n")
	both, err := Parse(source)
	if err != nil {
		t.Fatal(err)
	}
	if both.World() != WeeklyCategory || both.Needs("train") != nil || !strings.HasPrefix(string(both.Canonical()), string(alone.Canonical())) {
		t.Errorf("with shoppers the scenario is\n%s", both.Canonical())
	}
}

func TestBadShoppersAreToldWithTheirLine(t *testing.T) {
	for _, c := range []struct {
		name, old, new string
		line           int
		says           []string
	}{
		{"no part", household[strings.Index(household, "[shoppers.choice]"):], "[shoppers]\n", 2, []string{"shoppers: found no part", "journey"}},
		{"an unknown part", "shoppers.choice", "shoppers.choise", 2, []string{"shoppers.choise: found an unknown key", `"choice"`}},
		{"a number for a part", household[strings.Index(household, "[shoppers.choice]"):], "[shoppers]\nchoice = 3\n", 3, []string{"shoppers.choice: found 3", "a table"}},
		{"no model", `model = "logit"`, "", 2, []string{"shoppers.choice.model: found nothing"}},
		{"an unknown model", `"logit"`, `"loggit"`, 3, []string{"shoppers.choice.model", `found "loggit"`, `"logit"`}},
		{"a model of another part", "shoppers.choice", "shoppers.persona", 3, []string{"shoppers.persona.model", `"logit"`, "shoppers.choice"}},
		{"an unknown option", "attributes =", "atributes =", 6, []string{"shoppers.choice.atributes: found an unknown key", `"attributes"`}},
		{"an option's value", `["price"]`, `"price"`, 6, []string{"shoppers.choice.attributes", "a list of strings"}},
		{"an option out of its words", `id = "household"`, `layout = "tall"`, 5, []string{"shoppers.choice.layout", `found "tall"`, "wide,long"}},
		{"a share of one", `id = "household"`, `held_out = 1.0`, 5, []string{"shoppers.choice.held_out", "found 1.0", "[0, 1)"}},
		{"neither data nor parameters", `data = "bundled:margarine.parquet"`, "", 2, []string{"shoppers.choice.data: found nothing", "the parameters by hand"}},
		{"both data and parameters", `id = "household"`, hand, 4, []string{"shoppers.choice.data", "beside parameters", "one of both"}},
		{"something held out of parameters", `data = "bundled:margarine.parquet"`, "held_out = 0.5\n" + hand, 4, []string{"shoppers.choice.held_out", "nothing is fitted"}},
		{"a parameter that is missing", `data = "bundled:margarine.parquet"`, "parameters = { alternatives = ['a', 'b'], coefficients = {} }", 4, []string{"shoppers.choice.parameters.provenance: found nothing"}},
		{"parameters that do not fit together", `data = "bundled:margarine.parquet"`, strings.Replace(hand, "asc_b", "asc_c", 1), 4, []string{"shoppers.choice.parameters", "asc_c"}},
		{"data that are not there", "bundled:margarine", "bundled:butter", 4, []string{"shoppers.choice.data", "no such file"}},
		{"other data than were meant", `id = "household"`, `sha256 = "00"`, 5, []string{"shoppers.choice.sha256", "one with 00"}},
		{"a name for no file", `id = "household"`, `name = "../up"`, 5, []string{"shoppers.choice.name", `found "../up"`}},
		{"half a market", "[shoppers.choice]", "[time]\nhorizon = 3\n[shoppers.choice]", 2, []string{"found nothing"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(household, c.old, c.new, 1)
			if text == household {
				t.Fatal("nothing was changed")
			}
			_, err := Parse(Source{Name: "shop.toml", Text: text})
			bad, ok := err.(*field.Error)
			if !ok {
				t.Fatalf("%v", err)
			}
			if bad.Line != c.line && c.name != "half a market" {
				t.Errorf("line %d, not %d: %v", bad.Line, c.line, bad)
			}
			for _, part := range c.says {
				if !strings.Contains(bad.Error(), part) {
					t.Errorf("%q does not say %q", bad, part)
				}
			}
		})
	}
}

func TestParametersByHandStandInForData(t *testing.T) {
	s, err := Parse(Source{Name: "shop.toml", Text: "name = 'shop'\n[shoppers.choice]\nmodel = 'logit'\n" + hand})
	if err != nil {
		t.Fatal(err)
	}
	m := s.Shoppers.Models()[0]
	if !m.ByHand() || m.HeldOut != nil || m.SHA256 != "" {
		t.Errorf("read as %+v", m)
	}
	again, err := Parse(Source{Name: "canonical", Text: string(s.Canonical())})
	if err != nil || again.RunID() != s.RunID() {
		t.Errorf("%v: the canonical form is\n%s", err, s.Canonical())
	}
}

func TestTwoModelsOfOneNameAreRefused(t *testing.T) {
	table := household[strings.Index(household, "\n")+1:]
	text := "name = \"shop\"\n" + strings.Repeat(strings.Replace(table, "[shoppers.choice]", "[[shoppers.choice]]", 1), 2)
	if _, err := Parse(Source{Name: "shop.toml", Text: text}); err == nil || !strings.Contains(err.Error(), `"logit" again`) || err.(*field.Error).Line != 7 {
		t.Errorf("%v", err)
	}
}

// TestKindsKeepOutOfTheKeysOfAllModels: an option with such a key could not be given in a scenario. Every default fits its own key.
func TestKindsKeepOutOfTheKeysOfAllModels(t *testing.T) {
	parts := keysOf(reflect.TypeFor[Shoppers]())
	for _, k := range estimators.Kinds() {
		if !slices.Contains(parts, k.Part) {
			t.Errorf("%s is of %q, which is no part of the shoppers", k.Name, k.Part)
		}
		for _, key := range Describe(k.New()) {
			if slices.Contains(keysOf(reflect.TypeFor[Model]()), key.Key) {
				t.Errorf("%s has an option %s, which every model has", k.Name, key.Key)
			}
		}
		if err := Fill(k.New(), map[string]any{}); err != nil && err.(*field.Error).Found != nothing {
			t.Errorf("%s: %v", k.Name, err)
		}
	}
}
