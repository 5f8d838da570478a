package backtest

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/sim/rng"
)

// seasonal is a positive monthly series with an AR(1) about a season, and a deal that lifts it.
func seasonal(n int, id uint64) demand.Series {
	stream := rng.New(3, 0).Family("seasonal").At(id)
	s := demand.Series{Start: 10, Values: make([]float64, n), Regressors: []demand.Regressor{{Name: "deal", Values: make([]float64, n)}}}
	shock := 0.0
	for t := range n {
		if stream.Float64() < 0.2 {
			s.Regressors[0].Values[t] = 1
		}
		shock = 0.5*shock + 5*stream.Normal()
		s.Values[t] = 200 + 30*math.Sin(float64(t)*math.Pi/6) + 25*s.Regressors[0].Values[t] + shock
	}
	return s
}

func named(t *testing.T, names ...string) []Candidate {
	t.Helper()
	all, err := Named(names, demand.Options{Period: 12})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func plan(t *testing.T, s demand.Series, horizon, count, step int) Plan {
	t.Helper()
	origins, err := Rolling(s, horizon, count, step)
	if err != nil {
		t.Fatal(err)
	}
	return Plan{Horizon: horizon, Origins: origins, Season: 12, Coverage: 0.9}
}

func TestTheResultDoesNotDependOnTheNumberOfWorkers(t *testing.T) {
	s := seasonal(96, 1)
	var want string
	for _, workers := range []int{1, 2, 7} {
		p := plan(t, s, 6, 5, 3)
		p.Workers, p.Refit = workers, 2
		last := 0
		p.Progress = func(done, total int) {
			if done != last+1 || total != 9 {
				t.Errorf("progress %d of %d after %d", done, total, last)
			}
			last = done
		}
		r, err := Run(context.Background(), s, named(t, "seasonal-naive", "naive", "drift"), p)
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(b) + r.Text(); want == "" {
			want = got
		} else if got != want {
			t.Errorf("%d workers: %s\nwant %s", workers, got, want)
		}
	}
}

func TestACancelledContextStopsTheRun(t *testing.T) {
	s := seasonal(96, 1)
	ctx, cancel := context.WithCancel(context.Background())
	p := plan(t, s, 6, 5, 3)
	p.Progress = func(done, total int) { cancel() }
	if _, err := Run(ctx, s, named(t, "naive"), p); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// scoreByHand has forecasts of 10, 10, 10 from a naive model with an interval that is known.
func TestScoresAreThoseWorkedOutByHand(t *testing.T) {
	// Changes before the origin: 2, -2, 2, -2, so the scale of period 1 is 2 and the squared one 4; the naive forecast is 10, its errors are
	// 2, missing, -4, and its σ (over 4 residuals) is 2.
	s := demand.Series{Values: []float64{10, 12, 10, 12, 10, 12, math.NaN(), 6}}
	p := Plan{Horizon: 3, Origins: []int{5}, Coverage: 0.5}
	r, err := Run(context.Background(), s, named(t, "naive"), p)
	if err != nil {
		t.Fatal(err)
	}
	z := 0.6744897501960817
	half := []float64{2 * z, 0, 2 * z * math.Sqrt(3)}
	pinball := func(e, half float64) float64 { // 25%, 50%, 75%
		return (quantileLoss(e, -half, 0.25) + math.Abs(e)/2 + quantileLoss(e, half, 0.75)) / 3 / 2
	}
	want := Score{N: 2, MASE: (1 + 2) / 2.0, SMAPE: (200*2/22.0 + 200*4/16.0) / 2, RMSSE: math.Sqrt((1 + 4) / 2.0), Pinball: (pinball(2, half[0]) + pinball(-4, half[2])) / 2,
		Coverage: 0, Width: (half[0] + half[2]) / 2, Bias: (-1 + 2) / 2.0}
	got := reflect.ValueOf(*r.Rows[0].Overall)
	for i := range got.NumField() {
		g, w := got.Field(i), reflect.ValueOf(want).Field(i)
		if g.CanInt() && g.Int() != w.Int() || g.CanFloat() && math.Abs(g.Float()-w.Float()) > 1e-12 {
			t.Errorf("%s %v, want %v", got.Type().Field(i).Name, g, w)
		}
	}
	if by := r.Rows[0].ByHorizon; by[0].N != 1 || by[1].N != 0 || by[2].N != 1 || by[0].MASE != 1 || by[2].MASE != 2 {
		t.Errorf("by horizon %+v", by)
	}
	b, err := json.Marshal(r)
	if err != nil || !strings.Contains(string(b), `{"n":0,"mase":null`) {
		t.Errorf("%s, %v", b, err)
	}
}

func TestAConstantSeriesHasFiniteScores(t *testing.T) {
	for _, level := range []float64{0, 7} {
		s := demand.Series{Values: make([]float64, 30)}
		for i := range s.Values {
			s.Values[i] = level
		}
		s.Values[29] = level + 14
		r, err := Run(context.Background(), s, named(t, "seasonal-naive"), plan(t, s, 2, 3, 1))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := json.Marshal(r); err != nil {
			t.Error(err)
		}
		if want := 14 / max(level, 1) / 6; math.Abs(r.Rows[0].Overall.MASE-want) > 1e-12 || len(r.Warnings) != 1 {
			t.Errorf("level %v: MASE %v, want %v; %q", level, r.Rows[0].Overall.MASE, want, r.Warnings)
		}
	}
}

// failing is a model that cannot be fitted on more than so many values.
type failing struct {
	demand.Naive
	most int
}

func (m *failing) Fit(s demand.Series) error {
	if len(s.Values) > m.most {
		return errors.New("a long series")
	}
	return m.Naive.Fit(s)
}

func TestAModelThatFailsIsARowWithItsReason(t *testing.T) {
	s := seasonal(96, 1)
	candidates := append([]Candidate{{"fails later", func() (demand.Model, error) { return &failing{most: 85}, nil }},
		{"is not made", func() (demand.Model, error) { return nil, errors.New("no such thing") }}}, named(t, "naive", "seasonal-naive")...)
	p := plan(t, s, 6, 5, 3)
	p.Clock = func() time.Duration { return 0 }
	r, err := Run(context.Background(), s, candidates, p)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, row := range r.Rows {
		names = append(names, row.Name)
	}
	if want := []string{"seasonal-naive", "naive", "fails later", "is not made"}; !reflect.DeepEqual(names, want) {
		t.Errorf("order %q, want %q", names, want)
	}
	if r.Rows[2].Failed != "fit before period 97: a long series" || r.Rows[3].Failed != "no such thing" {
		t.Errorf("reasons %q and %q", r.Rows[2].Failed, r.Rows[3].Failed)
	}
	for line := range strings.SplitSeq(r.Text(), "\n") {
		if utf8.RuneCountInString(line) > 80 {
			t.Errorf("a line of more than 80 columns: %s", line)
		}
	}
}

// TestUpdatesForecastLikeRefitsOfWhatIsNotEstimated: the naive forecast has no coefficients.
func TestUpdatesForecastLikeRefitsOfWhatIsNotEstimated(t *testing.T) {
	s := seasonal(96, 1)
	p := plan(t, s, 6, 5, 3)
	fits, err := Run(context.Background(), s, named(t, "seasonal-naive"), p)
	if err != nil {
		t.Fatal(err)
	}
	p.Refit, p.Window = 5, 24
	updates, err := Run(context.Background(), s, named(t, "seasonal-naive"), p)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := fits.Rows[0].Overall, updates.Rows[0].Overall; a.MASE != b.MASE || a.RMSSE != b.RMSSE || a.Width == b.Width {
		t.Errorf("%+v and %+v", a, b)
	}
}

func TestRegressorsThatHaveNotVariedYetAreLeftOut(t *testing.T) {
	s := seasonal(96, 1)
	s.Regressors = append(s.Regressors, demand.Pulse("strike", s.Start, 96, s.Start+80))
	p := plan(t, s, 6, 5, 4) // origins 84, 88, …: the strike of period 90 is seen by the third fit
	p.Refit = 2
	r, err := Run(context.Background(), s, []Candidate{{"arima", func() (demand.Model, error) { return &demand.ARIMA{Order: [3]int{1, 0, 0}}, nil }}}, p)
	if err != nil || r.Rows[0].Failed != "" {
		t.Fatal(err, r.Rows[0].Failed)
	}
}

func TestBadPlansAreRefused(t *testing.T) {
	s := seasonal(40, 1)
	good := plan(t, s, 6, 2, 3)
	for name, bad := range map[string]func(*Plan){
		"horizon 0": func(p *Plan) { p.Horizon = 0 }, "no origin": func(p *Plan) { p.Origins = nil }, "coverage": func(p *Plan) { p.Coverage = 1 },
		"window": func(p *Plan) { p.Window = -1 }, "origin before": func(p *Plan) { p.Origins = []int{s.Start} },
		"origin after": func(p *Plan) { p.Origins = []int{s.Start + 35} }, "not increasing": func(p *Plan) { p.Origins = []int{40, 40} },
	} {
		p := good
		bad(&p)
		if _, err := Run(context.Background(), s, named(t, "naive"), p); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for _, bad := range [][3]int{{0, 1, 1}, {1, 0, 1}, {1, 1, 0}, {40, 1, 1}, {10, 10, 4}} {
		if _, err := Rolling(s, bad[0], bad[1], bad[2]); err == nil {
			t.Errorf("rolling %v: no error", bad)
		}
	}
	if _, err := Run(context.Background(), s, named(t, "naive", "naive"), good); err == nil {
		t.Error("the same name twice: no error")
	}
	if _, err := Named([]string{"nave"}, demand.Options{}); err == nil {
		t.Error("an unknown name: no error")
	}
}
