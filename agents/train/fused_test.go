package train_test

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/market/oligopoly"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// anyGame is a random one of up to three firms.
func anyGame(r *rng.Stream) *oligopoly.Config {
	cfg := duopoly(2+r.Intn(5), r.Intn(3))
	if r.Intn(4) == 0 {
		cfg.Firms = cfg.Firms[:1]
		from, to := 1.2, 2.0
		cfg.Ladder.From, cfg.Ladder.To = &from, &to
	} else if r.Intn(3) == 0 {
		cfg.Ladder.Rungs = min(cfg.Ladder.Rungs, 4)
		cfg.Firms = append(cfg.Firms, oligopoly.Firm{Name: "c", Cost: 1 + 0.1*r.Float64(), Quality: 2})
	}
	if r.Intn(3) == 0 { // with ties, and prices below cost, whose profits are −0
		from, to := 0.0, 1.0
		cfg.Demand = oligopoly.Demand{Kind: "bertrand", Options: &oligopoly.Bertrand{Intercept: 1, Slope: 1}}
		cfg.Ladder.From, cfg.Ladder.To = &from, &to
		for i := range cfg.Firms {
			cfg.Firms[i].Cost, cfg.Firms[i].Quality = 0.1*float64(r.Intn(2)), 0
		}
	}
	if cfg.Memory > 0 && r.Intn(2) == 0 {
		cfg.Moves = "alternating"
	}
	cfg.Discount = []float64{0, 0.5, 0.95, 1}[r.Intn(4)]
	return cfg
}

// anyExploration is one that fades within some thousand turns.
func anyExploration(r *rng.Stream) agents.Exploration {
	return []agents.Exploration{
		{Kind: "constant", From: 0}, {Kind: "constant", From: 0.02}, {Kind: "constant", From: 1}, {Kind: "linear", From: 1, To: 0}, {Kind: "linear", From: 0.01, To: 0.5, Until: 0.3},
		{Kind: "exponential", From: 1, To: 1e-6}, {Kind: "decay", From: 1, Rate: 2e-3}, {Kind: "decay", From: 0.7, To: 0.001, Rate: 1e-2},
		{Rule: "boltzmann", Kind: "decay", From: 10, Rate: 2e-2}, {Rule: "boltzmann", Kind: "exponential", From: 1, To: 1e-4}, {Rule: "boltzmann", Kind: "constant", From: 0.05},
		{Rule: "boltzmann", Kind: "linear", From: 0.01, To: 100},
	}[r.Intn(12)]
}

// anySession is one that can be played fused, by learners of their own sight and parameters each.
func anySession(t *testing.T, cfg *oligopoly.Config, r *rng.Stream) *train.Session {
	s := session(t, cfg, baseline, r.Uint64())
	s.Periods, s.Converged, s.Tail = uint64(500+r.Intn(6000)), uint64(r.Intn(2)*(300+r.Intn(1000))), r.Intn(40)
	world, _ := s.World()
	states := len(nextOf(world.(env.Tabular))) / joints(world)
	for i := range s.Players {
		p := &s.Players[i]
		q := learning([]float64{0.1, 0.3, 1}[r.Intn(3)], anyExploration(r))
		q.Initial = float64(r.Intn(3))
		p.Params = q
		if r.Intn(3) == 0 { // sees only a part
			p.Encoder.Dimensions = slices.DeleteFunc(p.Encoder.Dimensions, func(policies.Dimension) bool { return r.Intn(2) == 0 })
		}
		if r.Intn(3) > 0 {
			p.Values = make([]float64, states*len(world.Spec(i).Offers))
			for k := range p.Values {
				p.Values[k] = float64(r.Intn(4)) / 2
			}
		}
	}
	return s
}

func nextOf(w env.Tabular) []int32 {
	next, _ := w.Table()
	return next
}

func joints(w env.Environment) int {
	n := 1
	for i := range w.Players() {
		n *= len(w.Spec(i).Offers)
	}
	return n
}

