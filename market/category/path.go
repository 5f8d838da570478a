package category

import "github.com/souk-sim/souk/sim/portable"

// Path is what an episode was, apart from what the own seller did: traffic, shocks, and the other products' offers and
// reference prices, week by week. From it follows, in closed form, what any own price would have earned in any week: what a
// clairvoyant knows, and what the reduction of the dynamic programme averages over. It knows the own reference price and no
// regular price: with a choice model that answers depth (choice.Spec) it leaves the own product's depth out and must not be used.
type Path struct {
	cfg   *Config
	weeks []pathWeek
	deals []bool // [week][product] on deal in that week
}

type pathWeek struct {
	customers float64 // simulated
	own       float64 // exp(utility) of the own product before price and display
	weight    float64 // Σ exp(utility) over the other products
	margin    float64 // Σ exp(utility) · mean quantity · (price − cost) over the other products, $; 0 where only the own one counts
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
	*w = pathWeek{customers: float64(m.traffic[m.week] * m.cfg.Share), own: portable.Exp(m.shelf.Base(m.cfg.Own) + m.shock[m.week][m.cfg.Own])}
	for j := range m.price {
		p.deals[m.week*len(m.price)+j] = m.deal[j]
		if j == m.cfg.Own {
			continue
		}
		r := &m.cfg.Products[j].Rungs[m.rung[j]]
		odds := m.shelf.Odds(j)
		w.weight += odds
		if m.cfg.Reward.Of == CategoryProfit {
			w.margin += float64(odds * float64(m.shelf.MeanQuantity(j)*(r.Price-r.Cost)))
		}
	}
}

// OnDeal says whether product j was on deal in week t of the episode.
func (p *Path) OnDeal(t, j int) bool { return p.deals[t*len(p.cfg.Products)+j] }

// Profits fills byWeek with the expected profit ($, for the customers simulated, ample stock) of each week under the scenario's objective, had the own
// product then stood on offer action with the given reference price. The chance of single shoppers is averaged out; traffic, shocks and
// rivals are those of the path.
func (p *Path) Profits(reference float64, action int, byWeek []float64) {
	r := &p.cfg.Products[p.cfg.Own].Rungs[action]
	pull, quantity := p.pull(reference, r)
	earned := quantity // per buyer of the own product
	if p.cfg.Reward.Of == Revenue {
		earned *= r.Price
	} else {
		earned *= r.Price - r.Cost
	}
	for t := range byWeek {
		w := &p.weeks[t]
		odds := float64(w.own * pull)
		byWeek[t] = w.customers * (float64(odds*earned) + w.margin) / (1 + w.weight + odds)
	}
}

// Sales fills byWeek with the units of the own product that would have been sold, as Profits has it.
func (p *Path) Sales(reference float64, action int, byWeek []float64) {
	pull, quantity := p.pull(reference, &p.cfg.Products[p.cfg.Own].Rungs[action])
	for t := range byWeek {
		w := &p.weeks[t]
		odds := float64(w.own * pull)
		byWeek[t] = w.customers * float64(odds*quantity) / (1 + w.weight + odds)
	}
}

// Customers are those of a week that are simulated.
func (p *Path) Customers(t int) float64 { return p.weeks[t].customers }

// pull is what an offer of the own product adds to its weight, as a factor, and the mean quantity of who buys it.
func (p *Path) pull(reference float64, r *Rung) (pull, quantity float64) {
	display := p.cfg.display(p.cfg.Own, r, reference)
	return portable.Exp(p.cfg.Choice.Response(p.cfg.Own, r.Price, display, reference)), p.cfg.Choice.Quantity.Mean(display)
}
