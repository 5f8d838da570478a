package workflow

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/data/shared"
	"github.com/souk-sim/souk/scenarios/field"
)

// duel is a game that is learned in a moment.
const duel = `name = "duel"
question = "Who asks more?"
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
exploration = { kind = "decay", from = 1, to = 0, rate = 1e-3 }
[sessions]
number = 6
periods = 200000
converged = 2000
initial = "random-rivals"
deviate = { periods = 3 }
[paper]
citation = "by hand"
deviations = ["all"]
figures = ["limit-gain", "deviator-price@"]
[quick]
set = { "sessions.number" = 3 }
[[variants]]
name = "dear"
set = { game.firms.right.cost = 1.25 }
[[variants]]
name = "long"
set = { sessions.number = 9 }
full = true
[[published]]
measure = "limit-gain"
value = 0.5
tolerance = 0.6
source = "nowhere"
[[published]]
measure = "deviator-price@1"
value = 1.6
tolerance = 0.5
source = "nowhere"
[[published]]
variant = "dear"
measure = "nash-price:right"
value = 1.0
tolerance = 0.5
bound = "at-least"
source = "nowhere"
[[published]]
variant = "long"
measure = "converged"
value = 1
source = "nowhere"
`

func parseGame(t *testing.T, text string, overrides ...string) *scenarios.Scenario {
	t.Helper()
	file := filepath.Join(t.TempDir(), "game.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := scenarios.Load(file, overrides...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAReproductionIsTheSameOnAnyNumberOfWorkers(t *testing.T) {
	s := parseGame(t, duel)
	var first []byte
	for _, workers := range []int{1, 2, 7} {
		r, err := Reproduce(context.Background(), s, false, workers, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = body
		}
		if !bytes.Equal(first, body) {
			t.Errorf("with %d workers:\n%s\nand not\n%s", workers, body, first)
		}
	}
}

// Of two firms and two periods the state is (a, b) in the period before and (c, d) in the last one. Kept is c, d, a, b; read as the first firm's c, d, the last
// period first, and the second's a, b.
func TestMixingUpFirmsAndPeriodsAsTheAuthorsProgramDoes(t *testing.T) {
	for memory, want := range map[int]func(a, b, c, d int) int{1: func(_, _, c, d int) int { return c*5 + d }, 2: func(a, b, c, d int) int { return ((d*5+b)*5+c)*5 + a }} {
		s := parseGame(t, duel)
		s.Game.Memory = memory
		r, err := newRivalry(s)
		if err != nil {
			t.Fatal(err)
		}
		for state := range r.game.States() {
			a, b, c, d := state/125, state/25%5, state/5%5, state%5
			if got := r.misread(state); got != want(a, b, c, d) {
				t.Errorf("memory %d, state %d is read as %d, not %d", memory, state, got, want(a, b, c, d))
			}
		}
	}
}

func TestEveryMeasureIsOfAKindThatIsListed(t *testing.T) {
	var all []Measure
	for _, memory := range []string{"game.memory=1", "game.memory=2"} {
		of, err := measure(context.Background(), parseGame(t, duel, "sessions.number=12", memory), 2)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, of...)
	}
	kinds, seen := gameMeasures(), map[string]bool{}
	for _, m := range all {
		i := slices.IndexFunc(kinds, func(k MeasureKind) bool { return k.is(m.Name) })
		if i < 0 {
			t.Errorf("%s is of no kind", m.Name)
			continue
		}
		seen[kinds[i].Name] = true
		if kinds[i].Unit != m.Unit || math.IsNaN(m.Value) || math.IsInf(m.Value, 0) || !(m.Error >= 0) {
			t.Errorf("%s = %v ± %v %s, of a kind in %q", m.Name, m.Value, m.Error, m.Unit, kinds[i].Unit)
		}
	}
	for _, k := range kinds {
		if !seen[k.Name] {
			t.Errorf("no measure is of kind %s", k.Name)
		}
	}
}

func TestRowsAreInsideWithinTheirToleranceAndThreeStandardErrors(t *testing.T) {
	m := Measure{Name: "x", Value: 10, Error: 0.3, N: 100000}
	for _, c := range []struct {
		p      scenarios.Published
		inside bool
	}{
		{scenarios.Published{Value: 10.89}, true}, {scenarios.Published{Value: 10.91}, false}, {scenarios.Published{Value: 10.95, Tolerance: 0.1}, true},
		{scenarios.Published{Value: 11.5, Error: 0.4}, true}, {scenarios.Published{Value: 11.51, Error: 0.4}, false},
		{scenarios.Published{Value: 5, Bound: "at-least"}, true}, {scenarios.Published{Value: 5, Bound: "at-most"}, false},
		{scenarios.Published{Value: 11, Bound: "at-least"}, false}, {scenarios.Published{Value: 10.5, Bound: "at-least"}, true},
	} {
		if r := row(&c.p, &m); r.Inside == nil || *r.Inside != c.inside {
			t.Errorf("%+v is inside: %v", c.p, *r.Inside)
		}
	}
}

