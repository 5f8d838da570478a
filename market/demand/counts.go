package demand

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
	"gonum.org/v1/gonum/mat"
)

// Counts is a log-linear autoregression of counts (Fokianos & Tjøstheim 2011), Poisson or negative binomial:
//
//	ln μ_t = c + Σ_k [a_k sin(2πkt/s) + b_k cos(2πkt/s)] + Σ_j φ_j ln(1 + y_{t-j}) + x_t'γ,   Var = μ_t + αμ_t².
//
// The numbers of harmonics and lags are those of the lowest AICc. Its paths are whole numbers. It has no trend: give one
// as a regressor. Lags must keep Σ|φ| below 1, so that no path runs away; estimates outside are pulled to the edge, by one
// factor, and the rest is estimated again. Counts take no transform: Options.Transform is ignored.
type Counts struct {
	NegativeBinomial bool      `json:"negative_binomial"`
	Period           int       `json:"period"` // periods a season; 0 and 1 mean none
	Harmonics        int       `json:"harmonics"`
	Lags             int       `json:"lags"`
	Coef             []float64 `json:"coefficients"`    // c; a_1, b_1, …; φ_1, …; γ
	SE               []number  `json:"standard_errors"` // null where a coefficient was pulled to the edge of stability
	Alpha            float64   `json:"alpha"`           // overdispersion
	LogLik           float64   `json:"loglik"`          // of the periods after the first three
	tracker
}

const (
	maxCountLags      = 3
	maxCountHarmonics = 6
	// mostPersistent bounds Σ|φ|: a half-life of 34 periods.
	mostPersistent = 0.98
)

// Fit estimates the model (see Model). The series must be whole numbers from 0 up; it needs at least three observed
// periods beyond its first three for each coefficient, the regressors' included.
func (m *Counts) Fit(s Series) error {
	m.Transform = Transform{}
	for i, y := range s.Values {
		if err := checkCount(fmt.Sprintf("series at period %d", s.Start+i), y); err != nil {
			return err
		}
	}
	z, rows, err := m.begin(s, true)
	if err != nil {
		return err
	}
	first, last := observedSpan(z)
	from := min(first+maxCountLags, last-1)
	fill(rows)
	c := countFit{counts: *m, start: s.Start, first: first, from: from, z: z, logs: carriedLogs(z), rows: rows}
	if err := c.best(m); err != nil {
		return err
	}
	m.State = append([]float64(nil), c.logs[from-m.Lags:from]...)
	m.finish(m, false, s.Start, z, rows, from, len(m.Coef))
	return nil
}

// Update takes the count of the next period into the history (see Model).
func (m *Counts) Update(y float64, x []float64) error {
	if err := m.refuses(y, x); err != nil {
		return err
	}
	return m.tracker.Update(y, x)
}

func (m *Counts) refuses(y float64, x []float64) error {
	if err := checkCount(fmt.Sprintf("observation of period %d", m.NextPeriod), y); err != nil {
		return err
	}
	return m.tracker.refuses(y, x)
}

func checkCount(key string, y float64) error {
	if y < 0 || y != math.Floor(y) { // NaN is neither
		if !math.IsNaN(y) {
			return field.New(key, y, "a count: 0, 1, 2, …, or NaN where it is missing")
		}
	}
	return nil
}

// carriedLogs is ln(1+y), the last one before where y is missing.
func carriedLogs(z []float64) []float64 {
	logs := make([]float64, len(z))
	last := 0.0
	for i, y := range z {
		if !math.IsNaN(y) {
			last = portable.Log(1 + y)
		}
		logs[i] = last
	}
	return logs
}

// countFit chooses harmonics and lags.
type countFit struct {
	counts      Counts // the settings
	start       int
	first, from int // indices of the first observed value and of the first response
	z, logs     []float64
	rows        [][]float64
}

