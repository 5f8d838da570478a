package workflow

import (
	"fmt"
	"strings"

	"github.com/souk-sim/souk/market/rivals"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/sim/rng"
)

const (
	chainHistories = 400  // simulated for each product
	chainAlarm     = 0.05 // false-alarm rate of all tests of one kind together (Bonferroni)
)

// chainTable tells how well the fitted price chains suit their histories, and warns where what the market assumes of them is rejected: that they are
// of first order, do not change, do not move together and do not answer the learner's product.
func (m *Models) chainTable(s *scenarios.Scenario) (table string, warned []string) {
	streams := rng.New(evaluate.MasterSeed(s.Seed), 0)
	rows := [][]string{{"", "second order", "regular spells", "deal spells", "recent change", "weeks on deal"}}
	tests := map[string][]string{}
	kinds := []string{"a memory longer than one week", "regular spells that age", "deal spells that age", "recent weeks unlike the earlier ones"}
	for _, fit := range m.Prices {
		d := fit.Diagnose(streams.Family("chain "+fit.Deals.Product()), chainHistories)
		row := []string{d.Product}
		for k, test := range []rivals.Test{d.SecondOrder, d.RegularDuration, d.DealDuration, d.Change} {
			row = append(row, pValue(test.P))
			if test.P < chainAlarm/float64(len(m.Prices)) {
				tests[kinds[k]] = append(tests[kinds[k]], d.Product)
			}
		}
		rows = append(rows, append(row, fmt.Sprintf("%.0f%% [%.0f, %.0f]", 100*d.DealShare.Observed, 100*d.DealShare.Low, 100*d.DealShare.High)))
	}
	var parts []string
	for _, kind := range kinds {
		if len(tests[kind]) > 0 {
			parts = append(parts, kind+": "+strings.Join(tests[kind], ", "))
		}
	}
	if len(parts) > 0 {
		warned = append(warned, "! the chains' assumptions are rejected: "+strings.Join(parts, "; "))
	}
	pairs := rivals.Pairs(m.Prices)
	var together []string
	for _, p := range pairs {
		if p.P < chainAlarm/float64(len(pairs)) {
			together = append(together, fmt.Sprintf("%s and %s (correlation %.2f)", p.A, p.B, p.Correlation))
		}
	}
	if len(together) > 0 {
		warned = append(warned, "! products go on deal together or in turn, while the market takes them as independent: "+strings.Join(together, ", "))
	}
	if answers := m.answers(s); len(answers) > 0 {
		warned = append(warned, fmt.Sprintf("! prices follow %s's of the week before, while in the market nobody answers the learner: %s",
			s.Data.Products[s.Own()], strings.Join(answers, ", ")))
	}
	return align(rows), warned
}

// answers are the products whose price follows the learner's product's of the week before, with the elasticity of it.
func (m *Models) answers(s *scenarios.Scenario) (all []string) {
	for j, follower := range m.Prices {
		if j == s.Own() {
			continue
		}
		r, err := rivals.Respond(follower, m.Prices[s.Own()])
		if err == nil && r.Before.P < chainAlarm/float64(len(m.Prices)-1) { // an error: too little varies to tell
			all = append(all, fmt.Sprintf("%s (%.2f, s.e. %.2f)", r.Follower, r.Before.Estimate, r.Before.StandardError))
		}
	}
	return all
}

func pValue(p float64) string {
	if p < 0.001 {
		return "<0.001"
	}
	return fmt.Sprintf("%.3f", p)
}
