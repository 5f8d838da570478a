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
	for _, kind := range rowKinds() {
		if t := r.table(kind.name); len(t) > 1 {
			if kind.heading != "" {
				p.section("", kind.heading)
			}
			p.line("")
			p.WriteString(align(t))
		}
	}
	if rest := r.unpublished(); len(rest) > 1 {
		p.section("", "Measured too, with nothing published:")
		p.line("")
		p.WriteString(align(rest))
	}
	if text := r.unconverged(); text != "" {
		p.section("", text)
	}
	if slices.ContainsFunc(r.Rows, func(row Row) bool { return row.N > 1 && row.StdError == 0 }) {
		p.section("", alike)
	}
	p.section("", r.verdict()+map[bool]string{true: " Smaller sample (--quick)."}[r.Quick])
	_, err := io.WriteString(w, p.String())
	return err
}

// rowKind is a kind of published rows: in a table of its own, and counted for itself.
type rowKind struct{ name, heading, plural string }

func rowKinds() []rowKind {
	return []rowKind{{"result", "", "rows"}, {"theorem", "Orders of growth that theorems prove:", "orders of theorems"},
		{"claim", "Claims of this scenario, of which no number was published:", "claims of this scenario"}}
}

// table has the rows of a kind.
func (r *Reproduction) table(kind string) [][]string {
	t := [][]string{{"", map[bool]string{true: "claimed", false: "published"}[kind == "claim"], "measured", "s.e.", "n", "may differ", ""}}
	variant := ""
	for i := range r.Rows {
		row := &r.Rows[i]
		if row.Kind != kind {
			continue
		}
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
		t = append(t, []string{name, bound + row.published(), row.measured(), errorText(row.N, row.StdError), count(row.N), figure(row.Allowed), row.judgement()})
	}
	return t
}

// verdict counts the rows inside, each kind for itself.
func (r *Reproduction) verdict() string {
	var parts []string
	open := 0
	for _, kind := range rowKinds() {
		inside, all := 0, 0
		for i := range r.Rows {
			if r.Rows[i].Kind != kind.name {
				continue
			}
			all++
			switch in := r.Rows[i].Inside; {
			case in == nil:
				open++
			case *in:
				inside++
			}
		}
		if all > 0 {
			parts = append(parts, fmt.Sprintf("%d of %d %s", inside, all, kind.plural))
		}
	}
	text := strings.Join(parts, ", ") + " inside: no further from the value than may differ, its tolerance and three standard errors of the difference."
	if open > 0 {
		text += fmt.Sprintf(" %s without a verdict: one value does not tell its standard error.", plural(open, "row"))
	}
	return text
}

// unconverged tells in which variants sessions had not come to rest; empty where all had.
func (r *Reproduction) unconverged() string {
	var parts []string
	for _, v := range r.Variants {
		if part := restless(v.Measures); part != "" {
			parts = append(parts, strings.TrimSuffix(part+" of "+v.Variant, " of "))
		}
	}
	return unrest(strings.Join(parts, ", "))
}

// restless counts the sessions that had not converged; empty where all had.
func restless(all []Measure) string {
	for _, m := range all {
		if still := float64(m.N) * (1 - m.Value); m.Name == "converged" && still > 0.5 {
			return fmt.Sprintf("%.0f of %s", still, plural(m.N, "session"))
		}
	}
	return ""
}

func unrest(who string) string {
	if who == "" {
		return ""
	}
	return who + " had not converged; limit-… are of greedy play from where they stopped."
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
				t = append(t, []string{v.Variant + ": " + m.Name, figure(m.Value), errorText(m.N, m.Error), count(m.N)})
			}
		}
	}
	return t
}

// published is the value as it was written.
func (r *Row) published() string { return decimal(r.Published, -1) }

// measured is the value to the decimals that its standard error leaves, two of which count, but to no fewer than were published. Where there is no such error
// they are those at which a difference matters.
func (r *Row) measured() string {
	if math.IsNaN(r.Measured) {
		return "–"
	}
	_, written, _ := strings.Cut(r.published(), ".")
	digits := 4
	for _, by := range []float64{r.StdError, r.Allowed} {
		if by > 0 {
			digits = int(math.Ceil(-math.Log10(by))) + 1
			break
		}
	}
	return decimal(r.Measured, min(max(digits, len(written)), 7))
}

func (r *Row) judgement() string {
	switch {
	case r.Inside == nil:
		return "–"
	case *r.Inside:
		return "inside"
	}
	return "OUTSIDE"
}

// decimal writes a number with so many decimals; −1: as many as it has.
func decimal(x float64, digits int) string {
	return strings.Replace(strconv.FormatFloat(x, 'f', digits, 64), "-", "−", 1)
}

// errorText is a standard error of n values, 0 where they are alike.
func errorText(n int, by float64) string {
	if n == 0 {
		return "exact"
	}
	return figure(by)
}

// count is a number of values; empty for what is computed.
func count(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

const alike = "A standard error of 0 is one of values that are all alike, or around a percentile."

// figuresTable writes measures as a table; of those that are numbered, as percentiles and paths are, the few that say most, and the last: JSON has all.
func figuresTable(all []Measure) string {
	last := map[string]int{}
	for i, m := range all {
		if stem, _, numbered := strings.Cut(m.Name, "@"); numbered {
			last[stem] = i
		}
	}
	t := [][]string{{"", "", "s.e.", "n"}}
	short, same := false, false
	for i, m := range all {
		stem, number, numbered := strings.Cut(m.Name, "@")
		if numbered && (strings.HasPrefix(stem, "of-optimum:") || i != last[stem] && !strings.Contains(" 0 1 2 3 50 ", " "+number+" ")) { // learning curves are drawn
			short = true
			continue
		}
		name := m.Name
		if m.Unit != "" {
			name += ", " + m.Unit
		}
		same = same || m.N > 1 && m.Error == 0
		t = append(t, []string{name, figure(m.Value), errorText(m.N, m.Error), count(m.N)})
	}
	p := &page{}
	p.WriteString(align(t))
	if same {
		p.section("", alike)
	}
	if short {
		p.section("", "Of measures numbered after @ the table has 0 to 3, 50 and the last: JSON has all.")
	}
	if text := unrest(restless(all)); text != "" {
		p.section("", text)
	}
	return p.String()
}
