package market

import (
	"fmt"
	"math"
	"strings"

	"github.com/souk-sim/souk/sim"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/portable"
)

// seller is what one seller has come to.
type seller struct {
	cfg      *Seller
	id       int // player
	of, arm  int // seller, and which of its arms
	products []int32
	wares    []int32 // those of them that it sells: the others are offers to buy
	offer    int     // that stands
	action   int     // the answer to the turn, not yet posted
	begun    bool
	acted    float64 // day of the last act
	reviews  uint64
	next     float64 // review by the clock; +Inf: none
	called   float64 // review that a trigger called; +Inf: none
	ticket   [2]sim.Ticket
	why      Why

	accounts
	rewarded   int64    // of the objective, up to the last act
	then       accounts // at the last act, of all the seller's arms
	visitsThen int64
}

// accounts are those of the episode, minor units and units.
type accounts struct {
	paid, goods, stock, selling int64 // by shoppers, less what was paid back; for goods; for keeping them; for channels
	sold, orders, lost          int64
	changed                     int64 // offers, since the first
}

func (a *accounts) add(b *accounts) {
	a.paid, a.goods, a.stock, a.selling = a.paid+b.paid, a.goods+b.goods, a.stock+b.stock, a.selling+b.selling
	a.sold, a.orders, a.lost, a.changed = a.sold+b.sold, a.orders+b.orders, a.lost+b.lost, a.changed+b.changed
}

// Called is what an offer is called by: its price and its promotion; where products have prices of their own, those of the others stand with the promotion.
func (s *Seller) Called(offer int) env.Offer {
	o := &s.Offers[offer]
	called := env.Offer{Price: o.Price, Promotion: o.Promotion}
	if o.Prices == nil {
		return called
	}
	var with []string
	for k, price := range o.Prices {
		if k > 0 || price != o.Price {
			with = append(with, fmt.Sprintf("%s %g", s.Products[k], price))
		}
	}
	if o.Promotion != "" {
		with = append(with, o.Promotion)
	}
	called.Promotion = strings.Join(with, ", ")
	return called
}

// charge books a cost of selling.
func (a *accounts) charge(amount int64) { a.selling += amount }

// profit is what a seller has earned in the episode, minor units.
func (a *accounts) profit() int64 { return a.paid - a.goods - a.stock - a.selling }

// open puts a seller where an episode finds it.
func (m *Market) open(i int) {
	s := &m.sellers[i]
	*s = seller{cfg: s.cfg, id: s.id, of: s.of, arm: s.arm, products: s.products, wares: s.wares, offer: s.cfg.Opening, next: 0, called: math.Inf(1)}
	m.post(s, 0)
	s.ticket[0] = m.calendar.Schedule(0, atReview, event{sellerReviews, int32(i)})
}

// post puts a seller's offer on the shelves, as far as they are the player's.
func (m *Market) post(s *seller, now float64) {
	cfg := s.cfg
	m.promote(s, true)
	for k, j := range s.products {
		p := &m.products[j]
		price := cfg.posts(s.offer, k, p.list)
		shown := false
		for f := range m.fronts {
			if !m.has(s, f, p) {
				continue
			}
			shown = true
			if tag := &m.fronts[f].posted[j]; price != tag.price {
				tag.price = price
				tag.changes++
			}
		}
		if shown && m.on {
			m.add(Record{Time: now, Kind: Repriced, Period: int32(m.period), Product: j, Price: price, Arm: uint8(s.arm)})
		}
	}
}

// posts is what an offer asks for the seller's product number k, minor units, given its list price.
func (s *Seller) posts(offer, k int, list int64) int64 {
	o := &s.Offers[offer]
	switch {
	case s.Levels:
		return max(minor/100, int64(math.Round(o.Price*float64(list)/(minor/100)))*(minor/100))
	case o.Prices != nil:
		return toMinor(o.Prices[k])
	}
	return toMinor(o.Price)
}

// promote switches the promotion of a seller's offer, on the fronts that are the player's.
func (m *Market) promote(s *seller, on bool) {
	name := s.cfg.Offers[s.offer].Promotion
	if name == "" {
		return
	}
	for f := range m.fronts {
		if m.has(s, f, &m.products[s.products[0]]) {
			m.fronts[f].usage.Switch(m.named[name], on)
		}
	}
}

// gather finds all sellers who review at this instant.
func (m *Market) gather(now float64, first int) {
	t := &m.turns
	t.who, t.next = t.who[:0], 0
	for i := range m.sellers {
		s := &m.sellers[i]
		if s.next != now && s.called != now {
			continue
		}
		why := s.why // of the review that was called, if the clock calls none
		if s.next == now {
			m.calendar.Cancel(s.ticket[0])
			s.next, why = math.Inf(1), Plainly
		}
		if s.called == now {
			m.calendar.Cancel(s.ticket[1])
			s.called = math.Inf(1)
		}
		t.who = append(t.who, i)
		if m.on {
			m.add(Record{Time: now, Kind: Reviews, Period: int32(m.period), Seller: int32(s.of), Arm: uint8(s.arm), Why: why})
		}
		m.settleStock(now, i)
	}
	m.now = now
}

