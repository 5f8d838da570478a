package workflow

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/sim/rng"
)

// More paths in each market do not make the one true market better known: the error comes to what differs between markets, 3 here, and not to nothing.
func TestAGainIsUncertainByTheOneTrueMarket(t *testing.T) {
	const worlds = 400
	for _, paths := range []int{1, 4, 64} {
		stream := rng.New(5, 0).Family("gain").At()
		base := make([]float64, worlds)
		for w := range base {
			base[w] = 1 + 3*stream.Normal()
		}
		one, other := make([]float64, worlds*paths), make([]float64, worlds*paths)
		for k := range one {
			one[k] = base[k%worlds] + 2*stream.Normal()
		}
		e := inOneOf(one, other, worlds, 0.95)
		want := 3.0
		if paths == 1 { // what differs between paths cannot be told from it, and counts against the candidate
			want = math.Hypot(3, 2)
		}
		if math.Abs(e.StandardError-want) > 0.15*want || math.Abs(e.Value-1) > 0.6 {
			t.Errorf("%d paths a market: %+v, truth 1 ± %.2f", paths, e, want)
		}
	}
}

// The halves of a window are disjoint, all of it together, and alike in time to the second power.
func TestHalvesOfAWindowAreOfTheSameTimes(t *testing.T) {
	log := &decisionlog.Log{}
	l := &ledger{log: log, unit: 1}
	for i := range 64 {
		log.Decisions = append(log.Decisions, decisionlog.Decision{Time: float64(i)})
	}
	for i := range log.Decisions {
		l.entries = append(l.entries, entry{at: &log.Decisions[i], from: log.Decisions[i].Time})
	}
	var n, sum, squares [2]float64
	for k, half := range l.halves() {
		if len(half.log.Decisions) != len(half.entries) {
			t.Error("decisions and outcomes are parted")
		}
		for i := range half.entries {
			x := half.entries[i].from
			n[k], sum[k], squares[k] = n[k]+1, sum[k]+x, squares[k]+x*x
		}
	}
	if n[0] != 32 || n[1] != 32 || sum[0] != sum[1] || squares[0] != squares[1] {
		t.Error(n, sum, squares)
	}
}

// Prices that a service posts stand until the next one of the product, though each decision is a unit of its own; what shops ask side by side is not put in a row.
func TestPostedPricesFollowEachOtherByProduct(t *testing.T) {
	log := &decisionlog.Log{Products: []string{"tea", "soap"}, Units: []string{"a", "b", "c", "d"}, Decisions: []decisionlog.Decision{
		{Unit: 0, Product: 1, Time: 0.1}, {Unit: 1, Product: 0, Time: 0.5}, {Unit: 2, Product: 1, Time: 0.25}, {Unit: 3, Product: 0, Time: 0.2}}}
	byProduct(log)
	for i, want := range []struct {
		unit int32
		at   float64
	}{{0, 0.2}, {0, 0.5}, {1, 0.1}, {1, 0.25}} {
		if d := log.Decisions[i]; d.Unit != want.unit || d.Time != want.at || d.Step != int64(i%2) {
			t.Errorf("%d: %+v", i, d)
		}
	}
	side := &decisionlog.Log{Units: []string{"shop/1", "shop/2"}, Decisions: []decisionlog.Decision{{Unit: 0, Product: -1}, {Unit: 1, Product: -1}}}
	if byProduct(side); side.Decisions[1].Unit != 1 {
		t.Errorf("%+v", side.Decisions)
	}
}
