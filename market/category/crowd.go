package category

import (
	"math"

	"github.com/souk-sim/souk/sim"
	"github.com/souk-sim/souk/sim/rng"
)

// stripScale makes strips narrow where there are many customers: width = stripScale/√customers. It balances the work of opening a strip, some two
// shoppers' worth, against that of the half strip a side whose shoppers walk on, where a few in a hundred customers buy.
const stripScale = 0.125

const (
	bottom = iota // u counted up from 0
	top           // u counted down from 1
)

type strip struct {
	stream rng.Stream
	side   uint8
	edge   float64 // distance of the strip's near edge from its side
}

// crowd is the shoppers under way this week.
//
// A week's customers are points of a Poisson process on [0, 1 week) × [0, 1): when they come, and the uniform u by which they choose. Almost all
// of them look at nothing here: u lies far from both ends. The process is therefore cut into strips in u, counted from the bottom (rivals' buyers)
// and from the top (own buyers), each with its own stream; only strips that reach into a buying interval are simulated. Strips of a Poisson
// process are independent Poisson processes (Kingman 1993, §2.2), so the thinning is exact; and as a strip's shoppers depend on (traffic, week,
// side, strip) alone, two policies meet the very same people. Where strips of the two sides overlap, each serves its own side's buyers only.
type crowd struct {
	family rng.Family
	store  uint64
	strips []strip
	begun  [2]int  // strips opened on each side
	width  float64 // of a strip
	rate   float64 // customers a strip and week
	opened float64 // time at which the week began
}

func (c *crowd) open(s rng.Streams, store int) {
	c.family, c.store = s.Family("shoppers"), uint64(store)
}

// begin opens a week with the given number of expected customers.
func (c *crowd) begin(at, customers float64) {
	c.strips = c.strips[:0]
	c.begun = [2]int{}
	c.width = min(1, stripScale/math.Sqrt(customers))
	c.rate, c.opened = float64(customers*c.width), at
}

// cover opens what strips the buying intervals reach into and are not under way yet. A strip always begins with its week, and those of its shoppers who came
// before now have walked on.
func (c *crowd) cover(m *Market, now float64) {
	below, above := m.shelf.Reach()
	c.extend(m, bottom, below, now)
	c.extend(m, top, above, now)
}

func (c *crowd) extend(m *Market, side int, reach, now float64) {
	for {
		edge := float64(float64(c.begun[side]) * c.width)
		if edge >= reach {
			return
		}
		c.strips = append(c.strips, strip{stream: c.family.At(c.store<<32|uint64(m.week), uint64(side), uint64(c.begun[side])), side: uint8(side), edge: edge})
		c.begun[side]++
		k := len(c.strips) - 1
		at := c.gap(k, c.opened)
		for at < now {
			c.strips[k].stream.Uint64() // the passer-by's u and quantity
			c.strips[k].stream.Uint64()
			at = c.gap(k, at)
		}
		c.schedule(&m.calendar, k, at)
	}
}

// gap draws the time of the strip's next shopper.
func (c *crowd) gap(k int, after float64) float64 {
	return after + c.strips[k].stream.Exponential()/c.rate
}

func (c *crowd) schedule(calendar *sim.Calendar[event], k int, at float64) {
	if at < c.opened+1 {
		calendar.Schedule(at, atShopper, event{kind: shopperArrives, id: int32(k)})
	}
}

// comesForOwn says whether the strip's shoppers can be buyers of the own product, or else of the others.
func (c *crowd) comesForOwn(k int) bool { return c.strips[k].side == top }

// shopper draws the strip's present shopper: the uniform of the choice and that of the quantity. Every shopper takes three draws with the gap.
func (c *crowd) shopper(k int) (u, quantity float64) {
	s := &c.strips[k]
	u = s.edge + float64(s.stream.Float64()*c.width)
	if s.side == top {
		u = 1 - u
	}
	return u, s.stream.Float64()
}
