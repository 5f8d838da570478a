package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/sim/rng"
)

// panel is a table of shops' weekly sales: n series of 40 weeks, one of which is too short and one of which is constant.
func panel(n int) (rows []string) {
	streams := rng.New(1, 0).Family("panel")
	for i := range n {
		stream := streams.At(uint64(i))
		level := 20 + 80*stream.Float64()
		weeks := 40
		if i == 1 {
			weeks = 1
		}
		for w := range weeks {
			y := fmt.Sprintf("%.2f", level+5*math.Sin(float64(w)*math.Pi/2)+3*stream.Normal())
			if i == 2 {
				y = "7"
			}
			rows = append(rows, fmt.Sprintf("%d,sku-%d,%d,%s", i/10, i%10, w+1, y))
		}
	}
	return rows
}

const panelHead = "store,sku,week,units\n"

func TestOneSeriesIsForecastByModelsAndByTheBestOfThem(t *testing.T) {
	data := written(t, panelHead+strings.Join(panel(1), "\n")+"\n")
	args := []string{"forecast", "--data", data, "--y", "units", "--time", "week", "--period", "4", "--models", "naive,seasonal-naive,best", "--horizon", "6", "--backtest", "3"}
	code, stdout, stderr := call(t, append(args, "--json")...)
	var f struct {
		Schema, Best string
		Coverage     float64
		Warnings     []string
		Models       []struct {
			Model, Fitted string
			Forecast      []struct {
				H                    int
				Period               string
				Mean, Median, Lo, Hi float64
			}
		}
		Backtest struct {
			Origins []int
			Models  []struct {
				Name    string
				Overall struct{ N, MASE, SMAPE, RMSSE, Pinball, Coverage float64 }
			}
		}
	}
	if err := json.Unmarshal([]byte(stdout), &f); code != exitDone || stderr != "" || err != nil {
		t.Fatalf("exit code %d, %v, %s%s", code, err, stdout, stderr)
	}
	if f.Schema != "souk/forecast/1" || f.Best != "seasonal-naive" || f.Coverage != 0.95 || len(f.Models) != 3 || len(f.Backtest.Models) != 2 || !slices.Equal(f.Backtest.Origins, []int{33, 34, 35}) {
		t.Fatalf("%+v", f)
	}
	seasonal, best := f.Models[1], f.Models[2]
	if best.Model != "best" || best.Fitted != "seasonal-naive" || !slices.Equal(best.Forecast, seasonal.Forecast) || len(best.Forecast) != 6 {
		t.Errorf("best %+v, seasonal naive %+v", best, seasonal)
	}
	for i, step := range seasonal.Forecast {
		if step.H != i+1 || step.Period != fmt.Sprint(41+i) || !(step.Lo < step.Median && step.Median < step.Hi) {
			t.Errorf("%+v", step)
		}
	}
	picture := filepath.Join(t.TempDir(), "f.svg")
	code, page, progress := call(t, append(args, "--plot", picture)...)
	if text, err := os.ReadFile(picture); code != exitDone || err != nil || !bytes.Contains(text, []byte("seasonal-naive")) {
		t.Errorf("exit code %d, %v", code, err)
	}
	if text, err := os.ReadFile(strings.Replace(picture, ".svg", "-leaderboard.svg", 1)); err != nil || !bytes.Contains(text, []byte("MASE")) {
		t.Errorf("the leaderboard: %v", err)
	}
	for _, word := range []string{"MASE", "seasonal-naive", "best: seasonal-naive", "41", "95% interval"} {
		if !strings.Contains(page, word) {
			t.Errorf("the page does not hold %q:\n%s", word, page)
		}
	}
	if !strings.Contains(progress, "back-testing") || strings.ContainsAny(progress, "\r\x1b") {
		t.Errorf("progress %q", progress)
	}
}

