package persona

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
)

// Described is a group of customers as somebody describes it.
type Described struct {
	Share  float64
	Center []float64 // mean of each feature
	SD     []float64 // standard deviation of each feature within the group; nil: 0
}

// describedQuantiles are as many as a normal distribution is told by.
const describedQuantiles = 20

// ByHand makes personas of descriptions, where there is no log: features of a group are independent and normal. Shares sum to 1.
func ByHand(features []string, groups []Described) (*Personas, error) {
	d := len(features)
	p := &Personas{Scale: &Scale{Names: features, Log: make([]bool, d), Mean: make([]float64, d), SD: make([]float64, d)}, Whole: make([]bool, d)}
	for i, g := range groups {
		if g.SD == nil {
			g.SD = make([]float64, d)
		}
		if len(g.Center) != d || len(g.SD) != d {
			return nil, field.New(fmt.Sprintf("groups[%d]", i), fmt.Sprintf("%d means and %d deviations", len(g.Center), len(g.SD)), fmt.Sprintf("%d, one for each feature", d))
		}
		group := Group{Card: Card{Share: g.Share}, Center: make([]float64, d)}
		for j := range d {
			if !(g.SD[j] >= 0) {
				return nil, field.New(fmt.Sprintf("groups[%d].sd", i), g.SD[j], "0 or more")
			}
			p.Scale.Mean[j] += float64(g.Share * g.Center[j])
			quantiles := make([]float64, describedQuantiles)
			for b := range quantiles {
				quantiles[b] = g.Center[j] + float64(g.SD[j]*portable.NormalQuantile((float64(b)+0.5)/describedQuantiles))
			}
			group.Quantiles = append(group.Quantiles, quantiles)
			factor := make([]float64, j+1)
			factor[j] = 1
			group.Factor = append(group.Factor, factor)
		}
		p.Groups = append(p.Groups, group)
	}
	for j := range d {
		for i, g := range groups {
			off := g.Center[j] - p.Scale.Mean[j]
			p.Scale.SD[j] += float64(g.Share * float64(off*off))
			if g.SD != nil {
				p.Scale.SD[j] += float64(g.Share * float64(g.SD[j]*g.SD[j]))
			}
			p.Groups[i].Center[j] = off
		}
		if p.Scale.SD[j] = math.Sqrt(p.Scale.SD[j]); p.Scale.SD[j] > 0 {
			for i := range groups {
				p.Groups[i].Center[j] /= p.Scale.SD[j]
			}
		}
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	p.prepare()
	return p, nil
}
