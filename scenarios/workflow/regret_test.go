package workflow

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/results/stats"
)

// What is lost in the n-th episode, ten periods long, is n^(power−1): regret grows like n^power.
func TestRegretGrowsByItsPower(t *testing.T) {
	const optimum = 5.0
	for _, power := range []float64{1, 0.5} {
		var seeds []Course
		for range 3 {
			var c Course
			earned := 0.0
			for n := 1; n <= 4096; n++ {
				if earned += optimum - math.Pow(float64(n), power-1)/10; slices.Contains(halves(4096), n) {
					c.earned = append(c.earned, earned)
				}
			}
			seeds = append(seeds, c)
		}
		r := regretOf("it", halves(4096), seeds, stats.Estimate{Value: optimum}, 10)
		if !slices.Equal(r.Episodes, []int{32, 64, 128, 256, 512, 1024, 2048, 4096}) || r.Slope == nil || math.Abs(r.Slope.Value-power) > 0.02 {
			t.Fatalf("power %v: %+v, slope %+v", power, r, r.Slope)
		}
		if last := r.Lost[len(r.Lost)-1]; power == 1 && math.Abs(last-4096) > 1e-6 || r.Error[0] > 1e-9 {
			t.Errorf("4,096 episodes cost %v", last)
		}
		text := (&Summary{Regret: []Regret{r}}).regretText()
		if len(text) != 1 || !strings.Contains(text[0], "4,096") && !strings.Contains(text[0], "4096") {
			t.Errorf("%v", text)
		}
	}
	if r := regretOf("better", halves(16), []Course{{earned: []float64{6, 12, 24, 48, 96}}}, stats.Estimate{Value: 5}, 1); r.Slope != nil || r.Lost[len(r.Lost)-1] != -16 {
		t.Errorf("who earns more than the optimum's policy has no slope: %+v", r)
	}
}

// What the optimum earns is known up to an error: where the runs are alike, that of regret is what regret changes by when the optimum is told one standard error higher, and so is that of its slope.
func TestRegretHasTheOptimumsError(t *testing.T) {
	const se, periods = 1e-4, 10
	var alike, unlike []Course
	for run := range 3 {
		var one, other Course
		for _, n := range halves(4096) {
			one.earned = append(one.earned, 5*float64(n)-math.Sqrt(float64(n)))
			other.earned = append(other.earned, 5*float64(n)-math.Sqrt(float64(n))-float64(run)*float64(n)/1e4)
		}
		alike, unlike = append(alike, one), append(unlike, other)
	}
	of := func(runs []Course, optimum, se float64) Regret {
		return regretOf("it", halves(4096), runs, stats.Estimate{Value: optimum, StandardError: se}, periods)
	}
	told, higher := of(alike, 5, se), of(alike, 5+se, 0)
	for k, n := range told.Episodes {
		if moved := higher.Lost[k] - told.Lost[k]; math.Abs(told.Error[k]-moved) > 1e-6*moved || math.Abs(moved-se*periods*float64(n)) > 1e-6*moved {
			t.Errorf("after %d episodes regret moves by %v, and its error is %v", n, moved, told.Error[k])
		}
	}
	if moved := higher.Slope.Value - told.Slope.Value; math.Abs(told.Slope.StandardError-moved) > 0.01*moved || told.Slope.High-told.Slope.Value < 1.96*moved {
		t.Errorf("the slope moves by %v, and is %+v", moved, *told.Slope)
	}
	both, runs := of(unlike, 5, se), of(unlike, 5, 0)
	for k := range both.Error {
		if want := math.Hypot(runs.Error[k], told.Error[k]); math.Abs(both.Error[k]-want) > 1e-9*want {
			t.Errorf("the error is %v, of runs %v and of the optimum %v", both.Error[k], runs.Error[k], told.Error[k])
		}
	}
	if a, b := both.Slope, runs.Slope; a.Value != b.Value || a.StandardError <= b.StandardError {
		t.Errorf("slopes %+v, %+v", *a, *b)
	}
}
