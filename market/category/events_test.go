package category

import (
	"flag"
	"math"
	"slices"
	"testing"

	"github.com/souk-sim/souk/market/choice"
	"pgregory.net/rapid"
)

// TestMain fixes the seed of the property test: a test that fails, fails for everyone.
func TestMain(m *testing.M) {
	flag.Parse()
	for name, value := range map[string]string{"rapid.seed": "1", "rapid.checks": "200"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	m.Run()
}

// ledger is a second set of books on the goods, kept from outside the market, event by event.
type ledger struct {
	m                          *Market
	before                     float64   // time of the last event
	opening, received, sold    []int64   // of the episode
	units, lost, onHand, order []int64   // of the week; as of the last event
	due                        [][]int64 // ordered, by the day they are due
	held, empty                []float64 // of the week, unit-weeks and weeks
}

func newLedger(m *Market) *ledger {
	n := len(m.price)
	l := &ledger{m: m, due: make([][]int64, m.cfg.Horizon*daysPerWeek+m.cfg.Stock.LeadTimeDays)}
	for _, column := range []*[]int64{&l.opening, &l.received, &l.sold, &l.units, &l.lost, &l.onHand, &l.order} {
		*column = make([]int64, n)
	}
	l.held, l.empty = make([]float64, n), make([]float64, n)
	for day := range l.due {
		l.due[day] = make([]int64, n)
	}
	return l
}

// week plays one week at the given offers and checks every event.
func (l *ledger) week(t *rapid.T, actions []int) {
	m := l.m
	copy(m.actions, actions)
	m.post()
	m.books.open(m)
	clear(l.units)
	clear(l.lost)
	clear(l.held)
	clear(l.empty)
	m.begin()
	for week := m.week; m.week == week; {
		now, e, ok := m.calendar.Next()
		if !ok {
			t.Fatalf("week %d never ends", week)
		}
		l.watch(t, now, e)
	}
}

func (l *ledger) watch(t *rapid.T, now float64, e event) {
	m := l.m
	for j := range l.onHand {
		l.held[j] += float64(l.onHand[j]) * (now - l.before)
		if l.onHand[j] == 0 {
			l.empty[j] += now - l.before
		}
	}
	l.before = now
	day := int(math.Round(now * daysPerWeek)) // of an event that comes at a day's beginning
	buyer, wanted := choice.Outside, 0
	if e.kind == shopperArrives {
		buyer, wanted = l.foresee(int(e.id))
	}
	m.handle(now, e)
	switch e.kind {
	case shopperArrives:
		if buyer != choice.Outside {
			sold := min(int64(wanted), l.onHand[buyer])
			l.units[buyer] += sold
			l.sold[buyer] += sold
			l.lost[buyer] += int64(wanted) - sold
		}
	case stockReviewed:
		for j := range l.opening {
			if day == 0 {
				l.opening[j] = m.store.onHand[j]
			} else {
				l.due[day+m.cfg.Stock.LeadTimeDays][j] = m.store.onOrder[j] - l.order[j]
			}
		}
	case stockReceived:
		if weeks(day) != now {
			t.Fatalf("a delivery comes at %v, at no day's beginning", now)
		}
		for j, units := range l.due[day] {
			l.received[j] += units
			l.due[day][j] = 0
		}
	case periodCloses:
		l.checkWeek(t)
	}
	l.check(t, now, e)
	copy(l.onHand, m.store.onHand)
	copy(l.order, m.store.onOrder)
}

// foresee says what the shopper at a strip's head will ask for.
func (l *ledger) foresee(k int) (product, wanted int) {
	m := l.m
	saved := m.crowd.strips[k]
	u, q := m.crowd.shopper(k)
	m.crowd.strips[k] = saved
	j := m.shelf.Choose(u)
	if j == choice.Outside || (j == m.cfg.Own) != m.crowd.comesForOwn(k) {
		return choice.Outside, 0
	}
	return j, m.shelf.Quantity(j, q)
}

// check holds the market against the ledger after an event.
func (l *ledger) check(t *rapid.T, now float64, e event) {
	m := l.m
	for j := range l.opening {
		if have := l.opening[j] + l.received[j] - l.sold[j]; have != m.store.onHand[j] || have < 0 {
			t.Fatalf("product %d at %v after an event of kind %d: opening %d + received %d − sold %d, on hand %d", j, now, e.kind, l.opening[j], l.received[j], l.sold[j], m.store.onHand[j])
		}
		underWay := int64(0)
		for day, due := range l.due {
			if due[j] != 0 && (weeks(day) < now || weeks(day) == now && e.kind == stockReviewed && m.cfg.Stock.LeadTimeDays > 0) {
				t.Fatalf("product %d: %d units due on day %d are not there at %v", j, due[j], day, now)
			}
			underWay += due[j]
		}
		if underWay != m.store.onOrder[j] {
			t.Fatalf("product %d at %v: %d units are under way, %d on order", j, now, underWay, m.store.onOrder[j])
		}
		if l.units[j] != m.books.units[j] || l.lost[j] != m.books.lost[j] {
			t.Fatalf("product %d at %v: %d units were sold and %d asked for in vain, in the books are %d and %d", j, now, l.units[j], l.lost[j], m.books.units[j], m.books.lost[j])
		}
	}
}

// checkWeek holds the closed week's account against the ledger.
func (l *ledger) checkWeek(t *rapid.T) {
	m := l.m
	holding, days, lost := 0.0, 0.0, int64(0)
	for j := range l.held {
		holding += m.cfg.Reward.Holding * l.held[j] * m.cfg.Products[j].Rungs[m.rung[j]].Cost
		days += daysPerWeek * l.empty[j]
		lost += l.lost[j]
	}
	w := m.Week()
	if math.Abs(w.HoldingCost-holding) > 1e-9*(1+holding) || math.Abs(w.StockOutDays-days) > 1e-9 || w.LostUnits != float64(lost) {
		t.Fatalf("the week's account has holding cost %v, %v stock-out days and %v lost units, the ledger %v, %v and %v",
			w.HoldingCost, w.StockOutDays, w.LostUnits, holding, days, lost)
	}
}

// Over random small markets, after every event: what was there at first and came in, less what was sold, is on hand; what was ordered and is under way is on order;
// what was ordered on day d comes at the beginning of day d + lead; what a shopper asked for was sold or lost. And each week's stock costs as long as it lay there.
func TestEveryUnitIsAccountedForAfterEveryEvent(t *testing.T) {
	outs, deliveries := 0.0, 0.0
	rapid.Check(t, func(t *rapid.T) {
		cfg := threeTins()
		cfg.Choice = shoppers(0.3, rapid.Float64Range(-3, 1.5).Draw(t, "log mean units"))
		cfg.Traffic = constant(rapid.Float64Range(0, 3000).Draw(t, "customers"))
		cfg.Own = rapid.IntRange(0, 2).Draw(t, "own")
		cfg.Horizon = rapid.IntRange(1, 4).Draw(t, "weeks")
		cfg.Stock = Stock{CoverDays: rapid.Float64Range(0.5, 10).Draw(t, "cover"), Safety: rapid.Float64Range(0, 2).Draw(t, "safety"),
			LeadTimeDays: rapid.IntRange(0, 9).Draw(t, "lead")}
		cfg.Reward.Holding = 0.01
		m, err := New(cfg, rapid.Uint64().Draw(t, "seed"))
		if err != nil {
			t.Fatal(err)
		}
		l := newLedger(m)
		for range cfg.Horizon {
			l.week(t, []int{rapid.IntRange(0, 4).Draw(t, "ours"), rapid.IntRange(0, 1).Draw(t, "theirs"), 0})
		}
		outs += m.Account().StockOutDays
		deliveries += m.Account().ReceivedUnits
	})
	t.Logf("%.0f stock-out days, %.0f units received", outs, deliveries)
	if outs == 0 || deliveries == 0 {
		t.Errorf("%g stock-out days and %g units received: the markets try nothing", outs, deliveries)
	}
}

// A strip that opens in mid-week has the very shoppers that it would have had from the week's beginning.
func TestAStripThatOpensLateHasTheSameShoppers(t *testing.T) {
	type shopper struct {
		strip           int32
		at, u, quantity float64
	}
	const late = 0.4
	after := func(opened float64) (came []shopper) {
		m := open(t, threeTins())
		m.crowd.begin(0, 3000)
		for _, side := range []int{bottom, top} {
			m.crowd.extend(m, side, 0.05, opened)
		}
		for {
			now, e, ok := m.calendar.Next()
			if !ok {
				return came
			}
			u, quantity := m.crowd.shopper(int(e.id))
			m.crowd.schedule(&m.calendar, int(e.id), m.crowd.gap(int(e.id), now))
			if now >= late {
				came = append(came, shopper{e.id, now, u, quantity})
			}
		}
	}
	early, lately := after(0), after(late)
	if !slices.Equal(early, lately) || len(early) < 100 {
		t.Errorf("%d shoppers came after %g, and %d to strips that opened then: they differ", len(early), late, len(lately))
	}
}
