package main

import (
	"bytes"
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
	"time"

	"github.com/souk-sim/souk/market/loyalty"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/data/shared"
	"github.com/souk-sim/souk/scenarios/estimators"
	"github.com/souk-sim/souk/sim/rng"
)

// loyal is the document of souk estimate --json of a model of when customers come back, or of what they spend.
type loyal struct {
	Schema, Model string
	N             int
	LogLik        float64
	Coefficients  []struct {
		Name         string
		Estimate, SE float64
	}
	Converged   bool
	Warnings    []string
	HeldOut     map[string]float64              `json:"held_out"`
	Expected    []struct{ T, Expected float64 } `json:"expected_repeat_by_t"`
	Conditional struct{ Horizon, Sum, Mean float64 }
	Alive       struct {
		Mean    float64
		Deciles []float64
	} `json:"p_alive"`
	Frequencies struct {
		Rows []struct {
			Observed int
			Expected float64
		}
	}
	Holdout *struct {
		Actual   int
		Expected float64
	}
	Example *struct {
		Expected float64
		Alive    float64 `json:"p_alive"`
	}
	Correlation float64 `json:"correlation_of_frequency_and_spend"`
	SpendLogLik float64 `json:"gamma_gamma_loglik"`
	Value       float64
	Groups      []struct {
		Frequency string
		Customers int
		Mean      float64 `json:"mean_value"`
		Share     float64 `json:"share_of_value"`
	}
}

func estimateKind[T any](t *testing.T, kind string, args ...string) (e T) {
	t.Helper()
	code, stdout, stderr := call(t, append([]string{"estimate", kind, "--json", "--quiet"}, args...)...)
	if err := json.Unmarshal([]byte(stdout), &e); code != exitDone || stderr != "" || err != nil || !strings.HasPrefix(stdout, "{\n  \"schema\": \"souk/estimate/1\"") {
		t.Fatalf("%s %v: exit code %d, %v, %.300s%s", kind, args, code, err, stdout, stderr)
	}
	return e
}

// close holds a figure against another to a relative tolerance.
func closeTo(t *testing.T, what string, got, want, relative float64) {
	t.Helper()
	if !(math.Abs(got-want) <= relative*math.Abs(want)) {
		t.Errorf("%s is %.12g, want %.12g", what, got, want)
	}
}

