package main

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"html"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/souk-sim/souk/scenarios/estimators"
)

// plantedCase is how a kind of souk estimate reads a planted log.
type plantedCase struct {
	log  string
	args []string
}

// plantedCases has every kind: a new one needs its line here.
var plantedCases = map[string][]plantedCase{
	"logit":          {{"wide", []string{"--id", "customer_id", "--loyalty", "--last-choice"}}, {"long", []string{"--layout", "long", "--id", "customer_id", "--attributes", "price"}}},
	"nested":         {{"wide", []string{"--id", "customer_id", "--nests", "food:bread,cheese"}}},
	"mixed":          {{"wide", []string{"--id", "customer_id", "--normal", "price", "--nodes", "5"}}},
	"latent-class":   {{"wide", []string{"--id", "customer_id", "--classes", "2", "--starts", "2"}}},
	"quantity":       {{"buys", []string{"--id", "customer_id", "--deal", "on_deal"}}},
	"kmeans":         {{"buys", []string{"--k", "2"}}, {"summary", []string{"--features", "frequency,recency", "--k", "2", "--scale", "none"}}},
	"mixture":        {{"buys", []string{"--k", "2"}}, {"summary", []string{"--features", "recency,spend", "--k", "1"}}},
	"coupon":         {{"buys", []string{"--columns", "discount=coupon", "--from", "2023-04-01", "--k", "2", "--folds", "3"}}},
	"intention":      {{"sessions", []string{"--outcome", "bought", "--folds", "3", "--trees", "5"}}, {"sessions", []string{"--outcome", "bought", "--id", "customer_id", "--method", "forest", "--folds", "3", "--trees", "5"}}},
	"baskets":        {{"baskets", []string{"--support", "0.001"}}, {"baskets", []string{"--columns", "basket=", "--support", "0.1", "--closed"}}},
	"affinity":       {{"ratings", []string{"--method", "als", "--rank", "2"}}, {"ratings", []string{"--method", "item-item"}}},
	"bgnbd":          {{"buys", []string{"--customers", "people.csv", "--key-file", "key"}}, {"summary", []string{"--customers", "people.csv"}}},
	"pareto-nbd":     {{"buys", nil}, {"summary", nil}},
	"gamma-gamma":    {{"buys", nil}, {"summary", []string{"--customers", "people.csv", "--key-file", "key"}}},
	"lifetime-value": {{"buys", []string{"--customers", "people.csv"}}},
	"funnel":         {{"clicks", nil}, {"clicks", []string{"--columns", "session=", "--gap", "30m"}}},
	"visit-mixture":  {{"clicks", []string{"--kinds", "2"}}},
	"spend-copula":   {{"buys", nil}},
	"lengths":        {{"clicks", nil}},
	"dwell":          {{"clicks", []string{"--columns", "session=", "--gap", "30m"}}},
	"clicks":         {{"shown", nil}},
	"arrivals":       {{"clicks", nil}},
	"patterns":       {{"clicks", nil}},
}

// leak finds ids in what was written.
type leak struct {
	words  []string        // parts that all ids which are no numbers have
	hashes map[string]bool // the first 16 digits of unkeyed hashes
}

func newLeak() leak {
	l := leak{words: []string{"planted", "secret.example", "łucja", `\u0141ucja`, "%c5%81ucja", "&#321;"}, hashes: map[string]bool{}}
	for i := range plantedPeople {
		id := []byte(plantedID(i))
		f64, f64a, f128a := fnv.New64(), fnv.New64a(), fnv.New128a()
		f64.Write(id)
		f64a.Write(id)
		f128a.Write(id)
		s256, s1, m5 := sha256.Sum256(id), sha1.Sum(id), md5.Sum(id)
		for _, sum := range [][]byte{s256[:], s1[:], m5[:], f64.Sum(nil), f64a.Sum(nil), f128a.Sum(nil), id} {
			l.hashes[hex.EncodeToString(sum)[:16]] = true
			l.hashes[strings.ToLower(base64.StdEncoding.EncodeToString(sum)[:11])] = true
		}
		l.hashes[fmt.Sprint(f64.Sum64())], l.hashes[fmt.Sprint(f64a.Sum64())] = true, true
	}
	return l
}

