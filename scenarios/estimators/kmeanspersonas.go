package estimators

import (
	"fmt"
	"strconv"

	"github.com/souk-sim/souk/market/persona"
)

// personas makes personas of the people's groups, and tells of them.
func (p *People) personas(job Job, all *people, labels []int, f *Fit) (*persona.Personas, error) {
	f.N, f.Data = all.features.Rows(), all.words
	if all.log.Customer != nil {
		f.Customers = f.N
	}
	personas, err := persona.NewPersonas(all.features, all.log, labels, persona.Options{Least: p.Least, Scale: all.scale})
	if err != nil {
		return nil, inFile(job.Data, err)
	}
	for g := range personas.Groups {
		for i := range personas.Groups[g].Card.Favourites {
			like := &personas.Groups[g].Card.Favourites[i]
			like.Name = all.products[like.Product]
		}
	}
	if personas.Merged > 0 {
		f.Warnings = append(f.Warnings, fmt.Sprintf("%d groups of fewer than %d customers were merged with the nearest: figures of groups are of those that are left", personas.Merged, p.Least))
	}
	f.Saved = saved{personas.Save}
	f.Tables = append(f.Tables, cardTables(personas)...)
	return personas, nil
}

// personaFigures are what is told of personas. Each has as many customers as Least says.
type personaFigures struct {
	Sizes    []int          `json:"sizes"`
	Centers  [][]float64    `json:"centers"`   // back on the data's scale
	CentersZ [][]float64    `json:"centers_z"` // on the scale of the groups
	Scale    *persona.Scale `json:"scale"`
	Cards    []persona.Card `json:"cards"`
	Merged   int            `json:"merged"`
}

func personaFiguresOf(p *persona.Personas) personaFigures {
	f := personaFigures{Scale: p.Scale, Merged: p.Merged}
	for _, g := range p.Groups {
		x := make([]float64, len(g.Center))
		p.Scale.Undo(g.Center, x)
		f.Sizes, f.Centers, f.CentersZ, f.Cards = append(f.Sizes, g.Card.Customers), append(f.Centers, x), append(f.CentersZ, g.Center), append(f.Cards, g.Card)
	}
	return f
}

// cardTables are the personas as people read them.
func cardTables(p *persona.Personas) []Table {
	sizes := Table{Title: "personas, with their centres", Rows: [][]string{append([]string{"", "customers", "share"}, p.Scale.Names...)}}
	marks := Table{Title: "what marks them, in standard deviations from the others", Rows: [][]string{append([]string{""}, p.Scale.Names...)}}
	likes := Table{Title: "favourite products, with the share of those who buy them", Rows: [][]string{{"", "product", "of the group", "of all"}}}
	deals := Table{Title: "promotions: share of lines with a discount, and how much more than others for the same products",
		Rows: [][]string{{"", "on deal", "others", "excess", "95%"}}}
	center := make([]float64, len(p.Scale.Names))
	for g := range p.Groups {
		card := &p.Groups[g].Card
		p.Scale.Undo(p.Groups[g].Center, center)
		name := strconv.Itoa(g + 1)
		row, mark := []string{name, strconv.Itoa(card.Customers), percent(card.Share)}, []string{name}
		for j, feature := range p.Scale.Names {
			row = append(row, rounded(center[j]))
			for _, m := range card.Marks {
				if m.Feature == feature {
					mark = append(mark, fmt.Sprintf("%+.2f", m.Difference))
				}
			}
		}
		sizes.Rows, marks.Rows = append(sizes.Rows, row), append(marks.Rows, mark)
		for _, like := range card.Favourites {
			likes.Rows = append(likes.Rows, []string{name, like.Name, percent(like.Buyers), percent(like.All)})
		}
		if d := card.Promotion; d != nil {
			deals.Rows = append(deals.Rows, []string{name, percent(d.OnDeal), percent(d.Others), rounded(d.Excess.Value),
				fmt.Sprintf("%s to %s", rounded(d.Excess.Low), rounded(d.Excess.High))})
		}
	}
	tables := []Table{sizes}
	if len(p.Groups) > 1 {
		tables = append(tables, marks)
	}
	for _, t := range []Table{likes, deals} {
		if len(t.Rows) > 1 {
			tables = append(tables, t)
		}
	}
	return tables
}

func percent(share float64) string { return fmt.Sprintf("%.1f%%", 100*share) }

func rounded(x float64) string { return strconv.FormatFloat(x, 'g', 5, 64) }
