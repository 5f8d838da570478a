package category

import "github.com/souk-sim/souk/market/choice"

// newShelf lays a shopper's uniform out as [rivals | nothing | own]: a change of the own price then moves only the edges beside "nothing" (apart
// from the small shift of the denominator), so that under common random numbers hardly another shopper changes his mind.
func newShelf(cfg *Config) (*choice.Shelf, error) {
	var order []int
	for j := range cfg.Products {
		if j != cfg.Own {
			order = append(order, j)
		}
	}
	return cfg.Choice.NewShelf(append(order, choice.Outside, cfg.Own))
}

// place puts product j on the shelf at its posted offer.
func (m *Market) place(j int) {
	r := &m.cfg.Products[j].Rungs[m.rung[j]]
	m.deal[j] = r.isDeal(m.ref[j])
	m.shelf.Set(j, r.Price, m.cfg.display(j, r, m.ref[j]), m.ref[j], m.shock[m.week][j]+m.cfg.Choice.DepthResponse(j, m.depth(j)))
}

// depth is how far product j's price lies below its regular price, the highest of the last choice.RegularWeeks, this one's among them.
func (m *Market) depth(j int) float64 {
	regular := m.price[j]
	for _, p := range m.recent[j] {
		regular = max(regular, p)
	}
	return regular - m.price[j]
}

// display is the rung's own display, or what the model expects at such a price.
func (cfg *Config) display(j int, r *Rung, reference float64) float64 {
	if r.Display == r.Display {
		return r.Display
	}
	return cfg.Choice.Display(j, reference, r.Price)
}

func (r *Rung) isDeal(reference float64) bool {
	return r.Deal || r.Price <= float64((1-DealDepth)*reference)
}
