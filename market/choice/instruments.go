package choice

import (
	"fmt"
	"strings"

	"github.com/souk-sim/souk/results/stats"
	"gonum.org/v1/gonum/mat"
)

// weakInstruments is the statistic below which instruments are weak (Staiger & Stock 1997's rule of thumb). It is held
// against the smallest of the brands' Cragg–Donald statistics: the stacked equation has one covariance and one estimator
// for all brands, so a brand whose own instruments say nothing spoils it, and figures of the stacked first stages, in
// which a brand's column is zero in the rows of all others, would say nothing about that.
const weakInstruments = 10

// BrandStrength is what the instruments are worth for one brand: first stages over its own rows, with its own instruments
// and degrees of freedom. F are classical (homoskedastic, serially uncorrelated), unlike the coefficients' errors.
type BrandStrength struct {
	Brand       string       `json:"brand"`
	Rows        int          `json:"rows"`
	FirstStages []FirstStage `json:"first_stages,omitempty"`
	CraggDonald float64      `json:"cragg_donald"`
	// Problem says why there are no figures; such a brand counts as weak.
	Problem string `json:"problem,omitempty"`
}

// isEndogenous holds what follows from the price that the seller chose.
func isEndogenous(term string) bool {
	return term == "price" || term == "gain" || term == "loss" || term == "depth"
}

// twoStage is a two-stage least squares fit with the columns it came from.
type twoStage struct {
	*stats.Instrumented
	structural []column // exogenous, then endogenous
	endogenous []column
	week       []int
}

// twoStageFit regresses the cells of the columns, price, gain, loss and depth endogenous, the same of wholesale prices
// their instruments.
func (s *sample) twoStageFit(cols []column, memory float64) (*twoStage, error) {
	var exogenous, endogenous, instruments []column
	for _, c := range cols {
		if isEndogenous(c.term) {
			endogenous = append(endogenous, c)
		} else {
			exogenous = append(exogenous, c)
		}
	}
	gain, loss := s.gainLoss(s.Wholesale, memory)
	wholesale := map[string][][]float64{"price": s.Wholesale, "gain": gain, "loss": loss, "depth": s.depth(s.Wholesale)}
	for _, c := range endogenous {
		c.values = wholesale[c.term]
		c.term = "wholesale " + c.term
		instruments = append(instruments, c)
	}
	every := append(append(append([]column(nil), exogenous...), endogenous...), instruments...)
	f := s.stack(every, s.fitWeeks())
	if len(f.y) == 0 {
		return nil, fmt.Errorf("two-stage least squares: no complete cells")
	}
	cut := func(from, to int) *mat.Dense { return mat.DenseCopyOf(f.x.Slice(0, len(f.y), from, to)) }
	k1, k2 := len(exogenous), len(endogenous)
	iv, err := stats.TwoStageLeastSquares(f.y, cut(0, k1), cut(k1, k1+k2), cut(k1+k2, len(every)), labels(every))
	if err != nil {
		return nil, fmt.Errorf("two-stage least squares: %w", err)
	}
	return &twoStage{iv, every[:k1+k2], endogenous, f.week}, nil
}

func (f *twoStage) firstStages() []FirstStage {
	var out []FirstStage
	for i, c := range f.endogenous {
		out = append(out, FirstStage{c.label(), f.FirstStageF[i], f.ConditionalF[i]})
	}
	return out
}

// instrumented fits the stacked equation. The strength of instruments is the brands' own where they have their own
// coefficients; only coefficients that all share have first stages of the whole stack.
func (s *sample) instrumented(cols []column, memory float64) (*InstrumentedFit, *mat.SymDense, error) {
	f, err := s.twoStageFit(cols, memory)
	if err != nil {
		return nil, nil, err
	}
	coef, cov, err := coefficients(f.Regression, f.structural, f.week)
	if err != nil {
		return nil, nil, err
	}
	out := &InstrumentedFit{Coefficients: coef}
	for _, c := range f.endogenous {
		if c.brand != "" {
			return out, cov, nil
		}
	}
	out.FirstStages, out.CraggDonald = f.firstStages(), f.CraggDonald
	return out, cov, nil
}

