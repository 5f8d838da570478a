package stats

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/souk-sim/souk/scenarios/data/shared"
	"gonum.org/v1/gonum/mat"
)

// reference is testdata/regression_reference.json, which regression_reference.py beside it writes and explains.
type reference struct {
	Week, Brand []int
	Y, W        []float64
	X, Z        [][]float64
	OLS         struct {
		Coef, SE  []float64
		R2, Sigma float64
		HC1       []float64 `json:"se_HC1"`
		Cluster   []float64 `json:"se_cluster_brand_week"`
	}
	DriscollKraay struct {
		Lag int
		SE  []float64
	} `json:"driscoll_kraay"`
	IV struct {
		Coef, SE, F  []float64
		ConditionalF []float64 `json:"conditional_F"`
		CraggDonald  float64   `json:"cragg_donald"`
	}
}

func loadReference(t *testing.T) reference {
	var r reference
	raw, err := os.ReadFile("testdata/regression_reference.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r reference) exogenous() *mat.Dense {
	x := mat.NewDense(len(r.Y), 2, nil)
	for i := range r.Y {
		x.SetRow(i, []float64{1, r.W[i]})
	}
	return x
}

func rows(v [][]float64) *mat.Dense {
	m := mat.NewDense(len(v), len(v[0]), nil)
	for i := range v {
		m.SetRow(i, v[i])
	}
	return m
}

func near(t *testing.T, what string, got, want []float64, relative float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range got {
		if !(math.Abs(got[i]-want[i]) <= relative*math.Abs(want[i])) {
			t.Errorf("%s[%d] = %.12g, want %.12g", what, i, got[i], want[i])
		}
	}
}

func TestOLSAndItsCovariancesAgreeWithStatsmodels(t *testing.T) {
	r := loadReference(t)
	fit, err := OLS(r.Y, beside(r.exogenous(), rows(r.X)), []string{"1", "w", "x1", "x2"})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "coefficients", fit.Coef, r.OLS.Coef, 1e-10)
	near(t, "classical", StandardErrors(fit.Classical()), r.OLS.SE, 1e-10)
	near(t, "R², σ", []float64{fit.R2, fit.Sigma}, []float64{r.OLS.R2, r.OLS.Sigma}, 1e-10)
	near(t, "HC1", StandardErrors(fit.White()), r.OLS.HC1, 1e-10)
	cluster, err := fit.Cluster(r.Week)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "cluster", StandardErrors(cluster), r.OLS.Cluster, 1e-10)
	kraay, err := fit.DriscollKraay(r.Week, r.DriscollKraay.Lag)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "Driscoll–Kraay", StandardErrors(kraay), r.DriscollKraay.SE, 1e-10)
}

func TestTwoStageLeastSquaresAgreesWithStatsmodels(t *testing.T) {
	r := loadReference(t)
	iv, err := TwoStageLeastSquares(r.Y, r.exogenous(), rows(r.X), rows(r.Z), []string{"1", "w", "x1", "x2", "z1", "z2", "z3"})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "coefficients", iv.Coef, r.IV.Coef, 1e-9)
	near(t, "classical", StandardErrors(iv.Classical()), r.IV.SE, 1e-9)
	near(t, "first-stage F", iv.FirstStageF, r.IV.F, 1e-9)
	near(t, "conditional F", iv.ConditionalF, r.IV.ConditionalF, 1e-9)
	near(t, "Cragg–Donald", []float64{iv.CraggDonald}, []float64{r.IV.CraggDonald}, 1e-9)
}

