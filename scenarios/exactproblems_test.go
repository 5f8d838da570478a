package scenarios

import (
	"reflect"
	"strings"
	"testing"

	"github.com/souk-sim/souk/market/monopoly"
)

// The problems of exact-problems are those that the learners' tests use, but for the criterion: what has no end is discounted, and average for R-learning.
func TestTheExactProblemsAreThoseOfTheTests(t *testing.T) {
	s, err := Load("exact-problems")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, v := range append([]Variant{{}}, s.Variants...) {
		stand, err := s.Variant(v.Name, false)
		if err != nil {
			t.Fatal(err)
		}
		name, kind, _ := strings.Cut(v.Name, ", ")
		if name == "" {
			name = "deadline"
		}
		for _, p := range monopoly.Problems() {
			if p.Name != name {
				continue
			}
			seen[name]++
			if p.Config.Criterion != "episodic" {
				p.Config.Criterion = map[bool]string{true: "average", false: "discounted"}[kind == "average"]
			}
			if got := stand.ProblemConfig(); !reflect.DeepEqual(got, &p.Config) {
				t.Errorf("%q: %+v, want %+v", v.Name, got, &p.Config)
			}
		}
	}
	for _, p := range monopoly.Problems() {
		if want := map[bool]int{true: 3, false: 4}[p.Config.Criterion == "episodic"]; seen[p.Name] != want {
			t.Errorf("%s: %d variants, want %d", p.Name, seen[p.Name], want)
		}
	}
}
