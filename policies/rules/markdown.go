package rules

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// Markdown takes shares off a price: of the steps that hold, the one with the largest share. A step holds while a feature lies in its
// range: the age of the oldest unit from 5 days on (sell-by markdown of perishables), the time left up to 3 periods, the
// stock from 100 units on (clearance). A step whose feature is missing does not hold.
type Markdown struct {
	Price float64        `toml:"price" required:"true" range:"(0,1000000]" doc:"the full price"`
	Steps []MarkdownStep `toml:"steps" required:"true" doc:"the shares off; where several hold, the largest"`
}

// MarkdownStep is a share off while a feature lies in [From, To].
type MarkdownStep struct {
	Feature   string   `toml:"feature" default:"'oldest_days'" doc:"feature to go by, such as oldest_days, periods_left or stock"`
	From      *float64 `toml:"from" doc:"least value at which the step holds; left out: any"`
	To        *float64 `toml:"to" doc:"greatest value at which the step holds; left out: any"`
	Off       float64  `toml:"off" required:"true" range:"[0,1)" doc:"share of the full price that comes off"`
	Promotion string   `toml:"promotion" doc:"promotion of the ladder that goes with it; left out: none"`
}

// Policy implements Rule.
func (r *Markdown) Policy(spec *env.Spec) (policies.Policy, error) {
	if err := positive("price", r.Price); err != nil {
		return nil, err
	}
	if len(r.Steps) == 0 {
		return nil, field.New("steps", "none", "at least one")
	}
	l, err := newLadder(spec, fmt.Sprintf("markdown %g", r.Price))
	if err != nil {
		return nil, err
	}
	p := &markdown{l, r.Price, make([]markdownStep, len(r.Steps))}
	for i := range r.Steps {
		if p.steps[i], err = r.Steps[i].on(spec, fmt.Sprintf("steps.%d.", i)); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (s *MarkdownStep) on(spec *env.Spec, key string) (markdownStep, error) {
	on := markdownStep{from: math.Inf(-1), to: math.Inf(1), off: s.Off, promotion: s.Promotion}
	if s.From != nil {
		on.from = *s.From
	}
	if s.To != nil {
		on.to = *s.To
	}
	switch {
	case !(s.Off >= 0 && s.Off < 1):
		return on, field.New(key+"off", s.Off, "a share from 0, below 1")
	case s.From == nil && s.To == nil:
		return on, field.New(key+"from", "neither from nor to", "one of them, or both")
	case on.from != on.from:
		return on, field.New(key+"from", on.from, "a number")
	case !(on.to >= on.from):
		return on, field.New(key+"to", on.to, "a number not below from")
	}
	err := promoted(spec, key+"promotion", s.Promotion)
	if err == nil {
		on.feature, err = feature(spec, key+"feature", s.Feature, "oldest_days")
	}
	return on, err
}

type markdown struct {
	ladder
	price float64
	steps []markdownStep
}

type markdownStep struct {
	feature       int
	from, to, off float64
	promotion     string
}

func (p *markdown) Decide(observation []float64, _ float64) policies.Decision {
	off, promotion := -1.0, ""
	for i := range p.steps {
		s := &p.steps[i]
		if x := observation[s.feature]; s.from <= x && x <= s.to && s.off > off { // false for NaN
			off, promotion = s.off, s.promotion
		}
	}
	return p.want(observation, p.price*(1-max(off, 0)), promotion)
}
