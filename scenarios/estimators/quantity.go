package estimators

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/scenarios/field"
)

// Quantity is how many units people take who take any: a zero-truncated Poisson or negative binomial regression.
type Quantity struct {
	Count      string   `toml:"count" default:"'quantity'" doc:"column of units taken, 1 or more"`
	Deal       string   `toml:"deal" doc:"column of how far the product was on deal, 0 to 1"`
	Regressors []string `toml:"regressors" doc:"further columns on which the quantity depends"`
	ID         string   `toml:"id" doc:"column of the customer, by whom rows are held out and standard errors clustered"`
	Repair     string   `toml:"repair" default:"'refuse'" oneof:"refuse,drop" doc:"drop: rows go whose count is no whole number from 1 to a million, as of goods returned"`
	Family     string   `toml:"family" default:"'auto'" oneof:"auto,poisson,negative-binomial" doc:"law of the quantity; auto: a Poisson where that has the lower AIC"`
}

// purchases are a file's rows: counts and regressors, the intercept first, then the deal, which has a column of its own even where none is named.
type purchases struct {
	names    []string
	y        []int
	x        *mat.Dense
	customer []int32 // nil: not known
	dropped  int     // rows of no purchase
}

// Fit implements Estimator.
func (q *Quantity) Fit(_ context.Context, job Job) (*Fit, error) {
	all, err := q.read(job)
	if err != nil {
		return nil, err
	}
	in, held, err := all.part(job)
	if err != nil {
		return nil, err
	}
	poisson, err := choice.ZeroTruncatedPoisson(in.y, in.x, in.names)
	if err != nil {
		return nil, inFile(job.Data, err)
	}
	fitted, family := poisson, "Poisson"
	own := quantityFigures{Family: "poisson", PoissonLogLik: poisson.LogLikelihood, AIC: poisson.AIC}
	var warnings []string
	if all.dropped > 0 {
		warnings = append(warnings, fmt.Sprintf("%d of %d rows are left out: their %s is no whole number from 1 to a million", all.dropped, all.dropped+len(all.y), q.Count))
	}
	if q.Family != "poisson" {
		binomial, err := choice.ZeroTruncatedNegativeBinomial(in.y, in.x, in.names)
		switch {
		case err != nil && q.Family == "negative-binomial":
			return nil, inFile(job.Data, err)
		case err != nil:
			warnings = append(warnings, "no negative binomial: counts do not vary more than a Poisson's")
		case q.Family == "negative-binomial" || binomial.AIC < poisson.AIC:
			fitted, family = binomial, "negative binomial"
			own.Family, own.AIC, own.Dispersion, own.DispersionSE = "negative-binomial", binomial.AIC, binomial.Dispersion, binomial.DispersionSE
		}
	}
	f := &Fit{Model: "zero-truncated " + family + " regression", N: len(in.y), LogLik: fitted.LogLikelihood, Converged: true, Warnings: warnings}
	f.Data = fmt.Sprintf("%d purchases, %.3f units each", len(in.y), mean(in.y))
	if in.customer != nil {
		f.Customers = distinct(in.customer)
		f.Data += fmt.Sprintf(" by %d customers", f.Customers)
	}
	for i, name := range fitted.Names {
		f.Coefficients = append(f.Coefficients, Coefficient{Name: name, Estimate: fitted.Coef[i], SE: fitted.SE[i]})
	}
	if fitted.Dispersion > 0 {
		f.Coefficients = append(f.Coefficients, Coefficient{Name: "dispersion", Estimate: fitted.Dispersion, SE: fitted.DispersionSE})
	}
	if err := sandwiches(f, fitted, in); err != nil {
		return nil, inFile(job.Data, err)
	}
	law := q.law(fitted, in)
	law.Provenance = fmt.Sprintf("%d purchases", len(in.y))
	f.Saved, own.Mean, own.MeanOnDeal = saved{law.Save}, law.Mean(0), law.Mean(1)
	f.Words = []string{fmt.Sprintf("log-likelihood %.4f, AIC %.2f", f.LogLik, own.AIC)}
	if own.Dispersion > 0 {
		ratio := 2 * (f.LogLik - own.PoissonLogLik)
		own.Test = &ratioOf{"a Poisson", choice.LikelihoodRatio{Statistic: ratio, Degrees: 1, P: distuv.ChiSquared{K: 1}.Survival(max(ratio, 0)) / 2, BIC: math.Log(float64(f.N)) - ratio}}
		f.Words = append(f.Words, fmt.Sprintf("against a Poisson: likelihood ratio %.2f, p %s (half of a chi-square's, for a dispersion of 0 lies on the edge)", ratio, probability(own.Test.P)))
	}
	words := fmt.Sprintf("a buyer takes %.3f units", own.Mean)
	if q.Deal != "" {
		words += fmt.Sprintf(", %.3f on deal", own.MeanOnDeal)
	}
	if len(q.Regressors) > 0 {
		words += ", the other regressors at their means"
	}
	f.Words = append(f.Words, words)
	if held != nil {
		value := fitted.LogLikelihoodOf(held.y, held.x)
		f.HeldOut = []Figure{{"purchases", float64(len(held.y))}, {"loglik", value}, {"loglik_per_purchase", value / float64(len(held.y))}}
	}
	f.Own = own
	return f, nil
}