// best puts the candidate of the lowest AICc into m. Only what the simplest one fails on is an error.
func (c *countFit) best(m *Counts) error {
	lowest := math.Inf(1)
	for harmonics := 0; harmonics <= min(max(m.Period, 0)/2, maxCountHarmonics); harmonics++ {
		for lags := 0; lags <= c.from-c.first; lags++ {
			fit, aicc, err := c.fit(harmonics, lags)
			if err != nil && harmonics+lags == 0 {
				return err
			}
			if err == nil && aicc < lowest {
				*m, lowest = *fit, aicc
			}
		}
	}
	if math.IsInf(lowest, 1) {
		return field.New("series", fmt.Sprintf("%d periods", len(c.z)), "counts to which a regression can be fitted: no likelihood is finite")
	}
	return nil
}

func (c *countFit) fit(harmonics, lags int) (*Counts, float64, error) {
	m := c.counts
	m.Harmonics, m.Lags = harmonics, lags
	names := m.coefficientNames()
	var y []float64
	var at []int
	for t := c.from; t < len(c.z); t++ {
		if !math.IsNaN(c.z[t]) {
			y, at = append(y, c.z[t]), append(at, t)
		}
	}
	n, k := len(y), len(names)
	if n < 3*k {
		return nil, 0, field.New("series", fmt.Sprintf("%d observed periods after the first %d", n, c.from), fmt.Sprintf("at least %d, three a coefficient", 3*k))
	}
	x := mat.NewDense(n, k, nil)
	for i, t := range at {
		m.row(x.RawRowView(i), c.logs[t-lags:t], c.start+t, c.rows[t])
	}
	family := stats.Poisson
	if m.NegativeBinomial {
		family = stats.NegativeBinomial
	}
	g, err := stats.FitGLM(family, y, x, nil, names)
	if err != nil {
		return nil, 0, err
	}
	firstLag := k - lags - len(m.Names)
	phi, persistence := g.Coef[firstLag:firstLag+lags], 0.0
	for _, v := range phi {
		persistence += math.Abs(v)
	}
	m.Coef, m.SE = g.Coef, numbers(stats.StandardErrors(g.Classical()))
	if persistence > mostPersistent {
		if g, err = m.pull(family, y, x, names, firstLag, mostPersistent/persistence); err != nil {
			return nil, 0, err
		}
	}
	m.Alpha, m.LogLik = g.Alpha, g.LogLik
	m.Warnings = append(m.Warnings, g.Warnings...)
	parameters := float64(k) + (g.AIC+2*g.LogLik)/2 - float64(len(g.Coef)) // α counts, and what was pulled
	slack := float64(n) - parameters - 1
	return &m, -2*g.LogLik + 2*parameters + 2*parameters*(parameters+1)/max(slack, 1e-9), nil
}

// pull fixes the lags at a share of their estimates and estimates the others again.
func (m *Counts) pull(family stats.Family, y []float64, x *mat.Dense, names []string, firstLag int, share float64) (*stats.GLM, error) {
	n, k := x.Dims()
	fixed := func(j int) bool { return j >= firstLag && j < firstLag+m.Lags }
	rest, offset := mat.NewDense(n, k-m.Lags, nil), make([]float64, n)
	var free []int
	var freeNames []string
	for j := range k {
		if !fixed(j) {
			free, freeNames = append(free, j), append(freeNames, names[j])
			continue
		}
		m.Coef[j] *= share
		m.SE[j] = number(math.NaN())
	}
	for i := range n {
		row := x.RawRowView(i)
		for to, j := range free {
			rest.Set(i, to, row[j])
		}
		for j := firstLag; j < firstLag+m.Lags; j++ {
			offset[i] += m.Coef[j] * row[j]
		}
	}
	m.Warnings = []string{fmt.Sprintf("not stable: the lags' coefficients were pulled to the edge, %.3g of their estimates", share)}
	g, err := stats.FitGLM(family, y, rest, offset, freeNames)
	if err != nil {
		return nil, err
	}
	se := stats.StandardErrors(g.Classical())
	for from, j := range free {
		m.Coef[j], m.SE[j] = g.Coef[from], number(se[from])
	}
	return g, nil
}

// coefficientNames are those of a row's columns.
func (m *Counts) coefficientNames() []string {
	names := []string{"intercept"}
	for k := 1; k <= m.Harmonics; k++ {
		if 2*k != m.Period { // the sine of half a season is zero in every period
			names = append(names, fmt.Sprintf("sin%d", k))
		}
		names = append(names, fmt.Sprintf("cos%d", k))
	}
	for j := 1; j <= m.Lags; j++ {
		names = append(names, fmt.Sprintf("lag%d", j))
	}
	return append(names, m.Names...)
}

