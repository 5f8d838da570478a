package sim

import (
	"flag"
	"math"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
	"pgregory.net/rapid"
)

// TestMain fixes the seed of the property test: a test that fails, fails for everyone.
func TestMain(m *testing.M) {
	flag.Parse()
	for name, value := range map[string]string{"rapid.seed": "1", "rapid.checks": "1000"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	m.Run()
}

// reference is the slow, obvious calendar: a slice kept sorted by the key, whose sequence is the event itself.
type reference []entry

type entry struct {
	at       float64
	priority int32
	event    int
}

func (r *reference) schedule(e entry) {
	i := sort.Search(len(*r), func(i int) bool {
		q := (*r)[i]
		return q.at > e.at || q.at == e.at && q.priority > e.priority
	})
	*r = slices.Insert(*r, i, e)
}

func (r *reference) cancel(event int) bool {
	i := slices.IndexFunc(*r, func(e entry) bool { return e.event == event })
	if i >= 0 {
		*r = slices.Delete(*r, i, i+1)
	}
	return i >= 0
}

// pair drives a calendar and the reference together, and fails where they differ.
type pair struct {
	c        Calendar[int]
	r        reference
	tickets  []Ticket // by event
	failures func(format string, args ...any)
}

func (p *pair) schedule(at float64, priority int32) {
	event := len(p.tickets)
	p.tickets = append(p.tickets, p.c.Schedule(at, priority, event))
	p.r.schedule(entry{at, priority, event})
}

func (p *pair) cancel(event int) {
	if got, want := p.c.Cancel(p.tickets[event]), p.r.cancel(event); got != want {
		p.failures("Cancel of event %d: %v, reference %v", event, got, want)
	}
}

func (p *pair) next() {
	at, event, ok := p.c.Next()
	if ok != (len(p.r) > 0) {
		p.failures("Next: %v with %d pending", ok, len(p.r))
	}
	if ok {
		if want := p.r[0]; at != want.at || event != want.event || p.c.Now() != at {
			p.failures("Next: event %d at %v (now %v), reference %d at %v", event, at, p.c.Now(), want.event, want.at)
		}
		p.r = p.r[1:]
	}
	if p.c.Len() != len(p.r) {
		p.failures("Len %d, reference %d", p.c.Len(), len(p.r))
	}
}

// nextOr offers one more event, which the reference schedules and, when another came, cancels.
func (p *pair) nextOr(at float64, priority int32) {
	const own = -1
	p.r.schedule(entry{at, priority, own})
	want := p.r[0]
	p.r.cancel(want.event)
	p.r.cancel(own)
	got, event, ok := p.c.NextOr(at, priority, own)
	if !ok || got != want.at || event != want.event || p.c.Now() != got || p.c.Len() != len(p.r) {
		p.failures("NextOr(%v, %d): event %d at %v (now %v), %d pending, reference %d at %v, %d pending",
			at, priority, event, got, p.c.Now(), p.c.Len(), want.event, want.at, len(p.r))
	}
}

func (p *pair) peek() {
	at, priority, ok := p.c.Peek()
	if ok != (len(p.r) > 0) || ok && (at != p.r[0].at || priority != p.r[0].priority) {
		p.failures("Peek: priority %d at %v, %v, reference %v", priority, at, ok, p.r[:min(1, len(p.r))])
	}
}

func TestEventsComeInTheOrderOfTheReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := pair{failures: t.Fatalf}
		// Delays at a few scales make ties, crowds and far outliers; 0 is this very instant.
		delay := rapid.OneOf(rapid.SampledFrom([]float64{0, 0, 1, 1, 2, 1e-300, 1e9, math.MaxFloat64, math.Inf(1)}),
			rapid.Float64Range(0, 1), rapid.Float64Range(0, 1e3))
		priority := rapid.Int32Range(-1, 1)
		t.Repeat(map[string]func(*rapid.T){
			"schedule": func(t *rapid.T) { p.schedule(p.c.Now()+delay.Draw(t, "delay"), priority.Draw(t, "priority")) },
			"schedule many": func(t *rapid.T) {
				scale, priority := delay.Draw(t, "scale"), priority.Draw(t, "priority")
				for i := range rapid.IntRange(2, 300).Draw(t, "events") {
					p.schedule(p.c.Now()+scale*float64(1+i*7919%101)/101, priority)
				}
			},
			"cancel": func(t *rapid.T) {
				if len(p.tickets) > 0 {
					p.cancel(rapid.IntRange(0, len(p.tickets)-1).Draw(t, "event"))
				}
			},
			"cancel many": func(t *rapid.T) {
				for i := rapid.IntRange(1, 5).Draw(t, "from"); i < len(p.tickets); i += 3 {
					p.cancel(i)
				}
			},
			"next":    func(t *rapid.T) { p.next() },
			"next or": func(t *rapid.T) { p.nextOr(p.c.Now()+delay.Draw(t, "delay"), priority.Draw(t, "priority")) },
			"next or, tied": func(t *rapid.T) {
				if at, _, ok := p.c.Peek(); ok {
					p.nextOr(at, priority.Draw(t, "priority"))
				}
			},
			"peek": func(t *rapid.T) { p.peek() },
			"next many": func(t *rapid.T) {
				for range rapid.IntRange(2, 400).Draw(t, "events") {
					p.next()
				}
			},
			"reset": func(t *rapid.T) {
				p.c.Reset()
				p.r = nil
				if p.c.Len() != 0 || p.c.Now() != 0 {
					t.Fatalf("after Reset: %d pending at %v", p.c.Len(), p.c.Now())
				}
			},
		})
		for len(p.r) > 0 {
			p.next()
		}
		p.next()
	})
}

