package workflow

import (
	"strings"
	"testing"
)

func TestATableThatWasBarelyVisitedIsCautioned(t *testing.T) {
	// Three offers a state, of which one was tried: 60 visits are 20 in the mean.
	if told := barelyVisited(ladderOfBins(t, func(int) uint32 { return 60 })); !strings.HasPrefix(told, "Too few episodes for 20 states: of its 20 × 3 offers each was tried 20 times") {
		t.Error(told)
	}
	if told := barelyVisited(ladderOfBins(t, func(int) uint32 { return 90 })); told != "" {
		t.Error(told)
	}
	if told := barelyVisited(ladderOfBins(t, func(int) uint32 { return 0 })); !strings.Contains(told, "no value") {
		t.Error(told)
	}
}
