package promotion

import (
	"math/bits"
)

// Price fills an order with what a customer pays for a cart at a time, given what has been used of the promotions so far. A cart has lines of at
// least one unit, and is worth less than 2^62 minor units at posted prices. It does not allocate once the order's memory has grown, books nothing, and changes
// nothing but the order (and what used remembers of the clock).
func (p *Promotions) Price(o *Order, cart []Line, at float64, who Customer, used *Usage) {
	o.open(cart, who.ID)
	p.apply(o, at, who, used, len(p.rules))
}

// Shelf returns the price of a unit that a shopper sees on the shelf: the posted one less the promotions on single units that would apply were
// it alone in the cart. The order is working memory.
func (p *Promotions) Shelf(o *Order, product int, price int64, at float64, who Customer, used *Usage) int64 {
	if p.onUnits == 0 { // short, so that it is inlined: shelves are looked at much
		return price
	}
	return p.shelf(o, product, price, at, who, used)
}

func (p *Promotions) shelf(o *Order, product int, price int64, at float64, who Customer, used *Usage) int64 {
	o.Lines = append(o.Lines[:0], OrderLine{Product: product, Quantity: 1, Price: price, Paid: price, unit: price})
	o.Adjustments, o.Uses, o.Customer, o.settled = o.Adjustments[:0], o.Uses[:0], who.ID, false
	p.apply(o, at, who, used, p.onUnits)
	return o.Lines[0].Paid
}

// Combine tells whether there is a promotion on more than single units, so that an order may cost less than its parts.
func (p *Promotions) Combine() bool { return p.onUnits < len(p.rules) }

// apply lets the first rules take their turns.
func (p *Promotions) apply(o *Order, at float64, who Customer, used *Usage, rules int) {
	p.find(o, at, who, used, rules)
	for turn := o.candidates; len(turn) > 0; {
		first := &p.rules[turn[0]]
		n := 1
		for n < len(turn) && p.rules[turn[n]].lead == first.lead {
			n++
		}
		if first.turn >= orderLevel && !o.settled {
			o.settle()
		}
		if first.level == unitLevel {
			p.byUnit(o, turn[:n], who, used)
		} else {
			p.byOrder(o, turn[:n], who, used)
		}
		turn = turn[n:]
	}
}

// find lists the rules that hold now, for this customer, and cover something in the cart.
func (p *Promotions) find(o *Order, at float64, who Customer, used *Usage, rules int) {
	used.advance(at)
	o.candidates = o.candidates[:0]
	persona, channel := p.row(p.personas, who.Persona), p.row(p.channels, who.Channel)
	for w := 0; w*64 < rules; w++ {
		var mask uint64
		for i := range o.Lines {
			if j := o.Lines[i].Product; uint(j) < uint(p.products) {
				mask |= p.covers[j*p.words+w]
			}
		}
		mask &= used.live[w] & persona[w] & channel[w]
		if !who.First {
			mask &= p.regulars[w]
		}
		if left := rules - w*64; left < 64 {
			mask &= 1<<left - 1
		}
		for ; mask != 0; mask &= mask - 1 {
			o.candidates = append(o.candidates, int32(w*64+bits.TrailingZeros64(mask)))
		}
	}
}

// row returns the masks of a persona or channel, of whom nothing is known where there is none such.
func (p *Promotions) row(rows []uint64, i int) []uint64 {
	at := (i + 1) * p.words
	if i < 0 || at >= len(rows) {
		at = 0
	}
	return rows[at : at+p.words]
}

// takes tells whether a rule may take a line.
func (r *rule) takes(l *OrderLine) bool {
	if l.closed || r.alone && l.touched || r.level == setLevel && l.bound {
		return false
	}
	return uint(l.Product) < uint(len(r.covers)) && r.covers[l.Product]
}

// base is what percentages of a line are of, for so many units.
func (p *Promotions) base(l *OrderLine) int64 {
	if p.percentOfPosted {
		return l.Price * int64(l.Quantity)
	}
	return l.Paid
}

// admits tells whether the lines that a rule may take reach its thresholds.
func (p *Promotions) admits(o *Order, r *rule) bool {
	if r.minQuantity <= 1 && r.minAmount == 0 {
		return true
	}
	var units, amount int64
	for i := range o.Lines {
		if l := &o.Lines[i]; r.takes(l) {
			units += int64(l.Quantity)
			amount += p.measure(o, l)
		}
	}
	return units >= r.minQuantity && amount >= r.minAmount
}

// measure is a line's part in a threshold.
func (p *Promotions) measure(o *Order, l *OrderLine) int64 {
	switch {
	case p.thresholds == posted:
		return l.Price * int64(l.Quantity)
	case p.thresholds == afterLines && o.settled:
		return l.lines
	}
	return l.Paid
}

// member is a rule on single units at its turn, with what is left of its limits.
type member struct {
	rule        *rule
	uses, money int64
	use         Use
}

// byUnit holds a turn of rules on single units: on each line the one that saves most, as far as its limits reach.
func (p *Promotions) byUnit(o *Order, turn []int32, who Customer, used *Usage) {
	o.members = o.members[:0]
	for _, k := range turn {
		r := &p.rules[k]
		if uses, money := used.left(r, who.ID); uses > 0 && money > 0 && p.admits(o, r) {
			o.members = append(o.members, member{})
			m := &o.members[len(o.members)-1] // field by field: a literal is copied once more
			m.rule, m.uses, m.money, m.use.Promotion = r, uses, money, r.index
		}
	}
	for i := 0; i < len(o.Lines); i++ { // what a split leaves is next
		best, off := p.best(o.members, &o.Lines[i])
		if best == nil {
			continue
		}
		units := affordable(min(int64(o.Lines[i].Quantity), best.uses), off, best.money)
		if int(units) < o.Lines[i].Quantity {
			o.split(i, int(units))
		}
		o.reduce(i, best.rule, units*off)
		o.Lines[i].unit -= off
		best.uses -= units
		best.money -= units * off
		best.use.Uses += units
		best.use.Amount += units * off
	}
	for i := range o.members {
		if o.members[i].use.Uses > 0 {
			o.Uses = append(o.Uses, o.members[i].use)
		}
	}
}

// best is the member that takes most off a unit of a line, of equals the first, or nil.
func (p *Promotions) best(members []member, l *OrderLine) (best *member, off int64) {
	base := l.unit
	if p.percentOfPosted {
		base = l.Price
	}
	for k := range members {
		m := &members[k]
		if m.uses == 0 || !m.rule.takes(l) {
			continue
		}
		if saves := m.rule.cut.of(l.unit, base); saves > off && saves <= m.money {
			best, off = m, saves
		}
	}
	return best, off
}

// byOrder holds a turn of rules on more than a unit: the one that saves most in all applies.
func (p *Promotions) byOrder(o *Order, turn []int32, who Customer, used *Usage) {
	best, next := &o.claims[0], &o.claims[1]
	best.total = 0
	for _, k := range turn {
		r := &p.rules[k]
		uses, money := used.left(r, who.ID)
		if uses <= 0 || money <= 0 || !p.admits(o, r) {
			continue
		}
		next.begin(p, o, r, uses, money)
		r.whole.claim(next)
		if next.total > best.total {
			best, next = next, best
		}
	}
	if best.total > 0 {
		best.book(o)
	}
}
