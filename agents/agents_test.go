package agents_test

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"testing"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// two is a task of two states and three offers.
func two() (agents.Task, [2]*agents.State) {
	spec := &env.Spec{Features: []env.Feature{{Name: "x"}}, Offers: []env.Offer{{Price: 1}, {Price: 2}, {Price: 3}}}
	task := agents.Task{Spec: spec, Encoder: policies.Encoder{Dimensions: []policies.Dimension{{Feature: "x", Edges: []float64{0.5}}}}}
	return task, [2]*agents.State{
		{Index: 0, Observation: []float64{0}, Mask: []bool{true, true, true}},
		{Index: 1, Observation: []float64{1}, Mask: []bool{true, true, true}},
	}
}

func constant(rate, initial float64) agents.Tabular {
	return agents.Tabular{
		LearningRate: agents.LearningRate{Kind: "constant", Value: rate}, Exploration: agents.Exploration{Kind: "constant"},
		Initial: initial,
	}
}

func made(t *testing.T, params agents.Params, task agents.Task) agents.Agent {
	t.Helper()
	a, err := params.New(task)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// values reads an agent's table from its frozen policy.
func values(t *testing.T, a agents.Agent) []float64 {
	t.Helper()
	p, err := a.Policy()
	if err != nil {
		t.Fatal(err)
	}
	return p.(*policies.Table).Values
}

func close(got, want []float64) bool {
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-12 {
			return false
		}
	}
	return len(got) == len(want)
}

func TestQLearningUpdatesByHand(t *testing.T) {
	task, s := two()
	q := made(t, &agents.QLearning{Tabular: constant(0.5, 0)}, task)
	q.Learn(agents.Transition{State: s[1], Action: 2, Reward: 4, Discount: 0.9, Next: s[0]}) // 0 + .5(4 + .9·0 − 0) = 2
	q.Learn(agents.Transition{State: s[0], Action: 1, Reward: 1, Discount: 0.9, Next: s[1]}) // 0 + .5(1 + .9·2 − 0) = 1.4
	q.Learn(agents.Transition{State: s[0], Action: 1, Reward: 1, Discount: 0.5, Next: s[1]}) // 1.4 + .5(1 + .5·2 − 1.4) = 1.7
	q.Learn(agents.Transition{State: s[1], Action: 0, Reward: -2, Discount: 0.9, Next: s[0], Terminal: true})
	s[1].Mask = []bool{true, true, false} // the 2 is out of reach: max(−1, 0) = 0
	q.Learn(agents.Transition{State: s[0], Action: 0, Reward: 3, Discount: 0.9, Next: s[1]})
	if got, want := values(t, q), []float64{1.5, 1.7, 0, -1, 0, 0, 0, 0, 0}; !close(got[:3], want[:3]) || !close(got[3:6], []float64{-1, 0, 2}) {
		t.Errorf("values %v", got)
	}
}

func TestSARSAUpdatesByHand(t *testing.T) {
	task, s := two()
	q := made(t, &agents.SARSA{Tabular: constant(0.5, 0)}, task)
	stream := rng.New(1, 0).Family("test").At()
	only := func(a int) []bool { m := make([]bool, 3); m[a] = true; return m }
	q.Learn(agents.Transition{State: s[1], Action: 2, Reward: 4, Discount: 0.9, Next: s[0], Terminal: true}) // .5·4 = 2
	q.Learn(agents.Transition{State: s[0], Action: 1, Reward: 1, Discount: 0.9, Next: s[1]})
	if got := values(t, q); got[1] != 0 {
		t.Errorf("the next action is not known yet, but the value moved to %v", got[1])
	}
	s[1].Mask = only(2)
	if a, _ := q.Act(s[1], 0, &stream); a != 2 { // 0 + .5(1 + .9·2 − 0) = 1.4
		t.Fatalf("acted %d", a)
	}
	q.Learn(agents.Transition{State: s[0], Action: 1, Reward: 1, Discount: 0.9, Next: s[1]})
	s[1].Mask = only(0) // though 2 is worth more, 0 is what follows: 1.4 + .5(1 + .9·0 − 1.4) = 1.2
	q.Act(s[1], 0, &stream)
	q.Act(s[1], 0, &stream) // nothing waits any more
	if got := values(t, q); !close(got[:6], []float64{0, 1.2, 0, 0, 0, 2}) {
		t.Errorf("values %v", got)
	}
}

