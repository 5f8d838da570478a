package main

import (
	"strings"
	"testing"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/sim/env"
)

// A plan over four periods at a shop that never sells at a loss: what has to be observed is named, and what no training did is not.
func TestAPlanIsInspectedAndExplainedAsOne(t *testing.T) {
	spec := &env.Spec{Features: []env.Feature{{Name: "period", Unit: "periods", Doc: "since the opening", Max: 4}, {Name: "unit_cost", Unit: "$", Doc: "cost of a unit", Min: 1, Max: 1}},
		Offers: []env.Offer{{Price: 1}, {Price: 2}}, Limits: []env.Limit{{Feature: "unit_cost", Index: 1, Times: 1}}}
	e := policies.Encoder{Dimensions: []policies.Dimension{{Feature: "period", Edges: []float64{0.5, 1.5, 2.5}}}}
	table, err := policies.NewTable(spec, e, make([]float64, 2*e.States()), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	plan := bundledAs(t, "plan", table)
	for args, parts := range map[string][]string{
		"inspect": {"4 in which everything is known, and 1 in which something is missing", "limits need", "unit_cost ($): cost of a unit", "at least 1 × unit_cost"},
		"explain": {"period=2 is turn 3 of 4: the first has period=0", "period in [1.5, 2.5)", "as good; the first is made"},
		"decide":  {"period=2 is turn 3 of 4"},
	} {
		asked := []string{"policy", args, plan}
		if args != "inspect" {
			asked = append(asked, "--observation", "period=2", "--observation", "unit_cost=1")
		}
		code, stdout, stderr := call(t, asked...)
		for _, part := range parts {
			if code != exitDone || !strings.Contains(stdout+stderr, part) {
				t.Errorf("%s: exit %d, no %q in\n%s%s", args, code, part, stdout, stderr)
			}
		}
		for _, part := range []string{"episodes", "seed", "visits"} {
			if strings.Contains(stdout, part) {
				t.Errorf("%s tells of %s:\n%s", args, part, stdout)
			}
		}
	}
}
