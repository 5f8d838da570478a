package workflow

import (
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/sim/env"
)

// ladderOfBins posts 1, 2, 1, 2 … over twenty cells of one feature, each visited as often as told.
func ladderOfBins(t *testing.T, visited func(cell int) uint32) *policies.Table {
	t.Helper()
	spec := &env.Spec{Features: []env.Feature{{Name: "reference_price"}}, Offers: []env.Offer{{Price: 1}, {Price: 1.4}, {Price: 2}}}
	e := policies.Encoder{Dimensions: []policies.Dimension{policies.Uniform("reference_price", 0, 0, 20, 20)}}
	values, visits := make([]float64, 3*e.States()), make([]uint32, 3*e.States())
	for cell := range 20 {
		best := 3*cell + cell%2*2
		values[best], visits[best] = 1, visited(cell)
	}
	table, err := policies.NewTable(spec, e, values, visits, 0)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestTheWordsListTheStatesThatTrainingVisitedOftenEnough(t *testing.T) {
	table := ladderOfBins(t, func(cell int) uint32 { return []uint32{0, 9, 10, 1000}[min(cell, 3)] })
	bands := bandsIn(table, toldBy(table), 0, []int{0}, 0)
	if len(bands) != 18 || bands[0].text != "2.00–3.00 → 1.00" || bands[0].visits != 10 {
		t.Errorf("cells with fewer than 1%% of 1000 visits are left out, the others told: %v", bands)
	}
}

// TestCellsAtTheEndsAreToldByTheirEdge: their middle would be a figure that cannot be, such as a stock below nothing.
func TestCellsAtTheEndsAreToldByTheirEdge(t *testing.T) {
	dims := []policies.Dimension{{Feature: "stock", Edges: []float64{1, 60}}, {Feature: "promotion_on", Edges: []float64{0.5}}, {Feature: "reference_price"}}
	for cell, want := range []string{"stock below 1; promotion on about 0", "stock about 30.5; promotion on about 1", "stock 60 or more; promotion on about 0"} {
		if told := strings.Join(situation(dims, 2, []int{cell, cell % 2, 0}), "; "); told != want {
			t.Errorf("%q, not %q", told, want)
		}
	}
}

// TestOffersARungApartAreOneBandWhereTheSceneSaysSo: with fewer rungs, and wide ones, another offer is another decision.
func TestOffersARungApartAreOneBandWhereTheSceneSaysSo(t *testing.T) {
	table := ladderOfBins(t, func(int) uint32 { return 1 })
	for apart, want := range map[float64]int{(*bazaar)(nil).apart(table): 20, 1: 1} {
		if bands := bandsIn(table, toldBy(table), 0, []int{0}, apart); len(bands) != want {
			t.Errorf("%g apart: %v", apart, bands)
		}
	}
}

func TestOfManyBandsTheMostVisitedAreToldInOrder(t *testing.T) {
	table := ladderOfBins(t, func(cell int) uint32 { return uint32(100 + cell) })
	kept := mostVisited(bandsIn(table, toldBy(table), 0, []int{0}, 0))
	if len(kept) != mostBands || !strings.HasPrefix(kept[0].text, "10.00") ||
		!slices.IsSortedFunc(kept, func(a, b band) int { return int(a.visits) - int(b.visits) }) {
		t.Errorf("%v", kept)
	}
}

// TestAnIndexIsToldAtWholeNumbers: a policy that computes would else be asked at values that it never meets.
func TestAnIndexIsToldAtWholeNumbers(t *testing.T) {
	d := policies.Uniform("rung", 0, -0.5, 8.5, 9)
	for k := range 9 {
		if x := middle(&d, k); x != float64(k) {
			t.Errorf("cell %d is asked at %g", k, x)
		}
	}
	for want, at := range map[string][2]int{"up to 2": {0, 2}, "3": {3, 3}, "3–5": {3, 5}, "7 or more": {7, 8}, "any": {0, 8}} {
		if told := span(&d, at[0], at[1]); told != want {
			t.Errorf("%q, not %q", told, want)
		}
	}
}
