package promotion

import (
	"math/big"
	"slices"
	"sort"
)

// The reference reads the Config itself, one unit of goods at a time, in rational numbers: slow, and as plain as the rules in the package's
// documentation. It shares no code with what it checks.

type refLine struct {
	product, quantity int
	price, paid       *big.Rat // a unit's posted price; what all units cost so far
	settled           *big.Rat // paid, after the promotions on units and sets
	on                []int    // promotions
	alone, bound      bool
}

type refOrder struct {
	lines         []*refLine
	saved         map[int]*big.Rat // by promotion
	uses          map[int]int
	afterSettling bool
}

type refBooks struct {
	saved    map[int]*big.Rat
	uses     map[int]int
	customer map[[2]int]int // promotion, customer → uses
	granted  map[[2]int]int
	off      map[int]bool
}

func newRefBooks(cfg *Config) *refBooks {
	b := &refBooks{map[int]*big.Rat{}, map[int]int{}, map[[2]int]int{}, map[[2]int]int{}, map[int]bool{}}
	for i, p := range cfg.Promotions {
		b.saved[i], b.off[i] = new(big.Rat), p.Off
	}
	return b
}

func (b *refBooks) book(o *refOrder, customer, sign int) {
	for i, n := range o.uses {
		b.uses[i] += sign * n
		b.customer[[2]int{i, customer}] += sign * n
		b.saved[i] = new(big.Rat).Add(b.saved[i], mul(rat(int64(sign)), o.saved[i]))
	}
}

func rat(n int64) *big.Rat            { return new(big.Rat).SetInt64(n) }
func add(a, b *big.Rat) *big.Rat      { return new(big.Rat).Add(a, b) }
func sub(a, b *big.Rat) *big.Rat      { return new(big.Rat).Sub(a, b) }
func mul(a, b *big.Rat) *big.Rat      { return new(big.Rat).Mul(a, b) }
func over(a *big.Rat, n int) *big.Rat { return new(big.Rat).Quo(a, rat(int64(n))) }

func least(a, b *big.Rat) *big.Rat {
	if a.Cmp(b) < 0 {
		return a
	}
	return b
}

func whole(a *big.Rat) *big.Rat { // the integer below
	return new(big.Rat).SetInt(new(big.Int).Div(a.Num(), a.Denom()))
}

func rounded(a *big.Rat) *big.Rat { return whole(add(a, big.NewRat(1, 2))) }

// units of account in an amount of $
func (r *reference) money(dollars float64) *big.Rat {
	x := new(big.Rat).SetFloat64(dollars)
	for range r.cfg.Decimals {
		x = mul(x, rat(10))
	}
	return rounded(x)
}

// what is off something of which left is to be paid, percentages being of base
func (r *reference) off(price, amount, percent float64, left, base *big.Rat) *big.Rat {
	switch {
	case price > 0:
		if saved := sub(left, r.money(price)); saved.Sign() > 0 {
			return saved
		}
		return new(big.Rat)
	case amount > 0:
		return least(r.money(amount), left)
	}
	hundredths := rounded(mul(new(big.Rat).SetFloat64(percent), rat(10_000)))
	return least(rounded(over(mul(base, hundredths), 1_000_000)), left)
}

type reference struct {
	cfg   *Config
	books *refBooks
	who   Customer
	o     *refOrder
}

func priceReference(cfg *Config, cart []Line, at float64, who Customer, books *refBooks) *refOrder {
	r := &reference{cfg, books, who, &refOrder{saved: map[int]*big.Rat{}, uses: map[int]int{}}}
	for _, c := range cart {
		r.o.lines = append(r.o.lines, &refLine{product: c.Product, quantity: c.Quantity, price: rat(c.Price), paid: rat(c.Price * int64(c.Quantity))})
	}
	sort.SliceStable(r.o.lines, func(i, j int) bool {
		a, b := r.o.lines[i], r.o.lines[j]
		if a.product != b.product {
			return a.product < b.product
		}
		if c := a.price.Cmp(b.price); c != 0 {
			return c < 0
		}
		return a.quantity < b.quantity
	})
	for _, turn := range r.turns() {
		if refLevel(cfg.Promotions[turn[0]].Kind) >= 3 && !r.o.afterSettling {
			r.o.afterSettling = true
			for _, l := range r.o.lines {
				l.settled = l.paid
			}
		}
		var here []int
		for _, i := range turn {
			if r.holds(i, at) && r.reached(i) {
				here = append(here, i)
			}
		}
		if refLevel(cfg.Promotions[turn[0]].Kind) == 1 {
			r.onUnits(here)
		} else {
			r.onOrder(here)
		}
	}
	return r.o
}

