package demand

import "math"

// term is one non-zero coefficient of a lag polynomial. Seasonal models have few of them.
type term struct {
	lag  int
	coef float64
}

// arma is the process w_t = Σ ar[k]·w_{t-1-k} + ε_t + Σ ma[k]·ε_{t-1-k}, both polynomials multiplied out.
type arma struct {
	ar, ma           []float64
	arTerms, maTerms []term
}

// dim is the dimension of the companion state, max(p, q+1).
func (a *arma) dim() int { return max(len(a.ar), len(a.ma)+1) }

// r is the companion form's noise loading: 1, then the moving-average coefficients.
func (a *arma) r(i int) float64 {
	switch {
	case i == 0:
		return 1
	case i <= len(a.ma):
		return a.ma[i-1]
	}
	return 0
}

func (a *arma) collect() {
	a.arTerms, a.maTerms = terms(a.arTerms[:0], a.ar), terms(a.maTerms[:0], a.ma)
}

func terms(to []term, coef []float64) []term {
	for k, c := range coef {
		if c != 0 {
			to = append(to, term{k + 1, c})
		}
	}
	return to
}

// expand writes the lags of (1 + s·Σ a_i B^i)(1 + s·Σ b_j B^{jm}) = 1 + s·Σ out_k B^k; s is -1 for autoregressive and
// +1 for moving-average polynomials.
func expand(out, a, b []float64, m int, s float64) {
	clear(out)
	copy(out, a)
	for j, bj := range b {
		at := (j+1)*m - 1
		out[at] += bj
		for i, ai := range a {
			out[at+i+1] += s * ai * bj
		}
	}
}

// differencing gives the coefficients c of (1-B)^d (1-B^m)^D = 1 - Σ c_k B^k.
func differencing(d, seasonal, m int) []float64 {
	poly := []float64{1}
	times := func(lag int) {
		next := make([]float64, len(poly)+lag)
		copy(next, poly)
		for i, c := range poly {
			next[i+lag] -= c
		}
		poly = next
	}
	for range d {
		times(1)
	}
	for range seasonal {
		times(m)
	}
	c := make([]float64, len(poly)-1)
	for i := range c {
		c[i] = -poly[i+1]
	}
	return c
}

// undifference multiplies the autoregressive polynomial by the differencing one: the levels' own recursion.
func undifference(ar, diff []float64) []float64 {
	full := make([]float64, len(ar)+len(diff))
	copy(full, ar)
	for k, c := range diff {
		full[k] += c
		for i, a := range ar {
			full[k+i+1] -= a * c
		}
	}
	return full
}

// fromPartial turns partial autocorrelations, each in (-1, 1), into the coefficients of a stationary autoregression,
// in place (Durbin–Levinson; Barndorff-Nielsen & Schou 1973, Monahan 1984).
func fromPartial(c []float64) {
	for k := range c {
		for i, j := 0, k-1; i <= j; i, j = i+1, j-1 {
			a, b := c[i], c[j]
			c[i] = a - c[k]*b
			if i < j {
				c[j] = b - c[k]*a
			}
		}
	}
}

// toPartial is the inverse of fromPartial, in place. It reports whether the autoregression is stationary.
func toPartial(c []float64) bool {
	for k := len(c) - 1; k >= 0; k-- {
		v := 1 - c[k]*c[k]
		if !(v > 0) {
			return false
		}
		for i, j := 0, k-1; i <= j; i, j = i+1, j-1 {
			a, b := c[i], c[j]
			c[i] = (a + c[k]*b) / v
			if i < j {
				c[j] = (b + c[k]*a) / v
			}
		}
	}
	return true
}

// rootBeyond reports whether every root of 1 - Σ c_k z^k has modulus above the given one.
func rootBeyond(c []float64, modulus float64) bool {
	scaled := make([]float64, len(c))
	power := 1.0
	for k := range c {
		power *= modulus
		scaled[k] = c[k] * power
	}
	return toPartial(scaled)
}

// invertible reports whether every root of 1 + Σ c_k z^k has modulus above the given one.
func invertible(c []float64, modulus float64) bool {
	negative := make([]float64, len(c))
	for k := range c {
		negative[k] = -c[k]
	}
	return rootBeyond(negative, modulus)
}

// moments computes the stationary covariances of the companion state for unit innovation variance.
type moments struct {
	partial, phi, gammaAR, c, gamma, psi []float64
}

// firstColumn writes Cov(state_i, state_0) for the stationary process into p and reports whether it is stationary.
// The autoregressive part's autocovariances come from its partial autocorrelations (no linear system), the moving
// average is then applied to them.
func (m *moments) firstColumn(a *arma, p []float64) bool {
	n, q, r := len(a.ar), len(a.ma), len(p)
	if !m.autoregressive(a, r+q+1) {
		return false
	}
	m.c = grow(m.c, q+1)
	for l := range m.c {
		m.c[l] = a.r(l)
		for _, t := range a.maTerms {
			if t.lag+l <= q {
				m.c[l] += t.coef * a.r(t.lag+l)
			}
		}
	}
	m.gamma = grow(m.gamma, r+1)
	for k := range m.gamma {
		g := m.c[0] * m.gammaAR[k]
		for l := 1; l <= q; l++ {
			if m.c[l] != 0 {
				g += m.c[l] * (m.gammaAR[abs(k-l)] + m.gammaAR[k+l])
			}
		}
		m.gamma[k] = g
	}
	m.psi = grow(m.psi, q+1)
	for j := range m.psi {
		m.psi[j] = a.r(j)
		for _, t := range a.arTerms {
			if t.lag <= j {
				m.psi[j] += t.coef * m.psi[j-t.lag]
			}
		}
	}
	p[0] = m.gamma[0]
	for j := 1; j < r; j++ {
		v := 0.0
		for k := j + 1; k <= n; k++ {
			v += a.ar[k-1] * m.gamma[k-j]
		}
		for k := j; k <= q; k++ {
			v += a.ma[k-1] * m.psi[k-j]
		}
		p[j] = v
	}
	return !math.IsInf(p[0], 0) && !math.IsNaN(p[0])
}

// autoregressive fills gammaAR[0..n-1] with the autocovariances of the pure autoregression.
func (m *moments) autoregressive(a *arma, n int) bool {
	p := len(a.ar)
	m.partial = append(m.partial[:0], a.ar...)
	if !toPartial(m.partial) {
		return false
	}
	m.gammaAR, m.phi = grow(m.gammaAR, n), grow(m.phi, p)
	clear(m.gammaAR)
	v := 1.0
	for _, pi := range m.partial {
		v /= 1 - pi*pi
	}
	m.gammaAR[0] = v
	for k := 1; k < n && p > 0; k++ {
		g := 0.0
		if k <= p { // Levinson: the order k-1 predictor is in phi[:k-1], v is its error variance
			pi := m.partial[k-1]
			for i := range k - 1 {
				g += m.phi[i] * m.gammaAR[k-1-i]
			}
			g += pi * v
			v *= 1 - pi*pi
			m.phi[k-1] = pi
			for i, j := 0, k-2; i <= j; i, j = i+1, j-1 {
				x, y := m.phi[i], m.phi[j]
				m.phi[i] = x - pi*y
				if i < j {
					m.phi[j] = y - pi*x
				}
			}
		} else {
			for _, t := range a.arTerms {
				g += t.coef * m.gammaAR[k-t.lag]
			}
		}
		m.gammaAR[k] = g
	}
	return true
}

func abs(i int) int { return max(i, -i) }

func grow(s []float64, n int) []float64 {
	if cap(s) < n {
		return make([]float64, n)
	}
	return s[:n]
}
