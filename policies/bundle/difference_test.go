package bundle_test

import (
	"testing"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/sim/env"
)

// Two tables offer 1 and 2 for one that must not sell below its cost: the comparison must not be made at a cost that nobody has.
func TestPoliciesAreComparedAtTheCostTheyAreMeantFor(t *testing.T) {
	policy := func(low, high float64, offer int) *policies.Table {
		spec := &env.Spec{Features: []env.Feature{{Name: "unit_cost", Min: low, Max: high}}, Offers: []env.Offer{{Price: 1}, {Price: 2}, {Price: 9}},
			Limits: []env.Limit{{Feature: "unit_cost", Times: 1}}}
		values := make([]float64, 3)
		values[offer] = 1
		table, err := policies.NewTable(spec, policies.Encoder{}, values, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		return table
	}
	for _, c := range []struct {
		low, high      float64
		first, second  float64
		aside, differs int
	}{
		{0, 18, 1, 2, 1, 1},    // nothing tells the cost: without the guardrail
		{0.5, 0.5, 1, 2, 0, 1}, // at the cost, which keeps from neither
		{1.5, 1.5, 2, 2, 0, 0}, // at the cost, which keeps the first from 1
	} {
		d, err := bundle.Compare(policy(c.low, c.high, 0), policy(c.low, c.high, 1))
		if err != nil || len(d.Aside) != c.aside || d.Apart != c.differs {
			t.Errorf("cost %g to %g: %+v, %v", c.low, c.high, d, err)
		} else if d.Apart > 0 && (d.Places[0].First.Price != c.first || d.Places[0].Second.Price != c.second) {
			t.Errorf("cost %g to %g: %+v", c.low, c.high, d.Places[0])
		}
	}
}