func TestOriginsThatDoNotOverlapAreTestedAndRegressorsThatNobodyKnowsTold(t *testing.T) {
	rows := panel(1)
	for i, row := range rows {
		rows[i] += row[strings.LastIndex(row, ","):]
	}
	data := written(t, "store,sku,week,units,leak\n"+strings.Join(rows, "\n")+"\n")
	args := []string{"forecast", "--data", data, "--y", "units", "--time", "week", "--period", "1", "--models", "naive,regression", "--xreg", "leak", "--future", "last",
		"--horizon", "6", "--backtest", "3", "--json"}
	for _, c := range []struct {
		every   string
		origins []int
		tested  bool
	}{{"6", []int{23, 29, 35}, true}, {"1", []int{33, 34, 35}, false}} {
		code, stdout, stderr := call(t, append(args, "--every", c.every)...)
		var f struct {
			Backtest struct {
				Origins  []int
				Untested string
				ScaledBy string `json:"scaled_by"`
				Models   []struct {
					Versus *struct{ N int } `json:"versus_best"`
				}
			}
			Suspects []struct{ Regressor string }
		}
		if err := json.Unmarshal([]byte(stdout), &f); code != exitDone || err != nil {
			t.Fatalf("exit code %d, %v, %s", code, err, stderr)
		}
		b := f.Backtest
		if !slices.Equal(b.Origins, c.origins) || (b.Models[1].Versus != nil) != c.tested || (b.Untested == "") != c.tested ||
			!strings.Contains(b.ScaledBy, fmt.Sprintf("before period %d", c.origins[0])) {
			t.Errorf("every %s: %+v", c.every, b)
		}
		if len(f.Suspects) != 1 || f.Suspects[0].Regressor != "leak" {
			t.Errorf("suspects: %+v", f.Suspects)
		}
	}
}

// forecasted runs souk forecast over the panel and gives the run's files.
func forecasted(t *testing.T, data, out, models string, args ...string) map[string]string {
	t.Helper()
	code, _, stderr := call(t, append(panelArgs(data, out, models), append(args, "--quiet")...)...)
	if code != exitDone {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	return folder(t, out)
}

func panelArgs(data, out, models string) []string {
	return []string{"forecast", "--data", data, "--y", "units", "--time", "week", "--id", "store,sku", "--period", "4", "--models", models, "--horizon", "4",
		"--backtest", "2", "--csv", "--out", out}
}

// folder reads the one complete run under out.
func folder(t *testing.T, out string) map[string]string {
	t.Helper()
	runs, err := rundir.Store{Root: out}.List()
	if err != nil || len(runs) != 1 || runs[0].State != "complete" {
		t.Fatalf("not one complete run: %+v, %v", runs, err)
	}
	all := map[string]string{}
	for _, f := range runs[0].Manifest.Files {
		text, err := os.ReadFile(filepath.Join(runs[0].Dir, f.Name))
		if err != nil {
			t.Fatal(err)
		}
		all[f.Name] = string(text)
	}
	return all
}

func TestManySeriesAreForecastAndFailuresTold(t *testing.T) {
	data := written(t, panelHead+strings.Join(panel(30), "\n")+"\n")
	out := t.TempDir()
	files := forecasted(t, data, out, "naive,ets,best")
	type row struct {
		Store  string   `parquet:"store"`
		SKU    string   `parquet:"sku"`
		Model  string   `parquet:"model"`
		Fitted string   `parquet:"fitted"`
		H      int64    `parquet:"h"`
		Period string   `parquet:"period"`
		Mean   *float64 `parquet:"mean,optional"`
		Median *float64 `parquet:"median,optional"`
		Lo     *float64 `parquet:"lo,optional"`
		Hi     *float64 `parquet:"hi,optional"`
	}
	forecasts := files["forecasts.parquet"]
	rows, err := parquet.Read[row](strings.NewReader(forecasts), int64(len(forecasts)))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(files["forecasts.csv"]), "\n")
	if lines[0] != "store,sku,model,fitted,h,period,mean,median,lo,hi" || len(lines) != len(rows)+1 {
		t.Errorf("%s and %d lines of %d rows", lines[0], len(lines), len(rows))
	}
	if r := rows[0]; r.Store != "0" || r.SKU != "sku-0" || r.Model != "naive" || r.H != 1 || r.Period != "41" || !(*r.Lo < *r.Median && *r.Median < *r.Hi) {
		t.Errorf("%+v", r)
	}
	perModel := map[string]int{}
	for _, r := range rows {
		perModel[r.Model]++
	}
	if perModel["naive"] < 29*4 || perModel["ets"] < 28*4 {
		t.Errorf("rows by model: %v", perModel)
	}
	failed := files["failed.csv"]
	if !strings.HasPrefix(failed, "store,sku,model,reason\n") || !strings.Contains(failed, "0,sku-1,best,") {
		t.Errorf("failed.csv: %s", failed)
	}
	var summary struct {
		Series, Forecasted, Failed, Paired int
		Models                             []struct {
			Model              string
			Forecasted, Failed int
			MASE               float64
			BestIn             int `json:"best_in"`
		}
		Reasons []struct {
			Count       int
			Example, ID string
		}
	}
	if err := json.Unmarshal([]byte(files["summary.json"]), &summary); err != nil {
		t.Fatal(err)
	}
	if summary.Series != 30 || summary.Failed != strings.Count(failed, "\n")-1 || summary.Paired < 28 || len(summary.Reasons) == 0 ||
		summary.Models[0].Forecasted+summary.Models[0].Failed != 30 || !(summary.Models[0].MASE > 0) || summary.Models[0].BestIn+summary.Models[1].BestIn > 29 {
		t.Errorf("%+v", summary)
	}
	for _, word := range []string{"30 series", "best in", "failed", "sku-1"} {
		if !strings.Contains(files["report.txt"], word) {
			t.Errorf("the report does not hold %q:\n%s", word, files["report.txt"])
		}
	}
}

