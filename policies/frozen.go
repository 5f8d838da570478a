package policies

import (
	"fmt"
	"slices"

	"github.com/souk-sim/souk/sim/env"
)

// Frozen is a policy as training leaves it: it can be put into a bundle, drawn, and asked why. A kind of its own is one
// file here and one line in policies/bundle.
type Frozen interface {
	Policy
	// About is what it observes and may offer; whoever writes it down sets the revision there.
	About() *Frame
	// Explain explains the greedy decision at an observation.
	Explain(observation []float64) Explanation
	// String says in a few words how it decides: "a table of 42 states".
	fmt.Stringer
}

// Frame is what all frozen policies have.
type Frame struct {
	Spec     env.Spec `json:"spec"`
	Encoder  Encoder  `json:"encoder"` // the features that it looks at, cut into cells: a table's states, and what pictures and sentences tell of any policy
	Revision string   `json:"-"`       // goes into every Decision
}

// Function is a frozen policy that is computed from weights; all else of it marshals to JSON and back.
type Function interface {
	Frozen
	// Numbers are its weights.
	Numbers() []float64
	// Restore takes weights over, which it keeps, and checks all of what was unmarshalled. Errors are *field.Error.
	Restore(weights []float64) error
}

// About implements Frozen.
func (f *Frame) About() *Frame { return f }

// LooksAt tells whether a policy needs a feature, for its state or for its limits.
func (f *Frame) LooksAt(feature int) bool {
	return slices.ContainsFunc(f.Encoder.Dimensions, func(d Dimension) bool { return d.Index == feature }) ||
		slices.ContainsFunc(f.Spec.Limits, func(l env.Limit) bool { return l.Index == feature })
}
