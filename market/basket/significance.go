package basket

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

// Correction for the number of tests.
type Correction string

const (
	// Holm controls the probability of a single false rule (Holm 1979, Scandinavian Journal of Statistics 6, 65),
	// whatever the dependence.
	Holm Correction = "holm"
	// BenjaminiHochberg controls the expected share of false rules (Benjamini & Hochberg 1995, JRSS B 57, 289), for tests
	// that are independent or positively dependent.
	BenjaminiHochberg Correction = "benjamini-hochberg"
)

// Test fills Fisher, Productive and Adjusted of rules that s.Rules gave, on the baskets that they were found in (Webb 2007,
// "Discovering significant patterns", Machine Learning 68, 1: the direct adjustment). What was looked at are not the rules
// found but all that could have been, so that a rule with k items in If and c in Then answers for all of that form over
// the items seen, and the forms share the error as 2^-k, or 2^-(k+c) where any rule has more than one item in Then (Webb
// 2008, "Layered critical values", Machine Learning 71, 307, has equal shares up to a greatest k; these need none).
func (s *Sets) Test(rules []Rule, c Correction) error {
	if err := c.check(); err != nil {
		return err
	}
	many := false
	for i := range rules {
		if all := rules[i].items(); s.index.find(all, hash(all)) < 0 {
			return field.New(fmt.Sprintf("rule %d", i+1), fmt.Sprint(all), "items that are a frequent set")
		}
		if err := rules[i].test(s.Baskets, s.count); err != nil {
			return err
		}
		many = many || len(rules[i].Then) > 1
	}
	weight := make([]float64, len(rules))
	for i, r := range rules {
		k, n, v := len(r.If), len(s.Items), len(r.Then)
		log := -float64(k)*math.Ln2 - logChoose(n, k) - logChoose(n-k, v)
		if many {
			log -= float64(v) * math.Ln2
		}
		weight[i] = math.Exp(log)
	}
	adjust(rules, weight, c)
	return nil
}

// HoldOut fills Fisher, Productive and Adjusted from baskets that had no part in finding the rules, corrected for the number
// of the rules alone (Webb 2007: the holdout evaluation). It leaves the rules' counts and measures as they were found.
func HoldOut(rules []Rule, baskets [][]int, c Correction) error {
	if err := c.check(); err != nil {
		return err
	}
	if len(baskets) == 0 {
		return field.New("held-out baskets", 0, "at least one")
	}
	h := newHolders(rules, baskets)
	weight := make([]float64, len(rules))
	for i := range rules {
		if err := rules[i].test(len(baskets), h.count); err != nil {
			return err
		}
		weight[i] = 1 / float64(len(rules))
	}
	adjust(rules, weight, c)
	return nil
}

func (c Correction) check() error {
	if c != Holm && c != BenjaminiHochberg {
		return field.New("correction", fmt.Sprintf("%q", string(c)), fmt.Sprintf("%q or %q", Holm, BenjaminiHochberg))
	}
	return nil
}

// items are those of both sides, ascending.
func (r *Rule) items() []int {
	all := slices.Concat(r.If, r.Then)
	slices.Sort(all)
	return all
}

// test fills Fisher and Productive. Of the baskets that hold If without one item, the test of that item is whether those
// that hold it too have Then more often than the others.
func (r *Rule) test(baskets int, count func(items []int) int) error {
	if len(r.If) == 0 || len(r.Then) == 0 {
		return field.New("rule", fmt.Sprintf("%v => %v", r.If, r.Then), "items on both sides")
	}
	both := func(items []int) int {
		all := slices.Concat(items, r.Then)
		slices.Sort(all)
		return count(all)
	}
	given, and := count(r.If), count(r.items())
	r.Fisher = hypergeometricTail(and, baskets, count(r.Then), given)
	if r.Productive = r.Fisher; len(r.If) == 1 {
		return nil
	}
	r.Productive = 0
	for i := range r.If {
		less := slices.Concat(r.If[:i], r.If[i+1:])
		r.Productive = max(r.Productive, hypergeometricTail(and, count(less), both(less), given))
	}
	return nil
}

// adjust fills Adjusted from Productive. The weights of all tests there could be sum to one; the rest of them, which were not
// made, count as failed. Holm's procedure with weights is his own; Benjamini and Hochberg's, Genovese, Roeder & Wasserman's
// (2006, Biometrika 93, 509).
func adjust(rules []Rule, weight []float64, c Correction) {
	order := make([]int, len(rules))
	for i := range order {
		order[i] = i
	}
	weighted := func(i int) float64 { return rules[i].Productive / weight[i] }
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(weighted(i), weighted(j)) })
	if c == Holm {
		largest, left := 0.0, 1.0
		for _, i := range order {
			largest = max(largest, min(1, weighted(i)*left))
			rules[i].Adjusted = largest
			left = max(0, left-weight[i])
		}
		return
	}
	least := 1.0
	for place := len(order) - 1; place >= 0; place-- {
		least = min(least, weighted(order[place])/float64(place+1))
		rules[order[place]].Adjusted = least
	}
}

// hypergeometricTail is the probability that of `drawn` baskets out of n, `marked` of which are marked, at least `both` are
// marked. The shorter side is summed, from its largest term on.
func hypergeometricTail(both, n, marked, drawn int) float64 {
	low, high := max(0, marked+drawn-n), min(marked, drawn)
	switch {
	case both <= low:
		return 1
	case both > high:
		return 0
	}
	upward := float64(both)*float64(n+2) > float64(marked+1)*float64(drawn+1) // beyond the mode
	from, to, step := both, high, 1
	if !upward {
		from, to, step = both-1, low, -1
	}
	term, sum := 1.0, 1.0
	for x := from; x != to; x += step {
		a, b := float64(x), float64(marked+drawn)
		if upward {
			term *= (float64(marked) - a) * (float64(drawn) - a) / ((a + 1) * (float64(n) - b + a + 1))
		} else {
			term *= a * (float64(n) - b + a) / ((float64(marked) - a + 1) * (float64(drawn) - a + 1))
		}
		if sum += term; term < 1e-17*sum {
			break
		}
	}
	p := math.Exp(logChoose(marked, from)+logChoose(n-marked, drawn-from)-logChoose(n, drawn)) * sum
	if !upward {
		p = 1 - p
	}
	return max(0, min(1, p))
}

// logChoose is the logarithm of n over k, -Inf where there is no way.
func logChoose(n, k int) float64 {
	if k < 0 || k > n {
		return math.Inf(-1)
	}
	log := func(x int) float64 { v, _ := math.Lgamma(float64(x) + 1); return v }
	return log(n) - log(k) - log(n-k)
}
