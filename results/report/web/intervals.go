package web

import (
	"fmt"
	"math"
	"strings"

	"github.com/souk-sim/souk/results/report/scale"
	"github.com/souk-sim/souk/scenarios/field"
)

// Intervals is a chart of estimates with their intervals, one below the other.
type Intervals struct {
	Title, Caption string
	X              Axis // Zero: 0 is on it, with a line there
	Rows           []Estimate
	Format         func(float64) string // of its numbers; nil: as tables write them
}

// Estimate is a value and its interval, both ends NaN where there is none.
type Estimate struct {
	Name             string
	Value, Low, High float64
	Strong           bool // what the page is about, such as what was learned: in the name's colour
}

func (i Intervals) write(d *document) error {
	s := scale.New()
	var values []float64
	var told []string
	table := Table{Columns: []Column{{}, {Name: i.X.Name, Kind: Numbers}, {Name: "from", Kind: Numbers}, {Name: "to", Kind: Numbers}}}
	for _, r := range i.Rows {
		if err := same(fmt.Sprintf("chart %s, %s", i.Title, r.Name), 3, []float64{r.Value, r.Low, r.High}); err != nil {
			return err
		}
		s.Add(r.Value, r.Low, r.High)
		values = append(values, r.Value)
	}
	if s.Low > s.High {
		return field.New("chart "+i.Title, "no estimate", "at least one")
	}
	text := format(i.Format, values)
	for k := range table.Columns[1:] {
		table.Columns[k+1].Format = text
	}
	for _, r := range i.Rows {
		table.Rows = append(table.Rows, []Cell{Word(r.Name), Number(r.Value), Number(r.Low), Number(r.High)})
		of := fmt.Sprintf("%s %s", r.Name, text(r.Value))
		if r.Low == r.Low {
			of += fmt.Sprintf(", interval %s to %s", text(r.Low), text(r.High))
		}
		told = append(told, of)
	}
	f := &figure{title: i.Title, caption: i.Caption, summary: "Estimates of " + i.X.Name + ": " + strings.Join(told, "; ") + ".", data: table,
		height: 64 + 30*float64(len(i.Rows)), narrow: 64 + 44*float64(len(i.Rows)), draw: func(c *canvas) { i.draw(c, s, text) }}
	f.write(d)
	return nil
}

func (i *Intervals) draw(c *canvas, s scale.Span, text func(float64) string) {
	f := &frame{canvas: c, left: 8, top: 8, right: c.w - 8, bottom: c.h - 2*c.size - 18, x: i.X, y: Axis{}}
	f.x0, f.x1 = bounds(Axis{Log: i.X.Log}, s, 0)
	if i.X.Zero {
		s.Add(0)
		f.x0, f.x1 = s.Low, s.High
	}
	number := 0.0
	for _, r := range i.Rows {
		number = max(number, c.wide(text(r.Value)))
		if !c.narrow {
			f.left = max(f.left, min(220, c.wide(r.Name))+14)
		}
	}
	f.left, f.right = f.left+4, f.right-number-10
	at, label := marks(f.x, f.x0, f.x1, f.ticksX()-1)
	for k, v := range at {
		c.f("<path class=\"grid\" d=\"M%.1f %.1fV%.1f\"/>", f.px(v), f.top, f.bottom)
		c.text(c.within(f.px(v), label[k]), f.bottom+c.size+4, "middle", "tick", label[k])
	}
	if i.X.Zero {
		c.f("<path class=\"axis strong\" d=\"M%.1f %.1fV%.1f\"/>\n", f.px(0), f.top, f.bottom)
	}
	c.text((f.left+f.right)/2, c.h-6, "middle", "axis-name", c.cut(i.X.Name, c.w))
	step := (f.bottom - f.top) / float64(len(i.Rows))
	for k, r := range i.Rows {
		y := f.top + (float64(k)+0.5)*step
		class := "quiet"
		if r.Strong {
			class = hueClass(c.hue(r.Name))
		}
		if c.narrow {
			c.text(0, y-6, "start", "name halo", c.cut(r.Name, c.w))
			y += 8
		} else {
			c.text(0, y+0.35*c.size, "start", "name", c.cut(r.Name, f.left-14))
		}
		if !math.IsNaN(r.Low) {
			c.f("<path class=\"bar %s\" d=\"M%.1f %.1fH%.1f\"/>", class, f.px(r.Low), y, f.px(r.High))
		}
		c.f("<circle class=\"dot %s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4.5\"/>\n", class, f.px(r.Value), y)
		c.text(c.w, y+0.35*c.size, "end", "value", text(r.Value))
	}
}
