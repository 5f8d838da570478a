package envtest

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"

	"github.com/souk-sim/souk/sim/env"
)

// referee watches one episode turn by turn.
type referee struct {
	specs    []env.Spec  // as they were at the start
	stage    []env.Stage // of each player's last turn
	begun    []bool
	discount []float64 // γ as the player's first full turn implied it; NaN before
	mask     []bool
}

func newReferee(e env.Environment) *referee {
	n := e.Players()
	r := &referee{stage: make([]env.Stage, n), begun: make([]bool, n), discount: make([]float64, n)}
	for p := range n {
		s := *e.Spec(p)
		s.Features, s.Offers, s.Limits = slices.Clone(s.Features), slices.Clone(s.Offers), slices.Clone(s.Limits)
		r.specs = append(r.specs, s)
		r.discount[p] = math.NaN()
	}
	return r
}

func (r *referee) check(e env.Environment, step *env.TimeStep) error {
	p := step.Player
	if p < 0 || p >= len(r.specs) {
		return fmt.Errorf("there are %d players", len(r.specs))
	}
	if !reflect.DeepEqual(*e.Spec(p), r.specs[p]) {
		return errors.New("its Spec has changed during the episode")
	}
	if err := r.checkStage(step); err != nil {
		return err
	}
	if n := len(r.specs[p].Features); len(step.Observation) != n {
		return fmt.Errorf("an observation of %d numbers for %d features", len(step.Observation), n)
	}
	if slices.ContainsFunc(step.Observation, func(x float64) bool { return math.IsInf(x, 0) }) {
		return fmt.Errorf("an infinite observation: %v", step.Observation)
	}
	if !step.Terminal { // what may be offered in the last state is part of its worth, unless it has no future
		if err := r.checkMask(step); err != nil {
			return err
		}
	}
	if step.Stage == env.First {
		return nil
	}
	if !finite(step.Reward) {
		return fmt.Errorf("a reward of %v", step.Reward)
	}
	return r.checkDiscount(step)
}

// checkStage keeps First, Mid…, Last.
func (r *referee) checkStage(step *env.TimeStep) error {
	p := step.Player
	switch {
	case step.Stage > env.Last:
		return fmt.Errorf("stage %d", step.Stage)
	case r.begun[p] && r.stage[p] == env.Last:
		return errors.New("a turn after its Last")
	case r.begun[p] && step.Stage == env.First:
		return errors.New("a second First")
	case !r.begun[p] && step.Stage != env.First:
		return errors.New("its first turn is not First")
	case step.Terminal && step.Stage != env.Last:
		return errors.New("a Terminal turn that is not Last")
	}
	r.begun[p], r.stage[p] = true, step.Stage
	return nil
}

func (r *referee) checkMask(step *env.TimeStep) error {
	spec := &r.specs[step.Player]
	if len(step.Mask) != len(spec.Offers) {
		return fmt.Errorf("a mask of %d for %d offers", len(step.Mask), len(spec.Offers))
	}
	if !slices.Contains(step.Mask, true) {
		return errors.New("the mask forbids everything")
	}
	if len(spec.Limits) == 0 {
		return nil
	}
	r.mask = slices.Grow(r.mask[:0], len(spec.Offers))[:len(spec.Offers)]
	if spec.Allow(step.Observation, r.mask); !slices.Equal(r.mask, step.Mask) {
		return fmt.Errorf("the mask is %v, but the Spec's limits allow %v", step.Mask, r.mask)
	}
	return nil
}

// checkDiscount keeps Discount = γ^Elapsed with one γ in [0, 1] for each player.
func (r *referee) checkDiscount(step *env.TimeStep) error {
	d, elapsed := step.Discount, step.Elapsed
	if !(d >= 0 && d <= 1) {
		return fmt.Errorf("a discount of %v", d)
	}
	if !(elapsed >= 0) || !finite(elapsed) {
		return fmt.Errorf("%v periods elapsed", elapsed)
	}
	if elapsed == 0 {
		if d != 1 {
			return fmt.Errorf("a discount of %v when no time has elapsed", d)
		}
		return nil
	}
	gamma := math.Pow(d, 1/elapsed)
	before := r.discount[step.Player]
	if math.IsNaN(before) {
		r.discount[step.Player] = gamma
	} else if math.Abs(gamma-before) > 1e-9 {
		return fmt.Errorf("a discount of %v after %v periods is %v a period, before it was %v", d, elapsed, gamma, before)
	}
	return nil
}

// end keeps that every player has had its Last.
func (r *referee) end() error {
	for p := range r.stage {
		if !r.begun[p] || r.stage[p] != env.Last {
			return fmt.Errorf("player %d has had no Last", p)
		}
	}
	return nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
