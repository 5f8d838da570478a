package estimators

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/souk-sim/souk/market/choice"
)

// choiceFigures are what every model of choices tells beside its estimates.
type choiceFigures struct {
	Alternatives   []string   `json:"alternatives"`
	Attributes     []string   `json:"attributes"`
	Base           string     `json:"base,omitempty"` // what the constants are held against
	Parameters     int        `json:"parameters"`
	NullLogLik     float64    `json:"null_loglik"`
	SharesLogLik   float64    `json:"shares_loglik"`
	McFadden       float64    `json:"mcfadden_r2"`
	McFaddenShares float64    `json:"mcfadden_r2_vs_shares"`
	AIC            float64    `json:"aic"`
	BIC            float64    `json:"bic"`
	BICHouseholds  float64    `json:"bic_households"`
	Iterations     int        `json:"iterations"`
	Tests          []ratioOf  `json:"likelihood_ratio_tests"`
	Price          string     `json:"price,omitempty"`
	Worth          []worth    `json:"willingness_to_pay,omitempty"`
	Smoothing      *parameter `json:"smoothing,omitempty"`
	// Elasticities by attribute: per cent of the share of j (row) for 1% more of k's (column).
	Elasticities map[string][][]float64 `json:"elasticities,omitempty"`
}

type parameter = choice.Parameter

// worth is what one unit more is worth, in units of the price.
type worth struct {
	Name     string  `json:"name"`
	Estimate float64 `json:"estimate"`
	SE       float64 `json:"se"`
}

// ratioOf is a likelihood-ratio test against a model that is a special case.
type ratioOf struct {
	Against string `json:"against"`
	choice.LikelihoodRatio
}

func coefficients(all []choice.Parameter) (out []Coefficient) {
	for _, p := range all {
		out = append(out, Coefficient{p.Name, p.Estimate, p.SE, p.RobustSE, p.ClusteredSE})
	}
	return out
}

// report describes the fitted model. restricted are conditional logits and their like of the same choices, which it holds as special cases.
func (st *study) report(words string, restricted ...*choice.Estimates) (*Fit, choiceFigures, error) {
	e := st.model.Summary()
	f := &Fit{Model: words, N: e.N, Customers: e.Households, LogLik: e.LogLik, Coefficients: coefficients(e.Coefficients), Converged: e.Converged,
		Warnings: slices.Concat(st.careful, e.Warnings), Saved: st.model.(json.Marshaler)}
	f.Data = fmt.Sprintf("%d choices of %d alternatives", e.N, len(e.Alternatives))
	if st.s.Household != nil {
		f.Data += fmt.Sprintf(" by %d households", e.Households)
	} else {
		f.Customers = 0
		switch st.model.(type) {
		case *choice.MixedLogit, *choice.LatentClass:
			f.Warnings = append(f.Warnings, "no column of the household (id): every choice counts as another household's")
		}
		for i := range f.Coefficients {
			f.Coefficients[i].ClusteredSE = 0 // every choice is another's: the robust one again
		}
	}
	f.Data += "; " + st.taken(e)
	own, err := st.figures(f, restricted)
	if err != nil {
		return nil, own, st.about(err)
	}
	f.Words = []string{fmt.Sprintf("log-likelihood %.4f with %d parameters, AIC %.2f, BIC %.2f (by households %.2f)", e.LogLik, own.Parameters, e.AIC, e.BIC, e.BICPanel),
		fmt.Sprintf("McFadden R² %.4f against chance, %.4f against constant shares", e.McFadden, e.McFaddenShares)}
	for _, t := range own.Tests {
		f.Words = append(f.Words, fmt.Sprintf("against %s: likelihood ratio %.2f with %d degrees of freedom, p %s, BIC %+.2f", t.Against, t.Statistic, t.Degrees, probability(t.P), t.BIC))
	}
	if st.loyal != nil {
		f.Words = append(f.Words, fmt.Sprintf("loyalty keeps %.4f (s.e. %.4f) from one choice to the next, as the conditional logit estimates it", own.Smoothing.Estimate, own.Smoothing.SE))
	} else if st.Loyalty {
		f.Words = append(f.Words, fmt.Sprintf("loyalty keeps %g from one choice to the next, as given", st.Choices.Smoothing))
	}
	f.Warnings = append(f.Warnings, st.signs(e, own.Price)...)
	if st.held != nil {
		err = st.heldOut(f)
	}
	return f, own, err
}

// base names what the constants are held against; empty where there are none.
func base(e *choice.Estimates) string {
	switch {
	case e.Utility.NoConstants:
		return ""
	case e.Utility.Base != "":
		return e.Utility.Base
	case e.Outside:
		return "nothing taken"
	}
	return e.Alternatives[0]
}