func TestTheSmallerSampleLeavesOutWhatIsForTheFullOne(t *testing.T) {
	s := parseGame(t, duel)
	r, err := Reproduce(context.Background(), s, true, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Variants) != 2 || len(r.Rows) != 3 || r.Rows[0].N != 3 || r.Outside() != 0 {
		t.Errorf("%d variants and the rows %+v", len(r.Variants), r.Rows)
	}
	var text strings.Builder
	if err := r.Text(&text); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"duel · by hand", "– all", "\ndear\n", "≥ 1 ", "may differ", "3 of 3 rows inside", "(--quick)"} {
		if !strings.Contains(text.String(), part) {
			t.Errorf("%q is not in\n%s", part, &text)
		}
	}
	figures, err := r.Figures()
	if err != nil || len(figures) != 2 || figures[0].Name != "duel-limit-gain" || figures[1].Name != "duel-paths" {
		t.Fatalf("figures %v, %v", figures, err)
	}
	for _, f := range figures {
		var one, two bytes.Buffer
		if f.Picture.SVG(&one) != nil || f.Picture.SVG(&two) != nil || !bytes.Equal(one.Bytes(), two.Bytes()) || !strings.Contains(one.String(), "Who asks more?") {
			t.Errorf("%s is not drawn, or twice in two ways", f.Name)
		}
	}
}

func TestRowsThatNothingMeasuresAreToldAtTheirLine(t *testing.T) {
	for from, to := range map[string]string{`measure = "limit-gain"`: `measure = "limt-gain"`, `"deviator-price@1"`: `"deviator-price@4"`, `"nash-price:right"`: `"nash-price:wrong"`} {
		s := parseGame(t, strings.Replace(duel, from, to, 1))
		_, err := Reproduce(context.Background(), s, true, 2, nil)
		if bad, ok := err.(*field.Error); !ok || bad.Line < 40 || !strings.HasSuffix(bad.Key, ".measure") {
			t.Errorf("%s: %v", to, err)
		}
	}
	if _, err := Reproduce(context.Background(), mustLoad(t, "smoke"), true, 1, nil); err == nil {
		t.Error("a market was reproduced")
	}
}

func mustLoad(t *testing.T, name string) *scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAnInterruptedReproductionStops(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	s := parseGame(t, duel, "sessions.number=1000000")
	_, err := Reproduce(ctx, s, false, 2, func(_ string, done, _ int) {
		if done == 3 {
			stop()
		}
	})
	if err != context.Canceled {
		t.Errorf("after the interrupt: %v", err)
	}
}

// The fixed points of play do not hang on learning: who always asks the monopoly price earns its profit.
func TestRulesOnBothSidesEarnWhatTheyAsk(t *testing.T) {
	text := strings.NewReplacer("name = \"left\"\n", "name = \"left\"\nbrain = { rule = \"fixed\", price = 10 }\n", "name = \"right\"\n",
		"name = \"right\"\nbrain = { rule = \"fixed\", price = 10 }\n", "initial = \"random-rivals\"\n", "", "extend = 0.1", "extend = 0",
		"rungs = 5", "rungs = 5, extend = 0", "converged = 2000", "converged = 0", "periods = 200000", "periods = 50").Replace(duel)
	all, err := measure(context.Background(), parseGame(t, text, "sessions.number=2"), 2)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(m Measure) bool { return m.Name == "final-gain" })
	if i < 0 || math.Abs(all[i].Value-1) > 1e-9 {
		t.Errorf("the gain of joint monopolists is %v", all)
	}
}

// The first sessions of Calvano et al. (2020), with their own random numbers, end as published.
func TestAReplayEndsAsPublished(t *testing.T) {
	file := shared.Path(t, "oracle", "calvano2020_sessions.csv")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	published, err := PublishedSessions(file, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	s, err := scenarios.Load("calvano-2020", "sessions.number=2")
	if err != nil {
		t.Fatal(err)
	}
	r, err := PlayReplay(context.Background(), s, false, published, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.Compared != 2 || r.Equal != 2 {
		t.Errorf("%d of %d sessions as published: %v", r.Equal, r.Compared, r.Unequal)
	}
	if _, err := PublishedSessions("x.csv", strings.NewReader("a,b\n1,2\n")); err == nil {
		t.Error("a table of other columns was taken for one of sessions")
	}
}

func BenchmarkCalvanoSessions(b *testing.B) {
	b.ReportAllocs()
	s, err := scenarios.Load("calvano-2020", "sessions.number=2")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := measure(context.Background(), s, 1); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(2*float64(b.N)/b.Elapsed().Seconds(), "sessions/s")
}
