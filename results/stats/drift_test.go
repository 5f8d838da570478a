package stats_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/souk-sim/souk/results/stats"
)

// Where nothing has changed, the index exceeds its threshold as often as alpha says: of counted bins and of quantiles of the first sample, which are themselves
// estimated; where shares have moved by a fifth, it nearly always does. 4,000 trials tell a rate of 5% to ±1.03% with a false alarm in 370.
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
	normal := func(n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = draw.NormFloat64()
			if i%10 == 9 {
				x[i] = math.NaN()
			}
		}
		return x
	}
	var counted, found, sampled float64
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
		if s, err = stats.SampledStability(normal(1000), normal(500), 10, alpha); err != nil {
			t.Fatal(err)
		} else if s.Moved() {
			sampled++
		}
	}
	within := 3 * math.Sqrt(alpha*(1-alpha)/trials)
	if rate := counted / trials; math.Abs(rate-alpha) > within {
		t.Errorf("counted bins: alarms in %.4f", rate)
	}
	// A tenth are missing by construction and not by chance, which makes that bin's share agree exactly: a degree of freedom less, at most alpha.
	if rate := sampled / trials; rate > alpha+within || rate < alpha/3 {
		t.Errorf("quantiles: alarms in %.4f", rate)
	}
	if rate := found / trials; rate < 0.95 {
		t.Errorf("shares that moved are found in %.3f", rate)
	}
	t.Logf("alarms: counted %.4f, quantiles %.4f, moved %.4f", counted/trials, sampled/trials, found/trials)
}

// The index of two halves and of a number that is computed by hand: (0.6−0.5) ln(0.6/0.5) + (0.4−0.5) ln(0.4/0.5) = 0.040547, but for the ½ in each bin.
func TestTheStabilityIndexByHand(t *testing.T) {
	s, err := stats.CountedStability([]float64{5e8, 5e8}, []float64{6e8, 4e8}, 0.01)
	if err != nil || math.Abs(s.Index-0.0405465) > 1e-6 || s.PValue > 1e-9 {
		t.Error(s, err)
	}
	same := []float64{1, 1, 1, 2, 2, 2, 3, 3, 3, math.NaN()}
	if s, err := stats.SampledStability(same, same, 10, 0.01); err != nil || s.Index != 0 || s.Bins != 4 || s.Moved() {
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
