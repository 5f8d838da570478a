package demand

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// learners are the kinds that share features.
var learners = []string{"regression", "forest", "lstm"}

// threshold is a series that sells ten times more below a price, a step that no line has.
func threshold(n int) Series {
	stream := rng.New(4, 0).Family("threshold").At(0)
	s := Series{Values: make([]float64, n), Regressors: []Regressor{{"price", make([]float64, n)}}}
	for t := range n {
		s.Regressors[0].Values[t] = stream.Float64()
		s.Values[t] = 10 + stream.Normal()
		if s.Regressors[0].Values[t] < 0.3 {
			s.Values[t] += 90
		}
	}
	return s
}

func TestAForestFindsAThresholdAndALineDoesNot(t *testing.T) {
	s := threshold(200)
	errors := map[string]float64{}
	for _, kind := range []string{"regression", "forest", "lstm"} {
		m, _ := New(kind, Options{Seed: 1, Workers: 2})
		if err := m.Fit(s); err != nil {
			t.Fatal(err)
		}
		prices := []float64{0.05, 0.2, 0.4, 0.6, 0.9}
		future := []Regressor{{"price", prices}}
		f, err := m.Forecast(len(prices), 0.9, future)
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range prices {
			want := 10.0
			if p < 0.3 {
				want = 100
			}
			errors[kind] += math.Abs(f.Median[i]-want) / float64(len(prices))
		}
		b, err := Save(m)
		if err != nil {
			t.Fatal(err)
		}
		loaded, err := Load(b)
		if err != nil {
			t.Fatal(err)
		}
		sameForecast(t, "loaded", loaded, f, future)
		one, _ := New(kind, Options{Seed: 1, Workers: 1})
		if err := one.Fit(s); err != nil {
			t.Fatal(err)
		}
		sameForecast(t, "fitted by one worker", one, f, future)
	}
	t.Log(errors)
	if !(errors["forest"] < errors["regression"]/2) {
		t.Errorf("mean errors %v", errors)
	}
}

// A line of the form the model has is found: an autoregression with a price effect, 2,000 periods.
func TestRegressionRecoversALine(t *testing.T) {
	stream := rng.New(5, 0).Family("line").At(0)
	const n = 2000
	s := Series{Values: make([]float64, n), Regressors: []Regressor{{"price", make([]float64, n)}}}
	last := 0.0
	for i := range n {
		s.Regressors[0].Values[i] = stream.Normal()
		last = 3 + 0.6*last - 2*s.Regressors[0].Values[i] + stream.Normal()
		s.Values[i] = last
	}
	m := &Regression{}
	if err := m.Fit(s); err != nil {
		t.Fatal(err)
	}
	// The standard errors are near (1-0.6²)^½/n^½ = 0.018 and 1/n^½ = 0.022: five of them fail a right estimate in 10^6.
	for name, want := range map[string]float64{"lag1": 0.6, "price": -2} {
		for j, have := range m.Features.names() {
			if have == name && math.Abs(m.Coefficients[j]-want) > 0.11 {
				t.Errorf("%s: %v, want %v", name, m.Coefficients[j], want)
			}
		}
	}
	if math.Abs(m.Sigma-1) > 0.08 {
		t.Errorf("sigma %v, want 1", m.Sigma)
	}
}

func TestLearnersSayWhatTheyNeed(t *testing.T) {
	long := monthly(60).Values
	flat, missing := make([]float64, 60), make([]float64, 60)
	for i := range flat {
		flat[i], missing[i] = 7, math.NaN()
	}
	mostly := append([]float64(nil), missing...)
	copy(mostly[50:], long)
	many := make([]Regressor, 100)
	for j := range many {
		many[j] = Regressor{strings.Repeat("x", j+1), long}
	}
	for name, c := range map[string]struct {
		s    Series
		want string
	}{
		"short":            {Series{Values: long[:11]}, "found 11 observed values, expected at least 12"},
		"all missing":      {Series{Values: missing}, "no observed value"},
		"mostly missing":   {Series{Values: mostly}, "found 10 observed values"},
		"constant":         {Series{Values: flat}, "the constant 7"},
		"many regressors":  {Series{Values: long, Regressors: many}, "at most 64"},
		"short regressors": {Series{Values: long, Regressors: []Regressor{{"a", long[:50]}}}, "regressor a"},
	} {
		for _, kind := range learners {
			m, _ := New(kind, Options{Seed: 1})
			if err := m.Fit(c.s); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s, %s: error %v, want %q", kind, name, err, c.want)
			}
		}
	}
}

