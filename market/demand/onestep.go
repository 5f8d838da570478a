package demand

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
)

// oneStep is a model with a single source of error (Ord, Koehler & Snyder 1997): on the transformed scale
//
//	z_t = m(state, t, x_t) + e_t,   state ← f(state, t, x_t, z_t).
//
// Every rival of ARIMA is one: exponential smoothing, whose state is level, trend and season, as well as a forest, whose
// state is the last values. The tracker does the rest.
type oneStep interface {
	// mean is the expectation of period t given what came before and the period's regressors, in the order of the fit.
	mean(state []float64, t int, x []float64) float64
	// take moves the state past period t, whose value was z. It does not allocate.
	take(state []float64, t int, x []float64, mean, z float64)
}

// drawer is a oneStep whose error is not Gaussian with a constant spread.
type drawer interface {
	// draw is the u-quantile, u in (0, 1), of a value with the given mean.
	draw(mean, u float64) float64
}

// scaled is a oneStep whose error of period t, given its mean, is scale times an e of constant spread.
type scaled interface {
	scale(t int, mean float64) float64
}

// scaleOf is 1 where the step is not scaled.
func scaleOf(step oneStep, t int, mean float64) float64 {
	if s, ok := step.(scaled); ok {
		return s.scale(t, mean)
	}
	return 1
}

// tracker carries a fitted oneStep along a series. A rival embeds it and thereby is a Model, once its Fit has called begin
// and finish and its restore sets step again after reading JSON.
type tracker struct {
	NextPeriod int       `json:"next"`
	Transform  Transform `json:"transform"`
	Names      []string  `json:"regressors,omitempty"` // of the regressors it uses
	State      []float64 `json:"state"`
	Sigma      float64   `json:"sigma"` // standard deviation of e
	Warnings   []string  `json:"warnings,omitempty"`
	Residuals  []float64 `json:"-"` // e, aligned with the series; NaN where there is none

	step   oneStep
	linear bool // m and f are linear and no scale depends on the mean: forecast errors are Gaussian, their spread follows from one unit error
}

// tracked is a Model made of a oneStep. restore links what UnmarshalJSON filled, or says what is wrong with it.
type tracked interface {
	Model
	restore() error
}

// begin checks the series and gives it on the transformed scale, NaN where missing, with the regressors of each period.
func (k *tracker) begin(s Series, uses bool) (z []float64, rows [][]float64, err error) {
	k.step, k.Names, k.Warnings = nil, nil, nil
	if err := s.check(k.Transform); err != nil {
		return nil, nil, err
	}
	z, rows = make([]float64, len(s.Values)), make([][]float64, len(s.Values))
	for i, y := range s.Values {
		z[i] = k.Transform.forward(y)
	}
	if uses {
		for _, x := range s.Regressors {
			k.Names = append(k.Names, x.Name)
		}
		rows = rowsOf(s.Regressors, len(z))
	}
	return z, rows, nil
}

func rowsOf(xs []Regressor, n int) [][]float64 {
	rows := make([][]float64, n)
	flat := make([]float64, n*len(xs))
	for t := range rows {
		rows[t] = flat[t*len(xs) : (t+1)*len(xs)]
		for j, x := range xs {
			rows[t][j] = x.Values[t]
		}
	}
	return rows
}

// finish runs step over z from index `from` on, from the state as it stands, and leaves the model fitted: the residuals,
// their spread with the given number of parameters taken off the degrees of freedom, and the state after the series.
func (k *tracker) finish(step oneStep, linear bool, start int, z []float64, rows [][]float64, from, parameters int) {
	k.step, k.linear, k.NextPeriod = step, linear, start+from
	k.Residuals = make([]float64, len(z))
	for t := range z {
		k.Residuals[t] = math.NaN()
		if t >= from {
			k.Residuals[t] = k.advance(z[t], rows[t])
		}
	}
	k.spread(parameters)
}