func oracle(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(shared.Path(t, "oracle", name))
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

type oracleLaw struct {
	Params, SE map[string]float64
	LogLik     float64
}

type btyd struct {
	BGNBD struct {
		oracleLaw
		Expected map[string]float64 `json:"expected_repeat_by_t"`
		Examples []struct {
			X        int
			Recency  float64 `json:"tx"`
			Length   float64 `json:"T"`
			Ahead    float64 `json:"t"`
			Expected float64
			Alive    float64 `json:"p_alive"`
		} `json:"conditional_examples"`
		Sum float64 `json:"sum_conditional_39w"`
	}
	ParetoNBD  oracleLaw `json:"pareto_nbd"`
	GammaGamma struct {
		oracleLaw
		N int `json:"n_customers"`
	} `json:"gamma_gamma"`
	Holdout struct {
		Actual int `json:"actual_holdout_customer_days"`
	}
}

// is holds a fit against the oracle's: software of other people, to tolerances of the log-likelihood, the parameters and the standard errors.
func (l *loyal) is(t *testing.T, want oracleLaw, loglik, parameters, errors float64) {
	t.Helper()
	if math.Abs(l.LogLik-want.LogLik) > loglik || !l.Converged {
		t.Errorf("log-likelihood %.9f, want %.9f; converged: %v", l.LogLik, want.LogLik, l.Converged)
	}
	for _, c := range l.Coefficients {
		if value, known := want.Params[c.Name]; known {
			closeTo(t, c.Name, c.Estimate, value, parameters)
			closeTo(t, "se of "+c.Name, c.SE, want.SE[c.Name], errors)
		}
	}
	if len(l.Coefficients) < len(want.Params) {
		t.Errorf("%d coefficients", len(l.Coefficients))
	}
}

func TestCDNOWsModelsAreTheReferencesThroughTheCommandLine(t *testing.T) {
	var want btyd
	oracle(t, "btyd_cdnow.json", &want)
	summary := []string{"--data", shared.Path(t, "data", "transactions", "cdnow_summary.csv"), "--horizon", "39"}
	log := []string{"--data", shared.Path(t, "data", "transactions", "cdnow_sample.csv"), "--customer", "sample_id", "--until", "1997-09-30"}

	bg := estimateKind[loyal](t, "bgnbd", summary...)
	bg.is(t, want.BGNBD.oracleLaw, 1e-6, 1e-6, 1e-4)
	for _, e := range bg.Expected {
		closeTo(t, fmt.Sprintf("purchases by week %v", e.T), e.Expected, want.BGNBD.Expected[strconv.Itoa(int(e.T))], 1e-6)
	}
	if bg.N != 2357 || len(bg.Expected) != len(want.BGNBD.Expected) || len(bg.Alive.Deciles) != 9 || bg.HeldOut != nil {
		t.Errorf("%+v", bg)
	}
	closeTo(t, "purchases of all in 39 weeks", bg.Conditional.Sum, want.BGNBD.Sum, 1e-6)
	for _, x := range want.BGNBD.Examples {
		ask := fmt.Sprintf("%d,%v,%v", x.X, x.Recency, x.Length)
		e := estimateKind[loyal](t, "bgnbd", append(summary[:2:2], "--horizon", fmt.Sprint(x.Ahead), "--example", ask)...)
		closeTo(t, ask+" is alive", e.Example.Alive, x.Alive, 1e-5)
		closeTo(t, "what "+ask+" buys", e.Example.Expected, x.Expected, 1e-5)
	}
	pareto := estimateKind[loyal](t, "pareto-nbd", summary...)
	pareto.is(t, want.ParetoNBD, 1e-6, 1e-6, 1e-4)

	// The summary has weeks to two decimals, of which the log's are not rounded: the likelihoods are 4e-3 apart.
	bg = estimateKind[loyal](t, "bgnbd", log...)
	bg.is(t, want.BGNBD.oracleLaw, 5e-3, 1e-4, 1e-3)
	if bg.N != 2357 || bg.Holdout.Actual != want.Holdout.Actual || bg.HeldOut["purchases"] != float64(want.Holdout.Actual) || bg.HeldOut["weeks"] != 39 {
		t.Errorf("held out %+v, %v", bg.Holdout, bg.HeldOut)
	}
	closeTo(t, "purchases held out", bg.Holdout.Expected, want.BGNBD.Sum, 1e-4)
	pareto = estimateKind[loyal](t, "pareto-nbd", log...)
	pareto.is(t, want.ParetoNBD, 5e-3, 1e-3, 1e-2)

	spend := estimateKind[loyal](t, "gamma-gamma", log...)
	spend.is(t, want.GammaGamma.oracleLaw, 1e-6, 1e-5, 1e-4)
	if spend.N != want.GammaGamma.N {
		t.Errorf("%d customers", spend.N)
	}
	value := estimateKind[loyal](t, "lifetime-value", log...)
	value.is(t, want.BGNBD.oracleLaw, 5e-3, 1e-4, 1e-3)
	value.is(t, oracleLaw{want.GammaGamma.Params, want.GammaGamma.SE, value.LogLik}, 0, 1e-5, 1e-4)
	closeTo(t, "log-likelihood of the spend", value.SpendLogLik, want.GammaGamma.LogLik, 1e-9)
	all, share := 0, 0.0
	for i, g := range value.Groups {
		all, share = all+g.Customers, share+g.Share
		if i > 0 && g.Mean <= value.Groups[i-1].Mean {
			t.Errorf("who came back more often is worth less: %+v", value.Groups)
		}
	}
	if all != 2357 || math.Abs(share-1) > 1e-9 || len(value.Groups) != 5 {
		t.Errorf("%+v", value.Groups)
	}
}

// shop is a log of a year of customers whose ids nobody should see, drawn from the models, in no order.
func shop(n int) string {
	m, spend := &loyalty.BGNBD{R: 0.5, Alpha: 3, A: 0.8, B: 2.5}, &loyalty.GammaGamma{P: 6.25, Q: 3.74, Gamma: 15.44}
	families := rng.New(1, 0)
	visits, money := families.Family("visits"), families.Family("money")
	lines := []string{}
	for i := range n {
		stream, purse := visits.At(uint64(i)), money.At(uint64(i))
		shopper, spender := m.Draw(&stream), spend.Draw(&purse)
		first := true
		for week := float64(i%26) + 0.5; week < 52; first = false {
			day := time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(7*week)).Format(time.DateOnly)
			lines = append(lines, fmt.Sprintf("jane.doe+%04d@secret.example,%s,%.2f\n", i, day, 0.01+spender.Spend(&purse)))
			week += shopper.Return(&stream, 1, first)
		}
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[len(a)-4:]+a, b[len(b)-4:]+b) })
	return "customer,date,amount\n" + strings.Join(lines, "")
}

