package workflow

import (
	"context"
	"fmt"
	"slices"

	"github.com/souk-sim/souk/market/monopoly"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
)

// under makes another problem of the scenario's, and solves it.
func (g *problemGround) under(ctx context.Context, p scenarios.Perturbation) (school, full world, doc string, err error) {
	cfg := *g.process.Config()
	offers := g.process.Spec().Offers
	middle := offers[(len(offers)-1)/2].Price
	switch by := 1 + p.Percent/100; p.Kind {
	case scenarios.OtherElasticity:
		doc = elasticityDoc(p, fmt.Sprintf("$%g", middle))
		cfg.Demand, err = cfg.Demand.Steeper(by, middle)
	case scenarios.DemandShock:
		doc = shockDoc(p, g.process.Endless())
		cfg.Season = broken(&cfg, g.process.Endless(), by)
	case scenarios.NewRival:
		cfg.Rival, doc = undercutting(cfg.Rival, middle)
	default:
		return nil, nil, "", field.New("robust", p.Name, "estimates: the demand of a problem is by hand, and has no sampling distribution")
	}
	if err != nil {
		return nil, nil, "", err
	}
	process, err := monopoly.NewProcess(&cfg)
	if err != nil {
		return nil, nil, "", err
	}
	other := &problemGround{problemStudy: problemStudy{scenario: g.scenario, process: process}}
	other.seated = Seats{Spec: process.Spec(), Others: g.seated.Others}
	if other.seated.Encoder, err = other.encoder(); err != nil {
		return nil, nil, "", err
	}
	if g.solved != nil {
		err = other.Fit(ctx, g.workers, nil)
	}
	return other, other, doc, err
}

// broken is the season of a problem whose demand breaks: in the middle of the episode, or where there is no end from the first period on.
func broken(cfg *monopoly.Config, endless bool, by float64) []float64 {
	season := slices.Clone(cfg.Season)
	if len(season) == 0 {
		season = []float64{1}
	}
	if endless {
		for t := range season {
			season[t] *= by
		}
		return season
	}
	whole := make([]float64, cfg.Reviews)
	for t := range whole {
		if whole[t] = season[t%len(season)]; t >= cfg.Reviews/2 {
			whole[t] *= by
		}
	}
	return whole
}

// undercutting is a rival who asks a tenth less than the one that there is, or than the middle of the ladder.
func undercutting(r *monopoly.Rival, middle float64) (*monopoly.Rival, string) {
	if r == nil {
		return &monopoly.Rival{Prices: []float64{undercut * middle}, Effect: 1, Regular: &middle},
			fmt.Sprintf("a rival asks $%.4g for ever: the own price feels as much dearer as that is below $%.4g", undercut*middle, middle)
	}
	other := *r
	other.Prices = slices.Clone(r.Prices)
	regular := slices.Max(r.Prices)
	if r.Regular != nil {
		regular = *r.Regular
	}
	other.Regular = &regular
	for i := range other.Prices {
		other.Prices[i] *= undercut
	}
	return &other, "the rival asks a tenth less than shoppers are used to"
}

// optimal is the exact optimum; nil where the problem is too large.
func (g *problemGround) optimal(_ context.Context, full world, _ int) (policies.Policy, error) {
	if m := full.(*problemGround).solved; m != nil {
		return m.Policy(), nil
	}
	return nil, nil
}
