package report

import (
	"math"

	"github.com/souk-sim/souk/results/report/scale"
	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Aggregates shows several statistics of the same policies side by side (Agarwal et al. 2021): mean, interquartile
// mean, median and optimality gap, each with its interval.
type Aggregates struct {
	Title, Subtitle string
	Statistics      []Statistic // from the left
	Caption         string      // what the intervals are
}

// Statistic is one column of Aggregates.
type Statistic struct {
	Name      string
	Estimates []Estimate // of the same policies in one order in all columns
	From, To  float64    // the part of the scale that is shown; all of it where both are 0. What lies outside is told at the edge.
}

// Picture draws a column for each statistic.
func (l *Aggregates) Picture() (*Picture, error) {
	if len(l.Statistics) == 0 {
		return nil, field.New("statistics", "none", "at least one")
	}
	first := l.Statistics[0].Estimates
	for _, s := range l.Statistics {
		if _, err := (&Comparison{Estimates: s.Estimates}).Picture(); err != nil {
			return nil, err
		}
		if len(s.Estimates) != len(first) {
			return nil, field.New("statistic "+s.Name, len(s.Estimates), "an estimate of every policy")
		}
		for i, e := range s.Estimates {
			if e.Name != first[i].Name {
				return nil, field.New("statistic "+s.Name, e.Name, first[i].Name)
			}
		}
		if s.From > s.To || math.IsNaN(s.From+s.To) || math.IsInf(s.To-s.From, 0) {
			return nil, field.New("statistic "+s.Name, []float64{s.From, s.To}, "a part of the scale, from less to more")
		}
	}
	height := headHeight(l.Title, l.Subtitle) + 74 + vg.Length(len(first))*rowHeight
	return &Picture{height: height, draw: l.draw}, nil
}

func (l *Aggregates) draw(c *draw.Canvas) {
	const between = 30
	rows := l.Statistics[0].Estimates
	var names vg.Length
	for _, e := range rows {
		names = max(names, style(textSize, true, ink, 0, 0).Width(e.Name))
	}
	top := head(c, l.Title, l.Subtitle) - 16
	left := margin + names + 12
	wide := (width-margin-left+between)/vg.Length(len(l.Statistics)) - between
	p := panel{Canvas: c, y1: float64(len(rows))}
	p.area = vg.Rectangle{Min: vg.Point{Y: 52}, Max: vg.Point{Y: top}}
	for i, e := range rows {
		write(c, style(textSize, e.Learned, ink, atRight, atMiddle), vg.Point{X: left - 8, Y: p.row(i, len(rows))}, e.Name)
	}
	for k, s := range l.Statistics {
		p.area.Min.X = left + vg.Length(k)*(wide+between)
		p.area.Max.X = p.area.Min.X + wide
		p.column(s)
	}
	caption(c, l.Caption)
}

// row is the height of row i of n, from the top.
func (p *panel) row(i, n int) vg.Length { return p.y(float64(n-i) - 0.5) }

// column draws the estimates of one statistic, its name above and values below.
func (p *panel) column(s Statistic) {
	p.x0, p.x1 = s.From, s.To
	if s.From == s.To {
		xs := scale.New()
		for _, e := range s.Estimates {
			xs.Add(e.Low, e.High)
		}
		p.x0, p.x1 = xs.Padded(0.06)
	}
	foot, top := p.area.Min.Y, p.area.Max.Y
	write(p.Canvas, style(textSize, true, ink, atCentre, atFoot), vg.Point{X: (p.area.Min.X + p.area.Max.X) / 2, Y: top + 4}, s.Name)
	p.StrokeLine2(axisLine, p.area.Min.X, foot, p.area.Max.X, foot)
	at, label := ticks(p.x0, p.x1, 4)
	for i, v := range at {
		p.StrokeLine2(gridLine, p.x(v), foot, p.x(v), top)
		write(p.Canvas, style(smallSize, false, soft, atCentre, atTop), vg.Point{X: p.x(v), Y: foot - 5}, label[i])
	}
	for i, e := range s.Estimates {
		p.bar(e, p.row(i, len(s.Estimates)))
	}
}

// bar draws an estimate's interval as a bar, and its value as a line across, or, outside the panel, as a number at the edge.
func (p *panel) bar(e Estimate, y vg.Length) {
	mark := soft
	if e.Learned {
		mark = hue(0)
	}
	low, high := min(max(e.Low, p.x0), p.x1), min(max(e.High, p.x0), p.x1)
	p.StrokeLine2(draw.LineStyle{Color: faded(mark, 0x50), Width: 8}, p.x(low), y, p.x(high), y)
	text := style(smallSize, false, mark, atLeft, atMiddle)
	switch {
	case e.Value < p.x0:
		write(p.Canvas, text, vg.Point{X: p.area.Min.X + 2, Y: y}, "← "+significant(e.Value))
	case e.Value > p.x1:
		text.XAlign = atRight
		write(p.Canvas, text, vg.Point{X: p.area.Max.X - 2, Y: y}, significant(e.Value)+" →")
	default:
		p.StrokeLine2(draw.LineStyle{Color: mark, Width: 2.2}, p.x(e.Value), y-6, p.x(e.Value), y+6)
	}
}
