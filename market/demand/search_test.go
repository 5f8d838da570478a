package demand

import (
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// TestSearchFindsTheBestOfManyStarts: the fit's likelihood is at least that of the best of 25 climbs from random partial
// autocorrelations. Series and orders whose likelihoods have many optima.
func TestSearchFindsTheBestOfManyStarts(t *testing.T) {
	if missed, fits := searchMisses(t, map[string]int{"WWWusage": 1, "lh": 1, "presidents": 4}, 25); missed > 0 {
		t.Errorf("%d of %d fits miss the best optimum", missed, fits)
	}
}

// searchMisses counts the fits whose log-likelihood is below the best of so many random starts by more than 1e-5; series are
// given with their periods.
func searchMisses(t *testing.T, series map[string]int, starts int) (missed, fits int) {
	for _, name := range slices.Sorted(maps.Keys(series)) {
		s := oracleSeries(t, name, nil)
		for _, o := range [][6]int{{1, 0, 1}, {2, 0, 1}, {2, 0, 2}, {2, 1, 2}, {3, 1, 2}, {1, 1, 3}, {5, 0, 1}, {0, 1, 1, 0, 1, 1}, {1, 0, 1, 1, 0, 1}, {2, 1, 2, 1, 1, 1}} {
			m := ARIMA{Order: [3]int(o[:3]), Seasonal: [3]int(o[3:]), Period: series[name]}
			if m.Seasonal != [3]int{} && m.Period < 2 {
				continue
			}
			p, err := m.prepare(s)
			if err != nil {
				t.Fatal(err)
			}
			best := randomStarts(p.likelihood, starts)
			if err := m.Fit(s); err != nil {
				t.Fatal(err)
			}
			fits++
			if m.LogLik < best-1e-5 {
				missed++
				t.Logf("%s %v%v: log-likelihood %.6f, %.6f from random starts", name, m.Order, m.Seasonal, m.LogLik, best)
			}
		}
	}
	return missed, fits
}

// randomStarts is the best log-likelihood that climbs from random partial autocorrelations reach.
func randomStarts(l *likelihood, starts int) float64 {
	best := math.Inf(-1)
	stream := rng.New(1, 0).Family("random starts").At()
	x, res := make([]float64, len(l.params)), make([]float64, len(l.e[0]))
	for range starts {
		for i := range x {
			x[i] = math.Asin(2*stream.Float64() - 1)
		}
		levenbergMarquardt(l.at, x, len(res), 1e-9, 100)
		if !math.IsInf(l.at(x, res), 1) {
			best = max(best, l.logLik())
		}
	}
	return best
}

// TestABreakDoesNotHideTheHighestHill: where the first 1,000 values are noise and what comes then is not, the optimum of the
// whole series is found all the same.
func TestABreakDoesNotHideTheHighestHill(t *testing.T) {
	for seed := range uint64(3) {
		stream := rng.New(seed, 0).Family("break").At(0)
		y, before := make([]float64, 2500), 0.0
		for i := range y {
			if y[i] = 0.3 * stream.Normal(); i >= 1000 {
				e := 3 * stream.Normal()
				y[i], before = 0.9*y[i-1]-0.3*y[i-2]+e+0.4*before, e
			}
		}
		m := ARIMA{Order: [3]int{3, 0, 3}}
		p, err := m.prepare(Series{Values: y})
		if err != nil {
			t.Fatal(err)
		}
		best := randomStarts(p.likelihood, 8)
		if err := m.Fit(Series{Values: y}); err != nil {
			t.Fatal(err)
		}
		if m.LogLik < best-1e-3 {
			t.Errorf("log-likelihood %.4f, %.4f from random starts", m.LogLik, best)
		}
	}
}
