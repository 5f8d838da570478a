package workflow

import (
	"fmt"

	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results/report"
	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/results/stats"
)

// draw leaves the benchmark's pictures: what each policy came to in each scenario, and where scores can be normalised their
// statistics and profiles over all scenarios.
func (m *Benchmark) draw(run *rundir.Run) error {
	var all []picture
	for i, b := range m.Scenarios {
		name := "scores"
		if len(m.Scenarios) > 1 {
			name = fmt.Sprintf("scores-%d", i+1)
		}
		all = append(all, picture{name, b.scoresPicture()})
	}
	if m.Together != nil {
		all = append(all, picture{"normalised", m.statisticsPicture()}, picture{"profiles", m.profilesPicture()})
	}
	return drawAll(run, all)
}

// learned tells a policy that was trained, run by run.
func (m *Benchmark) learned(name string) bool {
	for _, b := range m.Scenarios {
		if r := b.Row(name); r != nil && r.Policies > 1 {
			return true
		}
	}
	return false
}

func drawnEstimate(name string, e stats.Estimate, learned bool) report.Estimate {
	// A corrected interval may end short of the value.
	return report.Estimate{Name: name, Value: e.Value, Low: min(e.Low, e.Value), High: max(e.High, e.Value), Learned: learned}
}

// scoresPicture shows a scenario's policies in the scenario's unit.
func (b *Benched) scoresPicture() *report.Comparison {
	l := &report.Comparison{Title: "What each policy scores", Subtitle: b.caption(), X: b.Unit, Caption: "Bars: 95% intervals of the mean over runs (Student's t)."}
	for i := range b.Rows {
		l.Estimates = append(l.Estimates, drawnEstimate(called(&b.Rows[i]), b.Rows[i].Mean, b.Rows[i].Policies > 1))
	}
	return l
}

// over says of which scenarios normalised scores are.
func (m *Benchmark) over() string {
	return fmt.Sprintf("%s; 0: %s, 1: optimum, or the best here where that is not known", plural(m.Together.Scenarios, "scenario"), m.Scenarios[0].Baseline)
}

func (m *Benchmark) statisticsPicture() *report.Aggregates {
	l := &report.Aggregates{Title: "Normalised scores", Subtitle: m.over(), Caption: "Bars: 95% intervals over runs, bootstrap, stratified by scenario."}
	for _, of := range []struct {
		name     string
		from, to float64 // a policy far worse than the baseline is not to set the scale
		at       func(r *evaluate.Together) stats.Estimate
	}{
		{"mean", -0.5, 1.5, func(r *evaluate.Together) stats.Estimate { return r.Mean }},
		{"interquartile mean", -0.5, 1.5, func(r *evaluate.Together) stats.Estimate { return r.InterquartileMean }},
		{"median", -0.5, 1.5, func(r *evaluate.Together) stats.Estimate { return r.Median }},
		{"optimality gap", 0, 2, func(r *evaluate.Together) stats.Estimate { return r.OptimalityGap }},
	} {
		c := report.Statistic{Name: of.name, From: of.from, To: of.to}
		for i := range m.Together.Rows {
			r := &m.Together.Rows[i]
			c.Estimates = append(c.Estimates, drawnEstimate(r.Name, of.at(r), m.learned(r.Name)))
		}
		l.Statistics = append(l.Statistics, c)
	}
	return l
}

func (m *Benchmark) profilesPicture() *report.Profiles {
	l := &report.Profiles{Title: "How often each policy scores how much", Subtitle: m.over(), X: "normalised score of a run",
		Marks: []report.Reference{{Name: m.Scenarios[0].Baseline, Value: 0}, {Name: "optimum", Value: 1}}, Caption: "Bands: 95% intervals at each score by itself, bootstrap, stratified by scenario."}
	for i := range m.Together.Rows {
		r := &m.Together.Rows[i]
		c := report.Estimates{Name: r.Name, X: evaluate.ProfileAt()}
		for _, e := range r.Profile {
			c.Value, c.Low, c.High = append(c.Value, e.Value), append(c.Low, e.Low), append(c.High, e.High)
		}
		l.Curves = append(l.Curves, c)
	}
	return l
}
