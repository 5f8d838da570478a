package market

import (
	"github.com/souk-sim/souk/market/promotion"
)

// parcel is units that will come back.
type parcel struct {
	who    visitor // as he was at the check-out
	player int32   // who sold them
	slot   int32   // of time, when they were sold
	units  int32   // 0 when they have come
	refund int64
	u      float64
}

// checkOut takes a cart from the stock and has it paid, unless it is left.
func (m *Market) checkOut(now float64, i int32) {
	v := &m.visitors[i]
	if share := m.cfg.Visit.Abandon; share > 0 && !v.reminded && v.stream.Float64() < share {
		m.abandon(now, v, i)
		return
	}
	bought := false
	if m.advertised || v.lines > 0 {
		bought = m.fill(now, v, i)
	} else {
		bought = m.sellOne(now, v)
	}
	m.leave(now, v, i, bought)
}

// sellOne is the check-out of a single product without promotions. It returns whether there were any units.
func (m *Market) sellOne(now float64, v *visitor) bool {
	units := m.take(now, v, v.product, v.units)
	if units == 0 {
		return false
	}
	if m.cfg.Loyalty.Model != nil {
		m.enrol(v)
	}
	price := m.asked(v, v.product, v.price)
	m.pay(now, v, v.product, units, int64(units)*price, price, 0)
	m.deliver(now, v, v.product)
	m.books.purchases++
	m.books.segments[v.view].orders++
	return true
}

// fill makes an order of a cart, and books it. It returns whether there were any units.
func (m *Market) fill(now float64, v *visitor, i int32) bool {
	m.lines = m.lines[:0]
	m.putLine(now, v, v.product, v.units, v.price)
	if v.lines > 0 {
		t := &m.trolleys[i]
		for k := range v.lines {
			m.putLine(now, v, t.goods[k], t.units[k], t.prices[k])
		}
	}
	if len(m.lines) == 0 {
		return false
	}
	v.product = int32(m.lines[0].Product) // the first of those that were there
	if m.cfg.Loyalty.Model != nil {
		m.enrol(v)
	}
	view, o := &m.views[v.view], &m.order
	m.promotions.Price(o, m.lines, now, m.buyer(v), view.front.usage)
	m.usage.Commit(o) // of what it grants, all can be booked: nothing has happened since
	earlier := int32(0)
	for k := range o.Lines {
		l := &o.Lines[k]
		if k > 0 && l.Product != o.Lines[k-1].Product {
			earlier = 0
		}
		m.pay(now, v, int32(l.Product), int32(l.Quantity), l.Paid, l.Price, earlier)
		earlier += int32(l.Quantity)
	}
	for s := range m.cfg.Sellers {
		for k := range o.Lines {
			if j := int32(o.Lines[k].Product); int(m.products[j].seller) == s {
				m.deliver(now, v, j)
				break
			}
		}
	}
	m.books.purchases++
	m.books.segments[v.view].orders++
	m.books.saved += o.Gross - o.Total
	for k := range o.Uses {
		if m.runsShort(o.Uses[k].Promotion) {
			m.reweigh(now)
			break
		}
	}
	return true
}

// deliver charges an order's cost to the seller of a product in it, the first of his.
func (m *Market) deliver(now float64, v *visitor, j int32) {
	cost := m.channels[m.views[v.view].channel].order
	m.whose(j, v.view).charge(cost)
	if m.telling {
		m.tellOf(now, v, j, m.slot, Outcome{Orders: 1, Profit: -float64(cost) / minor})
	}
}

// runsShort tells whether a promotion may be refused to somebody for want of uses or budget: what it saves on a unit is no more than the dearest costs.
func (m *Market) runsShort(promotion int) bool {
	budget := m.cfg.Promotions.Promotions[promotion].Budget
	_, saved := m.usage.Used(promotion)
	return m.usage.Spent(promotion) || budget > 0 && toMinor(budget)-saved < toMinor(m.cfg.highest())
}

// buyer is what promotions ask of a visitor.
func (m *Market) buyer(v *visitor) promotion.Customer {
	view := &m.views[v.view]
	return promotion.Customer{ID: int(v.customer), Persona: view.persona, Channel: view.channel, First: v.last == None}
}