// compareEstimators fills in what tells least squares and two-stage least squares apart: the strength of each brand's
// instruments, and both estimates of coefficients that all brands share.
func (s *sample) compareEstimators(d *Diagnostics, spec Spec) error {
	d.Strength = s.strength(spec)
	for _, p := range []*Pooling{&spec.Price, &spec.Gain, &spec.Loss, &spec.Depth} {
		if *p == Own {
			*p = Common
		}
	}
	cols := s.columns(s.terms(spec))
	var err error
	if _, d.LeastSquaresCommon, _, err = s.leastSquares(cols, s.fitWeeks()); err != nil {
		return err
	}
	d.InstrumentedCommon, _, err = s.instrumented(cols, spec.Memory)
	return err
}

// strength fits each brand's rows alone, where coefficients that brands share are its own too.
func (s *sample) strength(spec Spec) []BrandStrength {
	stacked := s.columns(s.terms(spec))
	out := make([]BrandStrength, len(s.Brands))
	for j, active := range activeColumns(stacked, len(s.Brands)) {
		var cols []column
		for _, c := range active {
			col := stacked[c]
			col.brand, col.in = s.Brands[j], make([]bool, len(s.Brands))
			col.in[j] = true
			cols = append(cols, col)
		}
		out[j].Brand = s.Brands[j]
		f, err := s.twoStageFit(cols, spec.Memory)
		if err != nil {
			out[j].Problem = err.Error()
			continue
		}
		out[j].Rows, out[j].FirstStages, out[j].CraggDonald = len(f.week), f.firstStages(), f.CraggDonald
	}
	return out
}

// weakest returns the brand with the smallest Cragg–Donald statistic.
func (d *Diagnostics) weakest() BrandStrength {
	out := d.Strength[0]
	for _, b := range d.Strength {
		if b.CraggDonald < out.CraggDonald {
			out = b
		}
	}
	return out
}

// fallsWithPrice reports whether every price coefficient is negative: a market on any other could not be optimised.
func fallsWithPrice(of []Coefficient) bool {
	for _, c := range of {
		if c.Term == "price" && c.Estimate >= 0 {
			return false
		}
	}
	return true
}

// warnOfInstruments says which estimator drives the market, what the instruments are worth and what they say.
func (d *Diagnostics) warnOfInstruments(m *ShareLogit, say func(string, ...any)) {
	var weak []string
	for _, b := range d.Strength {
		if b.CraggDonald < weakInstruments {
			weak = append(weak, fmt.Sprintf("%s %.2f", b.Brand, b.CraggDonald))
		}
		if b.Problem != "" {
			say("the instruments of %s cannot be judged: %s", b.Brand, b.Problem)
		}
	}
	if len(weak) > 0 {
		say("price is endogenous and instruments are weak: Cragg–Donald below %d for %s (of each brand's own rows; classical, while coefficients have Driscoll–Kraay errors): %s drives the market",
			weakInstruments, strings.Join(weak, ", "), m.Estimator)
	} else if !fallsWithPrice(d.Instrumented.Coefficients) {
		say("price is endogenous, but two-stage least squares gives demand that rises with price: %s drives the market", m.Estimator)
	}
	least, two := priceOf(d.LeastSquaresCommon), priceOf(d.InstrumentedCommon.Coefficients)
	if two.Estimate+interval95*two.SE >= 0 {
		say("with coefficients common to all brands the price coefficient is %.2f (se %.2f) by least squares and %.2f (se %.2f) by two-stage least squares, whose 95%% interval reaches 0: the instruments do not tell whether demand falls with price, nor how far off least squares is",
			least.Estimate, least.SE, two.Estimate, two.SE)
	}
}

// interval95 is half a 95% interval in standard errors.
const interval95 = 1.96

// priceOf returns the price coefficient that all brands share.
func priceOf(in []Coefficient) Coefficient {
	if i := find(in, column{term: "price"}); i >= 0 {
		return in[i]
	}
	return Coefficient{}
}
