// Package evaluate compares policies on the very same customers: a benchmark under common random numbers, with
// intervals over training seeds and evaluation paths, and the tuning of the rules that are worth comparing with.
//
// A path is an episode. A world under a master seed draws everything an episode brings from (seed, episode), so path 17 holds the
// same arrivals, tastes and shocks whoever plays it; what policies draw comes from family "brain" of rng.New(Master,
// path) at (player, turn), which no world may use. Each arm of an experiment draws what its seller would: with one policy in all
// arms it is as if there were none.
package evaluate

import (
	"context"
	"fmt"
	"sync"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// World is an environment that keeps accounts.
type World interface {
	env.Environment
	// Account is the running episode so far; borrowed until the next call of Next or Reset.
	Account() *results.Metrics
}

// Arena is where policies play for one player against fixed others.
type Arena struct {
	World   func() (World, error) // makes a world under Master, for one worker
	Master  uint64                // MasterSeed for evaluation; for tuning, a training seed
	Learner int                   // the player whom policies play for
	Others  []policies.Policy     // by player; that of Learner is not used
	Score   func(account *results.Metrics) float64
	Rewards bool // count what every player is rewarded with
	Workers int
	// Progress is called after each episode, by one goroutine at a time; nil for none.
	Progress func(done, total int)
}

// MasterSeed is the master seed of evaluation worlds of a scenario; no training seed gives the same.
func MasterSeed(scenario int64) uint64 {
	stream := rng.New(uint64(scenario), 0).Family("evaluate").At()
	return stream.Uint64()
}

// episode is what a policy did on a path.
type episode struct {
	results.Metrics
	score   float64
	rewards []float64 // by player, a period; nil where nobody asks
}

// game is one policy to play on one path, or one bound to compute there.
type game struct {
	name   string
	policy policies.Policy
	others []policies.Policy               // in place of the arena's, where there are
	bound  func(path int) (float64, error) // instead of policy
	path   int
}

// play plays all games, up to Workers at once. Each result stands where its game stands, so they do not depend on how many
// workers there are. A cancelled context stops between episodes.
func (a *Arena) play(ctx context.Context, games []game) ([]episode, error) {
	if a.Score == nil || a.World == nil {
		return nil, field.New("arena", "no world or score", "both")
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	played := make([]episode, len(games))
	next := make(chan int)
	var group sync.WaitGroup
	var lock sync.Mutex
	done := 0
	for range max(1, min(a.Workers, len(games))) {
		group.Go(func() {
			player, err := a.player()
			for i := range next {
				if err == nil {
					err = player.play(&games[i], &played[i])
				}
				if err != nil {
					cancel(err)
					continue
				}
				lock.Lock()
				if done++; a.Progress != nil {
					a.Progress(done, len(games))
				}
				lock.Unlock()
			}
		})
	}
	for i := range games {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	group.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return played, nil
}

// player is one worker's world and what it needs to play there.
type player struct {
	arena *Arena
	world World
	seats []uint64 // by player: itself, or of an arm of an experiment the seller
	turns []uint64 // taken by each player
	step  env.TimeStep
}

func (a *Arena) player() (*player, error) {
	world, err := a.World()
	if err != nil {
		return nil, err
	}
	n := world.Players()
	p := &player{arena: a, world: world, seats: make([]uint64, n), turns: make([]uint64, n)}
	armed, ok := world.(interface {
		Seat(player int) (seller, arm int)
	})
	for i := range p.seats {
		seller := i
		if ok {
			seller, _ = armed.Seat(i)
		}
		p.seats[i] = uint64(seller)
	}
	return p, p.seat(a.Others)
}

// seat checks that there is somebody in every place.
func (p *player) seat(others []policies.Policy) error {
	learner, n := p.arena.Learner, len(p.turns)
	if learner < 0 || learner >= n || len(others) != n {
		return field.New("others", len(others), fmt.Sprintf("one policy for each of %d players, the learner among them", n))
	}
	for i, o := range others {
		if o == nil && i != learner {
			return field.New(fmt.Sprintf("others[%d]", i), "none", "a policy")
		}
	}
	return nil
}

// broken is why a world ended an episode before its time; nil where it did not, or where it cannot tell.
func broken(w World) error {
	if teller, ok := w.(interface{ Err() error }); ok {
		return teller.Err()
	}
	return nil
}

// Play plays a policy on one path in a world of its own, as a Contest does, and gives the account.
func (a *Arena) Play(name string, policy policies.Policy, path int) (results.Metrics, error) {
	p, err := a.player()
	if err != nil {
		return results.Metrics{}, err
	}
	var out episode
	err = p.play(&game{name: name, policy: policy, path: path}, &out)
	return out.Metrics, err
}

func (p *player) play(g *game, out *episode) (err error) {
	if g.bound != nil {
		out.score, err = g.bound(g.path)
		return err
	}
	others := p.arena.Others
	if g.others != nil {
		others = g.others
		if err := p.seat(others); err != nil {
			return err
		}
	}
	if p.arena.Rewards {
		out.rewards = make([]float64, len(p.turns))
	}
	brain := rng.New(p.arena.Master, uint64(g.path)).Family("brain")
	clear(p.turns)
	p.world.Reset(uint64(g.path))
	for p.world.Next(&p.step) {
		if out.rewards != nil && p.step.Stage != env.First {
			out.rewards[p.step.Player] += p.step.Reward
		}
		if p.step.Stage == env.Last {
			continue
		}
		who, policy := p.step.Player, g.policy
		if who != p.arena.Learner {
			policy = others[who]
		}
		u := brain.At(p.seats[who], p.turns[who])
		p.turns[who]++
		action := policy.Decide(p.step.Observation, u.Float64()).Action
		if action < 0 || action >= len(p.step.Mask) || !p.step.Mask[action] {
			return fmt.Errorf("%s: path %d, turn %d: player %d makes offer %d, which its ladder or mask does not hold",
				g.name, g.path, p.turns[who], who, action)
		}
		p.world.Act(action)
	}
	if err := broken(p.world); err != nil {
		return fmt.Errorf("%s: path %d: %w", g.name, g.path, err)
	}
	out.Metrics = *p.world.Account()
	out.score = p.arena.Score(&out.Metrics)
	for i := range out.rewards {
		out.rewards[i] /= float64(max(out.Periods, 1))
	}
	return nil
}
