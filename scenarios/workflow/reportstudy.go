package workflow

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/results/report"
	"github.com/souk-sim/souk/results/report/web"
	"github.com/souk-sim/souk/scenarios"
)

// studyPage is the report of a run whose measures are its result: of a repeated game or a pricing problem.
func studyPage(f *RunFiles) (*web.Page, error) {
	m := &Findings{}
	if _, err := f.json("measures.json", m); err != nil {
		return nil, err
	}
	s, err := f.scenario()
	if err != nil {
		return nil, err
	}
	page := &web.Page{Title: m.Scenario, Kind: "Study, run " + m.RunID, Question: m.Question, Answer: m.headline()}
	for _, a := range s.Agents {
		page.Names = append(page.Names, a.Name)
	}
	page.Names = append(page.Names, bestFixed, random, "fluid", solved)
	for _, section := range []web.Section{
		{ID: "values", Title: "What each policy is worth", Blocks: m.worth(s)},
		{ID: "learning", Title: "How learners came along", Blocks: m.cameAlong()},
		{ID: "measures", Title: "All measures", Blocks: m.listed(s.World())},
		f.reproduction(s, "train "+f.given(s)),
	} {
		if len(section.Blocks) > 0 {
			page.Sections = append(page.Sections, section)
		}
	}
	return page, nil
}

// headline is the policy handed on, or, where there is none, the first measure.
func (f *Findings) headline() (a web.Answer) {
	k := f.Policy
	if k != nil && k.OfOptimum != nil {
		for i := range f.Measures {
			if o := &f.Measures[i]; o.Name == "of-optimum:"+k.Agent {
				low, high := o.interval()
				a.Figure, a.Of = fmt.Sprintf("%.2f%%", 100*o.Value), fmt.Sprintf("of the optimum's value is what %s learns to earn, mean of %s", k.Agent, plural(o.N, "training seed"))
				a.Interval = fmt.Sprintf("95%% interval %.2f%% to %.2f%%", 100*low, 100*high)
				if o.N < 2 {
					a.Interval = "one seed, of which there is no interval"
				}
			}
		}
		a.Words = []string{fmt.Sprintf("Values are exact, computed from the policy: no chance of an evaluation is in them. The folder policy/ holds %s.", k.inWords())}
		return a
	}
	if len(f.Measures) > 0 {
		o := &f.Measures[0]
		a.Figure, a.Of = strings.TrimSpace(o.Unit+" "+figure(o.Value)), o.Name
		if o.N > 1 {
			low, high := o.interval()
			a.Interval = fmt.Sprintf("95%% interval %s to %s", figure(low), figure(high))
		}
	}
	return a
}

// worth compares values with the optimum.
func (f *Findings) worth(s *scenarios.Scenario) []web.Block {
	chart := web.Intervals{Title: "Value as a share of the optimum's", X: web.Axis{Name: "% of the optimum"}, Caption: "Of learners the mean over training seeds with its 95% interval; all values are exact.",
		Format: func(v float64) string { return fmt.Sprintf("%.2f", v) }}
	for i := range f.Measures {
		m := &f.Measures[i]
		name, is := strings.CutPrefix(m.Name, "of-optimum:")
		if !is || strings.Contains(name, "@") {
			continue
		}
		e := web.Estimate{Name: name, Value: 100 * m.Value, Low: missing, High: missing, Strong: slices.ContainsFunc(s.Agents, func(a scenarios.Agent) bool { return a.Name == name })}
		if m.N > 1 {
			low, high := m.interval()
			e.Low, e.High = 100*low, 100*high
		}
		chart.Rows = append(chart.Rows, e)
	}
	if len(chart.Rows) == 0 {
		return nil
	}
	return []web.Block{chart}
}

