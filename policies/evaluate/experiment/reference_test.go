package experiment

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/souk-sim/souk/results/stats"
)

// references are values of R with the calls that made them (testdata/reference.R).
func references(t *testing.T) func(name string) []float64 {
	t.Helper()
	raw, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	return func(name string) []float64 {
		var r struct{ Values []float64 }
		if err := json.Unmarshal(all[name], &r); err != nil || len(r.Values) == 0 {
			t.Fatalf("%s: %v", name, err)
		}
		return r.Values
	}
}

// table is testdata/reference.csv by column.
func table(t *testing.T) (columns map[string][]string, n int) {
	t.Helper()
	file, err := os.Open("testdata/reference.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	all, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	columns = map[string][]string{}
	for j, name := range all[0] {
		for _, row := range all[1:] {
			columns[name] = append(columns[name], row[j])
		}
	}
	return columns, len(all) - 1
}

func numbers(texts []string) []float64 {
	x := make([]float64, len(texts))
	for i, text := range texts {
		x[i], _ = strconv.ParseFloat(text, 64)
	}
	return x
}

func codes(texts, names []string) []int32 {
	x := make([]int32, len(texts))
	for i, text := range texts {
		x[i] = int32(slices.Index(names, text))
	}
	return x
}

// experimentOf takes the rows of some arms.
func experimentOf(t *testing.T, armColumn string, arms []string, metrics func(number func(string) []float64) []Metric) *Rows {
	columns, _ := table(t)
	var keep []int
	for i, arm := range columns[armColumn] {
		if slices.Contains(arms, arm) {
			keep = append(keep, i)
		}
	}
	pick := func(name string) (texts []string) {
		for _, i := range keep {
			texts = append(texts, columns[name][i])
		}
		return texts
	}
	r := &Rows{Arms: arms, Arm: codes(pick(armColumn), arms), Metrics: metrics(func(name string) []float64 { return numbers(pick(name)) })}
	for i := range r.Arm {
		r.Unit = append(r.Unit, int32(i))
	}
	r.Units = len(r.Unit)
	r.Strata = []string{"x", "y", "z"}
	r.Stratum = codes(pick("stratum"), r.Strata)
	return r
}

func near(t *testing.T, what string, got, want, relative float64) {
	t.Helper()
	if math.Abs(got-want) > relative*math.Max(math.Abs(want), 1e-12) {
		t.Errorf("%s: %.12g, R has %.12g", what, got, want)
	}
}

func analysed(t *testing.T, r *Rows, o Options) *Report {
	t.Helper()
	report, err := Analyse(r, o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestEffectsAreThoseOfR(t *testing.T) {
	want := references(t)
	plain := experimentOf(t, "arm", []string{"a", "b", "c"}, func(of func(string) []float64) []Metric {
		return []Metric{{Name: "revenue", Numerator: of("revenue")}, {Name: "conversion", Numerator: of("orders"), Denominator: of("visits")}}
	})
	plain.Stratum = nil
	report := analysed(t, plain, Options{Shares: []float64{.4, .35, .25}})
	near(t, "χ²", report.Imbalance.ChiSquare, want("srm")[0], 1e-10)
	near(t, "p of the sample ratio", report.Imbalance.P, want("srm")[1], 1e-10)
	e := report.Metrics[0].Effects[0]
	for i, got := range []float64{e.Difference.Value, e.Difference.Low, e.Difference.High, e.Degrees, e.P} {
		near(t, "Welch", got, want("welch")[i], 1e-9)
	}
	for i, e := range report.Metrics[0].Effects {
		near(t, "Holm", e.Holm, want("holm")[i], 1e-9)
	}
	e = report.Metrics[1].Effects[0]
	for i, got := range []float64{e.Control, e.Treatment, e.Difference.StandardError} {
		near(t, "delta method", got, want("delta")[i], 1e-9)
	}

	cuped := experimentOf(t, "arm", []string{"a", "b"}, func(of func(string) []float64) []Metric {
		return []Metric{{Name: "revenue", Numerator: of("revenue"), Before: of("pre")}}
	})
	strata := *cuped
	cuped.Stratum = nil
	e = analysed(t, cuped, Options{}).Metrics[0].Effects[0]
	for i, got := range []float64{e.Difference.Value, e.Difference.Low, e.Difference.High, e.Degrees, e.P} {
		near(t, "CUPED", got, want("cuped")[i], 1e-9)
	}
	strata.Metrics = []Metric{{Name: "revenue", Numerator: cuped.Metrics[0].Numerator}}
	e = analysed(t, &strata, Options{}).Metrics[0].Effects[0]
	near(t, "post-stratified difference", e.Difference.Value, want("strata")[0], 1e-9)
	near(t, "its standard error", e.Difference.StandardError, want("strata")[1], 1e-9)

	zero := experimentOf(t, "arm", []string{"a", "b"}, func(of func(string) []float64) []Metric {
		basket, orders := of("revenue"), of("orders")
		for i, d := range orders {
			if d == 0 {
				basket[i] = 0
			}
		}
		return []Metric{{Name: "basket", Numerator: basket, Denominator: orders, Before: of("pre")}}
	})
	strata = *zero
	zero.Stratum = nil
	e = analysed(t, zero, Options{}).Metrics[0].Effects[0]
	near(t, "CUPED of a ratio with zeros below", e.Difference.Value, want("cupedzero")[0], 1e-9)
	near(t, "its standard error", e.Difference.StandardError, want("cupedzero")[1], 1e-9)
	strata.Metrics = []Metric{{Name: "basket", Numerator: zero.Metrics[0].Numerator, Denominator: zero.Metrics[0].Denominator}}
	e = analysed(t, &strata, Options{}).Metrics[0].Effects[0]
	near(t, "post-stratified ratio with zeros below", e.Difference.Value, want("stratazero")[0], 1e-9)
	near(t, "its standard error", e.Difference.StandardError, want("stratazero")[1], 1e-9)

	clusters := experimentOf(t, "carm", []string{"a", "b"}, func(of func(string) []float64) []Metric { return []Metric{{Name: "revenue", Numerator: of("revenue")}} })
	columns, _ := table(t)
	clusters.Stratum, clusters.Clustered, clusters.Units = nil, true, 24
	for i, c := range numbers(columns["cluster"]) {
		clusters.Unit[i] = int32(c) - 1
	}
	e = analysed(t, clusters, Options{}).Metrics[0].Effects[0]
	near(t, "difference of clusters", e.Difference.Value, want("jackknife")[0], 1e-9)
	near(t, "jackknife", e.Difference.StandardError, want("jackknife")[1], 1e-9)
	if e.Degrees > 22 {
		t.Errorf("24 clusters leave %.1f degrees of freedom", e.Degrees)
	}
}

func TestManyTestsAreCorrectedAsRDoes(t *testing.T) {
	want := references(t)
	p := []float64{.001, .2, .03, .04, .04, .9, .012}
	for i := range p {
		near(t, "Holm", stats.Holm(p)[i], want("holm7")[i], 1e-11)
		near(t, "Benjamini–Hochberg", stats.BenjaminiHochberg(p)[i], want("bh7")[i], 1e-11)
	}
}

func TestPowerIsThatOfR(t *testing.T) {
	want := references(t)
	one := Design{ControlSD: 1, TreatmentSD: 1, Alpha: .05}
	near(t, "power", one.Power(.5, 50, 50), want("power")[0], 1e-7)
	near(t, "power of few", Design{ControlSD: .9, TreatmentSD: .9, Alpha: .05}.Power(1.1, 12, 12), want("power")[1], 1e-7)
	near(t, "power of many", one.Power(.05, 2000, 2000), want("power")[2], 1e-7)
	n, err := one.Units(.25, .8, .5)
	if err != nil || n != math.Ceil(2*want("size")[0]) {
		t.Errorf("%v units in all, %v; R asks for %v in each arm", n, err, want("size")[0])
	}
	d, err := Design{ControlSD: 2, TreatmentSD: 2, Alpha: .05}.Detectable(.9, 400, 400)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "detectable difference", d, want("size")[1], 1e-6)
}

// TestBoundariesAreThoseOfR, by another integration; they are the numbers of gsDesign's sfLDOF (4.877, 3.357, 2.680, 2.290, 2.031).
func TestBoundariesAreThoseOfR(t *testing.T) {
	want := references(t)
	fifths := []float64{.2, .4, .6, .8, 1}
	for _, c := range []struct {
		name   string
		shares []float64
	}{{"lan5", fifths}, {"lanuneven", []float64{.2, .5, .6, 1}}} {
		got, err := spendingBoundary(c.shares, .05)
		if err != nil {
			t.Fatal(err)
		}
		for k := range got {
			near(t, c.name, got[k], want(c.name)[k], 5e-6)
		}
	}
}
