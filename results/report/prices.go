package report

import (
	"cmp"
	"fmt"

	"github.com/souk-sim/souk/results/report/scale"
	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// PricePath is one policy's prices over time.
type PricePath struct {
	Name      string
	Time      []float64 // ascending: weeks, days
	Price     []float64 // posted; NaN where there is none
	Reference []float64 // what shoppers think the price should be; nil, or NaN where unknown
	RivalDeal []bool    // what is shaded: whether a rival, or what PricePaths.Deals says, is on deal; nil for never
}

// PricePaths shows the prices of several policies one below the other, on the same axes.
type PricePaths struct {
	Title, Subtitle string
	X, Y            string           // such as "week", "shelf price, $"
	Label           func(int) string // of times, which are whole; nil: numbers
	Deals           string           // what RivalDeal means, such as "a rival on deal"
	Line            string           // what PricePath.Price is; empty: "own price"
	Paths           []PricePath
}

// Picture draws the paths.
func (l *PricePaths) Picture() (*Picture, error) {
	if len(l.Paths) == 0 {
		return nil, field.New("paths", "none", "at least one")
	}
	for _, p := range l.Paths {
		if len(p.Time) == 0 {
			return nil, field.New("path "+p.Name, "no value", "at least one")
		}
		if err := check("path "+p.Name, len(p.Time), p.Price); err != nil {
			return nil, err
		}
		if p.Reference != nil {
			if err := check("path "+p.Name+", reference", len(p.Time), p.Reference); err != nil {
				return nil, err
			}
		}
		if p.RivalDeal != nil && len(p.RivalDeal) != len(p.Time) {
			return nil, field.New("path "+p.Name+", deals", len(p.RivalDeal), fmt.Sprintf("%d values", len(p.Time)))
		}
	}
	height := headHeight(l.Title, l.Subtitle) + 48 + vg.Length(len(l.Paths))*pathHeight
	return &Picture{height: height, draw: l.draw}, nil
}

const pathHeight = 132

var (
	ownLine       = draw.LineStyle{Color: hue(0), Width: 1.8}
	referenceLine = draw.LineStyle{Color: hue(1), Width: 1.2, Dashes: []vg.Length{4, 2}}
	dealFill      = faded(hue(5), 0x48)
)

func (l *PricePaths) draw(c *draw.Canvas) {
	xs, ys := scale.New(), scale.New()
	keys := []key{{name: cmp.Or(l.Line, "own price"), line: &ownLine}}
	var reference, deals bool
	for _, path := range l.Paths {
		xs.Add(path.Time...)
		ys.Add(path.Price...)
		ys.Add(path.Reference...)
		reference, deals = reference || path.Reference != nil, deals || path.RivalDeal != nil
	}
	if reference {
		keys = append(keys, key{name: "reference price", line: &referenceLine})
	}
	if deals {
		keys = append(keys, key{name: l.Deals, fill: dealFill})
	}
	top := head(c, l.Title, l.Subtitle)
	legend(c, vg.Point{X: margin, Y: top - 4}, keys)
	top -= 16
	p := panel{Canvas: c, x0: xs.Low - 0.5, x1: xs.High + 0.5}
	p.y0, p.y1 = ys.Padded(0.08)
	for i, path := range l.Paths {
		upper := top - vg.Length(i)*pathHeight
		p.area = vg.Rectangle{
			Min: vg.Point{X: margin + labelRoom(p.y0, p.y1), Y: upper - pathHeight + 10},
			Max: vg.Point{X: width - margin, Y: upper - 20},
		}
		p.deals(path)
		p.frameY(l.Y)
		p.path(path)
		if i == len(l.Paths)-1 {
			p.frameLabels(l.X, l.Label)
		} else {
			p.frameX("", false)
		}
		write(c, style(textSize, true, ink, atCentre, atFoot), vg.Point{X: (p.area.Min.X + p.area.Max.X) / 2, Y: p.area.Max.Y + 7}, path.Name)
	}
}

func (p *panel) path(path PricePath) {
	if path.Reference != nil {
		p.line(referenceLine, path.Time, path.Reference)
	}
	p.steps(ownLine, path.Time, path.Price)
}

// deals shades the stretches of time in which a rival is on deal, neighbours in one piece.
func (p *panel) deals(path PricePath) {
	for i := 0; i < len(path.RivalDeal); i++ {
		if !path.RivalDeal[i] {
			continue
		}
		lo, hi := tread(path.Time, i)
		for i+1 < len(path.RivalDeal) && path.RivalDeal[i+1] {
			i++
			_, hi = tread(path.Time, i)
		}
		fillRect(p.Canvas, dealFill, p.x(max(lo, p.x0)), p.area.Min.Y, p.x(min(hi, p.x1)), p.area.Max.Y)
	}
}
