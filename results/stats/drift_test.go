package stats_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/souk-sim/souk/results/stats"
)

// Where nothing has changed, the index exceeds its threshold as often as alpha says: where shares have moved by a fifth, it nearly always does. 4,000 trials tell a rate of 5% to ±1.03% with a false alarm in 370.
func TestTheStabilityIndexAlarmsAsOftenAsItSays(t *testing.T) {
	draw := rand.New(rand.NewPCG(1, 2))
	const trials, alpha = 4000, 0.05
	shares := []float64{0.5, 0.2, 0.2, 0.1}
	moved := []float64{0.4, 0.3, 0.2, 0.1}
	sample := func(n int, shares []float64) []float64 {
		counts := make([]float64, len(shares)+1) // the last is empty in both
		for range n {
			u, b := draw.Float64(), 0
			for u > shares[b] && b < len(shares)-1 {
				u -= shares[b]
				b++
			}
			counts[b]++
		}
		return counts
	}
	var counted, found float64
	for range trials {
		s, err := stats.CountedStability(sample(1000, shares), sample(300, shares), alpha)
		if err != nil || s.Bins != 4 {
			t.Fatal(s, err)
		}
		if s.Moved() != (s.PValue < alpha) {
			t.Fatalf("threshold and p-value disagree: %+v", s)
		}
		if s.Moved() {
			counted++
		}
		if s, _ = stats.CountedStability(sample(1000, shares), sample(600, moved), alpha); s.Moved() {
			found++
		}
	}
	within := 3 * math.Sqrt(alpha*(1-alpha)/trials)
	if rate := counted / trials; math.Abs(rate-alpha) > within {
		t.Errorf("counted bins: alarms in %.4f", rate)
	}
	if rate := found / trials; rate < 0.95 {
		t.Errorf("shares that moved are found in %.3f", rate)
	}
	t.Logf("alarms: counted %.4f, moved %.4f", counted/trials, found/trials)
}

// The index of two halves and of a number that is computed by hand: (0.6−0.5) ln(0.6/0.5) + (0.4−0.5) ln(0.4/0.5) = 0.040547, but for the ½ in each bin.
func TestTheStabilityIndexByHand(t *testing.T) {
	s, err := stats.CountedStability([]float64{5e8, 5e8}, []float64{6e8, 4e8}, 0.01)
	if err != nil || math.Abs(s.Index-0.0405465) > 1e-6 || s.PValue > 1e-9 {
		t.Error(s, err)
	}
	for _, bad := range [][2][]float64{{{1}, {1}}, {{1, 2}, {1}}, {{0, 0}, {1, 1}}, {{1, -1}, {1, 1}}, {{1, 1}, {1, math.NaN()}}} {
		if _, err := stats.CountedStability(bad[0], bad[1], 0.05); err == nil {
			t.Errorf("accepts %v", bad)
		}
	}
}

// Average run lengths of two-sided schemes as published: Montgomery (2013), Introduction to statistical quality control, 7th edition, tables 9.3 and 9.4, from
// Lucas & Crosier (1982) and Hawkins (1993).
func TestRunLengthsAreThosePublished(t *testing.T) {
	for _, c := range []struct{ k, h, mean, length, within float64 }{
		{0.5, 4, 0, 168, 0.5}, {0.5, 4, 0.5, 26.6, 0.1}, {0.5, 4, 1, 8.38, 0.01}, {0.5, 4, 2, 3.34, 0.01}, {0.5, 4, 4, 1.71, 0.01},
		{0.5, 5, 0, 465, 0.5}, {0.5, 5, 0.5, 38.0, 0.1}, {0.5, 5, 1, 10.4, 0.05}, {0.5, 5, 3, 2.57, 0.01},
	} {
		if got := (stats.CUSUM{Reference: c.k, Threshold: c.h}).RunLength(c.mean); math.Abs(got-c.length) > c.within {
			t.Errorf("k %v, h %v, mean %v: %.4f, published %v", c.k, c.h, c.mean, got, c.length)
		}
	}
	for _, c := range [][2]float64{{0.25, 8.01}, {0.5, 4.77}, {0.75, 3.34}, {1, 2.52}, {1.25, 1.99}, {1.5, 1.61}} { // for 370; to a unit of the last digit
		scheme, err := stats.DesignCUSUM(2*c[0], 370)
		if err != nil || math.Abs(scheme.Threshold-c[1]) > 0.01 || scheme.Reference != c[0] || math.Abs(scheme.RunLength(0)-370) > 0.01 {
			t.Error(c, scheme, err)
		}
	}
	for _, bad := range [][2]float64{{0, 100}, {1, 1}, {math.NaN(), 100}, {1, math.Inf(1)}} {
		if _, err := stats.DesignCUSUM(bad[0], bad[1]); err == nil {
			t.Errorf("accepts %v", bad)
		}
	}
}

