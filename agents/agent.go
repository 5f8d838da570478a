// Package agents holds the learners. Each is one file with its parameters, their validation, its update rule and the
// source of it. A learner neither prints nor reads clocks, and knows the market only through observations.
package agents

import (
	"encoding"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// State is a turn as a learner sees it. Tabular learners read Index, others Observation.
type State struct {
	Index       int       // policies.Encoder.Encode(Observation), computed once by the loop
	Observation []float64 // in Spec.Features order; NaN is missing
	Mask        []bool    // which offers may be made; never all false
}

// Transition is what followed an action. Its states belong to the loop: they are not kept beyond the call.
type Transition struct {
	State    *State
	Action   int
	Reward   float64 // since the action
	Discount float64 // what a unit of Next's value is worth at State
	Next     *State
	Terminal bool // Next has no future
	Last     bool // the episode ends here: because the world does (Terminal), or because it is cut short
}

// Agent learns to act. The loop of one episode is, in this order,
//
//	a := Act(s); the environment answers; Learn(s, a, r, γ, s', terminal); a' := Act(s'); …
//
// which suits off-policy learners (they update in Learn) and on-policy ones alike (they complete the update of (s, a)
// in the Act that chooses a'). When an episode is cut short the loop calls Act once more without playing the answer, so
// that both bootstrap from the last state; when the world ends (Terminal) it does not. Nothing here allocates.
type Agent interface {
	// Act chooses an offer that s.Mask allows and says whether exploration chose it. exploration is the learner's
	// parameter of that: for ε-greedy the probability of a uniform choice among the allowed offers, for Boltzmann's rule
	// the temperature; +Inf asks of any learner a uniform choice. All chance comes from the stream, of which tabular
	// learners take exactly two draws, whatever they do.
	Act(s *State, exploration float64, stream *rng.Stream) (action int, exploring bool)
	// Learn takes in what followed the last action.
	Learn(t Transition)
	// WarmingUp says that offers are still made at random, whatever the exploration, and nothing is learned from them.
	WarmingUp() bool
	// LearningRate is the step size of the latest update.
	LearningRate() float64
	// Policy freezes what was learned so far; it shares nothing with the agent.
	Policy() (policies.Policy, error)
	// MarshalBinary gives everything that learning needs, so that UnmarshalBinary on an agent made from the same
	// parameters and Task carries on to the same bits.
	encoding.BinaryMarshaler
	encoding.BinaryUnmarshaler
}

// Task is what a learner is made for.
type Task struct {
	Spec    *env.Spec
	Encoder policies.Encoder // states of tabular learners
	Values  []float64        // [state*offers+action] that tabular learners begin with, in place of their own; nil for none. Not kept
	Visits  []uint32         // likewise: as how many updates each of Values counts; nil: none, and the frozen policy trusts it no more than any untried one
}

// Moment is when in training a turn is.
type Moment struct {
	Progress float64 // share of the training's episodes that is over, 0 to 1
	Steps    uint64  // the learner's turns before this one, over all episodes
}

// Params are a learner's parameters: a pointer to a struct with toml tags that already holds the defaults. Decode
// into it, Validate, then New.
type Params interface {
	// Validate returns the first bad value as a *field.Error whose key is relative to the learner's table.
	Validate() error
	// New makes an untrained learner.
	New(task Task) (Agent, error)
	// WarmupTransitions is how many transitions a learner plays before it learns: training must bring more.
	WarmupTransitions() int
	// Explore is the exploration at a moment of training, as Act takes it.
	Explore(at Moment) float64
}
