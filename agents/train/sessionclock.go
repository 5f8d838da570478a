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
// It comes about by thinning (Lewis & Shedler 1979, in whole turns): in a stretch of turns in which ε is between two bounds, candidates follow each other by
// geometric gaps of the upper bound's probability, and one at turn s is taken with probability ε_s/upper. That is exact for every course, where ε begins at 1 too, up to the 2⁻⁵² to
// which uniform numbers are known. Since a course rises or falls throughout, a stretch's bounds are its ends, and ε_s is asked for only where the lower one does not decide.
type clock struct {
	course       agents.Exploration
	first, every float64 // the period of turn k is first + every·k
	periods      float64 // of training
	stream       rng.Stream
	next         uint64 // turn of the next exploration

	end          uint64  // of the stretch
	lower, upper float64 // ε in it
	toEnd        float64 // ε at its end
	scale        float64 // 1/log(1 − upper)
}

const never = math.MaxUint64

// epsilon is ε at a turn.
func (c *clock) epsilon(turn uint64) float64 {
	period := c.first + float64(c.every*float64(turn))
	return c.course.At(agents.Moment{Progress: min(1, period/c.periods), Steps: turn})
}

// stretch begins one at a turn, with some candidates in it to be expected.
func (c *clock) stretch(turn uint64) {
	epsilon := c.toEnd
	if turn == 0 {
		epsilon = c.epsilon(0)
	}
	c.end = turn + 64 + uint64(min(1/epsilon, 1e9))
	c.toEnd = c.epsilon(c.end)
	c.lower, c.upper = min(epsilon, c.toEnd), max(epsilon, c.toEnd)
	c.scale = 1 / min(portable.Log(1-c.upper), -1e-300) // gaps without end where upper is 0
}

// advance sets next to the first exploring turn from a given one on.
func (c *clock) advance(turn uint64) {
	for ; float64(turn) <= c.periods; turn++ {
		for turn >= c.end {
			c.stretch(c.end)
		}
		u, free := c.stream.Open(), 1-c.upper
		if u > free {
			u -= free // given that this turn is a candidate, uniform up to upper
		} else {
			gap := portable.Log(u) * c.scale
			if gap >= float64(c.end-turn) {
				turn = c.end - 1
				continue
			}
			turn += uint64(gap)
			u = c.stream.Float64() * c.upper
		}
		if u < c.lower || u < c.epsilon(turn) {
			c.next = turn
			return
		}
	}
	c.next = never
}
