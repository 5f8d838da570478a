package scenarios

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/market/stock"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// market checks what an open market has: first what a scenario says and market.Config does not, then the configuration that it makes.
func (d *document) market(s *Scenario) {
	d.names("channels", len(s.Channels), func(i int) string { return s.Channels[i].Name })
	d.names("personas", len(s.Personas), func(i int) string { return s.Personas[i].Name })
	d.names("promotion", len(s.Promotion), func(i int) string { return s.Promotion[i].Name })
	if n := s.Promotions.Decimals; n != 4 {
		d.bad(path("promotions").then("money_decimals"), strconv.Itoa(n), "4, in which the market counts")
	}
	d.products(s)
	for i := range s.Personas {
		for _, name := range sortedKeys(s.Personas[i].Appeals) {
			if !s.sells(name) {
				d.bad(path("personas").then(strconv.Itoa(i)).then("appeal").then(name), "no such product", Suggest(name, s.names()))
			}
		}
	}
	for i := range s.Promotion {
		for k, name := range s.Promotion[i].Products {
			if !s.sells(name) {
				d.bad(path("promotion").then(strconv.Itoa(i)).then("products").then(strconv.Itoa(k)), show(name), "a product: "+Suggest(name, s.names()))
			}
		}
	}
	d.traffic(&s.Traffic)
	d.visit(&s.Visit)
	d.loyalty(s)
	d.sellers(s, s.names())
	d.players(s)
	if len(d.errs) > 0 {
		return
	}
	cfg := s.MarketConfig()
	if err := cfg.Check(); err != nil {
		d.located(err)
		return
	}
	d.brains(s, cfg)
	for i, seller := range s.Players() {
		if len(d.errs) == 0 && seller.State != nil {
			d.state(s, seller, market.Features(cfg, i), market.Hidden(cfg, i))
		}
	}
}

// brains checks what sellers know, and their rules against what they see.
func (d *document) brains(s *Scenario, cfg *market.Config) {
	all := s.Players()
	for i, seller := range all {
		if i > 0 && all[i-1] == seller {
			continue // a copy
		}
		p := path("sellers").then(strconv.Itoa(slices.IndexFunc(s.Sellers, func(o Seller) bool { return o.Name == seller.Name })))
		var hidden []string
		for _, f := range market.Hidden(cfg, i) {
			hidden = append(hidden, f.Name)
		}
		for k, name := range seller.Knows {
			if at := p.then("knows").then(strconv.Itoa(k)); !slices.Contains(hidden, name) {
				d.bad(at, show(name), "something that no seller could know: "+Suggest(name, hidden))
			} else if slices.Contains(seller.Knows[:k], name) {
				d.bad(at, show(name)+" again", "each name once")
			}
		}
		if len(d.errs) > 0 {
			return
		}
		if seller.Rule != nil {
			d.rule(p.then("brain"), seller.Rule, cfg, i)
		}
		if !seller.Learns() {
			continue
		}
		for k := range s.Evaluate.Rules {
			d.rule(path("evaluate").then("rules").then(strconv.Itoa(k)), &s.Evaluate.Rules[k].Rule, cfg, i)
		}
	}
}

// rule holds a rule against what its seller sees and offers.
func (d *document) rule(p path, r *Rule, cfg *market.Config, seller int) {
	spec := &env.Spec{Features: market.Features(cfg, seller)}
	for a := range cfg.Sellers[seller].Offers {
		spec.Offers = append(spec.Offers, cfg.Sellers[seller].Called(a))
	}
	if _, err := r.Params.Policy(spec); err != nil || !cfg.Sellers[seller].Levels {
		d.wrong(p, err)
		return
	}
	spec.Features = slices.DeleteFunc(spec.Features, func(f env.Feature) bool { return f.Unit == "$" })
	if _, err := r.Params.Policy(spec); err != nil {
		d.bad(p.then("rule"), show(r.Kind)+" beside levels", "offers that are prices, for it goes by prices in $")
	}
}

// names checks names of the elements of an array, each its own.
func (d *document) names(array path, n int, name func(int) string) {
	seen := map[string]bool{}
	for i := range n {
		at := array.then(strconv.Itoa(i)).then("name")
		d.name(at, name(i))
		d.once(at, seen, name(i))
	}
}

