package oligopoly

import (
	"errors"
	"testing"

	"github.com/souk-sim/souk/scenarios/field"
)

// TestALadderHasTwoRungs: with one there is nothing to choose, however it is written.
func TestALadderHasTwoRungs(t *testing.T) {
	from, to := 0.0, 1.0
	for key, l := range map[string]Ladder{"ladder.list": {List: []float64{1.5}}, "ladder.rungs": {From: &from, To: &to, Rungs: 1}} {
		_, err := (&Config{Ladder: l, Firms: make([]Firm, 2)}).rungs(nil)
		if bad, ok := errors.AsType[*field.Error](err); !ok || bad.Key != key {
			t.Errorf("%s: %v", key, err)
		}
	}
}