// row fills the columns of period t, given the last logs, oldest first, and the regressors.
func (m *Counts) row(row, logs []float64, t int, x []float64) {
	row[0] = 1
	at := 1
	for k := 1; k <= m.Harmonics; k++ {
		cycles := float64(k) * float64(t) / float64(m.Period)
		sin, cos := portable.Sincos(2 * math.Pi * (cycles - math.Floor(cycles)))
		if 2*k != m.Period {
			row[at] = sin
			at++
		}
		row[at] = cos
		at++
	}
	for j := range m.Lags {
		row[at] = logs[m.Lags-1-j]
		at++
	}
	copy(row[at:], x)
}

// mean is μ_t; the state is the last logs, oldest first.
func (m *Counts) mean(state []float64, t int, x []float64) float64 {
	var room [1 + 2*maxCountHarmonics + maxCountLags]float64
	fixed := len(m.Coef) - len(x)
	m.row(room[:fixed], state, t, nil)
	eta := 0.0
	for j, v := range room[:fixed] {
		eta += float64(m.Coef[j] * v)
	}
	for j, v := range x {
		eta += float64(m.Coef[fixed+j] * v)
	}
	return min(portable.Exp(eta), largestMean)
}

func (m *Counts) take(state []float64, t int, x []float64, mean, z float64) {
	if n := len(state); n > 0 {
		copy(state, state[1:])
		state[n-1] = portable.Log(1 + z)
	}
}

func (m *Counts) draw(mean, u float64) float64 { return countQuantile(mean, m.Alpha, u) }

// Forecast predicts h periods (see Model) from 1,000 paths of a fixed seed. Mean is the average of the conditional means
// along them: exact one step ahead.
func (m *Counts) Forecast(h int, coverage float64, future []Regressor) (*Forecast, error) {
	if err := checkCoverage(coverage); err != nil {
		return nil, err
	}
	rows, err := m.future(h, future)
	if err != nil {
		return nil, err
	}
	paths, means := make([]float64, forecastPaths*h), make([]float64, h)
	state := make([]float64, len(m.State))
	streams := rng.New(0, 0).Family("demand/forecast")
	for p := range forecastPaths {
		copy(state, m.State)
		stream := streams.At(uint64(p))
		for i, x := range rows {
			mu := m.mean(state, m.NextPeriod+i, x)
			y := m.draw(mu, stream.Open())
			means[i] += mu / forecastPaths
			paths[p*h+i] = y
			m.take(state, m.NextPeriod+i, x, mu, y)
		}
	}
	f := summarise(paths, h, m.NextPeriod, coverage)
	copy(f.Mean, means)
	copy(f.TransformedMean, means)
	return f, nil
}

func (m *Counts) restore() error {
	harmonics := min(maxCountHarmonics, max(m.Period, 0)/2)
	switch {
	case m.Lags < 0 || m.Lags > maxCountLags:
		return field.New("lags", m.Lags, fmt.Sprintf("0 to %d", maxCountLags))
	case m.Harmonics < 0 || m.Harmonics > harmonics:
		return field.New("harmonics", m.Harmonics, fmt.Sprintf("0 to %d", harmonics))
	case len(m.Coef) != len(m.coefficientNames()):
		return field.New("coefficients", fmt.Sprintf("%d values", len(m.Coef)), fmt.Sprint(len(m.coefficientNames())))
	case len(m.State) != m.Lags:
		return field.New("state", fmt.Sprintf("%d values", len(m.State)), fmt.Sprint(m.Lags))
	case !(m.Alpha >= 0 && m.Alpha <= 1e12) || m.Alpha > 0 && !m.NegativeBinomial:
		return field.New("alpha", m.Alpha, "a number from 0 to 10^12, and 0 for Poisson")
	case m.Transform != (Transform{}):
		return field.New("transform", m.Transform, "none: counts have none")
	}
	m.step = m
	return nil
}
