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

type mm1Event uint8

const (
	customerArrives mm1Event = iota
	serviceEnds
)

// gaps are exponential times of mean 1, drawn by the batch: logarithms one after the other overlap in the processor,
// where each would have to wait for the event before it.
type gaps struct {
	stream rng.Stream
	batch  [256]float64
	next   uint8
}

func (g *gaps) draw() float64 {
	if g.next == 0 {
		for i := range g.batch {
			g.batch[i] = g.stream.Exponential()
		}
	}
	gap := g.batch[g.next]
	g.next++
	return gap
}

// mm1 simulates a single-server queue, Poisson arrivals and exponential service of mean 1, for so many customers, and
// returns their mean wait.
func mm1(c *Calendar[mm1Event], streams rng.Streams, arrivalRate float64, customers int) (meanWait float64) {
	arrivals, services := gaps{stream: streams.Family("arrivals").At()}, gaps{stream: streams.Family("services").At()}
	var line [1 << 12]float64 // arrival times, as a ring
	var arrived, served uint
	var wait float64
	serve := func(now float64) {
		wait += now - line[served%uint(len(line))]
		served++
		c.Schedule(now+services.draw(), 0, serviceEnds)
	}
	c.Reset()
	gap := 1 / arrivalRate
	arrival := gap * arrivals.draw() // kept beside the calendar
	busy := false
	for served < uint(customers) {
		now, event, _ := c.NextOr(arrival, 0, customerArrives)
		switch event {
		case customerArrives:
			line[arrived%uint(len(line))] = now
			arrived++
			arrival = now + gap*arrivals.draw()
			if !busy {
				busy = true
				serve(now)
			}
		case serviceEnds:
			if busy = served < arrived; busy {
				serve(now)
			}
		}
	}
	return wait / float64(customers)
}

// BenchmarkMM1 counts one customer an operation, which is two events and two exponential draws. Nine services is the
// mean wait of very many (TestQueuesAgreeWithTheClosedForms holds waits to the closed form).
func BenchmarkMM1(b *testing.B) {
	c := New[mm1Event]()
	b.ReportAllocs()
	wait := mm1(c, rng.New(1, 0), 0.9, b.N)
	b.ReportMetric(2*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mevents/s")
	b.ReportMetric(wait, "wait")
}
