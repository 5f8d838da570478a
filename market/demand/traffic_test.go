package demand

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/souk-sim/souk/scenarios/data/shared"
	"github.com/souk-sim/souk/sim/rng"
)

// traffic is Dominick's weekly customers (tuna.csv, FULLCUST; James M. Kilts Center, Chicago Booth), weeks 1 to last;
// absent weeks are missing.
func traffic(t testing.TB, last int) Series {
	s := Series{Start: 1, Values: make([]float64, last)}
	for i := range s.Values {
		s.Values[i] = math.NaN()
	}
	rows := records(t, shared.Path(t, "data", "store", "tuna.csv"))
	for _, row := range rows[1:] {
		if week := int(parse(t, row[0])); week <= last {
			s.Values[week-1] = parse(t, row[len(row)-1])
		}
	}
	s.Regressors = trafficRegressors(1, last)
	return s
}

// trafficRegressors are the partly reported weeks, the holidays' weeks,
// and the year's first harmonic.
func trafficRegressors(start, n int) []Regressor {
	var xs []Regressor
	for _, week := range []int{249, 259, 266, 274, 291, 308} {
		xs = append(xs, Pulse(fmt.Sprintf("week%d", week), start, n, week))
	}
	first := time.Date(1989, time.September, 14, 0, 0, 0, 0, time.UTC)
	for _, h := range []struct {
		name   string
		before int
	}{{"thanksgiving", 1}, {"thanksgiving", 0}, {"christmas", 1}, {"independence-day", 0}} {
		x, _ := Holiday(h.name, h.before, first, 7, start, n)
		xs = append(xs, x)
	}
	return append(xs, Fourier(365.25/7, 1, start, n)...)
}

// TestTrafficForecastsItsTestWeeks fits weeks 1 to 318 and forecasts 319 to 398 at once: the error is that of the model,
// and the simulated year varies as it says. Bounds are facts of these data, not tolerances of the method.
func TestTrafficForecastsItsTestWeeks(t *testing.T) {
	a := Auto{ARIMA: ARIMA{Transform: Log()}}
	if err := a.Fit(traffic(t, 318)); err != nil {
		t.Fatal(err)
	}
	for _, c := range a.Coefficients {
		t.Logf("%-20s %8.4f (%.4f)", c.Name, c.Estimate, c.SE)
	}
	t.Logf("ARIMA%v AICc %.2f sigma %.4f Ljung–Box p %.2f %q", a.Order, a.AICc, math.Sqrt(a.Sigma2), a.LjungBox.PValue, a.Warnings)
	if a.LjungBox.PValue < 0.01 || !a.Converged {
		t.Errorf("residuals are autocorrelated (p %v) or not converged (%v)", a.LjungBox.PValue, a.Converged)
	}
	f, err := a.Forecast(80, 0.95, trafficRegressors(319, 80))
	if err != nil {
		t.Fatal(err)
	}
	n, sq, inside := 0.0, 0.0, 0.0
	for h, y := range traffic(t, 398).Values[318:] {
		if math.IsNaN(y) || 319+h == 372 { // 372 is partly reported
			continue
		}
		n++
		e := math.Log(y) - f.TransformedMean[h]
		sq += e * e
		if y > f.Lo[h] && y < f.Hi[h] {
			inside++
		}
	}
	t.Logf("test weeks: root mean square error %.4f, inside the 95%% interval %.2f", math.Sqrt(sq/n), inside/n)
	if math.Sqrt(sq/n) > 0.09 || inside/n < 0.9 {
		t.Errorf("root mean square error %.4f, coverage %.2f over %.0f weeks", math.Sqrt(sq/n), inside/n, n)
	}
}

func BenchmarkSimulateTraffic52Weeks(b *testing.B) {
	m := ARIMA{Order: [3]int{0, 1, 1}, Transform: Log()}
	if err := m.Fit(traffic(b, 318)); err != nil {
		b.Fatal(err)
	}
	benchmarkPaths(b, &m, 52, trafficRegressors(319, 52))
}

func benchmarkPaths(b *testing.B, m *ARIMA, h int, future []Regressor) {
	s, err := m.Simulator(h, future)
	if err != nil {
		b.Fatal(err)
	}
	family := rng.New(1, 0).Family("paths")
	path := make([]float64, h)
	b.ReportAllocs()
	i := uint64(0)
	for b.Loop() {
		stream := family.At(i)
		i++
		s.Path(&stream, path)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*h), "ns/step")
}

func BenchmarkFitTraffic(b *testing.B) {
	s := traffic(b, 318)
	b.ReportAllocs()
	for b.Loop() {
		m := ARIMA{Order: [3]int{0, 1, 1}, Transform: Log()}
		if err := m.Fit(s); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkFit(b *testing.B, dataset string, m ARIMA) {
	s := oracleSeries(b, dataset, nil)
	b.ReportAllocs()
	specification := m
	for b.Loop() {
		m = specification
		if err := m.Fit(s); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "fits/s")
	b.ReportMetric(m.LogLik, "loglik")
}

func BenchmarkFitAirline(b *testing.B) {
	benchmarkFit(b, "AirPassengers", ARIMA{Order: [3]int{0, 1, 1}, Seasonal: [3]int{0, 1, 1}, Period: 12, Transform: Log()})
}

func BenchmarkFitUSAccDeaths(b *testing.B) {
	benchmarkFit(b, "USAccDeaths", ARIMA{Order: [3]int{0, 1, 1}, Seasonal: [3]int{0, 1, 1}, Period: 12})
}

func BenchmarkFit7980(b *testing.B) {
	truth := known(b, ARIMA{Order: [3]int{2, 0, 1}}, nil, 0.9, -0.3, 0.4, 10)
	stream := rng.New(1, 0).Family("long").At()
	y, err := truth.Simulate(&stream, 7980, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		m := ARIMA{Order: [3]int{2, 0, 1}}
		if err := m.Fit(Series{Values: y}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUpdate(b *testing.B) {
	m := ARIMA{Order: [3]int{0, 1, 1}, Seasonal: [3]int{0, 1, 1}, Period: 12, Transform: Log()}
	s := oracleSeries(b, "AirPassengers", nil)
	if err := m.Fit(s); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := m.Update(400, nil); err != nil {
			b.Fatal(err)
		}
	}
}
