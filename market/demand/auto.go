package demand

import (
	"math"

	"github.com/souk-sim/souk/scenarios/field"
)

// Auto is an ARIMA whose order is chosen from the data: differences by tests, the other orders by a stepwise search for
// the least AICc (Hyndman & Khandakar 2008, Journal of Statistical Software 27:3). Unlike R's auto.arima, every
// candidate is fitted by exact maximum likelihood from several starts.
type Auto struct {
	// Period, Transform and NoMean (no constant of any kind) are read before the search; the rest is the model found.
	ARIMA
	// Differences are d and D; nil chooses D by seasonal strength, then d by KPSS tests at 5%, and one more d where the
	// likelihood prefers a model with a root next to 1, which the search refuses, to every other (auto.arima does not).
	Differences *[2]int
	Trace       []Candidate
}

// Candidate is one model that the search tried.
type Candidate struct {
	Order, Seasonal [3]int
	Constant        bool    // a mean or a drift
	AICc            float64 // +Inf where refused
	Refused         string  // why: it could not be estimated, or has a root within 1.01 of the unit circle
}

// The largest orders tried, as in auto.arima, and the number of models after which the search gives up.
const (
	maxOrder, maxSeasonal = 5, 2
	maxCandidates         = 94
)

// Fit chooses the order, then estimates the model (see Model). Trace lists the candidates in the order they were tried.
func (a *Auto) Fit(s Series) error {
	a.filter = filterState{}
	d, err := a.differences(s)
	if err != nil {
		return err
	}
	search := &stepwise{auto: a, series: s, d: d, n: len(s.Values)}
	a.Trace = nil
	best, ok := search.run()
	if a.Differences == nil && search.unitRoot < search.aicc && d[0] < 2 {
		search = &stepwise{auto: a, series: s, d: [2]int{d[0] + 1, d[1]}, n: len(s.Values)}
		best, ok = search.run()
	}
	if !ok {
		return field.New("series", "none of the candidate models can be estimated", "a longer series")
	}
	m := search.model(best)
	err = m.Fit(s)
	a.ARIMA = m
	return err
}

// differences chooses d and D on the residuals of a regression on the regressors.
func (a *Auto) differences(s Series) ([2]int, error) {
	if a.Differences != nil {
		return *a.Differences, nil
	}
	flat := ARIMA{Transform: a.Transform}
	p, err := flat.prepare(s)
	if err != nil {
		return [2]int{}, err
	}
	var x []float64 // observed residuals
	full := append([]float64(nil), p.likelihood.cols[0]...)
	for t := range full {
		if math.IsNaN(p.y[p.from+t]) {
			full[t] = math.NaN()
		} else {
			x = append(x, full[t])
		}
	}
	var d [2]int
	if a.Period > 1 && len(full) >= 3*a.Period && seasonalStrength(full, a.Period) > 0.64 {
		d[1] = 1
		x = x[:0]
		for t := a.Period; t < len(full); t++ {
			if v := full[t] - full[t-a.Period]; !math.IsNaN(v) {
				x = append(x, v)
			}
		}
	}
	for d[0] < 2 && len(x) > 2 && norm(x) > 1e-9*norm(full) && kpss(x) > 0.463 {
		d[0]++
		for t := range len(x) - 1 {
			x[t] = x[t+1] - x[t]
		}
		x = x[:len(x)-1]
	}
	return d, nil
}

// candidate is p, q, P, Q and whether there is a constant.
type candidate struct {
	p, q, sp, sq int
	constant     bool
}

type stepwise struct {
	auto   *Auto
	series Series
	d      [2]int
	n      int
	tried  map[candidate]bool
	best   candidate
	aicc   float64
	// unitRoot is the least AICc of the models refused for an autoregressive root just above 1.
	unitRoot float64
}

func (w *stepwise) model(c candidate) ARIMA {
	m := ARIMA{Order: [3]int{c.p, w.d[0], c.q}, Seasonal: [3]int{c.sp, w.d[1], c.sq}, Period: w.auto.Period, Transform: w.auto.Transform}
	m.NoMean = !c.constant
	m.Drift = c.constant && w.d[0]+w.d[1] == 1
	return m
}

// run is the search: five first models, then the best neighbour of the best model, until none improves. (auto.arima goes
// to the first neighbour that improves, which depends on the order of trying and misses better ones: lynx.)
func (w *stepwise) run() (candidate, bool) {
	w.tried, w.aicc, w.unitRoot = map[candidate]bool{}, math.Inf(1), math.Inf(1)
	constant := !w.auto.NoMean && w.d[0]+w.d[1] <= 1
	s := 0
	if w.auto.Period > 1 {
		s = 1
	}
	for _, c := range []candidate{{2, 2, s, s, constant}, {0, 0, 0, 0, constant}, {1, 0, s, 0, constant}, {0, 1, 0, s, constant}, {}} {
		w.try(c)
	}
	for improved := true; improved; {
		improved = false
		from := w.best
		for _, step := range neighbours(s == 1) {
			c := candidate{from.p + step.p, from.q + step.q, from.sp + step.sp, from.sq + step.sq, from.constant != step.constant}
			if (!c.constant || constant) && w.try(c) {
				improved = true
			}
		}
	}
	return w.best, !math.IsInf(w.aicc, 1)
}

