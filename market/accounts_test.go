package market

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// auditor keeps books of a market of its own, from the event log alone, and holds the market against them after every event.
type auditor struct {
	m      *Market
	last   event   // what happened since the last look
	now    float64 // when
	events int

	visits, returns, views, carts, abandoned, orders, repeats, lapsed int64
	saved                                                             int64
	bought, customers                                                 map[[2]int32]bool // who, ever
	goods                                                             []goodsBooks      // by product
	sellers                                                           []sellerBooks

	ordered  []bool  // sellers of one order
	under    []int64 // units on trucks, by product
	free     []bool  // slots
	holders  []int8  // visits under way, by customer
	promoted float64 // when promotions changed last
	reviewed int     // stocks that the clock has reviewed for good
	turns    int     // that arms took: the cost of a stock is rounded at each
}

// goodsBooks are those of a product: units, orders, and integrals over time.
type goodsBooks struct {
	opening, received, ordered, sold, spoiled, back, restocked int64
	orders                                                     int64
	wasBack, onHand, waiting                                   int64 // at the last look
	unitDays, waitingDays                                      float64
}

type sellerBooks struct{ paid, selling int64 }

func newAuditor(m *Market) *auditor {
	a := &auditor{m: m, bought: map[[2]int32]bool{}, customers: map[[2]int32]bool{}, goods: make([]goodsBooks, len(m.products)), sellers: make([]sellerBooks, len(m.cfg.Sellers)),
		ordered: make([]bool, len(m.cfg.Sellers))}
	for j := range a.goods {
		if k := m.products[j].keeper; k != nil {
			a.goods[j].opening, a.goods[j].onHand = k.OnHand(), k.OnHand()
		}
	}
	m.Record(a.read)
	return a
}

// read enters a batch of the log.
func (a *auditor) read(records []Record) {
	clear(a.ordered)
	var buyer *Record
	for i := range records {
		r := &records[i]
		who := [2]int32{r.Period, r.Number}
		switch r.Kind {
		case ShopperArrives:
			a.visits++
			if r.Visit > 0 {
				a.returns++
			}
		case Abandons:
			a.abandoned++
		case Lapses:
			a.lapsed++
		case ComesBack:
			if r.Why == ByReminder && a.m.coupon >= 0 {
				a.customers[who] = true
			}
		case ChecksOut:
			buyer = r
		}
		if r.Kind.Fields()&HasProduct != 0 && r.Product != None {
			a.enter(r)
		}
	}
	if buyer != nil { // the lines of an order are one event
		who := [2]int32{buyer.Period, buyer.Number}
		a.orders++
		if a.bought[who] {
			a.repeats++
		}
		if a.bought[who] = true; a.m.cfg.Loyalty.Model != nil {
			a.customers[who] = true
		}
	}
}

// enter books what a record says of a product.
func (a *auditor) enter(r *Record) {
	i, channel := a.m.products[r.Product].seller, &a.m.channels[r.Channel]
	g, s := &a.goods[r.Product], &a.sellers[i]
	switch r.Kind {
	case ShopperViews:
		a.views++
		s.selling += channel.view
	case ShopperDecides:
		if r.Why != SoldOut {
			a.carts++
		}
	case ChecksOut:
		if !a.ordered[i] {
			a.ordered[i] = true
			s.selling += channel.order
		}
		s.selling += round(channel.commission * float64(r.Amount))
		s.paid += r.Amount
		g.sold += int64(r.Units)
		a.saved += r.Price*int64(r.Units) - r.Amount
	case Returns:
		s.selling += round(channel.commission * float64(r.Amount))
		s.paid += r.Amount
		g.back += int64(r.Units)
	case StockOrdered:
		g.orders++
		g.ordered += int64(r.Units)
	case StockReceived:
		g.received += int64(r.Units)
	case StockSpoils:
		g.spoiled += int64(r.Units)
	}
}

// look audits what the last event has left behind, when the next is about to happen; queued is 1 where that one came from the calendar.
func (a *auditor) look(now float64, next event, queued int) error {
	a.read(a.m.records)
	a.m.records = a.m.records[:0]
	switch {
	case a.last.kind == promotionChanges:
		a.promoted = a.now
	case a.last.kind == armsTurn:
		a.turns++
	case a.last.kind == stockReviewed && a.m.products[a.last.id].keeper.ReviewDays() == 0:
		a.reviewed++
	}
	for _, audit := range []func() error{a.auditStock, a.auditMoney, a.auditPromotions, func() error { return a.auditPeople(next, queued) }} {
		if err := audit(); err != nil {
			return fmt.Errorf("after %q at day %g, event %d: %w", a.last.kind, a.now, a.events, err)
		}
	}
	for j := range a.goods { // until then, things are as they are
		g := &a.goods[j]
		g.unitDays += float64(g.onHand) * (now - a.now)
		g.waitingDays += float64(g.waiting) * (now - a.now)
	}
	a.last, a.now = next, now
	a.events++
	return nil
}

