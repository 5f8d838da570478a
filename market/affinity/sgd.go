package affinity

import (
	"cmp"
	"math"

	"github.com/souk-sim/souk/sim/rng"
)

// FitSGD factorises by stochastic gradient descent on Σ (r − μ − b_u − b_i − p_u·q_i)² + λ(b_u² + b_i² + |p_u|² + |q_i|²), row by row in a
// new random order each sweep (Koren, Bell & Volinsky 2009, equation 5). Ratings are in units of their standard deviation meanwhile, so
// that one learning rate, falling linearly from 0.02 to 0, serves any scale. It takes one worker. Defaults: Rank 10, Lambda 0.05,
// Sweeps 50.
func FitSGD(r *Ratings, o Options) (*Factors, error) {
	if err := ready(r, o); err != nil {
		return nil, err
	}
	x := r.byUser(false)
	m := level(x, r.Users, r.Items)
	m.Rank = min(cmp.Or(o.Rank, 10), r.Users, r.Items)
	m.User, m.Item = make([]float64, r.Users*m.Rank), make([]float64, r.Items*m.Rank)
	scale := spread(x, m.Mean)
	if scale == 0 {
		return m, m.check()
	}
	family := rng.New(o.Seed, 0).Family("affinity sgd")
	stream := family.At(0)
	for _, f := range [][]float64{m.User, m.Item} {
		for n := range f {
			f[n] = 0.1 * stream.Normal()
		}
	}
	row, order := make([]int32, len(x.val)), make([]int, len(x.val))
	for u := range x.rows() {
		for n := x.start[u]; n < x.start[u+1]; n++ {
			row[n], order[n] = int32(u), n
		}
	}
	sweeps := cmp.Or(o.Sweeps, 50)
	for sweep := range sweeps {
		stream := family.At(uint64(sweep + 1))
		for n := len(order) - 1; n > 0; n-- {
			j := stream.Intn(n + 1)
			order[n], order[j] = order[j], order[n]
		}
		step := 0.02 * (1 - float64(sweep)/float64(sweeps))
		for _, n := range order {
			m.descend(row[n], x.col[n], (x.val[n]-m.Mean)/scale, step, cmp.Or(o.Lambda, 0.05))
		}
	}
	for _, f := range [][]float64{m.UserBias, m.ItemBias, m.User} {
		for n := range f {
			f[n] *= scale
		}
	}
	return m, m.check()
}

// descend takes one step on one rating.
func (m *Factors) descend(user, item int32, value, step, lambda float64) {
	p, q := vector(m.User, user, m.Rank), vector(m.Item, item, m.Rank)
	e := value - m.UserBias[user] - m.ItemBias[item] - dot(p, q)
	m.UserBias[user] += float64(step * (e - lambda*m.UserBias[user]))
	m.ItemBias[item] += float64(step * (e - lambda*m.ItemBias[item]))
	for d, a := range p {
		b := q[d]
		p[d] = a + float64(step*(float64(e*b)-float64(lambda*a)))
		q[d] = b + float64(step*(float64(e*a)-float64(lambda*b)))
	}
}

// spread is the ratings' standard deviation about the mean.
func spread(x *matrix, mean float64) float64 {
	s := 0.0
	for _, v := range x.val {
		s += float64((v - mean) * (v - mean))
	}
	return math.Sqrt(s / float64(len(x.val)))
}
