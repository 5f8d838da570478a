package report

import (
	"cmp"
	"image/color"
	"math"
	"slices"

	"github.com/souk-sim/souk/results/report/scale"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// panel is a rectangle with two axes, both linear or both logarithmic; of the latter the bounds are common logarithms.
type panel struct {
	*draw.Canvas
	area           vg.Rectangle
	x0, x1, y0, y1 float64
	log            bool
}

// scaled is a value as the bounds are.
func (p *panel) scaled(v float64) float64 {
	if p.log {
		return math.Log10(v)
	}
	return v
}

// ticks are values on an axis between two bounds, about n of them, and their labels.
func (p *panel) ticks(lo, hi float64, n int) (at []float64, label []string) {
	if !p.log {
		return ticks(lo, hi, n)
	}
	steps := []float64{1}
	if hi-lo < float64(n)/3 {
		steps = []float64{1, 2, 5}
	}
	for power := math.Floor(lo); power <= hi; power++ {
		for _, m := range steps {
			if v := m * math.Pow(10, power); math.Log10(v) >= lo && math.Log10(v) <= hi {
				at = append(at, v)
				label = append(label, scale.Number(v, max(0, -int(power))))
			}
		}
	}
	return at, label
}

func (p *panel) x(v float64) vg.Length {
	return p.area.Min.X + vg.Length((p.scaled(v)-p.x0)/(p.x1-p.x0))*(p.area.Max.X-p.area.Min.X)
}

func (p *panel) y(v float64) vg.Length {
	return p.area.Min.Y + vg.Length((p.scaled(v)-p.y0)/(p.y1-p.y0))*(p.area.Max.Y-p.area.Min.Y)
}

// ticks are those of scale.Ticks with their labels.
func ticks(lo, hi float64, n int) (at []float64, label []string) {
	at, decimals := scale.Ticks(lo, hi, n)
	for _, v := range at {
		label = append(label, scale.Number(v, decimals))
	}
	return at, label
}

// significant is v with about three digits that count.
func significant(v float64) string {
	return scale.Number(v, min(4, max(0, 2-int(math.Floor(math.Log10(max(math.Abs(v), 1e-9)))))))
}

var (
	gridLine = draw.LineStyle{Color: faint, Width: 0.7}
	axisLine = draw.LineStyle{Color: color.NRGBA{0x99, 0x99, 0x99, 0xff}, Width: 0.8}
)

// frameY draws horizontal grid lines with their values to the left, and the axis's name above.
func (p *panel) frameY(name string) {
	at, label := p.ticks(p.y0, p.y1, 6)
	text := style(textSize, false, soft, atRight, atMiddle)
	for i, v := range at {
		p.StrokeLine2(gridLine, p.area.Min.X, p.y(v), p.area.Max.X, p.y(v))
		write(p.Canvas, text, vg.Point{X: p.area.Min.X - 5, Y: p.y(v)}, label[i])
	}
	write(p.Canvas, style(textSize, false, soft, atLeft, atFoot), vg.Point{X: margin, Y: p.area.Max.Y + 7}, name)
}

// frameX draws the bottom line with its values and the axis's name below, or, without a name, only the line.
func (p *panel) frameX(name string, grid bool) {
	at, label := p.ticks(p.x0, p.x1, 8)
	if name == "" {
		label = make([]string, len(at))
	}
	text := style(textSize, false, soft, atCentre, atTop)
	foot := p.area.Min.Y
	p.StrokeLine2(axisLine, p.area.Min.X, foot, p.area.Max.X, foot)
	for i, v := range at {
		if grid {
			p.StrokeLine2(gridLine, p.x(v), foot, p.x(v), p.area.Max.Y)
		}
		p.StrokeLine2(axisLine, p.x(v), foot, p.x(v), foot-3)
		write(p.Canvas, text, vg.Point{X: p.x(v), Y: foot - 6}, label[i])
	}
	write(p.Canvas, style(textSize, false, soft, atCentre, atTop), vg.Point{X: (p.area.Min.X + p.area.Max.X) / 2, Y: foot - 21}, name)
}

// labelRoom is the width that the values of the y axis take.
func labelRoom(lo, hi float64) vg.Length {
	_, label := ticks(lo, hi, 6)
	return widest(label) + 8
}

// widest is the width of the longest of some values.
func widest(label []string) vg.Length {
	var room vg.Length
	for _, l := range label {
		room = max(room, style(textSize, false, soft, 0, 0).Width(l))
	}
	return room
}

// line draws a line through the points; at NaN it breaks.
func (p *panel) line(s draw.LineStyle, xs, ys []float64) {
	var pts []vg.Point
	flush := func() {
		if len(pts) > 1 {
			p.StrokeLines(s, pts)
		}
		pts = nil
	}
	for i := range xs {
		if math.IsNaN(xs[i]) || math.IsNaN(ys[i]) {
			flush()
			continue
		}
		pts = append(pts, vg.Point{X: p.x(xs[i]), Y: p.y(ys[i])})
	}
	flush()
}

// steps draws a line of treads: each value holds for half a step to both sides of its x.
func (p *panel) steps(s draw.LineStyle, xs, ys []float64) {
	var tx, ty []float64
	for i := range xs {
		lo, hi := tread(xs, i)
		tx, ty = append(tx, lo, hi), append(ty, ys[i], ys[i])
	}
	p.line(s, tx, ty)
}

// tread is the stretch that xs[i] stands for: half way to its neighbours.
func tread(xs []float64, i int) (lo, hi float64) {
	gap := 1.0
	if len(xs) > 1 {
		gap = xs[1] - xs[0]
	}
	if i > 0 {
		gap = xs[i] - xs[i-1]
	}
	lo, hi = xs[i]-gap/2, xs[i]+gap/2
	if i+1 < len(xs) {
		hi = (xs[i] + xs[i+1]) / 2
	}
	return lo, hi
}

// band fills between two lines.
func (p *panel) band(fill color.Color, xs, lo, hi []float64) {
	var pts []vg.Point
	for i := range xs {
		pts = append(pts, vg.Point{X: p.x(xs[i]), Y: p.y(hi[i])})
	}
	for i := len(xs) - 1; i >= 0; i-- {
		pts = append(pts, vg.Point{X: p.x(xs[i]), Y: p.y(lo[i])})
	}
	p.FillPolygon(fill, pts)
}

// tag is a name at the right end of a line.
type tag struct {
	text  string
	value float64
	color color.Color
	bold  bool
}

// tags writes the names beside the right edge, moved apart where they would touch, each tied to its value.
func (p *panel) tags(all []tag) {
	slices.SortStableFunc(all, func(a, b tag) int { return cmp.Compare(b.value, a.value) })
	at := make([]vg.Length, len(all))
	for i := range all {
		at[i] = p.y(all[i].value)
	}
	spread(at, 12.5, p.area.Min.Y+4, p.area.Max.Y-2)
	for i, t := range all {
		edge := p.area.Max.X
		p.StrokeLine2(draw.LineStyle{Color: t.color, Width: 0.6}, edge+2, p.y(t.value), edge+10, at[i])
		write(p.Canvas, style(textSize, t.bold, t.color, atLeft, atMiddle), vg.Point{X: edge + 13, Y: at[i]}, t.text)
	}
}

// tagRoom is the width that tags take.
func tagRoom(all []tag) vg.Length {
	var room vg.Length
	for _, t := range all {
		room = max(room, style(textSize, t.bold, ink, 0, 0).Width(t.text))
	}
	return room + 13
}

// spread moves positions, given from high to low, apart by at least gap: downwards first, then what has left the
// bottom upwards again.
func spread(at []vg.Length, gap, lo, hi vg.Length) {
	for i := range at {
		at[i] = min(at[i], hi)
		if i > 0 {
			at[i] = min(at[i], at[i-1]-gap)
		}
	}
	for i := len(at) - 1; i >= 0; i-- {
		at[i] = max(at[i], lo)
		if i+1 < len(at) {
			at[i] = max(at[i], at[i+1]+gap)
		}
	}
}
