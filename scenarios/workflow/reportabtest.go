package workflow

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/market"
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
	page.Sections = append(page.Sections, web.Section{ID: "arms", Title: "Arms", Blocks: t.armsBlocks()})
	if len(r.Metrics) == 0 {
		page.Answer = web.Answer{Words: []string{"The sample-ratio check failed: the arms are not of the sizes they should be, and nothing else is told."}}
	} else {
		page.Answer = t.answer()
		page.Sections = append(page.Sections, t.effectsSection(), t.peekingSection())
		if section := t.segmentsSection(); len(section.Blocks) > 0 {
			page.Sections = append(page.Sections, section)
		}
		if m != nil {
			page.Sections = append(page.Sections, m.truthSection(r))
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
	page.Sections = append(page.Sections, f.reproduction(s, "abtest "+f.given(s)+f.trialFlags()))
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
	money, per := t.measured(first.Name)
	half := (e.Difference.High - e.Difference.Low) / 2
	written := func(x float64) string {
		text := plus(figures(x, half))
		if money {
			text = inDollars(text)
		}
		return text
	}
	return web.Answer{Figure: written(e.Difference.Value), Of: fmt.Sprintf("%s %s, %s against %s", first.Name, per, e.Arm, t.Report.Arms[0].Name), Words: t.verdicts(),
		Interval: fmt.Sprintf("%.4g%% interval %s to %s", 100*e.Difference.Level, written(e.Difference.Low), written(e.Difference.High))}
}

// trialFlags are those with which the experiment was analysed, as the first line of the run's scenario.toml has them, where they are not the usual ones.
func (f *RunFiles) trialFlags() (flags string) {
	text, err := f.Read("scenario.toml")
	_, terms, found := strings.Cut(string(text), ", alpha ")
	alpha, power, planned := 0.0, 0.0, 0
	if _, bad := fmt.Sscanf(terms, "%g, power %g, plan %d", &alpha, &power, &planned); err != nil || !found || bad != nil {
		return ""
	}
	if alpha != 0.05 {
		flags += fmt.Sprint(" --alpha ", alpha)
	}
	if power != 0.8 {
		flags += fmt.Sprint(" --power ", power)
	}
	if planned > 0 {
		flags += fmt.Sprint(" --planned ", planned)
	}
	return flags
}

// measured is what a metric is in: whether in dollars, which of a log nobody says, and for each of what.
func (t *Tested) measured(metric string) (money bool, per string) {
	switch {
	case t.Market == nil && slices.ContainsFunc(t.Report.Metrics, func(m experiment.Measured) bool { return m.Name == metric && m.Ratio }):
		return false, "in the log's units"
	case t.Market == nil:
		return false, "a " + map[bool]string{true: "row", false: t.Unit}[t.Report.Clustered] + ", in the log's unit"
	case metric == "conversion":
		return false, "(orders a visit)"
	}
	per = map[market.Design]string{market.ByShopper: "a shopper", market.ByCluster: "a new shopper", market.ByProduct: "a product", market.Switchback: "a visit"}[market.Design(t.Market.Design)]
	return metric != "units", per
}

// inDollars puts the currency after a number's sign.
func inDollars(number string) string {
	for _, sign := range []string{"+", "−"} {
		if rest, signed := strings.CutPrefix(number, sign); signed {
			return sign + "$" + rest
		}
	}
	return "$" + number
}

func effectCell(e stats.Estimate) web.Cell { return web.Interval(e.Value, e.Low, e.High) }

// armsBlocks are the sizes of the arms, and whether they are what they should be.
func (t *Tested) armsBlocks() []web.Block {
	r, total := t.Report, 0.0
	for _, a := range r.Arms {
		total += float64(a.Units)
	}
	table := web.Table{Caption: "Units by arm, each a " + t.Unit, Columns: []web.Column{{Name: "arm"}, {Name: "units", Kind: web.Numbers}, {Name: "share, %", Kind: web.Numbers}, {Name: "should be, %", Kind: web.Numbers}}}
	for i, a := range r.Arms {
		table.Rows = append(table.Rows, []web.Cell{web.Word(a.Name + map[bool]string{true: " (control)"}[i == 0]), web.Number(float64(a.Units)), web.Number(100 * float64(a.Units) / total), web.Number(100 * a.Share)})
	}
	sound := "The sample ratio is as it should be"
	if r.Imbalance.Failed {
		sound = "The sample ratio is wrong"
	}
	table.Note = fmt.Sprintf("%s: χ² = %.3g, p = %s, and it fails below %g.", sound, r.Imbalance.ChiSquare, pText(r.Imbalance.P), r.Imbalance.Below)
	return []web.Block{table}
}

// called is a metric, and where there are several treatments which.
func (t *Tested) called(metric, arm string) string {
	if len(t.Report.Arms) > 2 {
		return metric + ", " + arm
	}
	return metric
}

// measuresText says what the metrics are in.
func (t *Tested) measuresText() string {
	var parts []string
	for _, m := range t.Report.Metrics {
		money, per := t.measured(m.Name)
		parts = append(parts, m.Name+map[bool]string{true: ", $"}[money]+" "+per)
	}
	return strings.Join(parts, "; ") + "."
}

// signed3 is a difference in three digits.
func signed3(x float64) string { return plus(figures(x, math.Abs(x)/10)) }

func (t *Tested) effectsSection() web.Section {
	table := web.Table{Caption: fmt.Sprintf("What changes, with %.4g%% intervals", 100*(1-t.Report.Alpha)), Note: t.measuresText() + " q: p, corrected for all tests of this table.",
		Columns: []web.Column{{Name: "metric"}, {Name: "difference", Kind: web.Estimates, Zero: true, Format: signed3}, {Name: "lift, %", Kind: web.Numbers, Format: signed3}, {Name: "control", Kind: web.Numbers, Format: amount4},
			{Name: "treated", Kind: web.Numbers, Format: amount4}, {Name: "p", Kind: web.Numbers, Format: pText}, {Name: "q", Kind: web.Numbers, Format: pText}}}
	chart := web.Intervals{Title: "What each treatment changes", X: web.Axis{Name: "lift, %", Zero: true}}
	for _, m := range t.Report.Metrics {
		for _, e := range m.Effects {
			lift := web.Word("–")
			if e.Lift != nil {
				lift = web.Number(100 * e.Lift.Value)
				chart.Rows = append(chart.Rows, web.Estimate{Name: t.called(m.Name, e.Arm), Value: 100 * e.Lift.Value, Low: 100 * e.Lift.Low, High: 100 * e.Lift.High})
			}
			table.Rows = append(table.Rows, []web.Cell{web.Word(t.called(m.Name, e.Arm)), effectCell(e.Difference), lift, web.Number(e.Control), web.Number(e.Treatment), web.Number(e.P), web.Number(e.Q)})
		}
	}
	blocks := []web.Block{table}
	if len(chart.Rows) > 0 {
		blocks = append(blocks, chart)
	}
	return web.Section{ID: "effects", Title: "Effects", Blocks: append(blocks, web.Text(t.notes()), web.Text(t.sizeText()))}
}

func (t *Tested) peekingSection() web.Section {
	text := web.Text{"The intervals above hold for an experiment that is looked at once, when it is over. These hold however often one looked."}
	blocks := []web.Block{append(text, t.peeking()...)}
	if t.Report.Stopping == experiment.Group {
		blocks = append(blocks, t.looksTable())
	}
	if len(t.Report.Novelty) > 0 {
		blocks = append(blocks, t.overTime(), web.Text(t.noveltyText()))
	}
	return web.Section{ID: "peeking", Title: "If one looked before the end", Blocks: blocks}
}

// looksTable are the looks of the group test with the boundaries that |z| had to cross.
func (t *Tested) looksTable() web.Table {
	table := web.Table{Caption: "Planned looks at " + t.Report.Metrics[0].Name, Columns: []web.Column{{Name: "look"}, {Name: "units, %", Kind: web.Numbers}, {Name: "|z| above", Kind: web.Numbers}, {Name: "z was", Kind: web.Numbers}, {Name: ""}}}
	for _, g := range t.Report.Group {
		for k, l := range g.Looks {
			score, stop := web.Word("–"), ""
			if l.Units > 0 {
				score = web.Number(l.Score)
			}
			if g.Stopped == k+1 {
				stop = "stopped"
			}
			table.Rows = append(table.Rows, []web.Cell{web.Word(t.called(fmt.Sprint(k+1), g.Arm)), web.Number(100 * l.Share), web.Number(l.Boundary), score, web.Word(stop)})
		}
	}
	return table
}

// overTime is the effect among units by when they came.
func (t *Tested) overTime() web.Lines {
	chart := web.Lines{Title: "The effect over time", X: web.Axis{Name: "when units first came, " + t.clock()}, Y: web.Axis{Name: "difference in " + t.Report.Metrics[0].Name, Zero: true},
		Caption: "Units that came in the same span of time are compared with each other; the band is each span's interval."}
	for _, n := range t.Report.Novelty {
		s := web.Series{Name: n.Arm, Bands: []web.Band{{}}}
		for _, span := range n.Spans {
			s.X, s.Y = append(s.X, span.Time), append(s.Y, span.Difference.Value)
			s.Bands[0].Low, s.Bands[0].High = append(s.Bands[0].Low, span.Difference.Low), append(s.Bands[0].High, span.Difference.High)
		}
		chart.Series = append(chart.Series, s)
	}
	return chart
}

// clock is the unit of times; that of a market is the day.
func (t *Tested) clock() string {
	if t.timeUnit == "" {
		return "days"
	}
	return t.timeUnit
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

func (m *TestedMarket) truthSection(report *experiment.Report) web.Section {
	table := web.Table{Caption: "What changes when all are treated, beside what the experiment tells", Columns: []web.Column{{Name: "metric"}, {Name: "truth", Kind: web.Estimates, Zero: true}, {Name: "seen here", Kind: web.Numbers, Format: signed3},
		{Name: "bias", Kind: web.Estimates, Zero: true}, {Name: "covered, %", Kind: web.Numbers}, {Name: "found, %", Kind: web.Numbers}},
		Note: "Seen here: the experiment's estimate, above. Bias: mean of its estimates less the truth, over the markets. Covered: how many of its intervals hold their market's truth; 95 is right. Found: how many of them exclude 0."}
	for i, e := range m.Truth {
		name, effect := m.seen(i, report)
		bias, covered, found := web.Word("–"), math.NaN(), math.NaN()
		if e.Bias != nil {
			bias, covered, found = effectCell(*e.Bias), 100*e.Coverage, 100*e.Power
		}
		table.Rows = append(table.Rows, []web.Cell{web.Word(name), effectCell(e.Truth), web.Number(effect.Difference.Value), bias, web.Number(covered), web.Number(found)})
	}
	return web.Section{ID: "truth", Title: "The truth", Blocks: []web.Block{
		web.Text{fmt.Sprintf("All shoppers under each policy, in the same %d markets, and the experiment repeated in each; covered and found are against the truth of each market. A bias is what arms that share stock, rivals and customers do to each other.", m.Paths)}, table}}
}
