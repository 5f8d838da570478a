package workflow

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results/stats"
)

// Text writes the tables of all scenarios, and what became of the gates.
func (m *Benchmark) Text(w io.Writer) error {
	p := &page{}
	for i, b := range m.Scenarios {
		if i > 0 {
			p.line("")
		}
		b.text(p)
	}
	_, err := io.WriteString(w, p.String())
	return err
}

func (b *Benched) text(p *page) {
	paths := plural(b.Paths, "path") + " each"
	if b.Exact {
		paths = "computed, not simulated"
	}
	p.line("%s · %s, %s · %s", b.Scenario, plural(b.Runs, "run"), paths, b.Unit)
	if b.Question != "" {
		p.line("%s", b.Question)
	}
	p.line("")
	p.WriteString(align(b.table().rows()))
	p.section("", b.notes()...)
}

// notes say what the columns are.
func (b *Benched) notes() (text []string) {
	each := "A run is a training seed and customers of its own, the same for all policies"
	if b.Exact {
		each = "A run is a training seed"
	}
	text = append(text, each+"; intervals are 95%, over runs: Student's t of the mean, bootstrap (BCa) of the interquartile mean (IQM). worst 10%: mean of the worst tenth of all episodes.")
	switch {
	case b.Optimum == "":
		text = append(text, "No normalised scores: no policy can be told from "+b.Baseline+".")
	case b.Known:
		text = append(text, fmt.Sprintf("normalised: 0 is %s, 1 is %s. gap: mean shortfall of the runs below 1.", b.Baseline, b.Optimum))
	default:
		text = append(text, fmt.Sprintf("normalised: 0 is %s; 1 is %s, the best here, as the optimum is not known. gap: mean shortfall of the runs below 1.", b.Baseline, b.Optimum))
	}
	return text
}

// grid is a table to be printed, or written in another format.
type grid struct {
	heads []string
	lines [][]string
}

func (g *grid) rows() [][]string { return append([][]string{g.heads}, g.lines...) }

// table is that of a benchmark's figures.
func (b *Benched) table() *grid {
	g := &grid{heads: []string{"", "mean [95%]", "IQM [95%]", "median", "worst 10%"}}
	if b.Optimum != "" {
		g.heads = append(g.heads, "normalised [95%]", "gap")
	}
	d := b.decimals()
	for i := range b.Rows {
		r := &b.Rows[i]
		cells := []string{called(r), bracketed(r.Mean, d), bracketed(r.InterquartileMean, d), amount(r.Median.Value, d), amount(r.WorstDecile, d)}
		if r.Normalised != nil {
			cells = append(cells, bracketed(*r.Normalised, 2), amount(r.OptimalityGap.Value, 2))
		}
		g.lines = append(g.lines, cells)
	}
	return g
}

// called is a policy's name and how many trainings it stands for.
func called(r *evaluate.Standing) string {
	switch {
	case r.Policies > 1:
		return fmt.Sprintf("%s ×%d", r.Name, r.Policies)
	case r.Policies == 0:
		return r.Name + " (bound)"
	}
	return r.Name
}

// decimals are so many that half the typical interval of a mean has two digits, at most four.
func (b *Benched) decimals() int {
	var halves []float64
	for i := range b.Rows {
		if half := (b.Rows[i].Mean.High - b.Rows[i].Mean.Low) / 2; half > 0 {
			halves = append(halves, half)
		}
	}
	if len(halves) == 0 {
		return 4
	}
	return min(4, max(0, 1-int(math.Floor(math.Log10(stats.Median(halves))))))
}

// bracketed is a value and its bounds.
func bracketed(e stats.Estimate, decimals int) string {
	if e.Low == e.High {
		return amount(e.Value, decimals)
	}
	return fmt.Sprintf("%s [%s, %s]", amount(e.Value, decimals), amount(e.Low, decimals), amount(e.High, decimals))
}

// amount writes a number with so many decimals, commas between thousands and a true minus.
func amount(x float64, decimals int) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return "–"
	}
	text := strconv.FormatFloat(math.Abs(x), 'f', decimals, 64)
	whole, rest, dotted := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if dotted {
		whole += "." + rest
	}
	if x < 0 && strings.Trim(text, "0.") != "" {
		return "−" + whole
	}
	return whole
}
