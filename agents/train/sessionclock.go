package train

import (
	"math"
	"math/bits"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
)

// clock draws ahead the turns at which a learner explores, so that the greedy turns between them need no random number. The law is that of a coin thrown at every
// turn k, heads with probability ε_k:
//
//	P(no exploration at k, …, k+g) = Π (1 − ε_s), s = k, …, k+g
//
// It goes by stretches of turns. A course rises or falls throughout, so that what ε is at a stretch's ends bounds it between, and is asked for only where the bounds do not decide. Where ε is
// large the coins of a stretch are thrown one by one, at once; where it is small by thinning (Lewis & Shedler 1979, in whole turns): candidates follow each other
// by geometric gaps of the upper bound's probability, and one at turn s is taken with probability ε_s/upper. Both are exact for every course, where ε begins at 1 too, up to
// the 2⁻⁵² to which uniform numbers are known.
type clock struct {
	course       agents.Exploration
	first, every float64 // the period of turn k is first + every·k
	periods      float64 // of training
	stream       rng.Stream
	next         uint64 // turn of the next exploration

	begin, end   uint64  // the stretch
	lower, upper float64 // ε in it
	toEnd        float64 // ε at its end
	coins        bool    // whether ε is large there
	heads        uint64  // if so, bit i: turn begin + i explores
	scale        float64 // if not, 1/log(1 − upper)
}

const (
	never = math.MaxUint64
	large = 1.0 / 8
)

// epsilon is ε at a turn.
func (c *clock) epsilon(turn uint64) float64 {
	period := c.first + float64(c.every*float64(turn))
	return c.course.At(agents.Moment{Progress: min(1, period/c.periods), Steps: turn})
}

// stretch begins the next one.
func (c *clock) stretch() {
	if c.begin = c.end; c.begin == 0 {
		c.toEnd = c.epsilon(0)
	}
	epsilon := c.toEnd
	c.end = c.begin + 64
	if epsilon < large {
		c.end += uint64(min(1/epsilon, 1e9))
	}
	c.coins, c.toEnd = epsilon >= large, c.epsilon(c.end)
	c.lower, c.upper = min(epsilon, c.toEnd), max(epsilon, c.toEnd)
	if !c.coins {
		c.scale = 1 / min(portable.Log(1-c.upper), -1e-300) // gaps without end where upper is 0
		return
	}
	c.heads = 0
	surely, maybe := uint64(c.lower*0x1p53), uint64(math.Ceil(c.upper*0x1p53))
	for i := range uint64(64) {
		x, head := c.stream.Uint64()>>11, uint64(0)
		if x < surely {
			head = 1
		}
		c.heads |= head << i
		if x-surely < maybe-surely && float64(x)*0x1p-53 < c.epsilon(c.begin+i) {
			c.heads |= 1 << i
		}
	}
}

// advance sets next to the first exploring turn from a given one on.
func (c *clock) advance(turn uint64) {
	for c.next = never; c.next == never && float64(turn) <= c.periods; {
		for turn >= c.end {
			c.stretch()
		}
		if !c.coins {
			turn = c.thin(turn)
		} else if ahead := c.heads >> (turn - c.begin); ahead > 0 {
			c.next = turn + uint64(bits.TrailingZeros64(ahead))
		} else {
			turn = c.end
		}
	}
}

// thin tries one candidate, and returns the turn from which on to look further.
func (c *clock) thin(turn uint64) uint64 {
	gap := portable.Log(c.stream.Open()) * c.scale
	if gap >= float64(c.end-turn) {
		return c.end
	}
	turn += uint64(gap)
	if u := c.stream.Float64() * c.upper; u < c.lower || u < c.epsilon(turn) {
		c.next = turn
	}
	return turn + 1
}
