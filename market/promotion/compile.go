package promotion

import (
	"fmt"
	"math"
	"math/bits"
	"reflect"
	"slices"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
)

// Promotions are compiled and do not change: several markets may share them.
type Promotions struct {
	rules    []rule // in order of application; masks have a bit for each
	words    int    // of a mask
	products int
	covers   []uint64 // by product: the rules that may take it
	// Masks of the rules open to a persona and to a channel (row 0: one unknown), and to one who has bought before.
	personas, channels, regulars []uint64
	times                        []float64 // when a rule starts or ends, ascending
	byIndex                      []int     // rule of a promotion of the Config
	counted                      int       // rules whose uses are counted by customer
	onUnits                      int       // rules on single units: they come first
	thresholds                   basis
	percentOfPosted              bool
}

// level is where a promotion stands in the order of application.
type level uint8

const (
	unitLevel level = iota
	setLevel
	orderLevel
	couponLevel
)

// basis is what thresholds measure.
type basis uint8

const (
	afterLines basis = iota
	afterAll
	posted
)

// rule is a compiled promotion.
type rule struct {
	index  int // in the Config
	level  level
	turn   level  // where it applies: the level of its group's first member
	lead   int    // position of its group's first member, or its own
	cut    cut    // of units, on their level
	whole  claims // above it
	covers []bool // by product

	starts, ends           float64
	minQuantity, minAmount int64
	budget                 int64
	uses, perOrder         int64
	perCustomer            int64
	slot                   int // among the rules counted by customer; -1: is not
	alone, off             bool
}

// Bounds keep every sum of money far from the end of an integer.
const (
	mostMoney = 1e9 // $
	mostUnits = 1_000_000
	mostUses  = 1_000_000_000
	unlimited = math.MaxInt64
)

// New compiles promotions. A bad Config gets a *field.Error whose key begins with promotions.NAME.
func New(cfg *Config) (*Promotions, error) {
	x := &compiler{config: cfg}
	p := &Promotions{words: (len(cfg.Promotions) + 63) / 64, percentOfPosted: cfg.PercentOf == "posted"}
	x.settings(p)
	names := make(map[string]bool)
	for i := range cfg.Promotions {
		x.promotion, x.key = &cfg.Promotions[i], fmt.Sprintf("promotions.%d.", i+1)
		name := x.promotion.Name
		if name == "" || names[name] {
			x.bad(field.New("name", fmt.Sprintf("%q", name), "a name that no other promotion has"))
		}
		names[name], x.key = true, "promotions."+name+"."
		p.rules = append(p.rules, x.rule(i))
	}
	if x.err == nil {
		x.order(p)
	}
	if x.err != nil {
		return nil, x.err
	}
	p.index(cfg)
	return p, nil
}

// compiler checks and translates, and keeps the first thing that is wrong.
type compiler struct {
	config    *Config
	promotion *Promotion
	key       string
	err       error
}

func (x *compiler) bad(e *field.Error) {
	if x.err == nil {
		e.Key = x.key + e.Key
		x.err = e
	}
}

func (x *compiler) settings(p *Promotions) {
	cfg := x.config
	bases := map[string]basis{"": afterLines, "lines": afterLines, "left": afterAll, "posted": posted}
	var known bool
	if p.thresholds, known = bases[cfg.Thresholds]; !known {
		x.bad(field.New("thresholds", cfg.Thresholds, "lines, left or posted"))
	}
	if cfg.PercentOf != "" && cfg.PercentOf != "left" && cfg.PercentOf != "posted" {
		x.bad(field.New("percent_of", cfg.PercentOf, "left or posted"))
	}
	if cfg.Decimals < 0 || cfg.Decimals > 6 {
		x.bad(field.New("money_decimals", cfg.Decimals, "0 to 6"))
	}
}

