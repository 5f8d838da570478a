package estimators

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"github.com/souk-sim/souk/market/journey"
)

// VisitMixture is visits of several kinds, each a chain of its own (journey.Mixture).
type VisitMixture struct {
	Clickstream
	Kinds     int     `toml:"kinds" default:"5" range:"[1,50]" doc:"how many kinds of visits"`
	Memory    int     `toml:"order" default:"1" range:"[0,2]" doc:"how many states back the next one depends on"`
	Smoothing float64 `toml:"smoothing" default:"1" range:"[0,1000000]" doc:"weight, in clicks, with which each row leans on that of a shorter memory (MacKay & Peto 1995)"`
	Starts    int     `toml:"starts" default:"10" range:"[1,100000]" doc:"random starts"`
}

type mixtureOfVisits struct {
	Kinds    int                       `json:"kinds"`
	Order    int                       `json:"order"`
	States   []string                  `json:"states"`
	Shares   []float64                 `json:"shares"`
	Expected []float64                 `json:"expected_clicks"` // of a visit of each kind
	Estimate *journey.MixtureEstimates `json:"estimates"`
}

func (m *VisitMixture) fit(v visits, seed uint64) (*journey.Mixture, error) {
	return journey.FitMixture(v.states, v.paths, v.open, journey.MixtureOptions{Kinds: m.Kinds, Order: m.Memory, Smoothing: m.Smoothing, Starts: m.Starts, Seed: seed})
}

// Fit implements Estimator.
func (m *VisitMixture) Fit(_ context.Context, job Job) (*Fit, error) {
	v, held, err := m.read(job)
	if err != nil {
		return nil, err
	}
	fitted, err := m.fit(v, job.Seed)
	if err != nil {
		return nil, inFile(job.Data, err)
	}
	e := fitted.Estimates
	f := v.fit(fmt.Sprintf("visits of %d kinds, each a chain of order %d", m.Kinds, m.Memory), e.Estimates)
	own := mixtureOfVisits{Kinds: m.Kinds, Order: m.Memory, States: v.states, Shares: fitted.Shares, Estimate: e}
	t := Table{Title: "kinds of visits", Rows: [][]string{append([]string{"", "share", "clicks a visit"}, v.states...)}}
	const most = 12 // states that a page holds
	if len(v.states) > most {
		t.Rows[0] = t.Rows[0][:3]
	}
	for k, kind := range fitted.Kinds {
		visited, _, err := kind.Visits()
		if err != nil {
			return nil, inFile(job.Data, err)
		}
		own.Expected = append(own.Expected, total(visited))
		row := []string{"kind " + strconv.Itoa(k+1), fmt.Sprintf("%.1f%%", 100*fitted.Shares[k]), fmt.Sprintf("%.2f", own.Expected[k])}
		for x := range t.Rows[0][3:] {
			row = append(row, fmt.Sprintf("%.2f", visited[x]))
		}
		t.Rows = append(t.Rows, row)
	}
	f.Tables, f.Warnings = []Table{t}, append(f.Warnings, fewIn("kind", fitted.Shares, len(v.paths))...)
	f.Words = []string{fmt.Sprintf("log-likelihood %.4f, AIC %.2f, BIC %.2f; %d random starts", f.LogLik, e.AIC, e.BIC, m.Starts)}
	if len(held.paths) > 0 {
		sum, clicks := 0.0, 0
		for i, p := range held.paths {
			loglik, err := fitted.LogLikelihood(p, held.open != nil && held.open[i])
			if err != nil {
				return nil, inFile(job.Data, err)
			}
			sum, clicks = sum+loglik, clicks+len(p)
		}
		f.HeldOut = []Figure{{"sessions", float64(len(held.paths))}, {"impossible", 1}}
		if !math.IsInf(sum, -1) { // JSON knows no infinity
			f.HeldOut[1] = Figure{"loglik_per_click", sum / float64(clicks)}
		}
	}
	f.Own, f.Saved = own, savedJourney(journey.Journey{Mixture: fitted})
	return f, nil
}
