// Package choice models which product a shopper takes from a shelf, or none, and how many of it. ShareLogit is fitted
// on weekly store data (Berry 1994) and answers, without allocating, on a Shelf. Logit, NestedLogit, LatentClass and MixedLogit
// are fitted on single choices (Situations) and make Shoppers.
package choice

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
)

// Panel is weekly store data: T weeks by J brands. NaN marks a missing or excluded cell of any of the four tables.
type Panel struct {
	Brands    []string
	Weeks     []int       // T, increasing; numbers left out are weeks without data
	Units     [][]float64 // T×J, units sold
	Price     [][]float64 // T×J, shelf price
	Wholesale [][]float64 // T×J, wholesale price
	Display   [][]float64 // T×J, share of display activity in [0, 1]
	Customers []float64   // T, customers who came through the doors
}

// Range is a span of weeks, both ends included.
type Range [2]int

func (r Range) holds(week int) bool { return week >= r[0] && week <= r[1] }

// Split divides the weeks by time: coefficients come from Train, choices between models from Validation (by forecasts
// made with nothing but earlier weeks), and Test chooses nothing.
type Split struct {
	Train      Range `json:"train"`
	Validation Range `json:"validation"`
	Test       Range `json:"test"`
}

// minimumWeeks is the least a range must hold: fewer than half a year tells nothing about deals that last weeks.
const minimumWeeks = 26

// check reports the first thing wrong with the panel or its split.
func (p *Panel) check(s Split) error {
	t, j := len(p.Weeks), len(p.Brands)
	if j == 0 {
		return field.New("brands", "none", "at least one")
	}
	if len(p.Customers) != t {
		return field.New("customers", len(p.Customers), fmt.Sprintf("%d values, one a week", t))
	}
	for i, w := range p.Weeks {
		if i > 0 && w <= p.Weeks[i-1] {
			return field.New("weeks", fmt.Sprintf("%d after %d", w, p.Weeks[i-1]), "increasing week numbers")
		}
		if !(p.Customers[i] > 0) || math.IsInf(p.Customers[i], 0) {
			return field.New(fmt.Sprintf("customers in week %d", w), p.Customers[i], "a number above 0")
		}
	}
	for _, table := range []struct {
		name    string
		cells   [][]float64
		legal   func(float64) bool
		require string
	}{
		{"units", p.Units, func(v float64) bool { return v > 0 }, "more than 0 (NaN excludes a cell)"},
		{"price", p.Price, func(v float64) bool { return v > 0 }, "more than 0 (NaN excludes a cell)"},
		{"wholesale", p.Wholesale, func(v float64) bool { return v > 0 }, "more than 0 (NaN excludes a cell)"},
		{"display", p.Display, func(v float64) bool { return v >= 0 && v <= 1 }, "a share in [0, 1] (NaN excludes a cell)"},
	} {
		if err := p.checkTable(table.name, table.cells, s.Validation[1], table.legal, table.require); err != nil {
			return err
		}
	}
	for _, r := range []struct {
		name  string
		weeks Range
	}{{"train", s.Train}, {"validation", s.Validation}} {
		n := 0
		for _, w := range p.Weeks {
			if r.weeks.holds(w) {
				n++
			}
		}
		if n < minimumWeeks {
			return field.New(r.name+" weeks", n, fmt.Sprintf("at least %d weeks with data in %d to %d", minimumWeeks, r.weeks[0], r.weeks[1]))
		}
	}
	if s.Validation[0] <= s.Train[1] {
		return field.New("validation", fmt.Sprint(s.Validation), fmt.Sprintf("weeks after the training weeks, which end in %d", s.Train[1]))
	}
	return nil
}

func (p *Panel) checkTable(name string, cells [][]float64, until int, legal func(float64) bool, require string) error {
	if len(cells) != len(p.Weeks) {
		return field.New(name, len(cells), fmt.Sprintf("%d rows, one a week", len(p.Weeks)))
	}
	present := make([]bool, len(p.Brands))
	for i, row := range cells {
		if len(row) != len(p.Brands) {
			return field.New(fmt.Sprintf("%s in week %d", name, p.Weeks[i]), len(row), fmt.Sprintf("%d values, one a brand", len(p.Brands)))
		}
		for j, v := range row {
			if math.IsNaN(v) {
				continue
			}
			if !legal(v) || math.IsInf(v, 0) {
				return field.New(fmt.Sprintf("%s of %s in week %d", name, p.Brands[j], p.Weeks[i]), v, require)
			}
			present[j] = present[j] || p.Weeks[i] <= until
		}
	}
	for j, ok := range present {
		if !ok {
			return field.New(name+" of "+p.Brands[j], fmt.Sprintf("nothing but missing cells up to week %d", until), "data for every brand")
		}
	}
	return nil
}

// logShareRatios returns y[t][j] = log s_jt - log s_0t with s_jt = units/(customers × E[quantity per purchase]), and
// the shares themselves; NaN where units or display are missing. For the outside share of its week a missing brand counts with
// the median of its weeks up to until, the last that the fit may know.
func (p *Panel) logShareRatios(q Quantity, until int) (y, shares [][]float64, err error) {
	t, n := len(p.Weeks), len(p.Brands)
	y, shares = table(t, n), table(t, n)
	for i := range t {
		for j := range n {
			shares[i][j] = p.Units[i][j] / (p.Customers[i] * q.Mean(p.Display[i][j]))
		}
	}
	typical := make([]float64, n)
	for j := range n {
		typical[j] = p.median(shares, j, until)
		if math.IsNaN(typical[j]) {
			return nil, nil, field.New("shares of "+p.Brands[j], fmt.Sprintf("no week up to %d with units and display", until), "data for every brand")
		}
	}
	for i := range t {
		outside := 1.0
		for j := range n {
			if s := shares[i][j]; math.IsNaN(s) {
				outside -= typical[j]
			} else {
				outside -= s
			}
		}
		if outside <= 0 {
			return nil, nil, field.New(fmt.Sprintf("shares in week %d", p.Weeks[i]), fmt.Sprintf("a sum of %.4g", 1-outside),
				"less than 1: customers must outnumber purchases")
		}
		for j := range n {
			y[i][j] = math.Log(shares[i][j] / outside)
		}
	}
	return y, shares, nil
}

// mean returns each brand's mean over a range of weeks; where the range holds none of its cells, its
// median over all weeks up to its end.
func (p *Panel) mean(cells [][]float64, weeks Range) []float64 {
	out := make([]float64, len(p.Brands))
	for j := range out {
		total, n := 0.0, 0.0
		for t, w := range p.Weeks {
			if v := cells[t][j]; weeks.holds(w) && !math.IsNaN(v) {
				total += v
				n++
			}
		}
		if n == 0 {
			total, n = p.median(cells, j, weeks[1]), 1
		}
		out[j] = total / n
	}
	return out
}
