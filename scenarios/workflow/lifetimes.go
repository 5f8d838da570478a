package workflow

import (
	"context"
	"math"
	"strconv"

	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/market/monopoly"
	"github.com/souk-sim/souk/market/optimum"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// shares tells what the linear programme does with its time.
func (st *problemStudy) shares(plan *optimum.FluidPlan) {
	periods := float64(st.process.Periods())
	st.tell("fluid-rate", "$", plan.Value/periods)
	offers := st.process.Spec().Offers
	if len(plan.Times) != len(offers) {
		return // of several places in a season, or prices of a rival
	}
	for i, time := range plan.Times {
		st.tell("fluid-share:"+strconv.FormatFloat(offers[i].Price, 'g', -1, 64), "", time/periods)
	}
}

// life is what learners live through once: a problem, and the times at which they are looked at.
type life struct {
	process *monopoly.Process
	times   []int
	worth   func(action int) float64 // nil where rewards count
	best    float64                  // a period
}

// live measures the regret of learners over their lives.
func (st *problemStudy) live(ctx context.Context, watch func(done, total int)) error {
	r, cfg := st.scenario.Regret, st.process.Config()
	if st.process.Endless() {
		return &field.Error{Key: "problem.criterion", Found: cfg.Criterion, Expected: "episodic, beside [regret]: a life has an end"}
	}
	lives, err := seasons(cfg, r)
	if err != nil {
		return err
	}
	total, before := len(st.scenario.Agents)*len(lives)*r.Runs, 0
	var first [][]float64
	for i := range st.scenario.Agents {
		agent := &st.scenario.Agents[i]
		paths := make([][]float64, r.Runs) // [run][time] regret
		for k := range lives {
			earned, err := st.lifetimes(&lives[k], agent).Earned(ctx, func(runs int) {
				if watch != nil {
					watch(before+runs, total)
				}
			})
			if err != nil {
				return err
			}
			before += r.Runs
			for run := range earned {
				for t, sum := range earned[run] {
					paths[run] = append(paths[run], float64(lives[k].best*float64(lives[k].times[t]))-sum)
				}
			}
		}
		if err := st.grown(agent.Name, lives, paths); err != nil {
			return err
		}
		if i == 0 {
			first = paths
			continue
		}
		st.ahead(agent.Name, lives, first, paths)
	}
	return nil
}

func (st *problemStudy) lifetimes(l *life, agent *scenarios.Agent) *train.Lifetimes {
	master := train.MasterSeed(st.scenario.Seed, 1)
	return &train.Lifetimes{
		World: func() (env.Environment, error) { return l.process.Market(master), nil }, Params: agent.Params, Encoder: policies.Encoder{},
		Master: master, Runs: st.scenario.Regret.Runs, Workers: st.workers, Times: l.times, Worth: l.worth,
	}
}

// seasons are the lives that [regret] asks for.
func seasons(cfg *monopoly.Config, r *scenarios.Regret) ([]life, error) {
	var all []life
	if cfg.Stock == 0 {
		own, err := unlimited(stretched(cfg, r.Times[len(r.Times)-1]))
		if err != nil || len(r.Rungs) == 0 {
			own.times = r.Times
			return []life{own}, err
		}
		for k, t := range r.Times {
			coarse := stretched(cfg, t)
			coarse.Prices.Rungs = r.Rungs[k]
			l, err := unlimited(coarse)
			if err != nil {
				return nil, err
			}
			l.times, l.best = []int{t}, own.best
			all = append(all, l)
		}
		return all, nil
	}
	for _, t := range r.Times {
		p, err := monopoly.NewProcess(stretched(cfg, t))
		if err != nil {
			return nil, err
		}
		plan, _, err := optimum.FluidMonopoly(p)
		if err != nil {
			return nil, err
		}
		all = append(all, life{process: p, times: []int{t}, best: plan.Value / float64(t)})
	}
	return all, nil
}

// stretched is a problem of another number of periods, its stock and its time in proportion.
func stretched(cfg *monopoly.Config, periods int) *monopoly.Config {
	other, scale := *cfg, float64(periods)/float64(cfg.Reviews)
	other.Reviews, other.Stock, other.Horizon = periods, int(math.Round(scale*float64(cfg.Stock))), scale*cfg.Horizon
	return &other
}

// unlimited is a life in which nothing but the price of a period matters to it.
func unlimited(cfg *monopoly.Config) (life, error) {
	p, err := monopoly.NewProcess(cfg)
	if err != nil {
		return life{}, err
	}
	if p.States() > 1 || p.Phases() > 1 || len(cfg.Season) > 1 {
		return life{}, &field.Error{Key: "regret", Found: "a problem whose periods differ or hang together", Expected: "a stock, or demand that the price of the period alone decides"}
	}
	l := life{process: p, best: math.Inf(-1)}
	worth := make([]float64, len(p.Spec().Offers))
	for a := range worth {
		var few [64]monopoly.Outcome
		worth[a], _ = p.Row(0, monopoly.State{}, a, few[:0])
		l.best = max(l.best, worth[a])
	}
	l.worth = func(action int) float64 { return worth[action] }
	return l, nil
}

// grown tells how regret grew.
func (st *problemStudy) grown(agent string, lives []life, paths [][]float64) error {
	times := st.scenario.Regret.Times
	g, err := stats.NewGrowth(times, paths, 0.95)
	if err != nil {
		return &field.Error{Key: "regret.times", Found: err.Error(), Expected: "times at which " + agent + " has given something up"}
	}
	for k, t := range times {
		best := benchmark(lives, k, t)
		at := ":" + agent + "@" + strconv.Itoa(t)
		st.all = append(st.all,
			Measure{Name: "lifetime-regret" + at, Unit: "$", Value: g.Mean[k], Error: g.Error[k], N: len(paths)},
			Measure{Name: "lifetime-earned" + at, Value: 1 - g.Mean[k]/best, Error: g.Error[k] / best, N: len(paths)})
	}
	st.all = append(st.all,
		Measure{Name: "lifetime-exponent:" + agent, Value: g.Exponent.Value, Error: g.Exponent.StandardError, N: len(paths)},
		Measure{Name: "lifetime-log-slope:" + agent, Unit: "$", Value: g.Log.Value, Error: g.Log.StandardError, N: len(paths)})
	return nil
}

// benchmark is what the k-th time is held against.
func benchmark(lives []life, k, periods int) float64 {
	return lives[min(k, len(lives)-1)].best * float64(periods)
}

// ahead tells by how much the first learner earns more than another, run by run against the same customers.
func (st *problemStudy) ahead(agent string, lives []life, first, paths [][]float64) {
	for k, t := range st.scenario.Regret.Times {
		by := make([]float64, len(paths))
		for run := range paths {
			by[run] = (paths[run][k] - first[run][k]) / benchmark(lives, k, t)
		}
		st.over("lifetime-ahead:"+agent+"@"+strconv.Itoa(t), "", by)
	}
}
