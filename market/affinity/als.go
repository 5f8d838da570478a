package affinity

import "cmp"

// FitALS factorises by alternating least squares with weighted penalties (Zhou, Wilkinson, Schreiber & Pan 2008): ridge biases first
// (FitBiases, λ = 5), then on what they leave the p_u and q_i that make Σ(e − p_u·q_i)² + λ(Σ n_u|p_u|² + Σ n_i|q_i|²) least, n the number
// of ratings. It starts from the singular vectors of the residuals, those not rated being 0, and uses no random numbers. Defaults: Rank 10,
// Sweeps 30, Lambda 0.1 of the residuals' standard deviation, so that units do not matter.
func FitALS(r *Ratings, o Options) (*Factors, error) {
	if err := ready(r, o); err != nil {
		return nil, err
	}
	x := r.byUser(false)
	m := biases(x, r.Items, 5)
	m.Rank = min(cmp.Or(o.Rank, 10), r.Users, r.Items)
	e := m.residuals(x)
	byItem := e.transpose(r.Items)
	m.User = make([]float64, r.Users*m.Rank)
	m.Item = start(e, byItem, m.Rank, 40, o.Workers)
	lambda := cmp.Or(o.Lambda, 0.1*spread(e, 0))
	for range cmp.Or(o.Sweeps, 30) {
		ridge(e, m.Item, m.User, m.Rank, lambda, o.Workers)
		ridge(byItem, m.User, m.Item, m.Rank, lambda, o.Workers)
	}
	return m, m.check()
}

// ridge sets each row's factors to the weighted ridge estimate given the columns'.
func ridge(x *matrix, others, factors []float64, k int, lambda float64, workers int) {
	ones := make([]float64, longest(x))
	for n := range ones {
		ones[n] = 1
	}
	systems := make([][]float64, max(1, workers))
	blocks(x.rows(), workers, func(worker, from, to int) {
		if systems[worker] == nil {
			systems[worker] = make([]float64, packed(k))
		}
		a := systems[worker]
		for u := from; u < to; u++ {
			columns, values := x.row(u)
			p := vector(factors, int32(u), k)
			clear(p)
			if len(columns) == 0 {
				continue
			}
			clear(a)
			outers(ones[:len(columns)], columns, others, k, a)
			for d := range k {
				a[packed(d)+d] += lambda * float64(len(columns))
			}
			for n, c := range columns {
				axpy(values[n], vector(others, c, k), p)
			}
			if !cholesky(a, k) {
				clear(p) // all others are nothing: any p does, and the penalty wants none
				continue
			}
			solve(a, p)
		}
	})
}

func longest(x *matrix) int {
	most := 0
	for u := range x.rows() {
		most = max(most, x.start[u+1]-x.start[u])
	}
	return most
}