// cameAlong draws learning curves, regret, and prices after a deviation, those that were measured.
func (f *Findings) cameAlong() (blocks []web.Block) {
	if l := curvesOf("", "", f.Measures); l != nil {
		chart := web.Lines{Title: "What was learned so far, frozen and greedy", X: web.Axis{Name: l.X, Log: true}, Y: web.Axis{Name: l.Y}, Caption: l.Caption}
		for _, c := range l.Curves {
			chart.Series = append(chart.Series, web.Series{Name: c.Name, X: c.X, Y: c.Value, Bands: []web.Band{{Low: c.Low, High: c.High}}})
		}
		for _, r := range l.References {
			chart.References = append(chart.References, web.Reference{Name: r.Name, Value: r.Value})
		}
		blocks = append(blocks, chart)
	}
	if regret := f.regretCourse(); len(regret.Series) > 0 {
		blocks = append(blocks, regret)
	}
	if l := deviationOf("", f.Measures); l != nil {
		blocks = append(blocks, deviationChart(l))
	}
	return blocks
}

// regretCourse is regret over the periods of training.
func (f *Findings) regretCourse() web.Lines {
	chart := web.Lines{Title: "Regret: what was given up while learning", X: web.Axis{Name: "periods of training", Log: true}, Y: web.Axis{Name: "$ given up until then", Log: true},
		Caption: "Both axes logarithmic; means over seeds in their 95% intervals."}
	of := map[string]int{}
	for i := range f.Measures {
		m := &f.Measures[i]
		name, is := strings.CutPrefix(m.Name, "regret:")
		agent, text, on := strings.Cut(name, "@")
		periods, err := strconv.ParseFloat(text, 64)
		if !is || !on || err != nil || !(m.Value > 0) {
			continue
		}
		k, known := of[agent]
		if !known {
			k, of[agent] = len(chart.Series), len(chart.Series)
			chart.Series = append(chart.Series, web.Series{Name: agent, Bands: []web.Band{{}}})
		}
		low, high := m.interval()
		s := &chart.Series[k]
		at, _ := slices.BinarySearch(s.X, periods)
		s.X, s.Y = slices.Insert(s.X, at, periods), slices.Insert(s.Y, at, m.Value)
		s.Bands[0] = web.Band{Low: slices.Insert(s.Bands[0].Low, at, low), High: slices.Insert(s.Bands[0].High, at, high)}
	}
	chart.Series = slices.DeleteFunc(chart.Series, func(s web.Series) bool { return len(s.X) < 2 })
	return chart
}

// deviationChart is the picture of prices after a deviation.
func deviationChart(l *report.Courses) web.Block {
	chart := web.Lines{Title: l.Title, X: web.Axis{Name: l.X}, Y: web.Axis{Name: l.Y}, Caption: l.Caption}
	for _, c := range l.Courses {
		s := web.Series{Name: c.Name, X: c.X, Y: c.Measured, Bands: []web.Band{{}}}
		for i, v := range c.Measured {
			s.Bands[0].Low, s.Bands[0].High = append(s.Bands[0].Low, v-2*c.Error[i]), append(s.Bands[0].High, v+2*c.Error[i])
		}
		chart.Series = append(chart.Series, s)
	}
	return chart
}

// mostListed is how many measures the page lists; measures.json has all.
const mostListed = 150

// listed are the measures; those of curves are drawn instead.
func (f *Findings) listed(world scenarios.World) []web.Block {
	t := web.Table{Caption: "Measures", Columns: []web.Column{{Name: "measure"}, {Name: "value", Kind: web.Numbers, Format: figure}, {Name: "standard error", Kind: web.Numbers, Format: figure}, {Name: "of", Kind: web.Numbers}, {Name: "unit"}},
		Note: "A standard error of 0: computed, not estimated, or all values alike; none: of one value. “of”: over how many seeds, sessions or paths. measures.json has all, the points of curves too."}
	for i := range f.Measures {
		m := &f.Measures[i]
		if strings.Contains(m.Name, "@") || len(t.Rows) == mostListed {
			continue
		}
		n := web.Word("")
		if m.N > 0 {
			n = web.Number(float64(m.N))
		}
		t.Rows = append(t.Rows, []web.Cell{web.Word(m.Name), web.Number(m.Value), web.Number(m.Error), n, web.Word(m.Unit)})
	}
	if len(t.Rows) == 0 {
		return nil
	}
	blocks := []web.Block{t}
	var kinds web.Facts
	for _, k := range MeasureKinds(world) {
		kinds = append(kinds, web.Fact{Name: k.Name, Value: k.Doc})
	}
	return append(blocks, kinds)
}
