package basket

import (
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
	"pgregory.net/rapid"
)

func mine(t interface {
	Helper()
	Fatal(...any)
}, baskets [][]int, o Options) *Sets {
	t.Helper()
	s, err := Mine(baskets, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func holds(basket, items []int) bool {
	for _, item := range items {
		if !slices.Contains(basket, item) {
			return false
		}
	}
	return true
}

func countAll(baskets [][]int, items []int) (n int) {
	for _, b := range baskets {
		if holds(b, items) {
			n++
		}
	}
	return n
}

// All subsets of up to eight items, counted one by one.
func TestMiningFindsWhatCountingFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := []int{3, 0, 17, 5, 1 << 40, 8, 9, 44}[:rapid.IntRange(1, 8).Draw(t, "items")]
		baskets := rapid.SliceOfN(rapid.SliceOfN(rapid.SampledFrom(names), 0, 9), 1, 25).Draw(t, "baskets")
		o := Options{Support: rapid.Float64Range(0.01, 1).Draw(t, "support"), MaxLength: rapid.IntRange(0, 4).Draw(t, "length")}
		s := mine(t, baskets, o)
		found := 0
		for mask := 1; mask < 1<<len(names); mask++ {
			var items []int
			for i, name := range names {
				if mask>>i&1 == 1 {
					items = append(items, name)
				}
			}
			slices.Sort(items)
			if o.MaxLength > 0 && len(items) > o.MaxLength {
				continue
			}
			n := countAll(baskets, items)
			at := s.index.find(items, hash(items))
			if frequent := float64(n)/float64(len(baskets)) >= o.Support; frequent != (at >= 0) {
				t.Fatalf("%v is in %d of %d baskets: found %v", items, n, len(baskets), at >= 0)
			}
			if at < 0 {
				continue
			}
			found++
			closed, maximal := true, true
			for _, larger := range names {
				if more := append(slices.Clone(items), larger); !slices.Contains(items, larger) && (o.MaxLength == 0 || len(more) <= o.MaxLength) {
					c := countAll(baskets, more)
					closed, maximal = closed && c < n, maximal && c < s.MinCount
				}
			}
			if set := s.Sets[at]; set.Count != n || set.Closed != closed || set.Maximal != maximal {
				t.Fatalf("%+v: is in %d baskets, closed %v, maximal %v", set, n, closed, maximal)
			}
		}
		if found != len(s.Sets) {
			t.Fatalf("%d sets, want %d", len(s.Sets), found)
		}
	})
}

func TestRulesAreThoseOfEverySplitWithTheirMeasures(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		baskets := rapid.SliceOfN(rapid.SliceOfNDistinct(rapid.IntRange(0, 5), 0, 6, rapid.ID), 3, 20).Draw(t, "baskets")
		s := mine(t, baskets, Options{Support: 0.1})
		o := RuleOptions{Confidence: rapid.SampledFrom([]float64{0, 0.3, 0.5, 1}).Draw(t, "confidence"), MaxThen: rapid.IntRange(1, 4).Draw(t, "then")}
		rules, err := s.Rules(o)
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		for _, set := range s.Sets {
			for mask := 1; mask < 1<<len(set.Items)-1; mask++ {
				var lhs, rhs []int
				for i, item := range set.Items {
					if mask>>i&1 == 1 {
						rhs = append(rhs, item)
					} else {
						lhs = append(lhs, item)
					}
				}
				if len(rhs) <= o.MaxThen && float64(set.Count)/float64(countAll(baskets, lhs)) >= o.Confidence {
					want++
				}
			}
		}
		if len(rules) != want {
			t.Fatalf("%d rules, want %d", len(rules), want)
		}
		n := float64(len(baskets))
		for _, r := range rules {
			both, lhs, rhs := float64(countAll(baskets, slices.Concat(r.If, r.Then))), float64(countAll(baskets, r.If)), float64(countAll(baskets, r.Then))
			for _, m := range [][2]float64{{r.Support, both / n}, {r.Confidence, both / lhs}, {r.Lift, both * n / (lhs * rhs)}, {r.Leverage, both/n - lhs/n*rhs/n}} {
				if math.Abs(m[0]-m[1]) > 1e-14*n {
					t.Fatalf("%+v: %v is not %v", r, m[0], m[1])
				}
			}
			if both == lhs && !math.IsInf(r.Conviction, 1) || both < lhs && math.Abs(r.Conviction-lhs/n*(1-rhs/n)/((lhs-both)/n)) > 1e-12*n {
				t.Fatalf("%+v: conviction", r)
			}
		}
	})
}

