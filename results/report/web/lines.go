package web

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/results/report/scale"
	"github.com/souk-sim/souk/scenarios/field"
)

// Lines is a chart of values over something: learning, prices, a forecast. Readers can zoom it.
type Lines struct {
	Title, Caption string
	X, Y           Axis
	Series         []Series
	References     []Reference
	Shades         []Shade
	Summary        string // what there is to see, in words; empty: the first and the last value of each series
}

// Series is a line. Where Y is NaN it breaks.
type Series struct {
	Name  string
	X, Y  []float64 // X ascends
	Bands []Band    // about it, the widest first
	Steps bool      // each value holds until the next
	Quiet bool      // thin and grey: there to compare with
}

// Band is the area between two lines, as long as the series.
type Band struct{ Low, High []float64 }

// Reference is a horizontal line.
type Reference struct {
	Name  string
	Value float64
}

// Shade marks a stretch of the x axis; one of no length is a line.
type Shade struct {
	From, To float64
	Name     string // of the first of those that mean the same
}

func (l Lines) write(d *document) error {
	xs, ys := scale.New(), scale.New()
	var keys []string
	for _, s := range l.Series {
		what := fmt.Sprintf("chart %s, series %s", l.Title, s.Name)
		if err := same(what, len(s.X), s.X, s.Y); err != nil {
			return err
		}
		for _, b := range s.Bands {
			if err := same(what+", band", len(s.X), b.Low, b.High); err != nil {
				return err
			}
			l.reach(&ys, b.Low, b.High)
		}
		xs.Add(s.X...)
		l.reach(&ys, s.Y)
		if !s.Quiet {
			keys = append(keys, s.Name)
			d.hue(s.Name)
		}
	}
	if xs.Low > xs.High || ys.Low > ys.High || l.X.Log && xs.Low <= 0 {
		return field.New("chart "+l.Title, "no value that can be drawn", "at least one")
	}
	for _, r := range l.References {
		l.reach(&ys, []float64{r.Value})
	}
	f := &figure{title: l.Title, caption: l.Caption, summary: l.summary(), keys: keys, zoom: true, height: 360, narrow: 300, data: l.numbers(),
		draw: func(c *canvas) { l.draw(c, xs, ys) }}
	f.write(d)
	return nil
}

// reach adds values that the y axis can show.
func (l *Lines) reach(s *scale.Span, all ...[]float64) {
	for _, values := range all {
		for _, v := range values {
			if !l.Y.Log || v > 0 {
				s.Add(v)
			}
		}
	}
}

func (l *Lines) draw(c *canvas, xs, ys scale.Span) {
	f := &frame{canvas: c, left: 60, top: c.size + 14, right: c.w - 12, bottom: c.h - 2*c.size - 14, x: l.X, y: l.Y}
	f.x0, f.x1 = bounds(Axis{Log: l.X.Log}, xs, 0)
	f.y0, f.y1 = bounds(l.Y, ys, 0.05)
	if !c.narrow {
		f.right = c.w - l.tagRoom(c)
	}
	f.axes()
	f.plot()
	for _, s := range l.Shades {
		from, to := f.px(s.From)-f.left, f.px(s.To)-f.left
		if from == to {
			c.f("<path class=\"moment\" d=\"M%.1f 0V%.1f\"/>\n", from, f.bottom-f.top)
		} else {
			c.f("<rect class=\"shade\" x=\"%.1f\" y=\"0\" width=\"%.1f\" height=\"%.1f\"/>\n", from, to-from, f.bottom-f.top)
		}
	}
	for _, r := range l.References {
		c.f("<path class=\"reference\" d=\"M0 %.1fH%.1f\"/>\n", f.py(r.Value)-f.top, f.right-f.left)
	}
	var all []tag
	for _, s := range l.Series {
		all = append(all, l.series(f, s))
	}
	c.f("</svg>\n")
	for _, r := range l.References {
		if c.narrow {
			c.text(f.right, f.py(r.Value)-4, "end", "tag halo", r.Name)
			continue
		}
		all = append(all, tag{r.Name, "quiet", f.py(r.Value)})
	}
	for _, s := range l.Shades {
		if s.Name != "" {
			c.text(max(f.left+4, min(f.px(s.From)+4, f.right-c.wide(s.Name))), f.top+c.size, "start", "tick halo", s.Name)
		}
	}
	if !c.narrow && len(l.Series)+len(l.References) > 1 {
		f.tags(all)
	}
}

