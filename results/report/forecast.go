package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/souk-sim/souk/results/report/scale"
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

// Picture draws the history, each model's median, and the interval of the first: those of several could not be told apart. Of many models the first six are
// drawn, and of a long history the end, four times the horizon but 200 periods at least; the subtitle says so.
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
	subtitle, horizon, forecasts := l.Subtitle, 0, l.Forecasts[:min(len(l.Forecasts), mostLines)]
	if len(forecasts) < len(l.Forecasts) {
		subtitle += fmt.Sprintf("; the first %d of %d models", len(forecasts), len(l.Forecasts))
	}
	for _, f := range forecasts {
		horizon = max(horizon, len(f.Median))
	}
	end := l.Start + len(l.History) // the first period of the forecasts
	from := max(0, len(l.History)-max(200, 4*horizon))
	if from > 0 {
		subtitle += fmt.Sprintf("; the last %d of %d periods", len(l.History)-from, len(l.History))
	}
	observed := len(l.History) - 1 // the last, from which forecasts go on
	for observed > from && l.History[observed] != l.History[observed] {
		observed--
	}
	joined := func(ys []float64) (x, y []float64) {
		return append([]float64{float64(l.Start + observed)}, periods(end, end+len(ys))...), append([]float64{l.History[observed]}, ys...)
	}
	xs, ys := periods(l.Start+from, end), scale.New()
	ys.Add(l.History[from:]...)
	var tags []tag
	first := l.Forecasts[0]
	ys.Add(first.Lo...)
	ys.Add(first.Hi...)
	for i, f := range forecasts {
		ys.Add(f.Median...)
		if len(forecasts) > 1 {
			tags = append(tags, tag{f.Name, f.Median[len(f.Median)-1], hue(i), true})
		}
	}
	p := panel{Canvas: c, x0: float64(l.Start+from) - 0.5, x1: float64(end+horizon) - 0.5}
	p.y0, p.y1 = ys.Padded(0.05)
	p.area = vg.Rectangle{
		Min: vg.Point{X: margin + labelRoom(p.y0, p.y1), Y: 62},
		Max: vg.Point{X: width - margin, Y: head(c, l.Title, strings.TrimPrefix(subtitle, "; ")) - 18},
	}
	if len(tags) > 0 {
		p.area.Max.X -= tagRoom(tags)
	}
	p.frameY(l.Y)
	p.frameLabels(l.X, l.Label)
	x, hi := joined(first.Hi)
	_, lo := joined(first.Lo)
	if lo[0] != lo[0] { // nothing was observed in the periods drawn
		x, lo, hi = x[1:], lo[1:], hi[1:]
	}
	p.band(faded(hue(0), 0x30), x, lo, hi)
	p.line(draw.LineStyle{Color: ink, Width: 1.2}, xs, l.History[from:])
	for i, f := range slices.Backward(forecasts) { // the first on top
		x, median := joined(f.Median)
		p.line(draw.LineStyle{Color: hue(i), Width: 1.8}, x, median)
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
