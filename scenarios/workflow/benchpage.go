package workflow

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results/report/web"
	"github.com/souk-sim/souk/results/stats"
)

// benchPage is the report of a benchmark.
func benchPage(f *RunFiles) (*web.Page, error) {
	m := &Benchmark{}
	if _, err := f.json("bench.json", m); err != nil {
		return nil, err
	}
	s, err := f.scenario()
	if err != nil {
		return nil, err
	}
	page := &web.Page{Kind: "Benchmark, run " + m.RunID}
	var titles []string
	for _, b := range m.Scenarios {
		titles = append(titles, b.Scenario)
		for i := range b.Rows {
			page.Names = append(page.Names, b.Rows[i].Name)
		}
	}
	page.Title = strings.Join(titles, ", ")
	first := m.Scenarios[0]
	if len(m.Scenarios) == 1 {
		page.Question = first.Question
	}
	page.Answer = first.answer()
	if len(m.Scenarios) > 1 && page.Answer.Of != "" {
		page.Answer.Of = first.Scenario + ": " + page.Answer.Of
	}
	for _, g := range m.Gates {
		page.Answer.Words = append(page.Answer.Words, g.Because)
	}
	if m.together() != nil {
		page.Sections = append(page.Sections, m.togetherSection())
	}
	for _, b := range m.Scenarios {
		page.Sections = append(page.Sections, b.sections(len(m.Scenarios) > 1)...)
	}
	if m.Together != nil {
		if profiles := m.profiles(); profiles.ID != "" {
			page.Sections = append(page.Sections, profiles)
		}
	}
	command := "bench " + f.given(s)
	for _, b := range m.Scenarios[1:] {
		command += " " + otherScenario(b.Scenario)
	}
	page.Sections = append(page.Sections, f.reproduction(s, command))
	return page, nil
}

// otherScenario is the file of a benchmark's further scenario, in the run's folder.
func otherScenario(name string) string { return "scenarios/" + name + ".toml" }

// best is the best of what was learned, or where nothing was the best policy.
func (b *Benched) best() string {
	best := b.Leader
	for i := range b.Rows {
		if r := &b.Rows[i]; r.Policies > 1 && (b.Row(best).Policies == 1 || r.Mean.Value > b.Row(best).Mean.Value) {
			best = r.Name
		}
	}
	return best
}

// answer is how far the best that was learned gets: on the way to the optimum where there is one, else over the best fixed price.
func (b *Benched) answer() web.Answer {
	lead := b.best()
	pair, err := b.Pair(lead, b.Baseline)
	if err != nil {
		return web.Answer{Words: []string{fmt.Sprintf("In %s no policy earns more than %s in the mean.", b.Scenario, b.Baseline)}}
	}
	d := decimals([]stats.Estimate{pair.Difference})
	over := b.inWords(pair)
	what, money := strings.CutSuffix(b.Unit, ", $")
	written := func(x float64) string {
		text := plus(amount(x, d))
		if money {
			text = inDollars(text)
		}
		return text
	}
	a := web.Answer{Figure: written(pair.Difference.Value), Of: fmt.Sprintf("%s: %s over %s", what, lead, b.Baseline)}
	if !exact(pair.Difference) {
		a.Interval = fmt.Sprintf("95%% interval %s to %s", written(pair.Difference.Low), written(pair.Difference.High))
	}
	if e := b.Row(lead).Normalised; e != nil && b.Known {
		a = web.Answer{Figure: amount(100*e.Value, 0) + "%", Interval: fmt.Sprintf("95%% interval %s%% to %s%%", amount(100*e.Low, 0), amount(100*e.High, 0)),
			Of: fmt.Sprintf("of the way from %s to the optimum, by %s", b.Baseline, lead)}
	}
	a.Words = []string{over}
	if b.Leader != lead {
		if p, err := b.Pair(b.Leader, lead); err == nil {
			a.Words = append(a.Words, b.inWords(p))
		}
	}
	return a
}

// inWords is a difference in a sentence.
func (b *Benched) inWords(p *evaluate.Pair) string {
	more, d := "more", p.Difference
	if d.Value < 0 {
		more, d.Value, d.Low, d.High = "less", -d.Value, -d.High, -d.Low
	}
	text := fmt.Sprintf("%s earns %s %s than %s", p.A, bracketed(d, decimals([]stats.Estimate{d})), more, p.B)
	if exact(d) {
		return text + "."
	}
	text += strings.Replace(fmt.Sprintf(", p = %s after Holm's correction for %d pairs", pValue(p.Holm), len(b.Pairs)), "p = <", "p < ", 1)
	if !(p.Holm < 1-level) {
		text += "; not sure yet: " + neededText(p.Seeds)
	}
	return text + "."
}

