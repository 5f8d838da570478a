package journey

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

// PatternOptions say which paths are looked for. A gap is how many clicks on from one to the next of a pattern: 1 is the very
// next.
type PatternOptions struct {
	MinSupport float64 // share of the visits, above 0 and at most 1
	MinGap     int     // 0 means 1
	MaxGap     int     // 0 means any
	MinLength  int     // of the patterns that are given; 0 means 1
	MaxLength  int     // 0 means any
	Limit      int     // of patterns; 0 means a million. More is an error
}

// Pattern is a sequence of states that visits hold in this order, within the gaps.
type Pattern struct {
	States  []int   `json:"states"`
	Visits  int     `json:"visits"`
	Support float64 `json:"support"`
	// Confidence is the share of the visits with all but the last state that go on to it; for a single state, its support.
	Confidence float64 `json:"confidence"`
}

// ending is a place in a visit where an occurrence of a pattern ends.
type ending struct{ visit, at int32 }

type prefixSpan struct {
	PatternOptions
	visits [][]int
	least  int
	n      int // patterns found, given or not
	out    []Pattern
	prefix []int
}

// Patterns finds all sequences of states in at least a share of the visits by PrefixSpan (Pei et al. 2004, IEEE TKDE 16, 1424):
// the visits are projected on what follows each prefix, by reference. Under a largest gap all endings of a prefix are kept, since
// the first may miss what a later one finds (Pei, Han & Wang 2007, J. Intell. Inf. Syst. 28, 133). A visit counts once
// for a pattern. Patterns come by falling count, then by length, then by their states.
func Patterns(visits [][]int, o PatternOptions) ([]Pattern, error) {
	o.MinGap, o.MinLength = max(o.MinGap, 1), max(o.MinLength, 1)
	if o.Limit == 0 {
		o.Limit = 1e6
	}
	switch {
	case !(o.MinSupport > 0 && o.MinSupport <= 1):
		return nil, field.New("min_support", o.MinSupport, "a share above 0, at most 1")
	case o.MaxGap != 0 && o.MaxGap < o.MinGap:
		return nil, field.New("max_gap", o.MaxGap, fmt.Sprintf("at least the least gap of %d, or 0 for any", o.MinGap))
	case o.MaxLength < 0 || o.Limit < 0:
		return nil, field.New("max_length, limit", fmt.Sprint(o.MaxLength, ", ", o.Limit), "counts, 0 or more")
	case len(visits) == 0 || len(visits) > math.MaxInt32:
		return nil, field.New("visits", len(visits), "at least one")
	}
	for i, v := range visits {
		if err := checkPath(v, math.MaxInt32, i); err != nil {
			return nil, err
		}
	}
	s := &prefixSpan{PatternOptions: o, visits: visits, least: max(1, int(math.Ceil(o.MinSupport*float64(len(visits))-1e-9)))}
	if err := s.grow(nil, len(visits)); err != nil {
		return nil, err
	}
	slices.SortFunc(s.out, func(a, b Pattern) int {
		return cmp.Or(cmp.Compare(b.Visits, a.Visits), cmp.Compare(len(a.States), len(b.States)), slices.Compare(a.States, b.States))
	})
	return s.out, nil
}

// grow adds the frequent one-state extensions of the prefix, which ends at `ends` in `held` visits.
func (s *prefixSpan) grow(ends []ending, held int) error {
	if s.MaxLength > 0 && len(s.prefix) == s.MaxLength {
		return nil
	}
	next := map[int][]ending{}
	if len(s.prefix) == 0 {
		for v := range s.visits {
			s.scan(next, v, 0, len(s.visits[v]))
		}
	} else {
		s.follow(next, ends)
	}
	states := make([]int, 0, len(next))
	for x := range next {
		states = append(states, x)
	}
	slices.Sort(states)
	for _, x := range states {
		visits := 0
		for i, e := range next[x] {
			if i == 0 || e.visit != next[x][i-1].visit {
				visits++
			}
		}
		if visits < s.least {
			continue
		}
		if s.n++; s.n > s.Limit {
			return field.New("min_support", s.MinSupport, fmt.Sprintf("one that no more than %d patterns have", s.Limit))
		}
		s.prefix = append(s.prefix, x)
		if len(s.prefix) >= s.MinLength {
			s.out = append(s.out, Pattern{slices.Clone(s.prefix), visits, float64(visits) / float64(len(s.visits)), float64(visits) / float64(held)})
		}
		if err := s.grow(next[x], visits); err != nil {
			return err
		}
		s.prefix = s.prefix[:len(s.prefix)-1]
		delete(next, x) // done with
	}
	return nil
}

// follow collects where each state ends an extension: once for each place, though several windows reach it.
func (s *prefixSpan) follow(next map[int][]ending, ends []ending) {
	visit, done := int32(-1), 0
	for _, e := range ends {
		n := len(s.visits[e.visit])
		if e.visit != visit {
			visit, done = e.visit, 0
		}
		from, to := max(done, int(e.at)+s.MinGap), n
		if s.MaxGap > 0 {
			to = min(n, int(e.at)+s.MaxGap+1)
		}
		s.scan(next, int(visit), from, to)
		done = max(done, to)
	}
}

// scan adds the places from `from` up to `to` of a visit. Without a largest gap the first of each state stands for all.
func (s *prefixSpan) scan(next map[int][]ending, visit, from, to int) {
	for at := from; at < to; at++ {
		x := s.visits[visit][at]
		ends := next[x]
		if s.MaxGap == 0 && len(ends) > 0 && ends[len(ends)-1].visit == int32(visit) {
			continue
		}
		next[x] = append(ends, ending{int32(visit), int32(at)})
	}
}
