package workflow

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/market/optimum"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios"
)

func TestDoubtLooksAtMemoriesFarApart(t *testing.T) {
	c := &choice.ShareLogit{Spec: choice.Spec{Memory: 0.4}, Diagnostics: &choice.Diagnostics{NextBestMemory: 0.3}}
	if tiedMemories(c) != nil {
		t.Error("memories, though none was chosen between")
	}
	memory := choice.Selection{Question: "memory", Chosen: "0.4"}
	for i, value := range []string{"0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "0.95"} {
		memory.Options = append(memory.Options, choice.Option{Value: value, Score: float64(i), AIC: 100 + float64(i), Tied: value != "0"})
	}
	c.Diagnostics.Selections = []choice.Selection{memory}
	var got []float64
	for _, u := range tiedMemories(c) {
		got = append(got, u.Memory)
		if u.Memory == 0.4 && u.AIC != 0 || u.Memory == 0.95 && u.AIC != 6 {
			t.Errorf("memory %v: AIC %v more than the chosen's", u.Memory, u.AIC)
		}
	}
	if want := []float64{0.1, 0.3, 0.4, 0.7, 0.8, 0.95}; !slices.Equal(got, want) { // chosen, next, best score; then the farthest; never 0
		t.Errorf("%v, not %v", got, want)
	}
}

// toy is a path whose profits are known: margin times a demand that rewards prices below the reference price.
type toy struct{ prices []float64 }

func (toy) OnDeal(int, int) bool { return false }

func (p toy) profit(reference float64, action int) float64 {
	price := p.prices[action]
	return (price - 0.4) * (1 - price + 4*max(reference-price, 0))
}

func (p toy) Profits(reference float64, action int, byWeek []float64) {
	for t := range byWeek {
		byWeek[t] = p.profit(reference, action)
	}
}

// Whatever retune answers must be the best of all that it could have answered over the episode, not in the long run.
func TestRetunedRulesAreTheBestOverTheEpisode(t *testing.T) {
	p := toy{[]float64{0.5, 0.6, 0.7, 0.8, 0.9}}
	sample := &optimum.Sample{Paths: []optimum.Path{p}, Weeks: 26}
	for _, memory := range []float64{0, 0.5, 0.95} {
		r := optimum.Reduction{Memory: memory, Prices: p.prices, Start: 0.7, Points: 4*400 + 1}
		fixed, cycle, err := retune(sample, r)
		if err != nil {
			t.Fatal(err)
		}
		earn := func(at func(week int) int) (total float64) {
			reference := r.Start
			for week := range sample.Weeks {
				total += p.profit(reference, at(week))
				reference = memory*reference + (1-memory)*p.prices[at(week)]
			}
			return total
		}
		best := [2]float64{}
		for regular := range p.prices {
			best[0] = max(best[0], earn(func(int) int { return regular }))
			for deal := range regular {
				for length := 2; length <= longestDoubted; length++ {
					for d := 1; d < length; d++ {
						c := optimum.Cycle{Regular: regular, Deal: deal, Length: length, DealWeeks: d}
						best[1] = max(best[1], earn(c.At))
					}
				}
			}
		}
		at := func(price float64) int { return slices.Index(p.prices, price) }
		answered := optimum.Cycle{Regular: at(cycle.Regular), Deal: at(cycle.Deal), Length: cycle.Length, DealWeeks: cycle.DealWeeks}
		for i, got := range []float64{earn(func(int) int { return at(fixed) }), earn(answered.At)} {
			if math.Abs(got-best[i]) > 1e-3 {
				t.Errorf("memory %v: earns %v, the best %v (fixed %v, cycle %+v)", memory, got, best[i], fixed, cycle)
			}
		}
	}
}

