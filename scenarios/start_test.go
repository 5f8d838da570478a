package scenarios

import (
	"slices"
	"testing"

	"github.com/souk-sim/souk/agents"
)

// TestWhichLearnersBeginWithATable: others are refused where the scenario is checked, and not when fitting is over.
func TestWhichLearnersBeginWithATable(t *testing.T) {
	for _, k := range agents.Kinds() {
		tabular := slices.Contains([]string{"q-learning", "sarsa", "expected-sarsa", "double-q-learning", "sarsa-lambda", "q-lambda", "n-step-sarsa", "tree-backup",
			"monte-carlo", "r-learning", "dyna-q", "prioritised-sweeping"}, k.Name)
		if Begins(k.New()) != tabular && k.Name != "thompson-inventory" { // which cannot be made of a task without stock
			t.Errorf("%s: %t", k.Name, !tabular)
		}
	}
}
