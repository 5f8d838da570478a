package oligopoly

import (
	"math"
	"slices"
)

// equal is the share of a value by which another must exceed it to be better, so that rounding decides nothing.
const equal = 1e-10

// Values is what a firm's discounted profit is worth in each state when all follow the profile, V(s) = π(s) + δ·V(next(s)), exactly: a cycle of length L
// is worth (π_0 + δπ_1 + … + δ^{L−1}π_{L−1})/(1 − δ^L) where it begins, and what leads there follows backwards. It is borrowed.
func (p *Profile) Values(firm int) []float64 {
	if p.values[firm] == nil {
		p.values[firm] = p.game.worth(firm, p.joint, p.next)
	}
	return p.values[firm]
}

// worth is the value to a firm of each state where joint choices and next states are given.
func (g *Game) worth(firm int, joint, next []int32) []float64 {
	const unseen, known = 0, math.MaxInt32
	values, delta := make([]float64, len(next)), g.cfg.Discount
	reached := make([]int32, len(next))
	var path []int32
	for start := range next {
		path = path[:0]
		s := int32(start)
		for ; reached[s] == unseen; s = next[s] {
			path = append(path, s)
			reached[s] = int32(len(path))
		}
		if reached[s] != known { // a new cycle, from the state s
			sum, factor := 0.0, 1.0
			for _, c := range path[reached[s]-1:] {
				sum += float64(factor * g.profits[int(joint[c])*g.n+firm])
				factor *= delta
			}
			values[s] = sum / (1 - factor)
		}
		value := values[s]
		for _, c := range slices.Backward(path) {
			value = g.profits[int(joint[c])*g.n+firm] + float64(delta*value)
			values[c] = value
			reached[c] = known
		}
	}
	return values
}

// table is q[s*m+r], what choosing rung r of m in state s and following the profile ever after is worth to a firm: the Q table that would be right. Where it
// is another's turn all rungs are worth the same.
func (p *Profile) table(firm int) []float64 {
	m := len(p.game.ladders[firm])
	q := make([]float64, len(p.next)*m)
	p.actionValues(firm, p.Values(firm), func(s int, row []float64) { copy(q[s*m:], row) })
	return q
}

// actionValues gives each state's row over r: the profit of a period in which firm chooses r, the others following the profile, and values after it.
func (p *Profile) actionValues(firm int, values []float64, take func(state int, row []float64)) {
	g := p.game
	row := make([]float64, len(g.ladders[firm]))
	for s := range p.next {
		options := p.options(s, firm)
		for r := range row {
			next, played := options.of(r)
			row[r] = g.profits[played*g.n+firm] + float64(g.cfg.Discount*values[next])
		}
		take(s, row)
	}
}

// BestResponse is a firm's best strategy against those of the others, by state of Table's numbering.
type BestResponse struct {
	Rungs  []int32   // the profile's own wherever none is better
	Values []float64 // what it is worth
}

// BestResponse solves a firm's decision problem where the others' strategies stand, by policy iteration (Howard 1960) from its own strategy: each strategy
// is valued exactly (see Values), so that after a few rounds the result is, too. It is borrowed.
func (p *Profile) BestResponse(firm int) *BestResponse {
	if p.best[firm] == nil {
		p.best[firm] = p.respond(firm)
	}
	return p.best[firm]
}

func (p *Profile) respond(firm int) *BestResponse {
	best := &BestResponse{Rungs: slices.Clone(p.rungs[firm]), Values: p.Values(firm)}
	joint, next := slices.Clone(p.joint), slices.Clone(p.next)
	for changed := true; changed; {
		changed = false
		p.actionValues(firm, best.Values, func(s int, row []float64) {
			current := row[best.Rungs[s]]
			if top := slices.Max(row); top > current+float64(equal*math.Abs(current)) {
				best.Rungs[s] = int32(slices.Index(row, top))
				changed = true
			}
		})
		if !changed {
			break
		}
		for s, r := range best.Rungs {
			after, played := p.options(s, firm).of(int(r))
			next[s], joint[s] = int32(after), int32(played)
		}
		best.Values = p.game.worth(firm, joint, next)
	}
	return best
}

// Judgement is how good the strategies of a profile are as answers to each other, over some states; slices are by firm.
type Judgement struct {
	// Equilibrium: in none of the states any firm has a better strategy, whatever the others' strategies then do. Over a limit cycle this is Klein's (2021) Nash
	// equilibrium; over all states it is subgame perfect.
	Equilibrium bool
	// Undeviating: in none of the states any firm gains by another choice there and then after which it, too, goes back to its strategy. This is what the
	// program of Calvano et al. (2020) checks. Over all states it is the same as Equilibrium; over a limit cycle it asks for less.
	Undeviating bool
	Optimality  []float64 // mean of V/V*, what the strategy is worth as a share of the best response (Klein 2021, Γ)
	QLoss       []float64 // mean of (max_r Q − Q)/|max_r Q|, the share of a value that going once for the best choice would add (Calvano et al. 2020)
	BestStates  []float64 // share of the states in which the strategy's choice is that best one
}

// Judge judges the profile over states of Table's numbering, those of a limit cycle for instance; nil are all.
func (p *Profile) Judge(states []int32) *Judgement {
	g, every := p.game, states == nil
	if every {
		for s := range p.next {
			states = append(states, int32(s))
		}
	}
	j := &Judgement{Equilibrium: true, Undeviating: true, Optimality: make([]float64, g.n), QLoss: make([]float64, g.n), BestStates: make([]float64, g.n)}
	share := 1 / float64(len(states))
	for i := range g.n {
		best, values := p.BestResponse(i), p.Values(i)
		highest := make([]float64, len(values))
		p.actionValues(i, values, func(s int, row []float64) { highest[s] = slices.Max(row) })
		for _, s := range states {
			v, slack := values[s], float64(equal*math.Abs(values[s]))
			j.Equilibrium = j.Equilibrium && best.Values[s] <= v+slack
			j.Optimality[i] += float64(share * ratio(v, best.Values[s]))
			if highest[s] <= v+slack {
				j.BestStates[i] += share
				continue
			}
			j.Undeviating = false
			j.QLoss[i] += float64(share * (highest[s] - v) / math.Abs(highest[s]))
		}
	}
	return j
}

// ratio is a/b, 1 for equals.
func ratio(a, b float64) float64 {
	if a == b {
		return 1
	}
	return a / b
}
