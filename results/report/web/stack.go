package web

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/results/report/scale"
	"github.com/souk-sim/souk/scenarios/field"
)

// Stack is a chart of how a whole divides over something, such as actions over time. Parts have an order, from the lowest price, say, to the highest, and the
// colours of a scale.
type Stack struct {
	Title, Caption string
	X              Axis
	At             []float64 // ascending
	Parts          []Part    // from the foot up
}

// Part is one of a stack: its share of the whole at each x, in [0, 1].
type Part struct {
	Name  string
	Share []float64
}

func (s Stack) write(d *document) error {
	if len(s.At) < 2 || len(s.Parts) == 0 {
		return field.New("chart "+s.Title, fmt.Sprintf("%d parts at %d values", len(s.Parts), len(s.At)), "a part and two values at least")
	}
	t := Table{Columns: []Column{{Name: s.X.Name, Kind: Numbers}}}
	var told []string
	percent := func(v float64) string { return scale.Number(100*v, 0) + "%" }
	last := len(s.At) - 1
	for _, p := range s.Parts {
		if err := same(fmt.Sprintf("chart %s, part %s", s.Title, p.Name), len(s.At), p.Share); err != nil {
			return err
		}
		t.Columns = append(t.Columns, Column{Name: p.Name, Kind: Numbers, Format: percent})
		if p.Share[0] >= 0.005 || p.Share[last] >= 0.005 {
			told = append(told, fmt.Sprintf("%s from %s to %s", p.Name, percent(p.Share[0]), percent(p.Share[last])))
		}
	}
	for _, k := range thinned(len(s.At)) {
		row := []Cell{Number(s.At[k])}
		for _, p := range s.Parts {
			row = append(row, Number(p.Share[k]))
		}
		t.Rows = append(t.Rows, row)
	}
	f := &figure{title: s.Title, caption: s.Caption, summary: "Shares over " + s.X.Name + ": " + strings.Join(told, "; ") + ".", zoom: true, height: 340, narrow: 300, data: t, draw: s.draw}
	f.write(d)
	return nil
}

func (s *Stack) draw(c *canvas) {
	f := &frame{canvas: c, top: c.size + 14, right: c.w - 12, bottom: c.h - 2*c.size - 14, x: s.X, y: Axis{Name: "share, %"}}
	f.x0, f.x1, f.y0, f.y1 = s.At[0], s.At[len(s.At)-1], 0, 100
	room := 0.0
	for _, p := range s.Parts {
		room = max(room, c.wide(p.Name))
	}
	f.right = c.w - min(room, c.w/4) - 14
	f.axes()
	f.plot()
	low := make([]float64, len(s.At))
	var middles []float64
	for i, p := range s.Parts {
		high := make([]float64, len(low))
		for k := range low {
			high[k] = low[k] + 100*p.Share[k]
		}
		lower, back := slices.Clone(low), slices.Clone(s.At)
		slices.Reverse(lower)
		slices.Reverse(back)
		c.f("<polygon class=\"part\" style=\"color:%s\" points=\"%s\"><title>%s</title></polygon>\n", s.colour(i), strings.Join(slices.Concat(f.points(s.At, high), f.points(back, lower)), " "), esc(p.Name))
		middles = append(middles, (low[len(low)-1]+high[len(high)-1])/2)
		low = high
	}
	c.f("</svg>\n<g class=\"tags\">\n")
	under := math.Inf(1) // the foot of the label below
	for i, p := range s.Parts {
		if y := f.py(middles[i]); p.Share[len(p.Share)-1]*(f.bottom-f.top) >= 0.6*c.size && y+c.size/2 <= under {
			c.f("<rect x=\"%.1f\" y=\"%.1f\" width=\"4\" height=\"%.1f\" fill=\"%s\"/>", f.right+3, y-0.4*c.size, 0.8*c.size, s.colour(i))
			c.text(f.right+11, y+0.35*c.size, "start", "tag", c.cut(p.Name, c.w-f.right-11))
			under = y - c.size/2
		}
	}
	c.f("</g>\n")
}

func (s *Stack) colour(i int) string {
	return shade(float64(i) / float64(max(1, len(s.Parts)-1)))
}
