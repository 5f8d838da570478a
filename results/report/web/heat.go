package web

import (
	"fmt"
	"math"
	"strings"

	"github.com/souk-sim/souk/results/report/scale"
	"github.com/souk-sim/souk/scenarios/field"
)

// Heat is one map, or several one below the other, of values over the same columns and rows: what a policy does in each state, and how often it was there.
type Heat struct {
	Title, Caption string
	X, Y           string   // what columns and rows are, with units
	Columns, Rows  []string // their labels; the first row is the lowest
	Layers         []Layer
	Summary        string // what there is to see, in words
}

// Layer is one map. Where Values is NaN there is no cell.
type Layer struct {
	Name   string // with the unit
	Values [][]float64
	Marked [][]bool // cells with a ring, such as the action chosen; nil for none
	Log    bool     // the scale of colours; values are at least 0, and 0 has a colour of its own, the lowest
	Format func(float64) string
}

// scale is the share of the colours of a value of a layer, and its ends.
func (l *Layer) scale() (share func(v float64) float64, lo, hi float64) {
	s := scale.New()
	for _, row := range l.Values {
		s.Add(row...)
	}
	if s.Low > s.High {
		s.Low, s.High = 0, 0
	}
	on := func(v float64) float64 { return v }
	if l.Log {
		on = math.Log1p
	}
	return func(v float64) float64 {
		if s.High == s.Low {
			return 0.5
		}
		return (on(v) - on(s.Low)) / (on(s.High) - on(s.Low))
	}, s.Low, s.High
}

func (h Heat) write(d *document) error {
	if len(h.Columns) == 0 || len(h.Rows) == 0 || len(h.Layers) == 0 {
		return field.New("chart "+h.Title, "no cell", "a column, a row and a layer at least")
	}
	t := Table{Columns: []Column{{Name: h.X}}}
	if len(h.Rows) > 1 {
		t.Columns = append(t.Columns, Column{Name: h.Y})
	}
	for _, l := range h.Layers {
		if len(l.Values) != len(h.Rows) {
			return field.New("chart "+h.Title+", "+l.Name, len(l.Values), fmt.Sprintf("%d rows", len(h.Rows)))
		}
		for _, row := range l.Values {
			if err := same("chart "+h.Title+", "+l.Name, len(h.Columns), row); err != nil {
				return err
			}
		}
		t.Columns = append(t.Columns, Column{Name: l.Name, Kind: Numbers, Format: l.Format})
	}
	h.numbers(&t)
	f := &figure{title: h.Title, caption: h.Caption, summary: h.Summary, height: h.height(&canvas{w: wideWidth, size: 13}), narrow: h.height(&canvas{w: narrowWidth, size: 12, narrow: true}), data: t, draw: h.draw}
	f.write(d)
	return nil
}

// mostCells is how many rows of numbers stand under a map: its table would be longer than anyone reads.
const mostCells = 160

// numbers are a row for each cell that has a mark, or for each cell where none has.
func (h *Heat) numbers(t *Table) {
	marked := false
	for _, l := range h.Layers {
		marked = marked || l.Marked != nil
	}
	for i := range h.Rows {
		for j := range h.Columns {
			take, row := !marked, []Cell{Word(h.Columns[j])}
			if len(h.Rows) > 1 {
				row = append(row, Word(h.Rows[i]))
			}
			for _, l := range h.Layers {
				take = take || l.Marked != nil && l.Marked[i][j]
				row = append(row, Number(l.Values[i][j]))
			}
			if take && len(t.Rows) < mostCells {
				t.Rows = append(t.Rows, row)
			}
		}
	}
}

// side is the height of a cell, px.
func (h *Heat) side() float64 { return min(26, max(9, 300/float64(len(h.Rows)))) }

// Room above each map, for its name, and below it, for the labels of its columns.
const (
	aboveMap = 34
	belowMap = 46
)

func (h *Heat) height(*canvas) float64 {
	return float64(len(h.Layers)) * (aboveMap + belowMap + h.side()*float64(len(h.Rows)))
}

