package stock

import (
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

func keeper(tb testing.TB, cfg Config) *Keeper {
	tb.Helper()
	k, err := New(cfg, 10000)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

// A sale of one unit, nothing else: the goods never run out within a benchmark.
func BenchmarkTake(b *testing.B) {
	k := keeper(b, Config{Policy: "none", Initial: new(int64(1e9))})
	b.ReportAllocs()
	now := 0.0
	for b.Loop() {
		now += 1e-4
		k.Take(now, 1)
	}
}

// A sale and a review after it, one for one: an order comes at once, so that each sale is from a lot of its own age.
func BenchmarkTakeReviewReceive(b *testing.B) {
	k := keeper(b, Config{Policy: "base-stock", OrderUpTo: 50, ShelfLifeDays: 30})
	b.ReportAllocs()
	now := 0.0
	for b.Loop() {
		now += 1e-4
		k.Take(now, 1)
		k.Receive(now, k.Review(now).Units)
	}
}

// A sale under (s,S) with 100 units in between: reviews that mostly order nothing.
func BenchmarkTakeTwoLevels(b *testing.B) {
	k := keeper(b, Config{Policy: "s-S", ReorderPoint: 10, OrderUpTo: 110})
	b.ReportAllocs()
	now := 0.0
	for b.Loop() {
		now += 1e-4
		k.Take(now, 1)
		if order := k.Review(now); order.Units > 0 {
			k.Receive(now, order.Units)
		}
	}
}

// A shopper who waits, and her unit's arrival.
func BenchmarkBackOrder(b *testing.B) {
	k := keeper(b, Config{Policy: "base-stock", OrderUpTo: 1, Initial: new(int64(0)), MaxWaiting: 100})
	b.ReportAllocs()
	now := 0.0
	k.Review(now)
	for b.Loop() {
		now += 1e-4
		k.BackOrder(now, 1, 1)
		k.Review(now)
		k.Receive(now, 1)
	}
}

func BenchmarkClose(b *testing.B) {
	k := keeper(b, Config{Policy: "base-stock", OrderUpTo: 50, HoldingCost: 0.01, BackOrderCost: 0.1})
	b.ReportAllocs()
	now := 0.0
	for b.Loop() {
		now++
		k.Close(now)
	}
}

func BenchmarkLeadDays(b *testing.B) {
	for _, law := range laws {
		if law.CV > 1 {
			continue
		}
		b.Run(law.Law, func(b *testing.B) {
			k := keeper(b, Config{Policy: "base-stock", OrderUpTo: 1, LeadTime: law})
			family := rng.New(1, 0).Family("lead times")
			b.ReportAllocs()
			for i := uint64(0); b.Loop(); i++ {
				k.LeadDays(family.At(0, i))
			}
		})
	}
}

func TestNothingAllocatesInSteadyState(t *testing.T) {
	k := keeper(t, Config{Policy: "r-Q", ReorderPoint: 4, OrderQuantity: 6, ShelfLifeDays: 3, MaxWaiting: 9, LeadTime: LeadTime{"gamma", 2, 0.5}})
	family := rng.New(1, 0).Family("lead times")
	now, due := 0.0, int64(0)
	day := func() {
		for range 8 {
			now += 0.125
			if k.Take(now, 1) == 0 && !k.BackOrder(now, 5, 1) {
				k.Lose(1)
			}
			order := k.Review(now)
			k.LeadDays(family.At(0, uint64(order.Number)))
			due += order.Units
		}
		k.Receive(now, due)
		due = 0
		k.Return(now, 1, 0.5)
		k.Spoil(now)
		k.Close(now)
	}
	for range 10 {
		day()
	}
	if n := testing.AllocsPerRun(100, day); n != 0 {
		t.Errorf("%v allocations a day", n)
	}
}