// taken tells what was taken for what: the columns, the attributes and the base.
func (st *study) taken(e *choice.Estimates) string {
	columns := []string{"choice " + st.Choice}
	if st.ID != "" {
		columns = append(columns, "household "+st.ID)
	}
	if st.Layout == "long" {
		columns = append(columns, "situation "+st.Situation, "alternative "+st.Alternative)
	}
	attributes := e.Attributes
	if len(attributes) > mostColumns {
		attributes = append(slices.Clone(attributes[:mostColumns]), fmt.Sprintf("%d more", len(attributes)-mostColumns))
	}
	text := "columns: " + list(columns) + "; attributes: " + cmp.Or(list(attributes), "none")
	if b := base(e); b != "" {
		text += "; constants against " + b
	}
	return text
}

// signs tells of coefficients with a sign that theory does not expect: a price that is liked, a gain that is not and a loss that is.
func (st *study) signs(e *choice.Estimates, price string) (out []string) {
	random := map[string]choice.RandomCoefficient{}
	if m, ok := st.model.(*choice.MixedLogit); ok {
		for _, r := range m.Random {
			random[r.Name] = r
		}
	}
	for _, p := range e.Coefficients {
		name, of, ok := strings.Cut(p.Name, ":")
		where := " of " + name
		if !ok {
			name, of, where = "", p.Name, ""
		}
		r, differs := random[of]
		above := 0.0
		if differs {
			above = aboveZero(r)
		} else if p.Estimate > 0 {
			above = 1
		}
		found := fmt.Sprintf("%s%s has %s", of, where, threeDigits(p.Estimate))
		if differs {
			found = fmt.Sprintf("%s is above 0 for %.1f%% of the households", of, 100*above)
		}
		switch {
		case price != "" && of == price && above >= wrongShare && differs && r.Sign == 0:
			out = append(out, found+", who would rather pay more: a log-normal law has one sign")
		case price != "" && of == price && above >= wrongShare:
			out = append(out, found+": what costs more is liked better, which theory does not expect; look for what the price stands for")
		case st.Reference != "" && (of == "loss" && above >= wrongShare || of == "gain" && 1-above >= wrongShare):
			out = append(out, found+": the reverse of what a reference price leads to expect (gain above 0, loss below)")
		}
	}
	return out
}

// wrongShare of the households with a coefficient of the wrong sign is worth a word.
const wrongShare = 0.01

// aboveZero is the share of the households whose coefficient is above 0.
func aboveZero(r choice.RandomCoefficient) float64 {
	if r.Sign != 0 {
		return (1 + r.Sign) / 2
	}
	return distuv.UnitNormal.CDF(r.Mean / math.Abs(r.SD))
}

func probability(p float64) string {
	if p < 1e-4 {
		return "below 0.0001"
	}
	return fmt.Sprintf("%.4f", p)
}

// heldOut scores the model on the households that the fit did not see.
func (st *study) heldOut(f *Fit) error {
	score, err := choice.Evaluate(st.model, st.held, nil)
	if err != nil {
		return st.about(err)
	}
	f.HeldOut = []Figure{{"choices", float64(score.N)}, {"loglik", score.LogLik}, {"loglik_per_choice", score.LogLik / float64(score.N)}, {"hit_rate", score.HitRate}}
	if math.IsInf(score.LogLik, 0) {
		f.HeldOut = slices.Delete(f.HeldOut, 1, 3)
		f.Warnings = append(f.Warnings, "a held-out choice is one that the model gives no chance")
	}
	return nil
}

func (st *study) figures(f *Fit, restricted []*choice.Estimates) (choiceFigures, error) {
	e := st.model.Summary()
	own := choiceFigures{Alternatives: e.Alternatives, Attributes: e.Attributes, Parameters: len(e.Coefficients), NullLogLik: e.NullLogLik, SharesLogLik: e.SharesLogLik,
		McFadden: e.McFadden, McFaddenShares: e.McFaddenShares, AIC: e.AIC, BIC: e.BIC, BICHouseholds: e.BICPanel, Iterations: e.Iterations, Base: base(e)}
	if st.loyal != nil {
		own.Smoothing = st.loyal.Smoothing
		own.Parameters++
	}
	own.Tests = st.tests(e, restricted)
	own.Price = st.price(st.s)
	for at, a := range e.Attributes {
		if a != own.Price && !positive(st.s, at) {
			continue
		}
		matrix, err := choice.AttributeElasticities(st.model, st.s, a)
		if err != nil {
			return own, err
		}
		if slices.ContainsFunc(slices.Concat(matrix...), func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }) {
			f.Warnings = append(f.Warnings, "no elasticities of "+a+": an alternative has no share")
			continue
		}
		if own.Elasticities == nil {
			own.Elasticities = map[string][][]float64{}
		}
		own.Elasticities[a] = matrix
		f.Tables = append(f.Tables, elasticityTable(a, e.Alternatives, matrix))
	}
	if own.Price != "" {
		if own.Worth = worthIn(st.model, own.Price); own.Worth != nil {
			f.Tables = append(f.Tables, worthTable(own.Price, own.Worth))
		}
	}
	return own, nil
}

