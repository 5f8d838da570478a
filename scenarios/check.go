package scenarios

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/sim/env"
)

// What a value may be beside others; what it may be by itself stands in the schema's tags.

// check notes what does not fit together, and fills in what follows from the rest.
func (d *document) check(s *Scenario) {
	d.name("name", s.Name)
	d.shoppers(&s.Shoppers)
	if s.Sweep != nil {
		d.sweep(s)
	}
	if s.Loop != nil {
		d.loop(s.Loop)
	}
	d.paper(s)
	switch d.world {
	case WeeklyCategory:
		d.category(s)
	case OpenMarket:
		d.market(s)
	case RepeatedGame:
		d.game(s)
	case PricingProblem:
		d.problem(s)
	}
}

// category checks what a chain's weekly category has.
func (d *document) category(s *Scenario) {
	d.data(&s.Data)
	if s.Data.Columns.Display == "" && s.Choice.Display {
		d.bad(path("choice").then("display"), "true without display columns", "false, or data.columns.display")
	}
	if s.Time.Start == 0 {
		s.Time.Start = s.Data.Split.Test[0]
	}
	if fitted := s.Data.Split.Validation[1]; s.Time.Start <= fitted || s.Time.Start > fitted+10000 {
		d.bad(path("time").then("start"), strconv.Itoa(s.Time.Start), fmt.Sprintf("a period after %d, the last that models are fitted on", fitted))
	}
	d.demand(&s.Demand)
	if d.sellers(s, s.Data.Products); len(d.errs) == 0 {
		d.state(s, s.Learner(), s.Features(), nil)
	}
	d.players(s)
}

// players checks the learners and what they are compared with.
func (d *document) players(s *Scenario) {
	names := map[string]bool{}
	for i := range s.Agents {
		at := path("agents").then(strconv.Itoa(i)).then("name")
		d.name(at, s.Agents[i].Name)
		d.once(at, names, s.Agents[i].Name)
		if slices.Contains(baselines(d.world), s.Agents[i].Name) {
			d.bad(at, show(s.Agents[i].Name), "a name that is not one of the policies to compare with")
		}
		if w, reviews := s.Agents[i].Params.WarmupTransitions(), s.Train.Episodes*s.reviews(); w >= reviews {
			d.bad(path("agents").then(strconv.Itoa(i)).then("warmup"), strconv.Itoa(w), fmt.Sprintf("less than the %d reviews of a training (train.episodes × those of an episode): else nothing is learned", reviews))
		}
	}
	for i := range s.Evaluate.Rules {
		at := path("evaluate").then("rules").then(strconv.Itoa(i)).then("name")
		d.name(at, s.Evaluate.Rules[i].Name)
		d.once(at, names, s.Evaluate.Rules[i].Name)
		if slices.Contains(baselines(d.world), s.Evaluate.Rules[i].Name) {
			d.bad(at, show(s.Evaluate.Rules[i].Name), "a name that is not one of evaluate.against")
		}
	}
	against := map[string]bool{}
	for i, a := range s.Evaluate.Against {
		d.once(path("evaluate").then("against").then(strconv.Itoa(i)), against, a)
	}
}

// baselines are the words of evaluate.against.
func baselines(w World) []string {
	all := fields(reflect.TypeFor[Evaluate](), w)
	against := slices.IndexFunc(all, func(f reflect.StructField) bool { return key(f) == "against" })
	return strings.Split(all[against].Tag.Get("oneof"), ",")
}

// name checks what becomes part of a file's name.
func (d *document) name(p path, name string) {
	ok := name != "" && len(name) <= 64 && name[0] != '.' && name[0] != '-'
	for i := range len(name) {
		ok = ok && (bare(name[i]) || name[i] == '.')
	}
	if !ok {
		d.bad(p, show(name), "at most 64 letters, digits, -, _ and ., the first a letter, a digit or _")
	}
}

