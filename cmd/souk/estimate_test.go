package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/souk-sim/souk/scenarios/data/shared"
)

// estimated is the document of souk estimate arima --json; a pointer is nil where the document has null.
type estimated struct {
	Schema, Model string
	NUsed         int `json:"n_used"`
	N             int
	LogLik        float64
	Sigma2        float64
	AIC           float64
	AICc          *float64
	BIC           float64
	Converged     bool
	Warnings      []string
	Coefficients  []struct {
		Name     string
		Estimate float64
		SE       *float64
	}
	Forecast []struct {
		H                    int
		Mean, SE, Lo95, Hi95 float64
	}
	LjungBox struct {
		Lags      int
		Statistic float64
		PValue    *float64 `json:"p_value"`
	} `json:"ljung_box"`
	Trace []struct{ Model string }
}

func estimate(t *testing.T, args ...string) estimated {
	t.Helper()
	code, stdout, stderr := call(t, append([]string{"estimate", "arima", "--json"}, args...)...)
	var e estimated
	if err := json.Unmarshal([]byte(stdout), &e); code != exitDone || stderr != "" || err != nil || e.Schema != "souk/estimate/1" {
		t.Fatalf("%v: exit code %d, %v, %.300s%s", args, code, err, stdout, stderr)
	}
	return e
}

type oracleFit struct {
	ID, Dataset, Transform string
	Order, Seasonal        [3]int
	Period                 int
	Xreg                   []string
	NUsed                  int `json:"n_used"`
	Coef, SE               map[string]float64
	Sigma2, LogLik, AICc   float64
	AIC, BIC               float64
	ForecastMean           []float64 `json:"forecast_mean"`
	ForecastSE             []float64 `json:"forecast_se"`
}

