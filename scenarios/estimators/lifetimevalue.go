package estimators

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/market/loyalty"
	"github.com/souk-sim/souk/scenarios/field"
)

// LifetimeValue is what customers will be worth: when they come back, by BG/NBD or Pareto/NBD, what a purchase is worth, by Gamma–Gamma, and a
// discount (Fader, Hardie & Lee 2005, Journal of Marketing Research 42, 415).
type LifetimeValue struct {
	Purchases
	Law        string                   `toml:"law" default:"'bgnbd'" oneof:"bgnbd,pareto-nbd" doc:"when customers come back"`
	Horizon    float64                  `toml:"horizon" range:"(0,100000]" doc:"time that counts, in units; left out: a year"`
	Discount   float64                  `toml:"discount" default:"0.1" range:"[0,10]" doc:"a year: money in a year is worth 1/(1+discount) today"`
	Margin     float64                  `toml:"margin" default:"1" range:"(0,1]" doc:"share of a purchase that the shop keeps"`
	Least      int                      `toml:"least" default:"10" range:"[1,1000000]" doc:"customers below which a group is merged with others"`
	Parameters *LifetimeValueParameters `toml:"parameters" doc:"the models by hand"`
}

// LifetimeValueParameters give the models by hand: r and alpha with a and b (BG/NBD) or s and beta (Pareto/NBD), then those of Gamma–Gamma.
type LifetimeValueParameters struct {
	R          float64 `toml:"r" required:"true" doc:"of BG/NBD or Pareto/NBD"`
	Alpha      float64 `toml:"alpha" required:"true" doc:"of BG/NBD or Pareto/NBD, in units of time"`
	A          float64 `toml:"a" doc:"of BG/NBD"`
	B          float64 `toml:"b" doc:"of BG/NBD"`
	S          float64 `toml:"s" doc:"of Pareto/NBD"`
	Beta       float64 `toml:"beta" doc:"of Pareto/NBD, in units of time"`
	P          float64 `toml:"p" required:"true" doc:"of Gamma–Gamma"`
	Q          float64 `toml:"q" required:"true" doc:"of Gamma–Gamma"`
	Gamma      float64 `toml:"gamma" required:"true" doc:"of Gamma–Gamma, in money"`
	Provenance string  `toml:"provenance" required:"true" doc:"where the numbers are from"`
}

var _ ByHand = (*LifetimeValue)(nil)

// valueFigures are what the fit tells beside the estimates.
type valueFigures struct {
	Law         string       `json:"law"`
	SpendLogLik float64      `json:"gamma_gamma_loglik"`
	SpendN      int          `json:"gamma_gamma_n"`
	Correlation *float64     `json:"correlation_of_frequency_and_spend"`
	Horizon     float64      `json:"horizon"`
	Unit        string       `json:"unit"`
	Discount    float64      `json:"discount_a_year"`
	Margin      float64      `json:"margin"`
	Total       float64      `json:"value"` // of all customers
	Mean        float64      `json:"mean_value"`
	Percentile  []float64    `json:"value_deciles"`
	Groups      []valueGroup `json:"groups"`
}

// valueGroup is customers who came back about as often.
type valueGroup struct {
	Frequency string  `json:"frequency"`
	Customers int     `json:"customers"`
	Purchases float64 `json:"expected_purchases"` // a customer, within the horizon
	Mean      float64 `json:"mean_value"`
	Share     float64 `json:"share_of_value"`
}

// Fit implements Estimator.
func (l *LifetimeValue) Fit(_ context.Context, job Job) (*Fit, error) {
	c, err := l.read(job, true, "")
	if err != nil {
		return nil, err
	}
	var m loyalty.Model
	var e *loyalty.Estimates
	if l.Law == "pareto-nbd" {
		var pareto *loyalty.ParetoNBD
		if pareto, err = loyalty.FitParetoNBD(c.all); err == nil {
			m, e = pareto, pareto.Estimates
		}
	} else {
		var bg *loyalty.BGNBD
		if bg, err = loyalty.FitBGNBD(c.all); err == nil {
			m, e = bg, bg.Estimates
		}
	}
	var spend *loyalty.GammaGamma
	if err == nil {
		spend, err = loyalty.FitGammaGamma(c.all)
	}
	if err != nil {
		return nil, inFile(job.Data, err)
	}
	f := loyaltyFit("lifetime value by "+map[string]string{"bgnbd": "BG/NBD", "pareto-nbd": "Pareto/NBD"}[l.Law]+" and Gamma–Gamma", c, e, m.Parameters())
	also := loyaltyFit("", c, spend.Estimates, spend.Parameters())
	f.Coefficients = append(f.Coefficients, also.Coefficients...)
	f.Converged = f.Converged && also.Converged
	f.Warnings = slices.Concat(spend.Estimates.Warnings, f.Warnings)
	value, purchases, err := l.values(m, spend, c)
	if err != nil {
		return nil, inFile(job.Data, err)
	}
	own := valueFigures{Law: l.Law, SpendLogLik: spend.Estimates.LogLikelihood, SpendN: spend.Estimates.Customers, Correlation: spend.Correlation,
		Horizon: l.horizon(), Unit: l.Unit, Discount: l.Discount, Margin: l.Margin, Total: total(value.of), Percentile: deciles(value.of)}
	own.Mean = own.Total / float64(len(c.all))
	if own.Groups, err = l.groups(c, value, purchases); err != nil {
		return nil, err
	}
	if c.later && c.ahead == 0 {
		c.ahead = l.Horizon
	}
	if _, err = purchasesHeldOut(f, m, c, l.Unit); err != nil {
		return nil, inFile(job.Data, err)
	}
	if paid := spendHeldOut(spend, c); paid != nil {
		f.HeldOut = append(f.HeldOut, paid[1:]...) // without the number of customers, who are other ones
	}
	f.Own, f.Saved = own, savedLoyalty(m, spend)
	l.describe(f, own)
	f.Files, err = l.table(c, c.spends(), purchases, value)
	return f, err
}

