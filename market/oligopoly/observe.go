package oligopoly

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/sim/env"
)

// describe writes the firms' specs and makes what observations are filled from. All see the same features, each from its own side.
func (g *Game) describe(system System, ladders [][]float64) {
	g.ladders = ladders
	g.quantities = system.Quantities()
	lowest, highest := math.Inf(1), math.Inf(-1)
	for _, l := range ladders {
		lowest, highest = min(lowest, l[0]), max(highest, l[len(l)-1])
	}
	most := slices.Max(g.units)
	dearest := slices.Max(g.prices)
	for i, ladder := range ladders {
		spec := env.Spec{Features: g.features(i, lowest, highest, most, dearest)}
		for _, x := range ladder {
			spec.Offers = append(spec.Offers, env.Offer{Price: x})
		}
		g.specs = append(g.specs, spec)
		g.masks = append(g.masks, slices.Repeat([]bool{true}, len(ladder)))
		rows := make([][]int32, g.n)
		for j := range rows {
			rows[j] = nearest(ladder, ladders[j])
		}
		g.nearest = append(g.nearest, rows)
	}
	g.seen = make([]float64, len(g.specs[0].Features))
}

// features lists what firm i sees, in the order of see. Of periods before the last the names end in @2, @3, …, periods ago.
func (g *Game) features(i int, lowest, highest, most, dearest float64) []env.Feature {
	firms, choice, unit := g.cfg.Firms, "price", "$"
	if g.quantities {
		choice, unit = "quantity", "units"
	}
	top := func(j int) float64 { return float64(len(g.ladders[j]) - 1) }
	all := []env.Feature{
		{Name: "period", Unit: "periods", Doc: "periods since the episode opened", Max: float64(g.cfg.Horizon)},
		{Name: "periods_left", Unit: "periods", Doc: "periods until the episode ends", Max: float64(g.cfg.Horizon)},
		{Name: "unit_cost", Unit: "$", Doc: "cost of a unit", Min: firms[i].Cost, Max: firms[i].Cost},
	}
	if g.cfg.Memory == 0 {
		return all
	}
	all = append(all, env.Feature{Name: "sold", Unit: "units", Doc: "units sold in the last period", Max: most})
	if g.quantities {
		all = append(all, env.Feature{Name: "market_price", Unit: "$", Doc: "price that the last period's quantities fetched", Max: dearest})
	}
	if g.n > 1 {
		all = append(all,
			env.Feature{Name: "lowest_rival_price", Unit: unit, Doc: "lowest " + choice + " of a rival in the last period", Min: lowest, Max: highest},
			env.Feature{Name: "lowest_rival_rung", Unit: "index", Doc: "rung of the own ladder nearest to it", Max: top(i)})
	}
	for lag := 1; lag <= g.cfg.Memory; lag++ {
		ago, when := "", "in the last period"
		if lag > 1 {
			ago, when = fmt.Sprintf("@%d", lag), fmt.Sprintf("%d periods ago", lag)
		}
		all = append(all,
			env.Feature{Name: "own_rung" + ago, Unit: "index", Doc: "own " + choice + " " + when + ", as index into the ladder", Max: top(i)},
			env.Feature{Name: "last_price" + ago, Unit: unit, Doc: "own " + choice + " " + when, Min: lowest, Max: highest})
		for j, f := range firms {
			if j != i {
				all = append(all,
					env.Feature{Name: "rung:" + f.Name + ago, Unit: "index", Doc: choice + " of " + f.Name + " " + when + ", as index into its ladder", Max: top(j)},
					env.Feature{Name: "price:" + f.Name + ago, Unit: unit, Doc: choice + " of " + f.Name + " " + when, Min: lowest, Max: highest})
			}
		}
	}
	return all
}

// see fills firm i's observation, borrowed until the next call.
func (g *Game) see(i int) []float64 {
	s := append(g.seen[:0], float64(g.period), float64(g.cfg.Horizon-g.period), g.cost[i])
	if g.cfg.Memory == 0 {
		return s
	}
	s = append(s, g.units[g.joint*g.n+i])
	if g.quantities {
		s = append(s, g.prices[g.joint*g.n+i])
	}
	if g.n > 1 {
		lowest, who := math.Inf(1), 0
		for j, r := range g.past[:g.n] {
			if x := g.ladders[j][r]; j != i && x < lowest {
				lowest, who = x, j
			}
		}
		s = append(s, lowest, float64(g.nearest[i][who][g.past[who]]))
	}
	for past := g.past; len(past) > 0; past = past[g.n:] {
		s = append(s, float64(past[i]), g.ladders[i][past[i]])
		for j, r := range past[:g.n] {
			if j != i {
				s = append(s, float64(r), g.ladders[j][r])
			}
		}
	}
	return s
}

// nearest gives for each rung of another ladder the nearest of one's own; of two the lower.
func nearest(own, other []float64) []int32 {
	all := make([]int32, len(other))
	k := 0
	for r, x := range other {
		for k+1 < len(own) && math.Abs(own[k+1]-x) < math.Abs(own[k]-x) {
			k++
		}
		all[r] = int32(k)
	}
	return all
}
