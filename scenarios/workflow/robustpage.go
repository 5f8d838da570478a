package workflow

import (
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results/report/web"
	"github.com/souk-sim/souk/results/stats"
)

// robustBlocks are the matrix of robustness in a report: who wins only in its own simulator, a map, and the table with its intervals.
func robustBlocks(m *evaluate.Matrix) []web.Block {
	told := robustNotes(m)
	markets := len(m.Markets) + len(m.Left) // whose notes come first
	what := "normalised score: 0 the best fixed price of the market, 1 the best known"
	if !m.Normalised {
		what = "earned over the best fixed price of the market, % of that"
	}
	gain := func(e *stats.Estimate) (value, low, high float64) {
		switch {
		case e == nil:
			return math.NaN(), math.NaN(), math.NaN()
		case m.Normalised:
			return e.Value, e.Low, e.High
		}
		return 100 * e.Value, 100 * e.Low, 100 * e.High
	}
	heat := web.Heat{Title: "What was made in one market, tested in others", X: "tested in", Y: "policy and where it was made", Caption: "A ring: it earns more than the best fixed price, significantly.",
		Summary: strings.Join(told[markets+1:], " ")}
	layer := web.Layer{Name: what, Format: func(v float64) string { return amount(v, map[bool]int{true: 2, false: 1}[m.Normalised]) }}
	table := web.Table{Caption: what, Columns: []web.Column{{Name: "policy"}, {Name: "made in"}}, Note: told[markets]}
	for _, t := range m.Markets {
		heat.Columns = append(heat.Columns, t.Market)
		table.Columns = append(table.Columns, web.Column{Name: t.Market, Kind: web.Numbers, Format: layer.Format})
	}
	table.Columns = append(table.Columns, web.Column{Name: "elsewhere", Kind: web.Estimates, Format: layer.Format, Zero: true})
	for i := range m.Rows {
		r := &m.Rows[i]
		var values []float64
		var wins []bool
		cells := []web.Cell{web.Word(r.Policy), web.Word(r.Trained)}
		for k := range r.Cells {
			value, _, _ := gain(m.Gain(&r.Cells[k]))
			values, wins, cells = append(values, value), append(wins, r.Cells[k].Wins), append(cells, web.Number(value))
		}
		table.Rows = append(table.Rows, append(cells, web.Interval(gain(r.Elsewhere))))
		heat.Rows, layer.Values, layer.Marked = append(heat.Rows, r.Policy+" of "+r.Trained), append(layer.Values, values), append(layer.Marked, wins)
	}
	slices.Reverse(heat.Rows) // the first row of a map is the lowest
	slices.Reverse(layer.Values)
	slices.Reverse(layer.Marked)
	heat.Layers = []web.Layer{layer}
	return []web.Block{web.Text(told[markets+1:]), heat, table, web.List(told[:markets])}
}