func (x *compiler) rule(i int) rule {
	o := x.promotion
	r := rule{index: i, starts: o.Starts, ends: o.Ends, slot: -1, alone: o.Alone, off: o.Off}
	if !(math.Abs(o.Starts) <= math.MaxFloat64) {
		x.bad(field.New("starts", o.Starts, "a finite time"))
	}
	if r.ends == 0 {
		r.ends = math.Inf(1)
	}
	if !(r.ends > r.starts) {
		x.bad(field.New("ends", o.Ends, fmt.Sprintf("a time after the start at %g", o.Starts)))
	}
	if o.Priority < -mostUnits || o.Priority > mostUnits {
		x.bad(field.New("priority", o.Priority, fmt.Sprintf("%d to %d", -mostUnits, mostUnits)))
	}
	if o.Granted && o.PerCustomer != 0 {
		x.bad(field.New("per_customer", o.PerCustomer, "none beside granted, which counts what was handed out"))
	}
	r.minQuantity = x.count("min_quantity", o.MinQuantity, 0, mostUnits)
	r.minAmount = x.money("min_amount", o.MinAmount)
	r.budget = x.limit("budget", o.Budget)
	r.uses = orUnlimited(x.count("uses", o.Uses, 0, mostUses))
	r.perOrder = orUnlimited(x.count("per_order", o.PerOrder, 0, mostUnits))
	r.perCustomer = x.count("per_customer", o.PerCustomer, 0, mostUnits) // granted: 0 and what was handed out
	r.covers = x.members("products", o.Products, x.config.Products)
	if len(o.Products) == 0 {
		for j := range r.covers {
			r.covers[j] = true
		}
	}
	x.members("personas", o.Personas, x.config.Personas)
	x.members("channels", o.Channels, x.config.Channels)
	x.options(&r)
	return r
}

// options compiles what the kind adds.
func (x *compiler) options(r *rule) {
	var names []string
	for _, kind := range Kinds() {
		if names = append(names, kind.Name); kind.Name != x.promotion.Kind {
			continue
		}
		if o := x.promotion.Options; reflect.TypeOf(o) != reflect.TypeOf(kind.New()) || reflect.ValueOf(o).IsNil() {
			x.bad(field.New("kind", x.promotion.Kind, fmt.Sprintf("the kind of its options, which are %T", o)))
			return
		}
		x.promotion.Options.compile(x, r)
		return
	}
	x.bad(field.New("kind", fmt.Sprintf("%q", x.promotion.Kind), "one of "+strings.Join(names, ", ")))
}

// members turns names into a mask of what there is.
func (x *compiler) members(key string, names, all []string) []bool {
	in := make([]bool, len(all))
	for _, name := range names {
		i := slices.Index(all, name)
		if i < 0 {
			x.bad(field.New(key, fmt.Sprintf("%q", name), "one of "+strings.Join(all, ", ")))
			continue
		}
		in[i] = true
	}
	return in
}

func (x *compiler) count(key string, n, from, to int) int64 {
	if n < from || n > to {
		x.bad(field.New(key, n, fmt.Sprintf("%d to %d", from, to)))
	}
	return int64(n)
}

// money turns $ into the unit of account.
func (x *compiler) money(key string, dollars float64) int64 {
	minor := dollars * math.Pow10(x.config.Decimals)
	if !(dollars >= 0 && dollars <= mostMoney) || math.Abs(minor-math.Round(minor)) > 1e-6 {
		x.bad(field.New(key, dollars, fmt.Sprintf("$0 to $%g, in whole units of $%g", mostMoney, math.Pow10(-x.config.Decimals))))
		return 0
	}
	return int64(math.Round(minor))
}

func (x *compiler) positive(key string, dollars float64) int64 {
	minor := x.money(key, dollars)
	if minor == 0 {
		x.bad(field.New(key, dollars, "more than $0"))
	}
	return minor
}

func (x *compiler) limit(key string, dollars float64) int64 {
	return orUnlimited(x.money(key, dollars))
}

func orUnlimited(n int64) int64 {
	if n == 0 {
		return unlimited
	}
	return n
}

// cut compiles what is off: exactly one of a price, an amount and a percentage, of those that the kind has keys for.
func (x *compiler) cut(price, amount, percent float64, keys ...string) cut {
	given := 0
	for _, v := range []float64{price, amount, percent} {
		if v != 0 {
			given++
		}
	}
	if given != 1 {
		x.bad(field.New(keys[0], fmt.Sprintf("%d of %s", given, strings.Join(keys, ", ")), "exactly one above 0"))
		return cut{}
	}
	prefix := keys[0][:strings.LastIndexByte(keys[0], '.')+1]
	switch {
	case price != 0:
		return cut{price: x.positive(prefix+"price", price)}
	case amount != 0:
		return cut{amount: x.positive(prefix+"amount", amount)}
	}
	millionths := percent * (million / 100)
	if !(percent > 0 && percent <= 100) || math.Abs(millionths-math.Round(millionths)) > 1e-6 || millionths < 1 {
		x.bad(field.New(prefix+"percent", percent, "more than 0, at most 100, with at most four decimals"))
		return cut{}
	}
	return cut{millionths: int64(math.Round(millionths))}
}

