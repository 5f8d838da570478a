package estimators

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"github.com/souk-sim/souk/market/persona"
	"github.com/souk-sim/souk/sim/rng"
)

// Mixture groups customers by a mixture of normal distributions, and makes personas of the groups.
type Mixture struct {
	People
	K        GroupNumbers `toml:"k" default:"'auto'" doc:"groups; of several (2,3,5) and of auto (1 to 10) the BIC chooses"`
	Restarts int          `toml:"restarts" default:"10" range:"[1,100000]" doc:"searches, each from another start"`
	Diagonal bool         `toml:"diagonal" doc:"features are independent within a group"`
}

// mixtureFigures are what is told of a mixture beside the personas' cards. Its parts are those that customers belong to by a probability;
// personas are of the customers who most likely belong to one.
type mixtureFigures struct {
	K           int               `json:"k"`
	Features    []string          `json:"features"`
	BIC         float64           `json:"bic"`
	Iterations  int               `json:"iterations"`
	Weights     []float64         `json:"weights"`
	Means       [][]float64       `json:"means_z"` // on the scale of the groups
	Covariances [][][]float64     `json:"covariances_z"`
	Candidates  []mixtureFinalist `json:"candidates,omitempty"`
	personaFigures
}

type mixtureFinalist struct {
	K      int     `json:"k"`
	LogLik float64 `json:"loglik"`
	BIC    float64 `json:"bic"`
}

// Fit implements Estimator.
func (m *Mixture) Fit(ctx context.Context, job Job) (*Fit, error) {
	p, err := m.read(job)
	if err != nil {
		return nil, err
	}
	f := &Fit{Warnings: p.warnings}
	own := mixtureFigures{Features: p.features.Names}
	best, err := m.choose(ctx, job, p, &own, f)
	if err != nil {
		return nil, err
	}
	own.K, own.BIC, own.Iterations = len(best.Weights), best.BIC, best.Iterations
	f.Model, f.LogLik, f.Converged = fmt.Sprintf("mixture of %d normal distributions", own.K), best.LogLik, best.Converged
	f.Warnings = append(f.Warnings, best.Warnings...)
	personas, err := m.personas(job, p, best.Labels, f)
	if err != nil {
		return nil, err
	}
	if personas.Merged == 0 { // else a part may speak of fewer customers than Least
		own.Weights, own.Means, own.Covariances = best.Weights, best.Means, best.Covariances
	}
	own.personaFigures = personaFiguresOf(personas)
	f.Own = own
	f.Words = append(f.Words, fmt.Sprintf("log-likelihood %.4f, BIC %.2f", best.LogLik, best.BIC))
	if p.held != nil {
		sum, out := 0.0, make([]float64, own.K)
		for i := 0; i < len(p.held.z); i += p.width() {
			sum += best.Posterior(p.held.z[i:i+p.width()], out)
		}
		n := float64(p.held.features.Rows())
		f.HeldOut = []Figure{{"customers", n}, {"loglik_per_customer", sum / n}, {"loglik_per_customer_fitted", best.LogLik / float64(f.N)}}
	}
	return f, nil
}

const (
	// Of many rows and several numbers of groups, a BIC is good to manyRows × roughly, and only the best mixture is fitted to the last digit.
	manyRows = 5000
	roughly  = 1e-6
)

// choose fits every number of groups, and takes the one of the least BIC (Fraley & Raftery 2002).
func (m *Mixture) choose(ctx context.Context, job Job, p *people, own *mixtureFigures, f *Fit) (best *persona.Mixture, err error) {
	among := m.K.among(p)
	o := persona.MixtureOptions{Diagonal: m.Diagonal, Restarts: m.Restarts, Workers: job.Workers, Streams: rng.New(job.Seed, 0).Family("mixture"), Names: p.features.Names}
	done := job.steps(len(among))
	if len(among) > 1 && p.features.Rows() > manyRows {
		o.Tolerance, done = roughly, job.steps(len(among)+1)
	}
	t := Table{Title: "groups", Rows: [][]string{{"", "log-likelihood", "BIC"}}}
	least := math.Inf(1)
	for _, k := range among {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		o.K = k
		one, err := persona.FitMixture(p.z, p.width(), o)
		if err != nil {
			return nil, groupError(job, err)
		}
		done()
		if one.BIC < least {
			best, least = one, one.BIC
		}
		own.Candidates = append(own.Candidates, mixtureFinalist{k, one.LogLik, one.BIC})
		t.Rows = append(t.Rows, []string{strconv.Itoa(k), rounded(one.LogLik), rounded(one.BIC)})
	}
	if len(among) == 1 {
		own.Candidates = nil
		return best, nil
	}
	if o.Tolerance > 0 {
		o.K, o.Tolerance = len(best.Weights), 0
		if best, err = persona.FitMixture(p.z, p.width(), o); err != nil {
			return nil, groupError(job, err)
		}
		done()
	}
	f.Tables = append(f.Tables, t)
	return best, nil
}
