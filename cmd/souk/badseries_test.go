package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// column is a file with one column y of the given values.
func column(t *testing.T, n int, value func(i int) string) string {
	text := "y\n"
	for i := range n {
		text += value(i) + "\n"
	}
	return written(t, text)
}

// wave varies and is never the same twice.
func wave(i int) string { return fmt.Sprint(100 + 10*math.Sin(float64(i)) + float64(i*i%7)) }

// TestBadSeriesGetOneClearLine asks both commands for what cannot be had.
func TestBadSeriesGetOneClearLine(t *testing.T) {
	good := column(t, 40, wave)
	many := func(n int, row func(i int) string) string {
		text := "t,y,a,b\n"
		for i := range n {
			text += row(i) + "\n"
		}
		return written(t, text)
	}
	collinear := many(40, func(i int) string { return fmt.Sprintf("%d,%s,%d,%d", i, wave(i), i%5, 2*(i%5)) })
	constant := many(40, func(i int) string { return fmt.Sprintf("%d,%s,%d,7", i, wave(i), i%5) })
	short := many(43, func(i int) string {
		if i < 40 {
			return fmt.Sprintf("%d,%s,%d,%d", i, wave(i), i%5, i%3)
		}
		return fmt.Sprintf("%d,,%d,%d", i, i%5, i%3)
	})
	hole := many(40, func(i int) string {
		if i == 5 {
			return "5," + wave(5) + ",,1"
		}
		return fmt.Sprintf("%d,%s,%d,%d", i, wave(i), i%5, i%3)
	})
	twice := many(10, func(i int) string { return fmt.Sprintf("%d,%s,1,2", i/2, wave(i)) })
	const both = "estimate|arima|--order|1,0,0 and forecast|--models|ets"
	for _, c := range []struct {
		name, command, data, flags string // flags parted by |
		code                       int
		says                       []string
	}{
		{"a constant series", "estimate|arima|--order|1,0,0", column(t, 30, func(int) string { return "5" }), "", exitInvalid, []string{"data.csv", "no variation"}},
		{"a constant series, automatic", "estimate|arima", column(t, 30, func(int) string { return "5" }), "", exitInvalid, []string{"data.csv", "series"}},
		{"two points", "estimate|arima|--order|1,0,0", column(t, 2, wave), "", exitInvalid, []string{"data.csv", "2 observed values", "at least 5"}},
		{"two points, automatic", "estimate|arima", column(t, 2, wave), "", exitInvalid, []string{"data.csv", "series"}},
		{"two points to forecast", "forecast|--models|auto-arima", column(t, 2, wave), "", exitInvalid, []string{"data.csv", "series"}},
		{"all missing", both, column(t, 30, func(int) string { return `""` }), "", exitInvalid, []string{"data.csv", "no observed value in 30 periods"}},
		{"an infinite value", both, column(t, 30, func(i int) string { return []string{wave(i), "Inf"}[i/20] }), "", exitInvalid, []string{"data.csv:22: y", `"Inf"`, "finite"}},
		{"a huge value", both, column(t, 30, func(i int) string { return []string{wave(i), "1e999"}[i/20] }), "", exitInvalid, []string{"data.csv:22: y", "1e999"}},
		{"a text", both, column(t, 30, func(i int) string { return []string{wave(i), "many"}[i/20] }), "", exitInvalid, []string{"data.csv:22: y", `"many"`, "number"}},
		{"a logarithm of nothing", both, column(t, 30, func(i int) string { return []string{wave(i), "0"}[i/20] }), "--transform|log", exitInvalid, []string{"data.csv", "period 21", "positive"}},
		{"collinear regressors", "estimate|arima|--order|1,0,0", collinear, "--xreg|a,b", exitInvalid, []string{"data.csv", "regressor b", "combination"}},
		{"a constant regressor", "estimate|arima|--order|1,0,0", constant, "--xreg|a,b", exitInvalid, []string{"data.csv", "regressor b", "constant"}},
		{"regressors shorter than the horizon", both, short, "--xreg|a,b|--horizon|4", exitInvalid, []string{"data.csv", "future a, b", "3 periods", "4, the horizon"}},
		{"a hole in a regressor", "estimate|arima|--order|1,0,0", hole, "--xreg|a,b", exitInvalid, []string{"data.csv", "regressor a at period 6"}},
		{"a regressor that is the value", both, good, "--xreg|y", exitInvalid, []string{"y", "twice"}},
		{"a season longer than the series", "estimate|arima|--order|0,1,1|--seasonal|0,1,1", good, "--period|52", exitInvalid, []string{"data.csv", "52", "40 periods"}},
		{"a back-test longer than the series", "forecast", good, "--horizon|20|--backtest|25", exitInvalid, []string{"data.csv", "back-test", "40 periods"}},
		{"values whose squares are none", "forecast|--models|ets", column(t, 30, func(i int) string { return wave(i) + "e157" }), "", exitInvalid, []string{"data.csv"}},
		{"an id that results have", "forecast", written(t, "model,y\nnorth,1\nsouth,2\n"), "--id|model", exitUsage, []string{"--id", `"model"`, "fitted"}},
		{"an id with a comma", "forecast", written(t, "\"a,b\",y\nnorth,1\nsouth,2\n"), `--id|"a,b"`, exitUsage, []string{"--id", `"a,b"`, "comma"}},
		{"two rows of a period", both, twice, "--time|t", exitInvalid, []string{"data.csv:3: t", "second row", "sum or mean"}},
		{"no file", both, "nowhere.csv", "", exitInvalid, []string{"nowhere.csv", "no such file"}},
		{"a folder", both, t.TempDir(), "", exitInvalid, []string{"a folder"}},
		{"an empty file", both, written(t, ""), "", exitInvalid, []string{"empty file"}},
		{"a header only", both, written(t, "y\n"), "", exitInvalid, []string{"header only"}},
		{"no such column", both, written(t, "units,price\n1,2\n"), "--y|unit", exitInvalid, []string{"data.csv:1: unit", "no such column", `"units"`}},
		{"no such series", both, written(t, "store,y\nnorth,1\nsouth,2\n"), "--id|store|--series|nort", exitInvalid, []string{`"nort"`, `"north"`}},
		{"two series where one is wanted", "estimate|arima", written(t, "store,y\nnorth,1\nsouth,2\n"), "--id|store", exitInvalid, []string{"data.csv", "store", `"north" and "south"`, "--series"}},
		{"dates without a calendar", both, written(t, "t,y\n1,1\n2,2\n3,4\n"), "--time|t|--resample|week", exitInvalid, []string{"week from numbered periods"}},
		{"an order of two", "estimate|arima|--order|0,1", good, "", exitUsage, []string{"--order", `"0,1"`, "three whole numbers", "auto"}},
		{"an order of letters", "estimate|arima|--order|a,b,c", good, "", exitUsage, []string{"--order", `"a,b,c"`}},
		{"a negative order", "estimate|arima|--order|0,-1,1", good, "", exitUsage, []string{"--order", `"0,-1,1"`}},
		{"an endless order", "estimate|arima|--order|99999,0,1", good, "", exitInvalid, []string{"order p", "99999"}},
		{"a season without its length", "estimate|arima|--order|0,1,1|--seasonal|0,1,1", good, "", exitUsage, []string{"--period", "--seasonal"}},
		{"a season without an order", "estimate|arima|--seasonal|0,1,1", good, "--period|12", exitUsage, []string{"--seasonal", "--order"}},
		{"a drift without a difference", "estimate|arima|--order|1,0,0|--drift", good, "", exitInvalid, []string{"drift", "d + D = 0"}},
		{"a full search of one order", "estimate|arima|--order|1,0,0|--full", good, "", exitUsage, []string{"--full"}},
		{"no such model", "forecast|--models|auto-arma", good, "", exitUsage, []string{"--models", `"auto-arma"`, `"auto-arima"`}},
		{"a model twice", "forecast|--models|ets,ets", good, "", exitUsage, []string{"--models", "ets twice"}},
		{"the best of none", "forecast|--models|best", good, "", exitUsage, []string{"--models"}},
		{"the best without a back-test", "forecast|--models|ets,best|--backtest|0", good, "", exitUsage, []string{"--models", "--backtest"}},
		{"origins apart without any", "forecast|--every|3", good, "", exitUsage, []string{"--every", "--backtest"}},
		{"origins that stand still", "forecast|--backtest|2|--every|0", good, "", exitUsage, []string{"--every", "found 0"}},
		{"a coverage of all", "forecast|--coverage|1", good, "", exitUsage, []string{"--coverage", "0.95"}},
		{"no horizon", both, good, "--horizon|0", exitUsage, []string{"--horizon", "at least 1"}},
		{"a horizon without end", both, good, "--horizon|99999999", exitUsage, []string{"--horizon", "99999999"}},
		{"a negative period", both, good, "--period|-2", exitUsage, []string{"--period", "-2"}},
		{"a transform of no kind", both, good, "--transform|sqrt", exitUsage, []string{"--transform", `"sqrt"`, "log"}},
		{"a Box–Cox of letters", both, good, "--transform|box-cox=x", exitUsage, []string{"--transform"}},
		{"a step of no kind", both, good, "--resample|fortnight", exitUsage, []string{"--resample", "fortnight", "week"}},
		{"outliers to nobody", both, good, "--outliers|drop", exitUsage, []string{"--outliers", "winsorise"}},
		{"one series of no id", both, good, "--series|x", exitUsage, []string{"--series", "--id"}},
		{"a future that is not there", "estimate|arima|--order|1,0,0", short, "--future|nowhere.csv|--xreg|a", exitInvalid, []string{"nowhere.csv", "no such file"}},
		{"a future without a column", "estimate|arima|--order|1,0,0", short, "--future|" + good + "|--xreg|a", exitInvalid, []string{"data.csv:1: a", "no such column"}},
		{"a future of nothing", both, good, "--future|last", exitUsage, []string{"--future", "--xreg"}},
		{"a picture of no kind", both, good, "--plot|x.pdf", exitUsage, []string{"--plot", "x.pdf", ".svg"}},
		{"a picture nowhere", both, good, "--plot|" + filepath.Join(t.TempDir(), "no", "x.svg"), exitInvalid, []string{"--plot", "x.svg", "no such file"}},
		{"no value column", "estimate|arima", good, "--y|", exitUsage, []string{"--y"}},
		{"a picture of many", "forecast|--id|store", written(t, "store,y\nn,1\n"), "--plot|x.svg", exitUsage, []string{"--plot", "--series"}},
		{"a text in many", "forecast|--id|store|--out|" + t.TempDir(), written(t, "store,y\nn,1\nn,x\n"), "", exitInvalid, []string{"data.csv:3: y", `"x"`}},
		{"a column of ids that is none", "forecast|--id|shop|--out|" + t.TempDir(), written(t, "store,y\nn,1\n"), "", exitInvalid, []string{"shop", "no such column"}},
		{"an argument too many", both, good, "x", exitUsage, []string{"1 arguments: x"}},
	} {
		for command := range strings.SplitSeq(c.command, " and ") {
			t.Run(c.name+" "+command, func(t *testing.T) {
				args := append(strings.Split(command, "|"), "--data", c.data)
				if !strings.Contains(c.flags, "--y") {
					args = append(args, "--y", "y")
				}
				if c.flags != "" {
					args = append(args, strings.Split(c.flags, "|")...)
				}
				code, stdout, stderr := call(t, append(args, "--quiet")...)
				complains(t, code, c.code, stdout, stderr, c.says...)
			})
		}
	}
	if code, stdout, stderr := call(t, "estimate", "arima", "--y", "y"); code != exitUsage || !strings.Contains(stderr, "--data: found nothing") {
		t.Errorf("without --data: exit code %d, %q, %q", code, stdout, stderr)
	}
	if code, stdout, stderr := call(t, "estimate", "arma"); code != exitUsage || !strings.Contains(stderr, `"arima"`) {
		t.Errorf("estimate arma: exit code %d, %q, %q", code, stdout, stderr)
	}
	if _, err := os.Stat("x.svg"); err == nil {
		t.Error("a refused picture was drawn")
	}
}
