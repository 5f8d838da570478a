package affinity

import (
	"math"

	"github.com/souk-sim/souk/sim/rng"
)

// purchases of users whose tastes have rank 5, over items whose popularity falls like 1/rank: each user takes perUser items, drawn by
// Gumbel noise without repeat.
func purchases(seed uint64, users, items, perUser int) *Ratings {
	family := rng.New(seed, 0).Family("purchases")
	const k = 5
	taste := family.At(0)
	q := make([]float64, items*k)
	for n := range q {
		q[n] = taste.Normal()
	}
	r := &Ratings{Users: users, Items: items}
	p, scores := make([]float64, k), make([]float64, items)
	for u := range users {
		s := family.At(1, uint64(u))
		for d := range p {
			p[d] = 0.8 * s.Normal()
		}
		for i := range scores {
			scores[i] = -math.Log(float64(i+10)) + dot(p, vector(q, int32(i), k)) - math.Log(-math.Log(s.Open()))
		}
		list := best(scores, nil, perUser, nil)
		for j := range list {
			j = (j + u) % perUser // so that the rows' order tells nothing
			r.User, r.Item, r.Value = append(r.User, int32(u)), append(r.Item, list[j].item), append(r.Value, 1)
		}
	}
	return r
}
