package workflow

import (
	"fmt"

	"github.com/souk-sim/souk/results/report/web"
)

// optimizePage is the page of a calendar.
func optimizePage(f *RunFiles) (*web.Page, error) {
	m := &Optimised{}
	if _, err := f.json("optimize.json", m); err != nil {
		return nil, err
	}
	s, err := f.scenario()
	if err != nil {
		return nil, err
	}
	m.Scenery = s
	row := &m.Comparison.Rows[0]
	page := &web.Page{Title: m.Scenario, Kind: "Optimised calendar " + f.ID, Question: m.Question, Names: []string{planned}}
	dollars := inMoney(row.Profit)
	page.Answer = web.Answer{Figure: dollars(row.Profit.Value), Interval: fmt.Sprintf("%.0f%% interval %s to %s", 100*row.Profit.Level, dollars(row.Profit.Low), dollars(row.Profit.High)),
		Of: m.what() + " of the calendar, played", Words: m.answer()}
	page.Sections = []web.Section{m.calendarSection(), {ID: "limits", Title: "Limits and shadow prices", Blocks: []web.Block{web.List(m.limitsText())}}, m.playedSection()}
	if len(m.Caveats) > 0 {
		page.Sections = append(page.Sections, web.Section{ID: "caveats", Title: "What not to forget", Blocks: []web.Block{web.List(m.Caveats)}})
	}
	page.Sections = append(page.Sections, f.reproduction(s, "optimize "+f.given(s)))
	return page, nil
}

// calendarSection is the calendar as a chart and as a table.
func (m *Optimised) calendarSection() web.Section {
	prices := web.Series{Name: planned, Steps: true}
	reference := web.Series{Name: "reference price", Quiet: true}
	chart := web.Lines{Title: "The calendar", X: web.Axis{Name: m.Period, Whole: true}, Y: web.Axis{Name: m.unit()}, Caption: "The offer of each " + m.Period + "; shaded where it is promoted."}
	table := web.Table{Caption: "Expected, by " + m.Period + ", those of one offer together", Columns: []web.Column{{Name: m.Period}, {Name: m.unit(), Kind: web.Numbers, Format: priceTag}, {Name: "promotion"}, {Name: "units", Kind: web.Numbers},
		{Name: "given away, $", Kind: web.Numbers}, {Name: "earned, $", Kind: web.Numbers}}}
	for i := range m.Calendar {
		r := &m.Calendar[i]
		at := float64(r.Period + 1)
		prices.X, prices.Y = append(prices.X, at), append(prices.Y, r.Price)
		if r.Reference != nil {
			reference.X, reference.Y = append(reference.X, at), append(reference.Y, *r.Reference)
		}
		if r.Promoted {
			if n := len(chart.Shades); n > 0 && chart.Shades[n-1].To == at {
				chart.Shades[n-1].To++
			} else {
				chart.Shades = append(chart.Shades, web.Shade{From: at, To: at + 1})
			}
		}
	}
	runs, names := m.folded(func(a, b *PlanPeriod) bool { return a.Action == b.Action })
	for i := range runs {
		r := &runs[i]
		table.Rows = append(table.Rows, []web.Cell{web.Word(names[i]), web.Number(r.Price), web.Word(mark(r)), web.Number(r.sold()), web.Number(r.Given), web.Number(r.Reward)})
	}
	last := len(prices.X) - 1 // which holds to the end
	prices.X, prices.Y = append(prices.X, prices.X[last]+1), append(prices.Y, prices.Y[last])
	chart.Series = []web.Series{prices}
	if reference.X != nil {
		chart.Series = append(chart.Series, reference)
	}
	return web.Section{ID: "calendar", Title: "The calendar", Blocks: []web.Block{chart, table}}
}

// playedSection compares what was played.
func (m *Optimised) playedSection() web.Section {
	chart := web.Intervals{Title: m.what(), X: web.Axis{Name: m.what() + ", $"}, Caption: fmt.Sprintf("The calendar beside what else a seller could do, on the same %d paths that the plan never met.", m.Comparison.Paths)}
	for i := range m.Comparison.Rows {
		r := &m.Comparison.Rows[i]
		name := r.Name
		if rival := m.rival(r.Name); rival != nil && rival.Breaks != "" {
			name += " †"
		}
		chart.Rows = append(chart.Rows, web.Estimate{Name: name, Value: r.Profit.Value, Low: r.Profit.Low, High: r.Profit.High, Strong: r.Name == planned})
	}
	blocks := []web.Block{chart}
	if text := m.rivalsText(); len(text) > 0 {
		blocks = append(blocks, web.List(text))
	}
	return web.Section{ID: "played", Title: "How it fares", Blocks: blocks}
}