func TestTheStepSizeFallsWithTheVisitsOfTheEntry(t *testing.T) {
	task, s := two()
	p := &agents.QLearning{Tabular: constant(0, 0)}
	p.LearningRate = agents.LearningRate{Kind: "visits", Power: 1}
	q := made(t, p, task)
	for i, r := range []float64{6, 1, 2, 3} { // a power of 1 makes a mean
		q.Learn(agents.Transition{State: s[0], Action: 0, Reward: r, Terminal: true})
		if want := 1 / float64(i+1); math.Abs(q.LearningRate()-want) > 1e-15 {
			t.Errorf("update %d: rate %v, expected %v", i+1, q.LearningRate(), want)
		}
	}
	if got := values(t, q)[0]; math.Abs(got-3) > 1e-12 {
		t.Errorf("the mean of 6, 1, 2, 3 came to %v", got)
	}
	p.LearningRate.Power = 0.5
	q = made(t, p, task)
	for range 40000 { // beyond the tabulated rates
		q.Learn(agents.Transition{State: s[0], Action: 0, Reward: 1, Terminal: true})
	}
	if math.Abs(q.LearningRate()-1.0/200) > 1e-15 {
		t.Errorf("rate of update 40000 is %v, expected 1/200", q.LearningRate())
	}
}

func TestWarmUpSetsEveryValueToWhatPlayingOnIsWorth(t *testing.T) {
	for ends, worth := range map[bool]float64{false: 3 / 0.1, true: 12 / 1.3} { // mean 3; or of 12 in an episode that ends after four
		warmsUp(t, ends, 1.5*worth)
	}
}

// warmsUp plays four transitions, at whose last the episode ends or does not, with half as much again as optimism.
func warmsUp(t *testing.T, ends bool, expected float64) {
	for _, params := range []agents.Params{
		&agents.QLearning{Tabular: constant(0.5, 7)}, &agents.SARSA{Tabular: constant(0.5, 7)},
	} {
		switch p := params.(type) {
		case *agents.QLearning:
			p.Warmup, p.Optimism = 4, 0.5
		case *agents.SARSA:
			p.Warmup, p.Optimism = 4, 0.5
		}
		task, s := two()
		q := made(t, params, task)
		for i, r := range []float64{1, 2, 3, 6} {
			if got := values(t, q)[3]; got != 7 {
				t.Errorf("after %d transitions the value is %v", i, got)
			}
			q.Learn(agents.Transition{State: s[0], Action: 1, Reward: r, Discount: 0.9, Next: s[1], Terminal: ends && i == 3})
		}
		for _, v := range values(t, q) {
			if math.Abs(v-expected) > 1e-9 {
				t.Errorf("value %v, expected %v", v, expected)
			}
		}
	}
}

func TestTheAverageWeighsTablesByAPowerOfTheirTime(t *testing.T) {
	task, s := two()
	p := &agents.QLearning{Tabular: constant(1, 5)}
	p.Average = 1 // the table after update t weighs t² − (t−1)²: 1, 3, 5, 7, 9
	q := made(t, p, task)
	for _, x := range []struct {
		state, action int
		reward        float64
	}{{0, 0, 6}, {0, 1, 1}, {1, 0, 3}, {0, 0, 2}, {0, 1, 8}} {
		q.Learn(agents.Transition{State: s[x.state], Action: x.action, Reward: x.reward, Terminal: true})
	}
	// The first state's means begin with update 2, when the second offer is first tried, and weigh 24: 6, 6, 2, 2 and
	// 1, 1, 1, 8. The other's begin with update 3. What was never tried stays 5.
	if got := values(t, q); !close(got[:6], []float64{(6*3 + 6*5 + 2*7 + 2*9) / 24.0, (1*3 + 1*5 + 1*7 + 8*9) / 24.0, 5, 3, 5, 5}) {
		t.Errorf("averages %v", got)
	}
}

