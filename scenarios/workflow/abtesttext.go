package workflow

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/policies/evaluate/experiment"
	"github.com/souk-sim/souk/results/stats"
)

// Text writes the read-out: whether the arms are sound, what changed, what follows, and what may be said of it.
func (t *Tested) Text(w io.Writer) error {
	p, r := &page{}, t.Report
	p.line("%s · %s · %s", t.Name, rowsText(r.Rows), t.Source)
	p.section("arms", t.armsText())
	if len(r.Metrics) == 0 {
		p.section("STOP", fmt.Sprintf("The arms are not of the sizes they should be (χ² = %.1f, p = %s, below %g). Units were lost or counted twice by arm, by logging, redirects, bots or a rule that looks at what came of it: "+
			"any difference may come from that. Find the cause first. Nothing else is computed; --despite-imbalance does it all the same.", r.Imbalance.ChiSquare, pText(r.Imbalance.P), r.Imbalance.Below))
		_, err := io.WriteString(w, p.String())
		return err
	}
	p.line("")
	p.WriteString(t.table())
	p.section("decision", t.verdicts()...)
	p.section("peeking", t.peeking()...)
	if r.Stopping == experiment.Group {
		p.section("looks", t.looks()...)
	}
	t.parts(p)
	p.section("for whom", t.upliftText()...)
	p.section("novelty", t.noveltyText()...)
	p.section("size", t.sizeText()...)
	t.Market.text(p, r)
	p.section("careful", r.Warnings...)
	_, err := io.WriteString(w, p.String())
	return err
}

func (t *Tested) armsText() string {
	r := t.Report
	var parts, shares []string
	for i, a := range r.Arms {
		parts = append(parts, fmt.Sprintf("%s%s %s", a.Name, map[bool]string{true: " (control)"}[i == 0], howMany(float64(a.Units))))
		shares = append(shares, fmt.Sprintf("%.4g%%", 100*a.Share))
	}
	kind := "units"
	if r.Clustered {
		kind = "clusters"
	}
	sound := fmt.Sprintf("sample ratio as it should be, %s: p = %s", strings.Join(shares, " : "), pText(r.Imbalance.P))
	if r.Imbalance.Failed {
		sound = fmt.Sprintf("sample ratio WRONG, should be %s: p = %s", strings.Join(shares, " : "), pText(r.Imbalance.P))
	}
	return strings.Join(parts, " · ") + " " + kind + " (" + t.Unit + "); " + sound
}

// table has a line for each metric and treatment.
func (t *Tested) table() string {
	r := t.Report
	several := len(r.Arms) > 2
	head := []string{"", r.Arms[0].Name, r.Arms[1].Name, "difference", fmt.Sprintf("%.4g%% interval", 100*(1-r.Alpha)), "lift", "p", "q"}
	if several {
		head[2] = "treatment"
		head = append(head[:7], "Holm", "q")
	}
	rows := [][]string{head}
	for _, m := range r.Metrics {
		for _, e := range m.Effects {
			name := m.Name
			if several {
				name += ", " + e.Arm
			}
			half := (e.Difference.High - e.Difference.Low) / 2
			difference, span := estimated(e.Difference)
			row := []string{name, figures(e.Control, half), figures(e.Treatment, half), difference, span}
			if e.Note != "" {
				rows = append(rows, append(row[:4], "does not vary"))
				continue
			}
			lift := "–"
			if e.Lift != nil {
				lift = strings.Replace(fmt.Sprintf("%+.1f%%", 100*e.Lift.Value), "-", "−", 1)
			}
			row = append(row, lift, pText(e.P))
			if several {
				row = append(row, pText(e.Holm))
			}
			rows = append(rows, append(row, pText(e.Q)))
		}
	}
	text := align(rows)
	if notes := t.notes(); len(notes) > 0 {
		text += strings.Join(wrap(strings.Join(notes, "; "), width), "\n") + "\n"
	}
	return text
}

// notes are what the metrics' values rest on: what is missing, and what is known before.
func (t *Tested) notes() (notes []string) {
	for _, m := range t.Report.Metrics {
		var parts []string
		if m.Gaps != nil {
			var arms []string
			rows := 0
			for _, g := range m.Gaps {
				arms = append(arms, g.Arm+" "+howMany(float64(g.Units)))
				rows += g.Rows
			}
			missing := rowsText(rows) + " without a value (units: " + strings.Join(arms, ", ")
			if m.GapsP != nil {
				missing += "; one share in all arms: p = " + pText(*m.GapsP)
			}
			if parts = append(parts, missing+")"); m.Missing > 0 {
				parts = append(parts, plural(m.Missing, "unit")+" of them without any: these do not count")
			}
		}
		if m.Correlation != 0 || math.Abs(m.Variance-1) > 0.005 && m.Variance > 0 {
			parts = append(parts, fmt.Sprintf("variance ×%.2f by what was known before", m.Variance))
		}
		if len(parts) > 0 {
			notes = append(notes, m.Name+": "+strings.Join(parts, ", "))
		}
	}
	return notes
}

