package choice

import (
	"fmt"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
)

// Outside is the alternative of taking nothing.
const Outside = -1

// Shelf is what shoppers see in one week, with their choice weights kept up to date: one exponential when one brand
// changes. It never allocates. Its alternatives stand in the order that NewShelf was given, so that one uniform number
// picks the same rival, or nothing, whenever the repriced brand stands last and does not win.
type Shelf struct {
	model      *ShareLogit
	order      []int             // alternatives, Outside among them
	place      []int             // of each brand in order
	base       []float64         // by brand: what the week alone gives
	bases      map[int][]float64 // of the weeks seen so far: Lent and season take longer to tell than a week to play
	weight     []float64         // by brand: e^δ; the outside option weighs 1
	display    []float64
	quantity   []law     // by brand, at its display
	cumulative []float64 // by place
}

// NewShelf returns an empty shelf in week 1. order lists every brand's index and Outside, each once; nil means the
// brands in their order, then Outside.
func (m *ShareLogit) NewShelf(order []int) (*Shelf, error) {
	n := len(m.Brands)
	if order == nil {
		for j := range n {
			order = append(order, j)
		}
		order = append(order, Outside)
	}
	s := &Shelf{model: m, order: append([]int(nil), order...), place: make([]int, n), bases: map[int][]float64{},
		weight: make([]float64, n), display: make([]float64, n), quantity: make([]law, n), cumulative: make([]float64, n+1)}
	seen := make([]bool, n+1)
	for i, j := range order {
		if j < Outside || j >= n || seen[j+1] || len(order) != n+1 {
			return nil, field.New("order", fmt.Sprint(order), fmt.Sprintf("each of %d to %d once", Outside, n-1))
		}
		seen[j+1] = true
		if j != Outside {
			s.place[j] = i
		}
	}
	s.SetWeek(1)
	s.resum(0)
	return s, nil
}

// SetWeek sets trend, season and Lent; brands must be Set again after it. It allocates when a week is seen for the first time.
func (s *Shelf) SetWeek(week int) {
	if known, ok := s.bases[week]; ok {
		s.base = known
		return
	}
	m := s.model
	sin, cos := harmonic(week, 1)
	lent, trend := m.calendar.lent(week), trend(week)
	s.base = make([]float64, len(m.Brands))
	for j := range s.base {
		s.base[j] = m.intercept[j] + float64(m.trend[j]*trend) + float64(m.sin[j]*sin) + float64(m.cos[j]*cos) + float64(m.lent[j]*lent)
	}
	s.bases[week] = s.base
}

// Set puts brand j on the shelf at a price, with a display in [0, 1], a reference price in the shoppers' minds and the
// week's shock.
func (s *Shelf) Set(j int, price, display, reference, xi float64) {
	m := s.model
	s.weight[j] = portable.Exp(s.base[j] + m.Response(j, price, display, reference) + xi)
	if s.display[j] != display || s.quantity[j].mu == 0 {
		s.display[j], s.quantity[j] = display, m.Quantity.at(display)
	}
	s.resum(s.place[j])
}

// Remove takes brand j off the shelf (out of stock): nobody chooses it.
func (s *Shelf) Remove(j int) {
	s.weight[j] = 0
	s.resum(s.place[j])
}

// resum adds up the weights from a place on.
func (s *Shelf) resum(from int) {
	total := 0.0
	if from > 0 {
		total = s.cumulative[from-1]
	}
	for i := from; i < len(s.order); i++ {
		if j := s.order[i]; j == Outside {
			total++
		} else {
			total += s.weight[j]
		}
		s.cumulative[i] = total
	}
}

// Choose returns what the shopper with the uniform u in [0, 1) takes: a brand or Outside.
func (s *Shelf) Choose(u float64) int {
	target := float64(u * s.cumulative[len(s.cumulative)-1])
	for i, c := range s.cumulative {
		if target < c {
			return s.order[i]
		}
	}
	return s.order[len(s.order)-1] // u·total rounded up to the total
}

// Probabilities fills dst (one a brand) and returns the probability of taking nothing.
func (s *Shelf) Probabilities(dst []float64) (outside float64) {
	total := s.cumulative[len(s.cumulative)-1]
	for j, w := range s.weight {
		dst[j] = w / total
	}
	return 1 / total
}

// Quantity returns how many units of brand j its buyer with the uniform u in [0, 1) takes, 1 or more.
func (s *Shelf) Quantity(j int, u float64) int { return s.quantity[j].draw(u) }

// Expected fills dst with the expected units of each brand per customer, given the shocks that were set.
func (s *Shelf) Expected(dst []float64) {
	s.Probabilities(dst)
	for j := range dst {
		dst[j] = float64(dst[j] * s.quantity[j].mean)
	}
}

// ExpectedOver fills dst with the expected units of each brand per customer when ξ is the shocks that were set plus a
// draw from the lattice: with shocks of zero, the mean over all weeks alike.
func (s *Shelf) ExpectedOver(dst []float64, l *Lattice) {
	for j := range dst {
		dst[j] = 0
	}
	for _, f := range l.factors {
		total := 1.0
		for j, w := range s.weight {
			total += float64(w * f[j])
		}
		for j, w := range s.weight {
			dst[j] += float64(w*f[j]) / total
		}
	}
	for j := range dst {
		dst[j] = float64(dst[j]*s.quantity[j].mean) / float64(len(l.factors))
	}
}
