package demand

import (
	"encoding/json"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// TestETSIsNoWorseThanR compares with forecast::ets 8.20 (testdata/ets_R.json): the log-likelihood of each form, at most
// 1e-3 lower, and the AICc of the automatic choice, which may be 2 above the least, where a simpler form is taken.
func TestETSIsNoWorseThanR(t *testing.T) {
	var oracle struct {
		ETS []struct {
			Series string
			Period int
			Chosen string
			AICc   float64
			Forms  map[string]struct{ LogLik, AICc float64 }
		}
	}
	readTestdata(t, "ets_R.json", &oracle)
	better := 0
	for _, want := range oracle.ETS {
		s := oracleSeries(t, want.Series, nil)
		for _, form := range slices.Sorted(maps.Keys(want.Forms)) {
			m := ETS{Period: want.Period, Form: form}
			if err := m.Fit(s); err != nil {
				t.Fatal(err)
			}
			r := want.Forms[form]
			if m.LogLik < r.LogLik-1e-3 {
				t.Errorf("%s %s: log-likelihood %.4f, R %.4f", want.Series, form, m.LogLik, r.LogLik)
			}
			if m.LogLik > r.LogLik+1e-3 {
				better++
			}
			if penalty, theirs := m.AICc+2*m.LogLik, r.AICc+2*r.LogLik; math.Abs(penalty-theirs) > 1e-5 {
				t.Errorf("%s %s: AICc's penalty %v, R %v", want.Series, form, penalty, theirs)
			}
		}
		m := ETS{Period: want.Period}
		if err := m.Fit(s); err != nil {
			t.Fatal(err)
		}
		if m.AICc > want.AICc+2 {
			t.Errorf("%s: %s with AICc %.3f, R has %s with %.3f", want.Series, m.Chosen, m.AICc, want.Chosen, want.AICc)
		}
		t.Logf("%s: %s with AICc %.3f, R has %s with %.3f", want.Series, m.Chosen, m.AICc, want.Chosen, want.AICc)
	}
	t.Logf("%d fits have a higher likelihood than R's", better)
}

// TestThetaAgreesWithR compares with forecast::thetaf 8.20, whose smoothing parameter is found less exactly.
func TestThetaAgreesWithR(t *testing.T) {
	var oracle struct {
		Thetaf []struct {
			Series   string
			Period   int
			Forecast []float64
		}
	}
	readTestdata(t, "ets_R.json", &oracle)
	for _, want := range oracle.Thetaf {
		m, err := New("theta", Options{Period: want.Period})
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Fit(oracleSeries(t, want.Series, nil)); err != nil {
			t.Fatal(err)
		}
		f, err := m.Forecast(len(want.Forecast), 0.95, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range want.Forecast {
			if math.Abs(f.Mean[i]/v-1) > 1e-3 {
				t.Errorf("%s step %d: %.4f, R %.4f", want.Series, i+1, f.Mean[i], v)
			}
		}
	}
}

func readTestdata(t testing.TB, name string, into any) {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

// simulateETS draws n values of a form with known parameters.
func simulateETS(t *testing.T, truth ETS, n int, stream rng.Stream) []float64 {
	t.Helper()
	truth.Chosen, truth.State = truth.Form, slices.Clone(truth.Start)
	if err := truth.restore(); err != nil {
		t.Fatal(err)
	}
	s, err := truth.Simulator(n, nil)
	if err != nil {
		t.Fatal(err)
	}
	path := make([]float64, n)
	s.Path(&stream, path)
	return path
}

// TestETSRecoversItsParameters fits 60 simulated series of 400 values of each form. The means of α, β and γ lie within four
// Monte Carlo standard errors and 0.02, for the bias of short series, of the truth: false alarms one in some thousands.
func TestETSRecoversItsParameters(t *testing.T) {
	const replications, n = 60, 400
	season := []float64{-10, 0, 15, -5}
	for i, truth := range []ETS{
		{Form: "ANN", Alpha: 0.4, Phi: 1, Start: []float64{100}, tracker: tracker{Sigma: 5}},
		{Form: "AAN", Alpha: 0.5, Beta: 0.2, Phi: 1, Start: []float64{100, 1}, tracker: tracker{Sigma: 5}},
		{Form: "MNM", Period: 4, Alpha: 0.3, Gamma: 0.2, Phi: 1, Start: []float64{100, 0.8, 1, 1.3, 0.9}, tracker: tracker{Sigma: 0.05}},
		{Form: "ANA", Period: 4, Alpha: 0.3, Gamma: 0.3, Phi: 1, Start: append([]float64{100}, season...), tracker: tracker{Sigma: 5}},
	} {
		family := rng.New(3, 0).Family("ets recovery")
		var sums, squares [4]float64
		for r := range uint64(replications) {
			m := ETS{Form: truth.Form, Period: truth.Period}
			if err := m.Fit(Series{Values: simulateETS(t, truth, n, family.At(uint64(i), r))}); err != nil {
				t.Fatal(err)
			}
			for j, v := range [4]float64{m.Alpha, m.Beta, m.Gamma, m.Sigma / truth.Sigma} {
				sums[j] += v
				squares[j] += v * v
			}
		}
		for j, want := range [4]float64{truth.Alpha, truth.Beta, truth.Gamma, 1} {
			mean := sums[j] / replications
			se := math.Sqrt(max(0, squares[j]/replications-mean*mean) / replications)
			if math.Abs(mean-want) > 4*se+0.02 {
				t.Errorf("%s: parameter %d on average %.4f ± %.4f, truth %.4f", truth.Form, j, mean, se, want)
			}
		}
	}
}

// TestETSIntervalsFollowTheFormulas: Var_h of AAN is σ²(1 + Σ (α + βj)²), j = 1..h-1 (Hyndman et al. 2008, table 6.1), and
// that of MNN from paths is near its l²·((1+α²σ²)^(h-1)·(1+σ²) - 1).
func TestETSIntervalsFollowTheFormulas(t *testing.T) {
	nile := oracleSeries(t, "Nile", nil)
	m := ETS{Form: "AAN"}
	if err := m.Fit(nile); err != nil {
		t.Fatal(err)
	}
	f, err := m.Forecast(8, 0.95, nil)
	if err != nil {
		t.Fatal(err)
	}
	sum := 1.0
	for h, se := range f.TransformedSE {
		if h > 0 {
			sum += math.Pow(m.Alpha+m.Beta*float64(h), 2)
		}
		if want := m.Sigma * math.Sqrt(sum); math.Abs(se/want-1) > 1e-9 {
			t.Errorf("AAN step %d: %v, want %v", h+1, se, want)
		}
	}
	m = ETS{Form: "MNN"}
	if err := m.Fit(nile); err != nil {
		t.Fatal(err)
	}
	if f, err = m.Forecast(8, 0.95, nil); err != nil {
		t.Fatal(err)
	}
	for h, se := range f.TransformedSE {
		v := m.Sigma * m.Sigma
		want := m.State[0] * math.Sqrt(math.Pow(1+m.Alpha*m.Alpha*v, float64(h))*(1+v)-1)
		if math.Abs(se/want-1) > 0.09 { // four standard errors of a deviation from 1,000 paths
			t.Errorf("MNN step %d: %v, want %v", h+1, se, want)
		}
	}
}

// TestETSSkipsMissingValues: the fit of a series with every seventh value missing forecasts within half a standard error
// of the fit of all of it.
func TestETSSkipsMissingValues(t *testing.T) {
	full := monthly(120)
	holes := Series{Start: full.Start, Values: slices.Clone(full.Values)}
	for i := 3; i < len(holes.Values); i += 7 {
		holes.Values[i] = math.NaN()
	}
	for _, name := range []string{"ets", "theta", "naive2"} {
		var f [2]*Forecast
		for i, s := range []Series{full, holes} {
			m, err := New(name, Options{Period: 12})
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Fit(s); err != nil {
				t.Fatal(err)
			}
			if f[i], err = m.Forecast(12, 0.95, nil); err != nil {
				t.Fatal(err)
			}
		}
		for h, v := range f[1].Mean {
			if d := math.Abs(v-f[0].Mean[h]) / f[0].TransformedSE[h]; d > 0.5 {
				t.Errorf("%s step %d: %.2f with holes, %.2f without (%.2f standard errors)", name, h+1, v, f[0].Mean[h], d)
			}
		}
	}
}

// TestPoorSeriesGetAnAnswerOrAReason plays series that are hardly series.
func TestPoorSeriesGetAnAnswerOrAReason(t *testing.T) {
	nan := math.NaN()
	constant := slices.Repeat([]float64{7}, 30)
	for _, c := range []struct {
		name   string
		values []float64
		want   float64 // of the forecast, NaN for any finite one, +Inf for an error
	}{
		{"constant", constant, 7},
		{"zero", make([]float64, 30), 0},
		{"one value", []float64{5}, 5},
		{"one value, then missing", []float64{5, nan, nan}, 5},
		{"two values", []float64{5, 6}, nan},
		{"shorter than a season", []float64{5, 6, 4, 7, 5, 6, 4, 8}, nan},
		{"a line", []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28}, nan},
		{"missing at first", append(slices.Repeat([]float64{nan}, 14), 3, 4, 3, 5, 4, 5, 3, 4), nan},
		{"negative and zero", []float64{-3, 0, 2, -1, 0, 4, -2, 0, 1, -3, 2, 0, 1, -1, 0, 2, -3, 0, 2, -1, 0, 4, -2, 0, 1, -3, 2}, nan},
		{"huge", []float64{1e90, 2e90, 1e90, 3e90, 1e90, 2e90, 1e90, 2e90, 1e90}, nan},
		{"beyond what squares bear", []float64{1e140, 2e140, 1e140}, math.Inf(1)},
		{"empty", nil, math.Inf(1)},
		{"all missing", []float64{nan, nan, nan}, math.Inf(1)},
		{"infinite", []float64{1, 2, math.Inf(1), 4}, math.Inf(1)},
	} {
		for _, kind := range []string{"naive", "seasonal-naive", "drift", "naive2", "ets", "damped-ets", "theta", "combination"} {
			m, err := New(kind, Options{Period: 12})
			if err != nil {
				t.Fatal(err)
			}
			err = m.Fit(Series{Start: 3, Values: c.values})
			if math.IsInf(c.want, 1) {
				if err == nil {
					t.Errorf("%s of a series that is %s: no error", kind, c.name)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s of a series that is %s: %v", kind, c.name, err)
				continue
			}
			f, err := m.Forecast(13, 0.9, nil)
			if err != nil {
				t.Errorf("%s of a series that is %s: %v", kind, c.name, err)
				continue
			}
			for h, v := range f.Mean {
				if math.IsNaN(v) || math.IsInf(v, 0) || !math.IsNaN(c.want) && math.Abs(v-c.want) > 1e-9 || f.Lo[h] > f.Hi[h] {
					t.Errorf("%s of a series that is %s: step %d is %v (%v to %v)", kind, c.name, h+1, v, f.Lo[h], f.Hi[h])
					break
				}
			}
			if b, err := Save(m); err != nil {
				t.Errorf("%s of a series that is %s: %v", kind, c.name, err)
			} else if _, err := Load(b); err != nil {
				t.Errorf("%s of a series that is %s: %v", kind, c.name, err)
			}
		}
	}
}

// TestETSRefusesFormsThatCannotBe names the field that is wrong.
func TestETSRefusesFormsThatCannotBe(t *testing.T) {
	values := []float64{3, 4, -3, 5, 4, 5, 3, 4, 3, 4, 3, 5}
	for _, m := range []ETS{{Form: "XYZ"}, {Form: "ANA"}, {Form: "MNN"}, {Form: "MNM", Period: 4}, {Form: "AAA", Period: 100}, {Period: -1}} {
		if err := m.Fit(Series{Values: values}); err == nil {
			t.Errorf("%q with period %d is fitted", m.Form, m.Period)
		}
	}
	if m := (&ETS{Period: 365}); m.Fit(Series{Values: values}) != nil || len(m.Warnings) != 1 {
		t.Errorf("a long period: warnings %q", m.Warnings)
	}
}

// TestETSFindsTheHighestHillOfSeasons: forms of M3 series whose likelihood has lower hills near the usual starts. The
// log-likelihoods are forecast::ets 8.20's.
func TestETSFindsTheHighestHillOfSeasons(t *testing.T) {
	all := m3Read(t)
	for _, c := range []struct {
		id, form string
		logLik   float64
	}{{"N1108", "AAA", -297.2752}} {
		i := slices.IndexFunc(all, func(s m3Series) bool { return s.id == c.id })
		if i < 0 {
			t.Fatalf("no series %s", c.id)
		}
		m := ETS{Period: all[i].period, Form: c.form}
		if err := m.Fit(Series{Values: all[i].given}); err != nil {
			t.Fatal(err)
		}
		if m.LogLik < c.logLik-1e-3 {
			t.Errorf("%s %s: log-likelihood %.4f, R %.4f", c.id, c.form, m.LogLik, c.logLik)
		}
	}
}

// TestETSSaysWhichFormHasTheLeastAICc: where a simpler one is taken the description and the file name both.
func TestETSSaysWhichFormHasTheLeastAICc(t *testing.T) {
	simpler := 0
	for i, series := range m3Read(t) {
		if i%100 != 0 {
			continue
		}
		name, s, m := series.id, Series{Values: series.given}, ETS{Period: series.period}
		if err := m.Fit(s); err != nil {
			t.Fatal(err)
		}
		chosen, _ := Describe(&m)
		b, err := Save(&m)
		if err != nil {
			t.Fatal(err)
		}
		if m.Least == "" {
			if m.AICc != m.LeastAICc || chosen != "ETS("+m.Chosen+")" {
				t.Errorf("%s: %s, AICc %v, least %v", name, chosen, m.AICc, m.LeastAICc)
			}
			continue
		}
		simpler++
		least := ETS{Period: m.Period, Form: m.Least}
		if err := least.Fit(s); err != nil {
			t.Fatal(err)
		}
		if m.LeastAICc != least.AICc || m.LeastAICc > m.AICc || m.AICc > m.LeastAICc+2 || !strings.Contains(chosen, "ETS("+m.Least+")") || !strings.Contains(string(b), `"least_aicc_form"`) {
			t.Errorf("%s: %s", name, chosen)
		}
	}
	if simpler == 0 {
		t.Error("no series has a simpler form near the best one")
	}
}
