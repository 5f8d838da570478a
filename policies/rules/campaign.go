package rules

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// Campaign asks a regular price, and makes the offers of a calendar at the periods that it gives: the first deal of the list that
// covers the period. While the time is missing it asks the regular price.
type Campaign struct {
	Price float64        `toml:"price" required:"true" range:"(0,1000000]" doc:"the regular price"`
	Deals []CampaignDeal `toml:"deals" required:"true" doc:"what is offered when; where several cover a period, the first"`
	Every int            `toml:"every" default:"0" range:"[0,1000000]" doc:"periods after which the calendar starts anew, from 0; 0: never"`
	Clock string         `toml:"clock" doc:"feature that tells the time; left out: week, or period where there is none"`
}

// CampaignDeal is an offer for the periods From to To.
type CampaignDeal struct {
	From      int     `toml:"from" required:"true" range:"[-1000000,1000000]" doc:"first period of the deal"`
	To        int     `toml:"to" required:"true" range:"[-1000000,1000000]" doc:"last period of the deal"`
	Price     float64 `toml:"price" default:"0.0" range:"[0,1000000]" doc:"price of the deal; 0: the regular one"`
	Promotion string  `toml:"promotion" doc:"promotion of the ladder that goes with it; left out: none"`
}

// Policy implements Rule.
func (r *Campaign) Policy(spec *env.Spec) (policies.Policy, error) {
	if err := positive("price", r.Price); err != nil {
		return nil, err
	}
	if len(r.Deals) == 0 {
		return nil, field.New("deals", "none", "at least one")
	}
	if r.Every < 0 {
		return nil, field.New("every", r.Every, "a number of periods, or 0")
	}
	l, err := newLadder(spec, fmt.Sprintf("campaign %g", r.Price))
	if err != nil {
		return nil, err
	}
	p := &campaign{ladder: l, price: r.Price, deals: append([]CampaignDeal(nil), r.Deals...), every: float64(r.Every)}
	for i := range p.deals {
		if err := r.check(spec, &p.deals[i], fmt.Sprintf("deals.%d.", i)); err != nil {
			return nil, err
		}
		if p.deals[i].Price == 0 {
			p.deals[i].Price = r.Price
		}
	}
	p.clock, err = clockFeature(spec, r.Clock)
	return p, err
}

func (r *Campaign) check(spec *env.Spec, d *CampaignDeal, key string) error {
	switch {
	case r.Every > 0 && (d.From < 0 || d.From >= r.Every):
		return field.New(key+"from", d.From, fmt.Sprintf("0 to %d, as the calendar starts anew every %d", r.Every-1, r.Every))
	case d.To < d.From || r.Every > 0 && d.To >= r.Every:
		return field.New(key+"to", d.To, "a period from the deal's first one to the calendar's last")
	}
	return first(between(key+"price", d.Price, 0, 1e300, "a price, or 0"), promoted(spec, key+"promotion", d.Promotion))
}

type campaign struct {
	ladder
	price, every float64
	deals        []CampaignDeal
	clock        int
}

func (p *campaign) Decide(observation []float64, _ float64) policies.Decision {
	at, ok := whole(observation[p.clock])
	if !ok {
		return p.want(observation, p.price, "")
	}
	if p.every > 0 {
		at = wrap(at, p.every)
	}
	for i := range p.deals {
		if d := &p.deals[i]; float64(d.From) <= at && at <= float64(d.To) {
			return p.want(observation, d.Price, d.Promotion)
		}
	}
	return p.want(observation, p.price, "")
}

// wrap is x modulo n, in [0, n).
func wrap(x, n float64) float64 {
	if x = math.Mod(x, n); x < 0 {
		x += n
	}
	return x
}
