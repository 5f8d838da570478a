package workflow

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
)

// ledger is the window of a log that the refit goes by: what was asked, who came, and what they took.
type ledger struct {
	log      *decisionlog.Log // its decisions are the window's, by unit and step
	products []string         // of the market, offers to buy apart
	told     []bool           // by product: whether outcomes tell how many took it
	entries  []entry          // of decisions whose outcome tells who came, in the order of time
	unit     float64          // periods, one of the log's time
	crowds   bool             // a decision is for all who come to its unit, and not for one customer
	notes    []string         // what the log does not tell
}

// entry is a decision and what came of it.
type entry struct {
	at          *decisionlog.Decision
	from, until float64   // periods
	prices      []float64 // by product
	reference   float64   // what shoppers remember as the own price; NaN: it is not told
	units       []float64 // by product; NaN: not told
	visitors    float64
	astray      bool // the outcome tells of a product that the market does not have
	short       bool // something was wanted meanwhile and not there, so that what was taken does not tell what was wanted
}

// books reads the decisions of a log's newest window, in periods (0: all), for a market. unit is how many periods one of the log's time is.
func (b *bazaar) books(log *decisionlog.Log, window, unit float64) (*ledger, error) {
	own := &b.cfg.Sellers[b.player]
	l := &ledger{unit: unit}
	strays, stray := 0, ""    // outcomes that tell of what the market does not have, and a product of theirs
	uncounted, unseen := 0, 0 // outcomes that do not tell how many came to a price for all, or that nobody came and yet something was sold
	place := map[string]int{}
	for j := range b.cfg.Products {
		if p := &b.cfg.Products[j]; p.TradeIn == nil {
			place[p.Name] = len(l.products)
			l.products = append(l.products, p.Name)
		}
	}
	newest := math.Inf(-1)
	for i := range log.Decisions {
		newest = max(newest, log.Decisions[i].Time*unit)
	}
	part := *log
	part.Decisions = slices.Clone(log.Decisions)
	if window > 0 {
		part.Decisions = slices.DeleteFunc(part.Decisions, func(d decisionlog.Decision) bool { return d.Time*unit <= newest-window })
	}
	byProduct(&part)
	l.log, l.told = &part, make([]bool, len(l.products))
	see := newSeeing(b.cfg, log, l.products)
	for i := range part.Decisions {
		d := &part.Decisions[i]
		switch {
		case math.IsNaN(d.Visitors):
			continue
		case !d.Single && !d.Counted:
			uncounted++
			continue
		case d.Visitors == 0 && slices.ContainsFunc(log.Sales(d), func(s decisionlog.Sale) bool { return s.Units > 0 }):
			unseen++
			continue
		}
		if d.Action < 0 || int(d.Action) >= len(own.Offers) {
			return nil, log.Fault(d, "action", d.Action, fmt.Sprintf("one of the %d offers of %s in %s", len(own.Offers), own.Name, b.s.Name))
		}
		if on := own.Offers[d.Action].Promotion; on != "" {
			return nil, log.Fault(d, "promotion", on, "none: the loop refits what shoppers think of prices, not of promotions")
		} else if o, has := log.Offers[d.Action], own.Called(int(d.Action)); math.Abs(has.Price-o.Price) > 1e-9 || has.Promotion != o.Promotion {
			return nil, log.Fault(d, "price", offerText(o.Price, o.Promotion), fmt.Sprintf("%s, offer %d of %s in %s", offerText(has.Price, has.Promotion), d.Action, own.Name, b.s.Name))
		}
		e := entry{at: d, from: d.Time * unit, until: math.NaN(), visitors: d.Visitors, units: slices.Repeat([]float64{math.NaN()}, len(l.products))}
		next := i + 1
		if !d.Last && next < len(part.Decisions) && part.Decisions[next].Unit == d.Unit && part.Decisions[next].Time > d.Time {
			e.until = part.Decisions[next].Time * unit
			e.short = see.short(&part.Decisions[next])
		}
		e.prices, e.reference = see.prices(d, own)
		for _, sale := range log.Sales(d) {
			j, ok := place[log.Products[sale.Product]]
			if !ok { // what was taken in its place is not known, that somebody came is
				if stray = log.Products[sale.Product]; !e.astray {
					strays, e.astray = strays+1, true
				}
				continue
			}
			if !math.IsNaN(sale.Units) {
				e.units[j], l.told[j] = sale.Units, true
			}
			if !math.IsNaN(sale.Price) {
				e.prices[j] = sale.Price
			}
		}
		l.crowds = l.crowds || !d.Single
		l.entries = append(l.entries, e)
	}
	l.notes = see.notes
	if uncounted > 0 {
		l.notes = append(l.notes, fmt.Sprintf("%s left out, of prices that stood for all who came, because visitors are not told", plural(uncounted, "outcome")))
	}
	if unseen > 0 {
		l.notes = append(l.notes, fmt.Sprintf("%s left out, because units were sold and visitors are 0", plural(unseen, "outcome")))
	}
	if strays > 0 {
		l.notes = append(l.notes, fmt.Sprintf("%s of products that %s does not have, as %q: what they took does not count", plural(strays, "outcome"), b.s.Name, stray))
	}
	return l, l.settle(b)
}

