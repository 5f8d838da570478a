package web

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/souk-sim/souk/results/report/scale"
	"github.com/souk-sim/souk/scenarios/field"
)

// hues is how many colours there are; then they begin again, dashed.
const hues = 6

// Axis is one of a chart.
type Axis struct {
	Name  string // with the unit: "profit a week, $"
	Log   bool   // logarithmic: all values are above 0
	Zero  bool   // 0 is on it
	Whole bool   // counts alone are marked
}

// figure is what charts have in common: a title, a drawing for two widths, a caption, and the same in words and numbers.
type figure struct {
	title, caption string
	summary        string // what there is to see, in words
	keys           []string
	zoom           bool
	height         float64 // of the wide drawing, px; of the narrow one where narrow is 0 too
	narrow         float64
	draw           func(c *canvas)
	data           Table
}

// widths of the two drawings, px of the page.
const (
	wideWidth   = 680.0
	narrowWidth = 358.0
)

func (f *figure) write(d *document) {
	d.charts++
	zoom := ""
	if f.zoom {
		zoom = " data-zoom=\"\""
	}
	d.f("<figure id=\"figure-%d\"%s>\n<figcaption>%s</figcaption>\n", d.charts, zoom, esc(f.title))
	if len(f.keys) > 1 {
		d.f("<ul class=\"key\" aria-hidden=\"true\">")
		for _, name := range f.keys {
			d.f("<li>%s%s</li>", d.swatch(name), esc(name))
		}
		d.f("</ul>\n")
	}
	for _, c := range []*canvas{{document: d, w: wideWidth, h: f.height, size: 13}, {document: d, w: narrowWidth, h: f.narrow, size: 12, narrow: true}} {
		class := "wide"
		if c.narrow {
			class = "narrow"
			if c.h == 0 {
				c.h = f.height
			}
		}
		d.f("<svg class=\"chart %s\" role=\"img\" aria-label=\"%s\" viewBox=\"0 0 %g %g\" font-size=\"%g\">\n", class, esc(f.title+". "+f.summary), c.w, c.h, c.size)
		f.draw(c)
		d.f("</svg>\n")
	}
	if f.caption != "" {
		d.f("<p class=\"note\">%s</p>\n", esc(f.caption))
	}
	if len(f.data.Rows) > 0 {
		f.data.Caption = f.title
		d.f("<details class=\"numbers\"><summary>The numbers</summary>\n<p class=\"note\">%s</p>\n", esc(f.summary))
		_ = f.data.write(d) // its rows are made here, each as long as the columns
		d.f("</details>\n")
	}
	d.f("</figure>\n")
}

// canvas is one drawing: y grows downwards.
type canvas struct {
	*document
	w, h, size float64
	narrow     bool
}

// wide is about how wide text is.
func (c *canvas) wide(text string) float64 {
	return 0.56 * c.size * float64(utf8.RuneCountInString(text))
}

// cut shortens text to a width.
func (c *canvas) cut(text string, width float64) string {
	if c.wide(text) <= width {
		return text
	}
	n := max(1, int(width/(0.56*c.size))-1)
	return string([]rune(text)[:n]) + "…"
}

// within is where the middle of a text can be, as near to x as the drawing's edges let it.
func (c *canvas) within(x float64, text string) float64 {
	half := c.wide(text) / 2
	return max(half, min(x, c.w-half))
}

// text writes words at a point; anchor is start, middle or end, and class a style.
func (c *canvas) text(x, y float64, anchor, class, words string) {
	c.f("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" class=\"%s\">%s</text>\n", x, y, anchor, class, esc(words))
}

// hueClass is the class of colour i.
func hueClass(i int) string {
	if i/hues%2 == 1 {
		return fmt.Sprintf("h%d again", i%hues)
	}
	return fmt.Sprintf("h%d", i%hues)
}

// frame is the rectangle of a chart with its axes; of a logarithmic one the bounds are common logarithms.
type frame struct {
	*canvas
	left, top, right, bottom float64 // px
	x0, x1, y0, y1           float64
	x, y                     Axis
}

func scaled(a Axis, v float64) float64 {
	if a.Log {
		return math.Log10(v)
	}
	return v
}

// bounds are those of an axis about values, with some air.
func bounds(a Axis, s scale.Span, air float64) (lo, hi float64) {
	if a.Zero && !a.Log {
		s.Add(0)
	}
	if a.Log && s.Low <= s.High {
		s.Low, s.High = math.Log10(s.Low), math.Log10(s.High)
	}
	lo, hi = s.Padded(air)
	if a.Zero && s.Low == 0 {
		lo = 0
	}
	return lo, hi
}

func (f *frame) px(v float64) float64 {
	return f.left + (scaled(f.x, v)-f.x0)/(f.x1-f.x0)*(f.right-f.left)
}

func (f *frame) py(v float64) float64 {
	return f.bottom - (scaled(f.y, v)-f.y0)/(f.y1-f.y0)*(f.bottom-f.top)
}

// marks are the values at which an axis has a tick, with their labels.
func marks(a Axis, lo, hi float64, n int) (at []float64, label []string) {
	if !a.Log {
		at, places := scale.Ticks(lo, hi, n)
		if a.Whole {
			at, places = scale.WholeTicks(lo, hi, n), 0
		}
		for _, v := range at {
			label = append(label, scale.Number(v, places))
		}
		return at, label
	}
	steps := []float64{1}
	if hi-lo < float64(n)/3 {
		steps = []float64{1, 2, 5}
	}
	for power := math.Floor(lo); power <= hi; power++ {
		for _, m := range steps {
			if v := m * math.Pow(10, power); math.Log10(v) >= lo && math.Log10(v) <= hi {
				at, label = append(at, v), append(label, scale.Number(v, max(0, -int(power))))
			}
		}
	}
	return at, label
}

