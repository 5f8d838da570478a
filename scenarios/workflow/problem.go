package workflow

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/souk-sim/souk/market/monopoly"
	"github.com/souk-sim/souk/market/optimum"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/policies/rules"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// problemMeasures lists what is measured in a pricing problem. Values are of its own criterion, from the opening on.
func problemMeasures() []MeasureKind {
	return []MeasureKind{
		{"optimum", "$", "value of the best policy, by dynamic programming on the ladder and its reviews; where the problem is too large to be solved there is none, nor what is held against it"},
		{"best-fixed", "$", "exact value of the best fixed price of the ladder"},
		{"best-fixed-price", "$", "that price"},
		{"random", "$", "exact value of a uniform choice among the prices allowed, at each review"},
		{"fluid-bound", "$", "value of the deterministic linear programme, which no policy exceeds; episodic problems without discount and reference price"},
		{"fluid-rate", "$", "fluid-bound a period"},
		{"fluid-share:PRICE", "", "share of the time that it gives a price"},
		{"fluid", "$", "exact value of the policy that plays the programme's shares of prices"},
		{"continuous-optimum", "$", "value of the best prices at any time, bound to no ladder, by dynamic programming in continuous time; Poisson sales of a stock by a deadline and nothing else"},
		{"ladder", "", "optimum as a share of it: what ladder and reviews leave"},
		{"closed-form", "$", "the same of exponential demand by its formula, J* = ln Σ m^i/i! (Gallego & van Ryzin 1994), likewise below"},
		{"continuous-bound", "$", "deterministic bound of the continuum of prices"},
		{"continuous-fixed", "$", "value of its best fixed price"},
		{"continuous-fixed-price", "$", "that price"},
		{"simulated:POLICY", "$", "mean of optimum, best-fixed or fluid over evaluate.paths episodes; episodic problems. Of rules of evaluate.rules too that go by what states do not tell"},
		{"simulated-error:POLICY", "$", "that less the exact value, where there is one"},
		{"value:AGENT", "$", "exact value of what was learned, frozen and greedy; mean over train.seeds, and so below; of rules of evaluate.rules too"},
		{"of-optimum:AGENT", "", "as a share of the optimum; of random, best-fixed and fluid too"},
		{"of-optimum:AGENT@EPISODES", "", "of what was learned in so many episodes, frozen and greedy: the learning curve; a training that was stopped counts on with what it had learned"},
		{"worst-of-optimum:AGENT", "", "least of the seeds"},
		{"gap-closed:AGENT", "", "share of the way from best-fixed to optimum; none where these are the same; of fluid too"},
		{"earned:AGENT", "$", "reward an episode while it learned"},
		{"regret:AGENT", "$", "given up while it learned, expected over what chance does after each choice: the optimum's value less that of each choice followed by the optimum; where the problem is too large, fluid-bound less rewards"},
		{"regret:AGENT@PERIODS", "$", "in the first so many periods of the training: all, a half, a quarter, … of them"},
		{"lifetime-regret:AGENT@PERIODS", "$", "of [regret]: given up by a learner in its first so many periods, or in a season of so many"},
		{"lifetime-earned:AGENT@PERIODS", "", "what it earned as a share of the benchmark"},
		{"lifetime-ahead:AGENT@PERIODS", "", "by how much the first of [[agents]] earned more than this one, as a share of the benchmark, against the same customers"},
		{"lifetime-exponent:AGENT", "", "slope of log mean regret on log time, standard error by the jackknife: ½ of √T, towards 0 of log T"},
		{"lifetime-log-slope:AGENT", "$", "of mean regret on log time"},
		{"regret-slope:AGENT", "", "of log mean regret on log time in the last 15/16 of the training: ½ where regret grows like √T, 0 like a constant"},
	}
}

// problemStudy is a pricing problem that is measured.
type problemStudy struct {
	scenario *scenarios.Scenario
	process  *monopoly.Process
	solved   *optimum.Monopoly // nil where it is too large
	rate     float64           // $ a period of the benchmark, the fluid, where it is too large; else 0: the optimum is
	workers  int
	all      []Measure
	best     *Pick   // of what was learned; nil where there is nothing
	mean     float64 // value of its learner, mean over seeds
}

