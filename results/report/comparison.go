package report

import (
	"image/color"
	"math"

	"github.com/souk-sim/souk/results/report/scale"
	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Estimate is one row of a comparison: a value with its interval.
type Estimate struct {
	Name             string
	Value, Low, High float64
	Learned          bool // drawn in colour, to stand out from what it is compared with
}

// Comparison shows estimates as dots with intervals, in the order given, from the top.
type Comparison struct {
	Title, Subtitle string
	X               string // what is shown and its unit, such as "profit a week, $"
	Estimates       []Estimate
	Zero            bool   // draw a line at 0 (for differences)
	Caption         string // what the intervals are, such as "Bars: 95% intervals over 4 seeds × 200 paths."
}

// Picture draws the comparison.
func (l *Comparison) Picture() (*Picture, error) {
	if len(l.Estimates) == 0 {
		return nil, field.New("estimates", "none", "at least one")
	}
	for _, e := range l.Estimates {
		if !(e.Low <= e.Value && e.Value <= e.High) || math.IsInf(e.Low, 0) || math.IsInf(e.High, 0) {
			return nil, field.New("estimate "+e.Name, []float64{e.Low, e.Value, e.High}, "finite numbers, the value inside its interval")
		}
	}
	height := headHeight(l.Title, l.Subtitle) + 68 + vg.Length(len(l.Estimates))*rowHeight
	return &Picture{height: height, draw: l.draw}, nil
}

const rowHeight = 20

func (l *Comparison) draw(c *draw.Canvas) {
	xs := scale.New()
	var names, figures vg.Length
	plain := style(textSize, false, ink, atLeft, atMiddle)
	for _, e := range l.Estimates {
		xs.Add(e.Low, e.High)
		names = max(names, style(textSize, true, ink, 0, 0).Width(e.Name))
		figures = max(figures, plain.Width(l.figures(e)))
	}
	if l.Zero {
		xs.Add(0)
	}
	p := panel{Canvas: c, y1: float64(len(l.Estimates))}
	p.x0, p.x1 = xs.Padded(0.06)
	top := head(c, l.Title, l.Subtitle)
	p.area = vg.Rectangle{
		Min: vg.Point{X: margin + names + 12, Y: 62},
		Max: vg.Point{X: width - margin - figures - 12, Y: top},
	}
	p.frameX(l.X, true)
	if l.Zero {
		c.StrokeLine2(draw.LineStyle{Color: soft, Width: 1}, p.x(0), p.area.Min.Y, p.x(0), p.area.Max.Y)
	}
	for i, e := range l.Estimates {
		y := p.y(float64(len(l.Estimates)-i) - 0.5)
		var dot color.Color = soft
		if e.Learned {
			dot = hue(0)
		}
		write(c, style(textSize, e.Learned, ink, atRight, atMiddle), vg.Point{X: p.area.Min.X - 8, Y: y}, e.Name)
		write(c, plain, vg.Point{X: p.area.Max.X + 12, Y: y}, l.figures(e))
		c.StrokeLine2(draw.LineStyle{Color: dot, Width: 2}, p.x(e.Low), y, p.x(e.High), y)
		c.DrawGlyph(draw.GlyphStyle{Color: dot, Radius: 3.4, Shape: draw.CircleGlyph{}}, vg.Point{X: p.x(e.Value), Y: y})
	}
	caption(c, l.Caption)
}

func (l *Comparison) figures(e Estimate) string {
	value, low, high := significant(e.Value), significant(e.Low), significant(e.High)
	if low == high { // exact, or as good as
		return value
	}
	return value + "  [" + low + ", " + high + "]"
}
