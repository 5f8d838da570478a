package train_test

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/market/monopoly"
	"github.com/souk-sim/souk/policies"
)

// Whoever looks at what is learned on the way changes nothing of it, for any learner.
func TestLookingAtALearnerChangesNothing(t *testing.T) {
	p, err := monopoly.NewProcess(&monopoly.Problems()[0].Config)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range agents.Kinds() {
		learn := func(look func(int, policies.Policy) error, moments ...int) (saved []byte) {
			job := train.Job{Params: kind.New(), Master: 5, Episodes: 60, Encoder: p.Encoder(), World: func() (train.World, error) { return p.Market(5), nil },
				Others: make([]policies.Policy, 1), Moments: moments, Look: look, Save: func(c train.Checkpoint) error { saved = c.Agent; return nil }}
			if _, err := train.Run(context.Background(), []train.Job{job}, 1); err != nil {
				t.Fatalf("%s: %v", kind.Name, err)
			}
			return saved
		}
		var seen []int
		looked := learn(func(episodes int, policy policies.Policy) error {
			if seen = append(seen, episodes); policy == nil {
				t.Errorf("%s: no policy after %d episodes", kind.Name, episodes)
			}
			return nil
		}, 1, 20, 60)
		if !slices.Equal(seen, []int{1, 20, 60}) {
			t.Errorf("%s: looked at after %v episodes", kind.Name, seen)
		}
		if !bytes.Equal(looked, learn(nil)) {
			t.Errorf("%s learned something else", kind.Name)
		}
	}
}