// TestNoCustomerIsNamedByWhatIsToldOfCustomers plants ids and looks for them wherever the commands write.
func TestNoCustomerIsNamedByWhatIsToldOfCustomers(t *testing.T) {
	t.Chdir(t.TempDir())
	write := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("log.csv", shop(200))
	write("bad.csv", shop(50)+"jane.doe+9999@secret.example,jane.doe+9999@secret.example,3\n")
	write("key", "0123456789abcdef0123\n")
	write("other", "another secret, as long as it must be")
	for _, kind := range []string{"bgnbd", "pareto-nbd", "gamma-gamma", "lifetime-value"} {
		for _, file := range []string{"log.csv", "bad.csv"} {
			for _, more := range [][]string{nil, {"--json"}, {"--until", "2023-08-01", "--customers", "out.csv", "--key-file", "key", "--model", "m.json"}} {
				code, stdout, stderr := call(t, slices.Concat([]string{"estimate", kind, "--data", file}, more)...)
				if (code == exitDone) != (file == "log.csv") || code != exitDone && code != exitInvalid {
					t.Errorf("%s %s %v: exit code %d, %s", kind, file, more, code, stderr)
				}
				texts := stdout + stderr
				for _, name := range []string{"out.csv", "m.json"} {
					text, _ := os.ReadFile(name)
					texts += string(text)
				}
				if strings.Contains(texts, "jane") || strings.Contains(texts, "secret") {
					t.Errorf("%s %s %v names a customer", kind, file, more)
				}
			}
		}
	}
	pseudonyms := func(args ...string) (names, lines []string) {
		code, _, stderr := call(t, append([]string{"estimate", "bgnbd", "--data", "log.csv", "--customers", "people.csv"}, args...)...)
		text, err := os.ReadFile("people.csv")
		if code != exitDone || err != nil {
			t.Fatal(code, stderr, err)
		}
		rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows[1:] {
			names, lines = append(names, r[0]), append(lines, strings.Join(r[len(r)-5:], ","))
		}
		if want := "frequency,recency,T,p_alive,expected"; strings.Join(rows[0][len(rows[0])-5:], ",") != want {
			t.Errorf("columns %v", rows[0])
		}
		return names, lines
	}
	first, rows := pseudonyms("--key-file", "key")
	again, _ := pseudonyms("--key-file", "key")
	others, _ := pseudonyms("--key-file", "other")
	_, without := pseudonyms()
	if !slices.Equal(first, again) || slices.Equal(first, others) || len(first[0]) != 16 || len(first) != 200 {
		t.Errorf("pseudonyms %v and %v, with another key %v", first[0], again[0], others[0])
	}
	slices.Sort(rows)
	slices.Sort(without)
	if !slices.Equal(rows, without) {
		t.Error("the key changes what is told of customers")
	}
}

