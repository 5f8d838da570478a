package train

import (
	"context"
	"fmt"
	"strings"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/sim/env"
)

// Player is who plays one side of a session: a learner, or a frozen policy.
type Player struct {
	Params  agents.Params    // of a learner
	Encoder policies.Encoder // its states; Rungs makes the one that tells apart all that a firm of a repeated game remembers. Without dimensions there is one state
	// Values is what its table begins with, [state*offers+offer], nil for its own. In an env.Repeated whose states decide what Encoder reads they are states of
	// Table, and of those that Encoder does not tell apart the first that the player meets counts; else they are states of Encoder.
	Values []float64
	Policy policies.Policy // in place of a learner
}

// Session is one world in which several players learn together: one long episode, or several where the world ends.
//
// A period is a turn of every player; with alternating moves (env.StageGame) it is one turn. A session ends when no greedy offer of any learner, in any of its
// states, has changed for Converged periods (the rule of Calvano et al. 2020), and after Periods anyway.
//
// Randomness is rng.New(Master, 0): of learner i's exploration, family "exploration" at i says when and "offer" at i what. Where its course is known beforehand
// (agents.Scheduled) the turns of exploration are drawn ahead; its Progress then counts the periods as if there were one episode. "brain" at (player, turn) is for
// frozen policies. No world may use these names.
//
// Learners by Q-learning at a constant rate, without warm-up, average or random ties, whose exploration follows a course by itself (by ε or by Boltzmann's rule), are played in a fused loop where the
// world is an env.Repeated that outlasts Periods: many times as fast, with the same result to the last bit.
type Session struct {
	World     func() (env.Environment, error) // makes the session's own world
	Players   []Player
	Master    uint64
	Periods   uint64 // at most so many; exploration that falls over training does so over these
	Converged uint64 // periods without a change of any greedy offer that end the session; 0: Periods alone does
	// Synchronous has Q-learners learn from what each offer would have brought, in every period, the others' offers being what they were (Asker, Fershtman
	// & Pakes 2022, AEA Papers and Proceedings 112). All targets are of the table before the period. It asks for an env.Repeated of simultaneous moves.
	Synchronous bool
	Tail        int                  // how many of the last periods SessionOutcome.Path tells of
	Watch       func(periods uint64) // called now and then, if not nil, from the goroutine that plays
	Plain       bool                 // no fused loop
}

// SessionOutcome is what became of a session. In an env.Repeated whose states decide what a player's encoder reads (true of all that Rungs makes) states are those of Table, else
// those of the encoder.
type SessionOutcome struct {
	Periods    uint64 // played and learned from
	Settled    uint64 // periods until the last change of a greedy offer; Periods − Settled is Session.Converged where that ended it
	Converged  bool
	State      int            // of an env.Repeated, in Table's order, that the next period would begin in
	Agents     []agents.Agent // by player; nil for a frozen policy
	Strategies [][]int32      // [player][state] greedy offer; of a frozen policy what it offers at u = ½; nil where a learner has no table or a frozen policy no states
	Tables     [][]float64    // [player][state*offers+offer] value; nil where there is none
	Path       []int32        // [period*players+i] offers in the last Tail periods, the oldest first; with alternating moves, those that stand
}

// RunSession plays a session to its end. Errors are those of the world, *field.Error, or the context's cause: it is looked at many times a second.
func RunSession(ctx context.Context, s *Session) (*SessionOutcome, error) {
	g, err := newSession(s)
	if err != nil {
		return nil, err
	}
	if err := g.run(ctx); err != nil {
		return nil, err
	}
	return g.outcome(), nil
}

// Sessions plays n sessions, up to workers at once, and hands their outcomes to each in order, one after the other. build is called from several goroutines. The first error
// ends it: of build, of a session, of each (which stops the rest), or the context's cause.
func Sessions(ctx context.Context, n, workers int, build func(i int) (*Session, error), each func(i int, o *SessionOutcome) error) error {
	named := func(i int, err error) error {
		if err != nil {
			err = fmt.Errorf("session %d: %w", i, err)
		}
		return err
	}
	return inOrder(ctx, n, workers, func(ctx context.Context, i int) (*SessionOutcome, error) {
		s, err := build(i)
		if err != nil {
			return nil, named(i, err)
		}
		o, err := RunSession(ctx, s)
		return o, named(i, err)
	}, func(i int, o *SessionOutcome) error { return named(i, each(i, o)) })
}

// Rungs is the encoder that tells apart every choice, its own and its rivals', that a firm of an oligopoly sees: a bin for each rung of the features own_rung and
// rung:X, of all periods remembered.
func Rungs(spec *env.Spec) policies.Encoder {
	var e policies.Encoder
	for i, f := range spec.Features {
		if name, _, _ := strings.Cut(f.Name, "@"); name == "own_rung" || strings.HasPrefix(name, "rung:") {
			e.Dimensions = append(e.Dimensions, policies.Uniform(f.Name, i, -0.5, f.Max+0.5, int(f.Max)+1))
		}
	}
	return e
}
