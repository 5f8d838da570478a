package estimators

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/souk-sim/souk/market/journey"
)

// Lengths is how many clicks a session has (journey.Length).
type Lengths struct {
	Clickstream
	Law        string         `toml:"law" oneof:"geometric,log-series,shifted-negative-binomial,zero-truncated-negative-binomial,discrete-log-normal" doc:"else best"`
	Parameters *LawParameters `toml:"parameters" doc:"the law by hand"`
}

var _ ByHand = (*Lengths)(nil)

type lengthFigures struct {
	Law       string            `json:"law"`
	Sessions  int               `json:"sessions"`
	Single    float64           `json:"share_of_one_click"`
	Observed  float64           `json:"observed_mean"`
	Mean      float64           `json:"mean"` // of the law
	Longest   int               `json:"longest"`
	AIC       float64           `json:"aic"`
	BIC       float64           `json:"bic"`
	Laws      []lawRow          `json:"laws"`
	Histogram journey.LengthFit `json:"lengths"`
}

// Fit implements Estimator.
func (l *Lengths) Fit(_ context.Context, job Job) (*Fit, error) {
	v, held, err := l.read(job)
	if err != nil {
		return nil, err
	}
	lengths := v.lengths()
	laws, err := journey.CompareLengths(lengths)
	if err != nil {
		return nil, inFile(job.Data, err)
	}
	best := laws[0]
	own := lengthFigures{Sessions: len(lengths)}
	for _, m := range laws {
		if m.Law == l.Law {
			best = m
		}
		e := m.Estimates
		own.Laws = append(own.Laws, lawRow{m.Law, m.Parameters, e.LogLikelihood, e.AIC, e.BIC, e.Converged})
	}
	clicks := 0
	for _, n := range lengths {
		clicks += n
		own.Longest = max(own.Longest, n)
		if n == 1 {
			own.Single += 1 / float64(len(lengths))
		}
	}
	e := best.Estimates
	own.Law, own.Observed, own.Mean, own.AIC, own.BIC = best.Law, float64(clicks)/float64(len(lengths)), best.Mean(), e.AIC, e.BIC
	if own.Histogram, err = best.Against(lengths); err != nil {
		return nil, inFile(job.Data, err)
	}
	f := v.fit("session lengths, "+best.Law, *e)
	f.Coefficients = lawCoefficients(best.Parameters)
	if later := held.lengths(); len(later) > 0 {
		sum := 0.0
		for _, n := range later {
			sum += best.LogProbability(n)
		}
		f.HeldOut = []Figure{{"sessions", float64(len(later))}, {"loglik_per_session", sum / float64(len(later))}}
	}
	f.Words = []string{fmt.Sprintf("log-likelihood %.4f, AIC %.2f, BIC %.2f", e.LogLikelihood, e.AIC, e.BIC),
		fmt.Sprintf("%.3f clicks a session, %.3f by the law; %.1f%% have one click; the longest has %d", own.Observed, own.Mean, 100*own.Single, own.Longest)}
	f.Tables = []Table{lawTable("laws", own.Laws), histogram(own.Histogram)}
	f.Own, f.Saved = own, savedJourney(journey.Journey{Length: best})
	return f, nil
}

func histogram(h journey.LengthFit) Table {
	t := Table{Title: "sessions by their clicks", Rows: [][]string{{"clicks", "sessions", "expected"}}}
	const most = 24 // rows of a page; all are in the JSON
	for i, r := range h.Rows {
		if i == most {
			t.Rows = append(t.Rows, []string{"…"})
			break
		}
		span := fmt.Sprint(r.From)
		switch {
		case r.To == 0:
			span += "+"
		case r.To > r.From:
			span += fmt.Sprintf("–%d", r.To)
		}
		t.Rows = append(t.Rows, []string{span, fmt.Sprint(r.Observed), fmt.Sprintf("%.1f", r.Expected)})
	}
	if h.PValue != nil {
		t.Note = fmt.Sprintf("χ² %.2f on %d degrees of freedom, p = %.3g", h.ChiSquare, h.Degrees, *h.PValue)
	}
	return t
}

// Given implements ByHand.
func (l *Lengths) Given() (json.Marshaler, error) {
	p := l.Parameters
	if p == nil {
		return nil, nil
	}
	names := map[string][]string{journey.Geometric: {"p"}, journey.LogSeries: {"theta"}, journey.DiscreteLogNormal: {"m", "s"}}[p.Law]
	if names == nil {
		names = []string{"size", "mu"}
	}
	return givenJourney(journey.Journey{Length: &journey.Length{Law: p.Law, Parameters: p.list(names)}})
}
