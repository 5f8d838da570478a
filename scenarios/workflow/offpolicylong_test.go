//go:build long

package workflow

import (
	"math"
	"testing"
)

// TestOffPolicyEvaluationTellsTheTruthOfAllPairs is the table of docs/offpolicy.md.
func TestOffPolicyEvaluationTellsTheTruthOfAllPairs(t *testing.T) {
	for _, p := range logbooks() {
		t.Run(p.name, func(t *testing.T) {
			c := p.open(t)
			truth := p.truth(t, c)
			t.Logf("%s by %s for %s: %.5g ± %.2g", p.name, p.logger, p.target, truth.Value, 1.96*truth.StandardError)
			var all []*marks
			for _, size := range []int{p.size / 4, p.size} {
				all = p.try(t, c, truth.Value, size, p.logs, "linear")
				for _, m := range all {
					t.Logf("| %s | %d | %s | %.4g | %.4g | %d%% | %.0f | %d of %d | %d |", p.name, size, m.name, m.wrong/float64(max(m.n, 1)), math.Sqrt(m.mse()), 100*m.covered/max(m.n, 1), m.weight/float64(max(m.n, 1)), m.sureCovered, m.sure, m.refused)
				}
			}
			wrong := p.try(t, c, truth.Value, p.size, p.logs*2/5, "constant")
			for _, m := range wrong {
				if m.name == "dm" || m.name == "fqe" || m.name == "dr" || m.name == "marginalised dr" {
					t.Logf("| %s | %d | %s, wrong model | %.4g | %.4g | %d%% | %.0f |", p.name, p.size, m.name, m.wrong/float64(max(m.n, 1)), math.Sqrt(m.mse()), 100*m.covered/max(m.n, 1), m.weight/float64(max(m.n, 1)))
				}
			}
			p.hold(t, truth.Value, all, wrong)
		})
	}
}
