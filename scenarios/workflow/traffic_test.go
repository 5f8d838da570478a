package workflow

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

func TestTheBestModelOfTrafficIsChosenOnTheValidationWeeksAndTestedOnce(t *testing.T) {
	s, d, m, w := built(t, `demand.model="best"`, `demand.candidates=["naive", "arima", "seasonal-naive"]`)
	sel := m.Traffic.Selection
	if m.Traffic.Name != "arima" || sel.Best != "arima" || len(sel.Validation.Rows) != 3 || len(sel.Test.Rows) != 1 {
		t.Fatalf("%s of %+v", m.Traffic.Name, sel)
	}
	for _, o := range sel.Validation.Origins {
		if o < 239 || o+sel.Validation.Horizon-1 > 318 {
			t.Errorf("validated on a forecast from week %d", o)
		}
	}
	for _, o := range sel.Test.Origins {
		if o < 319 || o+sel.Test.Horizon-1 > 398 {
			t.Errorf("tested on a forecast from week %d", o)
		}
	}
	if m.Traffic.Next() != 319 || w.Config.Skip != 0 {
		t.Errorf("the fit ends before week %d", m.Traffic.Next())
	}
	var page strings.Builder
	if err := FitText(&page, s, d, m); err != nil {
		t.Fatal(err)
	}
	for what, n := range map[string]int{"tested once, on weeks 319 to 398: MASE": 1, "\nseasonal-naive  ": 2, "\narima  ": 2} {
		if got := strings.Count(page.String(), what); got != n {
			t.Errorf("%q stands %d times in the report, not %d", what, got, n)
		}
	}
	if _, err := json.Marshal(m.Documents()); err != nil {
		t.Error(err)
	}
	if _, err := m.Traffic.leaderboard(s).Picture(); err != nil {
		t.Error(err)
	}
}

// TestAnyDemandModelCanDriveTheMarket: its name in the scenario, its document read back, its paths no fewer than nobody.
func TestAnyDemandModelCanDriveTheMarket(t *testing.T) {
	s, d, m, w := built(t, "demand.order='auto'", `demand.model="seasonal-naive"`, `demand.transform="none"`)
	b, err := json.Marshal(m.Documents()["traffic.json"])
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := demand.Load(b)
	if err != nil || loaded.Next() != 319 {
		t.Fatal(err)
	}
	if text := strings.Join(m.Traffic.text(s), " "); !strings.HasPrefix(text, "customers a week: seasonal-naive; in 319, the first after those fitted on, ") || m.Traffic.arima() != nil {
		t.Error(text)
	}
	if _, err := w.Config.Traffic(); err != nil {
		t.Error(err)
	}
	far, err := loaded.Simulator(52, regressors(s, d, "seasonal-naive", 319, 52))
	if err != nil {
		t.Fatal(err)
	}
	stream := rng.New(1, 0).Family("traffic").At()
	path := make([]float64, 52)
	atLeastNone{shifted{far, -1e6}}.Path(&stream, path)
	for _, v := range path {
		if !(v >= 0) {
			t.Fatalf("%v customers", v)
		}
	}
}

// shifted are paths moved by so many customers.
type shifted struct {
	demand.Simulator
	by float64
}

func (s shifted) Path(stream *rng.Stream, path []float64) {
	s.Simulator.Path(stream, path)
	for i := range path {
		path[i] += s.by
	}
}

// TestOutliersAreMissingWhereTheyHaveNoDummy: ARIMA's dummies and missing values are the same to its likelihood.
func TestOutliersAreMissingWhereTheyHaveNoDummy(t *testing.T) {
	s, d, _, _ := built(t)
	dummies, gaps := customers(s, d, arima, 318), customers(s, d, "ets", 318)
	if n := len(dummies.Regressors) - len(gaps.Regressors); n != 6 {
		t.Errorf("%d dummies", n)
	}
	for _, week := range []int{249, 259, 266, 274, 291, 308} {
		if math.IsNaN(dummies.Values[week-1]) || !math.IsNaN(gaps.Values[week-1]) {
			t.Errorf("week %d: %v and %v", week, dummies.Values[week-1], gaps.Values[week-1])
		}
	}
}

// TestAnotherDifferenceIsNotTakenForTheWorse: before week 252 models with a root next to 1 are refused, but ARIMA(0,1,1) is better by far than
// what is best with two differences.
func TestAnotherDifferenceIsNotTakenForTheWorse(t *testing.T) {
	s, d, _, _ := built(t)
	series := customers(s, d, "best", 251)
	free, once := &demand.Auto{}, &demand.Auto{Differences: &[2]int{1, 0}}
	for _, m := range []*demand.Auto{free, once} {
		m.Transform = demand.Log()
		if err := m.Fit(series); err != nil {
			t.Fatal(err)
		}
	}
	if free.AICc > once.AICc || len(free.Trace) == 0 {
		t.Errorf("order %v with AICc %.1f, but %v has %.1f", free.Order, free.AICc, once.Order, once.AICc)
	}
}

