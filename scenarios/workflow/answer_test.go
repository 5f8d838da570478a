package workflow

import (
	"regexp"
	"strings"
	"testing"

	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results/stats"
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

// A mean over seeds on paths and the range of one seed's computed value are two quantities: neither is told as an interval of the other.
func TestTheAnswerKeepsTheRangeOfOneSeedApart(t *testing.T) {
	row := func(name string, value float64) evaluate.Row {
		return evaluate.Row{Name: name, Profit: stats.Estimate{Value: value}}
	}
	m := &Summary{Chosen: &Chosen{Agent: "q-learning", Seed: 2},
		Comparison: &evaluate.Result{Rows: []evaluate.Row{row("q-learning", 109.3), row(history, 100)}},
		Chapters: &Chapters{Models: &Models{Choice: &choice.ShareLogit{}},
			Robustness: &Robustness{Memories: []UnderMemory{{Headline: Headline{Weekly: map[string]float64{learnedName: 109.6, history: 100}}}}}}}
	told := m.answer()
	if len(told) != 2 || told[0] != "in this model: q-learning over history +9.3%" || !strings.Contains(told[1], "q-learning seed 2 alone") || !strings.Contains(told[1], "q-learning over history +9.6% to +9.6%") {
		t.Errorf("%q", told)
	}
}
