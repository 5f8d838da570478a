package policies_test

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/rules"
	"github.com/souk-sim/souk/sim/env"
)

// The odds are those with which Decide makes offers over all u, and each decision's propensity is its offer's.
func TestOddsAreTheLawOfDecisions(t *testing.T) {
	spec := &env.Spec{Features: []env.Feature{{Name: "last"}}, Offers: []env.Offer{{Price: 1}, {Price: 2}, {Price: 3}, {Price: 4}},
		Limits: []env.Limit{{Feature: "last", Rise: 1.5}}}
	table, err := policies.NewTable(spec, policies.Encoder{}, []float64{1, 3, 2, 0}, nil, 0.3)
	if err != nil {
		t.Fatal(err)
	}
	random, err := (&rules.Random{}).Policy(spec)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]policies.Policy{"table": table, "random": random}
	for _, name := range []string{"table", "random"} {
		if all["explore "+name], err = policies.Explore(all[name], spec, 0.4); err != nil {
			t.Fatal(err)
		}
	}
	for name, p := range all {
		for _, last := range []float64{math.NaN(), 1} { // at 1 the two dearest offers are forbidden
			const n = 12000 // u falls on whole cells of all laws here
			observation, odds, share := []float64{last}, make([]float64, 4), make([]float64, 4)
			policies.Odds(p, observation, odds)
			for k := range n {
				d := p.Decide(observation, (float64(k)+0.5)/n)
				share[d.Action] += 1. / n
				if math.Abs(d.Propensity-odds[d.Action]) > 1e-12 || d.Price != spec.Offers[d.Action].Price {
					t.Fatalf("%s at %v: %+v, odds %v", name, last, d, odds)
				}
			}
			for a := range odds {
				if math.Abs(odds[a]-share[a]) > 1e-3 {
					t.Errorf("%s at %v: odds %v, made %v", name, last, odds, share)
				}
			}
		}
	}
	if _, err := policies.Explore(table, spec, 1.5); err == nil {
		t.Error("an exploration of 1.5 is accepted")
	}
}