// spread sets Sigma to that of the residuals.
func (k *tracker) spread(parameters int) {
	sum, n := 0.0, 0
	for _, e := range k.Residuals {
		if !math.IsNaN(e) {
			sum += e * e
			n++
		}
	}
	k.Sigma = math.Sqrt(sum / float64(max(1, n-parameters)))
}

// advance takes in the value of the next period; a missing one counts as what was expected.
func (k *tracker) advance(z float64, x []float64) (e float64) {
	m := k.step.mean(k.State, k.NextPeriod, x)
	e = (z - m) / scaleOf(k.step, k.NextPeriod, m)
	if math.IsNaN(z) {
		z = m
	}
	k.step.take(k.State, k.NextPeriod, x, m, z)
	k.NextPeriod++
	return e
}

// Next is the number of the first period after the history.
func (k *tracker) Next() int { return k.NextPeriod }

func (k *tracker) fitted() error {
	if k.step == nil {
		return field.New("model", "one that is not fitted", "a fitted or loaded model")
	}
	return nil
}

// Update takes the observation of the next period into the history (see Model).
func (k *tracker) Update(y float64, x []float64) error {
	if err := k.refuses(y, x); err != nil {
		return err
	}
	if len(k.Names) == 0 {
		x = nil
	}
	k.advance(k.Transform.forward(y), x)
	return nil
}

// refuses says why Update would return an error.
func (k *tracker) refuses(y float64, x []float64) error {
	if err := k.fitted(); err != nil {
		return err
	}
	if err := k.Transform.check(fmt.Sprintf("observation of period %d", k.NextPeriod), y); err != nil {
		return err
	}
	if len(k.Names) == 0 {
		return nil
	}
	if len(x) != len(k.Names) {
		return field.New("regressors of the observation", len(x), fmt.Sprintf("%d: %q", len(k.Names), k.Names))
	}
	for j, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return field.New(fmt.Sprintf("regressor %s at period %d", k.Names[j], k.NextPeriod), v, "a finite number")
		}
	}
	return nil
}

// future gives the regressors of h periods from Next as rows.
func (k *tracker) future(h int, future []Regressor) ([][]float64, error) {
	if err := k.fitted(); err != nil {
		return nil, err
	}
	if err := checkHorizon(h); err != nil {
		return nil, err
	}
	if len(k.Names) == 0 {
		return make([][]float64, h), nil
	}
	if err := checkFuture(k.Names, k.NextPeriod, h, future); err != nil {
		return nil, err
	}
	return rowsOf(future, h), nil
}

// checkFuture reports why future cannot be the regressors of h periods from next on.
func checkFuture(names []string, next, h int, future []Regressor) error {
	if len(future) != len(names) {
		return field.New("future regressors", len(future), fmt.Sprintf("%d: %q", len(names), names))
	}
	for j, x := range future {
		if x.Name != names[j] {
			return field.New("future regressor", x.Name, names[j])
		}
		if len(x.Values) < h {
			return field.New("future regressor "+x.Name, fmt.Sprintf("%d values", len(x.Values)), fmt.Sprintf("at least %d, the horizon", h))
		}
		for i, v := range x.Values[:h] {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return field.New(fmt.Sprintf("future regressor %s at period %d", x.Name, next+i), v, "a finite number")
			}
		}
	}
	return nil
}

// forecastPaths is the number of paths from which the intervals of a model that is not linear are taken.
const forecastPaths = 1000

// Forecast predicts h periods (see Model). The point forecast is the recursion without errors. The interval of a linear
// model is exact; that of another one comes from 1,000 simulated paths of a fixed seed.
func (k *tracker) Forecast(h int, coverage float64, future []Regressor) (*Forecast, error) {
	if err := checkCoverage(coverage); err != nil {
		return nil, err
	}
	rows, err := k.future(h, future)
	if err != nil {
		return nil, err
	}
	f := newForecast(h, k.NextPeriod, coverage)
	s := k.simulator(rows)
	s.without(f.TransformedMean, 0)
	if k.linear {
		s.gaussian(f)
	} else {
		s.sampled(f)
	}
	for i, mu := range f.TransformedMean {
		f.Mean[i], f.Median[i] = k.Transform.mean(mu, f.TransformedSE[i]), k.Transform.back(mu)
	}
	return f, nil
}

