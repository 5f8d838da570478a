package market

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/market/basket"
	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/market/loyalty"
	"github.com/souk-sim/souk/market/promotion"
	"github.com/souk-sim/souk/market/stock"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// Config is a market. New copies what it changes; several markets may share a Config. Tables of a scenario decode into these structs: their tags
// are the schema. Fields without a key are filled in by who builds the market.
type Config struct {
	PeriodDays float64 // length of a period, days
	Horizon    int     // periods in an episode
	Terminal   bool    // the end closes the market (no future) instead of truncating it
	Focal      int     // the seller whose products come last in the inverse transform, and whose accounts are the "own" ones

	Traffic    Traffic
	Channels   []Channel // none: one without a name
	Personas   []Persona
	Products   []Product
	Sellers    []Seller // each is a player, in this order
	Reference  Reference
	Visit      Visit
	Loyalty    Loyalty
	Promotions promotion.Config // its Products, Personas and Channels are filled in by New
	Experiment *Experiment      // nil: none
}

// Traffic is how many shoppers come, and when: a Poisson process whose rate is the product of what is below.
type Traffic struct {
	Visitors   float64   `toml:"visitors" range:"(0,1000000000]" doc:"shoppers a day, expected; a demand model says it in their place"`
	Hours      []float64 `toml:"hours" doc:"24 weights, midnight first; left out: evenly through the day"`
	Weekdays   []float64 `toml:"weekdays" doc:"7 weights, the first that of the day on which an episode opens; left out: all alike"`
	Dispersion float64   `toml:"dispersion" default:"0.0" range:"[0,100]" doc:"variance of the log-normal factor, of mean 1, of each period"`
	Growth     float64   `toml:"growth" default:"0.0" range:"[-1,1]" doc:"growth of the log of the expected number, a day"`
	Season     Season    `toml:"season" doc:"a wave in the log of the expected number"`
	Shocks     []Shock   `toml:"shocks" doc:"times at which the number changes"`

	// Periods simulates the expected shoppers of each period in place of Visitors, Weekdays, Growth and Season; nil for none. Each market makes its own
	// simulator. Visitors is then what the ranges of features go by, and nothing else does. Skip is how many periods lie between the model's history and the episode.
	Periods func() (demand.Simulator, error)
	Skip    int
}

// Season adds amplitude·cos(2π(day − peak)/days) to the log of the expected number.
type Season struct {
	Amplitude float64 `toml:"amplitude" default:"0.0" range:"[0,5]" doc:"of the log; 0: no season"`
	Days      float64 `toml:"days" default:"365.25" range:"[1,100000]" doc:"length of the season"`
	Peak      float64 `toml:"peak" default:"0.0" range:"[-100000,100000]" doc:"day of the peak, counted from the episode's opening"`
}

// Shock multiplies the expected number of shoppers, or what they feel about prices, from a day on.
type Shock struct {
	Day      float64 `toml:"day" required:"true" range:"[0,1000000]" doc:"when it sets in, at the opening of the period in which the day lies"`
	Days     float64 `toml:"days" default:"0.0" range:"[0,1000000]" doc:"how long it lasts; 0: for ever, a change of regime"`
	Visitors float64 `toml:"visitors" default:"1.0" range:"[0,1000]" doc:"factor on the expected number of shoppers"`
	Price    float64 `toml:"price" default:"1.0" range:"[0,100]" doc:"factor on the price coefficients of all personas"`
}

// Channel is where shoppers come from.
type Channel struct {
	Name       string  `toml:"name" required:"true" doc:"unique"`
	Share      float64 `toml:"share" default:"1.0" range:"[0,1000000000]" doc:"weight among the channels"`
	Utility    float64 `toml:"utility" default:"0.0" range:"[-50,50]" doc:"added to the utility of every product: how ready to buy its shoppers are"`
	OrderCost  float64 `toml:"order_cost" default:"0.0" range:"[0,1000000]" doc:"$ an order, for each seller in it"`
	ViewCost   float64 `toml:"view_cost" default:"0.0" range:"[0,1000000]" doc:"$ for each view of a product, for its seller"`
	Commission float64 `toml:"commission" default:"0.0" range:"[0,1]" doc:"share of what is paid; given back with it"`
}