// tests are the model against constants alone, or chance where it has none, and against the models it generalises.
func (st *study) tests(e *choice.Estimates, restricted []*choice.Estimates) (tests []ratioOf) {
	plain := &choice.Estimates{N: e.N, LogLik: e.NullLogLik, BIC: -2 * e.NullLogLik}
	against := "chance"
	if !e.Utility.NoConstants {
		against, plain.LogLik = "constants alone", e.SharesLogLik
		plain.Coefficients = make([]choice.Parameter, len(e.Alternatives)-1)
		if e.Outside && e.Utility.Base == "" {
			plain.Coefficients = make([]choice.Parameter, len(e.Alternatives))
		}
		plain.BIC = -2*plain.LogLik + float64(len(plain.Coefficients))*math.Log(float64(e.N))
	}
	if t, err := e.LikelihoodRatio(plain); err == nil {
		tests = append(tests, ratioOf{against, t})
	}
	for _, r := range restricted {
		if t, err := e.LikelihoodRatio(r); err == nil {
			tests = append(tests, ratioOf{"a conditional logit", t})
		}
	}
	return tests
}

// positive tells whether an attribute is more than 0 wherever it is known, as prices are: it then has elasticities.
func positive(s *choice.Situations, attribute int) bool {
	for i := attribute; i < len(s.X); i += len(s.Attributes) {
		if (s.Available == nil || s.Available[i/len(s.Attributes)]) && !(s.X[i] > 0) {
			return false
		}
	}
	return true
}

// worthIn is what the attributes are worth in units of the price: nothing where the price has no coefficient of its own, as in classes.
func worthIn(m choice.Individual, price string) (out []worth) {
	var all []choice.Parameter
	var err error
	if mixed, ok := m.(*choice.MixedLogit); ok {
		all, err = mixed.WillingnessToPay(price)
	} else {
		all, err = m.Summary().WillingnessToPay(price)
	}
	if err != nil {
		return nil
	}
	for _, p := range all {
		if math.IsInf(p.Estimate, 0) || math.IsNaN(p.SE) || math.IsInf(p.SE, 0) {
			return nil // a price coefficient of almost 0
		}
		out = append(out, worth{p.Name, p.Estimate, p.SE})
	}
	return out
}

// mostColumns is how many alternatives a table of elasticities may have across the page.
const mostColumns = 8

// elasticityTable has a row an alternative: all its elasticities, or of many its own and the largest of another's.
func elasticityTable(attribute string, names []string, matrix [][]float64) Table {
	t := Table{Title: "% of the row's share for 1% more " + attribute + " of the column"}
	if len(names) > mostColumns {
		t.Title = "% of a share for 1% more " + attribute
		t.Rows = [][]string{{"", "own", "most of another", "which"}}
		for j, row := range matrix {
			most := -1
			for k, v := range row {
				if k != j && (most < 0 || math.Abs(v) > math.Abs(row[most])) {
					most = k
				}
			}
			t.Rows = append(t.Rows, []string{names[j], threeDigits(row[j]), threeDigits(row[most]), names[most]})
		}
		return t
	}
	t.Rows = [][]string{append([]string{""}, names...)}
	for j, row := range matrix {
		cells := []string{names[j]}
		for _, v := range row {
			cells = append(cells, threeDigits(v))
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}

func worthTable(price string, all []worth) Table {
	t := Table{Title: "what one unit more is worth, in units of " + price, Rows: [][]string{{"", "worth", "s.e."}}}
	for _, w := range all {
		t.Rows = append(t.Rows, []string{w.Name, threeDigits(w.Estimate), threeDigits(w.SE)})
	}
	return t
}

// threeDigits writes a figure for people, to three decimals or three digits.
func threeDigits(v float64) string {
	if a := math.Abs(v); a != 0 && (a < 0.01 || a >= 1e5) {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	return fmt.Sprintf("%.3f", v)
}
