package offpolicy

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// regressor fits a function of observation and offer to numbers, on some decisions.
type regressor interface {
	fit(rows []int, y []float64) predictor
}

// predictor is what was fitted: the value of an offer at a decision's observation.
type predictor interface{ at(row, action int) float64 }

// constant knows nothing: one mean for all. As a reward model it is deliberately wrong.
type constant struct{}

type one float64

func (constant) fit(rows []int, y []float64) predictor {
	sum := 0.0
	for _, i := range rows {
		sum += y[i]
	}
	return one(sum / float64(max(len(rows), 1)))
}

func (c one) at(int, int) float64 { return float64(c) }

// tabular is a mean for each cell and offer, drawn towards the offer's mean in all cells as by one observation more, and that towards the
// mean of everything.
type tabular struct {
	d     *data
	cell  []int // by decision
	cells int
}

type means struct {
	*tabular
	mean []float64 // [cell*offers+action]
}

func (t *tabular) fit(rows []int, y []float64) predictor {
	k := t.d.offers
	sums, counts := make([]float64, t.cells*k), make([]float64, t.cells*k)
	offer, offers := make([]float64, k), make([]float64, k)
	all := 0.0
	for _, i := range rows {
		a, c := t.d.action[i], t.cell[i]*k+t.d.action[i]
		sums[c] += y[i]
		counts[c]++
		offer[a] += y[i]
		offers[a]++
		all += y[i]
	}
	all /= float64(max(len(rows), 1))
	for c := range sums {
		a := c % k
		sums[c] = (sums[c] + (offer[a]+all)/(offers[a]+1)) / (counts[c] + 1)
	}
	return &means{t, sums}
}

func (m *means) at(row, action int) float64 { return m.mean[m.cell[row]*m.d.offers+action] }

// linear is ridge regression (Hoerl & Kennard 1970) in two parts: what all offers share, a function of the observation, and each offer's
// departure from it, which is drawn to zero as by one observation more of each coefficient. Of every feature it has the number, its square where
// there are more than two different ones, and whether it is missing where it is at times.
type linear struct {
	d      *data
	basis  []float64 // [decision*width]
	width  int
	shared float64 // ridge of the shared part, of each decision
}

const mostBasis = 40 // columns; features beyond are left out

func newLinear(d *data) *linear {
	l := &linear{d: d, shared: 1e-6}
	var columns [][]float64
	n := d.len()
	ones := make([]float64, n)
	for i := range ones {
		ones[i] = 1
	}
	columns = append(columns, ones)
	for f := range d.spec.Features {
		x := make([]float64, n)
		for i := range x {
			x[i] = d.seen[i*len(d.spec.Features)+f]
		}
		for _, c := range columnsOf(x) {
			if len(columns) < mostBasis {
				columns = append(columns, c)
			}
		}
	}
	l.width = len(columns)
	l.basis = make([]float64, n*l.width)
	for j, c := range columns {
		for i, x := range c {
			l.basis[i*l.width+j] = x
		}
	}
	return l
}

// columnsOf makes a feature fit for regression: none where it is always the same.
func columnsOf(x []float64) (columns [][]float64) {
	gone := make([]float64, len(x))
	var known []float64
	for i, v := range x {
		if math.IsNaN(v) {
			gone[i] = 1
		} else {
			known = append(known, v)
		}
	}
	levels := 0
	for i, v := range known {
		if levels < 3 && !slices.Contains(known[:min(i, 1000)], v) {
			levels++
		}
	}
	if levels > 1 {
		first := scaled(x)
		columns = append(columns, first)
		if levels > 2 {
			square := make([]float64, len(x))
			for i, v := range first {
				square[i] = v * v
			}
			columns = append(columns, scaled(square))
		}
	}
	if len(known) > 0 && len(known) < len(x) {
		columns = append(columns, scaled(gone))
	}
	return columns
}

// scaled is a column with mean 0 and standard deviation 1, at most 4 from 0; missing is 0.
func scaled(x []float64) []float64 {
	n, sum, square := 0.0, 0.0, 0.0
	for _, v := range x {
		if v == v {
			n, sum, square = n+1, sum+v, square+v*v
		}
	}
	mean := sum / n
	sd := math.Sqrt(max(square/n-mean*mean, 0))
	out := make([]float64, len(x))
	for i, v := range x {
		if v == v && sd > 0 {
			out[i] = max(-4, min(4, (v-mean)/sd))
		}
	}
	return out
}