// checkpoints are the bytes of all that the learners are.
func checkpoints(t *testing.T, o *train.SessionOutcome) []byte {
	var all bytes.Buffer
	for _, a := range o.Agents {
		b, err := a.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	return all.Bytes()
}

func played(t *testing.T, s *train.Session, plain bool) *train.SessionOutcome {
	again := *s
	again.Plain = plain
	o, err := train.RunSession(context.Background(), &again)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestTheFusedLoopPlaysTheSameSessionToTheLastBit(t *testing.T) {
	for trial := range uint64(400) {
		r := rng.New(1, 0).Family("any session").At(trial)
		cfg := anyGame(&r)
		s := anySession(t, cfg, &r)
		if !train.Fuses(s) {
			t.Fatalf("trial %d is not fused", trial)
		}
		fused, plain := played(t, s, false), played(t, s, true)
		what := fmt.Sprintf("trial %d: %s, %d firms, memory %d, %d periods, converged %d", trial, cfg.Moves, len(cfg.Firms), cfg.Memory, s.Periods, s.Converged)
		if !bytes.Equal(checkpoints(t, fused), checkpoints(t, plain)) {
			t.Errorf("%s: other tables", what)
		}
		fused.Agents, plain.Agents = nil, nil
		if !reflect.DeepEqual(fused, plain) {
			t.Fatalf("%s:\nfused %+v\nplain %+v", what, fused, plain)
		}
	}
}

// cournot is a session of Waltman & Kaymak (2008): 41 quantities, Boltzmann's rule, no memory.
func cournot(t testing.TB, rate float64, e agents.Exploration, memory int, master uint64) *train.Session {
	cfg := duopoly(41, memory)
	from, to := 0.0, 40.0
	cfg.Demand = oligopoly.Demand{Kind: "cournot", Options: &oligopoly.Cournot{Intercept: 40, Slope: 1}}
	cfg.Ladder.From, cfg.Ladder.To, cfg.Discount = &from, &to, 0.5*float64(memory)
	if memory > 0 {
		cfg.Ladder.Rungs = 7
	}
	for i := range cfg.Firms {
		cfg.Firms[i].Cost, cfg.Firms[i].Quality = 4, 0
	}
	s := session(t, cfg, func() agents.Params {
		q := learning(rate, e)
		q.Initial = 0
		return q
	}, master)
	for i := range s.Players {
		s.Players[i].Values = nil
	}
	return s
}

// Weights of earlier temperatures choose only where they are sure to choose like those of today.
func TestBoltzmannsRuleChoosesTheSameOffersInTheFusedLoop(t *testing.T) {
	for trial, e := range []agents.Exploration{
		{Kind: "decay", From: 1000, Rate: 2e-4}, {Kind: "decay", From: 1000, Rate: 1e-5}, {Kind: "constant", From: 20}, {Kind: "linear", From: 1, To: 500}, {Kind: "exponential", From: 1e6, To: 1e-6},
	} {
		e.Rule = "boltzmann"
		for memory := range 2 {
			s := cournot(t, []float64{0.05, 0.5, 1}[trial%3], e, memory, uint64(trial))
			s.Periods = 50_000
			if !train.Fuses(s) {
				t.Fatal("not fused")
			}
			if fused, plain := played(t, s, false), played(t, s, true); !bytes.Equal(checkpoints(t, fused), checkpoints(t, plain)) {
				t.Errorf("%+v, memory %d: other tables", e, memory)
			}
		}
	}
}

// Sessions a hundred times as long make no more allocations: there are none in the loops.
func TestPeriodsOfTheFusedLoopDoNotAllocate(t *testing.T) {
	for name, build := range map[string]func() *train.Session{
		"duel": func() *train.Session { return session(t, duopoly(15, 1), baseline, 1) },
		"three firms": func() *train.Session {
			cfg := duopoly(4, 1)
			cfg.Firms = append(cfg.Firms, oligopoly.Firm{Name: "c", Cost: 1, Quality: 2})
			return session(t, cfg, baseline, 1)
		},
		"alternating": func() *train.Session {
			cfg := duopoly(7, 1)
			cfg.Moves = "alternating"
			return session(t, cfg, baseline, 1)
		},
		"boltzmann": func() *train.Session {
			return cournot(t, 0.25, agents.Exploration{Rule: "boltzmann", Kind: "decay", From: 1000, Rate: 1e-5}, 0, 1)
		},
	} {
		s := build()
		if !train.Fuses(s) {
			t.Fatalf("%s is not fused", name)
		}
		allocations := func(periods uint64) float64 {
			s.Periods = periods
			return testing.AllocsPerRun(3, func() { played(t, s, false) })
		}
		if short, long := allocations(1_000), allocations(100_000); long > short+5 { // some are of the runtime
			t.Errorf("%s: %v allocations in 100,000 periods, %v in 1,000", name, long, short)
		}
	}
}
