package workflow

import (
	"context"
	"slices"

	"github.com/souk-sim/souk/market/category"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/policies/rules"
	"github.com/souk-sim/souk/scenarios"
)

// AgainstRecorded plays the learned policies and the chain's own prices against the other products as they really were: the prices, displays
// and wholesale prices recorded in the weeks that history replays. Customers and shocks are those of Compare.
func AgainstRecorded(ctx context.Context, s *scenarios.Scenario, d *Data, w *World, b *Baselines, learned []Learned, workers int, watch func(done, total int)) (*evaluate.Result, error) {
	if !slices.Contains(s.Evaluate.Against, history) {
		return nil, nil
	}
	recorded, err := w.recorded(d, b.Weeks)
	if err != nil {
		return nil, err
	}
	c := contest(s, recorded, workers, watch)
	c.References = []string{history}
	for _, l := range learned {
		c.Contestants = append(c.Contestants, evaluate.Contestant{Name: l.Agent, Policies: asPolicies(l.Policies)})
	}
	for _, name := range []string{history, bestFixed, bestCycle} {
		c.Contestants = append(c.Contestants, evaluate.Contestant{Name: name, Policies: []policies.Policy{b.policies[name]}})
	}
	return c.Run(ctx)
}

// recorded is the world in which every other product repeats its recorded weeks: its ladder has a rung a week, and from each rung it goes to the next.
func (w *World) recorded(d *Data, weeks []int) (*World, error) {
	cfg := *w.Config
	cfg.Products = slices.Clone(cfg.Products)
	for j := range cfg.Products {
		if j == cfg.Own {
			continue
		}
		p := &cfg.Products[j]
		usual := p.Rungs[p.Opening]
		p.Rungs = nil
		for t, period := range d.Panel.Periods {
			if _, in := slices.BinarySearch(weeks, period); in {
				p.Rungs = append(p.Rungs, category.Rung{Price: known(d.Panel.Price[t][j], usual.Price), Cost: known(d.Panel.Wholesale[t][j], usual.Cost),
					Display: known(d.Panel.Display[t][j], usual.Display)})
			}
		}
		p.Opening = len(p.Rungs) - 1
	}
	out := &World{Config: &cfg, Seats: w.Seats, of: w.of}
	out.Others = slices.Clone(w.Others)
	world, err := category.New(&cfg, 0)
	if err != nil {
		return nil, err
	}
	for j := range out.Others {
		if j == cfg.Own {
			continue
		}
		n := len(cfg.Products[j].Rungs)
		next := rules.MarkovDeals{Feature: "own_rung"}
		for from := range n {
			row := make([]float64, n)
			row[(from+1)%n] = 1
			next.Transition = append(next.Transition, row)
		}
		if out.Others[j], err = next.Policy(world.Spec(j)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// known is v, or usual where v is missing.
func known(v, usual float64) float64 {
	if v != v {
		return usual
	}
	return v
}
