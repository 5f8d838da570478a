package report

import (
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Reproduced is a value that was published, or nil, beside the measured one.
type Reproduced struct {
	Name      string
	Published *float64
	Measured  float64
	Error     float64 // standard error of Measured
}

// Published shows what was published beside what was measured, in the order given, from the top.
type Published struct {
	Title, Subtitle string
	X               string // what is shown and its unit
	Rows            []Reproduced
	Caption         string
}

// Picture draws the comparison.
func (l *Published) Picture() (*Picture, error) {
	if len(l.Rows) == 0 {
		return nil, field.New("rows", "none", "at least one")
	}
	for _, r := range l.Rows {
		if math.IsNaN(r.Measured) || math.IsInf(r.Measured, 0) || !(r.Error >= 0) || math.IsInf(r.Error, 0) {
			return nil, field.New("row "+r.Name, []float64{r.Measured, r.Error}, "finite numbers")
		}
	}
	return &Picture{height: headHeight(l.Title, l.Subtitle) + 84 + vg.Length(len(l.Rows))*rowHeight, draw: l.draw}, nil
}

func (l *Published) draw(c *draw.Canvas) {
	xs := newSpan()
	var names vg.Length
	for _, r := range l.Rows {
		xs.add(r.Measured-2*r.Error, r.Measured+2*r.Error)
		if r.Published != nil {
			xs.add(*r.Published)
		}
		names = max(names, style(textSize, false, ink, 0, 0).Width(r.Name))
	}
	p := panel{Canvas: c, y1: float64(len(l.Rows))}
	p.x0, p.x1 = xs.padded(0.06)
	top := head(c, l.Title, l.Subtitle) - 18
	legend(c, vg.Point{X: margin + names + 12, Y: top + 8}, []key{{name: "published", fill: hue(1)}, {name: "measured", fill: hue(0)}})
	p.area = vg.Rectangle{Min: vg.Point{X: margin + names + 12, Y: 62}, Max: vg.Point{X: width - margin - 12, Y: top - 4}}
	p.frameX(l.X, true)
	for i, r := range l.Rows {
		y := p.y(float64(len(l.Rows)-i) - 0.5)
		write(c, style(textSize, false, ink, atRight, atMiddle), vg.Point{X: p.area.Min.X - 8, Y: y}, r.Name)
		c.StrokeLine2(draw.LineStyle{Color: hue(0), Width: 2}, p.x(r.Measured-2*r.Error), y, p.x(r.Measured+2*r.Error), y)
		c.DrawGlyph(draw.GlyphStyle{Color: hue(0), Radius: 3.4, Shape: draw.CircleGlyph{}}, vg.Point{X: p.x(r.Measured), Y: y})
		if r.Published != nil {
			c.DrawGlyph(draw.GlyphStyle{Color: hue(1), Radius: 5, Shape: draw.RingGlyph{}}, vg.Point{X: p.x(*r.Published), Y: y})
		}
	}
	caption(c, l.Caption)
}

// Course is a measured path with its standard errors, and the points of it that were published.
type Course struct {
	Name                    string
	X, Measured, Error      []float64 // ascending in X
	PublishedX, PublishedAt []float64
}

// Courses shows paths that were measured as lines, and what was published of them as rings.
type Courses struct {
	Title, Subtitle, X, Y string
	Courses               []Course
	Caption               string
}

// Picture draws the paths, each in a band of two standard errors.
func (l *Courses) Picture() (*Picture, error) {
	if len(l.Courses) == 0 {
		return nil, field.New("courses", "none", "at least one")
	}
	for _, c := range l.Courses {
		if len(c.X) == 0 {
			return nil, field.New("course "+c.Name, "no point", "at least one")
		}
		if err := check("course "+c.Name, len(c.X), c.X, c.Measured, c.Error); err != nil {
			return nil, err
		}
		if err := check("course "+c.Name+", published", len(c.PublishedX), c.PublishedX, c.PublishedAt); err != nil {
			return nil, err
		}
	}
	return &Picture{height: 330, draw: l.draw}, nil
}

func (l *Courses) draw(c *draw.Canvas) {
	xs, ys := newSpan(), newSpan()
	var tags []tag
	low, high := make([][]float64, len(l.Courses)), make([][]float64, len(l.Courses))
	for i, course := range l.Courses {
		for k, v := range course.Measured {
			low[i], high[i] = append(low[i], v-2*course.Error[k]), append(high[i], v+2*course.Error[k])
		}
		xs.add(slices.Concat(course.X, course.PublishedX)...)
		ys.add(slices.Concat(low[i], high[i], course.PublishedAt)...)
		tags = append(tags, tag{course.Name, course.Measured[len(course.Measured)-1], hue(i), true})
	}
	p := panel{Canvas: c}
	p.x0, p.x1 = xs.padded(0.02)
	p.y0, p.y1 = ys.padded(0.05)
	p.area = vg.Rectangle{Min: vg.Point{X: margin + labelRoom(p.y0, p.y1), Y: 62},
		Max: vg.Point{X: width - margin - tagRoom(tags), Y: head(c, l.Title, l.Subtitle) - 18}}
	p.frameY(l.Y)
	p.frameX(l.X, false)
	for i, course := range l.Courses {
		p.band(faded(hue(i), 0x38), course.X, low[i], high[i])
		p.line(draw.LineStyle{Color: hue(i), Width: 1.6}, course.X, course.Measured)
		for k, x := range course.PublishedX {
			c.DrawGlyph(draw.GlyphStyle{Color: hue(i), Radius: 4.5, Shape: draw.RingGlyph{}}, vg.Point{X: p.x(x), Y: p.y(course.PublishedAt[k])})
		}
	}
	p.tags(tags)
	caption(c, l.Caption)
}
