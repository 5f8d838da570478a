package web

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/results/report/scale"
	"github.com/souk-sim/souk/scenarios/field"
)

// Kind is what a column holds.
type Kind int

// Kinds of columns.
const (
	Words     Kind = iota
	Numbers        // aligned by their digits
	Estimates      // a number with its interval, drawn too, all of a column on one scale
)

// Column is one of a table.
type Column struct {
	Name   string // with the unit: "profit a week, $"
	Kind   Kind
	Format func(float64) string // of its numbers; nil: thousands apart, with the decimals that the largest needs
	Zero   bool                 // Estimates: the scale has 0, with a line there, as differences want it
}

// Cell is one of a row: of the column's kind. Make it by Word, Number or Interval; the zero Cell of a column of words is empty.
type Cell struct {
	words            string
	value, low, high float64
}

// Word is a cell of words. In a column of numbers it stands for one that there is not: "–".
func Word(text string) Cell {
	return Cell{words: text, value: math.NaN(), low: math.NaN(), high: math.NaN()}
}

// Number is a cell with a number; NaN leaves it empty.
func Number(v float64) Cell { return Cell{value: v, low: math.NaN(), high: math.NaN()} }

// Interval is a cell with a number and its interval, which may be NaN where there is none.
func Interval(value, low, high float64) Cell { return Cell{value: value, low: low, high: high} }

// Table is rows under columns; the first column names the rows. Readers can sort it by any column; columns whose Name is not empty only.
type Table struct {
	Caption string // what it shows, with the unit where columns share it
	Columns []Column
	Rows    [][]Cell
	Note    string // below, in small letters
}

func (t Table) write(d *document) error {
	for i, row := range t.Rows {
		if len(row) != len(t.Columns) {
			return field.New(fmt.Sprintf("table %s, row %d", t.Caption, i), len(row), fmt.Sprintf("%d cells", len(t.Columns)))
		}
	}
	label := t.Caption
	if label == "" && len(t.Columns) > 1 {
		label = t.Columns[0].Name + ": " + t.Columns[1].Name // of the region alone
	}
	d.f("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">\n<table class=\"data\">\n", esc(label))
	if t.Caption != "" {
		d.f("<caption><span>%s</span></caption>\n", esc(t.Caption))
	}
	d.f("<thead><tr>")
	for _, c := range t.Columns {
		d.f("<th scope=\"col\"%s>%s</th>", class(c.Kind), esc(c.Name))
	}
	d.f("</tr></thead>\n<tbody>\n")
	columns := make([]func(d *document, c Cell), len(t.Columns))
	for k := range t.Columns {
		columns[k] = t.column(k)
	}
	for _, row := range t.Rows {
		d.f("<tr>")
		for k, c := range row {
			columns[k](d, c)
		}
		d.f("</tr>\n")
	}
	d.f("</tbody>\n</table>\n</div>\n")
	if t.Note != "" {
		d.f("<p class=\"note\">%s</p>\n", esc(t.Note))
	}
	return nil
}

func class(k Kind) string {
	return [...]string{"", " class=\"n\"", " class=\"n iv\""}[k]
}

// column is how the cells of a column are written.
func (t *Table) column(k int) func(*document, Cell) {
	c := &t.Columns[k]
	if c.Kind == Words {
		return func(d *document, cell Cell) {
			if k > 0 {
				d.f("<td>%s</td>", esc(cell.words))
				return
			}
			d.f("<th scope=\"row\">%s%s</th>", d.swatch(cell.words), esc(cell.words))
		}
	}
	var values, bounds []float64
	for _, row := range t.Rows {
		values = append(values, row[k].value)
		bounds = append(bounds, row[k].low, row[k].high)
	}
	text := format(c.Format, values)
	s := scale.New()
	if s.Add(slices.Concat(values, bounds)...); c.Zero {
		s.Add(0)
	}
	return func(d *document, cell Cell) {
		switch {
		case cell.words != "" || math.IsNaN(cell.value):
			d.f("<td class=\"n\">%s</td>", esc(cell.words))
		case c.Kind == Numbers:
			d.f("<td class=\"n\" data-v=\"%.6g\">%s</td>", cell.value, esc(text(cell.value)))
		case math.IsNaN(cell.low):
			d.f("<td class=\"n iv\" data-v=\"%.6g\"><span>%s</span><i class=\"whisker\"></i></td>", cell.value, esc(text(cell.value)))
		default:
			d.f("<td class=\"n iv\" data-v=\"%.6g\"><span>%s <small>%s to %s</small></span>%s</td>", cell.value, esc(text(cell.value)), esc(text(cell.low)), esc(text(cell.high)), whisker(cell, s, c.Zero))
		}
	}
}

// whisker draws an interval on the scale of its column.
func whisker(c Cell, s scale.Span, zero bool) string {
	const width, height = 64.0, 12.0
	lo, hi := s.Padded(0.04)
	x := func(v float64) float64 { return (v - lo) / (hi - lo) * width }
	line := ""
	if zero {
		line = fmt.Sprintf("<path class=\"axis\" d=\"M%.1f 0V%.0f\"/>", x(0), height)
	}
	return fmt.Sprintf("<svg class=\"whisker\" aria-hidden=\"true\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\">%s<path class=\"bar\" d=\"M%.1f 6H%.1f\"/><circle cx=\"%.1f\" cy=\"6\" r=\"3\"/></svg>",
		width, height, width, height, line, x(c.low), x(c.high), x(c.value))
}

// swatch shows the colour of a name that has one already.
func (d *document) swatch(name string) string {
	if i, known := d.hues[name]; known {
		return fmt.Sprintf("<i class=\"swatch h%d\"></i>", i%hues)
	}
	return ""
}
