package web

import (
	"fmt"
	"strings"

	"github.com/souk-sim/souk/results/report/scale"
	"github.com/souk-sim/souk/scenarios/field"
)

// Bars is a chart of one number for each of some names, from 0.
type Bars struct {
	Title, Caption string
	X              Axis
	Bars           []Bar
	Format         func(float64) string // of its numbers; nil: as tables write them
}

// Bar is one of them.
type Bar struct {
	Name  string
	Value float64
}

func (b Bars) write(d *document) error {
	s := scale.New()
	s.Add(0)
	var values []float64
	var told []string
	table := Table{Columns: []Column{{}, {Name: b.X.Name, Kind: Numbers, Format: b.Format}}}
	for _, bar := range b.Bars {
		if err := same(fmt.Sprintf("chart %s, %s", b.Title, bar.Name), 1, []float64{bar.Value}); err != nil {
			return err
		}
		values = append(values, bar.Value)
		s.Add(bar.Value)
		table.Rows = append(table.Rows, []Cell{Word(bar.Name), Number(bar.Value)})
	}
	if s.Low == s.High {
		return field.New("chart "+b.Title, "no bar", "at least one that is not 0")
	}
	text := format(b.Format, values)
	for _, bar := range b.Bars {
		told = append(told, bar.Name+" "+text(bar.Value))
	}
	height := 12 + 28*float64(len(b.Bars))
	f := &figure{title: b.Title, caption: b.Caption, summary: "Bars of " + b.X.Name + ": " + strings.Join(told, "; ") + ".", data: table, height: height + 22, narrow: height + 22 + 12*float64(len(b.Bars)),
		draw: func(c *canvas) { b.draw(c, s, text) }}
	f.write(d)
	return nil
}

func (b *Bars) draw(c *canvas, s scale.Span, text func(float64) string) {
	left, room := 0.0, 0.0
	for _, bar := range b.Bars {
		room = max(room, c.wide(text(bar.Value))+8)
		if !c.narrow {
			left = max(left, min(220, c.wide(bar.Name))+12)
		}
	}
	if s.Low < 0 {
		left += room
	}
	x := func(v float64) float64 { return left + (v-s.Low)/(s.High-s.Low)*(c.w-left-room) }
	c.text(0, c.size, "start", "axis-name", c.cut(b.X.Name, c.w))
	top := c.size + 10
	step := (c.h - top) / float64(len(b.Bars))
	for i, bar := range b.Bars {
		y, thick := top+(float64(i)+0.5)*step, 16.0
		if c.narrow {
			c.text(0, y-6, "start", "name", c.cut(bar.Name, c.w))
			y, thick = y+7, 12
		} else {
			c.text(0, y+0.35*c.size, "start", "name", c.cut(bar.Name, left-12))
		}
		from, to, anchor, at := x(0), x(bar.Value), "start", x(bar.Value)+6
		if bar.Value < 0 {
			from, to, anchor, at = to, from, "end", x(bar.Value)-6
		}
		class := "h0"
		if known, ok := c.hues[bar.Name]; ok {
			class = hueClass(known)
		}
		c.f("<rect class=\"fill %s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>", class, from, y-thick/2, max(to-from, 0.5), thick)
		c.text(at, y+0.35*c.size, anchor, "value", text(bar.Value))
	}
	c.f("<path class=\"axis strong\" d=\"M%.1f %.1fV%.1f\"/>\n", x(0), top, c.h)
}
