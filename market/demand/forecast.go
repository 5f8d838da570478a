package demand

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
	"gonum.org/v1/gonum/mat"
)

// filterState is what the future depends on: the levels' recursion and the predicted companion state of the series less
// its regression, with the covariance of what of the past is uncertain.
type filterState struct {
	process     arma
	mean, gain  []float64
	uncertainty uncertainty
}

// process gives the recursions of the differences and of the levels at the fitted coefficients.
func (m *ARIMA) process() (diff []float64, a, full arma) {
	p, _, q := m.lags()
	a = arma{ar: make([]float64, p), ma: make([]float64, q)}
	block := make([][]float64, 0, 4)
	at := 0
	for _, n := range []int{m.Order[0], m.Order[2], m.Seasonal[0], m.Seasonal[2]} {
		c := make([]float64, n)
		for i := range c {
			c[i] = m.Coefficients[at+i].Estimate
		}
		at += n
		block = append(block, c)
	}
	expand(a.ar, block[0], block[2], max(m.Period, 1), -1)
	expand(a.ma, block[1], block[3], max(m.Period, 1), 1)
	a.collect()
	diff = differencing(m.Order[1], m.Seasonal[1], max(m.Period, 1))
	full = arma{ar: undifference(a.ar, diff), ma: a.ma}
	full.collect()
	return diff, a, full
}

// condition filters the whole series at the estimates: residuals, their test, and the state at its end.
func (m *ARIMA) condition(problem *problem) {
	y, xs, from := problem.y, problem.xs, problem.from
	diff, a, full := m.process()
	n0, n := len(diff), len(y)
	begin := from + n0
	eta, observed := make([]float64, n), make([]bool, n)
	for t := range y {
		if observed[t] = !math.IsNaN(y[t]); observed[t] {
			eta[t] = y[t]
			for c, x := range xs {
				eta[t] -= m.Coefficients[len(m.Coefficients)-len(xs)+c].Estimate * x[t]
			}
		}
	}
	lags, cols := [][]float64{eta[from:begin]}, [][]float64{eta[begin:]}
	for i := range n0 {
		if !observed[from+i] {
			unit := make([]float64, n0)
			unit[i] = 1
			lags, cols = append(lags, unit), append(cols, make([]float64, n-begin))
		}
	}
	e := make([][]float64, len(cols))
	for c := range e {
		e[c] = make([]float64, n-begin)
	}
	var w whitener
	w.levels(&a, &full, diff, lags, cols, e, observed[begin:])
	m.filter = filterState{process: full, mean: w.states[0], gain: w.gain, uncertainty: w.uncertainty}
	m.estimateStart(e, w.states)
	m.next = problem.start + n
	m.Residuals = make([]float64, n)
	for t := range m.Residuals {
		m.Residuals[t] = math.NaN()
		if t >= begin && observed[t] {
			m.Residuals[t] = e[0][t-begin]
		}
	}
	p, _, q := m.Order[0]+m.Seasonal[0], 0, m.Order[2]+m.Seasonal[2]
	m.LjungBox = ljungBox(m.Residuals, max(min(m.defaultLags(), m.NUsed/5), p+q+1), p+q)
}

func (m *ARIMA) defaultLags() int {
	if m.Seasonal != [3]int{} {
		return 2 * m.Period
	}
	return 10
}

// estimateStart corrects the state, and its covariance, for the starting values that were missing: they are regressed
// out of the innovations like the likelihood does.
func (m *ARIMA) estimateStart(e, states [][]float64) {
	k := len(e) - 1
	if k == 0 {
		return
	}
	gram, b := mat.NewSymDense(k, nil), mat.NewVecDense(k, nil)
	for i := range k {
		b.SetVec(i, dot(e[i+1], e[0]))
		for j := i; j < k; j++ {
			gram.SetSym(i, j, dot(e[i+1], e[j+1]))
		}
	}
	var chol mat.Cholesky
	var inverse mat.SymDense
	if !chol.Factorize(gram) || chol.InverseTo(&inverse) != nil {
		return // the likelihood was finite, so it cannot be
	}
	var g mat.VecDense
	g.MulVec(&inverse, b)
	f := &m.filter
	for i := range k {
		for t, v := range e[i+1] {
			e[0][t] -= g.AtVec(i) * v
		}
		for d := range f.mean {
			f.mean[d] -= g.AtVec(i) * states[i+1][d]
		}
	}
	u := &f.uncertainty
	for d1 := range f.mean {
		for d2 := d1; d2 < len(f.mean); d2++ {
			for i := range k {
				for j := range k {
					u.s[d1*u.dim+d2] += states[i+1][d1] * inverse.At(i, j) * states[j+1][d2]
				}
			}
		}
	}
	u.known = false
	u.settle()
}

// Next is the number of the first period after the history.
func (m *ARIMA) Next() int { return m.next }

