package demand

import "math"

// knownBelow is the variance, in units of the innovation variance, below which the past counts as known: the filter has
// reached its steady state and the likelihood changes by less than 1e-13 per observation.
const knownBelow = 1e-13

// whitener turns columns of data into standardised innovations under an ARMA process: the Kalman filter of the
// companion form. Regressors go through the same filter as the series, because innovations are linear in the data.
type whitener struct {
	moments     moments
	first, diff []float64 // the prediction covariance's first column, and the vector that carries its change
	gain        []float64
	states      [][]float64
	uncertainty uncertainty
}

// stationary filters complete columns of a stationary process into out and returns Σ log F_t. The covariance recursion
// is Morf, Sidhu & Kailath's (1974) in the form P_{t+1} = P_t - l·l'/F, which for a companion matrix started at its
// stationary covariance is a shift and two multiply-adds per element (Pearlman 1980), instead of a matrix product. Once
// the gain is that of the infinite past, the recursion is the difference equation itself, over its non-zero lags.
func (w *whitener) stationary(a *arma, cols, out [][]float64) (sumLogF float64, ok bool) {
	r := a.dim()
	w.first, w.diff = grow(w.first, r), grow(w.diff, r)
	p, l := w.first, w.diff
	if !w.moments.firstColumn(a, p) {
		return 0, false
	}
	copy(l, p[1:]) // l = T·p
	l[r-1] = 0
	for _, t := range a.arTerms {
		l[t.lag-1] += t.coef * p[0]
	}
	w.clearStates(len(cols), r)
	n := len(cols[0])
	product := 1.0
	steady := 0
	for t := range n {
		f := p[0]
		if !(f > 0.5) { // F is at least 1; rounding has ruined a nearly singular covariance
			return 0, false
		}
		if f-1 < knownBelow && w.settled(a) {
			if steady++; steady > r {
				for c, y := range cols {
					difference(a, y, out[c], t)
				}
				return sumLogF + math.Log(product), true
			}
		} else {
			steady = 0
		}
		if product *= f; product > 1e200 {
			sumLogF += math.Log(product)
			product = 1
		}
		root := 1 / math.Sqrt(f)
		for c, y := range cols {
			out[c][t] = advance(a, w.states[c], p, 1/f, y[t]) * root
		}
		rotate(p, l)
	}
	return sumLogF + math.Log(product), true
}

// rotate takes the covariance column p and its change l one period on: a hyperbolic rotation of both, and a shift of l.
func rotate(p, l []float64) {
	kappa := l[0] / p[0]
	p[0] -= kappa * l[0]
	p, from := p[1:], l[1:]
	from = from[:len(p)]
	to := l[:len(p)]
	for i, pi := range p {
		li := from[i]
		p[i] = pi - kappa*li
		to[i] = li - kappa*pi
	}
	l[len(l)-1] = 0
}

// settled reports whether the gain has become the noise loading.
func (w *whitener) settled(a *arma) bool {
	for i, v := range w.first {
		if math.Abs(v-a.r(i)) > 1e-11 {
			return false
		}
	}
	return true
}

func (w *whitener) clearStates(columns, r int) {
	for len(w.states) < columns {
		w.states = append(w.states, nil)
	}
	for c := range columns {
		w.states[c] = grow(w.states[c], r)
		clear(w.states[c])
	}
}

// difference solves the ARMA equation for the innovations from time `from` on, where the earlier ones are known.
func difference(a *arma, y, e []float64, from int) {
	for t := from; t < len(y); t++ {
		v := y[t]
		for _, m := range a.arTerms {
			v -= m.coef * y[t-m.lag]
		}
		for _, m := range a.maTerms {
			v -= m.coef * e[t-m.lag]
		}
		e[t] = v
	}
}

// advance takes observation y into a predicted state, predicts the next one and returns the innovation; gain times scale
// is the filter's gain.
func advance(a *arma, state, gain []float64, scale, y float64) float64 {
	v := y - state[0]
	last := len(state) - 1
	to, from, gain := state[:last], state[1:last+1], gain[1:last+1]
	g := v * scale
	for i := range to {
		to[i] = from[i] + gain[i]*g
	}
	state[last] = 0
	for _, t := range a.arTerms {
		state[t.lag-1] += t.coef * y
	}
	return v
}

// coast predicts the state after a period without an observation.
func coast(a *arma, state []float64) {
	y := state[0]
	copy(state, state[1:])
	state[len(state)-1] = 0
	for _, t := range a.arTerms {
		state[t.lag-1] += t.coef * y
	}
}

// uncertainty is the covariance S of what the past contributes to the predicted state, in units of the innovation
// variance: P = S + R·R' with the coming innovation's loading R. It is zero once the past is known exactly, and stays
// zero until an observation is missing. Only the upper triangle is used.
type uncertainty struct {
	dim   int
	s     []float64 // dim×dim
	row   []float64
	known bool
}

