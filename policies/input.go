package policies

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// Input is a feature as policies that compute take it in: scaled to (x − Low)/(High − Low) and held to [0, 1]; that it is
// missing (NaN) is told apart.
type Input struct {
	Feature string  `json:"feature"`
	Index   int     `json:"index"` // of the feature in the observation
	Low     float64 `json:"low"`
	High    float64 `json:"high"`
	Cells   int     `json:"cells,omitempty"` // how many values the state tells apart, where they are two; 0: many
}

// Inputs are the features that a state looks at, each once. A range is where the feature is expected (Feature.Min to
// Max), within what the state's cells cover, an outer cell being as wide as its neighbour. A feature that the state does
// not cut is no input.
func Inputs(spec *env.Spec, encoder *Encoder) []Input {
	var all []Input
	for i := range encoder.Dimensions {
		d := &encoder.Dimensions[i]
		n := len(d.Edges)
		if n == 0 || slices.ContainsFunc(all, func(in Input) bool { return in.Index == d.Index }) {
			continue
		}
		f := &spec.Features[d.Index]
		in := Input{Feature: d.Feature, Index: d.Index, Low: f.Min, High: f.Max}
		if finite := f.Min < f.Max && f.Max-f.Min <= math.MaxFloat64; n == 1 {
			in.Cells = 2
			if !finite {
				in.Low, in.High = d.Edges[0]-1, d.Edges[0]+1
			}
		} else {
			low, high := 2*d.Edges[0]-d.Edges[1], 2*d.Edges[n-1]-d.Edges[n-2]
			if finite {
				low, high = max(low, min(f.Min, d.Edges[0])), min(high, max(f.Max, d.Edges[n-1]))
			}
			in.Low, in.High = low, high
		}
		all = append(all, in)
	}
	return all
}

// scale returns where a feature is in its range, 0 to 1, and whether it is known.
func (in *Input) scale(observation []float64) (x float64, known bool) {
	x = observation[in.Index]
	if x != x {
		return 0, false
	}
	return min(1, max(0, (x-in.Low)/(in.High-in.Low))), true
}

func checkInputs(spec *env.Spec, inputs []Input) error {
	for i, in := range inputs {
		key := fmt.Sprintf("inputs[%d]", i)
		switch {
		case in.Index < 0 || in.Index >= len(spec.Features) || spec.Features[in.Index].Name != in.Feature:
			return field.New(key+".feature", fmt.Sprintf("%q at index %d", in.Feature, in.Index), "a feature and its index")
		case !(in.Low < in.High && in.High-in.Low <= math.MaxFloat64):
			return field.New(key, fmt.Sprintf("%v to %v", in.Low, in.High), "low below high, and finite")
		case in.Cells != 0 && in.Cells != 2:
			return field.New(key+".cells", in.Cells, "0 or 2")
		}
	}
	return nil
}
