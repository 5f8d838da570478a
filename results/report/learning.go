package report

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/results/report/scale"
	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Curve is one learner's progress.
type Curve struct {
	Name  string
	Seeds [][]float64 // by seed, then by episode or block of episodes; those that ended early are shorter
}

// Reference is a horizontal line: what a policy that does not learn earns.
type Reference struct {
	Name  string
	Value float64
}

// LearningCurves shows what learners earned, episode by episode.
type LearningCurves struct {
	Title, Subtitle string
	Y               string // what is shown and its unit, such as "profit a week, $"
	Each            int    // episodes that a value averages; 0: one
	Curves          []Curve
	References      []Reference
}

// maxPoints is how many points of a curve are drawn; longer ones are averaged in equal blocks of episodes.
const maxPoints = 200

// Picture draws for each curve the mean over seeds, in a band from the lowest to the highest seed.
func (l *LearningCurves) Picture() (*Picture, error) {
	episodes := 0
	for _, c := range l.Curves {
		for i, s := range c.Seeds {
			key := fmt.Sprintf("curve %s, seed %d", c.Name, i)
			if err := check(key, len(s), s); err != nil {
				return nil, err
			}
			if len(s) == 0 || slices.ContainsFunc(s, math.IsNaN) {
				return nil, field.New(key, "no value", "a number for every episode")
			}
			episodes = max(episodes, len(s))
		}
		if len(c.Seeds) == 0 {
			return nil, field.New("curve "+c.Name, "no seed", "at least one")
		}
	}
	if episodes == 0 {
		return nil, field.New("curves", "none", "at least one")
	}
	return &Picture{height: 330, draw: func(c *draw.Canvas) { l.draw(c, episodes) }}, nil
}

func (l *LearningCurves) draw(c *draw.Canvas, episodes int) {
	block, each := (episodes+maxPoints-1)/maxPoints, max(l.Each, 1)
	ys := scale.New()
	var bundles []bundle
	var tags []tag
	for i, curve := range l.Curves {
		b := newBundle(curve.Seeds, block)
		for k := range b.x {
			b.x[k] *= float64(each)
		}
		bundles = append(bundles, b)
		ys.Add(b.lo...)
		ys.Add(b.hi...)
		tags = append(tags, tag{curve.Name, b.mean[len(b.mean)-1], hue(i), true})
	}
	for _, r := range l.References {
		ys.Add(r.Value)
		tags = append(tags, tag{r.Name + "  " + significant(r.Value), r.Value, soft, false})
	}
	p := panel{Canvas: c, x1: float64(episodes * each)}
	p.y0, p.y1 = ys.Padded(0.04)
	p.area = vg.Rectangle{
		Min: vg.Point{X: margin + labelRoom(p.y0, p.y1), Y: 62},
		Max: vg.Point{X: width - margin - tagRoom(tags), Y: head(c, l.Title, l.Subtitle) - 18},
	}
	p.frameY(l.Y)
	p.frameX("training episode", false)
	for i, r := range l.References {
		c.StrokeLine2(dashed(i), p.area.Min.X, p.y(r.Value), p.area.Max.X, p.y(r.Value))
	}
	for i, b := range bundles {
		p.band(faded(hue(i), 0x38), b.x, b.lo, b.hi)
	}
	for i, b := range bundles {
		p.line(draw.LineStyle{Color: hue(i), Width: 1.6}, b.x, b.mean)
	}
	p.tags(tags)
	caption(c, l.caption(block*each))
}

// dashed is the line of a reference.
func dashed(i int) draw.LineStyle {
	return draw.LineStyle{Color: soft, Width: 1, Dashes: [][]vg.Length{{6, 3}, {1.5, 2.5}, {9, 3, 1.5, 3}, {3, 3}}[i%4]}
}

func (l *LearningCurves) caption(block int) string {
	seeds := len(l.Curves[0].Seeds)
	text := "One seed."
	if seeds > 1 {
		text = fmt.Sprintf("Lines: mean of %d seeds. Bands: lowest to highest seed.", seeds)
	}
	if slices.ContainsFunc(l.Curves, func(c Curve) bool {
		return slices.ContainsFunc(c.Seeds, func(s []float64) bool { return len(s) != len(c.Seeds[0]) })
	}) {
		text += " A seed counts up to its end."
	}
	if block > 1 {
		text += fmt.Sprintf(" Each point averages %d episodes.", block)
	}
	return text
}

// bundle is a curve's mean and range over seeds, by block of episodes.
type bundle struct{ x, mean, lo, hi []float64 }

func newBundle(seeds [][]float64, block int) bundle {
	var b bundle
	last := 0
	for _, s := range seeds {
		last = max(last, len(s))
	}
	for from := 0; from < last; from += block {
		sum, lo, hi := 0.0, math.Inf(1), math.Inf(-1)
		to, n := from, 0
		for _, s := range seeds {
			if len(s) <= from {
				continue
			}
			part := s[from:min(from+block, len(s))]
			m := 0.0
			for _, v := range part {
				m += v
			}
			m /= float64(len(part))
			sum, lo, hi = sum+m, min(lo, m), max(hi, m)
			to, n = max(to, from+len(part)), n+1
		}
		b.x = append(b.x, float64(from+to)/2)
		b.mean, b.lo, b.hi = append(b.mean, sum/float64(n)), append(b.lo, lo), append(b.hi, hi)
	}
	return b
}
