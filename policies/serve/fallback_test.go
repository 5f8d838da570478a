package serve_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/policies/serve"
	"github.com/souk-sim/souk/sim/env"
)

func TestAStoppedPolicyAnswersWithItsFallbackPrice(t *testing.T) {
	slot := tea(t)
	slot.Fallback = 1.77
	s := server(t, serve.Options{Slots: []serve.Slot{slot}})
	var a serve.Answer
	for path, want := range map[string]float64{"stop": 1.77} {
		ask(t, s, "POST", "/v1/policies/tea/"+path, "", nil)
		if ask(t, s, "POST", "/v1/decide", `{"observation":{"stock":0}}`, &a); a.Price != want || a.Arm != "fallback" || a.Action != -1 {
			t.Errorf("%+v", a)
		}
	}
	ask(t, s, "POST", "/v1/policies/tea/start", "", nil)
	if ask(t, s, "POST", "/v1/decide", `{"observation":{"stock":0}}`, &a); a.Price != 1 || a.Arm != "champion" {
		t.Errorf("started again: %+v", a)
	}
}

func TestAFallbackPriceBeyondTheBundlesGuardrailsIsRefused(t *testing.T) {
	slot := tea(t)
	b := prices(t, 0)
	slot.Champion = always(b)
	spec := &b.Policy.About().Spec
	spec.Limits = append(spec.Limits, env.Limit{Floor: 0.9, Ceiling: 1.8})
	for price, fine := range map[float64]bool{0.89: false, 0.9: true, 1.8: true, 1.81: false} {
		slot.Fallback = price
		if _, err := serve.New(serve.Options{Slots: []serve.Slot{slot}}); (err == nil) != fine {
			t.Errorf("fallback %v: %v", price, err)
		}
	}
}

// Without a floor or a ceiling a fallback price lies on the ladder's span: a misplaced point would be what everybody pays.
func TestAFallbackPriceBeyondTheLadderIsRefusedWhereNoGuardrailAllowsIt(t *testing.T) {
	slot := tea(t)
	for price, fine := range map[float64]bool{0.01: false, 0.99: false, 1: true, 1.77: true, 2: true, 20: false} {
		slot.Fallback = price
		if _, err := serve.New(serve.Options{Slots: []serve.Slot{slot}}); (err == nil) != fine {
			t.Errorf("fallback %v: %v", price, err)
		}
	}
}

// limited is a bundle of the ladder 1, 1.2, 1.5, 2 that looks at a unit cost from low to high and has limits.
func limited(t *testing.T, low, high float64, limits ...env.Limit) *bundle.Bundle {
	t.Helper()
	spec := &env.Spec{Features: []env.Feature{{Name: "unit_cost", Min: low, Max: high}}, Offers: ladder, Limits: limits}
	table, err := policies.NewTable(spec, policies.Encoder{}, []float64{0, 0, 0, 1}, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return &bundle.Bundle{Policy: table, Manifest: prices(t, 0).Manifest}
}

// A fallback price that a guardrail forbids at what a question tells is not answered: the nearest offer is that the guardrails allow. What is not told forbids nothing.
func TestAFallbackPriceKeepsTheGuardrailsOfWhatIsSeen(t *testing.T) {
	var j journal
	b := limited(t, 0, 3, env.Limit{Feature: "unit_cost", Times: 1.25}, env.Limit{Feature: "unit_cost", Rise: 0.9})
	s := server(t, serve.Options{Slots: []serve.Slot{{Name: "tea", Champion: always(b), Fallback: 1.3, Stopped: true}}, Log: j.log})
	const markup, rise = "at least 1.25 × unit_cost", "at most 0.9 above unit_cost"
	for _, c := range []struct {
		cost   string
		price  float64
		broken []string
	}{{"null", 1.3, nil}, {"0.9", 1.3, nil}, {"1.04", 1.3, nil}, {"1.1", 1.5, []string{markup}}, {"1.5", 2, []string{markup}}, {"9", 2, []string{markup}}, {"0.35", 1.2, []string{rise}}, {"0", 1, []string{rise}}} {
		var a serve.Answer
		if code := ask(t, s, "POST", "/v1/decide", fmt.Sprintf(`{"observation":{"unit_cost":%s}}`, c.cost), &a); code != 200 || a.Arm != "fallback" || a.Action != -1 || a.Price != c.price || !slices.Equal(a.Guardrails, c.broken) {
			t.Errorf("cost %s: %d %+v, want %v", c.cost, code, a, c.price)
		}
	}
	if n := strings.Count(j.text.String(), `"fallback":true`); n != 8 || !strings.Contains(scrape(s), `souk_guardrail_decisions_total{policy="tea"} 5`) {
		t.Errorf("%d lines say that the price was a fallback: %s", n, scrape(s))
	}
}

// Where the guardrails allow no offer, a fallback price beyond the ladder that breaks them less than any offer is answered all the same: the dearest offer is far below cost.
func TestAFallbackPriceStaysWhereNoOfferKeepsTheGuardrailsBetter(t *testing.T) {
	b := limited(t, 0, 3, env.Limit{Floor: 0.5, Ceiling: 3}, env.Limit{Feature: "unit_cost", Times: 1.25})
	s := server(t, serve.Options{Slots: []serve.Slot{{Name: "tea", Champion: always(b), Fallback: 3, Stopped: true}}})
	for cost, broken := range map[float64]int{2.4: 0, 2.5: 1, 2.9: 1} {
		var a serve.Answer
		if code := ask(t, s, "POST", "/v1/decide", fmt.Sprintf(`{"observation":{"unit_cost":%v}}`, cost), &a); code != 200 || a.Price != 3 || a.Action != -1 || len(a.Guardrails) != broken {
			t.Errorf("cost %v: %d %+v", cost, code, a)
		}
	}
}

// Where the cost is the same wherever the policy was trained a fallback price below its markup is refused before it is needed.
func TestAFallbackPriceBelowAKnownCostsMarkupIsRefused(t *testing.T) {
	for price, fine := range map[float64]bool{1.2: false, 1.24: false, 1.25: true, 2: true} {
		b := limited(t, 1, 1, env.Limit{Feature: "unit_cost", Times: 1.25})
		_, err := serve.New(serve.Options{Slots: []serve.Slot{{Name: "tea", Champion: always(b), Fallback: price}}})
		if (err == nil) != fine || err != nil && !strings.Contains(err.Error(), "at the unit_cost 1 that it was trained for: at least 1.25 × unit_cost") {
			t.Errorf("%v: %v", price, err)
		}
	}
}
