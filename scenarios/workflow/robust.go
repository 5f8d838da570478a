package workflow

import (
	"context"
	"errors"
	"fmt"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// ownMarket is what a matrix calls the scenario's own.
const ownMarket = "own"

// otherMarket is one in which policies are tested, and some trained.
type otherMarket struct {
	name, doc string
	ground    ground // of a problem: which computes values
	full      world
}

// transferred is a policy, the market it was made in and what it saw there.
type transferred struct {
	evaluate.Contestant
	trained string
	spec    *env.Spec
}

// robustness tests all entrants in the markets of bench.robust, which nothing is fitted to. In each of these the best fixed price is tuned and the optimum solved
// again, and with bench.specialists the agents are trained again: these are rows of their own. Played is what entrants came to in the scenario's own market.
// The result does not depend on the number of workers; what was trained and played before an interrupt is kept.
func (b *bencher) robustness(ctx context.Context, entrants []evaluate.Contestant, played []*evaluate.Played) (*evaluate.Matrix, error) {
	markets := []otherMarket{{ownMarket, "the scenario's own market", b.ground, b.full}}
	var all []transferred
	for _, c := range entrants {
		all = append(all, transferred{c, ownMarket, b.full.seats().Spec})
	}
	var left []evaluate.LeftOut
	for _, name := range b.Scenario.Bench.Robust {
		p, err := scenarios.ParsePerturbation(name)
		if err != nil {
			return nil, err
		}
		market, natives, err := b.settleIn(ctx, p)
		if bad, is := errors.AsType[*field.Error](err); is {
			left = append(left, evaluate.LeftOut{Market: name, Reason: reason(bad)})
			continue
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		markets, all = append(markets, *market), append(all, natives...)
	}
	if len(markets) == 1 {
		why := "no market"
		if len(left) > 0 {
			why = left[0].Market + ": " + left[0].Reason
		}
		return nil, b.Scenario.Fault(why, "a perturbation that the scenario's market can be put to", "bench", "robust")
	}
	all = inBlocks(all)
	trials := make([]evaluate.Trial, len(markets))
	b.tell(Progress{Stage: "robust", Total: len(markets) * len(all)})
	for k := range markets {
		var known []*evaluate.Played
		if k == 0 {
			known = played
		}
		trial, err := b.trial(ctx, &markets[k], all, known, k*len(all), len(markets)*len(all))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", markets[k].name, err)
		}
		trials[k] = *trial
	}
	m, err := evaluate.NewMatrix(level, trials)
	if err == nil {
		m.Left = left
	}
	return m, err
}

// reason is why a market is left out.
func reason(bad *field.Error) string {
	if bad.Key == "robust" {
		return "it takes " + bad.Expected
	}
	return bad.Error()
}

// inBlocks puts what is made in several markets below each other: by policy in the order of the first, then by market.
func inBlocks(all []transferred) (sorted []transferred) {
	taken := map[string]bool{}
	for _, first := range all {
		if taken[first.Name] {
			continue
		}
		taken[first.Name] = true
		for _, t := range all {
			if t.Name == first.Name {
				sorted = append(sorted, t)
			}
		}
	}
	return sorted
}

// settleIn makes another market, and the policies that are made for it.
func (b *bencher) settleIn(ctx context.Context, p scenarios.Perturbation) (*otherMarket, []transferred, error) {
	made, ok := b.ground.(perturbable)
	if !ok {
		return nil, nil, field.New("robust", p.Name, "a market that can be another")
	}
	school, full, doc, err := made.under(ctx, p)
	if err != nil {
		return nil, nil, err
	}
	m := &otherMarket{p.Name, doc, b.ground, full}
	var natives []transferred
	enter := func(name string, all ...policies.Policy) {
		natives = append(natives, transferred{evaluate.Contestant{Name: name, Policies: all}, p.Name, full.seats().Spec})
	}
	fixed, err := b.fixedIn(ctx, full)
	if err != nil {
		return nil, nil, err
	}
	enter(bestFixed, fixed)
	optimal, err := made.optimal(ctx, full, b.workers())
	if err != nil {
		return nil, nil, err
	}
	if optimal != nil {
		enter(solved, optimal)
	}
	if g, is := full.(*problemGround); is {
		m.ground = g
	}
	if !b.Scenario.Bench.Specialists {
		return m, natives, nil
	}
	pupils := *b.Scenario
	pupils.Agents = b.Scenario.Pupils()
	train := &Run{Scenario: &pupils, Watch: b.Watch}
	learned, err := trainAs(ctx, &pupils, school, b.run, b.prefix+p.Name+".", b.workers(), train.episodes(school.share()))
	for i := range learned {
		enter(learned[i].Agent, asPolicies(learned[i].Policies)...)
	}
	return m, natives, err
}

// fixedIn is the best fixed price of a market.
func (b *bencher) fixedIn(ctx context.Context, full world) (policies.Policy, error) {
	if g, is := full.(*problemGround); is && g.solved != nil {
		return g.solved.FixedPolicy(), nil
	}
	return bestFixedIn(ctx, b.Scenario, full, b.workers())
}

// trial plays all policies in a market, on the paths of the benchmark.
func (b *bencher) trial(ctx context.Context, m *otherMarket, all []transferred, known []*evaluate.Played, done, total int) (*evaluate.Trial, error) {
	t := &evaluate.Trial{Market: m.name, Doc: m.doc}
	contestants := make([]evaluate.Contestant, len(all))
	for i, e := range all {
		contestants[i] = e.Contestant
		contestants[i].Policies = make([]policies.Policy, len(e.Policies))
		for k, p := range e.Policies {
			contestants[i].Policies[k] = translated(p, e.spec, m.full.seats().Spec)
		}
	}
	var value func(policies.Policy) (float64, error)
	if g, is := m.ground.(*problemGround); is {
		value = g.exact(contestants)
	}
	runs := b.runs()
	runs.Arena = arenaOf(m.full, evaluate.MasterSeed(b.Scenario.Seed), b.workers())
	for i, c := range contestants {
		p := among(known, all[i].trained == m.name, c.Name)
		if p == nil {
			var err error
			p, err = kept(b.run, fmt.Sprintf("%srobust.%s.%s.%s", b.prefix, m.name, all[i].trained, c.Name), func() (*evaluate.Played, error) {
				if value != nil {
					return evaluate.Exact(c, runs.Number, value)
				}
				return runs.Play(ctx, c)
			})
			if err != nil {
				return nil, err
			}
		}
		scores := make([]float64, len(p.Scores))
		for r, run := range p.Scores {
			scores[r] = stats.Mean(run)
		}
		t.Entries = append(t.Entries, evaluate.Entry{Policy: c.Name, Trained: all[i].trained, Scores: scores})
		if all[i].trained == m.name && c.Name == bestFixed {
			t.Fixed = scores
		}
		if all[i].trained == m.name && c.Name == solved {
			t.Optimum = scores
		}
		b.tell(Progress{Stage: "robust", Done: done + i + 1, Total: total})
	}
	return t, nil
}

// among finds what a policy that is at home came to; nil where it is not known.
func among(known []*evaluate.Played, home bool, name string) *evaluate.Played {
	for _, p := range known {
		if home && p.Name == name {
			return p
		}
	}
	return nil
}
