package workflow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/souk-sim/souk/policies"
)

// policyFigure is a policy as a map over the two features with most cells: the price that it posts, and how often training was there. Of a table of one feature the
// map is over that and the offers: how often each was tried, and which is made. Cells that training never met are missing.
type policyFigure struct {
	X       string   `json:"x"`
	Y       string   `json:"y,omitempty"`
	Columns []string `json:"columns"`
	Rows    []string `json:"rows"`
	Price   []curve  `json:"price"`              // by row and column: what is posted; of one feature in a row of its own
	Visits  []curve  `json:"visits,omitempty"`   // by row and column; of one feature by offer
	Offers  []string `json:"offers,omitempty"`   // of one feature: those of Visits, from the lowest price
	Made    []int    `json:"made,omitempty"`     // of one feature: by column the offer of Visits that is made
	Others  []string `json:"others,omitempty"`   // at what the other features are held
	Unknown bool     `json:"unknown,omitempty"`  // nobody knows where training was: every cell is drawn
	Noun    string   `json:"price_is,omitempty"` // price, or level
}

// mostOffers is how many offers a map has rows for.
const mostOffers = 40

// policyOf draws a policy; nil where it looks at nothing.
func policyOf(t policies.Frozen) *policyFigure {
	dims := toldBy(t)
	if len(dims) == 0 {
		return nil
	}
	main := widest(dims)
	f := &policyFigure{X: strings.ReplaceAll(dims[main].Feature, "_", " "), Columns: cellsOf(&dims[main]), Unknown: !visited(t)}
	if table, ok := t.(*policies.Table); ok && len(dims) == 1 && visited(t) && len(t.About().Spec.Offers) <= mostOffers {
		f.tried(table, &dims[0])
		return f
	}
	cells := commonest(t, dims)
	second := -1
	for i := range dims {
		if i != main && (second < 0 || len(dims[i].Edges) > len(dims[second].Edges)) {
			second = i
		}
	}
	f.Rows = []string{""}
	if second >= 0 {
		f.Y, f.Rows = strings.ReplaceAll(dims[second].Feature, "_", " "), cellsOf(&dims[second])
	}
	for i := range dims {
		if i != main && i != second {
			f.Others = append(f.Others, strings.ReplaceAll(dims[i].Feature, "_", " ")+" "+cellsOf(&dims[i])[cells[i]])
		}
	}
	for r := range f.Rows {
		price, met := atPeriods(len(f.Columns)), atPeriods(len(f.Columns))
		for k := range f.Columns {
			if cells[main] = k; second >= 0 {
				cells[second] = r
			}
			observation := observed(t, dims, cells)
			n := visits(t, t.About().Encoder.Encode(observation))
			if f.Unknown || n > 0 {
				price[k], met[k] = t.Decide(observation, 1).Price, float64(n)
			}
		}
		f.Price, f.Visits = append(f.Price, price), append(f.Visits, met)
	}
	if f.Unknown {
		f.Visits = nil
	}
	return f
}

// tried fills in how often each offer was tried in each cell of the only feature.
func (f *policyFigure) tried(t *policies.Table, d *policies.Dimension) {
	spec := &t.About().Spec
	order := byPrice(spec)
	f.Rows, f.Price = []string{""}, []curve{atPeriods(len(f.Columns))}
	for _, a := range order {
		f.Offers = append(f.Offers, offerText(spec.Offers[a].Price, spec.Offers[a].Promotion))
		f.Visits = append(f.Visits, atPeriods(len(f.Columns)))
	}
	for k := range f.Columns {
		observation := observed(t, []policies.Dimension{*d}, []int{k})
		state := t.Encoder.Encode(observation)
		made := t.Decide(observation, 1)
		f.Made = append(f.Made, slices.Index(order, made.Action))
		if visits(t, state) == 0 {
			continue
		}
		f.Price[0][k] = made.Price
		for i, a := range order {
			f.Visits[i][k] = float64(t.Visits[state*len(order)+a])
		}
	}
}

// cellsOf labels the cells of a dimension.
func cellsOf(d *policies.Dimension) (all []string) {
	for k := range len(d.Edges) + 1 {
		switch {
		case binary(d):
			all = append(all, [...]string{"no", "yes"}[k])
		case ofWhole(d), len(d.Edges) == 0:
			all = append(all, span(d, k, k))
		default:
			all = append(all, fmt.Sprintf("%.2f", middle(d, k)))
		}
	}
	return all
}

// commonest are the cells of the state that training visited most; the middle ones where it is not known.
func commonest(t policies.Frozen, dims []policies.Dimension) []int {
	cells := make([]int, len(dims))
	for i := range dims {
		cells[i] = len(dims[i].Edges) / 2
	}
	if !visited(t) {
		return cells
	}
	most, best := uint64(0), -1
	for s := range t.About().Encoder.States() {
		if n := visits(t, s); n > most {
			most, best = n, s
		}
	}
	if best < 0 {
		return cells
	}
	at := make([]int, len(dims)) // the digits of the state, the last dimension fastest; a missing value is one past the last cell
	for i := len(dims) - 1; i >= 0; i-- {
		n := len(t.About().Encoder.Dimensions[i].Edges) + 2
		at[i], best = best%n, best/n
		if at[i] <= len(dims[i].Edges) {
			cells[i] = at[i]
		}
	}
	return cells
}