// verdicts are the decisions about all treatments, and what is to be said against them.
func (t *Tested) verdicts() (text []string) {
	for i := range t.Report.Verdicts {
		text = append(text, t.verdict(i))
	}
	return append(text, t.Market.corrections(t.Report)...)
}

// verdict is the decision about a treatment in a sentence.
func (t *Tested) verdict(i int) string {
	r, v := t.Report, t.Report.Verdicts[i]
	m := r.Metrics[0]
	e := m.Effects[i]
	of := map[experiment.Stopping]string{experiment.Fixed: "decided once, at the end", experiment.Anytime: "whenever one looks", experiment.Group: "by the looks that were planned"}[r.Stopping]
	if len(r.Verdicts) > 1 {
		of += ", with an interval that holds for all treatments at once"
	}
	if v.Range == nil {
		return fmt.Sprintf("%s: open. The first look is still to come.", v.Arm)
	}
	span := fmt.Sprintf("%s by %s", m.Name, bracket(v.Range.Low, v.Range.High))
	text := ""
	switch v.Finding {
	case "better":
		text = fmt.Sprintf("%s is better than %s: it changes %s, %s.", v.Arm, r.Arms[0].Name, span, of)
	case "worse":
		text = fmt.Sprintf("Keep %s: %s is worse. It changes %s, %s.", r.Arms[0].Name, v.Arm, span, of)
	default:
		if e.Note != "" {
			return fmt.Sprintf("%s: open. %s %s.", v.Arm, m.Name, e.Note)
		}
		text = fmt.Sprintf("%s: open. It changes %s, %s: nothing, a gain or a loss of that size would all look like this.", v.Arm, span, of)
	}
	if v.Finding == "open" && r.Sizing != nil && i == 0 {
		text += fmt.Sprintf(" This size finds %s%s with probability %.0f%%.", amount4(r.Sizing.Detectable), ofControl(r.Sizing.Relative), 100*r.Sizing.Power)
	}
	if len(v.Harms) > 0 {
		text += " But it harms " + strings.Join(v.Harms, ", ") + "."
	}
	if len(v.Helps) > 0 {
		text += " It helps " + strings.Join(v.Helps, ", ") + "."
	}
	return text
}

func ofControl(share float64) string {
	if share == 0 {
		return ""
	}
	return fmt.Sprintf(" (%.2g%%)", 100*share)
}

// peeking is what holds however often one looked.
func (t *Tested) peeking() (text []string) {
	for _, s := range t.Report.Anytime {
		if s.Range == nil {
			continue
		}
		line := fmt.Sprintf("%s: %s holds however often one looked, p = %s", s.Arm, bracket(s.Range.Low, s.Range.High), pText(s.P))
		if s.Stopped > 0 {
			line += fmt.Sprintf("; one could have stopped at %s units", howMany(float64(s.Stopped)))
		}
		text = append(text, line+".")
	}
	return text
}

func (t *Tested) looks() (text []string) {
	for _, g := range t.Report.Group {
		var parts []string
		for k, l := range g.Looks {
			part := fmt.Sprintf("%.0f%%: |z| > %.2f", 100*l.Share, l.Boundary)
			if l.Units > 0 {
				part += strings.Replace(fmt.Sprintf(", was %.2f", l.Score), "-", "−", 1)
			}
			if g.Stopped == k+1 {
				part += " STOP"
			}
			parts = append(parts, part)
		}
		text = append(text, fmt.Sprintf("%s, of %s units: %s", g.Arm, howMany(float64(g.Planned)), strings.Join(parts, "; ")))
	}
	return text
}

// mostParts of a segment are printed.
const mostParts = 8

func (t *Tested) parts(p *page) {
	var text []string
	for _, d := range t.Report.Segments {
		name := d.Segment
		if len(t.Report.Arms) > 2 {
			name += ", " + d.Arm
		}
		differ := "one effect for all would look like this"
		if d.P < t.Report.Alpha {
			differ = "the effects differ"
		}
		var parts []string
		for _, part := range d.Parts[:min(len(d.Parts), mostParts)] {
			star := ""
			if part.Q < t.Report.Alpha {
				star = "*"
			}
			value, span := estimated(part.Difference)
			parts = append(parts, fmt.Sprintf("%s %s %s%s", part.Value, value, span, star))
		}
		if n := len(d.Parts) - mostParts; n > 0 {
			parts = append(parts, fmt.Sprintf("and %d more", n))
		}
		text = append(text, fmt.Sprintf("%s: %s (p = %s). %s", name, differ, pText(d.P), strings.Join(parts, "; ")))
	}
	p.section("segments", text...)
}

