package choice

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
)

// Situations are n choices that people were seen to make, each of one of J alternatives that A attributes describe.
// Situations of one household stand in the order of time; those of different households may be mixed.
type Situations struct {
	Alternatives []string  // J, names that differ
	Attributes   []string  // A, names that differ
	X            []float64 // n×J×A, situation by situation; what stands at an alternative that was not available is never read
	Available    []bool    // n×J; nil: all are
	Chosen       []int     // n, index of the alternative, or Outside
	// Outside says that people could also take nothing: an alternative that is always there, of utility 0.
	Outside bool
	// Household has an id for each situation; nil makes each situation a household of its own.
	Household []int
	// Traits name what is known of the households (income, size); Trait is n×T, read at a household's first situation.
	Traits []string
	Trait  []float64
}

// Len is the number of situations.
func (s *Situations) Len() int { return len(s.Chosen) }

// Subset returns the situations at the given indices, in that order.
func (s *Situations) Subset(index []int) *Situations {
	out := *s
	out.X, out.Available, out.Chosen, out.Household, out.Trait = nil, nil, nil, nil, nil
	wide, traits := len(s.Alternatives)*len(s.Attributes), len(s.Traits)
	for _, i := range index {
		out.X = append(out.X, s.X[i*wide:(i+1)*wide]...)
		if s.Available != nil {
			out.Available = append(out.Available, s.Available[i*len(s.Alternatives):(i+1)*len(s.Alternatives)]...)
		}
		out.Chosen = append(out.Chosen, s.Chosen[i])
		if s.Household != nil {
			out.Household = append(out.Household, s.Household[i])
		}
		out.Trait = append(out.Trait, s.Trait[i*traits:(i+1)*traits]...)
	}
	return &out
}

// With returns the situations with one more attribute, whose values are n×J.
func (s *Situations) With(attribute string, values []float64) (*Situations, error) {
	cells := s.Len() * len(s.Alternatives)
	if len(values) != cells {
		return nil, field.New(attribute, fmt.Sprintf("%d values", len(values)), fmt.Sprintf("%d, one for each alternative of each situation", cells))
	}
	out, a := *s, len(s.Attributes)
	out.Attributes = append(append([]string(nil), s.Attributes...), attribute)
	out.X = make([]float64, 0, cells*(a+1))
	for i, v := range values {
		out.X = append(append(out.X, s.X[i*a:(i+1)*a]...), v)
	}
	return &out, nil
}

// available reports whether alternative j could be had in situation i.
func (s *Situations) available(i, j int) bool {
	return s.Available == nil || s.Available[i*len(s.Alternatives)+j]
}

func (s *Situations) household(i int) int {
	if s.Household == nil {
		return i
	}
	return s.Household[i]
}

// check reports the first thing that makes the situations impossible. It never names a household.
func (s *Situations) check() error {
	n, j, a := s.Len(), len(s.Alternatives), len(s.Attributes)
	if n == 0 {
		return field.New("situations", "none", "at least one choice")
	}
	if j == 0 || j == 1 && !s.Outside {
		return field.New("alternatives", j, "at least two (or one and the outside option): there is nothing to choose")
	}
	for _, list := range [][]string{s.Alternatives, s.Attributes, s.Traits} {
		seen := map[string]bool{}
		for _, name := range list {
			if name == "" || seen[name] {
				return field.New("names", fmt.Sprintf("%q", list), "names that differ and are not empty")
			}
			seen[name] = true
		}
	}
	for _, part := range []struct {
		name      string
		got, want int
		optional  bool
	}{
		{"attributes", len(s.X), n * j * a, false},
		{"availability", len(s.Available), n * j, true},
		{"households", len(s.Household), n, true},
		{"traits", len(s.Trait), n * len(s.Traits), false},
	} {
		if part.got != part.want && !(part.optional && part.got == 0) {
			return field.New(part.name, fmt.Sprintf("%d values", part.got), fmt.Sprintf("%d for %d situations of %d alternatives", part.want, n, j))
		}
	}
	informative := false
	for i, c := range s.Chosen {
		if c < Outside || c >= j || c == Outside && !s.Outside {
			return field.New(fmt.Sprintf("choice in situation %d", i+1), c, fmt.Sprintf("the index of one of the %d alternatives", j))
		}
		if c != Outside && !s.available(i, c) {
			return field.New(fmt.Sprintf("choice in situation %d", i+1), s.Alternatives[c], "an alternative of its choice set")
		}
		options := 0
		for at := range j {
			if !s.available(i, at) {
				continue
			}
			options++
			for m, v := range s.X[(i*j+at)*a : (i*j+at+1)*a] {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					return field.New(fmt.Sprintf("%s of %s in situation %d", s.Attributes[m], s.Alternatives[at], i+1), v, "a finite number")
				}
			}
		}
		informative = informative || options > 1 || options == 1 && s.Outside
	}
	if !informative {
		return field.New("choice sets", "one alternative in each", "at least two in some: there is nothing to choose")
	}
	if !finite(s.Trait) {
		return field.New("traits", "a value that is not finite", "finite numbers")
	}
	return nil
}
