package estimators

import (
	"context"
	"slices"
	"strings"

	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/market/twins"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

var _ Twinned = (*Logit)(nil)

// Twin implements Twinned.
func (l *Logit) Twin(_ context.Context, job Job) (*twins.Report, error) {
	var loyal *choice.Logit
	history := func(s *choice.Situations) (*choice.Situations, error) {
		s, err := l.history(s)
		if err != nil || loyal == nil || loyal.Smoothing == nil {
			return s, err
		}
		return s.With("loyalty", s.Loyalty(loyal.Smoothing.Estimate))
	}
	fit := choice.FitLogit
	if l.Loyalty {
		fit = choice.FitLoyalty // which adds the attribute itself
	}
	return l.twin(job, nil, history, func(s *choice.Situations) (choice.Individual, error) {
		m, err := fit(s, l.utility())
		loyal = m
		return m, err
	})
}

// twin holds a model of choices against the households of the file. History and traits are what the model wants.
func (c *Choices) twin(job Job, traits []string, history func(*choice.Situations) (*choice.Situations, error), fit twins.FitHouseholds) (*twins.Report, error) {
	if c.ID == "" {
		return nil, field.New("id", "nothing", "the column of the household: one half of the households is held against twins of the other")
	}
	s, err := c.situations(job, traits)
	if err != nil {
		return nil, err
	}
	r, err := twins.Households(s, twins.HouseholdOptions{Price: c.price(s), History: history}, fit, twinOptions(job))
	return r, inFile(job.Data, err)
}

// price is the attribute that is one: the remembered one, else the first that says so by its name.
func (c *Choices) price(s *choice.Situations) string {
	if c.Reference != "" {
		return c.Reference
	}
	if i := slices.IndexFunc(s.Attributes, func(a string) bool { return strings.Contains(strings.ToLower(a), "price") }); i >= 0 {
		return s.Attributes[i]
	}
	return ""
}

func twinOptions(job Job) twins.Options {
	return twins.Options{Streams: rng.New(job.Seed, 0), Workers: job.Workers}
}
