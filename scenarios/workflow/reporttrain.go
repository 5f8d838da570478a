package workflow

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results/report/web"
	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios"
)

// trainingReport is the report of a training run on the way.
type trainingReport struct {
	*Summary
	s      *scenarios.Scenario
	f      *drawings
	curves *Learning
	files  *RunFiles
}

// trainingPage is the report of a training run.
func trainingPage(files *RunFiles) (*web.Page, error) {
	m := &trainingReport{Summary: &Summary{}, f: &drawings{}, curves: &Learning{}, files: files}
	if _, err := files.json("summary.json", m.Summary); err != nil {
		return nil, err
	}
	if _, err := files.json("figures.json", m.f); err != nil {
		return nil, err
	}
	if _, err := files.json("learning.json", m.curves); err != nil {
		return nil, err
	}
	var err error
	if m.s, err = files.scenario(); err != nil {
		return nil, err
	}
	page := &web.Page{Title: m.Scenario, Kind: "Training run " + m.RunID, Question: m.Question, Answer: m.headline()}
	for _, row := range m.Comparison.Rows {
		if m.learner(row.Name) {
			page.Names = append(page.Names, row.Name)
		}
	}
	for _, name := range []string{bestFixed, history, solved, bestCycle} {
		if m.row(name) != nil {
			page.Names = append(page.Names, name)
		}
	}
	fit, err := m.fitted()
	if err != nil {
		return nil, err
	}
	for _, s := range []web.Section{
		{ID: "asked", Title: "What was asked", Blocks: m.asked()},
		{ID: "comparison", Title: "What each policy earns", Blocks: m.compared()},
		{ID: "paths", Title: "What the policies do", Blocks: m.paths()},
		{ID: "policy", Title: "What was learned", Blocks: m.policy()},
		{ID: "learning", Title: "How it was learned", Blocks: m.learning()},
		{ID: "fit", Title: "How the market was fitted, and how well", Blocks: fit},
		{ID: "shoppers", Title: "Who the shoppers are", Blocks: m.shoppersTold()},
		{ID: "doubt", Title: "How far the answer hangs on the model", Blocks: m.doubted()},
		{ID: "careful", Title: "What to be careful about", Blocks: m.careful()},
		files.reproduction(m.s, "train "+files.given(m.s)),
	} {
		if len(s.Blocks) > 0 {
			page.Sections = append(page.Sections, s)
		}
	}
	return page, nil
}

// learner tells whether a policy was learned here.
func (m *trainingReport) learner(name string) bool {
	return slices.ContainsFunc(m.s.Agents, func(a scenarios.Agent) bool { return a.Name == name })
}

// row is a policy's in the comparison; nil where it did not play.
func (m *trainingReport) row(name string) *evaluate.Row {
	i := slices.IndexFunc(m.Comparison.Rows, func(r evaluate.Row) bool { return r.Name == name })
	if i < 0 {
		return nil
	}
	return &m.Comparison.Rows[i]
}

// over is a row's paired difference to another; nil where there is none.
func over(r *evaluate.Row, name string) *stats.Estimate {
	if r != nil {
		for i := range r.Differences {
			if r.Differences[i].Name == name {
				return &r.Differences[i].Estimate
			}
		}
	}
	return nil
}

// usDollars writes money with its sign before the currency's.
func usDollars(x float64, sign string) string {
	text := thousands(math.Abs(x), "")
	if x < 0 {
		return "−$" + text
	}
	if x == 0 {
		sign = ""
	}
	return sign + "$" + text
}

// more is a difference.
func more(x float64) string { return thousands(x, "+") }

// goal is what the learner is after, such as "category profit a week".
func (m *trainingReport) goal() string { return strings.TrimSuffix(aPeriod(m.s), ", $") }

// alias is what a policy is called in a sentence.
func (m *trainingReport) alias(name string) string {
	switch {
	case name == bestFixed && m.Baselines.Fixed != nil && m.s.World() == scenarios.WeeklyCategory:
		return fmt.Sprintf("the best fixed price, $%.2f", m.Baselines.Fixed.Price)
	case name == bestFixed:
		return "the best fixed offer"
	case name == history:
		return "the prices of the records"
	case name == solved:
		return "the optimum"
	}
	return name
}