// Persona is a kind of shopper: a class of a multinomial logit. A product's utility is its appeal to the persona, and what its price, the reference price
// and a promotion add; that of buying nothing is Outside.
type Persona struct {
	Name    string             `toml:"name" required:"true" doc:"unique"`
	Share   float64            `toml:"share" default:"1.0" range:"[0,1000000000]" doc:"weight among the personas"`
	Price   float64            `toml:"price" default:"-1.0" range:"[-1000,0]" doc:"utility of a dollar of price"`
	Outside float64            `toml:"outside" default:"0.0" range:"[-500,500]" doc:"utility of buying nothing"`
	Gain    float64            `toml:"gain" default:"0.0" range:"[0,1000]" doc:"utility of each dollar below the reference price"`
	Loss    float64            `toml:"loss" default:"0.0" range:"[0,1000]" doc:"utility lost with each dollar above the reference price"`
	Deal    float64            `toml:"deal" default:"0.0" range:"[-50,50]" doc:"utility of a promotion on the product, beside what it saves"`
	Loyal   float64            `toml:"loyal" default:"0.0" range:"[0,50]" doc:"utility of the product bought last, for those who come back"`
	Trend   float64            `toml:"trend" default:"0.0" range:"[-20,20]" doc:"growth of the log of its weight from the opening of the episode to its end, about share in the middle: those who come late, or early"`
	Units   float64            `toml:"units" default:"1.0" range:"[1,100]" doc:"mean units of a purchase: 1 and a geometric number more"`
	Appeals map[string]float64 `toml:"appeal" doc:"utility of products for this persona, added to their own appeal"`
}

// Product is what a seller sells.
type Product struct {
	Name    string        `toml:"name" required:"true" doc:"unique"`
	Price   float64       `toml:"price" required:"true" range:"(0,1000000]" doc:"list price, $: the reference price at the start"`
	Cost    float64       `toml:"cost" default:"0.0" range:"[0,1000000]" doc:"$ a unit"`
	Appeal  float64       `toml:"appeal" default:"0.0" range:"[-500,500]" doc:"utility of having it for nothing"`
	Returns float64       `toml:"returns" default:"0.0" range:"[0,1]" doc:"probability that a unit sold comes back"`
	Stock   *stock.Config `toml:"stock" doc:"how it is kept; left out: there is always enough"`
	TradeIn *TradeIn      `toml:"trade_in" doc:"makes this a standing offer to buy used units from shoppers, at its price"`
}

// TradeIn makes a product an offer to buy: nobody finds it on the shelf. Each unit sold of a product comes up for disposal once, after an exponential time; its
// owner then takes the price with probability 1/(1 + exp(−(utility + price·$))), or keeps the unit or throws it away.
type TradeIn struct {
	Of      string  `toml:"of" required:"true" doc:"product whose used units are bought"`
	Becomes string  `toml:"becomes" required:"true" doc:"product with a stock, of the same seller, that they are made into"`
	Days    float64 `toml:"days" default:"365.0" range:"(0,100000]" doc:"mean time from the sale until its owner thinks of parting with it"`
	Utility float64 `toml:"utility" default:"-2.0" range:"[-50,50]" doc:"log odds of taking a price of nothing"`
	Price   float64 `toml:"price" default:"1.0" range:"[0,1000]" doc:"log odds that a dollar adds"`
}

// Reference is the reference price r' = memory·r + (1−memory)·price, period by period (Winer 1986). The price is that of the tag as the period closes: what everybody is
// asked for a unit, promotions taken off that whoever comes by may have; not those of some personas or channels, nor coupons.
type Reference struct {
	Memory float64 `toml:"memory" default:"0.8" range:"[0,1]" doc:"carry-over of a period"`
}

// Offer is one rung of a seller's ladder.
type Offer struct {
	Price     float64   // $, or with Seller.Levels a multiple of the list prices
	Prices    []float64 // $, of each of the seller's products, in place of that; Price then says what the offer is called by
	Promotion string    // switched on while the offer stands; "" for none
}

// Seller prices its products together: an offer is a price for its one product, or a level of the list prices of all, and a promotion.
type Seller struct {
	Name     string
	Products []string
	Offers   []Offer // in action order
	Levels   bool    // prices of offers are multiples of list prices
	Opening  int     // offer that stands when an episode opens
	Drop     float64 // offers further than this below the reference price are masked, $; 0: none are. For a seller of one product without Levels
	Rise     float64 // likewise above it
	Change   float64 // offers further than this from the one that stands are masked, $ or levels; 0: none are. For a seller of one product or with Levels
	Floor    float64 // offers below this price are masked, $ or levels; 0: none are
	Ceiling  float64 // likewise above it
	Times    float64 // offers below so many times the unit cost are masked; 0: none are. For a seller of one product without Levels
	Review   Review
	Reward   Reward
	Knows    []string // features that no seller could know and this one does nevertheless; see Features
}

