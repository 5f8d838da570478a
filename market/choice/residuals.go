package choice

import (
	"math"
	"slices"
)

// shocks fits the AR(1) of each brand's residuals and the correlation of their innovations, over the weeks in which
// every brand has one.
func (s *sample) shocks(e [][]float64) Shocks {
	n := len(s.Brands)
	out := Shocks{Phi: make([]float64, n), Sigma: make([]float64, n), Correlation: table(n, n)}
	last := 0
	for last < len(s.Weeks) && s.Weeks[last] <= s.split.Validation[1] {
		last++
	}
	innovation := table(n, last)
	for j := range n {
		ar := fitAutoregression(e[j], s.Weeks, last)
		out.Phi[j] = ar.phi
		ss, count := 0.0, 0.0
		for t := range last {
			innovation[j][t] = math.NaN()
			if !math.IsNaN(e[j][t]) {
				ss += e[j][t] * e[j][t]
				count++
			}
			if t > 0 && s.Weeks[t] == s.Weeks[t-1]+1 {
				innovation[j][t] = e[j][t] - ar.phi*e[j][t-1]
			}
		}
		out.Sigma[j] = math.Sqrt(ss / count)
	}
	cross := table(n, n)
	for t := range last {
		complete := true
		for j := range n {
			complete = complete && !math.IsNaN(innovation[j][t])
		}
		for i := 0; i < n && complete; i++ {
			for j := range n {
				cross[i][j] += innovation[i][t] * innovation[j][t]
			}
		}
	}
	for i := range n {
		for j := range n {
			out.Correlation[i][j] = cross[i][j] / math.Sqrt(cross[i][i]*cross[j][j])
		}
		out.Correlation[i][i] = 1
	}
	return out
}

// kurtosis returns each brand's excess kurtosis of residuals over the fitted weeks: how far from normal ξ is.
func (s *sample) kurtosis(e [][]float64) []float64 {
	out := make([]float64, len(s.Brands))
	for j := range out {
		m2, m4, n := 0.0, 0.0, 0.0
		for t, w := range s.Weeks {
			if v := e[j][t]; s.fitWeeks().holds(w) && !math.IsNaN(v) {
				m2 += v * v
				m4 += v * v * v * v
				n++
			}
		}
		out[j] = m4*n/(m2*m2) - 3
	}
	return out
}

// outliers lists the fitted brand-weeks whose shock is far out, worst first.
func (s *sample) outliers(e [][]float64) []Outlier {
	var out []Outlier
	for j, brand := range s.Brands {
		var fitted []float64
		for t, w := range s.Weeks {
			if s.fitWeeks().holds(w) && !math.IsNaN(e[j][t]) {
				fitted = append(fitted, e[j][t])
			}
		}
		centre := middle(fitted)
		for i := range fitted {
			fitted[i] = math.Abs(fitted[i] - centre)
		}
		spread := 1.4826 * middle(fitted)
		for t, w := range s.Weeks {
			if z := (e[j][t] - centre) / spread; s.fitWeeks().holds(w) && math.Abs(z) > outlierScore {
				out = append(out, Outlier{brand, w, z})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Outlier) int {
		switch {
		case math.Abs(a.Score) > math.Abs(b.Score):
			return -1
		case math.Abs(a.Score) < math.Abs(b.Score):
			return 1
		}
		return 0
	})
	return out
}
