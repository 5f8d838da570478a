//go:build long

package agents_test

import "testing"

// Over 20 seeds and five times the budget.
func TestLearnersThatApproximateComeNearTheOptimumOverSeeds(t *testing.T) {
	for _, name := range []string{"canned-tuna", "deadline"} {
		p := small(t, name)
		for _, c := range approximators {
			sum, least := 0.0, 1.0
			for seed := range 20 {
				episodes := c.long
				if name == "deadline" { // 10 reviews an episode at most
					episodes *= 5
				}
				share := p.learned(t, kind(c.kind), episodes, int64(seed)+1)
				sum, least = sum+share/20, min(least, share)
			}
			t.Logf("%s, %s: %.2f%% of the optimum in the mean of 20 seeds, at least %.2f%%", name, c.kind, 100*sum, 100*least)
			if least < 0.95 {
				t.Errorf("%s, %s: %.2f%% of the optimum", name, c.kind, 100*least)
			}
		}
	}
}