func (d *document) once(p path, seen map[string]bool, name string) {
	if seen[name] {
		d.bad(p, show(name)+" again", "each name once")
	}
	seen[name] = true
}

func (d *document) increasing(p path, n int, at func(int) float64) {
	for i := 1; i < n; i++ {
		if at(i) <= at(i-1) {
			d.bad(p.then(strconv.Itoa(i)), fmt.Sprintf("%v after %v", at(i), at(i-1)), "increasing numbers")
			return
		}
	}
}

func (d *document) data(data *Data) {
	p := path("data")
	if _, err := time.Parse(time.DateOnly, data.FirstDay); err != nil {
		d.bad(p.then("first_day"), show(data.FirstDay), `a date such as "1989-09-14"`)
	}
	if len(data.Products) == 0 || len(data.Products) > 1000 {
		d.bad(p.then("products"), fmt.Sprintf("%d products", len(data.Products)), "1 to 1000 names")
	}
	names := map[string]bool{}
	for i, name := range data.Products {
		at := p.then("products").then(strconv.Itoa(i))
		d.name(at, name)
		d.once(at, names, name)
	}
	d.columns(p.then("columns"), &data.Columns, len(data.Products))
	previous, before := -1, ""
	for _, part := range []struct {
		key  string
		span [2]int
	}{{"train", data.Split.Train}, {"validation", data.Split.Validation}, {"test", data.Split.Test}} {
		at, found := p.then("split").then(part.key), fmt.Sprint(strings.Join(strings.Fields(fmt.Sprint(part.span)), ", "))
		switch {
		case part.span[0] > part.span[1]:
			d.bad(at, found, "the first period not after the last")
		case part.span[0] <= previous:
			d.bad(at, found, fmt.Sprintf("a first period after %d, where %s ends", previous, before))
		}
		previous, before = part.span[1], part.key
	}
}

// demand checks the names of demand models, and that nothing is given that the model does not use.
func (d *document) demand(m *Demand) {
	p, names := path("demand"), []string{"arima"}
	for _, k := range demand.Kinds() {
		names = append(names, k.Name)
	}
	switch {
	case m.Model != "best" && !slices.Contains(names, m.Model):
		d.bad(p.then("model"), show(m.Model), Suggest(m.Model, append(slices.Clone(names), "best")))
	case m.Model != "best" && m.Candidates != nil:
		d.bad(p.then("candidates"), "them beside the model "+m.Model, `none, or model = "best"`)
	case m.Model == "best" && m.Candidates == nil:
		m.Candidates = quick(names)
	case m.Model == "best" && len(m.Candidates) == 0:
		d.bad(p.then("candidates"), "none", "at least one demand model")
	}
	seen := map[string]bool{}
	for i, name := range m.Candidates {
		at := p.then("candidates").then(strconv.Itoa(i))
		d.once(at, seen, name)
		switch {
		case name == "best":
			d.bad(at, show(name), "the models it chooses from: "+strings.Join(names, ", "))
		case !slices.Contains(names, name):
			d.bad(at, show(name), Suggest(name, names))
		}
	}
	if !m.Order.Auto && m.Model != "arima" && !seen["arima"] {
		d.bad(p.then("order"), text(m.Order)+" beside the model "+m.Model, `none: it is ARIMA's`)
	}
}

// quick are the models that best chooses from where the scenario does not say, of those there are. A seasonal ARIMA is not
// among them, nor the combination that holds one, for weeks have long seasons and each fit takes minutes: arima takes the harmonics in its place.
func quick(names []string) []string {
	return slices.DeleteFunc([]string{"arima", "ets", "theta", "regression", "seasonal-naive", "naive"},
		func(name string) bool { return !slices.Contains(names, name) })
}

