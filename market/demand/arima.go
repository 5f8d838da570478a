package demand

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

// ARIMA is the model
//
//	φ(B) Φ(B^s) (1-B)^d (1-B^s)^D (z_t - x_t'β) = θ(B) Θ(B^s) ε_t,   ε_t ~ N(0, σ²),
//
// with z the transformed series and the signs φ(B) = 1 - φ₁B - …, θ(B) = 1 + θ₁B + … (Box & Jenkins 1970; signs as in R).
// The fields of the first group say what to fit; Fit or UnmarshalJSON fills the others.
type ARIMA struct {
	Order     [3]int // p, d, q
	Seasonal  [3]int // P, D, Q
	Period    int    // s, periods a season; needed where Seasonal is not zero
	Transform Transform
	NoMean    bool // leave the intercept out; there is none anyway when d + D > 0
	Drift     bool // a linear trend in the period's number; needs d + D = 1
	// Fixed coefficients, by name; the others are estimated. In a polynomial with a fixed coefficient the search is over the
	// other coefficients themselves, not over partial autocorrelations, and refuses those that are not stationary or invertible.
	Fixed map[string]float64

	Coefficients []Coefficient // ar, ma, sar, sma, then intercept or drift, then the regressors
	Covariance   [][]float64   // of the coefficients; NaN where it does not exist
	Sigma2       float64       // maximum likelihood, Σe²/NUsed
	LogLik       float64       // of the NUsed observations that remain after differencing, on the transformed scale
	AIC          float64
	AICc         float64
	BIC          float64
	N, NUsed     int // observed values; those less d + Ds
	Converged    bool
	Warnings     []string
	LjungBox     LjungBox  // of the residuals, over min(n/5, 10 or two seasons) lags
	Residuals    []float64 // innovations on the transformed scale, each over the root of its variance in σ² (as R), aligned with the series; NaN where there is none; not in JSON

	names  []string // of the regressors
	next   int
	filter filterState
}

// Coefficient is one estimate. SE comes from the observed information of the concentrated likelihood; it is NaN for a
// moving average at the boundary of invertibility, and 0 where the coefficient is fixed.
type Coefficient struct {
	Name         string
	Estimate, SE float64
}

// maxState bounds the companion state's dimension: more is a mistake in the specification.
const maxState = 1000

func (m *ARIMA) checkOrder() error {
	for i, name := range []string{"order p", "order d", "order q"} {
		if m.Order[i] < 0 || m.Order[i] > maxState {
			return field.New(name, m.Order[i], fmt.Sprintf("0 to %d", maxState))
		}
		if m.Seasonal[i] < 0 || m.Seasonal[i] > maxState {
			return field.New("seasonal "+name, m.Seasonal[i], fmt.Sprintf("0 to %d", maxState))
		}
	}
	if m.Seasonal != [3]int{} && (m.Period < 2 || m.Period > maxState) {
		return field.New("period", m.Period, fmt.Sprintf("2 to %d, the periods of a season", maxState))
	}
	p, d, q := m.lags()
	if p+d > maxState || q >= maxState {
		return field.New("order", fmt.Sprint(m.Order, m.Seasonal, "[", m.Period, "]"), fmt.Sprintf("at most %d lags", maxState))
	}
	if m.Drift && m.Order[1]+m.Seasonal[1] != 1 {
		return field.New("drift", fmt.Sprintf("d + D = %d", m.Order[1]+m.Seasonal[1]), "d + D = 1")
	}
	return nil
}

// lags gives the degrees of the multiplied polynomials: autoregressive, differencing, moving average.
func (m *ARIMA) lags() (p, d, q int) {
	return m.Order[0] + m.Period*m.Seasonal[0], m.Order[1] + m.Period*m.Seasonal[1], m.Order[2] + m.Period*m.Seasonal[2]
}

// constant names the deterministic term, or nothing.
func (m *ARIMA) constant() string {
	switch {
	case m.Drift:
		return "drift"
	case !m.NoMean && m.Order[1]+m.Seasonal[1] == 0:
		return "intercept"
	}
	return ""
}

// constantAt is the deterministic term's regressor in a period.
func (m *ARIMA) constantAt(period int) float64 {
	if m.Drift {
		return float64(period)
	}
	return 1
}

// arNames gives the names of the ARMA coefficients in order.
func (m *ARIMA) armaNames() []string {
	var names []string
	for _, b := range []struct {
		name string
		n    int
	}{{"ar", m.Order[0]}, {"ma", m.Order[2]}, {"sar", m.Seasonal[0]}, {"sma", m.Seasonal[2]}} {
		for i := range b.n {
			names = append(names, fmt.Sprintf("%s%d", b.name, i+1))
		}
	}
	return names
}

