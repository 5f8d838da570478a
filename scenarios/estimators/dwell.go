package estimators

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/souk-sim/souk/market/journey"
	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
)

// Dwell is how long a page is looked at (journey.Dwell).
type Dwell struct {
	Clickstream
	Law        string         `toml:"law" default:"'best'" oneof:"best,log-normal,weibull" doc:"best: that of least BIC"`
	Resolution float64        `toml:"resolution" default:"1" range:"[1,3600]" doc:"of the clock, in seconds"`
	Parameters *LawParameters `toml:"parameters" doc:"the law by hand, in seconds"`
}

var _ ByHand = (*Dwell)(nil)

type dwellFigures struct {
	Law        string    `json:"law"`
	AIC        float64   `json:"aic"`
	BIC        float64   `json:"bic"`
	Limit      float64   `json:"limit_seconds,omitempty"`
	Mean       float64   `json:"mean_seconds"`
	Percentile []float64 `json:"deciles_seconds"` // of the times
	Below      []float64 `json:"law_at_deciles"`  // what the law has below them; .1, .2, … would be a perfect fit
	Laws       []lawRow  `json:"laws"`
}

// Fit implements Estimator.
func (d *Dwell) Fit(_ context.Context, job Job) (*Fit, error) {
	v, held, err := d.read(job)
	if err != nil {
		return nil, err
	}
	if !v.timed {
		return nil, &field.Error{File: job.Data.Name, Found: "no times of day", Expected: "a column of times, for the seconds from one click to the next"}
	}
	if len(v.dwell) < 2 {
		return nil, &field.Error{File: job.Data.Name, Found: fmt.Sprintf("%d clicks that follow another in their session", len(v.dwell)),
			Expected: "at least two: how long the last page of a session was looked at, no log tells"}
	}
	options := journey.DwellOptions{Limit: v.gap, Resolution: d.Resolution}
	laws, err := journey.CompareDwell(v.dwell, options)
	if err != nil {
		return nil, inFile(job.Data, err)
	}
	best := laws[0]
	own := dwellFigures{Limit: v.gap, Mean: total(v.dwell) / float64(len(v.dwell)), Percentile: deciles(v.dwell)}
	for _, m := range laws {
		if m.Law == d.Law {
			best = m
		}
		e := m.Estimates
		own.Laws = append(own.Laws, lawRow{m.Law, m.Parameters, e.LogLikelihood, e.AIC, e.BIC, e.Converged})
	}
	e := best.Estimates
	own.Law, own.AIC, own.BIC = best.Law, e.AIC, e.BIC
	for _, t := range own.Percentile {
		own.Below = append(own.Below, best.Below(t))
	}
	f := v.fit("time on a page, "+best.Law, *e)
	f.Coefficients = lawCoefficients(best.Parameters)
	if len(held.dwell) > 0 {
		f.HeldOut = dwellHeldOut(best, held.dwell, d.Resolution)
	}
	f.Words = []string{fmt.Sprintf("log-likelihood %.4f, AIC %.2f, BIC %.2f", e.LogLikelihood, e.AIC, e.BIC),
		fmt.Sprintf("%.1f seconds in the mean; deciles %s", own.Mean, listed(own.Percentile)), "below these the law has " + listed(own.Below)}
	f.Tables = []Table{lawTable("laws", own.Laws)}
	f.Own, f.Saved = own, savedJourney(journey.Journey{Dwell: best})
	return f, nil
}

// dwellHeldOut is the largest distance of the law from the times held out (Kolmogorov's), and how long they are.
func dwellHeldOut(m *journey.Dwell, seconds []float64, resolution float64) []Figure {
	distance, n := 0.0, float64(len(seconds))
	for i := range 99 {
		t := stats.Quantile(seconds, float64(i+1)/100) + resolution/2
		below := 0.0
		for _, s := range seconds {
			if s < t {
				below += 1 / n
			}
		}
		distance = max(distance, m.Below(t)-below, below-m.Below(t))
	}
	return []Figure{{"times", n}, {"mean_seconds", total(seconds) / n}, {"kolmogorov_distance", distance}}
}

// Given implements ByHand.
func (d *Dwell) Given() (json.Marshaler, error) {
	p := d.Parameters
	if p == nil {
		return nil, nil
	}
	names := []string{"mu", "sigma"}
	if p.Law == journey.Weibull {
		names = []string{"shape", "scale"}
	}
	return givenJourney(journey.Journey{Dwell: &journey.Dwell{Law: p.Law, Parameters: p.list(names)}})
}
