package persona

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
)

// Options say how personas are made of groups.
type Options struct {
	// Least is the number of customers that no figure may speak of fewer than; 10 where zero. A smaller group is merged with
	// the one whose centre is nearest.
	Least      int
	Favourites int    // products on a card; 5 where zero
	Scale      *Scale // of the features; NewScale's where nil
}

// Personas are groups of customers as a simulated shopper joins them: a group by its share, then features by the group's
// quantiles, tied together by a normal copula. No figure in it comes from fewer than Options.Least customers.
type Personas struct {
	Scale  *Scale          `json:"scale"`
	Whole  []bool          `json:"whole"` // by feature: it takes whole numbers only
	Groups []Group         `json:"groups"`
	Merged int             `json:"merged"` // groups that were too small
	Coupon *stats.Logistic `json:"coupon"` // of the scaled features, nil where not fitted: see FitCoupon

	knots [][]float64 // by group: normal scores at which its quantiles stand
}

// Group is a persona.
type Group struct {
	Card   Card      `json:"card"`
	Center []float64 `json:"center"` // mean of the scaled features
	// Quantiles has, for each feature in its own units, the means of equal parts of the group in ascending order.
	Quantiles [][]float64 `json:"quantiles"`
	// Factor is the Cholesky factor of the correlation of normal scores, row j with its j+1 elements.
	Factor [][]float64 `json:"factor"`
}

// most quantiles of a feature.
const maximumQuantiles = 100

// NewPersonas makes personas of the customers' groups, labels[i] in [0, k) being that of row i, from k-means or a mixture. The
// log is the one that the features were made of. Groups come by size, largest first.
func NewPersonas(f *Features, l Log, labels []int, o Options) (*Personas, error) {
	if o.Least == 0 {
		o.Least = 10
	}
	if o.Favourites == 0 {
		o.Favourites = 5
	}
	n := f.Rows()
	switch {
	case o.Least < 1:
		return nil, field.New("least", o.Least, "a number of customers")
	case len(labels) != n:
		return nil, field.New("labels", len(labels), fmt.Sprintf("%d, one for each customer", n))
	case n < o.Least:
		return nil, field.New("customers", n, fmt.Sprintf("at least %d, that none is told apart", o.Least))
	case len(l.Customer) != len(f.Row):
		return nil, field.New("log", fmt.Sprintf("%d lines", len(l.Customer)), fmt.Sprintf("the features' log of %d", len(f.Row)))
	}
	for i, g := range labels {
		if g < 0 || g >= n {
			return nil, field.New(fmt.Sprintf("label of row %d", i), g, fmt.Sprintf("a group from 0 to below %d", n))
		}
	}
	p := &Personas{Scale: o.Scale}
	if p.Scale == nil {
		p.Scale = NewScale(f)
	}
	if !slices.Equal(p.Scale.Names, f.Names) {
		return nil, field.New("scale", fmt.Sprintf("%q", p.Scale.Names), fmt.Sprintf("%q, the features", f.Names))
	}
	z := p.Scale.Table(f)
	var groups [][]int
	groups, p.Merged = merge(z, len(f.Names), labels, o.Least)
	for j := range f.Names {
		whole := true
		for i := range n {
			v := f.X[i*len(f.Names)+j]
			whole = whole && v == math.Floor(v)
		}
		p.Whole = append(p.Whole, whole)
	}
	for _, rows := range groups {
		p.Groups = append(p.Groups, newGroup(f, z, rows, o.Least))
	}
	p.fillCards(f, l, z, groups, o)
	p.prepare()
	return p, nil
}

// merge gives the rows of each group, largest first, those below least joined to the nearest others, smallest first.
func merge(z []float64, d int, labels []int, least int) (groups [][]int, merged int) {
	groups = make([][]int, slices.Max(labels)+1)
	for i, g := range labels {
		groups[g] = append(groups[g], i)
	}
	groups = slices.DeleteFunc(groups, func(rows []int) bool { return len(rows) == 0 })
	bySize := func() { slices.SortStableFunc(groups, func(a, b []int) int { return len(b) - len(a) }) }
	for bySize(); len(groups) > 1 && len(groups[len(groups)-1]) < least; bySize() {
		last := len(groups) - 1
		own, to, nearest := center(z, d, groups[last]), 0, math.Inf(1)
		for g, rows := range groups[:last] {
			if s := squared(own, center(z, d, rows)); s < nearest {
				to, nearest = g, s
			}
		}
		groups[to] = append(groups[to], groups[last]...)
		slices.Sort(groups[to])
		groups = groups[:last]
		merged++
	}
	return groups, merged
}

func center(z []float64, d int, rows []int) []float64 {
	c := make([]float64, d)
	for _, i := range rows {
		for j := range c {
			c[j] += z[i*d+j] / float64(len(rows))
		}
	}
	return c
}

// newGroup takes quantiles and the copula from the rows.
func newGroup(f *Features, z []float64, rows []int, least int) Group {
	d, n := len(f.Names), len(rows)
	g := Group{Center: center(z, d, rows)}
	parts := min(max(n/least, 1), maximumQuantiles)
	scores := make([][]float64, d)
	for j := range d {
		values := make([]float64, n)
		for at, i := range rows {
			values[at] = f.X[i*d+j]
		}
		scores[j] = normalScores(values)
		slices.Sort(values)
		quantiles := make([]float64, parts)
		for b := range parts {
			quantiles[b] = stats.Mean(values[b*n/parts : (b+1)*n/parts])
		}
		slices.Sort(quantiles) // means of like values may differ by rounding
		g.Quantiles = append(g.Quantiles, quantiles)
	}
	factor := stats.NewCholesky(d)
	for j := range d {
		for m := range j {
			factor.L[j*d+m] = (1 - 1e-6) * correlation(scores[j], scores[m]) // so that collinear features have a factor
		}
		factor.L[j*d+j] = 1
	}
	factor.Factor()
	for j := range d {
		g.Factor = append(g.Factor, slices.Clone(factor.L[j*d:j*d+j+1]))
	}
	return g
}

