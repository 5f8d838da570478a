package main

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/scenarios/data/shared"
)

// chosen is the document of souk estimate --json of a model of choices.
type chosen struct {
	Schema, Model string
	N, Customers  int
	LogLik        float64
	Coefficients  []struct {
		Name        string
		Estimate    float64
		SE          float64
		RobustSE    float64 `json:"robust_se"`
		ClusteredSE float64 `json:"clustered_se"`
	}
	Converged    bool
	Warnings     []string
	HeldOut      map[string]float64 `json:"held_out"`
	Alternatives []string
	Base         string
	Null         float64 `json:"null_loglik"`
	Shares       float64 `json:"shares_loglik"`
	McFadden     float64 `json:"mcfadden_r2"`
	AIC, BIC     float64
	BICPanel     float64 `json:"bic_households"`
	Elasticities map[string][][]float64
	Worth        []struct{ Name string } `json:"willingness_to_pay"`
	Smoothing    *struct{ Estimate, SE float64 }
	Tests        []struct{ Against string } `json:"likelihood_ratio_tests"`
	Classes      []struct {
		Share        float64
		Coefficients map[string]float64
	}
	Starts, Reached int
	Selection       []struct{ Classes int }
	Lambdas         map[string]float64
}

func estimateChoice(t *testing.T, kind string, args ...string) chosen {
	t.Helper()
	code, stdout, stderr := call(t, append([]string{"estimate", kind, "--json", "--quiet"}, args...)...)
	var e chosen
	if err := json.Unmarshal([]byte(stdout), &e); code != exitDone || stderr != "" || err != nil || e.Schema != "souk/estimate/1" {
		t.Fatalf("%s %v: exit code %d, %v, %.300s%s", kind, args, code, err, stdout, stderr)
	}
	return e
}

func (e *chosen) coefficient(name string) (estimate, se, clustered float64) {
	for _, c := range e.Coefficients {
		if c.Name == name {
			return c.Estimate, c.SE, c.ClusteredSE
		}
	}
	return math.NaN(), math.NaN(), math.NaN()
}

// choicePanel are the flags that read a panel of the shared folder.
func choicePanel(t *testing.T, dataset string) []string {
	args := []string{"--data", shared.Path(t, "data", dataset)}
	switch filepath.Base(dataset) {
	case "margarine.csv":
		return append(args, "--id", "hhid", "--attributes", "price")
	case "catsup.csv":
		return append(args, "--id", "id", "--attributes", "price,disp,feat")
	}
	return append(args, "--id", "id", "--attributes", "price,feat")
}

type choiceOracle struct {
	ID, Dataset  string
	Coef, SE     map[string]float64
	LogLik       float64
	Null         float64            `json:"loglik_equal_shares"`
	Shares       float64            `json:"loglik_asc_only"`
	BIC          float64            `json:"bic"`
	Clustered    map[string]float64 `json:"se_cluster_household"`
	Elasticities [][]float64        `json:"elasticity_aggregate"`
	Nests        map[string]any
}

