package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/souk-sim/souk/sim/rng"
)

// example are the flags that read the air passengers of docs/examples.
func example(more ...string) []string {
	return append([]string{"--data", filepath.Join("..", "..", "docs", "examples", "air-passengers.csv"), "--y", "passengers", "--time", "month"}, more...)
}

// TestExamplesOfEstimateAndForecastRun runs what their help shows of the files of a clone, from its root.
func TestExamplesOfEstimateAndForecastRun(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for _, data := range []string{filepath.Join("docs", "examples"), filepath.Join("scenarios", "data")} {
		if err := os.CopyFS(filepath.Join(folder, data), os.DirFS(filepath.Join(root, data))); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(folder)
	ran := 0
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		for line := range strings.Lines(strings.ReplaceAll(cmd.Example, "\\\n", " ") + "\n") {
			if !strings.Contains(line, "--data docs/examples/") && !strings.Contains(line, "--data scenarios/data/") {
				continue // the user's own file
			}
			ran++
			line = strings.ReplaceAll(line, "'", "") // as a shell does
			if code, stdout, stderr := call(t, append(strings.Fields(line)[1:], "--quiet")...); code != exitDone || stdout == "" {
				t.Errorf("%s: exit code %d, %s", line, code, stderr)
			}
		}
		for _, c := range cmd.Commands() {
			walk(c)
		}
	}
	walk((&app{}).estimate())
	walk((&app{}).forecast())
	if ran < 10 {
		t.Errorf("%d examples", ran)
	}
}

func TestCoefficientsAreHeldWhereTheyAreFixed(t *testing.T) {
	var e struct {
		LogLik       float64
		Coefficients []struct {
			Name     string
			Estimate float64
			SE       *float64
			Fixed    bool
		}
	}
	args := append([]string{"estimate", "arima"}, example("--transform", "log", "--order", "0,1,2", "--seasonal", "0,1,1", "--period", "12", "--fix", "ma1=-0.4,ma2=0")...)
	code, stdout, stderr := call(t, append(args, "--json")...)
	if err := json.Unmarshal([]byte(stdout), &e); code != exitDone || err != nil {
		t.Fatal(code, err, stderr)
	}
	if c := e.Coefficients; len(c) != 3 || !c[0].Fixed || c[0].Estimate != -0.4 || *c[0].SE != 0 || !c[1].Fixed || c[1].Estimate != 0 || c[2].Fixed || !(*c[2].SE > 0) {
		t.Errorf("%s", stdout)
	}
	if free := 244.6965; !(e.LogLik < free && e.LogLik > free-0.01) { // of ma1 -0.4018
		t.Errorf("log-likelihood %v", e.LogLik)
	}
	if _, page, _ := call(t, args...); strings.Count(page, "fixed") != 2 {
		t.Error(page)
	}
	for fix, says := range map[string]string{"ar1=1": "no such coefficient", "ma1": "ar1=0.5", "ma1=x": "ar1=0.5", "ma1=1,ma1=2": "twice"} {
		code, stdout, stderr := call(t, append([]string{"estimate", "arima", "--order", "0,1,1", "--fix", fix}, example()...)...)
		complains(t, code, exitUsage, stdout, stderr, "--fix", says)
	}
	code, stdout, stderr = call(t, append([]string{"estimate", "arima", "--fix", "ma1=0"}, example()...)...)
	complains(t, code, exitUsage, stdout, stderr, "--fix", "--order")
}

// TestTheBoxCoxPowerIsGuerreros holds λ against R's forecast::BoxCox.lambda(AirPassengers), version 8.20: -0.2947156.
func TestTheBoxCoxPowerIsGuerreros(t *testing.T) {
	const want = -0.2947156
	for _, command := range [][]string{{"estimate", "arima", "--order", "0,1,1"}, {"forecast", "--models", "ets", "--backtest", "2"}} {
		args := append(command, example("--transform", "box-cox", "--horizon", "2")...)
		var e struct {
			Lambda float64
			Models []struct{ Fitted string }
		}
		code, stdout, stderr := call(t, append(args, "--json")...)
		if err := json.Unmarshal([]byte(stdout), &e); code != exitDone || err != nil || math.Abs(e.Lambda-want) > 1e-4 {
			t.Errorf("%v: exit code %d, %v, λ %v, %s", args, code, err, e.Lambda, stderr)
		}
		if _, page, _ := call(t, args...); !strings.Contains(page, "-0.2947") {
			t.Error(page)
		}
	}
}

