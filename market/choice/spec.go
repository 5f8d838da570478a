package choice

import (
	"fmt"
	"math"
	"sort"

	"github.com/souk-sim/souk/scenarios/field"
)

// Pooling says how brands share a term's coefficient.
type Pooling string

const (
	Absent Pooling = "absent" // the term is left out
	Common Pooling = "common" // one coefficient for all brands that the term covers
	Own    Pooling = "own"    // one for each brand that the term covers
)

// Spec is what enters the share logit's utility of brand j in week t beside its intercept:
//
//	price·p + display·d + trend·t/52.18 + season (annual sine and cosine) + lent·L + gain·max(r-p, 0) + loss·max(p-r, 0) + depth·(h-p)
//
// with the reference price r' = m·r + (1-m)·p and the regular price h, the highest of the last RegularWeeks prices, p among
// them.
type Spec struct {
	Memory    float64 `json:"memory"` // m, the weight of the old reference price in the new, in [0, 1)
	Price     Pooling `json:"price"`
	Display   Pooling `json:"display"`
	Trend     Pooling `json:"trend"`
	Season    Pooling `json:"season"`
	Lent      Pooling `json:"lent"`
	Gain      Pooling `json:"gain"`
	Loss      Pooling `json:"loss"`
	Depth     Pooling `json:"depth,omitempty"` // empty is absent
	Remembers []bool  `json:"remembers"`       // by brand: whether gain, loss and depth enter at all
}

func (s Spec) check(brands int) error {
	if !(s.Memory >= 0 && s.Memory < 1) {
		return field.New("memory", s.Memory, "a number in [0, 1)")
	}
	if len(s.Remembers) != brands {
		return field.New("remembers", len(s.Remembers), fmt.Sprintf("%d values, one a brand", brands))
	}
	for _, term := range []struct {
		name string
		p    Pooling
	}{{"price", s.Price}, {"display", s.Display}, {"trend", s.Trend}, {"season", s.Season}, {"lent", s.Lent}, {"gain", s.Gain}, {"loss", s.Loss}} {
		if term.p != Absent && term.p != Common && term.p != Own {
			return field.New(term.name, string(term.p), "absent, common or own")
		}
	}
	if s.Depth != "" && s.Depth != Absent && s.Depth != Common && s.Depth != Own {
		return field.New("depth", string(s.Depth), "absent, common or own, or nothing")
	}
	if s.Price == Absent {
		return field.New("price", string(s.Price), "common or own: demand without a price has no use here")
	}
	return nil
}

// term is one regressor before it is divided among brands: its value in each cell and the brands it covers (nil: all).
type term struct {
	name    string
	pooling Pooling
	values  [][]float64
	covers  []bool
}

// sample is a panel prepared for fitting: what no Spec changes.
type sample struct {
	*Panel
	split     Split
	calendar  calendar
	y, shares [][]float64
	trend     [][]float64
	lent      [][]float64
	season    [2][][]float64
	evaluated map[string]evaluation // by printed spec
}

func newSample(p *Panel, s Split, c calendar, q Quantity) (*sample, error) {
	if err := p.check(s); err != nil {
		return nil, err
	}
	y, shares, err := p.logShareRatios(q, s.Validation[1])
	if err != nil {
		return nil, err
	}
	return &sample{Panel: p, split: s, calendar: c, y: y, shares: shares, evaluated: map[string]evaluation{},
		trend: p.byWeek(trend), lent: p.byWeek(c.lent),
		season: [2][][]float64{
			p.byWeek(func(w int) float64 { s, _ := harmonic(w, 1); return s }),
			p.byWeek(func(w int) float64 { _, c := harmonic(w, 1); return c }),
		}}, nil
}

func trend(week int) float64 { return float64(week) / weeksPerYear }

// byWeek returns a table whose rows hold f(week) for every brand.
func (p *Panel) byWeek(f func(int) float64) [][]float64 {
	out := table(len(p.Weeks), len(p.Brands))
	for i, w := range p.Weeks {
		v := f(w)
		for j := range out[i] {
			out[i][j] = v
		}
	}
	return out
}

