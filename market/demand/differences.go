package demand

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
)

// differences chooses d and D by forecast::auto.arima's rules, on the residuals of a regression on the regressors, and gives
// those with the differences taken; where they are given it does not.
func (a *Auto) differences(s Series) (d [2]int, x []float64, err error) {
	if a.Differences != nil {
		return *a.Differences, nil, nil
	}
	needsSeason, needsFirst := seasonTests()[a.SeasonTest], rootTests()[a.RootTest]
	switch {
	case needsFirst == nil:
		return d, nil, field.New("root test", fmt.Sprintf("%q", a.RootTest), `"kpss" or "adf"`)
	case needsSeason == nil:
		return d, nil, field.New("season test", fmt.Sprintf("%q", a.SeasonTest), `"strength" or "ocsb"`)
	}
	flat := ARIMA{Transform: a.Transform}
	p, err := flat.prepare(s)
	if err != nil {
		return d, nil, err
	}
	x = append([]float64(nil), p.likelihood.cols[0]...)
	for t := range x {
		if math.IsNaN(p.y[p.from+t]) {
			x[t] = math.NaN()
		}
	}
	scale := norm(observedOf(x))
	if a.Period > 1 && len(x) > 2*a.Period && needsSeason(x, a.Period) {
		if dx := lagged(x, a.Period); len(observedOf(dx)) > 0 && !a.constantRegressor(s, 0, 1) {
			d[1], x = 1, dx
		}
	}
	x = observedOf(x)
	for d[0] < 2 && !steady(x, scale) && needsFirst(x) && !a.constantRegressor(s, d[0]+1, d[1]) {
		d[0]++
		x = lagged(x, 1)
	}
	return d, x, nil
}

// integrated reports whether the augmented Dickey–Fuller test, with Said & Dickey's (1984) cube root of lags, leaves room for a
// unit root.
func integrated(x []float64) bool {
	t := ADF(x, false, int(math.Cbrt(float64(len(x)))))
	return t.Statistic > t.Critical
}

// seasonTests say whether a series needs a seasonal difference.
func seasonTests() map[string]func(x []float64, period int) bool {
	strength := func(x []float64, period int) bool { return SeasonalStrength(x, period) > 0.64 }
	ocsb := func(x []float64, period int) bool { t := OCSB(x, period); return t.Statistic > t.Critical }
	return map[string]func(x []float64, period int) bool{"": strength, "strength": strength, "ocsb": ocsb}
}

// rootTests say whether a series needs a difference.
func rootTests() map[string]func(x []float64) bool {
	kpss := func(x []float64) bool { t := KPSS(x, false, -1); return t.Statistic > t.Critical }
	adf := func(x []float64) bool { t := ADF(x, false, 1); return t.Statistic > t.Critical }
	return map[string]func(x []float64) bool{"": kpss, "kpss": kpss, "adf": adf}
}

// steady reports whether x does not vary, beyond rounding: relative to its mean, and to the series it was made from.
func steady(x []float64, scale float64) bool {
	e := append([]float64(nil), x...)
	detrend(e, false)
	return len(x) < 2 || norm(e) <= 1e-8*norm(x) || norm(x) <= 1e-9*scale
}

// constantRegressor reports whether differences would leave a regressor without variation.
func (a *Auto) constantRegressor(s Series, d, seasonal int) bool {
	for _, r := range s.Regressors {
		x := r.Values[:len(s.Values)]
		before := norm(observedOf(x))
		for range seasonal {
			x = lagged(x, a.Period)
		}
		for range d {
			x = lagged(x, 1)
		}
		if steady(observedOf(x), before) {
			return true
		}
	}
	return false
}
