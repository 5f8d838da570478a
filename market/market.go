// Package market is the simulated world: shoppers who come, look around, choose and pay, or walk on, and come back or do not; sellers who review their
// offers; stock that is ordered, received, sold and spoilt; promotions and channels. Every shopper is a chain of events on one calendar. It implements
// env.Environment: every seller is a player, and the market knows no brain.
//
// The clock counts days from the opening of an episode. Processes are plain handlers of small event values. What a shopper does is drawn from streams
// that his period and number address, so that two policies meet the very same people.
package market

import (
	"fmt"

	"github.com/souk-sim/souk/market/basket"
	"github.com/souk-sim/souk/market/promotion"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/sim"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// Market is one world. It is not safe for concurrent use; make one per goroutine.
type Market struct {
	cfg  *Config
	seed uint64

	calendar sim.Calendar[event]
	arrivals arrivals
	streams  families
	period   int
	handled  int64 // events of all episodes
	opened   int64 // of those, before the running one
	until    <-chan struct{}
	err      error

	// Who is under way, and who may come back. Slots are used again.
	visitors    []visitor
	trolleys    []trolley // of visitors, where visits are journeys or baskets grow
	freeVisit   []int32
	customers   []customer
	freeCust    []int32
	parcels     []parcel
	freeParc    []int32
	circulating []circulation
	freeUnit    []int32

	// What is on offer.
	products  []product
	sellers   []seller
	fronts    []front
	views     []view    // by group of shoppers, persona, then channel
	share     []float64 // of those of a group, as running sums
	outside   int       // place of the outside option in the views' shelves
	place     []int32
	goods     []int32 // by place: product, outside for the outside option
	looks     []float64
	mood      float64 // factor on price coefficients
	channels  []channelCosts
	trucks    []delivery
	freeTruck []int32

	// What need not be asked for each shopper.
	journeys, grows, hides, advertised, combines, remembers, drifts bool

	pace pace

	promotions *promotion.Promotions
	usage      *promotion.Usage
	named      map[string]int
	order      promotion.Order
	lines      []promotion.Line
	single     [1]promotion.Line
	cart       *basket.Cart
	coupon     int       // handed out with reminders; -1: none
	welcomes   bool      // there is a promotion for first purchases
	personal   []int32   // products of promotions that are not for everybody alike
	newcomers  []float64 // their weights, while those of one who is known are in their place

	now    float64    // of the turns
	stream rng.Stream // where one would escape

	watch   func(now float64, next event) // where tests look on, before each event
	outlook *Outlook                      // filled as the market goes; nil: none

	turns turns
	obs   observer
	books books
	journal
	trial
}

// families are the named streams of an episode.
type families struct {
	shopper, second, customer, loyalty, lead, review, tradeIn, arms, regions rng.Family
}

// New checks a configuration and returns a market under a master seed, its episode 0 open. Errors name the offending key.
func New(cfg *Config, seed uint64) (*Market, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	m := &Market{cfg: cfg, seed: seed}
	var err error
	if m.arrivals, err = newArrivals(cfg); err != nil {
		return nil, err
	}
	if err := m.arrivals.reset(rng.New(seed, 0)); err != nil {
		return nil, err
	}
	m.settle()
	if err := m.stockUp(); err != nil {
		return nil, err
	}
	m.tradeIns()
	if err := m.advertise(); err != nil {
		return nil, err
	}
	m.furnish()
	if m.obs, err = newObserver(m); err != nil {
		return nil, err
	}
	m.Reset(0)
	return m, nil
}

// Players is the number of sellers, and of the further arms of an experiment.
func (m *Market) Players() int { return len(m.sellers) }

// Spec is a seller's features, offers and limits; an arm has those of its seller.
func (m *Market) Spec(player int) *env.Spec { return &m.obs.specs[m.sellers[player].of] }

// Seat is which seller a player prices for, and as which of its arms.
func (m *Market) Seat(player int) (seller, arm int) {
	return m.sellers[player].of, m.sellers[player].arm
}

// Account is what the running episode has brought so far; the own figures are those of Config.Focal.
func (m *Market) Account() *results.Metrics { return m.books.account(m) }

// Sold is how many units of a product, an index of Config.Products, were sold since Reset.
func (m *Market) Sold(product int) int64 { return m.products[product].sold }

// Err tells why an episode ended before its time: events that breed events without end at one instant, or the end of Until.
func (m *Market) Err() error { return m.err }

// Until has episodes end before their time, with context.Canceled for Err, once done is closed; nil for never. Those of a few hundred thousand events, a part of a
// second, are played to their end all the same.
func (m *Market) Until(done <-chan struct{}) { m.until = done }

// stopped tells whether the running episode is to end, being long and somebody wishing it.
func (m *Market) stopped() bool {
	if m.handled-m.opened < 1<<18 {
		return false
	}
	select {
	case <-m.until:
		return true
	default:
		return false
	}
}

// Reset opens an episode: everything in it but the sellers' offers depends on (seed, episode) and on nothing else.
func (m *Market) Reset(episode uint64) {
	s := rng.New(m.seed, episode)
	m.streams = families{shopper: s.Family("shopper"), second: s.Family("second thoughts"), customer: s.Family("customer"), loyalty: s.Family("loyalty"),
		lead: s.Family("lead times"), review: s.Family("reviews"), tradeIn: s.Family("trade-ins"), arms: s.Family("arms"), regions: s.Family("regions")}
	m.calendar.Reset()
	m.opened = m.handled
	m.err = m.arrivals.reset(s)
	m.period, m.mood = 0, 1
	m.visitors, m.trolleys, m.freeVisit = m.visitors[:0], m.trolleys[:0], m.freeVisit[:0]
	m.customers, m.freeCust = m.customers[:0], m.freeCust[:0]
	m.parcels, m.freeParc = m.parcels[:0], m.freeParc[:0]
	m.circulating, m.freeUnit = m.circulating[:0], m.freeUnit[:0]
	m.turns.reset(len(m.sellers))
	m.books.reset(len(m.views))
	m.held = m.held[:0]
	m.arrivals.open(0)
	units := m.arrivals.expected() / m.cfg.PeriodDays / float64(len(m.products)) // a day, if all sell alike and everybody buys
	for j := range m.products {
		m.products[j].reset(units)
		m.products[j].sold = 0
	}
	m.clearFronts()
	m.openTrial()
	m.trucks, m.freeTruck = m.trucks[:0], m.freeTruck[:0]
	for i := range m.sellers {
		m.open(i)
	}
	m.openPeriod(0)
	m.notePromotions(0)
	m.openStock()
	m.awaitPromotions(0)
}

// Next runs the world to the next turn of a seller.
func (m *Market) Next(step *env.TimeStep) bool {
	t := &m.turns
	for {
		switch {
		case t.next < len(t.who):
			m.tell(step, t.who[t.next])
			t.asked = !t.done
			if t.done {
				t.next++
			}
			return true
		case t.done:
			return false
		case len(t.who) > 0:
			m.apply()
			if o := m.outlook; o != nil && m.sellers[o.Player].acted == m.now {
				m.foresee()
			}
		}
		if !m.play() {
			t.finish(len(m.sellers))
		}
	}
}

// Act answers the turn that Next announced; the offer stands when all who review at this instant have answered.
func (m *Market) Act(action int) {
	t := &m.turns
	if !t.asked {
		panic("market: Act without a turn")
	}
	who := t.who[t.next]
	if action < 0 || action >= len(m.sellers[who].cfg.Offers) || !m.obs.mask[action] {
		panic(fmt.Sprintf("market: seller %d made offer %d, which its ladder or mask does not hold", who, action))
	}
	m.sellers[who].action = action
	t.next++
	t.asked = false
}

// turns are the sellers who review at one instant.
type turns struct {
	who   []int
	next  int // whose turn it is, an index of who
	asked bool
	done  bool
}

func (t *turns) reset(sellers int) {
	if cap(t.who) < sellers {
		t.who = make([]int, 0, sellers)
	}
	*t = turns{who: t.who[:0]}
}

// finish lets every seller have its last step.
func (t *turns) finish(sellers int) {
	t.who, t.next, t.done = t.who[:0], 0, true
	for i := range sellers {
		t.who = append(t.who, i)
	}
}