// What an offer is worth before it was ever tried is no part of its mean: offer 1, tried late and for nothing, would
// otherwise look better than offer 0, which has always earned 1.
func TestTheAverageDoesNotBringBackTheInitialValue(t *testing.T) {
	task, s := two()
	p := &agents.QLearning{Tabular: constant(1, 1.5)}
	p.LearningRate = agents.LearningRate{Kind: "visits", Power: 0.6}
	p.Average = 3
	q := made(t, p, task)
	for update := 1; update <= 10000; update++ {
		x := agents.Transition{State: s[0], Reward: 1, Terminal: true}
		if update == 9501 {
			x.Action, x.Reward = 1, 0
		}
		q.Learn(x)
	}
	if got := values(t, q); !close(got[:3], []float64{1, 0, 1.5}) {
		t.Errorf("averages %v", got[:3])
	}
	policy, _ := q.Policy()
	if d := policy.Decide(s[0].Observation, 0); d.Action != 0 {
		t.Errorf("decides %d", d.Action)
	}
}

func TestTheGreedyOfferKeptIsTheOneAScanFinds(t *testing.T) {
	task, states := grid()
	q := made(t, &agents.QLearning{Tabular: constant(0.7, 0)}, task)
	stream := rng.New(3, 0).Family("test").At()
	for i := range 50000 {
		s := states[stream.Intn(5)]
		// Small whole rewards make ties, zeros of both signs too.
		q.Learn(agents.Transition{State: &s, Action: stream.Intn(15), Reward: math.Round(stream.Normal()) * -1, Terminal: true})
		if i%50 > 0 {
			continue
		}
		mask := make([]bool, 15)
		for a := range mask {
			mask[a] = stream.Float64() < 0.7
		}
		mask[stream.Intn(15)] = true
		s.Mask = mask
		got, _ := q.Act(&s, 0, &stream)
		row, want := values(t, q)[s.Index*15:][:15], -1
		for a, v := range row {
			if mask[a] && (want < 0 || v > row[want]) {
				want = a
			}
		}
		if got != want {
			t.Fatalf("update %d: acted %d, a scan of %v under %v finds %d", i, got, row, mask, want)
		}
	}
}

func TestEveryKindOfLearnerConforms(t *testing.T) {
	for _, k := range agents.Kinds() {
		t.Run(k.Name, func(t *testing.T) {
			if err := k.New().Validate(); err != nil {
				t.Errorf("its defaults are not valid: %v", err)
			}
			conforms(t, k)
		})
	}
}

// play lets an agent live through n transitions of a random world with random masks, from a given stream.
func play(t *testing.T, a agents.Agent, tabular bool, states []agents.State, stream *rng.Stream, n int) {
	state := func() *agents.State {
		s := states[stream.Intn(len(states))]
		s.Mask = make([]bool, len(s.Mask))
		for i := range s.Mask {
			s.Mask[i] = stream.Float64() < 0.5
		}
		s.Mask[stream.Intn(len(s.Mask))] = true
		return &s
	}
	s := state()
	for range n {
		after := *stream
		after.Uint64()
		after.Uint64()
		action, _ := a.Act(s, 0.3, stream)
		if tabular && *stream != after {
			t.Fatal("an act did not take two draws")
		}
		if !s.Mask[action] {
			t.Fatalf("acted %d, which %v forbids", action, s.Mask)
		}
		next, terminal := state(), stream.Float64() < 0.1
		a.Learn(agents.Transition{State: s, Action: action, Reward: stream.Normal(), Discount: 0.9, Next: next, Terminal: terminal, Last: terminal || stream.Float64() < 0.05})
		s = next
	}
}

