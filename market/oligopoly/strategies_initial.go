package oligopoly

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// Initial is the table of values that a learner begins with.
type Initial struct {
	Kind  string  `toml:"kind" shorthand:"true" default:"'random-rivals'" oneof:"random-rivals,nash,monopoly,grim,constant,uniform" doc:"random-rivals: each rung's mean profit where rivals choose at random for ever; nash, monopoly: what it is worth where all choose the rungs nearest to that outcome ever after; grim: likewise with grim trigger; constant; uniform: random numbers"`
	Value float64 `toml:"value" doc:"constant: every value, $"`
	From  float64 `toml:"from" doc:"uniform: the lowest value, $"`
	To    float64 `toml:"to" doc:"uniform: the highest, $"`
}

// InitialValues is a firm's table q[s*m+r] of rung r of m in state s of Table's numbering, as an Initial has it:
//
//   - random-rivals: Q₀(s, r) = Σ π_i(r, r_{−i}) / ((1 − δ)·Π_{j≠i} m_j), the same in all states (Calvano et al. 2020, eq. 8);
//   - nash, monopoly: Q₀(s, r) = π_i(r, r*_{−i}) + δ·π_i(r*)/(1 − δ), r* the rungs nearest to Config.Nash or Config.Monopoly; with alternating moves what
//     stands in s counts, too;
//   - grim: the values of choosing r and following grim trigger from then on: the monopoly rungs as long as all that is remembered are these, else the
//     Nash rungs (Calvano et al. 2020, online appendix, table A9, has these and nash);
//   - constant and uniform: Value, or independent draws between From and To in the order of the table.
//
// The stream is that of uniform; others do not draw. Errors are of type *field.Error.
func (g *Game) InitialValues(initial *Initial, firm int, stream *rng.Stream) ([]float64, error) {
	states, m := g.States(), len(g.ladders[firm])
	if states == 0 {
		return nil, field.New("memory", g.cfg.Memory, "as much as gives 1 to 2²⁵ states")
	}
	for _, x := range []struct {
		key   string
		value float64
	}{{"value", initial.Value}, {"from", initial.From}, {"to", initial.To}} {
		if math.IsNaN(x.value) || math.IsInf(x.value, 0) {
			return nil, field.New(x.key, x.value, "a finite number")
		}
	}
	switch q := make([]float64, states*m); initial.Kind {
	case "random-rivals":
		if g.cfg.Discount >= 1 {
			return nil, field.New("discount", g.cfg.Discount, "less than 1, so that a game without end has a value")
		}
		g.againstRandom(firm, q)
		return q, nil
	case "nash", "monopoly", "grim":
		strategies, err := g.simple(initial.Kind)
		if err != nil {
			return nil, err
		}
		p, err := g.Profile(strategies)
		if err != nil {
			return nil, err
		}
		return p.table(firm), nil
	case "constant":
		for k := range q {
			q[k] = initial.Value
		}
		return q, nil
	case "uniform":
		if initial.From > initial.To {
			return nil, field.New("to", initial.To, fmt.Sprintf("at least from, %g", initial.From))
		}
		for k := range q {
			q[k] = initial.From + float64((initial.To-initial.From)*stream.Float64())
		}
		return q, nil
	}
	return nil, field.New("kind", fmt.Sprintf("%q", initial.Kind), "random-rivals, nash, monopoly, grim, constant or uniform")
}

// againstRandom fills q with each rung's mean profit, divided by 1 − δ, in every state.
func (g *Game) againstRandom(firm int, q []float64) {
	m := len(g.ladders[firm])
	row := q[:m]
	for joint := range g.joints {
		row[joint/g.stride[firm]%m] += g.profits[joint*g.n+firm]
	}
	for r := range row {
		row[r] /= float64(g.joints/m) * (1 - g.cfg.Discount)
	}
	for k := m; k < len(q); k++ {
		q[k] = q[k-m]
	}
}

// simple is the profile in which all do as a kind of Initial says.
func (g *Game) simple(kind string) ([][]int32, error) {
	outcomes := map[string]func() (*Outcome, error){"nash": g.cfg.Nash, "monopoly": g.cfg.Monopoly, "grim": g.cfg.Nash}
	rungs, err := g.nearestTo(outcomes[kind])
	if err != nil {
		return nil, err
	}
	strategies := make([][]int32, g.n)
	for i := range strategies {
		strategies[i] = make([]int32, g.States())
		for s := range strategies[i] {
			strategies[i][s] = rungs[i]
		}
	}
	if kind != "grim" {
		return strategies, nil
	}
	if rungs, err = g.nearestTo(g.cfg.Monopoly); err != nil {
		return nil, err
	}
	histories, trusted := g.histories(), 0
	for range g.cfg.Memory {
		trusted = trusted*g.joints + g.index(rungs)
	}
	for mover := range g.movers() {
		for i := range strategies {
			strategies[i][mover*histories+trusted] = rungs[i]
		}
	}
	return strategies, nil
}

// nearestTo is each firm's rung nearest to what it chooses in an outcome; of two the lower.
func (g *Game) nearestTo(outcome func() (*Outcome, error)) ([]int32, error) {
	o, err := outcome()
	if err != nil {
		return nil, err
	}
	rungs := make([]int32, g.n)
	for i, ladder := range g.ladders {
		rungs[i] = nearest(ladder, o.Choices[i:i+1])[0]
	}
	return rungs, nil
}
