// Package logs reads real data and makes it fit for models: panels, series, choices, and the logs of shops (transactions, baskets, ratings,
// clicks) from CSV or Parquet, the checks that find their defects, and their splits by time and by customer. No customer's id gets past a reader.
//
// Bad input (a text in a number column, a missing column, weeks out of order, a truncated file) is an error that names the
// place; a doubtful value is a Finding, which names the row and says what was done about it.
package logs

import (
	"fmt"
	"math"
	"strconv"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
)

// Panel is what a shop sold of a few products, period by period, in natural units. The matrices are period × product; NaN
// means missing.
type Panel struct {
	Products  []string
	Periods   []int // strictly increasing; absent periods have no row
	Units     [][]float64
	Price     [][]float64 // dollars a unit
	Wholesale [][]float64 // dollars a unit
	Display   [][]float64 // display activity, in [0, 1]
	Customers []float64
}

// Columns says which column of a file holds what.
type Columns struct {
	Period    string           `toml:"period" json:"period"`       // whole numbers, increasing
	Customers string           `toml:"customers" json:"customers"` // optional
	Products  []ProductColumns `toml:"products" json:"products"`
}

// ProductColumns are the columns of one product. Units and one of Price and LogPrice are needed; the rest may be empty, and
// then those values are missing in every period, but Display, which is then 0: nobody knows of any.
type ProductColumns struct {
	Name         string `toml:"name" json:"name"`
	Units        string `toml:"units" json:"units"`
	Price        string `toml:"price" json:"price,omitempty"`
	LogPrice     string `toml:"log_price" json:"log_price,omitempty"` // natural logarithm of dollars
	Wholesale    string `toml:"wholesale" json:"wholesale,omitempty"`
	LogWholesale string `toml:"log_wholesale" json:"log_wholesale,omitempty"`
	Display      string `toml:"display" json:"display,omitempty"`
}

// Index returns the position of a product in p.Products, or -1.
func (p Panel) Index(product string) int {
	for i, name := range p.Products {
		if name == product {
			return i
		}
	}
	return -1
}

// Between returns the rows whose period lies in span (both ends included). The rows are shared with p, not copied.
func (p Panel) Between(span [2]int) Panel {
	from, to := 0, len(p.Periods)
	for from < to && p.Periods[from] < span[0] {
		from++
	}
	for to > from && p.Periods[to-1] > span[1] {
		to--
	}
	return Panel{Products: p.Products, Periods: p.Periods[from:to], Units: p.Units[from:to], Price: p.Price[from:to],
		Wholesale: p.Wholesale[from:to], Display: p.Display[from:to], Customers: p.Customers[from:to]}
}

// Column returns a copy of one product's column of a matrix of the panel.
func Column(matrix [][]float64, product int) []float64 {
	column := make([]float64, len(matrix))
	for t := range matrix {
		column[t] = matrix[t][product]
	}
	return column
}

// role is what a column of the file means in the panel.
type role struct {
	name    string // in the file
	key     string // in the mapping
	product int    // -1: not of a product
	log     bool
	matrix  func(*Panel) [][]float64
}

// roles lists the mapped columns, the period first, then the customers, then product by product. It refuses a mapping that
// cannot make a panel.
func (c Columns) roles() ([]role, error) {
	if c.Period == "" {
		return nil, field.New("period", "nothing", "the name of the column that numbers the periods")
	}
	if len(c.Products) == 0 {
		return nil, field.New("products", "none", "at least one product")
	}
	all := []role{{name: c.Period, key: "period", product: -1}}
	if c.Customers != "" {
		all = append(all, role{name: c.Customers, key: "customers", product: -1})
	}
	names := make(map[string]bool, len(c.Products))
	for i, p := range c.Products {
		key := fmt.Sprintf("products[%d].", i)
		switch {
		case p.Name == "":
			return nil, field.New(key+"name", "nothing", "the product's name")
		case names[p.Name]:
			return nil, field.New(key+"name", strconv.Quote(p.Name)+" again", "a name for each product")
		case p.Units == "":
			return nil, field.New(key+"units", "nothing", "a column name")
		case (p.Price == "") == (p.LogPrice == ""):
			return nil, field.New(key+"price", oneOf(p.Price, p.LogPrice), "either price or log_price")
		case p.Wholesale != "" && p.LogWholesale != "":
			return nil, field.New(key+"wholesale", "wholesale and log_wholesale", "one of them, or none")
		}
		names[p.Name] = true
		for _, r := range []role{
			{p.Units, key + "units", i, false, func(p *Panel) [][]float64 { return p.Units }},
			{p.Price, key + "price", i, false, func(p *Panel) [][]float64 { return p.Price }},
			{p.LogPrice, key + "log_price", i, true, func(p *Panel) [][]float64 { return p.Price }},
			{p.Wholesale, key + "wholesale", i, false, func(p *Panel) [][]float64 { return p.Wholesale }},
			{p.LogWholesale, key + "log_wholesale", i, true, func(p *Panel) [][]float64 { return p.Wholesale }},
			{p.Display, key + "display", i, false, func(p *Panel) [][]float64 { return p.Display }},
		} {
			if r.name != "" {
				all = append(all, r)
			}
		}
	}
	used := make(map[string]string, len(all))
	for _, r := range all {
		if first := used[r.name]; first != "" {
			return nil, field.New(r.key, strconv.Quote(r.name)+", which "+first+" names already", "a column of its own")
		}
		used[r.name] = r.key
	}
	return all, nil
}

func oneOf(a, b string) string {
	if a == "" && b == "" {
		return "neither"
	}
	return "both"
}

// nearest suggests the column whose name is closest to the one that was asked for.
func nearest(name string, columns []string) string {
	if best := field.Nearest(name, columns); best != "" {
		return ", nearest " + strconv.Quote(best)
	}
	return ""
}

// add puts one row, in the order of roles, at the end of the panel; NaN is missing.
func (p *Panel) add(roles []role, row []cell, at place) error {
	n := len(p.Products)
	period := row[0].number
	bad := func(found, expected string) error { return at.bad(roles[0].name, found, expected) }
	switch last := len(p.Periods) - 1; {
	case period != period:
		return bad("a missing value", "a period")
	case period != math.Trunc(period) || math.Abs(period) > 1e9:
		return bad(number(period), "a whole number")
	case last >= 0 && p.Periods[last] == int(period):
		return bad(number(period)+" twice", "each period once")
	case last >= 0 && p.Periods[last] > int(period):
		return bad(fmt.Sprintf("%d after %d", int(period), p.Periods[last]), "periods that increase")
	}
	cells := make([]float64, 4*n)
	for i := range cells {
		cells[i] = math.NaN()
	}
	p.Periods = append(p.Periods, int(period))
	p.Units, p.Price = append(p.Units, cells[:n:n]), append(p.Price, cells[n:2*n:2*n])
	p.Wholesale, p.Display = append(p.Wholesale, cells[2*n:3*n:3*n]), append(p.Display, cells[3*n:])
	p.Customers = append(p.Customers, math.NaN())
	last := len(p.Periods) - 1
	for i, r := range roles[1:] {
		v := row[i+1].number
		if r.product < 0 {
			p.Customers[last] = v
			continue
		}
		if r.log {
			if math.Abs(v) > 700 {
				return at.bad(r.name, number(v), "the logarithm of a price")
			}
			v = portable.Exp(v)
		}
		r.matrix(p)[last][r.product] = v
	}
	return nil
}

func number(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