func TestMinimumCountIsTheLeastThatReachesTheSupport(t *testing.T) {
	for _, c := range []struct {
		support float64
		n, want int
	}{{0.001, 9835, 10}, {0.05, 9835, 492}, {0.07, 100, 7}, {0.1, 30, 3}, {0.29, 100, 29}, {1, 7, 7}, {1e-12, 7, 1}, {0.5, 1, 1}, {0.0001, 10_000_000, 1000}} {
		if got := minimumCount(c.support, c.n); got != c.want {
			t.Errorf("%v of %d is %d, want %d", c.support, c.n, got, c.want)
		}
	}
}

func TestBasketsThatCannotBeMinedAreRefused(t *testing.T) {
	many := make([]int, 40)
	for i := range many {
		many[i] = i
	}
	some := [][]int{{1, 2}, {1}}
	for _, c := range []struct {
		says    string
		baskets [][]int
		o       Options
	}{
		{"support: found 0,", some, Options{}},
		{"support: found -0.1", some, Options{Support: -0.1}},
		{"support: found 1.5", some, Options{Support: 1.5}},
		{"support: found NaN", some, Options{Support: math.NaN()}},
		{"length: found -1", some, Options{Support: 0.1, MaxLength: -1}},
		{"sets: found -1", some, Options{Support: 0.1, MaxSets: -1}},
		{"baskets: found 0", nil, Options{Support: 0.1}},
		{"basket 2: item: found -4", [][]int{{1}, {2, -4}}, Options{Support: 0.1}},
		{"more than 1000 item sets in 2 or more baskets", [][]int{many, many}, Options{Support: 1, MaxSets: 1000}},
	} {
		if _, err := Mine(c.baskets, c.o); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v, want %q", err, c.says)
		}
	}
	s := mine(t, [][]int{many[:12], many[:12]}, Options{Support: 1})
	for _, o := range []RuleOptions{{Confidence: -1}, {Confidence: 1.1}, {Confidence: math.NaN()}, {MaxThen: -1}, {MaxRules: -1}, {MaxThen: 12, MaxRules: 5000}} {
		if r, err := s.Rules(o); err == nil {
			t.Errorf("%+v gives %d rules", o, len(r))
		}
	}
	rules, _ := s.Rules(RuleOptions{})
	if s.Test(rules, "bonferroni") == nil || HoldOut(rules, nil, Holm) == nil || s.Test([]Rule{{If: []int{99}, Then: []int{1}}}, Holm) == nil ||
		s.Test([]Rule{{If: nil, Then: []int{1}}}, Holm) == nil || HoldOut([]Rule{{}}, some, Holm) == nil {
		t.Error("a test that cannot be made is made")
	}
}

func TestEmptyAndRepeatingBasketsAreCountedAndWarnedOf(t *testing.T) {
	s := mine(t, [][]int{{}, {2, 2, 1}, nil, {2}}, Options{Support: 0.5})
	if s.Baskets != 4 || s.Repeated != 1 || s.Sizes[0] != 2 || len(s.Sets) != 1 || s.Sets[0].Count != 2 || len(s.Warnings) != 3 {
		t.Errorf("%+v", s)
	}
	if s := mine(t, [][]int{{}, {}}, Options{Support: 0.5}); len(s.Sets) != 0 || len(s.Warnings) == 0 {
		t.Errorf("%+v", s)
	}
	if s := mine(t, [][]int{{4}}, Options{Support: 1}); len(s.Sets) != 1 {
		t.Errorf("one basket: %+v", s)
	}
}

// The tail by whole numbers of any size, to ten digits.
func TestFishersTestIsExact(t *testing.T) {
	if p := hypergeometricTail(3, 8, 4, 4); math.Abs(p-17.0/70) > 1e-15 { // Fisher's lady tasting tea
		t.Errorf("three of four cups: %v", p)
	}
	choose := func(n, k int) *big.Int { return new(big.Int).Binomial(int64(n), int64(k)) }
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 3000).Draw(t, "n")
		marked, drawn := rapid.IntRange(0, n).Draw(t, "marked"), rapid.IntRange(0, n).Draw(t, "drawn")
		both := rapid.IntRange(0, min(marked, drawn)).Draw(t, "both")
		sum := new(big.Int)
		for x := max(both, marked+drawn-n); x <= min(marked, drawn); x++ {
			sum.Add(sum, new(big.Int).Mul(choose(marked, x), choose(n-marked, drawn-x)))
		}
		want, _ := new(big.Rat).SetFrac(sum, choose(n, drawn)).Float64()
		if got := hypergeometricTail(both, n, marked, drawn); math.Abs(got-want) > 1e-10*want && want > 1e-300 {
			t.Errorf("P(≥%d of %d marked, %d drawn of %d) is %v, want %v", both, marked, drawn, n, got, want)
		}
	})
}

