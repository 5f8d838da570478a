package agents_test

import (
	"math"
	"slices"
	"testing"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/sim/rng"
)

// only is a mask of three offers that allows one.
func only(a int) []bool {
	mask := make([]bool, 3)
	mask[a] = true
	return mask
}

// hand drives a learner through transitions that a test works out in its comments.
type hand struct {
	t      *testing.T
	agent  agents.Agent
	s      [2]*agents.State
	stream rng.Stream
}

func begin(t *testing.T, p agents.Params, values ...float64) *hand {
	t.Helper()
	task, s := two()
	if values != nil {
		task.Values = append(values, 0, 0, 0)
	}
	return &hand{t, made(t, p, task), s, rng.New(1, 0).Family("test").At()}
}

// acts chooses an offer in a state by allowing no other.
func (h *hand) acts(state, action int) *hand {
	h.t.Helper()
	s := *h.s[state]
	s.Mask = only(action)
	if a, _ := h.agent.Act(&s, 0, &h.stream); a != action {
		h.t.Fatalf("acted %d", a)
	}
	return h
}

func (h *hand) leads(state, action int, reward, discount float64, next int) *hand {
	h.agent.Learn(agents.Transition{State: h.s[state], Action: action, Reward: reward, Discount: discount, Next: h.s[next]})
	return h
}

func (h *hand) ends(state, action int, reward float64) *hand {
	h.agent.Learn(agents.Transition{State: h.s[state], Action: action, Reward: reward, Discount: 0.9, Next: h.s[0], Terminal: true, Last: true})
	return h
}

func (h *hand) cut(state, action int, reward, discount float64, next int) *hand {
	h.agent.Learn(agents.Transition{State: h.s[state], Action: action, Reward: reward, Discount: discount, Next: h.s[next], Last: true})
	return h
}

// holds checks the values of both states' offers.
func (h *hand) holds(want ...float64) {
	h.t.Helper()
	if got := values(h.t, h.agent)[:6]; !close(got, want) {
		h.t.Errorf("values %v, expected %v", got, want)
	}
}

func TestExpectedSARSAUpdatesByHand(t *testing.T) {
	h := begin(t, &agents.ExpectedSARSA{Tabular: constant(0.5, 0)}).ends(1, 2, 4).ends(1, 0, -2) // Q(1, ·) = −1, 0, 2
	h.leads(0, 1, 1, 0.9, 1)
	h.agent.Act(h.s[1], 0.3, &h.stream) // π = .1, .1, .8: Σ = 1.5; .5(1 + .9·1.5) = 1.175
	h.holds(0, 1.175, 0, -1, 0, 2)
	h.leads(0, 1, 1, 0.9, 1)
	h.s[1].Mask = []bool{true, true, false}
	h.agent.Act(h.s[1], 0.3, &h.stream) // π = .15, .85, 0: Σ = −.15; 1.175 + .5(1 − .135 − 1.175) = 1.02
	h.holds(0, 1.02, 0, -1, 0, 2)
	h.agent.Act(h.s[1], 0.3, &h.stream) // nothing waits any more
	h.holds(0, 1.02, 0, -1, 0, 2)

	p := &agents.ExpectedSARSA{Tabular: constant(0.5, 0)}
	p.Exploration.Rule, p.Ties = "boltzmann", "random"
	h = begin(t, p).ends(1, 2, 4).ends(1, 0, -2).leads(0, 1, 0, 1, 1)
	h.agent.Act(h.s[1], 2, &h.stream) // at temperature 2: odds e^−.5, 1, e
	x, y := math.Exp(-0.5), math.E
	h.holds(0, 0.5*(2*y-x)/(x+1+y), 0, -1, 0, 2)
}

func TestDoubleQUpdatesByHand(t *testing.T) {
	h := begin(t, &agents.DoubleQ{Tabular: constant(0.5, 0)})
	toss := func(table uint64) *hand { // the lowest bit of a draw is the coin
		for {
			if peek := h.stream; peek.Uint64()&1 == table {
				h.agent.Act(h.s[0], 0, &h.stream)
				return h
			}
			h.stream.Uint64()
		}
	}
	const a, b = 0, 1
	toss(a).ends(1, 2, 4)             // A(1,2) = 2
	toss(a).leads(0, 1, 1, 0.9, 1)    // A's best is 2, of which B holds 0: A(0,1) = .5
	toss(b).leads(0, 1, 1, 0.9, 1)    // B's best is the first of equals, of which A holds 0: B(0,1) = .5
	toss(b).ends(1, 0, 6)             // B(1,0) = 3
	toss(a).leads(0, 2, 0, 0.9, 1)    // A's best is 2, of which B holds 0: A(0,2) = 0
	toss(b).leads(0, 2, 0, 0.9, 1)    // B's best is 0, of which A holds 0: B(0,2) = 0
	toss(b).ends(1, 2, 2)             // B(1,2) = 1
	toss(a).leads(0, 2, 0, 0.9, 1)    // A's best is 2, of which B holds 1: A(0,2) = .45
	h.holds(0, .5, .225, 1.5, 0, 1.5) // the means
}

