package market

import (
	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
)

// Kinds of visits, as Visit.Kind spells them.
const (
	Shelf   = "shelf"
	Journey = "journey"
)

// visitor is a shopper under way, in one cache line. Who has bought before is a customer besides.
type visitor struct {
	stream   rng.Stream
	price    int64 // posted when the product was taken, minor units
	period   int32 // with number, who the shopper is
	number   int32
	visit    int32 // 0 for the first, k for the k-th return
	customer int32 // slot, or None
	last     int32 // product bought last, or None
	product  int32 // taken first, or None
	units    int32
	view     uint16
	place    int16 // of the list, looked at last
	grudge   float32
	seen     uint8 // products of the trolley's considered
	lines    uint8 // of the trolley, the first product's not among them
	reminded bool
	searches bool
}

// mostLines is how many products a basket holds, the first not counted.
const mostLines = 7

// trolley is what a visitor in a journey, or with a growing basket, carries about.
type trolley struct {
	considered [8]int32 // products viewed
	listed     [32]int32
	shown      uint8  // places of the list drawn so far
	marks      uint64 // of the products listed: a bit for each, those 64 apart share one
	goods      [mostLines]int32
	units      [mostLines]int32
	prices     [mostLines]int64 // posted when they were taken, minor units
}

// times of a visit, in days.
type pace struct {
	think, pay  float64 // means
	dwell, wide float64 // median and sigma of the log
}

// visit readies what does not change of the visits.
func (m *Market) visit(cfg *Config) {
	v := &cfg.Visit
	m.journeys, m.hides = v.Kind == Journey, v.SoldOut == "hidden"
	m.pace = pace{v.ThinkMinutes / 1440, v.PayMinutes / 1440, v.Dwell / 86400, v.DwellLog}
	m.grows = v.Basket > 0 || v.CrossSell != nil
	m.looks = make([]float64, v.Places)
	for k := range m.looks {
		m.looks[k] = v.Click * portable.Exp(-v.Position*portable.Log(float64(k+1)))
	}
	if v.CrossSell != nil {
		m.cart = v.CrossSell.Cart()
	}
}

// arrive lets the next new shopper come.
func (m *Market) arrive(now float64) {
	a := &m.arrivals
	v, i := m.admit()
	*v = visitor{stream: m.streams.shopper.At(uint64(m.period), uint64(a.number)), period: int32(m.period), number: a.number, customer: None, last: None}
	a.advance()
	v.view = uint16(m.viewOf(v.stream.Float64()))
	if m.groups > 1 {
		v.view += uint16(m.group(v) * len(m.share))
	}
	m.books.visits++
	m.books.segments[v.view].visits++
	m.begin(now, v, i)
}

// viewOf is the view of a uniform.
func (m *Market) viewOf(u float64) int {
	i := 0
	for last := len(m.share) - 1; i < last && m.share[i] <= u; {
		i++
	}
	return i
}

// admit gives a visitor a slot.
func (m *Market) admit() (*visitor, int32) {
	if n := len(m.freeVisit); n > 0 {
		i := m.freeVisit[n-1]
		m.freeVisit = m.freeVisit[:n-1]
		return &m.visitors[i], i
	}
	m.visitors = append(m.visitors, visitor{})
	if m.journeys || m.grows {
		m.trolleys = append(m.trolleys, trolley{})
	}
	i := len(m.visitors) - 1
	return &m.visitors[i], int32(i)
}

// begin opens a visit whose visitor is known.
func (m *Market) begin(now float64, v *visitor, i int32) {
	v.product = None
	if m.on {
		m.add(m.record(now, ShopperArrives, v))
	}
	if m.telling {
		m.tellOf(now, v, None, m.slot, Outcome{Visits: 1})
	}
	if m.journeys {
		m.enter(now, v, i)
		return
	}
	m.calendar.Schedule(now+float64(v.stream.Exponential()*m.pace.think), atShopper, event{shopperDecides, i})
}

// leave ends a visit.
func (m *Market) leave(now float64, v *visitor, i int32, bought bool) {
	switch {
	case v.customer == None:
	case m.cfg.Loyalty.Model != nil:
		m.part(now, v, bought)
	default: // known for a coupon
		m.freeCust = append(m.freeCust, v.customer)
	}
	m.freeVisit = append(m.freeVisit, i)
}

// decide lets a visitor choose among what he would have to pay.
func (m *Market) decide(now float64, i int32) {
	view := m.visitors[i].view
	m.fit(now, &m.visitors[i])
	m.choose(now, i)
	m.unfit(view)
}

// choose draws uniforms for the choice, the units and the time to the check-out, whatever is chosen.
func (m *Market) choose(now float64, i int32) {
	v := &m.visitors[i]
	u, q, pay := v.stream.Float64(), v.stream.Open(), v.stream.Open()
	view := &m.views[v.view]
	j, odds := m.pick(view, v, i, u)
	worth := view.surplusOf(odds)
	m.books.surplus += worth
	m.books.segments[v.view].surplus += worth
	if j == outside {
		if m.on {
			m.add(m.decided(now, v, None, 0, Plainly))
		}
		m.leave(now, v, i, false)
		return
	}
	units := unitsOf(m.cfg.Personas[view.persona].Units, q)
	why := Plainly
	if m.products[j].out {
		if j, why = m.elsewhere(now, v, i, j, units, odds); j == outside {
			m.leave(now, v, i, false)
			return
		}
	}
	v.product, v.units, v.price = j, units, view.front.posted[j].price
	if m.on {
		m.add(m.decided(now, v, j, units, why))
	}
	m.books.carts++
	at := now - float64(portable.Log(pay)*m.pace.pay)
	if m.grows && m.goesOn(v, i) {
		m.calendar.Schedule(at, atShopper, event{basketGrows, i})
		return
	}
	m.calendar.Schedule(at, atShopper, event{checksOut, i})
}