// sections are those of a scenario; where there are several, they say of which.
func (b *Benched) sections(several bool) []web.Section {
	id, of := "", ""
	if several {
		id, of = "-"+b.Scenario, " in "+b.Scenario
	}
	t := b.figures()
	all := []web.Section{
		{ID: "scores" + id, Title: "What policies earn" + of, Blocks: []web.Block{web.Text{b.caption() + ". " + t.title + "."}, b.scoresTable(), b.relativeTable(), b.scoresChart(), web.List(t.notes)}},
		{ID: "differences" + id, Title: "Who earns more" + of, Blocks: b.differenceBlocks()},
	}
	if len(b.Learning) > 0 {
		all = append(all, web.Section{ID: "learning" + id, Title: "What learning cost" + of, Blocks: b.schoolTable().blocks()})
	}
	if b.Robustness != nil {
		all = append(all, web.Section{ID: "robustness" + id, Title: "Robustness" + of, Blocks: robustBlocks(b.Robustness)})
	}
	return all
}

// blocks are a table as it is printed.
func (g *grid) blocks() []web.Block {
	t := web.Table{Caption: g.title}
	for i, head := range g.heads {
		if i == 0 {
			head = "policy"
		}
		t.Columns = append(t.Columns, web.Column{Name: head})
	}
	for _, line := range g.lines {
		cells := make([]web.Cell, len(g.heads))
		for i, text := range line {
			cells[i] = web.Word(text)
		}
		t.Rows = append(t.Rows, cells)
	}
	return []web.Block{t, web.List(g.notes)}
}

func cellOf(e *stats.Estimate) web.Cell {
	switch {
	case e == nil:
		return web.Word("–")
	case exact(*e):
		return web.Interval(e.Value, math.NaN(), math.NaN())
	}
	return web.Interval(e.Value, e.Low, e.High)
}

// written is a format of numbers with so many decimals.
func written(decimals int) func(float64) string {
	return func(x float64) string { return amount(x, decimals) }
}

func (b *Benched) scoresTable() web.Table {
	d := written(b.decimals())
	t := web.Table{Caption: "Scores: " + b.Unit, Columns: []web.Column{{Name: "policy"}, {Name: "mean", Kind: web.Estimates, Format: d},
		{Name: "median", Kind: web.Numbers, Format: d}, {Name: "worst 10%", Kind: web.Numbers, Format: d}, {Name: "P(>fixed)", Kind: web.Numbers, Format: written(2)}}}
	for i := range b.Rows {
		r := &b.Rows[i]
		better := web.Word("–")
		if r.Improvement != nil {
			better = web.Number(r.Improvement.Value)
		}
		t.Rows = append(t.Rows, []web.Cell{web.Word(r.Name), cellOf(&r.Mean), web.Number(r.Median.Value), web.Number(r.WorstDecile), better})
	}
	return t
}

