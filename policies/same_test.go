package policies_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/sim/portable"
)

func sameBits(x, y []float64) bool {
	return slices.EqualFunc(x, y, func(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) })
}

// plainForward is a perceptron by its definition: a row of weights after the other, and no row of an input that is 0.
func plainForward(p *policies.Perceptron, in []float64) []float64 {
	weights := p.Weights
	for l := 1; l < len(p.Sizes); l++ {
		out := slices.Clone(weights[:p.Sizes[l]])
		weights = weights[len(out):]
		for _, x := range in {
			if x != 0 {
				policies.Axpy(x, weights[:len(out)], out)
			}
			weights = weights[len(out):]
		}
		for j, x := range out {
			switch {
			case l == len(p.Sizes)-1:
			case p.Activation == "tanh":
				out[j] = 1 - 2/(portable.Exp(2*x)+1)
			default:
				out[j] = max(x, 0)
			}
		}
		in = out
	}
	return in
}

// plainValues are the values by which a policy of the kinds that compute decides.
func plainValues(p policies.Function, o []float64) []float64 {
	linear := func(b *policies.Basis, each int) []float64 {
		index, value, sums := make([]int32, b.Active()), make([]float64, b.Active()), make([]float64, each)
		b.Features(o, index, value)
		if n := len(b.Inputs); b.Kind == "fourier" {
			x := make([]float64, n)
			for i, in := range b.Inputs {
				if at := o[in.Index]; at == at {
					x[i] = min(1, max(0, (at-in.Low)/(in.High-in.Low)))
				}
			}
			for f := range b.Size() - n {
				angle := 0.0
				for i, pi := range b.Terms()[f*n : (f+1)*n] {
					angle += float64(pi * x[i])
				}
				_, value[f] = portable.Sincos(angle)
			}
		}
		for k, f := range index {
			policies.Axpy(value[k], p.Numbers()[int(f)*each:][:each], sums)
		}
		return sums
	}
	switch p := p.(type) {
	case *policies.Linear:
		return linear(&p.Basis, len(p.Spec.Offers))
	case *policies.Gaussian:
		return linear(&p.Basis, 2)
	}
	n := p.(*policies.Network)
	in := make([]float64, 2*len(n.Inputs))
	policies.Take(n.Inputs, o, in)
	return plainForward(&n.Perceptron, in)
}

// plainDecision is what follows from the values.
func plainDecision(p policies.Function, o []float64, u float64) (action int) {
	frame, values := p.About(), plainValues(p, o)
	mask := policies.Mask(&frame.Spec, o, nil)
	if g, ok := p.(*policies.Gaussian); ok {
		low, high := policies.Ladder(&g.Spec)
		return policies.Nearest(&g.Spec, mask, low+float64((high-low)*min(1, max(0, values[0]))), "")
	}
	if n, ok := p.(*policies.Network); ok && n.Choice == "drawn" {
		policies.Softmax(values, mask, values)
		return policies.Draw(values, u)
	}
	action = slices.Index(mask, true)
	for a, v := range values {
		if mask[a] && v > values[action] {
			action = a
		}
	}
	return action
}

// However sums are laid out for speed, values have the bits of their definition, and so decisions are the same: training, bundles and exports rely on it.
func TestValuesHaveTheBitsOfTheirDefinition(t *testing.T) {
	draw := rand.New(rand.NewPCG(7, 8))
	for _, p := range functions(t) {
		frame := p.About()
		places := [][]float64{{math.NaN(), -1, 0, 20, 21}, {math.NaN(), 1, 2, 3, 4, 5, 2 + 1e-9}, {math.NaN(), 0, 1}}
		for _, d := range frame.Encoder.Dimensions {
			for _, edge := range d.Edges {
				places[d.Index] = append(places[d.Index], edge, math.Nextafter(edge, 0), float64(math.Nextafter32(float32(edge), 0)))
			}
		}
		o := make([]float64, len(places))
		for n := range 20000 { // half of them anywhere, half on edges
			for i, at := range places {
				if o[i] = at[draw.IntN(len(at))]; n%2 == 0 {
					o[i] = 22*draw.Float64() - 1
				}
			}
			want, got := plainValues(p, o), make([]float64, len(frame.Spec.Offers))
			switch p := p.(type) {
			case *policies.Linear:
				p.Values(o, got)
			case *policies.Gaussian:
				mean, deviation := p.Normal(o)
				got, want = []float64{mean, deviation}, []float64{1 + float64(3*min(1, max(0, want[0]))), float64(3 * portable.Exp(min(0, want[1])))}
			case *policies.Network:
				units := make([]float64, p.Units())
				policies.Take(p.Inputs, o, units)
				got = p.Forward(units)
			}
			if u := draw.Float64(); !sameBits(got, want) || p.Decide(o, u).Action != plainDecision(p, o, u) {
				t.Fatalf("%s at %v: %v, by definition %v", p, o, got, want)
			}
		}
	}
}

// Layers narrower and wider than what is computed at once, and more inputs than are looked through at once; some are 0, and some biases −0.
func TestPerceptronsOfAnySizeHaveTheBitsOfTheirDefinition(t *testing.T) {
	draw := rand.New(rand.NewPCG(9, 10))
	for _, sizes := range [][]int{{1, 1}, {3, 2, 1}, {2, 4, 3}, {5, 7, 8, 9}, {64, 6, 5}, {65, 130, 2}, {200, 3, 67, 4}} {
		p := policies.Perceptron{Sizes: sizes, Activation: "relu"}
		p.Weights = make([]float64, p.Count())
		for i := range p.Weights {
			if p.Weights[i] = draw.NormFloat64(); draw.IntN(8) == 0 {
				p.Weights[i] = math.Copysign(0, -1)
			}
		}
		units := make([]float64, p.Units())
		for range 50 {
			for i := range sizes[0] {
				units[i] = draw.NormFloat64() * float64(draw.IntN(2))
			}
			want := plainForward(&p, units[:sizes[0]])
			if got := p.Forward(units); !sameBits(got, want) {
				t.Fatalf("%v: %v, by definition %v", sizes, got, want)
			}
		}
	}
}