func oracleOf(t *testing.T, file string, into any) {
	text, err := os.ReadFile(shared.Path(t, "oracle", file))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

// within holds a fit against an oracle's: log-likelihood 1e-6, coefficients 1e-5, standard errors 0.1%.
func (e *chosen) within(t *testing.T, want choiceOracle, name func(string) string) {
	t.Helper()
	if math.Abs(e.LogLik-want.LogLik) > 1e-6 || !e.Converged {
		t.Errorf("log-likelihood %.8f (converged %v), want %.8f", e.LogLik, e.Converged, want.LogLik)
	}
	if len(e.Coefficients) != len(want.Coef) {
		t.Errorf("%d coefficients, want %d", len(e.Coefficients), len(want.Coef))
	}
	for key, w := range want.Coef {
		b, se, clustered := e.coefficient(name(key))
		if !(math.Abs(b-w) < 1e-5) || !(math.Abs(se/want.SE[key]-1) < 1e-3) {
			t.Errorf("%s %.7f (%.7f), want %.7f (%.7f)", key, b, se, w, want.SE[key])
		}
		if c, ok := want.Clustered[key]; ok && !(math.Abs(clustered/c-1) < 1e-3) {
			t.Errorf("s.e. of %s by household %.7f, want %.7f", key, clustered, c)
		}
	}
}

// TestEveryLogitOfTheOracleAgreesThroughTheCommandLine: choice_logit_R.json, all models, elasticities within 1e-4.
func TestEveryLogitOfTheOracleAgreesThroughTheCommandLine(t *testing.T) {
	var oracle struct{ Models []choiceOracle }
	oracleOf(t, "choice_logit_R.json", &oracle)
	history := map[string][]string{"catsup_laststate": {"--last-choice"}, "catsup_loyalty_0.8": {"--loyalty", "--smoothing", "0.8"}}
	ours := map[string]string{"last": "last_choice", "loy": "loyalty"}
	name := func(key string) string {
		if own, ok := ours[key]; ok {
			return own
		}
		return key
	}
	for _, want := range oracle.Models {
		t.Run(want.ID, func(t *testing.T) {
			args, kind := append(choicePanel(t, want.Dataset), history[want.ID]...), "logit"
			if want.ID == "margarine_asc_logprice" {
				args[1] = logPrices(t, args[1])
			}
			if want.Nests != nil {
				kind = "nested"
				args = append(args, "--nests", nestsFlag(want.Nests))
			}
			e := estimateChoice(t, kind, args...)
			e.within(t, want, name)
			if want.Null != 0 && math.Abs(e.Null-want.Null)+math.Abs(e.Shares-want.Shares)+math.Abs(e.BIC-want.BIC) > 1e-5 {
				t.Errorf("null %.6f, shares %.6f, BIC %.6f, want %.6f, %.6f, %.6f", e.Null, e.Shares, e.BIC, want.Null, want.Shares, want.BIC)
			}
			for j, row := range want.Elasticities {
				for k, w := range row {
					if got := e.Elasticities["price"][j][k]; math.Abs(got-w) > 1e-4 {
						t.Errorf("elasticity of %d to %d's price %.6f, want %.6f", j, k, got, w)
					}
				}
			}
			if kind == "nested" && (len(e.Lambdas) == 0 || !strings.Contains(strings.Join(e.Warnings, " "), "random-utility region")) {
				t.Errorf("lambdas %v, warnings %q", e.Lambdas, e.Warnings)
			}
		})
	}
}

func nestsFlag(nests map[string]any) string {
	var parts []string
	for name, v := range nests {
		one := []string{}
		switch v := v.(type) {
		case string:
			one = []string{v}
		case []any:
			for _, a := range v {
				one = append(one, a.(string))
			}
		}
		parts = append(parts, name+":"+strings.Join(one, ","))
	}
	return strings.Join(parts, ";")
}

func rowsOf(t *testing.T, path string) [][]string {
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func writtenRows(t *testing.T, rows [][]string) string {
	var b strings.Builder
	if err := csv.NewWriter(&b).WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	return written(t, b.String())
}

// logPrices writes margarine's prices as logarithms.
func logPrices(t *testing.T, path string) string {
	rows := rowsOf(t, path)
	for _, row := range rows[1:] {
		for c := 2; c < len(row); c++ {
			v, err := strconv.ParseFloat(row[c], 64)
			if err != nil {
				t.Fatal(err)
			}
			row[c] = strconv.FormatFloat(math.Log(v), 'g', -1, 64)
		}
	}
	return writtenRows(t, rows)
}

// TestLatentClassesReachTheOracleThroughTheCommandLine: best log-likelihoods not worse by more than 1e-3, by the default starts; under -tags
// long from five seeds.
func TestLatentClassesReachTheOracleThroughTheCommandLine(t *testing.T) {
	var oracle struct {
		Models []struct {
			ID, Dataset string
			Classes     int
			LogLik      float64
			BIC         float64   `json:"bic_households"`
			Share       []float64 `json:"class_share"`
			Names       []string  `json:"coef_names"`
			Coef        [][]float64
		}
	}
	oracleOf(t, "latent_class_logit.json", &oracle)
	seeds := 1
	if long {
		seeds = 5
	}
	for _, want := range oracle.Models {
		for seed := range seeds {
			e := estimateChoice(t, "latent-class", append(choicePanel(t, want.Dataset), "--classes", strconv.Itoa(want.Classes), "--seed", strconv.Itoa(seed))...)
			if e.LogLik < want.LogLik-1e-3 || !e.Converged || e.Starts < 50 || e.Reached < 2 {
				t.Errorf("%s, seed %d: %.6f (converged %v, %d of %d starts), want %.6f", want.ID, seed, e.LogLik, e.Converged, e.Reached, e.Starts, want.LogLik)
				continue
			}
			if math.Abs(e.BICPanel-want.BIC) > 1e-2 || len(e.Classes) != want.Classes {
				t.Errorf("%s: BIC %.4f, want %.4f; %d classes", want.ID, e.BICPanel, want.BIC, len(e.Classes))
			}
			for c, class := range e.Classes {
				if math.Abs(class.Share-want.Share[c]) > 1e-3 {
					t.Errorf("%s: share of class %d %.5f, want %.5f", want.ID, c+1, class.Share, want.Share[c])
				}
				for j, name := range want.Names {
					if math.Abs(class.Coefficients[name]-want.Coef[c][j]) > 1e-3 {
						t.Errorf("%s: %s of class %d %.5f, want %.5f", want.ID, name, c+1, class.Coefficients[name], want.Coef[c][j])
					}
				}
			}
			t.Logf("%s, seed %d: %.6f, %d starts", want.ID, seed, e.LogLik, e.Starts)
		}
	}
}

// TestTheNumberOfClassesIsChosenByBIC: two segments of catsup buyers are better than one, and three than two.
func TestTheNumberOfClassesIsChosenByBIC(t *testing.T) {
	e := estimateChoice(t, "latent-class", append(choicePanel(t, "choice/catsup.csv"), "--classes", "1,2,3", "--starts", "12")...)
	if len(e.Classes) != 3 || len(e.Selection) != 3 {
		t.Errorf("%d classes of %v", len(e.Classes), e.Selection)
	}
}

// TestConcomitantsOfMembershipAreColumns joins margarine's purchases with what is known of the households.
func TestConcomitantsOfMembershipAreColumns(t *testing.T) {
	people := map[string][]string{}
	demos := rowsOf(t, shared.Path(t, "data/choice/margarine_demos.csv"))
	for _, row := range demos[1:] {
		people[row[0]] = row
	}
	rows := rowsOf(t, shared.Path(t, "data/choice/margarine.csv"))
	rows[0] = append(rows[0], "income", "size")
	for i := 2; i < len(rows[0])-2; i++ {
		rows[0][i] = "price." + rows[0][i]
	}
	for i, row := range rows[1:] {
		rows[i+1] = append(row, people[row[0]][1], people[row[0]][4])
	}
	e := estimateChoice(t, "latent-class", "--data", writtenRows(t, rows), "--id", "hhid", "--attributes", "price", "--classes", "2", "--starts", "8", "--concomitants", "income,size")
	if b, se, _ := e.coefficient("class2:income"); math.IsNaN(b) || !(se > 0) {
		t.Errorf("income moves membership by %v (%v)", b, se)
	}
}

// TestMixedLogitAgreesThroughTheCommandLine: mixed_logit.json, all within 1e-3.
func TestMixedLogitAgreesThroughTheCommandLine(t *testing.T) {
	var oracle struct{ Models []choiceOracle }
	oracleOf(t, "mixed_logit.json", &oracle)
	for _, want := range oracle.Models {
		e := estimateChoice(t, "mixed", append(choicePanel(t, want.Dataset), "--normal", "price")...)
		if math.Abs(e.LogLik-want.LogLik) > 1e-3 || !e.Converged {
			t.Errorf("%s: %.6f (converged %v), want %.6f", want.ID, e.LogLik, e.Converged, want.LogLik)
		}
		for name, w := range want.Coef {
			if b, se, _ := e.coefficient(name); !(math.Abs(b-w) < 1e-3) || !(math.Abs(se-want.SE[name]) < 1e-3) {
				t.Errorf("%s: %s %.6f (%.6f), want %.6f (%.6f)", want.ID, name, b, se, w, want.SE[name])
			}
		}
	}
}

// TestLayoutsAndFormatsGiveTheSameFit: catsup wide, long with the rows of a situation apart and yes and no, long and wide as Parquet with R's
// floats for whole numbers, and with the signs and row names of other makers.
func TestLayoutsAndFormatsGiveTheSameFit(t *testing.T) {
	wide := choicePanel(t, "choice/catsup.csv")
	want := estimateChoice(t, "logit", append(wide, "--last-choice")...)
	rows := rowsOf(t, wide[1])
	long := longRows(rows)
	apart := slices.Clone(long[1:])
	slices.SortStableFunc(apart, func(a, b []string) int { return strings.Compare(b[2], a[2]) }) // all of one alternative, then all of the next
	renamed := [][]string{}
	for i, row := range rows {
		row = append([]string{strconv.Itoa(i)}, row...)
		if i == 0 {
			row[0] = ""
			for c := range row {
				row[c] = strings.ReplaceAll(row[c], ".", "_")
			}
		} else {
			row[len(row)-1] = strconv.Itoa(1 + slices.Index([]string{"heinz41", "heinz32", "heinz28", "hunts32"}, row[len(row)-1]))
		}
		renamed = append(renamed, row)
	}
	flags := []string{"--id", "id", "--attributes", "price,disp,feat", "--last-choice"}
	inLong := append(slices.Clone(flags), "--layout", "long", "--situation", "chid", "--alternative", "alt", "--choice", "taken", "--base", "heinz41")
	for name, args := range map[string][]string{
		"long":                   append([]string{"--data", writtenRows(t, long)}, inLong...),
		"rows apart":             append([]string{"--data", writtenRows(t, append(long[:1:1], apart...))}, inLong...),
		"long, attributes found": append([]string{"--data", writtenRows(t, long), "--id", "id", "--last-choice"}, inLong[5:]...),
		"long Parquet":           append([]string{"--data", writtenParquet(t, long)}, inLong...),
		"wide Parquet":           append([]string{"--data", writtenParquet(t, rows), "--base", "heinz41"}, flags...), // the library sorts the columns
		"other signs":            append([]string{"--data", writtenRows(t, renamed)}, flags...),
	} {
		e := estimateChoice(t, "logit", args...)
		if math.Abs(e.LogLik-want.LogLik) > 1e-8 || len(e.Coefficients) != len(want.Coefficients) {
			t.Errorf("%s: %.9f, want %.9f", name, e.LogLik, want.LogLik)
		}
		for _, c := range want.Coefficients {
			if b, se, clustered := e.coefficient(c.Name); !(math.Abs(b-c.Estimate)+math.Abs(se-c.SE)+math.Abs(clustered-c.ClusteredSE) < 1e-6) {
				t.Errorf("%s: %s %.8f (%.8f, %.8f), want %+v", name, c.Name, b, se, clustered, c)
			}
		}
	}
}

// longRows writes a wide catsup as mlogit does: a row an alternative, numbers that households count their own situations by, yes and no.
func longRows(rows [][]string) [][]string {
	at := map[string]int{}
	for c, name := range rows[0] {
		at[name] = c
	}
	out := [][]string{{"chid", "id", "alt", "taken", "price", "disp", "feat"}}
	count := map[string]int{}
	for _, row := range rows[1:] {
		id := row[at["id"]]
		count[id]++
		for _, alt := range []string{"heinz28", "heinz32", "heinz41", "hunts32"} {
			taken := "no"
			if row[at["choice"]] == alt {
				taken = "yes"
			}
			out = append(out, []string{strconv.Itoa(count[id]), id, alt, taken, row[at["price."+alt]], row[at["disp."+alt]], row[at["feat."+alt]]})
		}
	}
	return out
}

// writtenParquet writes rows as R's arrow does: every number a double.
func writtenParquet(t *testing.T, rows [][]string) string {
	group, number := parquet.Group{}, make([]bool, len(rows[0]))
	for c, name := range rows[0] {
		_, err := strconv.ParseFloat(rows[1][c], 64)
		if number[c] = err == nil; number[c] {
			group[name] = parquet.Leaf(parquet.DoubleType)
		} else {
			group[name] = parquet.String()
		}
	}
	schema := parquet.NewSchema("rows", group)
	at := map[string]int{}
	for c, path := range schema.Columns() {
		at[path[0]] = c
	}
	var b strings.Builder
	w := parquet.NewGenericWriter[any](&b, schema)
	for _, row := range rows[1:] {
		values := make(parquet.Row, len(row))
		for c, name := range rows[0] {
			v := parquet.ByteArrayValue([]byte(row[c]))
			if number[c] {
				x, err := strconv.ParseFloat(row[c], 64)
				if err != nil {
					t.Fatal(err)
				}
				v = parquet.DoubleValue(x)
			}
			values[at[name]] = v.Level(0, 0, at[name])
		}
		if _, err := w.WriteRows([]parquet.Row{values}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "data.parquet")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestEveryChoiceModelTakesHistoryAndIsJudgedOnHouseholdsItDidNotSee, and the model that is written loads.
func TestEveryChoiceModelTakesHistoryAndIsJudgedOnHouseholdsItDidNotSee(t *testing.T) {
	for kind, flags := range map[string][]string{
		"logit":        nil,
		"nested":       {"--nests", "heinz:heinz41,heinz32,heinz28"},
		"mixed":        {"--normal", "price"},
		"latent-class": {"--classes", "2", "--starts", "8"},
	} {
		model := filepath.Join(t.TempDir(), "model.json")
		args := slices.Concat(choicePanel(t, "choice/catsup.csv"), flags, []string{"--held-out", "0.3", "--loyalty", "--reference", "price", "--model", model})
		e := estimateChoice(t, kind, args...)
		if e.Smoothing == nil || !(e.Smoothing.Estimate > 0.5 && e.Smoothing.SE > 0) {
			t.Errorf("%s: smoothing %+v", kind, e.Smoothing)
		}
		if score := e.HeldOut["loglik_per_choice"]; e.HeldOut["choices"]+float64(e.N) != 2798 || !(score > -1 && score < -0.5) || !(e.HeldOut["hit_rate"] > 0.6) {
			t.Errorf("%s: held out %v of %d", kind, e.HeldOut, e.N)
		}
		if len(e.Tests) == 0 || (kind == "nested" || kind == "mixed") && len(e.Tests) != 2 {
			t.Errorf("%s: tests %v", kind, e.Tests)
		}
		text, err := os.ReadFile(model)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := choice.LoadIndividual(text); err != nil || m.Summary().LogLik != e.LogLik {
			t.Errorf("%s: the written model: %v", kind, err)
		}
	}
}

// TestPagesOfChoiceModelsFit: each kind's page has lines of at most 100 columns and says what it should.
func TestPagesOfChoiceModelsFit(t *testing.T) {
	for kind, flags := range map[string][]string{
		"logit":        {"choice/margarine.csv", "against constants alone", "most of another"},
		"nested":       {"choice/catsup.csv", "lambda", "against a conditional logit", "--nests", "heinz:heinz41,heinz32"},
		"mixed":        {"choice/yogurt.csv", "above 0", "nodes", "--log-normal", "price"},
		"latent-class": {"choice/catsup.csv", "class 2", "% of heinz41 for 1% of its price", "--classes", "2", "--starts", "8"},
	} {
		code, stdout, stderr := call(t, slices.Concat([]string{"estimate", kind, "--quiet"}, choicePanel(t, flags[0]), flags[3:])...)
		if code != exitDone || stderr != "" {
			t.Fatalf("%s: exit code %d, %s", kind, code, stderr)
		}
		for _, word := range append(flags[1:3:3], "McFadden", "BIC") {
			if !strings.Contains(stdout, word) {
				t.Errorf("%s does not say %q:\n%s", kind, word, stdout)
			}
		}
		for line := range strings.Lines(stdout) {
			if n := len([]rune(line)); n > 101 {
				t.Errorf("%s: a line of %d columns: %s", kind, n, line)
			}
		}
	}
}
