package workflow

import (
	"math"
	"testing"
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
