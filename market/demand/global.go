package demand

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

// Global is one regression over many series: on its transformed scale series i is
//
//	z_it = x_it'b_i + e_it,   b_i ~ N(Mean, diag Variance),   e_it ~ N(0, σ_i²),
//
// with the features of Regression and an intercept in x (Lindley & Smith 1972). Mean and Variance are estimated by the EM
// algorithm (Dempster, Rubin & Tsutakawa 1981): what the series have in common, and how far each may leave it. A series
// with a long history keeps its own coefficients, one with a short history borrows those of the others.
type Global struct {
	Transform Transform
	Features  features
	Center    []float64 // of the features over all series, and their Spread: coefficients are of standardised ones
	Spread    []float64
	Mean      []float64 // of the coefficients, the intercept first
	Variance  []float64
	Noise     float64 // σ², mean over the series
}

const (
	globalRounds = 40
	noiseWeight  = 4 // observations that the mean of the σ² is worth to that of a series
)

// FitGlobal estimates the regression on two series or more with regressors of the same names in the same order. Without
// a transform each series is divided by its mean size first, so that large and small ones have effects of one
// kind. The series of median length decides on the lags and the season.
func FitGlobal(series []Series, o Options) (*Global, error) {
	if len(series) < 2 {
		return nil, field.New("series", len(series), "two or more for a regression over all")
	}
	g := &Global{Transform: o.Transform}
	var names []string
	var lengths []int
	for i, s := range series {
		if err := s.check(o.Transform); err != nil {
			return nil, fmt.Errorf("series %d: %w", i, err)
		}
		var own []string
		for _, x := range s.Regressors {
			own = append(own, x.Name)
		}
		if names = own; i > 0 && !slices.Equal(own, g.Features.Regressors) {
			return nil, field.New(fmt.Sprintf("regressors of series %d", i), fmt.Sprintf("%q", own), fmt.Sprintf("%q", g.Features.Regressors))
		}
		g.Features.Regressors = names
		lengths = append(lengths, observedCount(s.Values))
	}
	slices.Sort(lengths)
	var err error
	if g.Features, err = featuresFor(lengths[len(lengths)/2], o.Period, names); err != nil {
		return nil, err
	}
	tables := make([]*table, len(series))
	for i, s := range series {
		if _, tables[i], _, err = g.prepare(s); err != nil {
			return nil, fmt.Errorf("series %d: %w", i, err)
		}
	}
	g.standardise(tables)
	all := make([]*evidence, len(tables))
	for i, d := range tables {
		all[i] = g.evidence(d)
	}
	g.estimate(all)
	return g, nil
}

// prepare gives the table of a series, its values divided by scale, and the model that will take it as its history.
func (g *Global) prepare(s Series) (m *Regression, d *table, scale float64, err error) {
	m = &Regression{tracker: tracker{Transform: g.Transform}}
	z, xs, err := m.begin(s, true)
	if err != nil {
		return nil, nil, 0, err
	}
	if scale = 1; g.Transform == (Transform{}) {
		sum := 0.0
		for _, v := range z {
			if !math.IsNaN(v) {
				sum += math.Abs(v)
			}
		}
		if scale = sum / float64(observedCount(z)); scale == 0 {
			scale = 1
		}
		for t := range z {
			z[t] /= scale
		}
	}
	if d = g.Features.table(s.Start, z, xs); len(d.y) == 0 {
		return nil, nil, 0, field.New("series", fmt.Sprintf("%d periods", len(z)), fmt.Sprintf("more than %d, which the features look back", g.Features.reach()))
	}
	return m, d, scale, nil
}

// standardise takes center and spread of the features over all tables.
func (g *Global) standardise(tables []*table) {
	var rows [][]float64
	for _, d := range tables {
		rows = append(rows, d.rows...)
	}
	n := newNetwork(rows)
	g.Center, g.Spread = n.Center, n.Spread
}

// evidence are what a series says of its coefficients.
type evidence struct {
	n, yy  float64
	xx, xy []float64 // k×k and k, the intercept first
}

func (g *Global) evidence(d *table) *evidence {
	k := len(g.Center) + 1
	m := &evidence{n: float64(len(d.y)), xx: make([]float64, k*k), xy: make([]float64, k)}
	row := make([]float64, k)
	row[0] = 1
	for i, x := range d.rows {
		for j, v := range x {
			row[j+1] = (v - g.Center[j]) / g.Spread[j]
		}
		m.yy += d.y[i] * d.y[i]
		for a, v := range row {
			m.xy[a] += v * d.y[i]
			for b, w := range row {
				m.xx[a*k+b] += v * w
			}
		}
	}
	return m
}

