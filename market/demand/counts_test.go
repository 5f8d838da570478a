package demand

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// The quantile is the first count whose distribution function, summed term by term in logarithms, reaches u.
func TestCountQuantileInvertsTheDistribution(t *testing.T) {
	for _, c := range []struct{ mean, alpha float64 }{{0.01, 0}, {0.5, 2}, {3, 0}, {3, 0.5}, {30, 1e-13}, {199, 1e-9}, {201, 1e-9}, {201, 1e-13}, {800, 1e-6}, {5000, 1e-11}, {199, 0}, {199, 3}, {201, 0}, {201, 3}, {800, 0}, {800, 0.2}, {5000, 1}} {
		logP := func(k float64) float64 {
			factorial, _ := math.Lgamma(k + 1)
			if c.alpha == 0 {
				return k*math.Log(c.mean) - c.mean - factorial
			}
			r := 1 / c.alpha
			if c.alpha < 1e-8 {
				return k*math.Log(c.mean) - c.mean - factorial // r is too large for gamma functions; equal to 1e-7
			}
			a, _ := math.Lgamma(k + r)
			b, _ := math.Lgamma(r)
			return a - b - factorial + r*math.Log(r/(r+c.mean)) + k*math.Log(c.mean/(r+c.mean))
		}
		const tolerance = 2e-7
		us := []float64{1e-9, 0.001, 0.1, 0.37, 0.5, 0.8, 0.99, 0.9999, 1 - 1e-9}
		below := 0.0
		at := 0
		next := countQuantile(c.mean, c.alpha, us[0])
		for k := 0.0; at < len(us); k++ {
			upTo := below + math.Exp(logP(k))
			for next == k {
				if us[at] < below-tolerance || us[at] > upTo+tolerance {
					t.Errorf("mean %v, α %v: the %v-quantile is %v, where the distribution goes from %v to %v", c.mean, c.alpha, us[at], k, below, upTo)
				}
				if at++; at == len(us) {
					break
				}
				next = countQuantile(c.mean, c.alpha, us[at])
			}
			if below = upTo; k > 1e6 {
				t.Fatalf("mean %v, α %v: no quantile from %v on", c.mean, c.alpha, us[at])
			}
		}
	}
	last := 0.0
	for u := 0.0005; u < 1; u += 0.0005 {
		k := countQuantile(1e6, 0.7, u)
		if k < last {
			t.Fatalf("the quantile falls to %v at %v", k, u)
		}
		last = k
	}
	if k := countQuantile(largestMean, 0.5, 1-0x1p-53); !(k > largestMean) || math.IsInf(k, 0) {
		t.Errorf("far out: %v", k)
	}
	for _, mean := range []float64{math.NaN(), 0, 1e-300, 1, 31, largestMean} {
		for _, alpha := range []float64{0, 1e-300, 1e-15, 1, 1e12} {
			for _, u := range []float64{0x1p-53, 0.5, 1 - 0x1p-53} {
				if k := countQuantile(mean, alpha, u); !(k >= 0) || math.IsInf(k, 0) {
					t.Errorf("mean %v, α %v, u %v: %v", mean, alpha, u, k)
				}
			}
		}
	}
}

// simulatedCounts is a path of the model that TestCountsAreRecovered fits.
func simulatedCounts(n int, alpha float64, path uint64) Series {
	m := &Counts{NegativeBinomial: alpha > 0, Period: 7, Harmonics: 1, Lags: 1, Coef: []float64{0.8, 0.3, -0.2, 0.5, 0.4}, Alpha: alpha}
	m.Names = []string{"deal"}
	stream := rng.New(3, 0).Family("counts").At(path)
	s := Series{Values: make([]float64, n), Regressors: []Regressor{{"deal", make([]float64, n)}}}
	state := []float64{1.6}
	for t := range n {
		x := s.Regressors[0].Values[t : t+1]
		if stream.Float64() < 0.25 {
			x[0] = 1
		}
		mu := m.mean(state, t, x)
		s.Values[t] = m.draw(mu, stream.Open())
		m.take(state, t, x, mu, s.Values[t])
	}
	return s
}

