package stats_test

import (
	"math"
	"slices"
	"testing"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/sim/rng"
)

func TestLogSpacedTimes(t *testing.T) {
	if got := stats.LogSpaced(1, 1000, 4); !slices.Equal(got, []int{1, 10, 100, 1000}) {
		t.Error(got)
	}
	if got := stats.LogSpaced(1, 10, 10); got[0] != 1 || got[len(got)-1] != 10 || !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
		t.Error(got)
	}
	if got := stats.LogSpaced(7, 7, 1); !slices.Equal(got, []int{7}) {
		t.Error(got)
	}
}

func TestGrowthFindsThePower(t *testing.T) {
	times := stats.LogSpaced(10, 10000, 13)
	for name, f := range map[string]func(float64) float64{"√t": math.Sqrt, "log t": math.Log} {
		var paths [][]float64
		for i := range 3 {
			path := make([]float64, len(times))
			for k, n := range times {
				path[k] = float64(i+1) * f(float64(n))
			}
			paths = append(paths, path)
		}
		g, err := stats.NewGrowth(times, paths, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		switch name {
		case "√t":
			if math.Abs(g.Exponent.Value-0.5) > 1e-3 || g.Exponent.StandardError > 1e-12 || math.Abs(g.Mean[0]-2*math.Sqrt(10)) > 1e-12 {
				t.Errorf("%s: %+v", name, g)
			}
		case "log t": // the mean is 2·ln t; its slope 2 has the standard error of the mean of 1, 2, 3: 1/√3
			if math.Abs(g.Log.Value-2) > 1e-9 || math.Abs(g.Log.StandardError-1/math.Sqrt(3)) > 1e-9 || g.Exponent.Value > 0.3 {
				t.Errorf("%s: %+v", name, g)
			}
		}
	}
	for _, paths := range [][][]float64{{{1, 2}}, {{0, 1}, {0, 1}}} {
		if _, err := stats.NewGrowth([]int{1, 10}, paths, 0.95); err == nil {
			t.Errorf("took %v", paths)
		}
	}
}

// 30 random walks about ½·√t: the exponent ½ lies in 95% intervals of 100 samples 95 times in 100; fewer than 87 have a probability of 1 in 1,000.
func TestTheIntervalOfTheExponentCovers(t *testing.T) {
	times := stats.LogSpaced(100, 1600, 5)
	covered := 0
	for sample := range 100 {
		var paths [][]float64
		for i := range 30 {
			stream := rng.New(uint64(sample), uint64(i)).Family("walk").At()
			path, sum, k := make([]float64, len(times)), 0.0, 0
			for n := 1; n <= 1600; n++ {
				sum += 0.5*(math.Sqrt(float64(n))-math.Sqrt(float64(n-1))) + 0.02*stream.Normal()
				if n == times[k] {
					path[k], k = sum, k+1
				}
			}
			paths = append(paths, path)
		}
		g, err := stats.NewGrowth(times, paths, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		if g.Exponent.Low <= 0.5 && 0.5 <= g.Exponent.High {
			covered++
		}
	}
	t.Logf("%d of 100", covered)
	if covered < 87 {
		t.Errorf("covered %d times in 100", covered)
	}
}
