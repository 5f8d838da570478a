package workflow

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios"
)

// headline is the comparison as a table of at most width columns, then what the learned policies closed of the gaps.
func headline(r *evaluate.Result, period string) string {
	article := "a "
	if period == "episode" {
		article = "an "
	}
	over, heads := []string{"", "$"}, []string{"", article + period}
	for _, name := range r.References {
		over, heads = append(over, "over"), append(heads, name)
	}
	if len(r.Optima) > 0 {
		over, heads = append(over, "% of"), append(heads, r.Optima[0])
	}
	t := [][]string{append(over, "price", period+"s", "days out"), append(heads, "changes", "on deal", "of stock")}
	for i := range r.Rows {
		t = append(t, line(r, &r.Rows[i]))
	}
	for text := align(t); ; text = align(t) {
		if utf8.RuneCountInString(strings.SplitN(text, "\n", 2)[0]) <= width {
			return text
		}
		for i := range t { // rather without the last column but with room
			t[i] = t[i][:len(t[i])-1]
		}
	}
}

// gaps says how much of what could be earned each learner earns, and how much of the way there from the best fixed price it has gone.
func gaps(r *evaluate.Result, s *scenarios.Scenario) (text []string) {
	for i := range r.Rows {
		row := &r.Rows[i]
		if !slices.ContainsFunc(s.Agents, func(a scenarios.Agent) bool { return a.Name == row.Name }) {
			continue
		}
		var parts []string
		for k, optimum := range r.Optima {
			for _, d := range row.OfOptimum {
				if d.Name == optimum {
					parts = append(parts, fmt.Sprintf("%.1f%% [%.1f, %.1f] of the %s", 100*d.Value, 100*d.Low, 100*d.High, optimum))
				}
			}
			if k < len(row.Gaps) && row.Gaps[k].Share != nil {
				parts = append(parts, closes(&row.Gaps[k], r.Baseline))
			}
		}
		if len(parts) > 0 {
			text = append(text, row.Name+" earns "+strings.Join(parts, ", "))
		}
	}
	return text
}

// closes says which share of a gap is closed, over all seeds and by the median and the worst one.
func closes(g *evaluate.Gap, baseline string) string {
	text := fmt.Sprintf("%s of the gap from %s to it", percent(*g.Share), baseline)
	if g.Median != nil {
		text += fmt.Sprintf(" (median seed %s, worst %.0f%%)", percent(*g.Median), 100*g.Worst)
	}
	return text
}

// line is one contestant's or bound's line.
func line(r *evaluate.Result, row *evaluate.Row) []string {
	name := row.Name
	if row.Seeds > 1 {
		name = fmt.Sprintf("%s ×%d", name, row.Seeds)
	}
	cells := []string{name, plusMinus(row.Profit, "")}
	for _, reference := range r.References {
		cell := ""
		for _, d := range row.Differences {
			if d.Name == reference {
				cell = plusMinus(d.Estimate, "+")
			}
		}
		cells = append(cells, cell)
	}
	if len(r.Optima) > 0 {
		cell := ""
		for _, d := range row.OfOptimum {
			if d.Name == r.Optima[0] {
				cell = fmt.Sprintf("%.1f", 100*d.Value)
			}
		}
		cells = append(cells, cell)
	}
	if row.Bound {
		return append(cells, "", "", "")
	}
	return append(cells, fmt.Sprintf("%.0f", row.PriceChanges), fmt.Sprintf("%.0f%%", 100*row.DealFrequency), fmt.Sprintf("%.1f", row.StockOutDays))
}

// plusMinus is a value and half its interval, which is symmetric.
func plusMinus(e stats.Estimate, sign string) string {
	text := inTable(e)
	return text(e.Value, sign) + " ±" + text((e.High-e.Low)/2, "")
}

// inTable is how an estimate's numbers are written.
func inTable(e stats.Estimate) func(x float64, sign string) string {
	half := (e.High - e.Low) / 2
	if !(half > 0 && half < 10 && math.Abs(e.Value) >= 10 && math.Abs(e.Value) < 1000) {
		return thousands
	}
	digits := map[bool]int{true: 2, false: 1}[half < 1] // whole numbers would hide what is known
	return func(x float64, sign string) string { return minus(fmt.Sprintf("%"+sign+".*f", digits, x)) }
}

func percent(e stats.Estimate) string {
	return fmt.Sprintf("%.0f%% [%.0f, %.0f]", 100*e.Value, 100*e.Low, 100*e.High)
}

// thousands writes a whole number with commas; sign "+" shows it on positive ones too. Small numbers keep two decimals.
func thousands(x float64, sign string) string {
	if math.IsNaN(x) {
		return "–"
	}
	lead := sign
	if x < 0 {
		lead, x = "−", -x
	}
	if x == 0 {
		return "0"
	}
	if x < 10 {
		return lead + strconv.FormatFloat(x, 'f', 2, 64)
	}
	digits := strconv.FormatFloat(x, 'f', 0, 64)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return lead + digits
}

// align sets a table's first column left and the others right, two spaces apart.
func align(rows [][]string) string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				line.WriteString(cell + pad)
			} else {
				line.WriteString("  " + pad + cell)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}
