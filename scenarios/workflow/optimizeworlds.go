package workflow

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/market/category"
	"github.com/souk-sim/souk/market/monopoly"
	"github.com/souk-sim/souk/market/optimum"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// prospects are what a world tells of the planning of a calendar.
type prospects struct {
	calendar optimum.Calendar
	spec     *env.Spec
	opens    int       // offer that stands before the first period; −1: none
	clock    string    // feature that tells the time, in periods of the market
	span     float64   // of those, how many one of the calendar is: the time between reviews
	regular  []float64 // of products, the prices from which promotions count
	own      bool      // they are the calendar's own, not the opening offer's
	depth    float64   // below them, as a share, from which a price is a promotion
	price    func(offer, product int) float64
	products []string
	shoppers []float64   // [period]; nil: not told
	units    [][]float64 // [product] each like calendar.Reward
	given    []float64   // $, likewise
	limits   []PlanLimit // as far as they are known before the plan
	fixed    float64     // what an episode costs whatever is offered, $

	state     string  // feature of the calendar's state; empty: none
	low, step float64 // its value at point i is low + step·i
	stock     int     // the limit that feature "stock" tells what is left of; −1: none
	initial   float64

	caveats []string
	omits   []string // in short, of what is under caveats that by which the market may bring more or less than the plan expects
}

// omit says what the plan leaves out.
func (p *prospects) omit(what, caveat string) {
	p.omits, p.caveats = append(p.omits, what), append(p.caveats, caveat)
}

// planner is a world for which calendars can be planned.
type planner interface {
	prospects(ctx context.Context, o *scenarios.Optimize) (*prospects, error)
}

// lay makes room for tables of so many points.
func (p *prospects) lay(periods, points int, o *scenarios.Optimize) {
	c := &p.calendar
	c.Periods, c.Offers, c.Points, c.Promotions, c.Apart = periods, len(p.spec.Offers), points, -1, o.Apart
	if o.Promotions != nil {
		c.Promotions = *o.Promotions
	}
	size := periods * points * c.Offers
	c.Reward, p.given, p.units = make([]float64, size), make([]float64, size), make([][]float64, len(p.products))
	for k := range p.units {
		p.units[k] = make([]float64, size)
	}
	c.Promoted = make([]bool, c.Offers)
	p.stock = -1
}

// limit adds the limits that the scenario and the world set; initial are the units of products that are never ordered again, 0 of others.
func (p *prospects) limit(s *scenarios.Scenario, o *scenarios.Optimize, initial []float64) error {
	if o.Budget != nil {
		p.limits = append(p.limits, PlanLimit{Name: "budget", Unit: "$", Limit: *o.Budget})
		p.calendar.Use, p.calendar.Limit = append(p.calendar.Use, p.given), append(p.calendar.Limit, *o.Budget)
	}
	for _, name := range sortedNames(o.Stock) {
		if !slices.Contains(p.products, name) {
			return s.Fault(strconv.Quote(name), "a product of the seller", "optimize", "stock", name)
		}
	}
	kept := 0
	for k, name := range p.products {
		units, said := o.Stock[name]
		if initial[k] > 0 {
			kept++
			p.stock, p.initial = len(p.limits), initial[k]
			if kept == 1 {
				p.omit("chance, by which a stock runs out too soon", "The plan sells what is expected to be asked for; where chance brings more the stock runs out, and where it brings less some is left.")
			}
			if !said {
				units, said = initial[k], true
				if least := p.least(p.units[k]); least > units {
					p.caveats = append(p.caveats, fmt.Sprintf("Even the offers that sell least are expected to sell more than there is of %s; the plan takes %.4g units to be there.", name, least))
					units = least
				}
			}
		}
		if said {
			p.limits = append(p.limits, PlanLimit{Name: name, Unit: "units", Limit: units, held: initial[k] > 0 && o.Stock[name] == 0})
			p.calendar.Use, p.calendar.Limit = append(p.calendar.Use, p.units[k]), append(p.calendar.Limit, units)
		}
	}
	if kept != 1 || p.spec.Feature("stock") < 0 || p.state != "" || len(o.Stock) > 0 {
		p.stock = -1
	}
	return nil
}

// least is what a calendar without promotions uses at least of something, wherever its state is.
func (p *prospects) least(use []float64) (sum float64) {
	c := &p.calendar
	for t := range c.Periods {
		most := 0.0
		for point := range c.Points {
			here := math.Inf(1)
			for o, u := range use[(t*c.Points+point)*c.Offers:][:c.Offers] {
				if !c.Promoted[o] && (c.Forbidden == nil || !c.Forbidden(float64(point), o)) {
					here = min(here, u)
				}
			}
			if !math.IsInf(here, 1) {
				most = max(most, here)
			}
		}
		sum += most
	}
	return float64(sum * (1 + 1e-9))
}

