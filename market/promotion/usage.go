package promotion

import (
	"math"
	"slices"
)

// Usage is what has been used of promotions, what was handed out, and which are switched on. It belongs to one market; it is not for
// concurrent use. An order that was priced with it may be booked once.
type Usage struct {
	promotions *Promotions
	*tally
	off []bool // by promotion

	live        []uint64 // rules that hold from … until
	from, until float64
}

// tally is what has been used and handed out.
type tally struct {
	uses      []int64 // by promotion
	amount    []int64 // saved, by promotion, minor units
	customers []int32 // uses less what was handed out, by customer and rule counted
}

// NewUsage returns a usage with nothing used, and each promotion switched as its Config says.
func (p *Promotions) NewUsage() *Usage {
	n := len(p.rules)
	u := p.switched(&tally{uses: make([]int64, n), amount: make([]int64, n)})
	u.Reset()
	return u
}

// Beside returns another usage of the same uses, budgets and customers, whose promotions are switched by themselves, each for now as its Config says.
func (u *Usage) Beside() *Usage {
	beside := u.promotions.switched(u.tally)
	beside.switchBack()
	return beside
}

func (p *Promotions) switched(t *tally) *Usage {
	return &Usage{promotions: p, tally: t, off: make([]bool, len(p.rules)), live: make([]uint64, p.words)}
}

// Reset forgets all, and keeps the memory.
func (u *Usage) Reset() {
	clear(u.uses)
	clear(u.amount)
	clear(u.customers)
	u.switchBack()
}

// switchBack switches each promotion as its Config says.
func (u *Usage) switchBack() {
	for i := range u.promotions.rules {
		r := &u.promotions.rules[i]
		u.off[r.index] = r.off
	}
	u.forget()
}

// Used tells how often a promotion has been used and what it saved shoppers, minor units.
func (u *Usage) Used(promotion int) (uses, amount int64) {
	return u.uses[promotion], u.amount[promotion]
}

// Switch switches a promotion on or off.
func (u *Usage) Switch(promotion int, on bool) {
	u.off[promotion] = !on
	u.forget()
}

// Holds tells whether a promotion is switched on and its time has come and not passed. That there is something left of it is not asked.
func (u *Usage) Holds(promotion int, at float64) bool {
	r := u.rule(promotion)
	return !u.off[promotion] && r.starts <= at && at < r.ends
}

// Grant hands a promotion with granted out to a customer, for so many more uses.
func (u *Usage) Grant(promotion, customer, uses int) {
	if r := u.rule(promotion); r.slot >= 0 && customer >= 0 {
		*u.count(r, customer) -= int32(uses)
	}
}

// Commit books an order. Where a limit no longer allows it, because others were booked since it was priced, it books nothing and returns
// false: price it again.
func (u *Usage) Commit(o *Order) bool {
	for _, use := range o.Uses {
		if uses, money := u.left(u.rule(use.Promotion), o.Customer); use.Uses > uses || use.Amount > money {
			return false
		}
	}
	u.book(o, 1)
	return true
}

// Release takes back what Commit booked, for an order that is given up or that came back whole. What comes back in part is refunded by
// Order.Return and releases nothing: a coupon is not handed back for one sock of a pair.
func (u *Usage) Release(o *Order) { u.book(o, -1) }

func (u *Usage) book(o *Order, sign int64) {
	for _, use := range o.Uses {
		u.uses[use.Promotion] += sign * use.Uses
		u.amount[use.Promotion] += sign * use.Amount
		if r := u.rule(use.Promotion); r.slot >= 0 && o.Customer >= 0 {
			*u.count(r, o.Customer) += int32(sign * use.Uses)
		}
	}
}

func (u *Usage) rule(promotion int) *rule {
	return &u.promotions.rules[u.promotions.byIndex[promotion]]
}

// count is where a customer's uses of a rule are counted; the table grows as customers come.
func (u *Usage) count(r *rule, customer int) *int32 {
	width := u.promotions.counted
	if need := (customer + 1) * width; need > len(u.customers) {
		u.customers = slices.Grow(u.customers, need-len(u.customers))
		grown := u.customers[:need]
		clear(grown[len(u.customers):])
		u.customers = grown
	}
	return &u.customers[customer*width+r.slot]
}

// left is what an order of a customer may still use of a rule, and save by it.
func (u *Usage) left(r *rule, customer int) (uses, money int64) {
	uses, money = min(r.perOrder, r.uses-u.uses[r.index]), r.budget-u.amount[r.index]
	if r.slot >= 0 {
		of := r.perCustomer
		if at := customer*u.promotions.counted + r.slot; customer >= 0 && at < len(u.customers) {
			of -= int64(u.customers[at])
		}
		uses = min(uses, of)
	}
	return uses, money
}

func (u *Usage) forget() { u.from, u.until = math.Inf(1), math.Inf(-1) }

// advance finds the rules that hold at a time, and until when they do.
func (u *Usage) advance(at float64) {
	if u.from <= at && at < u.until {
		return
	}
	p := u.promotions
	clear(u.live)
	for i := range p.rules {
		if r := &p.rules[i]; r.starts <= at && at < r.ends && !u.off[r.index] {
			u.live[i/64] |= 1 << (i % 64)
		}
	}
	u.from, u.until = at, p.NextChange(at)
}

// NextChange returns when a promotion next starts or ends after a time; +Inf: never again.
func (p *Promotions) NextChange(after float64) float64 {
	i, found := slices.BinarySearch(p.times, after)
	if found {
		i++
	}
	if i < len(p.times) {
		return p.times[i]
	}
	return math.Inf(1)
}

// Spent tells whether nothing is left of a promotion for anybody: its uses or its budget are used up.
func (u *Usage) Spent(promotion int) bool {
	r := u.rule(promotion)
	return u.uses[promotion] >= r.uses || u.amount[promotion] >= r.budget
}

// Knows tells whether a customer has used or was granted something that is counted by customer: whoever has not pays what a newcomer would, but for
// promotions for first purchases.
func (u *Usage) Knows(customer int) bool {
	width := u.promotions.counted
	if at := customer * width; at < len(u.customers) {
		for _, uses := range u.customers[at : at+width] {
			if uses != 0 {
				return true
			}
		}
	}
	return false
}

// Forget clears what a customer has used and was granted, so that the number may be given to another.
func (u *Usage) Forget(customer int) {
	width := u.promotions.counted
	if at := customer * width; at < len(u.customers) {
		clear(u.customers[at : at+width])
	}
}