func refLevel(kind string) int {
	return map[string]int{"percentage": 1, "amount": 1, "flash": 1, "bundle": 2, "buy-get": 2, "spend": 3, "coupon": 4}[kind]
}

// turns lists groups of promotions in order of application.
func (r *reference) turns() (turns [][]int) {
	var all []int
	for i := range r.cfg.Promotions {
		all = append(all, i)
	}
	sort.SliceStable(all, func(a, b int) bool {
		p, q := r.cfg.Promotions[all[a]], r.cfg.Promotions[all[b]]
		if refLevel(p.Kind) != refLevel(q.Kind) {
			return refLevel(p.Kind) < refLevel(q.Kind)
		}
		return p.Priority > q.Priority
	})
	place := map[string]int{}
	for _, i := range all {
		group := r.cfg.Promotions[i].Group
		if k, known := place[group]; known && group != "" {
			turns[k] = append(turns[k], i)
			continue
		}
		place[group] = len(turns)
		turns = append(turns, []int{i})
	}
	return turns
}

func named(names, all []string, i int) bool {
	return len(names) == 0 || i >= 0 && i < len(all) && slices.Contains(names, all[i])
}

func (r *reference) holds(i int, at float64) bool {
	p := r.cfg.Promotions[i]
	return !r.books.off[i] && at >= p.Starts && (p.Ends == 0 || at < p.Ends) && (!p.First || r.who.First) &&
		named(p.Personas, r.cfg.Personas, r.who.Persona) && named(p.Channels, r.cfg.Channels, r.who.Channel)
}

func (r *reference) covers(i int, product int) bool {
	p := r.cfg.Promotions[i]
	if b, ok := p.Options.(*Bundle); ok {
		for _, item := range b.Items {
			if named(item.Products, r.cfg.Products, product) {
				return true
			}
		}
		return false
	}
	return product < len(r.cfg.Products) && named(p.Products, r.cfg.Products, product)
}

// mine are the lines that a promotion may take.
func (r *reference) mine(i int) (lines []*refLine) {
	for _, l := range r.o.lines {
		sets := refLevel(r.cfg.Promotions[i].Kind) == 2
		if r.covers(i, l.product) && !l.alone && !(r.cfg.Promotions[i].Alone && len(l.on) > 0) && !(sets && l.bound) {
			lines = append(lines, l)
		}
	}
	return lines
}

func (r *reference) measured(lines []*refLine) (units int, amount *big.Rat) {
	amount = new(big.Rat)
	for _, l := range lines {
		units += l.quantity
		switch {
		case r.cfg.Thresholds == "posted":
			amount = add(amount, mul(l.price, rat(int64(l.quantity))))
		case r.cfg.Thresholds != "left" && l.settled != nil:
			amount = add(amount, l.settled)
		default:
			amount = add(amount, l.paid)
		}
	}
	return units, amount
}

func (r *reference) reached(i int) bool {
	p := r.cfg.Promotions[i]
	units, amount := r.measured(r.mine(i))
	return units >= p.MinQuantity && amount.Cmp(r.money(p.MinAmount)) >= 0
}

// may tells whether a promotion may be used once more, beyond the uses and savings given, for a saving.
func (r *reference) may(i, uses int, saved, saving *big.Rat) bool {
	p := r.cfg.Promotions[i]
	key := [2]int{i, r.who.ID}
	uses++
	switch {
	case p.Uses > 0 && r.books.uses[i]+uses > p.Uses,
		p.PerOrder > 0 && uses > p.PerOrder,
		p.PerCustomer > 0 && r.books.customer[key]+uses > p.PerCustomer,
		p.Granted && r.books.customer[key]+uses > r.books.granted[key]:
		return false
	}
	return p.Budget == 0 || add(r.books.saved[i], add(saved, saving)).Cmp(r.money(p.Budget)) <= 0
}

