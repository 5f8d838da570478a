package bundle

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/policies"
)

// card is card.md: what one should know before using the policy (Mitchell et al. 2019, Model cards for model reporting).
func card(b *Bundle) string {
	c := &cardText{}
	c.line("# %s", b.Manifest.Name)
	c.section("Purpose")
	c.line("%s", or(b.Manifest.Purpose, "Not stated."))
	c.decides(b.Policy)
	c.guardrails(b.Policy.About())
	c.training(b)
	c.results(&b.Manifest)
	c.section("When not to use it")
	c.line("- Where the market is not the one above: the values are of that market, and nothing in the policy notices a change.")
	for _, caveat := range b.Manifest.Caveats {
		c.line("- %s", caveat)
	}
	return c.String()
}

type cardText struct{ strings.Builder }

func (c *cardText) line(format string, args ...any) { fmt.Fprintf(c, format+"\n", args...) }
func (c *cardText) section(title string)            { c.line("\n## %s\n", title) }

func (c *cardText) decides(p policies.Frozen) {
	t := p.About()
	table, isTable := p.(*policies.Table)
	c.section("How it decides")
	how := "%s. %d offers, from %.4g to %.4g%s. It reads:\n"
	if isTable {
		how = "%s × %d offers, from %.4g to %.4g%s, of which it makes that with the highest value. It reads:\n"
	}
	text := p.String()
	low, high := policies.Ladder(&t.Spec)
	c.line(how, strings.ToUpper(text[:1])+text[1:], len(t.Spec.Offers), low, high, promotions(t))
	for _, d := range t.Encoder.Dimensions {
		if isTable {
			c.line("- %s, in %d bins and one for missing", d.Feature, len(d.Edges)+1)
		} else {
			c.line("- %s, as a number or missing", d.Feature)
		}
	}
	if isTable && table.Epsilon > 0 {
		c.line("\nWith probability %.4g it makes any allowed offer instead, all equally likely.", table.Epsilon)
	}
}

func (c *cardText) guardrails(t *policies.Frame) {
	c.section("Guardrails")
	c.line("Prices are those of its offers, and of these alone such as are:\n")
	for _, l := range t.Spec.Limits {
		for _, bound := range l.Words() {
			c.line("- %s", bound)
		}
	}
	if len(t.Spec.Limits) == 0 {
		c.line("- on the ladder: there is no other limit")
	}
	c.line("\nWhere no offer is, the one that comes nearest is made%s. What is not known limits nothing. `souk policy verify` tries whether any observation makes it do otherwise.", unmoved(t))
}

func (c *cardText) training(b *Bundle) {
	m := &b.Manifest
	c.section("Training")
	c.line("%s\n", or(m.Market, "The market is not described."))
	agent := "Not trained: " + m.Agent
	if m.Episodes > 0 {
		agent = fmt.Sprintf("Agent %s, seed %d, %d episodes", m.Agent, m.Seed, m.Episodes)
	}
	c.line("%s; scenario %s (SHA-256 %s), souk %s.", agent, m.Scenario, m.ScenarioSHA256, m.Souk)
	if table, ok := b.Policy.(*policies.Table); ok && table.Visits != nil {
		tried, never := visited(table)
		c.line("%d of %d values were tried; states in which nothing was: %d, for which the nearest tried one answers, or else the most visited.", tried, len(table.Values), never)
	}
	c.section("Data")
	for _, d := range m.Data {
		c.line("- %s", d)
	}
	if len(m.Data) == 0 {
		c.line("None: what it learned in was made by hand.")
	} else {
		c.line("\nWhat was learned from data may be bound by their terms: whoever passes the bundle on passes these on with it.")
	}
}

func (c *cardText) results(m *Manifest) {
	c.section("Evaluation")
	if len(m.Evaluation)+len(m.Found) == 0 {
		c.line("None.")
	}
	if len(m.Evaluation) > 0 {
		c.line("| figure | value | interval |\n| --- | --- | --- |")
	}
	for _, f := range m.Evaluation {
		c.line("| %s | %.6g %s | %.6g to %.6g (%.4g%%) |", f.Name, f.Value, f.Unit, f.Low, f.High, 100*f.Level)
	}
	if len(m.Evaluation) > 0 && len(m.Found) > 0 {
		c.line("")
	}
	for _, found := range m.Found {
		c.line("- %s", found)
	}
}

// unmoved says that floors and ceilings stand fast.
func unmoved(t *policies.Frame) string {
	if floor, ceiling := t.Spec.Bounds(); floor > 0 || !math.IsInf(ceiling, 1) {
		return ", never one beyond the fixed bounds"
	}
	return ""
}

func or(text, instead string) string {
	if text == "" {
		return instead
	}
	return text
}

// visited counts the values that training tried and the states in which it tried none.
func visited(t *policies.Table) (tried, never int) {
	offers := len(t.Spec.Offers)
	here := 0
	for i, n := range t.Visits {
		if n > 0 {
			here++
		}
		if i%offers == offers-1 {
			if tried += here; here == 0 {
				never++
			}
			here = 0
		}
	}
	return tried, never
}

// promotions tells which promotions offers switch on.
func promotions(t *policies.Frame) string {
	var names []string
	for _, o := range t.Spec.Offers {
		if o.Promotion != "" && !slices.Contains(names, o.Promotion) {
			names = append(names, o.Promotion)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return ", some with a promotion (" + strings.Join(names, ", ") + ")"
}
