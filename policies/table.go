package policies

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// Table is a policy that looks its offer up: the highest value among the offers that the limits allow, ties to the
// lowest index, and with probability Epsilon any allowed offer. Build it with NewTable.
//
// Where training never was, values mean nothing, so:
//   - a state in which no offer was ever tried answers with the values of the nearest tried state that differs in one
//     dimension only (dimensions in order, fewest bins away, the lower bin first), or else of the most visited state;
//   - offers never tried in that state do not compete;
//   - if the limits forbid every tried offer, the allowed offer nearest in price to the best tried one is made.
type Table struct {
	Frame
	Values  []float64 // [state*len(Spec.Offers)+action]
	Visits  []uint32  // likewise: how often training tried it; nil where every value is meant (a solved table)
	Epsilon float64   // exploration, 0 to 1

	source []int32 // state whose values answer for a state; nil when it is always itself
}

// NewTable checks a table and prepares it for use. The slices are kept, not copied. Errors are *field.Error.
func NewTable(spec *env.Spec, encoder Encoder, values []float64, visits []uint32, epsilon float64) (*Table, error) {
	if err := checkSpec(spec); err != nil {
		return nil, err
	}
	if err := encoder.Validate(spec); err != nil {
		return nil, err
	}
	size := encoder.States() * len(spec.Offers)
	switch {
	case len(values) != size:
		return nil, field.New("values", len(values), fmt.Sprintf("%d states × %d offers", encoder.States(), len(spec.Offers)))
	case visits != nil && len(visits) != size:
		return nil, field.New("visits", len(visits), fmt.Sprintf("none or %d", size))
	case !(epsilon >= 0 && epsilon <= 1):
		return nil, field.New("epsilon", epsilon, "0 to 1")
	}
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, field.New(fmt.Sprintf("values[%d]", i), v, "a finite number")
		}
	}
	t := &Table{Frame: Frame{Spec: *spec, Encoder: encoder}, Values: values, Visits: visits, Epsilon: epsilon}
	t.source = t.sources()
	return t, nil
}

// String implements Frozen.
func (t *Table) String() string { return fmt.Sprintf("a table of %d states", t.Encoder.States()) }

// Decide implements Policy.
func (t *Table) Decide(observation []float64, u float64) Decision {
	var buffer [64]bool // on the stack; longer ladders pay for an allocation
	mask := Mask(&t.Spec, observation, buffer[:])
	greedy, ideal := t.greedy(t.Source(t.Encoder.Encode(observation)), mask)
	action, propensity := greedy, 1.0
	if t.Epsilon > 0 {
		explored, allowed := Pick(mask, u/t.Epsilon)
		if u < t.Epsilon {
			action = explored
		}
		if propensity = t.Epsilon / float64(allowed); action == greedy {
			propensity += 1 - t.Epsilon
		}
	}
	return t.decision(observation, mask, action, ideal, propensity)
}

// Greedy is the offer made in a state of the encoder, without exploration and where no limit forbids any.
func (t *Table) Greedy(state int) int {
	_, ideal := t.greedy(t.Source(state), make([]bool, len(t.Spec.Offers)))
	return ideal
}

// greedy returns the best allowed offer by the values of a state, and the one it would be without limits.
func (t *Table) greedy(state int, mask []bool) (best, ideal int) {
	best, ideal = -1, -1
	at := state * len(mask)
	for a, v := range t.Values[at : at+len(mask)] {
		if !t.Tried(at + a) {
			continue
		}
		if ideal < 0 || v > t.Values[at+ideal] {
			ideal = a
		}
		if mask[a] && (best < 0 || v > t.Values[at+best]) {
			best = a
		}
	}
	if best < 0 {
		best = Nearest(&t.Spec, mask, t.Spec.Offers[ideal].Price, t.Spec.Offers[ideal].Promotion)
	}
	return best, ideal
}

// Tried says whether the value at an index of Values counts: training tried it, or nothing was ever tried, or everything is meant.
func (t *Table) Tried(i int) bool { return t.source == nil || t.Visits[i] > 0 }

// Source is the state whose values answer for a state.
func (t *Table) Source(state int) int {
	if t.source == nil {
		return state
	}
	return int(t.source[state])
}

// sources finds the state that answers for each state.
func (t *Table) sources() []int32 {
	if t.Visits == nil {
		return nil
	}
	offers := len(t.Spec.Offers)
	visits := make([]uint64, t.Encoder.States())
	most := 0
	for i, n := range t.Visits {
		s := i / offers
		if visits[s] += uint64(n); visits[s] > visits[most] {
			most = s
		}
	}
	if visits[most] == 0 {
		return nil
	}
	source := make([]int32, len(visits))
	for s := range source {
		source[s] = int32(s)
		if visits[s] == 0 {
			source[s] = int32(t.nearestTried(s, visits, most))
		}
	}
	return source
}

func (t *Table) nearestTried(state int, visits []uint64, most int) int {
	stride := len(visits)
	for i := range t.Encoder.Dimensions {
		d := &t.Encoder.Dimensions[i]
		stride /= d.bins()
		values := d.bins() - 1 // the last bin is that of a missing value
		bin := state / stride % d.bins()
		if bin == values {
			best := -1 // what is missing may be anything: the most visited of the states that agree in all else
			for s := state - values*stride; s < state; s += stride {
				if visits[s] > 0 && (best < 0 || visits[s] > visits[best]) {
					best = s
				}
			}
			if best >= 0 {
				return best
			}
			continue
		}
		for step := 1; step < values; step++ {
			if s := state - step*stride; bin-step >= 0 && visits[s] > 0 {
				return s
			}
			if s := state + step*stride; bin+step < values && visits[s] > 0 {
				return s
			}
		}
	}
	return most
}
