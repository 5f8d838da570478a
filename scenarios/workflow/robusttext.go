package workflow

import (
	"fmt"
	"math"
	"strings"

	"github.com/souk-sim/souk/policies/evaluate"
)

// robustTable is the matrix of robustness: policies and where they were made down, where they were tested across, normalised scores in the cells; and who wins only
// where it was made.
func robustTable(m *evaluate.Matrix) *grid {
	g := &grid{title: "Robustness: what was made in one market, tested in others, to which nothing was fitted; normalised scores ± half their 95% intervals over runs, all markets on the same runs",
		heads: []string{"", "made in"}, notes: robustNotes(m)}
	for _, t := range m.Markets {
		g.heads = append(g.heads, t.Market)
	}
	g.heads = append(g.heads, "elsewhere")
	last := ""
	for i := range m.Rows {
		r := &m.Rows[i]
		name := r.Policy
		if name == last {
			name = ""
		}
		last = r.Policy
		row := []string{name, r.Trained}
		for k := range r.Cells {
			row = append(row, robustCell(&r.Cells[k]))
		}
		elsewhere := "–"
		if r.Elsewhere != nil {
			elsewhere = shareText(r.Elsewhere.Value, (r.Elsewhere.High-r.Elsewhere.Low)/2)
		}
		g.lines = append(g.lines, append(row, elsewhere))
	}
	return g
}

// robustCell is a normalised score; where there is none, what is earned over the best fixed price as a share of it.
func robustCell(c *evaluate.Cell) string {
	fixed := c.Score.Value - c.OverFixed.Value
	text := amount(100*c.OverFixed.Value/math.Abs(fixed), 1) + "%"
	if n := c.Normalised; n != nil {
		text = shareText(n.Value, (n.High-n.Low)/2)
	}
	switch {
	case c.Wins:
		return text + " +"
	case c.Loses:
		return text + " −"
	}
	return text + "  "
}

// shareText is a normalised score and half its interval.
func shareText(value, half float64) string {
	if half < 0.005 {
		return amount(value, 2)
	}
	return amount(value, 2) + " ±" + amount(half, 2)
}

func robustNotes(m *evaluate.Matrix) (text []string) {
	what := "1 its optimum"
	var known, markets []string
	for _, t := range m.Markets {
		if t.BestIs != "optimum" {
			known = append(known, fmt.Sprintf("%s in %s", t.BestIs, t.Market))
		}
		markets = append(markets, t.Market+": "+t.Doc+".")
	}
	if len(known) > 0 {
		what = "1 the best that is known, as no optimum is: " + strings.Join(known, ", ")
	}
	for _, l := range m.Left {
		markets = append(markets, l.Market+" is left out: "+l.Reason+".")
	}
	text = append(markets, "0 is the best fixed price of the market in which is tested, "+what+". +: earns more than that price, significantly, −: less (where it was not made, for all markets at "+
		"once: Bonferroni). elsewhere: mean of the markets in which it was not made.")
	var nothing []string
	for _, t := range m.Markets {
		if t.Nothing {
			nothing = append(nothing, t.Market)
		}
	}
	if len(nothing) > 0 {
		text = append(text, "In "+strings.Join(nothing, ", ")+" nothing better than the best fixed price can be told from it: there the table has by what share of it a policy earns more.")
	}
	flagged := false
	for i := range m.Rows {
		if r := &m.Rows[i]; r.OnlyAtHome {
			flagged = true
			text = append(text, onlyText(r))
		}
	}
	if !flagged {
		text = append(text, "No policy wins only in its own simulator.")
	}
	return text
}

// onlyText says of a policy that it wins only at home.
func onlyText(r *evaluate.Transfer) string {
	text := fmt.Sprintf("%s of %s wins only in its own simulator: in no other market does it earn more than the best fixed price, significantly", r.Policy, r.Trained)
	if loses := r.In(func(c *evaluate.Cell) bool { return c.Loses }); len(loses) > 0 {
		return text + "; it earns less in " + strings.Join(loses, ", ") + "."
	}
	return text + "."
}