// order sorts the rules into their order of application, members of a group together at their first one's place.
func (x *compiler) order(p *Promotions) {
	promotions := x.config.Promotions
	slices.SortStableFunc(p.rules, func(a, b rule) int {
		if a.level != b.level {
			return int(a.level) - int(b.level)
		}
		return promotions[b.index].Priority - promotions[a.index].Priority
	})
	first := make(map[string]int)
	for i := range p.rules {
		r := &p.rules[i]
		r.lead, r.turn = i, r.level
		group := promotions[r.index].Group
		if group == "" {
			continue
		}
		lead, known := first[group]
		if !known {
			first[group] = i
			continue
		}
		r.lead, r.turn = lead, p.rules[lead].level
		if r.turn == unitLevel && r.level != unitLevel {
			x.key = "promotions." + promotions[r.index].Name + "."
			x.bad(field.New("group", fmt.Sprintf("%q, as %s", group, promotions[p.rules[lead].index].Name),
				"promotions on single units in a group of their own: among one another they compete line by line"))
			return
		}
	}
	slices.SortStableFunc(p.rules, func(a, b rule) int { return a.lead - b.lead })
}

// index builds the masks by which a cart finds its rules.
func (p *Promotions) index(cfg *Config) {
	p.products = len(cfg.Products)
	p.covers = make([]uint64, len(cfg.Products)*p.words)
	p.personas = make([]uint64, (len(cfg.Personas)+1)*p.words)
	p.channels = make([]uint64, (len(cfg.Channels)+1)*p.words)
	p.regulars = make([]uint64, p.words)
	p.byIndex = make([]int, len(p.rules))
	for i := range p.rules {
		r := &p.rules[i]
		c := &cfg.Promotions[r.index]
		p.byIndex[r.index] = i
		if r.level == unitLevel {
			p.onUnits++
		}
		word, bit := i/64, uint64(1)<<(i%64)
		for j := range cfg.Products {
			if r.covers[j] {
				p.covers[j*p.words+word] |= bit
			}
		}
		target(p.personas[word:], p.words, bit, c.Personas, cfg.Personas)
		target(p.channels[word:], p.words, bit, c.Channels, cfg.Channels)
		if !c.First {
			p.regulars[word] |= bit
		}
		if c.Granted || c.PerCustomer > 0 {
			r.slot = p.counted
			p.counted++
		}
		p.times = append(p.times, r.starts, r.ends)
	}
	slices.Sort(p.times)
	p.times = slices.Compact(p.times)
}

// target sets a rule's bit in the rows of those who may have it; row 0 is somebody of whom nothing is known.
func target(rows []uint64, words int, bit uint64, names, all []string) {
	if len(names) == 0 {
		rows[0] |= bit
	}
	for i, name := range all {
		if len(names) == 0 || slices.Contains(names, name) {
			rows[(i+1)*words] |= bit
		}
	}
}

const million = 1_000_000

// cut is what is off, one of three.
type cut struct{ price, amount, millionths int64 }

// of returns what is off something of which left is still to be paid; percentages are of base. It is from 0 to left.
func (c *cut) of(left, base int64) int64 {
	switch {
	case c.price > 0:
		return max(0, left-c.price)
	case c.amount > 0:
		return min(c.amount, left)
	}
	return min(share(base, c.millionths, million), left)
}

// share returns n·part/whole rounded half-up, for n >= 0 and 0 <= part <= whole.
func share(n, part, whole int64) int64 {
	hi, lo := bits.Mul64(uint64(n), uint64(part))
	if hi == 0 && lo <= math.MaxInt64 {
		return int64((lo + uint64(whole)/2) / uint64(whole))
	}
	lo, carry := bits.Add64(lo, uint64(whole)/2, 0)
	quotient, _ := bits.Div64(hi+carry, lo, uint64(whole))
	return int64(quotient)
}