// independent gives baskets in which no item tells anything of another.
func independent(n int, seed uint64) [][]int {
	stream := rng.New(seed, 0).Family("baskets").At()
	baskets := make([][]int, n)
	for b := range baskets {
		for item := range 25 {
			if stream.Float64() < 0.02+0.015*float64(item) {
				baskets[b] = append(baskets[b], item)
			}
		}
	}
	return baskets
}

// Of 60 sets of independent baskets, more than 10 with a false rule at 5% have a probability of 2e-4 for each of the three
// procedures: where all rules are false, Benjamini and Hochberg's share is the probability of any.
func TestIndependentItemsSeldomMakeSignificantRules(t *testing.T) {
	const sets = 60
	names := []string{"Holm", "Benjamini-Hochberg", "held out"}
	alarms, naive := make([]int, 3), 0
	for seed := range uint64(sets) {
		baskets := independent(1200, seed)
		s := mine(t, baskets[:600], Options{Support: 0.02, MaxLength: 3})
		rules, err := s.Rules(RuleOptions{Confidence: 0.2})
		if err != nil {
			t.Fatal(err)
		}
		for i, test := range []func() error{func() error { return s.Test(rules, Holm) }, func() error { return s.Test(rules, BenjaminiHochberg) },
			func() error { return HoldOut(rules, baskets[600:], BenjaminiHochberg) }} {
			if err := test(); err != nil {
				t.Fatal(err)
			}
			if slices.ContainsFunc(rules, func(r Rule) bool { return r.Adjusted <= 0.05 }) {
				alarms[i]++
			}
			if i == 0 && slices.ContainsFunc(rules, func(r Rule) bool { return r.Fisher <= 0.05/float64(len(rules)) }) {
				naive++
			}
		}
	}
	for i, n := range alarms {
		if n > 10 {
			t.Errorf("%s: false rules in %d of %d sets", names[i], n, sets)
		}
	}
	t.Logf("false rules in %v of %d sets; corrected for the rules found alone, in %d", alarms, sets, naive)
}

// Bread is in half the baskets of butter and in a tenth of the others; eggs tell nothing of either.
func planted(n int, seed uint64) [][]int {
	const bread, butter, eggs = 1, 2, 3
	stream := rng.New(seed, 1).Family("baskets").At()
	baskets := make([][]int, n)
	for b := range baskets {
		chance := 0.1
		if stream.Float64() < 0.3 {
			baskets[b], chance = append(baskets[b], butter), 0.5
		}
		if stream.Float64() < chance {
			baskets[b] = append(baskets[b], bread)
		}
		if stream.Float64() < 0.4 {
			baskets[b] = append(baskets[b], eggs)
		}
	}
	return baskets
}

// Of 200 samples the mean z beyond 4/√200 has probability 6e-5, and more than 22 beyond 1.96 one of 3e-4.
func TestConfidenceIsRecoveredAndOnlyThePlantedRuleIsProductive(t *testing.T) {
	const samples = 200
	sum, outside, spurious := 0.0, 0, 0
	for seed := range uint64(samples) {
		s := mine(t, planted(800, seed), Options{Support: 0.01})
		rules, err := s.Rules(RuleOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Test(rules, Holm); err != nil {
			t.Fatal(err)
		}
		for _, r := range rules {
			switch {
			case slices.Equal(r.If, []int{2}) && slices.Equal(r.Then, []int{1}):
				z := (r.Confidence - 0.5) / math.Sqrt(0.25/float64(r.IfCount))
				if sum += z; math.Abs(z) > 1.96 {
					outside++
				}
				if r.Adjusted > 1e-6 {
					t.Errorf("seed %d: the planted rule is not found: %+v", seed, r)
				}
			case (len(r.If) > 1 || r.If[0] == 3 || r.Then[0] == 3) && r.Adjusted <= 0.05:
				spurious++
			}
		}
	}
	if math.Abs(sum)/math.Sqrt(samples) > 4 || outside > 22 {
		t.Errorf("mean z %.3f, %d of %d beyond 1.96", sum/samples, outside, samples)
	}
	if spurious > 22 { // the family-wise error is at most 5%
		t.Errorf("%d spurious rules in %d samples", spurious, samples)
	}
}
