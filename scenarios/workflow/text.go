package workflow

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/policies/evaluate"
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
	p.section("data", dataText(s, m.Findings)...)
	p.section("traffic", m.Models.trafficText(s)...)
	p.section("choice", choiceText(m.Models.Choice, s.Own())...)
	p.section("prices", m.Models.pricesText(s)...)
	p.section("tuned", m.Baselines.text()...)
	p.section("", fmt.Sprintf("Weekly %s of the chain on %d paths that training never met; ± is half a 95%% interval",
		strings.ReplaceAll(s.Learner().Reward.Of, "-", " "), m.Comparison.Paths))
	p.line("")
	p.WriteString(headline(m.Comparison))
	p.section("gap", gaps(m.Comparison)...)
	if m.Recorded != nil {
		p.section("recorded", recordedText(m.Recorded))
	}
	if m.Robustness.Draws > 0 {
		p.section("doubt", m.Robustness.text(m.Chosen)...)
	}
	p.section("learned", append([]string{fmt.Sprintf("policy/ holds %s of seed %d, the best of all on paths kept for that.", m.Chosen.Agent, m.Chosen.Seed)},
		strings.Split(strings.TrimSpace(m.Learned), "\n")...)...)
	p.section("careful", m.Baselines.caveats()...)
	_, err := io.WriteString(w, p.String())
	return err
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
	text := []string{fmt.Sprintf("%s: %d products; fitted on periods %d–%d, models chosen on %d–%d, judged on %d–%d.", d.Panel, len(d.Products),
		d.Split.Train[0], d.Split.Train[1], d.Split.Validation[0], d.Split.Validation[1], d.Split.Test[0], d.Split.Test[1])}
	var kinds []logs.Kind
	places := map[logs.Kind][]string{}
	action := map[logs.Kind]logs.Action{}
	for _, f := range findings {
		if places[f.Kind] == nil {
			kinds = append(kinds, f.Kind)
		}
		place := fmt.Sprint(f.Period)
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
		text = append(text, fmt.Sprintf("%d × %s (%s): %s", len(all), k, strings.Join(shown, ", "), action[k]))
	}
	return text
}

// mostPlaces is how many places of one kind of finding are printed; summary.json has all.
const mostPlaces = 8

func (m *Models) trafficText(s *scenarios.Scenario) []string {
	t := m.Traffic
	scale, spread := "", fmt.Sprintf("residual s.d. %.3g", math.Sqrt(t.Sigma2))
	if s.Demand.Transform == "log" {
		scale, spread = "log ", fmt.Sprintf("residual s.d. %.1f%%", 100*math.Sqrt(t.Sigma2))
	}
	text := []string{fmt.Sprintf("customers a %s: %sARIMA(%d,%d,%d) with %s, n %d; %s; Ljung–Box p %.2f", s.Time.Period, scale,
		t.Order[0], t.Order[1], t.Order[2], plural(len(t.Coefficients), "coefficient"), t.N, spread, t.LjungBox.PValue)}
	return append(text, warnings(t.Warnings)...)
}

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

func (b *Baselines) text() []string {
	top := ""
	if b.Fixed.Top {
		top = ", the top of the ladder"
	}
	return []string{fmt.Sprintf("best fixed price %.2f%s; best cycle %.2f with %.2f in %d of every %d weeks; cost-plus %.0f%%; history: the last %d recorded weeks (%d–%d)",
		b.Fixed.Price, top, b.Cycle.Regular, b.Cycle.Deal, b.Cycle.DealWeeks, b.Cycle.Length, 100*b.Markup, len(b.Weeks), b.Weeks[0], b.Weeks[len(b.Weeks)-1])}
}

func recordedText(r *evaluate.Result) string {
	var parts []string
	for _, row := range r.Rows {
		for _, d := range row.Differences {
			parts = append(parts, row.Name+" "+plusMinus(d.Estimate, "+"))
		}
	}
	return "$ a week over history where the others post what they posted in those weeks: " + strings.Join(parts, ", ")
}

func (r *Robustness) text(c *Chosen) []string {
	describe := func(all []Advantage, of string) string {
		var parts []string
		for _, a := range all {
			if a.Low == 0 && a.High == 0 {
				parts = append(parts, a.Over+" the same")
				continue
			}
			parts = append(parts, fmt.Sprintf("%s %s [%s, %s], ahead in %.0f%%", a.Over, thousands(a.Median, "+"), thousands(a.Low, "+"), thousands(a.High, "+"), 100*a.Wins))
		}
		return of + strings.Join(parts, "; ")
	}
	text := []string{describe(r.OverDraws, fmt.Sprintf("%s less others, $ a week, median and 95%% of %d draws of the fitted coefficients: ", c.Agent, r.Draws))}
	if len(r.UnderNext) > 0 {
		text = append(text, describe(r.UnderNext, fmt.Sprintf("and where memory is %.2g, over paths: ", r.NextMemory)))
	}
	return text
}

// caveats are what a reader should not forget, beside the models' warnings.
func (b *Baselines) caveats() []string {
	text := []string{"The market is a model, fitted to the data; its figures are profits in the model, not in the shops.",
		"A unit costs the learner the same at every price. In the data the wholesale price falls with deals (trade promotions), so deals look dearer here than they were."}
	if b.Fixed.Top {
		text = append(text, "The best fixed price is the top of the ladder: the ladder, not the market, set it.")
	}
	return text
}
