package choice

import (
	"math"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/gonum/mat"
)

// autoregression is an AR(1) of one brand's residuals, observed with gaps.
type autoregression struct {
	phi, innovation float64 // innovation: standard deviation
}

// maximumPhi keeps an AR(1) stationary however the sample falls.
const maximumPhi = 0.98

// fitAutoregression estimates φ by least squares on pairs of consecutive weeks, the innovation from the same pairs.
// e is one brand's residuals, NaN where there are none; at most the first n are used.
func fitAutoregression(e []float64, weeks []int, n int) autoregression {
	xy, xx := 0.0, 0.0
	pairs(e, weeks, n, func(a, b float64) { xy += a * b; xx += a * a })
	if xx == 0 {
		return autoregression{}
	}
	phi := math.Max(-maximumPhi, math.Min(maximumPhi, xy/xx))
	ss, count := 0.0, 0.0
	pairs(e, weeks, n, func(a, b float64) { ss += (b - phi*a) * (b - phi*a); count++ })
	return autoregression{phi, math.Sqrt(ss / count)}
}

// pairs visits residuals one week apart, both present.
func pairs(e []float64, weeks []int, n int, visit func(before, after float64)) {
	for t := 1; t < n; t++ {
		if weeks[t] == weeks[t-1]+1 && !math.IsNaN(e[t]) && !math.IsNaN(e[t-1]) {
			visit(e[t-1], e[t])
		}
	}
}

// forecast returns mean and variance of a residual given one that was observed gap weeks before.
func (a autoregression) forecast(last float64, gap int) (mean, variance float64) {
	f := math.Pow(a.phi, float64(gap))
	return f * last, a.innovation * a.innovation * (1 - f*f) / (1 - a.phi*a.phi)
}

// logDensities returns the Gaussian log predictive density of each residual given the last one before it; the first has
// the stationary distribution. NaN where the residual is missing.
func (a autoregression) logDensities(e []float64, weeks []int) []float64 {
	out := make([]float64, len(e))
	last, at := 0.0, math.MinInt
	for t, v := range e {
		out[t] = math.NaN()
		if math.IsNaN(v) {
			continue
		}
		mean, variance := 0.0, a.innovation*a.innovation/(1-a.phi*a.phi)
		if at != math.MinInt {
			mean, variance = a.forecast(last, weeks[t]-at)
		}
		out[t] = -0.5*math.Log(2*math.Pi*variance) - (v-mean)*(v-mean)/(2*variance)
		last, at = v, weeks[t]
	}
	return out
}

// refitWeeks is how often the validation forecasts re-estimate: every two months.
const refitWeeks = 8

// evaluation is how well a candidate does: on the training weeks by AIC, on the validation weeks by the log density
// of one-step forecasts from a rolling origin (Tashman 2000).
type evaluation struct {
	aic    float64
	weekly []float64 // by week of the panel, validation weeks only (0 elsewhere): sum of the brands' log densities
	cells  int       // validation cells scored
	sse    float64   // of the structural forecast of log share ratios (no residual known) over those cells
}

func (e evaluation) score() float64 { return sum(e.weekly) / float64(e.cells) }
func (e evaluation) rmse() float64  { return math.Sqrt(e.sse / float64(e.cells)) }

// evaluate fits columns by least squares on the training weeks and scores them.
func (s *sample) evaluate(cols []column) (evaluation, error) {
	k := len(cols)
	gram, moment := mat.NewSymDense(k, nil), mat.NewVecDense(k, nil)
	active := activeColumns(cols, len(s.Brands))
	x := make([]float64, k)
	add := func(from, to int) { // rows of weeks from ≤ week < to
		for t, w := range s.Weeks {
			if w < from || w >= to {
				continue
			}
			for j := range s.Brands {
				if !activeRow(x, cols, active[j], s.y, t, j) {
					continue
				}
				for a, c := range active[j] {
					moment.SetVec(c, moment.AtVec(c)+x[c]*s.y[t][j])
					for _, d := range active[j][a:] {
						gram.SetSym(c, d, gram.At(c, d)+x[c]*x[d])
					}
				}
			}
		}
	}
	add(s.split.Train[0], s.split.Train[1]+1)
	out := evaluation{weekly: make([]float64, len(s.Weeks))}
	done := s.split.Train[1] + 1
	for from := s.split.Validation[0]; from <= s.split.Validation[1]; from += refitWeeks {
		add(done, from)
		done = from
		b, err := solve(gram, moment, cols)
		if err != nil {
			return out, err
		}
		e := s.residuals(cols, b)
		if from == s.split.Validation[0] {
			out.aic = s.aic(e, k)
		}
		s.scoreBlock(&out, e, Range{from, min(from+refitWeeks-1, s.split.Validation[1])})
	}
	return out, nil
}

// activeColumns lists, by brand, the columns that are not zero throughout: few of all when brands have their own.
func activeColumns(cols []column, brands int) [][]int {
	out := make([][]int, brands)
	for c, col := range cols {
		for j := range out {
			if col.in[j] {
				out[j] = append(out[j], c)
			}
		}
	}
	return out
}

