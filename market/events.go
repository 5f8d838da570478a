package market

import (
	"context"
	"fmt"
	"math"
)

// event is a small value on the calendar: what happens, and to whom or what.
type event struct {
	kind kind
	id   int32 // a visitor's, customer's or parcel's slot, a seller, a product
}

// kind is what the calendar knows an event by; the log has its own kinds.
type kind uint8

const (
	shopperArrives kind = iota
	shopperDecides
	checksOut
	shopperViews
	basketGrows
	reminded
	comesBack
	returned
	tradedIn
	stockReviewed
	stockReceived
	stockSpoils
	promotionChanges
	sellerReviews
	periodCloses
	armsTurn
)

func (k kind) String() string {
	return [...]string{"shopper arrives", "shopper decides", "checks out", "shopper views", "basket grows", "shopper is reminded", "shopper comes back",
		"order is returned", "unit is traded in", "stock is reviewed", "stock is received", "stock spoils", "promotions change", "seller reviews", "period closes", "arms take turns"}[k]
}

// Order among events at one instant: the books of a period close before the next opens, goods come in before anybody counts or orders them, sellers review
// before the shoppers of that instant.
const (
	atClose int32 = iota
	atOpen
	atReceipt
	atSpoil
	atStock
	atPromotion
	atReview
	atShopper
)

// play handles events until sellers have a turn. It returns false at the end of the episode.
func (m *Market) play() bool {
	if m.period == m.cfg.Horizon || m.err != nil {
		return false
	}
	for {
		now, e, ok := m.calendar.NextOr(m.arrivals.next, atShopper, event{kind: shopperArrives})
		if !ok {
			m.err = m.stuck()
			return false
		}
		if m.handled++; m.handled&0xfff == 0 && m.stopped() {
			m.err = context.Canceled
			return false
		}
		if m.watch != nil {
			m.watch(now, e)
		}
		switch e.kind {
		case shopperArrives:
			m.arrive(now)
		case shopperDecides:
			m.decide(now, e.id)
		case checksOut:
			m.checkOut(now, e.id)
		case shopperViews:
			m.see(now, e.id)
		case basketGrows:
			m.grow(now, e.id)
		case reminded:
			m.remind(now, e.id)
		case comesBack:
			m.comeBack(now, e.id)
		case returned:
			m.takeBack(now, e.id)
		case tradedIn:
			m.buyBack(now, e.id)
		case stockReviewed:
			m.reviewStock(now, e.id)
		case stockReceived:
			m.receive(now, e.id)
		case stockSpoils:
			m.spoil(now, e.id)
		case promotionChanges:
			m.changePromotions(now)
		case armsTurn:
			m.takeTurns(now)
		case sellerReviews:
			m.gather(now, int(e.id))
			return true
		case periodCloses:
			m.closePeriod(now)
			if m.period == m.cfg.Horizon {
				if m.cfg.Terminal {
					m.liquidate(now)
				}
				return false
			}
		}
	}
}

// stuck says which events repeat without end.
func (m *Market) stuck() error {
	e, _ := m.calendar.Stuck()
	who := ""
	if e.kind == sellerReviews {
		who = fmt.Sprintf(" of seller %s: give its review a delay", m.sellers[e.id].cfg.Name)
	}
	return fmt.Errorf("market: the clock stands still at day %g: events of kind %q%s repeat without end", m.calendar.Now(), e.kind, who)
}

// openPeriod follows what changes with a period whose arrivals are open.
func (m *Market) openPeriod(now float64) {
	if m.period == 0 || m.drifts {
		m.mingle()
	}
	if mood := m.moodOf(m.period); mood != m.mood || m.period == 0 {
		m.mood = mood
		for i := range m.views {
			v := &m.views[i]
			v.dollar, v.fresh = -m.cfg.Personas[v.persona].Price*mood, false
		}
		m.reweigh(now)
	}
	m.calendar.Schedule(float64(m.period+1)*m.cfg.PeriodDays, atClose, event{kind: periodCloses})
	if m.on {
		m.add(Record{Time: now, Kind: PeriodOpens, Period: int32(m.period), Units: int32(min(m.arrivals.expected(), math.MaxInt32))})
	}
}

// moodOf is the factor that shocks put on the price coefficients.
func (m *Market) moodOf(period int) float64 {
	start, mood := float64(float64(period)*m.cfg.PeriodDays), 1.0
	for i := range m.cfg.Traffic.Shocks {
		if s := &m.cfg.Traffic.Shocks[i]; s.holds(start, start+m.cfg.PeriodDays) {
			mood *= s.Price
		}
	}
	return mood
}

// closePeriod closes the books, lets shoppers remember the period's prices, and opens the next one.
func (m *Market) closePeriod(now float64) {
	if m.cfg.Terminal && m.period == m.cfg.Horizon-1 {
		m.takeAllBack(now)
	}
	m.keepBooks(now)
	memory, moved := m.cfg.Reference.Memory, false
	before := math.Nextafter(now, 0) // the period's own promotions, not those that start as it ends
	for f := range m.fronts {
		for j := range m.products {
			tag := &m.fronts[f].posted[j]
			if shown := m.tagAt(m.stands(f), j, before); shown != tag.reference {
				tag.reference = float64(memory*tag.reference) + float64((1-memory)*shown)
				moved = true
			}
		}
	}
	if m.on {
		m.add(Record{Time: now, Kind: PeriodCloses, Period: int32(m.period), Units: m.arrivals.number, Amount: m.books.takings - m.books.closed})
		m.books.closed = m.books.takings
	}
	if m.period++; m.period == m.cfg.Horizon {
		m.arrivals.next = math.Inf(1)
		return
	}
	if moved && m.remembers {
		m.reweigh(now)
	}
	m.arrivals.open(m.period)
	m.openPeriod(now)
	if o := m.outlook; o != nil && m.sellers[o.Player].next != now { // else the review that comes now tells
		m.now = now
		m.foresee()
	}
}