// Enough events that the rung has many buckets, which are filled by the batch.
func TestTwentyThousandPendingEventsComeInTheOrderOfTheReference(t *testing.T) {
	const pending = 20_000
	if 2*pending <= fineBuckets {
		t.Fatalf("%d pending events fill no batches: %d fine buckets", pending, fineBuckets)
	}
	p := pair{failures: t.Fatalf}
	s := rng.New(7, 0).Family("calendar").At()
	delay := func() float64 {
		if s.Intn(4) == 0 {
			return float64(s.Intn(3)) / 2 // ties
		}
		return s.Exponential()
	}
	for range pending {
		p.schedule(delay(), int32(s.Intn(3)))
	}
	for turn := range 40_000 {
		if turn == 20_000 { // the queue is laid out anew in the middle of a batch
			for range 4 * pending {
				p.c.Cancel(p.c.Schedule(p.c.Now()+delay(), 0, -1))
			}
		}
		if s.Intn(4) == 0 {
			p.peek()
		}
		p.nextOr(p.c.Now()+delay()/1000, int32(s.Intn(3)))
		p.next()
		p.schedule(p.c.Now()+delay(), int32(s.Intn(3)))
		if s.Intn(8) == 0 {
			p.cancel(len(p.tickets) - 1 - s.Intn(pending))
			p.schedule(p.c.Now()+delay(), 0)
		}
	}
	for len(p.r) > 0 {
		p.next()
	}
}

func TestCancelledEventsDoNotPileUp(t *testing.T) {
	c := New[int]()
	for i := range 100 {
		c.Schedule(1e9+float64(i), 0, i)
	}
	for i := range 100_000 { // time-outs that never come
		if !c.Cancel(c.Schedule(1e6+float64(i), 0, i)) {
			t.Fatal("a pending event was not cancelled")
		}
	}
	if len(c.slots) > 1000 {
		t.Errorf("100 events are pending and %d slots are in use", len(c.slots))
	}
}

func TestStaleTicketsAreRefused(t *testing.T) {
	c := New[string]()
	if c.Cancel(Ticket{}) {
		t.Error("the zero ticket was accepted by an empty calendar")
	}
	first := c.Schedule(1, 0, "first")
	c.Next()
	second := c.Schedule(2, 0, "second") // takes the slot of the first
	if c.Cancel(first) || c.Cancel(Ticket{}) {
		t.Error("the ticket of an event that has happened was accepted")
	}
	if !c.Cancel(second) || c.Cancel(second) {
		t.Error("a pending event can be cancelled exactly once")
	}
	third := c.Schedule(2, 0, "third")
	c.Reset()
	c.Schedule(2, 0, "fourth")
	if c.Cancel(third) {
		t.Error("a ticket from before Reset was accepted")
	}
	if c.Len() != 1 {
		t.Errorf("%d events are pending, want 1", c.Len())
	}
}

