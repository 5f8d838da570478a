package promotion

import "slices"

// Line is units of one product in a cart.
type Line struct {
	Product  int
	Quantity int   // at least 1
	Price    int64 // posted, of a unit, minor units, at least 0
}

// Customer is what promotions ask of a shopper.
type Customer struct {
	ID      int  // from 0, dense: uses are counted in a table with a row for each; below 0: nobody known, whose uses are counted in the order alone
	Persona int  // index in Config.Personas; anything else: unknown
	Channel int  // index in Config.Channels; anything else: unknown
	First   bool // has bought nothing before
}

// Order is a cart with what is to be paid. Price fills it and reuses its memory; the caller owns it. Total is the sum of the lines'
// Paid, and Gross − Total the sum of the adjustments.
type Order struct {
	Lines       []OrderLine
	Adjustments []Adjustment // those of a line in order of application
	Uses        []Use        // one for each promotion that applied, in order of application
	Gross       int64        // at posted prices, minor units
	Total       int64        // to be paid, minor units
	Customer    int

	candidates []int32
	members    []member
	claims     [2]claim
	settled    bool
}

// OrderLine is units of one product that were priced alike. Lines stand in order of product, then posted price; where a promotion took
// some of a cart's units, these are the first of two lines.
type OrderLine struct {
	Product  int
	Quantity int
	Price    int64 // posted, of a unit, minor units
	Paid     int64 // to be paid for all units, minor units
	Returned int   // units that came back

	unit    int64 // what is left of a unit's price after promotions on units
	lines   int64 // what was left of the line after promotions on units and sets
	touched bool  // a promotion is on it
	closed  bool  // one that stands alone is
	bound   bool  // a promotion on more than a unit is, so that it goes into no further set
}

// Adjustment is what a promotion takes off a line.
type Adjustment struct {
	Promotion int // index in Config.Promotions
	Line      int
	Amount    int64 // minor units, above 0
}

// Use is how much of a promotion an order uses.
type Use struct {
	Promotion int // index in Config.Promotions
	Uses      int64
	Amount    int64 // saved, minor units
}

// Return takes units of a line back, at most as many as have not come back yet, and gives the refund: their share of what was
// paid for the line, rounded half-up in total, so that refunds of all units add up to what was paid.
func (o *Order) Return(line, units int) int64 {
	l := &o.Lines[line]
	before := share(l.Paid, int64(l.Returned), int64(l.Quantity))
	l.Returned += max(0, min(units, l.Quantity-l.Returned))
	return share(l.Paid, int64(l.Returned), int64(l.Quantity)) - before
}

// open begins an order with the cart's lines, sorted: whatever follows does not depend on the order in which things were put into the cart.
func (o *Order) open(cart []Line, customer int) {
	o.Lines, o.Adjustments, o.Uses = o.Lines[:0], o.Adjustments[:0], o.Uses[:0]
	o.Gross, o.Customer, o.settled = 0, customer, false
	for k := range cart {
		c := &cart[k]
		worth := int64(c.Quantity) * c.Price
		o.Gross += worth
		n := len(o.Lines)
		i := n
		for i > 0 && c.before(&o.Lines[i-1]) {
			i--
		}
		o.Lines = append(o.Lines, OrderLine{})
		l := &o.Lines[i]
		if i < n {
			copy(o.Lines[i+1:], o.Lines[i:n])
			*l = OrderLine{}
		}
		l.Product, l.Quantity, l.Price, l.Paid, l.unit = c.Product, c.Quantity, c.Price, worth, c.Price
	}
	o.Total = o.Gross
}

func (c *Line) before(l *OrderLine) bool {
	if c.Product != l.Product {
		return c.Product < l.Product
	}
	if c.Price != l.Price {
		return c.Price < l.Price
	}
	return c.Quantity < l.Quantity
}

// settle notes what is left of the lines when the promotions on units and sets are through.
func (o *Order) settle() {
	for i := range o.Lines {
		o.Lines[i].lines = o.Lines[i].Paid
	}
	o.settled = true
}

// split cuts a line in two of units priced alike, the first with so many. Its adjustments are whole multiples of its units.
func (o *Order) split(i, units int) {
	rest := o.Lines[i]
	all := int64(rest.Quantity)
	rest.Quantity -= units
	rest.Paid = rest.unit * int64(rest.Quantity)
	o.Lines[i].Quantity, o.Lines[i].Paid = units, rest.unit*int64(units)
	o.Lines = slices.Insert(o.Lines, i+1, rest)
	for k := range len(o.Adjustments) {
		switch a := &o.Adjustments[k]; {
		case a.Line > i:
			a.Line++
		case a.Line == i:
			moved := a.Amount / all * int64(rest.Quantity)
			a.Amount -= moved
			o.Adjustments = append(o.Adjustments, Adjustment{Promotion: a.Promotion, Line: i + 1, Amount: moved})
		}
	}
}

// reduce takes an amount off a line.
func (o *Order) reduce(i int, r *rule, amount int64) {
	l := &o.Lines[i]
	l.touched = true
	l.closed = l.closed || r.alone
	if amount > 0 {
		l.Paid -= amount
		o.Total -= amount
		o.Adjustments = append(o.Adjustments, Adjustment{Promotion: r.index, Line: i, Amount: amount})
	}
}