// mostCopies is how many products or sellers a scenario may come to.
const mostCopies = 100_000

func (d *document) products(s *Scenario) {
	seen, n := map[string]bool{}, 0
	for i := range s.Products {
		p := &s.Products[i]
		at := path("products").then(strconv.Itoa(i))
		d.name(at.then("name"), p.Name)
		if n += max(p.Copies, 1); n > mostCopies {
			d.bad(at.then("copies"), fmt.Sprintf("%d products by then", n), fmt.Sprintf("at most %d", mostCopies))
			return
		}
		d.once(at.then("name"), seen, p.Name)
		for k := range p.Copies {
			d.once(at.then("name"), seen, p.copyName(k))
		}
		for key, spread := range map[string]float64{"appeal_spread": p.AppealSpread, "price_spread": p.PriceSpread, "cost_spread": p.CostSpread} {
			if spread != 0 && p.Copies == 0 {
				d.bad(at.then(key), number64(spread)+" without copies", "copies, among which it spreads")
			}
		}
		if p.Stock != nil {
			_, err := stock.New(*p.Stock, 0)
			d.wrong(at.then("stock"), err)
		}
	}
}

// traffic holds that the number of shoppers is given once.
func (d *document) traffic(t *Traffic) {
	p := path("traffic")
	m := t.Demand
	if m == nil {
		if t.Visitors == 0 {
			d.bad(p.then("visitors"), nothing, "shoppers a day, or a model of them, [traffic.demand]")
		}
		return
	}
	for _, both := range []struct {
		key   string
		given bool
	}{{"visitors", t.Visitors != 0}, {"weekdays", t.Weekdays != nil}, {"growth", t.Growth != 0}, {"season", t.Season.Amplitude != 0}} {
		if both.given {
			d.bad(p.then(both.key), "it beside a model of demand", "one or the other: the model has it")
		}
	}
	var names []string
	for _, k := range demand.Kinds() {
		names = append(names, k.Name)
	}
	if !slices.Contains(names, m.Model) {
		d.bad(p.then("demand").then("model"), show(m.Model), Suggest(m.Model, names))
	}
	if m.Series != "" && len(m.ID) == 0 {
		d.bad(p.then("demand").then("series"), show(m.Series)+" without columns that tell series apart", "id beside it")
	}
}

// visit complains of what only visits of another kind have, where it is not as it is by default.
func (d *document) visit(v *market.Visit) {
	var usual market.Visit
	(&document{}).table("", map[string]any{}, reflect.ValueOf(&usual).Elem())
	given, by := reflect.ValueOf(*v), reflect.ValueOf(usual)
	for _, f := range fields(given.Type(), d.world) {
		kind := f.Tag.Get("kind")
		if kind != "" && kind != v.Kind && !reflect.DeepEqual(given.FieldByIndex(f.Index).Interface(), by.FieldByIndex(f.Index).Interface()) {
			d.bad(path("visit").then(key(f)), "it in a visit of kind "+v.Kind, "kind = "+strconv.Quote(kind)+", or the key left out")
		}
	}
}

// loyalty checks that a model is meant that says when customers come back.
func (d *document) loyalty(s *Scenario) {
	var names []string
	for i := range s.Shoppers.Loyalty {
		if m := &s.Shoppers.Loyalty[i]; m.comesBack() {
			names = append(names, m.Name)
		}
	}
	switch wanted := s.Loyalty.Model; {
	case wanted != "" && !slices.Contains(names, wanted):
		d.bad(path("loyalty").then("model"), show(wanted), "a model of [shoppers.loyalty] that says when customers come back: "+Suggest(wanted, names))
	case wanted == "" && len(names) > 1:
		d.bad(path("loyalty").then("model"), nothing, "one of "+strings.Join(names, ", "))
	}
}

