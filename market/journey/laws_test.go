package journey

import (
	"math"
	"strings"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

func newLength(t testing.TB, name string, values ...float64) *Length {
	kind, err := findLaw(lengthLaws, name)
	if err != nil {
		t.Fatal(err)
	}
	l := &Length{Law: name, Parameters: kind.with(values, nil)}
	if err := l.Check(); err != nil {
		t.Fatal(err)
	}
	return l
}

func newDwell(t testing.TB, name string, limit float64, values ...float64) *Dwell {
	kind, err := findLaw(dwellLaws, name)
	if err != nil {
		t.Fatal(err)
	}
	d := &Dwell{Law: name, Parameters: kind.with(values, nil), Limit: limit}
	if err := d.Check(); err != nil {
		t.Fatal(err)
	}
	return d
}

func someLengths(t testing.TB) []*Length {
	return []*Length{newLength(t, Geometric, 0.2), newLength(t, LogSeries, 0.95), newLength(t, ShiftedNB, 0.65, 5.9),
		newLength(t, ZeroTruncatedNB, 0.4, 4.2), newLength(t, ZeroTruncatedNB, 30, 8), newLength(t, DiscreteLogNormal, 1.3, 1.1)}
}

func TestProbabilitiesOfLengthsAddUpAndTablesAreTheSame(t *testing.T) {
	for _, l := range append(someLengths(t), newLength(t, Geometric, 1), newLength(t, ShiftedNB, 1e6, 2000), newLength(t, ZeroTruncatedNB, 1e-3, 3), newLength(t, ZeroTruncatedNB, 500, 5000)) {
		total, mean, below := 0.0, 0.0, 0.0
		for k := 1; k < 50_000; k++ {
			p := math.Exp(l.LogProbability(k))
			total, mean = total+p, mean+p*float64(k)
			if p > 1e-9 { // the middle of a step of the distribution function is drawn as that length
				if got := l.Draw(below + p/2); got != k && p > 1e-7 {
					t.Fatalf("%v draws %d in the middle of %d's step", l.Parameters, got, k)
				}
			}
			below += p
		}
		near(t, l.Law+"'s total", total, 1, 1e-7)
		near(t, l.Law+"'s mean", mean, l.Mean(), 2e-5*l.Mean())
		if !math.IsInf(l.LogProbability(0), -1) {
			t.Errorf("%s gives sessions without a click", l.Law)
		}
		if l.Draw(0) != 1 && l.Law != ShiftedNB && l.Parameters[0].Estimate < 100 {
			t.Errorf("%s's shortest session has %d clicks", l.Law, l.Draw(0))
		}
		if k := l.Draw(math.Nextafter(1, 0)); k < 1 || k > maximumLength {
			t.Errorf("%s draws %d", l.Law, k)
		}
	}
}

// recovers looks at z, the error of each estimate in its standard error, over 20 simulated logs. Were z standard normal, its
// mean times √20 would be beyond 4.5 with probability 1e-5 (the margin is for its skewness) and more than 6 of 20 beyond 1.96
// with probability 3e-5.
func recovers(t *testing.T, what string, truth []Parameter, fit func(seed uint64) ([]Parameter, *Estimates)) {
	t.Helper()
	const logs = 20
	sum, outside := make([]float64, len(truth)), make([]int, len(truth))
	for seed := range uint64(logs) {
		values, e := fit(seed)
		if !e.Converged {
			t.Fatalf("%s, seed %d: %+v", what, seed, e)
		}
		for i, v := range values {
			if !(v.SE > 0) {
				t.Fatalf("%s, seed %d: no standard error of %s: %+v", what, seed, v.Name, e)
			}
			z := (v.Estimate - truth[i].Estimate) / v.SE
			if truth[i].Estimate > 0 { // nearer to normal
				z = math.Log(v.Estimate/truth[i].Estimate) / (v.SE / v.Estimate)
			}
			sum[i] += z
			if math.Abs(z) > 1.96 {
				outside[i]++
			}
		}
	}
	for i, s := range sum {
		if math.Abs(s)/math.Sqrt(logs) > 4.5 || outside[i] > 6 {
			t.Errorf("%s's %s: mean z %.2f, %d of %d beyond 1.96", what, truth[i].Name, s/logs, outside[i], logs)
		}
	}
}

func TestLengthLawsAreRecoveredFromSimulatedSessions(t *testing.T) {
	for _, truth := range someLengths(t) {
		recovers(t, truth.Law, truth.Parameters, func(seed uint64) ([]Parameter, *Estimates) {
			stream := rng.New(seed, 0).Family("journey/length").At()
			lengths := make([]int, 3000)
			for i := range lengths {
				lengths[i] = truth.Draw(stream.Open())
			}
			l, err := FitLength(truth.Law, lengths)
			if err != nil {
				t.Fatal(err)
			}
			if f, err := l.Against(lengths); err != nil || f.PValue == nil || *f.PValue < 1e-6 { // 120 logs: once in 8,000
				t.Errorf("%s does not fit its own sessions: %+v (%v)", truth.Law, f, err)
			}
			return l.Parameters, l.Estimates
		})
	}
}

func TestDwellTimesAreRecoveredThroughTheGapAndTheClock(t *testing.T) {
	for _, o := range []DwellOptions{{}, {Limit: 120}, {Resolution: 1}, {Limit: 120, Resolution: 1}} {
		for _, truth := range []*Dwell{newDwell(t, LogNormal, o.Limit, 3.2, 1.1), newDwell(t, Weibull, o.Limit, 0.8, 40)} {
			recovers(t, truth.Law, truth.Parameters, func(seed uint64) ([]Parameter, *Estimates) {
				stream := rng.New(seed, 0).Family("journey/dwell").At()
				times := make([]float64, 2000)
				for i := range times {
					if times[i] = truth.Draw(stream.Open()); o.Resolution > 0 {
						times[i] = math.Round(times[i]/o.Resolution) * o.Resolution
					}
				}
				d, err := FitDwell(truth.Law, times, o)
				if err != nil {
					t.Fatal(err)
				}
				return d.Parameters, d.Estimates
			})
		}
	}
}

func TestDrawnDwellTimesFollowTheirLaw(t *testing.T) {
	for _, d := range []*Dwell{newDwell(t, LogNormal, 0, 3.2, 1.1), newDwell(t, LogNormal, 60, 3.2, 1.1), newDwell(t, Weibull, 0, 0.8, 40), newDwell(t, Weibull, 60, 0.8, 40)} {
		for _, u := range []float64{1e-9, 0.01, 0.3, 0.5, 0.9, 0.9999} {
			near(t, d.Law+"'s distribution at a drawn time", d.Below(d.Draw(u)), u, 1e-12)
			const h = 1e-4
			at := d.Draw(u) * (1 - h) // below the limit
			density := (d.Below(at*(1+h)) - d.Below(at*(1-h))) / (2 * h * at)
			near(t, d.Law+"'s density", math.Exp(d.LogDensity(at)), density, 1e-6*density)
		}
		if d.Limit > 0 && !(d.Draw(math.Nextafter(1, 0)) <= d.Limit) {
			t.Errorf("%s draws beyond its limit", d.Law)
		}
	}
	stream := rng.New(1, 0).Family("journey/dwell").At()
	times := make([]float64, 2000)
	truth := newDwell(t, Weibull, 0, 0.8, 40)
	for i := range times {
		times[i] = truth.Draw(stream.Open())
	}
	if fits, err := CompareDwell(times, DwellOptions{}); err != nil || fits[0].Law != Weibull {
		t.Errorf("%+v (%v)", fits, err)
	}
}

// Derivatives against central differences.
func TestDerivativesOfTheLikelihoodsAreThoseOfTheirValues(t *testing.T) {
	h, err := newHistogram([]int{1, 1, 1, 2, 3, 5, 5, 8, 21, 60})
	if err != nil {
		t.Fatal(err)
	}
	spans := []span{{0, 0.5, 2}, {3, 3, 1}, {4, 5, 2}, {40, 41, 1}}
	days := newDayLikelihood([]float64{0, 4, 40, 12}, []float64{3, 3, 10, 10})
	for i, c := range []struct {
		f     objective
		theta []float64
	}{
		{h.logSeries, []float64{1.2}}, {h.logSeries, []float64{-3}},
		{h.shiftedNB, []float64{-0.4, 1.2}}, {h.zeroTruncatedNB, []float64{-0.4, 1.2}}, {h.zeroTruncatedNB, []float64{-8, 2}}, {h.zeroTruncatedNB, []float64{6, 1}},
		{logScale{normal, spans, 0, math.Inf(1)}.at, []float64{1, 0.2}}, {logScale{gumbel, spans, 0, math.Inf(1)}.at, []float64{2, 0.4}},
		{logScale{normal, spans[1:], 0.5, 50}.at, []float64{1, 0.2}}, {logScale{gumbel, spans, 0, 50}.at, []float64{2, -0.4}},
		{days.at, []float64{0.5}}, {days.at, []float64{5}},
	} {
		k := len(c.theta)
		gradient, spare, at := make([]float64, k), make([]float64, k), append([]float64{}, c.theta...)
		c.f(c.theta, gradient)
		for j := range k {
			const step = 1e-5
			at[j] += step
			high := c.f(at, spare)
			at[j] -= 2 * step
			low := c.f(at, spare)
			at[j] += step
			if d := (high - low) / (2 * step); math.Abs(d-gradient[j]) > 1e-6*(1+math.Abs(d)) {
				t.Errorf("likelihood %d: derivative %d at %v is %v, by differences %v", i, j, c.theta, gradient[j], d)
			}
		}
	}
}

func TestLawsThatCannotBeFittedAreRefusedByName(t *testing.T) {
	for _, c := range []struct {
		says    string
		lengths []int
	}{
		{"found 0 sessions", nil}, {"found 1 sessions", []int{3}}, {"lengths[1]: found 0", []int{3, 0}}, {"lengths[0]: found -2", []int{-2, 4}},
		{"one click in every session", []int{1, 1, 1}}, {"lengths[1]: found 2000000", []int{1, 2_000_000}},
	} {
		if _, err := CompareLengths(c.lengths); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v, want %q", err, c.says)
		}
	}
	if _, err := FitLength("zipf", []int{1, 2}); err == nil || !strings.Contains(err.Error(), "law: found \"zipf\"") {
		t.Error(err)
	}
	for _, c := range []struct {
		says  string
		times []float64
		o     DwellOptions
	}{
		{"found 0 times", nil, DwellOptions{}}, {"found 1 times", []float64{3}, DwellOptions{}}, {"seconds[1]: found -2", []float64{3, -2}, DwellOptions{}},
		{"seconds[1]: found 0", []float64{3, 0}, DwellOptions{}}, {"seconds[0]: found NaN", []float64{math.NaN(), 1}, DwellOptions{}},
		{"no more than the limit", []float64{3, 50}, DwellOptions{Limit: 40}}, {"limit: found -1", []float64{3, 50}, DwellOptions{Limit: -1}},
		{"resolution: found NaN", []float64{3, 50}, DwellOptions{Resolution: math.NaN()}}, {"3 every time", []float64{3, 3}, DwellOptions{}},
	} {
		if _, err := CompareDwell(c.times, c.o); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v, want %q", err, c.says)
		}
	}
}