// came is a tearoom whose shoppers come by a model of 40 days of which each brought about as many.
func came(t *testing.T, shoppers float64) (text string, data map[string]string) {
	t.Helper()
	history := &strings.Builder{}
	history.WriteString("came\n")
	for day := range 40 {
		fmt.Fprintf(history, "%g\n", shoppers*(1+0.1*float64(day%2)))
	}
	return strings.Replace(tearoom, "visitors = 50", "[traffic.demand]\ndata = 'came.csv'\ncolumn = 'came'\nmodel = 'naive'\nseason = 1", 1), map[string]string{"came.csv": history.String()}
}

// TestRangesGoByTheHistoryOfShoppers: what a seller sees of shoppers and units is not cut into cells of a unit beside a model of them.
func TestRangesGoByTheHistoryOfShoppers(t *testing.T) {
	text, data := came(t, 400)
	b := setUp(t, strings.Replace(text, "lowest_rival_price = { bins = 4 }", "sold = { bins = 10 }", 1), data)
	seen, _, err := Features(b.s)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range seen {
		switch {
		case f != b.full.Spec.Features[i]:
			t.Errorf("%s: %+v before the fit, %+v after", f.Name, f, b.full.Spec.Features[i])
		case f.Name == "sold" && f.Max != 420, f.Name == "visitors" && f.Max != 840:
			t.Errorf("%s up to %g where 420 shoppers came a day", f.Name, f.Max)
		}
	}
	if edges := b.full.Encoder.Dimensions[0].Edges; len(edges) != 9 || math.Abs(edges[0]-42) > 1e-9 {
		t.Errorf("cells end at %v", edges)
	}
}

func TestTooManyShoppersOfAModelAreAFaultOfItsTable(t *testing.T) {
	text, data := came(t, 4e8)
	file := filepath.Join(t.TempDir(), "it.toml")
	for name, content := range map[string]string{file: text, filepath.Join(filepath.Dir(file), "came.csv"): data["came.csv"]} {
		if err := os.WriteFile(name, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	s, err := scenarios.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Simulate(t.Context(), s, nil, nil, 1, nil)
	if bad, ok := errors.AsType[*field.Error](err); !ok || bad.Key != "traffic.demand" || bad.File != file || bad.Line != 7 {
		t.Errorf("%v", err)
	}
}

// The folder of a decision log tells how many came: of the policy that is meant, in its newest days, by periods of its own clock.
func TestShoppersComeByTheFolderOfADecisionLog(t *testing.T) {
	folder := t.TempDir()
	decisions := filepath.Join(folder, "decisions")
	if err := os.Mkdir(decisions, 0o777); err != nil {
		t.Fatal(err)
	}
	lines := &strings.Builder{}
	for day := range 12 {
		for i := range 20 + day%2 + 100*(day/6) {
			fmt.Fprintf(lines, `{"version":1,"id":"t%d-%d","time":%d,"policy":"tea/champion","customer":"a","observation":{},"action":0,"price":3,"propensity":1,"reward":1}`+"\n", day, i, day*86400+i)
		}
		fmt.Fprintf(lines, `{"version":1,"id":"c%d","time":%d,"policy":"coffee","customer":"a","observation":{},"action":0,"price":3,"propensity":1,"reward":1}`+"\n", day, day*86400+60)
	}
	for name, content := range map[string]string{filepath.Join(decisions, "decisions-000001.jsonl"): lines.String(),
		filepath.Join(folder, "it.toml"): strings.Replace(tearoom, "visitors = 50", "[traffic.demand]\ndata = 'decisions'\ncolumn = 'visitors'\nmodel = 'naive'\nseason = 1\nof = 'tea'", 1)} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	load := func(sets ...string) (*bazaar, error) {
		s, err := scenarios.Load(filepath.Join(folder, "it.toml"), sets...)
		if err != nil {
			return nil, err
		}
		return openBazaar(s)
	}
	for _, c := range []struct {
		days  int
		first float64
		sets  []string
	}{{11, 20, nil}, {3, 120, []string{"traffic.demand.window=300000"}}} {
		b, err := load(append(c.sets, "traffic.demand.every=86400")...)
		if err != nil {
			t.Fatal(err)
		}
		if got := b.series.Values; len(got) != c.days || got[0] != c.first || b.s.Traffic.Demand.SHA256 == "" {
			t.Errorf("%v: %v came", c.sets, got)
		}
	}
	for key, sets := range map[string][]string{"traffic.demand.data": nil, "traffic.demand.of": {"traffic.demand.every=86400", "traffic.demand.of=3"}} {
		_, err := load(sets...)
		if bad, ok := errors.AsType[*field.Error](err); !ok || bad.Key != key {
			t.Errorf("%v: %v", sets, err)
		}
	}
	if _, err := load("traffic.demand.every=86400", "traffic.demand.of='milk'"); err == nil || !strings.Contains(err.Error(), "milk") {
		t.Errorf("decisions of nobody: %v", err)
	}
	if _, err := load("traffic.demand.every=86400", "traffic.demand.data='it.toml'"); err == nil || !strings.Contains(err.Error(), "folder of a decision log") {
		t.Errorf("a file: %v", err)
	}
}
