package report

import (
	"math"
	"slices"

	"github.com/souk-sim/souk/results/report/scale"
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
	Share           bool // values are shares: no bar leaves [0, 1]
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
	xs := scale.New()
	var names vg.Length
	published := false
	for _, r := range l.Rows {
		xs.Add(interval(r.Measured, r.Error, l.Share))
		published = published || r.Published != nil
		if r.Published != nil {
			xs.Add(*r.Published)
		}
		names = max(names, style(textSize, false, ink, 0, 0).Width(r.Name))
	}
	p := panel{Canvas: c, y1: float64(len(l.Rows))}
	p.x0, p.x1 = xs.Padded(0.06)
	top := head(c, l.Title, l.Subtitle) - 18
	keys := []key{{name: "published", fill: hue(1)}, {name: "measured", fill: hue(0)}}
	if !published {
		keys = keys[1:]
	}
	legend(c, vg.Point{X: margin + names + 12, Y: top + 8}, keys)
	p.area = vg.Rectangle{Min: vg.Point{X: margin + names + 12, Y: 62}, Max: vg.Point{X: width - margin - 12, Y: top - 4}}
	p.frameX(l.X, true)
	for i, r := range l.Rows {
		y := p.y(float64(len(l.Rows)-i) - 0.5)
		write(c, style(textSize, false, ink, atRight, atMiddle), vg.Point{X: p.area.Min.X - 8, Y: y}, r.Name)
		low, high := interval(r.Measured, r.Error, l.Share)
		c.StrokeLine2(draw.LineStyle{Color: hue(0), Width: 2}, p.x(low), y, p.x(high), y)
		c.DrawGlyph(draw.GlyphStyle{Color: hue(0), Radius: 3.4, Shape: draw.CircleGlyph{}}, vg.Point{X: p.x(r.Measured), Y: y})
		if r.Published != nil {
			c.DrawGlyph(draw.GlyphStyle{Color: hue(1), Radius: 5, Shape: draw.RingGlyph{}}, vg.Point{X: p.x(*r.Published), Y: y})
		}
	}
	caption(c, l.Caption)
}

// interval is two standard errors to both sides, of a share within [0, 1].
func interval(value, by float64, share bool) (low, high float64) {
	low, high = value-2*by, value+2*by
	if share {
		low, high = min(max(low, 0), value), max(min(high, 1), value)
	}
	return low, high
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
	Share                 bool // values are shares: no band leaves [0, 1]
	Log                   bool // both axes are logarithmic: all above 0
}

// leastOfLog is how many times below a value its band ends at the latest where axes are logarithmic.
const leastOfLog = 4

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
		if all := slices.Concat(c.X, c.Measured, c.PublishedX, c.PublishedAt); l.Log && !(slices.Min(all) > 0) {
			return nil, field.New("course "+c.Name, slices.Min(all), "values above 0, which have logarithms")
		}
	}
	return &Picture{height: 330, draw: l.draw}, nil
}

func (l *Courses) draw(c *draw.Canvas) {
	xs, ys := scale.New(), scale.New()
	var tags []tag
	low, high := make([][]float64, len(l.Courses)), make([][]float64, len(l.Courses))
	for i, course := range l.Courses {
		for k, v := range course.Measured {
			from, to := interval(v, course.Error[k], l.Share)
			if l.Log {
				from = max(from, v/leastOfLog)
			}
			low[i], high[i] = append(low[i], from), append(high[i], to)
		}
		xs.Add(slices.Concat(course.X, course.PublishedX)...)
		ys.Add(slices.Concat(low[i], high[i], course.PublishedAt)...)
		tags = append(tags, tag{course.Name, course.Measured[len(course.Measured)-1], hue(i), true})
	}
	p := panel{Canvas: c, log: l.Log}
	if l.Log {
		xs, ys = scale.Span{Low: math.Log10(xs.Low), High: math.Log10(xs.High)}, scale.Span{Low: math.Log10(ys.Low), High: math.Log10(ys.High)}
	}
	p.x0, p.x1 = xs.Padded(0.02)
	p.y0, p.y1 = ys.Padded(0.05)
	_, label := p.ticks(p.y0, p.y1, 6)
	p.area = vg.Rectangle{Min: vg.Point{X: margin + widest(label) + 8, Y: 62},
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