// relativeTable has the interquartile mean, and where scores are normalised how far policies get to the optimum.
func (b *Benched) relativeTable() web.Table {
	two := written(2)
	t := web.Table{Caption: "Interquartile mean", Columns: []web.Column{{Name: "policy"}, {Name: "IQM", Kind: web.Estimates, Format: written(b.decimals())}}}
	if b.Optimum != "" {
		t.Caption += ", and the way to the optimum"
		t.Columns = append(t.Columns, web.Column{Name: "normalised", Kind: web.Estimates, Format: two, Zero: true}, web.Column{Name: "gap", Kind: web.Numbers, Format: two})
	}
	for i := range b.Rows {
		r := &b.Rows[i]
		row := []web.Cell{web.Word(r.Name), cellOf(&r.InterquartileMean)}
		if b.Optimum != "" {
			row = append(row, cellOf(r.Normalised), web.Number(r.OptimalityGap.Value))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (b *Benched) scoresChart() web.Intervals {
	c := web.Intervals{Title: "Mean scores", Caption: "Bars: 95% intervals over " + plural(b.Runs, "run") + ".", X: web.Axis{Name: b.Unit}, Format: written(b.decimals())}
	for i := range b.Rows {
		r := &b.Rows[i]
		c.Rows = append(c.Rows, bar(r.Name, r.Mean, r.Policies > 1))
	}
	return c
}

// bar is an estimate of a chart; an exact one has no interval.
func bar(name string, e stats.Estimate, strong bool) web.Estimate {
	if exact(e) {
		e.Low, e.High = math.NaN(), math.NaN()
	}
	return web.Estimate{Name: name, Value: e.Value, Low: e.Low, High: e.High, Strong: strong}
}

func (b *Benched) differenceBlocks() []web.Block {
	g := b.differences()
	var each []stats.Estimate
	t := web.Table{Caption: "Differences: " + b.Unit, Columns: []web.Column{{Name: "pair"}, {Name: "difference", Kind: web.Estimates, Zero: true}, {Name: "p", Kind: web.Numbers, Format: pValue},
		{Name: "runs", Kind: web.Numbers, Format: written(0)}}}
	for _, p := range b.shown() {
		each = append(each, p.Difference)
		needed := web.Word("–")
		if p.Seeds.Needed > 0 {
			needed = web.Number(float64(p.Seeds.Needed))
		}
		t.Rows = append(t.Rows, []web.Cell{web.Word(p.A + " − " + p.B), cellOf(&p.Difference), web.Number(p.Holm), needed})
	}
	t.Columns[1].Format = written(decimals(each))
	c := web.Intervals{Title: "Over " + b.Baseline, Caption: "Paired by run; bars: 95% intervals.", X: web.Axis{Name: b.Unit + ", less that of " + b.Baseline, Zero: true}, Format: written(decimals(each))}
	for i := range b.Rows {
		r := &b.Rows[i]
		if p, err := b.Pair(r.Name, b.Baseline); err == nil {
			c.Rows = append(c.Rows, bar(r.Name, p.Difference, r.Policies > 1))
		}
	}
	blocks := []web.Block{web.Text{g.title + "."}, t}
	if len(c.Rows) > 0 {
		blocks = append(blocks, c)
	}
	if len(g.notes) > 0 {
		blocks = append(blocks, web.List(g.notes))
	}
	return blocks
}

func (m *Benchmark) togetherSection() web.Section {
	g := m.together()
	two := written(2)
	t := web.Table{Caption: "Normalised scores", Columns: []web.Column{{Name: "policy"}}}
	for _, name := range []string{"IQM", "P(>fixed)", "mean", "median", "gap"} {
		kind := web.Numbers
		if len(t.Columns) < 3 {
			kind = web.Estimates
		}
		t.Columns = append(t.Columns, web.Column{Name: name, Kind: kind, Format: two})
	}
	for i := range m.Together.Rows {
		r := &m.Together.Rows[i]
		t.Rows = append(t.Rows, []web.Cell{web.Word(r.Name), cellOf(&r.InterquartileMean), cellOf(r.Improvement), web.Number(r.Mean.Value), web.Number(r.Median.Value), web.Number(r.OptimalityGap.Value)})
	}
	blocks := []web.Block{web.Text{g.title + "."}, t}
	if len(g.notes) > 0 {
		blocks = append(blocks, web.List(g.notes))
	}
	return web.Section{ID: "together", Title: "All scenarios", Blocks: blocks}
}

// profiles show which share of runs gets how far from the best fixed price to the optimum.
func (m *Benchmark) profiles() web.Section {
	c := web.Lines{Title: "Performance profiles", X: web.Axis{Name: "normalised score"}, Y: web.Axis{Name: "share of runs above it", Zero: true},
		Caption: "The share of runs that are above a normalised score, with 95% bands at each by itself: a line further to the right is better."}
	for _, r := range m.Together.Rows {
		if !slices.ContainsFunc(r.Profile, func(e stats.Estimate) bool { return e.Value > 0 && e.Value < 1 }) {
			continue // its runs do not differ
		}
		s := web.Series{Name: r.Name, X: evaluate.ProfileAt(), Bands: []web.Band{{}}}
		for _, e := range r.Profile {
			s.Y = append(s.Y, e.Value)
			s.Bands[0].Low, s.Bands[0].High = append(s.Bands[0].Low, e.Low), append(s.Bands[0].High, e.High)
		}
		c.Series = append(c.Series, s)
	}
	if len(c.Series) == 0 {
		return web.Section{}
	}
	return web.Section{ID: "profiles", Title: "How far runs get", Blocks: []web.Block{c}}
}
