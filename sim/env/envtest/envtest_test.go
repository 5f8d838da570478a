package envtest

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// duopoly is an honest environment: two sellers, ten rounds, demand that falls in the own price and rises in the
// other's, and a random shock. Each test breaks one thing about it.
type duopoly struct {
	spec   env.Spec
	round  int
	next   int        // whose turn within the round
	prices [2]float64 // in force
	offers [2]int     // made in this round
	shock  rng.Stream
	step   [2]env.TimeStep
	waits  bool // for Act

	// how an heir breaks the rules; nil for not at all
	corrupt func(d *duopoly, step *env.TimeStep)
	rounds  int
	keep    bool // shocks and prices outlive Reset
	same    bool // all episodes are one
	lax     bool // takes any action
	peek    bool // the second sees what the first does
	endless bool // Next never returns false
	silent  bool // player 1 gets no Last
}

func newDuopoly() *duopoly {
	d := &duopoly{rounds: 10}
	d.spec = env.Spec{
		Features: []env.Feature{{Name: "own price"}, {Name: "rival price"}, {Name: "shock"}},
		Offers:   []env.Offer{{Price: 0.6}, {Price: 0.8}, {Price: 1}},
		Limits:   []env.Limit{{Feature: "own price", Index: 0, Drop: 0.25}},
	}
	for p := range d.step {
		d.step[p] = env.TimeStep{Player: p, Observation: make([]float64, 3), Mask: make([]bool, 3)}
	}
	return d
}

func (d *duopoly) Players() int       { return 2 }
func (d *duopoly) Spec(int) *env.Spec { return &d.spec }

func (d *duopoly) Reset(episode uint64) {
	if d.same {
		episode = 0
	}
	if !d.keep || d.prices[0] == 0 {
		d.prices = [2]float64{1, 1}
		d.shock = rng.New(1, episode).Family("shock").At()
	}
	d.round, d.next, d.waits = 0, 0, false
}

func (d *duopoly) Next(step *env.TimeStep) bool {
	if d.waits {
		panic("Next before Act")
	}
	if d.round > d.rounds || d.silent && d.round == d.rounds && d.next == 1 {
		if !d.endless {
			return false
		}
		d.round = d.rounds
	}
	p := d.next
	s := &d.step[p]
	s.Observation[0], s.Observation[1], s.Observation[2] = d.prices[p], d.prices[1-p], math.NaN()
	if d.round > 0 {
		s.Observation[2] = d.shock.Float64()
	}
	if d.peek && p == 1 {
		s.Observation[1] = d.spec.Offers[d.offers[0]].Price
	}
	s.Stage, s.Elapsed, s.Discount = env.Mid, 1, 0.95
	switch d.round {
	case 0:
		s.Stage = env.First
	case d.rounds:
		s.Stage = env.Last
	}
	d.spec.Allow(s.Observation, s.Mask)
	s.Reward = d.prices[p] * (2 - d.prices[p] + d.prices[1-p]/2)
	*step = *s
	if d.corrupt != nil {
		d.corrupt(d, step)
	}
	if d.waits = step.Stage != env.Last; !d.waits {
		d.turnOver()
	}
	return true
}

func (d *duopoly) Act(action int) {
	if !d.lax && !d.step[d.next].Mask[action] {
		panic("not permitted")
	}
	d.offers[d.next] = min(max(action, 0), 2)
	d.waits = false
	d.turnOver()
}

func (d *duopoly) turnOver() {
	if d.next++; d.next == 2 {
		for p, a := range d.offers {
			d.prices[p] = d.spec.Offers[a].Price
		}
		d.next, d.round = 0, d.round+1
	}
}

// recorder stands in for a *testing.T.
type recorder struct{ errors []string }

func (r *recorder) Helper() {}
func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

func TestAnHonestEnvironmentPasses(t *testing.T) {
	Run(t, func() env.Environment { return newDuopoly() }, EpisodesDiffer, NoAllocation, Simultaneous)
}

func TestATerminalStateNeedsNoMask(t *testing.T) {
	Run(t, func() env.Environment {
		d := newDuopoly()
		d.corrupt = func(_ *duopoly, s *env.TimeStep) {
			if s.Stage == env.Last {
				s.Terminal, s.Mask = true, nil
			}
		}
		return d
	})
}

var sink []byte

