package policies

import (
	"fmt"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/portable"
)

// Perceptron is a multilayer perceptron: h_l = g(W_l·h_{l−1} + b_l), the last layer without g.
type Perceptron struct {
	Sizes      []int     `json:"sizes"`      // of the layers, input and output included
	Activation string    `json:"activation"` // g: relu or tanh
	Weights    []float64 `json:"-"`          // layer by layer: the biases, then for each input a row of its weights to the outputs
}

// Count is how many weights there are.
func (p *Perceptron) Count() int {
	n := 0
	for l := 1; l < len(p.Sizes); l++ {
		n += (p.Sizes[l-1] + 1) * p.Sizes[l]
	}
	return n
}

// Units is how many numbers Forward works on: those of all layers.
func (p *Perceptron) Units() int {
	n := 0
	for _, size := range p.Sizes {
		n += size
	}
	return n
}

// Forward computes the layers one after another in units, which begins with the input and has room for all, and returns
// the last. It does not allocate.
func (p *Perceptron) Forward(units []float64) []float64 {
	weights, in := p.Weights, units[:p.Sizes[0]]
	rest := units[len(in):]
	var some nonzero
	for l := 1; l < len(p.Sizes); l++ {
		out := rest[:p.Sizes[l]]
		rest = rest[len(out):]
		weights = weights[copy(out, weights):]
		some.addProducts(in, weights, out)
		weights = weights[len(in)*len(out):]
		if l < len(p.Sizes)-1 {
			p.activate(out)
		}
		in = out
	}
	return in
}

func (p *Perceptron) activate(units []float64) {
	if p.Activation == "tanh" {
		for j, x := range units {
			units[j] = 1 - 2/(portable.Exp(2*x)+1)
		}
		return
	}
	for j, x := range units {
		units[j] = max(x, 0)
	}
}

// Network is a policy that a perceptron computes from the inputs: each makes two numbers, where it is in its range, from
// −1 to 1 and 0 where it is missing, and 1 where it is missing and 0 where not. There is one output for each offer, and the
// Choice among those allowed is
//
//   - highest: outputs are values; the highest is offered, ties to the lowest index
//   - likeliest: outputs are preferences; the same, which is the likeliest
//   - drawn: outputs are preferences; an offer has probability proportional to e^output
type Network struct {
	Frame
	Inputs []Input `json:"inputs"`
	Choice string  `json:"choice"`
	Perceptron
}

// NewNetwork checks a policy and prepares it for use. The weights are kept, not copied. Errors are *field.Error.
func NewNetwork(spec *env.Spec, encoder Encoder, inputs []Input, p Perceptron, choice string) (*Network, error) {
	n := &Network{Frame: Frame{Spec: *spec, Encoder: encoder}, Inputs: inputs, Choice: choice, Perceptron: p}
	if err := n.Restore(p.Weights); err != nil {
		return nil, err
	}
	return n, nil
}

// Numbers implements Function.
func (n *Network) Numbers() []float64 { return n.Weights }

// Restore implements Function.
func (n *Network) Restore(weights []float64) error {
	if err := n.check(n.Inputs); err != nil {
		return err
	}
	last := len(n.Sizes) - 1
	switch {
	case last < 1 || last > 16:
		return field.New("sizes", fmt.Sprint(n.Sizes), "2 to 17 layers")
	case n.Sizes[0] != 2*len(n.Inputs) || n.Sizes[last] != len(n.Spec.Offers):
		return field.New("sizes", fmt.Sprint(n.Sizes), fmt.Sprintf("%d to begin with, %d at the end", 2*len(n.Inputs), len(n.Spec.Offers)))
	case n.Activation != "relu" && n.Activation != "tanh":
		return field.New("activation", n.Activation, "relu or tanh")
	case n.Choice != "highest" && n.Choice != "likeliest" && n.Choice != "drawn":
		return field.New("choice", n.Choice, "highest, likeliest or drawn")
	}
	for _, size := range n.Sizes[1:] {
		if size < 1 || size > 1<<16 {
			return field.New("sizes", fmt.Sprint(n.Sizes), "1 to 65536 units a layer")
		}
	}
	if len(weights) != n.Count() {
		return field.New("weights", len(weights), fmt.Sprint(n.Count()))
	}
	n.Weights = weights
	return checkWeights(weights)
}