func (r *reference) use(i, uses int, saved *big.Rat) {
	if r.o.saved[i] == nil {
		r.o.saved[i] = new(big.Rat)
	}
	r.o.saved[i] = add(r.o.saved[i], saved)
	r.o.uses[i] += uses
}

func (r *reference) base(price, left *big.Rat) *big.Rat {
	if r.cfg.PercentOf == "posted" {
		return price
	}
	return left
}

// onUnits gives each unit by itself the best of the promotions.
func (r *reference) onUnits(turn []int) {
	var lines []*refLine
	open := map[int][]*refLine{}
	for _, i := range turn {
		open[i] = r.mine(i)
	}
	for _, l := range r.o.lines {
		unit := over(l.paid, l.quantity)
		var last *refLine
		for range l.quantity {
			best, off := -1, new(big.Rat)
			for _, i := range turn {
				var saving *big.Rat
				switch o := r.cfg.Promotions[i].Options.(type) {
				case *Percentage:
					saving = r.off(0, 0, o.Percent, unit, r.base(l.price, unit))
				case *Amount:
					saving = r.off(0, o.Amount, 0, unit, unit)
				case *Flash:
					saving = r.off(o.Price, 0, o.Percent, unit, r.base(l.price, unit))
				}
				saved := r.o.saved[i]
				if saved == nil {
					saved = new(big.Rat)
				}
				if slices.Contains(open[i], l) && saving.Cmp(off) > 0 && r.may(i, r.o.uses[i], saved, saving) {
					best, off = i, saving
				}
			}
			on, alone := slices.Clone(l.on), l.alone
			if best >= 0 {
				on, alone = append(on, best), alone || r.cfg.Promotions[best].Alone
				r.use(best, 1, off)
			}
			if last == nil || !slices.Equal(last.on, on) {
				last = &refLine{product: l.product, price: l.price, paid: new(big.Rat), on: on, alone: alone}
				lines = append(lines, last)
			}
			last.quantity++
			last.paid = add(last.paid, sub(unit, off))
		}
	}
	r.o.lines = lines
}

// refClaim is what a promotion would take: units and their cost by line, and what it saves.
type refClaim struct {
	units map[*refLine]int
	cost  map[*refLine]*big.Rat
	saved *big.Rat
	uses  int
}

func (r *reference) onOrder(turn []int) {
	var best *refClaim
	winner := -1
	for _, i := range turn {
		c := &refClaim{map[*refLine]int{}, map[*refLine]*big.Rat{}, new(big.Rat), 0}
		r.claim(i, c)
		if c.saved.Sign() > 0 && (best == nil || c.saved.Cmp(best.saved) > 0) {
			best, winner = c, i
		}
	}
	if best == nil {
		return
	}
	r.use(winner, best.uses, best.saved)
	shares := hamilton(r.o.lines, best)
	var lines []*refLine
	for _, l := range r.o.lines {
		n := best.units[l]
		if n == 0 {
			lines = append(lines, l)
			continue
		}
		taken := *l
		taken.quantity, taken.bound, taken.alone = n, true, l.alone || r.cfg.Promotions[winner].Alone
		taken.on = append(slices.Clone(l.on), winner)
		taken.paid = sub(best.cost[l], shares[l])
		lines = append(lines, &taken)
		if n < l.quantity {
			rest := *l
			rest.quantity, rest.paid = l.quantity-n, sub(l.paid, best.cost[l])
			lines = append(lines, &rest)
		}
	}
	r.o.lines = lines
}

// hamilton spreads what is saved by largest remainder.
func hamilton(lines []*refLine, c *refClaim) map[*refLine]*big.Rat {
	all, rest := new(big.Rat), c.saved
	for _, cost := range c.cost {
		all = add(all, cost)
	}
	shares, odd := map[*refLine]*big.Rat{}, map[*refLine]*big.Rat{}
	var order []*refLine
	for _, l := range lines {
		if c.units[l] > 0 {
			exact := new(big.Rat).Quo(mul(c.saved, c.cost[l]), all)
			shares[l] = whole(exact)
			odd[l] = sub(exact, shares[l])
			rest = sub(rest, shares[l])
			order = append(order, l)
		}
	}
	sort.SliceStable(order, func(i, j int) bool { return odd[order[i]].Cmp(odd[order[j]]) > 0 })
	for _, l := range order {
		if rest.Sign() > 0 {
			shares[l], rest = add(shares[l], rat(1)), sub(rest, rat(1))
		}
	}
	return shares
}

