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

// TestDrawsIntegrateAsQuadratureDoes: a household's likelihood over two random coefficients by 4000 scrambled Halton draws and by the
// product of two trapezoid rules, within 1%; one of them log-normal.
func TestDrawsIntegrateAsQuadratureDoes(t *testing.T) {
	s := simulated(t, trueLogNormal(t), 8, 6, 31)
	d, err := newDesign(s, Utility{})
	if err != nil {
		t.Fatal(err)
	}
	random := []RandomCoefficient{{Name: "feat"}, {Name: "price", Sign: -1}}
	theta := []float64{0.5, -0.3, 0.2, 0.8, 1, 0.6}
	l := newIntegral(d, &MixedLogit{Random: random, Nodes: 4000})
	z, weight := trapezoid(81)
	p, logs := make([]float64, len(d.alternative)), make([]float64, len(d.chosen))
	for h := range d.households() {
		got, want := l.household(theta, h, make([]float64, len(theta)), nil), 0.0
		for i, u := range z {
			for j, v := range z {
				b := []float64{0.5, -0.3, -math.Exp(0.2 + 0.6*v), 0.8 + u}
				want += weight[i] * weight[j] * math.Exp(d.probabilities(b, d.panel[h], d.panel[h+1], p, logs))
			}
		}
		if math.Abs(got-math.Log(want)) > 0.01 {
			t.Errorf("household %d: %.5f by draws, %.5f by quadrature", h, got, math.Log(want))
		}
	}
}

// TestProgressOfAMixedLogitRisesToItsTotal, with one random coefficient and with two.
func TestProgressOfAMixedLogitRisesToItsTotal(t *testing.T) {
	s := simulated(t, trueLogNormal(t), 40, 6, 31)
	for _, o := range []MixedOptions{{Normal: []string{"feat"}}, {Normal: []string{"feat", "price"}, Nodes: 20}} {
		told, total := 0, 0
		o.Progress = func(done, of int) {
			if done <= told || done > of || total != 0 && of != total {
				t.Errorf("%d of %d after %d of %d", done, of, told, total)
			}
			told, total = done, of
		}
		if _, err := FitMixed(s, o); err != nil || total == 0 || told != total {
			t.Errorf("told of %d of %d; %v", told, total, err)
		}
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
