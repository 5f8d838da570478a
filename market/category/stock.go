package category

import (
	"math"

	"github.com/souk-sim/souk/sim/portable"
)

// store is the goods of each product: on hand, on order, and how long they have lain there.
type store struct {
	policy  Stock
	bulk    float64 // E[q²]/E[q] of a purchase's units off deal
	onHand  []int64
	onOrder []int64
	opening []int64
	target  []int64   // order-up-to levels of the week
	since   []float64 // when onHand last changed
	held    []float64 // unit-weeks on hand this week
	empty   []float64 // weeks without stock this week
	trucks  [][]int64 // orders under way, by review, a ring as long as the lead time or the episode
	reviews int       // days so far
}

func newStore(cfg *Config) store {
	n := len(cfg.Products)
	mean := cfg.Choice.Quantity.Mean(0)
	s := store{policy: cfg.Stock, bulk: mean + cfg.Choice.Quantity.Variance(0)/mean,
		onHand: make([]int64, n), onOrder: make([]int64, n), opening: make([]int64, n), target: make([]int64, n),
		since: make([]float64, n), held: make([]float64, n), empty: make([]float64, n),
		trucks: make([][]int64, min(cfg.Stock.LeadTimeDays, cfg.Horizon*daysPerWeek)+1)}
	for i := range s.trucks {
		s.trucks[i] = make([]int64, n)
	}
	return s
}

// kept says whether stock matters at all; else it is ample.
func (s *store) kept() bool { return s.policy.CoverDays > 0 }

func (s *store) reset() {
	s.reviews = 0
	clear(s.onHand)
	clear(s.onOrder)
	clear(s.opening)
	clear(s.since)
	clear(s.held)
	clear(s.empty)
}

// has says whether product j stands on the shelf; before the first review, which fills it at once, it does.
func (s *store) has(j int) bool { return !s.kept() || s.reviews == 0 || s.onHand[j] > 0 }

// take sells up to wanted units of product j.
func (s *store) take(now float64, j, wanted int) int {
	if !s.kept() {
		return wanted
	}
	s.settle(now, j)
	sold := min(int64(wanted), s.onHand[j])
	s.onHand[j] -= sold
	return int(sold)
}

// settle books the time that the present stock of j has lain there.
func (s *store) settle(now float64, j int) {
	dt := now - s.since[j]
	s.held[j] += float64(float64(s.onHand[j]) * dt)
	if s.onHand[j] == 0 {
		s.empty[j] += dt
	}
	s.since[j] = now
}

// accrue settles all products at the end of a week.
func (s *store) accrue(m *Market, now float64) {
	if !s.kept() {
		return
	}
	for j := range s.onHand {
		s.settle(now, j)
		m.books.hold(m, j, s.held[j], s.empty[j])
		s.held[j], s.empty[j] = 0, 0
	}
}

// review is the daily stock review: order each product up to what the posted prices are expected to sell in the days that the policy covers. The very
// first one fills the shelf at once.
func (m *Market) review(now float64) {
	s := &m.store
	truck := s.trucks[s.reviews%len(s.trucks)]
	ordered := int64(0)
	for j := range truck {
		order := max(0, s.target[j]-s.onHand[j]-s.onOrder[j])
		if s.reviews == 0 {
			s.onHand[j], s.opening[j], s.since[j] = order, order, now
			order = 0
		}
		truck[j] = order
		s.onOrder[j] += order
		ordered += order
	}
	if ordered > 0 {
		m.calendar.Schedule(weeks(s.reviews+s.policy.LeadTimeDays), atReceipt, event{kind: stockReceived, id: int32(s.reviews % len(s.trucks))})
	}
	s.reviews++
}

// aim sets the week's order-up-to levels, at least one unit each: the expected sales of the cover, with the shocks' mean effect in place of the
// shocks, and the safety stock. Sales are compound Poisson, with variance mean · E[q²]/E[q] for purchases of q units.
func (m *Market) aim() {
	total := 1.0
	for j := range m.expected {
		m.expected[j] = m.shelf.Odds(j) * portable.Exp(m.swell[j]-m.shock[m.week][j])
		total += m.expected[j]
	}
	s := &m.store
	customers := m.traffic[m.week] * m.cfg.Share / daysPerWeek * s.policy.CoverDays
	for j := range s.target {
		mean := customers * m.expected[j] * m.shelf.MeanQuantity(j) / total
		s.target[j] = max(1, int64(math.Ceil(mean+float64(s.policy.Safety*math.Sqrt(mean*s.bulk)))))
	}
}

// receive unloads a truck.
func (m *Market) receive(now float64, truck int) {
	s := &m.store
	for j, units := range s.trucks[truck] {
		if units == 0 {
			continue
		}
		s.settle(now, j)
		if s.onHand[j] == 0 {
			m.place(j)
		}
		s.onHand[j] += units
		s.onOrder[j] -= units
		m.books.week.ReceivedUnits += float64(units)
	}
	m.crowd.cover(m, now)
}
