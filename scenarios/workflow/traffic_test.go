package workflow

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/souk-sim/souk/market/demand"
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
