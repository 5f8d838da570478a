package market

import (
	"math"

	"github.com/souk-sim/souk/market/stock"
	"github.com/souk-sim/souk/results"
)

// channelCosts are a channel's, minor units.
type channelCosts struct {
	order, view int64
	commission  float64
}

// books are the accounts of the episode that belong to no seller. Money is in minor units.
type books struct {
	visits, returns    int64 // visits, those of customers who came back among them
	views              int64 // of products
	carts, abandoned   int64
	purchases, repeats int64 // orders; those of customers who had bought before
	units, back        int64 // sold; come back
	takings            int64 // paid, less what was paid back
	closed             int64 // takings when the log closed its last period
	saved              int64 // by promotions
	lostUnits, stopped int64 // units lost to a stock that was out; choices that met one
	received, spoiled  int64
	lapsed, parted     int64
	satisfaction       float64 // sum over the visits of customers
	surplus            float64 // $
	stockoutDays       float64
	holding            int64
	priceDays          float64 // integral of the focal seller's mean price, $ days
	heldAt, dealDays   float64 // when that was last summed; days with a promotion on
	periods            int64
	segments           []segmentBooks // by view
	metrics            results.Metrics
}

// reset clears the accounts, of so many views.
func (b *books) reset(views int) {
	segments := b.segments
	if len(segments) != views {
		segments = make([]segmentBooks, views)
	}
	clear(segments)
	*b = books{segments: segments}
}

func (b *books) sold(units int32, paid int64) {
	b.units += int64(units)
	b.takings += paid
}

func (b *books) sentBack(units int32, refund int64) {
	b.back += int64(units)
	b.takings -= refund
}

// lost books units that a visitor wanted and that were not there.
func (m *Market) lost(v *visitor, j, units int32) {
	m.books.lostUnits += int64(units)
	m.whose(j, v.view).lost += int64(units)
}

// keep books a stock's account.
func (b *books) keep(a *stock.Account) {
	b.stockoutDays += a.StockoutDays
	b.holding += a.HoldingCost
}

// keepBooks closes a period.
func (m *Market) keepBooks(now float64) {
	m.now = now
	for i := range m.sellers {
		m.settleStock(now, i)
	}
	b := &m.books
	m.hold(now)
	b.periods++
}

// hold sums what the focal seller has asked since the last time.
func (m *Market) hold(now float64) {
	b := &m.books
	days := now - b.heldAt
	price := m.asking(0)
	for f := range m.fronts[1:] {
		price += float64(m.parts[f+1] * (m.asking(f+1) - m.asking(0)))
	}
	b.priceDays += float64(days * price)
	for arm, part := range m.parts {
		if s := m.armOf(arm); s.cfg.Offers[s.offer].Promotion != "" {
			b.dealDays += float64(part * days)
		}
	}
	b.heldAt = now
}

// asking is the mean price of the focal seller's products on a front, $.
func (m *Market) asking(f int) float64 {
	price, wares := 0.0, m.sellers[m.cfg.Focal].wares
	for _, j := range wares {
		price += float64(m.fronts[f].posted[j].price) / minor
	}
	return price / float64(len(wares))
}

// account puts the books into the words of results.
func (b *books) account(m *Market) *results.Metrics {
	focal := m.whole(m.cfg.Focal)
	var profit, reward int64
	for i := range m.sellers {
		profit += m.sellers[i].profit()
		if m.sellers[i].of == m.cfg.Focal {
			reward += m.objective(i)
		}
	}
	dollars := func(amount int64) float64 { return float64(amount) / minor }
	b.metrics = results.Metrics{
		Periods: b.periods, Reward: dollars(reward), Revenue: dollars(b.takings), Profit: dollars(profit), Units: float64(b.units),
		Customers: float64(b.visits), Purchases: float64(b.purchases), OwnUnits: float64(focal.sold), OwnRevenue: dollars(focal.paid), OwnProfit: dollars(focal.profit()),
		LostUnits: float64(b.lostUnits), StockOutDays: b.stockoutDays, HoldingCost: dollars(b.holding), PriceChanges: focal.changed, DealPeriods: int64(math.Round(b.dealDays / m.cfg.PeriodDays)),
		ReceivedUnits: float64(b.received), Views: b.views, Carts: b.carts, Abandoned: b.abandoned, ReturnedUnits: b.back, SpoiledUnits: b.spoiled,
		StockOuts: b.stopped, RepeatVisits: b.returns, RepeatOrders: b.repeats, Lapsed: b.lapsed, Saved: dollars(b.saved), Surplus: b.surplus,
	}
	if b.heldAt > 0 {
		b.metrics.MeanPrice = b.priceDays / b.heldAt
	}
	if b.parted > 0 {
		b.metrics.Satisfaction = b.satisfaction / float64(b.parted)
	}
	return &b.metrics
}

// SellerAccount is what one seller has come to in an episode. Money is $.
type SellerAccount struct {
	Reward       float64 `json:"reward"`  // what it is after, penalties included
	Revenue      float64 `json:"revenue"` // what was paid, less what was paid back
	Profit       float64 `json:"profit"`  // less what goods, stock and selling cost
	Units        float64 `json:"units"`
	Orders       float64 `json:"orders"` // order lines
	Lost         float64 `json:"lost_units"`
	PriceChanges float64 `json:"price_changes"`
}

// SellerAccount is that of a player in the running episode: of a seller, or of one of its arms alone.
func (m *Market) SellerAccount(i int) SellerAccount {
	s := &m.sellers[i]
	return SellerAccount{Reward: float64(m.objective(i)) / minor, Revenue: float64(s.paid) / minor, Profit: float64(s.profit()) / minor, Units: float64(s.sold),
		Orders: float64(s.orders), Lost: float64(s.lost), PriceChanges: float64(s.changed)}
}
