package bundle_test

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/sim/env"
)

func TestATableIsProvedToKeepItsLimits(t *testing.T) {
	p, err := bundle.Prove(example(t, true).Policy)
	if err != nil || !p.Exhaustive || p.Observations < 50 {
		t.Errorf("%+v, %v", p, err)
	}
}

// defiant offers the cheapest offer where it should not: just outside of the limit of its reference price.
type defiant struct {
	*policies.Table
	from, to float64
}

func (d defiant) Decide(observation []float64, u float64) policies.Decision {
	made := d.Table.Decide(observation, u)
	if x := observation[0]; x > d.from && x < d.to {
		made.Action, made.Price = 0, d.Spec.Offers[0].Price
	}
	return made
}

func TestOneOfferOutsideOfItsLimitsIsFound(t *testing.T) {
	table := example(t, true).Policy.(*policies.Table)
	// The cheapest offer, 0.54, is forbidden above 0.84, and what is allowed there is dearer.
	if _, err := bundle.Prove(defiant{table, 0.84 + 1e-6, math.Inf(1)}); err == nil {
		t.Error("an offer more than its limit below the reference price was not found")
	}
	if _, err := bundle.Prove(defiant{table, 0, 0.84}); err != nil {
		t.Error("an offer within its limit was refused: ", err)
	}
}

// Floor, ceiling and cost are proved too; a fixed bound even where it leaves nothing that the others allow.
func TestGuardrailsOfAllKindsAreProved(t *testing.T) {
	for _, b := range kinds(t) {
		proof, err := bundle.Prove(b.Policy)
		if _, table := b.Policy.(*policies.Table); err != nil || proof.Exhaustive != table {
			t.Errorf("%s: %+v, %v", b.Policy, proof, err)
		}
	}
	table := kinds(t)[0].Policy.(*policies.Table)
	if _, err := bundle.Prove(defiant{table, 0.5, 0.75}); err == nil {
		t.Error("an offer below 1.1 × its cost was not found")
	}
	table = kinds(t)[0].Policy.(*policies.Table)
	table.Spec.Limits = []env.Limit{{Floor: 0.6}, {Feature: "week", Index: 1, Times: 9}}
	if _, err := bundle.Prove(table); err != nil {
		t.Error(err)
	}
	if _, err := bundle.Prove(defiant{table, 0.5, 0.75}); err == nil {
		t.Error("an offer below the floor was not found")
	}
}

func TestDifferencesAreWeightedByVisits(t *testing.T) {
	one, other := example(t, true).Policy.(*policies.Table), example(t, true).Policy.(*policies.Table)
	same, err := bundle.Compare(one, other)
	if err != nil || same.Apart != 0 || same.Share != 0 || same.States != 10 {
		t.Fatalf("a policy and itself: %+v, %v", same, err)
	}
	// State 4 is the second cell of the price without a deal: there the other one now wants its dearest offer above all.
	const state = 4
	seen, all := 0.0, 0.0
	for i, n := range one.Visits {
		if bins := one.Encoder.Decode(i / 3); !bins[0].Missing && !bins[1].Missing {
			if all += float64(n); i/3 == state {
				seen += float64(n)
			}
		}
	}
	greedy := one.Greedy(state)
	for a := range 3 {
		if a != greedy && one.Visits[state*3+a] > 0 {
			other.Values[state*3+a] = 100
			break
		}
	}
	d, err := bundle.Compare(one, other)
	if err != nil || d.Apart != 1 || math.Abs(d.Share-seen/all) > 1e-12 || len(d.Places) != 1 {
		t.Fatalf("%+v, %v; want one state, %.4f of all visits", d, err, seen/all)
	}
	cell := d.Along[0].Cells[1]
	if cell.Bin != d.Places[0].Bins[0] || cell.Weight == 0 || math.Abs(cell.Apart-d.Share/cell.Weight) > 1e-12 || math.Abs(cell.Second-cell.First-d.Mean/cell.Weight) > 1e-12 {
		t.Errorf("along the price: %+v of %+v", cell, d)
	}
	for _, along := range d.Along {
		weight, mean := 0.0, 0.0
		for _, c := range along.Cells {
			weight, mean = weight+c.Weight, mean+c.Weight*(c.Second-c.First)
		}
		if math.Abs(weight-1) > 1e-12 || math.Abs(mean-d.Mean) > 1e-12 {
			t.Errorf("%s: weights sum to %v, differences to %v", along.Feature, weight, mean)
		}
	}
	if gap := d.Places[0].Second.Price - d.Places[0].First.Price; math.Abs(d.Mean-gap*seen/all) > 1e-12 || math.Abs(d.Absolute-math.Abs(d.Mean)) > 1e-12 {
		t.Errorf("mean %v, absolute %v", d.Mean, d.Absolute)
	}
}
