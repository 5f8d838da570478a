package demand

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// shared finds a file of the folder beside the repository, or skips.
func shared(t testing.TB, parts ...string) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if filepath.Dir(dir) == dir {
			t.Fatal("no go.mod above the package")
		}
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(append([]string{filepath.Dir(dir), "shared"}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s is not on this machine: the comparison with other software is left out", path)
	}
	return path
}

func records(t testing.TB, path string) [][]string {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func parse(t testing.TB, s string) float64 {
	if s == "" {
		return math.NaN()
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// oracleSeries reads a series and its regressors from the shared folder, as the oracle's data sets name them.
func oracleSeries(t testing.TB, dataset string, regressors []string) Series {
	const sales = "sales_series:"
	s := Series{Start: 1}
	if len(dataset) > len(sales) && dataset[:len(sales)] == sales {
		rows := records(t, shared(t, "data", "series", "sales_series.csv"))
		for _, name := range regressors {
			s.Regressors = append(s.Regressors, Regressor{Name: name})
		}
		for _, row := range rows[1:] {
			if row[0] != dataset[len(sales):] {
				continue
			}
			s.Values = append(s.Values, parse(t, row[3]))
			for i, name := range regressors {
				for c, head := range rows[0] {
					if head == name {
						s.Regressors[i].Values = append(s.Regressors[i].Values, parse(t, row[c]))
					}
				}
			}
		}
		return s
	}
	for _, row := range records(t, shared(t, "data", "series", "series.csv"))[1:] {
		if row[0] != dataset {
			continue
		}
		s.Values = append(s.Values, parse(t, row[3]))
		if len(regressors) == 1 && regressors[0] == "year_minus_1920" {
			if s.Regressors == nil {
				s.Regressors = []Regressor{{Name: regressors[0]}}
			}
			s.Regressors[0].Values = append(s.Regressors[0].Values, parse(t, row[2])-1920)
		}
	}
	return s
}

type oracleFit struct {
	ID, Dataset, Transform string
	Order, Seasonal        [3]int
	Period                 int
	Xreg                   []string
	NUsed                  int `json:"n_used"`
	Coef, SE               map[string]float64
	Sigma2, LogLik, AICc   float64
	ForecastMean           []float64 `json:"forecast_mean"`
	ForecastSE             []float64 `json:"forecast_se"`
}

// TestEveryFitAgreesWithTheExactOracle compares with arima_exact.json (dense multivariate normal likelihood, R 4.2.2
// and SciPy; see its README) to the tolerances of the project: log-likelihood no worse by more than 1e-5, coefficients
// within 1e-2 standard errors, standard errors within 1%, forecast means within 1e-3 of the forecast's standard error,
// forecast standard errors within 1e-4 relative.
func TestEveryFitAgreesWithTheExactOracle(t *testing.T) {
	var oracle struct{ Fits []oracleFit }
	data, err := os.ReadFile(shared(t, "oracle", "arima_exact.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &oracle); err != nil {
		t.Fatal(err)
	}
	for _, want := range oracle.Fits {
		t.Run(want.ID, func(t *testing.T) { agrees(t, oracleSeries(t, want.Dataset, want.Xreg), want) })
	}
}

// TestReferenceFitsAgree is the same on four fits that travel with the package; testdata/reference.json says where they
// come from.
func TestReferenceFitsAgree(t *testing.T) {
	var reference struct {
		Series map[string][]number
		Fits   []oracleFit
	}
	data, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &reference); err != nil {
		t.Fatal(err)
	}
	for _, want := range reference.Fits {
		t.Run(want.ID, func(t *testing.T) {
			agrees(t, Series{Start: 1, Values: floats(reference.Series[want.Dataset])}, want)
		})
	}
}

func agrees(t *testing.T, s Series, want oracleFit) {
	m := ARIMA{Order: want.Order, Seasonal: want.Seasonal, Period: want.Period}
	switch want.Transform {
	case "log":
		m.Transform = Log()
	case "log10":
		for i := range s.Values {
			s.Values[i] = math.Log10(s.Values[i])
		}
	}
	if err := m.Fit(s); err != nil {
		t.Fatal(err)
	}
	if m.NUsed != want.NUsed || !m.Converged {
		t.Errorf("%d used, want %d; converged %v %q", m.NUsed, want.NUsed, m.Converged, m.Warnings)
	}
	gain := m.LogLik - want.LogLik
	if gain < -1e-5 {
		t.Fatalf("log-likelihood %.6f, oracle %.6f", m.LogLik, want.LogLik)
	}
	if gain > 1e-5 {
		t.Logf("log-likelihood %.6f, better than the oracle's %.6f", m.LogLik, want.LogLik)
		return
	}
	worst := [4]float64{}
	for _, c := range m.Coefficients {
		worst[0] = max(worst[0], math.Abs(c.Estimate-want.Coef[c.Name])/want.SE[c.Name])
		worst[1] = max(worst[1], math.Abs(c.SE/want.SE[c.Name]-1))
	}
	h := len(want.ForecastMean)
	future := make([]Regressor, len(s.Regressors))
	for i, x := range s.Regressors {
		future[i] = Regressor{x.Name, make([]float64, h)}
		for j := range h {
			future[i].Values[j] = x.Values[len(x.Values)-1]
		}
	}
	f, err := m.Forecast(h, 0.95, future)
	if err != nil {
		t.Fatal(err)
	}
	for i := range h {
		worst[2] = max(worst[2], math.Abs(f.TransformedMean[i]-want.ForecastMean[i])/want.ForecastSE[i])
		worst[3] = max(worst[3], math.Abs(f.TransformedSE[i]/want.ForecastSE[i]-1))
	}
	for i, limit := range [4]float64{1e-2, 1e-2, 1e-3, 1e-4} {
		if !(worst[i] <= limit) {
			t.Errorf("worst deviations (coefficients in s.e., s.e. relative, forecast in s.e., forecast s.e. relative) %.2g, limit of [%d] %.2g",
				worst, i, limit)
		}
	}
	t.Logf("log-likelihood %+.1e from the oracle's; worst deviations %.1e", gain, worst)
}

// TestAutoIsNoWorseThanR compares with forecast::auto.arima 8.20 (stepwise, exact) at its differences: the AICc is at
// most 0.01 higher on every series. (R's diffuse prior makes its own AICc up to 0.006 too low.)
func TestAutoIsNoWorseThanR(t *testing.T) {
	var oracle struct {
		Series []struct {
			Series, Transform string
			Frequency         int
			Stepwise          struct {
				Order, Seasonal [3]int
				AICc            float64
			} `json:"stepwise_exact"`
		}
	}
	data, err := os.ReadFile(shared(t, "oracle", "autoarima_R.json"))
	if err != nil {
		t.Fatal(err)
	}
	// Empty coefficient lists make the rest of the file irregular; what is used here is not.
	if err := json.Unmarshal(data, &oracle); err != nil {
		t.Fatal(err)
	}
	for _, want := range oracle.Series {
		s := oracleSeries(t, want.Series, nil)
		a := Auto{Differences: &[2]int{want.Stepwise.Order[1], want.Stepwise.Seasonal[1]}}
		if want.Frequency > 1 {
			a.Period = want.Frequency
		}
		switch want.Transform {
		case "log":
			a.Transform = Log()
		case "log10":
			for i := range s.Values {
				s.Values[i] = math.Log10(s.Values[i])
			}
		}
		free := Auto{ARIMA: ARIMA{Period: a.Period, Transform: a.Transform}}
		if d, err := free.differences(s); err != nil || d[1] != a.Differences[1] || d[0] != a.Differences[0] {
			t.Errorf("%s: differences %v %v, R chose %v", want.Series, d, err, *a.Differences)
		}
		if err := a.Fit(s); err != nil {
			t.Fatal(err)
		}
		if gain := want.Stepwise.AICc - a.AICc; gain < -0.01 {
			t.Errorf("%s: %v%v with AICc %.4f, R has %v%v with %.4f", want.Series, a.Order, a.Seasonal, a.AICc,
				want.Stepwise.Order, want.Stepwise.Seasonal, want.Stepwise.AICc)
		} else if gain > 0.01 {
			t.Logf("%s: %v%v with AICc %.4f, R has %v%v with %.4f", want.Series, a.Order, a.Seasonal, a.AICc,
				want.Stepwise.Order, want.Stepwise.Seasonal, want.Stepwise.AICc)
		}
	}
}

// TestTestsAgreeWithR compares the KPSS and Ljung–Box statistics with urca and stats (ts_basics_R.json, arima_R.json).
func TestTestsAgreeWithR(t *testing.T) {
	var basics struct {
		Series []struct {
			Series string
			KPSS   struct{ Stat float64 }    `json:"kpss_mu"`
			LB     struct{ Stat, P float64 } `json:"ljung_box_12"`
		}
	}
	data, err := os.ReadFile(shared(t, "oracle", "ts_basics_R.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &basics); err != nil {
		t.Fatal(err)
	}
	for _, want := range basics.Series {
		x := oracleSeries(t, want.Series, nil).Values
		if got := kpss(x); math.Abs(got/want.KPSS.Stat-1) > 1e-9 {
			t.Errorf("%s: KPSS %v, R %v", want.Series, got, want.KPSS.Stat)
		}
		got := ljungBox(x, 12, 0)
		if math.Abs(got.Statistic/want.LB.Stat-1) > 1e-9 || math.Abs(got.PValue-want.LB.P) > 1e-9 {
			t.Errorf("%s: Ljung–Box %v, R %v", want.Series, got, want.LB)
		}
	}
}
