package policies

import (
	"fmt"
	"math"

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
	terms  []float64 // fourier: [term*len(Inputs)+i], π·c_i
	radix  []int     // tiles: cells of an input in one tiling
	scaled []float64 // tiles: of an input, as a number
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
	b.terms = nil
	c := make([]int, n)
	for {
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
	b.fourier(observation, index, value)
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

func (b *Basis) fourier(observation []float64, index []int32, value []float64) {
	n := len(b.Inputs)
	var buffer [16]float64
	x := buffer[:0]
	for i := range b.Inputs {
		at, known := b.Inputs[i].scale(observation)
		x = append(x, at)
		missing := b.size - n + i
		if index[missing], value[missing] = int32(missing), 1; known {
			value[missing] = 0
		}
	}
	for term := range b.size - n {
		angle := 0.0
		for i, pi := range b.terms[term*n : (term+1)*n] {
			angle += float64(pi * x[i])
		}
		_, cos := portable.Sincos(angle)
		index[term], value[term] = int32(term), cos
	}
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