func TestManyForecastsAreTheSameBytesOnAnyWorkersInterruptedAndSortedByTime(t *testing.T) {
	rows := panel(600) // more than two checkpoints
	data := written(t, panelHead+strings.Join(rows, "\n")+"\n")
	const quick = "naive,seasonal-naive,best"
	one := forecasted(t, data, t.TempDir(), quick, "--workers", "1")
	same(t, "three workers", one, forecasted(t, data, t.TempDir(), quick, "--workers", "3"))

	out := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var stderr bytes.Buffer
	stop := writer(func(p []byte) (int, error) { // half way
		if bytes.Contains(p, []byte(" 50%")) {
			cancel()
		}
		return stderr.Write(p)
	})
	args := panelArgs(data, out, quick)
	if code := run(ctx, args, nil, io.Discard, stop); code != exitInterrupted || !strings.Contains(stderr.String(), "--resume") {
		t.Fatalf("interrupted, the exit code is %d: %s", code, &stderr)
	}
	stderr.Reset()
	if code := run(t.Context(), append(args, "--resume"), nil, io.Discard, &stderr); code != exitDone {
		t.Fatalf("resumed, the exit code is %d: %s", code, &stderr)
	}
	if !strings.Contains(stderr.String(), "600/600 series") || strings.Contains(stderr.String(), " 10% ") {
		t.Errorf("resumed, it does not go on where it was: %s", &stderr)
	}
	same(t, "interrupted and resumed", one, folder(t, out))

	// A table that is sorted by week, not by series, is another file, but its forecasts are the same.
	slices.SortStableFunc(rows, func(a, b string) int {
		var x, y int
		fmt.Sscanf(strings.Split(a, ",")[2], "%d", &x)
		fmt.Sscanf(strings.Split(b, ",")[2], "%d", &y)
		return x - y
	})
	byWeek := forecasted(t, written(t, panelHead+strings.Join(rows, "\n")+"\n"), t.TempDir(), quick)
	if byWeek["forecasts.csv"] != one["forecasts.csv"] || byWeek["failed.csv"] != one["failed.csv"] {
		t.Error("sorted by week, the forecasts differ")
	}
}

func TestTwoForecastRunsAtOnceAreRefused(t *testing.T) {
	data := written(t, panelHead+strings.Join(panel(60), "\n")+"\n")
	args := panelArgs(data, t.TempDir(), "naive,ets,best")
	var code int
	var second string
	first := writer(func(p []byte) (int, error) { // while the first is at work
		if bytes.Contains(p, []byte(" 20%")) {
			code, _, second = call(t, append(args, "--quiet")...)
		}
		return len(p), nil
	})
	if c := run(t.Context(), args, nil, io.Discard, first); c != exitDone {
		t.Fatalf("exit code %d", c)
	}
	complains(t, code, exitFailed, "", second, "souk forecast, process", "one writer")
}
