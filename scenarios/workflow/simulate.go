package workflow

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/policies/rules"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// Rules names what NamedPolicy takes.
const Rules = "fixed:PRICE, cycle:REGULAR/DEAL/LENGTH/DEALWEEKS, history, cost-plus, random"

// named makes a policy that a name stands for; ok is false where it is none of Rules.
func named(s *scenarios.Scenario, d *Data, m *Models, w *World, name string) (p policies.Policy, ok bool, err error) {
	kind, arguments, _ := strings.Cut(name, ":")
	var numbers []float64
	for part := range strings.SplitSeq(arguments, "/") {
		if x, err := strconv.ParseFloat(part, 64); err == nil {
			numbers = append(numbers, x)
		}
	}
	var rule rules.Rule
	switch {
	case kind == "fixed" && len(numbers) == 1:
		rule = &rules.Fixed{Price: numbers[0]}
	case kind == "cycle" && len(numbers) == 4:
		rule = &rules.Cycle{Regular: numbers[0], Deal: numbers[1], Length: int(numbers[2]), DealWeeks: int(numbers[3])}
	case name == history:
		prices, _ := recorded(s, d)
		rule = &rules.Replay{Prices: prices}
	case name == costPlus:
		rule = &rules.CostPlus{Feature: "cost", Markup: markup(s, m, w)}
	case name == random:
		rule = &rules.Random{}
	default:
		return nil, false, nil
	}
	p, err = rule.Policy(w.Spec)
	return p, true, err
}

// Simulate plays policies in the scenario's market, without learning: those that names stand for (Rules), and those of load, which is
// asked for any other name and the learner's spec. The comparison is paired with the first.
func Simulate(ctx context.Context, s *scenarios.Scenario, names []string, load func(name string, spec *env.Spec) (policies.Policy, error), workers int, watch func(Progress)) (*evaluate.Result, error) {
	r := &Run{Scenario: s, Workers: workers, Watch: watch}
	data, err := ReadData(s)
	if err != nil {
		return nil, err
	}
	r.tell(Progress{Stage: "fit", Total: 1})
	models, err := Fit(ctx, s, data)
	if err != nil {
		return nil, err
	}
	world, err := Build(s, data, models, s.Market.Stores.EvaluateShare())
	if err != nil {
		return nil, err
	}
	c := evaluate.Contest{Arena: world.arena(s, evaluate.MasterSeed(s.Seed), r.workers()), Paths: s.Evaluate.Paths, Level: level, Resamples: resamples}
	c.Progress = r.counting("simulate")
	for _, name := range names {
		p, ok, err := named(s, data, models, world, name)
		if !ok {
			p, err = load(name, world.Spec)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		c.Contestants = append(c.Contestants, evaluate.Contestant{Name: name, Policies: []policies.Policy{p}})
	}
	if len(names) == 0 {
		return nil, &field.Error{Key: "--policy", Found: "none", Expected: "a bundle's folder or one of " + Rules}
	}
	c.References = names[:1]
	return c.Run(ctx)
}

// Table is a comparison as text of at most 100 columns.
func Table(r *evaluate.Result) string { return headline(r) }
