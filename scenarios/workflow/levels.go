package workflow

import (
	"math"
	"slices"

	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/scenarios"
)

// Levels sets the market's dollars against the recorded ones, in the weeks whose prices history replays.
type Levels struct {
	Recorded float64 `json:"recorded"`         // $ a week: units · (price − wholesale) of the records, or what else is the objective
	Model    float64 `json:"choice_model"`     // what the choice model expects at the recorded prices, displays, costs and customers
	Cells    int     `json:"brand_weeks"`      // in both
	Absent   int     `json:"brand_weeks_left"` // without a record, in neither
}

// levelsOf compares the recorded weeks with what the choice model expects of them, shocks averaged over. Reference prices follow the records.
func levelsOf(s *scenarios.Scenario, d *Data, c *choice.ShareLogit, weeks []int) (*Levels, error) {
	shelf, err := c.NewShelf(nil)
	if err != nil {
		return nil, err
	}
	lattice, expected := c.Lattice(), make([]float64, len(c.Brands))
	reference := slices.Repeat([]float64{missing}, len(c.Brands))
	l := &Levels{}
	for t, week := range d.Panel.Periods {
		price := d.Panel.Price[t]
		if _, in := slices.BinarySearch(weeks, week); in {
			shelf.SetWeek(week)
			for j, p := range price {
				if math.IsNaN(p) {
					shelf.Remove(j)
					continue
				}
				shelf.Set(j, p, known(d.Panel.Display[t][j], c.Display(j, known(reference[j], p), p)), known(reference[j], p), 0)
			}
			shelf.ExpectedOver(expected, lattice)
			for j, p := range price {
				margin := objective(s, j, p, d.Panel.Wholesale[t][j])
				really, model := margin*d.Panel.Units[t][j], margin*d.Panel.Customers[t]*expected[j]
				if math.IsNaN(really + model) {
					l.Absent++
					continue
				}
				l.Cells++
				l.Recorded += really / float64(len(weeks))
				l.Model += model / float64(len(weeks))
			}
		}
		for j, p := range price {
			switch {
			case math.IsNaN(p):
			case math.IsNaN(reference[j]):
				reference[j] = p
			default:
				reference[j] = c.NextReference(reference[j], p)
			}
		}
	}
	return l, nil
}

// objective is what a unit of product j brings to the learner's objective, $.
func objective(s *scenarios.Scenario, j int, price, cost float64) float64 {
	switch of := s.Learner().Reward.Of; {
	case of == "revenue" && j == s.Own():
		return price
	case of == "category-profit" || of == "brand-profit" && j == s.Own():
		return price - cost
	}
	return 0
}
