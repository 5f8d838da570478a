package serve_test

import (
	"strings"
	"testing"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/policies/serve"
	"github.com/souk-sim/souk/sim/env"
)

// A bundle that has lost a guardrail is not taken over while the service runs; one with a tighter guardrail is.
func TestAReloadKeepsGuardrails(t *testing.T) {
	limited := func(drop float64) *bundle.Bundle {
		b := prices(t, 1)
		table := b.Policy.(*policies.Table)
		spec := table.Spec
		if spec.Limits = nil; drop > 0 {
			spec.Limits = []env.Limit{{Feature: "stock", Drop: drop}}
		}
		other, err := policies.NewTable(&spec, table.Encoder, table.Values, table.Visits, 0)
		if err != nil {
			t.Fatal(err)
		}
		return &bundle.Bundle{Policy: other, Manifest: b.Manifest}
	}
	now := prices(t, 0)
	s := server(t, serve.Options{Slots: []serve.Slot{{Name: "tea", Champion: func() (*bundle.Bundle, error) { return now, nil }}}})
	for _, c := range []struct {
		drop float64
		says string
	}{{0, "at most 2.6 below stock"}, {2.7, "at most 2.6 below stock"}, {2.5, ""}, {2.6, "at most 2.5 below stock"}} {
		now = limited(c.drop)
		if err := s.Reload("tea"); c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("drop %v: %v", c.drop, err)
		}
	}
}