// tagRoom is what names at the right take.
func (l *Lines) tagRoom(c *canvas) float64 {
	if len(l.Series)+len(l.References) < 2 {
		return 12
	}
	room := 0.0
	for _, s := range l.Series {
		room = max(room, c.wide(s.Name))
	}
	for _, r := range l.References {
		room = max(room, c.wide(r.Name))
	}
	return min(room, 150) + 24
}

// series draws one line with its bands, and gives its tag.
func (l *Lines) series(f *frame, s Series) tag {
	class := "quiet"
	if !s.Quiet {
		class = hueClass(f.hue(s.Name))
	}
	for _, b := range s.Bands {
		for _, part := range f.areas(s.X, b) {
			f.f("<polygon class=\"band %s\" points=\"%s\"/>\n", class, part)
		}
	}
	xs, ys := s.X, s.Y
	if s.Steps {
		xs, ys = stairs(xs, ys)
	}
	for _, line := range f.points(xs, ys) {
		f.f("<polyline class=\"line %s\" points=\"%s\"/>\n", class, line)
	}
	last := len(s.Y) - 1
	for last > 0 && math.IsNaN(s.Y[last]) {
		last--
	}
	at := f.bottom
	if last >= 0 && !math.IsNaN(s.Y[last]) && (!l.Y.Log || s.Y[last] > 0) {
		at = f.py(s.Y[last])
	}
	return tag{s.Name, class, at}
}

// areas are the polygons of a band: one for each stretch without a gap.
func (f *frame) areas(xs []float64, b Band) (all []string) {
	for from := 0; from < len(xs); {
		to := from
		for to < len(xs) && !math.IsNaN(b.Low[to]) && !math.IsNaN(b.High[to]) {
			to++
		}
		if to-from > 1 {
			upper, lower := slices.Clone(xs[from:to]), slices.Clone(xs[from:to])
			slices.Reverse(lower)
			low := slices.Clone(b.Low[from:to])
			if f.y.Log { // what is not above 0 is below the chart
				for i := range low {
					low[i] = max(low[i], math.Pow(10, f.y0-1))
				}
			}
			slices.Reverse(low)
			all = append(all, strings.Join(slices.Concat(f.points(upper, b.High[from:to]), f.points(lower, low)), " "))
		}
		from = to + 1
	}
	return all
}

// stairs turns a line into treads.
func stairs(xs, ys []float64) (x, y []float64) {
	for i := range xs {
		x, y = append(x, xs[i]), append(y, ys[i])
		if i+1 < len(xs) {
			x, y = append(x, xs[i+1]), append(y, ys[i])
		}
	}
	return x, y
}

func (l *Lines) summary() string {
	if l.Summary != "" {
		return l.Summary
	}
	var parts []string
	for _, s := range l.Series {
		first, last := -1, -1
		for i, v := range s.Y {
			if v == v {
				if first < 0 {
					first = i
				}
				last = i
			}
		}
		if first >= 0 {
			text, at := format(nil, s.Y), format(nil, s.X)
			parts = append(parts, fmt.Sprintf("%s goes from %s at %s to %s at %s", s.Name, text(s.Y[first]), at(s.X[first]), text(s.Y[last]), at(s.X[last])))
		}
	}
	for _, r := range l.References {
		parts = append(parts, fmt.Sprintf("%s is at %s", r.Name, format(nil, []float64{r.Value})(r.Value)))
	}
	return fmt.Sprintf("A line chart of %s over %s. %s.", l.Y.Name, l.X.Name, strings.Join(parts, "; "))
}

// numbers is the chart as a table: a row for each of some x of the longest series.
func (l *Lines) numbers() Table {
	longest := 0
	for i := range l.Series {
		if len(l.Series[i].X) > len(l.Series[longest].X) {
			longest = i
		}
	}
	t := Table{Columns: []Column{{Name: l.X.Name, Kind: Numbers}}}
	for _, s := range l.Series {
		t.Columns = append(t.Columns, Column{Name: s.Name, Kind: Numbers, Format: format(nil, s.Y)})
	}
	for _, k := range thinned(len(l.Series[longest].X)) {
		x := l.Series[longest].X[k]
		row := []Cell{Number(x)}
		for _, s := range l.Series {
			i, found := slices.BinarySearch(s.X, x)
			if !found {
				row = append(row, Word(""))
				continue
			}
			row = append(row, Number(s.Y[i]))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
