package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/souk-sim/souk/scenarios/estimators"
)

// shownColumns hold what is published: names of goods, states and words. Who writes an id there publishes it.
var shownColumns = []string{"product", "channel", "item", "item_id", "page", "browser", "alternative"}

// spoilt are the planted log in all ways that files come spoilt, by what is wrong; the bad cells stand beside ids, or are ids.
func spoilt(log plantedTable) map[string][]byte {
	text := log.csv()
	lines := bytes.SplitAfter(text, []byte("\n"))
	of := func(row int) string { // who the row is of
		for c, head := range log[0] {
			if head == "customer_id" || head == "user_id" {
				return log[row][c]
			}
		}
		return ""
	}
	last := len(log) - 1
	all := map[string][]byte{
		"no header":         bytes.Join(lines[1:], nil),
		"a header only":     lines[0],
		"rows for a header": slices.Concat(lines[2], lines[1], lines[3]),
		"ids alone":         []byte(plantedID(0) + "\n" + plantedID(6) + "\n" + plantedID(12) + "\n"),
		"ids for a header":  slices.Concat([]byte(strings.Repeat(plantedID(0)+",", len(log[0])-1)+plantedID(6)+"\n"), bytes.Join(lines[1:], nil)),
		"a field too many":  slices.Concat(text, []byte(strings.Join(log[last], ",")+","+plantedID(0)+"\n")),
		"a field too few":   slices.Concat(text, []byte(plantedID(0)+"\n")),
		"an open quote":     slices.Concat(text, []byte(`"`+plantedID(0)+`,1,1`)),
		"a stray quote":     slices.Concat(text, []byte(plantedID(0)+`"x,"y`+"\n")),
		"bytes of no text":  slices.Concat(text, []byte("\xff\x00"+plantedID(0)+"\n")),
		"semicolons":        bytes.ReplaceAll(text, []byte(","), []byte(";")),
		"cut off":           text[:len(text)-7],
		"twice the header":  slices.Concat(lines[0], text),
		"a column twice":    slices.Concat(bytes.TrimSpace(lines[0]), []byte(","+log[0][0]+"\n"), bytes.Join(lines[1:], nil)),
	}
	for c, head := range log[0] {
		if slices.Contains(shownColumns, head) {
			continue
		}
		for row, id := range map[int]string{1: of(1), last: plantedID(2), last / 2: plantedID(3), last / 3: " " + plantedID(5)} { // no numbers: they would be amounts
			all[fmt.Sprintf("an id as %s in row %d", head, row)] = log.with(row, c, func(string) string { return id }).csv()
		}
	}
	return all
}

// TestNoBadFileNamesACustomer spoils the planted logs beside ids and by ids, and finds none in any error or finding.
func TestNoBadFileNamesACustomer(t *testing.T) {
	l := newLeak()
	logs := plantedFolder(t)
	for name, log := range logs {
		for what, text := range spoilt(log) {
			put(t, name+" "+what+".csv", text)
		}
		whole := log.parquet(plantedNumbers)
		put(t, name+" cut.parquet", whole[:len(whole)/2])
		put(t, name+" changed.parquet", bytes.ReplaceAll(whole, []byte("PLANTED"), []byte("PLANTER")))
		put(t, name+" text.parquet", log.csv())
		put(t, name+" ids.parquet", []byte(plantedID(0)+","+plantedID(6)))
	}
	kinds := map[string][]string{} // by the log that they read
	for _, kind := range estimators.Kinds() {
		log := plantedCases[kind.Name][0].log
		kinds[log] = append(kinds[log], kind.Name)
	}
	for log, kinds := range kinds {
		names := []string{" cut.parquet", " changed.parquet", " text.parquet", " ids.parquet"}
		for what := range spoilt(logs[log]) {
			names = append(names, " "+what+".csv")
		}
		slices.Sort(names)
		for i, name := range names { // kinds that read the same log take turns
			kind := kinds[i%len(kinds)]
			args := slices.Concat([]string{"estimate", kind, "--data", log + name}, plantedCases[kind][0].args)
			if i%2 == 0 {
				args = append(args, "--json")
			}
			if kindFlag(kind, "repair") != nil && i%3 > 0 {
				args = append(args, "--repair", []string{"drop", "refuse"}[i%3-1])
			}
			l.watched(t, t.Context(), args...)
		}
	}
}

