package workflow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results/stats"
)

// robustTable is the matrix of robustness: policies and where they were made down, where they were tested across, normalised scores in the cells; and who wins only
// where it was made.
func robustTable(m *evaluate.Matrix) *grid {
	what := "normalised scores"
	if !m.Normalised {
		what = "by what share it earns more than the best fixed price"
	}
	g := &grid{title: "Robustness: what was made in one market, tested in others, to which nothing was fitted; " + what + ", ± half a 95% interval over runs",
		heads: []string{"", "made in"}, notes: robustNotes(m)}
	for _, t := range m.Markets {
		g.heads = append(g.heads, t.Market)
	}
	g.heads = append(g.heads, "elsewhere")
	last := ""
	var twins []string
	for i := range m.Rows {
		r := &m.Rows[i]
		if twin := twinOf(m, i); twin != "" {
			twins = append(twins, fmt.Sprintf("%s of %s as of %s", r.Policy, r.Trained, twin))
			continue
		}
		name := r.Policy
		if name == last {
			name = ""
		}
		last = r.Policy
		row := []string{name, r.Trained}
		for k := range r.Cells {
			row = append(row, robustCell(m, &r.Cells[k]))
		}
		elsewhere := gainText(m, r.Elsewhere)
		g.lines = append(g.lines, append(row, elsewhere))
	}
	if len(twins) > 0 {
		g.notes = append(g.notes, "The same in all markets, and not shown again: "+strings.Join(twins, ", ")+".")
	}
	return g
}

func robustCell(m *evaluate.Matrix, c *evaluate.Cell) string {
	text := gainText(m, m.Gain(c))
	switch {
	case c.Wins:
		return text + " +"
	case c.Loses:
		return text + " −"
	}
	return text + "  "
}

// gainText is a normalised score, or a share in per cent, and half its interval.
func gainText(m *evaluate.Matrix, e *stats.Estimate) string {
	switch {
	case e == nil:
		return "–"
	case m.Normalised:
		return withHalf(e.Value, (e.High-e.Low)/2, 2, "")
	}
	return withHalf(100*e.Value, 50*(e.High-e.Low), 1, "%")
}

// withHalf leaves out a half that rounds to nothing.
func withHalf(value, half float64, decimals int, unit string) string {
	text := amount(value, decimals)
	if bound := amount(half, decimals); strings.Trim(bound, "0.") != "" {
		text += " ±" + bound
	}
	return text + unit
}

// twinOf is where a policy was made that is printed before row i and comes to the same in all markets, such as the best fixed price where it is the same; else empty.
func twinOf(m *evaluate.Matrix, i int) string {
	for k := range m.Rows[:i] {
		if m.Rows[k].Policy != m.Rows[i].Policy {
			continue
		}
		if slices.EqualFunc(m.Rows[k].Cells, m.Rows[i].Cells, func(a, b evaluate.Cell) bool { return a.Score == b.Score && a.OverFixed.Value == b.OverFixed.Value }) {
			return m.Rows[k].Trained
		}
	}
	return ""
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
	sign := "+: earns more than the best fixed price of the market that it is tested in, significantly, −: less (where it was not made, for all markets at once: Bonferroni). elsewhere: mean of " +
		"the markets in which it was not made."
	if m.Normalised {
		sign = "0 is the best fixed price of the market in which it is tested, " + what + ". " + sign
	}
	text = append(markets, sign)
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
