package agents

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// network is a perceptron that learns, one example after another: backpropagation (Rumelhart, Hinton & Williams 1986) and Adam (Kingma & Ba
// 2015). It is written by hand because gomlx's pure-Go backend takes some ten times as long for so small a network; gomlx checks the gradient in a test.
type network struct {
	policies.Perceptron
	units  []float64 // of the latest example: what each layer came to, the input first
	errors []float64 // likewise: the slope of the loss in each unit before its activation
	slope  []float64 // of the loss in each weight, summed over a batch
	first  []float64 // Adam's moments
	second []float64
	mean   []float64  // of the weights over all steps, polynomial-decay averaging (Shamir & Zhang 2013)
	adam   [3]float64 // steps, β₁^steps, β₂^steps
}

// Network are the parameters that learners with a perceptron share.
type Network struct {
	Hidden       []int   `toml:"hidden" json:"hidden" doc:"units of each hidden layer"`
	Activation   string  `toml:"activation" json:"activation" doc:"of hidden units: relu or tanh"`
	LearningRate float64 `toml:"learning_rate" json:"learning_rate" doc:"step size of Adam"`
	Average      int     `toml:"average" json:"average" doc:"the policy is read from a mean of networks, in which the one after step t weighs t^average; 0: the last"`
}

// Validate implements Params.
func (p *Network) Validate() error {
	switch {
	case len(p.Hidden) < 1 || len(p.Hidden) > 8:
		return field.New("hidden", fmt.Sprint(p.Hidden), "1 to 8 layers")
	case p.Activation != "relu" && p.Activation != "tanh":
		return field.New("activation", p.Activation, "relu or tanh")
	case !(p.LearningRate > 0 && p.LearningRate <= 1):
		return field.New("learning_rate", p.LearningRate, "more than 0, at most 1")
	case p.Average < 0 || p.Average > 8:
		return field.New("average", p.Average, "0 (none) to 8")
	}
	for _, n := range p.Hidden {
		if n < 1 || n > 4096 {
			return field.New("hidden", fmt.Sprint(p.Hidden), "1 to 4096 units a layer")
		}
	}
	return nil
}

// network makes one without weights.
func (p *Network) network(inputs, outputs int) *network {
	n := &network{Perceptron: policies.Perceptron{Sizes: slices.Concat([]int{inputs}, p.Hidden, []int{outputs}), Activation: p.Activation}}
	n.units, n.errors = make([]float64, n.Units()), make([]float64, n.Units())
	for _, weights := range []*[]float64{&n.Weights, &n.slope, &n.first, &n.second, &n.mean} {
		*weights = make([]float64, n.Count())
	}
	n.adam = [3]float64{0, 1, 1}
	return n
}

// begin draws the weights: normal with variance gain/inputs of a layer (2 for relu: He et al. 2015; else 1: Glorot & Bengio 2010), those of the last
// layer last times as large; biases are 0.
func (n *network) begin(stream *rng.Stream, last float64) {
	weights := n.Weights
	gain := 1.0
	if n.Activation == "relu" {
		gain = 2
	}
	for l := 1; l < len(n.Sizes); l++ {
		in, out := n.Sizes[l-1], n.Sizes[l]
		deviation := math.Sqrt(gain / float64(in))
		if l == len(n.Sizes)-1 {
			deviation *= last
		}
		for i := range in * out {
			weights[out+i] = float64(deviation * stream.Normal())
		}
		weights = weights[(in+1)*out:]
	}
	copy(n.mean, n.Weights)
}

// outputs are the slopes of the loss in the outputs of the latest example, for the caller to fill in.
func (n *network) outputs() []float64 { return n.errors[len(n.errors)-n.Sizes[len(n.Sizes)-1]:] }

// biases are those of the outputs.
func (n *network) biases() []float64 {
	return n.Weights[len(n.Weights)-n.last():][:n.Sizes[len(n.Sizes)-1]]
}