// TestNoErrorNamesACustomerOfAnyColumn maps a column of ids that does not say so by its name to all that is no name: no error shows its cells.
func TestNoErrorNamesACustomerOfAnyColumn(t *testing.T) {
	l := newLeak()
	logs := plantedFolder(t)
	for name, log := range logs {
		put(t, name+".csv", log.renamed("customer_id", "klant").renamed("user_id", "klant").csv())
	}
	for _, kind := range estimators.Kinds() {
		cmd, _, _ := (&app{}).root().Find([]string{"estimate", kind.Name})
		c := plantedCases[kind.Name][0]
		base := []string{"estimate", kind.Name, "--data", c.log + ".csv"}
		for _, a := range c.args {
			base = append(base, strings.ReplaceAll(a, "customer_id", "klant"))
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			// what is named here is shown, and is the user's to say
			if kind := f.Value.Type(); (kind == "string" || kind == "list") && !slices.Contains([]string{"data", "model", "customers", "counts", "key-file", "plot", "items", "customer", "session", "list", "id", "state", "item", "alternative", "outcome"}, f.Name) {
				l.watched(t, t.Context(), append(slices.Clone(base), "--"+f.Name, "klant")...)
			}
		})
		if cmd.Flags().Lookup("columns") == nil {
			continue
		}
		for _, role := range []string{"time", "amount", "quantity", "unit_price", "discount", "value", "order", "price", "position", "clicked", "frequency", "recency", "T", "spend", "holdout", "price.ale"} {
			l.watched(t, t.Context(), append(slices.Clone(base), "--columns", role+"=klant")...)
		}
	}
}

// TestNoFailureNamesACustomer stops fits, takes away where they write, and gives keys that are none.
func TestNoFailureNamesACustomer(t *testing.T) {
	l := newLeak()
	plantedFolder(t)
	put(t, "short", []byte("planted-key"))
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for _, kind := range estimators.Kinds() {
		c := plantedCases[kind.Name][0]
		args := slices.Concat([]string{"estimate", kind.Name, "--data", c.log + ".csv"}, c.args)
		if code := l.watched(t, stopped, args...); code != exitInterrupted {
			t.Errorf("%s, interrupted: exit code %d", kind.Name, code)
		}
		if code := l.watched(t, t.Context(), append(args, "--model", "key/model.json")...); code == exitDone {
			t.Errorf("%s writes a model below a file", kind.Name)
		}
	}
	keyed := []string{"estimate", "bgnbd", "--data", "buys.csv", "--customers"}
	for _, c := range [][]string{{"key/people.csv"}, {"people.csv", "--key-file", "short"}, {"people.csv", "--key-file", "absent"}, {"people.csv", "--key-file", "."}} {
		if code := l.watched(t, t.Context(), append(slices.Clone(keyed), c...)...); code == exitDone {
			t.Errorf("%v is done", c)
		}
	}
	if _, err := os.Stat("people.csv"); err == nil {
		t.Error("a file of customers was written without its key")
	}
}

// TestPseudonymsAreTheSameWithTheSameKey reads customers of two files, a log and a summary: one key tells that they are the same, another tells nothing.
func TestPseudonymsAreTheSameWithTheSameKey(t *testing.T) {
	plantedFolder(t)
	put(t, "other", []byte("another key of the planted, as long"))
	of := func(kind, data, key string) map[string]bool {
		if code, _, stderr := call(t, "estimate", kind, "--data", data, "--customers", "people.csv", "--key-file", key); code != exitDone {
			t.Fatal(stderr)
		}
		text, err := os.ReadFile("people.csv")
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]bool{}
		for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
			pseudonym, _, _ := strings.Cut(line, ",")
			all[pseudonym] = true
		}
		return all
	}
	log, parquet, summary, other := of("bgnbd", "buys.csv", "key"), of("pareto-nbd", "buys.parquet", "key"), of("lifetime-value", "summary.csv", "key"), of("bgnbd", "buys.csv", "other")
	if len(log) != plantedPeople || len(summary) != plantedPeople || len(other) != plantedPeople {
		t.Fatalf("%d, %d and %d pseudonyms of %d customers", len(log), len(summary), len(other), plantedPeople)
	}
	for p := range log {
		if !parquet[p] || !summary[p] || other[p] {
			t.Errorf("%s: in the Parquet file %v, in the summary %v, with another key %v", p, parquet[p], summary[p], other[p])
		}
	}
}
