package category

import (
	"fmt"

	"github.com/souk-sim/souk/market/choice"
)

// event is a small value on the calendar.
type event struct {
	kind kind
	id   int32 // the strip of an arrival, the truck of a delivery
}

type kind uint8

const (
	stockReviewed kind = iota
	stockReceived
	shopperArrives
	periodCloses
)

// Order among events at one instant: goods come in before the review counts them, and both before the shoppers; the books close last.
const (
	atReceipt int32 = iota
	atReview
	atShopper
	atClose
)

// run opens the week whose prices have just been posted, and plays it.
func (m *Market) run() {
	m.books.open(m)
	if m.cfg.Expected {
		m.sellExpected()
		m.close()
		return
	}
	m.begin()
	m.play()
}

// begin schedules what is known of the sampled week.
func (m *Market) begin() {
	start := float64(m.week)
	m.crowd.begin(start, float64(m.traffic[m.week]*m.cfg.Share))
	if m.store.kept() {
		for d := range daysPerWeek {
			m.calendar.Schedule(weeks(m.week*daysPerWeek+d), atReview, event{kind: stockReviewed})
		}
	}
	m.crowd.cover(m, start)
	m.calendar.Schedule(start+1, atClose, event{kind: periodCloses})
}

// play hands out the calendar's events up to and including the week's close.
func (m *Market) play() {
	for {
		now, e, ok := m.calendar.Next()
		if !ok {
			m.stall()
		}
		m.handle(now, e)
		if e.kind == periodCloses {
			return
		}
	}
}

func (m *Market) handle(now float64, e event) {
	switch e.kind {
	case shopperArrives:
		m.serve(now, int(e.id))
	case stockReviewed:
		m.review(now)
	case stockReceived:
		m.receive(now, int(e.id))
	case periodCloses:
		m.store.accrue(m, now)
		m.close()
	}
}

// weeks is a day's beginning on the clock, which counts weeks. All that happens at a day's beginning asks here, so that it happens at one instant.
func weeks(day int) float64 { return float64(day) / daysPerWeek }

// stall tells why a week did not come to its close: a bug, whether events breed events without end or none closes the week.
func (m *Market) stall() {
	if e, stuck := m.calendar.Stuck(); stuck {
		panic(fmt.Sprintf("category: week %d never ends: events of kind %d breed without end at time %v", m.week, e.kind, m.calendar.Now()))
	}
	panic(fmt.Sprintf("category: nothing closes week %d", m.week))
}

// serve lets one shopper look at the shelf, choose, and take what is there of the quantity wanted.
func (m *Market) serve(now float64, k int) {
	u, q := m.crowd.shopper(k)
	m.crowd.schedule(&m.calendar, k, m.crowd.gap(k, now))
	j := m.shelf.Choose(u)
	if j == choice.Outside || (j == m.cfg.Own) != m.crowd.comesForOwn(k) {
		return
	}
	wanted := m.shelf.Quantity(j, q)
	sold := m.store.take(now, j, wanted)
	m.books.sell(j, sold, wanted-sold)
	if m.store.kept() && m.store.onHand[j] == 0 {
		m.shelf.Remove(j)
		m.crowd.cover(m, now)
	}
}

// sellExpected books the week's demand in closed form.
func (m *Market) sellExpected() {
	customers := float64(m.traffic[m.week] * m.cfg.Share)
	total := 1.0
	for j := range m.price {
		total += m.shelf.Odds(j)
	}
	for j := range m.price {
		m.books.expect(j, customers*m.shelf.Odds(j)/total, m.shelf.MeanQuantity(j))
	}
}

func (m *Market) close() {
	m.books.close(m)
	m.obs.remember(m)
	m.turnPage()
}
