// Package persona finds out who the shoppers are: features of each customer from a log of purchases, groups of customers
// with alike ones (k-means, Gaussian mixtures), a card that says what marks a group, and the law by which a simulated
// shopper becomes a member of one. Customers come as numbers that only say which lines belong together; no result and no
// error names one.
package persona

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
)

// Log is what was bought, a line for each product (or for each purchase, where no more is known), in any order. Customer,
// Day and Amount have n elements; the others have as many, or none where it is not known, and then the features that need
// them are left out.
type Log struct {
	Customer []int     // any numbers
	Day      []int     // of any epoch
	Amount   []float64 // paid, after discount; negative for what was brought back
	Basket   []int     // lines of one visit to the till
	Product  []int     // negative: not known
	Quantity []float64 // positive
	Discount []float64 // money off the line, 0 for none
	Hour     []float64 // of the day, in [0, 24)
	Channel  []int     // 0, 1, 2, …: shop, web, …
}

// Window says what days of a log count, both included.
type Window struct{ Start, End int }

// Features is a table of customers, in the order of their numbers in the log.
type Features struct {
	Names  []string
	X      []float64 // row by row, in the features' own units
	Window Window
	Row    []int // of each line of the log: its customer's row, -1 for those with no line in the window

	excess []float64 // of each row, the feature promotion, whether or not it is among Names
}

// Select keeps the features of the given names, in their order. A card still tells how a group reacts to promotions.
func (f *Features) Select(names []string) (*Features, error) {
	s := &Features{Names: names, Window: f.Window, Row: f.Row, excess: f.excess, X: make([]float64, 0, f.Rows()*len(names))}
	var of []int
	for i, name := range names {
		at := slices.Index(f.Names, name)
		if at < 0 {
			return nil, field.New("features", fmt.Sprintf("%q", name), "of those that the log tells: "+strings.Join(f.Names, ", "))
		}
		if slices.Contains(names[:i], name) {
			return nil, field.New("features", fmt.Sprintf("%q twice", name), "each feature once")
		}
		of = append(of, at)
	}
	for i := range f.Rows() {
		for _, at := range of {
			s.X = append(s.X, f.X[i*len(f.Names)+at])
		}
	}
	return s, nil
}

// Rows is the number of customers.
func (f *Features) Rows() int { return len(f.X) / max(len(f.Names), 1) }

// maximumChannels bounds the features that channels make.
const maximumChannels = 64

