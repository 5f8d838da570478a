package sim_test

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/sim"
	"github.com/souk-sim/souk/sim/rng"
)

// A station has so many servers, at which customers of a Poisson stream are served in the order of their arrival, each
// for a time of mean 1. Where it is without a line, who finds all servers busy is lost.
type station struct {
	arrivalRate float64
	servers     int
	lineless    bool
	service     func(*rng.Stream) float64
}

// measures are means over the customers after the warm-up, and over the time since its last one was served, but for
// those of the whole run: the time spent by all customers together, one by one, and the integral of their number.
type measures struct{ wait, number, lost, spent, integral float64 }

// A departure is of the customer who arrived then. The next arrival, kept beside the calendar, is the departure of none.
type departure struct {
	arrived float64
	ofNone  bool
}

func (s station) simulate(c *sim.Calendar[departure], streams rng.Streams, warmUp, customers int) measures {
	arrivals, services := streams.Family("arrivals").At(), streams.Family("services").At()
	c.Reset()
	arrival := arrivals.Exponential() / s.arrivalRate
	var line []float64 // arrival times of those who wait
	var m measures
	var wait, integralBefore, began, last float64
	number, arrived, lost := 0, 0, 0
	for served := 0; served < warmUp+customers; {
		now, event, _ := c.NextOr(arrival, 0, departure{ofNone: true})
		m.integral += (now - last) * float64(number)
		last = now
		switch {
		case !event.ofNone:
			number--
			m.spent += now - event.arrived
		case s.lineless && number == s.servers:
			lost++
		default:
			number++
			line = append(line, now)
		}
		if event.ofNone {
			arrived++
			arrival = now + arrivals.Exponential()/s.arrivalRate
		}
		for len(line) > 0 && number-len(line) < s.servers {
			if served++; served > warmUp {
				wait += now - line[0]
			}
			c.Schedule(now+s.service(&services), 0, departure{arrived: line[0]})
			line = line[1:]
			if served == warmUp {
				integralBefore, began, arrived, lost = m.integral, now, 0, 0
			}
		}
	}
	for _, event, ok := c.Next(); ok; _, event, ok = c.Next() { // those in service at the end
		m.spent += last - event.arrived
	}
	for _, at := range line {
		m.spent += last - at
	}
	m.wait, m.number, m.lost = wait/float64(customers), (m.integral-integralBefore)/(last-began), float64(lost)/float64(arrived)
	return m
}

// erlangB is the share of customers lost at so many servers under a load of arrival rate times service (Gross & Harris
// 1998, §2.5), and erlangC the share who wait where there is a line (§2.3).
func erlangB(load float64, servers int) float64 {
	b := 1.0
	for k := 1; k <= servers; k++ {
		b = load * b / (float64(k) + load*b)
	}
	return b
}

func erlangC(load float64, servers int) float64 {
	b := erlangB(load, servers)
	return b / (1 - load/float64(servers)*(1-b))
}

// Waits of one run hang together, so the standard error is that between independent replications. The warm-up is five
// relaxation times, 1/(√c-√λ)², of the slowest station and leaves no bias that shows. A right simulation exceeds three
// standard errors with probability 0.3% (t distribution with 99 degrees of freedom); of the 14 figures that are not 0 by
// nature one would with probability 5%, had the seed not been fixed. Little's law holds in every run, to the rounding.
func TestQueuesAgreeWithTheClosedForms(t *testing.T) {
	const replications, warmUp, customers = 100, 2_000, 5_000
	exponential := (*rng.Stream).Exponential
	constant := func(*rng.Stream) float64 { return 1 }
	// Mean wait by Pollaczek and Khinchine (Gross & Harris 1998, §5.1), number by Little's law.
	single := func(load, squaredVariation float64) measures {
		wait := load / (1 - load) * (1 + squaredVariation) / 2
		return measures{wait: wait, number: load * (wait + 1)}
	}
	several := func(load float64, servers int) measures {
		wait := erlangC(load, servers) / (float64(servers) - load)
		return measures{wait: wait, number: load * (wait + 1)}
	}
	loss := func(load float64, servers int) measures {
		b := erlangB(load, servers)
		return measures{number: load * (1 - b), lost: b}
	}
	c := sim.New[departure]()
	for _, q := range []struct {
		name string
		station
		want measures
	}{
		{"M/M/1 at 0.5", station{0.5, 1, false, exponential}, single(0.5, 1)},
		{"M/M/1 at 0.8", station{0.8, 1, false, exponential}, single(0.8, 1)},
		{"M/D/1 at 0.8", station{0.8, 1, false, constant}, single(0.8, 0)},
		{"M/M/3 at 2.4", station{2.4, 3, false, exponential}, several(2.4, 3)},
		{"M/M/20 at 18", station{18, 20, false, exponential}, several(18, 20)},
		{"M/M/5/5 at 4", station{4, 5, true, exponential}, loss(4, 5)},
		{"M/D/5/5 at 4", station{4, 5, true, constant}, loss(4, 5)}, // whatever the law of service
	} {
		var samples [replications]measures
		for r := range samples {
			m := q.simulate(c, rng.New(2026, uint64(r)), warmUp, customers)
			if math.Abs(m.spent-m.integral) > 1e-9*m.integral {
				t.Errorf("%s: customers spent %v together, the integral of their number is %v", q.name, m.spent, m.integral)
			}
			samples[r] = m
		}
		for _, figure := range []struct {
			name string
			of   func(measures) float64
		}{
			{"wait", func(m measures) float64 { return m.wait }},
			{"number", func(m measures) float64 { return m.number }},
			{"lost", func(m measures) float64 { return m.lost }},
		} {
			var sum, squares float64
			for _, m := range samples {
				sum += figure.of(m)
			}
			mean := sum / replications
			for _, m := range samples {
				squares += (figure.of(m) - mean) * (figure.of(m) - mean)
			}
			standardError := math.Sqrt(squares / (replications * (replications - 1)))
			want := figure.of(q.want)
			if math.Abs(mean-want) > 3*standardError {
				t.Errorf("%s: %s %.5f ± %.5f, closed form %.5f", q.name, figure.name, mean, standardError, want)
			}
			t.Logf("%s: %s %.5f ± %.5f, closed form %.5f", q.name, figure.name, mean, standardError, want)
		}
	}
}
