package market

import (
	"math"

	"github.com/souk-sim/souk/market/promotion"
)

// Outlook is what each offer of a seller would bring from each review by the clock to the next, in expectation and in closed form: the logit shares of the personas in their channels, beside the rivals'
// offers, the mix of personas, the shocks and promotions of the path that is played. A market that has one (Look) adds to it what it expects whenever the seller has reviewed, and whenever
// a period opens, so that over several episodes it holds sums. Chance is left out: single shoppers, the dispersion of their number (of mean 1), who comes
// back, baskets, reminders, orders that are served late, and what the seller's own offers do to rivals. Shoppers are taken to see all products: there is no Outlook of journeys.
type Outlook struct {
	Player     int
	References []float64  // what shoppers remember of the seller's products, as multiples of their list prices; empty: what they remember on the path that is played
	Reviews    []Prospect // by the time between reviews
	Fixed      float64    // $ that an episode costs whatever is offered: the stock that is there at first, its keeping and its disposal, were nothing sold; less is in Reward
}

// Prospect is the time from a review to the next. With R references (1 where there are none), A offers and P products of the seller:
type Prospect struct {
	Shoppers float64
	Reward   []float64 // [reference*A+offer] $, by the seller's objective
	Given    []float64 // [reference*A+offer] $ given away: by how much less is paid than at the opening offer
	Units    []float64 // [(reference*A+offer)*P+product]
	Tags     []float64 // [offer] shoppers times what price tags say to everybody, as a share of the list prices: what they will remember
}

// Look has the market fill an Outlook from now on, nil for none.
func (m *Market) Look(o *Outlook) {
	if m.outlook = o; o == nil {
		return
	}
	s := &m.sellers[o.Player]
	rows := max(1, len(o.References)) * len(s.cfg.Offers)
	if n := int(math.Ceil(float64(m.cfg.Horizon)*m.cfg.PeriodDays/s.cfg.Review.Every - 1e-9)); len(o.Reviews) != n {
		o.Reviews = make([]Prospect, n)
		for t := range o.Reviews {
			o.Reviews[t] = Prospect{Reward: make([]float64, rows), Given: make([]float64, rows), Units: make([]float64, rows*len(s.products)), Tags: make([]float64, len(s.cfg.Offers))}
		}
	}
	o.Fixed = 0
	for _, j := range s.products {
		if saved, units := m.saved(j, 0); units > 0 {
			o.Fixed += float64(saved * units)
		}
	}
}

// saved is what selling a unit on a day saves of what a product costs that is never ordered again: its keeping until the end, and there its disposal; and how many units there are at
// first, 0 where all can be had at any time.
func (m *Market) saved(j int32, day float64) (dollars, units float64) {
	p := &m.cfg.Products[j]
	if p.Stock == nil || p.Stock.Policy != "none" || p.Stock.Initial == nil {
		return 0, 0
	}
	dollars = float64(p.Stock.HoldingCost * (float64(float64(m.cfg.Horizon)*m.cfg.PeriodDays) - day))
	if m.cfg.Terminal {
		dollars += p.Cost + p.Stock.DisposalCost
	}
	return dollars, float64(*p.Stock.Initial)
}

// foresee adds the time from now to the seller's next review, or to the end of the period, to the outlook.
func (m *Market) foresee() {
	o, now := m.outlook, m.now
	s := &m.sellers[o.Player]
	until := min(s.next, float64(float64(m.period+1)*m.cfg.PeriodDays))
	shoppers := m.arrivals.between(now, until)
	if !(until > now) || !(shoppers > 0) {
		return
	}
	prospect := &o.Reviews[min(int(now/s.cfg.Review.Every+1e-9), len(o.Reviews)-1)]
	prospect.Shoppers += shoppers
	buy := 1 - m.cfg.Visit.Abandon
	if m.cfg.Visit.Reminder.Hours > 0 {
		buy += float64(m.cfg.Visit.Abandon * m.cfg.Visit.Reminder.Works)
	}
	tags := m.frontOf(o.Player).posted
	before := make([]posted, len(s.products))
	out := make([]bool, len(s.products))
	for k, j := range s.products {
		before[k], out[k], m.products[j].out = tags[j], m.products[j].out, false
	}
	m.promote(s, false)
	for r := range max(1, len(o.References)) {
		for a := range s.cfg.Offers {
			m.toggle(s, a, true)
			for k, j := range s.products {
				tags[j].price = s.cfg.posts(a, k, m.products[j].list)
				if len(o.References) > 0 {
					tags[j].reference = float64(o.References[r] * float64(m.products[j].list) / minor)
				}
			}
			m.expect(s, prospect, r*len(s.cfg.Offers)+a, float64(shoppers*buy), until)
			if r == 0 {
				prospect.Tags[a] += float64(m.tagged(s) * shoppers)
			}
			m.toggle(s, a, false)
		}
	}
	m.promote(s, true)
	for k, j := range s.products {
		tags[j], m.products[j].out = before[k], out[k]
	}
}

// tagged is what the tags of a seller's products say, as a share of their list prices.
func (m *Market) tagged(s *seller) float64 {
	tags, list, front := 0.0, 0.0, m.frontOf(s.id)
	for _, j := range s.products {
		tags += m.tagAt(front, int(j), m.now)
		list += float64(m.products[j].list) / minor
	}
	return tags / list
}

// toggle switches the promotion of one of a seller's offers.
func (m *Market) toggle(s *seller, offer int, on bool) {
	if name := s.cfg.Offers[offer].Promotion; name != "" {
		m.frontOf(s.id).usage.Switch(m.named[name], on)
	}
}

// expect adds what so many shoppers, until a time, bring a seller whose prices are on the front.
func (m *Market) expect(s *seller, prospect *Prospect, row int, shoppers, until float64) {
	odds, paid := make([]float64, len(s.products)), make([]float64, len(s.products))
	tags, last := m.frontOf(s.id).posted, 0.0
	for i := range m.share {
		v := &m.views[i]
		buyer := promotion.Customer{ID: None, Persona: v.persona, Channel: v.channel, First: true}
		who, channel := &m.cfg.Personas[v.persona], m.channels[v.channel]
		share := m.share[i] - last
		last = m.share[i]
		total := 0.0
		for place, weight := range v.weight {
			if j := m.goods[place]; j == outside || int(m.products[j].seller) != s.of {
				total += weight
			}
		}
		for k, j := range s.products {
			odds[k] = m.oddsOf(m.now, v, int(j), buyer)
			total += odds[k]
			paid[k] = float64(tags[j].price) / minor
			if m.advertised {
				paid[k] = float64(m.order.Total) / minor
			}
		}
		for k, j := range s.products {
			p := &m.cfg.Products[j]
			orders := float64(shoppers*share) * odds[k] / total
			units := float64(orders * who.Units)
			kept := float64(units * (1 - p.Returns))
			earned := float64(kept * paid[k])
			if s.cfg.Reward.Of == Profit {
				saved, _ := m.saved(j, float64((m.now+until)/2))
				earned = float64(kept*(float64(paid[k]*(1-channel.commission))-p.Cost+saved)) - float64(orders*float64(channel.order)/minor)
			}
			prospect.Reward[row] += earned
			prospect.Units[row*len(s.products)+k] += kept
			regular := float64(s.cfg.posts(s.cfg.Opening, k, m.products[j].list)) / minor
			prospect.Given[row] += float64(kept * math.Max(regular-paid[k], 0))
		}
	}
}
