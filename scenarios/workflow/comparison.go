package workflow

import (
	"context"
	"slices"

	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/sim/rng"
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

// Robustness is the headline where the fitted model is another: over draws of its coefficients from their sampling distribution, and
// under the second-best memory of the reference price.
type Robustness struct {
	Draws      int         `json:"draws"`
	OverDraws  []Advantage `json:"over_draws"`
	Memory     float64     `json:"memory"`
	NextMemory float64     `json:"next_memory"`
	UnderNext  []Advantage `json:"under_next_memory"`
}

// Advantage is the chosen policy's weekly profit less that of another, $.
type Advantage struct {
	Over   string  `json:"over"`
	Median float64 `json:"median"`
	Low    float64 `json:"low"` // 95% of the draws (or paths) lie in [Low, High]
	High   float64 `json:"high"`
	Wins   float64 `json:"wins"` // share of the draws in which it is ahead
}

// pathsPerDraw averages a draw's chance out a little.
const pathsPerDraw = 2

// Doubt repeats the headline under other models, with demand in closed form.
func Doubt(ctx context.Context, s *scenarios.Scenario, d *Data, m *Models, w *World, b *Baselines, chosen *Chosen, workers int, watch func(done, total int)) (*Robustness, error) {
	r := &Robustness{Draws: s.Evaluate.CoefficientDraws, Memory: m.Choice.Spec.Memory, NextMemory: m.Choice.Diagnostics.NextBestMemory}
	if r.Draws == 0 {
		return r, nil
	}
	quick := w.quick()
	normals := rng.New(evaluate.MasterSeed(s.Seed), 0).Family("coefficients")
	draws := make([]*choice.ShareLogit, r.Draws)
	z := make([]float64, len(m.Choice.Coefficients))
	var err error
	for k := range draws {
		stream := normals.At(uint64(k))
		for i := range z {
			z[i] = stream.Normal()
		}
		if draws[k], err = m.Choice.Redraw(z); err != nil {
			return nil, err
		}
	}
	if r.OverDraws, err = quick.advantages(ctx, s, b, chosen, draws, pathsPerDraw, workers, watch); err != nil {
		return nil, err
	}
	if r.NextMemory == r.Memory {
		return r, nil
	}
	next, err := fitChoice(s, d, []float64{r.NextMemory})
	if err != nil {
		return nil, err
	}
	r.UnderNext, err = quick.advantages(ctx, s, b, chosen, []*choice.ShareLogit{next}, s.Evaluate.Paths, workers, watch)
	return r, err
}

// advantages plays the chosen policy and its rivals under each of some choice models, on perDraw paths each. With one model the spread is
// that over paths.
func (w *World) advantages(ctx context.Context, s *scenarios.Scenario, b *Baselines, chosen *Chosen, draws []*choice.ShareLogit, perDraw, workers int, watch func(done, total int)) ([]Advantage, error) {
	master := evaluate.MasterSeed(s.Seed)
	arena := w.arena(s, master, workers)
	arena.Progress = watch
	arena.World = func() (evaluate.World, error) { return newShifting(w.Config, master, draws, perDraw) }
	c := evaluate.Contest{Arena: arena, Paths: len(draws) * perDraw, Level: level, Resamples: resamples,
		Contestants: []evaluate.Contestant{{Name: "chosen", Policies: []policies.Policy{chosen.Table}}}}
	for _, name := range []string{history, bestFixed, bestCycle} {
		c.Contestants = append(c.Contestants, evaluate.Contestant{Name: name, Policies: []policies.Policy{b.policies[name]}})
	}
	result, err := c.Run(ctx)
	if err != nil {
		return nil, err
	}
	group := perDraw
	if len(draws) == 1 {
		group = 1
	}
	var all []Advantage
	for _, row := range result.Rows[1:] {
		var ahead []float64
		for from := 0; from < c.Paths; from += group {
			sum := 0.0
			for path := from; path < from+group; path++ {
				sum += result.Rows[0].Scores[0][path] - row.Scores[0][path]
			}
			ahead = append(ahead, sum/float64(group))
		}
		all = append(all, summarise(row.Name, ahead))
	}
	return all, nil
}

func summarise(over string, ahead []float64) Advantage {
	a := Advantage{Over: over, Median: stats.Median(ahead), Low: stats.Quantile(ahead, (1-level)/2), High: stats.Quantile(ahead, (1+level)/2)}
	for _, x := range ahead {
		if x > 0 {
			a.Wins += 1 / float64(len(ahead))
		}
	}
	return a
}

// shifting is a market whose shoppers follow another model every perDraw paths.
type shifting struct {
	*market.Market
	cfg     market.Config
	master  uint64
	draws   []*choice.ShareLogit
	perDraw int
}

func newShifting(cfg *market.Config, master uint64, draws []*choice.ShareLogit, perDraw int) (*shifting, error) {
	w := &shifting{cfg: *cfg, master: master, draws: draws, perDraw: perDraw}
	return w, w.shift(0)
}

func (w *shifting) shift(path int) (err error) {
	if next := w.draws[path/w.perDraw]; w.Market == nil || next != w.cfg.Choice {
		w.cfg.Choice = next
		w.Market, err = market.New(&w.cfg, w.master)
	}
	return err
}

// Reset implements env.Environment.
func (w *shifting) Reset(path uint64) {
	if err := w.shift(int(path)); err != nil {
		panic("workflow: draws differ in numbers only, and the first was accepted: " + err.Error())
	}
	w.Market.Reset(path)
}
