package workflow

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/policies/evaluate/experiment"
	"github.com/souk-sim/souk/results/report/web"
	"github.com/souk-sim/souk/results/stats"
)

// abtestPage is the report of an experiment, in a market or of a log.
func abtestPage(f *RunFiles) (*web.Page, error) {
	t := &Tested{}
	if _, err := f.json("abtest.json", t); err != nil {
		return nil, err
	}
	r, m := t.Report, t.Market
	page := &web.Page{Title: t.Name, Kind: "Experiment by " + t.Unit + ", run " + f.ID}
	if m != nil {
		page.Question = m.Question
	}
	for _, arm := range r.Arms {
		page.Names = append(page.Names, arm.Name)
	}
	page.Sections = append(page.Sections, web.Section{ID: "arms", Title: "Arms", Blocks: []web.Block{web.Text{t.armsText()}}})
	if len(r.Metrics) == 0 {
		page.Answer = web.Answer{Words: []string{"The sample-ratio check failed: the arms are not of the sizes they should be, and nothing else is told."}}
	} else {
		page.Answer = t.answer()
		page.Sections = append(page.Sections, t.effectsSection(), t.peekingSection())
		if section := t.segmentsSection(); len(section.Blocks) > 0 {
			page.Sections = append(page.Sections, section)
		}
		if m != nil {
			page.Sections = append(page.Sections, m.truthSection())
		}
	}
	if len(r.Warnings) > 0 {
		page.Sections = append(page.Sections, web.Section{ID: "careful", Title: "Be careful with", Blocks: []web.Block{web.List(r.Warnings)}})
	}
	if m == nil {
		page.Sections = append(page.Sections, f.relogged(t.Log))
		return page, nil
	}
	s, err := f.scenario()
	if err != nil {
		return nil, err
	}
	page.Sections = append(page.Sections, f.reproduction(s, "abtest"))
	return page, nil
}

// relogged says how to analyse a log again.
func (f *RunFiles) relogged(log *TestedLog) web.Section {
	blocks := []web.Block{web.Text{"The same log, options and version give the same files. In the folder of the log:"},
		web.Facts{{Name: "Command", Value: log.Command, Code: true}, {Name: "Log, SHA-256", Value: log.SHA256, Code: true}, {Name: "Run", Value: f.ID, Code: true}, {Name: "Version", Value: "souk " + f.Version}}}
	if text, err := f.Read("report.txt"); err == nil {
		blocks = append(blocks, web.Pre{Title: "report.txt, as it was printed", Text: string(text)})
	}
	return web.Section{ID: "reproduce", Title: "How to reproduce this", Blocks: blocks}
}

func (t *Tested) answer() web.Answer {
	first := t.Report.Metrics[0]
	e := first.Effects[0]
	a := web.Answer{Of: fmt.Sprintf("%s a %s, %s against %s", first.Name, t.Unit, e.Arm, t.Report.Arms[0].Name)}
	a.Figure, a.Interval = estimated(e.Difference)
	a.Interval = fmt.Sprintf("%.4g%% interval %s", 100*e.Difference.Level, a.Interval)
	for i := range t.Report.Verdicts {
		a.Words = append(a.Words, t.verdict(i))
	}
	return a
}

// named is a metric, with the treatment where there are several.
func (m *TestedMarket) named(metric, arm string) string {
	if len(m.Policies) > 2 {
		metric += ", " + arm
	}
	return metric
}

func effectCell(e stats.Estimate) web.Cell { return web.Interval(e.Value, e.Low, e.High) }

