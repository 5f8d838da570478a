package demand

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
	"gonum.org/v1/gonum/mat"
)

// likelihood is the exact Gaussian likelihood of one series under one order, as a function of the ARMA parameters
// alone: the regression coefficients and the innovation variance are concentrated out.
//
// A series that is differenced and has missing periods is filtered in levels, from the first d+Ds values on. Those of
// them that are missing become unknown constants with a flat prior ("nuisance" columns), so that the likelihood is that
// of the observed differences (De Jong 1991; for complete series it equals the likelihood of the differenced series).
type likelihood struct {
	order, seasonal [3]int
	period          int
	// Columns: the series, the nuisance columns, the regressors. Filtered in levels when observed is not nil.
	cols, lags [][]float64
	observed   []bool
	diff       []float64
	nuisance   int
	used       int // observations that count: n less differencing

	// The columns were replaced by their white-noise residuals: original = transformed·rotation, series less offset.
	rotation *mat.TriDense
	offset   []float64

	whitener whitener
	a, full  arma
	params   []float64 // blocks ar, ma, sar, sma
	fixed    []float64 // values of params, NaN where free; nil when all are free
	plain    []bool    // params in a block with a fixed one, whose angles are the coefficients themselves
	e        [][]float64
	sumSq    float64
	logDet   float64 // Σ log F, and of the nuisance columns' information
	rotated  float64 // what the rotation took from logDet
	gamma    []float64
	chol     cholesky
}

// newLikelihood prepares y (its first and last values observed) and the regressors, which are 0 where y is missing.
func newLikelihood(order, seasonal [3]int, period int, y []float64, xs [][]float64, names []string) (*likelihood, error) {
	l := &likelihood{order: order, seasonal: seasonal, period: period}
	l.diff = differencing(order[1], seasonal[1], period)
	n0 := len(l.diff)
	if len(y) <= n0 {
		return nil, field.New("series", fmt.Sprintf("%d periods", len(y)), fmt.Sprintf("more than the %d that differencing takes", n0))
	}
	observed := make([]bool, len(y))
	for i, v := range y {
		observed[i] = !math.IsNaN(v)
		if observed[i] {
			l.used++
		}
	}
	l.used -= n0
	all := append([][]float64{y}, xs...)
	if l.used+n0 == len(y) {
		for _, col := range all {
			l.cols = append(l.cols, l.differenced(col))
		}
	} else {
		l.inLevels(all, observed)
	}
	k := len(l.cols) - 1
	l.a.ar, l.a.ma = make([]float64, order[0]+period*seasonal[0]), make([]float64, order[2]+period*seasonal[2])
	l.params = make([]float64, order[0]+order[2]+seasonal[0]+seasonal[2])
	if l.used < k-l.nuisance+len(l.params)+3 {
		return nil, field.New("series", fmt.Sprintf("%d observed values after differencing", max(l.used, 0)),
			fmt.Sprintf("at least %d for %d coefficients", k-l.nuisance+len(l.params)+3, k-l.nuisance+len(l.params)))
	}
	l.e = make([][]float64, k+1)
	for c := range l.e {
		l.e[c] = make([]float64, len(l.cols[0]))
	}
	l.gamma, l.offset = make([]float64, k), make([]float64, k)
	return l, l.orthogonalise(names)
}

func (l *likelihood) differenced(y []float64) []float64 {
	n0 := len(l.diff)
	w := append([]float64(nil), y[n0:]...)
	for k, c := range l.diff {
		if c != 0 {
			for t := range w {
				w[t] -= c * y[n0+t-1-k]
			}
		}
	}
	return w
}

// inLevels lays out the columns for filtering around the missing values.
func (l *likelihood) inLevels(all [][]float64, observed []bool) {
	n0 := len(l.diff)
	l.observed = observed[n0:]
	add := func(col []float64) {
		col = append([]float64(nil), col...)
		for i, seen := range observed {
			if !seen {
				col[i] = 0
			}
		}
		l.lags, l.cols = append(l.lags, col[:n0]), append(l.cols, col[n0:])
	}
	add(all[0])
	for i := range n0 {
		if !observed[i] {
			unit := make([]float64, n0)
			unit[i] = 1
			l.lags, l.cols = append(l.lags, unit), append(l.cols, make([]float64, len(observed)-n0))
			l.nuisance++
		}
	}
	for _, x := range all[1:] {
		add(x)
	}
}