// columnNames gives the names of the regression coefficients in order.
func (m *ARIMA) columnNames() []string {
	if c := m.constant(); c != "" {
		return append([]string{c}, m.names...)
	}
	return m.names
}

// Fit estimates the model by exact Gaussian maximum likelihood, from several starts (Box & Jenkins 1970, ch. 7;
// Gardner, Harvey & Phillips 1980). It returns an error where the data cannot identify the model; what is doubtful but
// usable is in Warnings. An error leaves the model unfitted.
func (m *ARIMA) Fit(s Series) error {
	m.filter = filterState{}
	p, err := m.prepare(s)
	if err != nil {
		return err
	}
	m.Warnings = nil
	l := p.likelihood
	x := l.search(8+8*len(l.params), 8*len(l.params))
	if math.IsInf(l.at(x, make([]float64, len(l.e[0]))), 1) {
		return field.New("model", "no stationary and invertible coefficients with a likelihood", "a simpler model, or other fixed coefficients")
	}
	m.estimate(l, x)
	m.condition(p)
	return nil
}

// problem is a series ready for estimation: transformed, with its regression columns, the constant first.
type problem struct {
	start      int
	y          []float64
	xs         [][]float64
	from       int // of the first observed value
	likelihood *likelihood
}

// prepare checks the specification and the series and sets up the likelihood.
func (m *ARIMA) prepare(s Series) (*problem, error) {
	if err := m.checkOrder(); err != nil {
		return nil, err
	}
	if err := s.check(m.Transform); err != nil {
		return nil, err
	}
	if m.Seasonal != [3]int{} && m.Period >= len(s.Values) {
		return nil, field.New("period", m.Period, fmt.Sprintf("less than the series' %d periods", len(s.Values)))
	}
	m.names = nil
	for _, x := range s.Regressors {
		if x.Name == "intercept" || x.Name == "drift" {
			return nil, field.New("regressor "+x.Name, "a reserved name", "another name")
		}
		m.names = append(m.names, x.Name)
	}
	p := &problem{start: s.Start}
	p.y, p.xs = m.columns(s)
	from, to := observedSpan(p.y)
	p.from = from
	fixed, err := m.fixed()
	if err != nil {
		return nil, err
	}
	arma := len(fixed) - len(p.xs)
	y := append([]float64(nil), p.y[from:to]...)
	var free [][]float64
	var names []string
	for c, name := range m.columnNames() {
		x := p.xs[c][from:to]
		if v := fixed[arma+c]; math.IsNaN(v) {
			free, names = append(free, x), append(names, name)
		} else {
			for t := range y {
				y[t] -= v * x[t]
			}
		}
	}
	p.likelihood, err = newLikelihood(m.Order, m.Seasonal, max(m.Period, 1), y, free, names)
	if err == nil {
		p.likelihood.fix(fixed[:arma])
	}
	return p, err
}

// fixed gives the fixed coefficients in order, NaN for the free ones.
func (m *ARIMA) fixed() ([]float64, error) {
	names := append(m.armaNames(), m.columnNames()...)
	for _, name := range slices.Sorted(maps.Keys(m.Fixed)) {
		if v := m.Fixed[name]; math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, field.New("fixed "+name, v, "a number")
		}
		if !slices.Contains(names, name) {
			return nil, field.New("fixed "+name, "no such coefficient", fmt.Sprintf("one of %q", names))
		}
	}
	values := make([]float64, len(names))
	for i, name := range names {
		values[i] = math.NaN()
		if v, ok := m.Fixed[name]; ok {
			values[i] = v
		}
	}
	return values, nil
}

// columns gives the transformed series and the regression columns, the constant first.
func (m *ARIMA) columns(s Series) (y []float64, xs [][]float64) {
	y = make([]float64, len(s.Values))
	for i, v := range s.Values {
		y[i] = m.Transform.forward(v)
	}
	if m.constant() != "" {
		c := make([]float64, len(y))
		for i := range c {
			c[i] = m.constantAt(s.Start + i)
		}
		xs = append(xs, c)
	}
	for _, x := range s.Regressors {
		xs = append(xs, x.Values[:len(y)])
	}
	return y, xs
}

// observedSpan is the half-open range from the first to the last observed value.
func observedSpan(y []float64) (from, to int) {
	for from < len(y) && math.IsNaN(y[from]) {
		from++
	}
	to = len(y)
	for to > from && math.IsNaN(y[to-1]) {
		to--
	}
	return from, to
}

// criteria fills the information criteria; the innovation variance counts as a parameter.
func (m *ARIMA) criteria(coefficients int) {
	k, n := float64(coefficients+1), float64(m.NUsed)
	m.AIC = -2*m.LogLik + 2*k
	m.AICc = m.AIC + 2*k*(k+1)/(n-k-1)
	m.BIC = -2*m.LogLik + k*math.Log(n)
}
