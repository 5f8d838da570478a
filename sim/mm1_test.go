package sim

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

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
// returns the mean wait before service of those after the warm-up.
func mm1(c *Calendar[mm1Event], streams rng.Streams, arrivalRate float64, warmUp, customers int) (meanWait float64) {
	arrivals, services := gaps{stream: streams.Family("arrivals").At()}, gaps{stream: streams.Family("services").At()}
	var line [1 << 16]float64 // arrival times, as a ring
	gap := 1 / arrivalRate
	var arrived, served int
	var wait float64
	startService := func(now float64) {
		if served >= warmUp {
			wait += now - line[uint16(served)]
		}
		served++
		c.Schedule(now+services.draw(), 0, serviceEnds)
	}
	c.Reset()
	arrival := gap * arrivals.draw() // kept beside the calendar
	busy := false
	for served < warmUp+customers {
		now, event, _ := c.NextOr(arrival, 0, customerArrives)
		switch event {
		case customerArrives:
			line[uint16(arrived)] = now
			arrived++
			arrival = now + gap*arrivals.draw()
			if !busy {
				busy = true
				startService(now)
			}
		case serviceEnds:
			if busy = served < arrived; busy {
				startService(now)
			}
		}
	}
	return wait / float64(customers)
}

// The mean wait in queue of M/M/1 is ρ/(μ-λ) (Gross & Harris 1998, §2.2). Replications are independent, so their
// spread gives the standard error; a right simulation fails with probability 0.3% for each rate (0.5% by the t
// distribution with 99 degrees of freedom and the bias of the start, which the warm-up leaves below 0.1 standard errors).
func TestMM1WaitAgreesWithTheClosedForm(t *testing.T) {
	const replications, warmUp, customers = 100, 5_000, 10_000
	c := New[mm1Event]()
	for _, arrivalRate := range []float64{0.5, 0.8} {
		var sum, squares float64
		for r := range uint64(replications) {
			w := mm1(c, rng.New(2026, r), arrivalRate, warmUp, customers)
			sum += w
			squares += w * w
		}
		mean := sum / replications
		standardError := math.Sqrt((squares/replications - mean*mean) / (replications - 1))
		want := arrivalRate / (1 - arrivalRate)
		if math.Abs(mean-want) > 3*standardError {
			t.Errorf("arrival rate %v: mean wait %v ± %v, closed form %v", arrivalRate, mean, standardError, want)
		}
		t.Logf("arrival rate %v: mean wait %.4f ± %.4f, closed form %.4f", arrivalRate, mean, standardError, want)
	}
}

// BenchmarkMM1 counts one customer an operation, which is two events and two exponential draws.
func BenchmarkMM1(b *testing.B) {
	c := New[mm1Event]()
	b.ReportAllocs()
	mm1(c, rng.New(1, 0), 0.9, 0, b.N)
	b.ReportMetric(2*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mevents/s")
}