func (l *Log) check() error {
	n := len(l.Customer)
	for _, c := range []struct {
		key      string
		length   int
		optional bool
	}{
		{"day", len(l.Day), false}, {"amount", len(l.Amount), false}, {"basket", len(l.Basket), true}, {"product", len(l.Product), true},
		{"quantity", len(l.Quantity), true}, {"discount", len(l.Discount), true}, {"hour", len(l.Hour), true}, {"channel", len(l.Channel), true},
	} {
		if c.length != n && !(c.optional && c.length == 0) {
			return field.New(c.key, fmt.Sprintf("%d lines", c.length), fmt.Sprintf("%d, one for each customer's line", n))
		}
	}
	within := func(key string, v []float64, ok func(float64) bool, expected string) error {
		if i := slices.IndexFunc(v, func(v float64) bool { return !ok(v) || math.IsInf(v, 0) }); i >= 0 {
			return field.New(fmt.Sprintf("%s in line %d", key, i), v[i], expected)
		}
		return nil
	}
	if i := slices.IndexFunc(l.Channel, func(c int) bool { return c < 0 || c >= maximumChannels }); i >= 0 {
		return field.New(fmt.Sprintf("channel in line %d", i), l.Channel[i], fmt.Sprintf("a number from 0 to %d", maximumChannels-1))
	}
	for _, err := range []error{
		within("amount", l.Amount, func(v float64) bool { return !math.IsNaN(v) }, "a finite amount of money"),
		within("quantity", l.Quantity, func(v float64) bool { return v > 0 }, "a positive quantity"),
		within("discount", l.Discount, func(v float64) bool { return v >= 0 }, "money off, 0 or more"),
		within("hour", l.Hour, func(v float64) bool { return v >= 0 && v < 24 }, "an hour from 0 to below 24"),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// customer is what a customer's lines add up to.
type customer struct {
	last                         int
	lines, baskets               float64
	money, items                 float64
	price, priced, deal, planned float64
	sin, cos                     float64
	channel                      []float64
}

// NewFeatures makes of the window's lines, for each customer who has one:
//
//	recency      days from the last purchase to the window's end
//	frequency    baskets, or lines where baskets are not known
//	money        what was paid in all
//	basket_size  lines in a basket, weighted by quantity where known (needs Basket)
//	price        how dear the customer buys: the mean, shrunk by one line at 0, of ln(price / usual price of the product),
//	             the usual price being the geometric mean of all its lines; the lower, the more sensitive to price (needs
//	             Product and Quantity)
//	promotion    how much more often than others the customer takes the same products on promotion: the share of lines with
//	             a discount less their products' shares, shrunk by one line at 0 (needs Discount; without Product, less the
//	             share of all lines)
//	hour_sin, hour_cos  the mean place on the clock's face (needs Hour)
//	channel_1, …        shares of lines bought through each channel but the first (needs Channel)
func NewFeatures(l Log, w Window) (*Features, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	if w.Start > w.End {
		return nil, field.New("window", fmt.Sprintf("[%d, %d]", w.Start, w.End), "first day ≤ last day")
	}
	f, lines := rows(l, w)
	if len(lines) == 0 {
		return nil, field.New("log", "no line within the window", "at least one customer")
	}
	customers := make([]customer, f.Row[lines[len(lines)-1]]+1)
	goods := newGoods(l, lines)
	channels := 0
	for _, i := range lines {
		if l.Channel != nil {
			channels = max(channels, l.Channel[i]+1)
		}
	}
	var basket int
	for at, i := range lines {
		c := &customers[f.Row[i]]
		if c.lines == 0 {
			c.last, c.channel = l.Day[i], make([]float64, channels)
		}
		if l.Basket == nil || c.lines == 0 || at > 0 && l.Basket[i] != basket {
			c.baskets++
		}
		if l.Basket != nil {
			basket = l.Basket[i]
		}
		c.add(l, i, goods)
	}
	f.describe(l, w, customers, channels)
	return f, nil
}

// rows numbers the customers and gives the window's lines, those of a customer and of a basket together.
func rows(l Log, w Window) (f *Features, lines []int) {
	for i, d := range l.Day {
		if w.has(d) {
			lines = append(lines, i)
		}
	}
	sortLines(l, lines)
	number := make(map[int]int)
	for _, i := range lines {
		if _, known := number[l.Customer[i]]; !known {
			number[l.Customer[i]] = len(number)
		}
	}
	f = &Features{Window: w, Row: make([]int, len(l.Customer))}
	for i, c := range l.Customer {
		row, known := number[c]
		if !known {
			row = -1
		}
		f.Row[i] = row
	}
	return f, lines
}

// add takes up one line.
func (c *customer) add(l Log, i int, g *goods) {
	c.last = max(c.last, l.Day[i])
	c.lines++
	c.money += l.Amount[i]
	quantity := 1.0
	if l.Quantity != nil {
		quantity = l.Quantity[i]
	}
	c.items += quantity
	if usual, ok := g.usual(l, i); ok {
		c.price += portable.Log(l.Amount[i]/quantity) - usual
		c.priced++
	}
	if l.Discount != nil {
		if l.Discount[i] > 0 {
			c.deal++
		}
		c.planned += g.dealShare(l, i)
	}
	if l.Hour != nil {
		sin, cos := portable.Sincos(2 * math.Pi / 24 * l.Hour[i])
		c.sin, c.cos = c.sin+sin, c.cos+cos
	}
	if l.Channel != nil {
		c.channel[l.Channel[i]]++
	}
}

// describe turns sums into the features that the log's columns allow.
func (f *Features) describe(l Log, w Window, customers []customer, channels int) {
	type column struct {
		name string
		has  bool
		of   func(c *customer) float64
	}
	columns := []column{
		{"recency", true, func(c *customer) float64 { return float64(w.End - c.last) }},
		{"frequency", true, func(c *customer) float64 { return c.baskets }},
		{"money", true, func(c *customer) float64 { return c.money }},
		{"basket_size", l.Basket != nil, func(c *customer) float64 { return c.items / c.baskets }},
		{"price", l.Product != nil && l.Quantity != nil, func(c *customer) float64 { return c.price / (c.priced + 1) }},
		{"promotion", l.Discount != nil, func(c *customer) float64 { return (c.deal - c.planned) / (c.lines + 1) }},
		{"hour_sin", l.Hour != nil, func(c *customer) float64 { return c.sin / c.lines }},
		{"hour_cos", l.Hour != nil, func(c *customer) float64 { return c.cos / c.lines }},
	}
	for k := 1; k < channels; k++ {
		columns = append(columns, column{fmt.Sprintf("channel_%d", k), true, func(c *customer) float64 { return c.channel[k] / c.lines }})
	}
	columns = slices.DeleteFunc(columns, func(c column) bool { return !c.has })
	for _, c := range columns {
		f.Names = append(f.Names, c.name)
	}
	f.X = make([]float64, 0, len(customers)*len(columns))
	for i := range customers {
		for _, c := range columns {
			f.X = append(f.X, c.of(&customers[i]))
		}
	}
	if at := slices.Index(f.Names, "promotion"); at >= 0 {
		f.excess = make([]float64, len(customers))
		for i := range customers {
			f.excess[i] = f.X[i*len(f.Names)+at]
		}
	}
}
