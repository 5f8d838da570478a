package train

import (
	"math"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
)

// clock draws ahead the turns at which a learner explores, so that the greedy turns between them need no random number. The law is that of a coin thrown at every
// turn k, heads with probability ε_k:
//
//	P(no exploration at k, …, k+g) = Π (1 − ε_s), s = k, …, k+g
//
// It comes about by thinning (Lewis & Shedler 1979, in whole turns): candidates follow each other by geometric gaps of a probability ε̄ that no coming ε exceeds, and
// one at turn s is taken with probability ε_s/ε̄. That is exact for every course, where ε begins at 1 too, up to the 2⁻⁵² to which uniform numbers are known.
type clock struct {
	course       agents.Exploration
	first, every float64 // the period of turn k is first + every·k
	periods      float64 // of training
	stream       rng.Stream
	next         uint64 // turn of the next exploration
}

const never = math.MaxUint64

// epsilon is ε at a turn.
func (c *clock) epsilon(turn uint64) float64 {
	period := c.first + float64(c.every*float64(turn))
	return c.course.At(agents.Moment{Progress: min(1, period/c.periods), Steps: turn})
}

// advance sets next to the first exploring turn from a given one on.
func (c *clock) advance(turn uint64) {
	least := 0.0 // that later ε may exceed the present one by no more
	if c.course.Kind == "linear" || c.course.Kind == "exponential" {
		least = c.course.To
	}
	for {
		epsilon := c.epsilon(turn)
		bound := max(epsilon, least)
		q := 1 - bound
		gap := 0.0
		if u := c.stream.Open(); u <= q {
			gap = math.Floor(portable.Log(u) / portable.Log(q)) // q = 1 gives +Inf: never
		}
		if turn += uint64(min(gap, 1<<62)); gap >= 1<<62 || float64(turn) > c.periods {
			c.next = never
			return
		}
		if gap > 0 {
			epsilon = c.epsilon(turn)
		}
		if epsilon >= 1-q || c.stream.Float64()*(1-q) < epsilon {
			c.next = turn
			return
		}
		turn++
	}
}
