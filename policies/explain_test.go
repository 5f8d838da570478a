package policies_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/sim/env"
)

// guarded is a shop that sees its cost too, and keeps to every kind of limit.
func guarded() *env.Spec {
	s := shop()
	s.Features = append(s.Features, env.Feature{Name: "cost"})
	s.Limits = append(s.Limits, env.Limit{Floor: 0.65, Ceiling: 0.85}, env.Limit{Feature: "cost", Index: 2, Times: 1.25})
	return s
}

func TestAnExplanationSaysWhatTheGuardrailsAllow(t *testing.T) {
	p, err := policies.NewTable(guarded(), encoder(), make([]float64, 48), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	e := p.Explain([]float64{1.05, 0, 0.5})
	text := e.String()
	for _, part := range []string{"at most 0.3 below reference_price, which is 1.05: from 0.75", "at least 0.65 and at most 0.85: 0.65 to 0.85", "at least 1.25 × cost, which is 0.5: from 0.625",
		"0.9  value          0  forbidden: at least 0.65 and at most 0.85"} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in\n%s", part, text)
		}
	}
	if e.Decision.Price != 0.8 || *e.Limits[1].Low != 0.65 || *e.Limits[1].High != 0.85 || e.Limits[0].High != nil {
		t.Errorf("%+v", e)
	}
	e = p.Explain([]float64{nan, 0, nan})
	if _, err := json.Marshal(e); err != nil || e.Limits[2].Value != nil || e.Limits[2].Low != nil || !strings.Contains(e.String(), "cost, which is missing: any price") {
		t.Errorf("%+v, %v", e.Limits, err)
	}
}

// The state that is asked about, 85 cents and a rival on deal, was visited three times; so were others, of which one lies two cells down.
func TestAnExplanationNamesTheNearestStatesThatWereVisited(t *testing.T) {
	values, visits := make([]float64, 48), make([]uint32, 48)
	e := encoder()
	for k, o := range [][]float64{{0.85, 1}, {0.5, 1}, {0.85, 0}, {0.75, nan}} {
		at := e.Encode(o) * 4
		values[at+k], visits[at+k], visits[at] = 1, uint32(k+1), uint32(2*k+2)
	}
	x := table(t, values, visits, 0).Explain([]float64{0.85, 1})
	if *x.Visits != 2 || len(x.Around) != 2 {
		t.Fatalf("%+v", x)
	}
	for i, want := range []policies.Beside{
		{State: e.Encode([]float64{0.5, 1}), Bin: e.Decode(e.Encode([]float64{0.5, 1}))[0], Away: -2, Visits: 6, Offer: env.Offer{Price: 0.7}},
		{State: e.Encode([]float64{0.85, 0}), Bin: e.Decode(e.Encode([]float64{0.85, 0}))[1], Away: -1, Visits: 9, Offer: env.Offer{Price: 0.8}},
	} {
		if x.Around[i] != want {
			t.Errorf("%+v, not %+v", x.Around[i], want)
		}
	}
	if x := table(t, values, visits, 0).Explain([]float64{nan, 1}); len(x.Around) != 1 || x.Around[0].Away != 0 || x.Around[0].Visits != 6 {
		t.Errorf("of a missing value the most visited that is known: %+v", x.Around)
	}
}

// A number that means nothing must not be ranked: an offer never tried has none, and a plan no visits.
func TestAnExplanationHasNoNumbersThatMeanNothing(t *testing.T) {
	values, visits := make([]float64, 48), make([]uint32, 48)
	e := encoder()
	at := e.Encode([]float64{0.85, 1}) * 4
	values[at], values[at+1], values[at+2], visits[at], visits[at+1] = 3, 3-1e-12, 99, 5, 2
	seen := []float64{0.85, 1}
	told := func(p *policies.Table) string {
		data, err := json.Marshal(p.Explain(seen))
		if err != nil {
			t.Fatal(err)
		}
		return string(data) + p.Explain(seen).String()
	}
	text := told(table(t, values, visits, 0))
	for _, part := range []string{`"price":0.6,"value":3,"visits":5,"tried":true`, `"price":0.8,"value":null,"visits":0,"tried":false`, "as good, up to rounding", "value          –  visits      0  never tried"} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in\n%s", part, text)
		}
	}
	if text = told(table(t, values, nil, 0)); strings.Contains(text, "visits") || !strings.Contains(text, "made: the highest value") {
		t.Errorf("of a solved table:\n%s", text)
	}
}

// What is decided lies within floor and ceiling whatever is observed, and keeps the other limits where an offer within these can.
func TestNothingIsDecidedBeyondTheGuardrails(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.OneOf(rapid.Float64Range(0, 3), rapid.Just(nan))
		spec := guarded()
		spec.Limits[0].Rise = rapid.Float64Range(0, 1).Draw(t, "rise")
		spec.Limits[1].Floor = rapid.Float64Range(0, 0.9).Draw(t, "floor")
		spec.Limits[1].Ceiling = rapid.Float64Range(0.6, 1).Draw(t, "ceiling")
		values := rapid.SliceOfN(rapid.Float64Range(-1, 1), 48, 48).Draw(t, "values")
		p, err := policies.NewTable(spec, encoder(), values, nil, 0.2)
		if err != nil {
			return // no offer between floor and ceiling
		}
		seen := []float64{number.Draw(t, "reference"), number.Draw(t, "deal"), number.Draw(t, "cost")}
		price := p.Decide(seen, rapid.Float64Range(0, 1).Draw(t, "u")).Price
		breaks := func(price float64) bool {
			return price < seen[0]-0.3-1e-9 || spec.Limits[0].Rise > 0 && price > seen[0]+spec.Limits[0].Rise+1e-9 || price < 1.25*seen[2]-1e-9
		}
		beyond := func(price float64) bool {
			return price < spec.Limits[1].Floor-1e-9 || price > spec.Limits[1].Ceiling+1e-9
		}
		possible := false
		for _, o := range spec.Offers {
			possible = possible || !beyond(o.Price) && !breaks(o.Price)
		}
		if math.IsNaN(price) || beyond(price) || possible && breaks(price) {
			t.Fatalf("%v at %v under %+v", price, seen, spec.Limits)
		}
	})
}
