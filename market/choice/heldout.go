package choice

import (
	"math"

	"github.com/souk-sim/souk/sim/portable"
)

// HeldOut compares forecasts of the test weeks, all with coefficients that never saw them. Structural forecasts know
// prices and displays only; one-step forecasts also know the last residual. Unit forecasts are means: e^δ averaged over
// the fitted weeks' residuals, brand by brand together, before the logit's denominator is formed (smearing after Duan
// 1983, JASA 78, inside the model rather than as a factor, because the logit is not linear in e^ξ).
type HeldOut struct {
	Brand      string   `json:"brand"` // "all" takes the brands together
	Cells      int      `json:"cells"` // brand-weeks compared
	Structural Accuracy `json:"structural"`
	OneStep    Accuracy `json:"one_step"`
	LastWeek   Accuracy `json:"last_week"` // naive: the share of the last week observed
	Average    Accuracy `json:"average"`   // naive: the fitted weeks' mean log share ratio, with its own residuals averaged over
	Unsmeared  Accuracy `json:"unsmeared"` // structural, but e^δ without averaging over ξ
	LogScore   float64  `json:"log_score"` // mean log density of the one-step forecast of the log share ratio
}

// Accuracy sums up one kind of forecast.
type Accuracy struct {
	RMSE     float64 `json:"rmse"`           // of log share ratios
	Absolute float64 `json:"absolute_error"` // sum of |error in units| / sum of units
	Bias     float64 `json:"bias"`           // sum of forecast units / sum of units
}

// tally collects what an Accuracy needs.
type tally struct{ squared, absolute, forecast float64 }

func (a *tally) add(logError, forecast, units float64) {
	a.squared += logError * logError
	a.absolute += math.Abs(forecast - units)
	a.forecast += forecast
}

func (a tally) accuracy(cells, units float64) Accuracy {
	return Accuracy{math.Sqrt(a.squared / cells), a.absolute / units, a.forecast / units}
}

const forecastKinds = 5 // structural, one-step, last week, average, unsmeared

// heldOut returns one row for each brand and one for all; nil when no test week has data.
func (s *sample) heldOut(m *ShareLogit) []HeldOut {
	n := len(s.Brands)
	f := s.newForecaster(m)
	tallies := make([][forecastKinds]tally, n+1)
	cells, units, score := make([]float64, n+1), make([]float64, n+1), make([]float64, n+1)
	for t, w := range s.Weeks {
		if t == 0 || !s.split.Test.holds(w) {
			continue
		}
		logs, shares := f.week(t)
		for j := range s.Brands {
			if math.IsNaN(f.e[j][t]) || math.IsNaN(s.y[t][j]) || math.IsNaN(logs[2][j]) {
				continue
			}
			perShare := s.Customers[t] * m.Quantity.Mean(s.Display[t][j])
			for _, at := range []int{j, n} {
				for k := range forecastKinds {
					tallies[at][k].add(s.y[t][j]-logs[k][j], shares[k][j]*perShare, s.Units[t][j])
				}
				cells[at]++
				units[at] += s.Units[t][j]
				score[at] += f.density[j][t]
			}
		}
	}
	if cells[n] == 0 {
		return nil
	}
	var out []HeldOut
	for j := range n + 1 {
		if cells[j] == 0 {
			continue
		}
		a := func(k int) Accuracy { return tallies[j][k].accuracy(cells[j], units[j]) }
		out = append(out, HeldOut{append(s.Brands[:n:n], "all")[j], int(cells[j]), a(0), a(1), a(2), a(3), a(4), score[j] / cells[j]})
	}
	return out
}

// forecaster holds what the forecasts of a week need from the weeks before.
type forecaster struct {
	s           *sample
	e           [][]float64 // residuals by brand and week, all weeks
	density     [][]float64 // their one-step log densities
	ar          []autoregression
	average     []float64   // mean log share ratio of the fitted weeks, by brand
	residuals   [][]float64 // vectors of ξ, of the innovations and of deviations from the average, in fitted weeks
	innovations [][]float64
	deviations  [][]float64
}

func (s *sample) newForecaster(m *ShareLogit) *forecaster {
	cols := s.columns(s.terms(m.Spec))
	b := make([]float64, len(cols))
	for c, col := range cols {
		b[c] = m.Coefficients[find(m.Coefficients, col)].Estimate
	}
	f := &forecaster{s: s, e: s.residuals(cols, b)}
	last := 0
	for last < len(s.Weeks) && s.Weeks[last] <= s.split.Validation[1] {
		last++
	}
	for j := range s.Brands {
		ar := fitAutoregression(f.e[j], s.Weeks, last)
		f.ar = append(f.ar, ar)
		f.density = append(f.density, ar.logDensities(f.e[j], s.Weeks))
		total, n := 0.0, 0.0
		for t := range last {
			if !math.IsNaN(s.y[t][j]) {
				total += s.y[t][j]
				n++
			}
		}
		f.average = append(f.average, total/n)
	}
	for t := range last {
		now, step, deviation := make([]float64, len(s.Brands)), make([]float64, len(s.Brands)), make([]float64, len(s.Brands))
		for j := range s.Brands {
			now[j], deviation[j], step[j] = f.e[j][t], s.y[t][j]-f.average[j], math.NaN()
			if t > 0 && s.Weeks[t] == s.Weeks[t-1]+1 {
				step[j] = f.e[j][t] - f.ar[j].phi*f.e[j][t-1]
			}
		}
		keep := func(into *[][]float64, v []float64) {
			if finite(v) {
				*into = append(*into, v)
			}
		}
		keep(&f.residuals, now)
		keep(&f.innovations, step)
		keep(&f.deviations, deviation)
	}
	return f
}

// week returns, for each kind of forecast, log share ratios and expected shares by brand.
func (f *forecaster) week(t int) (logs, shares [forecastKinds][]float64) {
	n := len(f.s.Brands)
	for k := range forecastKinds {
		logs[k], shares[k] = make([]float64, n), make([]float64, n)
	}
	for j := range n {
		logs[0][j] = f.s.y[t][j] - f.e[j][t]
		logs[4][j] = logs[0][j]
		logs[3][j] = f.average[j]
		logs[1][j], logs[2][j] = logs[0][j], math.NaN()
		shares[2][j] = math.NaN()
		for back := t - 1; back >= 0; back-- {
			if v := f.e[j][back]; !math.IsNaN(v) {
				mean, _ := f.ar[j].forecast(v, f.s.Weeks[t]-f.s.Weeks[back])
				logs[1][j] += mean
				logs[2][j], shares[2][j] = f.s.y[back][j], f.s.shares[back][j]
				break
			}
		}
	}
	averageShares(shares[0], logs[0], f.residuals)
	averageShares(shares[1], logs[1], f.innovations)
	averageShares(shares[3], logs[3], f.deviations)
	averageShares(shares[4], logs[4], [][]float64{make([]float64, n)})
	return logs, shares
}

// averageShares fills dst with the mean logit share over shocks; a brand whose utility is missing takes no part.
func averageShares(dst, utility []float64, shocks [][]float64) {
	for _, xi := range shocks {
		total := 1.0
		for j, v := range utility {
			if !math.IsNaN(v) {
				total += portable.Exp(v + xi[j])
			}
		}
		for j, v := range utility {
			dst[j] += portable.Exp(v+xi[j]) / total / float64(len(shocks))
		}
	}
}