// follow gives a calendar without another state the offer that stood last, where it matters: a new price costs, or must not be too far from it.
func (p *prospects) follow(change float64) {
	tied := change > 0 || slices.ContainsFunc(p.spec.Limits, func(l env.Limit) bool { return l.Feature == "last_price" })
	if !tied {
		return
	}
	c := &p.calendar
	if c.Points > 1 || c.Offers > mostTied {
		if change > 0 {
			p.omit("what a new price costs", "The plan leaves out what a new price costs.")
		}
		return
	}
	n := c.Offers // and one more, before the first
	widen := func(table []float64, cost float64) (all []float64) {
		for t := range c.Periods {
			for last := range n + 1 {
				for o := range n {
					x := table[t*n+o]
					if last != o && last < n {
						x -= cost
					}
					all = append(all, x)
				}
			}
		}
		return all
	}
	c.Reward, p.given = widen(c.Reward, change), widen(p.given, 0)
	for k := range p.units {
		p.units[k] = widen(p.units[k], 0)
	}
	c.Points, c.Start = n+1, float64(n)
	if p.opens >= 0 {
		c.Start = float64(p.opens)
	}
	c.Next = func(_ float64, o int) float64 { return float64(o) }
	c.Forbidden = p.forbids(func(state float64, seen []float64) {
		if i := p.spec.Feature("last_price"); int(state) < n {
			seen[i] = p.spec.Offers[int(state)].Price
		}
	})
}

// mostTied is how many offers may be tied to the one before.
const mostTied = 100

// forbids tells by the limits of the spec what may not be offered in a state, of which tell fills in the features that it tells.
func (p *prospects) forbids(tell func(state float64, seen []float64)) func(float64, int) bool {
	if len(p.spec.Limits) == 0 {
		return nil
	}
	return func(state float64, o int) bool {
		var bits [64]bool
		seen := make([]float64, len(p.spec.Features))
		for i := range seen {
			seen[i] = math.NaN()
		}
		tell(state, seen)
		return !policies.Mask(p.spec, seen, bits[:])[o]
	}
}

// remembering gives a calendar the reference price for a state, from low to high.
func (p *prospects) remembering(memory, low, high, start float64, points int, priced func(offer int) float64) {
	p.state, p.low, p.step = "reference_price", low, (high-low)/float64(points-1)
	c := &p.calendar
	c.Start = (start - low) / p.step
	prices := make([]float64, c.Offers)
	for o := range prices {
		prices[o] = (priced(o) - low) / p.step
	}
	c.Next = func(state float64, o int) float64 { return float64(memory*state) + float64((1-memory)*prices[o]) }
	c.Forbidden = p.forbids(func(state float64, seen []float64) {
		seen[p.spec.Feature(p.state)] = p.low + float64(p.step*state)
	})
}

// promote marks the offers that count as promotions, by their prices of each product.
func (p *prospects) promote(depth float64, price func(offer, product int) float64) {
	p.depth, p.price = depth, price
	for a, o := range p.spec.Offers {
		p.calendar.Promoted[a] = o.Promotion != "" && price == nil
		for k, regular := range p.regular {
			p.calendar.Promoted[a] = p.calendar.Promoted[a] || p.promoted(price(a, k), regular)
		}
	}
}

// prospects of a chain's category are the means of simulated weeks, in closed form: rivals, traffic and shocks are those of paths that neither learning nor the comparison meets.
func (c *chain) prospects(ctx context.Context, o *scenarios.Optimize) (*prospects, error) {
	w := c.full.expected()
	own := &w.Config.Products[w.Config.Own]
	p := &prospects{spec: w.Spec, opens: own.Opening, clock: "week", span: 1, products: []string{own.Name}, regular: []float64{max(own.Regular, own.Reference)}}
	p.lay(w.Config.Horizon, o.Points, o)
	low, high := own.Reference, own.Reference
	for _, r := range own.Rungs {
		low, high = min(low, r.Price), max(high, r.Price)
	}
	price := func(offer int) float64 { return own.Rungs[offer].Price }
	p.remembering(w.Config.Choice.Spec.Memory, low, high, own.Reference, o.Points, price)
	p.promote(o.Depth, func(offer, _ int) float64 { return price(offer) })
	market, err := category.New(w.Config, tuneMaster(c.s))
	if err != nil {
		return nil, err
	}
	n, weeks := p.calendar.Offers, make([]float64, w.Config.Horizon)
	p.shoppers = make([]float64, w.Config.Horizon)
	each := 1 / (float64(o.Paths) * w.Config.Share)
	for episode := range uint64(o.Paths) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		path := w.unfold(market, tuneMaster(c.s), episode)
		for i := range o.Points {
			for a := range n {
				reference := p.low + float64(p.step*float64(i))
				for _, told := range []struct {
					tell  func(float64, int, []float64)
					table []float64
				}{{path.Profits, p.calendar.Reward}, {path.Sales, p.units[0]}} {
					told.tell(reference, a, weeks)
					for t, x := range weeks {
						told.table[(t*o.Points+i)*n+a] += float64(x * each)
					}
				}
			}
		}
		for t := range weeks {
			p.shoppers[t] += float64(path.Customers(t) * each)
		}
	}
	for i, units := range p.units[0] {
		p.given[i] = float64(units * max(p.regular[0]-price(i%n), 0))
	}
	p.follow(w.Config.Reward.PriceChange / w.Config.Share)
	if w.Config.Stock.CoverDays > 0 {
		p.omitStock()
	}
	return p, p.limit(c.s, o, []float64{0})
}