// α = .5, γ = .9, λ = .5. The first entry is visited twice, earns 1 and 2, and the other then earns 4 and ends it.
//
//   - 1: δ = 1, e = 1: Q(0,1) = .5; e = .45
//   - 2: δ = 2 − .5 = 1.5. Accumulating: e = 1.45, Q = .5 + .5·1.5·1.45 = 1.5875, e = .6525. Replacing: e = 1, Q = 1.25, e = .45. Dutch: e = .5·.45 + 1 =
//     1.225, Q_old = 0, Q = .5 + .5·(1.5 + .5)·1.225 − .5·.5 = 1.475, e = .55125
//   - 3: δ = 4: Q(1,2) = 2, and Q(0,1) grows by .5·4·e
func TestSARSALambdaUpdatesByHand(t *testing.T) {
	for trace, want := range map[string]float64{"accumulating": 2.8925, "replacing": 2.15, "dutch": 2.5775} {
		h := begin(t, &agents.SARSALambda{Tabular: constant(0.5, 0), Traces: agents.Traces{Lambda: 0.5, Trace: trace}})
		h.acts(0, 1).leads(0, 1, 1, 0.9, 0).acts(0, 1).leads(0, 1, 2, 0.9, 1).acts(1, 2).ends(1, 2, 4)
		h.holds(0, want, 0, 0, 0, 2)
		h.acts(0, 0).ends(0, 0, 2) // a new episode has no traces of the old
		h.holds(1, want, 0, 0, 0, 2)
	}
}

func TestQLambdaUpdatesByHand(t *testing.T) {
	h := begin(t, &agents.QLambda{Tabular: constant(0.5, 0), Traces: agents.Traces{Lambda: 0.5, Trace: "accumulating"}}).ends(1, 2, 4) // 2
	h.leads(0, 1, 1, 0.9, 1)                                                                                                           // δ = 1 + 1.8: Q = 1.4, e = .45
	h.agent.Act(h.s[1], 0, &h.stream)                                                                                                  // greedy: no cut
	h.ends(1, 2, 0)                                                                                                                    // δ = −2: 2 − 1 = 1, and 1.4 − .45 = .95
	h.holds(0, 0.95, 0, 0, 0, 1)
	h.leads(0, 1, 0, 0.9, 1) // δ = .9 − .95: .925
	for a := 2; a == 2; {
		a, _ = h.agent.Act(h.s[1], math.Inf(1), &h.stream) // until an offer is not greedy, which cuts
	}
	h.ends(1, 0, 10)
	h.holds(0, 0.925, 0, 5, 0, 1)
}

func TestNStepSARSAUpdatesByHand(t *testing.T) {
	h := begin(t, &agents.NStep{Tabular: constant(0.5, 0), Steps: 2, Sigma: 1})
	h.acts(0, 1).leads(0, 1, 1, 0.9, 1).acts(1, 2).leads(1, 2, 2, 0.9, 0)
	h.holds(0, 0, 0, 0, 0, 0)
	h.acts(0, 0) // 1 + .9·2 + .81·0 = 2.8
	h.holds(0, 1.4, 0, 0, 0, 0)
	h.ends(0, 0, 3) // 2 + .9·3 = 4.7, and 3
	h.holds(1.5, 1.4, 0, 0, 0, 2.35)
	h.acts(0, 1).cut(0, 1, 1, 0.5, 1).acts(1, 2) // 1 + .5·2.35 = 2.175: 1.4 + .5·.775
	h.holds(1.5, 1.7875, 0, 0, 0, 2.35)
	h.acts(1, 2).ends(1, 2, 0.35) // nothing of the last episode: 2.35 − 1
	h.holds(1.5, 1.7875, 0, 0, 0, 1.35)
}