// Given implements ByHand.
func (l *LifetimeValue) Given() (json.Marshaler, error) {
	p := l.Parameters
	if p == nil {
		return nil, nil
	}
	spend := &loyalty.GammaGamma{P: p.P, Q: p.Q, Gamma: p.Gamma}
	bg, pareto := p.A != 0 || p.B != 0, p.S != 0 || p.Beta != 0
	switch {
	case bg && !pareto:
		return givenLoyalty(&loyalty.BGNBD{R: p.R, Alpha: p.Alpha, A: p.A, B: p.B}, spend)
	case pareto && !bg:
		return givenLoyalty(&loyalty.ParetoNBD{R: p.R, Alpha: p.Alpha, S: p.S, Beta: p.Beta}, spend)
	}
	return nil, field.New("parameters", "both or none of a, b and s, beta", "a and b, or s and beta")
}

func (l *LifetimeValue) horizon() float64 {
	if l.Horizon > 0 {
		return l.Horizon
	}
	return math.Round(365 / l.unitDays())
}

// values are the customers' lifetime values, discounted week by week, and how often they are expected to buy in the time that counts.
func (l *LifetimeValue) values(m loyalty.Model, spend *loyalty.GammaGamma, c clientele) (value, purchases column, err error) {
	week := 7 / l.unitDays()
	periods := max(1, int(math.Ceil(l.horizon()/week-1e-9)))
	length := l.horizon() / float64(periods)
	h := loyalty.Horizon{Periods: periods, Length: length, Discount: math.Pow(1+l.Discount, length*l.unitDays()/365.25) - 1}
	kinds, of := pooled(c.all)
	discounted, expected := make([]float64, len(kinds)), make([]float64, len(kinds))
	for k, x := range kinds {
		if discounted[k], err = h.Purchases(m, x); err != nil {
			return value, purchases, err
		}
		expected[k] = m.Conditional(x, l.horizon())
	}
	value, purchases = column{"value", make([]float64, len(c.all))}, column{"expected_purchases", make([]float64, len(c.all))}
	for i, x := range c.all {
		value.of[i] = l.Margin * spend.Conditional(x) * discounted[of[i]]
		purchases.of[i] = expected[of[i]]
	}
	return value, purchases, nil
}

// groups are the customers by how often they came back, those too small to be told merged.
func (l *LifetimeValue) groups(c clientele, value, purchases column) ([]valueGroup, error) {
	names, least := []string{"0", "1", "2–3", "4–6", "7+"}, []int{0, 1, 2, 4, 7}
	counts, band := make([]logs.GroupCount, len(names)), make([]int, len(c.all))
	for g, name := range names {
		counts[g].Group = name
	}
	for i, x := range c.all {
		for g, from := range least {
			if x.Frequency >= from {
				band[i] = g
			}
		}
		counts[band[i]].Customers++
	}
	published, of, err := logs.Publishable(counts, l.Least)
	if err != nil {
		return nil, err
	}
	groups, all := make([]valueGroup, len(published)), total(value.of)
	for g, p := range published {
		groups[g] = valueGroup{Frequency: p.Group, Customers: p.Customers}
	}
	for i, b := range band {
		if of[b] < 0 {
			continue
		}
		g := &groups[of[b]]
		g.Purchases += purchases.of[i] / float64(g.Customers)
		g.Mean += value.of[i] / float64(g.Customers)
		g.Share += value.of[i] / all
	}
	return groups, nil
}

func (l *LifetimeValue) describe(f *Fit, own valueFigures) {
	f.Words = []string{fmt.Sprintf("log-likelihood %.4f of the purchases, %.4f of what %d customers spent", f.LogLik, own.SpendLogLik, own.SpendN),
		fmt.Sprintf("worth in the next %s, at a margin of %g and a discount of %g%% a year: %.2f in all, %.2f a customer, deciles %s", l.span(own.Horizon), own.Margin,
			100*own.Discount, own.Total, own.Mean, listed(own.Percentile))}
	if own.Correlation != nil {
		f.Words = append(f.Words, fmt.Sprintf("frequency and mean spend correlate by %.3f; the model takes them to be independent", *own.Correlation))
	}
	t := Table{Title: "worth of customers, by how often they came back", Rows: [][]string{{"times", "customers", "purchases to come", "value", "share"}}}
	for _, g := range own.Groups {
		t.Rows = append(t.Rows, []string{g.Frequency, fmt.Sprint(g.Customers), fmt.Sprintf("%.3f", g.Purchases), fmt.Sprintf("%.2f", g.Mean), fmt.Sprintf("%.1f%%", 100*g.Share)})
	}
	f.Tables = append(f.Tables, t)
}
