package train

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/sim/rng"
)

// The coins are independent, with probability ε_k each: over many clocks the explorations of stretches of turns have the mean Σε and the variance Σε(1−ε) of such coins. 7 courses of some
// 40 stretches, each off by more than 5 standard deviations with probability 6e-7, and so are
// the pairs of explorations that follow each other: a false alarm in 6,000 runs.
func TestExplorationDrawnAheadHasItsLaw(t *testing.T) {
	const turns, clocks = 2000, 4000
	for name, course := range map[string]agents.Exploration{
		"constant": {Kind: "constant", From: 0.03}, "always": {Kind: "constant", From: 1}, "linear": {Kind: "linear", From: 1, To: 0}, "rising": {Kind: "linear", From: 0.01, To: 1},
		"exponential": {Kind: "exponential", From: 1, To: 1e-6}, "decay": {Kind: "decay", From: 1, Rate: 2e-3}, "steep": {Kind: "decay", From: 1, To: 0.002, Rate: 0.1},
	} {
		var counts [turns]float64
		pairs, expectedPairs, pairVariance := 0.0, 0.0, 0.0 // of explorations in turns that follow each other
		var c clock
		for k := range uint64(clocks) {
			c = clock{course: course, every: 1, periods: turns, stream: rng.New(1, 0).Family("law").At(k)}
			before := uint64(never - 1)
			for c.advance(0); c.next < turns; c.advance(c.next + 1) {
				counts[c.next]++
				if c.next == before+1 {
					pairs++
				}
				before = c.next
			}
		}
		for from := 0; from < turns; from += 50 {
			seen, mean, variance := 0.0, 0.0, 0.0
			for k := from; k < from+50; k++ {
				e := c.epsilon(uint64(k))
				seen, mean, variance = seen+counts[k], mean+clocks*e, variance+clocks*e*(1-e)
				if k+1 < turns {
					next := c.epsilon(uint64(k + 1))
					expectedPairs, pairVariance = expectedPairs+clocks*e*next, pairVariance+clocks*e*next*(1-e*next)
					if k+2 < turns { // two pairs that share a turn
						pairVariance += 2 * clocks * e * next * (1 - next) * c.epsilon(uint64(k+2))
					}
				}
			}
			if math.Abs(seen-mean) > 5*math.Sqrt(variance)+1e-6 && math.Abs(seen-mean) > 4 { // few are not normal
				t.Errorf("%s: %v explorations in turns %d to %d, expected %.1f ± %.1f", name, seen, from, from+49, mean, math.Sqrt(variance))
			}
		}
		if math.Abs(pairs-expectedPairs) > 5*math.Sqrt(pairVariance)+1e-6 {
			t.Errorf("%s: %v pairs of explorations, expected %.1f ± %.1f", name, pairs, expectedPairs, math.Sqrt(pairVariance))
		}
	}
}

func TestAClockThatNeverExplores(t *testing.T) {
	for _, course := range []agents.Exploration{{Kind: "constant"}, {Kind: "decay", From: 1e-300, Rate: 1}} {
		c := clock{course: course, every: 1, periods: 1e9}
		if c.advance(0); c.next != never {
			t.Errorf("%+v explores at %d", course, c.next)
		}
	}
}

func BenchmarkClock(b *testing.B) {
	b.ReportAllocs()
	explorations := 0
	for k := uint64(0); b.Loop(); k++ {
		c := clock{course: agents.Exploration{Kind: "decay", From: 1, Rate: 4e-6}, every: 1, periods: 1e9, stream: rng.New(1, 0).Family("bench").At(k)}
		for c.advance(0); c.next < 2e6; c.advance(c.next + 1) {
			explorations++
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(explorations), "ns/exploration")
}
