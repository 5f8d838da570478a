package category

import (
	"math"

	"github.com/souk-sim/souk/sim/env"
)

// observer fills each player's observation. The features are the same for every player, told from his side; which of them enter a state is
// the scenario's business.
type observer struct {
	specs   []env.Spec
	seen    []float64
	mask    []bool
	sold    []float64 // units of each product last week, of the chain; NaN before the first
	dealRun []float64 // weeks in a row on deal
	traffic float64   // customers of the chain last week; NaN before the first
}

// Features every player sees of its own product, in this order; then two for each other product. Units and customers are those of the whole
// chain, whatever share of it is simulated, so that a policy means the same at any share.
var ownFeatures = []env.Feature{
	{Name: "week", Unit: "weeks", Doc: "periods since the episode opened"},
	{Name: "calendar_week", Unit: "weeks", Doc: "week of the data's calendar"},
	{Name: "reference_price", Unit: "$", Doc: "what shoppers remember as the product's price"},
	{Name: "last_price", Unit: "$", Doc: "price posted last week"},
	{Name: "own_rung", Unit: "index", Doc: "offer made last week, as index into the ladder"},
	{Name: "deal_weeks", Unit: "weeks", Doc: "how many weeks in a row the product has been on deal, of those before the start the last"},
	{Name: "cost", Unit: "$", Doc: "wholesale cost of a unit at last week's offer"},
	{Name: "stock", Unit: "units", Doc: "units on hand in the chain; missing where stock is ample"},
	{Name: "sold", Unit: "units", Doc: "units sold in the chain last week; missing in the first"},
	{Name: "traffic", Unit: "customers", Doc: "customers who came to the chain last week; missing in the first"},
}

const (
	seesWeek = iota
	seesCalendarWeek
	seesReference
	seesLastPrice
	seesOwnRung
	seesDealWeeks
	seesCost
	seesStock
	seesSold
	seesTraffic
	ownFeatureCount
)

// RivalDeal names the feature that tells a player whether another product was on deal, rivalPrice that of its price.
func RivalDeal(product string) string  { return "deal:" + product }
func rivalPrice(product string) string { return "price:" + product }

// Features lists what the player of product own sees, in the order of its observations.
func Features(products []string, own int) []env.Feature {
	features := append([]env.Feature(nil), ownFeatures...)
	for j, name := range products {
		if j != own {
			features = append(features,
				env.Feature{Name: rivalPrice(name), Unit: "$", Doc: "price of " + name + " last week"},
				env.Feature{Name: RivalDeal(name), Unit: "0 or 1", Doc: "whether " + name + " was on deal last week"})
		}
	}
	return features
}

// newObserver takes the customers of a busy week and each product's peak demand in units a customer.
func newObserver(cfg *Config, customers float64, peaks []float64) observer {
	n := len(cfg.Products)
	o := observer{seen: make([]float64, ownFeatureCount+2*(n-1)), sold: make([]float64, n), dealRun: make([]float64, n)}
	names := make([]string, n)
	for j, p := range cfg.Products {
		names[j] = p.Name
	}
	rungs := 0
	for i := range cfg.Products {
		spec := env.Spec{Features: Features(names, i)}
		cfg.setRanges(spec.Features, i, customers, float64(customers*peaks[i]))
		for _, r := range cfg.Products[i].Rungs {
			offer := env.Offer{Price: r.Price}
			if r.Deal {
				offer.Promotion = "deal"
			}
			spec.Offers = append(spec.Offers, offer)
		}
		if p := &cfg.Products[i]; p.Drop > 0 || p.Rise > 0 {
			spec.Limits = append(spec.Limits, env.Limit{Feature: "reference_price", Index: seesReference, Drop: p.Drop, Rise: p.Rise})
		}
		if change := cfg.Products[i].Change; change > 0 {
			spec.Limits = append(spec.Limits, env.Limit{Feature: "last_price", Index: seesLastPrice, Drop: change, Rise: change})
		}
		if p := &cfg.Products[i]; p.Floor > 0 || p.Ceiling > 0 {
			spec.Limits = append(spec.Limits, env.Limit{Floor: p.Floor, Ceiling: p.Ceiling})
		}
		if times := cfg.Products[i].Times; times > 0 {
			spec.Limits = append(spec.Limits, env.Limit{Feature: "cost", Index: seesCost, Times: times})
		}
		o.specs = append(o.specs, spec)
		rungs = max(rungs, len(spec.Offers))
	}
	o.mask = make([]bool, rungs)
	return o
}

// reset forgets all but whether the opening offers are deals.
func (o *observer) reset(m *Market) {
	clear(o.dealRun)
	for j := range o.sold {
		o.sold[j] = math.NaN()
		if m.cfg.Products[j].Rungs[m.rung[j]].isDeal(m.ref[j]) {
			o.dealRun[j] = 1
		}
	}
	o.traffic = math.NaN()
}

// remember keeps of the closed week what the next observations tell.
func (o *observer) remember(m *Market) {
	for j := range o.sold {
		units, _, _ := m.books.earned(j)
		o.sold[j] = units / m.cfg.Share
		if m.deal[j] {
			o.dealRun[j]++
		} else {
			o.dealRun[j] = 0
		}
	}
	o.traffic = m.traffic[m.week]
}

// see fills player i's observation and mask; both are borrowed until the next call.
func (o *observer) see(m *Market, i int) ([]float64, []bool) {
	s := o.seen
	s[seesWeek] = float64(m.week)
	s[seesCalendarWeek] = float64(m.cfg.Start + m.week)
	s[seesReference] = m.ref[i]
	s[seesLastPrice] = m.price[i]
	s[seesOwnRung] = float64(m.rung[i])
	s[seesDealWeeks] = o.dealRun[i]
	s[seesCost] = m.cfg.Products[i].Rungs[m.rung[i]].Cost
	s[seesStock] = math.NaN()
	if m.store.kept() && !m.cfg.Expected {
		s[seesStock] = float64(m.store.onHand[i]) / m.cfg.Share
	}
	s[seesSold], s[seesTraffic] = o.sold[i], o.traffic
	at := ownFeatureCount
	for j := range m.cfg.Products {
		if j == i {
			continue
		}
		s[at] = m.price[j]
		s[at+1] = 0
		if o.dealRun[j] > 0 {
			s[at+1] = 1
		}
		at += 2
	}
	o.specs[i].Allow(s, o.mask[:len(o.specs[i].Offers)])
	return s, o.mask[:len(o.specs[i].Offers)]
}

func (o *observer) allowed(action int) bool { return o.mask[action] }
