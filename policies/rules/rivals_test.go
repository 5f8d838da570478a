package rules_test

import (
	"math"
	"slices"
	"testing"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/rules"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

func on(t *testing.T, spec *env.Spec, r rules.Rule) policies.Policy {
	t.Helper()
	p, err := r.Policy(spec)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// asks is the price asked when the lowest rival asks r.
func asks(p policies.Policy, r, u float64) float64 {
	return p.Decide(seen(map[string]float64{"lowest_rival_price": r}), u).Price
}

// duel lets two sellers move by turns, first a, each seeing what the other asks; it returns what the mover asked.
func duel(a, b policies.Policy, startB float64, moves int) []float64 {
	draws := rng.New(1, 0).Family("duel").At()
	path, rival := make([]float64, moves), startB
	for i := range path {
		if i > 0 {
			rival = path[i-1]
		}
		mover := a
		if i%2 == 1 {
			mover = b
		}
		path[i] = asks(mover, rival, draws.Float64())
	}
	return path
}

// war lets two sellers move at the same times, and returns the paths of both.
func war(a, b policies.Policy, startA, startB float64, moves int) (x, y []float64) {
	draws := rng.New(2, 0).Family("war").At()
	for range moves {
		startA, startB = asks(a, startB, draws.Float64()), asks(b, startA, draws.Float64())
		x, y = append(x, startA), append(y, startB)
	}
	return x, y
}

func TestFollowerKeepsItsMarginToTheLowestRival(t *testing.T) {
	markup := 0.5
	for _, c := range []struct {
		rule              rules.Follower
		rival, cost, want float64
	}{
		{rules.Follower{}, 6, nan, 6},
		{rules.Follower{Margin: -0.25}, 8, nan, 6},
		{rules.Follower{Margin: 0.5}, 4, nan, 6},
		{rules.Follower{Amount: -1}, 6, nan, 5},
		{rules.Follower{Bounds: rules.Bounds{Floor: 4}}, 2, nan, 4},
		{rules.Follower{Bounds: rules.Bounds{Floor: 3.5}}, 2, nan, 4}, // 3 would be nearer 3.5, and below it
		{rules.Follower{Bounds: rules.Bounds{Ceiling: 6.9}}, 9, nan, 6},
		{rules.Follower{Bounds: rules.Bounds{Ceiling: 6.9}}, nan, nan, 6},
		{rules.Follower{}, nan, nan, 10},
		{rules.Follower{Bounds: rules.Bounds{FloorMarkup: &markup}}, 1, 4, 6},
		{rules.Follower{Bounds: rules.Bounds{FloorMarkup: &markup}}, 7, 4, 7},
		{rules.Follower{Bounds: rules.Bounds{FloorMarkup: &markup, Floor: 2}}, 1, nan, 2},
		{rules.Follower{Bounds: rules.Bounds{FloorMarkup: &markup, Ceiling: 5}}, 1, 6, 9}, // the cost lifts the ceiling too
	} {
		c.rule.Rival = "lowest_rival_price"
		d := on(t, shelf(), &c.rule).Decide(seen(map[string]float64{"lowest_rival_price": c.rival, "unit_cost": c.cost}), 0.5)
		if d.Price != c.want || d.Propensity != 1 {
			t.Errorf("%+v, rival at %v, cost %v: asks %v, not %v", c.rule, c.rival, c.cost, d.Price, c.want)
		}
	}
}

func TestUndercuttersEndAtTheFloor(t *testing.T) {
	u := on(t, shelf(), &rules.Undercut{Rival: "lowest_rival_price", Bounds: rules.Bounds{Floor: 2.5}})
	if path := duel(u, u, nan, 12); !slices.Equal(path, []float64{10, 9, 8, 7, 6, 5, 4, 3, 3, 3, 3, 3}) {
		t.Errorf("by turns: %v", path)
	}
	x, y := war(u, u, 10, 8, 12)
	if !slices.Equal(x[8:], []float64{3, 3, 3, 3}) || !slices.Equal(y[8:], []float64{3, 3, 3, 3}) {
		t.Errorf("at the same times: %v, %v", x, y)
	}
}

func TestUndercutTakesTheDearestPriceAStepBelow(t *testing.T) {
	cents := &env.Spec{Features: features(everything...)}
	for c := 100; c >= 90; c-- { // a ladder may be in any order
		cents.Offers = append(cents.Offers, env.Offer{Price: float64(c) / 100})
	}
	for _, c := range []struct{ step, rival, want float64 }{{0, 0.97, 0.96}, {0.01, 0.97, 0.96}, {0.02, 0.97, 0.95}, {0.015, 0.97, 0.95}, {0, 0.965, 0.96}, {0, 0.9, 0.9}, {0, 5, 1}} {
		if got := asks(on(t, cents, &rules.Undercut{Rival: "lowest_rival_price", Step: c.step}), c.rival, 0.5); got != c.want {
			t.Errorf("step %v below %v: %v", c.step, c.rival, got)
		}
	}
	if got := asks(on(t, shelf(), &rules.Undercut{Rival: "lowest_rival_price", Step: 0.01}), 7, 0.5); got != 6 {
		t.Errorf("a cent below 7 on a ladder of whole dollars: %v", got)
	}
}

func TestEdgeworthSellersCycle(t *testing.T) {
	e := on(t, shelf(), &rules.Edgeworth{Rival: "lowest_rival_price", Relent: 1, Bounds: rules.Bounds{Floor: 3, Ceiling: 9}})
	once := []float64{9, 8, 7, 6, 5, 4, 3}
	if path := duel(e, e, nan, 28); !slices.Equal(path, slices.Concat(once, once, once, once)) {
		t.Errorf("by turns: %v", path)
	}
	x, y := war(e, e, 9, 9, 14)
	if !slices.Equal(x, y) || !slices.Equal(x, slices.Concat(once[1:], once, once[:1])) {
		t.Errorf("at the same times: %v", x)
	}
}

// Maskin & Tirole's war of attrition: at the floor each waits for the other to relent, with probability 1/4 a turn. The wait is
// geometric with mean 4 turns; that of 2000 cycles is off by more than 4 standard errors in one seed of 16,000.
func TestEdgeworthSellersWaitAtTheFloor(t *testing.T) {
	e := on(t, shelf(), &rules.Edgeworth{Rival: "lowest_rival_price", Relent: 0.25, Bounds: rules.Bounds{Floor: 3}})
	path := duel(e, e, nan, 22000)
	turns, jumps := 0.0, 0.0
	for i := 1; i < len(path); i++ {
		switch before, now := path[i-1], path[i]; {
		case before > 3 && now != before-1 || before == 3 && now != 3 && now != 10:
			t.Fatalf("from %v to %v", before, now)
		case before == 3:
			turns++
			if now == 10 {
				jumps++
			}
		}
	}
	if mean, sd := turns/jumps, math.Sqrt(0.75)/0.25; math.Abs(mean-4) > 4*sd/math.Sqrt(jumps) || jumps < 1500 {
		t.Errorf("%v turns a jump, over %v jumps", mean, jumps)
	}
	d := e.Decide(seen(map[string]float64{"lowest_rival_price": 3}), 0.2)
	if d.Price != 10 || d.Propensity != 0.25 {
		t.Errorf("%+v", d)
	}
	if d = e.Decide(seen(map[string]float64{"lowest_rival_price": 2}), 0.25); d.Price != 3 || d.Propensity != 0.75 {
		t.Errorf("%+v", d)
	}
}

func TestTitForTatStaysHighWithItself(t *testing.T) {
	p := on(t, shelf(), &rules.TitForTat{Rival: "lowest_rival_price", Bounds: rules.Bounds{Ceiling: 8}})
	for _, price := range duel(p, p, nan, 50) {
		if price != 8 {
			t.Fatalf("asks %v", price)
		}
	}
}

func TestTitForTatAnswersInKindAndReturns(t *testing.T) {
	p := on(t, shelf(), &rules.TitForTat{Rival: "lowest_rival_price", Bounds: rules.Bounds{Floor: 3, Ceiling: 8}})
	rival := []float64{nan, 8, 10, 5, 5, 2, 6, 8, 9}
	for i, want := range []float64{8, 8, 8, 5, 5, 3, 6, 8, 8} {
		if got := asks(p, rival[i], 0); got != want {
			t.Errorf("rival at %v: asks %v, not %v", rival[i], got, want)
		}
	}
	u := on(t, shelf(), &rules.Undercut{Rival: "lowest_rival_price", Bounds: rules.Bounds{Floor: 2}})
	if path := duel(p, u, nan, 20); path[18] != 3 || path[19] != 2 {
		t.Errorf("against an undercutter it goes down to its floor: %v", path)
	}
}

// One lapse is paid back and forth for ever; forgiveness ends it, and both stay at the ceiling from then on. That it takes more than 60
// moves happens with probability 0.7⁶⁰, 5·10⁻¹⁰.
func TestForgivenessEndsAFeud(t *testing.T) {
	strict := on(t, shelf(), &rules.TitForTat{Rival: "lowest_rival_price"})
	x, y := war(strict, strict, 10, 5, 60)
	for i := range x {
		if x[i]+y[i] != 15 {
			t.Fatalf("move %d: %v and %v", i, x[i], y[i])
		}
	}
	generous := on(t, shelf(), &rules.TitForTat{Rival: "lowest_rival_price", Forgive: 0.3})
	if x, y = war(generous, generous, 10, 5, 60); x[59] != 10 || y[59] != 10 {
		t.Errorf("%v, %v", x, y)
	}
	if d := generous.Decide(seen(map[string]float64{"lowest_rival_price": 4}), 0.1); d.Price != 10 || d.Propensity != 0.3 {
		t.Errorf("%+v", d)
	}
}

func TestARivalByName(t *testing.T) {
	spec := &env.Spec{Features: features("price:acme"), Offers: shelf().Offers}
	p := on(t, spec, &rules.Undercut{Rival: "price:acme"})
	if d := p.Decide([]float64{4}, 0); d.Price != 3 {
		t.Errorf("%+v", d)
	}
}

// A seller of several products has a ladder of levels; what the rival asks, in $, is told as the nearest of them.
func TestARivalAsAnOfferOfTheOwnLadder(t *testing.T) {
	spec := &env.Spec{Features: []env.Feature{{Name: "lowest_rival_rung", Unit: "index"}}, Offers: []env.Offer{{Price: 1.2}, {Price: 1}, {Price: 0.8}, {Price: 0.9}}}
	p := on(t, spec, &rules.Undercut{Rival: "lowest_rival_rung"})
	for rung, want := range map[float64]float64{0: 1, 1: 0.9, 3: 0.8, 2: 0.8, nan: 1.2, 4: 1.2, -1: 1.2} {
		if d := p.Decide([]float64{rung}, 0); d.Price != want {
			t.Errorf("rival at offer %v: asks %v, not %v", rung, d.Price, want)
		}
	}
}

func TestLimitsHoldBackAnUndercutter(t *testing.T) {
	spec := shelf()
	spec.Limits = []env.Limit{{Feature: "last_price", Index: 5, Drop: 2}}
	p := on(t, spec, &rules.Undercut{Rival: "lowest_rival_price"})
	if d := p.Decide(seen(map[string]float64{"lowest_rival_price": 3, "last_price": 9}), 0); d.Price != 7 || d.Guardrails != 1 {
		t.Errorf("%+v", d)
	}
}
