package demand

import (
	"math"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/souk-sim/souk/scenarios/data/shared"
)

// m3Series is one series of the M3 competition (Makridakis & Hibon 2000): what was given and what was asked for.
type m3Series struct {
	id, kind      string // kind: yearly, quarterly, monthly, other
	period        int
	given, future []float64
}

func m3Read(t testing.TB) (all []m3Series) {
	for _, row := range records(t, shared.Path(t, "data", "series", "m3.csv"))[1:] {
		s := m3Series{id: row[0], kind: row[1], period: int(parse(t, row[3]))}
		for _, v := range strings.Fields(row[7]) {
			s.given = append(s.given, parse(t, v))
		}
		for _, v := range strings.Fields(row[8]) {
			s.future = append(s.future, parse(t, v))
		}
		all = append(all, s)
	}
	return all
}

// sMAPE is 200·mean |y-f| / (|y|+|f|) over the horizons of one series.
func (s m3Series) sMAPE(f []float64) float64 {
	sum := 0.0
	for i, y := range s.future {
		sum += 200 * math.Abs(y-f[i]) / (math.Abs(y) + math.Abs(f[i]))
	}
	return sum / float64(len(s.future))
}

// m3Score is the mean over series of their sMAPE, by kind and under "all": the definition by which the competition's
// THETA has 12.76 and NAIVE2 14.74 (over all forecast points they have 13.01 and 15.47).
type m3Score map[string]float64

func (s m3Score) log(t testing.TB, name string, series int, took time.Duration) {
	t.Logf("%-16s yearly %6.3f  quarterly %6.3f  monthly %6.3f  other %6.3f  all %6.3f  (%d series in %.1f s: %.0f a second on %d cores)",
		name, s["yearly"], s["quarterly"], s["monthly"], s["other"], s["all"], series, took.Seconds(), float64(series)/took.Seconds(), runtime.GOMAXPROCS(0))
}

// m3Run forecasts every series, several at a time, and gives the score and the forecasts in the order of all. A series
// that the method refuses gets its last value and is logged.
func m3Run(t testing.TB, all []m3Series, forecast func(m3Series) ([]float64, error)) (m3Score, [][]float64) {
	forecasts, refusals := make([][]float64, len(all)), make([]error, len(all))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(all); i = int(next.Add(1)) - 1 {
				forecasts[i], refusals[i] = forecast(all[i])
			}
		})
	}
	workers.Wait()
	sum, n := m3Score{}, m3Score{}
	for i, s := range all {
		if refusals[i] != nil {
			t.Logf("%s: %v", s.id, refusals[i])
			forecasts[i] = make([]float64, len(s.future))
			for h := range forecasts[i] {
				forecasts[i][h] = s.given[len(s.given)-1]
			}
		}
		e := s.sMAPE(forecasts[i])
		for _, kind := range []string{s.kind, "all"} {
			sum[kind] += e
			n[kind]++
		}
	}
	for kind := range sum {
		sum[kind] /= n[kind]
	}
	return sum, forecasts
}

// m3Kind forecasts with the model of a name among Kinds, the medians on the scale of the data.
func m3Kind(name string) func(m3Series) ([]float64, error) {
	return func(s m3Series) ([]float64, error) {
		m, err := New(name, Options{Period: s.period, Seed: 1})
		if err != nil {
			return nil, err
		}
		if err := m.Fit(Series{Start: 1, Values: s.given}); err != nil {
			return nil, err
		}
		f, err := m.Forecast(len(s.future), 0.95, nil)
		if err != nil {
			return nil, err
		}
		return f.Median, nil
	}
}

// m3Compare runs every model on every so many-th series and holds those with a bar to it. One model alone: -run M3/NAME.
func m3Compare(t *testing.T, every int, bars map[string]float64) {
	var all []m3Series
	for i, s := range m3Read(t) {
		if i%every == 0 {
			all = append(all, s)
		}
	}
	for _, k := range Kinds() {
		t.Run(k.Name, func(t *testing.T) {
			if k.Name == "lstm" && every > 1 {
				t.Skip("half a second a series: with the whole competition, -tags long")
			}
			from := time.Now()
			score, _ := m3Run(t, all, m3Kind(k.Name))
			score.log(t, k.Name, len(all), time.Since(from))
			if bar, has := bars[k.Name]; has && !(score["all"] <= bar) {
				t.Errorf("sMAPE %.3f, bar %.3f", score["all"], bar)
			}
		})
	}
}

// TestM3Sample is the M3 competition on every 40th series. TestM3 (-tags long) plays it whole.
func TestM3Sample(t *testing.T) {
	m3Compare(t, 40, map[string]float64{})
}