// Ten coefficients of two models stay within four standard errors of the truth, and α within four of its own: a right
// program fails with probability below 0.001. One step ahead the 90% interval holds at least 90% (counts are lumpy), less
// 4 binomial standard errors over 150 series (probability 3e-5 each).
func TestCountsAreRecoveredAndPredicted(t *testing.T) {
	for _, alpha := range []float64{0, 0.3} {
		m := &Counts{NegativeBinomial: alpha > 0, Period: 7}
		if err := m.Fit(simulatedCounts(3000, alpha, 0)); err != nil {
			t.Fatal(err)
		}
		if m.Harmonics < 1 || m.Lags < 1 {
			t.Fatalf("%d harmonics, %d lags", m.Harmonics, m.Lags)
		}
		truth := map[string]float64{"intercept": 0.8, "sin1": 0.3, "cos1": -0.2, "lag1": 0.5, "deal": 0.4}
		for j, name := range m.coefficientNames() {
			if math.Abs(m.Coef[j]-truth[name]) > 4*float64(m.SE[j]) {
				t.Errorf("α %v: %s is %v ± %v, truth %v", alpha, name, m.Coef[j], m.SE[j], truth[name])
			}
		}
		if math.Abs(m.Alpha-alpha) > 0.08 { // its standard error is 0.017
			t.Errorf("α %v, truth %v", m.Alpha, alpha)
		}
		inside, n := 0.0, 150.0
		for p := range int(n) {
			s := simulatedCounts(201, alpha, uint64(1+p))
			y := s.Values[200]
			s.Values = s.Values[:200]
			if err := m.Fit(s); err != nil {
				t.Fatal(err)
			}
			f, err := m.Forecast(1, 0.9, []Regressor{{"deal", s.Regressors[0].Values[200:]}})
			if err != nil {
				t.Fatal(err)
			}
			if f.Lo[0] <= y && y <= f.Hi[0] {
				inside++
			}
		}
		t.Logf("α %v: the 90%% interval holds %.1f%%", alpha, 100*inside/n)
		if inside/n < 0.9-4*math.Sqrt(0.9*0.1/n) {
			t.Errorf("α %v: the 90%% interval holds %v", alpha, inside/n)
		}
	}
}

// A hundred paths of 100 periods: their variance about the fitted mean is that of the family, within four standard errors
// of a gamma-Poisson's variance (about 5%; false alarms below 1e-4).
func TestPathsAreCountsWithTheFittedOverdispersion(t *testing.T) {
	stream := rng.New(4, 0).Family("plain").At()
	s := Series{Values: make([]float64, 500)}
	for i := range s.Values {
		s.Values[i] = countQuantile(20, 0.5, stream.Open())
	}
	m := &Counts{NegativeBinomial: true}
	if err := m.Fit(s); err != nil {
		t.Fatal(err)
	}
	simulator, err := m.Simulator(100, nil)
	if err != nil {
		t.Fatal(err)
	}
	path, sum, squares := make([]float64, 100), 0.0, 0.0
	for p := range 100 {
		stream := rng.New(5, 0).Family("paths").At(uint64(p))
		simulator.Path(&stream, path)
		for _, y := range path {
			if y < 0 || y != math.Floor(y) {
				t.Fatalf("%v customers", y)
			}
			sum += y / 1e4
			squares += y * y / 1e4
		}
	}
	if got, want := squares-sum*sum, sum+m.Alpha*sum*sum; math.Abs(got/want-1) > 0.2 {
		t.Errorf("variance %v about %v, want %v", got, sum, want)
	}
}

