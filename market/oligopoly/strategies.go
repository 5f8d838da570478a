package oligopoly

import (
	"fmt"

	"github.com/souk-sim/souk/scenarios/field"
)

// States is how many states Table numbers. It is 0 where they are more than 2²⁵, and where firms alternate without memory, since what stands is then not
// in the state.
func (g *Game) States() int {
	return g.movers() * g.histories()
}

// histories is A^k, the joint choices that k periods can have seen.
func (g *Game) histories() int {
	if g.cfg.alternating() && g.cfg.Memory == 0 {
		return 0
	}
	histories := 1
	for range g.cfg.Memory {
		if histories *= g.joints; histories*g.movers() > mostEntries {
			return 0
		}
	}
	return histories
}

// movers is how many kinds of periods there are by whose turn it is.
func (g *Game) movers() int {
	if g.cfg.alternating() {
		return g.n
	}
	return 1
}

// after is the state that follows when a joint choice has been made in a state, and what stands in that period. With alternating moves only the
// mover's part of the choice counts.
func (g *Game) after(state, joint, histories int) (next, played int) {
	mover, history := state/histories, state%histories
	if g.cfg.alternating() {
		standing := history % g.joints
		joint = standing + g.digit(joint, mover) - g.digit(standing, mover)
	}
	return (mover+1)%g.movers()*histories + (history*g.joints+joint)%histories, joint
}

// Profile is a strategy of every firm: what frozen learners do. It serves one goroutine.
type Profile struct {
	game      *Game
	histories int
	rungs     [][]int32       // [firm][state]
	joint     []int32         // [state], what stands in a period that begins there
	next      []int32         // [state]
	values    [][]float64     // [firm][state], once asked for
	best      []*BestResponse // by firm, likewise
}

// Profile puts together strategies[i][s], the rung that firm i chooses in state s of Table's numbering; with alternating moves they count where i moves. Strategies are
// borrowed. An error is a *field.Error: strategies that do not fit the game, a game without states (see States), or one without discounting, whose
// values would be infinite.
func (g *Game) Profile(strategies [][]int32) (*Profile, error) {
	states := g.States()
	if states == 0 {
		return nil, field.New("memory", g.cfg.Memory, "as much as gives 1 to 2²⁵ states")
	}
	if g.cfg.Discount >= 1 {
		return nil, field.New("discount", g.cfg.Discount, "less than 1, so that a game without end has a value")
	}
	if len(strategies) != g.n {
		return nil, field.New("strategies", fmt.Sprintf("%d strategies", len(strategies)), fmt.Sprintf("one for each of %d firms", g.n))
	}
	for i, strategy := range strategies {
		if len(strategy) != states {
			return nil, field.New("strategies", fmt.Sprintf("%d states of %s", len(strategy), g.cfg.Firms[i].Name), fmt.Sprintf("%d", states))
		}
		for s, r := range strategy {
			if r < 0 || int(r) >= len(g.ladders[i]) {
				return nil, field.New("strategies", fmt.Sprintf("rung %d of %s in state %d", r, g.cfg.Firms[i].Name, s), fmt.Sprintf("0 to %d", len(g.ladders[i])-1))
			}
		}
	}
	p := &Profile{game: g, histories: g.histories(), rungs: strategies, joint: make([]int32, states), next: make([]int32, states), values: make([][]float64, g.n), best: make([]*BestResponse, g.n)}
	for s := range p.next {
		joint := 0
		for i, strategy := range strategies {
			joint += g.stride[i] * int(strategy[s])
		}
		next, played := g.after(s, joint, p.histories)
		p.next[s], p.joint[s] = int32(next), int32(played)
	}
	return p, nil
}

// options are what a firm's rungs lead to in a state, where the others follow the profile.
type options struct{ next, played, onward, each int }

func (p *Profile) options(state, firm int) (o options) {
	g, joint := p.game, int(p.joint[state])
	o.next, o.played = g.after(state, joint-g.digit(joint, firm), p.histories)
	if !g.cfg.alternating() || state/p.histories == firm {
		o.each = g.stride[firm]
		o.onward = o.each * min(1, g.cfg.Memory)
	}
	return o
}

// of is the state that follows rung r, and the joint choice that stands in the period.
func (o options) of(r int) (next, played int) { return o.next + r*o.onward, o.played + r*o.each }

// Cycle is what play ends in when everybody follows a strategy: in a finite game without chance some states come round for ever.
type Cycle struct {
	States []int32 // in the order in which they come round, the first one reached first
	Before int     // periods until then
	Mean   Outcome // of a period on the cycle
}

// Cycle is the limit cycle that play from a state ends in.
func (p *Profile) Cycle(state int) *Cycle {
	reached := make([]int32, len(p.next)) // 1 + the period
	path := []int32{}
	s := int32(state)
	for ; reached[s] == 0; s = p.next[s] {
		path = append(path, s)
		reached[s] = int32(len(path))
	}
	c := &Cycle{Before: int(reached[s]) - 1}
	c.States = path[c.Before:]
	c.Mean = p.mean(c.States)
	return c
}

// mean is that of the periods that begin in some states.
func (p *Profile) mean(states []int32) Outcome {
	g, share := p.game, 1/float64(len(states))
	o := Outcome{Choices: make([]float64, g.n), Prices: make([]float64, g.n), Quantities: make([]float64, g.n), Profits: make([]float64, g.n)}
	for _, s := range states {
		joint := int(p.joint[s])
		for i := range g.n {
			o.Choices[i] += g.ladders[i][joint/g.stride[i]%len(g.ladders[i])]
			o.Prices[i] += g.prices[joint*g.n+i]
			o.Quantities[i] += g.units[joint*g.n+i]
			o.Profits[i] += g.profits[joint*g.n+i]
		}
	}
	for i := range g.n {
		o.Choices[i] *= share
		o.Prices[i] *= share
		o.Quantities[i] *= share
		o.Profits[i] *= share
	}
	return o
}

// ProfitGain is what firms earn on the scale from the one-shot equilibrium (0) to the joint optimum (1),
//
//	Δ = (π̄ − π^N)/(π^M − π^N)
//
// with π̄, π^N and π^M the means over the firms of profits, nash and monopoly (Calvano et al. 2020, eq. 9); of slices of length one it is that of a firm.
func ProfitGain(profits, nash, monopoly []float64) float64 {
	gained, possible := 0.0, 0.0
	for i, profit := range profits {
		gained += profit - nash[i]
		possible += monopoly[i] - nash[i]
	}
	return gained / possible
}