// prospects of an open market are the outlook of a seller whose opening offer stands, in the mean of episodes that neither learning nor the comparison meets.
func (b *bazaar) prospects(ctx context.Context, o *scenarios.Optimize) (*prospects, error) {
	w := b.full
	seller := &w.Config.Sellers[w.Learner]
	span := seller.Review.Every / w.Config.PeriodDays
	p := &prospects{spec: w.Spec, opens: seller.Opening, clock: "period", span: span, products: seller.Products}
	list, initial := make([]float64, len(p.products)), make([]float64, len(p.products))
	sum, remembers, ordered := 0.0, false, false
	for k, name := range p.products {
		j := slices.IndexFunc(w.Config.Products, func(x market.Product) bool { return x.Name == name })
		list[k] = w.Config.Products[j].Price
		sum += list[k]
		if stock := w.Config.Products[j].Stock; stock != nil && stock.Policy == "none" && stock.Initial != nil {
			initial[k] = float64(*stock.Initial)
		} else if stock != nil {
			ordered = true
		}
	}
	price := func(offer, k int) float64 {
		switch x := &seller.Offers[offer]; {
		case seller.Levels:
			return x.Price * list[k]
		case x.Prices != nil:
			return x.Prices[k]
		default:
			return x.Price
		}
	}
	for k := range p.products {
		p.regular = append(p.regular, price(seller.Opening, k))
	}
	for _, who := range w.Config.Personas {
		remembers = remembers || (who.Gain > 0 || who.Loss > 0) && w.Config.Reference.Memory < 1
	}
	outlook, points := &market.Outlook{Player: w.Learner}, 1
	if remembers && len(p.products) > 1 && !seller.Levels {
		remembers = false
		p.omit("what shoppers remember of each product", "Shoppers remember the price of each product; the plan takes them to remember those of the opening offer.")
	}
	low, high := 1.0, 1.0
	if remembers {
		if span < 1 {
			p.caveats = append(p.caveats, "Shoppers remember what is asked as a period closes; the plan takes each review to count for its share of the period.")
		}
		points = o.Points
		for a := range seller.Offers {
			low, high = min(low, price(a, 0)/list[0]), max(high, price(a, 0)/list[0])
		}
		low *= 0.5 // of what promotions take off
		for i := range points {
			outlook.References = append(outlook.References, low+(high-low)*float64(i)/float64(points-1))
		}
	}
	p.lay(int(math.Ceil(float64(w.Config.Horizon)/span-1e-9)), points, o)
	if err := b.look(ctx, w, outlook, o.Paths); err != nil {
		return nil, err
	}
	n, each := p.calendar.Offers, 1/float64(o.Paths)
	tags, shoppers := make([]float64, n), 0.0
	for t := range outlook.Reviews {
		x := &outlook.Reviews[t]
		shoppers += x.Shoppers
		p.shoppers = append(p.shoppers, x.Shoppers*each)
		for i := range x.Reward {
			to := t*points*n + i
			p.calendar.Reward[to], p.given[to] = x.Reward[i]*each, x.Given[i]*each
			for k := range p.products {
				p.units[k][to] = x.Units[i*len(p.products)+k] * each
			}
		}
		for a := range tags {
			tags[a] += x.Tags[a]
		}
	}
	if remembers {
		mean := sum / float64(len(p.products))
		p.remembering(math.Pow(w.Config.Reference.Memory, span), low*mean, high*mean, mean, points, func(offer int) float64 { return tags[offer] / shoppers * mean })
	}
	p.promote(o.Depth, price)
	for a, x := range p.spec.Offers {
		p.calendar.Promoted[a] = p.calendar.Promoted[a] || seller.Offers[a].Promotion != "" && x.Promotion != ""
	}
	p.fixed = outlook.Fixed
	p.follow(seller.Reward.PriceChange)
	if ordered {
		p.omitStock()
	}
	p.omitShoppers(w)
	return p, p.limit(b.s, o, initial)
}

