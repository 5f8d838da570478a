package affinity

import (
	"github.com/souk-sim/souk/sim/rng"
)

// Popularity scores an item by the number of users who took or rated it.
type Popularity struct {
	Users  int       `json:"users"`
	Counts []float64 `json:"counts"`
}

// FitPopularity counts the users of each item.
func FitPopularity(r *Ratings, o Options) (*Popularity, error) {
	if err := ready(r, o); err != nil {
		return nil, err
	}
	m := &Popularity{r.Users, make([]float64, r.Items)}
	for _, item := range r.byUser(true).col {
		m.Counts[item]++
	}
	return m, nil
}

// Size is the number of users and items.
func (m *Popularity) Size() (users, items int) { return m.Users, len(m.Counts) }

// Score is the same for everybody.
func (m *Popularity) Score(_ int, scores []float64) { copy(scores, m.Counts) }

// Random scores every item by a uniform number that belongs to the user and the item: the least that a model must beat.
type Random struct {
	Users int    `json:"users"`
	Items int    `json:"items"`
	Seed  uint64 `json:"seed"`
}

// FitRandom takes no more than the numbers of users and items, and the seed.
func FitRandom(r *Ratings, o Options) (*Random, error) {
	if err := ready(r, o); err != nil {
		return nil, err
	}
	return &Random{r.Users, r.Items, o.Seed}, nil
}

// Size is the number of users and items.
func (m *Random) Size() (users, items int) { return m.Users, m.Items }

// Score gives a user the same numbers each time.
func (m *Random) Score(user int, scores []float64) {
	stream := rng.New(m.Seed, 0).Family("affinity random").At(uint64(user + 1))
	for i := range scores {
		scores[i] = stream.Float64()
	}
}
