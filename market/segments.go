package market

// Segment is what the shoppers of a persona, from a channel, have come to. Money is $.
type Segment struct {
	Persona string  `json:"persona"`
	Channel string  `json:"channel"`
	Visits  float64 `json:"visits"` // of customers who came back too
	Orders  float64 `json:"orders"`
	Units   float64 `json:"units"`   // sold, those that came back among them
	Revenue float64 `json:"revenue"` // paid, less what was paid back
	Surplus float64 `json:"consumer_surplus"`
}

// segmentBooks is a segment in the books. Money is in minor units.
type segmentBooks struct {
	visits, orders, units, takings int64
	surplus                        float64 // $
}

// Segments are those of the running episode, by persona and then by channel.
func (m *Market) Segments() []Segment {
	all := make([]Segment, len(m.share))
	for i := range all {
		v, t := &m.views[i], m.books.segments[i]
		for k := i + len(all); k < len(m.views); k += len(all) {
			o := &m.books.segments[k]
			t = segmentBooks{t.visits + o.visits, t.orders + o.orders, t.units + o.units, t.takings + o.takings, t.surplus + o.surplus}
		}
		all[i] = Segment{Persona: m.cfg.Personas[v.persona].Name, Visits: float64(t.visits), Orders: float64(t.orders), Units: float64(t.units),
			Revenue: float64(t.takings) / minor, Surplus: t.surplus}
		if v.channel < len(m.cfg.Channels) {
			all[i].Channel = m.cfg.Channels[v.channel].Name
		}
	}
	return all
}