// omitStock says what no plan sees of a stock that is ordered again.
func (p *prospects) omitStock() {
	p.omit("stock that may run out and costs money to keep", "The plan leaves out what keeping a stock costs, and that it may run out.")
}

// omitShoppers says what an outlook does not see of a market.
func (p *prospects) omitShoppers(w *shop) {
	if len(w.Config.Sellers) > 1 {
		p.omit("rivals who answer", "The other sellers' offers are those that they make while the opening offer stands: the plan does not know how they would answer its own.")
	}
	if w.Config.Loyalty.Model != nil {
		p.omit("customers who come back", "The plan counts who comes for the first time; customers who come back are not in its expectations.")
	}
	if w.Config.Visit.Basket > 0 || w.Config.Visit.CrossSell != nil {
		p.omit("what else goes into the basket", "The plan counts the first product that a shopper takes, and not what else goes into the basket.")
	}
}

// look plays episodes in which the opening offer stands and fills an outlook.
func (b *bazaar) look(ctx context.Context, w *shop, outlook *market.Outlook, paths int) error {
	m, err := market.New(w.Config, tuneMaster(b.s))
	if err != nil {
		return fault(b.s, err)
	}
	m.Until(ctx.Done())
	m.Look(outlook)
	stands := &w.Config.Sellers[w.Learner].Offers[w.Config.Sellers[w.Learner].Opening]
	turns := make([]uint64, m.Players())
	for episode := range uint64(paths) {
		brain := rng.New(tuneMaster(b.s), episode).Family("brain")
		clear(turns)
		m.Reset(episode)
		for step := new(env.TimeStep); m.Next(step); {
			if step.Stage == env.Last {
				continue
			}
			who := step.Player
			if who == w.Learner {
				m.Act(policies.Nearest(w.Spec, step.Mask, stands.Price, stands.Promotion))
			} else {
				u := brain.At(uint64(who), turns[who])
				m.Act(w.Others[who].Decide(step.Observation, u.Float64()).Action)
			}
			turns[who]++
		}
		if err := m.Err(); err != nil {
			return fault(b.s, err)
		}
	}
	return ctx.Err()
}

// prospects of a pricing problem are exact expectations.
func (g *problemGround) prospects(_ context.Context, o *scenarios.Optimize) (*prospects, error) {
	cfg, process := g.process.Config(), g.process
	spec := process.Spec()
	prices := spec.Offers
	p := &prospects{spec: spec, opens: -1, clock: "period", span: 1, products: []string{"product"}, regular: []float64{prices[len(prices)-1].Price}}
	points := 1
	if cfg.Reference != nil {
		points = cfg.Reference.Points
	}
	p.lay(process.Periods(), points, o)
	low, high := prices[0].Price, p.regular[0]
	price := func(offer int) float64 { return prices[offer].Price }
	if points > 1 {
		start := high
		if cfg.Reference.Start != nil {
			start = *cfg.Reference.Start
		}
		p.remembering(cfg.Reference.Memory, low, high, start, points, price)
	}
	p.promote(o.Depth, func(offer, _ int) float64 { return price(offer) })
	law := make([]float64, process.Rivals())
	law[0] = 1
	for t := range process.Periods() {
		held := cfg.Holding * float64(process.Periods()-t) // what a unit sold now would have cost to keep
		for i := range points {
			for a, offer := range prices {
				to, units := (t*points+i)*len(prices)+a, 0.0
				for k, chance := range law {
					units += float64(chance * process.Mean(t, monopoly.State{Reference: i, Rival: k}, a))
				}
				p.units[0][to] = units
				p.given[to] = float64(units * (p.regular[0] - offer.Price))
				p.calendar.Reward[to] = float64(units * (offer.Price - cfg.Cost - cfg.Salvage + held))
			}
		}
		law = optimum.RivalNext(process, law)
	}
	if cfg.Stock > 0 {
		p.fixed = float64(cfg.Stock) * (float64(cfg.Holding*float64(process.Periods())) - cfg.Salvage)
	}
	p.follow(cfg.PriceChange)
	return p, p.limit(g.scenario, o, []float64{float64(cfg.Stock)})
}

func sortedNames(m map[string]float64) (all []string) {
	for name := range m {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}
