package choice

import (
	"fmt"
	"time"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/gonum/mat"
)

// Options says how to fit a share logit.
type Options struct {
	FirstDay string    // of week 1, as 2006-01-02 (Lent needs it)
	Split    Split     // of the panel's weeks
	Quantity Quantity  // turns units into purchases
	Memories []float64 // the grid of reference-price memories, each in [0, 1); one fixes it
	// Without names terms that the search leaves out: any of trend, display, season, lent, gain, loss.
	Without []string
	// With names terms that are left out unless asked for: "depth" (see Spec).
	With []string
	// Estimator is LeastSquares or TwoStage; empty lets the instruments' strength decide.
	Estimator string
	// Spec, when set, is fitted as it is; nil lets the validation weeks choose by search.
	Spec *Spec
}

// Fit chooses a spec on the validation weeks, estimates it on training and validation weeks by least squares and by
// two-stage least squares, and reports what it saw. The wholesale price, with its own gain, loss and depth by the same
// definitions, is the instrument for price, gain, loss and depth. Unless Options.Estimator says otherwise, two-stage
// least squares drives the market where the instruments of every brand are strong (see weakInstruments) and every price
// coefficient is below 0; else least squares does.
func Fit(p *Panel, o Options) (*ShareLogit, error) {
	first, err := time.Parse(time.DateOnly, o.FirstDay)
	if err != nil {
		return nil, field.New("first_day", o.FirstDay, "the date on which week 1 begins, like 1989-09-14")
	}
	if o.Estimator != "" && o.Estimator != LeastSquares && o.Estimator != TwoStage {
		return nil, field.New("estimator", o.Estimator, LeastSquares+", "+TwoStage+" or nothing")
	}
	if !o.Quantity.valid() {
		return nil, field.New("quantity", fmt.Sprintf("%+v", o.Quantity), "finite parameters and a dispersion of 0 or more")
	}
	s, err := newSample(p, o.Split, calendar{first}, o.Quantity)
	if err != nil {
		return nil, err
	}
	d := &Diagnostics{Split: o.Split}
	spec, err := s.chooseSpec(o, d)
	if err != nil {
		return nil, err
	}
	m := &ShareLogit{Brands: append([]string(nil), p.Brands...), FirstDay: o.FirstDay, Spec: spec, Quantity: o.Quantity, Diagnostics: d}
	if err := s.estimate(m, o.Estimator); err != nil {
		return nil, err
	}
	if m.Displays, d.Display, err = s.fitDisplays(spec.Memory); err != nil {
		return nil, err
	}
	if err := m.prepare(); err != nil {
		return nil, err
	}
	if d.Mechanisms, err = s.mechanisms(m); err != nil {
		return nil, err
	}
	d.HeldOut = s.heldOut(m)
	last := Range{o.Split.Validation[1] - 51, o.Split.Validation[1]}
	d.Prices, d.Displays = s.mean(s.Price, last), s.mean(s.Display, last)
	if d.Elasticities, err = m.Elasticities(d.Prices, d.Displays, last[1]); err != nil {
		return nil, err
	}
	d.warn(m)
	return m, nil
}

func (s *sample) chooseSpec(o Options, d *Diagnostics) (Spec, error) {
	if o.Spec != nil {
		return *o.Spec, o.Spec.check(len(s.Brands))
	}
	if len(o.Memories) == 0 {
		return Spec{}, field.New("memories", "none", "at least one")
	}
	for _, m := range o.Memories {
		if !(m >= 0 && m < 1) {
			return Spec{}, field.New("memories", m, "numbers in [0, 1)")
		}
	}
	spec, asked, err := s.search(o.Memories, o.With, o.Without)
	if err != nil {
		return Spec{}, err
	}
	d.Selections = asked
	d.NextBestMemory = o.Memories[asked[0].nextBest()]
	d.BestValidationMemory = asked[0].bestMemory(o.Memories)
	return spec, err
}

// fitting is a regression with the cells it used.
type fitting struct {
	cols []column
	y    []float64
	x    *mat.Dense
	week []int // of each row
}

