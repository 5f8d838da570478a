package market

import (
	"math"

	"github.com/souk-sim/souk/market/loyalty"
)

// customer is a shopper between visits.
type customer struct {
	period, number int32 // who
	visits         int32
	orders         int32
	last           int32 // product bought last
	changes        int32 // of its price when it was bought
	view           uint16
	away           bool // between visits
	known          loyalty.Shopper
}

// enrol makes a customer of a visitor who is none yet. What kind he is depends on who he is alone.
func (m *Market) enrol(v *visitor) {
	if v.customer != None {
		return
	}
	var i int32
	if n := len(m.freeCust); n > 0 {
		i, m.freeCust = m.freeCust[n-1], m.freeCust[:n-1]
		m.usage.Forget(int(i))
	} else {
		m.customers = append(m.customers, customer{})
		i = int32(len(m.customers) - 1)
	}
	v.customer = i
	c := &m.customers[i]
	*c = customer{period: v.period, number: v.number, view: v.view, last: None}
	if law := m.cfg.Loyalty.Model; law != nil {
		m.stream = m.streams.customer.At(uint64(v.period), uint64(v.number))
		c.known = law.Draw(&m.stream)
	}
}

// part ends the visit of one who has bought, now or before: it is drawn when he comes back, or that he has lapsed. A lifetime that runs by the calendar
// (Pareto/NBD) runs whether he has bought or not; where a purchase is what a customer may be lost at (BG/NBD), who bought nothing lapses by what annoyed him alone.
func (m *Market) part(now float64, v *visitor, bought bool) {
	c := &m.customers[v.customer]
	first := bought && c.orders == 0
	service := float64(v.grudge)
	if bought || c.known.Hazard > 0 {
		service++
	}
	if bought {
		service += m.unsettled(c)
		if c.orders > 0 {
			m.books.repeats++
		}
		c.orders++
		c.last, c.changes = v.product, m.views[v.view].front.posted[v.product].changes
	}
	m.books.satisfaction += 1 / (1 + float64(v.grudge))
	m.books.parted++
	c.visits++
	stream := m.streams.loyalty.At(uint64(c.period), uint64(c.number), uint64(c.visits))
	m.stream = stream
	wait := c.known.Return(&m.stream, service, first)
	if math.IsInf(wait, 1) {
		m.books.lapsed++
		if m.on {
			m.add(m.record(now, Lapses, v))
		}
		m.freeCust = append(m.freeCust, v.customer)
		return
	}
	c.away = true
	m.calendar.Schedule(now+wait, atShopper, event{comesBack, v.customer})
}

// unsettled is the grudge about a price that changed again and again since the last visit.
func (m *Market) unsettled(c *customer) float64 {
	each := m.cfg.Loyalty.Satisfied.PriceChange
	if each == 0 || c.last == None {
		return 0
	}
	return each * float64(max(0, m.views[c.view].front.posted[c.last].changes-c.changes-1))
}

// comeBack opens a visit of a customer.
func (m *Market) comeBack(now float64, i int32) {
	c := &m.customers[i]
	c.away = false
	v, slot := m.admit()
	*v = visitor{stream: m.streams.shopper.At(uint64(c.period), uint64(c.number), uint64(c.visits)), period: c.period, number: c.number, visit: c.visits,
		customer: i, last: c.last, view: c.view}
	m.books.visits++
	m.books.segments[c.view].visits++
	m.books.returns++
	if m.on {
		m.add(m.record(now, ComesBack, v))
	}
	m.begin(now, v, slot)
}
