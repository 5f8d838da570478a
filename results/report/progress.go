package report

import (
	"math"
	"slices"

	"github.com/souk-sim/souk/results/report/scale"
	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Estimates is a line of estimates with their intervals.
type Estimates struct {
	Name                string
	X, Value, Low, High []float64 // X ascending and above 0
}

// Progress shows how estimates come along, on a logarithmic scale of time.
type Progress struct {
	Title, Subtitle, X, Y string
	Curves                []Estimates
	References            []Reference
	Caption               string
}

// Picture draws each curve in the band of its intervals.
func (l *Progress) Picture() (*Picture, error) {
	if len(l.Curves) == 0 {
		return nil, field.New("curves", "none", "at least one")
	}
	for _, c := range l.Curves {
		if err := check("curve "+c.Name, len(c.X), c.X, c.Value, c.Low, c.High); err != nil {
			return nil, err
		}
		if len(c.X) == 0 || !(c.X[0] > 0) {
			return nil, field.New("curve "+c.Name, c.X, "at least one point, above 0")
		}
	}
	return &Picture{height: 330, draw: l.draw}, nil
}

func (l *Progress) draw(c *draw.Canvas) {
	xs, ys := scale.New(), scale.New()
	var tags []tag
	logs := make([][]float64, len(l.Curves))
	for i, curve := range l.Curves {
		for _, x := range curve.X {
			logs[i] = append(logs[i], math.Log10(x))
		}
		xs.Add(logs[i]...)
		ys.Add(slices.Concat(curve.Low, curve.High)...)
		tags = append(tags, tag{curve.Name, curve.Value[len(curve.Value)-1], hue(i), true})
	}
	for _, r := range l.References {
		ys.Add(r.Value)
		tags = append(tags, tag{r.Name + "  " + significant(r.Value), r.Value, soft, false})
	}
	p := panel{Canvas: c}
	p.x0, p.x1 = xs.Padded(0.01)
	p.y0, p.y1 = ys.Padded(0.04)
	p.area = vg.Rectangle{Min: vg.Point{X: margin + labelRoom(p.y0, p.y1), Y: 62},
		Max: vg.Point{X: width - margin - tagRoom(tags), Y: head(c, l.Title, l.Subtitle) - 18}}
	p.frameY(l.Y)
	p.frameLogX(l.X)
	for i, r := range l.References {
		p.StrokeLine2(dashed(i), p.area.Min.X, p.y(r.Value), p.area.Max.X, p.y(r.Value))
	}
	for i, curve := range l.Curves {
		p.band(faded(hue(i), 0x38), logs[i], curve.Low, curve.High)
	}
	for i, curve := range l.Curves {
		p.line(draw.LineStyle{Color: hue(i), Width: 1.6}, logs[i], curve.Value)
	}
	p.tags(tags)
	caption(c, l.Caption)
}

// frameLogX is frameX for an axis of decimal logarithms: the values at 1, 2 and 5 times powers of ten, at these alone where they would be many.
func (p *panel) frameLogX(name string) {
	steps := []float64{1, 2, 5}
	if p.x1-p.x0 > 3 {
		steps = steps[:1]
	}
	text := style(textSize, false, soft, atCentre, atTop)
	foot := p.area.Min.Y
	p.StrokeLine2(axisLine, p.area.Min.X, foot, p.area.Max.X, foot)
	for decade := math.Floor(p.x0); decade <= p.x1; decade++ {
		for _, step := range steps {
			at := decade + math.Log10(step)
			if at < p.x0 || at > p.x1 {
				continue
			}
			p.StrokeLine2(axisLine, p.x(at), foot, p.x(at), foot-3)
			write(p.Canvas, text, vg.Point{X: p.x(at), Y: foot - 6}, scale.Number(step*math.Pow(10, decade), int(max(0, -decade))))
		}
	}
	write(p.Canvas, style(textSize, false, soft, atCentre, atTop), vg.Point{X: (p.area.Min.X + p.area.Max.X) / 2, Y: foot - 21}, name)
}
