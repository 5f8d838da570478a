package choice

import (
	"errors"
	"fmt"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

// Steeper returns the model with every response to a price multiplied: the coefficients of price, gain, loss and depth. Intercepts move so that a brand which
// stands at its price of at ($, one a brand), remembered as that, has the utility that it had: by above 1 demand there is as it was and answers a price more.
// Displays, which go by the price too, stay. It is a model that nobody fitted, for tests of what hangs on elasticities.
func (m *ShareLogit) Steeper(by float64, at []float64) (*ShareLogit, error) {
	if !(by >= 0) || len(at) != len(m.Brands) {
		return nil, field.New("steeper", fmt.Sprintf("a factor of %g at %d prices", by, len(at)), fmt.Sprintf("at least 0, at the price of each of %d brands", len(m.Brands)))
	}
	out := *m
	out.Diagnostics = nil
	out.Coefficients = slices.Clone(m.Coefficients)
	for i := range out.Coefficients {
		switch c := &out.Coefficients[i]; c.Term {
		case "price", "gain", "loss", "depth":
			c.Estimate *= by
		case "intercept":
			if j := slices.Index(m.Brands, c.Brand); j >= 0 {
				c.Estimate += float64((1 - by) * m.price[j] * at[j])
			}
		}
	}
	return &out, out.prepare()
}

// Joined returns the model with one more brand, the last, for which shoppers feel as for brand like: the same coefficients, displays and law of shocks, its shocks
// independent of the others'. By the logit's independence of irrelevant alternatives it takes its sales from all others, and from taking nothing, in proportion.
func (m *ShareLogit) Joined(brand string, like int) (*ShareLogit, error) {
	n := len(m.Brands)
	if like < 0 || like >= n {
		return nil, field.New("like", like, fmt.Sprintf("a brand from 0 to %d", n-1))
	}
	out := *m
	out.Diagnostics = nil
	out.Brands = append(slices.Clone(m.Brands), brand)
	out.Spec.Remembers = append(slices.Clone(m.Spec.Remembers), m.Spec.Remembers[like])
	from := make([]int, 0, 2*len(m.Coefficients)) // of which coefficient each of the new ones is a copy
	out.Coefficients = slices.Clone(m.Coefficients)
	for i := range m.Coefficients {
		from = append(from, i)
	}
	for i, c := range m.Coefficients {
		if c.Brand == m.Brands[like] {
			c.Brand = brand
			out.Coefficients, from = append(out.Coefficients, c), append(from, i)
		}
	}
	out.Covariance = table(len(from), len(from))
	for a, i := range from {
		for b, j := range from {
			out.Covariance[a][b] = m.Covariance[i][j]
		}
	}
	grown := func(v []float64) []float64 { return append(slices.Clone(v), v[like]) }
	d := m.Displays
	out.Displays = Displays{Form: d.Form, Intercept: grown(d.Intercept), Gain: grown(d.Gain), Loss: grown(d.Loss), Price: grown(d.Price)}
	out.Shocks = Shocks{Phi: grown(m.Shocks.Phi), Sigma: grown(m.Shocks.Sigma), Correlation: table(n+1, n+1)}
	for i := range n {
		copy(out.Shocks.Correlation[i], m.Shocks.Correlation[i])
	}
	out.Shocks.Correlation[n][n] = 1
	return &out, out.prepare()
}

// Redrawn returns the coefficients drawn from their estimated normal distribution: estimate + L·z, with L the Cholesky root of their covariance, clustered by
// household where that is known, else robust, else the inverse information, and z as many standard normals as there are coefficients. One that was held, whose
// variance is 0, stays.
func (e *Estimates) Redrawn(z []float64) ([]Parameter, error) {
	covariance := e.Clustered
	for _, next := range [][][]float64{e.Robust, e.Covariance} {
		if len(covariance) == 0 {
			covariance = next
		}
	}
	if len(z) != len(e.Coefficients) {
		return nil, field.New("normals", len(z), fmt.Sprintf("%d, one a coefficient", len(e.Coefficients)))
	}
	if len(covariance) != len(z) {
		return nil, errors.New("the errors of the fitted tastes are not known: the choices do not determine them, as where all who are counted have bought, or none")
	}
	var free []int
	for i := range z {
		if covariance[i][i] != 0 {
			free = append(free, i)
		}
	}
	among := table(len(free), len(free))
	for i, m := range free {
		for c, o := range free {
			among[i][c] = covariance[m][o]
		}
	}
	root, err := choleskyRoot(among)
	if err != nil {
		return nil, fmt.Errorf("covariance of the coefficients: %w", err)
	}
	drawn := slices.Clone(e.Coefficients)
	for i, m := range free {
		for c := 0; c <= i; c++ {
			drawn[m].Estimate += float64(root[i][c] * z[free[c]])
		}
	}
	return drawn, nil
}
