package oligopoly

import (
	"math"

	"github.com/souk-sim/souk/sim/env"
)

// StageGame implements env.Repeated.
func (g *Game) StageGame() env.StageGame {
	return env.StageGame{Rewards: g.profits, Memory: g.cfg.Memory, Alternating: g.cfg.alternating(), Discount: g.cfg.Discount, Horizon: g.cfg.Horizon}
}

// State implements env.Repeated.
func (g *Game) State() int {
	state := 0
	if g.cfg.alternating() {
		state = g.turn
	}
	for lag := g.cfg.Memory; lag > 0; lag-- {
		state = state*g.joints + g.index(g.past[(lag-1)*g.n:][:g.n])
	}
	return state
}

// Observe implements env.Repeated: period and periods_left do not follow from a state.
func (g *Game) Observe(player, state int, observation []float64) {
	joint := g.joint
	g.past, g.supposed = g.supposed, g.past
	g.joint = state % g.joints
	for lag := range g.cfg.Memory {
		for i, ladder := range g.ladders {
			g.past[lag*g.n+i] = int32(state % g.joints / g.stride[i] % len(ladder))
		}
		state /= g.joints
	}
	copy(observation, g.see(player))
	observation[0], observation[1] = math.NaN(), math.NaN()
	g.past, g.supposed, g.joint = g.supposed, g.past, joint
}
