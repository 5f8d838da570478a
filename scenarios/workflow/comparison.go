package workflow

import (
	"context"
	"slices"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/scenarios"
)

// level is that of every interval.
const level = 0.95

const resamples = 2000

// Compare plays all policies against the same customers, which training never met.
func Compare(ctx context.Context, scene Scene, s *scenarios.Scenario, w world, b *Baselines, learned []Learned, workers int, watch func(done, total int)) (*evaluate.Result, error) {
	c := contest(s, w, workers, watch)
	among := learned[0].Among // of those that did not learn: with those who learned beside the first agent, seed by seed
	c.Rewards = among != nil
	for _, l := range learned {
		c.Contestants = append(c.Contestants, evaluate.Contestant{Name: l.Agent, Policies: asPolicies(l.Policies), Others: l.Among})
	}
	for _, name := range b.entered {
		c.Contestants = append(c.Contestants, evaluate.Contestant{Name: name, Others: among,
			Policies: slices.Repeat([]policies.Policy{b.policies[name]}, max(1, len(among)))})
	}
	for _, name := range []string{history, bestFixed, bestCycle} {
		if slices.Contains(b.entered, name) {
			c.References = append(c.References, name)
		}
	}
	if slices.Contains(b.entered, bestFixed) && among == nil {
		c.Baseline = bestFixed
	}
	scene.optima(c, w, b)
	return c.Run(ctx)
}

// contest is one without contestants on the scenario's evaluation paths.
func contest(s *scenarios.Scenario, w world, workers int, watch func(done, total int)) *evaluate.Contest {
	c := &evaluate.Contest{Arena: arenaOf(w, evaluate.MasterSeed(s.Seed), workers), Paths: s.Evaluate.Paths, Level: level, Resamples: resamples}
	c.Progress = watch
	return c
}

func asPolicies(frozen []policies.Frozen) []policies.Policy {
	all := make([]policies.Policy, len(frozen))
	for i, p := range frozen {
		all[i] = p
	}
	return all
}