// terms returns the regressors of a spec in the order of the coefficients.
func (s *sample) terms(spec Spec) []term {
	gain, loss := s.gainLoss(s.Price, spec.Memory)
	if spec.Depth == "" {
		spec.Depth = Absent
	}
	return []term{
		{"intercept", Own, s.byWeek(func(int) float64 { return 1 }), nil},
		{"price", spec.Price, s.Price, nil},
		{"display", spec.Display, s.Display, nil},
		{"trend", spec.Trend, s.trend, nil},
		{"sin", spec.Season, s.season[0], nil},
		{"cos", spec.Season, s.season[1], nil},
		{"lent", spec.Lent, s.lent, nil},
		{"gain", spec.Gain, gain, spec.Remembers},
		{"loss", spec.Loss, loss, spec.Remembers},
		{"depth", spec.Depth, s.depth(s.Price), spec.Remembers},
	}
}

// gainLoss runs the reference price over a table of prices and returns max(r-p, 0) and max(p-r, 0). The first r is the
// first price seen. Weeks without data are skipped, as if no time had passed: what shoppers saw in them is unknown, and
// the last reference is the best guess that needs no model; a missing cell leaves r as it was.
func (p *Panel) gainLoss(price [][]float64, memory float64) (gain, loss [][]float64) {
	reference := p.references(price, memory)
	gain, loss = table(len(price), len(p.Brands)), table(len(price), len(p.Brands))
	for t := range price {
		for j := range p.Brands {
			gain[t][j] = math.Max(reference[t][j]-price[t][j], 0)
			loss[t][j] = math.Max(price[t][j]-reference[t][j], 0)
		}
	}
	return gain, loss
}

// references returns r for each cell, before its own week's price enters.
func (p *Panel) references(price [][]float64, memory float64) [][]float64 {
	out := table(len(price), len(p.Brands))
	for j := range p.Brands {
		r := math.NaN()
		for t := range price {
			v := price[t][j]
			if math.IsNaN(r) {
				r = v
			}
			out[t][j] = r
			if !math.IsNaN(v) {
				r = nextReference(memory, r, v)
			}
		}
	}
	return out
}

func nextReference(memory, r, p float64) float64 { return float64(memory*r) + float64((1-memory)*p) }

// column is one regressor of the stacked equation: a term in the cells of some brands.
type column struct {
	term, brand string // brand is empty for a common coefficient
	values      [][]float64
	in          []bool // by brand
}

func (c column) label() string {
	if c.brand == "" {
		return c.term
	}
	return c.term + " " + c.brand
}

// columns divides terms among the brands.
func (p *Panel) columns(terms []term) []column {
	var out []column
	for _, t := range terms {
		covers := t.covers
		if covers == nil {
			covers = all(len(p.Brands))
		}
		if !some(covers) || t.pooling == Absent {
			continue
		}
		if t.pooling == Common {
			out = append(out, column{term: t.name, values: t.values, in: covers})
			continue
		}
		for j, brand := range p.Brands {
			if covers[j] {
				in := make([]bool, len(p.Brands))
				in[j] = true
				out = append(out, column{term: t.name, brand: brand, values: t.values, in: in})
			}
		}
	}
	return out
}

func table(t, j int) [][]float64 {
	cells := make([]float64, t*j)
	out := make([][]float64, t)
	for i := range out {
		out[i] = cells[i*j : (i+1)*j : (i+1)*j]
	}
	return out
}

func all(n int) []bool {
	out := make([]bool, n)
	for i := range out {
		out[i] = true
	}
	return out
}

func some(v []bool) bool {
	for _, b := range v {
		if b {
			return true
		}
	}
	return false
}

// median returns the median of a column's cells that are not missing, up to a week: no later one may tell what to fit.
func (p *Panel) median(cells [][]float64, j, until int) float64 {
	var v []float64
	for t, r := range cells {
		if p.Weeks[t] <= until && !math.IsNaN(r[j]) {
			v = append(v, r[j])
		}
	}
	return middle(v)
}

// middle returns the median of finite numbers, NaN of none.
func middle(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	v = append([]float64(nil), v...)
	sort.Float64s(v)
	n := len(v)
	return (v[(n-1)/2] + v[n/2]) / 2
}
