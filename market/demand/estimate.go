package demand

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// estimate fills m with the coefficients at angles x, the likelihood's maximum, and their covariance.
func (m *ARIMA) estimate(l *likelihood, x []float64) {
	res := make([]float64, len(l.e[0]))
	logLik := func(x []float64) float64 {
		if math.IsInf(l.at(x, res), 1) {
			return math.Inf(-1)
		}
		return l.logLik()
	}
	m.Converged = false
	free, boundary := l.snapToBoundary(x, logLik)
	if boundary {
		m.Warnings = append(m.Warnings, "the moving-average part is at the boundary of invertibility: its standard errors do not exist")
	}
	v, b, ok := m.information(l, x, free, logLik)
	m.LogLik = logLik(x)
	m.N, m.NUsed = l.used+len(l.diff), l.used
	m.Sigma2 = l.sumSq / float64(l.used)
	m.assemble(l, x, free, v, b, ok)
	m.criteria(len(m.Coefficients) - len(m.Fixed))
	if !m.Converged {
		m.Warnings = append(m.Warnings, "not converged: the likelihood is flat or still rising where the search stopped")
	}
	ar, ma, sar, sma := l.blocks(l.params)
	if !rootBeyond(ar, 1.01) || !rootBeyond(sar, 1.01) {
		m.Warnings = append(m.Warnings, "the autoregressive part is near a unit root: consider a difference")
	}
	// A root within 1.05 of the circle where there are differences: one of them may be too many (Harvey 1981, Journal of Time Series Analysis 2).
	if m.Order[1]+m.Seasonal[1] > 0 && !boundary && !(invertible(ma, 1.05) && invertible(sma, 1.05)) {
		m.Warnings = append(m.Warnings, "the moving-average part is near the boundary of invertibility: the series may be overdifferenced")
	}
}

// snapToBoundary moves moving-average parameters that all but reached the boundary onto it, where the likelihood is
// stationary by symmetry (θ and 1/θ are the same process), and lists those that are free to vary.
func (l *likelihood) snapToBoundary(x []float64, logLik func([]float64) float64) (free []int, boundary bool) {
	_, ma, _, sma := l.blocks(x)
	first, firstSeasonal := l.order[0], len(x)-len(sma)
	isMA := func(i int) bool { return i >= first && i < first+len(ma) || i >= firstSeasonal }
	for i := range x {
		if l.fixed != nil && !math.IsNaN(l.fixed[i]) {
			continue
		}
		plain := l.plain != nil && l.plain[i]
		if s := math.Sin(x[i]); isMA(i) && !plain && math.Abs(s) > 0.9999 {
			before, at := logLik(x), x[i]
			x[i] = math.Copysign(math.Pi/2, s)
			if logLik(x) >= before-1e-7 {
				boundary = true
				continue
			}
			x[i] = at
		}
		free = append(free, i)
	}
	return free, boundary
}

// information inverts the observed information of the free angles, after a few Newton steps on it, and differentiates
// the regression coefficients by the angles.
func (m *ARIMA) information(l *likelihood, x []float64, free []int, logLik func([]float64) float64) (v *mat.SymDense, b *mat.Dense, ok bool) {
	const h = 5e-4
	k, cols := len(free), len(l.gamma)
	if k == 0 {
		m.Converged = true
		return nil, nil, true
	}
	b = mat.NewDense(max(cols, 1), k, nil)
	beta := make([]float64, cols)
	derive := func(i int, up bool) {
		l.beta(beta)
		for j, v := range beta {
			if up {
				b.Set(j, i, v/(2*h))
			} else {
				b.Set(j, i, b.At(j, i)-v/(2*h))
			}
		}
	}
	for range 4 {
		g, hess := curvature(logLik, x, free, h, derive)
		hess.ScaleSym(-1, hess)
		var chol mat.Cholesky
		if !chol.Factorize(hess) {
			return nil, b, false
		}
		v = mat.NewSymDense(k, nil)
		if chol.InverseTo(v) != nil {
			return nil, b, false
		}
		gradient, step := mat.NewVecDense(k, g), mat.NewVecDense(k, nil)
		step.MulVec(v, gradient)
		promise := mat.Dot(gradient, step) / 2
		m.Converged = promise < 1e-6
		if promise < 1e-9 {
			break
		}
		before, old := logLik(x), append([]float64(nil), x...)
		for a, i := range free {
			x[i] += step.AtVec(a)
		}
		if !(logLik(x) >= before) {
			copy(x, old)
			break
		}
	}
	return v, b, true
}

// assemble carries the angles' covariance v over to the coefficients (delta method; the gradient is zero) and joins it
// with that of the regression: Cov(β) = Cov(β|angles) + b·v·b', the inverse of the joint observed information.
func (m *ARIMA) assemble(l *likelihood, x []float64, free []int, v *mat.SymDense, b *mat.Dense, ok bool) {
	const h = 1e-6
	n, cols := len(x), len(m.columnNames())
	at := make([]int, cols) // the place of each column in the regression, -1 where it is fixed
	coef, up, down := make([]float64, n), make([]float64, n), make([]float64, n)
	l.coefficients(x, coef)
	beta := make([]float64, len(l.gamma))
	l.beta(beta)
	m.Coefficients = nil
	for i, name := range m.armaNames() {
		m.Coefficients = append(m.Coefficients, Coefficient{Name: name, Estimate: coef[i]})
	}
	next := l.nuisance
	for j, name := range m.columnNames() {
		c := Coefficient{Name: name}
		if v, fixed := m.Fixed[name]; fixed {
			c.Estimate, at[j] = v, -1
		} else {
			c.Estimate, at[j] = beta[next], next
			next++
		}
		m.Coefficients = append(m.Coefficients, c)
	}
	total := n + cols
	cov := mat.NewDense(max(total, 1), max(total, 1), nil)
	if len(free) > 0 && ok {
		jac := mat.NewDense(total, len(free), nil)
		for a, i := range free {
			here := x[i]
			x[i] = here + h
			l.coefficients(x, up)
			x[i] = here - h
			l.coefficients(x, down)
			x[i] = here
			for r := range n {
				jac.Set(r, a, (up[r]-down[r])/(2*h))
			}
			for j, c := range at {
				if c >= 0 {
					jac.Set(n+j, a, b.At(c, a))
				}
			}
		}
		var half mat.Dense
		half.Mul(jac, v)
		cov.Mul(&half, jac.T())
	}
	if len(l.gamma) > 0 {
		c := l.betaCovariance()
		for i := range cols {
			for j := range cols {
				if at[i] >= 0 && at[j] >= 0 {
					cov.Set(n+i, n+j, cov.At(n+i, n+j)+c.At(at[i], at[j]))
				}
			}
		}
	}
	m.Covariance = make([][]float64, total)
	exists := func(i int) bool { return cov.At(i, i) > 1e-20 || i >= n && cov.At(i, i) > 0 } // an ARMA coefficient at its boundary varies by rounding only
	fixed := func(i int) bool { _, ok := m.Fixed[m.Coefficients[i].Name]; return ok }
	for i := range m.Covariance {
		m.Covariance[i] = make([]float64, total)
		for j := range total {
			m.Covariance[i][j] = cov.At(i, j)
			if !fixed(i) && !fixed(j) && (!ok || !exists(i) || !exists(j)) {
				m.Covariance[i][j] = math.NaN()
			}
		}
		m.Coefficients[i].SE = math.Sqrt(m.Covariance[i][i])
	}
}
