package workflow

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Text writes the table of published and measured values.
func (r *Reproduction) Text(w io.Writer) error {
	p := &page{}
	p.line("%s · %s", r.Paper, strings.Join(wrap(r.Citation, width-len(r.Paper)-3), "\n  "))
	switch {
	case len(r.Deviations) == 0:
		p.section("", "Deviations from the paper: none.")
	default:
		p.section("", "Deviations from the paper:")
		for _, d := range r.Deviations {
			for i, l := range wrap(d, width-4) {
				p.line("  %s %s", map[bool]string{true: "–", false: " "}[i == 0], l)
			}
		}
	}
	p.line("")
	t := [][]string{{"", "published", "measured", "s.e.", "n", ""}}
	variant := ""
	for i := range r.Rows {
		row := &r.Rows[i]
		if row.Variant != variant {
			variant = row.Variant
			t = append(t, []string{variant})
		}
		name := row.Measure
		if variant != "" {
			name = "  " + name
		}
		if row.Unit != "" {
			name += ", " + row.Unit
		}
		bound := map[string]string{"at-least": "≥ ", "at-most": "≤ "}[row.Bound]
		cells := []string{name, bound + figureAs(row.Published, row.Allowed), figureAs(row.Measured, row.Allowed), "exact", "", "inside"}
		if row.N > 0 {
			cells[3], cells[4] = figure(row.StdError), strconv.Itoa(row.N)
		}
		if !row.Inside {
			cells[5] = "OUTSIDE"
		}
		t = append(t, cells)
	}
	p.WriteString(align(t))
	if rest := r.unpublished(); len(rest) > 1 {
		p.section("", "Measured too, with nothing published:")
		p.line("")
		p.WriteString(align(rest))
	}
	inside := len(r.Rows) - r.Outside()
	p.section("", fmt.Sprintf("%d of %d rows inside: no further from the published value than its rounding and three standard errors of the difference.%s",
		inside, len(r.Rows), map[bool]string{true: " Smaller sample (--quick)."}[r.Quick]))
	_, err := io.WriteString(w, p.String())
	return err
}

// unpublished are the measures of paper.figures in variants of which no row is.
func (r *Reproduction) unpublished() [][]string {
	t := [][]string{{"", "measured", "s.e.", "n"}}
	for _, v := range r.Variants {
		if slices.ContainsFunc(r.Rows, func(row Row) bool { return row.Variant == v.Variant }) {
			continue
		}
		for _, m := range v.Measures {
			if slices.Contains(r.scenario.Paper.Figures, m.Name) {
				t = append(t, []string{v.Variant + ": " + m.Name, figure(m.Value), figure(m.Error), strconv.Itoa(m.N)})
			}
		}
	}
	return t
}

// figureAs writes a value to the decimals at which a difference matters.
func figureAs(x, allowed float64) string {
	digits := 4
	if allowed > 0 {
		digits = min(max(int(math.Ceil(-math.Log10(allowed)))+1, 0), 7)
	}
	return strings.Replace(strconv.FormatFloat(x, 'f', digits, 64), "-", "−", 1)
}

// figuresTable writes measures as a table; of those that are numbered, as percentiles and paths are, the few that say most: JSON has all.
func figuresTable(all []Measure) string {
	t := [][]string{{"", "", "s.e.", "n"}}
	for _, m := range all {
		if _, number, numbered := strings.Cut(m.Name, "@"); numbered && (strings.HasPrefix(m.Name, "of-optimum:") || !strings.Contains(" 0 1 2 3 50 ", " "+number+" ")) { // learning curves are drawn
			continue
		}
		name := m.Name
		if m.Unit != "" {
			name += ", " + m.Unit
		}
		cells := []string{name, figure(m.Value), "exact", ""}
		if m.N > 0 {
			cells[2], cells[3] = figure(m.Error), strconv.Itoa(m.N)
		}
		t = append(t, cells)
	}
	return align(t)
}
