package report

import (
	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/souk-sim/souk/results/report/scale"
)

// PolicyLine is what a policy does over a feature when everything else is held still.
type PolicyLine struct {
	Name  string    // the rest of the state, such as "no rival on deal"
	Price []float64 // at each of PolicyLines.Feature; NaN for a state that has no price
	Known []bool    // whether the learner met the state often; nil for always. What it met seldom or never is drawn thin
}

// PolicyLines shows a policy: the price as a function of a feature, a line for each state of the rest.
type PolicyLines struct {
	Title, Subtitle string
	X, Y            string    // such as "reference price, $", "price, $"
	Feature         []float64 // ascending, at the centres of the bins
	Lines           []PolicyLine
	Diagonal        string // name of the line price = feature; "" for none
}

// Picture draws the policy.
func (l *PolicyLines) Picture() (*Picture, error) {
	if len(l.Lines) == 0 || len(l.Feature) == 0 {
		return nil, field.New("lines", "none", "at least one, over at least one value")
	}
	for _, line := range l.Lines {
		if err := check("line "+line.Name, len(l.Feature), line.Price); err != nil {
			return nil, err
		}
		if line.Known != nil && len(line.Known) != len(l.Feature) {
			return nil, field.New("line "+line.Name+", known", len(line.Known), "as many values as prices")
		}
	}
	return &Picture{height: 330, draw: l.draw}, nil
}

func (l *PolicyLines) draw(c *draw.Canvas) {
	ys := scale.New()
	var keys []key
	hidden := false
	for i, line := range l.Lines {
		ys.Add(line.Price...)
		s := l.style(i)
		keys = append(keys, key{name: line.Name, line: &s})
		for _, known := range line.Known {
			hidden = hidden || !known
		}
	}
	diagonal := draw.LineStyle{Color: soft, Width: 0.8, Dashes: []vg.Length{2, 2.5}}
	if l.Diagonal != "" {
		keys = append(keys, key{name: l.Diagonal, line: &diagonal})
	}
	top := head(c, l.Title, l.Subtitle)
	legend(c, vg.Point{X: margin, Y: top - 4}, keys)
	p := panel{Canvas: c}
	lo, _ := tread(l.Feature, 0)
	_, hi := tread(l.Feature, len(l.Feature)-1)
	p.x0, p.x1 = lo, hi
	p.y0, p.y1 = ys.Padded(0.08)
	p.area = vg.Rectangle{
		Min: vg.Point{X: margin + labelRoom(p.y0, p.y1), Y: 62},
		Max: vg.Point{X: width - margin, Y: top - 36},
	}
	p.frameY(l.Y)
	p.frameX(l.X, true)
	if l.Diagonal != "" {
		from, to := max(p.x0, p.y0), min(p.x1, p.y1)
		p.line(diagonal, []float64{from, to}, []float64{from, to})
	}
	for i, line := range l.Lines {
		p.policy(l.style(i), l.Feature, line)
	}
	if hidden {
		caption(c, "Thin: states that training met seldom or never.")
	}
}

// style tells lines apart by colour and by dash, because a policy's lines often lie on one another.
func (l *PolicyLines) style(i int) draw.LineStyle {
	s := draw.LineStyle{Color: hue(i), Width: 2.2}
	if i > 0 {
		s.Width, s.Dashes = 1.8, [][]vg.Length{{5, 2.5}, {1.5, 2}, {8, 2, 1.5, 2}}[(i-1)%3]
	}
	return s
}

// policy draws one line, joined by risers, thin where the state is not known.
func (p *panel) policy(s draw.LineStyle, xs []float64, line PolicyLine) {
	var tx, ty []float64
	known := true
	flush := func() {
		thin := s
		if !known {
			thin.Width = 0.9
		}
		p.line(thin, tx, ty)
		if n := len(tx); n > 0 { // the next stretch begins where this one ends
			tx, ty = append(tx[:0], tx[n-1]), append(ty[:0], ty[n-1])
		}
	}
	for i := range xs {
		if k := line.Known == nil || line.Known[i]; k != known {
			flush()
			known = k
		}
		lo, hi := tread(xs, i)
		tx, ty = append(tx, lo, hi), append(ty, line.Price[i], line.Price[i])
	}
	flush()
}
