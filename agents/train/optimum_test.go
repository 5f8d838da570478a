package train_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/market/monopoly"
	"github.com/souk-sim/souk/market/optimum"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/results"
)

// tableLearners are those of one value for each state and offer.
var tableLearners = []string{"q-learning", "sarsa", "expected-sarsa", "double-q-learning", "sarsa-lambda", "q-lambda", "n-step-sarsa", "tree-backup", "monte-carlo",
	"r-learning", "dyna-q", "prioritised-sweeping"}

// standard gives the exact value of a policy on a problem by the criterion that a learner optimises, and the highest there is. Learners who discount optimise
// the sum over an episode that ends, and the discounted sum of a problem without end; R-learning the average reward of a turn, which for episodes that end
// is their reward by their length.
func standard(t *testing.T, name string, cfg *monopoly.Config) (p *monopoly.Process, best float64, value func(policies.Policy) float64) {
	t.Helper()
	own := *cfg
	switch {
	case own.Criterion == "episodic" && name == "r-learning":
		p, err := monopoly.NewProcess(&own)
		if err != nil {
			t.Fatal(err)
		}
		r := &renewal{p}
		return p, r.best(), func(policy policies.Policy) float64 { return r.value(policy) }
	case own.Criterion == "episodic":
	case name == "r-learning":
		own.Criterion = "average"
	default:
		own.Criterion = "discounted"
	}
	p, err := monopoly.NewProcess(&own)
	if err != nil {
		t.Fatal(err)
	}
	solved, err := optimum.SolveMonopoly(p, 1)
	if err != nil {
		t.Fatal(err)
	}
	return p, solved.Value, func(policy policies.Policy) float64 {
		v, err := solved.Evaluate(policy)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// renewal values an episodic problem by the reward of a turn, episode after episode.
type renewal struct{ p *monopoly.Process }

// best is the highest, by Dinkelbach's (1967) method: the best policy where each turn costs the average so far has a better one, until it does not.
func (r *renewal) best() float64 {
	rate := 0.0
	for {
		reward, turns := r.run(rate, nil)
		if next := reward / turns; next <= rate+1e-12 {
			return rate
		} else {
			rate = next
		}
	}
}

func (r *renewal) value(policy policies.Policy) float64 {
	reward, turns := r.run(0, policy)
	return reward / turns
}

// run is the expected reward and length of an episode, under a policy or, without one, under the best where a turn costs so much.
func (r *renewal) run(cost float64, policy policies.Policy) (reward, turns float64) {
	p := r.p
	n := p.States()
	rewards, lengths := make([]float64, n), make([]float64, n)
	for s := range n {
		rewards[s] = p.Salvage(p.State(s))
	}
	seen := make([]float64, len(p.Spec().Features))
	var row []monopoly.Outcome
	for period := p.Periods() - 1; period >= 0; period-- {
		nextRewards, nextLengths := slices.Clone(rewards), slices.Clone(lengths)
		for i := range n {
			s := p.State(i)
			if p.Over(s) {
				rewards[i], lengths[i] = p.Salvage(s), 0
				continue
			}
			most := math.Inf(-1)
			for rung, ok := range p.Allowed(s) {
				if policy != nil {
					p.Observe(period, s, seen)
					ok = policy.Decide(seen, 0).Action == rung
				}
				if !ok {
					continue
				}
				var earned float64
				earned, row = p.Row(period, s, rung, row[:0])
				length := 1.0
				for _, o := range row {
					earned += o.Probability * nextRewards[o.Next]
					length += o.Probability * nextLengths[o.Next]
				}
				if net := earned - cost*length; net > most {
					most, rewards[i], lengths[i] = net, earned, length
				}
			}
		}
	}
	for _, o := range p.Opening() {
		reward += o.Probability * rewards[o.Next]
		turns += o.Probability * lengths[o.Next]
	}
	return reward, turns
}

// shares trains a learner, by its defaults, under several seeds on a problem, and gives the exact value of each frozen policy as a share of the optimum.
func shares(t *testing.T, name string, cfg *monopoly.Config, seeds, turns int) []float64 {
	t.Helper()
	p, best, value := standard(t, name, cfg)
	var params agents.Params
	for _, k := range agents.Kinds() {
		if k.Name == name {
			params = k.New()
		}
	}
	var jobs []train.Job
	for seed := range int64(seeds) {
		master := train.MasterSeed(1, seed)
		jobs = append(jobs, train.Job{
			Key: results.Key{Agent: name, Seed: seed}, Params: params, Master: master, Episodes: turns / p.Periods(), Encoder: p.Encoder(),
			World: func() (train.World, error) { return p.Market(master), nil }, Others: make([]policies.Policy, 1),
		})
	}
	outcomes, err := train.Run(context.Background(), jobs, 2)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]float64, seeds)
	for i, o := range outcomes {
		all[i] = value(o.Policy) / best
	}
	return all
}

// shareTable trains all learners on all problems and logs the mean and the least share of the optimum, in per cent; a mean below least fails.
func shareTable(t *testing.T, seeds int, turns func(learner string, cfg *monopoly.Config) int, least float64) {
	t.Helper()
	line := fmt.Sprintf("%-22s", "")
	for _, problem := range monopoly.Problems() {
		line += fmt.Sprintf("%-16s", problem.Name)
	}
	t.Log(line)
	for _, name := range tableLearners {
		line := fmt.Sprintf("%-22s", name)
		for _, problem := range monopoly.Problems() {
			all := shares(t, name, &problem.Config, seeds, turns(name, &problem.Config))
			mean := 0.0
			for _, share := range all {
				mean += share / float64(len(all))
			}
			line += fmt.Sprintf("%6.2f ≥%6.2f  ", 100*mean, 100*slices.Min(all))
			if mean < least {
				t.Errorf("%s on %s: %.4f of the optimum", name, problem.Name, mean)
			}
		}
		t.Log(line)
	}
}

// planner tells a learner with a model, which needs fewer turns for the same values.
func planner(name string) bool { return name == "dyna-q" || name == "prioritised-sweeping" }

// Each learner of a table, by its defaults, on each of the six problems, frozen and greedy, its value computed on the process and not simulated. This is the quick
// version: 50,000 turns (20,000 with a model), of which 2,000 are the warm-up, are too few for the last per cents; -tags long plays enough.
func TestTabularLearnersComeNearTheOptimum(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: millions of turns; go test ./agents/train plays them")
	}
	shareTable(t, 2, func(name string, _ *monopoly.Config) int {
		if planner(name) {
			return 20000
		}
		return 50000
	}, 0.92)
}
