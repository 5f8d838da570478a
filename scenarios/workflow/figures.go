package workflow

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/market/basket"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/sim/env"
)

// drawings is figures.json: what the report of a training run draws and no other of its files holds in short.
type drawings struct {
	Actions  []actionFigure   `json:"actions,omitempty"` // while learning, by agent
	Policy   *policyFigure    `json:"policy,omitempty"`  // of the bundle
	Paths    []pathFigure     `json:"paths"`             // by policy, on customers that training never met
	Averaged int              `json:"paths_averaged"`    // over how many episodes each path is a mean
	Traffic  *trafficFigure   `json:"traffic,omitempty"` // where it is fitted to data
	Baskets  []togetherFigure `json:"baskets,omitempty"` // what shoppers buy together, where that is modelled
}

// curve is values of which some may be missing: NaN, in JSON null.
type curve []float64

// MarshalJSON writes null for what is missing.
func (c curve) MarshalJSON() ([]byte, error) {
	all := make([]orNull, len(c))
	for i, v := range c {
		all[i] = orNull(v)
	}
	return json.Marshal(all)
}

// UnmarshalJSON reads it again.
func (c *curve) UnmarshalJSON(text []byte) error {
	var all []*float64
	err := json.Unmarshal(text, &all)
	*c = make(curve, len(all))
	for i, v := range all {
		if (*c)[i] = missing; v != nil {
			(*c)[i] = *v
		}
	}
	return err
}

// mostMixes is how many points the mix of actions has.
const mostMixes = 40

// actionFigure is the mix of an agent's offers while it learned, exploration included: by block of episodes the share of each offer, all seeds together.
type actionFigure struct {
	Agent   string   `json:"agent"`
	Offers  []string `json:"offers"` // from the lowest price
	Episode curve    `json:"episode"`
	Share   []curve  `json:"share"` // by offer and block
}

// actionsOf counts the offers in steps.parquet.
func actionsOf(run *rundir.Run, s *scenarios.Scenario, spec *env.Spec) ([]actionFigure, error) {
	rows, err := openTable[results.Step](run, "steps")
	if err != nil {
		return nil, err
	}
	defer rows.close()
	blocks := min(mostMixes, (s.Train.Episodes+s.Train.StepsEvery-1)/max(1, s.Train.StepsEvery))
	counts := map[string][][]float64{} // by agent, block and action
	for _, a := range s.Agents {
		for range blocks {
			counts[a.Name] = append(counts[a.Name], make([]float64, len(spec.Offers)))
		}
	}
	for r := rows.next(); r != nil; r = rows.next() {
		if of := counts[r.Agent]; of != nil && r.Action >= 0 && int(r.Action) < len(spec.Offers) {
			of[min(int(r.Episode)*blocks/s.Train.Episodes, blocks-1)][r.Action]++
		}
	}
	if rows.err != nil {
		return nil, rows.err
	}
	order := byPrice(spec)
	var all []actionFigure
	for _, a := range s.Agents {
		f := actionFigure{Agent: a.Name, Share: make([]curve, len(order))}
		for _, k := range order {
			f.Offers = append(f.Offers, offerText(spec.Offers[k].Price, spec.Offers[k].Promotion))
		}
		for b, of := range counts[a.Name] {
			total := 0.0
			for _, n := range of {
				total += n
			}
			if total == 0 {
				continue // no step of these episodes was kept
			}
			f.Episode = append(f.Episode, float64((b+1)*s.Train.Episodes/blocks))
			for i, k := range order {
				f.Share[i] = append(f.Share[i], of[k]/total)
			}
		}
		if len(f.Episode) > 1 {
			all = append(all, f)
		}
	}
	return all, nil
}

// byPrice is the order of offers from the lowest price.
func byPrice(spec *env.Spec) []int {
	order := make([]int, len(spec.Offers))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(spec.Offers[a].Price, spec.Offers[b].Price) })
	return order
}

// pathFigure is what a policy did and met, period by period.
type pathFigure struct {
	Policy    string `json:"policy"`
	Price     curve  `json:"price"`
	Reference curve  `json:"reference_price,omitempty"`
	Stock     curve  `json:"stock,omitempty"`
	Units     curve  `json:"units,omitempty"`
	Visitors  curve  `json:"visitors,omitempty"`
}

// trafficFigure is the series that shoppers are drawn from, and its forecast from the first period after the fit.
type trafficFigure struct {
	Name     string        `json:"name"`
	Model    string        `json:"model"`
	Unit     string        `json:"unit"` // of time
	Start    int           `json:"start"`
	Observed curve         `json:"observed"`
	From     int           `json:"forecast_start"`
	Median   curve         `json:"median"`
	Fans     []forecastFan `json:"fans"` // the widest first
}

// forecastFan is a central interval of the forecast.
type forecastFan struct {
	Coverage float64 `json:"coverage"`
	Low      curve   `json:"low"`
	High     curve   `json:"high"`
}

// fanned are the coverages of a forecast's intervals.
var fanned = [...]float64{level, 0.8, 0.5}

// togetherFigure is how much more often two products are bought together than by chance.
type togetherFigure struct {
	Of   string  `json:"of"`
	With string  `json:"with"`
	Lift float64 `json:"lift"`
}

// mostTogether is how many pairs the picture of baskets has.
const mostTogether = 40

// togetherOf takes the pairs of a model of baskets, the highest lift first; name is what the items are called.
func togetherOf(model *basket.CrossSell, name func(item int) string) (all []togetherFigure) {
	seen := map[[2]int]bool{}
	for _, r := range model.Rules {
		if len(r.If) != 1 || len(r.Then) != 1 || !(r.Lift > 1) {
			continue
		}
		pair := [2]int{min(r.If[0], r.Then[0]), max(r.If[0], r.Then[0])}
		of, with := name(pair[0]), name(pair[1])
		if seen[pair] || of == "" || with == "" {
			continue
		}
		seen[pair] = true
		all = append(all, togetherFigure{of, with, r.Lift})
	}
	slices.SortStableFunc(all, func(a, b togetherFigure) int {
		return cmp.Or(cmp.Compare(b.Lift, a.Lift), cmp.Compare(a.Of, b.Of), cmp.Compare(a.With, b.With))
	})
	return all[:min(len(all), mostTogether)]
}

// figures gathers what the report draws.
func (r *Run) figures(run *rundir.Run, w world, m *Summary) error {
	f := &drawings{Policy: policyOf(m.Chosen.Policy)}
	var err error
	if f.Actions, err = actionsOf(run, r.Scenario, w.seats().Spec); err != nil {
		return err
	}
	if err := m.scene.figures(m, w, f); err != nil {
		return fmt.Errorf("figures: %w", err)
	}
	text, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("figures.json: %w", err)
	}
	return run.WriteFile("figures.json", append(text, '\n'))
}

// atPeriods is an empty curve over so many periods.
func atPeriods(n int) curve {
	c := make(curve, n)
	for i := range c {
		c[i] = math.NaN()
	}
	return c
}
