package report

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// ForecastBand is what one model expects of the periods after a history.
type ForecastBand struct {
	Name           string
	Median, Lo, Hi []float64 // of one length; Lo and Hi bound the interval
}

// ForecastPlot shows a series and how models carry it on.
type ForecastPlot struct {
	Title, Subtitle string
	X, Y            string
	Caption         string
	Start           int                     // period of the first value
	History         []float64               // NaN is a gap
	Label           func(period int) string // what the axis says of a period; nil: its number
	Forecasts       []ForecastBand          // from period Start + len(History) on; the interval of the first is drawn
}

// Picture draws the history, each model's median, and the interval of the first: those of several could not be told apart. Of a long history only the end is drawn, four times the
// horizon but 60 periods at least.
func (l *ForecastPlot) Picture() (*Picture, error) {
	if len(l.Forecasts) == 0 || len(l.History) == 0 {
		return nil, field.New("forecasts", fmt.Sprintf("%d of a history of %d periods", len(l.Forecasts), len(l.History)), "at least one of each")
	}
	if err := check("history", len(l.History), l.History); err != nil {
		return nil, err
	}
	for _, f := range l.Forecasts {
		if len(f.Median) == 0 {
			return nil, field.New("forecast "+f.Name, "no value", "at least one")
		}
		if err := check("forecast "+f.Name, len(f.Median), f.Median, f.Lo, f.Hi); err != nil {
			return nil, err
		}
	}
	return &Picture{height: 330, draw: l.draw}, nil
}

func (l *ForecastPlot) draw(c *draw.Canvas) {
	horizon := 0
	for _, f := range l.Forecasts {
		horizon = max(horizon, len(f.Median))
	}
	end := l.Start + len(l.History) // the first period of the forecasts
	from := max(0, len(l.History)-max(60, 4*horizon))
	xs, ys := periods(l.Start+from, end), newSpan()
	ys.add(l.History[from:]...)
	var tags []tag
	first := l.Forecasts[0]
	ys.add(first.Lo...)
	ys.add(first.Hi...)
	for i, f := range l.Forecasts {
		ys.add(f.Median...)
		if len(l.Forecasts) > 1 {
			tags = append(tags, tag{f.Name, f.Median[len(f.Median)-1], hue(i), true})
		}
	}
	p := panel{Canvas: c, x0: float64(l.Start+from) - 0.5, x1: float64(end+horizon) - 0.5}
	p.y0, p.y1 = ys.padded(0.05)
	p.area = vg.Rectangle{
		Min: vg.Point{X: margin + labelRoom(p.y0, p.y1), Y: 62},
		Max: vg.Point{X: width - margin, Y: head(c, l.Title, l.Subtitle) - 18},
	}
	if len(tags) > 0 {
		p.area.Max.X -= tagRoom(tags)
	}
	p.frameY(l.Y)
	p.frameLabels(l.X, l.Label)
	p.band(faded(hue(0), 0x30), periods(end, end+len(first.Lo)), first.Lo, first.Hi)
	p.line(draw.LineStyle{Color: ink, Width: 1.2}, xs, l.History[from:])
	for i, f := range l.Forecasts {
		p.line(draw.LineStyle{Color: hue(i), Width: 1.8}, periods(end, end+len(f.Median)), f.Median)
	}
	p.tags(tags)
	caption(c, l.Caption)
}

// periods are the numbers from, …, to-1.
func periods(from, to int) []float64 {
	xs := make([]float64, to-from)
	for i := range xs {
		xs[i] = float64(from + i)
	}
	return xs
}

// frameLabels is frameX for an axis of periods that have labels, as many as have room.
func (p *panel) frameLabels(name string, label func(int) string) {
	if label == nil {
		p.frameX(name, false)
		return
	}
	text := style(textSize, false, soft, atCentre, atTop)
	first, last := int(math.Ceil(p.x0)), int(math.Floor(p.x1))
	widest := max(text.Width(label(first)), text.Width(label(last)))
	step := 1
	for fits := (p.area.Max.X - p.area.Min.X) / (widest + 14); vg.Length((last-first)/step) > fits; step++ {
	}
	foot := p.area.Min.Y
	p.StrokeLine2(axisLine, p.area.Min.X, foot, p.area.Max.X, foot)
	for at := first; at <= last; at += step {
		p.StrokeLine2(axisLine, p.x(float64(at)), foot, p.x(float64(at)), foot-3)
		write(p.Canvas, text, vg.Point{X: p.x(float64(at)), Y: foot - 6}, label(at))
	}
	write(p.Canvas, style(textSize, false, soft, atCentre, atTop), vg.Point{X: (p.area.Min.X + p.area.Max.X) / 2, Y: foot - 21}, name)
}
