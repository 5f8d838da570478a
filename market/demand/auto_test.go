package demand

import (
	"fmt"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

func TestAutoIsTheSameOnAnyNumberOfWorkers(t *testing.T) {
	for _, full := range []bool{false, true} {
		var first Auto
		for _, workers := range []int{0, 2, 7} {
			a := Auto{ARIMA: ARIMA{Period: 4}, Full: full, Workers: workers}
			if err := a.Fit(monthly(40)); err != nil {
				t.Fatal(err)
			}
			if workers == 0 {
				first = a
			} else if !reflect.DeepEqual(a.Trace, first.Trace) || !reflect.DeepEqual(a.Coefficients, first.Coefficients) {
				t.Errorf("full %v: %d workers try or find something else", full, workers)
			}
		}
	}
}

// TestTraceTellsWhatWasTried: no model twice, the one chosen has the least AICc, the full search holds every allowed
// model, and lines read as they do in the literature.
func TestTraceTellsWhatWasTried(t *testing.T) {
	for _, full := range []bool{false, true} {
		a := Auto{ARIMA: ARIMA{Period: 12}, Full: full, Differences: &[2]int{0, 1}}
		if err := a.Fit(monthly(72)); err != nil {
			t.Fatal(err)
		}
		seen, least := map[string]bool{}, a.Trace[0]
		for _, c := range a.Trace {
			line, _, _ := strings.Cut(c.String(), "  ")
			if seen[line] {
				t.Errorf("%s is tried twice", line)
			}
			seen[line] = true
			if c.AICc < least.AICc {
				least = c
			}
			if sum := c.Order[0] + c.Order[2] + c.Seasonal[0] + c.Seasonal[2]; full && sum > 5 {
				t.Errorf("the full search tries %v", c)
			}
		}
		if least.Order != a.Order || least.Seasonal != a.Seasonal || math.Abs(least.AICc-a.AICc) > 1e-3 || least.Constant != a.Drift {
			t.Errorf("chose %v%v with AICc %.4f, of the trace %v is best", a.Order, a.Seasonal, a.AICc, least)
		}
		// 72 periods of 12 allow P, Q ≤ 2: 96 quadruples sum to 5 at most, with and without drift.
		if full && len(a.Trace) != 2*96 {
			t.Errorf("%d models in the full search", len(a.Trace))
		}
	}
	for _, c := range []struct {
		Candidate
		line string
	}{
		{Candidate{Order: [3]int{0, 1, 1}, Seasonal: [3]int{0, 1, 1}, Period: 12, AICc: 1.25}, "ARIMA(0,1,1)(0,1,1)[12]                AICc 1.250"},
		{Candidate{Order: [3]int{1, 0, 0}, Period: 12, Constant: true, AICc: -3}, "ARIMA(1,0,0) with mean                 AICc -3.000"},
		{Candidate{Order: [3]int{1, 1, 0}, Constant: true, AICc: math.Inf(1), Refused: "why"}, "ARIMA(1,1,0) with drift                refused: why"},
	} {
		if got := c.String(); got != c.line {
			t.Errorf("%q, want %q", got, c.line)
		}
	}
}

func TestAutoRefusesUnknownTests(t *testing.T) {
	for _, a := range []Auto{{RootTest: "coin"}, {SeasonTest: "coin"}} {
		if err := a.Fit(monthly(40)); err == nil || !strings.Contains(err.Error(), `"coin"`) {
			t.Errorf("error %v", err)
		}
	}
}

// TestUnitRootTestsKeepTheirLevel draws 400 series of 100 under each hypothesis: KPSS and ADF at 5% refuse a true one in
// 1% to 10% of them (at a true 5% that fails by chance in fewer than 1 in 10,000 runs), and a false one in more than half.
func TestUnitRootTestsKeepTheirLevel(t *testing.T) {
	const series, n = 400, 100
	streams := rng.New(3, 0).Family("unit root")
	var noiseKPSS, walkKPSS, noiseADF, walkADF float64
	for i := range series {
		stream := streams.At(uint64(i))
		noise, walk := make([]float64, n), make([]float64, n)
		for t := range n {
			noise[t] = stream.Normal()
			if walk[t] = noise[t]; t > 0 {
				walk[t] += walk[t-1]
			}
		}
		for _, c := range []struct {
			count *float64
			test  UnitRoot
			sign  float64
		}{
			{&noiseKPSS, KPSS(noise, false, -1), 1}, {&walkKPSS, KPSS(walk, false, -1), 1},
			{&noiseADF, ADF(noise, false, 1), -1}, {&walkADF, ADF(walk, false, 1), -1},
		} {
			refused := c.sign*(c.test.Statistic-c.test.Critical) > 0
			if refused != (c.test.PValue < 0.05) {
				t.Fatalf("%+v: p-value and critical value disagree", c.test)
			}
			if refused {
				*c.count += 1.0 / series
			}
		}
	}
	t.Logf("refused: KPSS %.3f of noise, %.3f of walks; ADF %.3f of noise, %.3f of walks", noiseKPSS, walkKPSS, noiseADF, walkADF)
	if min(noiseKPSS, walkADF) < 0.01 || max(noiseKPSS, walkADF) > 0.1 || min(walkKPSS, noiseADF) < 0.5 {
		t.Error("a test does not keep its level, or has no power")
	}
}

// TestSeasonalTestsTellAPatternFromNoise: a fixed monthly pattern is strong, with gaps too, and needs no seasonal unit root
// to explain it; noise has none; a seasonal random walk is strong and has a seasonal unit root.
func TestSeasonalTestsTellAPatternFromNoise(t *testing.T) {
	const n = 240
	stream := rng.New(4, 0).Family("seasons").At(1)
	noise, pattern, walk := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range n {
		noise[i] = stream.Normal()
		pattern[i] = 10*math.Sin(float64(i)*math.Pi/6) + noise[i]
		if walk[i] = noise[i]; i >= 12 {
			walk[i] += walk[i-12]
		}
	}
	gaps := append([]float64(nil), pattern...)
	for i := 50; i < 70; i++ {
		gaps[i] = math.NaN()
	}
	for _, c := range []struct {
		name     string
		x        []float64
		from, to float64
		root     bool
	}{{"noise", noise, 0, 0.5, false}, {"pattern", pattern, 0.95, 1, false}, {"pattern with gaps", gaps, 0.95, 1, false}, {"walk", walk, 0.7, 1, true}} {
		strength, root := SeasonalStrength(c.x, 12), OCSB(c.x, 12)
		if !(c.from <= strength && strength <= c.to) || root.Statistic > root.Critical != c.root {
			t.Errorf("%s: strength %.3f, OCSB %+v", c.name, strength, root)
		}
	}
}

// TestSTLOfAPatternIsExact: a season and a level are what the smoothers reproduce.
func TestSTLOfAPatternIsExact(t *testing.T) {
	x := make([]float64, 60)
	pattern := []float64{2, -1, 0, -1}
	for i := range x {
		x[i] = 3 + pattern[i%4]
	}
	season, trend := stl(x, 4)
	for i := range x {
		if math.Abs(season[i]-pattern[i%4]) > 1e-12 || math.Abs(trend[i]-3) > 1e-12 {
			t.Fatalf("period %d: season %v, trend %v of %v", i, season[i], trend[i], x[i])
		}
	}
}

// TestTestsOfHopelessSeriesHaveNoStatistic: too short, constant, all missing.
func TestTestsOfHopelessSeriesHaveNoStatistic(t *testing.T) {
	nan := math.NaN()
	for _, x := range [][]float64{nil, {1}, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {nan, nan, nan}} {
		for _, r := range []UnitRoot{KPSS(x, false, -1), KPSS(x, true, -1), ADF(x, false, 1), ADF(x, true, 1), OCSB(x, 4)} {
			if !math.IsNaN(r.Statistic) || !math.IsNaN(r.PValue) {
				t.Errorf("%v: %+v", x, r)
			}
		}
		if s := SeasonalStrength(x, 4); s != 0 {
			t.Errorf("%v: seasonal strength %v", x, s)
		}
	}
}

func ExampleAuto() {
	s := Series{Start: 1, Values: []float64{112, 118, 132, 129, 121, 135, 148, 148, 136, 119, 104, 118, 115, 126, 141, 135, 125, 149, 170, 170, 158, 133}}
	a := Auto{Differences: &[2]int{1, 0}}
	if err := a.Fit(s); err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range a.Trace[:5] {
		fmt.Println(c)
	}
	// Output:
	// ARIMA(2,1,2) with drift                refused: a root within 1.01 of the unit circle
	// ARIMA(0,1,0) with drift                AICc 173.314
	// ARIMA(1,1,0) with drift                AICc 174.384
	// ARIMA(0,1,1) with drift                AICc 172.095
	// ARIMA(0,1,0)                           AICc 170.974
}

func benchmarkAuto(b *testing.B, dataset string, transform Transform) {
	s := oracleSeries(b, dataset, nil)
	var a Auto
	for b.Loop() {
		a = Auto{ARIMA: ARIMA{Period: 12, Transform: transform}}
		if err := a.Fit(s); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "searches/s")
	b.ReportMetric(a.AICc, "AICc")
}

func BenchmarkAutoAirline(b *testing.B) { benchmarkAuto(b, "AirPassengers", Log()) }

func BenchmarkAutoUSAccDeaths(b *testing.B) { benchmarkAuto(b, "USAccDeaths", Transform{}) }

// BenchmarkFitTreering fits R's treering (n = 7,980) from the file that docs/benchmarks/arima writes and TREERING names.
func BenchmarkFitTreering(b *testing.B) {
	path := os.Getenv("TREERING")
	if path == "" {
		b.Skip("TREERING names no file: docs/benchmarks/arima writes it")
	}
	var s Series
	for _, row := range records(b, path) {
		s.Values = append(s.Values, parse(b, row[0]))
	}
	var m ARIMA
	b.ReportAllocs()
	for b.Loop() {
		m = ARIMA{Order: [3]int{2, 0, 1}}
		if err := m.Fit(s); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(m.LogLik, "loglik")
}

// TestAnotherDifferenceNeedsAUnitRoot: the test behind it leaves one to a random walk of 150 values, 190 of 200 expected (fewer
// than 180 by chance in 1,000 runs), and takes it from an autoregression with φ = 0.5, whose power is near 1.
func TestAnotherDifferenceNeedsAUnitRoot(t *testing.T) {
	kept, left := 0, 0
	const series, n = 200, 150
	for i := range uint64(series) {
		stream := rng.New(8, 0).Family("integrated").At(i)
		walk, noise := make([]float64, n), make([]float64, n)
		for t := range n {
			noise[t] = stream.Normal()
			if walk[t] = noise[t]; t > 0 {
				walk[t] += walk[t-1]
				noise[t] += 0.5 * noise[t-1]
			}
		}
		if integrated(walk) {
			kept++
		}
		if integrated(noise) {
			left++
		}
	}
	if kept < 180 || left > 10 {
		t.Errorf("a unit root is left to %d of %d walks, and to %d of as many autoregressions", kept, series, left)
	}
}
