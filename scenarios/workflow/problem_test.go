package workflow

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/scenarios"
)

// measure is what the study of a scenario finds.
func measure(ctx context.Context, s *scenarios.Scenario, workers int) ([]Measure, error) {
	st, err := studyOf(s)
	if err != nil {
		return nil, err
	}
	result, err := st.measure(ctx, s, workers, nil)
	if err != nil {
		return nil, err
	}
	return result.measures, nil
}

// measured are the measures of a scenario with some keys set, by name.
func measured(t *testing.T, name string, workers int, set ...string) map[string]Measure {
	t.Helper()
	s, err := scenarios.Load(name, set...)
	if err != nil {
		t.Fatal(err)
	}
	all, err := measure(context.Background(), s, workers)
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]Measure{}
	for _, m := range all {
		if _, twice := byName[m.Name]; twice {
			t.Errorf("%s is told twice", m.Name)
		}
		if _, ok := measurable(problemMeasures(), m.Name); !ok {
			t.Errorf("%s is not a measure that is listed", m.Name)
		}
		byName[m.Name] = m
	}
	return byName
}

const sale = "gallego-van-ryzin-1994"

var brief = []string{"train.episodes=3000", "train.seeds=2", "evaluate.paths=4000", "problem.stock=5"}

func TestProblemMeasuresDoNotDependOnWorkers(t *testing.T) {
	one, two := measured(t, sale, 1, brief...), measured(t, sale, 2, brief...)
	for name, m := range one {
		if other := two[name]; fmt.Sprint(other) != fmt.Sprint(m) { // NaN is NaN
			t.Errorf("%+v on one worker, %+v on two", m, two[name])
		}
	}
}

// The order that theory asks for, and what is learned between chance and the optimum.
func TestProblemMeasuresAgreeWithEachOther(t *testing.T) {
	all := measured(t, sale, 2, brief...)
	order := []string{"random", "best-fixed", "optimum", "continuous-optimum", "continuous-bound"}
	for i := 1; i < len(order); i++ {
		if all[order[i-1]].Value >= all[order[i]].Value {
			t.Errorf("%s earns %v, %s %v", order[i-1], all[order[i-1]].Value, order[i], all[order[i]].Value)
		}
	}
	if all["fluid"].Value > all["optimum"].Value || all["optimum"].Value > all["fluid-bound"].Value {
		t.Errorf("fluid %v, optimum %v, bound %v", all["fluid"].Value, all["optimum"].Value, all["fluid-bound"].Value)
	}
	for _, name := range []string{"optimum", "best-fixed", "fluid"} {
		if m := all["simulated-error:"+name]; math.Abs(m.Value) > 3.5*m.Error || m.N != 4000 { // a false alarm in 700 seeds
			t.Errorf("simulated %s: %+v", name, m)
		}
	}
	for _, agent := range []string{"q-learning", "sarsa"} {
		if v := all["value:"+agent].Value; v < all["random"].Value || v > all["optimum"].Value {
			t.Errorf("%s learned a policy worth %v", agent, v)
		}
		// what is earned and what is given up is the optimum, up to the luck of 6,000 episodes: about 2.2 each
		earned, regret := all["earned:"+agent], all["regret:"+agent]
		if sum := earned.Value + regret.Value/3000; math.Abs(sum-all["optimum"].Value) > 4*2.2/math.Sqrt(6000) {
			t.Errorf("%s earned %v and gave up %v an episode, of %v", agent, earned.Value, regret.Value/3000, all["optimum"].Value)
		}
		if m := all["regret-slope:"+agent]; !(m.Value > 0.3 && m.Value < 1.1) {
			t.Errorf("regret slope %+v", m)
		}
		if all["regret:"+agent+"@30000"].Value != regret.Value {
			t.Errorf("regret after all 30,000 periods %v, in all %v", all["regret:"+agent+"@30000"].Value, regret.Value)
		}
	}
}

// A season of 10,000 customers is too large to be solved exactly; it is held against the fluid.
func TestLargeProblemsAreHeldAgainstTheFluid(t *testing.T) {
	all := measured(t, sale, 2, "problem.reviews=20000", "problem.stock=1000", "problem.customers=5000.0", "train.episodes=1", "train.seeds=3", "evaluate.paths=2",
		`agents=[{ name = "ucb1" }]`)
	if _, solved := all["optimum"]; solved {
		t.Error("it was solved")
	}
	for _, name := range []string{"fluid-bound", "earned:ucb1", "regret:ucb1"} {
		if _, ok := all[name]; !ok {
			t.Errorf("no %s", name)
		}
	}
	if sum := all["earned:ucb1"].Value + all["regret:ucb1"].Value; math.Abs(sum-all["fluid-bound"].Value) > 1e-6*sum {
		t.Errorf("earned and given up: %v, the fluid %v", sum, all["fluid-bound"].Value)
	}
}

// A rule that goes by the last price, which is no part of the problem's states, halves its price in every second period: no value by the states says so.
func TestRulesThatGoByMoreThanStatesTellAreSimulated(t *testing.T) {
	all := measured(t, sale, 2, append(brief, `agents=[]`,
		`evaluate.rules=[{ name = "flicker", rule = "markdown", price = 2.0, steps = [{ feature = "last_price", from = 1.5, off = 0.5 }] }, { name = "two", rule = "fixed", price = 2.0 }]`)...)
	if _, exact := all["value:flicker"]; exact {
		t.Error("it has an exact value")
	}
	flicker, two := all["simulated:flicker"], all["value:two"]
	if flicker.N != 4000 || math.Abs(flicker.Value-two.Value) < 10*flicker.Error {
		t.Errorf("simulated %+v, where the price never changes %v", flicker, two.Value)
	}
}

func TestProblemsThatAreWrongAreToldAtTheirKey(t *testing.T) {
	for set, want := range map[string]string{
		"agents.sarsa.name=\"fluid\"":               "agents.fluid.name",
		"problem.stock=-1":                          "problem.stock",
		"problem.reviews=20000000":                  "problem.reviews",
		"problem.demand.kind=\"linaer\"":            "linear",
		"problem.discount=1.5":                      "problem.discount",
		"problem.prices={ list = [2.0, 1.0] }":      "problem.prices.list.1",
		"problem.criterion=\"average\"":             "problem.criterion",
		"problem.rival={ prices = [1.0], effct=2 }": "problem.rival.effct",
		"problem.state={ stok = { bins = 3 } }":     "problem.state.stok",
		"problem.state={ sold = { bins = 3 } }":     "problem.state.sold",
	} {
		if _, err := scenarios.Load(sale, set); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", set, err, want)
		}
	}
}

func TestPublishedRowsOfPapersAreMeasures(t *testing.T) {
	for _, name := range scenarios.Papers() {
		s, err := scenarios.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		kinds := MeasureKinds(s.World())
		for _, p := range s.Published {
			if _, ok := measurable(kinds, p.Measure); !ok {
				t.Errorf("%s: %s is no measure", name, p.Measure)
			}
		}
		if !slices.ContainsFunc(s.Published, func(p scenarios.Published) bool { return p.Source != "" }) {
			t.Errorf("%s names no source", name)
		}
	}
}