// measureProblem solves a pricing problem, plays policies and learners in it, and holds them against the optimum.
func measureProblem(ctx context.Context, s *scenarios.Scenario, workers int, watch func(done, total int)) (*found, error) {
	process, err := monopoly.NewProcess(s.ProblemConfig())
	if err != nil {
		return nil, err
	}
	st := &problemStudy{scenario: s, process: process, workers: workers}
	if s.Regret == nil { // whose benchmarks are others
		st.solved, err = optimum.SolveMonopoly(process, workers)
	}
	if bad, ok := errors.AsType[*field.Error](err); ok && bad.Key == "problem" {
		st.solved, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	learn := st.learn
	if s.Regret != nil {
		learn = st.live
	}
	for _, stage := range []func(context.Context) error{st.benchmarks, func(ctx context.Context) error { return learn(ctx, watch) }} {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := stage(ctx); err != nil {
			return nil, err
		}
	}
	return &found{st.all, st.best}, ctx.Err()
}

func (st *problemStudy) tell(name, unit string, value float64) {
	if !math.IsNaN(value) {
		st.all = append(st.all, Measure{Name: name, Unit: unit, Value: value})
	}
}

// benchmarks are what no learner is needed for.
func (st *problemStudy) benchmarks(ctx context.Context) error {
	offers := st.process.Spec().Offers
	exact := map[string]policies.Policy{}
	if m := st.solved; m != nil {
		st.tell("optimum", "$", m.Value)
		st.tell("best-fixed", "$", m.Fixed[m.Best])
		st.tell("best-fixed-price", "$", offers[m.Best].Price)
		random, err := (&rules.Random{}).Policy(st.process.Spec())
		if err != nil {
			return err
		}
		value, err := m.Evaluate(random)
		if err != nil {
			return err
		}
		st.tell("random", "$", value)
		st.tell("of-optimum:random", "", m.Score(value).OfOptimum)
		st.tell("of-optimum:best-fixed", "", m.Score(m.Fixed[m.Best]).OfOptimum)
		exact["optimum"], exact["best-fixed"] = m.Policy(), m.FixedPolicy()
	}
	if err := st.rules(ctx); err != nil {
		return err
	}
	if plan, fluid, err := optimum.FluidMonopoly(st.process); err == nil {
		st.tell("fluid-bound", "$", plan.Value)
		st.shares(plan)
		exact["fluid"] = fluid
		if st.solved == nil {
			st.rate = plan.Value / float64(st.process.Periods())
		}
	} else if _, none := errors.AsType[*field.Error](err); !none {
		return err
	}
	if fluid := exact["fluid"]; fluid != nil && st.solved != nil {
		value, err := st.solved.Evaluate(fluid)
		if err != nil {
			return err
		}
		st.tell("fluid", "$", value)
		st.tell("of-optimum:fluid", "", st.solved.Score(value).OfOptimum)
		st.tell("gap-closed:fluid", "", st.solved.Score(value).GapClosed)
	}
	if value, err := optimum.Continuous(st.process.Config()); err == nil {
		st.tell("continuous-optimum", "$", value)
		if st.solved != nil {
			st.tell("ladder", "", st.solved.Value/value)
		}
	}
	if sale, err := optimum.NewExponentialSale(st.process.Config()); err == nil {
		price, fixed := sale.Fixed()
		st.tell("closed-form", "$", sale.Value())
		st.tell("continuous-bound", "$", sale.Bound())
		st.tell("continuous-fixed", "$", fixed)
		st.tell("continuous-fixed-price", "$", price)
	}
	if st.process.Endless() || st.scenario.Regret != nil {
		return nil
	}
	for _, name := range []string{"optimum", "best-fixed", "fluid"} {
		if policy := exact[name]; policy != nil {
			if err := st.simulate(ctx, name, policy); err != nil {
				return err
			}
			if err := st.check(policy); err != nil {
				return err
			}
		}
	}
	return nil
}

// rules are held against the optimum like what is learned; by their mean where they go by what states do not tell.
func (st *problemStudy) rules(ctx context.Context) error {
	for i := range st.scenario.Evaluate.Rules {
		r := &st.scenario.Evaluate.Rules[i]
		policy, err := r.Params.Policy(st.process.Spec())
		if err != nil {
			return err
		}
		if st.solved == nil {
			continue
		}
		if st.untold(r.Params) {
			if err := st.simulate(ctx, r.Name, policy); err != nil {
				return err
			}
			continue
		}
		value, err := st.solved.Evaluate(policy)
		if err != nil {
			return err
		}
		score := st.solved.Score(value)
		st.tell("value:"+r.Name, "$", value)
		st.tell("of-optimum:"+r.Name, "", score.OfOptimum)
		st.tell("gap-closed:"+r.Name, "", score.GapClosed)
	}
	return nil
}

// untold is whether a rule goes by a feature that states do not tell, so that it has no exact value.
func (st *problemStudy) untold(r rules.Rule) bool {
	spec := st.process.Spec()
	for i := range spec.Features {
		if !st.process.Tells(i) && rules.Needs(r, spec, i) {
			return true
		}
	}
	return false
}

// pathsAtOnce are played by one goroutine; sums run in their order.
const pathsAtOnce = 1 << 10

// simulate plays a policy on the evaluation's episodes.
func (st *problemStudy) simulate(ctx context.Context, name string, policy policies.Policy) error {
	paths := st.scenario.Evaluate.Paths
	blocks := (paths + pathsAtOnce - 1) / pathsAtOnce
	sums, squares := make([]float64, blocks), make([]float64, blocks)
	master := evaluate.MasterSeed(st.scenario.Seed)
	var next atomic.Int64
	var group sync.WaitGroup
	for range max(1, min(st.workers, blocks)) {
		group.Go(func() {
			world := st.process.Market(master)
			for b := int(next.Add(1)) - 1; b < blocks && ctx.Err() == nil; b = int(next.Add(1)) - 1 {
				for path := b * pathsAtOnce; path < min(paths, (b+1)*pathsAtOnce); path++ {
					x := play(world, policy, master, uint64(path))
					sums[b] += x
					squares[b] += float64(x * x)
				}
			}
		})
	}
	group.Wait()
	sum, square := 0.0, 0.0
	for b := range sums {
		sum, square = sum+sums[b], square+squares[b]
	}
	n := float64(paths)
	mean := sum / n
	m := Measure{Name: "simulated:" + name, Unit: "$", Value: mean, Error: math.Sqrt(max(square/n-mean*mean, 0) / (n - 1)), N: paths}
	st.all = append(st.all, m)
	return ctx.Err()
}

// check holds the latest simulated mean, of a policy, against its exact value.
func (st *problemStudy) check(policy policies.Policy) error {
	if st.solved == nil {
		return nil
	}
	value, err := st.solved.Evaluate(policy)
	if err != nil {
		return err
	}
	m := st.all[len(st.all)-1]
	m.Name, m.Value = strings.Replace(m.Name, "simulated:", "simulated-error:", 1), m.Value-value
	st.all = append(st.all, m)
	return nil
}

// play is the discounted sum of an episode's rewards under a policy.
func play(world *monopoly.Market, policy policies.Policy, master, episode uint64) (sum float64) {
	var step env.TimeStep
	weight := 1.0
	lots := rng.New(master, episode).Family("brain").At()
	for world.Reset(episode); world.Next(&step); {
		sum += weight * step.Reward
		if step.Stage != env.First {
			weight *= step.Discount
		}
		if step.Stage != env.Last {
			world.Act(policy.Decide(step.Observation, lots.Float64()).Action)
		}
	}
	return sum
}

// encoder is what tabular learners tell states by.
func (st *problemStudy) encoder() (policies.Encoder, error) {
	if len(st.scenario.Problem.State) == 0 {
		return st.process.Encoder(), nil
	}
	return binned(st.scenario.Problem.State, st.process.Spec(), "problem.state.")
}
