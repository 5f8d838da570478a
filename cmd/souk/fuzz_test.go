package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzSeriesCommands gives any file to both commands on series: they answer with one document or refuse it in one line, and never panic.
func FuzzSeriesCommands(f *testing.F) {
	for _, data := range []string{"y\n1\n2\n3\n5\n8\n13\n21\n", "t,y,x\n2024-01,5,1\n2024-02,,2\n2024-04,3,3\n2024-05,9,1\n2024-06,2,2\n2024-07,,4\n", "y\n5\n5\n5\n5\n5\n5\n",
		"t,y,x\n1,1e300,0\n2,-1e300,1\n3,1e299,0\n4,1,1\n5,2,0\n6,3,1\n", "y\n\"\"\n\n", "t,y\n2024-01-31,1\n2024-02-29,2\n2024-03-31,4\n2024-03-31,4\n"} {
		for i := range byte(8) {
			f.Add(data, i)
		}
	}
	f.Fuzz(func(t *testing.T, data string, flags byte) {
		if len(data) > 1000 {
			t.Skip("more than 1,000 bytes are slow to fit; the tables of bad series hold what is long")
		}
		path := filepath.Join(t.TempDir(), "data.csv")
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		args := []string{"estimate", "arima", "--order", "1,0,1"}
		if flags&1 > 0 {
			args = []string{"forecast", "--models", "naive,drift,theta,best", "--backtest", "1"}
		}
		args = append(args, "--json", "--y", "y", "--horizon", "2", "--data", path)
		for i, more := range [][]string{{"--time", "t"}, {"--xreg", "x"}, {"--transform", "log"}, {"--outliers", "winsorise"}, {"--resample", "quarter"}, {"--combine", "mean"}, {"--sold-out", "x"}} {
			if flags>>(i+1)&1 > 0 {
				args = append(args, more...)
			}
		}
		code, stdout, stderr := call(t, args...)
		answered := code == exitDone && json.Valid([]byte(stdout)) && stderr == ""
		refused := (code == exitUsage || code == exitInvalid) && stdout == "" && strings.Count(stderr, "\n") == 1 && json.Valid([]byte(stderr))
		if !answered && !refused {
			t.Errorf("exit code %d\n%s\n%s", code, stdout, stderr)
		}
	})
}