// Where the sessions cannot tell a parameter the fit says so, and gives what can be drawn from.
func TestLimitsOfTheLawsAreWarnedOf(t *testing.T) {
	same := make([]int, 200)
	for i := range same {
		same[i] = 6
	}
	under := []int{}
	for i := range 200 {
		under = append(under, 4+i%2)
	}
	far := append(make([]int, 0, 10_001), 100_000)
	for range 10_000 {
		far = append(far, 1)
	}
	for _, lengths := range [][]int{same, under, {1, 2}, {1, 1, 1, 1, 1, 1, 1, 1000}, far} {
		fits, err := CompareLengths(lengths)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range fits {
			if k := l.Draw(0.5); k < 1 || math.IsNaN(l.Estimates.LogLikelihood) || math.IsInf(l.Estimates.LogLikelihood, 0) {
				t.Errorf("%s draws %d: %+v", l.Law, k, l.Estimates)
			}
			if (l.Law == ShiftedNB || l.Law == ZeroTruncatedNB) && len(lengths) < 1000 && len(l.Estimates.Warnings) == 0 {
				t.Errorf("%s from %v without a warning: %+v", l.Law, lengths[:2], l)
			}
		}
	}
}

func BenchmarkLengthDraw(b *testing.B) {
	l := newLength(b, ZeroTruncatedNB, 0.383, 4.233)
	stream := rng.New(1, 0).Family("bench").At()
	b.ReportAllocs()
	for b.Loop() {
		l.Draw(stream.Open())
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sessions/s")
}

func BenchmarkDwellDraw(b *testing.B) {
	d := newDwell(b, LogNormal, 1800, 3.2, 1.1)
	stream := rng.New(1, 0).Family("bench").At()
	b.ReportAllocs()
	for b.Loop() {
		d.Draw(stream.Open())
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "clicks/s")
}

func BenchmarkCompareLengths(b *testing.B) {
	truth := newLength(b, ZeroTruncatedNB, 0.383, 4.233)
	stream := rng.New(1, 0).Family("bench").At()
	lengths := make([]int, 24_026)
	for i := range lengths {
		lengths[i] = truth.Draw(stream.Open())
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := CompareLengths(lengths); err != nil {
			b.Fatal(err)
		}
	}
}
