package workflow

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/scenarios/field"
)

func reproduced(t *testing.T, text string, overrides ...string) (*Reproduction, string) {
	t.Helper()
	r, err := Reproduce(context.Background(), parseGame(t, text, overrides...), true, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	var page strings.Builder
	if err := r.Text(&page); err != nil {
		t.Fatal(err)
	}
	return r, page.String()
}

func TestOneSessionGetsNoVerdictButOnWhatIsExact(t *testing.T) {
	r, page := reproduced(t, duel, "quick.set={\"sessions.number\"=1}", "sessions.number=1")
	if r.Rows[0].Inside != nil || !math.IsNaN(r.Rows[0].StdError) || r.Rows[2].Inside == nil || r.Rows[2].StdError != 0 || r.Outside() != 0 {
		t.Errorf("%+v", r.Rows)
	}
	if !strings.Contains(page, "1 of 3 rows inside") || !strings.Contains(page, "2 rows without a verdict") {
		t.Error(page)
	}
	body, err := json.Marshal(r)
	if err != nil || !strings.Contains(string(body), `"standard_error":null`) || !strings.Contains(string(body), `"inside":null`) {
		t.Errorf("%v: %s", err, body)
	}
	var again Reproduction
	if err := json.Unmarshal(body, &again); err != nil {
		t.Fatal(err)
	}
	for i, m := range r.Variants[0].Measures {
		if back := again.Variants[0].Measures[i]; back.Name != m.Name || back.N != m.N || math.IsNaN(back.Error) != math.IsNaN(m.Error) || math.IsNaN(back.Value) != math.IsNaN(m.Value) {
			t.Errorf("%+v is read as %+v", m, back)
		}
		if m.N == 1 && !math.IsNaN(m.Error) {
			t.Errorf("%s of one session has the standard error %v", m.Name, m.Error)
		}
	}
}

func TestKindsOfRowsAreCountedApart(t *testing.T) {
	text := strings.Replace(duel, "tolerance = 0.6\n", "tolerance = 0.6\nkind = \"claim\"\n", 1)
	r, page := reproduced(t, text)
	if r.Rows[0].Kind != "claim" || r.Rows[1].Kind != "result" {
		t.Errorf("%+v", r.Rows)
	}
	if !strings.Contains(page, "2 of 2 rows, 1 of 1 claims of this scenario inside") || !strings.Contains(page, "Claims of this scenario") {
		t.Error(page)
	}
}

func TestValuesAreWrittenAsPublishedAndMeasuredToTheirError(t *testing.T) {
	for _, c := range []struct {
		row                 Row
		published, measured string
	}{
		{Row{Published: 0.67, Measured: 0.512345, StdError: 0.0017, Allowed: 0.2}, "0.67", "0.5123"},
		{Row{Published: 0.5, Measured: 0.071, StdError: 0.15, Allowed: 0.6}, "0.5", "0.07"},
		{Row{Published: 850000, Measured: 849123.4, StdError: 1200, Allowed: 4000}, "850000", "849123"},
		{Row{Published: 0.1085, Measured: 0.2, StdError: 0.3, Allowed: 1}, "0.1085", "0.2000"},
		{Row{Published: -1, Measured: math.NaN(), StdError: math.NaN()}, "−1", "–"},
	} {
		if p, m := c.row.published(), c.row.measured(); p != c.published || m != c.measured {
			t.Errorf("%s beside %s, not %s beside %s", p, m, c.published, c.measured)
		}
	}
}

func TestSessionsThatDidNotConvergeAreTold(t *testing.T) {
	_, page := reproduced(t, duel, "sessions.periods=100")
	if !strings.Contains(page, "3 of 3 sessions, 3 of 3 sessions of dear had not converged") {
		t.Error(page)
	}
}

func TestMistypedFiguresAreToldAtTheirLine(t *testing.T) {
	for _, name := range []string{"limt-gain", "deviator-prices@"} {
		s := parseGame(t, strings.Replace(duel, `figures = ["limit-gain"`, `figures = ["`+name+`"`, 1))
		_, err := Reproduce(context.Background(), s, true, 2, nil)
		if bad, ok := err.(*field.Error); !ok || bad.Line < 30 || !strings.Contains(bad.Key, "figures") || !strings.Contains(bad.Expected, name[:3]) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Where the joint optimum shuts a dear firm out, it earns less there than in the one-shot equilibrium, and no share of that way is a gain.
func TestAFirmThatTheJointOptimumCostsHasNoGain(t *testing.T) {
	s := parseGame(t, duel, "game.firms.right.cost=1.9", "sessions.number=2")
	all, err := measure(context.Background(), s, 2)
	if err != nil {
		t.Fatal(err)
	}
	value := func(name string) float64 {
		if i := slices.IndexFunc(all, func(m Measure) bool { return m.Name == name }); i >= 0 {
			return all[i].Value
		}
		return math.NaN()
	}
	if !(value("monopoly-profit:right") < value("nash-profit:right")) {
		t.Fatalf("the joint optimum earns %v, the equilibrium %v", value("monopoly-profit:right"), value("nash-profit:right"))
	}
	if !math.IsNaN(value("limit-gain:right")) || math.IsNaN(value("limit-gain:left")) || math.IsNaN(value("limit-gain")) {
		t.Errorf("gains %v, %v", value("limit-gain:left"), value("limit-gain:right"))
	}
}

func TestTheTableKeepsTheLastOfASeries(t *testing.T) {
	text := figuresTable([]Measure{{Name: "regret@100", Value: 1}, {Name: "regret@1000", Value: 2}, {Name: "converged", Value: 0.5, N: 4, Error: 0.2}})
	if strings.Contains(text, "regret@100 ") || !strings.Contains(text, "regret@1000") || !strings.Contains(text, "JSON has all") || !strings.Contains(text, "2 of 4 sessions had not converged") {
		t.Error(text)
	}
}

func TestValuesThatAreAlikeHaveNoError(t *testing.T) {
	if m := mean("x", "", []float64{0.1, 0.1, 0.1}); m.Error != 0 {
		t.Errorf("standard error %v", m.Error)
	}
}
