package report

import (
	"slices"

	"github.com/souk-sim/souk/results/report/scale"
	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Profiles shows performance profiles (Agarwal et al. 2021, §4.2; stats.Bootstrap.Profile): of each policy, the share of its runs
// that score above what the axis says. Where one line is above another everywhere, its policy is better whatever is
// asked of scores.
type Profiles struct {
	Title, Subtitle string
	X               string      // the score and its unit, such as "normalised score (0: best fixed price, 1: optimum)"
	Curves          []Estimates // X the thresholds, ascending; shares between 0 and 1
	Marks           []Reference // scores worth a line, such as 0 and 1 of normalised ones
	Caption         string      // what the bands are
}

const legendHigh = vg.Length(17)

// Picture draws each profile in the band of its intervals.
func (l *Profiles) Picture() (*Picture, error) {
	if len(l.Curves) == 0 {
		return nil, field.New("profiles", "none", "at least one")
	}
	for _, c := range l.Curves {
		if err := check("profile "+c.Name, len(c.X), c.X, c.Value, c.Low, c.High); err != nil {
			return nil, err
		}
		if len(c.X) == 0 || !slices.IsSorted(c.X) {
			return nil, field.New("profile "+c.Name, c.X, "thresholds, ascending")
		}
		for _, share := range slices.Concat(c.Value, c.Low, c.High) {
			if !(share >= 0 && share <= 1) {
				return nil, field.New("profile "+c.Name, share, "shares between 0 and 1")
			}
		}
	}
	lines := l.legend(nil, vg.Point{})
	return &Picture{height: 330 + vg.Length(lines)*legendHigh, draw: func(c *draw.Canvas) { l.draw(c, lines) }}, nil
}

func (l *Profiles) draw(c *draw.Canvas, lines int) {
	xs := scale.New()
	for _, curve := range l.Curves {
		xs.Add(curve.X...)
	}
	top := head(c, l.Title, l.Subtitle)
	l.legend(c, vg.Point{X: margin, Y: top - 8})
	p := panel{Canvas: c, y1: 1}
	p.x0, p.x1 = xs.Padded(0)
	top -= vg.Length(lines) * legendHigh
	p.area = vg.Rectangle{Min: vg.Point{X: margin + labelRoom(0, 1), Y: 62}, Max: vg.Point{X: width - margin - 8, Y: top - 34}}
	p.frameY("") // its name stands above those of the marks
	write(c, style(textSize, false, soft, atLeft, atFoot), vg.Point{X: margin, Y: top - 16}, "share of runs that score more")
	p.frameX(l.X, false)
	for _, m := range l.Marks {
		if m.Value < p.x0 || m.Value > p.x1 {
			continue
		}
		p.StrokeLine2(dashed(0), p.x(m.Value), p.area.Min.Y, p.x(m.Value), p.area.Max.Y)
		write(c, style(smallSize, false, soft, atCentre, atFoot), vg.Point{X: p.x(m.Value), Y: p.area.Max.Y + 3}, m.Name)
	}
	for i, curve := range l.Curves {
		x, low := held(curve.X, curve.Low)
		_, high := held(curve.X, curve.High)
		p.band(faded(hue(i), 0x2c), x, low, high)
	}
	for i, curve := range l.Curves {
		x, share := held(curve.X, curve.Value)
		p.line(l.stroke(i), x, share)
	}
	caption(c, l.Caption)
}

// held are the corners of stairs: a share holds from its threshold to the next.
func held(x, share []float64) (stairs, heights []float64) {
	for i := range x {
		if i > 0 {
			stairs, heights = append(stairs, x[i]), append(heights, share[i-1])
		}
		stairs, heights = append(stairs, x[i]), append(heights, share[i])
	}
	return stairs, heights
}

// stroke is the line of a curve; when the colours are used up they come again, dashed.
func (l *Profiles) stroke(i int) draw.LineStyle {
	s := draw.LineStyle{Color: hue(i), Width: 1.7}
	if again := i / 6; again > 0 {
		s.Dashes = [][]vg.Length{{6, 3}, {1.5, 2.5}}[(again-1)%2]
	}
	return s
}

// legend writes the names in lines from the top left, and returns how many lines they take; without a canvas it only counts.
func (l *Profiles) legend(c *draw.Canvas, at vg.Point) (lines int) {
	x := at.X
	lines = 1
	for i, curve := range l.Curves {
		room := 23 + style(textSize, false, ink, 0, 0).Width(curve.Name) + 16
		if x > at.X && x+room > at.X+width-2*margin {
			x, at.Y, lines = at.X, at.Y-legendHigh, lines+1
		}
		if c != nil {
			line := l.stroke(i)
			legend(c, vg.Point{X: x, Y: at.Y}, []key{{name: curve.Name, line: &line}})
		}
		x += room
	}
	return lines
}
