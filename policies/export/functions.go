package export

import (
	"math"

	"github.com/souk-sim/souk/policies"
)

// scaled is an input as policies that compute take it: where it is in its range, 0 to 1 and 0 where it is missing, and whether it is
// missing; both [n, 1].
func (m *model) scaled(in *policies.Input) (x, missing string) {
	seen := m.column(in.Index, false)
	missing = m.op("IsNaN", []string{seen})
	share := m.op("Div", []string{m.op("Sub", []string{seen, m.double(in.Low)}), m.double(in.High - in.Low)})
	held := m.op("Min", []string{m.op("Max", []string{share, m.double(0)}), m.double(1)})
	return m.op("Where", []string{missing, m.double(0), held}), missing
}

func (m *model) linear(l *policies.Linear, mask string) (action, values string) {
	values = m.weighted(&l.Basis, l.Weights, len(m.spec.Offers))
	return m.highest(values, mask), values
}

// weighted is Σ_f φ_f·w_f, of so many columns.
func (m *model) weighted(b *policies.Basis, weights []float64, columns int) string {
	table := m.doubles(weights, b.Size(), columns)
	if b.Kind == "fourier" {
		return m.op("MatMul", []string{m.fourier(b), table})
	}
	// Tiling by tiling, in the order in which Features adds them: the same sum to the last bit.
	sum := ""
	for _, tile := range m.tiles(b) {
		row := m.op("Gather", []string{table, tile})
		if sum != "" {
			row = m.op("Add", []string{sum, row})
		}
		sum = row
	}
	return sum
}

// tiles are the tile of each tiling, int64 [n].
func (m *model) tiles(b *policies.Basis) []string {
	all := make([]string, b.Tilings)
	for t := range all {
		all[t] = m.op("Add", []string{m.zeros(), m.whole(int64(t))})
	}
	for i := range b.Inputs {
		x, missing := m.scaled(&b.Inputs[i])
		x, missing = m.op("Squeeze", []string{x, m.axis(1)}), m.op("Squeeze", []string{missing, m.axis(1)})
		radix, cells := int64(b.Tiles+2), float64(b.Tiles)
		two := b.Inputs[i].Cells == 2
		if two {
			radix = 3
		}
		for t := range all {
			at := m.op("Add", []string{x, m.double(0.5)})
			if !two {
				shift := float64((t*(2*i+1))%b.Tilings) / float64(b.Tilings)
				at = m.op("Add", []string{m.op("Mul", []string{x, m.double(cells)}), m.double(shift)})
			}
			cell := m.op("Cast", []string{m.op("Floor", []string{at})}, attribute{"to", int64(int64s)})
			cell = m.op("Where", []string{missing, m.whole(radix - 1), cell})
			all[t] = m.op("Add", []string{m.op("Mul", []string{all[t], m.whole(radix)}), cell})
		}
	}
	return all
}

// fourier is φ, float64 [n, features].
func (m *model) fourier(b *policies.Basis) string {
	parts := []string{m.op("Unsqueeze", []string{m.op("Cast", []string{m.zeros()}, attribute{"to", int64(float64s)}), m.axis(1)})}
	unknown := []string{}
	for i := range b.Inputs {
		x, missing := m.scaled(&b.Inputs[i])
		parts = append(parts, x)
		unknown = append(unknown, m.op("Cast", []string{missing}, attribute{"to", int64(float64s)}))
	}
	// The first column is 0, so that there is a column where there is no input.
	x := m.op("Concat", parts, attribute{"axis", 1})
	terms := b.Terms()
	inputs, n := len(b.Inputs), b.Size()-len(b.Inputs)
	turned := make([]float64, (inputs+1)*n) // π·c, transposed
	for term := range n {
		for i := range inputs {
			turned[(i+1)*n+term] = terms[term*inputs+i]
		}
	}
	angle := m.op("MatMul", []string{x, m.doubles(turned, inputs+1, n)})
	cosine := m.op("Sin", []string{m.op("Add", []string{angle, m.double(math.Pi / 2)})}) // runtimes have Sin for float64, few have Cos
	return m.op("Concat", append([]string{cosine}, unknown...), attribute{"axis", 1})
}

