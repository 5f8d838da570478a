//go:build long

package train_test

import (
	"testing"

	"github.com/souk-sim/souk/market/monopoly"
)

// Over 20 seeds the mean share of the optimum is at least 98 per cent for each learner on each problem: with a model after 150,000 turns, else after 600,000 of the
// problems without end and 1.2 million of the others.
func TestTabularLearnersComeWithinTwoPercentOfTheOptimum(t *testing.T) {
	shareTable(t, 20, func(name string, cfg *monopoly.Config) int {
		switch {
		case planner(name):
			return 150000
		case cfg.Criterion == "episodic":
			return 1200000
		}
		return 600000
	}, 0.98)
}