// auditStock: opening + received + restocked = sold + spoiled + on hand less waiting, product by product; nothing is below 0; orders less receipts are under way.
func (a *auditor) auditStock() error {
	m := a.m
	under := append(a.under[:0], make([]int64, len(a.goods))...)
	a.under = under
	for i := range m.trucks {
		under[m.trucks[i].product] += m.trucks[i].units
	}
	for _, i := range m.freeTruck {
		under[m.trucks[i].product] -= m.trucks[i].units
	}
	for j := range a.goods {
		g, p := &a.goods[j], &m.products[j]
		if p.keeper == nil {
			g.restocked = g.back
			continue
		}
		if err := p.keeper.Check(); err != nil {
			return err
		}
		g.onHand, g.waiting = p.keeper.OnHand(), p.keeper.Waiting()
		restocked := g.onHand - g.waiting - g.opening - g.received + g.sold + g.spoiled
		back := g.back - g.wasBack
		if d := restocked - g.restocked; d < 0 || d > back || d > 0 && m.cfg.Products[j].Stock.ShelfLifeDays > 0 {
			return fmt.Errorf("product %d: %d units appear from nowhere, %d came back", j, d, back)
		}
		g.restocked, g.wasBack = restocked, g.back
		switch {
		case g.ordered-g.received != p.keeper.OnOrder() || under[j] != p.keeper.OnOrder():
			return fmt.Errorf("product %d: %d units ordered, %d received, %d on trucks, %d on order", j, g.ordered, g.received, under[j], p.keeper.OnOrder())
		case p.out != (g.onHand == 0):
			return fmt.Errorf("product %d: %d on hand, sold out: %v", j, g.onHand, p.out)
		}
	}
	return nil
}

// auditMoney: segments sum to the whole; takings are the lines paid less refunds, and what the sellers got; posted prices less savings are what is paid; each cost has its cause.
func (a *auditor) auditMoney() error {
	m, b := a.m, &a.m.books
	var paid, lost int64
	goods, stocks := make([]int64, len(m.cfg.Sellers)), make([]float64, len(m.cfg.Sellers))
	for j := range a.goods {
		g, p := &a.goods[j], &m.products[j]
		bought, left := g.sold-g.restocked+g.spoiled, int64(0)
		if m.cfg.Terminal && m.period == m.cfg.Horizon && p.keeper != nil { // closed for good: all there ever was is paid for, and what is still owed
			bought = g.opening + g.ordered + max(0, -p.keeper.Position())
			left = max(0, p.keeper.Position())
		}
		goods[p.seller] += p.cost * bought
		if c := m.cfg.Products[j].Stock; c != nil {
			stocks[p.seller] += minor * (float64(g.orders)*c.OrderCost + g.unitDays*c.HoldingCost + g.waitingDays*c.BackOrderCost + float64(g.spoiled+g.back-g.restocked+left)*c.DisposalCost)
		}
	}
	for i := range m.cfg.Sellers {
		own := &a.sellers[i]
		s := m.whole(i) // with all its arms
		paid += s.paid
		lost += s.lost
		stocks[i] += minor * float64(s.lost) * a.lostSale(i)
		switch {
		case s.paid != own.paid || s.selling != own.selling || s.goods != goods[i]:
			return fmt.Errorf("seller %d was paid %d for goods of %d and paid %d for selling them; the log says %d, %d, %d", i, s.paid, s.goods, s.selling, own.paid, goods[i], own.selling)
		case a.last.kind == periodCloses && math.Abs(float64(s.stock)-stocks[i]) > float64((2+a.turns)*len(m.sellers[i].products))+1e-9*math.Abs(stocks[i]):
			return fmt.Errorf("seller %d paid %d for its stock; the log says %.2f", i, s.stock, stocks[i])
		}
	}
	var sum segmentBooks
	for _, s := range b.segments {
		sum.visits, sum.orders, sum.units, sum.takings, sum.surplus = sum.visits+s.visits, sum.orders+s.orders, sum.units+s.units, sum.takings+s.takings, sum.surplus+s.surplus
	}
	if sum.visits != b.visits || sum.orders != b.purchases || sum.units != b.units || sum.takings != b.takings || math.Abs(sum.surplus-b.surplus) > 1e-9*(1+math.Abs(b.surplus)) {
		return fmt.Errorf("segments come to %+v: %d visits, %d orders, %d units, takings %d, surplus %g", sum, b.visits, b.purchases, b.units, b.takings, b.surplus)
	}
	if paid != b.takings || lost != b.lostUnits || b.saved != a.saved || !(b.surplus >= a.leastSurplus() && b.surplus <= math.MaxFloat64) {
		return fmt.Errorf("takings %d, sellers %d; lost units %d, by seller %d; saved %d, by the log %d; surplus %g", b.takings, paid, b.lostUnits, lost, b.saved, a.saved, b.surplus)
	}
	return nil
}

