package market

import (
	"math"

	"github.com/souk-sim/souk/sim/env"
)

// observer fills each player's observation. The features are the same for every player, told from his side; which of them enter a state is
// the scenario's business.
type observer struct {
	features [][]env.Feature
	specs    []env.Spec
	seen     []float64
	mask     []bool
	sold     []float64 // units of each product last week
	dealRun  []float64 // weeks in a row on deal
	customer float64   // customers last week; NaN before the first
}

// Features every player sees of its own product, in this order; then two for each other product.
var ownFeatures = []env.Feature{
	{Name: "week", Unit: "weeks", Doc: "periods since the episode opened"},
	{Name: "calendar_week", Unit: "weeks", Doc: "week of the data's calendar"},
	{Name: "reference_price", Unit: "$", Doc: "what shoppers remember as the product's price"},
	{Name: "last_price", Unit: "$", Doc: "price posted last week"},
	{Name: "own_rung", Unit: "index", Doc: "offer made last week, as index into the ladder"},
	{Name: "deal_weeks", Unit: "weeks", Doc: "how many weeks in a row the product has been on deal"},
	{Name: "cost", Unit: "$", Doc: "wholesale cost of a unit at last week's offer"},
	{Name: "stock", Unit: "units", Doc: "units on hand; missing where stock is ample"},
	{Name: "sold", Unit: "units", Doc: "units sold last week; missing in the first"},
	{Name: "traffic", Unit: "customers", Doc: "customers who came last week; missing in the first"},
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

// RivalDeal and RivalPrice name the features by which a player sees another product.
func RivalDeal(product string) string  { return "deal:" + product }
func RivalPrice(product string) string { return "price:" + product }

// Features lists what the player of product own sees, in the order of its observations.
func Features(products []string, own int) []env.Feature {
	features := append([]env.Feature(nil), ownFeatures...)
	for j, name := range products {
		if j != own {
			features = append(features,
				env.Feature{Name: RivalPrice(name), Unit: "$", Doc: "price of " + name + " last week"},
				env.Feature{Name: RivalDeal(name), Unit: "0 or 1", Doc: "whether " + name + " was on deal last week"})
		}
	}
	return features
}

func newObserver(cfg *Config) observer {
	n := len(cfg.Products)
	o := observer{seen: make([]float64, ownFeatureCount+2*(n-1)), sold: make([]float64, n), dealRun: make([]float64, n)}
	names := make([]string, n)
	for j, p := range cfg.Products {
		names[j] = p.Name
	}
	rungs := 0
	for i := range cfg.Products {
		features := Features(names, i)
		spec := env.Spec{Features: features}
		for _, r := range cfg.Products[i].Rungs {
			offer := env.Offer{Price: r.Price}
			if r.Deal {
				offer.Promotion = "deal"
			}
			spec.Offers = append(spec.Offers, offer)
		}
		if drop := cfg.Products[i].Drop; drop > 0 {
			spec.Limits = []env.Limit{{Feature: "reference_price", Index: seesReference, Drop: drop}}
		}
		o.specs = append(o.specs, spec)
		rungs = max(rungs, len(spec.Offers))
	}
	o.mask = make([]bool, rungs)
	return o
}

func (o *observer) reset() {
	for j := range o.sold {
		o.sold[j] = math.NaN()
	}
	o.customer = math.NaN()
	clear(o.dealRun)
}

// remember keeps of the closed week what the next observations tell.
func (o *observer) remember(m *Market) {
	for j := range o.sold {
		o.sold[j], _, _ = m.books.earned(j)
		if m.deal[j] {
			o.dealRun[j]++
		} else {
			o.dealRun[j] = 0
		}
	}
	o.customer = m.books.week.Customers
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
		s[seesStock] = float64(m.store.onHand[i])
	}
	s[seesSold], s[seesTraffic] = o.sold[i], o.customer
	at := ownFeatureCount
	for j := range m.cfg.Products {
		if j == i {
			continue
		}
		s[at] = m.price[j]
		s[at+1] = 0
		if m.onDeal(j) {
			s[at+1] = 1
		}
		at += 2
	}
	o.specs[i].Allow(s, o.mask[:len(o.specs[i].Offers)])
	return s, o.mask[:len(o.specs[i].Offers)]
}

func (o *observer) allowed(action int) bool { return o.mask[action] }

// onDeal says whether product j was on deal in the week last closed; before the first, by its opening rung.
func (m *Market) onDeal(j int) bool {
	if m.week == 0 {
		return m.cfg.Products[j].Rungs[m.rung[j]].isDeal(m.ref[j])
	}
	return m.obs.dealRun[j] > 0
}
