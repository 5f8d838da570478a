package oligopoly

import "math"

// mostEntries bounds Table: 20 bytes each in a duopoly.
const mostEntries = 1 << 25

// Table is the whole game, computed once and borrowed: next[s*A+a] and reward[(s*A+a)*n+i], a period's profit of firm i, for joint choice a of A
// = Π of the ladders' lengths (mixed radix, firm 0 slowest). With simultaneous moves a state is the joint choices of the last k = Memory periods, s in
// [0, A^k), the last period's fastest: next = (s·A + a) mod A^k, so that for k = 1 it is a. With alternating moves s = mover·A^k + those k
// joint choices; of a only the mover's counts, the others' stand as they were (and with Memory 0 there is no table, since what stands is not in the state).
// Where there are more than 2²⁵ entries both are nil: then learn from Profits.
func (g *Game) Table() (next []int32, reward []float64) {
	if g.next != nil {
		return g.next, g.reward
	}
	states, histories := g.States(), g.histories()
	if states == 0 || states*g.joints > mostEntries {
		return nil, nil
	}
	g.next = make([]int32, 0, states*g.joints)
	g.reward = make([]float64, 0, states*g.joints*g.n)
	for state := range states {
		for joint := range g.joints {
			next, played := g.after(state, joint, histories)
			g.next = append(g.next, int32(next))
			g.reward = append(g.reward, g.profits[played*g.n:][:g.n]...)
		}
	}
	return g.next, g.reward
}

// digit is what a firm's rung adds to a joint choice.
func (g *Game) digit(joint, firm int) int {
	m := len(g.ladders[firm])
	return joint / g.stride[firm] % m * g.stride[firm]
}

// Profits is a period's profit of each firm under each joint choice a, profits[a*n+i], in the order of Table; borrowed. Firm i's rung is
// a/Π_{j>i} m_j mod m_i for ladders of m_j rungs.
func (g *Game) Profits() []float64 { return g.profits }

// Sold is what firms charge, sell and earn in a period of a joint choice in the order of Table: by firm, borrowed.
func (g *Game) Sold(joint int) (prices, units, profits []float64) {
	at, to := joint*g.n, (joint+1)*g.n
	return g.prices[at:to], g.units[at:to], g.profits[at:to]
}

// Equilibria lists, ascending, the joint choices of the ladder from which no firm gains by changing its own: the pure-strategy Nash equilibria of a
// single period, to a relative 1e-12 of profit, so that rounding decides nothing. There may be none. Bertrand duopolists of equal cost have two where a rung
// is at cost: there and one rung above, where undercutting leaves nothing to earn; a second rung above cost joins them where D does not fall.
func (g *Game) Equilibria() []int {
	var all []int
	for joint := range g.joints {
		if !g.improves(joint) {
			all = append(all, joint)
		}
	}
	return all
}

// improves tells whether some firm gains by changing its rung.
func (g *Game) improves(joint int) bool {
	for i := range g.n {
		base, profit := joint-g.digit(joint, i), g.profits[joint*g.n+i]
		slack := float64(1e-12 * math.Abs(profit))
		for r := range g.ladders[i] {
			if g.profits[(base+r*g.stride[i])*g.n+i] > profit+slack {
				return true
			}
		}
	}
	return false
}