func (h *Heat) draw(c *canvas) {
	left := 0.0
	if len(h.Rows) > 1 {
		for _, name := range h.Rows {
			left = max(left, c.wide(name)+8)
		}
		left = min(left, c.w/3)
	}
	across, side := (c.w-left)/float64(len(h.Columns)), h.side()
	top := 0.0
	for _, l := range h.Layers {
		share, lo, hi := l.scale()
		h.key(c, &l, share, lo, hi, top)
		top += aboveMap
		h.rows(c, left, top, side)
		for i := range h.Rows {
			y := top + float64(len(h.Rows)-1-i)*side
			for j, v := range l.Values[i] {
				if math.IsNaN(v) {
					continue
				}
				c.f("<rect class=\"cell\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>", left+float64(j)*across, y, across, side, shade(share(v)))
			}
			c.f("\n")
		}
		for i := range l.Marked {
			y := top + float64(len(h.Rows)-1-i)*side
			for j, yes := range l.Marked[i] {
				if yes {
					for _, class := range []string{"mark under", "mark"} {
						c.f("<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>", class, left+float64(j)*across+1, y+1, max(across-2, 1), side-2)
					}
				}
			}
		}
		top += side * float64(len(h.Rows))
		h.columns(c, left, across, top)
		top += belowMap
	}
}

// rows writes the labels of rows, those that fit.
func (h *Heat) rows(c *canvas, left, top, side float64) {
	if len(h.Rows) < 2 {
		return
	}
	every := 1
	for float64(every)*side < c.size {
		every++
	}
	for i := 0; i < len(h.Rows); i += every {
		c.text(left-5, top+(float64(len(h.Rows)-i)-0.5)*side+0.35*c.size, "end", "tick", c.cut(h.Rows[i], left-5))
	}
}

// columns writes the labels of columns, those that fit, and what they are.
func (h *Heat) columns(c *canvas, left, across, foot float64) {
	longest := 0.0
	for _, name := range h.Columns {
		longest = max(longest, c.wide(name)+8)
	}
	every := max(1, int(math.Ceil(longest/across)))
	for j := 0; j < len(h.Columns); j += every {
		x := left + (float64(j)+0.5)*across
		if half := c.wide(h.Columns[j]) / 2; x+half <= c.w || j == 0 {
			c.text(max(x, half), foot+c.size+3, "middle", "tick", h.Columns[j])
		}
	}
	c.text(left+(c.w-left)/2, foot+2*c.size+7, "middle", "axis-name", c.cut(h.X, c.w-left))
}

// key names a map and its colours.
func (h *Heat) key(c *canvas, l *Layer, share func(float64) float64, lo, hi, top float64) {
	text := format(l.Format, []float64{lo, hi})
	low, high := text(lo), text(hi)
	const steps, wide = 24, 4.0
	x := c.w - c.wide(high) - 6 - steps*wide
	name := l.Name
	if len(h.Rows) > 1 {
		name += strings.TrimSuffix(", by "+h.Y, ", by ")
	}
	c.text(0, top+c.size+4, "start", "axis-name", c.cut(name, x-c.wide(low)-14))
	if lo == hi {
		c.text(c.w, top+c.size+4, "end", "tick", high+" everywhere")
		return
	}
	c.text(x-6, top+c.size+4, "end", "tick", low)
	for k := range steps {
		c.f("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"10\" fill=\"%s\"/>", x+float64(k)*wide, top+c.size-6, wide+0.3, shade(float64(k)/(steps-1)))
	}
	c.text(c.w, top+c.size+4, "end", "tick", high)
	if !l.Log {
		return
	}
	last := math.Inf(-1) // a logarithmic scale has its powers of ten below it
	for v := 1.0; v < hi; v *= 10 {
		at, label := x+share(v)*steps*wide, text(v)
		if half := c.wide(label) / 2; v > lo && at-half > last && at+half < c.w {
			c.f("<path class=\"axis\" d=\"M%.1f %.1fv3\"/>", at, top+c.size+4)
			c.text(at, top+2*c.size+5, "middle", "tick", label)
			last = at + half + 3
		}
	}
}
