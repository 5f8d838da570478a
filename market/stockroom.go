package market

import (
	"math"

	"github.com/souk-sim/souk/market/stock"
	"github.com/souk-sim/souk/scenarios/field"
)

// stockUp makes the keepers of the products that have a stock.
func (m *Market) stockUp() error {
	for j := range m.cfg.Products {
		p := &m.cfg.Products[j]
		if p.Stock == nil {
			continue
		}
		if days := p.Stock.ReviewDays; days > 0 && days < second {
			return field.New("products."+p.Name+".stock.review_days", days, "at least a second, or 0 for a review after each sale")
		}
		if days := p.Stock.ShelfLifeDays; days > 0 && days < second {
			return field.New("products."+p.Name+".stock.shelf_life_days", days, "at least a second, or 0 for goods that keep")
		}
		var err error
		if m.products[j].keeper, err = stock.New(*p.Stock, m.products[j].cost); err != nil {
			if e, ok := err.(*field.Error); ok {
				e.Key = "products." + p.Name + ".stock." + e.Key
			}
			return err
		}
	}
	return nil
}

// openStock schedules what an episode begins with.
func (m *Market) openStock() {
	for j := range m.products {
		k := m.products[j].keeper
		if k == nil {
			continue
		}
		m.products[j].spoils = math.Inf(1)
		if days := k.ReviewDays(); !math.IsInf(days, 1) {
			m.calendar.Schedule(0, atStock, event{stockReviewed, int32(j)})
		}
		m.awaitSpoil(0, int32(j))
	}
}

// waits tells whether a shopper may wait for units that are not there.
func (p *product) waits(cfg *stock.Config, units int32) bool {
	return cfg.MaxWaiting > 0 && int64(units) <= cfg.MaxWaiting-p.keeper.Waiting()
}

// reviewStock is a review that the clock calls.
func (m *Market) reviewStock(now float64, j int32) {
	k := m.products[j].keeper
	m.orderStock(now, j)
	if days := k.ReviewDays(); days > 0 {
		m.calendar.Schedule(now+days, atStock, event{stockReviewed, j})
	}
}

// orderStock lets the policy order.
func (m *Market) orderStock(now float64, j int32) {
	p := &m.products[j]
	order := p.keeper.Review(now)
	if order.Units == 0 {
		return
	}
	days := p.keeper.LeadDays(m.streams.lead.At(uint64(j), uint64(order.Number)))
	if m.on {
		m.add(Record{Time: now, Kind: StockOrdered, Period: int32(m.period), Product: j, Units: int32(order.Units)})
	}
	i := m.truck(delivery{j, order.Units})
	m.calendar.Schedule(now+days, atReceipt, event{stockReceived, i})
}

// delivery is an order under way.
type delivery struct {
	product int32
	units   int64
}

func (m *Market) truck(d delivery) int32 {
	if n := len(m.freeTruck); n > 0 {
		i := m.freeTruck[n-1]
		m.freeTruck = m.freeTruck[:n-1]
		m.trucks[i] = d
		return i
	}
	m.trucks = append(m.trucks, d)
	return int32(len(m.trucks) - 1)
}

// receive puts a delivery on the shelf.
func (m *Market) receive(now float64, i int32) {
	d := m.trucks[i]
	m.freeTruck = append(m.freeTruck, i)
	m.products[d.product].keeper.Receive(now, d.units)
	m.books.received += d.units
	if m.on {
		m.add(Record{Time: now, Kind: StockReceived, Period: int32(m.period), Product: d.product, Units: int32(d.units)})
	}
	m.awaitSpoil(now, d.product)
	m.stockMoved(now, d.product)
}

// awaitSpoil schedules when the oldest units spoil, unless that is scheduled already. Sales only put it off.
func (m *Market) awaitSpoil(now float64, j int32) {
	p := &m.products[j]
	if at := p.keeper.NextExpiry(); at < p.spoils {
		p.spoils = at
		m.calendar.Schedule(at, atSpoil, event{stockSpoils, j})
	}
}

func (m *Market) spoil(now float64, j int32) {
	p := &m.products[j]
	p.spoils = math.Inf(1)
	if units := p.keeper.Spoil(now); units > 0 {
		m.bear(now, j, units*p.cost, 0)
		m.books.spoiled += units
		if m.on {
			m.add(Record{Time: now, Kind: StockSpoils, Period: int32(m.period), Product: j, Units: int32(units)})
		}
		m.stockMoved(now, j)
	}
	m.awaitSpoil(now, j)
}

// liquidate clears what is left, and on its way, when the market closes for good: it was bought, and is worth no more than its disposal brings.
// What shoppers wait for, and have paid, was charged when it was promised: they get what is on its way first, and what is missing is bought for them after the end, at that cost.
func (m *Market) liquidate(now float64) {
	for j := range m.products {
		p := &m.products[j]
		if p.keeper == nil {
			continue
		}
		units := max(0, p.keeper.Position())
		m.bear(now, int32(j), units*p.cost, units*toMinor(m.cfg.Products[j].Stock.DisposalCost))
	}
}

// stockMoved follows a change of a product's stock: a policy of continuous review may order, shoppers may see that it is sold out, its seller may review.
func (m *Market) stockMoved(now float64, j int32) {
	p := &m.products[j]
	if p.keeper.ReviewDays() == 0 {
		m.orderStock(now, j)
	}
	if out := p.keeper.OnHand() == 0; out != p.out {
		p.out = out
		if m.hides {
			m.weigh(now, int(j))
		}
	}
	if s := &m.cfg.Sellers[p.seller]; s.Review.StockBelow > 0 && p.keeper.OnHand() < int64(s.Review.StockBelow) {
		for i := range m.sellers {
			if m.sellers[i].of == int(p.seller) {
				m.trigger(now, i, ByStock)
			}
		}
	}
}