// upliftText tells whether the treatment works better for some, and for whom.
func (t *Tested) upliftText() (text []string) {
	for _, u := range t.Report.Uplift {
		line := fmt.Sprintf("%s: no sign that what was known before tells for whom it works", u.Arm)
		if u.P < t.Report.Alpha {
			line = fmt.Sprintf("%s: it works better for some than for others", u.Arm)
		}
		best, spanOfBest := estimated(u.Best)
		worst, spanOfWorst := estimated(u.Worst)
		line += fmt.Sprintf(" (p = %s). The quarter with the best predicted effects has %s %s, the one with the worst %s %s, measured on units that were not learnt from.", pText(u.P), best, spanOfBest, worst, spanOfWorst)
		if u.P < t.Report.Alpha {
			var traits []string
			for _, trait := range u.Traits {
				half := math.Abs(trait.Best - trait.Worst)
				traits = append(traits, fmt.Sprintf("%s (%.0f%%; mean %s in the best quarter, %s in the worst)", trait.Name, 100*trait.Share, figures(trait.Best, half), figures(trait.Worst, half)))
			}
			line += " The predictions lean on " + strings.Join(traits, ", ") + "."
		}
		text = append(text, line)
	}
	return text
}

func (t *Tested) noveltyText() (text []string) {
	for _, n := range t.Report.Novelty {
		first, last := n.Spans[0], n.Spans[len(n.Spans)-1]
		text = append(text, fmt.Sprintf("%s: %s. %s among the first %s of the units, %s among the last (slope p = %s).", n.Arm, map[string]string{
			"steady": "no sign that the effect changes with time", "fading": "the effect seems to fade: its mean may promise too much", "growing": "the effect seems to grow: its mean may promise too little"}[n.Finding],
			valueOf(first.Difference), map[bool]string{true: "half", false: fmt.Sprintf("1/%d", len(n.Spans))}[len(n.Spans) == 2], valueOf(last.Difference), pText(n.Holm)))
	}
	return text
}

func (t *Tested) sizeText() []string {
	s := t.Report.Sizing
	if s == nil {
		return nil
	}
	text := fmt.Sprintf("Of these units, a difference of %s%s is found with probability %.0f%%.", amount4(s.Detectable), ofControl(s.Relative), 100*s.Power)
	var parts []string
	for _, n := range s.Needed {
		parts = append(parts, fmt.Sprintf("%g%% %s", 100*n.Lift, howMany(n.Units)))
	}
	if len(parts) > 0 {
		text += " Units in " + map[bool]string{true: "both arms", false: fmt.Sprintf("all %d arms", len(t.Report.Arms))}[len(t.Report.Arms) == 2] + " for a lift of " + strings.Join(parts, ", ") + "."
	}
	return []string{text}
}

// howMany is a whole number with commas.
func howMany(n float64) string {
	if n < 1000 {
		return strconv.FormatFloat(n, 'f', 0, 64)
	}
	return thousands(n, "")
}

func rowsText(n int) string {
	if n == 1 {
		return "1 row"
	}
	return howMany(float64(n)) + " rows"
}

// figures writes a number with the decimals that an interval so wide can tell: two digits of half of it.
func figures(x, half float64) string {
	if !(half > 0) || math.IsInf(half, 0) {
		return amount4(x)
	}
	decimals := 1 - int(math.Floor(math.Log10(half)))
	if math.Abs(x) >= 10000 && decimals <= 0 {
		return thousands(x, "")
	}
	return minus(strconv.FormatFloat(x, 'f', min(max(decimals, 0), 12), 64))
}

func plus(text string) string {
	if strings.HasPrefix(text, "−") || strings.Trim(text, "0.") == "" {
		return text
	}
	return "+" + text
}

// estimated is a value and its interval, written alike.
func estimated(e stats.Estimate) (value, interval string) {
	half := (e.High - e.Low) / 2
	return plus(figures(e.Value, half)), "[" + plus(figures(e.Low, half)) + ", " + plus(figures(e.High, half)) + "]"
}

// amount4 is a number in four digits, or all of those before the point.
func amount4(x float64) string {
	if a := math.Abs(x); a >= 10000 {
		return thousands(x, "")
	} else if a >= 1 {
		return minus(strconv.FormatFloat(x, 'f', max(0, 3-int(math.Log10(a))), 64))
	}
	return minus(strconv.FormatFloat(x, 'g', 4, 64))
}

func minus(text string) string { return strings.Replace(text, "-", "−", 1) }

func valueOf(e stats.Estimate) string {
	value, _ := estimated(e)
	return value
}

// bracket is an interval.
func bracket(low, high float64) string {
	half := (high - low) / 2
	return "[" + plus(figures(low, half)) + ", " + plus(figures(high, half)) + "]"
}

// pText is a p-value in two digits, or below what.
func pText(p float64) string {
	if p < 0.0001 {
		return "<0.0001"
	}
	return strconv.FormatFloat(p, 'g', 2, 64)
}
