package estimators

import (
	"context"
	"encoding/json"

	"github.com/souk-sim/souk/market/loyalty"
)

// ParetoNBD is the Pareto/NBD model of when customers come back (loyalty.ParetoNBD).
type ParetoNBD struct {
	Repeats
	Parameters *ParetoNBDParameters `toml:"parameters" doc:"the model by hand"`
}

// ParetoNBDParameters give a Pareto/NBD model by hand.
type ParetoNBDParameters struct {
	R          float64 `toml:"r" required:"true" doc:"shape of the purchase rates' gamma law over customers"`
	Alpha      float64 `toml:"alpha" required:"true" doc:"its rate, in units of time"`
	S          float64 `toml:"s" required:"true" doc:"shape of the gamma law of the rates of being lost"`
	Beta       float64 `toml:"beta" required:"true" doc:"its rate, in units of time"`
	Provenance string  `toml:"provenance" required:"true" doc:"where the numbers are from"`
}

var _ ByHand = (*ParetoNBD)(nil)

// Fit implements Estimator.
func (p *ParetoNBD) Fit(_ context.Context, job Job) (*Fit, error) {
	c, err := p.read(job, false, p.Counts)
	if err != nil {
		return nil, err
	}
	m, err := loyalty.FitParetoNBD(c.all)
	if err != nil {
		return nil, inFile(job.Data, err)
	}
	f, err := p.report(job, "Pareto/NBD", m, m.Estimates, c)
	if err != nil {
		return nil, err
	}
	f.Saved = savedLoyalty(m, nil)
	return f, nil
}

// Given implements ByHand.
func (p *ParetoNBD) Given() (json.Marshaler, error) {
	if v := p.Parameters; v != nil {
		return givenLoyalty(&loyalty.ParetoNBD{R: v.R, Alpha: v.Alpha, S: v.S, Beta: v.Beta}, nil)
	}
	return nil, nil
}
