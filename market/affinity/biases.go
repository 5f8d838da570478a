package affinity

import (
	"cmp"
	"math"
)

func level(x *matrix, users, items int) *Factors {
	sum := 0.0
	for _, v := range x.val {
		sum += v
	}
	return &Factors{Mean: sum / float64(len(x.val)), UserBias: make([]float64, users), ItemBias: make([]float64, items)}
}

// FitGlobalMean predicts the mean rating for everybody and everything.
func FitGlobalMean(r *Ratings, o Options) (*Factors, error) {
	if err := ready(r, o); err != nil {
		return nil, err
	}
	return level(r.byUser(false), r.Users, r.Items), nil
}

// FitUserMean predicts a user's mean rating, or of one without ratings the mean of all.
func FitUserMean(r *Ratings, o Options) (*Factors, error) {
	if err := ready(r, o); err != nil {
		return nil, err
	}
	x := r.byUser(false)
	m := level(x, r.Users, r.Items)
	effects(x, m.Mean, nil, m.UserBias, 0)
	return m, nil
}

// FitItemMean predicts an item's mean rating, or of one without ratings the mean of all.
func FitItemMean(r *Ratings, o Options) (*Factors, error) {
	if err := ready(r, o); err != nil {
		return nil, err
	}
	x := r.byUser(false)
	m := level(x, r.Users, r.Items)
	effects(x.transpose(r.Items), m.Mean, nil, m.ItemBias, 0)
	return m, nil
}

// effects sets each row's bias to the ridge estimate given the columns' (nil: 0), and returns the largest change.
func effects(x *matrix, mean float64, others, bias []float64, lambda float64) (change float64) {
	for u := range bias {
		columns, values := x.row(u)
		sum := 0.0
		for n, v := range values {
			e := v - mean
			if others != nil {
				e -= others[columns[n]]
			}
			sum += e
		}
		if len(values) > 0 {
			sum /= float64(len(values)) + lambda
		}
		change = max(change, math.Abs(sum-bias[u]))
		bias[u] = sum
	}
	return change
}

// FitBiases predicts μ + b_u + b_i, μ the mean of all ratings, the biases those that together make
// Σ(r − μ − b_u − b_i)² + λ(Σb_u² + Σb_i²) least (Koren 2008, equation 3). λ is 5 ratings unless Options.Lambda is given.
func FitBiases(r *Ratings, o Options) (*Factors, error) {
	if err := ready(r, o); err != nil {
		return nil, err
	}
	return biases(r.byUser(false), r.Items, cmp.Or(o.Lambda, 5)), nil
}

// biases alternates between users and items until nothing moves by more than rounding does. What all users gain and all items lose
// touches only the penalty, so that alternation would take n/λ sweeps to find it: each sweep sets it.
func biases(x *matrix, items int, lambda float64) *Factors {
	m := level(x, x.rows(), items)
	byItem := x.transpose(items)
	spread := 0.0
	for _, v := range x.val {
		spread = max(spread, math.Abs(v-m.Mean))
	}
	const limit = 5000
	for range limit {
		change := effects(x, m.Mean, m.ItemBias, m.UserBias, lambda)
		change = max(change, effects(byItem, m.Mean, m.UserBias, m.ItemBias, lambda), m.balance(x, byItem))
		if change <= 1e-12*spread {
			break
		}
	}
	return m
}

// balance shifts users against items to where the penalty is least, their sums being equal there, and returns the shift.
func (m *Factors) balance(byUser, byItem *matrix) float64 {
	side := func(x *matrix, bias []float64, by float64) (sum, n float64) {
		for u := range bias {
			if x.start[u+1] > x.start[u] {
				bias[u] += by
				sum, n = sum+bias[u], n+1
			}
		}
		return sum, n
	}
	users, n := side(byUser, m.UserBias, 0)
	items, k := side(byItem, m.ItemBias, 0)
	shift := (items - users) / (n + k)
	side(byUser, m.UserBias, shift)
	side(byItem, m.ItemBias, -shift)
	return math.Abs(shift)
}
