package twins

import (
	"fmt"
	"strings"
)

// narrow is how many columns a table may have to be printed cell by cell.
const narrow = 12

// String is the report as a page of text.
func (r *Report) String() string {
	var b strings.Builder
	verdict := "FAIL: they can be told apart"
	if r.Passes {
		verdict = "pass: they can hardly be told apart"
	}
	if !r.Certain {
		verdict += ", but these are too few people to be sure"
	}
	fmt.Fprintf(&b, "Twin test: %s\n", r.About)
	fmt.Fprintf(&b, "  %d fitted on, %d held out, %d synthetic\n", r.Train, r.HeldOut, r.Synthetic)
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "  (%s)\n", n)
	}
	fmt.Fprintf(&b, "  AUC synthetic against held-out  %.3f [%.3f, %.3f]\n", r.AUC.Value, r.AUC.Low, r.AUC.High)
	fmt.Fprintf(&b, "  AUC real against real           %.3f [%.3f, %.3f], mean of several halvings; of this one %.3f\n", r.RealAUC.Value, r.RealAUC.Low, r.RealAUC.High, r.SplitAUC.Value)
	fmt.Fprintf(&b, "  %s (at most %.2f, and within %.2f of real against real)\n", verdict, MostAUC, MostApart)
	fmt.Fprintf(&b, "  (%s)\n", Narrow)
	switch {
	case len(r.Giveaways) > 0:
		fmt.Fprintf(&b, "  what gives the synthetic ones away: %s\n", strings.Join(r.Giveaways, "; "))
	default:
		b.WriteString("  no single feature gives the synthetic ones away\n")
	}
	fmt.Fprintf(&b, "\n  %-44s %10s %10s %10s %6s %6s %7s %7s\n", "feature (mean of those who have it)", "train", "held out", "synthetic", "AUC", "KS", "coef.", "square")
	for _, f := range r.Features {
		fmt.Fprintf(&b, "  %-44s %10.4g %10.4g %10.4g %6s %6.3f %7.3f %7.3f\n", f.Name, f.Train, f.HeldOut, f.Synthetic, show(f.AUC, "%.3f"), f.KS, f.Coefficient, f.Square)
	}
	fmt.Fprintf(&b, "\n  %-44s %10s %10s %10s %10s %6s %6s\n", "measure", "train", "held out", "± SE", "synthetic", "z", "z real")
	for _, m := range r.Measures {
		fmt.Fprintf(&b, "  %-44s %10s %10s %10s %10s %6s %6s\n", m.Name, show(m.Train, "%.4g"), show(m.HeldOut, "%.4g"), show(m.SE, "%.2g"),
			show(m.Synthetic, "%.4g"), show(m.Z, "%+.1f"), show(m.RealZ, "%+.1f"))
	}
	for _, t := range r.Tables {
		t.text(&b)
	}
	return b.String()
}

// text prints a table's distances, and of a narrow one the cells: held out, synthetic in brackets.
func (t TableReport) text(b *strings.Builder) {
	fmt.Fprintf(b, "\n  %s: mean difference of a cell %.4f (real against real %.4f, by chance %.4f); mean z² %.2f (real %.2f)\n",
		t.Name, t.Distance, t.RealDistance, t.Chance, t.ChiSquare, t.RealChiSquare)
	if len(t.Columns) > narrow {
		return
	}
	fmt.Fprintf(b, "  %-14s", "held (made)")
	for _, c := range t.Columns {
		fmt.Fprintf(b, " %13.13s", c)
	}
	for i, row := range t.Rows {
		fmt.Fprintf(b, "\n  %-14.14s", row)
		for j := range t.Columns {
			fmt.Fprintf(b, " %13s", show(t.HeldOut[i][j], "%.3f")+" ("+show(t.Synthetic[i][j], "%.3f")+")")
		}
	}
	b.WriteByte('\n')
}

// show is a dash for what is not defined.
func show(v *float64, format string) string {
	if v == nil {
		return "–"
	}
	return fmt.Sprintf(format, *v)
}