// orthogonalise makes the columns orthonormal under white noise, which keeps the regression well conditioned near it,
// and refuses those that are combinations of others.
func (l *likelihood) orthogonalise(names []string) error {
	if !l.filter() {
		return field.New("series", "values out of range", "values of moderate size")
	}
	k := len(l.gamma)
	if k > 0 {
		l.rotation = mat.NewTriDense(k, mat.Upper, nil)
	}
	for j := 1; j <= k; j++ {
		raw, before := norm(l.cols[j]), norm(l.e[j])
		for range 2 { // Gram–Schmidt twice is enough (Kahan)
			for i := 1; i < j; i++ {
				r := dot(l.e[i], l.e[j])
				l.rotation.SetTri(i-1, j-1, l.rotation.At(i-1, j-1)+r)
				l.subtract(j, i, r)
			}
		}
		after := norm(l.e[j])
		if !(after > 1e-7*before && before > 1e-10*raw) {
			if j <= l.nuisance {
				return field.New("series", "a season never observed", "at least one value of each season, to be differenced")
			}
			return field.New("regressor "+names[j-1-l.nuisance], "a column that is constant or a combination of the others after differencing",
				"linearly independent regressors")
		}
		l.rotation.SetTri(j-1, j-1, after)
		l.subtract(j, j, 1-1/after)
		if j <= l.nuisance {
			l.rotated += 2 * math.Log(after)
		}
	}
	total := norm(l.e[0])
	for j := 1; j <= k; j++ {
		l.offset[j-1] = dot(l.e[j], l.e[0])
		l.subtract(0, j, l.offset[j-1])
	}
	if left := norm(l.e[0]); !(left > 1e-10*total && left > 1e-13*norm(l.cols[0])) || math.IsInf(total, 0) {
		return field.New("series", "no variation beyond differences and regressors", "a series that varies, in moderate units")
	}
	return nil
}

// subtract takes factor times column i from column j, in data, lags and innovations.
func (l *likelihood) subtract(j, i int, factor float64) {
	sub := func(to, from []float64) {
		for t, v := range from {
			to[t] -= factor * v
		}
	}
	sub(l.e[j], l.e[i])
	sub(l.cols[j], l.cols[i])
	if l.lags != nil {
		sub(l.lags[j], l.lags[i])
	}
}

func norm(x []float64) float64 { return math.Sqrt(dot(x, x)) }

// blocks cuts parameters into those of the four polynomials: ar, ma, sar, sma.
func (l *likelihood) blocks(p []float64) (ar, ma, sar, sma []float64) {
	a, b, c := l.order[0], l.order[0]+l.order[2], l.order[0]+l.order[2]+l.seasonal[0]
	return p[:a], p[a:b], p[b:c], p[c:]
}

// fix holds those params that are not NaN at the given values.
func (l *likelihood) fix(values []float64) {
	if !slices.ContainsFunc(values, func(v float64) bool { return !math.IsNaN(v) }) {
		return
	}
	l.fixed, l.plain = values, make([]bool, len(values))
	at := 0
	ar, ma, sar, sma := l.blocks(values)
	for _, block := range [][]float64{ar, ma, sar, sma} {
		any := slices.ContainsFunc(block, func(v float64) bool { return !math.IsNaN(v) })
		for range block {
			l.plain[at] = any
			at++
		}
	}
}

// coefficients maps angles x, without bounds, into stationary and invertible coefficients: the sines are the partial
// autocorrelations of each polynomial. A moving average may reach its boundary (±1); an autoregression stops just short
// of it, before its variance drowns the innovations' in rounding.
func (l *likelihood) coefficients(x, coef []float64) {
	const nearest = 1 - 1e-8
	for i, v := range x {
		coef[i] = math.Sin(v)
	}
	ar, ma, sar, sma := l.blocks(coef)
	for _, block := range [][]float64{ar, sar} {
		for i := range block {
			block[i] *= nearest
		}
	}
	for _, block := range [][]float64{ar, ma, sar, sma} {
		fromPartial(block)
	}
	for _, block := range [][]float64{ma, sma} {
		for i := range block {
			block[i] = -block[i]
		}
	}
	for i, v := range l.fixed {
		if l.plain[i] {
			if coef[i] = x[i]; !math.IsNaN(v) {
				coef[i] = v
			}
		}
	}
}

