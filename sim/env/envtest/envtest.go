// Package envtest holds an environment to the contract of env.Environment. A test of an environment is
//
//	func TestMarketKeepsTheContract(t *testing.T) {
//		envtest.Run(t, func() env.Environment { return newMarket(t) }, envtest.EpisodesDiffer, envtest.NoAllocation)
//	}
package envtest

import (
	"fmt"
	"runtime"
	"slices"

	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// T is what the suite needs of a *testing.T.
type T interface {
	Helper()
	Errorf(format string, args ...any)
}

// Option asks for more than what every environment must keep.
type Option uint8

const (
	EpisodesDiffer Option = iota // another episode number is another world
	NoAllocation                 // after a warm-up, Next and Act allocate nothing (Reset may)
	Simultaneous                 // all players act at the same instants, in the same order, and none sees what another does at that instant
)

// Run plays episodes with random permitted actions and reports each clause of the contract that the environment
// breaks, once. New makes an environment, in the same state each time it is called. The cost is some fifteen
// episodes, so give it a short one.
func Run(t T, new func() env.Environment, options ...Option) {
	t.Helper()
	report := func(clause string, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", clause, err)
		}
	}
	_, err := play(new(), 0, always)
	report("an episode by the rules", err)
	if err != nil {
		return // the other clauses would only say the same again
	}
	report("the same episode is the same world", deterministic(new))
	report("reset in the middle of an episode", resetsMidway(new))
	report("an action that is not permitted panics", refusesForbidden(new))
	if e, ok := new().(env.Tabular); ok {
		report("table", tabular(e))
	}
	if slices.Contains(options, EpisodesDiffer) {
		report("episodes differ", episodesDiffer(new))
	}
	if slices.Contains(options, NoAllocation) {
		report("no allocation", allocatesNothing(new()))
	}
	if slices.Contains(options, Simultaneous) {
		report("simultaneous turns", simultaneous(new))
	}
}

// maxTurns is how long an episode may be before the suite calls it endless.
const maxTurns = 5_000_000

// turn is a copy of a TimeStep, and what was done.
type turn struct {
	env.TimeStep
	action int
}

// choose picks a permitted action; draw is the suite's random number of this turn.
type choose func(n int, step *env.TimeStep, draw uint64) int

// always picks at random.
func always(_ int, step *env.TimeStep, draw uint64) int { return pick(step.Mask, draw) }

// pick is the (draw mod permitted)-th permitted action.
func pick(mask []bool, draw uint64) int {
	permitted := 0
	for _, ok := range mask {
		if ok {
			permitted++
		}
	}
	k := int(draw % uint64(max(1, permitted)))
	for a, ok := range mask {
		if ok {
			if k == 0 {
				return a
			}
			k--
		}
	}
	return 0
}

// play plays one episode, checks each turn of it, and returns them all.
func play(e env.Environment, episode uint64, act choose) ([]turn, error) {
	e.Reset(episode)
	referee := newReferee(e)
	draws := rng.New(episode, 0).Family("envtest").At()
	var turns []turn
	var step env.TimeStep
	for e.Next(&step) {
		if len(turns) == maxTurns {
			return nil, fmt.Errorf("no end after %d turns", maxTurns)
		}
		if err := referee.check(e, &step); err != nil {
			return nil, fmt.Errorf("episode %d, turn %d, player %d: %w", episode, len(turns), step.Player, err)
		}
		copied := turn{TimeStep: step, action: -1}
		copied.Observation, copied.Mask = slices.Clone(step.Observation), slices.Clone(step.Mask)
		if step.Stage != env.Last {
			copied.action = act(len(turns), &step, draws.Uint64())
			e.Act(copied.action)
		}
		turns = append(turns, copied)
	}
	if err := referee.end(); err != nil {
		return nil, fmt.Errorf("episode %d: %w", episode, err)
	}
	if e.Next(&step) {
		return nil, fmt.Errorf("episode %d: Next goes on after it has returned false", episode)
	}
	return turns, nil
}

// firstDifference compares two plays; NaN equals NaN. It returns -1 when there is none.
func firstDifference(a, b []turn) int {
	for i := range min(len(a), len(b)) {
		// Formatted, because a missing feature is NaN, which no comparison finds equal to itself.
		if fmt.Sprint(a[i]) != fmt.Sprint(b[i]) {
			return i
		}
	}
	if len(a) != len(b) {
		return min(len(a), len(b))
	}
	return -1
}

func deterministic(new func() env.Environment) error {
	used := new()
	var first []turn
	for _, episode := range []uint64{3, 1, 0, 3} {
		turns, err := play(used, episode, always)
		if err != nil {
			return err
		}
		if first == nil {
			first = turns
		} else if at := firstDifference(first, turns); episode == 3 && at >= 0 {
			return fmt.Errorf("episode 3 played again, after others, differs from turn %d on", at)
		}
	}
	fresh, err := play(new(), 3, always)
	if err != nil {
		return err
	}
	if at := firstDifference(first, fresh); at >= 0 {
		return fmt.Errorf("episode 3 in two environments differs from turn %d on", at)
	}
	return nil
}