// Q(0, ·) = 1, 2, 3 and Q(1, ·) = 4, 6, 2 at first; ε = .3, α = .5, γ = .9, n = 2. From (0, 1), which earns 1, to state 1, where offers 0 and 1 are allowed, so that
// π = .15, .85, Σ = 5.7; its greedy offer 1 earns 2 and leads to state 0, where π = .1, .1, .8 and Σ = 2.7.
//
//   - σ = 0: 2 + .9·2.7 = 4.43; 1 + .9·(5.7 + .85·(4.43 − 6)) = 4.92895; Q = 2 + .5·2.92895
//   - σ = .5: 2 + .9·(.5·3 + .5·2.7) = 4.565; 1 + .9·(.5·4.565 + .5·(5.7 + .85·(4.565 − 6))) = 5.0703625; Q = 2 + .5·3.0703625
func TestTreeBackupAndQSigmaUpdateByHand(t *testing.T) {
	for sigma, want := range map[float64]float64{0: 3.464475, 0.5: 3.53518125} {
		p := &agents.NStep{Tabular: constant(0.5, 0), Steps: 2, Sigma: sigma}
		h := begin(t, p, 1, 2, 3, 4, 6, 2)
		h.acts(0, 1).leads(0, 1, 1, 0.9, 1)
		h.s[1].Mask = []bool{true, true, false}
		if a, _ := h.agent.Act(h.s[1], 0.3, &h.stream); a != 1 {
			t.Fatalf("the stream explores: %d", a)
		}
		h.leads(1, 1, 2, 0.9, 0)
		if a, _ := h.agent.Act(h.s[0], 0.3, &h.stream); a != 2 {
			t.Fatalf("the stream explores: %d", a)
		}
		h.holds(1, want, 3, 4, 6, 2)
	}
}

// γ = .5: the returns of an episode that earns 1, 2 and 4 are 3, 4 and 4. Cut short before offers worth 8 they are 4, 6 and 8.
func TestMonteCarloUpdatesByHand(t *testing.T) {
	for visit, want := range map[string]float64{"first": 1.5, "every": 2.75} {
		h := begin(t, &agents.MonteCarlo{Tabular: constant(0.5, 0), Visit: visit, Longest: 10})
		h.acts(0, 1).leads(0, 1, 1, 0.5, 0).acts(0, 1).leads(0, 1, 2, 0.5, 1).acts(1, 2)
		h.holds(0, 0, 0, 0, 0, 0)
		h.ends(1, 2, 4)
		h.holds(0, want, 0, 0, 0, 2)
	}
	h := begin(t, &agents.MonteCarlo{Tabular: constant(0.5, 8), Visit: "first", Longest: 10})
	h.acts(0, 1).leads(0, 1, 1, 0.5, 0).acts(0, 1).leads(0, 1, 2, 0.5, 1).acts(1, 2).cut(1, 2, 4, 0.5, 0).acts(0, 0)
	h.holds(8, 6, 8, 8, 8, 8)
	h = begin(t, &agents.MonteCarlo{Tabular: constant(0.5, 0), Visit: "first", Longest: 2})
	h.acts(0, 1).leads(0, 1, 1, 0.5, 1).acts(1, 2).leads(1, 2, 2, 0.5, 0).acts(0, 0) // too long: 2 and 1 + .5·2
	h.holds(0, 1, 0, 0, 0, 1)
}

// α = .5, ρ = 0 at first; its step size is .25 (schwartz: β; differential: .5·α).
//
//   - (0,1) earns 4: δ = 4, Q = 2, ρ = 1
//   - (1,0) earns 1: δ = 1 − 1 + 2 = 2, Q = 1, ρ = 1.5
//   - (0,2) earns 1, not greedy: δ = 1 − 1.5 + 1 = .5, Q = .25, ρ = 1.5 or 1.625
//   - (1,1) earns 0 and the world ends, to begin in state 0: δ = 0 − ρ + 2, Q = .25 or .1875
func TestRLearningUpdatesByHand(t *testing.T) {
	for rule, want := range map[string]float64{"schwartz": 0.25, "differential": 0.1875} {
		p := &agents.RLearning{Tabular: constant(0.5, 0), Rule: rule, AverageRate: 0.25}
		if rule == "differential" {
			p.AverageRate = 0.5
		}
		h := begin(t, p).leads(0, 1, 4, 0.9, 1).leads(1, 0, 1, 0.9, 0).leads(0, 2, 1, 0.9, 1).ends(1, 1, 0)
		h.holds(0, 2, 0.25, 1, 0, 0)
		h.acts(0, 1) // which is allowed there, and worth 2
		h.holds(0, 2, 0.25, 1, want, 0)
	}
}

