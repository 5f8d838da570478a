package persona

import (
	"cmp"
	"slices"

	"github.com/souk-sim/souk/sim/portable"
)

// sortLines brings the lines of a customer, and of a basket, together; the order of equal ones does not matter to any sum
// but that of money, for which the amount decides.
func sortLines(l Log, lines []int) {
	slices.SortFunc(lines, func(a, b int) int {
		if c := cmp.Compare(l.Customer[a], l.Customer[b]); c != 0 {
			return c
		}
		if l.Basket != nil {
			if c := cmp.Compare(l.Basket[a], l.Basket[b]); c != 0 {
				return c
			}
		}
		if c := cmp.Or(cmp.Compare(l.Day[a], l.Day[b]), cmp.Compare(l.Amount[a], l.Amount[b])); c != 0 {
			return c
		}
		for _, column := range [][]float64{l.Quantity, l.Discount, l.Hour} {
			if column != nil && column[a] != column[b] {
				return cmp.Compare(column[a], column[b])
			}
		}
		if l.Product != nil {
			return cmp.Compare(l.Product[a], l.Product[b])
		}
		return 0
	})
}

// goods is what is usual for each product; without products, for all lines as one.
type goods struct{ of map[int]*good }

type good struct{ lines, deals, logPrice, priced float64 }

func newGoods(l Log, lines []int) *goods {
	g := &goods{make(map[int]*good)}
	for _, i := range lines {
		product := g.product(l, i)
		if g.of[product] == nil {
			g.of[product] = &good{}
		}
		p := g.of[product]
		p.lines++
		if l.Discount != nil && l.Discount[i] > 0 {
			p.deals++
		}
		if l.Quantity != nil && l.Amount[i] > 0 {
			p.logPrice += portable.Log(l.Amount[i] / l.Quantity[i])
			p.priced++
		}
	}
	return g
}

func (g *goods) product(l Log, i int) int {
	if l.Product == nil {
		return 0
	}
	return l.Product[i]
}

// usual is the mean log price of the line's product, where the line has a price.
func (g *goods) usual(l Log, i int) (float64, bool) {
	if l.Product == nil || l.Quantity == nil || l.Amount[i] <= 0 {
		return 0, false
	}
	p := g.of[l.Product[i]]
	return p.logPrice / p.priced, true
}

// dealShare is the share of the product's lines that had a discount.
func (g *goods) dealShare(l Log, i int) float64 {
	p := g.of[g.product(l, i)]
	return p.deals / p.lines
}
