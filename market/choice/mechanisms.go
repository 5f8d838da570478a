package choice

import (
	"fmt"
	"math"
)

// RegularWeeks is over how many observed weeks, the present one among them, the regular price is the highest price seen.
const RegularWeeks = 13

// dealDepth is the fraction below the regular price from which a week is a deal.
const dealDepth = 0.05

// mechanisms tests what else could make sales jump when a price falls below its reference: the depth of the deal against
// the regular price, unrecorded advertising in a deal's first week, and stocking up (last week's deal or sales
// depress this week's). Each is put to the rule that chose the model's own terms; each would be a state of its own in the
// market, so what the rule prefers is reported and not taken. Depth can be asked for (Options.With).
func (s *sample) mechanisms(m *ShareLogit) ([]Mechanism, error) {
	covers := m.Spec.Remembers
	if !some(covers) {
		covers = all(len(s.Brands))
	}
	base := s.columns(s.terms(m.Spec))
	var out []Mechanism
	for _, t := range s.rivalTerms() {
		if t.name == depthTerm && m.Spec.Depth != "" && m.Spec.Depth != Absent {
			continue
		}
		own := t
		t.pooling, t.covers = Common, covers
		own.pooling, own.covers = Own, covers
		common := append(append([]column(nil), base...), s.columns([]term{t})...)
		x := Mechanism{Name: t.name}
		same := s.where(t.values)
		without, err := same.evaluate(base)
		if err != nil {
			return nil, fmt.Errorf("without %s: %w", t.name, err)
		}
		with, err := same.evaluate(common)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.name, err)
		}
		separate, err := same.evaluate(append(append([]column(nil), base...), s.columns([]term{own})...))
		if err != nil {
			return nil, fmt.Errorf("%s by brand: %w", t.name, err)
		}
		x.AIC = with.aic - without.aic
		x.Score, x.ScoreSE = s.meanDifference(with, without)
		options := []string{string(Absent), string(Common), string(Own)}
		var chosen int
		chosen, x.Selection = s.decide(t.name, options, []evaluation{without, with, separate})
		x.Preferred = chosen > 0
		_, coef, _, err := s.leastSquares(common, s.fitWeeks())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.name, err)
		}
		x.Common = coef[len(coef)-1]
		for _, c := range coef {
			if c.Term == "gain" {
				x.Gains = append(x.Gains, c)
			}
		}
		own.covers = nil
		_, coef, _, err = s.leastSquares(append(append([]column(nil), base...), s.columns([]term{own})...), s.fitWeeks())
		if err != nil {
			return nil, fmt.Errorf("%s by brand: %w", t.name, err)
		}
		x.ByBrand = coef[len(base):]
		out = append(out, x)
	}
	return out, nil
}

// where returns the sample without the cells that a table lacks, so that models with and without it meet the same data.
func (s *sample) where(values [][]float64) *sample {
	out := *s
	out.y = table(len(s.Weeks), len(s.Brands))
	for t := range out.y {
		for j := range out.y[t] {
			out.y[t][j] = s.y[t][j]
			if math.IsNaN(values[t][j]) {
				out.y[t][j] = math.NaN()
			}
		}
	}
	return &out
}

// rivalTerms builds the rival regressors. Lags are NaN, and their cells left out, where the week before is absent.
func (s *sample) rivalTerms() []term {
	nT, nJ := len(s.Weeks), len(s.Brands)
	depth := s.depth(s.Price)
	deal, number, later := table(nT, nJ), table(nT, nJ), table(nT, nJ)
	for t := range s.Weeks {
		for j := range s.Brands {
			if depth[t][j] > dealDepth*(s.Price[t][j]+depth[t][j]) {
				deal[t][j], number[t][j] = 1, 1
				if t > 0 && s.Weeks[t] == s.Weeks[t-1]+1 {
					number[t][j] += number[t-1][j]
				}
				if number[t][j] > 1 {
					later[t][j] = 1
				}
			}
		}
	}
	for t := range number { // count from the deal's first week, which is 0 like no deal at all
		for j := range number[t] {
			number[t][j] = math.Max(number[t][j]-1, 0)
		}
	}
	category := table(nT, nJ)
	for t := range s.Weeks {
		total := 0.0
		for _, v := range s.shares[t] {
			if !math.IsNaN(v) {
				total += v
			}
		}
		for j := range category[t] {
			category[t][j] = math.NaN() // a week without a single share
			if total > 0 {
				category[t][j] = math.Log(total)
			}
		}
	}
	return []term{
		{name: depthTerm, values: depth},
		{name: "second or later week of a deal", values: later},
		{name: "weeks since the deal began", values: number},
		{name: "deal last week", values: s.lag(deal)},
		{name: "log share ratio last week", values: s.lag(s.y)},
		{name: "log category share last week", values: s.lag(category)},
	}
}

const depthTerm = "depth below the regular price"

// depth returns how far each price lies below the highest of the last RegularWeeks observed ones.
func (p *Panel) depth(price [][]float64) [][]float64 {
	out := table(len(price), len(p.Brands))
	for t := range price {
		for j := range out[t] {
			regular := 0.0
			for back := max(0, t-RegularWeeks+1); back <= t; back++ {
				if v := price[back][j]; v > regular {
					regular = v
				}
			}
			out[t][j] = regular - price[t][j]
		}
	}
	return out
}

// lag shifts a table by one week.
func (s *sample) lag(cells [][]float64) [][]float64 {
	out := table(len(cells), len(s.Brands))
	for t := range out {
		for j := range out[t] {
			out[t][j] = math.NaN()
			if t > 0 && s.Weeks[t] == s.Weeks[t-1]+1 {
				out[t][j] = cells[t-1][j]
			}
		}
	}
	return out
}
