package train

import (
	"context"
	"fmt"
	"math"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// session is one in play.
type session struct {
	*Session
	world   env.Environment
	game    env.Repeated  // nil where the world is none
	stage   env.StageGame // of game
	states  int           // of game
	joints  int           // of game
	players []side
	brain   rng.Family

	periods, settled uint64
	state            int    // of game, at the end
	changes          uint64 // of greedy offers, at settled
	chosen           []int32
	past, now, joint int       // where learning is synchronous: the states of the last period and of this, and the joint choice of the last
	stride           []int     // of each player's offer in a joint choice
	targets          []float64 // scratch
	tail             []int32   // ring of chosen in the last periods, at periods mod Tail
}

// side is a player in play.
type side struct {
	*Player
	spec          *env.Spec
	agent         agents.Agent
	table         agents.Tabulated // agent, if it is one
	cells         []int32          // [state of game] the encoder's; nil where these do not decide it
	clock         *clock           // nil where exploration is not drawn ahead
	turns         uint64
	offer, greedy rng.Stream // of exploring turns, or of all where there is no clock; of the others
	now, before   agents.State
	action        int
}

func newSession(s *Session) (*session, error) {
	world, err := s.World()
	if err != nil {
		return nil, err
	}
	n := world.Players()
	switch {
	case len(s.Players) != n:
		return nil, field.New("players", len(s.Players), fmt.Sprintf("%d", n))
	case s.Periods < 1 || s.Periods > 1<<53:
		return nil, field.New("periods", s.Periods, "1 to 2^53")
	case s.Tail < 0 || s.Tail > 1<<26:
		return nil, field.New("tail", s.Tail, "0 to 2^26 periods")
	}
	streams := rng.New(s.Master, 0)
	g := &session{Session: s, world: world, players: make([]side, n), brain: streams.Family("brain"), chosen: make([]int32, n), tail: make([]int32, s.Tail*n)}
	if err := g.know(); err != nil {
		return nil, err
	}
	for i := range g.players {
		if err := g.seat(i, streams); err != nil {
			return nil, err
		}
	}
	return g, g.check()
}

// know looks whether the world is a repeated game, of a size that tables can have.
func (g *session) know() error {
	const most = 1 << 26
	game, ok := g.world.(env.Repeated)
	if !ok {
		return nil
	}
	g.game, g.stage = game, game.StageGame()
	g.joints, g.states = len(g.stage.Rewards)/len(g.players), 1
	for range g.stage.Memory {
		if g.states *= g.joints; g.states > most {
			break
		}
	}
	if g.stage.Alternating {
		g.states *= len(g.players)
	}
	if g.states > most {
		g.game = nil // its states are too many to be numbered
	}
	return nil
}

// seat makes a player ready.
func (g *session) seat(i int, streams rng.Streams) error {
	p := &g.players[i]
	p.Player, p.spec = &g.Players[i], g.world.Spec(i)
	at := func(err error) error { return fmt.Errorf("player %d: %w", i, err) }
	if (p.Params == nil) == (p.Policy == nil) {
		return at(field.New("params", "both or none of parameters and a policy", "one of them"))
	}
	if p.Policy != nil {
		return nil
	}
	if err := p.Encoder.Validate(p.spec); err != nil {
		return at(err)
	}
	p.cells = g.cells(i)
	values, err := p.initial()
	if err != nil {
		return at(err)
	}
	if p.agent, err = p.Params.New(agents.Task{Spec: p.spec, Encoder: p.Encoder, Values: values}); err != nil {
		return at(err)
	}
	p.table, _ = p.agent.(agents.Tabulated)
	if g.Converged > 0 && p.table == nil {
		return at(field.New("converged", g.Converged, "0, as a learner has no table"))
	}
	id := uint64(i)
	p.offer, p.greedy = streams.Family("offer").At(id), streams.Family("greedy").At(id)
	if s, ok := p.Params.(agents.Scheduled); ok {
		if course, ok := s.Course(); ok {
			p.clock = &clock{course: course, every: 1, periods: float64(g.Periods), stream: streams.Family("exploration").At(id)}
			if g.game != nil && g.stage.Alternating {
				p.clock.first, p.clock.every = float64(i), float64(len(g.players))
			}
			p.clock.advance(0)
		}
	}
	state := func() agents.State {
		return agents.State{Observation: make([]float64, len(p.spec.Features)), Mask: make([]bool, len(p.spec.Offers))}
	}
	p.now, p.before = state(), state()
	return nil
}

// cells finds the encoder's state for each of the game's, if it has one.
func (g *session) cells(player int) []int32 {
	if g.game == nil {
		return nil
	}
	p := &g.players[player]
	cells, seen := make([]int32, g.states), make([]float64, len(p.spec.Features))
	for s := range cells {
		g.game.Observe(player, s, seen)
		for _, d := range p.Encoder.Dimensions {
			if math.IsNaN(seen[d.Index]) {
				return nil
			}
		}
		cells[s] = int32(p.Encoder.Encode(seen))
	}
	return cells
}

// initial puts Values into the order of the encoder's states.
func (p *side) initial() ([]float64, error) {
	if p.Values == nil || p.cells == nil {
		return p.Values, nil
	}
	offers := len(p.spec.Offers)
	if len(p.Values) != len(p.cells)*offers {
		return nil, field.New("values", len(p.Values), fmt.Sprintf("%d states × %d offers", len(p.cells), offers))
	}
	values := make([]float64, p.Encoder.States()*offers)
	for s := len(p.cells) - 1; s >= 0; s-- { // so that the first counts
		copy(values[int(p.cells[s])*offers:][:offers], p.Values[s*offers:])
	}
	return values, nil
}

// check looks at what must fit together.
func (g *session) check() error {
	g.stride = make([]int, len(g.players))
	stride := 1
	for i := len(g.players) - 1; i >= 0; i-- {
		g.stride[i] = stride
		stride *= len(g.players[i].spec.Offers)
		g.targets = make([]float64, max(len(g.targets), len(g.players[i].spec.Offers)))
	}
	if !g.Synchronous {
		return nil
	}
	if g.game == nil || g.stage.Alternating {
		return field.New("synchronous", true, "false, as the world is no repeated game of simultaneous moves")
	}
	for i := range g.players {
		p := &g.players[i]
		if p.agent == nil {
			continue
		}
		if len(p.spec.Limits) > 0 {
			return fmt.Errorf("player %d: %w", i, field.New("synchronous", true, "false, as what each offer would have brought is learned of all, and limits forbid some"))
		}
		if _, ok := p.Params.(*agents.QLearning); !ok || p.agent.WarmingUp() || p.cells == nil {
			return fmt.Errorf("player %d: %w", i, field.New("synchronous", true, "false, but for q-learning without warmup on states of past choices"))
		}
	}
	return nil
}

// pulse is how many turns are played between two looks at the context.
const pulse = 1 << 12

func (g *session) run(ctx context.Context) error {
	if f := g.fuse(); f != nil {
		return f.run(ctx)
	}
	return g.plain(ctx)
}

// plain plays turn by turn.
func (g *session) plain(ctx context.Context) error {
	var step env.TimeStep
	last := len(g.players) - 1 // whose turn ends a period
	alternating := g.game != nil && g.stage.Alternating
	turns := 0
	for episode := uint64(0); ; episode++ {
		g.world.Reset(episode)
		begun, acts := g.periods, uint64(0)
		for g.world.Next(&step) {
			if turns++; turns%pulse == 0 {
				if err := g.breathe(ctx); err != nil {
					return err
				}
			}
			g.turn(&step)
			if step.Stage != env.Last && (alternating || step.Player == last) {
				g.periods = begun + acts // what was chosen now brings something later
				acts++
				if g.over() {
					g.end(step.Player)
					return nil
				}
				g.record()
			}
		}
		if g.periods = begun + acts; g.over() {
			g.end((step.Player + 1) % len(g.players))
			return nil
		}
		if acts == 0 {
			return field.New("world", "an episode without turns", "episodes in which the last player acts")
		}
	}
}

// end notes the state in which a session ended, before the last choice was made.
func (g *session) end(player int) {
	if g.game == nil {
		return
	}
	if g.state = g.game.State(); g.stage.Alternating {
		histories := g.states / len(g.players)
		g.state = player*histories + g.state%histories
	}
}

// breathe tells how far the session is, and whether it should stop.
func (g *session) breathe(ctx context.Context) error {
	if g.Watch != nil {
		g.Watch(g.periods)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// over notes when a greedy offer last changed, and says whether the session ends.
func (g *session) over() bool {
	changes := uint64(0)
	for i := range g.players {
		if p := &g.players[i]; p.table != nil {
			_, n := p.table.Greedy()
			changes += n
		}
	}
	if changes != g.changes {
		g.changes, g.settled = changes, g.periods
	}
	return g.periods >= g.Periods || g.converged()
}

func (g *session) converged() bool { return g.Converged > 0 && g.periods-g.settled >= g.Converged }

// record keeps the offers of the period that begins.
func (g *session) record() {
	if g.Tail > 0 {
		copy(g.tail[int(g.periods%uint64(g.Tail))*len(g.chosen):], g.chosen)
	}
}

// turn is one player's.
func (g *session) turn(step *env.TimeStep) {
	p := &g.players[step.Player]
	if step.Player == 0 && g.Synchronous {
		g.joint = 0
		for i, offer := range g.chosen {
			g.joint += int(offer) * g.stride[i]
		}
		g.past, g.now = g.now, g.game.State()
	}
	if p.agent == nil {
		if step.Stage != env.Last {
			u := g.brain.At(uint64(step.Player), p.turns)
			g.act(step.Player, p.Policy.Decide(step.Observation, u.Float64()).Action)
		}
		return
	}
	p.before, p.now = p.now, p.before
	copy(p.now.Observation, step.Observation)
	copy(p.now.Mask, step.Mask)
	p.now.Index = p.Encoder.Encode(p.now.Observation)
	switch {
	case step.Stage == env.First:
	case g.Synchronous:
		g.counterfactual(step)
	default:
		p.agent.Learn(agents.Transition{
			State: &p.before, Action: p.action, Reward: step.Reward, Discount: step.Discount, Next: &p.now,
			Terminal: step.Terminal, Last: step.Stage == env.Last,
		})
	}
	switch {
	case step.Stage != env.Last:
		p.action = p.choose(g)
		g.act(step.Player, p.action)
	case !step.Terminal: // those who learn from what they do next need to know it
		p.choose(g)
	}
}

// counterfactual has a learner learn what each of its offers would have brought in the last period.
func (g *session) counterfactual(step *env.TimeStep) {
	i, n := step.Player, len(g.players)
	p := &g.players[i]
	offers := len(p.spec.Offers)
	base := g.joint - int(g.chosen[i])*g.stride[i] // its own choice of this period is still to come
	values, _ := p.table.Entries()
	greedy, _ := p.table.Greedy()
	targets := g.targets[:offers]
	for a := range targets {
		joint := base + a*g.stride[i]
		targets[a] = g.stage.Rewards[joint*n+i]
		if !step.Terminal {
			cell := int(p.cells[(g.past*g.joints+joint)%g.states])
			targets[a] += float64(step.Discount * values[cell*offers+int(greedy[cell])])
		}
	}
	for a, target := range targets {
		p.agent.Learn(agents.Transition{State: &p.before, Action: a, Reward: target, Next: &p.now, Terminal: true, Last: step.Stage == env.Last})
	}
}

func (g *session) act(player, action int) {
	g.players[player].turns++
	g.chosen[player] = int32(action)
	g.world.Act(action)
}

// choose takes a learner's offer.
func (p *side) choose(g *session) int {
	exploration, stream := 0.0, &p.greedy
	switch {
	case p.clock == nil:
		exploration, stream = p.temperature(g.Periods), &p.offer
	case p.turns == p.clock.next:
		p.clock.advance(p.turns + 1)
		exploration, stream = math.Inf(1), &p.offer
	}
	action, _ := p.agent.Act(&p.now, exploration, stream)
	return action
}

// temperature is the exploration at a turn of a learner without a clock.
func (p *side) temperature(periods uint64) float64 {
	return p.Params.Explore(agents.Moment{Progress: min(1, float64(p.turns)/float64(periods)), Steps: p.turns})
}

// outcome reads the result off the players.
func (g *session) outcome() *SessionOutcome {
	n := len(g.players)
	o := &SessionOutcome{Periods: g.periods, Settled: g.settled, Converged: g.converged(), State: g.state,
		Agents: make([]agents.Agent, n), Strategies: make([][]int32, n), Tables: make([][]float64, n)}
	for i := range g.players {
		p := &g.players[i]
		o.Agents[i] = p.agent
		if p.agent == nil {
			o.Strategies[i] = g.frozen(i)
			continue
		}
		if p.table != nil {
			o.Strategies[i], o.Tables[i] = p.learned()
		}
	}
	if g.Tail == 0 {
		return o
	}
	for t := g.periods - min(g.periods, uint64(g.Tail)); t < g.periods; t++ {
		o.Path = append(o.Path, g.tail[int(t%uint64(g.Tail))*n:][:n]...)
	}
	return o
}

// learned is a learner's strategy and table.
func (p *side) learned() ([]int32, []float64) {
	greedy, _ := p.table.Greedy()
	values, _ := p.table.Entries()
	if p.cells == nil {
		return append([]int32(nil), greedy...), append([]float64(nil), values...)
	}
	offers := len(p.spec.Offers)
	strategy, table := make([]int32, len(p.cells)), make([]float64, 0, len(p.cells)*offers)
	for s, cell := range p.cells {
		strategy[s] = greedy[cell]
		table = append(table, values[int(cell)*offers:][:offers]...)
	}
	return strategy, table
}

// frozen is what a frozen policy does in each state of the game.
func (g *session) frozen(player int) []int32 {
	if g.game == nil {
		return nil
	}
	p := &g.players[player]
	strategy, seen := make([]int32, g.states), make([]float64, len(p.spec.Features))
	for s := range strategy {
		g.game.Observe(player, s, seen)
		strategy[s] = int32(p.Policy.Decide(seen, 0.5).Action)
	}
	return strategy
}