var (
	plantedNumber = regexp.MustCompile(`[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?`)
	plantedRun    = regexp.MustCompile(`[0-9a-z+/]{11,}`)
)

// in tells what of an id stands in a text: a part of it in any writing, a number that is one, however it is written, or an unkeyed hash. The ids
// that are numbers, leading zeros or not, lie from 990,000,000 to 990,100,000: nothing else in the planted logs does.
func (l leak) in(text string) string {
	text = strings.ToLower(text)
	for _, w := range l.words {
		if at := strings.Index(text, w); at >= 0 {
			return text[max(0, at-60):min(len(text), at+60)]
		}
	}
	for _, n := range plantedNumber.FindAllString(text, -1) {
		if v, err := strconv.ParseFloat(n, 64); err == nil && v >= 990000000 && v < 990100000 {
			return "the number " + n
		}
	}
	for _, run := range plantedRun.FindAllString(text, -1) {
		if l.hashes[run] {
			return "the hash " + run
		}
		for _, n := range []int{11, 16, 20} {
			if len(run) >= n && l.hashes[run[:n]] {
				return "the hash " + run
			}
		}
	}
	return ""
}

// TestEveryWritingOfAnIDIsFound holds the search itself against what it must find, and against what it must not.
func TestEveryWritingOfAnIDIsFound(t *testing.T) {
	l := newLeak()
	for i := range 6 {
		id := plantedID(i)
		quoted, _ := json.Marshal(id)
		s256, m5 := sha256.Sum256([]byte(id)), md5.Sum([]byte(id))
		f := fnv.New64a()
		f.Write([]byte(id))
		for _, text := range []string{id, strings.ToUpper(id), strings.ToLower(id), strconv.Quote(id), strconv.QuoteToASCII(id), string(quoted), url.QueryEscape(id), url.PathEscape(id), html.EscapeString(id),
			hex.EncodeToString(s256[:]), hex.EncodeToString(m5[:8]), base64.StdEncoding.EncodeToString(s256[:]), fmt.Sprintf("%016x", f.Sum64()), fmt.Sprint(f.Sum64()), hex.EncodeToString([]byte(id))} {
			if l.in("{ \"of\": "+text+", 1 }") == "" {
				t.Errorf("%q is not found for %q", text, id)
			}
		}
	}
	for _, text := range []string{"9.90000118e+08", "990000118.0", "[99,990000118,3]", "00990000118"} {
		if l.in(text) == "" {
			t.Errorf("%q is not found", text)
		}
	}
	for _, text := range []string{"found a cell of the shape \"aaaaaaa-9a9a999\"", "999999999", "1677672000", "0.990000118", hex.EncodeToString([]byte("another text"))} {
		if found := l.in(text); found != "" {
			t.Errorf("%q is found in %q", found, text)
		}
	}
}

// plantedFolder is a folder to work in, with the planted logs as CSV and as Parquet.
func plantedFolder(t *testing.T) map[string]plantedTable {
	t.Chdir(t.TempDir())
	logs := plantedLogs()
	for name, log := range logs {
		put(t, name+".csv", log.csv())
		put(t, name+".parquet", log.parquet(plantedNumbers))
	}
	put(t, "key", []byte("planted-key: 0123456789abcdef"))
	return logs
}