// TestRegressionsAgreeWithR compares with R 4.2.2 (sandwich 3.0.2, AER 1.2.10) on four published-data regressions of
// demand_regressions_R.json, whose spec strings the cases below spell out.
func TestRegressionsAgreeWithR(t *testing.T) {
	var doc struct {
		Models []struct {
			ID        string
			Coef, SE  json.RawMessage
			HC1       map[string]float64 `json:"se_HC1"`
			Sigma, R2 float64
			WeakF     float64 `json:"weak_instrument_F"`
		}
	}
	raw, err := os.ReadFile(shared.Path(t, "oracle/demand_regressions_R.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	tuna := columns(t, shared.Path(t, "data/store/tuna.csv"))
	juice := columns(t, shared.Path(t, "data/store/orangejuice.csv"))
	for _, m := range doc.Models {
		var coef, se map[string]float64
		switch m.ID {
		case "tuna_brand1_crossprice", "tuna_brand2_crossprice", "tuna_brand1_2SLS", "oj_brand1_storeFE_crossprice", "oj_store54_brand1":
			for into, from := range map[*map[string]float64]json.RawMessage{&coef: m.Coef, &se: m.SE} {
				if err := json.Unmarshal(from, into); err != nil {
					t.Fatal(err)
				}
			}
		}
		switch m.ID {
		case "tuna_brand1_crossprice", "tuna_brand2_crossprice":
			b := m.ID[len("tuna_brand") : len("tuna_brand")+1]
			names := []string{"(Intercept)", "LPRICE1", "LPRICE2", "LPRICE3", "LPRICE4", "LPRICE5", "LPRICE6", "LPRICE7", "NSALE" + b, "log(FULLCUST)"}
			cols := [][]float64{ones(len(tuna["WEEK"]))}
			for _, name := range names[1:9] {
				cols = append(cols, tuna[name])
			}
			cols = append(cols, logs(tuna["FULLCUST"]))
			compareWithR(t, m.ID, logs(tuna["MOVE"+b]), cols, names, coef, se, m.HC1, m.Sigma, m.R2)
		case "tuna_brand1_2SLS":
			n := len(tuna["WEEK"])
			iv, err := TwoStageLeastSquares(logs(tuna["MOVE1"]), dense([][]float64{ones(n), tuna["NSALE1"]}), dense([][]float64{tuna["LPRICE1"]}),
				dense([][]float64{tuna["LWHPRIC1"]}), []string{"(Intercept)", "NSALE1", "LPRICE1", "LWHPRIC1"})
			if err != nil {
				t.Fatal(err)
			}
			for i, name := range iv.Names {
				near(t, m.ID+" "+name, []float64{iv.Coef[i], StandardErrors(iv.Classical())[i]}, []float64{coef[name], se[name]}, 1e-6)
			}
			near(t, "σ, first-stage F", []float64{iv.Sigma, iv.FirstStageF[0]}, []float64{m.Sigma, m.WeakF}, 1e-6)
			near(t, "with one endogenous regressor all three statistics agree", []float64{iv.ConditionalF[0], iv.CraggDonald}, []float64{m.WeakF, m.WeakF}, 1e-6)
		case "oj_store54_brand1":
			y, cols := juiceStore(juice, 54, 1)
			compareWithR(t, m.ID, y, cols, []string{"(Intercept)", "lp", "lpo", "deal", "feat"}, coef, se, m.HC1, m.Sigma, m.R2)
		}
	}
}

func compareWithR(t *testing.T, id string, y []float64, cols [][]float64, names []string, coef, se, hc1 map[string]float64, sigma, r2 float64) {
	t.Helper()
	fit, err := OLS(y, dense(cols), names)
	if err != nil {
		t.Fatal(err)
	}
	classical, white := StandardErrors(fit.Classical()), StandardErrors(fit.White())
	for i, name := range names {
		near(t, id+" "+name, []float64{fit.Coef[i], classical[i], white[i]}, []float64{coef[name], se[name], hc1[name]}, 1e-6)
	}
	near(t, id+" σ, R²", []float64{fit.Sigma, fit.R2}, []float64{sigma, r2}, 1e-6)
}

// juiceStore builds logmove ~ lp + lpo + deal + feat for one brand in one store; lpo is the mean log price of the rest.
func juiceStore(c map[string][]float64, store, brand float64) ([]float64, [][]float64) {
	sum, count := map[float64]float64{}, map[float64]float64{}
	for i := range c["store"] {
		if c["store"][i] == store {
			sum[c["week"][i]] += math.Log(c["price_per_oz"][i])
			count[c["week"][i]]++
		}
	}
	var y []float64
	cols := make([][]float64, 5)
	for i := range c["store"] {
		if c["store"][i] != store || c["brand"][i] != brand {
			continue
		}
		lp, week := math.Log(c["price_per_oz"][i]), c["week"][i]
		y = append(y, c["logmove"][i])
		for j, v := range []float64{1, lp, (sum[week] - lp) / (count[week] - 1), c["deal"][i], c["feat"][i]} {
			cols[j] = append(cols[j], v)
		}
	}
	return y, cols
}

func records(t testing.TB, path string) [][]string {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// columns reads the named columns, or, without names, all.
func columns(t testing.TB, path string, names ...string) map[string][]float64 {
	records := records(t, path)
	out := map[string][]float64{}
	for j, name := range records[0] {
		if len(names) > 0 && !slices.Contains(names, name) {
			continue
		}
		for _, r := range records[1:] {
			v, err := strconv.ParseFloat(r[j], 64)
			if err != nil {
				t.Fatal(err)
			}
			out[name] = append(out[name], v)
		}
	}
	return out
}

func dense(cols [][]float64) *mat.Dense {
	m := mat.NewDense(len(cols[0]), len(cols), nil)
	for j, c := range cols {
		m.SetCol(j, c)
	}
	return m
}

func ones(n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = 1
	}
	return v
}

func logs(v []float64) []float64 {
	out := make([]float64, len(v))
	for i := range v {
		out[i] = math.Log(v[i])
	}
	return out
}

func TestRegressionsRefuseWhatTheyCannotFit(t *testing.T) {
	c := []float64{1, 1, 1, 1}
	x := []float64{1, 2, 3, 5}
	for name, run := range map[string]func() error{
		"collinear":    func() error { _, err := OLS(x, dense([][]float64{c, x, x}), []string{"c", "x", "x again"}); return err },
		"too few rows": func() error { _, err := OLS(x[:2], dense([][]float64{c[:2], x[:2]}), []string{"c", "x"}); return err },
		"not finite": func() error {
			_, err := OLS([]float64{1, 2, math.NaN(), 3}, dense([][]float64{c}), []string{"c"})
			return err
		},
		"rows that differ": func() error { _, err := OLS(x[:3], dense([][]float64{c}), []string{"c"}); return err },
		"too few instruments": func() error {
			_, err := TwoStageLeastSquares(x, dense([][]float64{c}), dense([][]float64{x, c}), dense([][]float64{x}), []string{"c", "a", "b", "z"})
			return err
		},
	} {
		if run() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
