package report

import (
	"math"

	"github.com/souk-sim/souk/results/report/scale"
	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Twins shows whether synthetic people pass for real ones: how well a classifier tells them apart, how far their measures are from those of
// real people, and distributions of both.
type Twins struct {
	Title, Subtitle string
	AUC             []Estimate // areas under the curve, in the order given, from the top
	Limit           float64    // that Learned ones should not exceed
	Distances       []Distance
	Distributions   []Distribution
}

// Distance is how far a measure of synthetic people, and of other real ones, is from that of the real people they are held against, in standard
// errors; NaN where it is not defined.
type Distance struct {
	Name            string
	Synthetic, Real float64
}

// Distribution is the share or mean of each label, real and synthetic. Labels are drawn as far as there is place.
type Distribution struct {
	Name            string
	Labels          []string
	Real, Synthetic []float64
}

const (
	shortRow   = vg.Length(17)
	axisHigh   = vg.Length(44) // below a panel of rows, with its name
	spreadHigh = vg.Length(128)
)

// Picture draws the comparison.
func (t *Twins) Picture() (*Picture, error) {
	if len(t.AUC) == 0 {
		return nil, field.New("areas under the curve", "none", "at least one")
	}
	for _, e := range t.AUC {
		if !(0 <= e.Low && e.Low <= e.Value && e.Value <= e.High && e.High <= 1) {
			return nil, field.New("area "+e.Name, []float64{e.Low, e.Value, e.High}, "shares, the value inside its interval")
		}
	}
	for _, d := range t.Distributions {
		if err := check("distribution "+d.Name, len(d.Labels), d.Real, d.Synthetic); err != nil {
			return nil, err
		}
	}
	height := headHeight(t.Title, t.Subtitle) + vg.Length(len(t.AUC))*rowHeight + axisHigh + 20
	if len(t.Distances) > 0 {
		height += 26 + vg.Length(len(t.Distances))*shortRow + axisHigh
	}
	height += vg.Length(len(t.Distributions)) * (spreadHigh + 30)
	return &Picture{height: height, draw: t.draw}, nil
}

func (t *Twins) draw(c *draw.Canvas) {
	top := head(c, t.Title, t.Subtitle)
	bold := style(textSize, true, ink, 0, 0)
	var names vg.Length
	for _, e := range t.AUC {
		names = max(names, bold.Width(e.Name))
	}
	for _, d := range t.Distances {
		names = max(names, bold.Width(d.Name))
	}
	rows := func(n int, high vg.Length) panel {
		p := panel{Canvas: c, y1: float64(n)}
		p.area = vg.Rectangle{Min: vg.Point{X: margin + names + 12, Y: top - vg.Length(n)*high}, Max: vg.Point{X: width - margin - 110, Y: top}}
		top = p.area.Min.Y - axisHigh
		return p
	}
	t.areas(rows(len(t.AUC), rowHeight))
	if len(t.Distances) > 0 {
		legend(c, vg.Point{X: margin, Y: top - 4}, t.key("other real people"))
		top -= 26
		t.distances(rows(len(t.Distances), shortRow))
	}
	for _, d := range t.Distributions {
		top -= 22
		p := panel{Canvas: c}
		p.area = vg.Rectangle{Min: vg.Point{X: margin + 40, Y: top - spreadHigh + 22}, Max: vg.Point{X: width - margin, Y: top}}
		t.distribution(p, d)
		top -= spreadHigh + 8
	}
}

func (t *Twins) key(other string) []key {
	return []key{{name: "synthetic", fill: hue(0)}, {name: other, fill: faded(soft, 0x80)}}
}

// areas draws the areas under the curve as bars from one half, which is chance, with their intervals.
func (t *Twins) areas(p panel) {
	p.x0, p.x1 = 0.5, max(0.7, t.Limit)
	for _, e := range t.AUC {
		p.x0, p.x1 = min(p.x0, e.Low), max(p.x1, e.High)
	}
	p.x0, p.x1 = p.x0-0.01, p.x1+0.01
	p.frameX("area under the curve of a classifier; 0.5 is chance, and the dashed line what should not be exceeded", true)
	for i, e := range t.AUC {
		y := p.y(float64(len(t.AUC)-i) - 0.5)
		fill := faded(soft, 0x80)
		if e.Learned {
			fill = hue(0)
		}
		fillRect(p.Canvas, fill, p.x(0.5), y-5, p.x(e.Value), y+5)
		p.StrokeLine2(draw.LineStyle{Color: ink, Width: 1}, p.x(e.Low), y, p.x(e.High), y)
		write(p.Canvas, style(textSize, e.Learned, ink, atRight, atMiddle), vg.Point{X: p.area.Min.X - 8, Y: y}, e.Name)
		write(p.Canvas, style(textSize, false, ink, atLeft, atMiddle), vg.Point{X: p.area.Max.X + 8, Y: y},
			scale.Number(e.Value, 2)+"  ["+scale.Number(e.Low, 2)+", "+scale.Number(e.High, 2)+"]")
	}
	p.StrokeLine2(axisLine, p.x(0.5), p.area.Min.Y, p.x(0.5), p.area.Max.Y)
	p.StrokeLine2(draw.LineStyle{Color: hue(1), Width: 1, Dashes: []vg.Length{4, 2}}, p.x(t.Limit), p.area.Min.Y, p.x(t.Limit), p.area.Max.Y)
}

// distances draws a dot for synthetic and one for other real people, in a band of two standard errors.
func (t *Twins) distances(p panel) {
	xs := scale.New()
	xs.Add(-2.5, 2.5)
	for _, d := range t.Distances {
		xs.Add(d.Synthetic, d.Real)
	}
	p.x0, p.x1 = xs.Padded(0.04)
	fillRect(p.Canvas, faint, p.x(-2), p.area.Min.Y, p.x(2), p.area.Max.Y)
	p.frameX("distance from the real people held out, in standard errors; within the band it is noise", true)
	p.StrokeLine2(axisLine, p.x(0), p.area.Min.Y, p.x(0), p.area.Max.Y)
	for i, d := range t.Distances {
		y := p.y(float64(len(t.Distances)-i) - 0.5)
		write(p.Canvas, style(textSize, false, ink, atRight, atMiddle), vg.Point{X: p.area.Min.X - 8, Y: y}, d.Name)
		if !math.IsNaN(d.Real) {
			p.DrawGlyph(draw.GlyphStyle{Color: soft, Radius: 3.2, Shape: draw.RingGlyph{}}, vg.Point{X: p.x(d.Real), Y: y})
		}
		if !math.IsNaN(d.Synthetic) {
			p.DrawGlyph(draw.GlyphStyle{Color: hue(0), Radius: 3.4, Shape: draw.CircleGlyph{}}, vg.Point{X: p.x(d.Synthetic), Y: y})
		}
	}
}

// distribution draws two bars a label, real and synthetic.
func (t *Twins) distribution(p panel, d Distribution) {
	ys := scale.New()
	ys.Add(0)
	ys.Add(d.Real...)
	ys.Add(d.Synthetic...)
	p.x1 = float64(len(d.Labels))
	p.y0, p.y1 = ys.Low, ys.High*1.05
	if p.y1 <= p.y0 {
		p.y1 = p.y0 + 1
	}
	p.frameY("")
	write(p.Canvas, style(textSize, true, ink, atLeft, atFoot), vg.Point{X: margin, Y: p.area.Max.Y + 7}, d.Name)
	keys := t.key("held out")
	plain := style(textSize, false, ink, 0, 0)
	room := 2*(23+16) + plain.Width(keys[0].name) + plain.Width(keys[1].name)
	legend(p.Canvas, vg.Point{X: width - margin - room, Y: p.area.Max.Y + 12}, keys)
	p.StrokeLine2(axisLine, p.area.Min.X, p.y(0), p.area.Max.X, p.y(0))
	text := style(smallSize, false, soft, atCentre, atTop)
	edge := p.area.Min.X
	for i, label := range d.Labels {
		for k, bar := range []struct {
			value float64
			fill  key
		}{{d.Synthetic[i], keys[0]}, {d.Real[i], keys[1]}} {
			if x := float64(i) + 0.1 + 0.4*float64(k); !math.IsNaN(bar.value) {
				fillRect(p.Canvas, bar.fill.fill, p.x(x), p.y(0), p.x(x+0.4), p.y(bar.value))
			}
		}
		at, half := p.x(float64(i)+0.5), text.Width(label)/2
		if at-half >= edge { // else it would touch the label before
			write(p.Canvas, text, vg.Point{X: at, Y: p.area.Min.Y - 4}, label)
			edge = at + half + 4
		}
	}
}