// activeRow fills dst's active entries with the regressors of cell (t, j) and reports whether the cell is complete.
func activeRow(dst []float64, cols []column, active []int, y [][]float64, t, j int) bool {
	for _, c := range active {
		dst[c] = cols[c].values[t][j]
		if math.IsNaN(dst[c]) {
			return false
		}
	}
	return !math.IsNaN(y[t][j])
}

// scoreBlock adds the log densities of one block of weeks, whose parameters come from the weeks before it.
func (s *sample) scoreBlock(out *evaluation, e [][]float64, block Range) {
	before := 0
	for before < len(s.Weeks) && s.Weeks[before] < block[0] {
		before++
	}
	for j := range s.Brands {
		ar := fitAutoregression(e[j], s.Weeks, before)
		density := ar.logDensities(e[j], s.Weeks)
		for t, w := range s.Weeks {
			if block.holds(w) && !math.IsNaN(density[t]) {
				out.weekly[t] += density[t]
				out.sse += e[j][t] * e[j][t]
				out.cells++
			}
		}
	}
}

// aic is Akaike's information criterion of the training weeks under AR(1) residuals: k coefficients and φ and σ for
// each brand.
func (s *sample) aic(e [][]float64, k int) float64 {
	n := 0
	for n < len(s.Weeks) && s.Weeks[n] <= s.split.Train[1] {
		n++
	}
	logLikelihood := 0.0
	for j := range s.Brands {
		for _, d := range fitAutoregression(e[j], s.Weeks, n).logDensities(e[j][:n], s.Weeks) {
			if !math.IsNaN(d) {
				logLikelihood += d
			}
		}
	}
	return -2*logLikelihood + 2*float64(k+2*len(s.Brands))
}

// residuals returns e[brand][week] under coefficients b, NaN where a cell is incomplete.
func (s *sample) residuals(cols []column, b []float64) [][]float64 {
	e := table(len(s.Brands), len(s.Weeks))
	active := activeColumns(cols, len(s.Brands))
	x := make([]float64, len(cols))
	for j := range s.Brands {
		for t := range s.Weeks {
			if !activeRow(x, cols, active[j], s.y, t, j) {
				e[j][t] = math.NaN()
				continue
			}
			e[j][t] = s.y[t][j]
			for _, c := range active[j] {
				e[j][t] -= x[c] * b[c]
			}
		}
	}
	return e
}

// solve returns the least-squares coefficients from cross products.
func solve(gram *mat.SymDense, moment *mat.VecDense, cols []column) ([]float64, error) {
	k := len(cols)
	for c, col := range cols {
		if gram.At(c, c) == 0 {
			return nil, field.New(col.label(), "zero in every cell", "a regressor that varies")
		}
	}
	// Unit diagonal, so that the judgement of rank does not depend on units.
	scaled, right := mat.NewSymDense(k, nil), mat.NewVecDense(k, nil)
	for i := range k {
		right.SetVec(i, moment.AtVec(i)/math.Sqrt(gram.At(i, i)))
		for j := i; j < k; j++ {
			scaled.SetSym(i, j, gram.At(i, j)/math.Sqrt(gram.At(i, i)*gram.At(j, j)))
		}
	}
	var root mat.Cholesky
	if !root.Factorize(scaled) || root.Cond() > 1e12 {
		return nil, field.New("regressors", "collinear in the training weeks", "regressors that each vary on their own")
	}
	b := mat.NewVecDense(k, nil)
	if err := root.SolveVecTo(b, right); err != nil {
		return nil, err
	}
	for i := range k {
		b.SetVec(i, b.AtVec(i)/math.Sqrt(gram.At(i, i)))
	}
	return b.RawVector().Data, nil
}

// meanDifference returns the mean over validation weeks of a's weekly score less b's, and its standard error with
// Bartlett weights over weeks (Diebold & Mariano 1995; Newey & West 1987).
func (s *sample) meanDifference(a, b evaluation) (mean, se float64) {
	byWeek := map[int]float64{}
	var weeks []int
	for t, w := range s.Weeks {
		if s.split.Validation.holds(w) {
			byWeek[w] = a.weekly[t] - b.weekly[t]
			weeks = append(weeks, w)
			mean += byWeek[w]
		}
	}
	n := len(weeks)
	mean /= float64(n)
	lag := stats.BartlettLag(n)
	variance := 0.0
	for _, w := range weeks {
		d := byWeek[w] - mean
		variance += d * d
		for l := 1; l <= lag; l++ {
			if before, ok := byWeek[w-l]; ok {
				variance += 2 * (1 - float64(l)/float64(lag+1)) * d * (before - mean)
			}
		}
	}
	return mean, math.Sqrt(variance) / float64(n)
}

func sum(v []float64) float64 {
	total := 0.0
	for _, x := range v {
		total += x
	}
	return total
}