// Review says when a seller may change its offer.
type Review struct {
	Every      float64 // days between reviews; 0: only when triggered
	Random     bool    // exponential times of that mean in place of equal ones
	StockBelow int     // a unit sold that leaves less than this of a product calls a review; 0: none does
	RivalMoved bool    // another seller's new offer calls one
	Delay      float64 // days from the trigger to the review
}

// Objective says what a reward is.
type Objective string

const (
	Profit  Objective = "profit"  // what is paid, less costs
	Revenue Objective = "revenue" // what is paid
)

// Reward is what a seller is after, from one review to the next.
type Reward struct {
	Of          Objective
	Discount    float64 // γ a period, in [0, 1)
	LostUnit    float64 // penalty for a unit asked for and not in stock, $
	PriceChange float64 // cost of a new offer, $
}

// Visit is how a visit unfolds.
type Visit struct {
	Kind         string  `toml:"kind" default:"'shelf'" oneof:"shelf,journey" doc:"shelf: shoppers see all products at once; journey: they walk down a list, view what they click and choose among that"`
	ThinkMinutes float64 `toml:"think_minutes" default:"10.0" range:"[0,100000]" doc:"mean time from arrival, or the last view, to the decision"`
	PayMinutes   float64 `toml:"pay_minutes" default:"5.0" range:"[0,100000]" doc:"mean time from the decision to the check-out"`
	Substitute   float64 `toml:"substitute" default:"0.5" range:"[0,1]" doc:"probability of choosing again among what is there when the choice is sold out"`
	SoldOut      string  `toml:"sold_out" default:"'seen'" oneof:"seen,hidden" doc:"seen: shoppers find out when they take it, and may substitute; hidden: they never see it"`

	Places   int     `toml:"places" default:"20" range:"[1,32]" kind:"journey" doc:"journey: places of the list"`
	Ranking  string  `toml:"ranking" default:"'appeal'" oneof:"appeal,random" kind:"journey" doc:"journey: what the list is drawn by: the persona's tastes, or nothing"`
	Spread   float64 `toml:"spread" default:"1.0" range:"[0.01,100]" kind:"journey" doc:"journey: how far the ranking departs from tastes by chance; 1: Plackett–Luce at the logit's own scale"`
	Position float64 `toml:"position" default:"0.7" range:"[0,10]" kind:"journey" doc:"journey: place k is looked at with probability 1/k^position"`
	Click    float64 `toml:"click" default:"0.4" range:"[0,1]" kind:"journey" doc:"journey: probability that what is looked at is viewed"`
	Search   float64 `toml:"search" default:"0.2" range:"[0,1]" kind:"journey" doc:"journey: share of shoppers who search, and view first what they came for"`
	Dwell    float64 `toml:"dwell_seconds" default:"30.0" range:"[0,100000]" kind:"journey" doc:"journey: median time on a product's page"`
	DwellLog float64 `toml:"dwell_sigma" default:"1.0" range:"[0,5]" kind:"journey" doc:"journey: standard deviation of its log"`
	Consider int     `toml:"consider" default:"5" range:"[1,8]" kind:"journey" doc:"journey: most products in the set that is chosen from"`

	Basket   float64  `toml:"basket" default:"0.0" range:"[0,0.95]" doc:"probability that another product is looked for after each one taken; with a model of baskets, it says"`
	Abandon  float64  `toml:"abandon" default:"0.0" range:"[0,1]" doc:"probability that a cart is left at the check-out"`
	Reminder Reminder `toml:"reminder" doc:"what is done about carts that are left: whoever leaves one is known by then"`
	Returns  float64  `toml:"return_days" default:"7.0" range:"[0,1000]" doc:"mean days until units come back"`

	CrossSell *basket.CrossSell // what goes with what, items being indices of products; nil: by tastes
}

// Reminder brings customers back to the carts that they left.
type Reminder struct {
	Hours  float64 `toml:"hours" default:"0.0" range:"[0,10000]" doc:"after a cart was left; 0: none is sent"`
	Works  float64 `toml:"works" default:"0.1" range:"[0,1]" doc:"probability that the shopper comes back to the cart"`
	Coupon string  `toml:"coupon" doc:"promotion, granted = true, that is handed out with it"`
}

