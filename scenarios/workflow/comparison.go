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
func Compare(ctx context.Context, s *scenarios.Scenario, w *World, b *Baselines, learned []Learned, workers int, watch func(done, total int)) (*evaluate.Result, error) {
	master := evaluate.MasterSeed(s.Seed)
	c := evaluate.Contest{Arena: w.arena(s, master, workers), Paths: s.Evaluate.Paths, Level: level, Resamples: resamples}
	c.Progress = watch
	for _, l := range learned {
		c.Contestants = append(c.Contestants, evaluate.Contestant{Name: l.Agent, Policies: asPolicies(l.Policies)})
	}
	for _, name := range s.Evaluate.Against {
		if p := b.policies[name]; p != nil {
			c.Contestants = append(c.Contestants, evaluate.Contestant{Name: name, Policies: []policies.Policy{p}})
		}
	}
	for _, name := range []string{history, bestFixed, bestCycle} {
		if slices.Contains(s.Evaluate.Against, name) {
			c.References = append(c.References, name)
		}
	}
	if slices.Contains(s.Evaluate.Against, bestFixed) {
		c.Baseline = bestFixed
	}
	if slices.Contains(s.Evaluate.Against, solved) {
		c.Optima = []string{solved, clairvoyant}
		c.Bounds = []evaluate.Bound{{Name: clairvoyant, Score: b.foresee(w, master)}}
	}
	return c.Run(ctx)
}

func asPolicies(tables []*policies.Table) []policies.Policy {
	all := make([]policies.Policy, len(tables))
	for i, t := range tables {
		all[i] = t
	}
	return all
}
