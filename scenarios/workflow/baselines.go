package workflow

import (
	"context"
	"math"
	"slices"

	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/market/category"
	"github.com/souk-sim/souk/market/optimum"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/policies/rules"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// Names of the policies to compare with, as evaluate.against spells them.
const (
	history     = "history"
	bestFixed   = "best-fixed"
	bestCycle   = "best-cycle"
	costPlus    = "cost-plus"
	random      = "random"
	solved      = "optimum"     // the policy of the dynamic programme
	clairvoyant = "clairvoyant" // the bound beside it
)

// Baselines are what learning is compared with, tuned on worlds that neither learning nor the comparison meets.
type Baselines struct {
	Fixed *evaluate.FixedPrice `json:"best_fixed,omitempty"`
	*Patterns

	policies map[string]policies.Policy
	entered  []string // those that are compared with, in the order of the table
}

// Patterns are what is tuned for a chain's category beside the best fixed price.
type Patterns struct {
	Cycle  *evaluate.TunedCycle `json:"best_cycle,omitempty"`
	Markup float64              `json:"cost_plus_markup"` // mean recent price over cost, less 1
	Weeks  []int                `json:"history_weeks"`    // whose prices history replays
	Plan   *optimum.Plan        `json:"-"`

	reduction optimum.Reduction
}

// The numbers of paths that tuning looks at.
const (
	samplePaths = 60 // for the dynamic programme
	firstPaths  = 8  // that every candidate plays
	tunePaths   = 64 // that the last candidates have played
	cycleTries  = 24 // cycles that the reduced market ranks best
	longest     = 8  // weeks of a cycle
	gridRefine  = 20 // grid points between rungs
)

// tuneMaster is the master seed of the worlds that baselines are tuned in: that of a training seed which no agent has.
func tuneMaster(s *scenarios.Scenario) uint64 { return train.MasterSeed(s.Seed, 0) }

// path is what an episode of the world is apart from the learner.
func (w *World) path(master, episode uint64) (*category.Path, error) {
	world, err := category.New(w.Config, master)
	if err != nil {
		return nil, err
	}
	return w.unfold(world, master, episode), nil
}

// unfold plays one episode in a market of the world, the learner's price unchanged; the path is borrowed from the market.
func (w *World) unfold(world *category.Market, master, episode uint64) *category.Path {
	brain := rng.New(master, episode).Family("brain")
	turns := make([]uint64, world.Players())
	world.Reset(episode)
	for step := new(env.TimeStep); world.Next(step); {
		if step.Stage == env.Last {
			continue
		}
		who := step.Player
		if who == w.Config.Own {
			world.Act(slices.Index(step.Mask, true))
		} else {
			u := brain.At(uint64(who), turns[who])
			world.Act(w.Others[who].Decide(step.Observation, u.Float64()).Action)
		}
		turns[who]++
	}
	return world.Path()
}

// Tune finds what learning is to be compared with.
func Tune(ctx context.Context, s *scenarios.Scenario, d *Data, m *Models, w *World, workers int, watch func(done, total int)) (*Baselines, error) {
	b := &Baselines{Patterns: &Patterns{}, policies: map[string]policies.Policy{}}
	quick := w.expected()
	arena := arenaOf(quick, tuneMaster(s), workers)
	arena.Progress = watch
	add := func(name string, rule rules.Rule) (err error) {
		b.policies[name], err = rule.Policy(w.Spec)
		return err
	}
	prices, weeks := recorded(s, d)
	b.Weeks = weeks
	if err := add(history, &rules.Replay{Prices: prices}); err != nil {
		return nil, err
	}
	b.Markup = markup(s, m, w)
	if err := add(costPlus, &rules.CostPlus{Feature: "cost", Markup: b.Markup}); err != nil {
		return nil, err
	}
	if err := add(random, &rules.Random{}); err != nil {
		return nil, err
	}
	budget := evaluate.Budget{First: firstPaths, Paths: tunePaths}
	fixed := func(price float64) (policies.Policy, error) { return (&rules.Fixed{Price: price}).Policy(w.Spec) }
	var err error
	if b.Fixed, err = arena.BestFixed(ctx, fixed, budget); err != nil {
		return nil, err
	}
	if b.policies[bestFixed], err = fixed(b.Fixed.Price); err != nil {
		return nil, err
	}
	var sample *optimum.Sample
	if sample, b.reduction, err = quick.reduce(ctx, s, samplePaths, gridRefine); err != nil {
		return nil, err
	}
	cycles, err := b.cycles(sample)
	if err != nil {
		return nil, err
	}
	cycle := func(c evaluate.Cycle) (policies.Policy, error) { return cycleRule(c).Policy(w.Spec) }
	if b.Cycle, err = arena.BestCycle(ctx, cycles, cycle, budget); err != nil {
		return nil, err
	}
	if b.policies[bestCycle], err = cycle(b.Cycle.Cycle); err != nil {
		return nil, err
	}
	if b.Plan, err = b.reduction.Average(sample.Reward); err != nil {
		return nil, err
	}
	b.policies[solved], err = w.follow(b.Plan, sample)
	b.entered = s.Evaluate.Against
	return b, err
}

// markup is the mean recent price of the learner's product over its cost, less 1.
func markup(s *scenarios.Scenario, m *Models, w *World) float64 {
	return stationaryMean(m, s.Own())/w.Config.Products[s.Own()].Rungs[0].Cost - 1
}

// stationaryMean is the mean price of a product in the long run of its fitted chain.
func stationaryMean(m *Models, j int) float64 {
	mean, rungs := 0.0, m.Prices[j].Deals.Rungs()
	for i, share := range m.Prices[j].Deals.Stationary() {
		mean += float64(share * rungs[i].Price)
	}
	return mean
}

// recorded is the last horizon's worth of the own product's recorded prices, absent periods passed over.
func recorded(s *scenarios.Scenario, d *Data) (prices []float64, weeks []int) {
	for t, period := range d.Panel.Periods {
		if p := d.Panel.Price[t][s.Own()]; !math.IsNaN(p) {
			prices, weeks = append(prices, p), append(weeks, period)
		}
	}
	from := max(0, len(prices)-s.Time.Horizon)
	return prices[from:], weeks[from:]
}

// reduce samples the world for the dynamic programme, whose rivals are those in the scenario's state. The grid has refine points between rungs.
func (w *World) reduce(ctx context.Context, s *scenarios.Scenario, paths, refine int) (*optimum.Sample, optimum.Reduction, error) {
	sample, none := &optimum.Sample{Weeks: w.Config.Horizon}, optimum.Reduction{}
	for j, p := range w.Config.Products {
		if _, in := s.Learner().State[category.RivalDeal(p.Name)]; !in || len(sample.Rivals) == mostRivals {
			continue
		}
		opening := p.Rungs[p.Opening]
		if opening.Deal || opening.Price <= (1-category.DealDepth)*p.Reference {
			sample.Opening |= 1 << len(sample.Rivals)
		}
		sample.Rivals = append(sample.Rivals, j)
	}
	world, err := category.New(w.Config, tuneMaster(s))
	if err != nil {
		return nil, none, err
	}
	for episode := range uint64(paths) {
		if err := ctx.Err(); err != nil {
			return nil, none, err
		}
		sample.Paths = append(sample.Paths, w.unfold(world, tuneMaster(s), episode).Clone())
	}
	own := w.Config.Products[w.Config.Own]
	r := optimum.Reduction{Memory: w.Config.Choice.Spec.Memory, Drop: own.Drop, Start: own.Reference,
		Points: refine*(len(own.Rungs)-1) + 1, Rivals: sample.Transitions()}
	for _, rung := range own.Rungs {
		r.Prices = append(r.Prices, rung.Price)
	}
	return sample, r, nil
}

// mostRivals bounds the states of the dynamic programme.
const mostRivals = 4

// cycles are those that the reduced market ranks best, to be played in the full one.
func (b *Baselines) cycles(sample *optimum.Sample) ([]evaluate.Cycle, error) {
	ranked, err := b.reduction.Cycles(longest, longest-1, sample.Reward)
	if err != nil {
		return nil, err
	}
	var best []evaluate.Cycle
	for _, c := range ranked {
		if c.DealWeeks > 0 && len(best) < cycleTries {
			best = append(best, priced(b.reduction.Prices, c))
		}
	}
	return best, nil
}

// priced is a cycle of actions as prices.
func priced(prices []float64, c optimum.Cycle) evaluate.Cycle {
	return evaluate.Cycle{Regular: prices[c.Regular], Deal: prices[c.Deal], Length: c.Length, DealWeeks: c.DealWeeks}
}

func cycleRule(c evaluate.Cycle) *rules.Cycle {
	return &rules.Cycle{Regular: c.Regular, Deal: c.Deal, Length: c.Length, DealPeriods: c.DealWeeks}
}

// follow makes a policy of a plan, which sees what the sample's reduction knows.
func (w *World) follow(plan *optimum.Plan, sample *optimum.Sample) (policies.Policy, error) {
	seen := optimum.Seen{Reference: "reference_price", Week: "week"}
	for _, j := range sample.Rivals {
		seen.Rivals = append(seen.Rivals, category.RivalDeal(w.Config.Products[j].Name))
	}
	return plan.Policy(w.Spec, seen)
}

// foresee is the clairvoyant's score on a path of an arena's world, $ a week for the whole chain.
func (b *Baselines) foresee(w *World, master uint64) func(path int) (float64, error) {
	quick := w.expected()
	return func(path int) (float64, error) {
		episode, err := quick.path(master, uint64(path))
		if err != nil {
			return 0, err
		}
		f, err := b.reduction.Clairvoyant(w.Config.Horizon, episode.Profits)
		if err != nil {
			return 0, err
		}
		return f.Upper() / w.Config.Share, nil
	}
}
