package web

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
)

// Graph is a chart of what goes with what: names on a circle, and a line between those that go together, the thicker the more.
type Graph struct {
	Title, Caption string
	Nodes          []string
	Edges          []Edge
	Weight         string // what the thickness of a line is, with its unit
}

// Edge is a line between two nodes, by their indices.
type Edge struct {
	From, To int
	Weight   float64 // above 0
}

func (g Graph) write(d *document) error {
	if len(g.Nodes) < 2 || len(g.Edges) == 0 {
		return field.New("chart "+g.Title, fmt.Sprintf("%d nodes, %d edges", len(g.Nodes), len(g.Edges)), "two nodes and an edge at least")
	}
	edges := slices.Clone(g.Edges)
	slices.SortStableFunc(edges, func(a, b Edge) int { return compare(b.Weight, a.Weight) })
	t := Table{Columns: []Column{{Name: "of"}, {Name: "with"}, {Name: g.Weight, Kind: Numbers}}}
	var told []string
	for _, e := range edges {
		if e.From < 0 || e.To < 0 || e.From >= len(g.Nodes) || e.To >= len(g.Nodes) || !(e.Weight > 0) {
			return field.New("chart "+g.Title, fmt.Sprintf("%+v", e), "an edge between nodes with a weight above 0")
		}
		t.Rows = append(t.Rows, []Cell{Word(g.Nodes[e.From]), Word(g.Nodes[e.To]), Number(e.Weight)})
		if len(told) < 8 {
			told = append(told, fmt.Sprintf("%s with %s %.3g", g.Nodes[e.From], g.Nodes[e.To], e.Weight))
		}
	}
	t.Rows = t.Rows[:min(len(t.Rows), mostRows)]
	f := &figure{title: g.Title, caption: g.Caption, summary: "What goes together, by " + g.Weight + ", the strongest first: " + strings.Join(told, "; ") + ".", height: 420, narrow: 340, data: t,
		draw: func(c *canvas) { g.draw(c, edges) }}
	f.write(d)
	return nil
}

func (g *Graph) draw(c *canvas, edges []Edge) {
	room := 0.0
	for _, name := range g.Nodes {
		room = max(room, min(c.wide(name), c.w/4))
	}
	x0, y0, radius := c.w/2, c.h/2, min(c.w/2-room-14, c.h/2-24)
	at := func(i int) (x, y, cos float64) {
		sine, cosine := portable.Sincos(2*math.Pi*float64(i)/float64(len(g.Nodes)) - math.Pi/2)
		return x0 + radius*cosine, y0 + radius*sine, cosine
	}
	for k := len(edges) - 1; k >= 0; k-- { // the strongest last, on top
		e := edges[k]
		ax, ay, _ := at(e.From)
		bx, by, _ := at(e.To)
		share := e.Weight / edges[0].Weight
		c.f("<path class=\"edge\" d=\"M%.1f %.1fQ%.1f %.1f %.1f %.1f\" stroke-width=\"%.1f\" stroke-opacity=\"%.2f\"/>\n",
			ax, ay, (ax+bx)/2+(x0-(ax+bx)/2)*0.4, (ay+by)/2+(y0-(ay+by)/2)*0.4, bx, by, 0.6+5*share, 0.25+0.6*share)
	}
	for i, name := range g.Nodes {
		x, y, cos := at(i)
		anchor, shift, down := "start", 9.0, 0.35*c.size
		switch {
		case math.Abs(cos) < 0.2:
			anchor, shift = "middle", 0
			if down = 20; y < y0 {
				down = -10
			}
		case cos < 0:
			anchor, shift = "end", -9
		}
		c.f("<circle class=\"dot h0\" cx=\"%.1f\" cy=\"%.1f\" r=\"5\"/>", x, y)
		c.text(x+shift, y+down, anchor, "name", c.cut(name, max(room, c.w/4)))
	}
}