// putLine adds what the stock has of a product to the order; it was put into the cart at a price.
func (m *Market) putLine(now float64, v *visitor, j, units int32, price int64) {
	if units = m.take(now, v, j, units); units > 0 {
		m.lines = append(m.lines, promotion.Line{Product: int(j), Quantity: int(units), Price: m.asked(v, j, price)})
	}
}

// asked is what the check-out asks for a unit that was put into the cart at a price: nobody pays more than the price he decided on, and who finds it lower pays that.
func (m *Market) asked(v *visitor, j int32, price int64) int64 {
	return min(price, m.views[v.view].front.posted[j].price)
}

// take has a product's units handed out, or promised where shoppers wait; what is neither is lost.
func (m *Market) take(now float64, v *visitor, j, units int32) int32 {
	p := &m.products[j]
	if p.keeper == nil {
		return units
	}
	got := int32(p.keeper.Take(now, int64(units)))
	if missing := units - got; missing > 0 {
		switch {
		case p.waits(m.cfg.Products[j].Stock, missing) && p.keeper.BackOrder(now, int64(v.customer), int64(missing)):
			got = units
		default:
			p.keeper.Lose(int64(missing))
			m.lost(v, j, missing)
			v.grudge += float32(m.cfg.Loyalty.Satisfied.StockOut)
		}
	}
	m.stockMoved(now, j)
	return got
}

// pay books a line that is paid, and what of it will come back. Earlier lines of the order, where promotions split it, had so many units of the product.
func (m *Market) pay(now float64, v *visitor, j, units int32, paid, posted int64, earlier int32) {
	p := &m.products[j]
	s := m.whose(j, v.view)
	s.sold += int64(units)
	p.sold += int64(units)
	s.orders++
	s.paid += paid
	s.goods += int64(units) * p.cost
	fee := int64(0)
	if c := m.channels[m.views[v.view].channel].commission; c > 0 {
		fee = round(c * float64(paid))
		s.charge(fee)
	}
	if m.telling {
		m.tellOf(now, v, j, m.slot, Outcome{Units: float64(units), Revenue: float64(paid) / minor, Profit: float64(paid-fee-int64(units)*p.cost) / minor})
	}
	m.books.sold(units, paid)
	t := &m.books.segments[v.view]
	t.units += int64(units)
	t.takings += paid
	if grudge := m.cfg.Loyalty.Satisfied; grudge.Surprise > 0 {
		if over := float64(paid)/float64(units)/minor/m.views[v.view].front.posted[j].reference - 1; over > 0 {
			v.grudge += float32(grudge.Surprise * over)
		}
	}
	if m.on {
		r := m.record(now, ChecksOut, v)
		r.Product, r.Units, r.Price, r.Amount = j, units, posted, paid
		m.add(r)
	}
	if p.buyer != None {
		m.circulate(now, v, j, earlier, units)
	}
	if share := m.cfg.Products[j].Returns; share > 0 {
		m.sendBack(now, v, j, units, paid, share)
	}
}

// sendBack draws which units of a line come back, and when.
func (m *Market) sendBack(now float64, v *visitor, j, units int32, paid int64, share float64) {
	back := int32(0)
	for range units {
		if v.stream.Float64() < share {
			back++
		}
	}
	when, u := v.stream.Exponential(), v.stream.Float64()
	if back == 0 {
		return
	}
	var i int32
	if n := len(m.freeParc); n > 0 {
		i, m.freeParc = m.freeParc[n-1], m.freeParc[:n-1]
	} else {
		m.parcels = append(m.parcels, parcel{})
		i = int32(len(m.parcels) - 1)
	}
	m.parcels[i] = parcel{who: *v, player: int32(m.whose(j, v.view).id), slot: m.slot, units: back, refund: (paid*int64(back) + int64(units)/2) / int64(units), u: u}
	m.parcels[i].who.product = j
	m.calendar.Schedule(now+float64(when*m.cfg.Visit.Returns), atShopper, event{returned, i})
}

