package category

import (
	"math"

	"github.com/souk-sim/souk/sim/env"
)

// setRanges fills in where the features of player i are expected to lie, given the customers of a busy week and the units of product i that they
// take at its peak.
func (cfg *Config) setRanges(features []env.Feature, i int, customers, units float64) {
	horizon := float64(cfg.Horizon)
	price, cost := cfg.span(i)
	set := func(at int, low, high float64) { features[at].Min, features[at].Max = low, high }
	set(seesWeek, 0, horizon)
	set(seesCalendarWeek, float64(cfg.Start), float64(cfg.Start)+horizon)
	set(seesReference, min(price[0], cfg.Products[i].Reference), max(price[1], cfg.Products[i].Reference))
	set(seesLastPrice, price[0], price[1])
	set(seesOwnRung, 0, float64(len(cfg.Products[i].Rungs)-1))
	set(seesDealWeeks, 0, horizon)
	set(seesCost, cost[0], cost[1])
	set(seesStock, 0, float64(units*cfg.Stock.CoverDays)/daysPerWeek)
	set(seesSold, 0, units)
	set(seesTraffic, 0, customers)
	at := ownFeatureCount
	for j := range cfg.Products {
		if j == i {
			continue
		}
		price, _ := cfg.span(j)
		set(at, price[0], price[1])
		set(at+1, 0, 1)
		at += 2
	}
}

// span is the lowest and the highest price and cost on product j's ladder.
func (cfg *Config) span(j int) (price, cost [2]float64) {
	price, cost = [2]float64{math.Inf(1), 0}, [2]float64{math.Inf(1), 0}
	for _, r := range cfg.Products[j].Rungs {
		price = [2]float64{min(price[0], r.Price), max(price[1], r.Price)}
		cost = [2]float64{min(cost[0], r.Cost), max(cost[1], r.Cost)}
	}
	return price, cost
}

// demandPeaks is for each product the units a customer takes in the first week when its price is at its lowest and remembered at its highest, while
// the others stand as they open.
func (m *Market) demandPeaks() []float64 {
	peaks, expected := make([]float64, len(m.price)), make([]float64, len(m.price))
	m.shelf.SetWeek(m.cfg.Start)
	stand := func(j int, r *Rung, reference, regular float64) {
		m.shelf.Set(j, r.Price, m.cfg.display(j, r, reference), reference, m.swell[j]+m.cfg.Choice.DepthResponse(j, regular-r.Price))
	}
	for j := range peaks {
		p := &m.cfg.Products[j]
		stand(j, &p.Rungs[p.Opening], p.Reference, p.regular())
	}
	for j := range peaks {
		p := &m.cfg.Products[j]
		price, _ := m.cfg.span(j)
		for k := range p.Rungs {
			stand(j, &p.Rungs[k], max(price[1], p.Reference), max(price[1], p.regular()))
			m.shelf.Expected(expected)
			peaks[j] = max(peaks[j], expected[j])
		}
		stand(j, &p.Rungs[p.Opening], p.Reference, p.regular())
	}
	return peaks
}
