package workflow

import (
	"fmt"
	"math"
	"runtime"
	"testing"

	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// openLarge opens the market of the scenario large, changed.
func openLarge(tb testing.TB, overrides ...string) (train.World, []policies.Policy) {
	tb.Helper()
	s, err := scenarios.Load("large", overrides...)
	if err != nil {
		tb.Fatal(err)
	}
	b, err := openBazaar(s)
	if err == nil {
		err = b.Fit(tb.Context(), 1, nil)
	}
	if err != nil {
		tb.Fatal(err)
	}
	w, err := b.shop()
	if err != nil {
		tb.Fatal(err)
	}
	m, err := w.open(1)
	if err != nil {
		tb.Fatal(err)
	}
	return m, w.Others
}

// pass lets sellers decide until so many days are over, all of whom review each midnight, and tells of each day.
func pass(m train.World, sellers []policies.Policy, days int, each func(day int)) {
	brain := rng.New(1, 0).Family("brain")
	var step env.TimeStep
	for turn := uint64(0); m.Next(&step); turn++ {
		if step.Player == 0 && turn > 0 {
			day := int(turn) / len(sellers)
			if each(day); day == days {
				return
			}
		}
		if step.Stage != env.Last {
			stream := brain.At(turn)
			m.Act(sellers[step.Player].Decide(step.Observation, stream.Float64()).Action)
		}
	}
}

// A market that has run for a week has all the memory that it will ever need: what is under way is kept, and not what was. With -tags long it is that of
// the scenario, a million shoppers a day.
func TestTheMemoryOfALargeMarketIsFlat(t *testing.T) {
	const days, settled = 30, 7
	m, sellers := openLarge(t, fmt.Sprintf("time.horizon=%d", days+1), fmt.Sprintf("traffic.visitors=%d", largeVisitors))
	heap := make([]float64, days+1)
	pass(m, sellers, days, func(day int) {
		var now runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&now)
		heap[day] = float64(now.HeapAlloc) / 1e6
	})
	least, most := math.Inf(1), 0.0
	for _, mb := range heap[settled:] {
		least, most = min(least, mb), max(most, mb)
	}
	t.Logf("heap after day 1: %.2f MB; from day %d to %d: %.2f to %.2f MB", heap[1], settled, days, least, most)
	if most > 1.05*least+0.5 {
		t.Errorf("the heap goes from %.2f to %.2f MB after day %d", least, most, settled)
	}
}

// A shopper among more products costs hardly more: lists have twenty places, and people consider five, whatever the number. An operation is a day.
func BenchmarkLarge(b *testing.B) {
	for _, products := range []int{10, 50, 200, 2000} {
		b.Run(fmt.Sprint(products, " products"), func(b *testing.B) {
			m, sellers := openLarge(b, fmt.Sprintf("products.product.copies=%d", products), fmt.Sprintf("sellers.seller.copies=%d", min(20, products)), "time.horizon=500")
			pass(m, sellers, 1, func(int) {})
			before := m.Account().Customers
			b.ReportAllocs()
			b.ResetTimer()
			pass(m, sellers, b.N, func(int) {})
			b.StopTimer()
			shoppers := m.Account().Customers - before
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/shoppers, "ns/shopper")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "days/s")
			b.ReportMetric(shoppers/float64(b.N), "shoppers/day")
		})
	}
}