// estimate runs the EM algorithm.
func (g *Global) estimate(all []*evidence) {
	k := len(g.Center) + 1
	g.Mean, g.Variance, g.Noise = make([]float64, k), make([]float64, k), 0
	total := 0.0
	for _, m := range all {
		g.Mean[0] += m.xy[0]
		g.Noise += m.yy
		total += m.n
	}
	g.Mean[0] /= total
	g.Noise = g.Noise/total - g.Mean[0]*g.Mean[0] + 1e-12
	for j := range g.Variance {
		g.Variance[j] = g.Noise
	}
	noise := make([]float64, len(all))
	for i := range noise {
		noise[i] = g.Noise
	}
	p := newPosterior(k)
	for range globalRounds {
		sum, squares, noises := make([]float64, k), make([]float64, k), 0.0
		for i, m := range all {
			p.of(m, g, noise[i])
			noise[i] = p.noise(m, g)
			noises += noise[i]
			for j, b := range p.b {
				sum[j] += b
				squares[j] += (b-g.Mean[j])*(b-g.Mean[j]) + p.v[j*k+j]
			}
		}
		n := float64(len(all))
		for j := range sum {
			shift := sum[j]/n - g.Mean[j]
			g.Mean[j] += shift
			g.Variance[j] = max(squares[j]/n-shift*shift, 1e-9*g.Noise)
		}
		g.Noise = noises / n
	}
}

// posterior is the distribution of a series' coefficients given its evidence.
type posterior struct {
	factor cholesky
	b, v   []float64 // mean and covariance
}

func newPosterior(k int) *posterior {
	return &posterior{b: make([]float64, k), v: make([]float64, k*k)}
}

func (p *posterior) of(m *evidence, g *Global, noise float64) {
	k := len(p.b)
	// Positive definite: every prior precision is above zero.
	p.factor.factor(k, func(i, j int) float64 {
		if i == j {
			return m.xx[i*k+i]/noise + 1/g.Variance[i]
		}
		return m.xx[i*k+j] / noise
	})
	for j := range p.b {
		p.b[j] = m.xy[j]/noise + g.Mean[j]/g.Variance[j]
		unit := p.v[j*k : (j+1)*k]
		clear(unit)
		unit[j] = 1
		p.factor.solve(unit)
	}
	p.factor.solve(p.b)
}

// noise is the expected σ² of the series, drawn towards the mean of all.
func (p *posterior) noise(m *evidence, g *Global) float64 {
	k := len(p.b)
	rss := m.yy
	for i, b := range p.b {
		rss -= 2 * b * m.xy[i]
		for j, c := range p.b {
			rss += (b*c + p.v[i*k+j]) * m.xx[i*k+j]
		}
	}
	return (max(rss, 0) + noiseWeight*g.Noise) / (m.n + noiseWeight)
}

// Model gives the model of a series, whether it was in the fit or not: its coefficients are those expected given its own
// history, which it takes. The series needs the regressors of the fit and more periods than the longest lag.
func (g *Global) Model(s Series) (*Regression, error) {
	m, d, scale, err := g.prepare(s)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(m.Names, g.Features.Regressors) {
		return nil, field.New("regressors", fmt.Sprintf("%q", m.Names), fmt.Sprintf("%q", g.Features.Regressors))
	}
	own := g.evidence(d)
	p := newPosterior(len(g.Mean))
	noise := g.Noise
	for range globalRounds / 4 {
		p.of(own, g, noise)
		noise = p.noise(own, g)
	}
	m.Features = g.Features
	m.Intercept, m.Coefficients = p.b[0], make([]float64, len(g.Center))
	for j := range m.Coefficients {
		m.Coefficients[j] = p.b[j+1] / g.Spread[j]
		m.Intercept -= m.Coefficients[j] * g.Center[j]
	}
	m.stabilise(d)
	// Back from the scaled series to the series itself: lags keep their coefficients.
	m.Intercept *= scale
	for j := len(m.Features.Lags); j < len(m.Coefficients); j++ {
		m.Coefficients[j] *= scale
	}
	for t := range d.z {
		d.z[t] *= scale
	}
	for i := range m.Features.reach() {
		d.state[i] *= scale
	}
	m.State = d.state
	m.finish(m, true, s.Start, d.z, d.xs, d.from, 0)
	m.Sigma = math.Sqrt(noise) * scale
	return m, nil
}
