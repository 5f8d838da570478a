// Package promotion computes what a shopper pays, in one place: an order with lines and adjustments.
//
// Promotions are compiled once from a Config and never change; what has been used of them, and which are switched on, is in a
// Usage. Price turns a cart into an Order; Usage.Commit books it at check-out, and Usage.Release takes it back.
//
// The rules, in the order in which they apply:
//
//  1. Promotions take turns, level by level: those on single units (percentage, amount, flash), on sets of units (bundle,
//     buy-get), on the order (spend), and coupons last. Within a level the higher priority goes first, then the one written first.
//  2. Of an exclusive group the best for the shopper applies, by what it saves at the group's turn, which is that of its first
//     member; of equals the first. Promotions on single units compete line by line; where one's limit ends within a line the
//     next best takes the rest. Above that level one of the group applies to the whole order.
//  3. One that stands alone takes only lines on which no other promotion is, and closes them to all later ones. On the level of
//     sets a unit is in one set at most.
//  4. A promotion asks for a least quantity and amount of the lines that it may take. Amounts are measured as Config.Thresholds
//     says, and what a percentage is of is said by Config.PercentOf.
//  5. Limits are on uses: units on the first level, sets on the second, times that a threshold is met on the third, coupons on
//     the last. A use is granted whole or not at all, while every limit and the budget allow; units in the order of the lines.
//  6. A saving is rounded half-up to the unit of account, once: that of a unit, of a set, or of an order. What is saved on
//     several lines is spread over them by largest remainder, in proportion to what the units concerned cost at that turn, of
//     equals the earlier line first (the method of Hamilton: Balinski & Young 2001, Fair Representation). No line falls below 0.
//  7. Units of a line are alike: where a promotion takes some of a line's units the line is split, those taken first.
//
// Money is a whole number of 10^-Decimals $.
package promotion

// Config is all promotions of a market, and how they add up.
type Config struct {
	Decimals   int         `toml:"money_decimals" default:"4" range:"[0,6]" doc:"the unit of account is 10^-money_decimals $"`
	Thresholds string      `toml:"thresholds" default:"'lines'" oneof:"lines,left,posted" doc:"amounts that thresholds measure: after promotions on units and sets (lines), after all earlier ones (left), at posted prices (posted)"`
	PercentOf  string      `toml:"percent_of" default:"'left'" oneof:"left,posted" doc:"percentages on units and orders, and coupons, are of what earlier promotions left, or of posted prices and so add up"`
	Promotions []Promotion `toml:"-"` // in any order: they apply by level and priority

	Products []string `toml:"-"` // names; a Line's product is an index of it
	Personas []string `toml:"-"` // a Customer's persona is an index of it
	Channels []string `toml:"-"` // a Customer's channel is an index of it
}

// Promotion is one promotion: who may have it, when, how often, and by its kind what it gives. Empty lists are all; limits of 0 are none.
type Promotion struct {
	Name string `toml:"name" required:"true" doc:"what it is called"`
	Kind string `toml:"kind" required:"true" oneof:"percentage,amount,flash,bundle,buy-get,spend,coupon" doc:"what it gives"`

	Products []string `toml:"products" doc:"products that it may take; none: all"`
	Personas []string `toml:"personas" doc:"shoppers who may have it, by persona; none: all"`
	Channels []string `toml:"channels" doc:"channels where it holds; none: all"`
	First    bool     `toml:"first_purchase" doc:"for first purchases alone"`
	Granted  bool     `toml:"granted" doc:"for those alone to whom it is handed out, as often as it was"`

	Off    bool    `toml:"off" doc:"off until an offer switches it on"`
	Starts float64 `toml:"starts" doc:"first instant, on the market's clock"`
	Ends   float64 `toml:"ends" doc:"instant from which it no longer holds; 0: never"`

	MinQuantity int     `toml:"min_quantity" range:"[0,1000000]" doc:"units in the cart that it asks for"`
	MinAmount   float64 `toml:"min_amount" range:"[0,1000000000]" doc:"worth of its units in the cart that it asks for, $"`

	Budget      float64 `toml:"budget" range:"[0,1000000000]" doc:"all that it may save shoppers, $; 0: no limit"`
	Uses        int     `toml:"uses" range:"[0,1000000000]" doc:"uses in all: units, sets, times or coupons by kind; 0: no limit"`
	PerCustomer int     `toml:"per_customer" range:"[0,1000000]" doc:"uses of one customer; 0: no limit"`
	PerOrder    int     `toml:"per_order" range:"[0,1000000]" doc:"uses in one order; 0: no limit"`

	Group    string `toml:"group" doc:"of an exclusive group the best for the shopper applies"`
	Priority int    `toml:"priority" range:"[-1000000,1000000]" doc:"higher goes first within its level"`
	Alone    bool   `toml:"alone" doc:"takes no line on which another promotion is, and lets none follow"`

	Options Options `toml:"-"` // what the kind adds
}

// Options are the keys that a kind of promotion adds to those of all; Kinds makes them.
type Options interface {
	compile(x *compiler, r *rule)
}

// Kind is a kind of promotion.
type Kind struct {
	Name string
	Doc  string
	New  func() Options // a pointer to a struct of the kind's keys
}

// Kinds lists the kinds of promotions, in the order in which they apply.
func Kinds() []Kind {
	return []Kind{
		{"percentage", "a share off the price of each unit", func() Options { return new(Percentage) }},
		{"amount", "an amount off the price of each unit", func() Options { return new(Amount) }},
		{"flash", "a price or a share off for a short time, for as many units as uses says", func() Options { return new(Flash) }},
		{"bundle", "units bought together, for a price or with something off", func() Options { return new(Bundle) }},
		{"buy-get", "buy some, get more free or cheaper: the cheapest of each set", func() Options { return &BuyGet{Percent: 100} }},
		{"spend", "something off the order where it reaches a threshold, in tiers, again and again if so said", func() Options { return new(Spend) }},
		{"coupon", "something off the order for those who have it, after all else", func() Options { return new(Coupon) }},
	}
}
