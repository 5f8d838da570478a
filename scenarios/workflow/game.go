package workflow

import (
	"context"
	"slices"

	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/market/oligopoly"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// rivalry is a repeated game on the way from its scenario to its measures.
type rivalry struct {
	scenario *scenarios.Scenario
	cfg      *oligopoly.Config
	game     *oligopoly.Game // in which nobody plays: for what is said of strategies
	joints   int             // joint choices of a period
	nash     *oligopoly.Outcome
	monopoly *oligopoly.Outcome
	values   [][]float64 // by firm, where learners begin; nil where sessions differ, or agents say it
	sessions []session
}

// session is what is kept of one.
type session struct {
	periods   float64 // until the last change of a greedy choice
	converged bool
	final     *oligopoly.Outcome // mean of the last periods, exploration included; nil of a replay

	cycle    *oligopoly.Cycle // what greedy play ends in; nil where not all firms have strategies by state, and so are the following
	length   int              // of the cycle, in choices
	misread  *oligopoly.Cycle // what it ends in from the state of rivalry.misread; nil where that is the same
	on, off  *oligopoly.Judgement
	deviated *oligopoly.Impulse
}

// measureGame plays the sessions of a repeated game and measures what was learned in them.
func measureGame(ctx context.Context, s *scenarios.Scenario, workers int, watch func(done, total int)) (*found, error) {
	c, err := newRivalry(s)
	if err != nil {
		return nil, err
	}
	n := s.Sessions.Number
	if watch != nil {
		watch(0, n)
	}
	err = train.Sessions(ctx, n, workers, c.open, func(i int, o *train.SessionOutcome) error {
		if err := c.keep(o); err != nil {
			return err
		}
		if watch != nil {
			watch(i+1, n)
		}
		return nil
	})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	return &found{measures: c.measures()}, nil
}

func newRivalry(s *scenarios.Scenario) (c *rivalry, err error) {
	c = &rivalry{scenario: s, cfg: s.GameConfig(), joints: 1}
	if c.nash, err = c.cfg.Nash(); err != nil {
		return nil, err
	}
	if c.monopoly, err = c.cfg.Monopoly(); err != nil {
		return nil, err
	}
	if c.game, err = oligopoly.New(c.cfg, 0); err != nil {
		return nil, err
	}
	for i := range c.cfg.Firms {
		c.joints *= len(c.game.Spec(i).Offers)
	}
	if initial := s.Sessions.Initial; initial != nil && initial.Kind != "uniform" {
		c.values, err = c.initial(nil)
	}
	return c, err
}

// initial is what the firms' learners begin with.
func (c *rivalry) initial(family *rng.Family) ([][]float64, error) {
	all := make([][]float64, len(c.cfg.Firms))
	for i := range all {
		if c.scenario.AgentOf(i) == nil {
			continue
		}
		var stream rng.Stream
		if family != nil {
			stream = family.At(uint64(i))
		}
		values, err := c.game.InitialValues(c.scenario.Sessions.Initial, i, &stream)
		if err != nil {
			return nil, err
		}
		all[i] = values
	}
	return all, nil
}

// open makes a session. Its own streams are those of its master seed, of which "initial" are the values that learners begin with.
func (c *rivalry) open(i int) (*train.Session, error) {
	master := train.MasterSeed(c.scenario.Seed, int64(i))
	values, own := c.values, c.scenario.Sessions
	if values == nil && own.Initial != nil {
		var err error
		family := rng.New(master, 0).Family("initial")
		if values, err = c.initial(&family); err != nil {
			return nil, err
		}
	}
	session := &train.Session{Master: master, Periods: uint64(own.Periods), Converged: uint64(own.Converged), Synchronous: own.Synchronous,
		Tail:  min(max(own.Last, c.cfg.Memory), own.Periods),
		World: func() (env.Environment, error) { return oligopoly.New(c.cfg, master) }}
	for k := range c.cfg.Firms {
		player, err := c.player(k)
		if err != nil {
			return nil, err
		}
		if values != nil && player.Params != nil {
			player.Values = values[k]
		}
		session.Players = append(session.Players, player)
	}
	return session, nil
}

// player is who decides for a firm.
func (c *rivalry) player(firm int) (p train.Player, err error) {
	f, spec := &c.scenario.Game.Firms[firm], c.game.Spec(firm)
	if f.Brain != nil {
		p.Policy, err = f.Brain.Params.Policy(spec)
		return p, err
	}
	p.Params = c.scenario.AgentOf(firm).Params
	if f.State == nil {
		p.Encoder = train.Rungs(spec)
		return p, nil
	}
	p.Encoder, err = binned(f.State, spec, "game.firms."+f.Name+".state.")
	return p, err
}

// keep takes in what became of a session.
func (c *rivalry) keep(o *train.SessionOutcome) error {
	s := session{periods: float64(o.Settled), converged: o.Converged, final: c.played(o.Path)}
	if c.game.States() > 0 && c.cfg.Discount < 1 && !slices.ContainsFunc(o.Strategies, func(rungs []int32) bool { return len(rungs) != c.game.States() }) {
		if err := c.follow(&s, o.Strategies, c.state(o)); err != nil {
			return err
		}
	}
	c.sessions = append(c.sessions, s)
	return nil
}

// follow sees where strategies lead from a state, and how good they are.
func (c *rivalry) follow(s *session, strategies [][]int32, state int) error {
	p, err := c.game.Profile(strategies)
	if err != nil {
		return err
	}
	s.cycle = p.Cycle(state)
	s.length = c.length(s.cycle.States)
	if c.cfg.Memory > 1 && c.cfg.Moves != "alternating" {
		s.misread = p.Cycle(c.misread(state))
	}
	s.on, s.off = p.Judge(s.cycle.States), p.Judge(nil)
	s.deviated = p.Impulse(s.cycle, c.scenario.Sessions.Deviate.Firm-1, c.scenario.Sessions.Deviate.Periods, c.deviation(p))
	return nil
}

// deviation is the rung that the deviating firm goes to; nil for its best answer.
func (c *rivalry) deviation(p *oligopoly.Profile) func(int, int32) int32 {
	d := &c.scenario.Sessions.Deviate
	firm := d.Firm - 1
	switch {
	case d.To != nil:
		spec := c.game.Spec(firm)
		rung := policies.Nearest(spec, slices.Repeat([]bool{true}, len(spec.Offers)), *d.To, "")
		return func(int, int32) int32 { return int32(rung) }
	case d.Choice == "reply-elsewhere":
		return func(k int, _ int32) int32 { return p.StaticReply(firm, int32(k)) }
	}
	return nil
}

// joint numbers the joint choice of a period as oligopoly.Game.Table does.
func (c *rivalry) joint(rungs []int32) int {
	joint := 0
	for i, r := range rungs {
		joint = joint*len(c.game.Spec(i).Offers) + int(r)
	}
	return joint
}

// state is where a session ended, in the numbering of oligopoly.Game.Table.
func (c *rivalry) state(o *train.SessionOutcome) int {
	n, state, histories := len(c.cfg.Firms), 0, 1
	for lag := c.cfg.Memory; lag > 0; lag-- {
		state = state*c.joints + c.joint(o.Path[len(o.Path)-lag*n:][:n])
		histories *= c.joints
	}
	if c.cfg.Moves == "alternating" {
		state += int(o.Periods%uint64(n)) * histories
	}
	return state
}

// misread is the state that the program of Calvano et al. (2020) takes for the one that a session ended in. It keeps what the firms chose in the last period, then
// in the one before, and so on, but reads this back as what the first firm chose in all those periods, then the second. Where ladders differ in length, rungs that a
// firm has not are its highest.
func (c *rivalry) misread(state int) int {
	n, k := len(c.cfg.Firms), c.cfg.Memory
	kept := make([]int32, 0, n*k)
	for ; len(kept) < n*k; state /= c.joints {
		last := state % c.joints
		kept = append(kept, make([]int32, n)...)
		for i := n - 1; i >= 0; i-- {
			rungs := len(c.game.Spec(i).Offers)
			kept[len(kept)-n+i] = int32(last % rungs)
			last /= rungs
		}
	}
	read := make([]int32, n)
	state = 0
	for lag := k - 1; lag >= 0; lag-- {
		for i := range read {
			read[i] = min(kept[i*k+lag], int32(len(c.game.Spec(i).Offers)-1))
		}
		state = state*c.joints + c.joint(read)
	}
	return state
}

// length is after how many periods the choices of a cycle come round.
func (c *rivalry) length(states []int32) int {
	if c.cfg.Memory == 0 {
		return 1
	}
	joint := func(k int) int { return int(states[k%len(states)]) % c.joints }
	for n := 1; ; n++ {
		same := len(states)%n == 0
		for k := 0; k < len(states) && same; k++ {
			same = joint(k) == joint(k+n)
		}
		if same {
			return n
		}
	}
}

// played is the mean of the periods of a path.
func (c *rivalry) played(path []int32) *oligopoly.Outcome {
	n := len(c.cfg.Firms)
	o := &oligopoly.Outcome{Prices: make([]float64, n), Quantities: make([]float64, n), Profits: make([]float64, n)}
	for at := 0; at < len(path); at += n {
		joint := c.joint(path[at : at+n])
		prices, units, profits := c.game.Sold(joint)
		for i := range n {
			o.Prices[i] += prices[i]
			o.Quantities[i] += units[i]
			o.Profits[i] += profits[i]
		}
	}
	periods := float64(len(path) / n)
	for i := range n {
		o.Prices[i] /= periods
		o.Quantities[i] /= periods
		o.Profits[i] /= periods
	}
	return o
}