// TestEveryFitOfTheOracleAgreesThroughTheCommandLine holds souk estimate arima --json against arima_exact.json (dense multivariate normal
// likelihood; see its README). The oracle keeps regressors as they are in the last period, as the command does when nothing is known of later ones.
func TestEveryFitOfTheOracleAgreesThroughTheCommandLine(t *testing.T) {
	var oracle struct{ Fits []oracleFit }
	text, err := os.ReadFile(shared.Path(t, "oracle", "arima_exact.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &oracle); err != nil {
		t.Fatal(err)
	}
	for _, want := range oracle.Fits {
		t.Run(want.ID, func(t *testing.T) {
			agrees(t, estimate(t, append(oracleData(t, want), oracleFlags(want)...)...), want)
		})
	}
}

func oracleFlags(want oracleFit) []string {
	list := func(o [3]int) string { return strings.ReplaceAll(strings.Trim(fmt.Sprint(o), "[]"), " ", ",") }
	args := []string{"--order", list(want.Order), "--horizon", strconv.Itoa(len(want.ForecastMean))}
	if want.Seasonal != [3]int{} {
		args = append(args, "--seasonal", list(want.Seasonal), "--period", strconv.Itoa(want.Period))
	}
	if want.Transform == "log" {
		args = append(args, "--transform", "log")
	}
	return args
}

// oracleData are the flags that read the series of a fit; two of them need a file of their own.
func oracleData(t *testing.T, want oracleFit) []string {
	if name, ok := strings.CutPrefix(want.Dataset, "sales_series:"); ok {
		return []string{"--data", shared.Path(t, "data", "series", "sales_series.csv"), "--id", "series", "--series", name, "--time", "week", "--y", "y",
			"--xreg", strings.Join(want.Xreg, ",")}
	}
	path := shared.Path(t, "data", "series", "series.csv")
	if want.Transform != "log10" && len(want.Xreg) == 0 {
		return []string{"--data", path, "--id", "series", "--series", want.Dataset, "--time", "time", "--y", "value"}
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	text := "value,year_minus_1920\n"
	for _, row := range rows[1:] {
		if row[0] != want.Dataset {
			continue
		}
		year, err := strconv.ParseFloat(row[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		v, err := strconv.ParseFloat(row[3], 64)
		if err != nil {
			t.Fatal(err)
		}
		if want.Transform == "log10" {
			v = math.Log10(v)
		}
		text += fmt.Sprintf("%v,%v\n", v, year-1920)
	}
	args := []string{"--data", written(t, text), "--y", "value"}
	if len(want.Xreg) > 0 {
		args = append(args, "--xreg", strings.Join(want.Xreg, ","))
	}
	return args
}

// written is a file with the text.
func written(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func agrees(t *testing.T, got estimated, want oracleFit) {
	if got.NUsed != want.NUsed || !got.Converged {
		t.Errorf("%d used, want %d; converged %v %q", got.NUsed, want.NUsed, got.Converged, got.Warnings)
	}
	gain := got.LogLik - want.LogLik
	if gain < -1e-5 {
		t.Fatalf("log-likelihood %.6f, oracle %.6f", got.LogLik, want.LogLik)
	}
	if gain > 1e-5 {
		t.Logf("log-likelihood %.6f, better than the oracle's %.6f", got.LogLik, want.LogLik)
		return
	}
	if math.Abs(got.AIC-want.AIC) > 1e-4 || math.Abs(*got.AICc-want.AICc) > 1e-4 || math.Abs(got.BIC-want.BIC) > 1e-4 || math.Abs(got.Sigma2/want.Sigma2-1) > 1e-3 {
		t.Errorf("AIC %v, AICc %v, BIC %v, sigma2 %v; oracle %v, %v, %v, %v", got.AIC, *got.AICc, got.BIC, got.Sigma2, want.AIC, want.AICc, want.BIC, want.Sigma2)
	}
	if len(got.Coefficients) != len(want.Coef) || len(got.Forecast) != len(want.ForecastMean) {
		t.Fatalf("%d coefficients and %d periods, oracle %d and %d", len(got.Coefficients), len(got.Forecast), len(want.Coef), len(want.ForecastMean))
	}
	worst := [4]float64{}
	for _, c := range got.Coefficients {
		worst[0] = max(worst[0], math.Abs(c.Estimate-want.Coef[c.Name])/want.SE[c.Name])
		worst[1] = max(worst[1], math.Abs(*c.SE/want.SE[c.Name]-1))
	}
	for i, f := range got.Forecast {
		worst[2] = max(worst[2], math.Abs(f.Mean-want.ForecastMean[i])/want.ForecastSE[i])
		worst[3] = max(worst[3], math.Abs(f.SE/want.ForecastSE[i]-1))
		if half := 1.959963984540054 * f.SE; f.H != i+1 || math.Abs(f.Lo95-f.Mean+half) > 1e-9*half || math.Abs(f.Hi95-f.Mean-half) > 1e-9*half {
			t.Errorf("step %d: %+v", i+1, f)
		}
	}
	for i, limit := range [4]float64{1e-2, 1e-2, 1e-3, 1e-4} {
		if !(worst[i] <= limit) {
			t.Errorf("worst deviations (coefficients in s.e., s.e. relative, forecast in s.e., forecast s.e. relative) %.2g, limit of [%d] %.2g", worst, i, limit)
		}
	}
}

// nile is the annual flow of the Nile at Aswan, 1871–1890 (Cobb 1978), with a regressor that is 1 from 1880 on.
func nile() (rows []string) {
	for i, v := range []int{1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180, 799, 958, 1140} {
		rows = append(rows, fmt.Sprintf("%d,%d,%d", 1871+i, v, i/9*(i%3)))
	}
	return rows
}

const nileHead = "year,flow,dam\n"

func TestAGapInTheTimesIsAMissingObservation(t *testing.T) {
	rows := nile()
	empty := slices.Clone(rows)
	empty[7] = "1878,,0"
	args := []string{"--y", "flow", "--time", "year", "--order", "1,0,0"}
	absent := estimate(t, append(args, "--data", written(t, nileHead+strings.Join(slices.Delete(slices.Clone(rows), 7, 8), "\n")+"\n"))...)
	blank := estimate(t, append(args, "--data", written(t, nileHead+strings.Join(empty, "\n")+"\n"))...)
	alone := "flow\n"
	for i, row := range rows {
		if i != 7 {
			alone += strings.Split(row, ",")[1]
		}
		alone += "\n"
	}
	if line := estimate(t, "--y", "flow", "--order", "1,0,0", "--data", written(t, alone)); line.N != 19 || line.LogLik != blank.LogLik {
		t.Errorf("an empty line: %+v", line)
	}
	if absent.N != 19 || absent.LogLik != blank.LogLik || absent.Forecast[0] != blank.Forecast[0] || len(blank.Forecast) != 24 {
		t.Errorf("absent %+v, empty %+v", absent, blank)
	}
}

func TestFutureRegressorsStandBelowTheLastValue(t *testing.T) {
	text := nileHead + strings.Join(nile(), "\n") + "\n"
	future := text + "1891,,0\n1892,,1\n1893,,0\n"
	args := []string{"--y", "flow", "--time", "year", "--order", "1,0,0", "--xreg", "dam"}
	given := estimate(t, append(args, "--data", written(t, future))...)
	if given.N != 20 || len(given.Forecast) != 3 || len(given.Warnings) != 0 {
		t.Errorf("%d values, %d periods, %q", given.N, len(given.Forecast), given.Warnings)
	}
	held := estimate(t, append(args, "--data", written(t, text), "--horizon", "3")...)
	if len(held.Forecast) != 3 || len(held.Warnings) != 1 || !strings.Contains(held.Warnings[0], "holds dam at the last period's values") {
		t.Errorf("%d periods, %q", len(held.Forecast), held.Warnings)
	}
	if held.LogLik != given.LogLik || held.Forecast[1].Mean == given.Forecast[1].Mean {
		t.Errorf("held %+v, given %+v", held.Forecast, given.Forecast)
	}
	if asked := estimate(t, append(args, "--data", written(t, text), "--future", "last", "--horizon", "3")...); len(asked.Warnings) != 0 || asked.Forecast[2] != held.Forecast[2] {
		t.Errorf("%q, %+v", asked.Warnings, asked.Forecast)
	}
	apart := estimate(t, append(args, "--data", written(t, text), "--future", written(t, "year,dam\n1892,1\n1891,0\n1893,0\n"))...)
	if len(apart.Warnings) != 0 || len(apart.Forecast) != 3 || apart.Forecast[1] != given.Forecast[1] {
		t.Errorf("from a file of their own %+v, %q", apart.Forecast, apart.Warnings)
	}
	code, stdout, stderr := call(t, append(append([]string{"estimate", "arima"}, args...), "--data", written(t, future), "--horizon", "4")...)
	complains(t, code, exitInvalid, stdout, stderr, "future dam", "3 periods after the last value, which is at 1890", "4, the horizon")
	code, stdout, stderr = call(t, append(append([]string{"estimate", "arima"}, args...), "--data", written(t, text+"1891,,0\n1892,,\n"))...)
	complains(t, code, exitInvalid, stdout, stderr, "future dam", "nothing at 1892")
}

func TestTheOrderIsChosenWithATrace(t *testing.T) {
	e := estimate(t, "--data", written(t, nileHead+strings.Join(nile(), "\n")+"\n"), "--y", "flow")
	if len(e.Trace) < 4 || !strings.HasPrefix(e.Model, "ARIMA(") {
		t.Errorf("%s, tried %v", e.Model, e.Trace)
	}
	code, page, stderr := call(t, "estimate", "arima", "--data", written(t, nileHead+strings.Join(nile(), "\n")+"\n"), "--y", "flow", "--time", "year", "--transform", "log")
	if code != exitDone || stderr != "" {
		t.Fatal(code, stderr)
	}
	for _, word := range []string{"of log flow", "tried", "AICc", "s.e.", "σ²", "Ljung–Box", "1891", "95% interval"} {
		if !strings.Contains(page, word) {
			t.Errorf("the page does not hold %q:\n%s", word, page)
		}
	}
	for line := range strings.Lines(page) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > 100 {
			t.Errorf("a line of %d columns: %s", n, line)
		}
	}
}

func TestPicturesGoWhereTheyAreAsked(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"nile.svg", "nile.png"} {
		call(t, "estimate", "arima", "--data", written(t, nileHead+strings.Join(nile(), "\n")+"\n"), "--y", "flow", "--order", "1,0,0", "--plot", filepath.Join(folder, name))
		for _, file := range []string{name, strings.Replace(name, ".", "-residuals.", 1)} {
			if text, err := os.ReadFile(filepath.Join(folder, file)); err != nil || len(text) < 1000 {
				t.Errorf("%s: %v, %d bytes", file, err, len(text))
			}
		}
	}
}
