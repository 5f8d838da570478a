package market

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/sim/env"
)

// stay answers every turn with the offer that stands.
func stay(m *Market) func(*env.TimeStep) int {
	return func(step *env.TimeStep) int { return m.sellers[step.Player].offer }
}

// always answers every turn of a seller with its action, those of a list of sellers.
func always(actions ...int) func(*env.TimeStep) int {
	return func(step *env.TimeStep) int { return actions[step.Player] }
}

func open(t testing.TB, cfg *Config, seed uint64) *Market {
	t.Helper()
	m, err := New(cfg, seed)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// watch plays an episode and hands over its records.
func watch(t testing.TB, m *Market, episode uint64, act func(*env.TimeStep) int, on func(*Record)) {
	t.Helper()
	m.Record(nil)
	m.Reset(episode)
	if on != nil {
		m.Record(func(records []Record) {
			for i := range records {
				on(&records[i])
			}
		})
	}
	var step env.TimeStep
	for m.Next(&step) {
		if step.Stage != env.Last {
			m.Act(act(&step))
		}
	}
	m.Record(nil)
	if m.Err() != nil {
		t.Fatal(m.Err())
	}
}

// tally is a chi-square statistic in the making.
type tally struct{ sum, freedom float64 }

func (c *tally) add(count, mean float64) {
	c.sum += (count - mean) * (count - mean) / mean
	c.freedom++
}

// z is the statistic as a nearly standard normal number (Wilson & Hilferty 1931); of counts with a given sum a degree of freedom is taken off.
func (c *tally) z(given float64) float64 {
	k := c.freedom - given
	v := 2 / (9 * k)
	return (math.Cbrt(c.sum/k) - (1 - v)) / math.Sqrt(v)
}

// sample is numbers, of which mean and variance are asked.
type sample struct{ n, sum, squares float64 }

func (s *sample) add(x float64)     { s.n++; s.sum += x; s.squares += x * x }
func (s *sample) mean() float64     { return s.sum / s.n }
func (s *sample) variance() float64 { return s.squares/s.n - s.mean()*s.mean() }
func (s *sample) error() float64    { return math.Sqrt(s.variance() / s.n) }
