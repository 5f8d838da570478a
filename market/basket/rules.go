package basket

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

// Rule says that who has the items If often has the items Then as well. Probabilities are shares of the baskets.
type Rule struct {
	If, Then                  []int // ascending, neither empty
	Count, IfCount, ThenCount int   // baskets with both, with If, with Then

	Support    float64 // P(If, Then)
	Confidence float64 // P(Then | If)
	Lift       float64 // P(Then | If)/P(Then) (Brin et al. 1997, "interest")
	Leverage   float64 // P(If, Then) - P(If)·P(Then) (Piatetsky-Shapiro 1991)
	Conviction float64 // P(If)·P(not Then)/P(If, not Then) (Brin et al. 1997); +Inf where there is no counterexample

	// Of Test or HoldOut; NaN before.
	Fisher     float64 // Fisher's exact p-value, one-sided, of If and Then being independent
	Productive float64 // that of If telling no more than If without one of its items (Webb 2007): the largest over the items
	Adjusted   float64 // Productive, corrected for the number of tests
}

// RuleOptions of Rules.
type RuleOptions struct {
	Confidence float64 // least, in [0, 1]
	MaxThen    int     // items of Then at most; 0 means 1
	MaxRules   int     // error when there are more; 0 means a million
}

// Rules makes the rules of the frequent sets (Agrawal & Srikant 1994), highest lift first. Confidence is compared as the
// quotient of counts.
func (s *Sets) Rules(o RuleOptions) ([]Rule, error) {
	if o.MaxThen == 0 {
		o.MaxThen = 1
	}
	if o.MaxRules == 0 {
		o.MaxRules = defaultLimit
	}
	switch {
	case !(o.Confidence >= 0 && o.Confidence <= 1):
		return nil, field.New("confidence", o.Confidence, "a probability from 0 to 1")
	case o.MaxThen < 0:
		return nil, field.New("then", o.MaxThen, "a number of items, or 0 for one")
	case o.MaxRules < 0:
		return nil, field.New("rules", o.MaxRules, "a limit, or 0 for a million")
	}
	m := ruleMaker{sets: s, o: o}
	for i := range s.Sets {
		if len(s.Sets[i].Items) > 1 && !m.split(&s.Sets[i], 0) {
			return nil, field.New("confidence", fmt.Sprintf("more than %d rules", o.MaxRules),
				"a higher confidence or support, fewer items in Then, or a higher limit of rules")
		}
	}
	slices.SortStableFunc(m.rules, func(a, b Rule) int {
		return cmp.Or(-cmp.Compare(a.Lift, b.Lift), -cmp.Compare(a.Count, b.Count), slices.Compare(a.If, b.If), slices.Compare(a.Then, b.Then))
	})
	return m.rules, nil
}

type ruleMaker struct {
	sets  *Sets
	o     RuleOptions
	then  []int // places in the set, ascending
	rules []Rule
}

// split moves further items of the set, from a place on, to Then. What Then takes from a rule of too little confidence cannot
// mend it: If grows smaller, and more frequent.
func (m *ruleMaker) split(set *Set, from int) bool {
	for at := from; at < len(set.Items); at++ {
		m.then = append(m.then, at)
		r := Rule{Count: set.Count, If: make([]int, 0, len(set.Items)-len(m.then)), Then: make([]int, 0, len(m.then))}
		for i, item := range set.Items {
			if slices.Contains(m.then, i) {
				r.Then = append(r.Then, item)
			} else {
				r.If = append(r.If, item)
			}
		}
		r.IfCount, r.ThenCount = m.sets.count(r.If), m.sets.count(r.Then)
		if r.measure(m.sets.Baskets); r.Confidence >= m.o.Confidence {
			if len(m.rules) == m.o.MaxRules {
				return false
			}
			m.rules = append(m.rules, r)
			if len(m.then) < min(m.o.MaxThen, len(set.Items)-1) && !m.split(set, at+1) {
				return false
			}
		}
		m.then = m.then[:len(m.then)-1]
	}
	return true
}

// measure fills the measures from the counts.
func (r *Rule) measure(baskets int) {
	n, both, lhs, rhs := float64(baskets), float64(r.Count), float64(r.IfCount), float64(r.ThenCount)
	r.Support, r.Confidence = both/n, both/lhs
	r.Lift = r.Confidence / (rhs / n)
	r.Leverage = (both*n - lhs*rhs) / (n * n)
	r.Conviction = lhs * (n - rhs) / (n * (lhs - both))
	if r.Count == r.IfCount {
		r.Conviction = math.Inf(1)
	}
	r.Fisher, r.Productive, r.Adjusted = math.NaN(), math.NaN(), math.NaN()
}
