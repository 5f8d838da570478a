package estimators

import (
	"context"
	"encoding/json"
	"fmt"
	"math"

	"github.com/souk-sim/souk/market/loyalty"
)

// GammaGamma is the Gamma–Gamma model of what a purchase is worth (loyalty.GammaGamma).
type GammaGamma struct {
	Purchases
	Parameters *GammaGammaParameters `toml:"parameters" doc:"the model by hand"`
}

// GammaGammaParameters give a Gamma–Gamma model by hand.
type GammaGammaParameters struct {
	P          float64 `toml:"p" required:"true" doc:"shape of the gamma law of what a customer's purchases are worth"`
	Q          float64 `toml:"q" required:"true" doc:"shape of the gamma law of its rates over customers"`
	Gamma      float64 `toml:"gamma" required:"true" doc:"its rate, in money"`
	Provenance string  `toml:"provenance" required:"true" doc:"where the numbers are from"`
}

var _ ByHand = (*GammaGamma)(nil)

// spendFigures are what a spend model tells beside its estimates.
type spendFigures struct {
	AIC         float64   `json:"aic"`
	BIC         float64   `json:"bic"`
	Iterations  int       `json:"iterations"`
	Customers   int       `json:"customers_read"`                     // those without a repeat purchase or spend included, on whom nothing is fitted
	Correlation *float64  `json:"correlation_of_frequency_and_spend"` // nil where either does not vary
	Mean        *float64  `json:"mean_spend"`                         // over all customers, by the model; nil where it is infinite
	Observed    float64   `json:"observed_mean_spend"`                // over the customers of the fit
	Percentile  []float64 `json:"expected_spend_deciles"`             // likewise
}

// Fit implements Estimator.
func (g *GammaGamma) Fit(_ context.Context, job Job) (*Fit, error) {
	c, err := g.read(job, true, "")
	if err != nil {
		return nil, err
	}
	m, err := loyalty.FitGammaGamma(c.all)
	if err != nil {
		return nil, inFile(job.Data, err)
	}
	e := m.Estimates
	f := loyaltyFit("Gamma–Gamma spend", c, e, m.Parameters())
	own := spendFigures{AIC: e.AIC, BIC: e.BIC, Iterations: e.Iterations, Customers: len(c.all), Correlation: m.Correlation}
	var next []float64
	all := column{"expected_spend", make([]float64, len(c.all))}
	for i, x := range c.all {
		all.of[i] = m.Conditional(x)
		if x.Frequency > 0 && x.Spend > 0 {
			next = append(next, all.of[i])
			own.Observed += x.Spend / float64(e.Customers)
		}
	}
	own.Percentile = deciles(next)
	f.Words = []string{fmt.Sprintf("log-likelihood %.4f, AIC %.2f, BIC %.2f", e.LogLikelihood, e.AIC, e.BIC),
		fmt.Sprintf("on %d of the %d customers: those who came back and spent something, %.2f a purchase in the mean", e.Customers, len(c.all), own.Observed),
		"expected of their next purchase: deciles " + listed(own.Percentile)}
	if mean := m.Mean(); !math.IsInf(mean, 1) {
		own.Mean = &mean
		f.Words = append(f.Words, fmt.Sprintf("by the model, a purchase is worth %.2f in the mean over all customers", mean))
	}
	if m.Correlation != nil {
		f.Words = append(f.Words, fmt.Sprintf("frequency and mean spend correlate by %.3f; the model takes them to be independent", *m.Correlation))
	}
	f.HeldOut = spendHeldOut(m, c)
	f.Own, f.Saved = own, savedLoyalty(nil, m)
	f.Files, err = g.table(c, c.spends(), all)
	return f, err
}

// spendHeldOut holds the model against what customers paid a purchase in the time after the observation, or its mean against that of customers kept from
// the fit. The naive guess is that each goes on paying what he paid, or what all did where nothing of his is known.
func spendHeldOut(m *loyalty.GammaGamma, c clientele) []Figure {
	n, paid, expected, rmse, naive, mean := 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
	for _, x := range c.all {
		if x.Frequency > 0 && x.Spend > 0 {
			mean += x.Spend / float64(m.Estimates.Customers)
		}
	}
	for _, x := range c.held {
		if x.Frequency > 0 && x.Spend > 0 {
			n, paid, expected = n+1, paid+x.Spend, expected+m.Mean()
		}
	}
	if n > 0 && !math.IsInf(expected, 1) {
		return []Figure{{"customers", n}, {"mean_spend", paid / n}, {"expected_spend", expected / n}}
	}
	for _, x := range c.all {
		if x.Holdout == 0 || x.HoldoutSpend <= 0 {
			continue
		}
		same := x.Spend
		if x.Frequency == 0 || x.Spend <= 0 {
			same = mean
		}
		next := m.Conditional(x)
		n++
		paid += x.HoldoutSpend
		expected += next
		rmse += (next - x.HoldoutSpend) * (next - x.HoldoutSpend)
		naive += (same - x.HoldoutSpend) * (same - x.HoldoutSpend)
	}
	if n == 0 || math.IsInf(expected, 1) {
		return nil
	}
	return []Figure{{"customers", n}, {"mean_spend", paid / n}, {"expected_spend", expected / n}, {"rmse_of_spend", math.Sqrt(rmse / n)}, {"rmse_of_same_spend", math.Sqrt(naive / n)}}
}

// Given implements ByHand.
func (g *GammaGamma) Given() (json.Marshaler, error) {
	if p := g.Parameters; p != nil {
		return givenLoyalty(nil, &loyalty.GammaGamma{P: p.P, Q: p.Q, Gamma: p.Gamma})
	}
	return nil, nil
}
