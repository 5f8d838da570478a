package basket

import (
	"bufio"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/souk-sim/souk/scenarios/data/shared"
)

func groceries(t testing.TB) (baskets [][]int) {
	f, err := os.Open(shared.Path(t, "data", "baskets", "groceries_transactions.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var basket []int
		for word := range strings.FieldsSeq(lines.Text()) {
			item, err := strconv.Atoi(word)
			if err != nil {
				t.Fatal(err)
			}
			basket = append(basket, item)
		}
		baskets = append(baskets, basket)
	}
	return baskets
}

func TestGroceriesAreCountedAsTheReferenceCountsThem(t *testing.T) {
	b, err := os.ReadFile(shared.Path(t, "oracle", "groceries_rules.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		N     int
		Items int            `json:"n_items"`
		Sizes map[string]int `json:"basket_size_hist"`

		Results []struct {
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
				Items []int
				Count int
			} `json:"top_itemsets_size_ge2"`
			Rules []struct {
				LHS        []int
				RHS        int
				Count      int
				LHSCount   int `json:"lhs_count"`
				Confidence float64
				Lift       float64
			} `json:"top_rules_conf_0_5_by_lift"`
		}
	}
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	baskets := groceries(t)
	for _, w := range want.Results {
		s, err := Mine(baskets, Options{Support: w.Support})
		if err != nil {
			t.Fatal(err)
		}
		got := struct{ n, minimum, sets, closed, maximal, sum, items int }{s.Baskets, s.MinCount, len(s.Sets), 0, 0, 0, len(s.Items)}
		bySize := map[string]int{}
		for _, set := range s.Sets {
			bySize[strconv.Itoa(len(set.Items))]++
			got.sum += set.Count
			if set.Closed {
				got.closed++
			}
			if set.Maximal {
				got.maximal++
			}
		}
		expected := got
		expected.n, expected.minimum, expected.sets, expected.closed, expected.maximal, expected.sum, expected.items =
			want.N, w.MinCount, w.Sets, w.Closed, w.Maximal, w.Sum, want.Items
		if got != expected {
			t.Errorf("support %v: %+v, want %+v", w.Support, got, expected)
		}
		for size, n := range w.BySize {
			if bySize[size] != n {
				t.Errorf("support %v: %d sets of %s, want %d", w.Support, bySize[size], size, n)
			}
		}
		for size, n := range want.Sizes {
			if k, _ := strconv.Atoi(size); s.Sizes[k] != n {
				t.Errorf("%d baskets of %d, want %d", s.Sizes[k], k, n)
			}
		}
		for _, top := range w.Top {
			slices.Sort(top.Items)
			if c := s.count(top.Items); c != top.Count {
				t.Errorf("support %v: %v in %d baskets, want %d", w.Support, top.Items, c, top.Count)
			}
		}
		for confidence, n := range w.Single {
			c, _ := strconv.ParseFloat(confidence, 64)
			rules, err := s.Rules(RuleOptions{Confidence: c})
			if err != nil || len(rules) != n {
				t.Errorf("support %v, confidence %v: %d rules, want %d (%v)", w.Support, c, len(rules), n, err)
			}
		}
		any, err := s.Rules(RuleOptions{Confidence: 0.5, MaxThen: 99})
		if err != nil || len(any) != w.Any {
			t.Errorf("support %v: %d rules of any form, want %d (%v)", w.Support, len(any), w.Any, err)
		}
		rules, _ := s.Rules(RuleOptions{Confidence: 0.5})
		for _, top := range w.Rules {
			slices.Sort(top.LHS)
			at := slices.IndexFunc(rules, func(r Rule) bool { return slices.Equal(r.If, top.LHS) && r.Then[0] == top.RHS })
			if at < 0 {
				t.Errorf("support %v: no rule %v => %d", w.Support, top.LHS, top.RHS)
				continue
			}
			r := rules[at]
			if r.Count != top.Count || r.IfCount != top.LHSCount || math.Abs(r.Confidence-top.Confidence) > 1e-14 || math.Abs(r.Lift/top.Lift-1) > 1e-14 {
				t.Errorf("support %v: %+v, want %+v", w.Support, r, top)
			}
		}
	}
}

func BenchmarkMineGroceries(b *testing.B) {
	baskets := groceries(b)
	b.ReportAllocs()
	sets := 0
	for b.Loop() {
		s, err := Mine(baskets, Options{Support: 0.001})
		if err != nil {
			b.Fatal(err)
		}
		sets = len(s.Sets)
	}
	b.ReportMetric(float64(len(baskets))*float64(b.N)/b.Elapsed().Seconds(), "baskets/s")
	b.ReportMetric(float64(sets)*float64(b.N)/b.Elapsed().Seconds(), "sets/s")
}

func BenchmarkRulesAndTheirTests(b *testing.B) {
	s, err := Mine(groceries(b), Options{Support: 0.001})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		rules, err := s.Rules(RuleOptions{Confidence: 0.2})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Test(rules, Holm); err != nil {
			b.Fatal(err)
		}
	}
}
