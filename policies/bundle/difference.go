package bundle

import (
	"cmp"
	"math"
	"slices"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// Difference is where two policies offer different things, state by state of the first.
type Difference struct {
	States   int      `json:"states"`              // of the first
	Apart    int      `json:"apart"`               // in which the offers differ
	Share    float64  `json:"share"`               // of what training saw that lies in those, by visits; by states where nothing was counted
	Absolute float64  `json:"absolute"`            // mean |second − first| price, by the same weights, $
	Mean     float64  `json:"mean"`                // second − first, likewise
	Visited  bool     `json:"visited"`             // whether the weights are visits
	Aside    []string `json:"set_aside,omitempty"` // features of guardrails that nothing tells the value of: those guardrails forbid nothing here
	Places   []Place  `json:"places"`              // those in which they differ, the heaviest first
	Along    []Along  `json:"along"`               // the same by each feature that the first looks at, in its order
}

// Along is how two policies compare over one feature, whatever the others are.
type Along struct {
	Feature string `json:"feature"`
	Cells   []Cell `json:"cells"`
}

// Cell is one cell of a feature: means over the states in it, by the same weights. Where the weights are all 0 so are they.
type Cell struct {
	Bin    policies.Bin `json:"bin"`
	Middle float64      `json:"middle"` // of the cell
	Weight float64      `json:"weight"` // its share of all
	Apart  float64      `json:"apart"`  // share of it in which the offers differ
	First  float64      `json:"first"`  // mean price, $
	Second float64      `json:"second"`
}

// begin lays the cells of each feature.
func (d *Difference) begin(frame *policies.Frame) {
	for _, dim := range frame.Encoder.Dimensions {
		d.Along = append(d.Along, Along{Feature: dim.Feature, Cells: make([]Cell, len(dim.Edges)+1)})
	}
}

// add counts a state's prices in the cell of each feature.
func (d *Difference) add(frame *policies.Frame, state int, bins []policies.Bin, seen []float64, weight, first, second float64, apart bool) {
	for i := len(bins) - 1; i >= 0; i-- {
		dim := &frame.Encoder.Dimensions[i]
		c := &d.Along[i].Cells[state%(len(dim.Edges)+2)]
		state /= len(dim.Edges) + 2
		c.Bin, c.Middle = bins[i], seen[dim.Index]
		c.Weight += weight
		c.First += weight * first
		c.Second += weight * second
		if apart {
			c.Apart += weight
		}
	}
}

// settle makes means and shares of sums.
func (d *Difference) settle(total float64) {
	for _, along := range d.Along {
		for k := range along.Cells {
			c := &along.Cells[k]
			for _, sum := range []*float64{&c.Apart, &c.First, &c.Second} {
				*sum /= max(c.Weight, math.SmallestNonzeroFloat64)
			}
			c.Weight /= total
		}
	}
	for _, sum := range []*float64{&d.Share, &d.Absolute, &d.Mean} {
		*sum /= total
	}
	for i := range d.Places {
		d.Places[i].Weight /= total
	}
	slices.SortStableFunc(d.Places, func(x, y Place) int { return cmp.Compare(y.Weight, x.Weight) })
}

// Place is one state in which two policies differ.
type Place struct {
	Bins   []policies.Bin    `json:"bins"`
	Weight float64           `json:"weight"` // its share of all
	First  policies.Decision `json:"first"`
	Second policies.Decision `json:"second"`
}

// Compare asks both policies, without exploration, in the middle of each state of the first in which no feature is missing. A feature of the
// second that the first does not look at is in the middle of where it is expected; one that the first does not know at all is an error. What only
// a guardrail looks at, and training saw more than one value of, is left unknown: in the middle of its range it would forbid what nobody is kept from.
func Compare(first, second policies.Frozen) (*Difference, error) {
	a, b := first.About(), second.About()
	from := make([]int, len(b.Spec.Features)) // which of the first's features stands there
	for i, f := range b.Spec.Features {
		if from[i] = a.Spec.Feature(f.Name); from[i] < 0 && b.LooksAt(i) {
			return nil, field.New("feature", f.Name, "one that the first policy observes too")
		}
	}
	weights, visited := weigh(first)
	aside := guardsOnly(a, b)
	d := &Difference{Visited: visited}
	for _, i := range aside {
		d.Aside = append(d.Aside, a.Spec.Features[i].Name)
	}
	d.begin(a)
	total := 0.0
	for state, weight := range weights {
		bins := a.Encoder.Decode(state)
		if slices.ContainsFunc(bins, func(b policies.Bin) bool { return b.Missing }) {
			continue
		}
		d.States++
		total += weight
		seen := middle(a, bins)
		for _, i := range aside {
			seen[i] = math.NaN()
		}
		here, there := make([]float64, len(seen)), make([]float64, len(from))
		copy(here, seen)
		for i, k := range from {
			if there[i] = math.NaN(); k >= 0 {
				there[i] = seen[k]
			}
		}
		x, y := greedy(first, here), greedy(second, there)
		apart := x.Price != y.Price || x.Promotion != y.Promotion
		d.add(a, state, bins, seen, weight, x.Price, y.Price, apart)
		if !apart {
			continue
		}
		d.Apart++
		d.Share += weight
		d.Absolute += weight * math.Abs(y.Price-x.Price)
		d.Mean += weight * (y.Price - x.Price)
		d.Places = append(d.Places, Place{Bins: bins, Weight: weight, First: x, Second: y})
	}
	d.settle(max(total, math.SmallestNonzeroFloat64))
	return d, nil
}

// guardsOnly are the features of the first that only guardrails look at, its own or the other's, and of which training saw more than one value.
func guardsOnly(first, second *policies.Frame) (aside []int) {
	for i, f := range first.Spec.Features {
		is := func(name string) bool { return name == f.Name }
		guards, decides := false, false
		for _, frame := range []*policies.Frame{first, second} {
			guards = guards || slices.ContainsFunc(frame.Spec.Limits, func(l env.Limit) bool { return is(l.Feature) })
			decides = decides || slices.ContainsFunc(frame.Encoder.Dimensions, func(d policies.Dimension) bool { return is(d.Feature) })
		}
		if guards && !decides && f.Min < f.Max {
			aside = append(aside, i)
		}
	}
	return aside
}

// greedy is a decision without exploration: what Explain explains.
func greedy(p policies.Frozen, observation []float64) policies.Decision {
	return p.Explain(observation).Decision
}

// weigh is how often training was in each state, or 1 for each.
func weigh(p policies.Frozen) (weights []float64, visited bool) {
	weights = make([]float64, p.About().Encoder.States())
	offers := len(p.About().Spec.Offers)
	if t, ok := p.(*policies.Table); ok && t.Visits != nil {
		for i, n := range t.Visits {
			weights[i/offers] += float64(n)
			visited = visited || n > 0
		}
	}
	if !visited {
		for i := range weights {
			weights[i] = 1
		}
	}
	return weights, visited
}

// middle is an observation in the middle of a state.
func middle(frame *policies.Frame, bins []policies.Bin) []float64 {
	seen := make([]float64, len(frame.Spec.Features))
	for i, f := range frame.Spec.Features {
		seen[i] = (f.Min + f.Max) / 2
	}
	for k, d := range frame.Encoder.Dimensions {
		low, high := bins[k].Low, bins[k].High
		switch {
		case math.IsInf(low, 0) && math.IsInf(high, 0):
		case math.IsInf(low, 0):
			seen[d.Index] = float64(math.Nextafter32(float32(high), float32(low)))
		case math.IsInf(high, 0):
			seen[d.Index] = low
		default:
			seen[d.Index] = (low + high) / 2
		}
	}
	return seen
}