func (r *reference) claim(i int, c *refClaim) {
	lines := r.mine(i)
	left, base := new(big.Rat), new(big.Rat)
	for _, l := range lines {
		left = add(left, l.paid)
		base = add(base, r.base(mul(l.price, rat(int64(l.quantity))), l.paid))
	}
	switch o := r.cfg.Promotions[i].Options.(type) {
	case *Bundle:
		r.sets(i, c, o.Items, func(set []*big.Rat) *big.Rat {
			worth := new(big.Rat)
			for _, price := range set {
				worth = add(worth, price)
			}
			return r.off(o.Price, o.Amount, o.Percent, worth, worth)
		})
		return
	case *BuyGet:
		r.sets(i, c, []Item{{Quantity: o.Buy + o.Get, Products: r.cfg.Promotions[i].Products}}, func(set []*big.Rat) *big.Rat {
			cheapest := new(big.Rat)
			sort.Slice(set, func(a, b int) bool { return set[a].Cmp(set[b]) < 0 })
			for _, price := range set[:o.Get] {
				cheapest = add(cheapest, price)
			}
			return r.off(0, 0, o.Percent, cheapest, cheapest)
		})
		return
	case *Spend:
		units, rest := r.measured(lines)
		tiers := slices.Clone(o.Tiers)
		sort.Slice(tiers, func(a, b int) bool {
			return tiers[a].Spend+float64(tiers[a].Units) > tiers[b].Spend+float64(tiers[b].Units)
		})
		if tiers[0].Units > 0 {
			rest = rat(int64(units))
		}
		for _, t := range tiers {
			from := rat(int64(t.Units))
			if t.Units == 0 {
				from = r.money(t.Spend)
			}
			met := false
			for rest.Cmp(from) >= 0 && !(met && !o.Repeat) {
				met = true
				rest = sub(rest, from)
				off := r.off(0, t.Amount, t.Percent, left, base)
				if r.may(i, c.uses, c.saved, off) {
					c.uses++
					c.saved = add(c.saved, off)
				}
			}
			if met && !o.Repeat {
				break
			}
		}
		c.saved = least(c.saved, left)
	case *Coupon:
		off := r.off(0, o.Amount, o.Percent, left, base)
		if o.AtMost > 0 {
			off = least(off, r.money(o.AtMost))
		}
		if r.may(i, 0, new(big.Rat), off) {
			c.uses, c.saved = 1, off
		}
	}
	for _, l := range lines {
		c.units[l], c.cost[l] = l.quantity, l.paid
	}
}

// sets forms sets one by one, each of the dearest units that are left.
func (r *reference) sets(i int, c *refClaim, items []Item, off func(set []*big.Rat) *big.Rat) {
	type unit struct {
		line  *refLine
		price *big.Rat
	}
	var units []unit
	for _, l := range r.mine(i) {
		for range l.quantity {
			units = append(units, unit{l, over(l.paid, l.quantity)})
		}
	}
	sort.SliceStable(units, func(a, b int) bool { return units[a].price.Cmp(units[b].price) > 0 })
	for {
		var set []unit
		rest := slices.Clone(units)
		for _, item := range items {
			for n := 0; n < item.Quantity; n++ {
				k := slices.IndexFunc(rest, func(u unit) bool { return named(item.Products, r.cfg.Products, u.line.product) })
				if k < 0 {
					return
				}
				set, rest = append(set, rest[k]), slices.Delete(rest, k, k+1)
			}
		}
		var prices []*big.Rat
		for _, u := range set {
			prices = append(prices, u.price)
		}
		saving := off(prices)
		if saving.Sign() == 0 || !r.may(i, c.uses, c.saved, saving) {
			return
		}
		c.uses, c.saved, units = c.uses+1, add(c.saved, saving), rest
		for _, u := range set {
			if c.cost[u.line] == nil {
				c.cost[u.line] = new(big.Rat)
			}
			c.units[u.line]++
			c.cost[u.line] = add(c.cost[u.line], u.price)
		}
	}
}