// leastSurplus is the least that the surplus can be. A visit is worth 0 or more, but whoever misses his choice gets, of what is left, log left + p·log p/(1−p) in utility, where p is
// the odds of what is left over those of all, and that is never below −1.
func (a *auditor) leastSurplus() float64 {
	dollar := math.Inf(1)
	for i := range a.m.cfg.Personas {
		if price := -a.m.cfg.Personas[i].Price; price > 0 {
			dollar = min(dollar, price)
		}
	}
	for _, s := range a.m.cfg.Traffic.Shocks {
		if s.Price > 0 {
			dollar *= min(1, s.Price)
		}
	}
	return -float64(a.m.books.stopped) / dollar
}

// lostSale is what a lost unit costs a seller, $: the same for each product that has a stock.
func (a *auditor) lostSale(i int) float64 {
	for _, j := range a.m.sellers[i].products {
		if c := a.m.cfg.Products[j].Stock; c != nil {
			return c.LostSaleCost
		}
	}
	return 0
}

// auditPromotions: budgets and limits hold, and promotions save what shoppers do not pay.
func (a *auditor) auditPromotions() error {
	var saved int64
	for k := range a.m.cfg.Promotions.Promotions {
		p := &a.m.cfg.Promotions.Promotions[k]
		uses, amount := a.m.usage.Used(k)
		if saved += amount; uses < 0 || p.Uses > 0 && uses > int64(p.Uses) || p.Budget > 0 && amount > toMinor(p.Budget) {
			return fmt.Errorf("promotion %d: %d uses of %d save %d of %g", k, uses, p.Uses, amount, p.Budget)
		}
	}
	if saved != a.saved {
		return fmt.Errorf("promotions save %d; the log says %d", saved, a.saved)
	}
	return nil
}

// auditPeople: slots are free or used, never both; who is under way, away, or on a truck has one event to come, and nothing else has any; counts are those of the log.
func (a *auditor) auditPeople(next event, queued int) error {
	m, b := a.m, &a.m.books
	visiting, err := a.used("visitor", len(m.visitors), m.freeVisit, next, shopperDecides, checksOut, shopperViews, basketGrows, reminded)
	if err != nil {
		return err
	}
	held := 0
	holders := append(a.holders[:0], make([]int8, len(m.customers))...)
	a.holders = holders
	for i, free := range a.free {
		if c := m.visitors[i].customer; !free && c != None {
			held++
			holders[c]++
		}
	}
	parcels, err := a.used("parcel", len(m.parcels), m.freeParc, next, returned)
	if err != nil {
		return err
	}
	trucks, err := a.used("truck", len(m.trucks), m.freeTruck, next, stockReceived)
	if err != nil {
		return err
	}
	customers, err := a.used("customer", len(m.customers), m.freeCust, next, comesBack)
	if err != nil {
		return err
	}
	away := 0
	for i, free := range a.free {
		here := holders[i]
		if !free && m.customers[i].away {
			away++
			here++
		}
		if free && here != 0 || !free && here != 1 {
			return fmt.Errorf("customer slot %d, free: %v, is %d times away or here", i, free, here)
		}
	}
	switch {
	case customers != away+held:
		return fmt.Errorf("%d customers, %d away and %d visiting", customers, away, held)
	case m.cfg.Loyalty.Model != nil && int64(len(a.customers)) != a.lapsed+int64(customers):
		return fmt.Errorf("%d enrolled, %d lapsed, %d away, %d visiting", len(a.customers), a.lapsed, away, held)
	case b.visits != a.visits || b.returns != a.returns || b.views != a.views || b.carts != a.carts || b.abandoned != a.abandoned || b.lapsed != a.lapsed:
		return fmt.Errorf("visits %d (%d), returns %d (%d), views %d (%d), carts %d (%d), abandoned %d (%d), lapsed %d (%d)", b.visits, a.visits, b.returns, a.returns, b.views, a.views,
			b.carts, a.carts, b.abandoned, a.abandoned, b.lapsed, a.lapsed)
	case b.purchases != a.orders || b.repeats != a.repeats:
		return fmt.Errorf("%d orders, %d repeats; the log says %d, %d", b.purchases, b.repeats, a.orders, a.repeats)
	}
	if have, want := m.calendar.Len()+queued, visiting+away+parcels+trucks+a.scheduled(); have != want {
		return fmt.Errorf("%d events to come: not one for each of %d visitors, %d away, %d parcels, %d trucks and %d others", have, visiting, away, parcels, trucks, a.scheduled())
	}
	return nil
}

