package policies

import (
	"fmt"
	"math"
	"sort"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// Dimension cuts one feature into len(Edges)+1 bins, and a last one for a missing value (NaN). Bin k holds
// Edges[k-1] <= x < Edges[k]; the first and the last are open. Edges and values are compared as float32, which is what
// most systems that run an exported policy compute with, so that all agree on which side of an edge a value lies.
type Dimension struct {
	Feature string    `json:"feature"`
	Index   int       `json:"index"` // of the feature in the observation
	Edges   []float64 `json:"edges"` // strictly increasing, as float32 too
}

// Uniform returns a dimension of equally wide bins over [from, to]; values outside fall into the outer ones.
func Uniform(feature string, index int, from, to float64, bins int) Dimension {
	d := Dimension{Feature: feature, Index: index, Edges: make([]float64, 0, max(bins-1, 0))}
	for k := 1; k < bins; k++ {
		d.Edges = append(d.Edges, from+float64((to-from)*float64(k))/float64(bins))
	}
	return d
}

// bins is the number of cells, the one for missing values included.
func (d *Dimension) bins() int { return len(d.Edges) + 2 }

// bin returns the cell of a value: how many edges are at or below it.
func (d *Dimension) bin(x float64) int {
	if x != x {
		return len(d.Edges) + 1
	}
	below, at := 0, float32(x)
	for left := len(d.Edges); left > 0; { // always as many steps: a search that ends early takes branches that cannot be foreseen
		step := (left + 1) / 2
		if float32(d.Edges[below+step-1]) <= at {
			below += step
		}
		left -= step
	}
	return below
}

// Encoder numbers the cells of a grid over some features: mixed radix, the first dimension slowest. Without dimensions
// there is one state.
type Encoder struct {
	Dimensions []Dimension `json:"dimensions"`
}

// States is how many states there are.
func (e *Encoder) States() int {
	n := 1
	for i := range e.Dimensions {
		n *= e.Dimensions[i].bins()
	}
	return n
}

// Encode returns the state of an observation.
func (e *Encoder) Encode(observation []float64) int {
	s := 0
	for i := range e.Dimensions {
		d := &e.Dimensions[i]
		s = s*d.bins() + d.bin(observation[d.Index])
	}
	return s
}

// maxStates bounds a table to what memory may hold; beyond it a table is the wrong method.
const maxStates = 1 << 26

// Validate checks the encoder against the features it reads. The error is a *field.Error.
func (e *Encoder) Validate(spec *env.Spec) error {
	states := 1
	for i := range e.Dimensions {
		d := &e.Dimensions[i]
		key := "state." + d.Feature
		if d.Index < 0 || d.Index >= len(spec.Features) || spec.Features[d.Index].Name != d.Feature {
			return field.New(key, fmt.Sprintf("index %d", d.Index), "the index of that feature, one of "+names(spec))
		}
		for k, x := range d.Edges {
			if math.IsNaN(x) || math.IsInf(float64(float32(x)), 0) {
				return field.New(key+".edges", x, "a finite number")
			}
			if k > 0 && !(float32(d.Edges[k-1]) < float32(x)) {
				return field.New(key+".edges", fmt.Sprintf("%v after %v", x, d.Edges[k-1]), "strictly increasing edges, by more than float32 rounds off")
			}
		}
		if states *= d.bins(); states > maxStates {
			return field.New(key, fmt.Sprintf("more than %d states", maxStates), "fewer bins")
		}
	}
	return nil
}

func names(spec *env.Spec) string {
	var all []string
	for i := range spec.Features {
		all = append(all, spec.Features[i].Name)
	}
	sort.Strings(all)
	return strings.Join(all, ", ")
}

// Bin is one cell of one feature: Low <= x < High, infinite at the ends, or the cell of missing values; or, where Low is High, that one value.
type Bin struct {
	Feature   string
	Low, High float64
	Missing   bool
}

// String is the bin in words.
func (b Bin) String() string {
	switch {
	case b.Missing:
		return b.Feature + " missing"
	case b.Low == b.High:
		return fmt.Sprintf("%s %.4g", b.Feature, b.Low)
	case math.IsInf(b.Low, -1) && math.IsInf(b.High, 1):
		return b.Feature + " any"
	case math.IsInf(b.Low, -1):
		return fmt.Sprintf("%s below %.4g", b.Feature, b.High)
	case math.IsInf(b.High, 1):
		return fmt.Sprintf("%s at least %.4g", b.Feature, b.Low)
	}
	return fmt.Sprintf("%s in [%.4g, %.4g)", b.Feature, b.Low, b.High)
}

// MarshalText is String, because JSON has no infinite numbers.
func (b Bin) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// Decode returns the bins of a state in the order of Dimensions.
func (e *Encoder) Decode(state int) []Bin {
	bins := make([]Bin, len(e.Dimensions))
	for i := len(e.Dimensions) - 1; i >= 0; i-- {
		d := &e.Dimensions[i]
		k := state % d.bins()
		state /= d.bins()
		bins[i] = Bin{Feature: d.Feature, Low: math.Inf(-1), High: math.Inf(1), Missing: k > len(d.Edges)}
		if 0 < k && k <= len(d.Edges) {
			bins[i].Low = d.Edges[k-1]
		}
		if k < len(d.Edges) {
			bins[i].High = d.Edges[k]
		}
	}
	return bins
}
