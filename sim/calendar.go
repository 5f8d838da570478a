// Package sim is the discrete-event kernel: a clock and the calendar of future events. It knows no market and does
// no I/O.
//
// A simulation is a loop over Calendar.Next with a switch over the kinds of event, whose cases change the state of the
// world and schedule what follows. Events are small values, neither closures nor interfaces, so that none allocates.
package sim

import "fmt"

// Calendar holds the future events of a simulation, and its clock. Events come out in the order of the key (time,
// priority, sequence): at one instant those of the lowest priority value first, among them the one scheduled first. A
// run therefore never depends on how the queue is laid out. The zero Calendar is empty and its clock stands at 0. It
// must not be copied and is not safe for concurrent use.
//
// Schedule, Cancel and Next take constant time on average, where events spread over time, and logarithmic time where
// they crowd. They allocate only when more events are pending than ever before.
type Calendar[E any] struct {
	now      float64
	sequence uint64 // of the event scheduled last, counted by twos
	pending  int    // events scheduled and neither cancelled nor handed out
	held     int    // those and the cancelled ones that the queue has not yet dropped
	slots    []slot[E]
	free     uint32 // heads the list of free slots; slot 0 is never used, so 0 ends a list
	queue    queue

	atInstant int // events handed out at this instant
	patience  int // how many of them are thinkable
	stuck     bool
	culprit   E
}

// A slot holds one event with its key, and the next slot of the same bucket, or of the free list. Its first and its last
// field are those that prefetch loads, so that the lines between come along.
type slot[E any] struct {
	at       float64
	event    E
	sequence uint64 // with the lowest bit set when the event is no longer pending, which leaves the order as it was
	priority int32
	next     uint32
}

func (s *slot[E]) live() bool { return s.sequence&1 == 0 }

// Ticket names a scheduled event, for Cancel: its slot, and as the slot's generation the sequence number, which never
// comes twice. The zero Ticket names no event.
type Ticket struct {
	slot       uint32
	generation uint64
}

// New returns an empty calendar, its clock at 0.
func New[E any]() *Calendar[E] { return &Calendar[E]{} }

// Now returns the time of the event handed out last, 0 before the first.
func (c *Calendar[E]) Now() float64 { return c.now }

// Len returns the number of pending events.
func (c *Calendar[E]) Len() int { return c.pending }

// Schedule enters an event that happens at a time, which may be Now and may be +Inf. At one instant, events of a lower
// priority value happen first. A time in the past or NaN is a bug of the caller and panics.
func (c *Calendar[E]) Schedule(at float64, priority int32, event E) Ticket {
	if !(at >= c.now) {
		c.refuse(at)
	}
	if c.held >= c.queue.limit {
		c.gather()
		c.spread()
	}
	i := c.free
	if i != 0 {
		c.free = c.slots[i].next
	} else {
		i = c.grow()
	}
	c.sequence += 2
	c.held++
	c.pending++
	s := &c.slots[i]
	s.at, s.sequence, s.priority, s.event = at, c.sequence, priority, event
	c.place(item{at, priority, i})
	return Ticket{i, c.sequence}
}

func (c *Calendar[E]) refuse(at float64) {
	panic(fmt.Sprintf("sim: event scheduled at %v, but it is already %v", at, c.now))
}

// Cancel takes a pending event off the calendar and reports whether it did: a ticket whose event has happened, or was
// cancelled, or that comes from before a Reset is refused.
func (c *Calendar[E]) Cancel(t Ticket) bool {
	if int(t.slot) >= len(c.slots) {
		return false
	}
	s := &c.slots[t.slot]
	if s.sequence != t.generation {
		return false
	}
	s.sequence |= 1 // the queue drops the slot when it comes by
	c.pending--
	return true
}