// used counts the slots in use, and refuses one that is free twice, and an event of a free one.
func (a *auditor) used(what string, n int, free []int32, next event, kinds ...kind) (int, error) {
	a.free = append(a.free[:0], make([]bool, n)...)
	for _, i := range free {
		if a.free[i] {
			return 0, fmt.Errorf("%s slot %d is free twice", what, i)
		}
		a.free[i] = true
	}
	for _, k := range kinds {
		if next.kind == k && a.free[next.id] {
			return 0, fmt.Errorf("%s slot %d is free, and %q is to happen to it", what, next.id, k)
		}
	}
	return n - len(free), nil
}

// scheduled counts the events to come that are nobody's visit, parcel or truck.
func (a *auditor) scheduled() (n int) {
	m := a.m
	end := float64(m.cfg.Horizon) * m.cfg.PeriodDays
	for j := range m.products {
		if k := m.products[j].keeper; k != nil {
			if days := k.ReviewDays(); !math.IsInf(days, 1) {
				n++
			}
			if !math.IsInf(m.products[j].spoils, 1) {
				n++
			}
		}
	}
	n -= a.reviewed
	for i := range m.sellers {
		if s := &m.sellers[i]; s.next < end {
			n++
		}
		if !math.IsInf(m.sellers[i].called, 1) {
			n++
		}
	}
	if m.promotions.NextChange(a.promoted) <= end {
		n++
	}
	if e := m.cfg.Experiment; e != nil && (!m.began || e.Design == Switchback && int(m.slot)+1 < len(m.hand)) {
		n++
	}
	if m.period < m.cfg.Horizon {
		n++
	}
	return n
}

// Stock, money and customers add up after every event, whatever the market, whatever its sellers do, and over the arms of an experiment. Rewards add up to the objective.
func TestAccountsHoldAfterEveryEvent(t *testing.T) {
	events := 0
	rapid.Check(t, func(t *rapid.T) {
		cfg := drawWorld(t)
		if maybe(t, "experiment") {
			cfg.Experiment = drawExperiment(t, cfg)
		}
		m, err := New(cfg, rapid.Uint64Range(0, 1000).Draw(t, "seed"))
		if err != nil {
			t.Fatal(err)
		}
		for episode := range uint64(2) {
			m.Record(nil)
			m.watch = nil
			m.Reset(episode)
			a := newAuditor(m)
			m.watch = func(now float64, e event) {
				queued := 1
				if e.kind == shopperArrives {
					queued = 0
				}
				if err := a.look(now, e, queued); err != nil {
					t.Fatal(err)
				}
			}
			rewards := make([]float64, m.Players())
			actions := rng.New(7, episode).Family("actions").At()
			var step env.TimeStep
			for m.Next(&step) {
				rewards[step.Player] += step.Reward
				if step.Stage == env.Last {
					continue
				}
				k := actions.Intn(len(step.Mask))
				for !step.Mask[k] {
					k = (k + 1) % len(step.Mask)
				}
				m.Act(k)
			}
			if err := m.Err(); err != nil {
				t.Fatal(err)
			}
			if err := a.look(a.now, event{kind: shopperArrives}, 0); err != nil {
				t.Fatal(err)
			}
			for i, sum := range rewards {
				if want := float64(m.objective(i)) / minor; math.Abs(sum-want) > 1e-9*(1+math.Abs(want)) {
					t.Fatalf("rewards of seller %d sum to %g, its objective is %g", i, sum, want)
				}
			}
			events += a.events
		}
	})
	t.Logf("%d events", events)
}
