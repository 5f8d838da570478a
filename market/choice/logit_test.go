package choice

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/souk-sim/souk/scenarios/data/shared"
)

// wide reads a file of the shared folder whose columns are attribute.alternative, or prices by alternative alone.
func wide(t testing.TB, name string) *Situations {
	f, err := os.Open(shared.Path(t, "data/choice/"+name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	s := &Situations{}
	where := map[string]int{}
	for c, head := range all[0] {
		attribute, alternative, dotted := strings.Cut(head, ".")
		if head == "id" || head == "hhid" || head == "choice" {
			where[head] = c
			continue
		}
		if !dotted {
			attribute, alternative = "price", head
		}
		where[attribute+"."+alternative] = c
		if !slices.Contains(s.Alternatives, alternative) {
			s.Alternatives = append(s.Alternatives, alternative)
		}
		if !slices.Contains(s.Attributes, attribute) {
			s.Attributes = append(s.Attributes, attribute)
		}
	}
	slices.SortFunc(s.Attributes, func(a, b string) int { // price first, as the oracle has it
		return slices.Index([]string{"price", "disp", "feat"}, a) - slices.Index([]string{"price", "disp", "feat"}, b)
	})
	for _, row := range all[1:] {
		for _, j := range s.Alternatives {
			for _, a := range s.Attributes {
				v, err := strconv.ParseFloat(row[where[a+"."+j]], 64)
				if err != nil {
					t.Fatal(err)
				}
				s.X = append(s.X, v)
			}
		}
		chosen := slices.Index(s.Alternatives, row[where["choice"]])
		if chosen < 0 {
			number, err := strconv.Atoi(row[where["choice"]])
			if err != nil {
				t.Fatal(err)
			}
			chosen = number - 1
		}
		s.Chosen = append(s.Chosen, chosen)
		id, err := strconv.Atoi(row[where["id"]+where["hhid"]])
		if err != nil {
			t.Fatal(err)
		}
		s.Household = append(s.Household, id)
	}
	return s
}

// oracle is a model that R fitted.
type oracle struct {
	ID, Dataset  string
	Coef, SE     map[string]float64
	LogLik       float64
	Null         float64                    `json:"loglik_equal_shares"`
	Shares       float64                    `json:"loglik_asc_only"`
	BIC          float64                    `json:"bic"`
	Clustered    map[string]float64         `json:"se_cluster_household"`
	Elasticities [][]float64                `json:"elasticity_aggregate"`
	Nests        map[string]json.RawMessage `json:"nests"`
}

func oracles(t testing.TB, file string) map[string]oracle {
	raw, err := os.ReadFile(shared.Path(t, "oracle/"+file))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct{ Models []oracle }
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	out := map[string]oracle{}
	for _, m := range doc.Models {
		out[m.ID] = m
	}
	return out
}

// agree compares a fit with the oracle's.
func agree(t *testing.T, id string, e *Estimates, want oracle) {
	t.Helper()
	if math.Abs(e.LogLik-want.LogLik) > 1e-6 || !e.Converged {
		t.Errorf("%s: log-likelihood %.9f (converged %v), want %.9f", id, e.LogLik, e.Converged, want.LogLik)
	}
	if len(e.Coefficients) != len(want.Coef) {
		t.Errorf("%s: %d coefficients, want %d", id, len(e.Coefficients), len(want.Coef))
	}
	for _, c := range e.Coefficients {
		if w, ok := want.Coef[c.Name]; !ok || math.Abs(c.Estimate-w) > 1e-5 {
			t.Errorf("%s: %s %.9f, want %.9f", id, c.Name, c.Estimate, w)
		}
		if w := want.SE[c.Name]; math.Abs(c.SE/w-1) > 1e-3 {
			t.Errorf("%s: s.e. of %s %.9f, want %.9f", id, c.Name, c.SE, w)
		}
		if w, ok := want.Clustered[c.Name]; ok && math.Abs(c.ClusteredSE/w-1) > 1e-3 {
			t.Errorf("%s: clustered s.e. of %s %.9f, want %.9f", id, c.Name, c.ClusteredSE, w)
		}
	}
}

// TestLogitAgreesWithR on three panels: likelihood 1e-6, coefficients 1e-5, standard errors 0.1%, elasticities 1e-4.
func TestLogitAgreesWithR(t *testing.T) {
	want := oracles(t, "choice_logit_R.json")
	panel := map[string]*Situations{"margarine_asc_price": wide(t, "margarine.csv"), "catsup_asc_price_disp_feat": wide(t, "catsup.csv"), "yogurt_asc_price_feat": wide(t, "yogurt.csv")}
	logs := *panel["margarine_asc_price"]
	logs.X = slices.Clone(logs.X)
	for i, v := range logs.X {
		logs.X[i] = math.Log(v)
	}
	panel["margarine_asc_logprice"] = &logs
	catsup := panel["catsup_asc_price_disp_feat"]
	for id, build := range map[string]func() (*Situations, error){
		"catsup_laststate":   func() (*Situations, error) { return catsup.With("last", catsup.LastChoice()) },
		"catsup_loyalty_0.8": func() (*Situations, error) { return catsup.With("loy", catsup.Loyalty(0.8)) },
	} {
		s, err := build()
		if err != nil {
			t.Fatal(err)
		}
		panel[id] = s
	}
	for id, s := range panel {
		m, err := FitLogit(s, Utility{})
		if err != nil {
			t.Fatal(id, err)
		}
		w := want[id]
		agree(t, id, &m.Estimates, w)
		if math.Abs(m.NullLogLik-w.Null)+math.Abs(m.SharesLogLik-w.Shares)+math.Abs(m.BIC-w.BIC) > 1e-6 {
			t.Errorf("%s: null %.7f, shares %.7f, BIC %.7f, want %.7f, %.7f, %.7f", id, m.NullLogLik, m.SharesLogLik, m.BIC, w.Null, w.Shares, w.BIC)
		}
		if w.Elasticities == nil {
			continue
		}
		e, err := AttributeElasticities(m, s, "price")
		if err != nil {
			t.Fatal(err)
		}
		for j := range e {
			for l := range e {
				if math.Abs(e[j][l]-w.Elasticities[j][l]) > 1e-6 {
					t.Errorf("%s: elasticity of %d to %d's price %.7f, want %.7f", id, j, l, e[j][l], w.Elasticities[j][l])
				}
			}
		}
	}
}

func BenchmarkLogitMargarine(b *testing.B) {
	s := wide(b, "margarine.csv")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := FitLogit(s, Utility{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*s.Len())/b.Elapsed().Seconds(), "choices/s")
}

func TestNestedLogitAgreesWithR(t *testing.T) {
	for id, w := range oracles(t, "choice_logit_R.json") {
		if w.Nests == nil {
			continue
		}
		s := wide(t, strings.TrimPrefix(w.Dataset, "choice/"))
		var nests []Nest
		for _, name := range []string{"heinz", "hunts", "stick", "tub"} {
			raw, ok := w.Nests[name]
			if !ok {
				continue
			}
			n := Nest{Name: name}
			if json.Unmarshal(raw, &n.Alternatives) != nil {
				var one string
				if err := json.Unmarshal(raw, &one); err != nil {
					t.Fatal(err)
				}
				n.Alternatives = []string{one}
			}
			nests = append(nests, n)
		}
		m, err := FitNested(s, Utility{}, nests)
		if err != nil {
			t.Fatal(err)
		}
		agree(t, id, &m.Estimates, w)
		outside := strings.Contains(strings.Join(m.Warnings, " "), "random-utility region")
		if !outside { // lambda is 1.61 and 1.07
			t.Errorf("%s: no warning of a lambda above 1: %q", id, m.Warnings)
		}
		t.Logf("%s: %d of %d starts reached %.7f", id, m.Reached, m.Starts, m.LogLik)
	}
}