func TestBrokenEnvironmentsAreRejected(t *testing.T) {
	turns := 0
	broken := []struct {
		name    string
		breakIt func(d *duopoly)
		want    string
	}{
		{"spec changes", corrupt(func(d *duopoly, s *env.TimeStep) { d.spec.Offers = d.spec.Offers[:3-d.round%2] }), "Spec has changed"},
		{"no First", corrupt(func(d *duopoly, s *env.TimeStep) { s.Stage = max(s.Stage, env.Mid) }), "its first turn is not First"},
		{"First twice", corrupt(func(d *duopoly, s *env.TimeStep) {
			if d.round == 1 {
				s.Stage = env.First
			}
		}), "a second First"},
		{"a turn after Last", corrupt(func(d *duopoly, s *env.TimeStep) {
			if d.round >= 8 {
				s.Stage = env.Last
			}
		}), "a turn after its Last"},
		{"no Last for one player", func(d *duopoly) { d.silent = true }, "player 1 has had no Last"},
		{"Terminal in the middle", corrupt(func(d *duopoly, s *env.TimeStep) { s.Terminal = true }), "a Terminal turn that is not Last"},
		{"no such player", corrupt(func(d *duopoly, s *env.TimeStep) { s.Player += 2 }), "there are 2 players"},
		{"goes on after the end", func(d *duopoly) { d.endless, d.rounds = true, 3 }, "a turn after its Last"},
		{"everything forbidden", corrupt(func(d *duopoly, s *env.TimeStep) { clear(s.Mask) }), "forbids everything"},
		{"everything forbidden where the episode is cut short", corrupt(func(d *duopoly, s *env.TimeStep) {
			if s.Stage == env.Last {
				clear(s.Mask)
			}
		}), "forbids everything"},
		{"mask against the limits", corrupt(func(d *duopoly, s *env.TimeStep) { s.Mask[0] = true }), "limits allow"},
		{"short observation", corrupt(func(d *duopoly, s *env.TimeStep) { s.Observation = s.Observation[:2] }), "2 numbers for 3 features"},
		{"infinite observation", corrupt(func(d *duopoly, s *env.TimeStep) { s.Observation[2] = math.Inf(1) }), "infinite observation"},
		{"short mask", corrupt(func(d *duopoly, s *env.TimeStep) { s.Mask = s.Mask[:2] }), "a mask of 2"},
		{"NaN reward", corrupt(func(d *duopoly, s *env.TimeStep) { s.Reward = math.NaN() }), "a reward of NaN"},
		{"discount above 1", corrupt(func(d *duopoly, s *env.TimeStep) { s.Discount = 1.05 }), "a discount of 1.05"},
		{"discount against elapsed time", corrupt(func(d *duopoly, s *env.TimeStep) { s.Elapsed = 1 + float64(d.round%2) }), "a period, before it was"},
		{"discount without time", corrupt(func(d *duopoly, s *env.TimeStep) { s.Elapsed = 0 }), "no time has elapsed"},
		{"negative time", corrupt(func(d *duopoly, s *env.TimeStep) { s.Elapsed = -1 }), "-1 periods elapsed"},
		{"an outside state", corrupt(func(d *duopoly, s *env.TimeStep) { turns++; s.Reward += float64(turns) }), "differs from turn"},
		{"Reset forgets nothing", func(d *duopoly) { d.keep = true }, "differs from turn"},
		{"all episodes are one", func(d *duopoly) { d.same = true }, "are the same world"},
		{"takes any action", func(d *duopoly) { d.lax = true }, "was accepted"},
		{"allocates", corrupt(func(d *duopoly, s *env.TimeStep) { sink = make([]byte, 100) }), "allocations in"},
		{"sees the other's action", func(d *duopoly) { d.peek = true }, "shows what player 0 does"},
		{"order of turns changes", corrupt(func(d *duopoly, s *env.TimeStep) {
			if d.round == 4 {
				s.Player = 1 - s.Player
			}
		}), "out of the order"},
	}
	for _, b := range broken {
		t.Run(b.name, func(t *testing.T) {
			var r recorder
			Run(&r, func() env.Environment {
				d := newDuopoly()
				b.breakIt(d)
				return d
			}, EpisodesDiffer, NoAllocation, Simultaneous)
			if all := strings.Join(r.errors, "\n"); !strings.Contains(all, b.want) {
				t.Errorf("the suite should say %q; it says %q", b.want, all)
			}
		})
	}
}

func corrupt(f func(*duopoly, *env.TimeStep)) func(*duopoly) {
	return func(d *duopoly) { d.corrupt = f }
}

// table is an environment with a flat table, perhaps a wrong one.
type table struct {
	*duopoly
	next   []int32
	reward []float64
}

func (t table) Table() ([]int32, []float64) { return t.next, t.reward }

func TestTablesAreChecked(t *testing.T) {
	cases := []struct {
		name   string
		next   []int32
		reward []float64
		want   string
	}{
		{"good", make([]int32, 9*2), make([]float64, 9*2*2), ""},
		{"too few rewards", make([]int32, 9), make([]float64, 9), "9 successors and 9 rewards"},
		{"no such state", append(make([]int32, 8), 1), make([]float64, 18), "leads to state 1 of 1"},
		{"NaN", make([]int32, 9), append(make([]float64, 17), math.NaN()), "reward 17 is NaN"},
	}
	for _, c := range cases {
		var r recorder
		Run(&r, func() env.Environment { return table{newDuopoly(), c.next, c.reward} })
		if all := strings.Join(r.errors, "\n"); !strings.Contains(all, c.want) || c.want == "" && all != "" {
			t.Errorf("%s: the suite says %q", c.name, all)
		}
	}
}