// byProduct has the decisions of a product follow each other where every one of them is a unit of its own and for no one customer: a price that is posted stands until the
// next one of its product. Decisions at one time are of different shelves, and left as they are.
func byProduct(log *decisionlog.Log) {
	type moment struct {
		product int32
		at      float64
	}
	units, moments := map[int32]bool{}, map[moment]bool{}
	for i := range log.Decisions {
		d := &log.Decisions[i]
		if at := (moment{d.Product, d.Time}); d.Single || units[d.Unit] || moments[at] {
			return
		} else {
			units[d.Unit], moments[at] = true, true
		}
	}
	slices.SortStableFunc(log.Decisions, func(a, b decisionlog.Decision) int {
		return cmp.Or(cmp.Compare(a.Product, b.Product), cmp.Compare(a.Time, b.Time))
	})
	names, step := []string{}, int64(0)
	for i := range log.Decisions {
		d := &log.Decisions[i]
		if i == 0 || d.Product != log.Decisions[i-1].Product {
			name := ""
			if d.Product >= 0 {
				name = log.Products[d.Product]
			}
			names, step = append(names, name), 0
		}
		d.Unit, d.Step, step = int32(len(names)-1), step, step+1
	}
	log.Units = names
}

// settle ends decisions that no other follows, and puts all in the order of time.
func (l *ledger) settle(b *bazaar) error {
	if len(l.entries) == 0 {
		return field.New("--log", strings.Join(append([]string{fmt.Sprintf("%d decisions without an outcome that tells who came", len(l.log.Decisions))}, l.notes...), "; "), "outcomes that tell visitors and units: a shop reports them to souk serve by POST /v1/outcomes or appends their lines "+
			"to the log (docs/formats/decisions.md); souk simulate --decisions FILE.jsonl writes them where the market is open")
	}
	if !slices.Contains(l.told, true) {
		return field.New("--log", strings.Join(append([]string{"outcomes that do not tell what was sold"}, l.notes...), "; "), "units by the names of products: "+b.cfg.Sellers[b.player].Products[0]+" and so on")
	}
	var gaps []float64
	for i := range l.entries {
		if e := &l.entries[i]; e.until > e.from {
			gaps = append(gaps, e.until-e.from)
		}
	}
	usual := 1.0
	if len(gaps) > 0 {
		usual = stats.Median(gaps)
	}
	for i := range l.entries {
		if e := &l.entries[i]; math.IsNaN(e.until) {
			e.until = e.from + usual
		}
	}
	slices.SortStableFunc(l.entries, func(a, b entry) int { return cmp.Compare(a.from, b.from) })
	return nil
}

// seeing reads what decisions saw.
type seeing struct {
	log      *decisionlog.Log
	products []string
	list     []float64 // their list prices
	features []int     // price of each product, then reference price and lost units; −1: the log has none
	seen     []float64
	notes    []string
}

func newSeeing(cfg *market.Config, log *decisionlog.Log, products []string) *seeing {
	s := &seeing{log: log, products: products, list: listPrices(cfg, products)}
	for _, name := range products {
		feature := log.Feature("price:" + name)
		if s.features = append(s.features, feature); feature < 0 && !slices.Contains(cfg.Sellers[cfg.Focal].Products, name) {
			s.notes = append(s.notes, fmt.Sprintf("what %s cost is not in the log: its list price is taken where no outcome tells it", name))
		}
	}
	s.features = append(s.features, log.Feature("reference_price"), log.Feature("lost"))
	s.seen = make([]float64, len(s.features))
	return s
}

// short tells whether something was wanted before a decision and not there.
func (s *seeing) short(next *decisionlog.Decision) bool {
	s.log.Observe(next, s.features, s.seen)
	return s.seen[len(s.seen)-1] > 0
}

// prices are those of all products while a decision stands, and the reference price.
func (s *seeing) prices(d *decisionlog.Decision, own *market.Seller) (prices []float64, reference float64) {
	s.log.Observe(d, s.features, s.seen)
	only := ""
	if d.Product >= 0 {
		only = s.log.Products[d.Product]
	}
	prices = s.posted(own, int(d.Action), only)
	for j, name := range s.products {
		if !math.IsNaN(s.seen[j]) && !slices.Contains(own.Products, name) {
			prices[j] = s.seen[j]
		}
	}
	return prices, s.seen[len(s.list)]
}

// posted are the prices of all products under an offer of a seller's, or where only one of its products is named of that: the others' are their list prices.
func (s *seeing) posted(own *market.Seller, action int, only string) []float64 {
	prices, offer := slices.Clone(s.list), &own.Offers[action]
	for i, name := range own.Products {
		j := slices.Index(s.products, name)
		if j < 0 || only != "" && only != name {
			continue
		}
		switch {
		case own.Levels:
			prices[j] = offer.Price * s.list[j]
		case len(offer.Prices) > i:
			prices[j] = offer.Prices[i]
		default:
			prices[j] = offer.Price
		}
	}
	return prices
}