// Regressors that are constant, equal or missing where the value is missing do not stop a fit, nor does a gap.
func TestLearnersBearCollinearityAndGaps(t *testing.T) {
	s := monthly(72)
	n := len(s.Values)
	deal := s.Regressors[0].Values
	twice, ones, gap := make([]float64, n), make([]float64, n), append([]float64(nil), deal...)
	for i := range n {
		twice[i], ones[i] = 2*deal[i], 1
	}
	for i := 30; i < 36; i++ {
		s.Values[i], gap[i] = math.NaN(), math.NaN()
	}
	s.Regressors = append(s.Regressors, Regressor{"twice", twice}, Regressor{"ones", ones}, Regressor{"gap", gap})
	deals := []float64{0, 1}
	future := []Regressor{{"deal", deals}, {"twice", []float64{0, 2}}, {"ones", []float64{1, 1}}, {"gap", deals}}
	for _, kind := range learners {
		m, _ := New(kind, Options{Period: 12, Seed: 1})
		if err := m.Fit(s); err != nil {
			t.Fatal(kind, err)
		}
		f, err := m.Forecast(2, 0.9, future)
		if err != nil {
			t.Fatal(kind, err)
		}
		for i, want := range []float64{100 + 0.3*72 + 0, 100 + 0.3*73 + 10 + 30} {
			if math.Abs(f.Median[i]-want) > 25 {
				t.Errorf("%s, step %d: %.1f, want about %.1f", kind, i+1, f.Median[i], want)
			}
		}
	}
}

func TestLearnersRefuseDamagedFiles(t *testing.T) {
	for _, kind := range learners {
		m, _ := New(kind, Options{Seed: 1})
		if err := m.Fit(threshold(60)); err != nil {
			t.Fatal(err)
		}
		b, err := Save(m)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"features", "coefficients", "state", "regressors"} {
			var file struct {
				Schema, Kind string
				Model        map[string]json.RawMessage
			}
			if err := json.Unmarshal(b, &file); err != nil {
				t.Fatal(err)
			}
			delete(file.Model, key)
			damaged, _ := json.Marshal(map[string]any{"schema": file.Schema, "kind": file.Kind, "model": file.Model})
			if _, err := Load(damaged); err == nil {
				t.Errorf("%s: loads without %s", kind, key)
			}
		}
	}
}

func BenchmarkFitLearner(b *testing.B) {
	for _, kind := range learners {
		b.Run(kind, func(b *testing.B) {
			s := monthly(120)
			b.ReportAllocs()
			for b.Loop() {
				m, _ := New(kind, Options{Period: 12, Seed: 1})
				if err := m.Fit(s); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "series/s")
		})
	}
}

func BenchmarkLearnerPath(b *testing.B) {
	for _, kind := range []string{"regression", "forest"} { // the LSTM has no network here: see BenchmarkLSTMPath
		b.Run(kind, func(b *testing.B) {
			m, _ := New(kind, Options{Seed: 1})
			if err := m.Fit(threshold(120)); err != nil {
				b.Fatal(err)
			}
			const h = 52
			s, err := m.Simulator(h, []Regressor{{"price", make([]float64, h)}})
			if err != nil {
				b.Fatal(err)
			}
			stream := rng.New(1, 0).Family("bench").At(0)
			path := make([]float64, h)
			b.ReportAllocs()
			for b.Loop() {
				s.Path(&stream, path)
			}
			b.ReportMetric(float64(h*b.N)/b.Elapsed().Seconds(), "periods/s")
		})
	}
}
