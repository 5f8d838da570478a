package demand

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/souk-sim/souk/scenarios/data/shared"
)

// TestResidualsAreThoseOfR compares with the last six residuals of each fit of arima_R.json (stats::arima, residuals()), in
// innovation standard deviations. R stops its search early, by up to a thousandth of a standard error.
func TestResidualsAreThoseOfR(t *testing.T) {
	data, err := os.ReadFile(shared.Path(t, "oracle", "arima_R.json"))
	if err != nil {
		t.Fatal(err)
	}
	var oracle struct {
		Fits []struct {
			ID, Dataset, Transform string
			Order, Seasonal        [3]int
			Period                 float64 // a decade has a tenth
			Mean                   bool    `json:"include_mean"`
			Xreg                   any     // a name, or a list of them
			Polished               struct{ LogLik float64 }
			Last                   []*float64 `json:"residuals_last6"`
		}
	}
	if err := json.Unmarshal(data, &oracle); err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, want := range oracle.Fits {
		var xreg []string
		switch x := want.Xreg.(type) {
		case string:
			xreg = []string{x}
		case []any:
			for _, name := range x {
				xreg = append(xreg, name.(string))
			}
		}
		s := oracleSeries(t, want.Dataset, xreg)
		m := ARIMA{Order: want.Order, Seasonal: want.Seasonal, Period: int(want.Period), NoMean: !want.Mean}
		switch want.Transform {
		case "log":
			m.Transform = Log()
		case "log10":
			for i := range s.Values {
				s.Values[i] = math.Log10(s.Values[i])
			}
		}
		if err := m.Fit(s); err != nil {
			t.Fatal(want.ID, err)
		}
		sum, n := 0.0, 0
		for _, e := range m.Residuals {
			if !math.IsNaN(e) {
				sum += e * e
				n++
			}
		}
		if math.Abs(sum/float64(n)/m.Sigma2-1) > 1e-6 {
			t.Errorf("%s: mean squared residual %v, σ² %v", want.ID, sum/float64(n), m.Sigma2)
		}
		if math.Abs(m.LogLik-want.Polished.LogLik) > 1e-3 {
			continue // another optimum, or R's finite diffuse prior
		}
		for i, r := range want.Last {
			e := m.Residuals[len(m.Residuals)-len(want.Last)+i]
			if r == nil || math.IsNaN(e) {
				continue
			}
			compared++
			if math.Abs(e-*r) > 5e-3*math.Sqrt(m.Sigma2) {
				t.Errorf("%s: residual %d from the end %v, R %v", want.ID, len(want.Last)-i, e, *r)
			}
		}
	}
	t.Logf("%d residuals of %d fits compared", compared, len(oracle.Fits))
	if compared < 60 {
		t.Error("too few to say anything")
	}
}
