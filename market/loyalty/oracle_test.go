package loyalty

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/souk-sim/souk/scenarios/data/shared"
)

// columns reads the named columns of a CSV file as numbers; a date is its day number.
func columns(t testing.TB, path string, names ...string) [][]float64 {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out := make([][]float64, len(names))
	for j, name := range names {
		for i, head := range rows[0] {
			if head != name {
				continue
			}
			for _, row := range rows[1:] {
				v, err := strconv.ParseFloat(row[i], 64)
				if err != nil {
					v = float64(day(t, row[i]))
				}
				out[j] = append(out[j], v)
			}
		}
		if out[j] == nil {
			t.Fatalf("%s has no column %s", path, name)
		}
	}
	return out
}

func day(t testing.TB, s string) int {
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		t.Fatal(err)
	}
	return int(d.Unix() / 86400)
}

// cdnow is the summary that the reference fits are on: weeks, two decimals.
func cdnow(t testing.TB) []Customer {
	c := columns(t, shared.Path(t, "data", "transactions", "cdnow_summary.csv"), "frequency", "recency", "T")
	var customers []Customer
	for i := range c[0] {
		customers = append(customers, Customer{Frequency: int(c[0][i]), Recency: c[1][i], T: c[2][i]})
	}
	return customers
}

// cdnowLog is the log the summary was made of, with its window: 39 weeks of observation and as many after.
func cdnowLog(t testing.TB) ([]Purchase, Window) {
	c := columns(t, shared.Path(t, "data", "transactions", "cdnow_sample.csv"), "sample_id", "date", "amount")
	var log []Purchase
	for i := range c[0] {
		log = append(log, Purchase{int(c[0][i]), int(c[1][i]), c[2][i]})
	}
	return log, Window{End: day(t, "1997-09-30"), HoldoutEnd: day(t, "1998-06-30"), Unit: 7}
}

type published struct {
	Params map[string]float64
	SE     map[string]float64
	LogLik float64
}

type reference struct {
	BGNBD struct {
		published
		Expected map[string]float64 `json:"expected_repeat_by_t"`
		Examples []struct {
			X        int
			Tx       float64 `json:"tx"`
			Length   float64 `json:"T"`
			Ahead    float64 `json:"t"`
			Expected float64
			Alive    float64 `json:"p_alive"`
		} `json:"conditional_examples"`
		Sum float64 `json:"sum_conditional_39w"`
	}
	ParetoNBD  published `json:"pareto_nbd"`
	GammaGamma struct {
		published
		Customers int `json:"n_customers"`
	} `json:"gamma_gamma"`
	Holdout struct {
		Calibration int `json:"calibration_repeat"`
		Actual      int `json:"actual_holdout_customer_days"`
	}
}

