package bundle

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
)

// Proof says what a policy was held against its limits at.
type Proof struct {
	Observations int  `json:"observations"`
	Exhaustive   bool `json:"exhaustive"` // every region of observations within which neither the state nor what the limits allow changes
}

// mostProved is up to how many observations a proof looks at all of; where there are more it draws so many.
const mostProved = 1 << 20

// Prove looks whether a policy ever offers what its limits forbid. Neither the state nor the set of allowed offers changes but at edges of
// the encoder and at bounds of limits, so that a point on each of them, one beside it and one between any two stand for all observations of a
// table; where that product is too large it is sampled, and of policies that compute it is a sample in any case. The bounds are worked out
// here from prices and limits, and not by the function that masks offers. The error names the observation.
func Prove(p policies.Frozen) (Proof, error) {
	frame := p.About()
	places := regions(frame)
	all := 1
	for _, place := range places {
		if all *= len(place); all > mostProved {
			break
		}
	}
	_, table := p.(*policies.Table)
	proof := Proof{Observations: min(all, mostProved), Exhaustive: table && all <= mostProved}
	observation := make([]float64, len(places))
	draw := rand.New(rand.NewPCG(1, 2)) // any seed: which observations are sampled
	for n := range proof.Observations {
		for i, at := 0, n; i < len(places); i++ {
			k := at % len(places[i])
			if at /= len(places[i]); all > mostProved {
				k = draw.IntN(len(places[i]))
			}
			observation[i] = places[i][k]
		}
		for _, u := range [...]float64{0, draw.Float64(), 1} {
			if d := p.Decide(observation, u); !kept(frame, observation, d.Price) {
				return proof, field.New("price", d.Price, fmt.Sprintf("one within the limits at the observation %v", observation))
			}
		}
	}
	return proof, nil
}

// regions are for each feature the values at which something changes, those beside and between them, and a missing one.
func regions(frame *policies.Frame) [][]float64 {
	spec := &frame.Spec
	places := make([][]float64, len(spec.Features))
	for _, d := range frame.Encoder.Dimensions {
		places[d.Index] = append(places[d.Index], d.Edges...)
	}
	for _, l := range spec.Limits {
		for _, o := range spec.Offers {
			if l.Drop > 0 {
				places[l.Index] = append(places[l.Index], o.Price+l.Drop)
			}
			if l.Rise > 0 {
				places[l.Index] = append(places[l.Index], o.Price-l.Rise)
			}
			if l.Times > 0 {
				places[l.Index] = append(places[l.Index], o.Price/l.Times)
			}
		}
	}
	for i, edges := range places {
		slices.Sort(edges)
		edges = slices.Compact(edges)
		all := []float64{math.NaN()}
		for k, x := range edges {
			// Edges are float32, bounds of limits float64: 1e-6 is beside either.
			beside := 1e-6 * max(1, math.Abs(x))
			all = append(all, x-beside, x, x+beside)
			if k > 0 {
				all = append(all, (x+edges[k-1])/2)
			}
		}
		if len(edges) > 0 {
			all = append(all, edges[0]-1, edges[len(edges)-1]+1)
		}
		places[i] = all
	}
	return places
}

// tolerance is what a limit leaves to rounding.
const tolerance = 1e-9

// kept tells whether a price keeps all limits, or where no offer does, is within every floor and ceiling and breaks the worst of the others by
// no more than the best such offer would.
func kept(frame *policies.Frame, observation []float64, price float64) bool {
	broken := func(price float64) float64 {
		worst := 0.0
		for _, l := range frame.Spec.Limits {
			if l.Floor > 0 && price < l.Floor-tolerance || l.Ceiling > 0 && price > l.Ceiling+tolerance {
				return math.Inf(1)
			}
			if l.Feature == "" || math.IsNaN(observation[l.Index]) {
				continue
			}
			x := observation[l.Index]
			if l.Drop > 0 {
				worst = max(worst, x-price-l.Drop)
			}
			if l.Rise > 0 {
				worst = max(worst, price-x-l.Rise)
			}
			if l.Times > 0 {
				worst = max(worst, float64(x*l.Times)-price)
			}
		}
		return worst
	}
	least := math.Inf(1)
	for _, o := range frame.Spec.Offers {
		least = min(least, broken(o.Price))
	}
	worst := broken(price)
	return worst <= max(least, tolerance) && !math.IsInf(worst, 1)
}