func (t *Tested) effectsSection() web.Section {
	table := web.Table{Columns: []web.Column{{Name: "metric"}, {Name: "control", Kind: web.Numbers, Format: amount4}, {Name: "treated", Kind: web.Numbers, Format: amount4},
		{Name: "lift, %", Kind: web.Estimates, Zero: true}, {Name: "p", Kind: web.Numbers, Format: pText}, {Name: "q", Kind: web.Numbers, Format: pText}}}
	chart := web.Intervals{Title: "What each treatment changes", X: web.Axis{Name: "lift, %", Zero: true}}
	for _, m := range t.Report.Metrics {
		for _, e := range m.Effects {
			lift := web.Word("–")
			if e.Lift != nil {
				lift = web.Interval(100*e.Lift.Value, 100*e.Lift.Low, 100*e.Lift.High)
				chart.Rows = append(chart.Rows, web.Estimate{Name: t.Market.named(m.Name, e.Arm), Value: 100 * e.Lift.Value, Low: 100 * e.Lift.Low, High: 100 * e.Lift.High})
			}
			table.Rows = append(table.Rows, []web.Cell{web.Word(t.Market.named(m.Name, e.Arm)), web.Number(e.Control), web.Number(e.Treatment), lift, web.Number(e.P), web.Number(e.Q)})
		}
	}
	blocks := []web.Block{table}
	if len(chart.Rows) > 0 {
		blocks = append(blocks, chart)
	}
	return web.Section{ID: "effects", Title: "Effects", Blocks: append(blocks, web.Text(t.sizeText()))}
}

func (t *Tested) peekingSection() web.Section {
	text := web.Text{"The intervals above hold for an experiment that is looked at once, when it is over. These hold however often one looked."}
	text = append(text, t.peeking()...)
	if t.Report.Stopping == experiment.Group {
		text = append(text, t.looks()...)
	}
	return web.Section{ID: "peeking", Title: "If one looked before the end", Blocks: []web.Block{append(text, t.noveltyText()...)}}
}

func (t *Tested) segmentsSection() web.Section {
	section := web.Section{ID: "segments", Title: "For whom it works"}
	for _, d := range t.Report.Segments {
		chart := web.Intervals{Title: fmt.Sprintf("%s by %s, %s", t.Report.Metrics[0].Name, d.Segment, d.Arm), X: web.Axis{Name: "difference", Zero: true},
			Caption: fmt.Sprintf("One effect for all: p = %s.", pText(d.P))}
		for _, part := range d.Parts {
			chart.Rows = append(chart.Rows, web.Estimate{Name: part.Value, Value: part.Difference.Value, Low: part.Difference.Low, High: part.Difference.High})
		}
		section.Blocks = append(section.Blocks, chart)
	}
	for _, u := range t.Report.Uplift {
		chart := web.Intervals{Title: fmt.Sprintf("%s by predicted effect, %s", t.Report.Metrics[0].Name, u.Arm), X: web.Axis{Name: "difference", Zero: true},
			Caption: "Measured on units that the predictions were not learnt from."}
		chart.Rows = []web.Estimate{{Name: "best quarter", Value: u.Best.Value, Low: u.Best.Low, High: u.Best.High}, {Name: "worst quarter", Value: u.Worst.Value, Low: u.Worst.Low, High: u.Worst.High}}
		section.Blocks = append(section.Blocks, chart)
	}
	if text := t.upliftText(); len(text) > 0 {
		section.Blocks = append(section.Blocks, web.Text(text))
	}
	return section
}

func (m *TestedMarket) truthSection() web.Section {
	table := web.Table{Columns: []web.Column{{Name: "metric"}, {Name: "truth", Kind: web.Estimates, Zero: true}, {Name: "bias", Kind: web.Estimates, Zero: true},
		{Name: "covered, %", Kind: web.Numbers}, {Name: "found, %", Kind: web.Numbers}}}
	for _, e := range m.Truth {
		bias, covered, found := web.Word("–"), math.NaN(), math.NaN()
		if e.Bias != nil {
			bias, covered, found = effectCell(*e.Bias), 100*e.Coverage, 100*e.Power
		}
		table.Rows = append(table.Rows, []web.Cell{web.Word(m.named(e.Metric, e.Arm)), effectCell(e.Truth), bias, web.Number(covered), web.Number(found)})
	}
	return web.Section{ID: "truth", Title: "The truth", Blocks: []web.Block{
		web.Text{fmt.Sprintf("All shoppers under each policy, in the same %d markets, and the experiment repeated in each; covered and found are against the truth of each market, q in the table above is corrected for all tests. A bias is what arms that share stock, rivals and customers do to each other.", m.Paths)}, table}}
}
