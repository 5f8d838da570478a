package estimators

import (
	"context"
	"encoding/json"

	"github.com/souk-sim/souk/market/loyalty"
)

// BGNBD is the BG/NBD model of when customers come back (loyalty.BGNBD).
type BGNBD struct {
	Repeats
	Parameters *BGNBDParameters `toml:"parameters" doc:"the model by hand"`
}

// BGNBDParameters give a BG/NBD model by hand.
type BGNBDParameters struct {
	R          float64 `toml:"r" required:"true" doc:"shape of the purchase rates' gamma law over customers"`
	Alpha      float64 `toml:"alpha" required:"true" doc:"its rate, in units of time"`
	A          float64 `toml:"a" required:"true" doc:"of the beta law of being lost after a purchase"`
	B          float64 `toml:"b" required:"true" doc:"its other parameter"`
	Provenance string  `toml:"provenance" required:"true" doc:"where the numbers are from"`
}

var _ ByHand = (*BGNBD)(nil)

// Fit implements Estimator.
func (b *BGNBD) Fit(_ context.Context, job Job) (*Fit, error) {
	c, err := b.read(job, false, b.Counts)
	if err != nil {
		return nil, err
	}
	m, err := loyalty.FitBGNBD(c.all)
	if err != nil {
		return nil, inFile(job.Data, err)
	}
	f, err := b.report(job, "BG/NBD", m, m.Estimates, c)
	if err != nil {
		return nil, err
	}
	f.Saved = savedLoyalty(m, nil)
	return f, nil
}

// Given implements ByHand.
func (b *BGNBD) Given() (json.Marshaler, error) {
	if p := b.Parameters; p != nil {
		return givenLoyalty(&loyalty.BGNBD{R: p.R, Alpha: p.Alpha, A: p.A, B: p.B}, nil)
	}
	return nil, nil
}