func (d *document) columns(p path, c *Columns, products int) {
	for _, pair := range []struct{ key, plain, log string }{{"price", c.Price, c.LogPrice}, {"wholesale", c.Wholesale, c.LogWholesale}} {
		switch {
		case pair.plain != "" && pair.log != "":
			d.bad(p.then("log_"+pair.key), show(pair.log), "either "+pair.key+" or log_"+pair.key+", not both")
		case pair.plain == "" && pair.log == "":
			d.bad(p.then(pair.key), nothing, pair.key+" or log_"+pair.key)
		}
	}
	for _, pattern := range []struct{ key, text string }{{"units", c.Units}, {"display", c.Display}, {"price", c.Price},
		{"log_price", c.LogPrice}, {"wholesale", c.Wholesale}, {"log_wholesale", c.LogWholesale}} {
		if pattern.text != "" && products > 1 && strings.Count(pattern.text, "#") != 1 {
			d.bad(p.then(pattern.key), show(pattern.text), "one # for the product's number")
		}
	}
}

func (d *document) sellers(s *Scenario, products []string) {
	names, priced := map[string]bool{}, map[string]string{}
	learners, rest := 0, -1
	for i := range s.Sellers {
		seller := &s.Sellers[i]
		p := path("sellers").then(strconv.Itoa(i))
		d.once(p.then("name"), names, seller.Name)
		if strings.TrimSpace(seller.Name) == "" {
			d.bad(p.then("name"), show(seller.Name), "a name")
		}
		for k, product := range seller.Prices {
			at := p.then("prices").then(strconv.Itoa(k))
			switch {
			case !slices.Contains(products, product):
				d.bad(at, show(product), "a product: "+Suggest(product, products))
			case priced[product] != "":
				d.bad(at, show(product)+", which "+priced[product]+" prices already", "one seller for each product")
			}
			priced[product] = seller.Name
		}
		if len(seller.Prices) == 0 {
			if rest >= 0 {
				d.bad(p.then("prices"), "nothing, as for "+s.Sellers[rest].Name, "products for all sellers but one")
			}
			rest = i
		}
		if seller.Learns() {
			if learners++; learners > 1 {
				d.bad(p, "a second seller without a brain", "one learning seller; the others follow rules"+map[World]string{OpenMarket: ", or learn by an agent of their own"}[d.world])
			}
		}
		switch {
		case d.world == OpenMarket:
			d.trader(p, s, seller)
		case seller.Review.Every != (Span{N: 1, Unit: s.Time.Period}):
			d.bad(p.then("review"), text(seller.Review.Every), "a review each "+s.Time.Period)
		case seller.Learns():
			d.learner(p, s, seller)
		default:
			d.brained(p, seller)
		}
	}
	if learners == 0 && (d.world == WeeklyCategory || len(s.Agents) > 0) {
		d.bad("sellers", "a brain in every seller", "one without, whose place the agents take")
	}
	d.assign(s, products, priced, rest)
}

// assign gives the products that nobody prices to the seller who named none.
func (d *document) assign(s *Scenario, products []string, priced map[string]string, rest int) {
	var left []string
	for _, product := range products {
		if priced[product] == "" {
			left = append(left, product)
		}
	}
	switch {
	case rest >= 0 && len(left) == 0:
		d.bad(path("sellers").then(strconv.Itoa(rest)), "no product left for it", "at least one product for each seller")
	case rest >= 0:
		s.Sellers[rest].Prices = left
		if d.world == WeeklyCategory && s.Sellers[rest].Learns() && len(left) != 1 {
			d.bad(path("sellers").then(strconv.Itoa(rest)).then("prices"), fmt.Sprintf("%d products", len(left)), "one product for a learning seller")
		}
	case len(left) > 0 && len(d.errs) == 0:
		d.bad("sellers", "nobody who prices "+strings.Join(left, ", "), "a seller for each product")
	}
	d.dealt(s)
}

