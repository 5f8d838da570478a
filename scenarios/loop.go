package scenarios

import (
	"fmt"
	"strings"

	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
)

// Loop is how a policy is kept up to date from its own log: what a turn of souk loop looks at and asks of a candidate, and, where a scenario plays the shop too,
// how many rounds there are and how the truth drifts between them.
type Loop struct {
	Rounds  int     `toml:"rounds" default:"20" range:"[2,1000]" doc:"rounds that are played, each an episode in every shop, with a turn of the loop between them"`
	Shops   int     `toml:"shops" default:"20" range:"[1,10000]" doc:"shops alike, each with customers of its own, in which the policy decides and whose decisions are the log of a round"`
	Explore float64 `toml:"explore" default:"0.05" range:"[0.05,1]" doc:"share of decisions in which the policy makes any offer that its guardrails allow: without it the log could tell of no other policy"`
	Window  int     `toml:"window" default:"56" range:"[1,1000000]" doc:"newest periods of the log that models are fitted to"`
	Gates   Gates   `toml:"gates" doc:"what a candidate must pass to take the champion's place"`
	Drift   []Drift `toml:"drift" doc:"keys of the truth whose values change from round to round; left out: none do"`
}

// UsualLoop is the loop of a scenario without one.
func UsualLoop() Loop {
	return Loop{Rounds: 20, Shops: 20, Explore: 0.05, Window: 56, Gates: Gates{Level: 0.95, Decisions: 100}}
}

// Gates are what a candidate is asked. All must hold.
type Gates struct {
	Level     float64 `toml:"level" default:"0.95" range:"[0.5,0.9999]" doc:"of the intervals"`
	Gain      float64 `toml:"gain" default:"0.0" range:"[0,10]" doc:"share of what the champion earns by which the candidate must earn more in the one true market, with probability level by what the log leaves open of it"`
	Loss      float64 `toml:"loss" default:"0.0" range:"[0,1]" doc:"share of what the champion earned that the log may say is lost, at the upper end of the interval of off-policy evaluation: further down speaks against the candidate"`
	Decisions int     `toml:"decisions" default:"100" range:"[1,1000000000]" doc:"fewest decisions in the window with an outcome"`
}

// Drift is the course of a number of the truth over the rounds. From its own value v, which it has until round From, it goes in equal steps to To, where it is
// at round Until and stays, or until round Back, in which it is v again; and in every round after the first all of it is multiplied by one more factor e^z, z normal with standard deviation Walk, drawn from
// the scenario's seed: a random walk in logs.
type Drift struct {
	Key   string   `toml:"key" required:"true" doc:"as --set names it: of a number"`
	To    *float64 `toml:"to" doc:"what it comes to; left out: what it is"`
	From  int      `toml:"from" default:"0" range:"[0,1000]" doc:"last round of the old value, counted from 0"`
	Until int      `toml:"until,omitzero" range:"[0,1000]" doc:"first round of the new one; left out: the last round"`
	Back  int      `toml:"back,omitzero" range:"[0,1000]" doc:"first round of the old one again, all at once; left out: none"`
	Walk  float64  `toml:"walk" default:"0.0" range:"[0,1]" doc:"standard deviation of the step that the log of the number takes from each round to the next"`
}

// at is the number in a round, number being the drift's own.
func (d *Drift) at(v float64, round, rounds int, number uint64, steps rng.Family) float64 {
	if d.To != nil && (d.Back == 0 || round < d.Back) {
		until := d.Until
		if until == 0 {
			until = rounds - 1
		}
		share := min(1, max(0, float64(round-d.From)/float64(until-d.From)))
		v += float64(share * (*d.To - v))
	}
	log := 0.0
	for r := 1; r <= round && d.Walk > 0; r++ {
		stream := steps.At(number, uint64(r))
		log += float64(d.Walk * stream.Normal())
	}
	return v * portable.Exp(log)
}

// Truth is what is true in a round, counted from 0: the scenario without its [loop], the keys that drift at their values of that round. The error is a *field.Error.
func (s *Scenario) Truth(round int) (*Scenario, error) {
	steps := rng.New(uint64(s.Seed), 0).Family("drift")
	resolved, all := s.resolved(), Settings{}
	for i := range s.Loop.Drift {
		d := &s.Loop.Drift[i]
		keys := (&Over{Key: d.Key}).keys()
		v, ok := number(valueAt(resolved, keys))
		if !ok {
			return nil, s.Fault(show(d.Key), "the key of a number", "loop", "drift", fmt.Sprint(i), "key")
		}
		all = append(all, Setting{keys: keys, at: []string{"drift", fmt.Sprint(i), "key"}, value: d.at(v, round, s.Loop.Rounds, uint64(i), steps)})
	}
	all = append(all, Setting{keys: []string{"loop"}, at: []string{}, value: nil}, Setting{keys: []string{"seed"}, at: []string{}, value: s.Seed}) // which may be Seeded's
	return parseWith(s.source, nil, s.overrides, []settled{{path("loop"), all}})
}

// valueAt looks a value up in a parsed document; nil where there is none.
func valueAt(root map[string]any, keys []string) any {
	var here any = root
	for _, k := range keys {
		table, ok := here.(map[string]any)
		if !ok {
			all, _ := elements(here)
			i, _ := find(all, k)
			if i < 0 {
				return nil
			}
			here = all[i]
			continue
		}
		here = table[k]
	}
	return here
}

// loop checks what a loop says by itself.
func (d *document) loop(l *Loop) {
	seen := map[string]bool{}
	for i := range l.Drift {
		o, at := &l.Drift[i], path("loop").then("drift").then(fmt.Sprint(i))
		keys := (&Over{Key: o.Key}).keys()
		if len(keys) == 0 || keys[0] == "loop" || keys[0] == "name" || keys[0] == "seed" {
			d.bad(at.then("key"), show(o.Key), "a dotted key of the market, as --set takes it")
		}
		d.once(at.then("key"), seen, strings.Join(keys, "."))
		switch {
		case o.To == nil && o.Walk == 0:
			d.bad(at, "neither to nor walk", "one of them or both")
		case o.Until != 0 && o.Until <= o.From, o.Until == 0 && o.From >= l.Rounds-1:
			d.bad(at.then("until"), fmt.Sprint(o.Until), "a round after from")
		case o.Back != 0 && (o.To == nil || o.Until == 0 || o.Back <= o.Until):
			d.bad(at.then("back"), fmt.Sprint(o.Back), "a round after until, of a number that has a to and an until")
		}
	}
}

// drifts checks that every round of a loop makes a scenario.
func (s *Scenario) drifts() error {
	for round := range s.Loop.Rounds {
		if _, err := s.Truth(round); err != nil || len(s.Loop.Drift) == 0 {
			return err
		}
	}
	return nil
}

// Seeded is the scenario under another seed. The error is a *field.Error.
func (s *Scenario) Seeded(seed int64) (*Scenario, error) {
	return parseWith(s.source, nil, s.overrides, []settled{{path("seed"), Settings{{keys: []string{"seed"}, at: []string{}, value: seed}}}})
}

// In is what the number is in a scenario, as in a round's truth.
func (d *Drift) In(s *Scenario) float64 {
	x, _ := number(valueAt(s.resolved(), (&Over{Key: d.Key}).keys()))
	return x
}