// TestIntervalsComeFromWhereTheyAreAsked: those of ETS(A,A,A) are its own and gaussian alike; simulated ones are near; conformal ones are others; and
// the back-test scores the same.
func TestIntervalsComeFromWhereTheyAreAsked(t *testing.T) {
	type answer struct {
		Intervals string
		Models    []struct {
			Forecast []struct{ Median, Lo, Hi float64 }
		}
		Backtest struct {
			Models []struct {
				Overall struct{ MASE, Pinball float64 }
			}
		}
	}
	var own answer
	for _, kind := range []string{"", "gaussian", "simulated", "conformal"} {
		var a answer
		code, stdout, stderr := call(t, append([]string{"forecast", "--json", "--models", "ets", "--backtest", "2", "--intervals", kind, "--horizon", "3", "--transform", "log"}, example()...)...)
		if err := json.Unmarshal([]byte(stdout), &a); code != exitDone || err != nil || a.Intervals != kind {
			t.Fatal(kind, code, err, a.Intervals, stderr)
		}
		if kind == "" {
			own = a
		}
		for i, f := range a.Models[0].Forecast {
			o := own.Models[0].Forecast[i]
			off := max(math.Abs(f.Lo-o.Lo), math.Abs(f.Hi-o.Hi)) / (o.Hi - o.Lo)
			if f.Median != o.Median || !(f.Lo < f.Median && f.Median < f.Hi) || kind == "gaussian" && off > 1e-9 || kind == "simulated" && (off > 0.1 || off == 0) || kind == "conformal" && off < 1e-6 {
				t.Errorf("%s: %+v, own %+v", kind, f, o)
			}
		}
		o, b := own.Backtest.Models[0].Overall, a.Backtest.Models[0].Overall
		if b.MASE != o.MASE || (kind == "simulated" || kind == "conformal") == (math.Abs(b.Pinball-o.Pinball) < 1e-9) {
			t.Errorf("%q: back-test %+v, own %+v", kind, b, o)
		}
	}
	code, stdout, stderr := call(t, append([]string{"forecast", "--intervals", "bayes"}, example()...)...)
	complains(t, code, exitUsage, stdout, stderr, "--intervals", `"bayes"`, "conformal")
}

// soldOut is demand around 50 in n weeks, cut short by a stock of 50.
func soldOut(n int, id string) (rows string, demand, sales float64, periods int) {
	stream := rng.New(1, 0).Family("sold out").At(uint64(len(id)))
	for w := range n {
		d := 50 + 10*stream.Normal()
		demand += d / float64(n)
		out := 0
		if d >= 50 {
			d, out, periods = 50, 1, periods+1
		}
		sales += d / float64(n)
		rows += fmt.Sprintf("%s,%d,%v,%d\n", id, w+1, d, out)
	}
	return rows, demand, sales, periods
}

// TestSalesCutShortBecomeDemand: of 400 normal values of which half are hidden the mean's standard error is about 0.7; 4 of them is a false alarm in 16,000.
func TestSalesCutShortBecomeDemand(t *testing.T) {
	rows, demand, sales, periods := soldOut(400, "a")
	data := written(t, "shop,week,units,empty\n"+rows)
	type told struct {
		Periods, Observed int
		By                string
		Sales             float64 `json:"mean_sales"`
		Demand            float64 `json:"mean_demand"`
	}
	for _, by := range []string{"", "normal"} {
		for _, command := range []string{"estimate|arima|--order|1,0,0", "forecast|--models|naive|--backtest|2"} {
			var doc struct{ Unconstrained told }
			args := append(strings.Split(command, "|"), "--data", data, "--y", "units", "--sold-out", "empty", "--horizon", "2")
			want := "tobit"
			if by != "" {
				args, want = append(args, "--unconstrain", by), by
			}
			code, stdout, stderr := call(t, append(args, "--json")...)
			u := &doc.Unconstrained
			if err := json.Unmarshal([]byte(stdout), &doc); code != exitDone || err != nil {
				t.Fatal(code, err, stderr)
			}
			if u.By != want || u.Periods != periods || u.Observed != 400 || math.Abs(u.Sales-sales) > 1e-9 || math.Abs(u.Demand-demand) > 2.8 || u.Demand < sales+2 {
				t.Errorf("%v: %+v, want %d periods and a mean from %v to %v", args, u, periods, sales, demand)
			}
			if _, _, stderr := call(t, args...); !strings.Contains(stderr, fmt.Sprintf("%d of 400 periods were sold out", periods)) {
				t.Errorf("%v: %s", args, stderr)
			}
		}
	}
	for flags, says := range map[string]string{"--unconstrain normal": "--sold-out", "--sold-out empty --unconstrain em": "tobit"} {
		code, stdout, stderr := call(t, append([]string{"forecast", "--data", data, "--y", "units"}, strings.Fields(flags)...)...)
		complains(t, code, exitUsage, stdout, stderr, "--unconstrain", says)
	}
	code, stdout, stderr := call(t, "forecast", "--data", data, "--y", "units", "--sold-out", "week")
	complains(t, code, exitInvalid, stdout, stderr, "week at 2", "1 where stock ran out")
}

