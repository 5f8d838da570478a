package workflow

import (
	"context"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/souk-sim/souk/policies/evaluate/offpolicy"
	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/results/report/web"
	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios"
)

// Leave evaluates the policy and leaves a run: ope.json, report.txt and the page. The log's digest is part of the run's identity, its scenario's canonical form too.
func (o *OffPolicy) Leave(ctx context.Context, r *Run, log *decisionlog.Log, digest string) (*OffPolicyReport, error) {
	name, p := "ope", &o.Options
	document := fmt.Appendf(nil, "# souk ope of log %s for %s: single %v, model %s, level %g, resamples %d, folds %d, least %g, seed %d", digest, oneLine(o.Policy),
		p.Single, p.Model, p.Level, p.Resamples, p.Folds, p.Least, p.Seed)
	if p.Discount != nil {
		document = fmt.Appendf(document, ", discount %g", *p.Discount)
	}
	if o.Read != (decisionlog.Options{}) {
		document = fmt.Appendf(document, ", of %q, window %g, patience %g", o.Read.Policy, o.Read.Window, o.Read.Patience)
	}
	if o.Bundle != nil {
		inner, _, err := unwrap(o.Policy)
		if err != nil {
			return nil, err
		}
		if b, err := o.Bundle(inner); err == nil && b != nil {
			document = fmt.Appendf(document, ", bundle %s", b.Manifest.Revision)
		}
	}
	document = append(document, '\n')
	if o.Scenario != nil {
		name, document = o.Scenario.Name+"-ope", append(document, o.Scenario.Canonical()...)
	}
	a, err := o.find(ctx, log)
	if err != nil {
		return nil, err
	}
	run, err := r.Store.Open(name, document, r.Options)
	if err != nil {
		return nil, err
	}
	defer run.Close()
	report, err := o.evaluate(ctx, log, a)
	if err != nil {
		return nil, err
	}
	report.Digest, report.Command = digest, o.command(log.File)
	if err := writeJSON(run, "ope.json", report); err != nil {
		return nil, err
	}
	if err := run.Write("report.txt", func(w io.Writer) error { _, err := io.WriteString(w, report.Text()); return err }); err != nil {
		return nil, err
	}
	if err := r.leaveReport(run); err != nil {
		return nil, err
	}
	report.Dir = run.Dir
	return report, run.Finish(r.Build)
}

// command is what evaluates the policy again, but for the scenario.
func (o *OffPolicy) command(log string) string {
	p, usual := &o.Options, offpolicy.Defaults()
	text := "ope --log " + quoted(last(log, 1)) + " --policy " + quoted(last(o.Policy, 3))
	if o.Read.Policy != "" {
		text += " --of " + quoted(o.Read.Policy)
	}
	if p.Single {
		text += " --single"
	}
	if p.Discount != nil {
		text += fmt.Sprintf(" --discount %g", *p.Discount)
	}
	if p.Seed != 0 {
		text += fmt.Sprintf(" --seed %d", p.Seed)
	}
	for _, x := range []struct {
		flag       string
		now, usual any
	}{{"model", p.Model, usual.Model}, {"least", p.Least, usual.Least}, {"level", p.Level, usual.Level}, {"resamples", p.Resamples, usual.Resamples}, {"folds", p.Folds, usual.Folds}, {"window", o.Read.Window, 0.0}, {"patience", o.Read.Patience, 0.0}} {
		if x.now != x.usual {
			text += fmt.Sprintf(" --%s %v", x.flag, x.now)
		}
	}
	return text
}

