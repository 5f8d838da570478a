package affinity

import (
	"cmp"
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
)

// Features describe items, or users: D numbers each (price, 0 or 1 for a category), one after the other.
type Features struct {
	D      int
	Values []float64
}

// Content gives items, or users, without ratings the bias and factors that those with like features have (Gantner, Drumond,
// Freudenthaler, Rendle & Schmidt-Thieme 2010): a linear map by ridge regression.
type Content struct {
	Rank    int       `json:"rank"`
	Center  []float64 `json:"center"`  // of each feature
	Scale   []float64 `json:"scale"`   // of each feature, 1 where it does not vary
	Weights []float64 `json:"weights"` // Rank+1 numbers a row: for the intercept, then for each feature; the bias before the factors
}

// FillItems learns the map from items of the training ratings r to their bias and factors in m, and sets those of the items without ratings
// in m by it. An item counts n/(n + 10) in the regression, n its ratings. Lambda (0: 1) is in items, features in standard deviations.
func (m *Factors) FillItems(r *Ratings, f Features, lambda float64) (*Content, error) {
	return fill(r, r.Items, r.Item, f, m.ItemBias, m.Item, m.Rank, lambda)
}

// FillUsers is FillItems for users.
func (m *Factors) FillUsers(r *Ratings, f Features, lambda float64) (*Content, error) {
	return fill(r, r.Users, r.User, f, m.UserBias, m.User, m.Rank, lambda)
}

func fill(r *Ratings, n int, who []int32, f Features, bias, factors []float64, k int, lambda float64) (*Content, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	switch {
	case f.D < 1:
		return nil, field.New("features", f.D, "1 or more")
	case n != len(bias):
		return nil, field.New("ratings", n, fmt.Sprintf("%d, as the model has", len(bias)))
	case !(lambda >= 0 && lambda < math.Inf(1)):
		return nil, field.New("lambda", lambda, "0 (the default) or more")
	}
	if err := numbers("features", f.Values, n*f.D); err != nil {
		return nil, err
	}
	counts := make([]float64, n)
	for _, i := range who {
		counts[i]++
	}
	c := &Content{Rank: k, Center: make([]float64, f.D), Scale: make([]float64, f.D)}
	c.standardise(f, counts)
	if !c.regress(f, counts, bias, factors, cmp.Or(lambda, 1)) {
		return nil, field.New("features", "values too large", "a scale that floating point can square")
	}
	for i, count := range counts {
		if count == 0 {
			bias[i] = c.Vector(f.Values[i*f.D:(i+1)*f.D], vector(factors, int32(i), k))
		}
	}
	return c, nil
}

// standardise measures the features of those who have ratings.
func (c *Content) standardise(f Features, counts []float64) {
	n := 0.0
	for i, count := range counts {
		if count > 0 {
			axpy(1, vector(f.Values, int32(i), f.D), c.Center)
			n++
		}
	}
	for d := range c.Center {
		c.Center[d] /= n
	}
	for d := range c.Scale {
		for i, count := range counts {
			if e := f.Values[i*f.D+d] - c.Center[d]; count > 0 {
				c.Scale[d] += float64(e * e)
			}
		}
		c.Scale[d] = cmp.Or(math.Sqrt(c.Scale[d]/n), 1)
	}
}

// regress solves the weighted ridge regressions of bias and factors on the features, which share their normal matrix.
func (c *Content) regress(f Features, counts, bias, factors []float64, lambda float64) bool {
	d, outputs := f.D+1, c.Rank+1
	a, z := make([]float64, packed(d)), make([]float64, d)
	right := make([][]float64, outputs)
	for j := range right {
		right[j] = make([]float64, d)
	}
	for i, count := range counts {
		weight := count / (count + 10)
		z[0] = 1
		for j, v := range vector(f.Values, int32(i), f.D) {
			z[j+1] = (v - c.Center[j]) / c.Scale[j]
		}
		outer(weight, z, a)
		axpy(weight*bias[i], z, right[0])
		for j, v := range vector(factors, int32(i), c.Rank) {
			axpy(weight*v, z, right[j+1])
		}
	}
	for j := 1; j < d; j++ {
		a[packed(j)+j] += lambda
	}
	if !cholesky(a, d) {
		return false
	}
	c.Weights = make([]float64, d*outputs)
	for j, b := range right {
		solve(a, b)
		for n, v := range b {
			c.Weights[n*outputs+j] = v
		}
	}
	return numbers("weights", c.Weights, len(c.Weights)) == nil
}

// Vector fills factors (Rank numbers) for an item, or a user, of these features and returns its bias.
func (c *Content) Vector(features, factors []float64) (bias float64) {
	row := c.Weights[:c.Rank+1]
	bias = row[0]
	copy(factors, row[1:])
	for j, v := range features[:len(c.Center)] {
		row := c.Weights[(j+1)*(c.Rank+1) : (j+2)*(c.Rank+1)]
		z := (v - c.Center[j]) / c.Scale[j]
		bias += float64(z * row[0])
		axpy(z, row[1:], factors)
	}
	return bias
}
