package journey

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// holds says by trying all places whether a visit holds a pattern.
func holds(visit, pattern []int, from, to int, o PatternOptions) bool {
	if len(pattern) == 0 {
		return true
	}
	for at := from; at < min(to, len(visit)); at++ {
		next := len(visit)
		if o.MaxGap > 0 {
			next = at + o.MaxGap + 1
		}
		if visit[at] == pattern[0] && holds(visit, pattern[1:], at+max(1, o.MinGap), next, o) {
			return true
		}
	}
	return false
}

func count(visits [][]int, pattern []int, o PatternOptions) (n int) {
	for _, v := range visits {
		if holds(v, pattern, 0, len(v), o) {
			n++
		}
	}
	return n
}

// Every sequence of up to four of three states, tried on every visit.
func TestPatternsAreThoseThatTryingAllFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		visits := rapid.SliceOfN(rapid.SliceOfN(rapid.IntRange(0, 2), 1, 9), 1, 12).Draw(t, "visits")
		o := PatternOptions{MinSupport: rapid.Float64Range(0.05, 1).Draw(t, "support"), MinGap: rapid.IntRange(0, 3).Draw(t, "least gap"), MaxLength: 4}
		if rapid.Bool().Draw(t, "bounded") {
			o.MaxGap = max(1, o.MinGap) + rapid.IntRange(0, 2).Draw(t, "slack")
		}
		got, err := Patterns(visits, o)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]int{}
		for _, p := range got {
			found[fmt.Sprint(p.States)] = p.Visits
			before := len(visits)
			if len(p.States) > 1 {
				before = count(visits, p.States[:len(p.States)-1], o)
			}
			if math.Abs(p.Confidence-float64(p.Visits)/float64(before)) > 1e-15 {
				t.Errorf("%v is followed with %v", p.States, p.Confidence)
			}
		}
		if len(found) != len(got) {
			t.Errorf("some pattern is given twice: %v", got)
		}
		all, frequent := [][]int{{}}, 0
		for i := 0; i < len(all); i++ {
			if n := count(visits, all[i], o); i > 0 && float64(n) >= o.MinSupport*float64(len(visits))-1e-9 && n > 0 {
				frequent++
				if found[fmt.Sprint(all[i])] != n {
					t.Errorf("%v is in %d visits, found %d", all[i], n, found[fmt.Sprint(all[i])])
				}
			}
			if len(all[i]) < 4 {
				for x := range 3 {
					all = append(all, append(slices.Clone(all[i]), x))
				}
			}
		}
		if frequent != len(got) {
			t.Errorf("%d patterns, want %d", len(got), frequent)
		}
	})
}

func TestPatternsOfTheEshopAreTheCountsOfItsTransitions(t *testing.T) {
	visits, _ := eshop(t)
	got, err := Patterns(visits, PatternOptions{MinSupport: 0.01, MinLength: 3, MaxLength: 3, MaxGap: 1})
	if err != nil || len(got) == 0 {
		t.Fatal(err)
	}
	for _, p := range got[:10] {
		if n := count(visits, p.States, PatternOptions{MaxGap: 1}); n != p.Visits {
			t.Errorf("%v is in %d visits, found %d", p.States, n, p.Visits)
		}
	}
}

func TestPatternsThatCannotBeLookedForAreRefusedByName(t *testing.T) {
	visits := [][]int{{1, 2}, {2}}
	for _, c := range []struct {
		says   string
		visits [][]int
		o      PatternOptions
	}{
		{"visits: found 0", nil, PatternOptions{MinSupport: 0.5}}, {"min_support: found 0", visits, PatternOptions{}}, {"min_support: found NaN", visits, PatternOptions{MinSupport: math.NaN()}},
		{"max_gap: found 1", visits, PatternOptions{MinSupport: 0.5, MinGap: 2, MaxGap: 1}}, {"visit 2: states: found no click", [][]int{{1}, {}}, PatternOptions{MinSupport: 0.5}},
		{"visit 1: click 1: found -4", [][]int{{-4}}, PatternOptions{MinSupport: 0.5}}, {"no more than 1 patterns", visits, PatternOptions{MinSupport: 0.5, Limit: 1}},
		{"counts, 0 or more", visits, PatternOptions{MinSupport: 0.5, MaxLength: -1}},
	} {
		if _, err := Patterns(c.visits, c.o); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v, want %q", err, c.says)
		}
	}
}

func BenchmarkPatterns(b *testing.B) {
	visits := walk(shop(b), 5_000, 1)
	clicks := 0
	for _, v := range visits {
		clicks += len(v)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Patterns(visits, PatternOptions{MinSupport: 0.01, MaxLength: 5}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*clicks)/b.Elapsed().Seconds(), "clicks/s")
}
