package workflow

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results/stats"
)

// Text writes the tables of all scenarios, and what became of the gates.
func (m *Benchmark) Text(w io.Writer) error {
	p := &page{}
	for i, b := range m.Scenarios {
		if i > 0 {
			p.line("")
		}
		p.line("%s", b.caption())
		if b.Question != "" {
			p.line("%s", b.Question)
		}
		for _, t := range b.tables() {
			t.text(p)
		}
	}
	if t := m.together(); t != nil {
		t.text(p)
	}
	var gates []string
	for _, g := range m.Gates {
		gates = append(gates, g.Because)
	}
	p.section("required", gates...)
	_, err := io.WriteString(w, p.String())
	return err
}

// grid is a table to be printed, or written in another format.
type grid struct {
	title string
	heads []string
	lines [][]string
	notes []string
}

func (g *grid) rows() [][]string { return append([][]string{g.heads}, g.lines...) }

func (g *grid) text(p *page) {
	p.line("")
	for _, l := range wrap(g.title, benchWidth) {
		p.line("%s", l)
	}
	p.WriteString(align(g.rows()))
	for _, note := range g.notes {
		for i, l := range wrap(note, benchWidth) {
			p.line("%s%s", map[bool]string{true: "  "}[i > 0], l)
		}
	}
}

// benchWidth is that of a benchmark's text, in columns.
const benchWidth = 112

// caption says what was compared.
func (b *Benched) caption() string {
	if b.Exact {
		return fmt.Sprintf("%s · %s, values computed · %s", b.Scenario, plural(b.Runs, "run"), b.Unit)
	}
	return fmt.Sprintf("%s · %s of %s · %s", b.Scenario, plural(b.Runs, "run"), plural(b.Paths, "path"), b.Unit)
}

// tables are those of a scenario.
func (b *Benched) tables() []*grid {
	all := []*grid{b.figures(), b.differences()}
	if len(b.Learning) > 0 {
		all = append(all, b.schoolTable())
	}
	if b.Robustness != nil {
		all = append(all, robustTable(b.Robustness))
	}
	return all
}

// fewRuns is below how many bootstrapped intervals, as benchmarks have them, are too narrow (stats.Bootstrap.Expanded).
const fewRuns = 5

// figures is the table of what each policy came to.
func (b *Benched) figures() *grid {
	run, worst := "A run is a training seed and customers of its own, the same for all policies.", "all episodes"
	if b.Exact {
		run, worst = "A run is a training seed.", "the runs"
	}
	g := &grid{title: "Scores; intervals over runs: Student's t of the mean, bootstrap (BCa) of the interquartile mean (IQM)",
		heads: []string{"", "mean [95%]", "IQM [95%]", "median", "worst 10%"},
		notes: []string{run + " worst 10%: mean of the worst tenth of " + worst + "."}}
	if b.Optimum != "" {
		g.heads = append(g.heads, "normalised [95%]", "P(>fixed)", "gap")
		one := b.Optimum
		if !b.Known {
			one += ", the best here, as the optimum is not known"
		}
		g.notes = append(g.notes, fmt.Sprintf("normalised: 0 is %s, 1 is %s. P(>fixed): that a run earns more than another of %s. gap: mean shortfall of the runs below 1.", b.Baseline, one, b.Baseline))
	} else {
		g.heads = append(g.heads, "P(>fixed)")
		g.notes = append(g.notes, fmt.Sprintf("P(>fixed): that a run earns more than another of %s. No normalised scores: nothing here earns more than it for certain.", b.Baseline))
	}
	if b.Runs < fewRuns {
		g.notes = append(g.notes, fmt.Sprintf("Of fewer than %d runs bootstrapped intervals are too narrow, and those of means somewhat where scores are skewed; those of differences are not.", fewRuns))
	}
	d := b.decimals()
	for i := range b.Rows {
		r := &b.Rows[i]
		cells := []string{called(r), bracketed(r.Mean, d), bracketed(r.InterquartileMean, d), amount(r.Median.Value, d), amount(r.WorstDecile, d)}
		if b.Optimum != "" {
			cells = append(cells, bracketed(*r.Normalised, 2))
		}
		better := ""
		if r.Improvement != nil {
			better = amount(r.Improvement.Value, 2)
		}
		cells = append(cells, better)
		if b.Optimum != "" {
			cells = append(cells, amount(r.OptimalityGap.Value, 2))
		}
		g.lines = append(g.lines, cells)
	}
	return g
}

// shown are the pairs that are printed, the better one first: those with the best policy and with the best fixed price. bench.json has all.
func (b *Benched) shown() (all []evaluate.Pair) {
	for _, one := range []string{b.Leader, b.Baseline} {
		for _, p := range b.Against(one) {
			if len(all) > 0 && one == b.Baseline && (b.Leader == b.Baseline || p.B == b.Leader) {
				continue // there already
			}
			if p.Difference.Value < 0 {
				better, _ := b.Pair(p.B, p.A) // which there is, as there is p
				p = *better
			}
			all = append(all, p)
		}
	}
	return all
}

