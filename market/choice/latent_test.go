package choice

import (
	"encoding/json"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/souk-sim/souk/scenarios/data/shared"
)

// TestLatentClassesReachTheBestKnownLikelihood on four panels within 1e-3 from a seed each (under -tags long from five, by the default
// number of starts), with the shares, coefficients and standard errors there.
func TestLatentClassesReachTheBestKnownLikelihood(t *testing.T) {
	raw, err := os.ReadFile(shared.Path(t, "oracle/latent_class_logit.json"))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Models []struct {
			ID, Dataset string
			Classes     int
			Share       []float64 `json:"class_share"`
			Coef, SE    [][]float64
			LogLik      float64
		}
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	for _, w := range doc.Models {
		s := wide(t, strings.TrimPrefix(w.Dataset, "choice/"))
		for seed := range latentSeeds {
			m, err := FitLatentClass(s, LatentClassOptions{Classes: w.Classes, Starts: latentStarts, Seed: seed, Workers: runtime.GOMAXPROCS(0)})
			if err != nil {
				t.Fatal(err)
			}
			if m.LogLik < w.LogLik-1e-3 || !m.Converged {
				t.Errorf("%s, seed %d: %.6f (converged %v), want %.6f", w.ID, seed, m.LogLik, m.Converged, w.LogLik)
				continue
			}
			t.Logf("%s, seed %d: %.6f, oracle %.6f; of %d starts %d were finished, %d of them there, %d emptied; %q", w.ID, seed, m.LogLik, w.LogLik, m.Starts, m.Finished, m.Reached, m.Emptied, m.Warnings)
			for c := range w.Share {
				if math.Abs(m.Shares[c]-w.Share[c]) > 1e-4 {
					t.Errorf("%s: share of class %d %.6f, want %.6f", w.ID, c+1, m.Shares[c], w.Share[c])
				}
				for j, p := range m.classOf(c) {
					if math.Abs(p.Estimate-w.Coef[c][j]) > 1e-3 || math.Abs(p.SE/w.SE[c][j]-1) > 1e-3 {
						t.Errorf("%s: %s %.6f (%.6f), want %.6f (%.6f)", w.ID, p.Name, p.Estimate, p.SE, w.Coef[c][j], w.SE[c][j])
					}
				}
			}
		}
	}
}

// TestUnitsDoNotMatterToClasses: prices in cents and incomes in another currency give the same likelihood.
func TestUnitsDoNotMatterToClasses(t *testing.T) {
	s := simulated(t, trueClasses(t), 60, 8, 12)
	fit := func(s *Situations) *LatentClass {
		m, err := FitLatentClass(s, LatentClassOptions{Classes: 2, Concomitants: []string{"income"}, Starts: 4})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	before := fit(s)
	for i := range s.Trait {
		s.Trait[i] = 3000 + 700*s.Trait[i]
	}
	for i := 0; i < len(s.X); i += 2 {
		s.X[i] *= 100
	}
	if after := fit(s); math.Abs(after.LogLik-before.LogLik) > 1e-6 || !after.Converged {
		t.Errorf("log-likelihood %.8f, in other units %.8f (converged %v)", before.LogLik, after.LogLik, after.Converged)
	}
}

// TestClassesAreTheSameOnAnyNumberOfProcessors, bit for bit, and progress is told one by one up to the end.
func TestClassesAreTheSameOnAnyNumberOfProcessors(t *testing.T) {
	s := simulated(t, trueClasses(t), 40, 6, 13)
	var first string
	for _, n := range []int{1, 2, 7} {
		told, total := 0, 0
		m, err := FitLatentClass(s, LatentClassOptions{Classes: 2, Starts: 12, Workers: n, Progress: func(done, of int) {
			if done != told+1 || of < total {
				t.Errorf("%d workers: %d of %d after %d of %d", n, done, of, told, total)
			}
			told, total = done, of
		}})
		if err != nil {
			t.Fatal(err)
		}
		if told != total || told != m.Starts+m.Finished {
			t.Errorf("%d workers: told of %d of %d; %d starts, %d climbs", n, told, total, m.Starts, m.Finished)
		}
		raw, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = string(raw)
		}
		if string(raw) != first {
			t.Errorf("%d workers find something else", n)
		}
	}
}

func BenchmarkLatentClassCatsup(b *testing.B) {
	s := wide(b, "catsup.csv")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := FitLatentClass(s, LatentClassOptions{Classes: 3, Workers: runtime.GOMAXPROCS(0)}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*50)/b.Elapsed().Seconds(), "starts/s")
}