// neighbours are the variations of auto.arima; constant means to toggle it.
func neighbours(seasonal bool) []candidate {
	pairs := [][2]int{{-1, 0}, {0, -1}, {1, 0}, {0, 1}, {-1, -1}, {1, -1}, {-1, 1}, {1, 1}}
	var out []candidate
	if seasonal {
		for _, v := range pairs {
			out = append(out, candidate{sp: v[0], sq: v[1]})
		}
	}
	for _, v := range pairs {
		out = append(out, candidate{p: v[0], q: v[1]})
	}
	return append(out, candidate{constant: true})
}

// try fits a candidate, unless it was tried, and reports whether it is the best so far.
func (w *stepwise) try(c candidate) bool {
	limit, limitSeasonal := min(maxOrder, w.n/3), 0
	if s := w.auto.Period; s > 1 {
		limit, limitSeasonal = min(limit, s-1), min(maxSeasonal, w.n/3/s)
	}
	if min(c.p, c.q, c.sp, c.sq) < 0 || max(c.p, c.q) > limit || max(c.sp, c.sq) > limitSeasonal {
		return false
	}
	if w.tried[c] || len(w.tried) >= maxCandidates {
		return false
	}
	w.tried[c] = true
	m := w.model(c)
	t := Candidate{Order: m.Order, Seasonal: m.Seasonal, Constant: c.constant, AICc: math.Inf(1)}
	if p, err := m.prepare(w.series); err != nil {
		t.Refused = err.Error()
	} else {
		l := p.likelihood
		l.at(l.search(4+2*len(l.params)), make([]float64, len(l.e[0])))
		m.LogLik, m.NUsed = l.logLik(), l.used
		m.criteria(len(l.params) + len(l.gamma) - l.nuisance)
		if rootBeyond(l.a.ar, 1.01) && invertible(l.a.ma, 1.01) {
			t.AICc = m.AICc
		} else {
			t.Refused = "a root within 1.01 of the unit circle"
			if ar, _, _, _ := l.blocks(l.params); nearOne(ar) {
				w.unitRoot = min(w.unitRoot, m.AICc)
			}
		}
	}
	w.auto.Trace = append(w.auto.Trace, t)
	if t.AICc < w.aicc {
		w.best, w.aicc = c, t.AICc
		return true
	}
	return false
}

// nearOne reports whether a stationary autoregression has a real root between 1 and 1.01: its polynomial, positive at 1,
// is negative at 1.01.
func nearOne(ar []float64) bool {
	v, power := 1.0, 1.0
	for _, c := range ar {
		power *= 1.01
		v -= c * power
	}
	return v < 0
}

// kpss is the statistic of Kwiatkowski, Phillips, Schmidt & Shin (1992) against a level, with trunc(3√n/13) lags; its 5%
// point is 0.463.
func kpss(x []float64) float64 {
	n := float64(len(x))
	mean := 0.0
	for _, v := range x {
		mean += v / n
	}
	e := make([]float64, len(x))
	sum, eta := 0.0, 0.0
	for i, v := range x {
		e[i] = v - mean
		sum += e[i]
		eta += sum * sum
	}
	lags := int(3 * math.Sqrt(n) / 13)
	variance := dot(e, e)
	for k := 1; k <= lags; k++ {
		variance += 2 * (1 - float64(k)/float64(lags+1)) * dot(e[k:], e[:len(e)-k])
	}
	return eta / (n * variance)
}

// seasonalStrength is 1 - Var(remainder)/Var(seasonal + remainder), at least 0 (Wang, Smith & Hyndman 2006), after a
// classical decomposition: centred moving average, then the seasons' means.
func seasonalStrength(x []float64, period int) float64 {
	sums, counts := make([]float64, period), make([]float64, period)
	detrended := make([]float64, len(x))
	half := period / 2
	for t := range x {
		detrended[t] = math.NaN()
		if t < half || t+half >= len(x) {
			continue
		}
		trend, weight := 0.0, 0.0
		for k := -half; k <= half; k++ {
			w := 1.0
			if period%2 == 0 && abs(k) == half {
				w = 0.5
			}
			if v := x[t+k]; !math.IsNaN(v) {
				trend += w * v
				weight += w
			}
		}
		if v := x[t] - trend/weight; !math.IsNaN(v) {
			detrended[t] = v
			sums[t%period] += v
			counts[t%period]++
		}
	}
	total, left := 0.0, 0.0
	for t, v := range detrended {
		if !math.IsNaN(v) {
			r := v - sums[t%period]/counts[t%period]
			total += v * v
			left += r * r
		}
	}
	if total == 0 {
		return 0
	}
	return max(0, 1-left/total)
}
