package workflow

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/market/category"
	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/sim/env"
)

// built is the bundled scenario with its data and models; the order and the memory are given to save time.
func built(t *testing.T, overrides ...string) (*scenarios.Scenario, *Data, *Models, *World) {
	t.Helper()
	s, err := scenarios.Load("canned-tuna", append([]string{"demand.order=[1,0,0]", "choice.reference_price.memory=0.4"}, overrides...)...)
	if err != nil {
		t.Fatal(err)
	}
	d, err := ReadData(s)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Fit(t.Context(), s, d, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	w, err := Build(s, d, m, s.Market.Stores.EvaluateShare())
	if err != nil {
		t.Fatal(err)
	}
	return s, d, m, w
}

func TestTheMarketOpensWhereTheFittedWeeksEnd(t *testing.T) {
	s, d, m, w := built(t)
	if next := m.Traffic.Next(); next != 319 || w.Config.Start != 319 || w.Config.Skip != 0 {
		t.Errorf("traffic goes on in week %d, the market opens in %d and skips %d", next, w.Config.Start, w.Config.Skip)
	}
	past := d.Panel.Between([2]int{1, 318})
	for j, p := range w.Config.Products {
		last, reference := missing, missing
		for _, price := range logs.Column(past.Price, j) {
			if math.IsNaN(price) {
				continue
			}
			last = price
			if math.IsNaN(reference) {
				reference = price
			}
			reference = 0.4*reference + 0.6*price // on the first price it stays where it is
		}
		if math.Abs(p.Reference-reference) > 1e-12 {
			t.Errorf("%s: reference price %v, not %v", p.Name, p.Reference, reference)
		}
		for _, r := range p.Rungs {
			if math.Abs(r.Price-last) < math.Abs(p.Rungs[p.Opening].Price-last)-1e-12 {
				t.Errorf("%s opens at %v, but %v is nearer to its last price %v", p.Name, p.Rungs[p.Opening].Price, r.Price, last)
			}
		}
	}
	own := w.Config.Products[s.Own()]
	if len(own.Rungs) != 13 || own.Drop != 0.30 || w.Others[s.Own()] != nil {
		t.Errorf("the learner's side: %d rungs, drop %v", len(own.Rungs), own.Drop)
	}
	if w.Encoder.States() != 41 {
		t.Errorf("%d states, not 40 cells and one for a missing reference price", w.Encoder.States())
	}
}

// Everything by which two policies are compared must be the same for both, whatever the learner does.
func TestPathsDoNotDependOnTheLearner(t *testing.T) {
	s, _, _, w := built(t)
	quick := w.expected()
	low, err := quick.path(1, 7)
	if err != nil {
		t.Fatal(err)
	}
	low = low.Clone()
	last, err := quick.posted(dearest{}, 1, s.Data.Products[1])
	if err != nil {
		t.Fatal(err)
	}
	again, err := quick.path(1, 7)
	if err != nil {
		t.Fatal(err)
	}
	byWeek, other := make([]float64, s.Time.Horizon), make([]float64, s.Time.Horizon)
	low.Profits(0.9, 3, byWeek)
	again.Profits(0.9, 3, other)
	if !slices.Equal(byWeek, other) {
		t.Error("the same path is another the second time")
	}
	if len(last.Price) != s.Time.Horizon || slices.Min(last.Price) != 0.97 {
		t.Errorf("posted prices: %v", last.Price)
	}
}

type dearest struct{}

func (dearest) Decide([]float64, float64) policies.Decision {
	return policies.Decision{Action: 12, Price: 0.97}
}

func TestAnEncoderNeedsARange(t *testing.T) {
	_, d, m, _ := built(t)
	s, err := scenarios.Load("canned-tuna", "sellers.dominicks.state={ reference_price = { edges = [0.7, 0.8] }, cost = {} }")
	if err != nil {
		t.Fatal(err)
	}
	_, err = Build(s, d, m, 0.01) // the cost is the same on every rung
	if err == nil || !strings.Contains(err.Error(), "sellers.dominicks.state.cost: found cells from 0.") {
		t.Errorf("%v", err)
	}
}

func TestWordsTellRunsOfCells(t *testing.T) {
	spec := &env.Spec{Features: []env.Feature{{Name: "reference_price"}, {Name: category.RivalDeal("them"), Unit: "0 or 1"}},
		Offers: []env.Offer{{Price: 0.7}, {Price: 0.9}, {Price: 0.95}}}
	e := policies.Encoder{Dimensions: []policies.Dimension{policies.Uniform("reference_price", 0, 0.5, 1, 5), policies.Uniform(category.RivalDeal("them"), 1, 0, 1, 2)}}
	values, visits := make([]float64, e.States()*3), make([]uint32, e.States()*3)
	for ref := range 5 {
		for deal := range 2 {
			best := 1 + ref%2 // 0.9 and 0.95 are one step apart
			if ref == 4 {
				best = 0
			}
			state := e.Encode([]float64{0.55 + 0.1*float64(ref), float64(deal)})
			values[state*3+best] = 1
			for a := range 3 {
				visits[state*3+a] = 10
			}
		}
	}
	table, err := policies.NewTable(spec, e, values, visits, 0)
	if err != nil {
		t.Fatal(err)
	}
	cells := situations(e.Dimensions, 0)
	if len(cells) != 2 {
		t.Fatalf("situations: %v", cells)
	}
	for i, want := range []string{"them not on deal", "them on deal"} {
		if got := strings.Join(situation(e.Dimensions, 0, cells[i]), ", "); got != want {
			t.Errorf("%q, not %q", got, want)
		}
		if got := strings.Join(bandsOf(table, toldBy(table), 0, cells[i], narrowest(table)), ", "); got != "below 0.90 → 0.90, above 0.90 → 0.70" {
			t.Errorf("bands %q", got)
		}
	}
}

func TestTheHeadlineFitsWhateverTheFigures(t *testing.T) {
	e := stats.Estimate{Value: -1234567, Low: -2345678, High: 1}
	r := &evaluate.Result{Paths: 10, Level: 0.95, References: []string{"history", "best-fixed", "best-cycle"}, Optima: []string{"optimum", "clairvoyant"}}
	for _, name := range []string{"q-learning", "history", "best-fixed"} {
		row := evaluate.Row{Name: name, Seeds: 4, Profit: e}
		for _, reference := range r.References {
			row.Differences = append(row.Differences, evaluate.Difference{Name: reference, Estimate: e})
		}
		r.Rows = append(r.Rows, row)
	}
	for line := range strings.Lines(headline(r, "week")) {
		if n := len([]rune(strings.TrimSpace(line))); n > width {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	for x, want := range map[float64]string{1234567.4: "1,234,567", -1000: "−1,000", 999.6: "1,000", 9.994: "9.99", 0: "0", math.NaN(): "–"} {
		if got := thousands(x, ""); got != want {
			t.Errorf("%v is written %s, not %s", x, got, want)
		}
	}
}