// listPrices are those of products by name.
func listPrices(cfg *market.Config, products []string) (list []float64) {
	for j := range cfg.Products {
		if slices.Contains(products, cfg.Products[j].Name) {
			list = append(list, cfg.Products[j].Price)
		}
	}
	return list
}

// The attributes that shoppers may go by.
const (
	attributePrice = "price"
	attributeGain  = "gain" // $ below what they remember
	attributeLoss  = "loss" // $ above it
)

// tallies are the choices of the window, an offer for each decision; where decisions are for one customer, one for each period and set of prices. at is when it was
// made.
func (l *ledger) tallies(b *bazaar, attributes []string, held []float64) (t *choice.Tallies, at []float64) {
	units := b.unitsBought()
	t = &choice.Tallies{Alternatives: l.products, Attributes: attributes, Held: held}
	rows := map[string]int{}
	for i := range l.entries {
		e := &l.entries[i]
		if e.short || e.astray || e.visitors == 0 {
			continue
		}
		x, row, key := l.regressors(b, e, attributes), len(at), ""
		if !l.crowds {
			key = fmt.Sprint(math.Floor(e.from), x)
			if was, ok := rows[key]; ok {
				row = was
			}
		}
		if row == len(at) {
			rows[key] = row
			t.X, at = append(t.X, x...), append(at, e.from)
			t.Taken, t.Faced = append(t.Taken, make([]float64, len(l.products))...), append(t.Faced, 0)
		}
		took := 0.0
		for j, n := range e.units {
			if l.told[j] && n > 0 {
				t.Taken[row*len(l.products)+j] += n / units
				took += n / units
			}
		}
		t.Faced[row] += max(e.visitors, took) // a visit may take several things
	}
	return t, at
}

// regressors are the attributes of all products while an entry stood.
func (l *ledger) regressors(b *bazaar, e *entry, attributes []string) []float64 {
	own := b.cfg.Sellers[b.player].Products
	x := make([]float64, 0, len(l.products)*len(attributes))
	for j, name := range l.products {
		for _, a := range attributes {
			v, remembered := 0.0, slices.Contains(own, name) && !math.IsNaN(e.reference)
			switch {
			case a == attributePrice:
				v = e.prices[j]
			case a == attributeGain && remembered:
				v = max(0, e.reference-e.prices[j])
			case a == attributeLoss && remembered:
				v = max(0, e.prices[j]-e.reference)
			}
			x = append(x, v)
		}
	}
	return x
}

// arrivals are the visitors a period of one unit, or where decisions are for one customer of all, from the first period on; NaN where nobody decided. They are the
// means of so many units.
func (l *ledger) arrivals() (came []float64, units float64) {
	if !l.crowds {
		return l.customers(), 1
	}
	first, last := math.Floor(l.entries[0].from), math.Inf(-1)
	for i := range l.entries {
		last = max(last, l.entries[i].until)
	}
	n := int(math.Ceil(last-first)) + 1
	covered := make([]float64, n)
	came = make([]float64, n)
	for i := range l.entries {
		e := &l.entries[i]
		from, until := e.from-first, e.until-first
		for p := int(from); p < n && float64(p) < until; p++ {
			within := min(until, float64(p+1)) - max(from, float64(p))
			covered[p] += within
			came[p] += float64(e.visitors * within / (until - from))
		}
	}
	for p := range came {
		units += covered[p] / (last - first)
		if came[p] /= covered[p]; covered[p] < 0.5 {
			came[p] = math.NaN()
		}
	}
	for n > 0 && math.IsNaN(came[n-1]) {
		n--
	}
	return came[:n], units
}

// customers are how many came a period where every decision is for one of them, from the first period on. A log begins and ends with a customer, in the midst of a
// period: the last one does not count, and the first is NaN unless the log begins with it.
func (l *ledger) customers() []float64 {
	from := l.entries[0].from
	first := math.Floor(from)
	came := make([]float64, int(l.entries[len(l.entries)-1].from-first))
	for i := range l.entries {
		if p := int(l.entries[i].from - first); p < len(came) {
			came[p] += l.entries[i].visitors
		}
	}
	if len(came) > 0 && from > first {
		came[0] = math.NaN()
	}
	return came
}

// spread is the variance between decisions of how many come a period, beyond what chance explains, relative to the square of the mean; 0 where it cannot be told.
func (l *ledger) spread() float64 {
	var came []float64
	chance := 0.0
	for i := range l.entries {
		if e := &l.entries[i]; l.crowds && e.until > e.from {
			came, chance = append(came, e.visitors/(e.until-e.from)), chance+1/(e.until-e.from)
		}
	}
	if len(came) < 10 {
		return 0
	}
	mean := stats.Mean(came)
	return max(0, (stats.Variance(came)-mean*chance/float64(len(came)))/(mean*mean))
}
