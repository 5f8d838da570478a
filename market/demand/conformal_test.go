package demand

import (
	"math"
	"strings"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

func TestConformalKeepsTheContract(t *testing.T) {
	for _, kind := range []string{"naive", "seasonal-naive", "poisson", "auto-arima"} {
		for _, transform := range []Transform{{}, Log()} {
			t.Run(kind+transform.String(), func(t *testing.T) {
				keepsTheContract(t, func() Model {
					m, err := New(kind, Options{Period: 12, Transform: transform})
					if err != nil {
						t.Fatal(err)
					}
					return &Conformal{Model: m, Horizon: 14, Transform: transform}
				})
			})
		}
	}
}

// shocks is a random walk of quiet steps, N(0, 1), one in ten of which is N(0, 10²).
func shocks(n int, path uint64) []float64 {
	stream := rng.New(7, 0).Family("shocks").At(path)
	y := make([]float64, n)
	level := 100.0
	for i := range y {
		sd := 1.0
		if stream.Float64() < 0.1 {
			sd = 10
		}
		level += sd * stream.Normal()
		y[i] = level
	}
	return y
}

// TestConformalIntervalsCoverWhereGaussianOnesFail forecasts 1,500 random walks with heavy-tailed steps 1 and 3 periods
// ahead. Conformal intervals of 80% and 97% cover as often as they say, within four binomial standard errors (false alarms
// of a right program below 3e-4 for the four checks together), the Gaussian ones, of the same model, do not: too wide for
// 80%, and too narrow for 97% one step ahead.
func TestConformalIntervalsCoverWhereGaussianOnesFail(t *testing.T) {
	const walks, n, h = 1500, 160, 3
	m := &Conformal{Model: &Naive{}, Horizon: h, Calibration: 80}
	coverages := []float64{0.8, 0.97}
	var conformal, gaussian [2][h]float64
	for p := range walks {
		y := shocks(n+h, uint64(p))
		if err := m.Fit(Series{Values: y[:n]}); err != nil {
			t.Fatal(err)
		}
		for c, coverage := range coverages {
			f, err := m.Forecast(h, coverage, nil)
			if err != nil {
				t.Fatal(err)
			}
			g, err := m.Model.Forecast(h, coverage, nil)
			if err != nil {
				t.Fatal(err)
			}
			for i := range h {
				if v := y[n+i]; f.Lo[i] <= v && v <= f.Hi[i] {
					conformal[c][i] += 1.0 / walks
				}
				if v := y[n+i]; g.Lo[i] <= v && v <= g.Hi[i] {
					gaussian[c][i] += 1.0 / walks
				}
			}
		}
	}
	for c, coverage := range coverages {
		for _, i := range []int{0, 2} {
			se := math.Sqrt(coverage * (1 - coverage) / walks)
			t.Logf("%v%%, %d ahead: conformal %.1f%%, Gaussian %.1f%%, standard error %.1f", 100*coverage, i+1, 100*conformal[c][i], 100*gaussian[c][i], 100*se)
			// The finite-sample correction may give up to 1/(n+1) more.
			if got := conformal[c][i]; got < coverage-4*se || got > coverage+1.0/(80-float64(i)+1)+4*se {
				t.Errorf("%v, %d ahead: conformal intervals cover %v", coverage, i+1, got)
			}
			if i == 0 && math.Abs(gaussian[c][i]-coverage) < 4*se {
				t.Errorf("%v, %d ahead: Gaussian intervals cover too, %v: nothing was shown", coverage, i+1, gaussian[c][i])
			}
		}
	}
}

func TestConformalErrorsAreThoseOfTheRollingForecasts(t *testing.T) {
	nan := math.NaN()
	y := []float64{1, 2, 4, 8, 16, nan, 64, 128}
	m := &Conformal{Model: &Naive{}, Horizon: 2, Calibration: 4}
	s := Series{Start: 10, Values: y, Regressors: []Regressor{{"x", []float64{0, 0, 0, 0, 0, nan, 0, 0}}}}
	if err := m.Fit(s); err != nil {
		t.Fatal(err)
	}
	// One step: 16-8, 64-16 (16 stands in for the missing value), 128-64. Two steps: 64-16, 128-16.
	for i, want := range [][]float64{{8, 48, 64}, {48, 112}} {
		if len(m.Errors[i]) != len(want) {
			t.Fatalf("errors %v, want %v", m.Errors[i], want)
		}
		for j := range want {
			if m.Errors[i][j] != want[j] {
				t.Errorf("errors %v, want %v", m.Errors[i], want)
			}
		}
	}
	f, err := m.Forecast(2, 0.5, nil) // the 2nd of 3, and the 2nd of 2
	if err != nil {
		t.Fatal(err)
	}
	if f.Start != 18 || f.Lo[0] != 128-48 || f.Hi[0] != 128+48 || f.Hi[1] != 128+112 {
		t.Errorf("%+v", f)
	}
	if _, err := m.Forecast(2, 0.7, nil); err == nil || !strings.Contains(err.Error(), "step 2 was calibrated on 2 errors") {
		t.Errorf("70%% of two errors: %v", err)
	}
	for name, bad := range map[string]*Conformal{
		"no model":       {Horizon: 2},
		"no horizon":     {Model: &Naive{}},
		"short":          {Model: &Naive{}, Horizon: 3, Calibration: 2},
		"all":            {Model: &Naive{}, Horizon: 2, Calibration: 8},
		"a log of minus": {Model: &Naive{}, Horizon: 1, Transform: BoxCox(0)},
	} {
		if name == "a log of minus" {
			s = Series{Values: []float64{-1, 2, 3, 4, 5, 6}}
		}
		if err := bad.Fit(s); err == nil {
			t.Errorf("%s: fitted", name)
		}
	}
	if _, err := m.Forecast(3, 0.5, nil); err == nil {
		t.Error("forecasts past its horizon")
	}
}

// A linear model's exact interval is what 20,000 paths give, within five standard errors of a quantile (2% of a standard
// deviation each at 90%; false alarms below 1e-5), and the same family gives the same bits.
func TestSimulatedForecastsAgreeWithExactOnes(t *testing.T) {
	m := &Naive{Drift: true}
	if err := m.Fit(monthly(72)); err != nil {
		t.Fatal(err)
	}
	exact, err := m.Forecast(6, 0.9, nil)
	if err != nil {
		t.Fatal(err)
	}
	family := rng.New(1, 0).Family("simulated")
	got, err := Simulated(m, 6, 0.9, 20_000, nil, family)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Simulated(m, 6, 0.9, 20_000, nil, family)
	if err != nil {
		t.Fatal(err)
	}
	for i, se := range exact.TransformedSE {
		for what, pair := range map[string][2]float64{"mean": {got.Mean[i], exact.Mean[i]}, "median": {got.Median[i], exact.Median[i]},
			"low": {got.Lo[i], exact.Lo[i]}, "high": {got.Hi[i], exact.Hi[i]}, "se": {got.TransformedSE[i], se}} {
			if math.Abs(pair[0]-pair[1]) > 0.1*se {
				t.Errorf("step %d: %s %v, exactly %v", i+1, what, pair[0], pair[1])
			}
		}
		if got.Lo[i] != again.Lo[i] || got.Mean[i] != again.Mean[i] {
			t.Errorf("step %d differs the second time", i+1)
		}
	}
	if got.Start != 77 {
		t.Errorf("starts at %d", got.Start)
	}
	for _, bad := range []struct {
		h, paths int
		coverage float64
	}{{0, 10, 0.9}, {1, 1, 0.9}, {1, 10, 1}} {
		if _, err := Simulated(m, bad.h, bad.coverage, bad.paths, nil, family); err == nil {
			t.Errorf("forecasts %+v", bad)
		}
	}
}

func BenchmarkConformalFit(b *testing.B) {
	for _, kind := range []string{"naive", "ets", "poisson"} {
		b.Run(kind, func(b *testing.B) {
			s := monthly(120)
			b.ReportAllocs()
			for b.Loop() {
				model, err := New(kind, Options{Period: 12})
				if err != nil {
					b.Fatal(err)
				}
				if err := (&Conformal{Model: model, Horizon: 12}).Fit(s); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "series/s")
		})
	}
}
