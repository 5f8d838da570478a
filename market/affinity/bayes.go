package affinity

import (
	"cmp"

	"github.com/souk-sim/souk/scenarios/field"
)

// FitBayes factorises by variational Bayes: ratings are x_u·w_i plus Gaussian noise, users x_u and items w_i Gaussian about a mean with
// a covariance, all four and the noise estimated with them (Lim & Teh 2007, with the full covariances of Salakhutdinov & Mnih 2008;
// the updates are those of Raiko, Ilin & Karhunen 2007). How uncertain a vector is counts in every update of the others, which is
// what keeps many factors from fitting noise: there is no penalty to choose, and units do not matter. Biases come as x_u times the
// mean item and w_i times the mean user. Defaults: Rank 15 besides biases, Sweeps 25.
func FitBayes(r *Ratings, o Options) (*Factors, error) {
	if err := ready(r, o); err != nil {
		return nil, err
	}
	x := r.byUser(false)
	m := biases(x, r.Items, 5)
	rank := min(cmp.Or(o.Rank, 15), r.Users, r.Items)
	k := rank + 2
	scale := spread(x, m.Mean)
	if scale == 0 {
		return m, m.check()
	}
	e := m.residuals(x)
	q := start(e, e.transpose(r.Items), rank, 5, o.Workers)
	for n, v := range x.val {
		e.val[n] = (v - m.Mean) / scale
	}
	byItem := e.transpose(r.Items)
	users, items := newSide(r.Users, k), newSide(r.Items, k)
	for i, b := range m.ItemBias {
		w := vector(items.mean, int32(i), k)
		w[0], w[1] = b/scale, 1
		for d := range rank {
			w[2+d] = q[i*rank+d] / scale
		}
		outer(1, w, items.moment[i*packed(k):(i+1)*packed(k)])
	}
	users.center[0] = 1
	noise := 1.0
	for range cmp.Or(o.Sweeps, 25) {
		users.update(e, items, noise, o.Workers)
		users.prior()
		noise = items.update(byItem, users, noise, o.Workers)
		items.prior()
	}
	f := &Factors{Rank: k, Mean: m.Mean + scale*dot(users.center, items.center), UserBias: make([]float64, r.Users), ItemBias: make([]float64, r.Items)}
	f.User, f.Item = users.centred(items.center, scale, f.UserBias), items.centred(users.center, scale, f.ItemBias)
	for n := range f.User {
		f.User[n] *= scale
	}
	if f.check() != nil {
		return nil, field.New("ratings", "values at which the factorisation diverges", "a scale that floating point can square")
	}
	return f, nil
}

// side is the posterior of all users, or of all items: means, second moments E[xxᵀ], and the prior's centre and covariance.
type side struct {
	k                  int
	mean, moment       []float64
	center, covariance []float64
}

func newSide(n, k int) *side {
	s := &side{k, make([]float64, n*k), make([]float64, n*packed(k)), make([]float64, k), make([]float64, packed(k))}
	for d := range k {
		s.covariance[packed(d)+d] = 1
	}
	return s
}

// update sets each row's posterior given the others', x holding the ratings, and returns the new variance of the noise.
func (s *side) update(x *matrix, others *side, noise float64, workers int) float64 {
	k, size := s.k, packed(s.k)
	precision := append([]float64(nil), s.covariance...)
	cholesky(precision, k)
	invert(precision, k)
	pull := make([]float64, k) // precision · center
	for r := range k {
		for c := range k {
			pull[r] += precision[packed(max(r, c))+min(r, c)] * s.center[c]
		}
	}
	systems := make([][]float64, max(1, workers))
	errors := make([]float64, x.rows())
	blocks(x.rows(), workers, func(worker, from, to int) {
		if systems[worker] == nil {
			systems[worker] = make([]float64, 2*size+k)
		}
		a, sum, b := systems[worker][:size], systems[worker][size:2*size], systems[worker][2*size:]
		for u := from; u < to; u++ {
			columns, values := x.row(u)
			clear(sum)
			clear(b)
			squares := 0.0
			for n, c := range columns {
				axpy(1, others.moment[int(c)*size:(int(c)+1)*size], sum)
				axpy(values[n], vector(others.mean, c, k), b)
				squares += float64(values[n] * values[n])
			}
			p, moment := vector(s.mean, int32(u), k), s.moment[u*size:(u+1)*size]
			for d, v := range sum {
				a[d] = precision[d] + v/noise
			}
			for d, v := range b {
				p[d] = pull[d] + v/noise
			}
			cholesky(a, k)
			solve(a, p)
			invert(a, k)
			copy(moment, a)
			outer(1, p, moment)
			errors[u] = squares - 2*dot(b, p) + trace(sum, moment, k)
		}
	})
	total := 0.0
	for _, v := range errors {
		total += v
	}
	return total / float64(len(x.val))
}

// trace of the product of two packed matrices.
func trace(a, b []float64, k int) float64 {
	t := 2 * dot(a, b)
	for d := range k {
		t -= float64(a[packed(d)+d] * b[packed(d)+d])
	}
	return t
}

// prior sets centre and covariance to the most likely ones.
func (s *side) prior() {
	n := len(s.mean) / s.k
	clear(s.center)
	clear(s.covariance)
	for u := range n {
		axpy(1/float64(n), vector(s.mean, int32(u), s.k), s.center)
		axpy(1/float64(n), s.moment[u*packed(s.k):(u+1)*packed(s.k)], s.covariance)
	}
	outer(-1, s.center, s.covariance)
	for d := range s.k {
		s.covariance[packed(d)+d] += 1e-6
	}
}

// centred gives the vectors less their centre, and adds what they share with the centre of the others to the biases.
func (s *side) centred(others []float64, scale float64, bias []float64) []float64 {
	f := append([]float64(nil), s.mean...)
	for u := range bias {
		v := vector(f, int32(u), s.k)
		axpy(-1, s.center, v)
		bias[u] = scale * dot(v, others)
	}
	return f
}
