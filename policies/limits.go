package policies

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// Guardrails is the set of limits that kept a policy from the offer it would have made without them: bit i stands for
// Spec.Limits[i] (limits beyond the 64th share the last bit).
type Guardrails uint64

// Hit says which limits forbid an offer at an observation. It tells why; whether an offer may be made is for
// Spec.Allow to say.
func Hit(spec *env.Spec, observation []float64, action int) Guardrails {
	var hit Guardrails
	price := spec.Offers[action].Price
	for i := range spec.Limits {
		if spec.Limits[i].Excess(observation, price) > 0 {
			hit |= 1 << min(i, 63)
		}
	}
	return hit
}

// Mask returns which offers the limits allow at an observation, in the buffer where that is long enough.
func Mask(spec *env.Spec, observation []float64, buffer []bool) []bool {
	n := len(spec.Offers)
	if n > len(buffer) {
		buffer = make([]bool, n)
	}
	spec.Allow(observation, buffer[:n])
	return buffer[:n]
}

func checkSpec(spec *env.Spec) error {
	if len(spec.Offers) == 0 {
		return field.New("offers", "none", "at least one")
	}
	for a, o := range spec.Offers {
		if math.IsNaN(o.Price) || math.IsInf(o.Price, 0) {
			return field.New(fmt.Sprintf("offers[%d].price", a), o.Price, "a finite number")
		}
	}
	for i := range spec.Limits {
		if err := checkLimit(spec, fmt.Sprintf("limits[%d]", i), &spec.Limits[i]); err != nil {
			return err
		}
	}
	floor, ceiling := spec.Bounds()
	if !slices.ContainsFunc(spec.Offers, func(o env.Offer) bool { return o.Price >= floor-env.Slack && o.Price <= ceiling+env.Slack }) {
		return field.New("offers", "none within the limits", fmt.Sprintf("at least one from %v to %v", floor, ceiling))
	}
	return nil
}

// checkLimit checks one limit of a spec.
func checkLimit(spec *env.Spec, key string, l *env.Limit) error {
	looks := l.Drop > 0 || l.Rise > 0 || l.Times > 0
	switch known := l.Feature != "" && l.Index >= 0 && l.Index < len(spec.Features) && spec.Features[l.Index].Name == l.Feature; {
	case !known && (looks || l.Feature != ""):
		return field.New(key+".feature", fmt.Sprintf("%q at index %d", l.Feature, l.Index), "a feature and its index")
	case !(l.Drop >= 0 && l.Rise >= 0 && l.Times >= 0):
		return field.New(key, fmt.Sprintf("drop %v, rise %v, times %v", l.Drop, l.Rise, l.Times), "numbers of at least 0")
	case !(l.Floor >= 0 && l.Ceiling >= 0) || l.Ceiling > 0 && l.Floor > l.Ceiling:
		return field.New(key, fmt.Sprintf("floor %v, ceiling %v", l.Floor, l.Ceiling), "numbers of at least 0, the ceiling not below the floor")
	}
	return nil
}

// limits words a set of limits, and what they look at.
func (f *Frame) limits(hit Guardrails, observation []float64) string {
	var all []string
	for i := range f.Spec.Limits {
		l := &f.Spec.Limits[i]
		if hit&(1<<min(i, 63)) == 0 {
			continue
		}
		text := strings.Join(l.Words(), " and ")
		if l.Feature != "" {
			text += fmt.Sprintf(" (%.4g)", observation[l.Index])
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

// LimitExplanation is what a limit asks of prices at one observation.
type LimitExplanation struct {
	Bounds  []string `json:"bounds"`            // in words
	Feature string   `json:"feature,omitempty"` // that it looks at
	Value   *float64 `json:"value,omitempty"`   // of that; left out: missing, and the limit asks nothing by it
	Low     *float64 `json:"low,omitempty"`     // no price below it; left out: none is too low
	High    *float64 `json:"high,omitempty"`    // no price above it
}

// String is the limit in a line.
func (l LimitExplanation) String() string {
	text := strings.Join(l.Bounds, " and ")
	switch {
	case l.Feature != "" && l.Value == nil:
		text += ", which is missing"
	case l.Feature != "":
		text += fmt.Sprintf(", which is %.4g", *l.Value)
	}
	switch {
	case l.Low != nil && l.High != nil:
		return text + fmt.Sprintf(": %.4g to %.4g", *l.Low, *l.High)
	case l.Low != nil:
		return text + fmt.Sprintf(": from %.4g", *l.Low)
	case l.High != nil:
		return text + fmt.Sprintf(": up to %.4g", *l.High)
	}
	return text + ": any price"
}

// explainLimits tells what each limit asks at an observation.
func (f *Frame) explainLimits(observation []float64) (all []LimitExplanation) {
	for i := range f.Spec.Limits {
		l := &f.Spec.Limits[i]
		x, e := math.NaN(), LimitExplanation{Bounds: l.Words(), Feature: l.Feature}
		if l.Feature != "" {
			x = observation[l.Index]
		}
		if !math.IsNaN(x) {
			e.Value = &x
		}
		low, high := math.Inf(-1), math.Inf(1)
		for _, b := range [...]struct{ bound, low float64 }{{l.Floor, l.Floor}, {l.Drop, x - l.Drop}, {l.Times, x * l.Times}} {
			if b.bound > 0 && b.low > low { // not where x is NaN
				low, e.Low = b.low, &b.low
			}
		}
		for _, b := range [...]struct{ bound, high float64 }{{l.Ceiling, l.Ceiling}, {l.Rise, x + l.Rise}} {
			if b.bound > 0 && b.high < high {
				high, e.High = b.high, &b.high
			}
		}
		all = append(all, e)
	}
	return all
}