// takeBack is the return of units by the clock.
func (m *Market) takeBack(now float64, i int32) {
	m.refund(now, i)
	if j := m.parcels[i].who.product; m.products[j].keeper != nil {
		m.stockMoved(now, j)
	}
	m.freeParc = append(m.freeParc, i)
}

// takeAllBack is the return of what has not come back when the market closes for good. Nothing follows from it: nobody orders or reviews any more.
func (m *Market) takeAllBack(now float64) {
	for i := range m.parcels {
		if m.parcels[i].units == 0 {
			continue
		}
		m.refund(now, int32(i))
		if p := &m.products[m.parcels[i].who.product]; p.keeper != nil {
			p.out = p.keeper.OnHand() == 0
		}
	}
}

// refund empties a parcel: its units are paid back, the channel gives back its commission, and they go to the shelf or to the scrap.
func (m *Market) refund(now float64, i int32) {
	b := &m.parcels[i]
	j := b.who.product
	p := &m.products[j]
	s := &m.sellers[b.player]
	s.paid -= b.refund
	fee := int64(0)
	if c := m.channels[m.views[b.who.view].channel].commission; c > 0 {
		fee = round(c * float64(b.refund))
		s.charge(-fee)
	}
	m.books.sentBack(b.units, b.refund)
	m.books.segments[b.who.view].takings -= b.refund
	restocked := int64(b.units)
	if p.keeper != nil {
		before := p.keeper.OnHand() - p.keeper.Waiting()
		p.keeper.Return(now, int64(b.units), b.u)
		restocked = p.keeper.OnHand() - p.keeper.Waiting() - before
	}
	s.goods -= restocked * p.cost
	if m.telling {
		m.tellOf(now, &b.who, j, b.slot, Outcome{Units: -float64(b.units), Revenue: -float64(b.refund) / minor, Profit: float64(fee+restocked*p.cost-b.refund) / minor})
	}
	if m.on {
		r := m.record(now, Returns, &b.who)
		r.Product, r.Units, r.Amount = j, b.units, -b.refund
		m.add(r)
	}
	b.units = 0
}

// abandon leaves a cart at the check-out. Where reminders are sent the shopper is known by then, and the cart is kept for him.
func (m *Market) abandon(now float64, v *visitor, i int32) {
	m.books.abandoned++
	if m.on {
		r := m.record(now, Abandons, v)
		r.Units, r.Amount = v.units, int64(v.units)*m.asked(v, v.product, v.price)
		for k := range v.lines {
			t := &m.trolleys[i]
			r.Units += t.units[k]
			r.Amount += int64(t.units[k]) * m.asked(v, t.goods[k], t.prices[k])
		}
		m.add(r)
	}
	if wait := m.cfg.Visit.Reminder.Hours; wait > 0 {
		m.calendar.Schedule(now+wait/24, atShopper, event{reminded, i})
		return
	}
	m.leave(now, v, i, false)
}

// remind sends the reminder of a cart, with a coupon where there is one, and has the shopper come back to it or not.
func (m *Market) remind(now float64, i int32) {
	v := &m.visitors[i]
	works, pay := v.stream.Float64() < m.cfg.Visit.Reminder.Works, v.stream.Exponential()
	if m.on {
		r := m.record(now, Reminded, v)
		if r.Promotion = None; works && m.coupon >= 0 {
			r.Promotion = int32(m.coupon)
		}
		m.add(r)
	}
	if !works {
		m.leave(now, v, i, false)
		return
	}
	if m.coupon >= 0 {
		m.enrol(v)
		m.usage.Grant(m.coupon, int(v.customer), 1)
	}
	v.reminded = true
	if m.on {
		r := m.record(now, ComesBack, v)
		r.Why = ByReminder
		m.add(r)
	}
	m.calendar.Schedule(now+float64(pay*m.pace.pay), atShopper, event{checksOut, i})
}

// round rounds half away from zero to a minor unit; amounts are far below 2^53.
func round(amount float64) int64 {
	if amount < 0 {
		return -int64(float64(-amount) + 0.5)
	}
	return int64(float64(amount) + 0.5)
}
