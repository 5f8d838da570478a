package scenarios

import (
	"errors"
	"math"
	"testing"

	"github.com/souk-sim/souk/scenarios/field"
)

func TestTheTruthGoesToWhereItDriftsAndStays(t *testing.T) {
	s, err := Load("closed-loop", "loop.drift=[{ key = \"personas.regulars.price\", to = -1.6, from = 1, until = 3 }]")
	if err != nil {
		t.Fatal(err)
	}
	for round, want := range []float64{-0.8, -0.8, -1.2, -1.6, -1.6} {
		truth, err := s.Truth(round)
		if err != nil {
			t.Fatal(err)
		}
		if got := truth.Personas[0].Price; math.Abs(got-want) > 1e-12 || truth.Loop != nil || truth.Personas[1].Price != s.Personas[1].Price {
			t.Errorf("round %d: %v, expected %v, and no other change", round, got, want)
		}
	}
	if first, err := s.Truth(0); err != nil || first.Traffic.Visitors != s.Traffic.Visitors {
		t.Errorf("round 0 is not the scenario: %v", err)
	}
}

// The truth of a history has that history's customers.
func TestTheTruthIsOfItsSeed(t *testing.T) {
	s, err := Load("closed-loop")
	if err != nil {
		t.Fatal(err)
	}
	if s, err = s.Seeded(7); err != nil {
		t.Fatal(err)
	}
	if truth, err := s.Truth(1); err != nil || truth.Seed != 7 {
		t.Errorf("seed %d, %v", truth.Seed, err)
	}
}

// What changes overnight may change back, and only what says so.
func TestTheTruthComesBack(t *testing.T) {
	s, err := Load("closed-loop", "loop.drift=[{ key = \"personas.regulars.price\", to = -1.2, from = 1, until = 2, back = 4 }, { key = \"products.ours.appeal\", to = 6, from = 1, until = 2 }]")
	if err != nil {
		t.Fatal(err)
	}
	for round, want := range [][2]float64{{-0.8, 5.2}, {-0.8, 5.2}, {-1.2, 6}, {-1.2, 6}, {-0.8, 6}, {-0.8, 6}} {
		truth, err := s.Truth(round)
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]float64{truth.Personas[0].Price, truth.Products[0].Appeal}; math.Abs(got[0]-want[0])+math.Abs(got[1]-want[1]) > 1e-12 {
			t.Errorf("round %d: %v, expected %v", round, got, want)
		}
	}
}

// Over 80 steps of two seeds the standard deviation is within half of what was asked: six standard errors.
func TestARandomWalkStepsAsFarAsItSays(t *testing.T) {
	sum, n := 0.0, 0
	for _, seed := range []string{"1", "2"} {
		s, err := Load("closed-loop", "seed="+seed, "loop.rounds=21", `loop.drift=[{ key = "traffic.visitors", walk = 0.03 }, { key = "products.ours.appeal", walk = 0.03 }]`)
		if err != nil {
			t.Fatal(err)
		}
		was := [2]float64{s.Traffic.Visitors, s.Products[0].Appeal}
		for round := 1; round < 21; round++ {
			truth, err := s.Truth(round)
			if err != nil {
				t.Fatal(err)
			}
			is := [2]float64{truth.Traffic.Visitors, truth.Products[0].Appeal}
			for k := range is {
				step := math.Log(is[k] / was[k])
				sum += step * step
				n++
			}
			was = is
		}
	}
	if sd := math.Sqrt(sum / float64(n)); sd < 0.015 || sd > 0.045 {
		t.Errorf("standard deviation %v of %d steps, expected 0.03", sd, n)
	}
}

func TestDriftThatMakesNoScenarioIsRefused(t *testing.T) {
	for _, set := range []string{
		`loop.drift=[{ key = "personas.regulars.price", to = 3 }]`,   // out of its range in the end
		`loop.drift=[{ key = "products.ours.name", walk = 0.1 }]`,    // no number
		`loop.drift=[{ key = "personas.nobody.price", walk = 0.1 }]`, // not there
		`loop.drift=[{ key = "traffic.visitors" }]`,                  // does not drift
		`loop.drift=[{ key = "seed", walk = 0.1 }]`,                  // not the market's
		`loop.drift=[{ key = "traffic.visitors", to = 9, from = 5, until = 5 }]`,
		`loop.drift=[{ key = "traffic.visitors", to = 9, until = 5, back = 5 }]`, // back before it is there
		`loop.drift=[{ key = "traffic.visitors", walk = 0.1, back = 5 }]`,        // from nowhere
		`loop.explore=0.01`, // tells of no other policy
	} {
		if _, err := Load("closed-loop", set); err == nil {
			t.Errorf("%s: taken", set)
		} else if _, ok := errors.AsType[*field.Error](err); !ok {
			t.Errorf("%s: %v is no field error", set, err)
		}
	}
}