// TestModelsOfCustomersLoadAgain holds the file of --model against the document of --json.
func TestModelsOfCustomersLoadAgain(t *testing.T) {
	log, folder := written(t, shop(300)), t.TempDir()
	for _, kind := range []string{"bgnbd", "pareto-nbd", "gamma-gamma", "lifetime-value"} {
		path := filepath.Join(folder, kind+".json")
		e := estimateKind[loyal](t, kind, "--data", log, "--model", path)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		m, spend, err := loyalty.Load(text)
		if err != nil {
			t.Fatal(kind, err)
		}
		var values []float64
		if m != nil {
			values = m.Parameters()
		}
		if spend, ok := spend.(*loyalty.GammaGamma); ok {
			values = append(values, spend.Parameters()...)
		}
		for i, c := range e.Coefficients {
			if values[i] != c.Estimate {
				t.Errorf("%s: %s is %v in the file, %v in the document", kind, c.Name, values[i], c.Estimate)
			}
		}
	}
}

// TestOtherPeoplesNamesOfSummariesAreKnown: R's BTYD, Python's lifetimes, and days in place of weeks.
func TestOtherPeoplesNamesOfSummariesAreKnown(t *testing.T) {
	rows := "1,2,30.43,38.86,22.35,1\n2,1,1.71,38.86,11.77,0\n3,0,0,38.86,0,0\n4,0,0,38.86,0,0\n5,3,24,35,50,2\n6,7,29.43,38.86,73,8\n"
	var first loyal
	for i, head := range []string{"cust,x,t.x,T.cal,m.x,x.star", "id,frequency_cal,recency_cal,T_cal,monetary_value_cal,frequency_holdout",
		"customer_id,Frequency,RECENCY,T,monetary_value,holdout"} {
		e := estimateKind[loyal](t, "bgnbd", "--data", written(t, head+"\n"+rows), "--horizon", "39")
		if i == 0 {
			first = e
		}
		if e.LogLik != first.LogLik || e.Holdout.Actual != 11 {
			t.Errorf("%s: log-likelihood %v, not %v; held out %+v", head, e.LogLik, first.LogLik, e.Holdout)
		}
	}
	log := written(t, shop(300))
	weeks, days := estimateKind[loyal](t, "bgnbd", "--data", log), estimateKind[loyal](t, "bgnbd", "--data", log, "--unit", "day")
	closeTo(t, "alpha in days", days.Coefficients[1].Estimate, 7*weeks.Coefficients[1].Estimate, 1e-4)
	closeTo(t, "repeat purchases by the same day", days.Expected[3].Expected, weeks.Expected[3].Expected, 1e-4)
	// Half of the year held out, by its share and by its day; a share of the customers of a summary.
	share, until := estimateKind[loyal](t, "bgnbd", "--data", log, "--held-out", "0.5"), estimateKind[loyal](t, "bgnbd", "--data", log, "--until", "2023-06-30")
	if share.HeldOut["weeks"] < 24 || share.HeldOut["weeks"] > 28 || math.Abs(share.HeldOut["weeks"]-until.HeldOut["weeks"]) > 2 || until.Holdout.Actual == 0 {
		t.Errorf("%v and %v", share.HeldOut, until.HeldOut)
	}
	e := estimateKind[loyal](t, "bgnbd", "--data", shared.Path(t, "data", "transactions", "cdnow_summary.csv"), "--held-out", "0.25")
	if e.N != 2357-589 || e.HeldOut["customers"] != 589 || math.Abs(e.HeldOut["repeat_purchases"]/e.HeldOut["expected"]-1) > 0.25 {
		t.Errorf("%d customers; held out %v", e.N, e.HeldOut)
	}
}

