package workflow

import (
	"regexp"
	"strings"
	"testing"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
)

// TestTheAnswerIsOfTheAgentTheTableShowsBest, with what is known of each difference, and says of another one in the bundle why it is there.
func TestTheAnswerIsOfTheAgentTheTableShowsBest(t *testing.T) {
	b := setUp(t, strings.Replace(tearoom, "[train]", "[[agents]]\nname = \"sarsa\"\nwarmup = 10\n[train]", 1), nil)
	c := contest(b.s, b.full, 1, nil)
	for _, k := range []struct{ name, plays string }{{"q-learning", "fixed:2"}, {"sarsa", "fixed:3"}, {"half-again", "fixed:2"}, {opening, "fixed:3"}} {
		c.Contestants = append(c.Contestants, evaluate.Contestant{Name: k.name, Policies: []policies.Policy{b.named(t, k.plays)}})
	}
	r, err := c.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m := &Summary{Comparison: r, Baselines: &Baselines{entered: []string{"half-again", opening}}, Chosen: &Chosen{Agent: "q-learning", Seed: 2}}
	told := b.answer(m)
	if len(told) != 2 || !regexp.MustCompile(`1 seed: sarsa, the best of 2 agents, over half-again \+[\d.]+ ±[\d.]+ \$ \(\+[\d.]+%\); over opening 0 ±0 \$ \(\+0\.0%\): cannot be told from opening$`).MatchString(told[0]) ||
		told[1] != "policy/ holds q-learning all the same: its seed 2 is the best single one on paths kept for that" {
		t.Errorf("%q", told)
	}
	if m.Chosen.Agent = "sarsa"; len(b.answer(m)) != 1 {
		t.Errorf("%q", b.answer(m))
	}
}