// axes makes room for the values of the y axis and draws both axes, the y axis's name above.
func (f *frame) axes() {
	lines := f.ticksY()
	at, label := marks(f.y, f.y0, f.y1, lines)
	f.left = 8
	for _, l := range label {
		f.left = max(f.left, f.wide(l)+10)
	}
	f.text(0, f.size+1, "start", "axis-name", f.cut(f.y.Name, f.w))
	f.f("<g class=\"ys\">\n")
	for i, v := range at {
		y := f.py(v)
		f.f("<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/>", f.left, y, f.right)
		f.text(f.left-6, y+0.35*f.size, "end", "tick", label[i])
	}
	f.f("</g>\n<g class=\"xs\">\n")
	at, label = marks(f.x, f.x0, f.x1, f.ticksX())
	last := math.Inf(-1)
	for i, v := range at {
		x, half := f.px(v), f.wide(label[i])/2
		f.f("<path class=\"axis\" d=\"M%.1f %.1fv4\"/>", x, f.bottom)
		if x = f.within(x, label[i]); x-half > last {
			f.text(x, f.bottom+f.size+5, "middle", "tick", label[i])
			last = x + half + 4
		}
	}
	f.f("</g>\n<path class=\"axis\" d=\"M%.1f %.1fH%.1f\"/>\n", f.left, f.bottom, f.right)
	f.text((f.left+f.right)/2, f.bottom+2*f.size+10, "middle", "axis-name", f.cut(f.x.Name, f.w))
}

func (f *frame) ticksX() int {
	if f.narrow {
		return 4
	}
	return 8
}

func (f *frame) ticksY() int { return max(2, int((f.bottom-f.top)/48)) }

// plot opens the clipped part of the drawing, in which points are relative to its corner, and tells the script what its scales are.
func (f *frame) plot() {
	f.f("<svg class=\"plot\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" viewBox=\"0 0 %.1f %.1f\" preserveAspectRatio=\"none\" data-x=\"%.6g %.6g %t\" data-y=\"%.6g %.6g %t\">\n",
		f.left, f.top, f.right-f.left, f.bottom-f.top, f.right-f.left, f.bottom-f.top, f.x0, f.x1, f.x.Log, f.y0, f.y1, f.y.Log)
}

// points are the pairs as an SVG attribute, relative to the plot's corner; where one is NaN the line breaks, and there are several.
func (f *frame) points(xs, ys []float64) (lines []string) {
	var b strings.Builder
	flush := func() {
		if b.Len() > 0 {
			lines = append(lines, strings.TrimSpace(b.String()))
		}
		b.Reset()
	}
	for i := range xs {
		x, y := f.px(xs[i])-f.left, f.py(ys[i])-f.top
		if math.IsNaN(x+y) || math.IsInf(x+y, 0) {
			flush()
			continue
		}
		fmt.Fprintf(&b, "%.1f,%.1f ", x, y)
	}
	flush()
	return lines
}

// tag is a name at the right end of a line.
type tag struct {
	name  string
	class string
	y     float64 // px
}

// tags writes names beside the right edge, moved apart where they would touch, each tied to its line's end.
func (f *frame) tags(all []tag) {
	slices.SortStableFunc(all, func(a, b tag) int { return compare(a.y, b.y) })
	at := make([]float64, len(all))
	for i := range all {
		at[i] = all[i].y
	}
	spread(at, f.size+2, f.top+4, f.bottom-2)
	f.f("<g class=\"tags\">\n")
	for i, t := range all {
		f.f("<path class=\"tie %s\" d=\"M%.1f %.1fL%.1f %.1fh8\"/>", t.class, f.right+2, t.y, f.right+9, at[i])
		f.text(f.right+21, at[i]+0.35*f.size, "start", "tag", f.cut(t.name, f.w-f.right-21))
	}
	f.f("</g>\n")
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// spread moves positions, ascending, apart by at least gap, and back within the bounds.
func spread(at []float64, gap, lo, hi float64) {
	for i := range at {
		at[i] = max(at[i], lo)
		if i > 0 {
			at[i] = max(at[i], at[i-1]+gap)
		}
	}
	for i := len(at) - 1; i >= 0; i-- {
		at[i] = min(at[i], hi)
		if i+1 < len(at) {
			at[i] = min(at[i], at[i+1]-gap)
		}
	}
}

// same refuses slices of unequal length and infinite numbers.
func same(what string, want int, values ...[]float64) error {
	for _, v := range values {
		if len(v) != want {
			return field.New(what, len(v), fmt.Sprintf("%d values", want))
		}
		for _, x := range v {
			if math.IsInf(x, 0) {
				return field.New(what, x, "a finite number, or NaN for a gap")
			}
		}
	}
	return nil
}

// mostRows is how many rows of numbers stand under a chart.
const mostRows = 40

// thinned picks at most mostRows of n indices, evenly, the first and the last among them.
func thinned(n int) (all []int) {
	if n <= mostRows {
		for i := range n {
			all = append(all, i)
		}
		return all
	}
	for k := range mostRows {
		all = append(all, k*(n-1)/(mostRows-1))
	}
	return all
}
