package demand

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/souk-sim/souk/scenarios/data/shared"
)

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
		rows := records(t, shared.Path(t, "data", "series", "sales_series.csv"))
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
	for _, row := range records(t, shared.Path(t, "data", "series", "series.csv"))[1:] {
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
	data, err := os.ReadFile(shared.Path(t, "oracle", "arima_exact.json"))
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

// readOracle reads a file of the shared folder. Empty coefficient lists make some irregular; what the tests use is not.
func readOracle(t *testing.T, name string, into any) {
	data, err := os.ReadFile(shared.Path(t, "oracle", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

// autoOracle is a series of autoarima_R.json: forecast 8.20, exact likelihood.
type autoOracle struct {
	Series, Transform string
	Frequency         int
	KPSS              int      `json:"ndiffs_kpss"`
	ADF               int      `json:"ndiffs_adf"`
	Strength          int      `json:"nsdiffs_seas"`
	OCSB              int      `json:"nsdiffs_ocsb"`
	Stepwise          autoBest `json:"stepwise_exact"`
	Full              autoBest `json:"full_exact"`
}

type autoBest struct {
	Order, Seasonal [3]int
	AICc            float64
}

func autoOracles(t *testing.T) []autoOracle {
	var oracle struct{ Series []autoOracle }
	readOracle(t, "autoarima_R.json", &oracle)
	return oracle.Series
}

func (o autoOracle) series(t *testing.T) (s Series, period int) {
	s = oracleSeries(t, o.Series, nil)
	for i, y := range s.Values {
		switch o.Transform {
		case "log":
			s.Values[i] = math.Log(y)
		case "log10":
			s.Values[i] = math.Log10(y)
		}
	}
	return s, o.Frequency
}

// TestAutoIsNoWorseThanR compares with forecast::auto.arima, stepwise and full, at its differences: the AICc is at most
// 0.01 higher on every series. (R's diffuse prior makes its own AICc up to 0.006 too low.)
func TestAutoIsNoWorseThanR(t *testing.T) {
	for _, o := range autoOracles(t) {
		s, period := o.series(t)
		for _, full := range []bool{false, true} {
			want := o.Stepwise
			if full {
				want = o.Full
			}
			a := Auto{ARIMA: ARIMA{Period: period}, Differences: &[2]int{want.Order[1], want.Seasonal[1]}, Full: full, Workers: 2}
			if err := a.Fit(s); err != nil {
				t.Fatal(err)
			}
			compared := fmt.Sprintf("%s, full %v: %v%v with AICc %.4f, R has %v%v with %.4f", o.Series, full, a.Order, a.Seasonal, a.AICc,
				want.Order, want.Seasonal, want.AICc)
			if gain := want.AICc - a.AICc; gain < -0.01 {
				t.Error(compared)
			} else if gain > 0.01 {
				t.Log(compared)
			}
		}
	}
}

// TestDifferencesAreRs compares the numbers of differences with forecast::ndiffs and nsdiffs under each test, those that
// auto.arima goes by with its model, and prints where Auto takes another d in the end: the likelihood prefers a unit root.
func TestDifferencesAreRs(t *testing.T) {
	for _, o := range autoOracles(t) {
		s, period := o.series(t)
		for _, c := range []struct {
			root, season string
			period       int
			want         [2]int
		}{
			{"", "", period, [2]int{o.Stepwise.Order[1], o.Stepwise.Seasonal[1]}},
			{"kpss", "", 1, [2]int{o.KPSS, 0}},
			{"adf", "", 1, [2]int{o.ADF, 0}},
			{"", "strength", period, [2]int{-1, o.Strength}},
			{"", "ocsb", period, [2]int{-1, o.OCSB}},
		} {
			a := Auto{ARIMA: ARIMA{Period: c.period}, RootTest: c.root, SeasonTest: c.season}
			d, _, err := a.differences(s)
			if err != nil || d[1] != c.want[1] || d[0] != c.want[0] && c.want[0] >= 0 {
				t.Errorf("%s %s, tests %q and %q: differences %v %v, R chose %v", o.Series, o.Transform, c.root, c.season, d, err, c.want)
			}
		}
		a := Auto{ARIMA: ARIMA{Period: period}}
		if err := a.Fit(s); err != nil {
			t.Fatal(err)
		}
		if a.Order[1] != o.Stepwise.Order[1] || a.Seasonal[1] != o.Stepwise.Seasonal[1] {
			t.Logf("%s %s: %v%v, R chose d = %d, D = %d: the likelihood prefers a root next to 1", o.Series, o.Transform, a.Order, a.Seasonal,
				o.Stepwise.Order[1], o.Stepwise.Seasonal[1])
		}
	}
}

// TestTestsAgreeWithR compares the statistics of KPSS, ADF and Ljung–Box with urca and stats (ts_basics_R.json).
func TestTestsAgreeWithR(t *testing.T) {
	var basics struct {
		Series []struct {
			Series string
			KPSS   struct {
				Stat float64
				Lag  int
			} `json:"kpss_mu"`
			Trend float64                   `json:"kpss_tau_lag4"`
			ADF   float64                   `json:"ur_df_drift_lags2"`
			ADF4  struct{ Stat float64 }    `json:"adf_tseries_k4"`
			LB    struct{ Stat, P float64 } `json:"ljung_box_12"`
		}
	}
	readOracle(t, "ts_basics_R.json", &basics)
	for _, want := range basics.Series {
		x := oracleSeries(t, want.Series, nil).Values
		level, lb := KPSS(x, false, -1), ljungBox(x, 12, 0)
		for _, c := range []struct {
			name      string
			got, want float64
		}{
			{"KPSS", level.Statistic, want.KPSS.Stat},
			{"KPSS lags", float64(level.Lags), float64(want.KPSS.Lag)},
			{"KPSS with trend", KPSS(x, true, 4).Statistic, want.Trend},
			{"ADF", ADF(x, false, 2).Statistic, want.ADF},
			{"ADF with trend", ADF(x, true, 4).Statistic, want.ADF4.Stat},
			{"Ljung–Box", lb.Statistic, want.LB.Stat},
			{"Ljung–Box p", lb.PValue, want.LB.P},
		} {
			if math.Abs(c.got-c.want) > 1e-9*max(1, math.Abs(c.want)) {
				t.Errorf("%s: %s %v, R %v", want.Series, c.name, c.got, c.want)
			}
		}
	}
}
