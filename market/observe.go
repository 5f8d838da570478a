package market

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/market/promotion"
	"github.com/souk-sim/souk/market/stock"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// sight is a feature and how it is seen. A seller of several products sees sums of units, and means of prices and costs; offers to
// buy used units are in none of them.
type sight struct {
	env.Feature
	see func(m *Market, i int) float64
}

// ownSights are what every seller sees, in this order.
func ownSights() []sight {
	own := func(each func(p *product, tag *posted) float64) func(m *Market, i int) float64 {
		return func(m *Market, i int) float64 {
			sum, wares, tags := 0.0, m.sellers[i].wares, m.frontOf(i).posted
			for _, j := range wares {
				sum += each(&m.products[j], &tags[j])
			}
			return sum / float64(len(wares))
		}
	}
	stocked := func(each func(k *stock.Keeper, now float64) float64, mean bool) func(m *Market, i int) float64 {
		return func(m *Market, i int) float64 {
			sum, kept := 0.0, 0
			for _, j := range m.sellers[i].products {
				if k := m.products[j].keeper; k != nil {
					sum += each(k, m.now)
					kept++
				}
			}
			switch {
			case kept == 0:
				return math.NaN()
			case mean:
				return sum / float64(kept)
			}
			return sum
		}
	}
	since := func(count func(a *accounts) int64) func(m *Market, i int) float64 {
		return func(m *Market, i int) float64 {
			s := &m.sellers[i]
			if !s.begun {
				return math.NaN()
			}
			n := count(&m.sellers[s.of].accounts) - count(&s.then)
			arms := m.armsOf(s.of)
			for k := range arms {
				n += count(&arms[k].accounts)
			}
			return float64(n)
		}
	}
	return []sight{
		{env.Feature{Name: "period", Unit: "periods", Doc: "periods since the episode opened"}, func(m *Market, _ int) float64 { return m.now / m.cfg.PeriodDays }},
		{env.Feature{Name: "periods_left", Unit: "periods", Doc: "periods until the horizon"}, func(m *Market, _ int) float64 { return float64(m.cfg.Horizon) - m.now/m.cfg.PeriodDays }},
		{env.Feature{Name: "day_of_week", Unit: "days", Doc: "0 is the day on which the episode opened"}, func(m *Market, _ int) float64 { return float64(int64(m.now+1e-9) % 7) }},
		{env.Feature{Name: "hour_of_day", Unit: "hours", Doc: "0 is the hour at which the episode opened"}, func(m *Market, _ int) float64 {
			return math.Floor(float64(24*(m.now-math.Floor(m.now+1e-9))) + 1e-6)
		}},
		{env.Feature{Name: "own_rung", Unit: "index", Doc: "offer that stands, as index into the ladder"}, func(m *Market, i int) float64 { return float64(m.sellers[i].offer) }},
		{env.Feature{Name: "last_price", Unit: "$", Doc: "price posted, mean of the seller's products; with levels, the level"}, func(m *Market, i int) float64 {
			return m.sellers[i].cfg.Offers[m.sellers[i].offer].Price
		}},
		{env.Feature{Name: "promotion_on", Unit: "0 or 1", Doc: "whether the offer that stands has a promotion"}, func(m *Market, i int) float64 {
			return one(m.sellers[i].cfg.Offers[m.sellers[i].offer].Promotion != "")
		}},
		{env.Feature{Name: "reference_price", Unit: "$", Doc: "what shoppers remember as the price, mean of the seller's products"}, own(func(_ *product, tag *posted) float64 { return tag.reference })},
		{env.Feature{Name: "unit_cost", Unit: "$", Doc: "cost of a unit, mean of the seller's products"}, own(func(p *product, _ *posted) float64 { return float64(p.cost) / minor })},
		{env.Feature{Name: "stock", Unit: "units", Doc: "on hand, of the products that have a stock to keep; missing where none has"}, stocked(func(k *stock.Keeper, _ float64) float64 { return float64(k.OnHand()) }, false)},
		{env.Feature{Name: "on_order", Unit: "units", Doc: "ordered and not yet received; missing as above"}, stocked(func(k *stock.Keeper, _ float64) float64 { return float64(k.OnOrder()) }, false)},
		{env.Feature{Name: "oldest_days", Unit: "days", Doc: "age of the oldest units on hand, mean of the products that have a stock; missing as above"}, stocked(func(k *stock.Keeper, now float64) float64 { return k.OldestDays(now) }, true)},
		{env.Feature{Name: "sold", Unit: "units", Doc: "sold since the last review; missing in the first"}, since(func(a *accounts) int64 { return a.sold })},
		{env.Feature{Name: "lost", Unit: "units", Doc: "wanted and not there since the last review; missing in the first"}, since(func(a *accounts) int64 { return a.lost })},
		{env.Feature{Name: "orders", Unit: "orders", Doc: "order lines since the last review; missing in the first"}, since(func(a *accounts) int64 { return a.orders })},
		{env.Feature{Name: "visitors", Unit: "shoppers", Doc: "who came to the market since the last review; missing in the first"}, func(m *Market, i int) float64 {
			if s := &m.sellers[i]; s.begun {
				return float64(m.books.visits - s.visitsThen)
			}
			return math.NaN()
		}},
	}
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// mostRivals is how many of others' products a seller sees one by one.
const mostRivals = 64

// rivalSights are what a seller sees of the others' products.
func rivalSights(cfg *Config, owner []int, i int) []sight {
	var rivals []int
	for j, s := range owner {
		if s != i && cfg.Products[j].TradeIn == nil {
			rivals = append(rivals, j)
		}
	}
	if len(rivals) == 0 {
		return nil
	}
	lowest := func(m *Market) float64 {
		least := math.Inf(1)
		for _, j := range rivals {
			if !m.products[j].out {
				least = min(least, m.tag(j))
			}
		}
		return least
	}
	sights := []sight{
		{env.Feature{Name: "lowest_rival_price", Unit: "$", Doc: "lowest price of others' products that are in stock, promotions that everybody may have taken off; missing where none is"}, func(m *Market, _ int) float64 {
			if least := lowest(m); !math.IsInf(least, 1) {
				return least
			}
			return math.NaN()
		}},
		{env.Feature{Name: "lowest_rival_rung", Unit: "index", Doc: "own offer whose price is nearest to lowest_rival_price"}, func(m *Market, i int) float64 {
			least, best := lowest(m), 0
			if math.IsInf(least, 1) {
				return math.NaN()
			}
			offers := m.sellers[i].cfg.Offers
			for a := range offers {
				if math.Abs(m.priceOf(i, a)-least) < math.Abs(m.priceOf(i, best)-least) {
					best = a
				}
			}
			return float64(best)
		}},
	}
	if len(rivals) > mostRivals {
		return sights
	}
	for _, j := range rivals {
		name := cfg.Products[j].Name
		sights = append(sights,
			sight{env.Feature{Name: "price:" + name, Unit: "$", Doc: "price of " + name + ", promotions that everybody may have taken off"}, func(m *Market, _ int) float64 { return m.tag(j) }},
			sight{env.Feature{Name: "deal:" + name, Unit: "0 or 1", Doc: "whether price:" + name + " is 5% or more below its reference price"}, func(m *Market, _ int) float64 {
				return one(m.tag(j) <= 0.95*m.fronts[0].posted[j].reference)
			}})
	}
	return sights
}

// tag is what a product's price tag says to everybody, $: the posted price, less the promotions on units that whoever comes by may have.
// Where there are several fronts, it is that of the first.
func (m *Market) tag(j int) float64 { return m.tagAt(&m.fronts[0], j, m.now) }

func (m *Market) tagAt(f *front, j int, at float64) float64 {
	anybody := promotion.Customer{ID: -1, Persona: -1, Channel: -1}
	return float64(m.promotions.Shelf(&m.order, j, f.posted[j].price, at, anybody, f.usage)) / minor
}

// Tagged is what the price tags of a player's products say to everybody at its turn, as a share of the prices posted: 1 where no promotion takes anything off.
func (m *Market) Tagged(player int) float64 {
	tags, posted, front := 0.0, 0.0, m.frontOf(player)
	for _, j := range m.sellers[player].products {
		tags += m.tagAt(front, int(j), m.now)
		posted += float64(front.posted[j].price) / minor
	}
	if posted == 0 {
		return 1
	}
	return tags / posted
}

// hiddenSights are what no seller could know.
func hiddenSights(cfg *Config, owner []int, i int) []sight {
	sights := []sight{
		{env.Feature{Name: "hidden:mood", Unit: "factor", Doc: "factor that shocks put on how shoppers feel about prices"}, func(m *Market, _ int) float64 { return m.mood }},
		{env.Feature{Name: "hidden:expected_visitors", Unit: "shoppers", Doc: "whom the running period is expected to bring"}, func(m *Market, _ int) float64 { return m.arrivals.expected() }},
	}
	for j, s := range owner {
		if s != i && cfg.Products[j].Stock != nil && len(sights) < mostRivals {
			sights = append(sights, sight{env.Feature{Name: "hidden:stock:" + cfg.Products[j].Name, Unit: "units", Doc: "units of " + cfg.Products[j].Name + " on hand"},
				func(m *Market, _ int) float64 { return float64(m.products[j].keeper.OnHand()) }})
		}
	}
	return sights
}

// priceOf is what an offer of a seller asks on average, $.
func (m *Market) priceOf(i, action int) float64 {
	price := m.sellers[i].cfg.Offers[action].Price
	if !m.sellers[i].cfg.Levels {
		return price
	}
	list, wares := int64(0), m.sellers[i].wares
	for _, j := range wares {
		list += m.products[j].list
	}
	return price * float64(list) / minor / float64(len(wares))
}

// owners is who sells each product.
func owners(cfg *Config) []int {
	index, owner := map[string]int{}, make([]int, len(cfg.Products))
	for j := range cfg.Products {
		index[cfg.Products[j].Name] = j
	}
	for i := range cfg.Sellers {
		for _, name := range cfg.Sellers[i].Products {
			if j, ok := index[name]; ok {
				owner[j] = i
			}
		}
	}
	return owner
}

// sightsOf are what a seller sees, those it knows by the scenario's will last.
func sightsOf(cfg *Config, i int) ([]sight, error) {
	owner := owners(cfg)
	sights := append(ownSights(), rivalSights(cfg, owner, i)...)
	hidden := hiddenSights(cfg, owner, i)
	for _, name := range cfg.Sellers[i].Knows {
		found := false
		for _, h := range hidden {
			if found = h.Name == name; found {
				sights = append(sights, h)
				break
			}
		}
		if !found {
			return nil, field.New("sellers."+cfg.Sellers[i].Name+".knows", fmt.Sprintf("%q", name), "one of the features that souk scenario features calls hidden")
		}
	}
	return sights, nil
}

// Features lists what a seller sees, in the order of its observations. Its ranges are where values are expected.
func Features(cfg *Config, seller int) []env.Feature {
	sights, err := sightsOf(cfg, seller)
	if err != nil {
		sights, _ = sightsOf(&Config{Products: cfg.Products, Sellers: cfg.Sellers}, seller)
	}
	return ranged(cfg, seller, sights)
}

// Hidden lists what no seller could know, and a seller sees only where Seller.Knows names it.
func Hidden(cfg *Config, seller int) []env.Feature {
	return ranged(cfg, seller, hiddenSights(cfg, owners(cfg), seller))
}

// ranged are the features of sights, with the values that are to be expected.
func ranged(cfg *Config, i int, sights []sight) []env.Feature {
	features := make([]env.Feature, len(sights))
	days := cfg.Sellers[i].Review.Every
	if days == 0 {
		days = cfg.PeriodDays
	}
	visitors := float64(cfg.Traffic.Visitors * days)
	lowest, highest := cfg.prices()
	for k := range sights {
		f := &features[k]
		*f = sights[k].Feature
		f.Max = 1
		switch f.Unit {
		case "periods":
			f.Max = float64(cfg.Horizon)
		case "days":
			f.Max = 7
		case "hours":
			f.Max = 23
		case "index":
			f.Max = float64(len(cfg.Sellers[i].Offers) - 1)
		case "$":
			f.Min, f.Max = lowest, highest
			if cost, known := cfg.limitCost(i); known && f.Name == "unit_cost" {
				f.Min, f.Max = cost, cost // so that a policy with that limit tells at which cost it is meant
			}
		case "units":
			f.Max = math.Max(1, math.Ceil(visitors))
		case "orders", "shoppers":
			f.Max = math.Max(1, math.Ceil(2*visitors))
		case "factor":
			f.Max = 4
		}
	}
	return features
}

// prices are the lowest and the highest of all offers and list prices, $.
func (cfg *Config) prices() (lowest, highest float64) {
	lowest, highest = math.Inf(1), 0
	for i := range cfg.Sellers {
		s := &cfg.Sellers[i]
		for _, o := range s.Offers {
			if !s.Levels {
				lowest, highest = min(lowest, o.Price), max(highest, o.Price)
			}
		}
	}
	for j := range cfg.Products {
		if p := &cfg.Products[j]; p.TradeIn == nil {
			lowest, highest = min(lowest, p.Price, math.Max(p.Cost, 0.01)), max(highest, p.Price)
		}
	}
	return lowest, highest
}

// limitCost is the unit cost that a seller's markup is on, $, where it has one; it never changes.
func (cfg *Config) limitCost(seller int) (cost float64, known bool) {
	s := &cfg.Sellers[seller]
	if s.Times == 0 || len(s.Products) != 1 {
		return 0, false
	}
	for j := range cfg.Products {
		if cfg.Products[j].Name == s.Products[0] {
			return cfg.Products[j].Cost, true
		}
	}
	return 0, false
}

// observer fills each seller's observation.
type observer struct {
	specs  []env.Spec
	sights [][]sight
	seen   []float64
	mask   []bool
}

func newObserver(m *Market) (observer, error) {
	var o observer
	offers := 0
	for i := range m.cfg.Sellers {
		cfg := &m.cfg.Sellers[i]
		sights, err := sightsOf(m.cfg, i)
		if err != nil {
			return o, err
		}
		spec := env.Spec{Features: ranged(m.cfg, i, sights)}
		for a := range cfg.Offers {
			spec.Offers = append(spec.Offers, cfg.Called(a))
		}
		if cfg.Drop > 0 || cfg.Rise > 0 {
			spec.Limits = append(spec.Limits, env.Limit{Feature: "reference_price", Index: spec.Feature("reference_price"), Drop: cfg.Drop, Rise: cfg.Rise})
		}
		if cfg.Change > 0 {
			spec.Limits = append(spec.Limits, env.Limit{Feature: "last_price", Index: spec.Feature("last_price"), Drop: cfg.Change, Rise: cfg.Change})
		}
		if cfg.Floor > 0 || cfg.Ceiling > 0 {
			spec.Limits = append(spec.Limits, env.Limit{Floor: cfg.Floor, Ceiling: cfg.Ceiling})
		}
		if cfg.Times > 0 {
			spec.Limits = append(spec.Limits, env.Limit{Feature: "unit_cost", Index: spec.Feature("unit_cost"), Times: cfg.Times})
		}
		o.specs, o.sights = append(o.specs, spec), append(o.sights, sights)
		o.seen = append(o.seen, make([]float64, max(0, len(sights)-len(o.seen)))...)
		offers = max(offers, len(spec.Offers))
	}
	o.mask = make([]bool, offers)
	return o, nil
}

// see fills a player's observation and mask; both are borrowed until the next call.
func (o *observer) see(m *Market, i int) ([]float64, []bool) {
	of := m.sellers[i].of
	seen := o.seen[:len(o.sights[of])]
	for k := range seen {
		seen[k] = o.sights[of][k].see(m, i)
	}
	mask := o.mask[:len(o.specs[of].Offers)]
	o.specs[of].Allow(seen, mask)
	return seen, mask
}
