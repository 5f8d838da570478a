// Package journey holds models of how a visit unfolds: sessions cut from clicks, frequent paths, a funnel as a Markov chain,
// how long pages are looked at, how many clicks a session has, how far down a list people look, and when they arrive. They
// are fitted by maximum likelihood on plain slices and drive simulated shoppers by a fixed number of uniforms, without
// allocating.
//
// States, items and visitors are numbers of the caller's; no result names a visitor.
package journey

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

// Parameter is one number of a model. SE is from the observed information, 0 where there is none: parameters given by hand,
// or that the data do not tell.
type Parameter struct {
	Name     string  `json:"name"`
	Estimate float64 `json:"estimate"`
	SE       float64 `json:"se,omitempty"`
}

// Estimates is how a model was fitted.
type Estimates struct {
	LogLikelihood float64  `json:"loglik"`
	Parameters    int      `json:"parameters"` // that were estimated
	AIC           float64  `json:"aic"`
	BIC           float64  `json:"bic"`
	N             int      `json:"n"` // observations
	Converged     bool     `json:"converged"`
	Iterations    int      `json:"iterations"`
	Warnings      []string `json:"warnings,omitempty"`
}

func newEstimates(loglik float64, parameters, n int) *Estimates {
	k := float64(parameters)
	return &Estimates{LogLikelihood: loglik, Parameters: parameters, N: n, Converged: true,
		AIC: 2*k - 2*loglik, BIC: k*math.Log(float64(n)) - 2*loglik}
}

func (e *Estimates) warn(format string, args ...any) {
	e.Warnings = append(e.Warnings, fmt.Sprintf(format, args...))
}

// law is a family of distributions with named parameters, each within open bounds.
type law struct {
	name       string
	parameters []bound
}

type bound struct {
	name      string
	low, high float64
}

func findLaw(laws []law, name string) (law, error) {
	var names []string
	for _, l := range laws {
		if l.name == name {
			return l, nil
		}
		names = append(names, l.name)
	}
	return law{}, field.New("law", fmt.Sprintf("%q", name), fmt.Sprintf("one of %q", names))
}

// with makes the parameters of values; se may be nil.
func (l law) with(values, se []float64) []Parameter {
	p := make([]Parameter, len(l.parameters))
	for i, b := range l.parameters {
		p[i] = Parameter{Name: b.name, Estimate: values[i]}
		if se != nil {
			p[i].SE = se[i]
		}
	}
	return p
}

func (l law) check(parameters []Parameter) error {
	if len(parameters) != len(l.parameters) {
		return field.New("parameters", len(parameters), fmt.Sprintf("the %d of a %s law", len(l.parameters), l.name))
	}
	for i, b := range l.parameters {
		p := parameters[i]
		key := fmt.Sprintf("parameters[%d]", i)
		switch {
		case p.Name != b.name:
			return field.New(key+".name", fmt.Sprintf("%q", p.Name), b.name)
		case !(p.Estimate > b.low && p.Estimate < b.high):
			return field.New(b.name, p.Estimate, fmt.Sprintf("a number between %v and %v", b.low, b.high))
		}
	}
	return nil
}

// cumulate replaces probabilities by their running sums. The sum stands at 1 from the last possible outcome on, so that no
// uniform of [0, 1) falls behind it.
func cumulate(p []float64) {
	last := len(p) - 1
	for last > 0 && p[last] == 0 {
		last--
	}
	sum := 0.0
	for i, v := range p {
		if sum += v; i >= last || sum > 1 {
			sum = 1
		}
		p[i] = sum
	}
}

// invert is the first outcome whose running sum exceeds u.
func invert(cumulative []float64, u float64) int {
	i, _ := slices.BinarySearchFunc(cumulative, u, func(c, u float64) int {
		if c > u {
			return 1
		}
		return -1
	})
	return min(i, len(cumulative)-1)
}

// checkProbabilities reports why p is no distribution over n outcomes.
func checkProbabilities(key string, p []float64, n int) error {
	if len(p) != n {
		return field.New(key, fmt.Sprintf("%d probabilities", len(p)), fmt.Sprint(n))
	}
	sum := 0.0
	for i, v := range p {
		if !(v >= 0 && v <= 1) {
			return field.New(fmt.Sprintf("%s[%d]", key, i), v, "a probability")
		}
		sum += v
	}
	if math.Abs(sum-1) > 1e-9 {
		return field.New(key, fmt.Sprintf("probabilities that add up to %v", sum), "1")
	}
	return nil
}
