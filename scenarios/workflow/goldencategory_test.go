package workflow

import (
	"fmt"
	"strings"
	"testing"

	"github.com/souk-sim/souk/market/category"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/sim/env"
)

// Each bundled category is fitted, and opens, as it did when testdata/traces was written: the choice model's coefficients, and the first two weeks of
// path 0 in a store, in which the learner keeps its opening price and the others follow their rules. After a change that is meant to move them:
// go test ./scenarios/workflow -run BundledCategories -update, and read the difference.
func TestBundledCategoriesOpenAsRecorded(t *testing.T) {
	for _, name := range scenarios.Bundled() {
		s, err := scenarios.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if s.World() != scenarios.WeeklyCategory {
			continue
		}
		t.Run(name, func(t *testing.T) {
			fit := func() (*tuna, error) { return fitBundled(name) }
			if name == "canned-tuna" {
				fit = fitTuna
			}
			f, err := fit()
			if err != nil {
				t.Fatal(err)
			}
			w := f.world(t, s.Market.Stores.EvaluateShare())
			compareRecorded(t, name, coefficientTable(f.models.Choice)+"\n"+w.firstWeeks(t, 2))
		})
	}
}

// firstWeeks tells the first weeks of path 0.
func (w *World) firstWeeks(t *testing.T, n int) string {
	m, err := category.New(w.Config, 1)
	if err != nil {
		t.Fatal(err)
	}
	keep := w.Config.Products[w.Config.Own].Opening
	var text strings.Builder
	for _, k := range w.watch(m, 0, func(*env.TimeStep) int { return keep })[:n] {
		fmt.Fprintf(&text, "week %d: %.0f customers, revenue $%.2f, profit $%.2f\n", k.number, k.customers, k.account.Revenue, k.account.Profit)
		rows := [][]string{{"", "price", "reference", "units", "left in stock"}}
		for j, p := range w.Config.Products {
			rows = append(rows, []string{p.Name, fmt.Sprintf("%.2f", p.Rungs[k.rung[j]].Price), fmt.Sprintf("%.3f", k.reference[j]),
				fmt.Sprint(k.sold[j]), fmt.Sprint(k.stockLeft[j])})
		}
		text.WriteString(align(rows) + "\n")
	}
	return text.String()
}