// tell fills a seller's step.
func (m *Market) tell(step *env.TimeStep, i int) {
	s := &m.sellers[i]
	reward := &s.cfg.Reward
	earned := m.objective(i)
	elapsed := (m.now - s.acted) / m.cfg.PeriodDays
	*step = env.TimeStep{Player: i, Stage: env.Mid, Elapsed: elapsed, Discount: power(reward.Discount, elapsed), Reward: float64(earned-s.rewarded) / minor}
	switch {
	case m.turns.done:
		step.Stage, step.Terminal = env.Last, m.cfg.Terminal && m.err == nil
	case !s.begun:
		step.Stage, step.Reward, step.Discount, step.Elapsed = env.First, 0, 1, 0
	}
	step.Observation, step.Mask = m.obs.see(m, i)
}

// power is discount^elapsed.
func power(discount, elapsed float64) float64 {
	switch {
	case elapsed == 1:
		return discount
	case elapsed == 0:
		return 1
	case discount == 0:
		return 0
	}
	return portable.Exp(elapsed * portable.Log(discount))
}

// objective is what a seller has been rewarded with in the episode, minor units.
func (m *Market) objective(i int) int64 {
	s := &m.sellers[i]
	sum, reward := s.paid, &s.cfg.Reward
	if reward.Of == Profit {
		sum = s.profit()
	}
	return sum - s.lost*toMinor(reward.LostUnit) - s.changed*toMinor(reward.PriceChange)
}

// apply posts the offers of all who have answered, and calls the reviews that follow.
func (m *Market) apply() {
	t, now := &m.turns, m.now
	for _, i := range t.who {
		s := &m.sellers[i]
		if s.begun { // what happened before the first act is in the reward of the second, so that rewards add up
			s.rewarded = m.objective(i)
		}
		moved := s.action != s.offer
		if moved && s.of == m.cfg.Focal {
			m.hold(now)
		}
		if moved {
			m.promote(s, false)
			s.offer = s.action
			if s.begun {
				s.changed++
			}
			m.post(s, now)
		}
		if moved || !s.begun {
			m.reweighSeller(now, i)
		}
		if moved && m.seen(s) {
			m.rivalsMove(now, s.of)
		}
		s.begun, s.acted = true, now
		s.then = m.whole(s.of)
		s.visitsThen = m.books.visits
		m.schedule(now, i)
	}
	m.notePromotions(now)
	t.who, t.next = t.who[:0], 0
}

// reweighSeller brings the weights that a new offer moves up to date: those of its products, or of all where promotions reach further.
func (m *Market) reweighSeller(now float64, i int) {
	if m.advertised {
		m.reweigh(now)
		return
	}
	for _, j := range m.sellers[i].products {
		m.weigh(now, int(j))
	}
}

// schedule calls a seller's next review by the clock.
func (m *Market) schedule(now float64, i int) {
	s := &m.sellers[i]
	r := &s.cfg.Review
	if r.Every == 0 || !math.IsInf(s.next, 1) {
		return
	}
	s.reviews++
	wait := r.Every
	s.next = float64(s.reviews) * wait // a multiple, so that sellers with one rhythm stay together
	if r.Random {
		m.stream = m.streams.review.At(uint64(s.of), s.reviews)
		s.next = now + float64(m.stream.Exponential()*wait)
	}
	if s.next < float64(m.cfg.Horizon)*m.cfg.PeriodDays {
		s.ticket[0] = m.calendar.Schedule(s.next, atReview, event{sellerReviews, int32(i)})
	}
}

// rivalsMove calls the reviews of those who follow others' offers.
func (m *Market) rivalsMove(now float64, mover int) {
	for i := range m.sellers {
		if s := &m.sellers[i]; s.of != mover && s.cfg.Review.RivalMoved {
			m.trigger(now, i, ByRival)
		}
	}
}

// trigger calls a review, unless one is called already.
func (m *Market) trigger(now float64, i int, why Why) {
	s := &m.sellers[i]
	if !math.IsInf(s.called, 1) {
		return
	}
	at := now + s.cfg.Review.Delay
	if at >= float64(m.cfg.Horizon)*m.cfg.PeriodDays {
		return
	}
	s.called, s.why = at, why
	s.ticket[1] = m.calendar.Schedule(at, atReview, event{sellerReviews, int32(i)})
}

// settleStock charges a seller what keeping its goods has cost since the last time.
func (m *Market) settleStock(now float64, i int) {
	for _, j := range m.sellers[i].products {
		if k := m.products[j].keeper; k != nil {
			a := k.Close(now)
			m.bear(now, j, 0, a.Cost()-a.PurchaseCost)
			m.books.keep(&a)
		}
	}
}
