package journey

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
	return rows[1:]
}

func number(t testing.TB, s string) int {
	v, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

var categories = []string{"trousers", "skirts", "blouses", "sale"}

// eshop is the visits of the e-shop of 2008, in the order of their ids, and the arrivals of each day.
func eshop(t testing.TB) (visits [][]int, arrivals []float64) {
	last := -1
	for _, r := range records(t, shared.Path(t, "data", "clickstream", "eshop2008.csv")) {
		if id := number(t, r[5]); id != last {
			last = id
			day := time.Date(number(t, r[0]), time.Month(number(t, r[1])), number(t, r[2]), 0, 0, 0, 0, time.UTC)
			visits, arrivals = append(visits, nil), append(arrivals, float64(day.Unix()))
		}
		visits[len(visits)-1] = append(visits[len(visits)-1], number(t, r[6])-1)
	}
	return visits, arrivals
}

func lengthsOf(visits [][]int) []int {
	n := make([]int, len(visits))
	for i, v := range visits {
		n[i] = len(v)
	}
	return n
}

type eshopOracle struct {
	Fits   map[string]map[string]any
	Starts []float64     `json:"start_counts"`
	Next   [][]float64   `json:"transition_prob"`
	Counts [][]float64   `json:"transition_counts_rows_cat1_4_cols_cat1_4_exit"`
	Second [][][]float64 `json:"second_order_counts_prev0isStart_cur_next"`
	Order0 float64       `json:"loglik_order0"`
	Order1 float64       `json:"loglik_order1"`
	Order2 float64       `json:"loglik_order2"`
	Clicks float64       `json:"expected_clicks_from_order1_chain"`
	Daily  struct {
		Days      int `json:"n_days"`
		Mean, Var float64
		Index     float64 `json:"index_of_dispersion"`
	} `json:"daily_sessions"`
}

func read(t testing.TB, name string, v any) {
	b, err := os.ReadFile(shared.Path(t, "oracle", name))
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s is %.15g, want %.15g", what, got, want)
	}
}

// Reference: scipy 1.10.1's Nelder–Mead on the same likelihoods; its parameters hold to about 1e-5, its maxima to 1e-8.
func TestLengthLawsOfTheEshopAreTheReferences(t *testing.T) {
	var o eshopOracle
	read(t, "clickstream_eshop.json", &o)
	visits, _ := eshop(t)
	fits, err := CompareLengths(lengthsOf(visits))
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]string{Geometric: "geometric", LogSeries: "log_series", ShiftedNB: "shifted_negbin",
		ZeroTruncatedNB: "zero_truncated_negbin", DiscreteLogNormal: "discrete_lognormal"}
	for _, l := range fits {
		want := o.Fits[keys[l.Law]]
		loglik := want["loglik"].(float64)
		if e := l.Estimates; !e.Converged || e.LogLikelihood < loglik-1e-7 || e.LogLikelihood > loglik+1e-4 {
			t.Errorf("%s: log-likelihood %.9f, want %.9f: %+v", l.Law, e.LogLikelihood, loglik, e)
		}
		for _, p := range l.Parameters {
			near(t, l.Law+"'s "+p.Name, p.Estimate, want[p.Name].(float64), 2e-5*math.Abs(p.Estimate))
			if !(p.SE > 0) {
				t.Errorf("%s's %s has no standard error", l.Law, p.Name)
			}
		}
		total := 0.0
		for _, k := range lengthsOf(visits) {
			total += l.LogProbability(k)
		}
		near(t, l.Law+"'s log-likelihood by its probabilities", total, l.Estimates.LogLikelihood, 1e-6)
	}
	if fits[0].Law != ZeroTruncatedNB || fits[len(fits)-1].Law != Geometric {
		t.Errorf("%s wins and %s loses", fits[0].Law, fits[len(fits)-1].Law)
	}
}