func put(t *testing.T, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// watched runs a command in a folder of planted logs, and looks for ids in all that it says and writes. Outputs are in the folder out, or people.csv.
func (l leak) watched(t *testing.T, ctx context.Context, args ...string) int {
	t.Helper()
	os.RemoveAll("out")
	os.Mkdir("out", 0o700)
	os.Remove("people.csv")
	var stdout, stderr bytes.Buffer
	code := run(ctx, args, strings.NewReader(""), &stdout, &stderr)
	look := func(where, text string) {
		if found := l.in(text); found != "" {
			t.Errorf("souk %s\n\tnames a customer in %s: %q", strings.Join(args, " "), where, found)
		}
	}
	look("stdout", stdout.String())
	look("stderr", stderr.String())
	if code == exitFailed {
		t.Errorf("souk %s: exit code %d, %s", strings.Join(args, " "), code, stderr.String())
	}
	written, _ := filepath.Glob("out/*")
	for _, path := range append(written, "people.csv") {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if e := filepath.Ext(path); !slices.Contains([]string{".json", ".csv", ".svg", ".png", ".txt"}, e) {
			t.Errorf("souk %s writes %s, into which this test cannot look", strings.Join(args, " "), path)
		}
		look(path, string(text))
	}
	return code
}

// TestNoModelNamesACustomer runs souk estimate of every kind on planted logs and finds no id in what it prints, draws and writes.
func TestNoModelNamesACustomer(t *testing.T) {
	l := newLeak()
	plantedFolder(t)
	for _, kind := range estimators.Kinds() {
		if len(plantedCases[kind.Name]) == 0 {
			t.Errorf("%s has no planted log", kind.Name)
		}
		for _, c := range plantedCases[kind.Name] {
			for _, form := range []string{".csv", ".parquet"} {
				for _, more := range [][]string{{"--held-out", "0"}, {"--json", "--held-out", "0.3", "--model", "out/model.json"}} {
					if more = slices.Clone(more); kindFlag(kind.Name, "plot") != nil {
						more = append(more, "--plot", "out/plot.svg")
					}
					if kind.Name == "patterns" {
						more = slices.DeleteFunc(more, func(a string) bool { return a == "--model" || a == "out/model.json" })
					}
					args := slices.Concat([]string{"estimate", kind.Name, "--data", c.log + form}, c.args, more)
					if code := l.watched(t, t.Context(), args...); code != exitDone {
						_, _, stderr := call(t, args...)
						t.Errorf("souk %s: exit code %d, %s", strings.Join(args, " "), code, stderr)
					}
				}
			}
		}
	}
}

// kindFlag finds a flag of souk estimate KIND.
func kindFlag(kind, name string) *pflag.Flag {
	cmd, _, err := (&app{}).root().Find([]string{"estimate", kind})
	if err != nil {
		return nil
	}
	return cmd.Flags().Lookup(name)
}

// TestNoColumnThatIsMistakenNamesACustomer gives every option and every role of every kind a column of ids, as who mistakes columns does.
func TestNoColumnThatIsMistakenNamesACustomer(t *testing.T) {
	l := newLeak()
	logs := plantedFolder(t)
	others := []string{"data", "model", "customers", "counts", "key-file", "plot", "items", "customer", "session", "list", "visit", "id"} // files, and who people are
	for _, kind := range estimators.Kinds() {
		cmd, _, err := (&app{}).root().Find([]string{"estimate", kind.Name})
		if err != nil {
			t.Fatal(err)
		}
		c := plantedCases[kind.Name][0]
		base := slices.Concat([]string{"estimate", kind.Name, "--data", c.log + ".csv"}, c.args, []string{"--model", "out/model.json"})
		for _, id := range logs[c.log][0] {
			if !strings.HasSuffix(id, "_id") || id == "item_id" {
				continue
			}
			cmd.Flags().VisitAll(func(f *pflag.Flag) {
				if kind := f.Value.Type(); !slices.Contains(others, f.Name) && (kind == "string" || kind == "list") {
					l.watched(t, t.Context(), append(slices.Clone(base), "--"+f.Name, id)...)
				}
			})
			if cmd.Flags().Lookup("columns") == nil {
				continue
			}
			for _, role := range []string{"time", "amount", "quantity", "unit_price", "discount", "product", "channel", "item", "value", "order",
				"state", "price", "country", "position", "clicked", "frequency", "recency", "T", "spend", "holdout", "price.ale", "feat.bread"} {
				l.watched(t, t.Context(), append(slices.Clone(base), "--json", "--columns", role+"="+id)...)
			}
		}
	}
}
