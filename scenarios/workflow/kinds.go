package workflow

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/scenarios/estimators"
)

// FitKind fits a kind of model to a file of data, which it opens by job.Open and closes. An estimate that is not a finite number is an error
// that names it. When the context is done it returns at once, with its error, and tells of no progress any more.
func FitKind(ctx context.Context, e estimators.Estimator, job estimators.Job, data string) (*estimators.Fit, error) {
	return onFiles(ctx, job, data, finiteFit(e))
}

// KindText writes the page of a fit: what was fitted, on what, its coefficients, how well it does on what it did not see, and what to be
// careful about.
func KindText(w io.Writer, data string, f *estimators.Fit) error {
	p := &page{}
	kindText(p, data, f)
	_, err := io.WriteString(w, p.String())
	return err
}

func kindText(p *page, data string, f *estimators.Fit) {
	p.line("%s of %s", f.Model, data)
	for i, l := range wrap(f.Data+columnsText(f.Columns), width) {
		p.line("%*s%s", 2*min(i, 1), "", l)
	}
	if len(f.Coefficients) > 0 {
		p.line("")
		p.WriteString(estimateTable(f.Coefficients))
	}
	for _, t := range f.Tables {
		p.line("")
		if t.Title != "" {
			p.line("%s", t.Title)
		}
		p.WriteString(align(t.Rows))
		if t.Note != "" {
			p.section("", t.Note)
		}
	}
	p.section("fit", f.Words...)
	p.section("held out", heldOutText(f.HeldOut)...)
	p.section("careful", warnings(f.Warnings)...)
}

// estimateTable leaves a column of standard errors out that no coefficient has; z is by the last there is.
func estimateTable(all []estimators.Coefficient) string {
	columns := []struct {
		head string
		of   func(estimators.Coefficient) float64
	}{{"s.e.", func(c estimators.Coefficient) float64 { return c.SE }},
		{"robust", func(c estimators.Coefficient) float64 { return c.RobustSE }},
		{"by customer", func(c estimators.Coefficient) float64 { return c.ClusteredSE }}}
	t := [][]string{{"", "estimate"}}
	for _, c := range all {
		t = append(t, []string{c.Name, figure(c.Estimate)})
	}
	var last func(estimators.Coefficient) float64 // the standard errors that assume least, which z is by
	var z string
	for _, column := range columns {
		if !slices.ContainsFunc(all, func(c estimators.Coefficient) bool { return column.of(c) != 0 }) {
			continue
		}
		t[0] = append(t[0], column.head)
		if last, z = column.of, "z"; column.head != "s.e." {
			z += " (" + column.head + ")"
		}
		for i, c := range all {
			cell := "–"
			if se := column.of(c); se != 0 {
				cell = figure(se)
			}
			t[i+1] = append(t[i+1], cell)
		}
	}
	if last == nil {
		return align(t)
	}
	t[0] = append(t[0], z)
	for i, c := range all {
		cell := "–"
		if se := last(c); se > 0 && !math.IsInf(se, 0) {
			cell = strings.Replace(fmt.Sprintf("%.2f", c.Estimate/se), "-", "−", 1)
		}
		t[i+1] = append(t[i+1], cell)
	}
	return align(t)
}

// columnsText tells which columns of a log were taken for what.
func columnsText(columns map[string]string) string {
	var parts []string
	for _, role := range slices.Sorted(maps.Keys(columns)) {
		part := role
		if columns[role] != role {
			part += " = " + columns[role]
		}
		parts = append(parts, part)
	}
	if parts == nil {
		return ""
	}
	return " (columns: " + strings.Join(parts, ", ") + ")"
}

func heldOutText(all []estimators.Figure) []string {
	var parts []string
	for _, h := range all {
		parts = append(parts, strings.ReplaceAll(h.Name, "_", " ")+" "+figure(h.Value))
	}
	if parts == nil {
		return nil
	}
	return []string{strings.Join(parts, ", ")}
}
