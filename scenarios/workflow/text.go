package workflow

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/scenarios"
)

// width of the printed report, in columns.
const width = 100

// Text writes the report: what was asked, what the data and the models are like, what came out, and where the files are.
func (m *Summary) Text(w io.Writer) error {
	p := &page{}
	s := m.Scenery
	p.line("%s · run %s · %s", m.Scenario, m.RunID, plural(len(s.Agents), "agent")+" × "+plural(s.Train.Seeds, "seed")+" × "+plural(s.Train.Episodes, "episode"))
	if m.Question != "" {
		p.line("%s", m.Question)
	}
	m.scene.opening(p, m)
	p.section("", m.scene.title(m.Comparison))
	p.line("")
	p.WriteString(headline(m.Comparison, s.Time.Period))
	m.scene.notes(p, m)
	p.section("answer", m.scene.answer(m)...)
	p.section("gap", gaps(m.Comparison, s)...)
	p.section("regret", m.regretText()...)
	p.section("stopped", m.stoppedText()...)
	m.scene.closing(p, m)
	p.section("learned", append([]string{fmt.Sprintf("policy/ holds %s of seed %d, the best of all on paths kept for that.", m.Chosen.Agent, m.Chosen.Seed)},
		strings.Split(strings.TrimSpace(m.Learned), "\n")...)...)
	p.section("careful", m.scene.caveats(m)...)
	_, err := io.WriteString(w, p.String())
	return err
}

// stoppedText tells which trainings a rule ended.
func (m *Summary) stoppedText() (text []string) {
	for _, s := range m.Stopped[:min(len(m.Stopped), mostPlaces)] {
		text = append(text, fmt.Sprintf("%s, seed %d, after %s: %s", s.Agent, s.Seed, plural(s.Episodes, "episode"), s.Reason))
	}
	if n := len(m.Stopped) - mostPlaces; n > 0 {
		text = append(text, fmt.Sprintf("… and %d more; summary.json has all", n))
	}
	return text
}

// page is text of paragraphs with a name in the margin.
type page struct{ strings.Builder }

const margin = 9

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// section writes paragraphs; without a name they have no margin.
func (p *page) section(name string, paragraphs ...string) {
	if len(paragraphs) == 0 {
		return
	}
	indent := margin
	if name == "" {
		indent = 0
	}
	p.line("")
	for _, text := range paragraphs {
		for i, l := range wrap(text, width-indent) {
			if i > 0 {
				l = "  " + l
			}
			p.line("%s", strings.TrimRight(fmt.Sprintf("%-*s%s", indent, name, l), " "))
			name = ""
		}
	}
}

// wrap breaks text into lines of at most n columns; continuations leave two for their indent.
func wrap(text string, n int) (lines []string) {
	at := ""
	for _, word := range strings.Fields(text) {
		limit := n
		if len(lines) > 0 {
			limit -= 2
		}
		if at != "" && utf8.RuneCountInString(at)+1+utf8.RuneCountInString(word) > limit {
			lines, at = append(lines, at), word
			continue
		}
		at = strings.TrimSpace(at + " " + word)
	}
	return append(lines, at)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func dataText(s *scenarios.Scenario, findings []logs.Finding) []string {
	d := s.Data
	text := []string{fmt.Sprintf("%s: %d products; specifications fitted on periods %d–%d and chosen on %d–%d, coefficients then fitted on %d–%d; %d–%d only judge. Findings by period, with the row of the file after a stroke where it is another:",
		d.Panel, len(d.Products), d.Split.Train[0], d.Split.Train[1], d.Split.Validation[0], d.Split.Validation[1],
		d.Split.Train[0], d.Split.Validation[1], d.Split.Test[0], d.Split.Test[1])}
	var kinds []logs.Kind
	places := map[logs.Kind][]string{}
	action := map[logs.Kind]logs.Action{}
	for _, f := range findings {
		if places[f.Kind] == nil {
			kinds = append(kinds, f.Kind)
		}
		place := fmt.Sprint(f.Period)
		if f.Row != f.Period {
			place += fmt.Sprintf("/%d", f.Row)
		}
		if f.Product != "" {
			place += " " + f.Product
		}
		places[f.Kind] = append(places[f.Kind], place)
		action[f.Kind] = f.Action
	}
	for _, k := range kinds {
		all := places[k]
		shown := all
		if len(all) > mostPlaces {
			shown = append(slices.Clone(all[:mostPlaces]), "…")
		}
		done := string(action[k])
		if action[k] == logs.Dummy {
			done = dummies(s, findings)
		}
		text = append(text, fmt.Sprintf("%d × %s (%s): %s", len(all), k, strings.Join(shown, ", "), done))
	}
	return text
}

// dummies says what the traffic model does with traffic falls: only those in the weeks that it is fitted on have a dummy.
func dummies(s *scenarios.Scenario, findings []logs.Finding) string {
	if !s.Demand.Outliers.Found {
		return "the scenario names the weeks that have a dummy"
	}
	in, out := 0, 0
	for _, f := range findings {
		switch {
		case f.Action != logs.Dummy:
		case fitted(s, f.Period):
			in++
		default:
			out++
		}
	}
	text := fmt.Sprintf("a dummy in the traffic model for %d", in)
	if out > 0 {
		text += fmt.Sprintf(", none for %d outside of the fitted weeks", out)
	}
	return text
}

// mostPlaces is how many places of one kind of finding are printed; summary.json has all.
const mostPlaces = 8

func warnings(all []string) (text []string) {
	for _, w := range all {
		text = append(text, "! "+w)
	}
	return text
}

func choiceText(c *choice.ShareLogit, own int) []string {
	d := c.Diagnostics
	text := []string{fmt.Sprintf("share logit by %s, %d brand-weeks, R² %.2f; memory of the reference price %.2g (next best %.2g)", c.Estimator, d.Rows, d.R2,
		c.Spec.Memory, d.NextBestMemory)}
	var terms []string
	for _, k := range c.Coefficients {
		if (k.Brand == "" || k.Brand == c.Brands[own]) && slices.Contains([]string{"price", "gain", "loss", "display"}, k.Term) {
			terms = append(terms, fmt.Sprintf("%s %.2f (t %.1f)", k.Term, k.Estimate, k.T))
		}
	}
	e := d.Elasticities
	text = append(text, fmt.Sprintf("%s: %s; elasticity %.1f for a cut, %.1f for a rise, %.1f in the long run", c.Brands[own], strings.Join(terms, ", "),
		e.Cut[own][own], e.Rise[own][own], e.Long[own][own]))
	for _, h := range d.HeldOut {
		if h.Brand == "all" {
			text = append(text, fmt.Sprintf("held-out weeks: error %.0f%% of units (last week's share: %.0f%%), bias %.2f", 100*h.Structural.Absolute, 100*h.LastWeek.Absolute, h.Structural.Bias))
		}
	}
	return append(text, warnings(d.Warnings)...)
}

func (m *Models) pricesText(s *scenarios.Scenario) []string {
	var parts []string
	for j, fit := range m.Prices {
		if j == s.Own() {
			continue
		}
		onDeal, rungs := 0.0, fit.Deals.Rungs()
		for i, share := range fit.Deals.Stationary() {
			if rungs[i].Deal {
				onDeal += share
			}
		}
		parts = append(parts, fmt.Sprintf("%s %.0f%%", fit.Deals.Product(), 100*onDeal))
	}
	return []string{"others follow Markov chains of regular prices and deals, fitted; weeks on deal: " + strings.Join(parts, ", ")}
}
