package choice

import (
	"math"
	"strings"
	"testing"
)

// TestMixedLogitAgreesWithQuadrature: estimates, standard errors and log-likelihoods of two panels within 1e-3, integrals taken
// by another program with 641 nodes.
func TestMixedLogitAgreesWithQuadrature(t *testing.T) {
	for id, w := range oracles(t, "mixed_logit.json") {
		s := wide(t, strings.TrimPrefix(w.Dataset, "choice/"))
		m, err := FitMixed(s, MixedOptions{Normal: []string{"price"}})
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(m.LogLik-w.LogLik) > 1e-6 || !m.Converged {
			t.Errorf("%s: %.7f (converged %v), want %.7f", id, m.LogLik, m.Converged, w.LogLik)
		}
		for _, c := range m.Coefficients {
			if math.Abs(c.Estimate-w.Coef[c.Name]) > 1e-5 || math.Abs(c.SE/w.SE[c.Name]-1) > 1e-3 {
				t.Errorf("%s: %s %.6f (%.6f), want %.6f (%.6f)", id, c.Name, c.Estimate, c.SE, w.Coef[c.Name], w.SE[c.Name])
			}
		}
		t.Logf("%s: %.7f with %d nodes", id, m.LogLik, m.Nodes)
	}
}

func BenchmarkMixedLogitCatsup(b *testing.B) {
	s := wide(b, "catsup.csv")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := FitMixed(s, MixedOptions{Normal: []string{"price"}}); err != nil {
			b.Fatal(err)
		}
	}
}