// Next advances the clock to the next event and hands it out. It returns false when none is pending, or when the
// simulation is Stuck.
func (c *Calendar[E]) Next() (at float64, event E, ok bool) {
	if c.stuck || !c.ready() {
		return c.now, event, false
	}
	return c.take()
}

// NextOr is Next for a caller that keeps one more event beside the calendar: the next arrival of a stream, say, which
// is then never queued. It does what Schedule(at, priority, event) and then Next would do, but an event that is not
// handed out stays with the caller, who knows by its kind which of the two came. Of equal keys the pending one comes
// first. NextOr panics like Schedule, and returns false only when the simulation is Stuck.
func (c *Calendar[E]) NextOr(at float64, priority int32, event E) (float64, E, bool) {
	if !(at >= c.now) {
		c.refuse(at)
	}
	if c.stuck {
		return c.now, event, false
	}
	for len(c.queue.near) > 0 || c.refill() {
		first := c.queue.first()
		if first.at > at || first.at == at && first.priority > priority {
			break
		}
		if c.slots[first.slot].live() {
			return c.take()
		}
		c.drop()
	}
	return at, event, c.advance(at) || c.blame(event)
}

// Peek returns the time and the priority of the event that Next would hand out, and false when none is pending.
func (c *Calendar[E]) Peek() (at float64, priority int32, ok bool) {
	if !c.ready() {
		return 0, 0, false
	}
	first := c.queue.first()
	return first.at, first.priority, true
}

// ready brings the next pending event to where first finds it, and returns false when there is none.
func (c *Calendar[E]) ready() bool {
	for len(c.queue.near) > 0 || c.refill() {
		if c.slots[c.queue.first().slot].live() {
			return true
		}
		c.drop()
	}
	return false
}

// drop forgets the first of the near events, which is cancelled.
func (c *Calendar[E]) drop() { c.release(c.pop().slot) }

// take hands out the first of the near events.
func (c *Calendar[E]) take() (at float64, event E, ok bool) {
	it := c.pop()
	s := &c.slots[it.slot]
	s.sequence |= 1
	c.pending--
	c.release(it.slot)
	return it.at, s.event, c.advance(it.at) || c.blame(s.event)
}

// advance moves the clock to an event that happens now, and returns false when this instant does not end.
func (c *Calendar[E]) advance(at float64) bool {
	if at != c.now || c.atInstant == 0 {
		c.now, c.atInstant, c.patience = at, 0, instantEvents+instantFactor*c.pending
	}
	c.atInstant++
	return c.atInstant <= c.patience
}

func (c *Calendar[E]) blame(event E) bool {
	c.stuck, c.culprit = true, event
	return false
}

// An instant at which more events happen than instantEvents, and instantFactor for each that was pending when it
// began, is taken for one that never ends. A market that puts a million shoppers on one instant stays well below.
const (
	instantEvents = 1 << 20
	instantFactor = 16
)

// Stuck reports whether Next gave up because events at the instant Now kept scheduling events at that same instant,
// and hands back the one whose turn it was, which is part of the cycle.
func (c *Calendar[E]) Stuck() (event E, ok bool) { return c.culprit, c.stuck }

// Reset empties the calendar and sets its clock to 0, for the next episode. It keeps the memory, and refuses the
// tickets it has given.
func (c *Calendar[E]) Reset() {
	clear(c.slots) // events may hold pointers
	c.queue.clear()
	*c = Calendar[E]{sequence: c.sequence, slots: c.slots[:0], queue: c.queue}
}

// grow adds a slot and returns its number.
func (c *Calendar[E]) grow() uint32 {
	if len(c.slots) == 0 {
		c.slots = append(c.slots, slot[E]{sequence: 1}) // never live, and in no ticket
	}
	c.slots = append(c.slots, slot[E]{})
	return uint32(len(c.slots) - 1)
}

// release frees the slot of an event that the queue no longer holds.
func (c *Calendar[E]) release(i uint32) {
	c.slots[i].next = c.free
	c.free = i
	c.held--
}