func (m *trainingReport) headline() (a web.Answer) {
	chosen := m.row(m.Chosen.Agent)
	if chosen == nil {
		return a
	}
	what := m.goal()
	by := func(e stats.Estimate) string {
		return fmt.Sprintf("%.0f%% interval %s to %s", 100*e.Level, usDollars(e.Low, ""), usDollars(e.High, ""))
	}
	a.Figure, a.Interval, a.Of = usDollars(chosen.Profit.Value, ""), by(chosen.Profit), what+" of "+m.Chosen.Agent
	beaten := false
	told := fmt.Sprintf("%s comes to a %s of %s", m.Chosen.Agent, what, usDollars(chosen.Profit.Value, ""))
	for _, name := range []string{bestFixed, history} {
		e, base := over(chosen, name), m.row(name)
		if e == nil || base == nil {
			continue
		}
		if !beaten {
			a.Figure = fmt.Sprintf("%s a %s", usDollars(e.Value, "+"), m.s.Time.Period)
			a.Of = fmt.Sprintf("more %s under %s than under %s (%s)", strings.ReplaceAll(m.s.Learner().Reward.Of, "-", " "), m.Chosen.Agent, m.alias(name), signedPercent(e.Value/base.Profit.Value))
			beaten = true
			a.Interval = fmt.Sprintf("%.0f%% interval %s to %s", 100*e.Level, usDollars(e.Low, "+"), usDollars(e.High, "+"))
		}
		told += fmt.Sprintf(", %s against %s (%s)", signedPercent(e.Value/base.Profit.Value), m.alias(name), usDollars(base.Profit.Value, ""))
	}
	for _, of := range chosen.OfOptimum {
		if of.Name == solved {
			told += fmt.Sprintf(", and %.1f%% of the optimum [%.1f, %.1f]", 100*of.Value, 100*of.Low, 100*of.High)
		}
	}
	seeds := "one training"
	if chosen.Seeds > 1 {
		seeds = fmt.Sprintf("%d independent trainings", chosen.Seeds)
	}
	a.Words = append(a.Words, told+".", fmt.Sprintf("All policies met the same customers, on %s that training never met; the interval is over %s and the paths.", plural(m.Comparison.Paths, "path"), seeds))
	if e := over(chosen, bestFixed); e != nil && e.Low <= 0 && e.High >= 0 {
		a.Words = append(a.Words, "The interval holds 0: these paths and seeds do not tell the two apart.")
	}
	if m.Chapters != nil && m.Robustness != nil && len(m.Robustness.Memories) > 0 && m.row(bestFixed) != nil {
		low, high := m.Robustness.between(learnedName, bestFixed)
		a.Words = append(a.Words, fmt.Sprintf("Over models of the shoppers that the validation weeks cannot tell apart, the gain of its seed %d alone over the best fixed price, computed, runs from %s to %s.", m.Chosen.Seed, signedPercent(low), signedPercent(high)))
	}
	return a
}

// asked are the terms of the question.
func (m *trainingReport) asked() []web.Block {
	s, learner := m.s, m.s.Learner()
	var agents []string
	for _, a := range s.Agents {
		if name := a.Name; a.Kind == name {
			agents = append(agents, name)
		} else {
			agents = append(agents, name+" ("+a.Kind+")")
		}
	}
	facts := web.Facts{}
	add := func(name, format string, args ...any) {
		facts = append(facts, web.Fact{Name: name, Value: fmt.Sprintf(format, args...)})
	}
	products := len(s.Products)
	if s.World() == scenarios.WeeklyCategory {
		products = len(s.Data.Products)
		add("Market", "one chain's category of %s, fitted to its weekly records", plural(products, "product"))
	} else {
		add("Market", "an open market of %s and %s, shopper by shopper", plural(len(s.Players()), "seller"), plural(products, "product"))
	}
	add("Who decides", "%s, on the price of %s", learner.Name, strings.Join(few(learner.Prices, 4), ", "))
	add("After what", "%s, discounted by %g a %s", strings.ReplaceAll(learner.Reward.Of, "-", " "), learner.Reward.Discount, s.Time.Period)
	if a := m.f.Actions; len(a) > 0 {
		add("Offers", "%d, from %s to %s", len(a[0].Offers), a[0].Offers[0], a[0].Offers[len(a[0].Offers)-1])
	}
	add("An episode", "%s", plural(s.Time.Horizon, s.Time.Period))
	add("Learners", "%s: %s of %s each", strings.Join(agents, ", "), plural(s.Train.Seeds, "training"), plural(s.Train.Episodes, "episode"))
	add("Held against", "%s", strings.Join(s.Evaluate.Against, ", "))
	if s.World() == scenarios.WeeklyCategory {
		add("Data", "%s: %s", s.Data.Panel, s.Data.Terms)
	}
	return []web.Block{facts}
}