func (u *uncertainty) reset(dim int) {
	u.dim, u.s, u.row = dim, grow(u.s, dim*dim), grow(u.row, dim+1)
	clear(u.s)
	u.known = true
}

// start sets the stationary covariance of process a, whose first column is given; the state may be larger than a's.
func (u *uncertainty) start(a *arma, first []float64) {
	r := len(first)
	ar := func(i int) float64 {
		if i < len(a.ar) {
			return a.ar[i]
		}
		return 0
	}
	col := func(i int) float64 {
		if i < r {
			return first[i]
		}
		return 0
	}
	for i := r - 1; i >= 0; i-- {
		for j := r - 1; j >= i; j-- {
			s := ar(i)*ar(j)*first[0] + ar(i)*col(j+1) + ar(j)*col(i+1)
			if j+1 < r {
				s += u.s[(i+1)*u.dim+j+1] + a.r(i+1)*a.r(j+1)
			}
			u.s[i*u.dim+j] = s
		}
	}
	u.known = false
	u.settle()
}

// settle notices that nothing of the past is uncertain any more.
func (u *uncertainty) settle() {
	for i := range u.dim {
		if u.s[i*u.dim+i] > knownBelow {
			return
		}
	}
	clear(u.s)
	u.known = true
}

// observe takes one observation in: it writes the gain and returns the prediction variance F.
func (u *uncertainty) observe(a *arma, gain []float64) float64 {
	if u.known {
		for i := range gain {
			gain[i] = a.r(i)
		}
		return 1
	}
	m := u.dim
	f := 1 + u.s[0]
	for i := range gain {
		gain[i] = (u.s[i] + a.r(i)) / f
	}
	for i := range m - 1 {
		for j := i; j < m-1; j++ {
			u.s[i*m+j] = u.s[(i+1)*m+j+1] + a.r(i+1)*a.r(j+1) - gain[i+1]*gain[j+1]*f
		}
		u.s[i*m+m-1] = 0
	}
	u.s[m*m-1] = 0
	u.settle()
	return f
}

// skip passes over a period without an observation.
func (u *uncertainty) skip(a *arma) {
	m := u.dim
	for i := range m {
		u.row[i] = u.s[i] + a.r(i)
	}
	u.row[m] = 0
	for i := range m {
		for j := i; j < m; j++ {
			s := 0.0
			if i+1 < m && j+1 < m {
				s = u.s[(i+1)*m+j+1] + a.r(i+1)*a.r(j+1)
			}
			if i < len(a.ar) {
				s += a.ar[i] * u.row[j+1]
			}
			if j < len(a.ar) {
				s += a.ar[j] * u.row[i+1]
				if i < len(a.ar) {
					s += a.ar[i] * a.ar[j] * u.row[0]
				}
			}
			u.s[i*m+j] = s
		}
	}
	u.known = false
}

// startState writes the state that a level process has when its differences' past is zero and the levels' own last
// values are lags (latest last): the free continuation of the difference equation, seen through the full recursion.
func startState(state []float64, full *arma, diff, lags []float64) {
	n := len(lags)
	y := append(append(make([]float64, 0, n+len(state)), lags...), make([]float64, len(state))...)
	for i := n; i < len(y); i++ {
		for k, c := range diff {
			y[i] += c * y[i-1-k]
		}
	}
	for i := range state {
		state[i] = y[n+i]
		for _, t := range full.arTerms {
			if t.lag <= i {
				state[i] -= t.coef * y[n+i-t.lag]
			}
		}
	}
}

// levels filters columns of a possibly differenced process with missing periods: full is the recursion of the levels, a
// that of the differences, lags[c] the last len(diff) levels before the first row. It returns Σ log F_t over the
// observed rows; out is 0 where nothing was observed.
func (w *whitener) levels(a, full *arma, diff []float64, lags, cols, out [][]float64, observed []bool) (sumLogF float64, ok bool) {
	w.first = grow(w.first, a.dim())
	if !w.moments.firstColumn(a, w.first) {
		return 0, false
	}
	u := &w.uncertainty
	u.reset(full.dim())
	u.start(a, w.first)
	w.gain = grow(w.gain, u.dim)
	w.clearStates(len(cols), u.dim)
	for c := range cols {
		if len(diff) > 0 {
			startState(w.states[c], full, diff, lags[c])
		}
	}
	for t, seen := range observed {
		if !seen {
			u.skip(full)
			for c := range cols {
				coast(full, w.states[c])
				out[c][t] = 0
			}
			continue
		}
		f := u.observe(full, w.gain)
		if !(f > 0.5) || math.IsInf(f, 0) {
			return 0, false
		}
		sumLogF += math.Log(f)
		root := 1 / math.Sqrt(f)
		for c, y := range cols {
			out[c][t] = advance(full, w.states[c], w.gain, 1, y[t]) * root
		}
	}
	return sumLogF, true
}
