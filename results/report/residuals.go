package report

import (
	"math"
	"slices"

	"github.com/souk-sim/souk/results/report/scale"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Residuals shows what a model leaves: over time, their autocorrelations, and their quantiles against the normal ones.
type Residuals struct {
	Title, Subtitle string
	X, Y            string                  // such as "week", "residual of the log"
	Time, Values    []float64               // Values are NaN where there is none
	Label           func(period int) string // what the axis says of a time, which is then a whole number; nil: its number
	ACF, PACF       []float64               // of lags 1, 2, …
	Bound           float64                 // within which 95% of white noise's autocorrelations lie
}

// Picture draws the residuals.
func (l *Residuals) Picture() (*Picture, error) {
	if err := check("residuals", len(l.Time), l.Values); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(l.Values, func(v float64) bool { return !math.IsNaN(v) }) {
		return nil, field.New("residuals", "none", "at least one")
	}
	for i, t := range l.Time {
		if math.IsNaN(t) || math.IsInf(t, 0) {
			return nil, field.New("time", t, "finite numbers")
		}
		if i > 0 && t <= l.Time[i-1] {
			return nil, field.New("time", t, "ascending numbers")
		}
	}
	if err := check("partial autocorrelations", len(l.ACF), l.ACF, l.PACF); err != nil {
		return nil, err
	}
	if len(l.ACF) == 0 || !(l.Bound >= 0) || math.IsInf(l.Bound, 0) {
		return nil, field.New("autocorrelations", len(l.ACF), "at least one, and a finite bound")
	}
	return &Picture{height: headHeight(l.Title, l.Subtitle) + 2*residualHeight + 80, draw: l.draw}, nil
}

const residualHeight = 150

func (l *Residuals) draw(c *draw.Canvas) {
	top := head(c, l.Title, l.Subtitle)
	xs, ys := scale.New(), scale.New()
	xs.Add(l.Time...)
	ys.Add(l.Values...)
	ys.Add(0)
	p := panel{Canvas: c, x0: xs.Low - 0.5, x1: xs.High + 0.5}
	p.y0, p.y1 = ys.Padded(0.06)
	p.area = vg.Rectangle{
		Min: vg.Point{X: margin + labelRoom(p.y0, p.y1), Y: top - residualHeight},
		Max: vg.Point{X: width - margin, Y: top - 16},
	}
	p.frameY(l.Y)
	p.frameLabels(l.X, l.Label)
	p.StrokeLine2(axisLine, p.area.Min.X, p.y(0), p.area.Max.X, p.y(0))
	p.line(draw.LineStyle{Color: hue(0), Width: 1}, l.Time, l.Values)
	p.lonely(l.Time, l.Values)

	corr := scale.New()
	corr.Add(l.ACF...)
	corr.Add(l.PACF...)
	corr.Add(-l.Bound, l.Bound, 0)
	third := (width - 2*margin) / 3
	foot := top - 2*residualHeight - 36
	below := func(i int, y0, y1 float64) panel {
		q := panel{Canvas: c, y0: y0, y1: y1}
		left := margin + vg.Length(i)*third
		q.area = vg.Rectangle{
			Min: vg.Point{X: left + labelRoom(y0, y1), Y: foot},
			Max: vg.Point{X: left + third - 12, Y: foot + residualHeight - 26},
		}
		return q
	}
	y0, y1 := corr.Padded(0.08)
	for i, r := range [][]float64{l.ACF, l.PACF} {
		q := below(i, y0, y1)
		q.correlogram(r, l.Bound)
		q.caption([]string{"autocorrelation", "partial autocorrelation"}[i])
	}
	q := below(2, p.y0, p.y1)
	q.quantiles(l.Values)
	q.caption("quantiles against the normal")
}

// caption writes what a small panel shows above it.
func (p *panel) caption(words string) {
	write(p.Canvas, style(textSize, true, ink, atCentre, atFoot), vg.Point{X: (p.area.Min.X + p.area.Max.X) / 2, Y: p.area.Max.Y + 5}, words)
}

// lonely marks the points that have no neighbour to draw a line to.
func (p *panel) lonely(xs, ys []float64) {
	missing := func(i int) bool { return i < 0 || i >= len(ys) || math.IsNaN(ys[i]) }
	for i := range ys {
		if !missing(i) && missing(i-1) && missing(i+1) {
			p.dot(xs[i], ys[i])
		}
	}
}

func (p *panel) dot(x, y float64) {
	p.DrawGlyph(draw.GlyphStyle{Color: hue(0), Radius: 1.6, Shape: draw.CircleGlyph{}}, vg.Point{X: p.x(x), Y: p.y(y)})
}

// correlogram draws a stick for each lag, and the bounds of white noise.
func (p *panel) correlogram(r []float64, bound float64) {
	p.x0, p.x1 = 0, float64(len(r))+0.7
	p.frameY("")
	p.frameX("lag", false)
	p.StrokeLine2(axisLine, p.area.Min.X, p.y(0), p.area.Max.X, p.y(0))
	dashed := draw.LineStyle{Color: hue(1), Width: 0.9, Dashes: []vg.Length{4, 2}}
	for _, b := range []float64{-bound, bound} {
		p.StrokeLine2(dashed, p.area.Min.X, p.y(b), p.area.Max.X, p.y(b))
	}
	stick := draw.LineStyle{Color: hue(0), Width: min(3, 0.5*(p.area.Max.X-p.area.Min.X)/vg.Length(len(r)))}
	for k, v := range r {
		if !math.IsNaN(v) {
			p.StrokeLine2(stick, p.x(float64(k+1)), p.y(0), p.x(float64(k+1)), p.y(v))
		}
	}
}

// quantiles draws the sorted values over the quantiles of the normal distribution at (i-½)/n, and the line on which a
// normal sample with their mean and standard deviation would lie. Points that would lie on one another are left out.
func (p *panel) quantiles(values []float64) {
	var sorted []float64
	mean, square := 0.0, 0.0
	for _, v := range values {
		if !math.IsNaN(v) {
			sorted = append(sorted, v)
			mean += v
		}
	}
	slices.Sort(sorted)
	n := float64(len(sorted))
	mean /= n
	for _, v := range sorted {
		square += (v - mean) * (v - mean)
	}
	sd := math.Sqrt(square / n)
	p.x1 = portable.NormalQuantile(1-0.5/n) + 0.3
	p.x0 = -p.x1
	p.frameY("")
	p.frameX("standard normal", false)
	if lo, hi := max(p.x0, (p.y0-mean)/sd), min(p.x1, (p.y1-mean)/sd); lo < hi {
		p.line(draw.LineStyle{Color: hue(1), Width: 0.9, Dashes: []vg.Length{4, 2}}, []float64{lo, hi}, []float64{mean + sd*lo, mean + sd*hi})
	}
	const apart = 0.8 // points
	lastX, lastY := vg.Length(math.Inf(-1)), vg.Length(math.Inf(-1))
	for i, v := range sorted {
		x := portable.NormalQuantile((float64(i) + 0.5) / n)
		if p.x(x)-lastX >= apart || p.y(v)-lastY >= apart {
			p.dot(x, v)
			lastX, lastY = p.x(x), p.y(v)
		}
	}
}