// (1,2) earns 4 and ends it; (0,1) earns 1 and leads there, and once it earned 3 and led back to its own state, so that it is worth
// q = 2 + .9·(.5·4 + .5·q) = 3.8/.55.
func TestDynaQPlansUntilTheModelIsSolved(t *testing.T) {
	h := begin(t, &agents.DynaQ{Tabular: constant(0.5, 0), Planning: 1})
	h.acts(0, 1).leads(0, 1, 1, 0.9, 1) // .5, and planned once .75
	h.holds(0, 0.75, 0, 0, 0, 0)
	h = begin(t, &agents.DynaQ{Tabular: constant(0.5, 0), Planning: 1000})
	h.acts(0, 1).leads(0, 1, 1, 0.9, 1).acts(1, 2).ends(1, 2, 4)
	h.holds(0, 4.6, 0, 0, 0, 4)
	h.acts(0, 1).leads(0, 1, 3, 0.9, 0)
	h.holds(0, 3.8/0.55, 0, 0, 0, 4)
}

func TestSweepingCarriesAnErrorToWhatLedThere(t *testing.T) {
	sweeper := func(planning int) *hand {
		return begin(t, &agents.PrioritisedSweeping{Tabular: constant(1, 0), Planning: planning}).leads(0, 1, 1, 0.9, 1).ends(1, 2, 4)
	}
	sweeper(10).holds(0, 4.6, 0, 0, 0, 4)
	one := sweeper(1) // only (1,2); what led there waits in the queue
	one.holds(0, 1, 0, 0, 0, 4)
	one.ends(1, 0, 0).holds(0, 4.6, 0, 0, 0, 4)
}

// Two hundred states lead to one, whose value changes once: each turn updates no more entries than Planning, and at last all.
func TestSweepingDoesABoundedPartOfTheWork(t *testing.T) {
	task, states := grid()
	const planning = 2
	q := made(t, &agents.PrioritisedSweeping{Tabular: constant(1, 0), Planning: planning}, task)
	for s := range 200 {
		q.Learn(agents.Transition{State: &states[s], Action: s % 15, Discount: 1, Next: &states[200]})
	}
	q.Learn(agents.Transition{State: &states[200], Action: 3, Reward: 7, Terminal: true})
	for turn := 1; turn <= 110; turn++ {
		worth := 0
		for _, v := range values(t, q) {
			if v == 7 {
				worth++
			}
		}
		if worth > planning*turn || turn == 110 && worth != 201 {
			t.Fatalf("after %d turns %d entries are up to date", turn, worth)
		}
		q.Learn(agents.Transition{State: &states[200], Action: 4, Terminal: true})
	}
}

// One step, no trace, no plan: each learner is then another one, to the bit.
func TestLearnersMeetInTheirLimits(t *testing.T) {
	boltzmann := constant(0.3, 0)
	boltzmann.Exploration.Rule = "boltzmann"
	for _, shared := range []agents.Tabular{constant(0.3, 1), boltzmann, kind("sarsa").(*agents.SARSA).Tabular} {
		sarsa, q := &agents.SARSA{Tabular: shared}, &agents.QLearning{Tabular: shared}
		for i, pair := range [][2]agents.Params{
			{sarsa, &agents.NStep{Tabular: shared, Steps: 1, Sigma: 1}},
			{sarsa, &agents.SARSALambda{Tabular: shared, Traces: agents.Traces{Trace: "accumulating"}}},
			{sarsa, &agents.SARSALambda{Tabular: shared, Traces: agents.Traces{Trace: "replacing"}}},
			{q, &agents.QLambda{Tabular: shared, Traces: agents.Traces{Trace: "replacing"}}},
			{q, &agents.DynaQ{Tabular: shared}},
		} {
			task, states := grid()
			var tables [2][]float64
			for j, p := range pair {
				stream := rng.New(7, 0).Family("test").At()
				a := made(t, p, task)
				play(t, a, true, states, &stream, 5000)
				tables[j] = values(t, a)
			}
			if !slices.Equal(tables[0], tables[1]) {
				t.Errorf("pair %d: other tables", i)
			}
		}
	}
}

// Expected SARSA chooses after its update and a tree of one step before, which is the same where an update does not change what is chosen.
func TestATreeOfOneStepIsExpectedSARSA(t *testing.T) {
	shared := constant(0.3, 0)
	var tables [2][]float64
	for j, p := range []agents.Params{&agents.ExpectedSARSA{Tabular: shared}, &agents.NStep{Tabular: shared, Steps: 1}} {
		h := begin(t, p, 1, 2, 3, 4, 6, 2)
		for range 50 {
			h.acts(0, 1).leads(0, 1, 1, 0.9, 1)
			h.agent.Act(h.s[1], 0.3, &h.stream)
			h.leads(1, 2, 2, 0.9, 0)
			h.agent.Act(h.s[0], 0.3, &h.stream)
			h.leads(0, 0, 2, 0.9, 0)
		}
		h.acts(0, 1)
		tables[j] = values(t, h.agent)
	}
	if !close(tables[0], tables[1]) {
		t.Errorf("%v and %v", tables[0], tables[1])
	}
}
