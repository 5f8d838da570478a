package policies

import (
	"fmt"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// Linear is a policy of values that are linear in features of the observation, q(s, a) = w_a·φ(s) (Sutton & Barto 2018,
// §10.1): the highest value among the offers that the limits allow, ties to the lowest index.
type Linear struct {
	Frame
	Basis   Basis     `json:"basis"`
	Weights []float64 `json:"-"` // [feature*len(Spec.Offers)+action]

	doubt float64 // up to which values are quick to tell
}

// NewLinear checks a policy and prepares it for use. The weights are kept, not copied. Errors are *field.Error.
func NewLinear(spec *env.Spec, encoder Encoder, basis Basis, weights []float64) (*Linear, error) {
	l := &Linear{Frame: Frame{Spec: *spec, Encoder: encoder}, Basis: basis}
	if err := l.Restore(weights); err != nil {
		return nil, err
	}
	return l, nil
}

// Numbers implements Function.
func (l *Linear) Numbers() []float64 { return l.Weights }

// Restore implements Function.
func (l *Linear) Restore(weights []float64) error {
	if err := l.prepare(&l.Basis, len(weights), len(l.Spec.Offers)); err != nil {
		return err
	}
	l.Weights, l.doubt = weights, l.Basis.doubt(weights, len(l.Spec.Offers))
	return checkWeights(weights)
}

// prepare checks all of a policy that is linear in features, of which each has so many weights.
func (f *Frame) prepare(b *Basis, weights, each int) error {
	if err := f.check(b.Inputs); err != nil {
		return err
	}
	if err := b.Prepare(); err != nil {
		return err
	}
	if weights != b.Size()*each {
		return field.New("weights", weights, fmt.Sprintf("%d features × %d", b.Size(), each))
	}
	return nil
}

// stacked is how many features, offers or activations of a decision have room on the stack; more pay for an allocation.
const stacked = 64

// Values fills in the value of each offer at an observation.
func (l *Linear) Values(observation, values []float64) { l.values(observation, values, false) }

func (l *Linear) values(observation, values []float64, nearly bool) {
	var indices [stacked]int32
	var features [stacked]float64
	index, feature := indices[:], features[:]
	if n := l.Basis.Active(); n > stacked {
		index, feature = make([]int32, n), make([]float64, n)
	}
	if nearly {
		l.Basis.nearly(observation, index, feature)
	} else {
		l.Basis.Features(observation, index, feature)
	}
	clear(values)
	addRows(l.Weights, index[:l.Basis.Active()], feature, values)
}

// Decide implements Policy. Cosines are taken only where the best is not plain without them.
func (l *Linear) Decide(observation []float64, _ float64) Decision {
	var bits [stacked]bool
	var numbers [stacked]float64
	mask, values := Mask(&l.Spec, observation, bits[:]), buffer(numbers[:], len(l.Spec.Offers))
	if l.Basis.Kind == "fourier" {
		l.values(observation, values, true)
		if action, ideal := best(values, mask); ahead(values, mask, action, ideal, 2*l.doubt) {
			return l.decision(observation, mask, action, ideal, 1)
		}
	}
	l.values(observation, values, false)
	action, ideal := best(values, mask)
	return l.decision(observation, mask, action, ideal, 1)
}

// ahead tells whether the best value is ahead of all others by more than a lead, and so is that of allowed offers.
func ahead(values []float64, mask []bool, best, ideal int, lead float64) bool {
	for a, v := range values {
		if a != ideal && !(values[ideal]-v > lead) || mask[a] && a != best && !(values[best]-v > lead) {
			return false
		}
	}
	return true
}

// Explain implements Frozen.
func (l *Linear) Explain(observation []float64) Explanation {
	values := make([]float64, len(l.Spec.Offers))
	l.Values(observation, values)
	return l.explain(observation, values, l.Decide(observation, 1))
}

// String implements Frozen.
func (l *Linear) String() string { return "values linear in " + l.Basis.String() }
