package persona

import (
	"cmp"
	"math"
	"slices"

	"github.com/souk-sim/souk/results/stats"
	"gonum.org/v1/gonum/mat"
)

// Card says what a persona is like.
type Card struct {
	Customers int     `json:"customers"`
	Share     float64 `json:"share"` // of all customers
	Marks     []Mark  `json:"marks"` // a mark for each feature, the strongest first; none of an only group
	// Favourites are the products whose share of buyers among the group's customers is farthest above their share among
	// all, and that enough customers of the group buy. None where products are not known.
	Favourites []Favourite `json:"favourites,omitempty"`
	Promotion  *Promotion  `json:"promotion,omitempty"` // nil where discounts are not known
}

// Mark is how a group differs in one feature from the customers outside it.
type Mark struct {
	Feature    string  `json:"feature"`
	Mean       float64 `json:"mean"` // in the feature's units
	Others     float64 `json:"others"`
	Difference float64 `json:"difference"` // of the means of the scaled feature, in standard deviations within (Cohen's d)
}

// Favourite is a product that a group likes.
type Favourite struct {
	Product int     `json:"product"`
	Name    string  `json:"name,omitempty"` // for the caller to give
	Buyers  float64 `json:"buyers"`         // share of the group's customers
	All     float64 `json:"all"`            // share of all customers
}

// Promotion is how a group reacts to promotions.
type Promotion struct {
	OnDeal float64 `json:"on_deal"` // share of the group's lines that had a discount
	Others float64 `json:"others"`  // of the lines of customers outside the group, 0 where there is none
	// Excess is the mean of the feature promotion, with its 95% interval: how much more often than all customers the group
	// takes the same products on promotion.
	Excess stats.Estimate `json:"excess"`
}

func dense(x []float64, d int) *mat.Dense { return mat.NewDense(len(x)/d, d, x) }

// fillCards writes the groups' cards.
func (p *Personas) fillCards(f *Features, l Log, z []float64, groups [][]int, o Options) {
	n := f.Rows()
	of := make([]int, n)
	for g, rows := range groups {
		p.Groups[g].Card = Card{Customers: len(rows), Share: float64(len(rows)) / float64(n)}
		for _, i := range rows {
			of[i] = g
		}
	}
	for g, rows := range groups {
		card := &p.Groups[g].Card
		if len(groups) > 1 {
			card.Marks = marks(f, z, of, g)
		}
		if l.Discount != nil && f.excess != nil {
			card.Promotion = promotion(f, l, of, g, rows)
		}
	}
	if l.Product != nil {
		p.favourites(f, l, of, o)
	}
}

func marks(f *Features, z []float64, of []int, g int) (marks []Mark) {
	d := len(f.Names)
	for j, name := range f.Names {
		var mean, scaled, square, n [2]float64 // of the group, and of the others
		for i, other := range of {
			side := 0
			if other != g {
				side = 1
			}
			mean[side] += f.X[i*d+j]
			scaled[side] += z[i*d+j]
			n[side]++
		}
		for side := range 2 {
			mean[side] /= n[side]
			scaled[side] /= n[side]
		}
		for i, other := range of {
			side := 0
			if other != g {
				side = 1
			}
			square[side] += (z[i*d+j] - scaled[side]) * (z[i*d+j] - scaled[side])
		}
		m := Mark{Feature: name, Mean: mean[0], Others: mean[1]}
		within := math.Sqrt((square[0] + square[1]) / max(n[0]+n[1]-2, 1))
		if off := scaled[0] - scaled[1]; off != 0 {
			m.Difference = off / max(within, 1e-3) // groups within which nothing varies are told apart well enough
		}
		marks = append(marks, m)
	}
	slices.SortStableFunc(marks, func(a, b Mark) int { return cmp.Compare(math.Abs(b.Difference), math.Abs(a.Difference)) })
	return marks
}

func promotion(f *Features, l Log, of []int, g int, rows []int) *Promotion {
	var deals, lines [2]float64
	for i, row := range f.Row {
		if row < 0 || !f.Window.has(l.Day[i]) {
			continue
		}
		side := 0
		if of[row] != g {
			side = 1
		}
		lines[side]++
		if l.Discount[i] > 0 {
			deals[side]++
		}
	}
	p := &Promotion{OnDeal: deals[0] / lines[0], Others: deals[1] / max(lines[1], 1)}
	var excess []float64
	for _, i := range rows {
		excess = append(excess, f.excess[i])
	}
	if len(excess) > 1 {
		p.Excess, _ = stats.MeanInterval(excess, 0.95) // finite values, two or more
	} else {
		p.Excess = stats.Estimate{Value: excess[0], Low: -1, High: 1, Level: 0.95} // it lies between them
	}
	return p
}

func (w Window) has(day int) bool { return day >= w.Start && day <= w.End }

// favourites counts each customer once for each product.
func (p *Personas) favourites(f *Features, l Log, of []int, o Options) {
	type pair struct{ product, row int }
	var bought []pair
	for i, row := range f.Row {
		if row >= 0 && f.Window.has(l.Day[i]) && l.Product[i] >= 0 {
			bought = append(bought, pair{l.Product[i], row})
		}
	}
	slices.SortFunc(bought, func(a, b pair) int { return cmp.Or(cmp.Compare(a.product, b.product), cmp.Compare(a.row, b.row)) })
	bought = slices.Compact(bought)
	buyers := make([]int, len(p.Groups))
	for from := 0; from < len(bought); {
		clear(buyers)
		to := from
		for ; to < len(bought) && bought[to].product == bought[from].product; to++ {
			buyers[of[bought[to].row]]++
		}
		for g, k := range buyers {
			card := &p.Groups[g].Card
			like := Favourite{Product: bought[from].product, Buyers: float64(k) / float64(card.Customers), All: float64(to-from) / float64(len(of))}
			if k >= o.Least && (len(p.Groups) == 1 || like.Buyers > like.All) {
				card.Favourites = append(card.Favourites, like)
			}
		}
		from = to
	}
	for g := range p.Groups {
		likes := p.Groups[g].Card.Favourites
		slices.SortStableFunc(likes, func(a, b Favourite) int {
			return cmp.Or(cmp.Compare(b.Buyers-b.All, a.Buyers-a.All), cmp.Compare(b.Buyers, a.Buyers))
		})
		p.Groups[g].Card.Favourites = slices.Clone(likes[:min(len(likes), o.Favourites)])
	}
}