// Loyalty is whether shoppers come back. Who buys becomes a customer, who lapses one day, and until then comes back to look at the rate at which the model has
// him buy; what he finds decides. So the model's purchases are the market's where every such visit buys, and in proportion fewer where a share of visits does:
// a shop that fits the model to its orders and has customers leave empty-handed besides needs a higher rate here, by one over that share.
type Loyalty struct {
	Satisfied Grudges       `toml:"grudges" doc:"what makes customers likelier to lapse"`
	Model     loyalty.Model // in days; nil: nobody comes back
}

// Grudges multiply the hazard of lapsing by 1 plus what a visit leaves (loyalty.Shopper.Return's service).
type Grudges struct {
	StockOut    float64 `toml:"stock_out" default:"0.0" range:"[0,1000]" doc:"for a product chosen and sold out"`
	Surprise    float64 `toml:"surprise" default:"0.0" range:"[0,1000]" doc:"for each share by which what was paid exceeded the reference price"`
	PriceChange float64 `toml:"price_change" default:"0.0" range:"[0,1000]" doc:"for each change since the last visit of the price of the product bought, beyond one"`
}

const (
	minor        = 10_000 // units of account a dollar has
	highestPrice = 1e6
	mostVisitors = 1e9 // a period
	second       = 1.0 / 86400
	mostSellers  = 1000
	mostProducts = 1 << 20
)