// last is how many weights the last layer has.
func (n *network) last() int {
	return (n.Sizes[len(n.Sizes)-2] + 1) * n.Sizes[len(n.Sizes)-1]
}

// backward adds an example's slopes, given those in its outputs.
func (n *network) backward() {
	end, weight := len(n.units), len(n.Weights)
	for l := len(n.Sizes) - 1; l > 0; l-- {
		in, out := n.Sizes[l-1], n.Sizes[l]
		weight -= (in + 1) * out
		error, x := n.errors[end-out:end], n.units[end-out-in:end-out]
		before := n.errors[end-out-in : end-out]
		end -= out
		slope := n.slope[weight : weight+(in+1)*out]
		for j, e := range error {
			slope[j] += e
		}
		for i, xi := range x {
			if xi == 0 && l > 1 && n.Activation == "relu" { // a unit that is off: its slope is 0 on both sides
				before[i] = 0
				continue
			}
			at := (i + 1) * out
			policies.Axpy(xi, error, slope[at:at+out])
			if l == 1 {
				continue
			}
			e := dot(n.Weights[weight+at:weight+at+out], error)
			if n.Activation == "tanh" {
				e = float64(e * (1 - float64(xi*xi)))
			}
			before[i] = e
		}
	}
}

// dot sums in four strands, in a fixed order.
func dot(x, y []float64) float64 {
	var a, b, c, d float64
	y = y[:len(x)]
	for ; len(x) >= 4; x, y = x[4:], y[4:] {
		a += float64(x[0] * y[0])
		b += float64(x[1] * y[1])
		c += float64(x[2] * y[2])
		d += float64(x[3] * y[3])
	}
	for j := range x {
		a += float64(x[j] * y[j])
	}
	return a + b + (c + d)
}

// Adam's constants, as its authors recommend.
const (
	adamFirst  = 0.9
	adamSecond = 0.999
	adamLeast  = 1e-8
)

// step moves the weights by the slopes of a batch, each divided by its examples and all together no longer than most (0: any length), and
// forgets them.
func (n *network) step(p *Network, examples, most float64) {
	scale := 1 / examples
	if most > 0 {
		if length := float64(math.Sqrt(dot(n.slope, n.slope)) * scale); length > most {
			scale *= most / length
		}
	}
	n.adam[0]++
	n.adam[1] = float64(n.adam[1] * adamFirst)
	n.adam[2] = float64(n.adam[2] * adamSecond)
	rate := p.LearningRate / (1 - n.adam[1])
	correction := 1 / (1 - n.adam[2])
	share := 1.0
	if p.Average > 0 {
		share = float64(p.Average+1) / (n.adam[0] + float64(p.Average))
	}
	slope, first, second, mean := n.slope, n.first[:len(n.slope)], n.second[:len(n.slope)], n.mean[:len(n.slope)]
	weights := n.Weights[:len(n.slope)]
	for i, g := range slope {
		g = float64(g * scale)
		slope[i] = 0
		first[i] += float64((1 - adamFirst) * (g - first[i]))
		second[i] += float64((1 - adamSecond) * (float64(g*g) - second[i]))
		weights[i] -= float64(rate*first[i]) / (math.Sqrt(float64(second[i]*correction)) + adamLeast)
		mean[i] += float64(share * (weights[i] - mean[i]))
	}
}

// parts are what a checkpoint holds of a network; slopes are 0 between batches.
func (n *network) parts() [][]float64 {
	return [][]float64{n.Weights, n.first, n.second, n.mean, n.adam[:]}
}

// frozen is the policy of the averaged weights, its outputs times a unit.
func (n *network) frozen(task *Task, inputs []policies.Input, choice string, unit float64) (policies.Policy, error) {
	p := n.Perceptron
	p.Weights = slices.Clone(n.mean)
	for i := len(p.Weights) - n.last(); i < len(p.Weights); i++ {
		p.Weights[i] *= unit
	}
	return policies.NewNetwork(task.Spec, task.Encoder, inputs, p, choice)
}