// A scheme alarms as late as it was designed to while all is well, soon after a shift, and says when that began. The mean of 4,000 run lengths, whose spread is
// that of an exponential law, is within 4.8% of theirs (3 standard errors: a false alarm in 370).
func TestAWatchAlarmsAsDesigned(t *testing.T) {
	draw := rand.New(rand.NewPCG(3, 4))
	scheme, err := stats.DesignCUSUM(1, 100)
	if err != nil {
		t.Fatal(err)
	}
	const trials = 4000
	run := make([]float64, 4000)
	sum := 0.0
	for range trials {
		for i := range run {
			run[i] = draw.NormFloat64()
		}
		if a := scheme.Watch(run); a.At >= 0 {
			sum += float64(a.At + 1)
		} else {
			t.Fatal("no alarm in 4,000 errors")
		}
	}
	if mean := sum / trials; math.Abs(mean-100) > 4.8 {
		t.Errorf("false alarms after %.1f errors, designed for 100", mean)
	}
	shifted := []float64{0, math.NaN(), 0.4, -0.3, 0, -2, -2, -2, math.NaN(), -2, -2, -2, -2}
	if a := scheme.Watch(shifted); a.At < 6 || a.At > 9 || a.Since != 5 || a.Up {
		t.Errorf("a shift from 5 on: %+v", a)
	}
	if a := scheme.Watch(shifted[:5]); a.At != -1 || a.Since != -1 {
		t.Errorf("no shift: %+v", a)
	}
}

// Errors by the running mean and spread are independent standard normal ones, so that a scheme alarms as often in a short window as it would knowing both, after 8
// observations as after 28; by mean and spread of the 8 alone, never brought up to date, it alarms several times as often. Rates of 4,000 windows are within three
// standard errors of those by known mean and spread, a false alarm in 370.
func TestASelfStartingWatchAlarmsAsDesigned(t *testing.T) {
	draw := rand.New(rand.NewPCG(5, 6))
	const trials = 4000
	for _, n := range []int{8, 28} {
		scheme, err := stats.DesignCUSUM(1, float64(n)/0.05)
		if err != nil {
			t.Fatal(err)
		}
		known, self, fixed, found := 0.0, 0.0, 0.0, 0.0
		sum, squares, pairs := 0.0, 0.0, 0.0
		for range trials {
			var run, shifted stats.SelfStarting
			old := make([]float64, n)
			for i := range old {
				old[i] = 40 + 3*draw.NormFloat64()
				run.Next(old[i], 0)
				shifted.Next(old[i], 0)
			}
			sd := math.Sqrt(stats.Variance(old) * (1 + 1/float64(n)))
			true0, errors, frozen, moved := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
			for i := range n {
				true0[i] = draw.NormFloat64()
				x := 40 + 3*true0[i]
				errors[i] = run.Next(x, 0)
				frozen[i] = (x - stats.Mean(old)) / sd
				moved[i] = shifted.Next(x+9, 0)
				sum, squares = sum+errors[i], squares+errors[i]*errors[i]
				if i > 0 {
					pairs += errors[i] * errors[i-1]
				}
			}
			for k, run := range [][]float64{true0, errors, frozen, moved} {
				if scheme.Watch(run).At >= 0 {
					*[]*float64{&known, &self, &fixed, &found}[k]++
				}
			}
		}
		t.Logf("after %d: alarms %.4f by known mean and spread, %.4f self-starting, %.4f by the older half; shifts of three found %.4f", n, known/trials, self/trials, fixed/trials, found/trials)
		if p := known / trials; math.Abs(self/trials-p) > 3*math.Sqrt(2*p*(1-p)/trials) {
			t.Errorf("after %d: alarms in %.4f, by known mean and spread in %.4f", n, self/trials, p)
		}
		if fixed < 2*known || found < 0.95*trials {
			t.Errorf("after %d: alarms in %.4f by the older half, shifts found in %.4f", n, fixed/trials, found/trials)
		}
		total := float64(trials * n)
		if m, v, c := sum/total, squares/total, pairs/total; math.Abs(m) > 3/math.Sqrt(total) || math.Abs(v-1) > 3*math.Sqrt(2/total) || math.Abs(c) > 3/math.Sqrt(total) {
			t.Errorf("after %d: mean %v, variance %v, product of neighbours %v", n, m, v, c)
		}
	}
	var s stats.SelfStarting
	for i, x := range []float64{5, math.NaN(), 5, 6, 1e9} {
		if z := s.Next(x, 0); (i == 4) == math.IsNaN(z) {
			t.Errorf("observation %d: error %v", i, z)
		}
	}
	if z := s.Next(-1e12, 1); !(z < -2) || math.IsInf(z, 0) {
		t.Errorf("a far one: %v", z)
	}
}
