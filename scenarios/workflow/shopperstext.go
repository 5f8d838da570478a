package workflow

import (
	"fmt"
	"io"
	"strings"

	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/estimators"
)

// ShoppersText writes the page of a scenario's shoppers: a line for each model, and then what there is to know of it in short: souk estimate and
// --json tell all.
func ShoppersText(w io.Writer, s *scenarios.Scenario, all []Shopper) error {
	p := &page{}
	p.line("%s: the shoppers", s.Name)
	if s.Question != "" && s.World() == scenarios.ShoppersAlone {
		p.line("%s", s.Question)
	}
	p.line("")
	p.WriteString(align(overview(all)))
	for _, m := range all {
		if m.Fit == nil {
			p.section(m.Part, m.Name+", by hand: "+m.Options())
			continue
		}
		p.section(m.Part, details(m)...)
		if table := short(m.Fit); table != "" {
			p.line("")
			p.WriteString(table)
		}
	}
	_, err := io.WriteString(w, p.String())
	return err
}

// overview has a line for each model.
func overview(all []Shopper) [][]string {
	rows := [][]string{{"", "model", "observations", "customers", "held out", "careful"}}
	for _, m := range all {
		if m.Fit == nil {
			rows = append(rows, []string{m.Part, m.Name, "by hand", "–", "–", "–"})
			continue
		}
		held, customers, careful := "–", "–", "–"
		if m.Fit.Customers > 0 {
			customers = thousands(float64(m.Fit.Customers), "")
		}
		if figures := m.Fit.HeldOut; len(figures) > 0 {
			telling := mostTelling(figures)
			held = strings.ReplaceAll(telling.Name, "_", " ") + " " + figure(telling.Value)
		}
		if n := len(m.Fit.Warnings); n > 0 {
			careful = plural(n, "point")
		}
		rows = append(rows, []string{m.Part, m.Name, thousands(float64(m.Fit.N), ""), customers, held, careful})
	}
	return rows
}

// mostTelling is the figure of a line for all: by name, in the order of what says most of a fit, else the last.
func mostTelling(figures []estimators.Figure) estimators.Figure {
	for _, name := range []string{"auc", "hit_rate", "ndcg", "rmse", "loglik_per_"} {
		for _, f := range figures {
			if strings.HasPrefix(f.Name, name) {
				return f
			}
		}
	}
	return figures[len(figures)-1]
}

func details(m Shopper) []string {
	text := []string{m.Fit.Model + " of " + m.Data + ": " + m.Fit.Data + columnsText(m.Fit.Columns)}
	text = append(text, m.Fit.Words...)
	for _, held := range heldOutText(m.Fit.HeldOut) {
		text = append(text, fmt.Sprintf("held out (%.0f%%): %s", 100**m.HeldOut, held))
	}
	for _, w := range warnings(m.Fit.Warnings) {
		text = append(text, clipped(w))
	}
	return text
}

// clipped shortens a long text, such as a list of coefficients, at a word.
func clipped(text string) string {
	const longest = 250
	r := []rune(text)
	if len(r) <= longest {
		return text
	}
	short := string(r[:longest])
	return short[:max(0, strings.LastIndexByte(short, ' '))] + " … (all in --json)"
}

// most is how many rows of a table the page has place for.
const most = 14

// short is the first table that fits on the page: of the model's own, which are made to be read, else of the coefficients.
func short(f *estimators.Fit) string {
	for _, t := range f.Tables {
		if len(t.Rows) > most {
			continue
		}
		text := align(t.Rows)
		if t.Title != "" {
			text = t.Title + "\n" + text
		}
		return text
	}
	if n := len(f.Coefficients); n == 0 || n > most {
		return ""
	}
	return estimateTable(f.Coefficients)
}
