//go:build long

package workflow

import (
	"testing"

	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
)

// The twenty rounds in full, as docs/loop.md has them: drift costs at least a twentieth, and four fifths of that are kept, at the lower end of the interval.
func TestTwentyRoundsOfTwentyHistories(t *testing.T) {
	s, err := scenarios.Load("closed-loop")
	if err != nil {
		t.Fatal(err)
	}
	m, err := (&Run{Scenario: s, Store: rundir.Store{Root: t.TempDir()}}).Rounds(t.Context(), 20)
	if err != nil {
		t.Fatal(err)
	}
	if m.Cost == nil || m.Cost.Value < 0.05 || m.Kept == nil || m.Kept.Low < 0.8 {
		t.Errorf("drift costs %v, kept %v", m.Cost, m.Kept)
	}
	t.Log(m.answer())
}