type coefficients struct {
	*linear
	all    []float64 // width
	offers []float64 // [action*width] with what is shared
}

func (l *linear) row(i int) []float64 { return l.basis[i*l.width : (i+1)*l.width] }

func (l *linear) fit(rows []int, y []float64) predictor {
	w, k := l.width, l.d.offers
	c := &coefficients{l, make([]float64, w), make([]float64, k*w)}
	gram, moment := make([]float64, k*w*w), make([]float64, k*w)
	for _, i := range rows {
		a := l.d.action[i]
		accumulate(gram[a*w*w:(a+1)*w*w], moment[a*w:(a+1)*w], l.row(i), y[i])
	}
	total, sum := make([]float64, w*w), make([]float64, w)
	for a := range k {
		for j := range total {
			total[j] += gram[a*w*w+j]
		}
		for j := range sum {
			sum[j] += moment[a*w+j]
		}
	}
	solve(total, sum, 1e-9+l.shared*float64(len(rows)), c.all)
	for a := range k {
		g, m := gram[a*w*w:(a+1)*w*w], moment[a*w:(a+1)*w]
		for j := range m { // what the shared part leaves
			for h := range c.all {
				m[j] -= g[min(j, h)*w+max(j, h)] * c.all[h]
			}
		}
		own := c.offers[a*w : (a+1)*w]
		solve(g, m, 1, own)
		for j := range own {
			own[j] += c.all[j]
		}
	}
	return c
}

// accumulate adds a row to the upper half of XᵀX and to Xᵀy.
func accumulate(gram, moment, x []float64, y float64) {
	w := len(x)
	for j, v := range x {
		moment[j] += v * y
		if v == 0 {
			continue
		}
		line := gram[j*w : j*w+w]
		for h := j; h < w; h++ {
			line[h] += v * x[h]
		}
	}
}

// solve solves (G + λI)·β = m; nothing where that has no solution.
func solve(gram, moment []float64, lambda float64, beta []float64) {
	w := len(moment)
	g := mat.NewSymDense(w, gram)
	for j := range w {
		g.SetSym(j, j, g.At(j, j)+lambda)
	}
	var chol mat.Cholesky
	if !chol.Factorize(g) {
		return
	}
	if err := chol.SolveVecTo(mat.NewVecDense(w, beta), mat.NewVecDense(w, moment)); err != nil {
		clear(beta)
	}
}

func (c *coefficients) at(row, action int) float64 {
	sum := 0.0
	own := c.offers[action*c.width : (action+1)*c.width]
	for j, x := range c.row(row) {
		sum += x * own[j]
	}
	return sum
}

// values are what a model says of every decision: of the offer that was made, and of what the target would have made.
type values struct{ made, target []float64 }

// evaluateQ is fitted Q evaluation (Le, Voloshin & Yue 2019, alg. 3) over a finite horizon: from the last step back, Q_t is fitted to r + γ·V_{t+1}, V_t(s) = Σ_a π(a|s)·Q_t(s, a), and nothing
// comes after the last decision. At a horizon of 1 it is the reward model of the direct method. It is fitted on trajectories for which train is
// true, and fills in what it says of those for which tell is.
func evaluateQ(d *data, r regressor, train, tell func(unit int) bool, out *values) {
	y, next := make([]float64, d.len()), make([]float64, d.len()) // next: V of the decision itself
	units := make([]int, d.len())
	for k, u := range d.unit {
		for i := d.from[k]; i < d.from[k+1]; i++ {
			units[i] = u
		}
	}
	for t := d.horizon - 1; t >= 0; t-- {
		var rows []int
		for _, i := range d.byStep[t] {
			if !train(units[i]) {
				continue
			}
			y[i] = d.reward[i]
			if i+1 < d.len() && d.step[i+1] == t+1 {
				y[i] += d.gamma(i) * next[i+1]
			}
			rows = append(rows, i)
		}
		q := r.fit(rows, y)
		for _, i := range d.byStep[t] {
			telling := tell(units[i])
			if !telling && !train(units[i]) {
				continue
			}
			v := 0.0
			for a, p := range d.lawOf(i) {
				if p > 0 {
					v += p * q.at(i, a)
				}
			}
			next[i] = v
			if telling {
				out.made[i], out.target[i] = q.at(i, d.action[i]), v
			}
		}
	}
}

// gamma is what a reward after the decision's successor is worth in terms of the decision's.
func (d *data) gamma(i int) float64 {
	if d.worth[i] == 0 {
		return 0
	}
	return d.worth[i+1] / d.worth[i]
}
