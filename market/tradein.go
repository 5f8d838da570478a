package market

import (
	"fmt"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
)

// circulation is a unit in a shopper's hands.
type circulation struct {
	period, number, visit int32
	buyer                 int32 // product that is the offer to buy it
	view                  uint16
	u                     float64
}

// checkTradeIns checks what offers to buy are about.
func (cfg *Config) checkTradeIns() error {
	index, seller, bought := map[string]*Product{}, owners(cfg), map[string]bool{}
	number := map[string]int{}
	for j := range cfg.Products {
		index[cfg.Products[j].Name], number[cfg.Products[j].Name] = &cfg.Products[j], j
	}
	for j := range cfg.Products {
		t := cfg.Products[j].TradeIn
		if t == nil {
			continue
		}
		key := "products." + cfg.Products[j].Name + ".trade_in."
		if of := index[t.Of]; of == nil || of.TradeIn != nil || bought[t.Of] {
			return field.New(key+"of", fmt.Sprintf("%q", t.Of), "a product that is sold, and that no other offer buys")
		}
		if becomes := index[t.Becomes]; becomes == nil || becomes.Stock == nil || seller[number[t.Becomes]] != seller[j] {
			return field.New(key+"becomes", fmt.Sprintf("%q", t.Becomes), "a product with a stock, of the same seller")
		}
		bought[t.Of] = true
	}
	return nil
}

// tradeIns finds which products are bought back, and by which offers.
func (m *Market) tradeIns() {
	index := map[string]int32{}
	for j := range m.cfg.Products {
		index[m.cfg.Products[j].Name] = int32(j)
		m.products[j].buyer, m.products[j].becomes = None, None
	}
	for j := range m.cfg.Products {
		if t := m.cfg.Products[j].TradeIn; t != nil {
			m.products[index[t.Of]].buyer, m.products[j].becomes = int32(j), index[t.Becomes]
		}
	}
}

// circulate draws when the owners of units sold think of parting with them. They are those after the earlier ones of the product in the order.
func (m *Market) circulate(now float64, v *visitor, j, earlier, units int32) {
	buyer := m.products[j].buyer
	mean := m.cfg.Products[buyer].TradeIn.Days
	for k := earlier; k < earlier+units; k++ {
		m.stream = m.streams.tradeIn.At(uint64(v.period), uint64(v.number), uint64(v.visit), uint64(j)<<32|uint64(k))
		at, u := now+float64(m.stream.Exponential()*mean), m.stream.Float64()
		if at >= float64(m.cfg.Horizon)*m.cfg.PeriodDays {
			continue
		}
		i := int32(len(m.circulating))
		if n := len(m.freeUnit); n > 0 {
			i, m.freeUnit = m.freeUnit[n-1], m.freeUnit[:n-1]
		} else {
			m.circulating = append(m.circulating, circulation{})
		}
		m.circulating[i] = circulation{v.period, v.number, v.visit, buyer, v.view, u}
		m.calendar.Schedule(at, atShopper, event{tradedIn, i})
	}
}

// buyBack lets an owner take the price that is offered for a unit.
func (m *Market) buyBack(now float64, i int32) {
	c := m.circulating[i]
	m.freeUnit = append(m.freeUnit, i)
	offer, price := &m.products[c.buyer], m.views[c.view].front.posted[c.buyer].price
	t := m.cfg.Products[c.buyer].TradeIn
	odds := portable.Exp(max(-utmost, min(utmost, t.Utility+float64(t.Price*float64(price)/minor))))
	if c.u >= odds/(1+odds) {
		return
	}
	owner := visitor{period: c.period, number: c.number, visit: c.visit, customer: None, view: c.view}
	m.whose(c.buyer, c.view).goods += price
	if m.telling {
		m.tellOf(now, &owner, c.buyer, m.slot, Outcome{Profit: -float64(price) / minor})
	}
	made := &m.products[offer.becomes]
	made.keeper.Return(now, 1, 0)
	if m.on {
		r := m.record(now, TradesIn, &owner)
		r.Product, r.Units, r.Amount = c.buyer, 1, -price
		m.add(r)
	}
	m.stockMoved(now, offer.becomes)
}