// Take fills in the numbers that a network has of an observation, two for each input.
func Take(inputs []Input, observation, numbers []float64) {
	for i := range inputs {
		x, known := inputs[i].scale(observation)
		numbers[2*i], numbers[2*i+1] = 2*x-1, 0
		if !known {
			numbers[2*i], numbers[2*i+1] = 0, 1
		}
	}
}

// Decide implements Policy.
func (n *Network) Decide(observation []float64, u float64) Decision {
	size := n.Units()
	if size <= stacked { // a small one is not to wait for room for a large one to be cleared
		var numbers [stacked]float64
		return n.decide(observation, u, numbers[:])
	}
	var numbers [8 * stacked]float64
	return n.decide(observation, u, buffer(numbers[:], size))
}

func (n *Network) decide(observation []float64, u float64, units []float64) Decision {
	Take(n.Inputs, observation, units)
	values := n.Forward(units)
	if n.Choice != "drawn" {
		return n.highest(observation, values)
	}
	var bits [stacked]bool
	mask := Mask(&n.Spec, observation, bits[:])
	_, ideal := best(values, mask)
	Softmax(values, mask, values)
	action := Draw(values, u)
	return n.decision(observation, mask, action, ideal, values[action])
}

// Softmax turns preferences into probabilities of the allowed offers, e^h/Σe^h; of the others they are 0. Both may be one slice.
func Softmax(preferences []float64, mask []bool, odds []float64) {
	top, _ := best(preferences, mask)
	highest, sum := preferences[top], 0.0
	for a, h := range preferences {
		odds[a] = 0
		switch w := portable.Exp(h - highest); {
		case !mask[a]:
		case a == top:
			odds[a] = 1
		case w > 0: // not NaN, as of weights so large that they overflow
			odds[a] = w
		}
		sum += odds[a]
	}
	for a := range odds {
		odds[a] /= sum
	}
}

// Draw inverts the law of an offer at u in [0, 1).
func Draw(odds []float64, u float64) int {
	action := 0
	for a, p := range odds {
		if p == 0 {
			continue
		}
		if action = a; u < p {
			break
		}
		u -= p
	}
	return action
}

// Explain implements Frozen.
func (n *Network) Explain(observation []float64) Explanation {
	units := make([]float64, n.Units())
	Take(n.Inputs, observation, units)
	values := n.Forward(units)
	e := n.explain(observation, values, n.highest(observation, values))
	if n.Choice == "highest" {
		return e
	}
	Softmax(values, Mask(&n.Spec, observation, nil), values)
	e.Measure = "probability"
	if n.Choice == "drawn" {
		e.Decision.Propensity = values[e.Decision.Action]
	}
	for a := range e.Offers {
		o := &e.Offers[a]
		switch o.Value = new(values[a]); {
		case a == e.Decision.Action && e.Decision.Guardrails == 0:
			o.Why = "made: the likeliest"
		case a == e.Decision.Action:
			o.Why = "made: the likeliest that the limits allow"
		case o.Allowed:
			o.Why = "less likely"
		}
	}
	return e
}

// String implements Frozen.
func (n *Network) String() string {
	var sizes []string
	for _, size := range n.Sizes {
		sizes = append(sizes, fmt.Sprint(size))
	}
	return fmt.Sprintf("a perceptron of %s units (%s) whose %s output is offered", strings.Join(sizes, "–"), n.Activation, n.Choice)
}

// Odds implements Law.
func (n *Network) Odds(observation, odds []float64) {
	clear(odds)
	if n.Choice != "drawn" {
		odds[n.Decide(observation, 0).Action] = 1
		return
	}
	var numbers [8 * stacked]float64
	units := buffer(numbers[:], n.Units())
	Take(n.Inputs, observation, units)
	var bits [stacked]bool
	Softmax(n.Forward(units), Mask(&n.Spec, observation, bits[:]), odds)
}