// differences is the table of pairs.
func (b *Benched) differences() *grid {
	g := &grid{title: fmt.Sprintf("Differences, paired by run; p: Student's t, Holm-corrected for all %d pairs; runs: that find such a difference with a power of 80%%", len(b.Pairs)),
		heads: []string{"", "difference [95%]", "p", "runs"}}
	shown := b.shown()
	var each []stats.Estimate
	for _, p := range shown {
		each = append(each, p.Difference)
	}
	d := decimals(each)
	var few []string
	for _, p := range shown {
		g.lines = append(g.lines, []string{p.A + " − " + p.B, signed(p.Difference, d), chanceOf(&p), neededRuns(p.Seeds)})
		if !(p.Holm < 1-level) && !exact(p.Difference) {
			few = append(few, fmt.Sprintf("%s and %s (%s)", p.A, p.B, neededText(p.Seeds)))
		}
	}
	if len(few) > 0 {
		g.notes = append(g.notes, fmt.Sprintf("Too few runs to tell apart: %s.", strings.Join(few, ", ")))
	}
	return g
}

// chanceOf is a pair's corrected p-value, or that there is no chance in it.
func chanceOf(p *evaluate.Pair) string {
	switch {
	case exact(p.Difference) && p.Difference.Value == 0:
		return "alike"
	case exact(p.Difference):
		return "exact"
	}
	return pValue(p.Holm)
}

// exact tells whether a difference is the same in all runs, but for rounding.
func exact(e stats.Estimate) bool { return e.High-e.Low <= 1e-9*math.Abs(e.Value) }

// signed is a difference with its sign.
func signed(e stats.Estimate, decimals int) string {
	text := bracketed(e, decimals)
	if e.Value > 0 {
		text = "+" + text
	}
	return text
}

// neededRuns is how many runs tell a pair apart, as a cell.
func neededRuns(s stats.Seeds) string {
	if s.Needed == 0 {
		return "–"
	}
	return amount(float64(s.Needed), 0)
}

func neededText(s stats.Seeds) string {
	switch {
	case s.Needed == 0:
		return "no number would do: there is no difference"
	case !s.TooFew():
		return fmt.Sprintf("about %d should do: again with another seed", s.Needed)
	}
	return fmt.Sprintf("about %s would be needed", neededRuns(s))
}

// together is the table of all scenarios; nil of one.
func (m *Benchmark) together() *grid {
	if m.Together == nil || m.Together.Scenarios < 2 {
		return nil
	}
	g := &grid{title: fmt.Sprintf("Over all %d scenarios: normalised scores of the runs; 95%% intervals by the bootstrap (BCa), stratified by scenario", m.Together.Scenarios),
		heads: []string{"", "IQM [95%]", "mean [95%]", "median [95%]", "gap [95%]", "P(>fixed) [95%]"}}
	for i := range m.Together.Rows {
		r := &m.Together.Rows[i]
		better := ""
		if r.Improvement != nil {
			better = bracketed(*r.Improvement, 2)
		}
		g.lines = append(g.lines, []string{r.Name, bracketed(r.InterquartileMean, 2), bracketed(r.Mean, 2), bracketed(r.Median, 2), bracketed(r.OptimalityGap, 2), better})
	}
	var left []string
	for _, b := range m.Scenarios {
		if b.Optimum == "" {
			left = append(left, b.Scenario)
		}
	}
	if len(left) > 0 {
		g.notes = append(g.notes, "Without "+strings.Join(left, ", ")+", where scores cannot be normalised.")
	}
	return g
}

// called is a policy's name and how many trainings it stands for.
func called(r *evaluate.Standing) string {
	switch {
	case r.Policies > 1:
		return fmt.Sprintf("%s ×%d", r.Name, r.Policies)
	case r.Policies == 0:
		return r.Name + " (bound)"
	}
	return r.Name
}

func (b *Benched) decimals() int {
	var means []stats.Estimate
	for i := range b.Rows {
		means = append(means, b.Rows[i].Mean)
	}
	return decimals(means)
}

// decimals are so many that half the typical interval has two digits, at most four.
func decimals(all []stats.Estimate) int {
	var halves []float64
	for _, e := range all {
		if !exact(e) {
			halves = append(halves, (e.High-e.Low)/2)
		}
	}
	if len(halves) == 0 {
		return 4
	}
	return min(4, max(0, 1-int(math.Floor(math.Log10(stats.Median(halves))))))
}

// bracketed is a value and its bounds.
func bracketed(e stats.Estimate, decimals int) string {
	value, low, high := amount(e.Value, decimals), amount(e.Low, decimals), amount(e.High, decimals)
	if low == value && high == value {
		return value
	}
	return fmt.Sprintf("%s [%s, %s]", value, low, high)
}

// amount writes a number with so many decimals, commas between thousands and a true minus.
func amount(x float64, decimals int) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return "–"
	}
	text := strconv.FormatFloat(math.Abs(x), 'f', decimals, 64)
	whole, rest, dotted := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if dotted {
		whole += "." + rest
	}
	if x < 0 && strings.Trim(text, "0.") != "" {
		return "−" + whole
	}
	return whole
}
