package demand

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// family is n series with price effects around -2 (standard deviation 0.5) and levels around 5, on the log scale.
func family(n, periods int) (all []Series, effects []float64) {
	streams := rng.New(6, 0).Family("family")
	for i := range n {
		stream := streams.At(uint64(i))
		effect, level := -2+stream.Normal()/2, 5+stream.Normal()
		s := Series{Values: make([]float64, periods), Regressors: []Regressor{{"price", make([]float64, periods)}}}
		for t := range periods {
			s.Regressors[0].Values[t] = 0.3 * stream.Normal()
			s.Values[t] = math.Exp(level + effect*s.Regressors[0].Values[t] + 0.3*stream.Normal())
		}
		all, effects = append(all, s), append(effects, effect)
	}
	return all, effects
}

func priceEffect(m *Regression) float64 {
	for j, name := range m.Features.names() {
		if name == "price" {
			return m.Coefficients[j]
		}
	}
	return math.NaN()
}

// What the series have in common is found, and their own effects are nearer to the truth than each one's by itself.
func TestGlobalBorrowsStrength(t *testing.T) {
	all, effects := family(60, 40)
	g, err := FitGlobal(all, Options{Transform: Log()})
	if err != nil {
		t.Fatal(err)
	}
	together, alone, mean := 0.0, 0.0, 0.0
	for i, s := range all {
		m, err := g.Model(s)
		if err != nil {
			t.Fatal(err)
		}
		own := &Regression{tracker: tracker{Transform: Log()}}
		if err := own.Fit(s); err != nil {
			t.Fatal(err)
		}
		together += (priceEffect(m) - effects[i]) * (priceEffect(m) - effects[i])
		alone += (priceEffect(own) - effects[i]) * (priceEffect(own) - effects[i])
		mean += priceEffect(m) / float64(len(all))
	}
	t.Logf("mean effect %.3f; squared errors %.3f together, %.3f alone", mean, together/60, alone/60)
	if together >= alone {
		t.Errorf("squared errors %.3f together, %.3f alone", together, alone)
	}
	// Its standard error is √(0.5²/60 + 1/(60·36·0.3²/0.3²)) = 0.07: five of them fail a right estimate in 10^6.
	if math.Abs(mean+2) > 0.35 {
		t.Errorf("mean effect %.3f, want -2", mean)
	}
}

// A series that was not in the fit, with six weeks of history, forecasts with the others' price effect.
func TestGlobalForecastsASeriesItHasNotSeen(t *testing.T) {
	all, _ := family(61, 40)
	g, err := FitGlobal(all[:60], Options{Transform: Log()})
	if err != nil {
		t.Fatal(err)
	}
	fresh := all[60]
	fresh.Values = fresh.Values[:6]
	m, err := g.Model(fresh)
	if err != nil {
		t.Fatal(err)
	}
	if e := priceEffect(m); math.Abs(e+2) > 1.5 {
		t.Errorf("price effect %.2f", e)
	}
	future := []Regressor{{"price", []float64{0, -0.5, 0}}}
	f := checkForecast(t, m, 3, future)
	if f.Median[1] < 1.5*f.Median[0] {
		t.Errorf("at a lower price %.1f, at the usual one %.1f", f.Median[1], f.Median[0])
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

	b, err = json.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	var again Global
	if err := json.Unmarshal(b, &again); err != nil {
		t.Fatal(err)
	}
	m, err = again.Model(fresh)
	if err != nil {
		t.Fatal(err)
	}
	sameForecast(t, "from the file of the regression", m, f, future)
}

// Ten times the series is ten times the forecast.
func TestGlobalDoesNotMindUnits(t *testing.T) {
	var all, tens []Series
	for n := range 5 {
		s := monthly(60 + n)
		all = append(all, s)
		ten := Series{Start: s.Start, Values: append([]float64(nil), s.Values...), Regressors: s.Regressors}
		for i := range ten.Values {
			ten.Values[i] *= 10
		}
		tens = append(tens, ten)
	}
	var forecasts []*Forecast
	for _, series := range [][]Series{all, tens} {
		g, err := FitGlobal(series, Options{Period: 12})
		if err != nil {
			t.Fatal(err)
		}
		m, err := g.Model(series[0])
		if err != nil {
			t.Fatal(err)
		}
		forecasts = append(forecasts, checkForecast(t, m, 14, []Regressor{{"deal", make([]float64, 14)}}))
	}
	for i, v := range forecasts[0].Mean {
		if math.Abs(forecasts[1].Mean[i]-10*v) > 1e-6*v {
			t.Errorf("step %d: %v and %v", i+1, v, forecasts[1].Mean[i])
		}
	}
}

func TestGlobalSaysWhatItNeeds(t *testing.T) {
	all, _ := family(3, 40)
	other := Series{Values: all[0].Values}
	short := Series{Values: all[0].Values[:3], Regressors: all[0].Regressors}
	for name, c := range map[string]struct {
		series []Series
		want   string
	}{
		"none":             {nil, "two or more"},
		"other regressors": {[]Series{all[0], other}, "regressors of series 1"},
		"short":            {[]Series{all[0], all[1], short}, "series 2: series: found 3 periods, expected more than 4"},
	} {
		if _, err := FitGlobal(c.series, Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
	g, err := FitGlobal(all, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Model(other); err == nil {
		t.Error("models a series without the regressors")
	}
}

func BenchmarkFitGlobal(b *testing.B) {
	all, _ := family(55, 120)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := FitGlobal(all, Options{Transform: Log()}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(55*b.N)/b.Elapsed().Seconds(), "series/s")
}
