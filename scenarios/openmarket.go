package scenarios

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"strconv"

	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/market/promotion"
	"github.com/souk-sim/souk/policies/rules"
	"github.com/souk-sim/souk/scenarios/field"
)

// What a scenario says of an open market beside the tables of market.Config.

// Traffic is how many shoppers come: by hand, or as a model of a series has it.
type Traffic struct {
	market.Traffic
	Demand *Series `toml:"demand" doc:"a model of the expected shoppers a period, fitted to a series, in place of visitors, weekdays, growth and season"`
}

// Series is a series of counts, one a period of the market, and the model that is fitted to all of it.
type Series struct {
	Data      string   `toml:"data" required:"true" doc:"CSV or Parquet file, one row a period: a path relative to the scenario, or bundled:NAME; or the folder of a decision log, whose columns are visitors, decisions, units and reward"`
	SHA256    string   `toml:"sha256" doc:"digest of the data; filled in when the scenario is resolved, checked when given"`
	Column    string   `toml:"column" required:"true" doc:"column of the counts"`
	Time      string   `toml:"time" doc:"column of the time; left out: the rows stand in its order"`
	ID        []string `toml:"id" shorthand:"true" doc:"columns that tell series apart; left out: the file is one series"`
	Series    string   `toml:"series" doc:"the one that is meant, where there are several"`
	Model     string   `toml:"model" default:"'auto-arima'" doc:"a model of souk forecast"`
	Season    int      `toml:"season,omitzero" range:"[1,10000]" doc:"periods of a season, 1: none; left out: what the times suggest"`
	Transform string   `toml:"transform" default:"'log'" oneof:"log,none" doc:"scale on which it is fitted; with none, fewer than no shoppers count as none"`
	Share     float64  `toml:"share" default:"1.0" range:"(0,1000000]" doc:"shoppers that one of what is counted stands for"`
	Skip      int      `toml:"skip" default:"0" range:"[0,10000]" doc:"periods between the end of the series and the opening"`
	Every     float64  `toml:"every,omitzero" range:"[0,1000000000000]" doc:"of the folder of a decision log: length of a period in its time, as 86400 of a service's seconds"`
	Decided
}

// Product is a product, or so many alike.
type Product struct {
	market.Product
	Copies       int     `toml:"copies" range:"[1,100000]" doc:"so many products in its place, NAME-1, NAME-2, …, drawn from the scenario's seed"`
	AppealSpread float64 `toml:"appeal_spread,omitzero" range:"[0,100]" doc:"standard deviation of the copies' appeal"`
	PriceSpread  float64 `toml:"price_spread,omitzero" range:"[0,3]" doc:"standard deviation of the log of their price; prices are whole cents, and costs go with them"`
	CostSpread   float64 `toml:"cost_spread,omitzero" range:"[0,3]" doc:"standard deviation of the log of their cost's share of the price"`
}

// Loyalty says what makes customers lapse, and which model of [shoppers.loyalty] says when they come back.
type Loyalty struct {
	market.Loyalty
	Model string `toml:"model" doc:"name of a model of [shoppers.loyalty]; left out: the one that is there; without any nobody comes back"`
}

// Promotion is a promotion: its options are those of its kind.
type Promotion struct{ promotion.Promotion }

func (p *Promotion) choose(*document, path, map[string]any) {
	for _, k := range promotion.Kinds() {
		if k.Name == p.Kind {
			p.Promotion.Options = k.New()
		}
	}
}

func (p *Promotion) options() any {
	if p.Promotion.Options == nil {
		return nil
	}
	return p.Promotion.Options
}

func (p *Promotion) fits(*document, path) {} // promotion.New tells, when all are there

// Rule is a pricing rule: its parameters are those of its kind.
type Rule struct {
	Kind string `toml:"rule" required:"true" doc:"a hand-written pricing rule"`

	Params rules.Rule // decoded from the rest of its table
}

func (r *Rule) choose(d *document, p path, _ map[string]any) {
	var names []string
	for _, k := range rules.Kinds() {
		names = append(names, k.Name)
		if k.Name == r.Kind {
			r.Params = k.New()
			return
		}
	}
	if r.Kind != "" {
		d.bad(p.then("rule"), show(r.Kind), Suggest(r.Kind, names))
	}
}

// Contender is a rule that the learned policies are compared with, in the learning seller's place.
type Contender struct {
	Name string `toml:"name" required:"true" doc:"what it is called in tables; unique"`
	Rule
}

func (r *Rule) options() any {
	if r.Params == nil {
		return nil
	}
	return r.Params
}

func (r *Rule) fits(*document, path) {} // Rule.Policy tells, when the seller's side of the market is known

// Ladder is what a seller may offer, in action order.
type Ladder struct {
	Offers []market.Offer
	Levels bool // prices are multiples of list prices
}