func TestThePastAndNaNPanic(t *testing.T) {
	for _, at := range []float64{4.999, -1, math.Inf(-1), math.NaN()} {
		func() {
			c := New[int]()
			c.Schedule(5, 0, 0)
			c.Next()
			c.Schedule(6, 0, 0)
			for name, offer := range map[string]func(){
				"Schedule": func() { c.Schedule(at, 0, 1) },
				"NextOr":   func() { c.NextOr(at, 0, 1) },
			} {
				func() {
					defer func() {
						if message, _ := recover().(string); !strings.Contains(message, "already 5") {
							t.Errorf("%s at %v, when it is 5: panicked with %q", name, at, message)
						}
					}()
					offer()
				}()
			}
		}()
	}
}

func TestWatchdogHandsBackTheEventThatRepeats(t *testing.T) {
	c := New[string]()
	c.Schedule(1, 0, "opening")
	c.Schedule(2, 0, "repricing")
	c.Schedule(3, 0, "closing")
	turns := 0
	for at, event, ok := c.Next(); ok; at, event, ok = c.Next() {
		if turns++; turns > 10_000_000 {
			t.Fatal("the watchdog sleeps")
		}
		if event == "repricing" {
			c.Schedule(at, 0, "repricing") // each seller undercuts the other, for ever
		}
	}
	if event, stuck := c.Stuck(); !stuck || event != "repricing" || c.Now() != 2 {
		t.Errorf("stuck %v at %v in %q, want true at 2 in repricing", stuck, c.Now(), event)
	}
	if _, _, ok := c.Next(); ok {
		t.Error("a stuck calendar went on")
	}
	c.Reset()
	c.Schedule(1, 0, "opening")
	if _, event, ok := c.Next(); !ok || event != "opening" {
		t.Error("Reset did not free a stuck calendar")
	}
}

func TestWatchdogCountsEventsKeptBesideTheCalendar(t *testing.T) {
	c := New[string]()
	c.Schedule(3, 0, "closing")
	turns := 0
	for _, _, ok := c.NextOr(2, 0, "arrival"); ok; _, _, ok = c.NextOr(2, 0, "arrival") { // a gap that rounds to 0
		if turns++; turns > 10_000_000 {
			t.Fatal("the watchdog sleeps")
		}
	}
	if event, stuck := c.Stuck(); !stuck || event != "arrival" || c.Now() != 2 {
		t.Errorf("stuck %v at %v in %q, want true at 2 in arrival", stuck, c.Now(), event)
	}
	if _, _, ok := c.NextOr(4, 0, "arrival"); ok {
		t.Error("a stuck calendar went on")
	}
}

func TestAMillionEventsAtOneInstantAreNoAlarm(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: 3 million events; go test ./sim plays them, and the watchdog's alarm is tested apart")
	}
	c := New[int]()
	for i := range 1_000_000 {
		c.Schedule(1, 0, i%3)
	}
	const all = 1_999_999 // a third each happen once, twice and three times
	happened := 0
	for at, event, ok := c.Next(); ok; at, event, ok = c.Next() {
		if happened++; event > 0 {
			c.Schedule(at, 1, event-1)
		}
	}
	if _, stuck := c.Stuck(); stuck || happened != all {
		t.Errorf("stuck %v after %d events, want %d", stuck, happened, all)
	}
}

func TestSteadyStateDoesNotAllocate(t *testing.T) {
	for _, pending := range []int{3, 100, 20_000} {
		c := New[[2]int]()
		s := rng.New(3, 0).Family("steady").At()
		turn := func() {
			at, event, _ := c.Next()
			c.Cancel(c.Schedule(at+s.Exponential(), 0, event))
			c.Schedule(at+s.Exponential(), 0, event)
		}
		for range pending {
			c.Schedule(s.Exponential(), 0, [2]int{})
		}
		for range 20 * pending {
			turn()
		}
		if allocations := testing.AllocsPerRun(5*pending, turn); allocations != 0 {
			t.Errorf("%d pending: %v allocations an operation", pending, allocations)
		}
	}
}
