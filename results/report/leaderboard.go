package report

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/results/report/scale"
	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Standing is one model on a leaderboard: its score and what it is at each number of periods ahead, from one on. NaN is a gap.
type Standing struct {
	Estimate
	Ahead []float64
}

// Leaderboard shows models by score, the best first, and below how their scores grow with the periods ahead.
type Leaderboard struct {
	Title, Subtitle string
	Score           string     // what is shown, such as "MASE (less is better)"
	Standings       []Standing // in order; Learned marks the one to stand out
	Caption         string     // what the intervals are
}

// mostLines is how many models are drawn by periods ahead: the best ones, as colours go.
const mostLines = 6

const linesHigh = vg.Length(230)

// Picture draws the leaderboard.
func (l *Leaderboard) Picture() (*Picture, error) {
	dots := Comparison{Title: l.Title, Subtitle: l.Subtitle, X: l.Score, Caption: l.Caption}
	ahead := 0
	for _, s := range l.Standings {
		dots.Estimates = append(dots.Estimates, s.Estimate)
		if err := check("standing "+s.Name, len(l.Standings[0].Ahead), s.Ahead); err != nil {
			return nil, err
		}
		ahead = len(s.Ahead)
	}
	upper, err := dots.Picture()
	if err != nil || ahead < 2 {
		return upper, err
	}
	for _, s := range l.Standings {
		ys := scale.New()
		if ys.Add(s.Ahead...); math.IsInf(ys.Low, 0) {
			return nil, field.New("standing "+s.Name, "no value", "a score at some number of periods ahead")
		}
	}
	return &Picture{height: upper.height + linesHigh, draw: func(c *draw.Canvas) {
		above := *c
		above.Max.Y -= linesHigh
		c.Push()
		c.Translate(vg.Point{Y: linesHigh})
		upper.draw(&above)
		c.Pop()
		l.lines(c)
	}}, nil
}

// lines draws score by periods ahead in the lower part.
func (l *Leaderboard) lines(c *draw.Canvas) {
	shown := l.Standings[:min(len(l.Standings), mostLines)]
	ys := scale.New()
	var tags []tag
	for i, s := range shown {
		ys.Add(s.Ahead...)
		tags = append(tags, tag{s.Name, last(s.Ahead), hue(i), s.Learned})
	}
	p := panel{Canvas: c, x0: 1, x1: float64(len(shown[0].Ahead))}
	p.y0, p.y1 = ys.Padded(0.06)
	p.area = vg.Rectangle{
		Min: vg.Point{X: margin + labelRoom(p.y0, p.y1), Y: 42},
		Max: vg.Point{X: width - margin - tagRoom(tags), Y: linesHigh - 26},
	}
	of := ""
	if more := len(l.Standings) - len(shown); more > 0 {
		of = fmt.Sprintf(", the best %d models", len(shown))
	}
	p.frameY(l.Score + of)
	p.frameX("periods ahead", false)
	xs := make([]float64, len(shown[0].Ahead))
	for i := range xs {
		xs[i] = float64(i + 1)
	}
	for i := len(shown) - 1; i >= 0; i-- {
		p.line(draw.LineStyle{Color: hue(i), Width: 1.6}, xs, shown[i].Ahead)
	}
	p.tags(tags)
}

// last is the last value that is not a gap.
func last(x []float64) float64 {
	for i := len(x) - 1; i > 0; i-- {
		if x[i] == x[i] {
			return x[i]
		}
	}
	return x[0]
}