// learner checks the seller whose place the agents take.
func (d *document) learner(p path, s *Scenario, seller *Seller) {
	if len(seller.Prices) > 1 {
		d.bad(p.then("prices"), fmt.Sprintf("%d products", len(seller.Prices)), "one product for a learning seller")
	}
	d.rewards(p, seller)
	if len(seller.Offers) == 0 {
		d.bad(p.then("offers"), nothing, "a list of prices or { from, to, rungs }")
		return
	}
	seller.Offers = slices.DeleteFunc(slices.Clone(seller.Offers), func(price float64) bool { return !seller.Limit.allows(price) })
	if len(seller.Offers) == 0 {
		d.bad(p.then("limit"), "a floor and a ceiling without an offer between them", "at least one")
	}
	if l := seller.Limit; (l.Change > 0 || l.AboveReference > 0 || l.Markup != nil) && slices.Contains(s.Evaluate.Against, "optimum") {
		d.bad(p.then("limit"), "change, above_reference or markup beside the optimum, which does not know them", `evaluate.against without "optimum"`)
	}
	if len(seller.State) == 0 {
		d.bad(p.then("state"), nothing, "at least one feature, as in { reference_price = { bins = 40 } }")
	}
}

// rewards fills in what a seller is after, and what it may not do, where that is left out.
func (d *document) rewards(p path, seller *Seller) {
	if seller.Limit == nil {
		seller.Limit = new(Limit)
		d.table(p.then("limit"), map[string]any{}, reflect.ValueOf(seller.Limit).Elem())
	}
	if seller.Reward == nil {
		seller.Reward = new(Reward)
		d.table(p.then("reward"), map[string]any{}, reflect.ValueOf(seller.Reward).Elem())
	}
}

// state checks a learner's state against what it can see, and what no seller could know.
func (d *document) state(s *Scenario, seller *Seller, features, hidden []env.Feature) {
	p := path("sellers").then(strconv.Itoa(slices.IndexFunc(s.Sellers, func(o Seller) bool { return o.Name == seller.Name }))).then("state")
	d.cells(p, seller.State, features, hidden)
}

// cells checks the features of a state, and how they are cut, against what a learner can see.
func (d *document) cells(p path, state map[string]Feature, features, hidden []env.Feature) {
	var known []string
	for _, f := range features {
		known = append(known, f.Name)
	}
	for _, name := range sortedKeys(state) {
		f := state[name]
		at := p.then(name)
		switch {
		case slices.Contains(known, name):
		case slices.ContainsFunc(hidden, func(f env.Feature) bool { return f.Name == name }):
			d.bad(at, "what no seller could know", "it in knows, where that is meant")
		default:
			d.bad(at, "an unknown feature", Suggest(name, known))
		}
		switch {
		case f.Edges == nil:
			if f.Bins == 0 {
				f.Bins = 2
				state[name] = f
			}
			if f.From != nil && f.To != nil && *f.From >= *f.To {
				d.bad(at.then("to"), number64(*f.To), "more than from")
			}
		case f.Bins != 0 || f.From != nil || f.To != nil:
			d.bad(at, "edges beside bins, from or to", "one or the other")
		case len(f.Edges) == 0:
			d.bad(at.then("edges"), "none", "at least one")
		default:
			d.increasing(at.then("edges"), len(f.Edges), func(i int) float64 { return f.Edges[i] })
		}
	}
}

// brained checks a seller who follows a rule: what only a learner has would be silently without effect.
func (d *document) brained(p path, seller *Seller) {
	for _, only := range []struct {
		key   string
		given bool
	}{{"offers", seller.Offers != nil}, {"limit", seller.Limit != nil}, {"reward", seller.Reward != nil}, {"state", seller.State != nil}} {
		if only.given {
			d.bad(p.then(only.key), "it beside a brain", "none: the rule "+seller.Brain.Rule+" fits its own")
		}
	}
}

func text(m marshaler) string {
	b, _ := m.MarshalTOML()
	return string(b)
}