func TestDoubtIsTheSameOnAnyNumberOfWorkers(t *testing.T) {
	s, d, m, w := built(t, "evaluate.coefficient_draws=3", "evaluate.paths=4")
	values := make([]float64, w.Encoder.States()*13)
	table, err := policies.NewTable(w.Spec, w.Encoder, values, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	b := &Baselines{policies: map[string]policies.Policy{history: dearest{}}}
	var texts []string
	for _, workers := range []int{1, 3} {
		r, err := Doubt(t.Context(), s, d, m, b, &Chosen{Agent: "a", Policy: table}, workers, func(int, int) {})
		if err != nil {
			t.Fatal(err)
		}
		for _, spread := range r.Spreads[:3] {
			if !(spread.Low <= spread.Median && spread.Median <= spread.High) {
				t.Errorf("%+v", spread)
			}
		}
		if len(r.Memories) != 0 || r.Spreads[0].Median <= 0 { // the memory was given; a tuned cycle beats a tuned fixed price
			t.Errorf("%+v", r)
		}
		summary := &Summary{Chapters: &Chapters{Robustness: r}, Chosen: &Chosen{Agent: "a"}}
		texts = append(texts, summary.drawsText())
	}
	if texts[0] != texts[1] {
		t.Errorf("%s\n%s", texts[0], texts[1])
	}
}

// Over the weeks it is fitted on the choice model expects about what was earned; the recorded sum is the data's own.
func TestLevelsInFittedWeeks(t *testing.T) {
	s, d, m, _ := built(t)
	var weeks []int
	recorded := 0.0
	for i, week := range d.Panel.Periods {
		if week < 100 || week > 300 {
			continue
		}
		weeks = append(weeks, week)
		for j := range d.Panel.Products {
			x := d.Panel.Units[i][j] * (d.Panel.Price[i][j] - d.Panel.Wholesale[i][j])
			if !math.IsNaN(x + d.Panel.Customers[i]) {
				recorded += x
			}
		}
	}
	l, err := levelsOf(s, d, m.Choice, weeks)
	if err != nil {
		t.Fatal(err)
	}
	if ratio := l.Recorded * float64(len(weeks)) / recorded; math.Abs(ratio-1) > 1e-9 || l.Cells+l.Absent != 7*len(weeks) {
		t.Errorf("recorded profit is %v of the data's, in %d and %d of %d brand-weeks", ratio, l.Cells, l.Absent, 7*len(weeks))
	}
	if ratio := l.Model / l.Recorded; ratio < 0.85 || ratio > 1.15 {
		t.Errorf("the model expects %v of what was earned in weeks it is fitted on", ratio)
	}
}

func TestOnlyFallsInTheFittedWeeksHaveADummy(t *testing.T) {
	s, d, _, _ := built(t)
	if got := dummies(s, d.Findings); got != "a dummy in the traffic model for 6, none for 1 outside of the fitted weeks" {
		t.Error(got)
	}
	if got := dummies(s, []logs.Finding{{Action: logs.Dummy, Period: 318}}); got != "a dummy in the traffic model for 1" {
		t.Error(got)
	}
}

func TestOneSeedHasGapsToo(t *testing.T) {
	s := &scenarios.Scenario{Agents: []scenarios.Agent{{Name: "sarsa"}}}
	share := stats.Estimate{Value: 0.9, Low: 0.8, High: 1}
	r := &evaluate.Result{Baseline: bestFixed, Optima: []string{solved}, Rows: []evaluate.Row{{Name: bestCycle, Seeds: 1, Gaps: []evaluate.Gap{{Share: &share}}},
		{Name: "sarsa", Seeds: 1, OfOptimum: []evaluate.Difference{{Name: solved, Estimate: share}}, Gaps: []evaluate.Gap{{Name: solved, Share: &share}}}}}
	want := []string{"sarsa earns 90.0% [80.0, 100.0] of the optimum, 90% [80, 100] of the gap from best-fixed to it"}
	if got := gaps(r, s); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestTheFitReportFitsThePage(t *testing.T) {
	s, d, m, _ := built(t)
	var text bytes.Buffer
	if err := FitText(&text, s, d, m); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text.String()) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	for _, part := range []string{"2SLS", "Cragg–Donald", "others', long run", "second order", "weeks since the deal began"} {
		if !strings.Contains(text.String(), part) {
			t.Errorf("no %s", part)
		}
	}
}
