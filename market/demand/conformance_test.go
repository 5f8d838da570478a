package demand

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// monthly is a series of positive whole numbers with trend, season and noise, and a regressor it depends on.
func monthly(n int) Series {
	stream := rng.New(1, 0).Family("monthly").At(uint64(n))
	s := Series{Start: 5, Values: make([]float64, n), Regressors: []Regressor{{"deal", make([]float64, n)}}}
	for t := range n {
		if stream.Float64() < 0.2 {
			s.Regressors[0].Values[t] = 1
		}
		s.Values[t] = math.Round(100 + 0.3*float64(t) + 20*math.Sin(float64(t)*math.Pi/6) + 30*s.Regressors[0].Values[t] + 5*stream.Normal())
	}
	return s
}

// wandering is a random walk of positive whole numbers, with a regressor it does not depend on.
func wandering(n int) Series {
	stream := rng.New(1, 0).Family("wandering").At(uint64(n))
	s := Series{Values: make([]float64, n), Regressors: []Regressor{{"deal", make([]float64, n)}}}
	level := 500.0
	for t := range n {
		level += 10 * stream.Normal()
		s.Values[t], s.Regressors[0].Values[t] = math.Round(level), float64(t%2)
	}
	return s
}

// TestEveryModelKeepsTheContract is what Model promises, for every kind in the table.
func TestEveryModelKeepsTheContract(t *testing.T) {
	for _, k := range Kinds() {
		for _, o := range []Options{{Period: 12}, {Period: 12, Transform: Log()}} {
			t.Run(k.Name+o.Transform.String(), func(t *testing.T) {
				keepsTheContract(t, func() Model { return k.New(o) })
			})
		}
	}
}

func keepsTheContract(t *testing.T, fresh func() Model) {
	const h = 14
	s := monthly(72)
	future := []Regressor{{"deal", make([]float64, h+1)}}
	m := fresh()
	if _, err := m.Forecast(1, 0.9, nil); err == nil {
		t.Error("forecasts before it is fitted")
	}
	if err := m.Update(1, []float64{0}); err == nil {
		t.Error("takes an update before it is fitted")
	}
	if _, err := m.Simulator(1, nil); err == nil {
		t.Error("simulates before it is fitted")
	}
	if _, err := Save(m); err == nil {
		t.Error("is saved before it is fitted")
	}
	if err := m.Fit(s); err != nil {
		t.Fatal(err)
	}
	if m.Next() != 77 {
		t.Errorf("next period %d, want 77", m.Next())
	}
	f := checkForecast(t, m, h, future)

	b, err := Save(m)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(b)
	if err != nil {
		t.Fatal(err)
	}
	sameForecast(t, "loaded", loaded, f, future)
	samePaths(t, m, loaded, future)

	again := fresh()
	if err := again.Fit(s); err != nil {
		t.Fatal(err)
	}
	sameForecast(t, "fitted again", again, f, future)

	used := fresh()
	if err := used.Fit(wandering(60)); err != nil {
		t.Fatal(err)
	}
	if err := used.Fit(s); err != nil {
		t.Fatal(err)
	}
	sameForecast(t, "fitted to another series before", used, f, future)

	if err := m.Update(120, []float64{1}); err != nil {
		t.Fatal(err)
	}
	if err := loaded.Update(120, []float64{1}); err != nil {
		t.Fatal(err)
	}
	g := checkForecast(t, m, h, future)
	sameForecast(t, "loaded and updated", loaded, g, future)
	if err := m.Update(math.NaN(), []float64{0}); err != nil || m.Next() != 79 {
		t.Errorf("a missing observation: %v, next %d", err, m.Next())
	}
	checkForecast(t, m, h, future)
	if err := m.Update(math.Inf(1), []float64{0}); err == nil {
		t.Error("takes an infinite observation")
	}
	for _, bad := range []struct {
		h        int
		coverage float64
	}{{0, 0.9}, {-1, 0.9}, {h, 0}, {h, 1}, {h, math.NaN()}} {
		if _, err := m.Forecast(bad.h, bad.coverage, future); err == nil {
			t.Errorf("forecasts %+v", bad)
		}
	}
}

func checkForecast(t *testing.T, m Model, h int, future []Regressor) *Forecast {
	t.Helper()
	f, err := m.Forecast(h, 0.9, future)
	if err != nil {
		t.Fatal(err)
	}
	if f.Start != m.Next() || f.Coverage != 0.9 {
		t.Errorf("forecast from %d at %v", f.Start, f.Coverage)
	}
	for i := range h {
		if !(f.Lo[i] < f.Median[i] && f.Median[i] < f.Hi[i]) || !(f.TransformedSE[i] > 0) || math.Abs(f.Mean[i]-f.Median[i]) > f.Hi[i]-f.Lo[i] {
			t.Fatalf("step %d: median %v, mean %v, interval %v to %v, se %v", i+1, f.Median[i], f.Mean[i], f.Lo[i], f.Hi[i], f.TransformedSE[i])
		}
	}
	return f
}

func sameForecast(t *testing.T, what string, m Model, want *Forecast, future []Regressor) {
	t.Helper()
	got, err := m.Forecast(len(want.Mean), want.Coverage, future)
	if err != nil {
		t.Fatal(what, err)
	}
	for i := range want.Mean {
		if got.Mean[i] != want.Mean[i] || got.Lo[i] != want.Lo[i] || got.Hi[i] != want.Hi[i] || got.TransformedSE[i] != want.TransformedSE[i] {
			t.Fatalf("%s, step %d: %v (%v to %v), want %v (%v to %v)", what, i+1, got.Mean[i], got.Lo[i], got.Hi[i], want.Mean[i], want.Lo[i], want.Hi[i])
		}
	}
}

// samePaths checks that the models draw the same paths with one number of draws, without allocating.
func samePaths(t *testing.T, a, b Model, future []Regressor) {
	t.Helper()
	const h = 10
	sa, err := a.Simulator(h, future)
	if err != nil {
		t.Fatal(err)
	}
	sb, err := b.Simulator(h, future)
	if err != nil {
		t.Fatal(err)
	}
	x, y := make([]float64, h), make([]float64, h)
	var ends [3]rng.Stream
	for p := range ends {
		stream := rng.New(2, 0).Family("paths").At(7)
		if p == 2 {
			stream = rng.New(2, 0).Family("paths").At(8)
		}
		s := sa
		if p == 1 {
			s = sb
		}
		s.Path(&stream, x)
		if p == 0 {
			copy(y, x)
		}
		if p == 1 {
			for i := range x {
				if x[i] != y[i] {
					t.Fatalf("step %d: paths %v and %v", i+1, y[i], x[i])
				}
			}
		}
		ends[p] = stream
	}
	if ends[0] != ends[1] || ends[0] == ends[2] {
		t.Error("the paths take different numbers of draws, or the stream does not matter")
	}
	stream := rng.New(2, 0).Family("paths").At(9)
	if n := testing.AllocsPerRun(20, func() { sa.Path(&stream, x) }); n != 0 {
		t.Errorf("%v allocations a path", n)
	}
}
