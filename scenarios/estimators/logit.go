package estimators

import (
	"context"

	"github.com/souk-sim/souk/market/choice"
)

// Logit is McFadden's conditional logit.
type Logit struct {
	Choices
	Loyalty bool `toml:"loyalty" doc:"an attribute loyalty, whose smoothing is estimated (Guadagni & Little 1983)"`
}

// Fit implements Estimator.
func (l *Logit) Fit(_ context.Context, job Job) (*Fit, error) {
	s, held, err := l.read(job)
	if err != nil {
		return nil, err
	}
	fit := choice.FitLogit
	if l.Loyalty {
		fit = choice.FitLoyalty
	}
	m, err := fit(s, l.utility())
	if err != nil {
		return nil, inFile(job.Data, err)
	}
	f, err := l.report(job, m, s, held, "conditional logit")
	if err != nil {
		return nil, err
	}
	own, err := figuresOf(m, s)
	f.Own, f.Saved = own, m
	return f, err
}