// sandwiches adds the standard errors that hold where the law does not, and by customer where one's purchases depend on each other.
func sandwiches(f *Fit, c *choice.Counts, p *purchases) error {
	robust, err := c.SandwichSE(p.y, p.x, nil)
	if err != nil {
		return err
	}
	for i, se := range robust {
		f.Coefficients[i].RobustSE = se
	}
	switch f.Customers {
	case 0:
	case 1:
		f.Warnings = append(f.Warnings, "one customer: no clustered standard errors")
	default:
		clustered, err := c.SandwichSE(p.y, p.x, p.customer)
		if err != nil {
			return err
		}
		for i, se := range clustered {
			f.Coefficients[i].ClusteredSE = se
		}
	}
	return nil
}

// quantityFigures are the model's own.
type quantityFigures struct {
	Family        string   `json:"family"`
	AIC           float64  `json:"aic"`
	Dispersion    float64  `json:"dispersion"`
	DispersionSE  float64  `json:"dispersion_se,omitempty"`
	PoissonLogLik float64  `json:"poisson_loglik"`
	Test          *ratioOf `json:"likelihood_ratio_test,omitempty"`
	Mean          float64  `json:"mean"`         // units of a buyer off deal
	MeanOnDeal    float64  `json:"mean_on_deal"` // and on it
}

// law is what drives a shopper: other regressors than the deal are held at their means.
func (q *Quantity) law(c *choice.Counts, p *purchases) choice.Quantity {
	out := choice.Quantity{Dispersion: c.Dispersion}
	for j, name := range c.Names {
		switch {
		case j == 0:
			out.Intercept += c.Coef[j]
		case name == q.Deal:
			out.Deal = c.Coef[j]
		default:
			out.Intercept += c.Coef[j] * mat.Sum(p.x.ColView(j)) / float64(len(p.y))
		}
	}
	return out
}

func (q *Quantity) read(job Job) (*purchases, error) {
	columns := logs.RecordColumns{Numbers: []string{q.Count}}
	names := []string{"intercept"}
	if q.Deal != "" {
		names = append(names, q.Deal)
	}
	for _, r := range q.Regressors {
		if slices.Contains(names, r) || r == q.Count {
			return nil, field.New("regressors", r+" twice", "each column once, and not the count")
		}
		names = append(names, r)
	}
	columns.Numbers = append(columns.Numbers, names[1:]...)
	if q.ID != "" {
		columns.IDs = []string{q.ID}
	}
	file, err := logs.DecodeRecords(job.Data.Name, job.Data, job.Data.Size, columns)
	if err != nil {
		return nil, err
	}
	p := &purchases{names: names}
	bad := func(i int, key, found, expected string) error {
		return inFile(job.Data, field.New(fmt.Sprintf("row %d: %s", i+1, key), found, expected))
	}
	var x []float64
	for i, v := range file.Number[0] {
		if v != math.Trunc(v) || v < 1 || v > 1e6 {
			if q.Repair == "drop" {
				p.dropped++
				continue
			}
			return nil, bad(i, q.Count, logs.Beyond(v, 1, 1e6), "a whole number from 1 to a million: the model is of quantities given a purchase (repair drop leaves such rows out)")
		}
		p.y, x = append(p.y, int(v)), append(x, 1)
		for j := 1; j < len(names); j++ {
			cell := file.Number[j][i]
			if names[j] == q.Deal && !(cell >= 0 && cell <= 1) {
				return nil, bad(i, q.Deal, logs.Beyond(cell, 0, 1), "a deal from 0 to 1")
			}
			x = append(x, cell)
		}
		if q.ID != "" {
			p.customer = append(p.customer, file.Word[len(names)][i])
		}
	}
	if len(p.y) == 0 {
		return nil, inFile(job.Data, field.New(q.Count, "no row that serves", "whole numbers from 1"))
	}
	p.x = mat.NewDense(len(p.y), len(names), x)
	return p, nil
}

// part keeps customers, or where they are not known rows, apart by the job's seed; held is nil where that share is 0.
func (p *purchases) part(job Job) (in, held *purchases, err error) {
	if job.HeldOut == 0 {
		return p, nil, nil
	}
	out, err := heldOutRows(job, len(p.y), p.customer, "purchases")
	if err != nil {
		return nil, nil, err
	}
	parts := [2]*purchases{{names: p.names}, {names: p.names}}
	rows := [2][]float64{}
	for i, y := range p.y {
		to := 0
		if out[i] {
			to = 1
		}
		parts[to].y = append(parts[to].y, y)
		rows[to] = append(rows[to], p.x.RawRowView(i)...)
		if p.customer != nil {
			parts[to].customer = append(parts[to].customer, p.customer[i])
		}
	}
	for k, part := range parts {
		part.x = mat.NewDense(len(part.y), len(p.names), rows[k])
	}
	return parts[0], parts[1], nil
}

func mean(y []int) float64 {
	total := 0
	for _, v := range y {
		total += v
	}
	return float64(total) / float64(len(y))
}

func distinct(all []int32) int {
	seen := map[int32]bool{}
	for _, v := range all {
		seen[v] = true
	}
	return len(seen)
}