// pick chooses by a uniform among all goods, or in a journey among those considered; odds is the weight of all of them, the outside option's included.
func (m *Market) pick(view *view, v *visitor, i int32, u float64) (product int32, odds float64) {
	if m.journeys {
		return m.among(view, v, &m.trolleys[i], u)
	}
	extra, at := 0.0, 0
	if v.last != None {
		at = int(m.place[v.last])
		extra = float64(view.weight[at] * view.loyal)
	}
	place := view.choose(u, extra, at)
	return m.goods[place], view.total + extra
}

// surplusOf is the surplus of a choice among goods of these odds, $. That of the whole shelf is known.
func (v *view) surplusOf(odds float64) float64 {
	if odds == v.total {
		return v.worth
	}
	return surplus(odds, v.dollar)
}

// missed is what a visitor's surplus falls by, $, whose choice among goods of these odds is not to be had, so that odds of left remain. With Gumbel tastes the best of all
// is worth the same, whichever it is; so the expected best of what remains, over all visitors, is mixed from that and from what those get who miss theirs.
func (v *view) missed(left, odds float64) float64 {
	if left >= odds {
		return 0 // but for rounding
	}
	return (surplus(left, v.dollar) - v.surplusOf(odds)) / (1 - left/odds)
}

// unitsOf draws how many units: 1, and a geometric number more.
func unitsOf(mean, u float64) int32 {
	if mean <= 1 {
		return 1
	}
	more := portable.Log(u) / portable.Log(1-1/mean)
	return 1 + int32(min(more, 10_000))
}

// elsewhere is what a visitor does whose choice is sold out: he waits for it where he may, or chooses again among what is there with the probability of a
// substitute, or goes. Second thoughts have a stream of their own, so that whoever has none draws the same.
func (m *Market) elsewhere(now float64, v *visitor, i int32, wanted, units int32, odds float64) (product int32, why Why) {
	p := &m.products[wanted]
	if p.waits(m.cfg.Products[wanted].Stock, units) {
		return wanted, BackOrder
	}
	v.grudge += float32(m.cfg.Loyalty.Satisfied.StockOut)
	if m.on {
		m.add(m.decided(now, v, wanted, units, SoldOut))
	}
	stream := m.streams.second.At(uint64(v.period), uint64(v.number), uint64(v.visit))
	again, u := stream.Float64(), stream.Float64()
	m.books.stopped++
	p.keeper.Lose(int64(units))
	m.lost(v, wanted, units)
	view, left := &m.views[v.view], 1.0
	if again < m.cfg.Visit.Substitute {
		left = m.inStock(view, v, i)
	}
	missed := view.missed(left, odds)
	m.books.surplus += missed
	m.books.segments[v.view].surplus += missed
	if j := m.substitute(view, v, i, float64(u*left)-1); j != outside {
		return j, Substitute
	}
	return outside, SoldOut
}

// within are the products that a visitor chooses from.
func (m *Market) within(v *visitor, i int32) []int32 {
	if m.journeys {
		return m.trolleys[i].considered[:v.seen]
	}
	return m.goods
}

// inStock is the weight of what a visitor chooses from and is in stock, and of nothing.
func (m *Market) inStock(view *view, v *visitor, i int32) float64 {
	sum := 1.0
	for _, j := range m.within(v, i) {
		if j != outside && !m.products[j].out {
			sum += m.weightOf(view, v, j)
		}
	}
	return sum
}

// substitute inverts those weights, those of the products; below 0 is nothing.
func (m *Market) substitute(view *view, v *visitor, i int32, target float64) int32 {
	if target < 0 {
		return outside
	}
	for _, j := range m.within(v, i) {
		if j == outside || m.products[j].out {
			continue
		}
		w := m.weightOf(view, v, j)
		if target < w {
			return j
		}
		target -= w
	}
	return outside
}

// record is what the log says of an event of a visitor.
func (m *Market) record(now float64, kind Kind, v *visitor) Record {
	view := &m.views[v.view]
	return Record{Time: now, Kind: kind, Period: v.period, Number: v.number, Visit: v.visit, Customer: v.customer, Product: None,
		Persona: int16(view.persona), Channel: uint8(view.channel), Arm: uint8(view.arm)}
}

func (m *Market) decided(now float64, v *visitor, product, units int32, why Why) Record {
	r := m.record(now, ShopperDecides, v)
	r.Product, r.Units, r.Why = product, units, why
	if product != None {
		r.Price = m.views[v.view].front.posted[product].price
	}
	return r
}

// dwell draws how long a page is looked at, days.
func (m *Market) dwell(v *visitor) float64 {
	z := v.stream.Normal()
	if m.pace.wide == 0 {
		return m.pace.dwell
	}
	return min(1, m.pace.dwell*portable.Exp(float64(m.pace.wide*z)))
}
