package rules_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/rules"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

var nan = math.NaN()

// A seller of four offers; the third is the second with a display.
func shop(limits ...env.Limit) *env.Spec {
	return &env.Spec{
		Features: []env.Feature{{Name: "week"}, {Name: "unit_cost"}, {Name: "own_rung"}, {Name: "reference_price"}},
		Offers:   []env.Offer{{Price: 1}, {Price: 2}, {Price: 2, Promotion: "display"}, {Price: 4}},
		Limits:   limits,
	}
}

var atMostOneBelow = env.Limit{Feature: "reference_price", Index: 3, Drop: 1}

func policy(t *testing.T, r rules.Rule, limits ...env.Limit) policies.Policy {
	t.Helper()
	p, err := r.Policy(shop(limits...))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFixedMakesTheNearestOffer(t *testing.T) {
	for _, c := range []struct {
		rule rules.Fixed
		want int
	}{{rules.Fixed{Price: 2.9}, 1}, {rules.Fixed{Price: 3.1}, 3}, {rules.Fixed{Price: 3.9, Promotion: "display"}, 2}, {rules.Fixed{Price: 1.5}, 0}} {
		d := policy(t, &c.rule).Decide([]float64{nan, nan, nan, nan}, 0.9)
		if d.Action != c.want || d.Propensity != 1 || d.Price != shop().Offers[c.want].Price || d.Promotion != shop().Offers[c.want].Promotion {
			t.Errorf("%+v: %+v", c.rule, d)
		}
	}
}

func TestARuleKeepsTheLimitsAndSaysWhichOneHeldItBack(t *testing.T) {
	p := policy(t, &rules.Fixed{Price: 1}, env.Limit{Feature: "week", Rise: 9}, atMostOneBelow)
	if d := p.Decide([]float64{0, 0, 0, 3}, 0); d.Action != 1 || d.Guardrails != 2 {
		t.Errorf("from 3, at most to 2: %+v", d)
	}
	if d := p.Decide([]float64{0, 0, 0, nan}, 0); d.Action != 0 || d.Guardrails != 0 {
		t.Errorf("no reference, no limit: %+v", d)
	}
}

func TestCostPlusAsksCostAndMarkup(t *testing.T) {
	p := policy(t, &rules.CostPlus{Feature: "unit_cost", Markup: 0.5})
	for cost, want := range map[float64]int{0.5: 0, 1.4: 1, 2.5: 3} {
		if d := p.Decide([]float64{0, cost, 0, 0}, 0); d.Action != want {
			t.Errorf("cost %v: %+v", cost, d)
		}
	}
	if d := p.Decide([]float64{0, nan, 0, 0}, 0); d.Action != 3 {
		t.Errorf("no cost: %+v", d)
	}
}

func TestCycleRunsThroughRegularWeeksThenDeals(t *testing.T) {
	p := policy(t, &rules.Cycle{Regular: 4, Deal: 2, Length: 4, DealPeriods: 1, DealPromotion: "display"})
	var got []int
	for week := range 8 {
		got = append(got, p.Decide([]float64{float64(week), 0, 0, 0}, 0).Action)
	}
	if !slices.Equal(got, []int{3, 3, 3, 2, 3, 3, 3, 2}) {
		t.Errorf("offers %v", got)
	}
	p = policy(t, &rules.Cycle{Regular: 4, Deal: 1, Length: 3, DealPeriods: 2, Phase: -4})
	got = got[:0]
	for week := range 6 {
		got = append(got, p.Decide([]float64{float64(week), 0, 0, 0}, 0).Action)
	}
	if !slices.Equal(got, []int{0, 3, 0, 0, 3, 0}) || p.Decide([]float64{0, 0, 0, 0}, 0).Action != 0 {
		t.Errorf("phase −4 of 3, that is 2: %v", got)
	}
	if d := p.Decide([]float64{nan, 0, 0, 0}, 0); d.Action != 3 {
		t.Errorf("no week: %+v", d)
	}
}

func TestRandomIsUniformOverWhatIsAllowed(t *testing.T) {
	p := policy(t, &rules.Random{}, atMostOneBelow)
	count := make([]int, 4)
	for i := range 900 {
		d := p.Decide([]float64{0, 0, 0, 3}, (float64(i)+0.5)/900)
		count[d.Action]++
		if math.Abs(d.Propensity-1.0/3) > 1e-12 {
			t.Fatalf("%+v", d)
		}
	}
	if !slices.Equal(count, []int{0, 300, 300, 300}) {
		t.Errorf("counts %v", count)
	}
}

func TestReplayFollowsTheRecordAndFillsItsGaps(t *testing.T) {
	p := policy(t, &rules.Replay{First: 10, Prices: []float64{nan, 4, nan, 1.1}})
	for week, want := range map[float64]int{9: 3, 10: 3, 11: 3, 12: 3, 13: 0, 99: 0, nan: 3} {
		if d := p.Decide([]float64{week, 0, 0, 0}, 0); d.Action != want {
			t.Errorf("week %v: %+v", week, d)
		}
	}
}

func TestMarkovDealsMoveByTheirRow(t *testing.T) {
	r := &rules.MarkovDeals{Feature: "own_rung", Start: []float64{0, 0, 0, 1}, Transition: [][]float64{
		{0.5, 0, 0.25, 0.25}, {0, 1, 0, 0}, {0, 0, 0, 1}, {1, 0, 0, 0}}}
	p := policy(t, r)
	for _, c := range []struct {
		rung, u, propensity float64
		want                int
	}{{0, 0, 0.5, 0}, {0, 0.499, 0.5, 0}, {0, 0.5, 0.25, 2}, {0, 0.75, 0.25, 3}, {0, 0.999999, 0.25, 3}, {1, 0.3, 1, 1}, {2, 0.3, 1, 3}, {nan, 0.3, 1, 3}} {
		if d := p.Decide([]float64{0, 0, c.rung, 0}, c.u); d.Action != c.want || d.Propensity != c.propensity {
			t.Errorf("from %v by %v: %+v", c.rung, c.u, d)
		}
	}
	p = policy(t, r, atMostOneBelow)
	if d := p.Decide([]float64{0, 0, 0, 3}, 0.4); d.Action != 2 || d.Propensity != 0.5 {
		t.Errorf("1 is out of reach: 2 with display and 4 share its probability: %+v", d)
	}
	if d := p.Decide([]float64{0, 0, 3, 5}, 0.4); d.Action != 3 || d.Guardrails != 0 {
		t.Errorf("all it could do is out of reach: it stays: %+v", d)
	}
}

func TestABadParameterIsNamed(t *testing.T) {
	square := func() [][]float64 { return [][]float64{{1, 0, 0, 0}, {1, 0, 0, 0}, {1, 0, 0, 0}, {1, 0, 0, 0}} }
	bad := square()
	bad[2] = []float64{0.5, 0, 0, 0.4}
	for _, c := range []struct {
		key  string
		rule rules.Rule
	}{
		{"price", &rules.Fixed{}},
		{"price", &rules.Fixed{Price: nan}},
		{"markup", &rules.CostPlus{Feature: "unit_cost", Markup: -1}},
		{"feature", &rules.CostPlus{Feature: "cost"}},
		{"regular", &rules.Cycle{Deal: 1, Length: 1}},
		{"deal", &rules.Cycle{Regular: 1, Length: 1}},
		{"length", &rules.Cycle{Regular: 1, Deal: 1}},
		{"deal_periods", &rules.Cycle{Regular: 1, Deal: 1, Length: 2, DealPeriods: 3}},
		{"prices", &rules.Replay{}},
		{"prices.1", &rules.Replay{Prices: []float64{1, -1}}},
		{"feature", &rules.MarkovDeals{Feature: "rung", Transition: square()}},
		{"transition", &rules.MarkovDeals{Feature: "own_rung", Transition: square()[1:]}},
		{"transition.2", &rules.MarkovDeals{Feature: "own_rung", Transition: bad}},
		{"start", &rules.MarkovDeals{Feature: "own_rung", Transition: square(), Start: []float64{1}}},
		{"start.0", &rules.MarkovDeals{Feature: "own_rung", Transition: square(), Start: []float64{2, -1, 0, 0}}},
	} {
		_, err := c.rule.Policy(shop())
		var e *field.Error
		if !errors.As(err, &e) || e.Key != c.key {
			t.Errorf("%T, %s: %v", c.rule, c.key, err)
		}
	}
	for _, k := range rules.Kinds() {
		if _, err := k.New().Policy(&env.Spec{}); err == nil {
			t.Errorf("%s: a seller without offers was accepted", k.Name)
		}
	}
}
