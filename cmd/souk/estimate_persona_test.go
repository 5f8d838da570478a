package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/souk-sim/souk/market/affinity"
	"github.com/souk-sim/souk/market/basket"
	"github.com/souk-sim/souk/market/persona"
	"github.com/souk-sim/souk/scenarios/data/shared"
	"github.com/souk-sim/souk/sim/rng"
)

// estimateInto reads the document of souk estimate --json into v.
func estimateInto(t *testing.T, v any, args ...string) {
	t.Helper()
	code, stdout, stderr := call(t, append([]string{"estimate", "--json"}, args...)...)
	if code != exitDone || stderr != "" {
		t.Fatalf("%v: exit code %d, %s", args, code, stderr)
	}
	if err := json.Unmarshal([]byte(stdout), v); err != nil {
		t.Fatalf("%v: %v", args, err)
	}
}

// sharedJSON reads a file of what other software computed.
func sharedJSON(t *testing.T, v any, name string) {
	t.Helper()
	text, err := os.ReadFile(shared.Path(t, "oracle", name))
	if err == nil {
		err = json.Unmarshal(text, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// groups is the document of souk estimate kmeans.
type groups struct {
	N, K       int
	Inertia    float64
	Sizes      []int
	Centers    [][]float64
	CentersZ   [][]float64 `json:"centers_z"`
	Silhouette float64
	Scale      persona.Scale
	Converged  bool
	Warnings   []string
	Merged     int
	Cards      []persona.Card
	HeldOut    map[string]float64 `json:"held_out"`
}

func TestKMeansEqualsTheOracleThroughTheCommandLine(t *testing.T) {
	var want struct {
		N        int
		Mean, SD []float64
		Results  []struct {
			K       int
			Inertia float64     `json:"best_inertia"`
			Centers [][]float64 `json:"centers_z"`
			Sizes   []int
		}
	}
	sharedJSON(t, &want, "kmeans_rfm_cdnow.json")
	for _, r := range want.Results {
		var got groups
		estimateInto(t, &got, "kmeans", "--data", shared.Path(t, "data", "transactions", "cdnow_master.csv"), "--features", "recency,frequency,money", "--k", strconv.Itoa(r.K))
		if got.N != want.N || !got.Converged || got.Merged != 0 || !(got.Inertia <= 1.0001*r.Inertia) {
			t.Errorf("k = %d: %d customers, inertia %.6f (converged %v), want %d and %.6f", r.K, got.N, got.Inertia, got.Converged, want.N, r.Inertia)
		}
		for j := range want.Mean {
			if math.Abs(got.Scale.Mean[j]-want.Mean[j]) > 1e-12 || math.Abs(got.Scale.SD[j]-want.SD[j]) > 1e-12 {
				t.Errorf("%s: mean %v and deviation %v, want %v and %v", got.Scale.Names[j], got.Scale.Mean[j], got.Scale.SD[j], want.Mean[j], want.SD[j])
			}
		}
		if r.K > 5 { // there are several groupings that are nearly as good
			continue
		}
		for g, size := range r.Sizes {
			at := slices.IndexFunc(got.Sizes, func(s int) bool { return math.Abs(float64(s-size)) <= 1e-3*float64(size) })
			if at < 0 {
				t.Errorf("k = %d: no group of %d: %v", r.K, size, got.Sizes)
				continue
			}
			for j, z := range got.CentersZ[at] {
				back := math.Exp(z*want.SD[j]+want.Mean[j]) - 1
				if math.Abs(z-r.Centers[g][j]) > 1e-3 || math.Abs(got.Centers[at][j]/back-1) > 1e-9 {
					t.Errorf("k = %d: centre %v, or %v, of a group at %v", r.K, got.CentersZ[at], got.Centers[at], r.Centers[g])
				}
			}
		}
	}
}

// receipts are purchases of three kinds of customers, whose ids are planted: often and much, seldom, and on promotion.
func receipts(customers int) string {
	stream := rng.New(7, 0).Family("receipts").At()
	text := "customer,date,basket,product,quantity,amount,discount\n"
	for c := range customers {
		visits := []int{12, 2, 6}[c%3]
		for v := range visits {
			day, product, discount := 1+stream.Intn(28), []string{"tea", "coffee", "milk"}[stream.Intn(3)], 0.0
			month := 1 + (v*12/visits+stream.Intn(3))%12
			if c%3 == 2 && stream.Float64() < 0.8 {
				discount = 1
			}
			text += fmt.Sprintf("PLANTED%d,2024-%02d-%02d,%d,%s,1,%.2f,%v\n", c, month, day, c*100+v, product, []float64{30, 4, 8}[c%3]*(0.5+stream.Float64()), discount)
		}
	}
	return text
}

func TestCustomersOfThreeKindsAreFoundAndNobodyIsNamed(t *testing.T) {
	data, model := written(t, receipts(120)), filepath.Join(t.TempDir(), "personas.json")
	var got groups
	estimateInto(t, &got, "kmeans", "--data", data, "--features", "frequency,money,promotion", "--k", "2,3,4", "--restarts", "10", "--held-out", "0.25", "--model", model)
	if got.K != 3 || got.N != 90 || got.HeldOut["customers"] != 30 || !(got.HeldOut["inertia_per_customer"] < 1) || got.Silhouette < 0.5 {
		t.Errorf("%+v", got)
	}
	for _, c := range got.Cards {
		if c.Promotion == nil || len(c.Marks) != 3 || c.Customers < 20 {
			t.Errorf("%+v", c)
		}
	}
	text, err := os.ReadFile(model)
	if err != nil {
		t.Fatal(err)
	}
	p, err := persona.Load(text)
	if err != nil || len(p.Groups) != 3 {
		t.Errorf("%v", err)
	}
	for _, args := range [][]string{{"kmeans", "--k", "3"}, {"mixture", "--k", "1,3"}, {"coupon", "--k", "3", "--folds", "5", "--held-out", "0.3"}, {"kmeans", "--features", "all", "--k", "3", "--json"}} {
		code, stdout, stderr := call(t, append([]string{"estimate", args[0], "--data", data}, args[1:]...)...)
		if code != exitDone || strings.Contains(stdout+stderr+string(text), "PLANTED") {
			t.Errorf("%v: exit code %d %s\n%s", args, code, stderr, stdout)
		}
		for line := range strings.Lines(stdout) {
			if n := len([]rune(line)); n > 130 && args[len(args)-1] != "--json" {
				t.Errorf("%v: a line of %d columns: %s", args, n, line)
			}
		}
	}
}

func TestSmallGroupsAreMerged(t *testing.T) {
	text := "x,y\n"
	for i := range 40 {
		text += fmt.Sprintf("%v,%v\n", i%7, i%5)
	}
	text += "1000,1000\n1001,1000\n"
	var got groups
	estimateInto(t, &got, "kmeans", "--data", written(t, text), "--features", "x,y", "--k", "3")
	if got.Merged == 0 || slices.Min(got.Sizes) < 10 || len(got.Warnings) == 0 || len(got.Cards) != len(got.Sizes) {
		t.Errorf("%+v", got)
	}
	estimateInto(t, &got, "kmeans", "--data", written(t, text), "--features", "x,y", "--k", "2", "--least", "1", "--scale", "none")
	if !slices.Equal(got.Sizes, []int{40, 2}) || got.Centers[1][0] != 1000.5 {
		t.Errorf("%+v", got)
	}
}

func TestBasketsEqualTheOracleThroughTheCommandLine(t *testing.T) {
	var want struct {
		N, Items int
		NItems   int            `json:"n_items"`
		Total    int            `json:"total_items"`
		Sizes    map[string]int `json:"basket_size_hist"`
		Results  []struct {
			Support  float64        `json:"min_support"`
			MinCount int            `json:"min_count"`
			Sets     int            `json:"n_itemsets"`
			BySize   map[string]int `json:"by_size"`
			Closed   int            `json:"n_closed"`
			Maximal  int            `json:"n_maximal"`
			Sum      int            `json:"sum_of_counts"`
			Single   map[string]int `json:"n_rules_single_consequent_minlen2"`
			Any      int            `json:"n_rules_any_consequent_conf_0_5"`
			Top      []struct {
				LHS              []int
				RHS, Count       int
				LHSCount         int `json:"lhs_count"`
				Confidence, Lift float64
			} `json:"top_rules_conf_0_5_by_lift"`
		}
	}
	sharedJSON(t, &want, "groceries_rules.json")
	type rule struct {
		If, Then         []string
		Count            int
		IfCount          int `json:"if_count"`
		Confidence, Lift float64
	}
	type document struct {
		Baskets, Items, Itemsets, Closed, Maximal int
		Bought                                    int            `json:"items_bought"`
		Sizes                                     map[string]int `json:"basket_sizes"`
		MinCount                                  int            `json:"min_count"`
		ByLength                                  map[string]int `json:"itemsets_by_length"`
		Sum                                       int            `json:"sum_of_counts"`
		Number                                    int            `json:"number_of_rules"`
		Rules                                     []rule
	}
	data := shared.Path(t, "data", "baskets", "groceries_transactions.txt")
	for _, w := range want.Results {
		support := fmt.Sprint(w.Support)
		for confidence, n := range w.Single {
			var got document
			estimateInto(t, &got, "baskets", "--data", data, "--support", support, "--confidence", confidence)
			if got.Baskets != want.N || got.Items != want.NItems || got.Bought != want.Total || fmt.Sprint(got.Sizes) != fmt.Sprint(want.Sizes) {
				t.Fatalf("%d baskets, %d items, %d bought, %v", got.Baskets, got.Items, got.Bought, got.Sizes)
			}
			if got.MinCount != w.MinCount || got.Itemsets != w.Sets || fmt.Sprint(got.ByLength) != fmt.Sprint(w.BySize) || got.Closed != w.Closed || got.Maximal != w.Maximal || got.Sum != w.Sum {
				t.Errorf("support %s: %+v, want %+v", support, got.ByLength, w)
			}
			if got.Number != n || len(got.Rules) != n {
				t.Errorf("support %s, confidence %s: %d rules, want %d", support, confidence, got.Number, n)
			}
			if confidence != "0.5" {
				continue
			}
			for i, r := range got.Rules[:len(w.Top)] {
				if r.Lift < w.Top[i].Lift*(1-1e-12) || r.Lift > w.Top[i].Lift*(1+1e-12) {
					t.Errorf("support %s: rule %d has the lift %v, want %v", support, i+1, r.Lift, w.Top[i].Lift)
				}
			}
			for _, top := range w.Top {
				var lhs []string
				for _, item := range top.LHS {
					lhs = append(lhs, strconv.Itoa(item))
				}
				at := slices.IndexFunc(got.Rules, func(r rule) bool { return slices.Equal(r.If, lhs) && r.Then[0] == strconv.Itoa(top.RHS) })
				if at < 0 || got.Rules[at].Count != top.Count || got.Rules[at].IfCount != top.LHSCount || math.Abs(got.Rules[at].Confidence-top.Confidence) > 1e-14 {
					t.Errorf("support %s: no rule %v => %d as the oracle has it", support, lhs, top.RHS)
				}
			}
		}
		var got document
		if estimateInto(t, &got, "baskets", "--data", data, "--support", support, "--confidence", "0.5", "--max-then", "99"); got.Number != w.Any {
			t.Errorf("support %s: %d rules of any form, want %d", support, got.Number, w.Any)
		}
	}
}

func TestBasketsAreNamedSavedAndHeldOut(t *testing.T) {
	model := filepath.Join(t.TempDir(), "baskets.json")
	data, items := shared.Path(t, "data", "baskets", "groceries_transactions.txt"), shared.Path(t, "data", "baskets", "groceries_items.csv")
	code, page, stderr := call(t, "estimate", "baskets", "--data", data, "--items", items, "--support", "0.005", "--confidence", "0.3", "--closed", "--held-out", "0.3", "--model", model)
	if code != exitDone || stderr != "" || !strings.Contains(page, "whole milk") || !strings.Contains(page, "20 of") || !strings.Contains(page, "log score by popularity") {
		t.Errorf("exit code %d, %s%s", code, stderr, page)
	}
	text, err := os.ReadFile(model)
	if err != nil {
		t.Fatal(err)
	}
	c, err := basket.Load(text)
	if err != nil || len(c.Rules) == 0 || c.Items[0].Name != "frankfurter" {
		t.Errorf("%v, %+v", err, c)
	}
	_, page, _ = call(t, "estimate", "baskets", "--data", data, "--items", items, "--support", "0.001", "--confidence", "0.5")
	if first, other := strings.Index(page, "baking powder → whole milk"), strings.Index(page, "soda → hamburger meat"); first < 0 || other < first || !strings.Contains(page, "corrected for all rules") {
		t.Errorf("rules that pass do not come first: %s", page)
	}
	rows := "basket,item\n1,a\n1,b\n2,a\n2,b\n3,c\n3,a\n4,b\n4,a\n"
	for _, correction := range []string{"holm", "bh"} {
		var got struct {
			Number int `json:"number_of_rules"`
			Rules  []struct{ If, Then []string }
		}
		estimateInto(t, &got, "baskets", "--data", written(t, rows), "--support", "0.5", "--confidence", "0.9", "--correction", correction)
		if got.Number != 1 || got.Rules[0].If[0] != "b" || got.Rules[0].Then[0] != "a" {
			t.Errorf("%+v", got)
		}
	}
}

// TestIntentionOfHeldOutSessions asks what any right fit of these data has: their authors' and others' AUC is .89 and more.
func TestIntentionOfHeldOutSessions(t *testing.T) {
	model := filepath.Join(t.TempDir(), "intention.json")
	var got struct {
		N            int
		Coefficients []struct{ Name string }
		Warnings     []string
		HeldOut      map[string]float64 `json:"held_out"`
		Logistic     struct {
			Calibration []struct {
				Sessions            int
				Predicted, Observed float64
			}
		}
	}
	data := shared.Path(t, "data", "clickstream", "online_shoppers_intention.csv")
	estimateInto(t, &got, "intention", "--data", data, "--outcome", "Revenue", "--folds", "3", "--trees", "20", "--without", "Region,Browser,OperatingSystems,TrafficType",
		"--model", model)
	names := ""
	for _, c := range got.Coefficients {
		names += c.Name + " "
	}
	if n := float64(got.N) + got.HeldOut["sessions"]; n != 12330 || math.Abs(got.HeldOut["sessions"]/n-0.3) > 0.02 || !strings.Contains(names, "Month=May") || !strings.Contains(names, "VisitorType=Returning_Visitor") {
		t.Errorf("%v sessions, of which %v held out; %s", n, got.HeldOut["sessions"], names)
	}
	if !(got.HeldOut["auc"] > 0.87 && got.HeldOut["auc"] < 0.92) || !(got.HeldOut["forest_auc"] > 0.9 && got.HeldOut["forest_auc"] < 0.95) || len(got.Warnings) > 0 {
		t.Errorf("%v %q", got.HeldOut, got.Warnings)
	}
	if c := got.Logistic.Calibration; len(c) != 10 || c[0].Predicted > c[9].Predicted || math.Abs(c[9].Predicted-c[9].Observed) > 0.1 {
		t.Errorf("%+v", c)
	}
	text, err := os.ReadFile(model)
	if err != nil {
		t.Fatal(err)
	}
	m, err := persona.LoadIntention(text)
	if err != nil {
		t.Fatal(err)
	}
	values, x := make([]float64, len(m.Inputs)), make([]float64, len(m.Features()))
	m.Encode(values, x)
	low := m.Probability(x)
	values[slices.IndexFunc(m.Inputs, func(n persona.Input) bool { return n.Name == "PageValues" })] = 50
	if m.Encode(values, x); !(m.Probability(x) > low+0.3) {
		t.Errorf("pages worth 50 take the probability from %v to %v", low, m.Probability(x))
	}
}

// TestRecommendersEqualTheOracleThroughTheCommandLine has one method of each kind of fit; the others are held to the oracle in their room.
func TestRecommendersEqualTheOracleThroughTheCommandLine(t *testing.T) {
	type errors struct {
		RMSE, MAE float64
		Objective float64 `json:"train_objective"`
	}
	var want struct {
		Jester struct {
			N      int               `json:"n"`
			Train  int               `json:"n_train"`
			Mean   float64           `json:"global_mean_train"`
			Middle errors            `json:"bias_ridge_lambda_5"`
			ALS    map[string]errors `json:"als"`
		} `json:"jester5k"`
	}
	sharedJSON(t, &want, "ratings_baselines.json")
	j := want.Jester
	for _, c := range []struct {
		flags string
		want  errors
		exact float64
	}{
		{"biases --lambda 5", j.Middle, 1e-8}, {"als --rank 10 --lambda 0.1", j.ALS["k10_L0.1"], 1e-6},
	} {
		var got struct {
			errors
			Train   int     `json:"n_train"`
			Mean    float64 `json:"mean_train"`
			Ranking struct {
				K, Users                               int
				Precision, Recall, NDCG, MAP, Coverage float64
			}
			Compared []struct{ Method string }
		}
		estimateInto(t, &got, append([]string{"affinity", "--data", shared.Path(t, "data", "ratings", "jester5k.csv"), "--test-every", "5", "--method"}, strings.Fields(c.flags)...)...)
		if got.Train != j.Train || math.Abs(got.Mean-j.Mean) > 1e-12 {
			t.Errorf("%s: %d ratings of mean %v", c.flags, got.Train, got.Mean)
		}
		near := func(got, want float64) bool { return want == 0 || math.Abs(got/want-1) <= c.exact }
		if !(near(got.RMSE, c.want.RMSE) && near(got.MAE, c.want.MAE) && near(got.Objective, c.want.Objective)) {
			t.Errorf("%s: %+v, want %+v", c.flags, got.errors, c.want)
		}
		if q := got.Ranking; q.K != 10 || q.Users < 4000 || !(q.NDCG > 0 && q.NDCG < 1 && q.Recall > 0 && q.MAP > 0 && q.Precision > 0 && q.Coverage > 0) || len(got.Compared) < 4 {
			t.Errorf("%s: %+v", c.flags, got.Ranking)
		}
	}
}

func TestRecommendersAreSplitByTimeAndNameTheirItems(t *testing.T) {
	stream := rng.New(3, 0).Family("ratings").At()
	text := "user,item,rating,date\n"
	for u := range 60 {
		for i := range 12 {
			if stream.Float64() < 0.7 {
				text += fmt.Sprintf("PLANTED%d,film%02d,%.1f,2024-%02d-%02d\n", u, i, 3+map[bool]float64{true: 1.5, false: -1}[(u+i)%2 == 0]+stream.Float64()/2, 1+i, 1+u%28)
			}
		}
	}
	data, model := written(t, text), filepath.Join(t.TempDir(), "affinity.json")
	for _, method := range []string{"als", "sgd", "bayes", "implicit", "item-neighbours", "item-cosine", "popularity", "random", "biases"} {
		code, stdout, stderr := call(t, "estimate", "affinity", "--data", data, "--method", method, "--rank", "3", "--model", model)
		if code != exitDone || stderr != "" || !strings.Contains(stdout, "the end of time") || !strings.Contains(stdout, "ndcg at 10") {
			t.Errorf("%s: exit code %d, %s%s", method, code, stderr, stdout)
		}
		text, err := os.ReadFile(model)
		if err != nil {
			t.Fatal(err)
		}
		if _, items, err := affinity.LoadNamed(text); err != nil || len(items) != 12 || items[3] != "film03" {
			t.Errorf("%s: %q, %v", method, items, err)
		}
		if strings.Contains(stdout+string(text), "PLANTED") {
			t.Errorf("%s names a customer", method)
		}
	}
}
