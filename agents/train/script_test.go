package train_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// script is a world of one player and three turns, at states 0, 1, 2, that ends in state 3. The action taken in state s
// earns 10·s + action.
type script struct {
	spec        env.Spec
	terminal    bool // the world ends; else it is only not looked at any longer
	state, last int
	observation [1]float64
	account     results.Metrics
}

func newScript(terminal bool) *script {
	return &script{terminal: terminal, spec: env.Spec{Features: []env.Feature{{Name: "state"}}, Offers: []env.Offer{{Price: 1}, {Price: 2}}}}
}

func (s *script) Players() int              { return 1 }
func (s *script) Spec(int) *env.Spec        { return &s.spec }
func (s *script) Account() *results.Metrics { return &s.account }
func (s *script) Week() *results.Metrics    { return &s.account }
func (s *script) Reset(uint64)              { s.state = 0 }

func (s *script) Next(step *env.TimeStep) bool {
	if s.state > 3 {
		return false
	}
	s.observation[0] = float64(s.state)
	*step = env.TimeStep{Stage: env.Mid, Observation: s.observation[:], Mask: []bool{true, s.state != 1},
		Reward: float64(10*(s.state-1) + s.last), Discount: 0.5, Elapsed: 1}
	switch s.state {
	case 0:
		step.Stage = env.First
	case 3:
		step.Stage, step.Terminal = env.Last, s.terminal
		s.state++
	}
	return true
}

func (s *script) Act(action int) { s.last = action; s.state++ }

// recorder is an agent, and its parameters, that writes down what the loop asks of it. It makes offer 1 where it may and
// calls the first two transitions of its life a warm-up.
type recorder struct {
	agents.QLearning // for what does not matter here
	log              []string
	draws            []float64
	learned          int
}

func (r *recorder) New(agents.Task) (agents.Agent, error) { return r, nil }
func (r *recorder) Explore(agents.Moment) float64         { return 0.25 }
func (r *recorder) WarmingUp() bool                       { return r.learned < 2 }
func (r *recorder) LearningRate() float64                 { return 0 }
func (r *recorder) Policy() (policies.Policy, error)      { return nil, nil }
func (r *recorder) MarshalBinary() ([]byte, error)        { return nil, nil }
func (r *recorder) UnmarshalBinary([]byte) error          { return nil }

func (r *recorder) Act(s *agents.State, exploration float64, stream *rng.Stream) (int, bool) {
	r.log = append(r.log, fmt.Sprintf("act in %v, exploration %v", s.Observation[0], exploration))
	r.draws = append(r.draws, stream.Float64())
	stream.Float64()
	if s.Mask[1] {
		return 1, false
	}
	return 0, false
}

func (r *recorder) Learn(t agents.Transition) {
	r.learned++
	line := fmt.Sprintf("%v, offer %d: %v, then %v·%v", t.State.Observation[0], t.Action, t.Reward, t.Discount, t.Next.Observation[0])
	if t.Terminal {
		line += ", the end"
	}
	if t.State.Index != int(t.State.Observation[0]) || t.Next.Index != int(t.Next.Observation[0]) || t.State.Mask[1] == (t.State.Index == 1) {
		line += ", in wrong states"
	}
	r.log = append(r.log, line)
}

func follow(t *testing.T, terminal bool, randomStart, episodes int) (*recorder, []results.Episode) {
	t.Helper()
	r, took := &recorder{}, &rows[results.Episode]{}
	_, err := train.Run(context.Background(), []train.Job{{
		Params: r, World: func() (train.World, error) { return newScript(terminal), nil }, Master: 5, Others: make([]policies.Policy, 1),
		Encoder:  policies.Encoder{Dimensions: []policies.Dimension{policies.Uniform("state", 0, -0.5, 3.5, 4)}},
		Episodes: episodes, RandomStart: randomStart, EpisodeRows: took,
	}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	return r, took.all
}

// An episode cut short has a future: its last transition bootstraps, and one more offer is chosen, though not made, for
// learners who bootstrap from what they do next. An episode that ends has none.
func TestAnEpisodeCutShortHasAFutureAndOneThatEndsHasNone(t *testing.T) {
	begin := []string{
		"act in 0, exploration +Inf", // a random start of one turn
		"0, offer 1: 1, then 0.5·1",
		"act in 1, exploration 0.25",
		"1, offer 0: 10, then 0.5·2",
		"act in 2, exploration 0.25",
	}
	cut := append(slices.Clone(begin), "2, offer 1: 21, then 0.5·3", "act in 3, exploration 0.25")
	end := append(slices.Clone(begin), "2, offer 1: 21, then 0.5·3, the end")
	for terminal, want := range map[bool][]string{false: cut, true: end} {
		if r, _ := follow(t, terminal, 1, 2); !slices.Equal(r.log, append(slices.Clone(want), want...)) {
			t.Errorf("terminal %v: the learner was asked\n%q, expected twice\n%q", terminal, r.log, want)
		}
	}
}

func TestEachEpisodeHasAnExplorationStreamOfItsOwn(t *testing.T) {
	r, _ := follow(t, true, 0, 3)
	for episode := range uint64(3) {
		stream := rng.New(5, episode).Family("exploration").At()
		for turn := range 3 {
			if got, want := r.draws[3*int(episode)+turn], stream.Float64(); got != want {
				t.Errorf("episode %d, turn %d: draw %v, expected %v", episode, turn, got, want)
			}
			stream.Float64()
		}
	}
}

// Exploration 0.25; the first two turns of the first episode are warm-up, and the first of every one is a random start.
func TestTheExplorationRecordedIsThatInForce(t *testing.T) {
	_, episodes := follow(t, false, 1, 3)
	for i, want := range []float64{(1 + 1 + 0.25) / 3, (1 + 0.25 + 0.25) / 3, (1 + 0.25 + 0.25) / 3} {
		if got := episodes[i].Exploration; got-want > 1e-15 || want-got > 1e-15 {
			t.Errorf("episode %d: exploration %v, expected %v", i, got, want)
		}
	}
}

func TestATrainingThatNeverLeavesItsWarmUpExploresThroughout(t *testing.T) {
	params := learner("sarsa", agents.LearningRate{Kind: "constant", Value: 0.5}, agents.Exploration{Kind: "constant", From: 0.1})
	if got := params.WarmupTransitions(); got != 500 {
		t.Errorf("a warm-up of %d transitions, expected 500", got)
	}
	took := &rows[results.Episode]{}
	j := job(t, params, 1, 12, 0) // of 52 transitions: the warm-up ends in the tenth
	j.EpisodeRows = took
	if _, err := train.Run(context.Background(), []train.Job{j}, 1); err != nil {
		t.Fatal(err)
	}
	for i, e := range took.all {
		if (e.Exploration == 1) != (i < 9) || (e.Exploration == 0.1) != (i > 9) || (e.LearningRate > 0) != (i >= 9) {
			t.Errorf("episode %d: exploration %v, learning rate %v", i, e.Exploration, e.LearningRate)
		}
	}
}
