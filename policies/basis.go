package policies

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
)

// Basis makes the features φ(s) of functions that are linear in them. With x the inputs, each in [0, 1]:
//
//   - tiles: tile coding (Sutton & Barto 2018, §9.5.4). Tiling t of n cuts input i into Tiles cells, shifted by the fraction
//     (t·(2i+1) mod n)/n of a cell (ibid., the displacement vector (1, 3, 5, …)); its feature is 1 for the cell that
//     holds x and 0 for all others. A missing input has a cell of its own, and one of two values has two cells in all.
//   - fourier: φ_c = cos(π·c·x) for whole c with 0 ≤ c_i ≤ Order, at most Coupled of them above 0 (Konidaris, Osentoski &
//     Thomas 2011, AAAI, §3); a missing input counts as 0 and has a feature of its own, which is 1 then.
//
// Prepare it before use.
type Basis struct {
	Kind    string  `json:"kind"` // tiles or fourier
	Inputs  []Input `json:"inputs"`
	Tilings int     `json:"tilings,omitempty"`
	Tiles   int     `json:"tiles,omitempty"`
	Order   int     `json:"order,omitempty"`
	Coupled int     `json:"coupled,omitempty"`

	size   int
	terms  []float64  // fourier: [term*len(Inputs)+i], π·c_i
	single []int32    // fourier: the term of each input that has c_i = 1 and no other
	turns  [][3]int32 // fourier: all other terms but the first, each after two terms whose frequencies add up to its own
	radix  []int      // tiles: cells of an input in one tiling
	scaled []float64  // tiles: of an input, as a number
}

// maxFeatures bounds a basis to what memory may hold.
const maxFeatures = 1 << 22

// Prepare checks a basis. The error is a *field.Error.
func (b *Basis) Prepare() error {
	switch b.Kind {
	case "tiles":
		return b.prepareTiles()
	case "fourier":
		return b.prepareFourier()
	}
	return field.New("basis.kind", b.Kind, "tiles or fourier")
}

func (b *Basis) prepareTiles() error {
	if b.Tilings < 1 || b.Tilings > 1024 {
		return field.New("basis.tilings", b.Tilings, "1 to 1024")
	}
	if b.Tiles < 1 || b.Tiles > 1<<16 {
		return field.New("basis.tiles", b.Tiles, "1 to 65536")
	}
	b.size, b.radix, b.scaled = b.Tilings, nil, nil
	for i := range b.Inputs {
		cells, scaled := b.Tiles+2, float64(b.Tiles)
		if b.Inputs[i].Cells == 2 {
			cells, scaled = 3, 0 // told apart by rounding
		}
		b.radix, b.scaled = append(b.radix, cells), append(b.scaled, scaled)
		if b.size *= cells; b.size > maxFeatures {
			return field.New("basis.tiles", fmt.Sprintf("more than %d tiles in all", maxFeatures), "fewer tiles, or fewer features in the state")
		}
	}
	return nil
}

func (b *Basis) prepareFourier() error {
	n := len(b.Inputs)
	if b.Order < 1 || b.Order > 64 {
		return field.New("basis.order", b.Order, "1 to 64")
	}
	if b.Coupled < 1 {
		return field.New("basis.coupled", b.Coupled, "at least 1")
	}
	b.terms, b.single, b.turns = nil, make([]int32, n), nil
	c, where := make([]int, n), map[string]int32{}
	for {
		b.turn(c, where)
		for _, k := range c {
			b.terms = append(b.terms, float64(math.Pi*float64(k)))
		}
		if b.size = n; n > 0 {
			b.size += len(b.terms) / n
		} else {
			b.size = 1
		}
		if b.size > maxFeatures/64 {
			return field.New("basis.order", fmt.Sprintf("more than %d features", maxFeatures/64), "a lower order, or fewer inputs coupled")
		}
		if !next(c, b.Order, b.Coupled) {
			return nil
		}
	}
}

// turn notes how the term of frequencies c is made of two before it: with k the last frequency above 0, of k alone and the others, or, where there are no
// others, of 1 and k−1.
func (b *Basis) turn(c []int, where map[string]int32) {
	term := int32(len(where))
	where[fmt.Sprint(c)] = term
	last := len(c) - 1
	for last >= 0 && c[last] == 0 {
		last--
	}
	if last < 0 {
		return
	}
	rest, alone := slices.Clone(c), make([]int, len(c))
	rest[last], alone[last] = 0, c[last]
	if slices.Equal(c, alone) {
		if c[last] == 1 {
			b.single[last] = term
			return
		}
		alone[last], rest[last] = 1, c[last]-1
	}
	b.turns = append(b.turns, [3]int32{term, where[fmt.Sprint(rest)], where[fmt.Sprint(alone)]})
}

// next steps c to the next frequencies, the last input fastest, of which at most coupled are above 0.
func next(c []int, order, coupled int) bool {
	above := 0
	for _, k := range c {
		above += min(k, 1)
	}
	for i := len(c) - 1; i >= 0; i-- {
		switch {
		case c[i] == order:
			c[i], above = 0, above-1
		case c[i] > 0 || above < coupled:
			c[i]++
			return true
		}
	}
	return false
}

// Size is how many features there are.
func (b *Basis) Size() int { return b.size }

