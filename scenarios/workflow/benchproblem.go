package workflow

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/market/monopoly"
	"github.com/souk-sim/souk/market/optimum"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/policies/rules"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// fluid plays the shares of prices that the deterministic linear programme gives.
const fluid = "fluid"

// problemGround is a pricing problem in which policies are compared.
type problemGround struct {
	problemStudy
	seated Seats
}

func openProblem(s *scenarios.Scenario) (*problemGround, error) {
	if s.Regret != nil {
		return nil, s.Fault("learners who live once", "a problem in which they train: souk train measures their regret", "regret")
	}
	process, err := monopoly.NewProcess(s.ProblemConfig())
	if err != nil {
		return nil, err
	}
	s.Train.Checkpoint, s.Train.StepsEvery = 10_000, s.Train.Episodes // no keys of a problem
	g := &problemGround{problemStudy: problemStudy{scenario: s, process: process}}
	g.seated = Seats{Spec: process.Spec(), Others: []policies.Policy{nil}}
	g.seated.Encoder, err = g.encoder()
	return g, err
}

// Fit solves the problem, unless it is too large.
func (g *problemGround) Fit(_ context.Context, workers int, _ func(done, total int)) (err error) {
	g.solved, err = optimum.SolveMonopoly(g.process, workers)
	if bad, ok := errors.AsType[*field.Error](err); ok && bad.Key == "problem" {
		g.solved, err = nil, nil
	}
	return err
}

func (g *problemGround) worlds(context.Context) (school, full world, err error) { return g, g, nil }

func (g *problemGround) seats() *Seats { return &g.seated }

func (g *problemGround) open(master uint64) (train.World, error) {
	return &discounted{Market: g.process.Market(master), average: g.scenario.Problem.Criterion == "average"}, nil
}

func (g *problemGround) score(a *results.Metrics) float64 { return a.Reward }

func (g *problemGround) share() float64 { return 1 }

// scored is how many periods of an episode its score is the mean of; 1 where it is their sum.
func (g *problemGround) scored() int {
	if g.scenario.Problem.Criterion == "average" {
		return g.process.Periods()
	}
	return 1
}

func (g *problemGround) quick() world { return g }

func (g *problemGround) settle([]policies.Policy) world { return g }

func (g *problemGround) optima(*evaluate.Contest, world, *Baselines) {}

func (g *problemGround) usual() []string { return nil }

func (g *problemGround) unit() string {
	return map[string]string{"average": "$ a period", "discounted": "discounted $"}[g.scenario.Problem.Criterion] +
		map[string]string{"episodic": "$ an episode"}[g.scenario.Problem.Criterion]
}

// rule finds a price of the ladder, a rule of the scenario, or a kind of rule as it is by default.
func (g *problemGround) rule(name string) (made rule, ok bool, err error) {
	is := func(r rules.Rule) rule {
		return func(context.Context, world, int) (policies.Policy, error) { return r.Policy(g.process.Spec()) }
	}
	if price, fixed := strings.CutPrefix(name, "fixed:"); fixed {
		x, err := strconv.ParseFloat(price, 64)
		if err != nil || !slices.ContainsFunc(g.process.Spec().Offers, func(o env.Offer) bool { return o.Price == x }) {
			err = field.New("--policy", name, "fixed:PRICE, a price of the ladder")
		}
		return is(&rules.Fixed{Price: x}), true, err
	}
	for i := range g.scenario.Evaluate.Rules {
		if r := &g.scenario.Evaluate.Rules[i]; r.Name == name {
			return is(r.Params), true, nil
		}
	}
	for _, k := range rules.Kinds() {
		if k.Name == name {
			return is(k.New()), true, nil
		}
	}
	return nil, false, nil
}

func (g *problemGround) rules() string {
	names := []string{"fixed:PRICE"}
	for _, r := range g.scenario.Evaluate.Rules {
		names = append(names, r.Name)
	}
	for _, k := range rules.Kinds() {
		names = append(names, k.Name)
	}
	return strings.Join(names, ", ")
}

// tune knows the best fixed price and the optimum of a problem that is solved; of one too large the best fixed price is found by playing.
func (g *problemGround) tune(ctx context.Context, w world, workers int, watch func(done, total int)) (*Baselines, error) {
	b := &Baselines{policies: map[string]policies.Policy{}}
	enter := func(name string, p policies.Policy) {
		b.policies[name], b.entered = p, append(b.entered, name)
	}
	for i := range g.scenario.Evaluate.Rules {
		r := &g.scenario.Evaluate.Rules[i]
		p, err := r.Params.Policy(g.process.Spec())
		if err != nil {
			return nil, err
		}
		enter(r.Name, p)
	}
	if m := g.solved; m != nil {
		enter(bestFixed, m.FixedPolicy())
	} else if err := g.bestFixed(ctx, w, workers, watch, enter); err != nil {
		return nil, err
	}
	blind, err := (&rules.Random{}).Policy(g.process.Spec())
	if err != nil {
		return nil, err
	}
	enter(random, blind)
	if _, p, err := optimum.FluidMonopoly(g.process); err == nil {
		enter(fluid, p)
	} else if _, none := errors.AsType[*field.Error](err); !none {
		return nil, err
	}
	if g.solved != nil {
		enter(solved, g.solved.Policy())
	}
	return b, nil
}

func (g *problemGround) bestFixed(ctx context.Context, w world, workers int, watch func(done, total int), enter func(string, policies.Policy)) error {
	arena := arenaOf(w, tuneMaster(g.scenario), workers)
	arena.Progress = watch
	var all []policies.Policy
	for _, o := range g.process.Spec().Offers {
		p, err := (&rules.Fixed{Price: o.Price}).Policy(g.process.Spec())
		if err != nil {
			return err
		}
		all = append(all, p)
	}
	tuned, err := arena.Tune(ctx, all, evaluate.Budget{First: firstPaths, Paths: tunePaths})
	if err == nil {
		enter(bestFixed, all[tuned.Index])
	}
	return err
}

// exact computes what a policy is worth; nil where the problem is too large, or where one of the entrants goes by what states do not tell.
func (g *problemGround) exact(entrants []evaluate.Contestant) func(policies.Policy) (float64, error) {
	if g.solved == nil {
		return nil
	}
	for _, c := range entrants {
		if _, err := g.solved.Evaluate(c.Policies[0]); err != nil {
			return nil
		}
	}
	return g.solved.Evaluate
}

// discounted is a problem's market whose account has, as the reward, the discounted sum of an episode's; where the criterion is the average, that a period.
type discounted struct {
	*monopoly.Market
	average     bool
	sum, weight float64
	account     results.Metrics
}

// Reset implements env.Environment.
func (d *discounted) Reset(episode uint64) {
	d.Market.Reset(episode)
	d.sum, d.weight = 0, 1
}

// Next implements env.Environment.
func (d *discounted) Next(step *env.TimeStep) bool {
	if !d.Market.Next(step) {
		return false
	}
	d.sum += float64(d.weight * step.Reward)
	if step.Stage != env.First {
		d.weight *= step.Discount
	}
	return true
}

// Account implements evaluate.World.
func (d *discounted) Account() *results.Metrics {
	d.account = *d.Market.Account()
	if d.average {
		d.account.Reward /= float64(max(d.account.Periods, 1))
	} else {
		d.account.Reward = d.sum
	}
	return &d.account
}

var _ ground = (*problemGround)(nil)
var _ world = (*problemGround)(nil)