// stack collects the complete cells of a range of weeks, of the brands that have any of the columns.
func (s *sample) stack(cols []column, weeks Range) fitting {
	f := fitting{cols: cols}
	var cells []float64
	active := activeColumns(cols, len(s.Brands))
	x := make([]float64, len(cols))
	for t, w := range s.Weeks {
		for j := range s.Brands {
			clear(x)
			if len(active[j]) > 0 && weeks.holds(w) && activeRow(x, cols, active[j], s.y, t, j) {
				f.y = append(f.y, s.y[t][j])
				f.week = append(f.week, w)
				cells = append(cells, x...)
			}
		}
	}
	f.x = mat.NewDense(len(f.y), len(cols), cells)
	return f
}

// fitWeeks is what the final coefficients are fitted on.
func (s *sample) fitWeeks() Range { return Range{s.split.Train[0], s.split.Validation[1]} }

// coefficients reports a regression's estimates with Driscoll–Kraay errors.
func coefficients(r *stats.Regression, cols []column, week []int) ([]Coefficient, *mat.SymDense, error) {
	weeks := map[int]bool{}
	for _, w := range week {
		weeks[w] = true
	}
	cov, err := r.DriscollKraay(week, stats.BartlettLag(len(weeks)))
	if err != nil {
		return nil, nil, err
	}
	se := stats.StandardErrors(cov)
	out := make([]Coefficient, len(cols))
	for c, col := range cols {
		out[c] = Coefficient{col.term, col.brand, r.Coef[c], se[c], r.Coef[c] / se[c]}
	}
	return out, cov, nil
}

// leastSquares fits columns on a range of weeks.
func (s *sample) leastSquares(cols []column, weeks Range) (*stats.Regression, []Coefficient, *mat.SymDense, error) {
	f := s.stack(cols, weeks)
	r, err := stats.OLS(f.y, f.x, labels(cols))
	if err != nil {
		return nil, nil, nil, err
	}
	coef, cov, err := coefficients(r, cols, f.week)
	return r, coef, cov, err
}

func labels(cols []column) []string {
	out := make([]string, len(cols))
	for c, col := range cols {
		out[c] = col.label()
	}
	return out
}

// estimate fills the model's coefficients, covariance and shocks by the estimator asked for.
func (s *sample) estimate(m *ShareLogit, estimator string) error {
	cols := s.columns(s.terms(m.Spec))
	r, coef, cov, err := s.leastSquares(cols, s.fitWeeks())
	if err != nil {
		return err
	}
	d := m.Diagnostics
	d.Rows, d.R2, d.Sigma, d.LeastSquares = len(r.Residuals), r.R2, r.Sigma, coef
	m.Estimator, m.Coefficients = LeastSquares, coef
	iv, ivCov, err := s.instrumented(cols, m.Spec.Memory)
	switch {
	case err != nil && estimator == TwoStage:
		return err
	case err != nil:
		d.Warnings = append(d.Warnings, err.Error()+": least squares drives the market")
	default:
		if err := s.compareEstimators(d, m.Spec); err != nil {
			return err
		}
		if estimator == TwoStage || estimator == "" && d.weakest().CraggDonald >= weakInstruments && fallsWithPrice(iv.Coefficients) {
			m.Estimator, m.Coefficients, cov = TwoStage, iv.Coefficients, ivCov
		}
	}
	d.Instrumented = iv
	k := len(cols)
	m.Covariance = table(k, k)
	for i := range k {
		for j := range k {
			m.Covariance[i][j] = cov.At(i, j)
		}
	}
	b := make([]float64, k)
	for c, col := range cols {
		b[c] = m.Coefficients[find(m.Coefficients, col)].Estimate
	}
	// Two-stage estimates come in another order; the covariance keeps the order of m.Coefficients.
	e := s.residuals(cols, b)
	m.Shocks = s.shocks(e)
	d.Kurtosis, d.Outliers = s.kurtosis(e), s.outliers(e)
	return nil
}

func find(in []Coefficient, col column) int {
	for i, c := range in {
		if c.Term == col.term && c.Brand == col.brand {
			return i
		}
	}
	return -1
}
