package affinity

import (
	"cmp"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// Implicit scores items by p_u·q_i, the preference expected: near 1 for what is taken, near 0 for what is left.
type Implicit struct {
	Rank    int       `json:"rank"`
	User    []float64 `json:"user"`    // p_u, Rank numbers a user
	Item    []float64 `json:"item"`    // q_i, Rank numbers an item
	Unknown []float64 `json:"unknown"` // the mean user, by whom somebody unknown is scored
}

// FitImplicit factorises purchases, clicks and the like (Hu, Koren & Volinsky 2008): p_u and q_i make
// Σ c_ui(t_ui − p_u·q_i)² + λ(Σ C_u|p_u|² + Σ C_i|q_i|²) least over all pairs, seen or not, with confidence c = 1 + α|r| and preference
// t = 1 where r > 0, else 0: a pair without a row is a weak no, one with a negative value a firm one. Penalties are weighted by C, the sum
// of a row's confidence, so that one λ serves sparse and dense shops (Rendle, Krichene, Zhang & Koren 2022, equation 6 with ν = 1). The Gram
// matrix of one side serves all rows of the other, and each row is solved exactly by Cholesky. Repeated pairs add up. A user without rows
// is the mean user. Defaults: Rank 16, Sweeps 10, Lambda 0.05, Alpha 20 over the mean |r|, so that units do not matter.
func FitImplicit(r *Ratings, o Options) (*Implicit, error) {
	if err := ready(r, o); err != nil {
		return nil, err
	}
	x := r.byUser(true)
	if err := weigh(x, o.Alpha); err != nil {
		return nil, err
	}
	k := min(cmp.Or(o.Rank, 16), r.Users, r.Items)
	m := &Implicit{k, make([]float64, r.Users*k), make([]float64, r.Items*k), make([]float64, k)}
	stream := rng.New(o.Seed, 0).Family("affinity implicit").At(0)
	for n := range m.Item {
		m.Item[n] = stream.Normal() / math.Sqrt(float64(k))
	}
	byItem := x.transpose(r.Items)
	lambda := cmp.Or(o.Lambda, 0.05)
	for range cmp.Or(o.Sweeps, 10) {
		prefer(x, m.Item, m.User, k, lambda, o.Workers)
		prefer(byItem, m.User, m.Item, k, lambda, o.Workers)
	}
	active := 0.0
	for u := range r.Users {
		if x.start[u] < x.start[u+1] {
			axpy(1, vector(m.User, int32(u), k), m.Unknown)
			active++
		}
	}
	for d := range m.Unknown {
		m.Unknown[d] /= active
	}
	for u := range r.Users {
		if x.start[u] == x.start[u+1] {
			copy(vector(m.User, int32(u), k), m.Unknown)
		}
	}
	return m, m.check()
}

// weigh turns feedback into ±α|r|, negative where it says no.
func weigh(x *matrix, alpha float64) error {
	total, liked := 0.0, false
	for _, v := range x.val {
		total += math.Abs(v)
		liked = liked || v > 0
	}
	if !liked {
		return field.New("value", "none above 0", "feedback above 0 from somebody")
	}
	if alpha == 0 {
		alpha = 20 * float64(len(x.val)) / total
	}
	for n := range x.val {
		x.val[n] *= alpha
	}
	return nil
}

// prefer sets each row's factors to the weighted ridge estimate over all columns.
func prefer(x *matrix, others, factors []float64, k int, lambda float64, workers int) {
	all, products := len(others)/k, gram(others, k)
	most := longest(x)
	type scratch struct{ a, confidence []float64 }
	scratches := make([]scratch, max(1, workers))
	blocks(x.rows(), workers, func(worker, from, to int) {
		s := &scratches[worker]
		if s.a == nil {
			*s = scratch{make([]float64, packed(k)), make([]float64, most)}
		}
		for u := from; u < to; u++ {
			columns, values := x.row(u)
			p := vector(factors, int32(u), k)
			clear(p)
			if len(columns) == 0 {
				continue
			}
			weight := float64(all)
			for n, v := range values {
				weight += math.Abs(v)
				s.confidence[n] = math.Abs(v)
				if v > 0 {
					axpy(1+v, vector(others, columns[n], k), p)
				}
			}
			copy(s.a, products)
			for d := range k {
				s.a[packed(d)+d] += lambda * weight
			}
			outers(s.confidence, columns, others, k, s.a)
			if !cholesky(s.a, k) {
				clear(p)
				continue
			}
			solve(s.a, p)
		}
	})
}

// Size is the number of users and items.
func (m *Implicit) Size() (users, items int) { return len(m.User) / m.Rank, len(m.Item) / m.Rank }

// Score is the preference expected for every item.
func (m *Implicit) Score(user int, scores []float64) {
	p := m.Unknown
	if user >= 0 && user < len(m.User)/m.Rank {
		p = vector(m.User, int32(user), m.Rank)
	}
	for i := range scores {
		scores[i] = dot(p, vector(m.Item, int32(i), m.Rank))
	}
}

func (m *Implicit) check() error {
	if m.Rank < 1 || m.Rank > 1<<20 {
		return field.New("rank", m.Rank, "1 or more")
	}
	users, items := m.Size()
	if err := numbers("user", m.User, max(users, 1)*m.Rank); err != nil {
		return err
	}
	if err := numbers("item", m.Item, max(items, 1)*m.Rank); err != nil {
		return err
	}
	return numbers("unknown", m.Unknown, m.Rank)
}
