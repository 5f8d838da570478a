package policies

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
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
		slices.ContainsFunc(f.Spec.Limits, func(l env.Limit) bool { return l.Feature != "" && l.Index == feature })
}

// check checks all that policies which compute have in common.
func (f *Frame) check(inputs []Input) error {
	if err := checkSpec(&f.Spec); err != nil {
		return err
	}
	if err := f.Encoder.Validate(&f.Spec); err != nil {
		return err
	}
	return checkInputs(&f.Spec, inputs)
}

func checkWeights(weights []float64) error {
	for i, w := range weights {
		if math.IsNaN(w) || math.IsInf(w, 0) {
			return field.New(fmt.Sprintf("weights[%d]", i), w, "a finite number")
		}
	}
	return nil
}

// buffer returns n numbers of a buffer, or of a new one where that is too short.
func buffer(numbers []float64, n int) []float64 {
	if n > len(numbers) {
		numbers = make([]float64, n)
	}
	return numbers[:n]
}

// best returns the first of the highest values of allowed offers, and of all.
func best(values []float64, mask []bool) (best, ideal int) {
	best = -1
	for a, v := range values {
		if v > values[ideal] {
			ideal = a
		}
		if mask[a] && (best < 0 || v > values[best]) {
			best = a
		}
	}
	return max(best, 0), ideal
}

// highest decides for the highest value.
func (f *Frame) highest(observation, values []float64) Decision {
	var bits [stacked]bool
	mask := Mask(&f.Spec, observation, bits[:])
	action, ideal := best(values, mask)
	return f.decision(observation, mask, action, ideal, 1)
}

// decision is that for an action, where without limits it would be the ideal one.
func (f *Frame) decision(observation []float64, mask []bool, action, ideal int, propensity float64) (d Decision) {
	o := &f.Spec.Offers[action]
	// Field by field: of a literal the compiler makes a copy, which waits for each field to be stored.
	d.Action, d.Price, d.Promotion, d.Propensity, d.Revision = action, o.Price, o.Promotion, propensity, f.Revision
	if !mask[ideal] {
		d.Guardrails = Hit(&f.Spec, observation, ideal)
	}
	return d
}