func oracle(t testing.TB) (r reference) {
	b, err := os.ReadFile(shared.Path(t, "oracle", "btyd_cdnow.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func near(t *testing.T, what string, got, want, relative float64) {
	t.Helper()
	if !(math.Abs(got-want) <= relative*math.Abs(want)) {
		t.Errorf("%s is %.12g, want %.12g to %g", what, got, want, relative)
	}
}

func (p published) agrees(t *testing.T, e *Estimates, values []float64) {
	t.Helper()
	for i, name := range e.Names {
		near(t, name, values[i], p.Params[name], 1e-6)
		near(t, "the standard error of "+name, e.SE[i], p.SE[name], 1e-5)
	}
	near(t, "the log-likelihood", e.LogLikelihood, p.LogLik, 1e-10)
	if !e.Converged || len(e.Warnings) > 0 {
		t.Errorf("converged %v with warnings %q", e.Converged, e.Warnings)
	}
}

// The published figures of Fader, Hardie & Lee (2005, table 2) are these, to their digits.
func TestBGNBDAgreesWithTheReferenceOnCDNOW(t *testing.T) {
	want, customers := oracle(t).BGNBD, cdnow(t)
	m, err := FitBGNBD(customers)
	if err != nil {
		t.Fatal(err)
	}
	want.agrees(t, m.Estimates, m.Parameters())
	p := want.Params
	m = &BGNBD{R: p["r"], Alpha: p["alpha"], A: p["a"], B: p["b"]}
	for at, v := range want.Expected {
		weeks, _ := strconv.ParseFloat(at, 64)
		near(t, "repeat purchases in "+at+" weeks", m.Expected(weeks), v, 1e-9)
	}
	for _, e := range want.Examples {
		c := Customer{Frequency: e.X, Recency: e.Tx, T: e.Length}
		near(t, "P(alive)", m.Alive(c), e.Alive, 1e-9)
		near(t, "purchases to come", m.Conditional(c, e.Ahead), e.Expected, 1e-9)
	}
	sum, loglik := 0.0, 0.0
	for _, c := range customers {
		sum += m.Conditional(c, 39)
		loglik += m.LogLikelihood(c)
	}
	near(t, "purchases of all in the 39 weeks to come", sum, want.Sum, 1e-9)
	near(t, "the sum of log-likelihoods", loglik, want.LogLik, 1e-11)
}

func TestParetoNBDAgreesWithTheReferenceOnCDNOW(t *testing.T) {
	want, customers := oracle(t).ParetoNBD, cdnow(t)
	m, err := FitParetoNBD(customers)
	if err != nil {
		t.Fatal(err)
	}
	want.agrees(t, m.Estimates, m.Parameters())
	loglik := 0.0
	for _, c := range customers {
		loglik += m.LogLikelihood(c)
	}
	near(t, "the sum of log-likelihoods", loglik, m.Estimates.LogLikelihood, 1e-11)
}

func TestGammaGammaAgreesWithTheReferenceOnCDNOWsLog(t *testing.T) {
	want := oracle(t)
	customers, err := Summarise(cdnowLog(t))
	if err != nil {
		t.Fatal(err)
	}
	repeats, holdout := 0, 0
	for _, c := range customers {
		repeats += c.Frequency
		holdout += c.Holdout
	}
	if repeats != want.Holdout.Calibration || holdout != want.Holdout.Actual {
		t.Errorf("%d repeat purchases and %d in the holdout, want %+v", repeats, holdout, want.Holdout)
	}
	m, err := FitGammaGamma(customers)
	if err != nil {
		t.Fatal(err)
	}
	want.GammaGamma.agrees(t, m.Estimates, m.Parameters())
	if m.Estimates.Customers != want.GammaGamma.Customers {
		t.Errorf("fitted on %d customers, want %d", m.Estimates.Customers, want.GammaGamma.Customers)
	}
}

// Fader, Hardie & Lee (2005, table 2) give χ² of 4.82 (p = .19) for the BG/NBD and 11.99 (p = .007) for the Pareto/NBD.
func TestFrequenciesAndForecastsOfCDNOWAreThePublishedOnes(t *testing.T) {
	customers, err := Summarise(cdnowLog(t))
	if err != nil {
		t.Fatal(err)
	}
	bg, err := FitBGNBD(customers)
	if err != nil {
		t.Fatal(err)
	}
	pareto, err := FitParetoNBD(customers)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		model     Model
		chiSquare float64
	}{{bg, 4.82}, {pareto, 11.99}} {
		table, err := Frequencies(c.model, customers)
		if err != nil {
			t.Fatal(err)
		}
		if table.Degrees != 3 || math.Abs(table.ChiSquare-c.chiSquare) > 0.006 {
			t.Errorf("%T: χ² of %.3f on %d degrees, want %v on 3", c.model, table.ChiSquare, table.Degrees, c.chiSquare)
		}
		f, err := HeldOut(c.model, customers, 39)
		if err != nil {
			t.Fatal(err)
		}
		if f.Actual != 1882 || math.Abs(f.Expected/1882-1) > 0.15 || f.RMSE > 0.8*f.Naive {
			t.Errorf("%T: %+v", c.model, f)
		}
	}
}
