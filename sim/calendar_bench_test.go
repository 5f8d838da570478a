package sim

import (
	"fmt"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// An event of the size that a market has.
type benchEvent struct {
	kind, shopper uint32
	amount        float64
}

// BenchmarkHold is the HOLD model (Jones 1986): take the next event, schedule it again after an exponential time, with
// so many events pending. The times are drawn beforehand, so that the queue alone is measured.
func BenchmarkHold(b *testing.B) {
	var delays [1 << 14]float64
	s := rng.New(1, 0).Family("hold").At()
	for i := range delays {
		delays[i] = s.Exponential()
	}
	for _, pending := range []int{1e1, 1e2, 1e3, 1e4, 1e5, 1e6} {
		b.Run(fmt.Sprint(pending), func(b *testing.B) {
			c := New[benchEvent]()
			for i := range pending {
				c.Schedule(s.Exponential(), 0, benchEvent{kind: 1, shopper: uint32(i), amount: 0.99})
			}
			hold := func(operations int) {
				for i := range operations {
					now, event, _ := c.Next()
					c.Schedule(now+delays[uint(i)%uint(len(delays))], 0, event)
				}
			}
			hold(5 * pending) // into the steady state
			b.ReportAllocs()
			b.ResetTimer()
			hold(b.N)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mevents/s")
		})
	}
}
