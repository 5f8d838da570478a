package optimum

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// Seen names the features by which a policy tells the state of a Reduction.
type Seen struct {
	Reference string   // the own reference price; while missing, Reduction.Start is taken
	Rivals    []string // 1 while the rival is on deal: bit i of the rivals' state; missing counts as 0
	Week      string   // of the episode, from 0; only a finite horizon needs it, and beyond its end the last week is taken
}

// Policy is the plan as a policy: at each observation the allowed offer of greatest worth, the lowest index among equals. The
// spec's ladder must be the reduction's.
func (p *Plan) Policy(spec *env.Spec, seen Seen) (policies.Policy, error) {
	if len(spec.Offers) != len(p.reduction.Prices) {
		return nil, field.New("offers", len(spec.Offers), fmt.Sprintf("the %d offers that were solved for", len(p.reduction.Prices)))
	}
	for a, o := range spec.Offers {
		if o.Price != p.reduction.Prices[a] {
			return nil, field.New(fmt.Sprintf("offers[%d].price", a), o.Price, fmt.Sprint(p.reduction.Prices[a]))
		}
	}
	if states := len(p.reduction.Rivals); states != 1<<len(seen.Rivals) {
		return nil, field.New("rivals", len(seen.Rivals), fmt.Sprintf("as many flags as make %d states", states))
	}
	index := func(name string) (int, error) {
		i := spec.Feature(name)
		if i < 0 {
			return 0, field.New("feature", name, "a feature that the seller observes")
		}
		return i, nil
	}
	q := &planned{plan: p, spec: *spec, rivals: make([]int, len(seen.Rivals)), week: -1}
	var err error
	if q.reference, err = index(seen.Reference); err != nil {
		return nil, err
	}
	for i, name := range seen.Rivals {
		if q.rivals[i], err = index(name); err != nil {
			return nil, err
		}
	}
	if len(p.rewards) > 1 {
		if q.week, err = index(seen.Week); err != nil {
			return nil, err
		}
	}
	return q, nil
}

type planned struct {
	plan      *Plan
	spec      env.Spec
	reference int
	rivals    []int
	week      int // −1: the plan knows no calendar
}

// Decide implements policies.Policy.
func (p *planned) Decide(observation []float64, _ float64) policies.Decision {
	reference, rival, week := observation[p.reference], 0, 0
	if math.IsNaN(reference) {
		reference = p.plan.reduction.Start
	}
	for bit, i := range p.rivals {
		if observation[i] > 0.5 {
			rival |= 1 << bit
		}
	}
	if p.week >= 0 && observation[p.week] > 0 {
		week = int(min(observation[p.week], float64(len(p.plan.rewards)-1)))
	}
	var buffer [64]bool
	mask := policies.Mask(&p.spec, observation, buffer[:])
	action, ideal := -1, 0
	best, most := math.Inf(-1), math.Inf(-1)
	for a := range p.spec.Offers {
		worth := p.plan.worth(week, reference, rival, a)
		if worth > most {
			most, ideal = worth, a
		}
		if mask[a] && worth > best {
			best, action = worth, a
		}
	}
	o := &p.spec.Offers[action]
	d := policies.Decision{Action: action, Price: o.Price, Promotion: o.Promotion, Propensity: 1, Revision: "dynamic programme"}
	if !mask[ideal] {
		d.Guardrails = policies.Hit(&p.spec, observation, ideal)
	}
	return d
}