// Terms are π·c of each cosine of a Fourier basis, [term*len(Inputs)+input], in the order of its features; borrowed.
func (b *Basis) Terms() []float64 { return b.terms }

// Active is how many features of an observation Features fills in.
func (b *Basis) Active() int {
	if b.Kind == "tiles" {
		return b.Tilings
	}
	return b.size
}

// Features fills in which features of an observation are not 0, and what they are; both slices have Active elements at least.
func (b *Basis) Features(observation []float64, index []int32, value []float64) {
	if b.Kind == "tiles" {
		b.tiles(observation, index, value)
		return
	}
	var some [16]float64
	x := b.missing(observation, index, value, some[:0])
	n := len(x)
	for term := range b.size - n {
		angle := 0.0
		for i, pi := range b.terms[term*n : (term+1)*n] {
			angle += float64(pi * x[i])
		}
		index[term], value[term] = int32(term), portable.Cos(angle)
	}
}

// nearly fills in Features of a Fourier basis up to doubt: for a term a turn in the complex plane, e^{iπc·x} being the product of the e^{iπc_i·x_i}, in
// place of a cosine.
func (b *Basis) nearly(observation []float64, index []int32, value []float64) {
	var inputs [16]float64
	var some [stacked]float64
	sine := buffer(some[:], b.size)
	value[0], sine[0], index[0] = 1, 0, 0
	for i, x := range b.missing(observation, index, value, inputs[:0]) {
		at := b.single[i]
		sine[at], value[at] = portable.Sincos(float64(math.Pi * x))
		index[at] = at
	}
	for _, t := range b.turns {
		at, k, l := t[0], t[1], t[2]
		value[at] = float64(value[k]*value[l]) - float64(sine[k]*sine[l])
		sine[at] = float64(value[k]*sine[l]) + float64(sine[k]*value[l])
		index[at] = at
	}
}

// doubt bounds how far sums of weighted features that nearly makes are from those of Features, the largest of so many sums. In units of rounding u = 2⁻⁵³ a
// feature is off by at most (8 + π·(2 + n))·N + 1, where N is the most that a term's frequencies add up to: each of the N turns has √5·u (Brent, Percival & Zimmermann
// 2007) and its cosine, sine and angle 6·u, and the n products and sums of the angle that Features takes are off by (2 + n)·u of it, which is at most π·N. The
// two sums of F features round off F + 1 units each. Of the smallest weights, where u is no measure, each of their 2·F products rounds off up to 2⁻¹⁰⁷⁵. All of it is
// doubled for what is small of second order.
func (b *Basis) doubt(weights []float64, sums int) float64 {
	n := len(b.Inputs)
	most := b.Order * min(b.Coupled, n)
	feature := float64((8+float64(math.Pi*float64(2+n)))*float64(most)) + 1 + float64(2*(b.size+1))
	largest := 0.0
	for s := range sums {
		size := 0.0
		for f := range b.size {
			size += math.Abs(weights[f*sums+s])
		}
		largest = max(largest, size)
	}
	return float64(2*feature*0x1p-53*largest) + float64(float64(b.size)*0x1p-1073)
}

func (b *Basis) tiles(observation []float64, index []int32, value []float64) {
	index, value = index[:b.Tilings], value[:b.Tilings]
	for t := range index {
		index[t], value[t] = int32(t), 1
	}
	for i := range b.Inputs {
		in := &b.Inputs[i]
		x, known := in.scale(observation)
		radix, cells := int32(b.radix[i]), b.scaled[i]
		switch {
		case !known:
			for t := range index {
				index[t] = index[t]*radix + radix - 1
			}
		case in.Cells == 2:
			side := int32(x + 0.5)
			for t := range index {
				index[t] = index[t]*radix + side
			}
		default:
			at, shift := float64(x*cells), 0
			for t := range index {
				index[t] = index[t]*radix + int32(at+float64(shift)/float64(b.Tilings))
				shift = (shift + 2*i + 1) % b.Tilings
			}
		}
	}
}

// missing appends the scaled inputs to x, 0 where they are missing, and fills in the features that tell which are.
func (b *Basis) missing(observation []float64, index []int32, value, x []float64) []float64 {
	for i := range b.Inputs {
		at, known := b.Inputs[i].scale(observation)
		x = append(x, at)
		missing := b.size - len(b.Inputs) + i
		if index[missing], value[missing] = int32(missing), 1; known {
			value[missing] = 0
		}
	}
	return x
}

// Steps are relative step sizes of the features: for fourier 1/‖c‖, and 1 for c = 0 (Konidaris, Osentoski & Thomas 2011, §3.1).
func (b *Basis) Steps() []float64 {
	steps := make([]float64, b.size)
	n := len(b.Inputs)
	for f := range steps {
		norm := 0.0
		if b.Kind == "fourier" && n > 0 && f < b.size-n {
			for _, pi := range b.terms[f*n : (f+1)*n] {
				norm += float64(pi * pi)
			}
		}
		if steps[f] = 1; norm > 0 {
			steps[f] = math.Pi / math.Sqrt(norm)
		}
	}
	return steps
}

// String says what a basis is.
func (b *Basis) String() string {
	if b.Kind == "tiles" {
		return fmt.Sprintf("%d tilings of %d tiles", b.Tilings, b.Tiles)
	}
	return fmt.Sprintf("%d terms of a Fourier series of order %d", b.size, b.Order)
}