// Check says as a *field.Error what is wrong with a configuration.
func (cfg *Config) Check() error {
	switch {
	case len(cfg.Products) == 0 || len(cfg.Products) > mostProducts:
		return field.New("products", len(cfg.Products), fmt.Sprintf("1 to %d", mostProducts))
	case len(cfg.Personas) == 0 || len(cfg.Personas) > 1000:
		return field.New("personas", len(cfg.Personas), "1 to 1000")
	case len(cfg.Channels) > 100:
		return field.New("channels", len(cfg.Channels), "at most 100")
	case len(cfg.Sellers) == 0 || len(cfg.Sellers) > mostSellers:
		return field.New("sellers", len(cfg.Sellers), fmt.Sprintf("1 to %d", mostSellers))
	case cfg.Focal < 0 || cfg.Focal >= len(cfg.Sellers):
		return field.New("focal", cfg.Focal, fmt.Sprintf("a seller from 0 to %d", len(cfg.Sellers)-1))
	case cfg.Horizon < 1:
		return field.New("time.horizon", cfg.Horizon, "at least 1 period")
	case !(cfg.PeriodDays > 0 && cfg.PeriodDays <= 1000):
		return field.New("time.period", cfg.PeriodDays, "a number of days up to 1000")
	}
	for _, part := range []func() error{cfg.checkTables, cfg.Traffic.check, cfg.checkWho, cfg.checkProducts, cfg.checkSellers, cfg.checkTradeIns, cfg.checkPromotions, cfg.checkExperiment, cfg.checkEffort} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

func (t *Traffic) check() error {
	for _, w := range []struct {
		key    string
		values []float64
		n      int
	}{{"traffic.hours", t.Hours, 24}, {"traffic.weekdays", t.Weekdays, 7}} {
		if len(w.values) == 0 {
			continue
		}
		sum := 0.0
		for i, v := range w.values {
			if !finiteFromZero(v) {
				return field.New(fmt.Sprintf("%s.%d", w.key, i), v, "a weight of at least 0")
			}
			sum += v
		}
		if len(w.values) != w.n || !(sum > 0 && sum < 1e300) {
			return field.New(w.key, fmt.Sprintf("%d weights, sum %g", len(w.values), sum), fmt.Sprintf("%d, not all 0", w.n))
		}
	}
	if !(t.Visitors >= 0 && t.Visitors <= mostVisitors) || t.Skip < 0 {
		return field.New("traffic.visitors", t.Visitors, fmt.Sprintf("0 to %g", mostVisitors))
	}
	return nil
}

// checkWho checks personas and channels.
func (cfg *Config) checkWho() error {
	products := map[string]bool{}
	for i := range cfg.Products {
		products[cfg.Products[i].Name] = true
	}
	names, sum := map[string]bool{}, 0.0
	for i := range cfg.Personas {
		p := &cfg.Personas[i]
		key := "personas." + p.Name
		if p.Name == "" || names[p.Name] {
			return field.New(fmt.Sprintf("personas.%d.name", i), fmt.Sprintf("%q", p.Name), "a name of its own")
		}
		names[p.Name] = true
		sum += p.Share
		if !finiteFromZero(p.Share) || !(p.Price <= 0) || !(p.Units >= 1 && p.Units <= 100) || !finiteFromZero(p.Gain) || !finiteFromZero(p.Loss) {
			return field.New(key, fmt.Sprintf("share %g, price %g, units %g", p.Share, p.Price, p.Units), "a share of at least 0, a price coefficient of at most 0, 1 to 100 units")
		}
		for name, appeal := range p.Appeals {
			if !products[name] {
				return field.New(key+".appeal."+name, "no such product", "one of the market's")
			}
			if !(math.Abs(appeal) <= 500) {
				return field.New(key+".appeal."+name, appeal, "-500 to 500")
			}
		}
	}
	if !(sum > 0 && sum < 1e300) {
		return field.New("personas", fmt.Sprintf("shares that sum to %g", sum), "a positive share")
	}
	if len(cfg.Channels) == 0 {
		return nil
	}
	clear(names)
	sum = 0
	for i := range cfg.Channels {
		c := &cfg.Channels[i]
		if c.Name == "" || names[c.Name] {
			return field.New(fmt.Sprintf("channels.%d.name", i), fmt.Sprintf("%q", c.Name), "a name of its own")
		}
		names[c.Name] = true
		sum += c.Share
	}
	if !(sum > 0 && sum < 1e300) {
		return field.New("channels", fmt.Sprintf("shares that sum to %g", sum), "a positive share")
	}
	return nil
}

func (cfg *Config) checkProducts() error {
	names := map[string]bool{}
	for i := range cfg.Products {
		p := &cfg.Products[i]
		key := "products." + p.Name
		switch {
		case p.Name == "" || names[p.Name]:
			return field.New(fmt.Sprintf("products.%d.name", i), fmt.Sprintf("%q", p.Name), "a name of its own")
		case !(p.Price <= highestPrice) || toMinor(p.Price) <= 0:
			return field.New(key+".price", p.Price, fmt.Sprintf("a price from $%g to $%g", 1.0/minor, highestPrice))
		case !(p.Cost >= 0 && p.Cost <= highestPrice):
			return field.New(key+".cost", p.Cost, fmt.Sprintf("a cost from $0 to $%g", highestPrice))
		case !(math.Abs(p.Appeal) <= 500):
			return field.New(key+".appeal", p.Appeal, "-500 to 500")
		}
		names[p.Name] = true
	}
	return nil
}

func (cfg *Config) checkSellers() error {
	owner, names, dearest := map[string]string{}, map[string]bool{}, 0.0
	for j := range cfg.Products {
		dearest = max(dearest, cfg.Products[j].Price)
	}
	for i := range cfg.Sellers {
		s := &cfg.Sellers[i]
		key := "sellers." + s.Name
		if s.Name == "" || names[s.Name] {
			return field.New(fmt.Sprintf("sellers.%d.name", i), fmt.Sprintf("%q", s.Name), "a name of its own")
		}
		names[s.Name] = true
		if len(s.Products) == 0 {
			return field.New(key+".prices", "no products", "at least one")
		}
		for _, name := range s.Products {
			if owner[name] != "" {
				return field.New(key+".prices", name+", which "+owner[name]+" prices already", "one seller for each product")
			}
			owner[name] = s.Name
		}
		if len(s.Offers) == 0 || s.Opening < 0 || s.Opening >= len(s.Offers) {
			return field.New(key+".offers", len(s.Offers), "at least one, and the opening among them")
		}
		for _, o := range s.Offers {
			if !s.Levels && len(s.Products) != max(1, len(o.Prices)) || s.Levels && o.Prices != nil {
				return field.New(key+".offers", fmt.Sprintf("an offer of %d prices for %d products", max(1, len(o.Prices)), len(s.Products)), "a price for each product, or levels of their list prices")
			}
			for _, price := range o.Prices {
				if !(price >= 0 && price <= highestPrice) {
					return field.New(key+".offers", price, fmt.Sprintf("a price of at most $%g", highestPrice))
				}
			}
			if !(o.Price > 0 && o.Price <= highestPrice) || s.Levels && o.Price*dearest > highestPrice {
				return field.New(key+".offers", o.Price, fmt.Sprintf("a price of at most $%g", highestPrice))
			}
		}
		if err := s.checkLimits(key + ".limit."); err != nil {
			return err
		}
		if err := cfg.checkMarkup(i, key+".limit."); err != nil {
			return err
		}
		r := &s.Review
		if r.Every != 0 && !(r.Every >= second && r.Every <= 1e6) {
			return field.New(key+".review", r.Every, "at least a second between reviews, in days")
		}
		if !finiteFromZero(r.Delay) || r.Every == 0 && r.StockBelow == 0 && !r.RivalMoved {
			return field.New(key+".review", r.Every, "days between reviews, or what triggers one")
		}
		if w := &s.Reward; w.Of != Profit && w.Of != Revenue || !(w.Discount >= 0 && w.Discount < 1) || !(w.LostUnit >= 0 && w.LostUnit <= highestPrice) || !(w.PriceChange >= 0 && w.PriceChange <= highestPrice) {
			return field.New(key+".reward", fmt.Sprintf("%+v", *w), "profit or revenue, a discount in [0, 1), costs from $0 to $1000000")
		}
	}
	for i := range cfg.Products {
		if owner[cfg.Products[i].Name] == "" {
			return field.New("products."+cfg.Products[i].Name, "nobody who prices it", "a seller for each product")
		}
	}
	if len(owner) != len(cfg.Products) {
		return field.New("sellers", "a product that is not there", "the market's products")
	}
	return nil
}

// highest is the most that a product may be posted at, $.
func (cfg *Config) highest() (most float64) {
	for j := range cfg.Products {
		most = max(most, cfg.Products[j].Price)
	}
	list := most
	for i := range cfg.Sellers {
		for _, o := range cfg.Sellers[i].Offers {
			price := o.Price
			if cfg.Sellers[i].Levels {
				price *= list
			}
			most = max(most, price)
			for _, price := range o.Prices {
				most = max(most, price)
			}
		}
	}
	return most
}

func finiteFromZero(x float64) bool { return x >= 0 && !math.IsInf(x, 1) }

func toMinor(dollars float64) int64 { return int64(math.Round(dollars * minor)) }

// checkMarkup tells whether any offer keeps a markup on a cost that never changes, within floor and ceiling.
func (cfg *Config) checkMarkup(seller int, key string) error {
	s := &cfg.Sellers[seller]
	cost, known := cfg.limitCost(seller)
	least := env.Limit{Floor: max(s.Floor, float64(s.Times*cost)), Ceiling: s.Ceiling}
	if !known || s.Levels || slices.ContainsFunc(s.Offers, func(o Offer) bool { return least.Excess(nil, o.Price) == 0 }) {
		return nil
	}
	return field.New(key+"markup", s.Times-1, fmt.Sprintf("one that an offer keeps: on a cost of $%g it asks for $%.6g or more", cost, float64(s.Times*cost)))
}

// checkLimits tells what is wrong with the offers that are masked.
func (s *Seller) checkLimits(key string) error {
	several, bounds := len(s.Products) > 1, env.Limit{Floor: s.Floor, Ceiling: s.Ceiling}
	switch {
	case s.Drop != 0 && (!finiteFromZero(s.Drop) || s.Levels || several):
		return field.New(key+"below_reference", s.Drop, "0 or more $ below the reference price of one product; none beside levels, which are multiples, or prices of several products")
	case s.Rise != 0 && (!finiteFromZero(s.Rise) || s.Levels || several):
		return field.New(key+"above_reference", s.Rise, "0 or more $ above the reference price of one product; none beside levels, which are multiples, or prices of several products")
	case s.Change != 0 && (!finiteFromZero(s.Change) || several && !s.Levels):
		return field.New(key+"change", s.Change, "0 or more, $ of one product or levels; none beside prices of several products")
	case !finiteFromZero(s.Floor) || !finiteFromZero(s.Ceiling) || !slices.ContainsFunc(s.Offers, func(o Offer) bool { return bounds.Excess(nil, o.Price) == 0 }):
		return field.New(key+"floor", fmt.Sprintf("%g, and a ceiling of %g", s.Floor, s.Ceiling), "0 or more, and an offer between them")
	case s.Times != 0 && (!finiteFromZero(s.Times) || s.Levels || several):
		return field.New(key+"markup", s.Times-1, "a share of the unit cost of one product; none beside levels, which are multiples, or prices of several products")
	}
	return nil
}