func (m *ARIMA) fitted() error {
	if m.filter.mean == nil {
		return field.New("model", "one that is not fitted", "a fitted or loaded model")
	}
	return nil
}

// regression gives x_t'β for h periods from Next.
func (m *ARIMA) regression(h int, future []Regressor) ([]float64, error) {
	if err := checkFuture(m.names, m.next, h, future); err != nil {
		return nil, err
	}
	mu := make([]float64, h)
	beta := m.Coefficients[len(m.Coefficients)-len(m.names):]
	if m.constant() != "" {
		c := m.Coefficients[len(m.Coefficients)-len(m.names)-1].Estimate
		for i := range mu {
			mu[i] = c * m.constantAt(m.next+i)
		}
	}
	for j, x := range future {
		for i := range mu {
			mu[i] += float64(beta[j].Estimate * x.Values[i])
		}
	}
	return mu, nil
}

func checkHorizon(h int) error {
	if h < 1 || h > 1<<20 {
		return field.New("horizon", h, "1 to 1048576 periods")
	}
	return nil
}

// Forecast predicts h periods from Next (see Model). The state's uncertainty is in the errors, the coefficients' is not.
func (m *ARIMA) Forecast(h int, coverage float64, future []Regressor) (*Forecast, error) {
	if err := checkCoverage(coverage); err != nil {
		return nil, err
	}
	s, err := m.simulator(h, future)
	if err != nil {
		return nil, err
	}
	f := newForecast(h, m.next, coverage)
	variance := make([]float64, h)
	noise := make([]float64, h)
	noise[0] = 1
	psi := s.respond(nil, noise)
	total := 0.0
	for i, v := range psi {
		total += v * v
		variance[i] = total * m.Sigma2
	}
	for _, direction := range s.spread {
		for i, v := range s.respond(direction, nil)[:h] {
			variance[i] += v * v
		}
	}
	z := portable.NormalQuantile((1 + coverage) / 2)
	for i, v := range s.respond(s.base, nil)[:h] {
		mu, se := v+s.mu[i], math.Sqrt(variance[i])
		f.TransformedMean[i], f.TransformedSE[i] = mu, se
		f.Mean[i], f.Median[i] = m.Transform.mean(mu, se), m.Transform.back(mu)
		f.Lo[i], f.Hi[i] = m.Transform.back(mu-z*se), m.Transform.back(mu+z*se)
	}
	return f, nil
}

// Update takes the observation of period Next and its regressors into the history (see Model): one filter step, linear in the
// state's dimension once the past is known exactly, and without allocation.
func (m *ARIMA) Update(y float64, x []float64) error {
	mu, err := m.expectation(y, x)
	if err != nil {
		return err
	}
	if math.IsNaN(y) {
		m.filter.uncertainty.skip(&m.filter.process)
		coast(&m.filter.process, m.filter.mean)
	} else {
		m.filter.uncertainty.observe(&m.filter.process, m.filter.gain)
		advance(&m.filter.process, m.filter.mean, m.filter.gain, 1, m.Transform.forward(y)-mu)
	}
	m.next++
	return nil
}

func (m *ARIMA) refuses(y float64, x []float64) error {
	_, err := m.expectation(y, x)
	return err
}

// expectation is the regression at an observation of period Next, 0 where y is missing, or why Update refuses it.
func (m *ARIMA) expectation(y float64, x []float64) (float64, error) {
	if err := m.fitted(); err != nil {
		return 0, err
	}
	if m.Transform.check("", y) != nil { // the key costs an allocation
		return 0, m.Transform.check(fmt.Sprintf("observation of period %d", m.next), y)
	}
	if math.IsNaN(y) {
		return 0, nil
	}
	if len(x) != len(m.names) {
		return 0, field.New("regressors of the observation", len(x), fmt.Sprintf("%d: %q", len(m.names), m.names))
	}
	mu := 0.0
	columns := len(m.Coefficients) - len(m.names)
	if m.constant() != "" {
		mu = m.Coefficients[columns-1].Estimate * m.constantAt(m.next)
	}
	for j, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return 0, field.New(fmt.Sprintf("regressor %s at period %d", m.names[j], m.next), v, "a finite number")
		}
		mu += float64(m.Coefficients[columns+j].Estimate * v)
	}
	return mu, nil
}

// Simulate draws one path of h periods from Next, on the scale of the data. To draw many, make a Simulator.
func (m *ARIMA) Simulate(stream *rng.Stream, h int, future []Regressor) ([]float64, error) {
	s, err := m.simulator(h, future)
	if err != nil {
		return nil, err
	}
	path := make([]float64, h)
	s.Path(stream, path)
	return path, nil
}

// Simulator prepares paths of up to h periods (see Model). Later updates of the model do not change it.
func (m *ARIMA) Simulator(h int, future []Regressor) (Simulator, error) {
	s, err := m.simulator(h, future)
	if err != nil {
		return nil, err // not s: a nil pointer in an interface is not nil
	}
	return s, nil
}
