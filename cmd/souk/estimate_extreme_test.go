package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/scenarios/estimators"
)

// extremeLogs are ways to make a log as bad as a log that can be read may be, by name.
var extremeLogs = map[string]func(plantedTable) plantedTable{
	"one row":   func(log plantedTable) plantedTable { return log[:2] },
	"two rows":  func(log plantedTable) plantedTable { return log[:3] },
	"no row":    func(log plantedTable) plantedTable { return log[:1] },
	"constant":  numbersAs(func(int) string { return "1" }),
	"zeros":     numbersAs(func(int) string { return "0" }),
	"separable": numbersAs(func(row int) string { return fmt.Sprint(row % 2) }),
	"one outlier": numbersAs(func(row int) string {
		if row == 1 {
			return "1e15"
		}
		return fmt.Sprint(row % 7)
	}),
	"large":     numbersAs(func(row int) string { return fmt.Sprintf("%de300", 1+row%7) }),
	"small":     numbersAs(func(row int) string { return fmt.Sprintf("%de-300", 1+row%7) }),
	"far apart": numbersAs(func(row int) string { return []string{"1e300", "1e-300", "1"}[row%3] }),
	"negative":  numbersAs(func(row int) string { return fmt.Sprintf("-%de300", 1+row%7) }),
	"same rows": func(log plantedTable) plantedTable {
		out := plantedTable{log[0]}
		for range 30 {
			out = append(out, log[1])
		}
		return out
	},
	"same answers": answersAs(func(int, int) bool { return true }),
	"parted by the first number": func(log plantedTable) plantedTable {
		return answersAs(func(row, rows int) bool { return row > rows/2 })(numbersAs(func(row int) string { return fmt.Sprint(row) })(log))
	},
}

// numbersAs puts a number of the row in all cells of numbers.
func numbersAs(number func(row int) string) func(plantedTable) plantedTable {
	return cellsAs(func(column string, row, _ int) (string, bool) { return number(row), plantedNumbers(column) })
}

// answersAs makes what is chosen, bought, clicked and looked at one of two, of each row.
func answersAs(first func(row, rows int) bool) func(plantedTable) plantedTable {
	answers := map[string][2]string{"choice": {"ale", "bread"}, "product": {"ale", "bread"}, "item": {"ale", "bread"}, "item_id": {"ale", "bread"}, "page": {"land", "list"},
		"clicked": {"1", "0"}, "bought": {"true", "false"}}
	return cellsAs(func(column string, row, rows int) (string, bool) {
		of, ok := answers[column]
		if first(row, rows) {
			return of[0], ok
		}
		return of[1], ok
	})
}

func cellsAs(cell func(column string, row, rows int) (string, bool)) func(plantedTable) plantedTable {
	return func(log plantedTable) plantedTable {
		out := plantedTable{log[0]}
		for r, row := range log[1:] {
			row = slices.Clone(row)
			for c, column := range log[0] {
				if text, ok := cell(column, r+1, len(log)-1); ok {
					row[c] = text
				}
			}
			out = append(out, row)
		}
		return out
	}
}

// answeredOrRefused holds what souk estimate owes to any data: one document, or one line that says what is wrong.
func answeredOrRefused(t *testing.T, what string, args ...string) {
	t.Helper()
	code, stdout, stderr := call(t, args...)
	answered := code == exitDone && json.Valid([]byte(stdout))
	refused := (code == exitUsage || code == exitInvalid) && stdout == "" && strings.Count(stderr, "\n") == 1 && json.Valid([]byte(stderr))
	if !answered && !refused {
		t.Errorf("%s: souk %s: exit code %d\n%.300s\n%s", what, strings.Join(args, " "), code, stdout, stderr)
	}
}

// TestEveryKindAnswersOrRefusesExtremeData on data that are too few, all the same, separable, or at the ends of what a number can be.
func TestEveryKindAnswersOrRefusesExtremeData(t *testing.T) {
	logs := plantedFolder(t)
	for _, name := range slices.Sorted(maps.Keys(extremeLogs)) {
		for log, table := range logs {
			put(t, log+".csv", extremeLogs[name](table).csv())
		}
		for _, kind := range estimators.Kinds() {
			for _, c := range plantedCases[kind.Name] {
				args := slices.Concat([]string{"estimate", kind.Name, "--json", "--data", c.log + ".csv", "--held-out", "0"}, c.args)
				answeredOrRefused(t, name, args...)
			}
		}
	}
}

// FuzzEstimate gives any small file to any kind: it answers with one document or refuses in one line, and never panics.
func FuzzEstimate(f *testing.F) {
	logs := plantedLogs()
	type task struct {
		kind string
		args []string
	}
	var tasks []task
	for _, kind := range slices.Sorted(maps.Keys(plantedCases)) {
		for _, c := range plantedCases[kind] {
			f.Add(logs[c.log][:12].csv(), uint8(len(tasks)))
			tasks = append(tasks, task{kind, c.args})
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, n uint8) {
		if len(data) > 1000 {
			t.Skip("more than 1,000 bytes are slow to fit; TestEveryKindAnswersOrRefusesExtremeData has what is long")
		}
		t.Chdir(t.TempDir())
		put(t, "data.csv", data)
		of := tasks[int(n)%len(tasks)]
		answeredOrRefused(t, of.kind, slices.Concat([]string{"estimate", of.kind, "--json", "--quiet", "--data", "data.csv"}, of.args)...)
	})
}
