package market

import "github.com/souk-sim/souk/sim/portable"

// Path is what an episode was, apart from what the own seller did: traffic, shocks, and the other products' offers and
// reference prices, week by week. From it follows, in closed form, what any own price would have earned in any week: what a
// clairvoyant knows, and what the reduction of the dynamic programme averages over.
type Path struct {
	cfg   *Config
	weeks []pathWeek
	deals []bool // [week][product] on deal in that week
}

type pathWeek struct {
	customers float64 // simulated
	own       float64 // the own product's utility before price and display
	weight    float64 // Σ exp(utility) over the other products
	margin    float64 // Σ exp(utility) · mean quantity · (price − cost) over the other products, $
}

func newPath(cfg *Config) Path {
	return Path{cfg: cfg, weeks: make([]pathWeek, cfg.Horizon), deals: make([]bool, cfg.Horizon*len(cfg.Products))}
}

// Path returns the running episode's path, complete once the episode has ended. It is borrowed until the next Reset.
func (m *Market) Path() *Path { return &m.path }

// Clone returns a copy that outlives the episode.
func (p *Path) Clone() *Path {
	return &Path{cfg: p.cfg, weeks: append([]pathWeek(nil), p.weeks...), deals: append([]bool(nil), p.deals...)}
}

func (p *Path) record(m *Market) {
	w := &p.weeks[m.week]
	*w = pathWeek{customers: float64(m.traffic[m.week] * m.cfg.Share), own: m.shelf.Base(m.cfg.Own) + m.shock[m.week][m.cfg.Own]}
	for j := range m.price {
		p.deals[m.week*len(m.price)+j] = m.deal[j]
		if j == m.cfg.Own {
			continue
		}
		r := &m.cfg.Products[j].Rungs[m.rung[j]]
		odds := m.shelf.Odds(j)
		w.weight += odds
		w.margin += float64(odds * float64(m.shelf.MeanQuantity(j)*(r.Price-r.Cost)))
	}
}

// OnDeal says whether product j was on deal in week t of the episode.
func (p *Path) OnDeal(t, j int) bool { return p.deals[t*len(p.cfg.Products)+j] }

// Profit is the expected profit ($, for the customers simulated, ample stock) of week t under the objective of the scenario, had the own product stood on
// offer action with the given reference price. The chance of single shoppers is averaged out; traffic, shocks and rivals are those of
// the path.
func (p *Path) Profit(t int, reference float64, action int) float64 {
	w := &p.weeks[t]
	own := p.cfg.Own
	r := &p.cfg.Products[own].Rungs[action]
	display := p.cfg.display(own, r, reference)
	e := portable.Exp(w.own + p.cfg.Choice.Response(own, r.Price, display, reference))
	q := p.cfg.Choice.Quantity.Mean(display)
	var earned float64
	switch p.cfg.Reward.Of {
	case Revenue:
		earned = e * q * r.Price
	case BrandProfit:
		earned = e * q * (r.Price - r.Cost)
	default:
		earned = float64(e*float64(q*(r.Price-r.Cost))) + w.margin
	}
	return w.customers * earned / (1 + w.weight + e)
}