// UnmarshalTOML reads a list of prices, { from, to, rungs }, { prices }, { levels } or, for a seller of several products, { grid }, each of these tables with
// promotions too, or a list of { price, promotion }, of { level, promotion } or, for a seller of several products, of { prices, price, promotion }.
func (l *Ladder) UnmarshalTOML(v any) error {
	*l = Ladder{}
	if list, ok := elements(v); ok {
		if len(list) > 0 {
			if _, tables := list[0].(map[string]any); tables {
				return l.each(list)
			}
		}
		return l.cross(list, nil)
	}
	table, ok := v.(map[string]any)
	if !ok {
		return errors.New("a list of prices, { from, to, rungs }, { levels }, { grid }, or a list of { price, promotion }")
	}
	promotions, err := texts(table["promotions"])
	if err != nil {
		return &field.Error{Key: "promotions", Found: show(table["promotions"]), Expected: err.Error()}
	}
	if grid, given := table["grid"]; given {
		if err := unknownKey(table, []string{"grid", "promotions"}); err != nil {
			return err
		}
		return under("grid", l.grid(grid, promotions))
	}
	known := []string{"from", "to", "rungs", "promotions"}
	for _, form := range []string{"levels", "prices"} {
		if list, given := table[form]; given {
			l.Levels, known = form == "levels", []string{form, "promotions"}
			all, ok := elements(list)
			if !ok {
				return &field.Error{Key: form, Found: show(list), Expected: "a list of numbers"}
			}
			if err := unknownKey(table, known); err != nil {
				return err
			}
			return under(form, l.cross(all, promotions))
		}
	}
	if err := unknownKey(table, append(known, "levels", "prices", "grid")); err != nil {
		return err
	}
	var prices Offers
	if err := prices.spaced(table); err != nil {
		return err
	}
	list := make([]any, len(prices))
	for i := range prices {
		list[i] = prices[i]
	}
	return l.cross(list, promotions)
}

// cross offers each price alone and with each promotion.
func (l *Ladder) cross(list []any, promotions []string) error {
	if len(list) == 0 || len(list)*(len(promotions)+1) > mostOffers {
		return errors.New("1 to " + strconv.Itoa(mostOffers) + " offers")
	}
	last := 0.0
	for i, item := range list {
		price, err := l.price(item)
		if err != nil || price <= last {
			return &field.Error{Key: strconv.Itoa(i), Found: show(item), Expected: "numbers above 0, each above the one before it; prices are multiples of 1/100 of a cent"}
		}
		last = price
		for _, name := range slices.Concat([]string{""}, promotions) {
			l.Offers = append(l.Offers, market.Offer{Price: price, Promotion: name})
		}
	}
	return nil
}

// grid offers every combination of one price from each product's list, alone and with each promotion; those of the last product change fastest.
func (l *Ladder) grid(v any, promotions []string) error {
	lists, ok := elements(v)
	if !ok || len(lists) == 0 {
		return &field.Error{Found: show(v), Expected: "a list of prices for each of the seller's products"}
	}
	combinations := [][]float64{nil}
	for k := range lists {
		prices, err := l.ofProduct(lists[k])
		if err != nil {
			return under(strconv.Itoa(k), err)
		}
		for i, price := range prices {
			if slices.Contains(prices[:i], price) {
				return under(strconv.Itoa(k), &field.Error{Key: strconv.Itoa(i), Found: number64(price) + " again", Expected: "each price once"})
			}
		}
		if n := len(combinations) * len(prices) * (len(promotions) + 1); n > mostOffers {
			return &field.Error{Found: strconv.Itoa(n) + " offers, or more", Expected: "at most " + strconv.Itoa(mostOffers)}
		}
		var longer [][]float64
		for _, c := range combinations {
			for _, price := range prices {
				longer = append(longer, append(slices.Clone(c), price))
			}
		}
		combinations = longer
	}
	for _, c := range combinations {
		if c[0] == 0 {
			return &field.Error{Key: "0", Found: "0.0", Expected: "prices above 0 of the first product, by which offers are called"}
		}
		for _, name := range slices.Concat([]string{""}, promotions) {
			l.Offers = append(l.Offers, market.Offer{Price: c[0], Prices: c, Promotion: name})
		}
	}
	return nil
}

// each reads offers one by one.
func (l *Ladder) each(list []any) error {
	if len(list) > mostOffers {
		return errors.New("1 to " + strconv.Itoa(mostOffers) + " offers")
	}
	for i, item := range list {
		table, ok := item.(map[string]any)
		at := strconv.Itoa(i)
		if !ok {
			return &field.Error{Key: at, Found: show(item), Expected: "a table, as before it"}
		}
		_, levels := table["level"]
		if i > 0 && l.Levels != levels {
			return &field.Error{Key: at, Found: show(table["level"]) + " for a level", Expected: "all levels, or none"}
		}
		l.Levels = levels
		offer, err := l.offer(table)
		if err != nil {
			return under(at, err)
		}
		if slices.ContainsFunc(l.Offers, func(o market.Offer) bool { return reflect.DeepEqual(o, offer) }) {
			return &field.Error{Key: at, Found: "an offer again", Expected: "each offer once"}
		}
		l.Offers = append(l.Offers, offer)
	}
	return nil
}

