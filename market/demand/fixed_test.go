package demand

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
)

// TestFixedCoefficientsAgreeWithR: the values are from R 4.2.2,
// arima(x, order, seasonal, xreg, fixed = , transform.pars = FALSE, method = "ML", optim.control = list(reltol = 1e-14)),
// whose optimiser and numerical Hessian are good to about 1e-4 of a standard error and of themselves.
func TestFixedCoefficientsAgreeWithR(t *testing.T) {
	for _, c := range []struct {
		name     string
		m        ARIMA
		estimate map[string][2]float64 // of the free ones, with standard errors
		logLik   float64
		aic      float64
	}{
		{"lh", ARIMA{Order: [3]int{3, 0, 0}, Fixed: map[string]float64{"ar2": 0}},
			map[string][2]float64{"ar1": {0.6137283, 0.113048}, "ar3": {-0.2512136, 0.115704}, "intercept": {2.3927214, 0.096532}}, -27.1646255, 62.329251},
		{"lh", ARIMA{Order: [3]int{1, 0, 1}, Fixed: map[string]float64{"ma1": 0.3, "intercept": 2.4}},
			map[string][2]float64{"ar1": {0.3709605, 0.132863}}, -28.9507896, 61.901579},
		{"LakeHuron", ARIMA{Order: [3]int{2, 0, 0}, Fixed: map[string]float64{"year_minus_1920": -0.02}},
			map[string][2]float64{"ar1": {1.0055611, 0.097562}, "ar2": {-0.2902325, 0.100195}, "intercept": {579.0943274, 0.236999}}, -101.2168238, 210.433648},
		{"AirPassengers", ARIMA{Order: [3]int{0, 1, 3}, Seasonal: [3]int{0, 1, 1}, Period: 12, Transform: Log(), Fixed: map[string]float64{"ma2": 0, "sma1": -0.5}},
			map[string][2]float64{"ma1": {-0.3863525, 0.077655}, "ma3": {-0.1346447, 0.081889}}, 245.7761398, -485.552280},
	} {
		var x []string
		if c.name == "LakeHuron" {
			x = []string{"year_minus_1920"}
		}
		m := c.m
		if err := m.Fit(oracleSeries(t, c.name, x)); err != nil {
			t.Fatal(c.name, err)
		}
		limit := 1e-5
		if m.Order[1] > 0 {
			limit = 4e-3 // R's diffuse prior has a finite variance
		}
		if math.Abs(m.LogLik-c.logLik) > limit || math.Abs(m.AIC-c.aic) > 2*limit || !m.Converged {
			t.Errorf("%s: log-likelihood %.7f, AIC %.6f, R has %.7f and %.6f; %q", c.name, m.LogLik, m.AIC, c.logLik, c.aic, m.Warnings)
		}
		for _, got := range m.Coefficients {
			if v, fixed := c.m.Fixed[got.Name]; fixed {
				if got.Estimate != v || got.SE != 0 {
					t.Errorf("%s: fixed %s is %v (%v), want %v (0)", c.name, got.Name, got.Estimate, got.SE, v)
				}
			} else if want := c.estimate[got.Name]; math.Abs(got.Estimate-want[0]) > 2e-3*want[1] || math.Abs(got.SE/want[1]-1) > 2e-3 {
				t.Errorf("%s: %s is %.6f (%.6f), R has %v", c.name, got.Name, got.Estimate, got.SE, want)
			}
		}
		data, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		var back ARIMA
		if err := json.Unmarshal(data, &back); err != nil || !reflect.DeepEqual(back.Fixed, m.Fixed) {
			t.Errorf("%s: fixed %v came back as %v (%v)", c.name, m.Fixed, back.Fixed, err)
		}
	}
}

// TestFixingEverythingAtTheEstimatesChangesNothing, with a regressor, a drift and missing values.
func TestFixingEverythingAtTheEstimatesChangesNothing(t *testing.T) {
	m, s := example(t)
	all := ARIMA{Order: m.Order, Seasonal: m.Seasonal, Period: m.Period, Transform: m.Transform, Drift: true, Fixed: map[string]float64{}}
	for _, c := range m.Coefficients {
		all.Fixed[c.Name] = c.Estimate
	}
	if err := all.Fit(s); err != nil {
		t.Fatal(err)
	}
	if math.Abs(all.LogLik-m.LogLik) > 1e-6 || math.Abs(all.Sigma2/m.Sigma2-1) > 1e-6 || math.Abs(all.AIC+2*all.LogLik-2) > 1e-9 {
		t.Errorf("log-likelihood %v, σ² %v, AIC %v; estimated %v, %v", all.LogLik, all.Sigma2, all.AIC, m.LogLik, m.Sigma2)
	}
	future := []Regressor{Pulse("deal", 180, 5)}
	a, _ := m.Forecast(5, 0.9, future)
	b, err := all.Forecast(5, 0.9, future)
	if err != nil || math.Abs(a.Mean[4]/b.Mean[4]-1) > 1e-6 {
		t.Errorf("forecasts %v and %v (%v)", a.Mean, b, err)
	}
}

func TestUnusableFixedCoefficientsAreRefused(t *testing.T) {
	for want, fixed := range map[string]map[string]float64{
		"fixed ar2":                 {"ar2": 0.5},
		"fixed ar1":                 {"ar1": math.NaN()},
		"stationary and invertible": {"ar1": 1.2},
		"invertible":                {"ma1": -1.5, "ar1": 0.2},
	} {
		m := ARIMA{Order: [3]int{1, 0, 1}, Fixed: fixed}
		if err := m.Fit(Series{Values: normals(6, 50)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want one with %q", fixed, err, want)
		}
	}
}
