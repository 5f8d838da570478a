package report

import (
	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Aggregates shows several statistics of the same policies side by side (Agarwal et al. 2021, figure 9): mean, interquartile
// mean, median and optimality gap, each with its interval.
type Aggregates struct {
	Title, Subtitle string
	Statistics      []Comparison // from the left: X is the statistic's name; the same names in one order in all
	Caption         string       // what the intervals are
}

// Picture draws a column for each statistic.
func (l *Aggregates) Picture() (*Picture, error) {
	if len(l.Statistics) == 0 {
		return nil, field.New("statistics", "none", "at least one")
	}
	first := l.Statistics[0].Estimates
	for _, s := range l.Statistics {
		if _, err := s.Picture(); err != nil {
			return nil, err
		}
		if len(s.Estimates) != len(first) {
			return nil, field.New("statistic "+s.X, len(s.Estimates), "an estimate of every policy")
		}
		for i, e := range s.Estimates {
			if e.Name != first[i].Name {
				return nil, field.New("statistic "+s.X, e.Name, first[i].Name)
			}
		}
	}
	height := headHeight(l.Title, l.Subtitle) + 74 + vg.Length(len(first))*rowHeight
	return &Picture{height: height, draw: l.draw}, nil
}

func (l *Aggregates) draw(c *draw.Canvas) {
	const between = 20
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
func (p *panel) column(s Comparison) {
	xs := newSpan()
	for _, e := range s.Estimates {
		xs.add(e.Low, e.High)
	}
	if s.Zero {
		xs.add(0)
	}
	p.x0, p.x1 = xs.padded(0.06)
	foot, top := p.area.Min.Y, p.area.Max.Y
	write(p.Canvas, style(textSize, true, ink, atCentre, atFoot), vg.Point{X: (p.area.Min.X + p.area.Max.X) / 2, Y: top + 4}, s.X)
	p.StrokeLine2(axisLine, p.area.Min.X, foot, p.area.Max.X, foot)
	at, label := ticks(p.x0, p.x1, 3)
	for i, v := range at {
		p.StrokeLine2(gridLine, p.x(v), foot, p.x(v), top)
		write(p.Canvas, style(smallSize, false, soft, atCentre, atTop), vg.Point{X: p.x(v), Y: foot - 5}, label[i])
	}
	if s.Zero {
		p.StrokeLine2(draw.LineStyle{Color: soft, Width: 1}, p.x(0), foot, p.x(0), top)
	}
	for i, e := range s.Estimates {
		y := p.row(i, len(s.Estimates))
		mark := soft
		if e.Learned {
			mark = hue(0)
		}
		p.StrokeLine2(draw.LineStyle{Color: faded(mark, 0x50), Width: 8}, p.x(e.Low), y, p.x(e.High), y)
		p.StrokeLine2(draw.LineStyle{Color: mark, Width: 2.2}, p.x(e.Value), y-6, p.x(e.Value), y+6)
	}
}