// normalScores puts values on the normal scale by their ranks, ties by the mean of theirs, and takes the mean off.
func normalScores(values []float64) []float64 {
	n := len(values)
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case values[a] < values[b]:
			return -1
		case values[a] > values[b]:
			return 1
		}
		return 0
	})
	scores := make([]float64, n)
	for from := 0; from < n; {
		to := from + 1
		for to < n && values[order[to]] == values[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			scores[i] = portable.NormalQuantile(float64(from+to) / 2 / float64(n))
		}
		from = to
	}
	mean := stats.Mean(scores)
	for i := range scores {
		scores[i] -= mean
	}
	return scores
}

// correlation of two columns of mean 0, 0 where one does not vary.
func correlation(a, b []float64) float64 {
	var ab, aa, bb float64
	for i, v := range a {
		ab, aa, bb = ab+v*b[i], aa+v*v, bb+b[i]*b[i]
	}
	if aa < 1e-12 || bb < 1e-12 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}

// prepare derives what drawing looks up.
func (p *Personas) prepare() {
	p.knots = make([][]float64, len(p.Groups))
	for g := range p.Groups {
		parts := len(p.Groups[g].Quantiles[0])
		for b := range parts {
			p.knots[g] = append(p.knots[g], portable.NormalQuantile((float64(b)+0.5)/float64(parts)))
		}
	}
}

// Draw gives the group of a shopper by the uniform u in [0, 1), in proportion to the groups' customers.
func (p *Personas) Draw(u float64) int {
	for g := range p.Groups {
		if u -= p.Groups[g].Card.Share; u < 0 {
			return g
		}
	}
	return len(p.Groups) - 1
}

// Features draws those of a shopper of group g into x, as long as Scale.Names, by exactly twice as many draws. It does not
// allocate.
func (p *Personas) Features(g int, stream *rng.Stream, x []float64) {
	group, knots := &p.Groups[g], p.knots[g]
	for j := range x {
		x[j] = stream.Normal()
	}
	for j := len(x) - 1; j >= 0; j-- {
		score := 0.0
		for m, v := range group.Factor[j] {
			score += float64(v * x[m])
		}
		x[j] = interpolate(knots, group.Quantiles[j], score)
	}
	for j := range x {
		if u := stream.Float64(); p.Whole[j] {
			x[j] = math.Floor(x[j] + u) // keeps the mean
		}
	}
}

// interpolate reads the line through (at, value), level beyond its ends.
func interpolate(at, value []float64, x float64) float64 {
	k, _ := slices.BinarySearch(at, x)
	switch k {
	case 0:
		return value[0]
	case len(at):
		return value[k-1]
	}
	return value[k-1] + float64((value[k]-value[k-1])*((x-at[k-1])/(at[k]-at[k-1])))
}

// Assign gives the group whose centre is nearest to a customer's features on the scale. It does not allocate.
func (p *Personas) Assign(x []float64) int {
	at, least := 0, math.Inf(1)
	for g := range p.Groups {
		distance := 0.0
		for j, v := range x {
			off := p.Scale.one(j, v) - p.Groups[g].Center[j]
			distance += float64(off * off)
		}
		if distance < least {
			at, least = g, distance
		}
	}
	return at
}

// Reacted tells by customer whether a line of the log within the window had a discount, 1, or none, 0: the response of
// FitCoupon. To be a forecast, the window must lie after that of the features.
func (f *Features) Reacted(l Log, w Window) []float64 {
	y := make([]float64, f.Rows())
	for i, row := range f.Row {
		if row >= 0 && w.has(l.Day[i]) && l.Discount != nil && l.Discount[i] > 0 {
			y[row] = 1
		}
	}
	return y
}

// FitCoupon learns who reacts to a coupon: a validated elastic net's logistic regression of y (see Reacted) on the scaled
// features, of which the simplest penalty's model becomes Coupon.
func (p *Personas) FitCoupon(f *Features, y []float64, o stats.PathOptions, folds stats.FoldOptions) (*stats.Validated, error) {
	if !slices.Equal(f.Names, p.Scale.Names) {
		return nil, field.New("features", fmt.Sprintf("%q", f.Names), fmt.Sprintf("%q", p.Scale.Names))
	}
	v, err := stats.CrossValidateLogistic(y, dense(p.Scale.Table(f), len(f.Names)), f.Names, o, folds)
	if err != nil {
		return nil, err
	}
	p.Coupon = v.Models[v.Simplest]
	return v, nil
}

// Redeems is the probability that a shopper with the features x reacts to a coupon, by the model Coupon. It does not
// allocate.
func (p *Personas) Redeems(x []float64) float64 {
	eta := p.Coupon.Intercept
	for j, b := range p.Coupon.Coef {
		eta += float64(b * p.Scale.one(j, x[j]))
	}
	return 1 / (1 + portable.Exp(-eta))
}
