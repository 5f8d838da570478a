package workflow

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
)

// Courses of ten points, each of two episodes: one rises from 0 to 10, the other never leaves 0.
func TestAfterHowManyEpisodesTrainingsGetThere(t *testing.T) {
	rising, flat := Course{Episodes: 19, Scores: []float64{0, 2, 4, 6, 8, 10, 10, 10, 10, 10}}, Course{Episodes: 20, Scores: make([]float64, 10)}
	at := func(target float64) func([]float64) float64 { return func([]float64) float64 { return target } }
	for _, c := range []struct {
		courses []Course
		target  float64
		runs    int
		median  float64 // NaN: none
		words   string
	}{
		{[]Course{rising}, 8, 1, 10, "10"},
		{[]Course{rising, rising, flat}, 8, 2, 10, "10 (2 of 3)"},
		{[]Course{rising, flat, flat}, 8, 1, math.NaN(), "– (1 of 3)"},
		{[]Course{rising, flat}, 11, 0, math.NaN(), "never"},
	} {
		r, err := reached(c.courses, 2, at(c.target))
		if err != nil {
			t.Fatal(err)
		}
		if got := r.inWords(); r.Runs != c.runs || (r.Median == nil) != math.IsNaN(c.median) || r.Median != nil && *r.Median != c.median || got != c.words {
			t.Errorf("%+v, %q, want %d runs and %q", r, got, c.runs, c.words)
		}
	}
	if got := settledAt(rising.Scores); got != 9.5 {
		t.Errorf("settled at %g, of 0 to 10", got)
	}
	last, err := reached([]Course{rising}, 2, at(10))
	if err != nil || *last.Median != 12 {
		t.Errorf("at 10 after %v episodes (%v)", *last.Median, err)
	}
}

// Nobody earns more than the exact optimum, but for luck: regret is not below 0 by more than 4 standard errors in any of the problems that are solved, whose optimum is
// computed and not played. Errors are of five runs: a false alarm in 18 seeds by Student's t, were there no regret at all.
func TestRegretAgainstTheExactOptimumIsNotNegative(t *testing.T) {
	s, err := scenarios.Load("exact-problems", "evaluate.paths=10")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range append([]scenarios.Variant{{}}, s.Variants...) {
		if v.Name != "" && strings.Contains(v.Name, ",") && v.Name != "reference, average" {
			continue // the same problems, other learners or another criterion
		}
		one, err := s.Variant(v.Name, true)
		if err != nil {
			t.Fatal(err)
		}
		one.Train.Episodes = min(2000, 60_000/one.Problem.Reviews)
		one, err = one.Benched(scenarios.Bench{Runs: 5, Agents: []string{one.Agents[0].Name}})
		if err != nil {
			t.Fatal(err)
		}
		m, err := (&Run{Scenario: one, Store: rundir.Store{Root: t.TempDir()}, Workers: 2}).Bench(context.Background(), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		r := m.Scenarios[0].Learning[0].Regret
		last := len(r.Lost) - 1
		t.Logf("%q: optimum %.5g, regret %.5g ± %.2g after %d episodes", v.Name, r.Optimum, r.Lost[last], r.Error[last], r.Episodes[last])
		if r.Lost[last] < -4*r.Error[last] {
			t.Errorf("%q: regret %v ± %v", v.Name, r.Lost[last], r.Error[last])
		}
		if one.Problem.Criterion == "episodic" {
			rows := m.Scenarios[0].Rows
			if best := rows[len(rows)-1]; best.Name != solved || best.Scores[0] != r.Optimum {
				t.Errorf("%q: held against %v, the optimum's row is %+v", v.Name, r.Optimum, best)
			}
		}
	}
}

// LaTeX takes the signs of a table as commands, the power of a heading among them.
func TestSignsOfTablesInLaTeX(t *testing.T) {
	if got, want := texEscapes.Replace("grows with episodes^ ½, 1 ±2_3"), `grows with episodes$^n$ $\frac{1}{2}$, 1 $\pm$2\_3`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
