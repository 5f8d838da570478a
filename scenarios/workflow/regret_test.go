package workflow

import (
	"math"
	"slices"
	"strings"
	"testing"
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
		r := regretOf("it", halves(4096), seeds, optimum, 10)
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
	if r := regretOf("better", halves(16), []Course{{earned: []float64{6, 12, 24, 48, 96}}}, 5, 1); r.Slope != nil || r.Lost[len(r.Lost)-1] != -16 {
		t.Errorf("who earns more than the optimum's policy has no slope: %+v", r)
	}
}
