package train_test

import (
	"context"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// dilemma is two sellers who ask a high or a low price at once, ten times an episode: the low one is better whatever the other does, and both are
// better off with two high ones.
type dilemma struct {
	spec    env.Spec
	turn    int // 2·round + player
	acts    [2]int
	earned  [2]float64
	account results.Metrics
}

var payoff = [2][2]float64{{3, 0}, {4, 1}} // [own][other], 0: high

func newDilemma() *dilemma {
	return &dilemma{spec: env.Spec{Features: []env.Feature{{Name: "nothing"}}, Offers: []env.Offer{{Price: 2}, {Price: 1}}}}
}

func (d *dilemma) Players() int              { return 2 }
func (d *dilemma) Spec(int) *env.Spec        { return &d.spec }
func (d *dilemma) Account() *results.Metrics { return &d.account }
func (d *dilemma) Week() *results.Metrics    { return &d.account }
func (d *dilemma) Reset(uint64)              { d.turn, d.account = 0, results.Metrics{} }

func (d *dilemma) Next(step *env.TimeStep) bool {
	if d.turn > 21 {
		return false
	}
	p := d.turn % 2
	*step = env.TimeStep{Player: p, Stage: env.Mid, Observation: []float64{0}, Mask: []bool{true, true}, Reward: d.earned[p], Discount: 0, Elapsed: 1}
	switch {
	case d.turn < 2:
		step.Stage, step.Reward = env.First, 0
	case d.turn >= 20:
		step.Stage = env.Last
		d.turn++
	}
	return true
}

func (d *dilemma) Act(action int) {
	d.acts[d.turn%2] = action
	if d.turn++; d.turn%2 == 0 {
		d.earned = [2]float64{payoff[d.acts[0]][d.acts[1]], payoff[d.acts[1]][d.acts[0]]}
		d.account.Reward += d.earned[0]
	}
}

// both is a job in which both sellers learn.
func both(episodes int) train.Job {
	one := policies.Encoder{Dimensions: []policies.Dimension{{Feature: "nothing", Index: 0, Edges: []float64{0.5}}}}
	params := func() agents.Params {
		return &agents.QLearning{Tabular: agents.Tabular{LearningRate: agents.LearningRate{Kind: "constant", Value: 0.1}, Exploration: agents.Exploration{Kind: "linear", From: 1}}}
	}
	return train.Job{Key: results.Key{RunID: "r", Scenario: "dilemma", Agent: "us", Seed: 1}, Params: params(), Master: 7,
		World: func() (train.World, error) { return newDilemma(), nil }, Others: make([]policies.Policy, 2), Encoder: one, Episodes: episodes,
		Beside: []train.Learner{{Name: "them", Player: 1, Params: params(), Encoder: one}}}
}

func TestTwoLearnersEachLearnThatTheLowPriceIsBetterWhateverTheOtherAsks(t *testing.T) {
	j := both(200)
	var told rows[results.Learner]
	var episodes rows[results.Episode]
	j.LearnerRows, j.EpisodeRows = &told, &episodes
	out, err := train.Run(context.Background(), []train.Job{j}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range append([]policies.Policy{out[0].Policy}, out[0].Beside...) {
		if a := p.Decide([]float64{0}, 0).Action; a != 1 {
			t.Errorf("learner %d asks offer %d", i, a)
		}
	}
	if len(told.all) != 400 || told.all[0].Player != "us" || told.all[1].Player != "them" || told.all[1].Step != 1 {
		t.Fatalf("%d rows, the first %+v", len(told.all), told.all[:2])
	}
	differ := false
	for e := range episodes.all {
		us, them := told.all[2*e], told.all[2*e+1]
		if us.Reward != episodes.all[e].Reward || us.Turns != 10 || them.Turns != 10 || us.Exploration != episodes.all[e].Exploration {
			t.Fatalf("episode %d: %+v beside %+v", e, us, episodes.all[e])
		}
		differ = differ || us.Reward != them.Reward
	}
	if !differ {
		t.Error("two learners with streams of their own never explored apart")
	}
}

func TestSeveralLearnersInterruptedCarryOnToTheSameBits(t *testing.T) {
	j := both(100)
	j.Stop = train.Stop{Window: 40, Gain: 1000, Unchanged: 1000}
	whole, err := train.Run(context.Background(), []train.Job{j}, 1)
	if err != nil || whole[0].Episodes != 80 {
		t.Fatalf("%v after %d episodes", err, whole[0].Episodes)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var saved train.Checkpoint
	j.Save = func(c train.Checkpoint) error { saved = c; return nil }
	j.Watch = func(p train.Progress) {
		if p.Episode == 57 {
			cancel()
		}
	}
	if _, err := train.Run(ctx, []train.Job{j}, 1); !errors.Is(err, context.Canceled) || saved.Episodes != 57 {
		t.Fatalf("%v at episode %d", err, saved.Episodes)
	}
	j.Resume = &saved
	again, err := train.Run(context.Background(), []train.Job{j}, 1)
	if err != nil || !reflect.DeepEqual(again, whole) {
		t.Errorf("carried on to others: %v", err)
	}
	j.Beside = nil
	j.Others[1] = again[0].Beside[0]
	if _, err := train.Run(context.Background(), []train.Job{j}, 1); err == nil {
		t.Error("a checkpoint of two learners was taken for one")
	}
}

func TestTrainingEndsByItsStatedRule(t *testing.T) {
	for _, c := range []struct {
		stop train.Stop
		ends string
	}{
		{train.Stop{Window: 50, Gain: 0.5}, "earned"},      // 50 episodes of less exploration are never half as good again
		{train.Stop{Unchanged: 60}, "no greedy offer"},     // the low price is soon best, and stays so
		{train.Stop{Window: 1e6, Gain: 1}, ""},             // no such window in 300 episodes
		{train.Stop{Unchanged: 1000}, ""},                  // nor so many without a change
		{train.Stop{Unchanged: 60, Window: 7e5}, "greedy"}, // the first that holds
	} {
		j := both(300)
		j.Stop = c.stop
		var reason string
		j.Watch = func(p train.Progress) { reason = p.Stopped }
		got, err := train.Run(context.Background(), []train.Job{j}, 1)
		if err != nil {
			t.Fatal(err)
		}
		if o := got[0]; !strings.Contains(o.Stopped, c.ends) || (c.ends == "") != (o.Episodes == 300) || c.ends == "" && o.Stopped != "" || reason != o.Stopped {
			t.Errorf("%+v: %d episodes, %q", c.stop, o.Episodes, o.Stopped)
		}
	}
	for _, bad := range []train.Stop{{Window: -1}, {Unchanged: -1}, {Window: 1, Gain: math.NaN()}, {Window: 1, Gain: -1}} {
		j := both(3)
		j.Stop = bad
		if _, err := train.Run(context.Background(), []train.Job{j}, 1); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

func TestALearnerBeginsWithTheValuesOfAPolicyOfTheSameSpec(t *testing.T) {
	first, err := train.Run(context.Background(), []train.Job{both(200)}, 1)
	if err != nil {
		t.Fatal(err)
	}
	table := first[0].Policy.(*policies.Table)
	j := both(1)
	j.Start = table
	j.Params.(*agents.QLearning).Exploration = agents.Exploration{Kind: "constant"}
	j.Params.(*agents.QLearning).Warmup = 1000
	var episodes rows[results.Episode]
	j.EpisodeRows = &episodes
	if _, err := train.Run(context.Background(), []train.Job{j}, 1); err != nil {
		t.Fatal(err)
	}
	if r := episodes.all[0].Reward; r < 10 { // at the low price from the first turn on, without warming up; at the high one it might earn nothing
		t.Errorf("with what it knew it earns %v", r)
	}
	for key, spoil := range map[string]func(p *policies.Table){
		"start.state.nothing": func(p *policies.Table) {
			p.Encoder.Dimensions = []policies.Dimension{{Feature: "nothing", Edges: []float64{0.2, 0.5}}}
		},
		"start.state": func(p *policies.Table) {
			p.Encoder.Dimensions = []policies.Dimension{{Feature: "else", Edges: []float64{0.5}}}
		},
		"start.offers": func(p *policies.Table) { p.Spec.Offers = []env.Offer{{Price: 2}, {Price: 1.5}} },
	} {
		other := *table
		spoil(&other)
		j.Start = &other
		_, err := train.Run(context.Background(), []train.Job{j}, 1)
		if bad, ok := errors.AsType[*field.Error](err); !ok || bad.Key != key {
			t.Errorf("%s: %v", key, err)
		}
	}
}