// gaussian makes the allowed offer nearest to the mean, without a promotion where there are such. Its values are those distances,
// negated.
func (m *model) gaussian(g *policies.Gaussian, mask string) (action, values string) {
	n := len(m.spec.Offers)
	both := m.weighted(&g.Basis, g.Weights, 2)
	mean := m.op("Gather", []string{both, m.wholes([]int64{0}, 1)}, attribute{"axis", 1})
	held := m.op("Min", []string{m.op("Max", []string{mean, m.double(0)}), m.double(1)})
	low, high := policies.Ladder(m.spec)
	price := m.op("Add", []string{m.double(low), m.op("Mul", []string{m.double(high - low), held})})
	values = m.op("Neg", []string{m.op("Abs", []string{m.op("Sub", []string{price, m.prices()})})})
	plain := make([]bool, n)
	for a, o := range m.spec.Offers {
		plain[a] = o.Promotion == ""
	}
	without := m.op("And", []string{mask, m.truths(plain, 1, n)})
	some := m.op("Squeeze", []string{m.any(without), m.axis(1)})
	return m.op("Where", []string{some, m.highest(values, without), m.highest(values, mask)}), values
}

func (m *model) network(p *policies.Network, mask string) (action, values string) {
	var parts []string
	for i := range p.Inputs {
		x, missing := m.scaled(&p.Inputs[i])
		number := m.op("Sub", []string{m.op("Mul", []string{x, m.double(2)}), m.double(1)})
		parts = append(parts, m.op("Where", []string{missing, m.double(0), number}), m.op("Cast", []string{missing}, attribute{"to", int64(float64s)}))
	}
	units := m.op("Concat", parts, attribute{"axis", 1})
	weights := p.Weights
	for l := 1; l < len(p.Sizes); l++ {
		in, out := p.Sizes[l-1], p.Sizes[l]
		units = m.op("Add", []string{m.op("MatMul", []string{units, m.doubles(weights[out:out*(in+1)], in, out)}), m.doubles(weights[:out], 1, out)})
		weights = weights[out*(in+1):]
		switch {
		case l == len(p.Sizes)-1:
		case p.Activation == "tanh":
			units = m.op("Tanh", []string{units})
		default:
			units = m.op("Max", []string{units, m.double(0)})
		}
	}
	if p.Choice != "drawn" {
		return m.highest(units, mask), units
	}
	return m.drawn(units, mask)
}

// drawn turns preferences into probabilities of the allowed offers and takes that in which u falls; its values are the probabilities.
func (m *model) drawn(preferences, mask string) (action, odds string) {
	m.input("u", float64s, 0)
	n := len(m.spec.Offers)
	odds = m.op("Softmax", []string{m.op("Where", []string{mask, preferences, m.double(math.Inf(-1))})}, attribute{"axis", 1})
	up := m.op("CumSum", []string{odds, m.whole(1)})
	u := m.op("Unsqueeze", []string{"u", m.axis(1)})
	possible := m.op("Greater", []string{odds, m.double(0)})
	within := m.op("And", []string{possible, m.op("Less", []string{u, up})})
	steps := make([]float64, n)
	for a := range steps {
		steps[a] = float64(a)
	}
	order := m.doubles(steps, 1, n)
	first := m.op("ArgMax", []string{m.op("Cast", []string{within}, attribute{"to", int64(float64s)})}, attribute{"axis", 1}, attribute{"keepdims", 0})
	some := m.op("Squeeze", []string{m.any(within), m.axis(1)}) // u may lie beyond the sum by rounding: then it is the last
	return m.op("Where", []string{some, first, m.highest(order, possible)}), odds
}