func episodesDiffer(new func() env.Environment) error {
	e := new()
	var all [][]turn
	for episode := range uint64(4) {
		// The same draws in each, so that only the world can differ.
		turns, err := play(e, episode, func(n int, step *env.TimeStep, _ uint64) int { return pick(step.Mask, uint64(n)*7) })
		if err != nil {
			return err
		}
		all = append(all, turns)
	}
	for i := 1; i < len(all); i++ {
		if firstDifference(all[0], all[i]) >= 0 {
			return nil
		}
	}
	return fmt.Errorf("episodes 0 to %d are the same world", len(all)-1)
}

func resetsMidway(new func() env.Environment) error {
	whole, err := play(new(), 5, always)
	if err != nil {
		return err
	}
	e := new()
	for _, stop := range []int{0, 1, len(whole) / 2} {
		e.Reset(9)
		var step env.TimeStep
		for range stop {
			if !e.Next(&step) {
				break
			}
			if step.Stage != env.Last {
				e.Act(pick(step.Mask, 0))
			}
		}
		again, err := play(e, 5, always)
		if err != nil {
			return fmt.Errorf("after %d turns of another: %w", stop, err)
		}
		if at := firstDifference(whole, again); at >= 0 {
			return fmt.Errorf("after %d turns of another, episode 5 differs from turn %d on", stop, at)
		}
	}
	return nil
}

// refusesForbidden offers actions outside the ladder, and the first masked one that an episode meets.
func refusesForbidden(new func() env.Environment) error {
	var step env.TimeStep
	for _, below := range []bool{true, false} {
		e := new()
		e.Reset(0)
		if !e.Next(&step) || step.Stage == env.Last {
			return nil
		}
		action := len(step.Mask)
		if below {
			action = -1
		}
		if !panics(func() { e.Act(action) }) {
			return fmt.Errorf("Act(%d) with %d offers was accepted", action, len(step.Mask))
		}
	}
	e := new()
	draws := rng.New(0, 0).Family("envtest").At()
	for e.Reset(0); e.Next(&step); {
		if step.Stage == env.Last {
			continue
		}
		if a := slices.Index(step.Mask, false); a >= 0 {
			if !panics(func() { e.Act(a) }) {
				return fmt.Errorf("Act(%d) was accepted though the mask forbids it", a)
			}
			return nil
		}
		e.Act(pick(step.Mask, draws.Uint64()))
	}
	return nil
}

func panics(f func()) (yes bool) {
	defer func() { yes = recover() != nil }()
	f()
	return false
}

// allocatesNothing counts allocations in whole episodes. Other goroutines of the test binary may allocate meanwhile,
// so the least of several episodes counts.
func allocatesNothing(e env.Environment) error {
	least := uint64(1 << 63)
	var turns int
	for episode := range uint64(5) {
		e.Reset(0) // the same world each time, so that the first warms up the others
		var before, after runtime.MemStats
		var step env.TimeStep
		turns = 0
		runtime.ReadMemStats(&before)
		for e.Next(&step) {
			if step.Stage != env.Last {
				e.Act(pick(step.Mask, uint64(turns)*7))
			}
			turns++
		}
		runtime.ReadMemStats(&after)
		if episode > 0 {
			least = min(least, after.Mallocs-before.Mallocs)
		}
	}
	if least > 0 {
		return fmt.Errorf("%d allocations in %d turns", least, turns)
	}
	return nil
}

// simultaneous changes one action at a time and sees that the players after it in the same round notice nothing.
func simultaneous(new func() env.Environment) error {
	e := new()
	players := e.Players()
	base, err := play(e, 0, always)
	if err != nil {
		return err
	}
	for n := range base {
		if base[n].Player != base[n%players].Player || base[n].Stage != base[n-n%players].Stage {
			return fmt.Errorf("turn %d is player %d's, out of the order of the first round", n, base[n].Player)
		}
	}
	for _, round := range []int{0, len(base) / players / 2} {
		for i := range players - 1 {
			at := round*players + i
			other, err := play(e, 0, func(n int, step *env.TimeStep, draw uint64) int {
				if n == at {
					return pick(step.Mask, draw+1)
				}
				return pick(step.Mask, draw)
			})
			if err != nil {
				return err
			}
			for n := at + 1; n < (round+1)*players; n++ {
				if fmt.Sprint(base[n].TimeStep) != fmt.Sprint(other[n].TimeStep) {
					return fmt.Errorf("player %d's turn %d shows what player %d does at the same instant", base[n].Player, n, base[at].Player)
				}
			}
		}
	}
	return nil
}

func tabular(e env.Tabular) error {
	next, reward := e.Table()
	actions := 1
	for p := range e.Players() {
		actions *= len(e.Spec(p).Offers)
	}
	if len(next) == 0 || len(next)%actions != 0 || len(reward) != len(next)*e.Players() {
		return fmt.Errorf("%d successors and %d rewards for %d joint actions of %d players", len(next), len(reward), actions, e.Players())
	}
	for i, s := range next {
		if s < 0 || int(s) >= len(next)/actions {
			return fmt.Errorf("from state %d joint action %d leads to state %d of %d", i/actions, i%actions, s, len(next)/actions)
		}
	}
	for i, r := range reward {
		if !finite(r) {
			return fmt.Errorf("reward %d is %v", i, r)
		}
	}
	return nil
}