// TestWhatWasFoundInManySeriesIsCounted in the summary, with demand that stock hid.
func TestWhatWasFoundInManySeriesIsCounted(t *testing.T) {
	text, periods := "shop,week,units,empty\n", 0
	for _, id := range []string{"a", "bb"} {
		rows, _, _, n := soldOut(60, id)
		lines := strings.SplitAfter(rows, "\n")
		periods += n - strings.Count(lines[20], ",1\n") - strings.Count(lines[40], ",1\n")
		text += strings.Join(append(append(lines[:20:20], lines[21:40]...), lines[41:]...), "")
	}
	args := []string{"forecast", "--data", written(t, text), "--y", "units", "--time", "week", "--id", "shop", "--sold-out", "empty", "--models", "naive", "--out", t.TempDir(), "--quiet"}
	code, stdout, stderr := call(t, append(args, "--json")...)
	var s struct {
		Findings []struct {
			Kind          string
			Count, Series int
		}
		Unconstrained struct{ Series, Periods, Observed int }
	}
	if err := json.Unmarshal([]byte(stdout), &s); code != exitDone || err != nil {
		t.Fatal(code, err, stderr)
	}
	if len(s.Findings) != 1 || s.Findings[0].Kind != "absent periods, treated as missing" || s.Findings[0].Count != 4 || s.Findings[0].Series != 2 ||
		s.Unconstrained.Series != 2 || s.Unconstrained.Periods != periods || s.Unconstrained.Observed != 116 {
		t.Errorf("%+v, %d sold out", s, periods)
	}
	if _, page, _ := call(t, args...); !strings.Contains(page, "absent periods, treated as missing: 4 in 2 series") || !strings.Contains(page, "sold out") {
		t.Error(page)
	}
}

// TestTheTimesSuggestTheSeason where nobody says one, there are more than two, and the order is not given.
func TestTheTimesSuggestTheSeason(t *testing.T) {
	naive := []string{"forecast", "--models", "seasonal-naive", "--horizon", "2"}
	auto := []string{"estimate", "arima", "--horizon", "2"}
	short := written(t, "month,passengers\n2024-01,5\n2024-02,3\n2024-03,6\n2024-04,2\n2024-05,7\n2024-06,5\n2024-07,4\n")
	for _, c := range []struct {
		command, data []string
		season        int
		says          string
	}{
		{naive, example(), 12, "season of 12 periods"},
		{auto, example("--transform", "log"), 12, "season of 12 periods"},
		{naive, example("--period", "1"), 0, ""},
		{naive, example("--period", "6"), 6, ""},
		{append(auto, "--order", "0,1,1"), example(), 0, ""},
		{naive, example("--backtest", "120"), 0, "no season is used"},
		{naive, []string{"--data", short, "--y", "passengers", "--time", "month"}, 0, "no season is used"},
		{naive, []string{"--data", short, "--y", "passengers"}, 0, ""},
	} {
		var doc struct{ Season int }
		args := append(c.command[:len(c.command):len(c.command)], c.data...)
		code, stdout, stderr := call(t, append(args, "--json")...)
		if err := json.Unmarshal([]byte(stdout), &doc); code != exitDone || err != nil || doc.Season != c.season {
			t.Errorf("%v: exit code %d, %v, season %d, want %d: %s", args, code, err, doc.Season, c.season, stderr)
		}
		if _, _, stderr := call(t, append(args, "--quiet")...); !strings.Contains(stderr, c.says) || c.says == "" && strings.Contains(stderr, "season") {
			t.Errorf("%v: %q, want %q", args, stderr, c.says)
		}
	}
}

func TestAnInterruptedSeriesIsNotSaidToBeSaved(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, command := range []string{"estimate|arima|--full", "forecast|--models|ets|--backtest|3"} {
		var stdout, stderr bytes.Buffer
		code := run(ctx, append(strings.Split(command, "|"), example()...), nil, &stdout, &stderr)
		if code != exitInterrupted || stdout.Len() > 0 || !strings.Contains(stderr.String(), "nothing is saved") || strings.Contains(stderr.String(), "--resume") {
			t.Errorf("%s: exit code %d, %q, %q", command, code, &stdout, &stderr)
		}
	}
}