// quoted is an argument as a shell takes it.
func quoted(s string) string {
	special := func(r rune) bool {
		return !strings.ContainsRune("./:_-=", r) && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}
	if s != "" && !strings.ContainsFunc(s, special) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// last are the last names of a path that begins at the root of a machine, which readers elsewhere do not have; any other stays as it is.
func last(name string, n int) string {
	if !filepath.IsAbs(name) {
		return name
	}
	parts := strings.Split(filepath.ToSlash(name), "/")
	return strings.Join(parts[max(0, len(parts)-n):], "/")
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// offPolicyPage is the page of an off-policy evaluation.
func offPolicyPage(f *RunFiles) (*web.Page, error) {
	var m OffPolicyReport
	if _, err := f.json("ope.json", &m); err != nil {
		return nil, err
	}
	m.Log, m.Policy = last(m.Log, 1), last(m.Policy, 3)
	page := &web.Page{Title: m.Policy, Kind: "Off-policy evaluation " + f.ID, Question: "What would " + m.Policy + " have earned, by the log of " + authors(m.Loggers) + "?", Names: []string{"as logged"}}
	best := m.best()
	if best != nil {
		e := best.Estimate
		written, unit := func(x float64) string { return minus(fmt.Sprintf("%.5g", x)) }, ", in the unit of the log's rewards"
		if m.Scenario != "" {
			written, unit = func(x float64) string { return inDollars(minus(fmt.Sprintf("%.5g", x))) }, ""
		}
		l := m.Logged.Estimate
		page.Answer = web.Answer{Figure: written(e.Value), Interval: fmt.Sprintf("%.0f%% interval %s to %s", 100*e.Level, written(e.Low), written(e.High)), Of: m.what() + " under " + m.Policy + ", by " + best.Name + unit}
		page.Answer.Words = []string{fmt.Sprintf("The log's own policy earned %s (%s to %s).", written(l.Value), written(l.Low), written(l.High))}
		if caveat := m.caveat(best); caveat != "" {
			page.Answer.Words = append([]string{strings.TrimSpace(caveat)}, page.Answer.Words...)
		}
	} else {
		why := m.Refused
		if why == "" {
			why = "every estimate rests on too few effective trajectories"
		}
		page.Answer.Words = []string{"The log does not tell: " + why + "."}
	}
	page.Sections = append(page.Sections, m.estimates(best), m.supported())
	if len(m.Warnings) > 0 {
		page.Sections = append(page.Sections, web.Section{ID: "notes", Title: "Notes", Blocks: []web.Block{web.List(m.Warnings)}})
	}
	var s *scenarios.Scenario
	if m.Scenario != "" {
		var err error
		if s, err = f.scenario(); err != nil {
			return nil, err
		}
		m.Command += " --scenario " + f.given(s)
	}
	facts := web.Facts{{Name: "Log", Value: m.Log + ", SHA-256 " + m.Digest}}
	if m.Revision != "" {
		facts = append(facts, web.Fact{Name: "Policy", Value: m.Policy + ", revision " + m.Revision})
	}
	page.Sections = append(page.Sections, f.reproduction(s, m.Command, facts...))
	return page, nil
}

// estimates is the section of what the log tells.
func (m *OffPolicyReport) estimates(best *Estimated) web.Section {
	chart := web.Intervals{Title: m.what(), X: web.Axis{Name: m.what()}, Caption: "What the log tells of the policy, by every estimator that is not refused, beside what was earned as logged and in the simulator."}
	table := web.Table{Note: "Effective: how many trajectories of the log the estimate rests on, by its weights. Empirical Bernstein intervals, of estimators that are right in the mean, hold for every size of log within the range that was seen, and are wide.",
		Columns: []web.Column{{Name: "estimator"}, {Name: m.what(), Kind: web.Estimates}, {Name: "empirical Bernstein"}, {Name: "effective", Kind: web.Numbers}}}
	refuses := slices.ContainsFunc(m.Estimates, func(row Estimated) bool { return row.Refused != "" })
	if refuses {
		table.Columns = append(table.Columns, web.Column{Name: "refused"})
	}
	add := func(name string, e *stats.Estimate, bernstein *[2]float64, effective float64, refused string) {
		cells := []web.Cell{web.Word(name), web.Word("–"), web.Word(""), web.Number(math.NaN())}
		if refuses {
			cells = append(cells, web.Word(refused))
		}
		if e != nil {
			cells[1] = web.Interval(e.Value, e.Low, e.High)
			chart.Rows = append(chart.Rows, web.Estimate{Name: name, Value: e.Value, Low: e.Low, High: e.High, Strong: best != nil && name == best.Name})
		}
		if bernstein != nil {
			cells[2] = web.Word(fmt.Sprintf("%.4g to %.4g", bernstein[0], bernstein[1]))
		}
		if effective > 0 {
			cells[3] = web.Number(math.Floor(effective))
		}
		table.Rows = append(table.Rows, cells)
	}
	add("as logged", m.Logged.Estimate, nil, m.Logged.Effective, "")
	if m.Simulated != nil {
		add("simulated in "+m.Scenario, m.Simulated, nil, 0, "")
	}
	for _, row := range m.Estimates {
		add(row.Name, row.Estimate, row.Bernstein, row.Effective, row.Refused)
	}
	return web.Section{ID: "estimates", Title: "What the log tells", Blocks: []web.Block{chart, table}}
}

// supported is the section of what the log's policy tried, and of weights.
func (m *OffPolicyReport) supported() web.Section {
	table := web.Table{Columns: []web.Column{{Name: "offer"}, {Name: "logged decisions", Kind: web.Numbers}, {Name: "share logged, %", Kind: web.Numbers}, {Name: "share under the policy, %", Kind: web.Numbers}}}
	for _, o := range m.Support {
		table.Rows = append(table.Rows, []web.Cell{web.Word(offerText(o.Price, o.Promotion)), web.Number(float64(o.Logged)), web.Number(100 * float64(o.Logged) / float64(m.Decisions)), web.Number(100 * o.Target)})
	}
	w := m.Weights
	facts := web.Facts{
		{Name: "Log", Value: fmt.Sprintf("%s: %d decisions in %d units, of %d steps at most", m.Log, m.Decisions, m.Units, m.Steps)},
		{Name: "Context", Value: m.Context},
		{Name: "Model of rewards", Value: m.Model},
		{Name: "Mean weight", Value: fmt.Sprintf("%.4f ± %.2g; 1 where the log's propensities are right and cover the policy", w.Mean, 2*w.MeanError)},
		{Name: "Largest weight", Value: fmt.Sprintf("%.4g of a decision, %.4g of a trajectory", w.Largest, w.LargestRatio)},
		{Name: "Effective sample", Value: fmt.Sprintf("%.4g of %d decisions, %.4g of %d trajectories, %.4g by cells of the state", w.Decisions, m.Decisions, w.Trajectories, m.Trajectories, w.Marginal)},
	}
	return web.Section{ID: "support", Title: "What the log's policy tried", Blocks: []web.Block{facts, table}}
}