func conforms(t *testing.T, k agents.Kind) {
	task, states := grid()
	stream := rng.New(5, 0).Family("test").At()
	a := made(t, k.New(), task)
	tabular := reflect.ValueOf(k.New()).Elem().FieldByName("Tabular").IsValid()
	play(t, a, tabular, states, &stream, 3000)

	s := &states[17]
	for range 100 {
		if _, exploring := a.Act(s, 0, &stream); exploring {
			t.Error("explored at exploration 0")
		}
	}
	if _, err := a.Policy(); err != nil {
		t.Fatal(err)
	}
	frozen, _ := a.Policy()
	before := frozen.Decide([]float64{0.4, 12, 30}, 0)

	checkpoint, err := a.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	b := made(t, k.New(), task)
	if err := b.UnmarshalBinary(checkpoint); err != nil {
		t.Fatal(err)
	}
	if again, _ := b.MarshalBinary(); !bytes.Equal(again, checkpoint) {
		t.Error("a checkpoint restored gives another one")
	}
	twin := stream
	play(t, a, tabular, states, &stream, 3000)
	play(t, b, tabular, states, &twin, 3000)
	x, _ := a.MarshalBinary()
	y, _ := b.MarshalBinary()
	if !bytes.Equal(x, y) {
		t.Error("carried on from a checkpoint to other bytes")
	}
	if frozen.Decide([]float64{0.4, 12, 30}, 0) != before {
		t.Error("a frozen policy moved with further learning")
	}
	for _, n := range []int{0, 5, 20, len(checkpoint) / 2, len(checkpoint) - 1} {
		if b.UnmarshalBinary(checkpoint[:n]) == nil {
			t.Errorf("a checkpoint cut to %d of %d bytes was accepted", n, len(checkpoint))
		}
	}
	if b.UnmarshalBinary(append(checkpoint, 0)) == nil {
		t.Error("a checkpoint with a byte too many was accepted")
	}
	transition := agents.Transition{State: s, Action: 1, Reward: 1, Discount: 0.9, Next: &states[4]}
	if n := testing.AllocsPerRun(100, func() { a.Act(s, 0.5, &stream); a.Learn(transition) }); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
}

func TestSchedulesRunFromTheirStartToTheirEnd(t *testing.T) {
	for _, c := range []struct {
		e        agents.Exploration
		progress float64
		want     float64
	}{
		{agents.Exploration{Kind: "constant", From: 0.3, To: 0.9}, 0.7, 0.3},
		{agents.Exploration{Kind: "linear", From: 1, To: 0.2}, 0, 1},
		{agents.Exploration{Kind: "linear", From: 1, To: 0.2}, 0.5, 0.6},
		{agents.Exploration{Kind: "linear", From: 1, To: 0.2, Until: 0.5}, 0.25, 0.6},
		{agents.Exploration{Kind: "linear", From: 1, To: 0.2, Until: 0.5}, 0.8, 0.2},
		{agents.Exploration{Kind: "exponential", From: 1, To: 0.01}, 0.5, 0.1},
		{agents.Exploration{Kind: "exponential", From: 1, To: 0.01}, 1, 0.01},
	} {
		if got := c.e.At(agents.Moment{Progress: c.progress}); math.Abs(got-c.want) > 1e-15 {
			t.Errorf("%+v at %v is %v, expected %v", c.e, c.progress, got, c.want)
		}
	}
}

func TestABadParameterIsNamed(t *testing.T) {
	for key, spoil := range map[string]func(*agents.Tabular){
		"learning_rate.kind":  func(p *agents.Tabular) { p.LearningRate.Kind = "visit" },
		"learning_rate.value": func(p *agents.Tabular) { p.LearningRate = agents.LearningRate{Kind: "constant", Value: 1.5} },
		"learning_rate.power": func(p *agents.Tabular) { p.LearningRate.Power = 0 },
		"exploration.kind":    func(p *agents.Tabular) { p.Exploration.Kind = "" },
		"exploration.from":    func(p *agents.Tabular) { p.Exploration.From = -0.1 },
		"exploration.to":      func(p *agents.Tabular) { p.Exploration = agents.Exploration{Kind: "exponential", From: 1} },
		"exploration.until":   func(p *agents.Tabular) { p.Exploration.Until = math.NaN() },
		"initial":             func(p *agents.Tabular) { p.Initial = math.Inf(1) },
		"warmup":              func(p *agents.Tabular) { p.Warmup = -1 },
		"optimism":            func(p *agents.Tabular) { p.Optimism = -1 },
		"average":             func(p *agents.Tabular) { p.Average = -1 },
	} {
		p := kind("sarsa").(*agents.SARSA)
		spoil(&p.Tabular)
		task, _ := two()
		_, err := p.New(task)
		var bad *field.Error
		if !errors.As(err, &bad) || bad.Key != key {
			t.Errorf("%s: %v", key, err)
		}
	}
}