// filter whitens all columns under l.params.
func (l *likelihood) filter() (ok bool) {
	ar, ma, sar, sma := l.blocks(l.params)
	expand(l.a.ar, ar, sar, l.period, -1)
	expand(l.a.ma, ma, sma, l.period, 1)
	l.a.collect()
	if l.observed == nil {
		l.logDet, ok = l.whitener.stationary(&l.a, l.cols, l.e)
		return ok
	}
	l.full.ar, l.full.ma = undifference(l.a.ar, l.diff), l.a.ma
	l.full.collect()
	l.logDet, ok = l.whitener.levels(&l.a, &l.full, l.diff, l.lags, l.cols, l.e, l.observed)
	return ok
}

// at evaluates at angles x. It writes into res the residuals whose sum of squares, which it returns, orders models as
// their likelihoods do: S·det^(1/n).
func (l *likelihood) at(x, res []float64) float64 {
	l.coefficients(x, l.params)
	if l.fixed != nil {
		if _, ma, _, sma := l.blocks(l.params); !invertible(ma, 1-1e-6) || !invertible(sma, 1-1e-6) {
			return math.Inf(1)
		}
	}
	if !l.filter() {
		return math.Inf(1)
	}
	k := len(l.gamma)
	if k > 0 && !l.regress() {
		return math.Inf(1)
	}
	copy(res, l.e[0])
	for j, g := range l.gamma {
		for t, v := range l.e[j+1] {
			res[t] -= g * v
		}
	}
	l.sumSq = dot(res, res)
	scale := portable.Exp(l.logDet / float64(2*l.used))
	for t := range res {
		res[t] *= scale
	}
	value := l.sumSq * scale * scale
	if math.IsNaN(value) {
		return math.Inf(1)
	}
	return value
}

// regress computes the generalised least squares coefficients of the rotated columns, and adds the determinant that
// integrating the nuisance columns out leaves.
func (l *likelihood) regress() bool {
	for i := range l.gamma {
		l.gamma[i] = dot(l.e[i+1], l.e[0])
	}
	if !l.chol.factor(len(l.gamma), func(i, j int) float64 { return dot(l.e[i+1], l.e[j+1]) }) {
		return false
	}
	l.chol.solve(l.gamma)
	if l.nuisance > 0 {
		for i := range l.nuisance {
			l.logDet += 2 * math.Log(l.chol.l[i*l.chol.n+i])
		}
		l.logDet += l.rotated
	}
	return true
}

// logLik is the log-likelihood at the last evaluation.
func (l *likelihood) logLik() float64 {
	n := float64(l.used)
	return -n/2*(math.Log(2*math.Pi*l.sumSq/n)+1) - l.logDet/2
}

// beta writes the coefficients of the original columns (nuisance first) at the last evaluation.
func (l *likelihood) beta(to []float64) {
	if len(to) == 0 {
		return
	}
	for i, g := range l.gamma {
		to[i] = l.offset[i] + g
	}
	b := mat.NewVecDense(len(to), to)
	_ = b.SolveVec(l.rotation, b) // the diagonal was checked
}

// betaCovariance is that of the original columns' coefficients at the last evaluation, given the ARMA parameters.
func (l *likelihood) betaCovariance() *mat.SymDense {
	k := len(l.gamma)
	var r, c mat.Dense
	_ = r.Solve(l.rotation, l.inverseGram())
	_ = c.Solve(l.rotation, r.T())
	out := mat.NewSymDense(k, nil)
	for i := range k {
		for j := i; j < k; j++ {
			out.SetSym(i, j, c.At(i, j)*l.sumSq/float64(l.used))
		}
	}
	return out
}

// inverseGram is the inverse of the rotated columns' information in units of the innovation variance.
func (l *likelihood) inverseGram() *mat.Dense {
	k := len(l.gamma)
	inverse := mat.NewDense(k, k, nil)
	unit := make([]float64, k)
	for i := range k {
		clear(unit)
		unit[i] = 1
		l.chol.solve(unit)
		inverse.SetCol(i, unit)
	}
	return inverse
}
