package workflow

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results/stats"
)

// TableFormats are the formats in which a benchmark's tables can be had.
func TableFormats() []TableFormat {
	return []TableFormat{
		{"markdown", "md", "Markdown", (*Benchmark).markdown},
		{"latex", "tex", "LaTeX, with booktabs", (*Benchmark).latex},
		{"csv", "csv", "CSV, one line a policy, in full precision", (*Benchmark).csv},
	}
}

// TableFormat is one of them.
type TableFormat struct {
	Flag   string
	Ending string // of its files
	Doc    string
	Write  func(m *Benchmark, w io.Writer) error
}

// all are the tables of a benchmark with the captions of what they are of.
func (m *Benchmark) all(each func(caption string, t *grid)) {
	for _, b := range m.Scenarios {
		for _, t := range b.tables() {
			each(b.caption(), t)
		}
	}
	if t := m.together(); t != nil {
		each("All scenarios", t)
	}
}

func (m *Benchmark) markdown(w io.Writer) error {
	var out strings.Builder
	last := ""
	m.all(func(caption string, t *grid) {
		if caption != last {
			fmt.Fprintf(&out, "%s**%s**\n", map[bool]string{true: "\n"}[last != ""], caption)
			last = caption
		}
		out.WriteString("\n" + t.title + ".\n\n")
		aligned := []string{":--"}
		for range t.heads[1:] {
			aligned = append(aligned, "--:")
		}
		for k, cells := range append([][]string{t.heads, aligned}, t.lines...) {
			if k != 1 {
				cells = mapped(cells, strings.NewReplacer("|", `\|`, "<", "&lt;").Replace)
			}
			out.WriteString("| " + strings.Join(cells, " | ") + " |\n")
		}
		for _, note := range t.notes {
			out.WriteString("\n" + note + "\n")
		}
	})
	_, err := io.WriteString(w, out.String())
	return err
}

// texEscapes write what LaTeX takes for something else.
var texEscapes = strings.NewReplacer(`\`, `\textbackslash{}`, "&", `\&`, "%", `\%`, "$", `\$`, "#", `\#`, "_", `\_`, "{", `\{`, "}", `\}`, "~", `\textasciitilde{}`, "^", `\textasciicircum{}`,
	"episodes^", `episodes$^n$`, "±", `$\pm$`, "½", `$\frac{1}{2}$`, "−", "$-$", "×", `$\times$`, "–", "--", "·", `$\cdot$`, "<", "$<$", ">", "$>$", "≥", `$\geq$`, "≤", `$\leq$`, "α", `$\alpha$`)

func (m *Benchmark) latex(w io.Writer) error {
	var out strings.Builder
	out.WriteString("% needs \\usepackage{booktabs}\n")
	m.all(func(caption string, t *grid) {
		fmt.Fprintf(&out, "\n\\begin{table}\n\\centering\n\\caption{%s %s}\n\\begin{tabular}{l%s}\n\\toprule\n", texEscapes.Replace(caption+"."), texEscapes.Replace(t.title+"."), strings.Repeat("r", len(t.heads)-1))
		for k, cells := range t.rows() {
			out.WriteString(strings.Join(mapped(cells, texEscapes.Replace), " & ") + " \\\\\n")
			if k == 0 {
				out.WriteString("\\midrule\n")
			}
		}
		out.WriteString("\\bottomrule\n\\end{tabular}\n")
		if len(t.notes) > 0 {
			fmt.Fprintf(&out, "\n\\smallskip\n\\begin{minipage}{\\linewidth}\\footnotesize %s\\end{minipage}\n", texEscapes.Replace(strings.Join(t.notes, " ")))
		}
		out.WriteString("\\end{table}\n")
	})
	_, err := io.WriteString(w, out.String())
	return err
}

func mapped(cells []string, by func(string) string) []string {
	out := make([]string, len(cells))
	for i, c := range cells {
		out[i] = by(c)
	}
	return out
}

func (m *Benchmark) csv(w io.Writer) error {
	out := csv.NewWriter(w)
	figures := csvFigures()
	heads := []string{"scenario", "policy", "policies", "runs", "paths", "unit"}
	for _, f := range figures {
		heads = append(heads, f.name)
		if f.bounds {
			heads = append(heads, f.name+"_low", f.name+"_high")
		}
	}
	lines := [][]string{heads}
	for _, b := range m.Scenarios {
		for i := range b.Rows {
			r := &b.Rows[i]
			line := []string{b.Scenario, r.Name, strconv.Itoa(r.Policies), strconv.Itoa(b.Runs), strconv.Itoa(b.Paths), b.Unit}
			for _, f := range figures {
				e := f.of(r)
				if e == nil {
					e = &stats.Estimate{Value: missing, Low: missing, High: missing}
				}
				line = append(line, plainNumber(e.Value))
				if f.bounds {
					line = append(line, plainNumber(e.Low), plainNumber(e.High))
				}
			}
			lines = append(lines, line)
		}
	}
	return out.WriteAll(lines)
}

// csvFigure is a figure of a policy; nil where it has none.
type csvFigure struct {
	name   string
	bounds bool
	of     func(r *evaluate.Standing) *stats.Estimate
}

func csvFigures() []csvFigure {
	return []csvFigure{
		{"mean", true, func(r *evaluate.Standing) *stats.Estimate { return &r.Mean }},
		{"interquartile_mean", true, func(r *evaluate.Standing) *stats.Estimate { return &r.InterquartileMean }},
		{"median", true, func(r *evaluate.Standing) *stats.Estimate { return &r.Median }},
		{"worst_decile", false, func(r *evaluate.Standing) *stats.Estimate { return &stats.Estimate{Value: r.WorstDecile} }},
		{"improvement", true, func(r *evaluate.Standing) *stats.Estimate { return r.Improvement }},
		{"normalised", true, func(r *evaluate.Standing) *stats.Estimate { return r.Normalised }},
		{"optimality_gap", true, func(r *evaluate.Standing) *stats.Estimate { return r.OptimalityGap }},
	}
}

// plainNumber is a number in the fewest digits that give it again; nothing where there is none.
func plainNumber(x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return ""
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}