// TestBadCustomersGetOneClearLine asks for what the data do not tell.
func TestBadCustomersGetOneClearLine(t *testing.T) {
	const head = "customer,frequency,recency,T\n"
	for _, c := range []struct {
		name, kind, text string
		flags            []string
		code             int
		parts            []string
	}{
		{"0 customers", "bgnbd", head, nil, exitInvalid, []string{"header only"}},
		{"1 customer", "bgnbd", head + "7,2,3,9\n", nil, exitInvalid, []string{"found 1", "at least two"}},
		{"all bought once", "bgnbd", head + "7,0,0,9\n8,0,0,7\n", nil, exitInvalid, []string{"no repeat purchase", "r and alpha are not identified"}},
		{"all bought once, log", "pareto-nbd", "customer,date,amount\n7,2024-01-01,3\n8,2024-01-05,3\n", nil, exitInvalid, []string{"no repeat purchase", "r and alpha"}},
		{"recency above T", "bgnbd", head + "7,2,3,9\n8,2,9,7\n", []string{"--repair", "refuse"}, exitInvalid, []string{":3: recency", "a time above T", "within the time"}},
		{"no frequency", "bgnbd", head + "7,2,3,9\n8,,1,7\n", []string{"--repair", "refuse"}, exitInvalid, []string{":3: frequency", "nothing"}},
		{"half a purchase", "bgnbd", head + "7,2,3,9\n8,1.5,1,7\n", []string{"--repair", "refuse"}, exitInvalid, []string{":3: frequency", "a fraction"}},
		{"text for a number", "bgnbd", head + "7,2,3,9\n8,many,1,7\n", nil, exitInvalid, []string{":3: frequency", "a finite number"}},
		{"text for money", "gamma-gamma", "customer,date,amount\n7,2024-01-01,much\n", nil, exitInvalid, []string{":2: amount", "a finite number"}},
		{"no money", "gamma-gamma", head + "7,2,3,9\n8,2,3,9\n", nil, exitInvalid, []string{"spent something", "at least two"}},
		{"no column of customers", "bgnbd", "who,date,amount\n7,2024-01-01,3\n", nil, exitInvalid, []string{"customer", "--columns customer=NAME"}},
		{"no such column", "bgnbd", "who,date,amount\n7,2024-01-01,3\n", []string{"--customer", "whom"}, exitInvalid, []string{"whom", `"who"`}},
		{"all before the clock", "bgnbd", "customer,date,amount\n7,1970-01-01,3\n7,1969-02-01,3\n", nil, exitInvalid, []string{"no row that can serve", "impossible"}},
		{"until before the log", "bgnbd", shop(20), []string{"--until", "2022-01-01"}, exitUsage, []string{"--until", "2022-01-01", "2023-"}},
		{"until is no day", "bgnbd", shop(20), []string{"--until", "autumn"}, exitUsage, []string{"--until", "autumn"}},
		{"until of a summary", "bgnbd", head + "7,2,3,9\n", []string{"--until", "1997-09-30"}, exitUsage, []string{"--until", "log of purchases"}},
		{"another unit", "bgnbd", shop(20), []string{"--unit", "fortnight"}, exitUsage, []string{"--unit", "day,week"}},
		{"no horizon", "bgnbd", shop(20), []string{"--horizon", "0"}, exitUsage, []string{"--horizon"}},
		{"half an example", "bgnbd", shop(20), []string{"--example", "2,3"}, exitUsage, []string{"--example", "recency"}},
		{"a time below 0", "bgnbd", shop(20), []string{"--times", "1,-2"}, exitUsage, []string{"--times", "-2"}},
		{"a key for nothing", "bgnbd", shop(20), []string{"--key-file", "k"}, exitUsage, []string{"--key-file", "customers"}},
		{"no key", "bgnbd", shop(20), []string{"--customers", "c.csv", "--key-file", "nowhere"}, exitInvalid, []string{"nowhere", "no such file"}},
		{"a margin of nothing", "lifetime-value", shop(20), []string{"--margin", "0"}, exitUsage, []string{"--margin"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, stdout, stderr := call(t, append([]string{"estimate", c.kind, "--data", written(t, c.text)}, c.flags...)...)
			complains(t, code, c.code, stdout, stderr, c.parts...)
		})
	}
}

