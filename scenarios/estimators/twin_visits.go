package estimators

import (
	"context"

	"github.com/souk-sim/souk/market/journey"
	"github.com/souk-sim/souk/market/twins"
)

// Twin implements Twinned. Visits are as long as the chain makes them, or as the lengths beside it say.
func (u *Funnel) Twin(_ context.Context, job Job) (*twins.Report, error) {
	var lengths *Lengths
	for _, e := range job.Beside {
		if l, ok := e.(*Lengths); ok {
			lengths = l
		}
	}
	return u.twin(job, func(v visits) (j journey.Journey, err error) {
		if j.Funnel, err = journey.FitFunnel(v.states, v.paths, nil, journey.FunnelOptions{Order: u.Memory, Smoothing: u.Smoothing}); err != nil || lengths == nil {
			return j, err
		}
		if lengths.Law != "" {
			j.Length, err = journey.FitLength(lengths.Law, v.lengths())
			return j, err
		}
		laws, err := journey.CompareLengths(v.lengths())
		if err == nil {
			j.Length = laws[0]
		}
		return j, err
	})
}

// Twin implements Twinned.
func (m *VisitMixture) Twin(_ context.Context, job Job) (*twins.Report, error) {
	return m.twin(job, func(v visits) (journey.Journey, error) {
		fitted, err := m.fit(v, job.Seed)
		return journey.Journey{Mixture: fitted}, err
	})
}

// twin holds a model of visits against those of the file that have an end.
func (c *Clickstream) twin(job Job, fit func(visits) (journey.Journey, error)) (*twins.Report, error) {
	job.HeldOut = 0
	v, _, err := c.read(job)
	if err != nil {
		return nil, err
	}
	whole, who := v.paths[:0:0], v.who[:0:0] // who stays nil where visitors are not known
	for i, p := range v.paths {
		if v.open == nil || !v.open[i] {
			whole = append(whole, p)
			if v.who != nil {
				who = append(who, v.who[i])
			}
		}
	}
	r, err := twins.Visits(v.states, whole, who, func(train [][]int) (journey.Journey, error) {
		return fit(visits{states: v.states, paths: train})
	}, twinOptions(job))
	return r, inFile(job.Data, err)
}