func TestFunnelsOfTheEshopAreTheReferences(t *testing.T) {
	var o eshopOracle
	read(t, "clickstream_eshop.json", &o)
	visits, _ := eshop(t)
	fits, err := CompareOrders(categories, visits, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{o.Order0, o.Order1, o.Order2} {
		near(t, "log-likelihood of order "+strconv.Itoa(i), fits[i].LogLikelihood, want, 1e-6)
	}
	if fits[1].Degrees != 3*4 || fits[2].Degrees != 16*4 || *fits[2].PValue > 1e-100 || !(fits[2].BIC < fits[1].BIC && fits[1].BIC < fits[0].BIC) {
		t.Errorf("%+v", fits)
	}
	one, err := FitFunnel(categories, visits, nil, FunnelOptions{Order: 1})
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range one.Rows {
		near(t, "start", one.Start[i], o.Starts[i]/sum(o.Starts), 1e-15)
		if row.Clicks != int(sum(o.Counts[i])) {
			t.Errorf("%d clicks after %v", row.Clicks, row.After)
		}
		for j, p := range row.Next {
			near(t, "transition", p, o.Next[i][j], 1e-15)
		}
	}
	two, err := FitFunnel(categories, visits, nil, FunnelOptions{Order: 2})
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range two.Rows {
		want := o.Second[i/4][i%4]
		for j, p := range row.Next {
			near(t, "transition of order 2", p, want[j]/sum(want), 1e-15)
		}
	}
	zero, err := FitFunnel(categories, visits, nil, FunnelOptions{})
	if err != nil {
		t.Fatal(err)
	}
	// A chain of any order fitted by maximum likelihood expects as many clicks on each state as there were, and from order 1 on as many
	// visits that end with it; at order 0 leaving is as likely after any.
	clicks, ends := make([]float64, 4), make([]float64, 4)
	for _, v := range visits {
		ends[v[len(v)-1]] += 1 / float64(len(visits))
		for _, x := range v {
			clicks[x] += 1 / float64(len(visits))
		}
	}
	for _, f := range []*Funnel{zero, one, two} {
		expected, last, err := f.Visits()
		if err != nil {
			t.Fatal(err)
		}
		near(t, "expected clicks", sum(expected), o.Clicks, 1e-9)
		for x, v := range expected {
			if f.Order == 0 {
				near(t, "visits that end with "+categories[x], last[x], v/sum(expected), 1e-9)
				continue
			}
			near(t, "expected clicks on "+categories[x], v, clicks[x], 1e-9)
			near(t, "visits that end with "+categories[x], last[x], ends[x], 1e-9)
		}
	}
}

func TestDailySessionsOfTheEshopAreFarFromPoisson(t *testing.T) {
	var o eshopOracle
	read(t, "clickstream_eshop.json", &o)
	_, arrivals := eshop(t)
	days, err := Days(arrivals, 1)
	if err != nil {
		t.Fatal(err)
	}
	a, err := FitArrivals(days, ArrivalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	e := a.Estimates
	if e.N != o.Daily.Days {
		t.Errorf("%d days, want %d", e.N, o.Daily.Days)
	}
	near(t, "mean", e.Mean, o.Daily.Mean, 1e-10)
	near(t, "variance", e.Variance, o.Daily.Var, 1e-8)
	near(t, "index of dispersion", e.Dispersion, o.Daily.Index, 1e-10)
	if *e.PoissonPValue > 1e-100 || e.LogLikelihood < e.PoissonLogLik+100 || !(e.SizeSE > 0) {
		t.Errorf("%+v", e)
	}
}

func TestBasketsByWeekdayAndHourAreTheReferences(t *testing.T) {
	var o struct {
		Counts [7][24]float64 `json:"baskets_by_weekday_hour"`
		N      int            `json:"n_baskets"`
	}
	read(t, "completejourney_arrivals.json", &o)
	var arrivals []float64
	known := map[string]bool{}
	for _, r := range records(t, shared.Path(t, "data", "transactions", "completejourney_sample.csv")) {
		if at, err := time.Parse(time.DateTime, r[10]); err != nil {
			t.Fatal(err)
		} else if !known[r[2]] {
			known[r[2]] = true
			arrivals = append(arrivals, float64(at.Unix()))
		}
	}
	if len(arrivals) != o.N {
		t.Fatalf("%d baskets", len(arrivals))
	}
	days, err := Days(arrivals, 24)
	if err != nil {
		t.Fatal(err)
	}
	a, err := FitArrivals(days, ArrivalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for w, d := range a.Weekdays {
		for h, share := range d.Profile {
			near(t, "baskets of weekday "+strconv.Itoa(w)+", hour "+strconv.Itoa(h), share*d.Mean*float64(d.Days), o.Counts[w][h], 1e-8)
		}
	}
	t.Logf("size %.2f (%.2f), index %.2f, within weekdays %.2f", a.Size, a.Estimates.SizeSE, a.Estimates.Dispersion, a.Estimates.Within)
}