func TestCountsOfOddSeries(t *testing.T) {
	nan := math.NaN()
	long := simulatedCounts(120, 0.3, 9)
	for i := 10; i < 100; i += 7 {
		long.Values[i], long.Regressors[0].Values[i] = nan, nan
	}
	long.Values[0], long.Values[1], long.Values[119] = nan, nan, nan
	growing := make([]float64, 60)
	for i := range growing {
		growing[i] = math.Floor(3 * math.Exp(0.15*float64(i)))
	}
	for name, s := range map[string]Series{
		"gaps": long, "constant": {Values: []float64{5, 5, 5, 5, 5, 5, 5, 5}}, "zeros": {Values: make([]float64, 30)},
		"growing": {Values: growing}, "four": {Values: []float64{1, 0, 2, 4, 3, 4}},
	} {
		for _, nb := range []bool{false, true} {
			m := &Counts{NegativeBinomial: nb, Period: 7}
			if err := m.Fit(s); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			var future []Regressor
			if s.Regressors != nil {
				future = []Regressor{{"deal", make([]float64, 50)}}
			}
			f, err := m.Forecast(50, 0.9, future)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			for i := range f.Mean {
				if !(f.Lo[i] <= f.Median[i] && f.Median[i] <= f.Hi[i]) || !(f.Mean[i] >= 0) || f.Mean[i] > 1e8 {
					t.Fatalf("%s, step %d: %v, %v to %v, coefficients %v", name, i+1, f.Mean[i], f.Lo[i], f.Hi[i], m.Coef)
				}
			}
		}
	}
	for name, c := range map[string]struct {
		s    Series
		says string
	}{
		"a fraction": {Series{Start: 7, Values: []float64{1, 2, 2.5, 3, 4, 5}}, "period 9"},
		"negative":   {Series{Start: 7, Values: []float64{1, -2, 2, 3, 4, 5}}, "period 8"},
		"infinite":   {Series{Start: 7, Values: []float64{1, 2, math.Inf(1), 3, 4, 5}}, "period 9"},
		"missing":    {Series{Values: []float64{nan, nan, nan}}, "series"},
		"empty":      {Series{}, "series"},
		"two points": {Series{Values: []float64{1, 2}}, "series"},
		"collinear":  {Series{Values: simulatedCounts(50, 0, 1).Values, Regressors: []Regressor{{"one", onesOf(50)}}}, "one"},
	} {
		for _, nb := range []bool{false, true} {
			m := &Counts{NegativeBinomial: nb, Period: 7}
			if err := m.Fit(c.s); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: error %v, want one that names %s", name, err, c.says)
			}
		}
	}
	m := &Counts{}
	if err := m.Fit(Series{Values: []float64{5, 4, 6, 5, 5, 7, 3, 5}}); err != nil {
		t.Fatal(err)
	}
	if err := m.Update(1.5, nil); err == nil {
		t.Error("takes one and a half customers")
	}
}

func onesOf(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = 1
	}
	return x
}

// Documents that are not usable models are refused, never half read.
func FuzzLoadCounts(f *testing.F) {
	for _, m := range []Model{&Counts{NegativeBinomial: true, Period: 7}, &Conformal{Model: &Naive{}, Horizon: 3}} {
		if err := m.Fit(simulatedCounts(40, 0.3, 0)); err != nil {
			f.Fatal(err)
		}
		b, err := Save(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Load(b)
		if err != nil {
			return
		}
		switch m := m.(type) {
		case *Counts:
			future := make([]Regressor, len(m.Names))
			for i, name := range m.Names {
				future[i] = Regressor{name, make([]float64, 3)}
			}
			s, err := m.Simulator(3, future)
			if err != nil {
				return
			}
			stream, path := rng.New(1, 0).Family("fuzz").At(), make([]float64, 3)
			s.Path(&stream, path)
			for _, y := range path {
				if !(y >= 0) {
					t.Errorf("%v customers", y)
				}
			}
		case *Conformal:
			_, _ = m.Forecast(1, 0.9, nil)
		}
	})
}

func BenchmarkCountQuantile(b *testing.B) {
	for _, c := range []struct{ mean, alpha float64 }{{3, 0}, {3, 0.5}, {100, 0}, {100, 0.1}, {1000, 0}, {1000, 0.1}, {1e6, 0.5}} {
		b.Run(fmt.Sprintf("mean=%v/alpha=%v", c.mean, c.alpha), func(b *testing.B) {
			u := 0.0
			b.ReportAllocs()
			for b.Loop() {
				if u += 0.6180339887498949; u >= 1 {
					u--
				}
				countQuantile(c.mean, c.alpha, u)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "counts/s")
		})
	}
}

// BenchmarkCountsFit chooses among 16 candidates on two years of days.
func BenchmarkCountsFit(b *testing.B) {
	s := simulatedCounts(730, 0.3, 0)
	for _, nb := range []bool{false, true} {
		b.Run(fmt.Sprintf("negative-binomial=%v", nb), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m := &Counts{NegativeBinomial: nb, Period: 7}
				if err := m.Fit(s); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "series/s")
		})
	}
}
