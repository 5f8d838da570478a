package estimators

import (
	"context"

	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/market/twins"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// Twin implements Twinned.
func (l *Logit) Twin(_ context.Context, job Job) (*twins.Report, error) { return l.twin(l, job) }

// Twin implements Twinned.
func (n *Nested) Twin(_ context.Context, job Job) (*twins.Report, error) { return n.twin(n, job) }

// Twin implements Twinned.
func (m *Mixed) Twin(_ context.Context, job Job) (*twins.Report, error) { return m.twin(m, job) }

// Twin implements Twinned.
func (l *LatentClass) Twin(_ context.Context, job Job) (*twins.Report, error) { return l.twin(l, job) }

// twin holds a model of choices against the households of the file. A smoothing of loyalty that is not given is estimated on the half
// that the model is fitted to, whose history is the first that is asked for.
func (c *Choices) twin(e panel, job Job) (*twins.Report, error) {
	if c.ID == "" {
		return nil, field.New("id", "nothing", "the column of the household: one half of the households is held against twins of the other")
	}
	s, _, err := e.read(job)
	if err != nil {
		return nil, err
	}
	var loyal *choice.Logit
	history := func(s *choice.Situations) (*choice.Situations, error) {
		if loyal == nil {
			var err error
			if loyal, err = c.loyal(s); err != nil {
				return nil, err
			}
		}
		return c.remember(s, loyal)
	}
	fit := func(s *choice.Situations) (choice.Individual, error) { return e.individual(s, job) }
	r, err := twins.Households(s, twins.HouseholdOptions{Price: c.price(s), History: history}, fit, twinOptions(job))
	return r, aboutChoices(job, err)
}

func twinOptions(job Job) twins.Options {
	return twins.Options{Streams: rng.New(job.Seed, 0), Workers: job.Workers}
}
