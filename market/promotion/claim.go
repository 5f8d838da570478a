package promotion

import (
	"math/bits"
	"slices"
)

// claims is what rules on more than a unit implement: claim sets uses and total, and narrows the parts where the rule takes less
// than all that it may.
type claims interface{ claim(c *claim) }

// claim is what a rule would take of an order at its turn.
type claim struct {
	rule              *rule
	maxUses, maxTotal int64 // what is left of its limits

	units  int64 // of the lines that it may take
	amount int64 // by which thresholds measure these
	left   int64 // still to be paid for these
	base   int64 // what percentages are of

	uses, total int64
	cost        int64 // of all parts
	lines       []OrderLine
	parts       []part // one for each line

	runs, set []run // working memory of sets
}

// part is what a claim takes of a line: units, and what they cost at this turn, by which the total is spread.
type part struct {
	units    int
	cost     int64
	off, odd int64 // share of the total, and the remainder of the division
}

// begin looks at the lines that a rule may take, all of which are its parts.
func (c *claim) begin(p *Promotions, o *Order, r *rule, uses, money int64) {
	c.rule, c.maxUses, c.maxTotal = r, uses, money
	c.uses, c.total, c.lines = 0, 0, o.Lines
	c.parts = slices.Grow(c.parts[:0], len(o.Lines))[:len(o.Lines)]
	var units, amount, left, base int64
	for i := range c.parts {
		l, part := &o.Lines[i], &c.parts[i]
		part.units, part.cost = 0, 0
		if !r.takes(l) {
			continue
		}
		part.units, part.cost = l.Quantity, l.Paid
		units += int64(l.Quantity)
		amount += p.measure(o, l)
		left += l.Paid
		base += p.base(l)
	}
	c.units, c.amount, c.left, c.base, c.cost = units, amount, left, base, left
}

// afford uses the rule so many times more, or fewer where its limits end before, each saving off.
func (c *claim) afford(times, off int64) int64 {
	times = affordable(min(times, c.maxUses-c.uses), off, c.maxTotal-c.total)
	c.uses += times
	c.total += times * off
	return times
}

// affordable is how many times, at most times, off fits into money.
func affordable(times, off, money int64) int64 {
	if hi, lo := bits.Mul64(uint64(times), uint64(off)); hi == 0 && lo <= uint64(money) {
		return times // divisions by far larger numbers are slow
	}
	return money / off
}

// book spreads the total over the parts and takes it off their lines.
func (c *claim) book(o *Order) {
	c.spread()
	i := 0
	for k := range c.parts {
		if part := &c.parts[k]; part.units > 0 {
			rest := part.units < o.Lines[i].Quantity
			if rest {
				o.split(i, part.units)
			}
			o.reduce(i, c.rule, part.off)
			o.Lines[i].bound = true
			if rest {
				i++
			}
		}
		i++
	}
	o.Uses = append(o.Uses, Use{Promotion: c.rule.index, Uses: c.uses, Amount: c.total})
}

// spread divides the total by largest remainder, in proportion to cost.
func (c *claim) spread() {
	rest, whole := c.total, c.cost
	for i := range c.parts {
		part := &c.parts[i]
		part.off, part.odd = 0, 0
		if part.cost == 0 {
			continue
		}
		if hi, lo := bits.Mul64(uint64(c.total), uint64(part.cost)); hi == 0 {
			part.off, part.odd = int64(lo/uint64(whole)), int64(lo%uint64(whole))
		} else {
			off, odd := bits.Div64(hi, lo, uint64(whole))
			part.off, part.odd = int64(off), int64(odd)
		}
		rest -= part.off
	}
	for ; rest > 0; rest-- {
		most := 0
		for i := range c.parts {
			if c.parts[i].odd > c.parts[most].odd {
				most = i
			}
		}
		c.parts[most].off++
		c.parts[most].odd = -1
	}
}
