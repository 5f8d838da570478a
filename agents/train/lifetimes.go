package train

import (
	"context"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// Lifetimes are many learners of a kind, each of which lives through one episode of a world of its own, learning while it earns: what bandits and other online
// learners are judged by. Run i plays the world's episode i, under the loop's streams (see the package's comment), so that kinds of learners meet the same
// customers.
type Lifetimes struct {
	World   func() (env.Environment, error) // of one player; each worker makes its own
	Params  agents.Params
	Encoder policies.Encoder
	Master  uint64
	Runs    int
	Workers int
	Times   []int // periods after which a run is looked at, ascending; an episode that ends earlier stays as it ended
	// Worth is what an offer is expected to earn in a period, in place of what it happened to: it takes the customers' chance out of the comparison
	// where offers are all that matters. nil for the rewards themselves.
	Worth func(action int) float64
}

// Earned returns [run][time] the sums of rewards, or of what offers are worth. Results do not depend on the workers.
func (l *Lifetimes) Earned(ctx context.Context, done func(runs int)) ([][]float64, error) {
	if l.Runs < 1 {
		return nil, field.New("runs", l.Runs, "at least 1")
	}
	all := make([][]float64, 0, l.Runs)
	worlds := make(chan env.Environment, max(1, l.Workers)) // that nobody plays in
	err := inOrder(ctx, l.Runs, l.Workers, func(_ context.Context, i int) ([]float64, error) {
		var world env.Environment
		select {
		case world = <-worlds:
		default:
			var err error
			if world, err = l.World(); err != nil {
				return nil, err
			}
			if world.Players() != 1 {
				return nil, field.New("players", world.Players(), "one: the learner alone")
			}
		}
		defer func() { worlds <- world }()
		return l.live(world, uint64(i))
	}, func(_ int, earned []float64) error {
		if all = append(all, earned); done != nil {
			done(len(all))
		}
		return nil
	})
	return all, err
}

// live is one run.
func (l *Lifetimes) live(world env.Environment, run uint64) ([]float64, error) {
	spec := world.Spec(0)
	agent, err := l.Params.New(agents.Task{Spec: spec, Encoder: l.Encoder})
	if err != nil {
		return nil, err
	}
	state := func() *agents.State {
		return &agents.State{Observation: make([]float64, len(spec.Features)), Mask: make([]bool, len(spec.Offers))}
	}
	earned := make([]float64, len(l.Times))
	horizon := 0
	if len(l.Times) > 0 {
		horizon = l.Times[len(l.Times)-1]
	}
	sum, at, action := 0.0, 0, 0
	now, before := state(), state()
	explore := rng.New(l.Master, run).Family("exploration").At()
	world.Reset(run)
	var step env.TimeStep
	for turn := 0; world.Next(&step); turn++ {
		now, before = before, now
		copy(now.Observation, step.Observation)
		copy(now.Mask, step.Mask)
		now.Index = l.Encoder.Encode(now.Observation)
		if step.Stage != env.First {
			agent.Learn(agents.Transition{State: before, Action: action, Reward: step.Reward, Discount: step.Discount, Next: now,
				Terminal: step.Terminal, Last: step.Stage == env.Last})
			if l.Worth != nil {
				sum += l.Worth(action)
			} else {
				sum += step.Reward
			}
			for ; at < len(l.Times) && l.Times[at] <= turn; at++ {
				earned[at] = sum
			}
		}
		if step.Stage == env.Last || at == len(l.Times) {
			break
		}
		exploration := l.Params.Explore(agents.Moment{Progress: min(1, float64(turn)/float64(max(horizon, 1))), Steps: uint64(turn)})
		action, _ = agent.Act(now, exploration, &explore)
		world.Act(action)
	}
	for ; at < len(l.Times); at++ {
		earned[at] = sum
	}
	return earned, nil
}
