package affinity

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
)

// Shelf draws the ranked list that a shopper sees: the Plackett–Luce model of a recommender's scores, drawn by giving each item's score
// Gumbel noise and taking the highest (Yellott 1977). An item's noise is its own, so that with the same numbers a change to one item
// moves no two others past each other. A Shelf belongs to one goroutine.
type Shelf struct {
	known, unknown Recommender
	users          int
	temperature    float64
	scores         []float64
	heap           []ranked
	list           []int32
}

// NewShelf is a shelf of so many places. Temperature is in standard deviations of a user's scores over the items: 0 ranks by score, the
// larger the more by chance. Users that m does not know see what unknown thinks of them, such as a Popularity; nil is m itself.
func NewShelf(m, unknown Recommender, places int, temperature float64) (*Shelf, error) {
	users, items := m.Size()
	if unknown == nil {
		unknown = m
	}
	switch _, others := unknown.Size(); {
	case others != items:
		return nil, field.New("unknown", fmt.Sprintf("%d items", others), fmt.Sprint(items))
	case places < 1 || places > items:
		return nil, field.New("places", places, fmt.Sprintf("1 to %d, the number of items", items))
	case !(temperature >= 0 && temperature < math.Inf(1)):
		return nil, field.New("temperature", temperature, "0 or more")
	}
	return &Shelf{m, unknown, users, temperature, make([]float64, items), make([]ranked, 0, places), make([]int32, 0, places)}, nil
}

// Draw gives the items in the order that the user (−1: unknown) sees them, fewer than the places where fewer are available (nil: all
// are). It takes one number of the stream an item, whatever is available, and does not allocate; the list is borrowed until the next Draw.
func (s *Shelf) Draw(user int, available []bool, stream *rng.Stream) []int32 {
	m := s.known
	if user < 0 || user >= s.users {
		m = s.unknown
	}
	m.Score(user, s.scores)
	unit := s.temperature * deviation(s.scores)
	s.heap = s.heap[:0]
	for item, score := range s.scores {
		gumbel := -portable.Log(-portable.Log(stream.Open()))
		if available != nil && !available[item] {
			continue
		}
		key := score + float64(unit*gumbel)
		if unit == 0 && s.temperature > 0 {
			key = gumbel // all alike
		}
		s.heap = push(s.heap, ranked{key, int32(item)}, cap(s.list))
	}
	slices.SortFunc(s.heap, before)
	s.list = s.list[:0]
	for _, r := range s.heap {
		s.list = append(s.list, r.item)
	}
	return s.list
}

func deviation(x []float64) float64 {
	mean, squares := 0.0, 0.0
	for _, v := range x {
		mean += v
	}
	mean /= float64(len(x))
	for _, v := range x {
		squares += float64((v - mean) * (v - mean))
	}
	return math.Sqrt(squares / float64(len(x)))
}