// Simulator prepares paths of up to h periods (see Model). Later updates of the model do not change it.
func (k *tracker) Simulator(h int, future []Regressor) (Simulator, error) {
	rows, err := k.future(h, future)
	if err != nil {
		return nil, err
	}
	return k.simulator(rows), nil
}

func (k *tracker) simulator(rows [][]float64) *trackerPath {
	d, _ := k.step.(drawer)
	return &trackerPath{step: k.step, drawer: d, transform: k.Transform, sigma: k.Sigma, next: k.NextPeriod, rows: rows,
		state: slices.Clone(k.State), now: make([]float64, len(k.State))}
}

type trackerPath struct {
	step       oneStep
	drawer     drawer
	transform  Transform
	sigma      float64
	next       int
	rows       [][]float64
	state, now []float64
}

// Path draws one path (see Simulator): one draw a period.
func (s *trackerPath) Path(stream *rng.Stream, path []float64) {
	s.walk(stream, path)
	for i, z := range path {
		path[i] = s.transform.back(z)
	}
}

func (s *trackerPath) walk(stream *rng.Stream, path []float64) {
	copy(s.now, s.state)
	for i := range path {
		t, x := s.next+i, s.rows[i]
		m := s.step.mean(s.now, t, x)
		if u := stream.Open(); s.drawer != nil {
			path[i] = s.drawer.draw(m, u)
		} else {
			path[i] = m + float64(scaleOf(s.step, t, m)*s.sigma*portable.NormalQuantile(u))
		}
		s.step.take(s.now, t, x, m, path[i])
	}
}

// without fills path with the recursion without errors but a first one.
func (s *trackerPath) without(path []float64, first float64) {
	copy(s.now, s.state)
	for i := range path {
		t, x := s.next+i, s.rows[i]
		m := s.step.mean(s.now, t, x)
		if path[i] = m; i == 0 {
			path[i] += first
		}
		s.step.take(s.now, t, x, m, path[i])
	}
}

// gaussian fills errors and intervals of a linear model: Var_h = σ² Σ c_j², with c the response to a unit error, of
// errors and values in units of their scale.
func (s *trackerPath) gaussian(f *Forecast) {
	response := make([]float64, len(f.Mean))
	s.without(response, scaleOf(s.step, s.next, f.TransformedMean[0]))
	z := portable.NormalQuantile((1 + f.Coverage) / 2)
	sum := 0.0
	for i, mu := range f.TransformedMean {
		scale := scaleOf(s.step, s.next+i, mu)
		c := (response[i] - mu) / scale
		sum += c * c
		se := s.sigma * scale * math.Sqrt(sum)
		f.TransformedSE[i] = se
		f.Lo[i], f.Hi[i] = s.transform.back(mu-z*se), s.transform.back(mu+z*se)
	}
}

// sampled fills errors and intervals from simulated paths.
func (s *trackerPath) sampled(f *Forecast) {
	h := len(f.Mean)
	paths := make([]float64, forecastPaths*h)
	streams := rng.New(0, 0).Family("demand/forecast")
	for p := range forecastPaths {
		stream := streams.At(uint64(p))
		s.walk(&stream, paths[p*h:(p+1)*h])
	}
	column := make([]float64, forecastPaths)
	for i, mu := range f.TransformedMean {
		sum := 0.0
		for p := range column {
			column[p] = paths[p*h+i]
			sum += (column[p] - mu) * (column[p] - mu)
		}
		f.TransformedSE[i] = math.Sqrt(sum / forecastPaths)
		slices.Sort(column)
		f.Lo[i] = s.transform.back(quantile(column, (1-f.Coverage)/2))
		f.Hi[i] = s.transform.back(quantile(column, (1+f.Coverage)/2))
	}
}

// quantile interpolates between the order statistics (Hyndman & Fan 1996, type 7).
func quantile(sorted []float64, p float64) float64 {
	at := p * float64(len(sorted)-1)
	i := min(int(at), len(sorted)-2)
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