// TestDoubtfulCustomersAreLeftOutAndCounted: what cannot be is left out and told, and an order of rows does not matter.
func TestDoubtfulCustomersAreLeftOutAndCounted(t *testing.T) {
	const rows = "7,2,3,9\n8,1,2,7\n9,0,0,8\n10,3,8,9\n"
	whole := estimateKind[loyal](t, "bgnbd", "--data", written(t, "customer,frequency,recency,T\n"+rows))
	e := estimateKind[loyal](t, "bgnbd", "--data", written(t, "customer,frequency,recency,T\n"+rows+"11,2,9,7\n12,,1,1\n"))
	if e.N != 4 || e.LogLik != whole.LogLik || !slices.ContainsFunc(e.Warnings, func(w string) bool { return strings.Contains(w, "recency: impossible value: 1 row (6)") }) {
		t.Errorf("%d customers, %v", e.N, e.Warnings)
	}
	lines := strings.SplitAfter(strings.TrimSuffix(shop(100), "\n"), "\n")
	lines[len(lines)-1] += "\n"
	sorted := slices.Clone(lines[1:])
	slices.Sort(sorted)
	a, b := estimateKind[loyal](t, "lifetime-value", "--data", written(t, strings.Join(lines, ""))), estimateKind[loyal](t, "lifetime-value", "--data",
		written(t, lines[0]+strings.Join(sorted, "")+"jane.doe+0001@secret.example,1970-01-01,9\n"))
	if a.N != b.N || math.Abs(a.LogLik-b.LogLik) > 1e-9 || math.Abs(a.Value/b.Value-1) > 1e-9 {
		t.Errorf("%v and %v", a, b)
	}
	if !slices.ContainsFunc(b.Warnings, func(w string) bool { return strings.Contains(w, "date: impossible value: 1 row") }) {
		t.Errorf("a clock that was never set: %v", b.Warnings)
	}
}

// TestModelsByHand are those of a scenario without logs.
func TestModelsByHand(t *testing.T) {
	row := func(values ...float64) []any {
		var all []any
		for _, v := range values {
			all = append(all, v)
		}
		return all
	}
	for _, c := range []struct {
		kind  string
		given map[string]any
		wrong string // "" is right
	}{
		{"bgnbd", map[string]any{"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, ""},
		{"bgnbd", map[string]any{"r": -0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, "r"},
		{"pareto-nbd", map[string]any{"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}, ""},
		{"gamma-gamma", map[string]any{"p": 6.25, "q": 3.74, "gamma": 15.44}, ""},
		{"lifetime-value", map[string]any{"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426, "p": 6.25, "q": 3.74, "gamma": 15.44}, ""},
		{"lifetime-value", map[string]any{"r": 0.243, "alpha": 4.414, "p": 6.25, "q": 3.74, "gamma": 15.44}, "parameters"},
		{"funnel", map[string]any{"states": []any{"list", "view"}, "start": row(1, 0), "next": map[string]any{"list": row(0.2, 0.3, 0.5), "view": row(0.5, 0, 0.5)}}, ""},
		{"funnel", map[string]any{"states": []any{"list", "view"}, "start": row(1, 0), "next": map[string]any{"list": row(0.2, 0.3, 0.5)}}, "next.view"},
		{"lengths", map[string]any{"law": "zero-truncated-negative-binomial", "values": map[string]any{"size": 0.38, "mu": 4.2}}, ""},
		{"lengths", map[string]any{"law": "zero-truncated-negative-binomial", "values": map[string]any{"size": 0.38}}, "parameters"},
		{"dwell", map[string]any{"law": "weibull", "values": map[string]any{"shape": 0.7, "scale": 60.0}}, ""},
		{"clicks", map[string]any{"examined": row(1, 0.6, 0.3), "attractiveness": row(0.2, 0.1)}, ""},
		{"arrivals", map[string]any{"mean": row(100), "profile": row(0.25, 0.25, 0.4, 0.1), "size": 20.0}, ""},
		{"arrivals", map[string]any{"mean": row(100, 90), "profile": row(1)}, "mean"},
	} {
		kinds := estimators.Kinds()
		e := kinds[slices.IndexFunc(kinds, func(k estimators.Kind) bool { return k.Name == c.kind })].New().(estimators.ByHand)
		if m, err := e.Given(); m != nil || err != nil {
			t.Errorf("%s: %v and %v without parameters", c.kind, m, err)
		}
		c.given["provenance"] = "a test"
		if err := scenarios.Fill(e, map[string]any{"parameters": c.given}); err != nil {
			t.Fatal(c.kind, err)
		}
		m, err := e.Given()
		if c.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%s of %v: %v", c.kind, c.given, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(c.kind, err)
		}
		if text, err := json.Marshal(m); err != nil || !bytes.Contains(text, []byte("souk.")) {
			t.Errorf("%s: %s, %v", c.kind, text, err)
		}
	}
}