// offer reads one.
func (l *Ladder) offer(table map[string]any) (o market.Offer, err error) {
	form, known := "price", []string{"price", "promotion"}
	all, several := table["prices"]
	switch {
	case l.Levels:
		form, known = "level", []string{"level", "promotion"}
	case several:
		known = append(known, "prices")
	}
	if err := unknownKey(table, known); err != nil {
		return o, err
	}
	called := table[form]
	if several {
		if o.Prices, err = l.ofProduct(all); err != nil {
			return o, under("prices", err)
		}
		if called == nil {
			called = o.Prices[0]
		}
	}
	if o.Price, err = l.price(called); err != nil {
		return o, &field.Error{Key: form, Found: show(called), Expected: err.Error()}
	}
	name, ok := table["promotion"].(string)
	if _, given := table["promotion"]; given && !ok {
		return o, &field.Error{Key: "promotion", Found: show(table["promotion"]), Expected: "a string"}
	}
	o.Promotion = name
	return o, nil
}

// ofProduct reads a list of prices of products, which may be had for nothing.
func (l *Ladder) ofProduct(v any) ([]float64, error) {
	list, ok := elements(v)
	if !ok || len(list) == 0 {
		return nil, &field.Error{Found: show(v), Expected: "a list of prices"}
	}
	prices := make([]float64, len(list))
	for i, item := range list {
		x, err := l.price(item)
		if n, isNumber := number(item); err != nil && !(isNumber && n == 0) {
			return nil, &field.Error{Key: strconv.Itoa(i), Found: show(item), Expected: err.Error() + ", or 0"}
		}
		prices[i] = x
	}
	return prices, nil
}

// mostOffers is how many a seller may choose among.
const mostOffers = 1000

func (l *Ladder) price(v any) (float64, error) {
	x, ok := number(v)
	switch {
	case !ok || x <= 0 || x > 1e6:
		return 0, errors.New("a number above 0, at most 1000000")
	case !l.Levels && math.Abs(math.Round(x*1e4)-x*1e4) > 1e-6:
		return 0, errors.New("a multiple of 1/100 of a cent")
	}
	return x, nil
}

// MarshalTOML writes the canonical form: a list of prices, { levels }, or where there are promotions a list of tables.
func (l Ladder) MarshalTOML() ([]byte, error) {
	form, bare := "price", make(Offers, len(l.Offers))
	if l.Levels {
		form = "level"
	}
	var tables []byte
	plain := true
	for i, o := range l.Offers {
		bare[i] = o.Price
		plain = plain && o.Promotion == "" && o.Prices == nil && (i == 0 || o.Price > bare[i-1])
		if i > 0 {
			tables = append(tables, ", "...)
		}
		tables = append(tables, "{ "+form+" = "+number64(o.Price)...)
		if o.Prices != nil {
			list, _ := Offers(o.Prices).MarshalTOML()
			tables = append(tables, ", prices = "+string(list)...)
		}
		if o.Promotion != "" {
			tables = append(tables, ", promotion = "+quote(o.Promotion)...)
		}
		tables = append(tables, " }"...)
	}
	if !plain {
		return slices.Concat([]byte("["), tables, []byte("]")), nil
	}
	list, err := bare.MarshalTOML()
	if l.Levels {
		list = slices.Concat([]byte("{ levels = "), list, []byte(" }"))
	}
	return list, err
}

func texts(v any) ([]string, error) {
	if v == nil {
		return nil, nil
	}
	all, ok := elements(v)
	list := make([]string, len(all))
	for i := range all {
		s, isText := all[i].(string)
		ok = ok && isText && s != "" && !slices.Contains(list[:i], s)
		list[i] = s
	}
	if !ok {
		return nil, errors.New("a list of names, each once")
	}
	return list, nil
}

func unknownKey(table map[string]any, known []string) error {
	for _, k := range sortedKeys(table) {
		if !slices.Contains(known, k) {
			return &field.Error{Key: k, Found: "an unknown key", Expected: Suggest(k, known)}
		}
	}
	return nil
}

// under puts an error's key below another.
func under(key string, err error) error {
	e, ok := errors.AsType[*field.Error](err)
	switch {
	case err == nil:
		return nil
	case !ok:
		return err
	}
	if e.Key != "" {
		key += "." + e.Key
	}
	return &field.Error{Key: key, Found: e.Found, Expected: e.Expected}
}
