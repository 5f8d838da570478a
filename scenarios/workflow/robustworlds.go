package workflow

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"

	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/policies/rules"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/sim/env"
)

// perturbable is a ground of which other markets can be made without fitting anything again. The error is a *field.Error where the perturbation does not go with
// the scenario: the market is then left out, and the reader told why.
type perturbable interface {
	// under gives the worlds that agents are trained in and policies are compared in, and how they differ from the scenario's own.
	under(ctx context.Context, p scenarios.Perturbation) (school, full world, doc string, err error)
	// optimal is the policy that is the best known for a world of the ground; nil where none is known.
	optimal(ctx context.Context, full world, workers int) (policies.Policy, error)
}

var (
	_ perturbable = (*chain)(nil)
	_ perturbable = (*bazaar)(nil)
	_ perturbable = (*problemGround)(nil)
)

const (
	rivalName = "new-rival"
	undercut  = 0.9 // what it asks, as a share of the price of what it copies
	drawsHeld = 20  // models of a market whose coefficients are drawn
)

// moreOrLess is a percentage in words.
func moreOrLess(percent float64) string {
	if percent < 0 {
		return fmt.Sprintf("%g%% less", -percent)
	}
	return fmt.Sprintf("%g%% more", percent)
}

func elasticityDoc(p scenarios.Perturbation, at string) string {
	return fmt.Sprintf("shoppers answer prices %s; at %s they buy as before", moreOrLess(p.Percent), at)
}

func shockDoc(p scenarios.Perturbation, endless bool) string {
	come := strings.Replace(moreOrLess(p.Percent), "less", "fewer", 1) + " shoppers come"
	if endless {
		return come
	}
	return "from the middle of the episode on " + come
}

// copied is what a rival asks who copies a product of this price, in whole cents.
func copied(price float64) float64 { return max(0.01, math.Round(100*undercut*price)/100) }

// mixture is a world in which each episode is of the next of several worlds of the same players, over and over.
type mixture struct{ worlds []world }

func (m *mixture) seats() *Seats { return m.worlds[0].seats() }

func (m *mixture) score(a *results.Metrics) float64 { return m.worlds[0].score(a) }

func (m *mixture) share() float64 { return m.worlds[0].share() }

func (m *mixture) quick() world {
	quick := &mixture{}
	for _, w := range m.worlds {
		quick.worlds = append(quick.worlds, w.quick())
	}
	return quick
}

func (m *mixture) open(master uint64) (train.World, error) {
	t := &takingTurns{}
	for _, w := range m.worlds {
		one, err := w.open(master)
		if err != nil {
			return nil, err
		}
		t.all = append(t.all, one)
	}
	t.World = t.all[0]
	return t, nil
}

// takingTurns are the opened worlds of a mixture. The features and offers of all are those of the first.
type takingTurns struct {
	train.World
	all []train.World
}

// Spec is that of the first.
func (t *takingTurns) Spec(player int) *env.Spec { return t.all[0].Spec(player) }

// Reset opens an episode in the world whose turn it is.
func (t *takingTurns) Reset(episode uint64) {
	t.World = t.all[episode%uint64(len(t.all))]
	t.World.Reset(episode)
}

// Err is why the world of this episode ended before its time.
func (t *takingTurns) Err() error {
	if teller, ok := t.World.(interface{ Err() error }); ok {
		return teller.Err()
	}
	return nil
}

// translated is a policy in a market that tells its features in another order, or others beside: it sees what it saw where it was made, and what this market does
// not tell is missing.
func translated(p policies.Policy, made, here *env.Spec) policies.Policy {
	t := &translation{Policy: p, from: make([]int, len(made.Features))}
	same := true
	for i, f := range made.Features {
		t.from[i] = here.Feature(f.Name)
		same = same && t.from[i] == i
	}
	if same && len(made.Features) == len(here.Features) {
		return p
	}
	t.room.New = func() any { return &seen{make([]float64, len(t.from))} }
	return t
}

type translation struct {
	policies.Policy
	from []int // by feature of the policy's: where it stands here, −1 where it does not
	room sync.Pool
}

type seen struct{ values []float64 }

// Decide implements policies.Policy.
func (t *translation) Decide(observation []float64, u float64) policies.Decision {
	s := t.room.Get().(*seen)
	for i, at := range t.from {
		if s.values[i] = math.NaN(); at >= 0 {
			s.values[i] = observation[at]
		}
	}
	d := t.Policy.Decide(s.values, u)
	t.room.Put(s)
	return d
}

// bestFixedIn finds the offer of the learner's that is best made for ever in a world.
func bestFixedIn(ctx context.Context, s *scenarios.Scenario, w world, workers int) (policies.Policy, error) {
	arena := arenaOf(w.quick(), tuneMaster(s), workers)
	spec := w.seats().Spec
	all := make([]policies.Policy, len(spec.Offers))
	for a, o := range spec.Offers {
		var err error
		if all[a], err = (&rules.Fixed{Price: o.Price, Promotion: o.Promotion}).Policy(spec); err != nil {
			return nil, err
		}
	}
	tuned, err := arena.Tune(ctx, all, evaluate.Budget{First: min(firstPaths, s.Evaluate.Paths), Paths: min(tunePaths, s.Evaluate.Paths)})
	if err != nil {
		return nil, err
	}
	return all[tuned.Index], nil
}

// drawnWorlds makes the mixture of a posterior of worlds that are made of numbered draws.
func drawnWorlds(of func(draw int) (world, error)) (*mixture, error) {
	m := &mixture{}
	for k := range drawsHeld {
		w, err := of(k)
		if err != nil {
			return nil, fmt.Errorf("draw %d: %w", k, err)
		}
		m.worlds = append(m.worlds, w)
	}
	return m, nil
}
