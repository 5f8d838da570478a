// Package basket finds what is bought together: frequent item sets by FP-growth, association rules with their measures and
// their significance, and from the rules what a simulated shopper puts into the basket next.
//
// Items are numbers of the caller's choice, 0 or more. Nothing here knows whose basket it is.
package basket

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

// Options of Mine.
type Options struct {
	Support   float64 // least share of the baskets that hold a set, in (0, 1]
	MaxLength int     // of a set; 0 means any
	MaxSets   int     // error when there are more; 0 means a million
}

// Set is a frequent item set.
type Set struct {
	Items   []int // ascending
	Count   int   // baskets that hold all of them
	Closed  bool  // no larger set is in as many baskets
	Maximal bool  // no larger set is frequent
}

// Item is an item and the number of baskets that hold it.
type Item struct {
	Item  int    `json:"item"`
	Name  string `json:"name,omitempty"` // for the caller to give
	Count int    `json:"count"`
}

// Sets is what Mine found.
type Sets struct {
	Baskets  int      // all, the empty ones too
	MinCount int      // the least count with Count/Baskets ≥ Support
	Sets     []Set    // shorter ones first, then by their items
	Items    []Item   // all that were seen, ascending
	Sizes    []int    // Sizes[k] baskets hold k different items
	Repeated int      // items that were in their basket already, and counted once
	Warnings []string // what to be careful about
	index    index
}

const defaultLimit = 1_000_000

// Mine finds all item sets that are in at least the share Support of the baskets, by FP-growth (Han, Pei & Yin 2000, SIGMOD;
// Han, Pei, Yin & Mao 2004, Data Mining and Knowledge Discovery 8, 53). The order of baskets and of items within one
// does not matter; an item that a basket names twice counts once. Closed and Maximal look no further than MaxLength.
func Mine(baskets [][]int, o Options) (*Sets, error) {
	if o.MaxSets == 0 {
		o.MaxSets = defaultLimit
	}
	switch {
	case !(o.Support > 0 && o.Support <= 1):
		return nil, field.New("support", o.Support, "a share of the baskets above 0, at most 1")
	case o.MaxLength < 0:
		return nil, field.New("length", o.MaxLength, "a number of items, or 0 for any")
	case o.MaxSets < 0 || o.MaxSets > 100*defaultLimit:
		return nil, field.New("sets", o.MaxSets, "a limit up to 100 million, or 0 for a million")
	case len(baskets) == 0:
		return nil, field.New("baskets", 0, "at least one")
	}
	s := &Sets{Baskets: len(baskets), MinCount: minimumCount(o.Support, len(baskets))}
	coded, err := s.encode(baskets)
	if err != nil {
		return nil, err
	}
	order := frequent(s.Items, s.MinCount)
	g := growth{minimum: int32(s.MinCount), longest: o.MaxLength, limit: o.MaxSets, label: make([]int, len(order))}
	for rank, i := range order {
		g.label[rank] = s.Items[i].Item
	}
	if !g.run(coded, len(s.Items), order) {
		return nil, field.New("support", fmt.Sprintf("more than %d item sets in %d or more baskets", o.MaxSets, s.MinCount),
			"a higher support, a shorter length or a higher limit of sets")
	}
	s.Sets = g.sets
	slices.SortFunc(s.Sets, func(a, b Set) int {
		return cmp.Or(cmp.Compare(len(a.Items), len(b.Items)), slices.Compare(a.Items, b.Items))
	})
	s.index = newIndex(s.Sets)
	s.close()
	s.caution()
	return s, nil
}

// minimumCount is the least count whose share of n is at least support: ceil(support·n), but for a product that rounding
// puts above a whole number, as in 0.07·100.
func minimumCount(support float64, n int) int {
	count := max(1, int(support*float64(n))-1)
	for float64(count)/float64(n) < support {
		count++
	}
	return count
}

// encode gives the baskets with items numbered by their place in s.Items, without repetitions.
func (s *Sets) encode(baskets [][]int) ([][]int32, error) {
	total := 0
	number := make(map[int]int32)
	for b, basket := range baskets {
		for _, item := range basket {
			if item < 0 {
				return nil, field.New(fmt.Sprintf("basket %d: item", b+1), item, "a number, 0 or more")
			}
			if _, known := number[item]; !known {
				number[item] = 0
				s.Items = append(s.Items, Item{Item: item})
			}
		}
		total += len(basket)
	}
	slices.SortFunc(s.Items, func(a, b Item) int { return cmp.Compare(a.Item, b.Item) })
	for i, item := range s.Items {
		number[item.Item] = int32(i)
	}
	last := make([]int, len(s.Items)) // the basket, from 1, that named the item last
	flat, coded := make([]int32, 0, total), make([][]int32, len(baskets))
	for b, basket := range baskets {
		from := len(flat)
		for _, item := range basket {
			i := number[item]
			if last[i] == b+1 {
				s.Repeated++
				continue
			}
			last[i] = b + 1
			s.Items[i].Count++
			flat = append(flat, i)
		}
		coded[b] = flat[from:]
		for len(s.Sizes) <= len(coded[b]) {
			s.Sizes = append(s.Sizes, 0)
		}
		s.Sizes[len(coded[b])]++
	}
	return coded, nil
}

// caution writes the warnings.
func (s *Sets) caution() {
	if empty := s.Sizes[0]; empty > 0 {
		s.Warnings = append(s.Warnings, fmt.Sprintf("%d of %d baskets are empty and count as baskets", empty, s.Baskets))
	}
	if s.Repeated > 0 {
		s.Warnings = append(s.Warnings, fmt.Sprintf("%d items were named again in their basket and count once", s.Repeated))
	}
	if len(s.Sets) == 0 {
		s.Warnings = append(s.Warnings, fmt.Sprintf("no item is in %d of the %d baskets", s.MinCount, s.Baskets))
	}
	if s.MinCount < 5 {
		s.Warnings = append(s.Warnings, fmt.Sprintf("sets of %d baskets count as frequent: most of what so few hold together is chance", s.MinCount))
	}
}

// frequent is the places of the items with at least the minimum count, most frequent first.
func frequent(items []Item, minimum int) []int {
	var order []int
	for i, item := range items {
		if item.Count >= minimum {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(items[j].Count, items[i].Count) })
	return order
}