// compared is what all policies earn.
func (m *trainingReport) compared() []web.Block {
	r := m.Comparison
	t := web.Table{Caption: strings.ToUpper(m.goal()[:1]) + m.goal()[1:] + " on " + plural(r.Paths, "path") + " that training never met",
		Columns: []web.Column{{Name: "policy"}}}
	reference := ""
	for _, name := range []string{bestFixed, history} {
		if slices.Contains(r.References, name) && reference == "" {
			reference = name
			t.Columns = append(t.Columns, web.Column{Name: "over " + name + ", $", Kind: web.Numbers, Format: more})
		}
	}
	t.Columns = append(t.Columns, web.Column{Name: "$ a " + m.s.Time.Period, Kind: web.Estimates})
	optimum := slices.Contains(r.Optima, solved)
	if optimum {
		t.Columns = append(t.Columns, web.Column{Name: "% of optimum", Kind: web.Numbers, Format: func(v float64) string { return fmt.Sprintf("%.1f", v) }})
	}
	priced := m.s.World() == scenarios.WeeklyCategory
	if priced {
		t.Columns = append(t.Columns, web.Column{Name: "mean price, $", Kind: web.Numbers, Format: func(v float64) string { return fmt.Sprintf("%.2f", v) }}, web.Column{Name: "price changes", Kind: web.Numbers}, web.Column{Name: "weeks on deal, %", Kind: web.Numbers})
	}
	forest := web.Intervals{Title: "What each policy earns over " + m.alias(reference), X: web.Axis{Name: m.goal() + ", $ over " + reference, Zero: true}, Format: more,
		Caption: fmt.Sprintf("Paired by customers; bars are %.0f%% intervals over %s and %s.", 100*r.Level, plural(m.s.Train.Seeds, "training seed"), plural(r.Paths, "path"))}
	for i := range r.Rows {
		row := &r.Rows[i]
		cells := []web.Cell{web.Word(row.Name)}
		if e := over(row, reference); e != nil {
			cells = append(cells, web.Number(e.Value))
			forest.Rows = append(forest.Rows, web.Estimate{Name: row.Name, Value: e.Value, Low: e.Low, High: e.High, Strong: m.learner(row.Name)})
		} else if reference != "" {
			cells = append(cells, web.Word(""))
		}
		cells = append(cells, web.Interval(row.Profit.Value, row.Profit.Low, row.Profit.High))
		if optimum {
			share := web.Word("")
			for _, of := range row.OfOptimum {
				if of.Name == solved {
					share = web.Number(100 * of.Value)
				}
			}
			cells = append(cells, share)
		}
		if priced {
			told := []web.Cell{web.Number(row.MeanPrice), web.Number(math.Round(row.PriceChanges)), web.Number(math.Round(100 * row.DealFrequency))}
			if row.Bound {
				told = []web.Cell{web.Word(""), web.Word(""), web.Word("")}
			}
			cells = append(cells, told...)
		}
		t.Rows = append(t.Rows, cells)
	}
	blocks := []web.Block{}
	if len(forest.Rows) > 1 {
		blocks = append(blocks, forest)
	}
	if optimum {
		t.Note = "optimum: the dynamic programme's policy of the reduced market, played in the full one. clairvoyant: knows rivals, traffic and shocks beforehand, a bound that no policy need reach."
	}
	blocks = append(blocks, t)
	if text := gaps(r, m.s); len(text) > 0 {
		blocks = append(blocks, web.List(text))
	}
	return append(blocks, m.accounts()...)
}

// accounts are what else policies came to in an open market.
func (m *trainingReport) accounts() []web.Block {
	if len(m.Accounts) == 0 {
		return nil
	}
	t := web.Table{Caption: "What else they came to, a " + m.s.Time.Period + " of the learning seller", Columns: []web.Column{{Name: "policy"}, {Name: "revenue, $", Kind: web.Numbers}, {Name: "profit, $", Kind: web.Numbers},
		{Name: "units", Kind: web.Numbers}, {Name: "conversion, %", Kind: web.Numbers}, {Name: "lost units", Kind: web.Numbers}, {Name: "consumer surplus, $", Kind: web.Numbers}},
		Note: "Conversion and consumer surplus are of the whole market."}
	for _, a := range m.Accounts {
		t.Rows = append(t.Rows, []web.Cell{web.Word(a.Policy), web.Number(a.Revenue), web.Number(a.Profit), web.Number(a.Units), web.Number(100 * a.Conversion), web.Number(a.LostUnits), web.Number(a.Surplus)})
	}
	return []web.Block{t}
}

// careful is what a reader should not forget.
func (m *trainingReport) careful() []web.Block {
	if len(m.Caveats) == 0 {
		return nil
	}
	return []web.Block{web.List(m.Caveats)}
}
