package evaluate

import (
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/souk-sim/souk/results/stats"
)

// Result is a contest's outcome. Intervals are over training seeds and paths, both drawn at random (stats.Crossed).
type Result struct {
	Paths      int      `json:"paths"`
	Level      float64  `json:"level"`
	References []string `json:"references,omitempty"`
	Baseline   string   `json:"baseline,omitempty"`
	Optima     []string `json:"optima,omitempty"`
	Rows       []Row    `json:"rows"` // contestants, then bounds, in the contest's order
}

// Row is one contestant or bound. What follows Gaps are means over episodes; a bound has none.
type Row struct {
	Name              string         `json:"name"`
	Bound             bool           `json:"bound,omitempty"`
	Seeds             int            `json:"seeds"`
	Profit            stats.Estimate `json:"profit"` // mean of Arena.Score: $ a week
	InterquartileMean float64        `json:"interquartile_mean"`
	Differences       []Difference   `json:"differences,omitempty"` // paired, to each other reference
	OfOptimum         []Difference   `json:"of_optimum,omitempty"`  // as a share of each optimum; left out where that cannot be told from zero
	Gaps              []Gap          `json:"gaps,omitempty"`
	PriceChanges      float64        `json:"price_changes"`
	StockOutDays      float64        `json:"stock_out_days"`
	LostUnits         float64        `json:"lost_units"`
	MeanPrice         float64        `json:"mean_price"`
	DealFrequency     float64        `json:"deal_frequency"` // share of reviews
	Scores            [][]float64    `json:"-"`              // [seed][path]
}

// Difference is a comparison with another contestant or bound.
type Difference struct {
	Name string `json:"name"`
	stats.Estimate
}

// Gap is the share of the gap between the baseline and an optimum that a contestant closed. Without Share there is no gap to speak
// of: it cannot be told from zero.
type Gap struct {
	Name   string          `json:"name"`
	Share  *stats.Estimate `json:"share,omitempty"`  // over all seeds; Fieller's interval
	Median *stats.Estimate `json:"median,omitempty"` // over seeds, pigeonhole bootstrap; only where there are several
	Worst  float64         `json:"worst"`            // of the seeds
	Seeds  []float64       `json:"seeds,omitempty"`
}

// width is that of the printed table.
const width = 100

// column is a heading and a cell for each row.
type column struct {
	head  string
	cells []string
}

// Text prints the result as tables of at most 100 columns, one below the other, names first in each.
func (r *Result) Text(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Weekly profit on %d paths that training never met, with %g%% intervals over training seeds and paths.\n",
		r.Paths, 100*r.Level)
	names := column{head: "policy"}
	for _, row := range r.Rows {
		name := row.Name
		if row.Seeds > 1 {
			name += fmt.Sprintf(" (%d seeds)", row.Seeds)
		} else if row.Bound {
			name += " (bound)"
		}
		names.cells = append(names.cells, name)
	}
	rest := r.columns()
	for len(rest) > 0 {
		block, used := []column{names}, names.width()
		for len(rest) > 0 && (len(block) == 1 || used+2+rest[0].width() <= width) {
			used += 2 + rest[0].width()
			block, rest = append(block, rest[0]), rest[1:]
		}
		b.WriteByte('\n')
		writeBlock(&b, block)
	}
	for _, name := range r.withoutGap() {
		fmt.Fprintf(&b, "\nThe gap between %s and %s cannot be told from zero: there is nothing to close.\n", r.Baseline, name)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// columns are all but the names.
func (r *Result) columns() []column {
	money := r.decimals()
	columns := []column{r.column("weekly profit", func(row *Row) string { return interval(row.Profit, money, 1, "") })}
	for _, name := range r.References {
		columns = append(columns, r.column("less "+name, func(row *Row) string { return named(row.Differences, name, money, 1, "+") }))
	}
	for _, name := range r.Optima {
		columns = append(columns, r.column("% of "+name, func(row *Row) string { return named(row.OfOptimum, name, 1, 100, "") }))
	}
	for i, name := range r.Optima {
		if r.Baseline == "" {
			break
		}
		columns = append(columns, r.column("% of gap to "+name, func(row *Row) string {
			if row.Gaps[i].Share == nil {
				return ""
			}
			return interval(*row.Gaps[i].Share, 1, 100, "")
		}), r.column("median, worst", func(row *Row) string {
			if row.Gaps[i].Median == nil {
				return ""
			}
			return fmt.Sprintf("%.1f, %.1f", 100*row.Gaps[i].Median.Value, 100*row.Gaps[i].Worst)
		}))
	}
	plain := func(head, format string, value func(row *Row) float64) {
		columns = append(columns, r.column(head, func(row *Row) string {
			if row.Bound {
				return ""
			}
			return fmt.Sprintf(format, value(row))
		}))
	}
	plain("price changes", "%.1f", func(row *Row) float64 { return row.PriceChanges })
	plain("stock-out days", "%.1f", func(row *Row) float64 { return row.StockOutDays })
	plain("lost units", "%.0f", func(row *Row) float64 { return row.LostUnits })
	plain("mean price", "%.3f", func(row *Row) float64 { return row.MeanPrice })
	plain("% on deal", "%.0f", func(row *Row) float64 { return 100 * row.DealFrequency })
	return columns
}

func (r *Result) column(head string, cell func(row *Row) string) column {
	c := column{head: head}
	for i := range r.Rows {
		c.cells = append(c.cells, cell(&r.Rows[i]))
	}
	return c
}

// decimals of money: two, fewer where amounts are large.
func (r *Result) decimals() int {
	most := 0.0
	for _, row := range r.Rows {
		most = max(most, math.Abs(row.Profit.Value))
	}
	switch {
	case most >= 100_000:
		return 0
	case most >= 1000:
		return 1
	}
	return 2
}

// withoutGap are the optima that no row has a share of.
func (r *Result) withoutGap() (names []string) {
	for i, name := range r.Optima {
		if r.Baseline != "" && len(r.Rows) > 0 && r.Rows[0].Gaps[i].Share == nil {
			names = append(names, name)
		}
	}
	return names
}

func named(differences []Difference, name string, decimals int, scale float64, sign string) string {
	for i := range differences {
		if differences[i].Name == name {
			return interval(differences[i].Estimate, decimals, scale, sign)
		}
	}
	return ""
}

func interval(e stats.Estimate, decimals int, scale float64, sign string) string {
	format := fmt.Sprintf("%%%s.%df [%%%s.%df, %%%s.%df]", sign, decimals, sign, decimals, sign, decimals)
	return fmt.Sprintf(format, scale*e.Value, scale*e.Low, scale*e.High)
}

func (c *column) width() int {
	w := utf8.RuneCountInString(c.head)
	for _, cell := range c.cells {
		w = max(w, utf8.RuneCountInString(cell))
	}
	return w
}

func writeBlock(b *strings.Builder, block []column) {
	line := func(cell func(c *column) string) {
		var text strings.Builder
		for i := range block {
			c := &block[i]
			pad := strings.Repeat(" ", c.width()-utf8.RuneCountInString(cell(c)))
			if i == 0 {
				text.WriteString(cell(c) + pad)
			} else {
				text.WriteString("  " + pad + cell(c))
			}
		}
		b.WriteString(strings.TrimRight(text.String(), " ") + "\n")
	}
	line(func(c *column) string { return c.head })
	for i := range block[0].cells {
		line(func(c *column) string { return c.cells[i] })
	}
}