// trader checks a seller of the open market.
func (d *document) trader(p path, s *Scenario, seller *Seller) {
	if seller.Review.Every == (Span{}) && seller.Review.StockBelow == 0 && !seller.Review.RivalMoved {
		d.bad(p.then("review").then("every"), nothing, "a time between reviews, or stock_below or rival_moved")
	}
	if len(seller.Ladder.Offers) == 0 {
		return
	}
	d.rewards(p, seller)
	seller.Ladder.Offers = slices.DeleteFunc(slices.Clone(seller.Ladder.Offers), func(o market.Offer) bool {
		return !seller.Limit.allows(o.Price) || slices.ContainsFunc(o.Prices, func(price float64) bool { return !seller.Limit.allows(price) })
	})
	if len(seller.Ladder.Offers) == 0 {
		d.bad(p.then("limit"), "a floor and a ceiling without an offer between them", "at least one")
		return
	}
	offers, at := seller.Ladder.Offers, p.then("offers")
	for i := range offers {
		name := offers[i].Promotion
		if name != "" && !slices.ContainsFunc(s.Promotion, func(o Promotion) bool { return o.Name == name }) {
			var names []string
			for j := range s.Promotion {
				names = append(names, s.Promotion[j].Name)
			}
			d.bad(at, show(name), "a promotion: "+Suggest(name, names))
			return
		}
	}
	if o := seller.Opening; o != nil && !slices.ContainsFunc(offers, func(offer market.Offer) bool { return offer.Price == *o }) {
		d.bad(p.then("opening"), number64(*o), "a price, or level, of its offers")
	}
	if n := seller.Copies; n > 1 && seller.Learns() {
		d.bad(p.then("copies"), strconv.Itoa(n)+" of a seller without a brain", "one learning seller")
	}
	if seller.Agent != "" {
		var names []string
		for i := range s.Agents {
			names = append(names, s.Agents[i].Name)
		}
		switch {
		case seller.Rule != nil:
			d.bad(p.then("agent"), "it beside a brain", "one or the other")
		case !slices.Contains(names, seller.Agent):
			d.bad(p.then("agent"), show(seller.Agent), "one of [[agents]]: "+Suggest(seller.Agent, names))
		}
	}
	if seller.Rule != nil && seller.State != nil {
		d.bad(p.then("state"), "it beside a brain", "none: the rule "+seller.Rule.Kind+" sees what it needs")
	}
	if seller.Rule == nil && len(seller.State) == 0 {
		d.bad(p.then("state"), nothing, "at least one feature, as in { reference_price = { bins = 40 } }")
	}
}

// dealt checks that each copy of a seller has a product.
func (d *document) dealt(s *Scenario) {
	for i := range s.Sellers {
		n := 0
		for k := range s.Products {
			if slices.Contains(s.Sellers[i].Prices, s.Products[k].Name) {
				n += max(s.Products[k].Copies, 1)
			}
		}
		if copies := s.Sellers[i].Copies; n < copies {
			d.bad(path("sellers").then(strconv.Itoa(i)).then("copies"), strconv.Itoa(copies), fmt.Sprintf("at most one for each of its %d products", n))
		}
	}
}

// located notes an error of the configuration that a scenario makes, at the key of the scenario that it is about.
func (d *document) located(err error) {
	bad, ok := err.(*field.Error)
	if !ok {
		d.wrong("", err)
		return
	}
	rest := bad.Key
	if after, of := strings.CutPrefix(rest, "promotions."); of {
		table, _ := d.root["promotions"].(map[string]any)
		if _, own := table[after]; !own {
			rest = "promotion." + after
		}
	}
	var at path
	var here any = d.root
	for rest != "" {
		name, step := "", ""
		longer := func(n, s string) {
			if (rest == n || strings.HasPrefix(rest, n+".")) && len(n) > len(name) {
				name, step = n, s
			}
		}
		switch v := here.(type) {
		case map[string]any:
			for k := range v {
				longer(k, k)
			}
		default:
			all, _ := elements(v)
			for i := range all {
				longer(nameOf(all[i]), strconv.Itoa(i))
				if table, _ := all[i].(map[string]any); table["copies"] != nil {
					if after, is := strings.CutPrefix(rest, nameOf(all[i])+"-"); is {
						number, _, _ := strings.Cut(after, ".")
						longer(nameOf(all[i])+"-"+number, strconv.Itoa(i))
					}
				}
			}
		}
		if name == "" {
			name, _, _ = strings.Cut(rest, ".")
			step = name
		}
		at, rest = at.then(step), strings.TrimPrefix(rest[len(name):], ".")
		if table, ok := here.(map[string]any); ok {
			here = table[step]
		} else if n, err := strconv.Atoi(step); err == nil {
			here = element(here, n)
		} else {
			here = nil
		}
	}
	d.bad(at, bad.Found, bad.Expected)
}
