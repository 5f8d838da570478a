package workflow

import (
	"errors"
	"math"
	"testing"

	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/policies/rules"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
)

// tunaTrial is an experiment in canned-tuna between two fixed prices.
func tunaTrial(t *testing.T, table scenarios.ABTest) (*trialRun, *World, [2]policies.Policy) {
	t.Helper()
	s, _, _, w := built(t)
	var fixed [2]policies.Policy
	for k, price := range []float64{0.61, 0.76} {
		var err error
		if fixed[k], err = (&rules.Fixed{Price: price}).Policy(w.Spec); err != nil {
			t.Fatal(err)
		}
	}
	trial := &trialRun{Run: &Run{Scenario: s}, full: w, table: &table, arms: fixed[:]}
	if err := trial.stage(); err != nil {
		t.Fatal(err)
	}
	return trial, w, fixed
}

func (t *trialRun) played(test *testing.T, path int, arms ...policies.Policy) *trialUnits {
	test.Helper()
	units, err := t.play(path, arms)
	if err != nil {
		test.Fatal(err)
	}
	return units
}

// One policy in all weeks is no experiment: what the slots and the weeks before come to is the account of an episode.
func TestOnePolicyInAllWeeksIsNoExperiment(t *testing.T) {
	trial, w, fixed := tunaTrial(t, scenarios.ABTest{Design: string(market.Switchback), SlotDays: 14, Start: 0})
	arena := arenaOf(w, evaluate.MasterSeed(trial.Scenario.Seed), 1)
	account, err := arena.Play("alone", fixed[1], 3)
	if err != nil {
		t.Fatal(err)
	}
	units, sum := trial.played(t, 3, fixed[1], fixed[1]), 0.0
	for i := range units.lines {
		sum += units.lines[i].after[sumProfit]
	}
	if len(units.lines) != 26 || math.Abs(sum-account.Profit) > 1e-6*account.Profit {
		t.Errorf("%d slots come to $%.4f, the episode to $%.4f", len(units.lines), sum, account.Profit)
	}
	trial.table.Washout = 7 // every other week is left out of the slots, and not of the truth
	washed, kept := trial.played(t, 3, fixed[1], fixed[1]), 0.0
	for i := range washed.lines {
		kept += washed.lines[i].after[sumProfit]
	}
	whole := trialMetric{"profit", sumProfit, sumVisits}
	if share := kept / sum; share < 0.3 || share > 0.7 || math.Abs(washed.ratio(whole)/units.ratio(whole)-1) > 1e-12 {
		t.Errorf("slots without their first weeks hold %.0f%% of the profit, a visit is worth $%.6f for $%.6f", 100*share, washed.ratio(whole), units.ratio(whole))
	}
}

// A store does what it would if all stores were in its arm: they share shocks and rivals, and neither stock nor shoppers. Weeks of one store share what shoppers remember: a low price that was not to be
// expected sells more than it would if it stayed, and so the higher price seems to lose more revenue than it does, by more than 3.29 standard errors of 12 markets (0.1% false alarms).
func TestStoresDoNotMeetAndWeeksAreRemembered(t *testing.T) {
	stores, _, fixed := tunaTrial(t, scenarios.ABTest{Design: string(market.ByCluster), Clusters: 6, Start: 70})
	mixed := stores.played(t, 2, fixed[0], fixed[1])
	alone := [2]*trialUnits{stores.played(t, 2, fixed[0], fixed[0]), stores.played(t, 2, fixed[1], fixed[1])}
	dealt := [2]int{}
	for i := range mixed.lines {
		l := &mixed.lines[i]
		dealt[l.arm]++
		if l.after[sumProfit] == 0 || l.before[sumProfit] == 0 || l.arm == 0 && *l != alone[0].lines[i] {
			t.Errorf("store %d: %+v, alone %+v", i, *l, alone[0].lines[i])
		}
	}
	if dealt != [2]int{3, 3} {
		t.Errorf("%v stores in the arms, expected 3 each", dealt)
	}
	weeks, _, _ := tunaTrial(t, scenarios.ABTest{Design: string(market.Switchback), SlotDays: 7})
	var n, sum, squares float64
	perVisit := func(u *trialUnits, arm int32) float64 {
		var only trialUnits
		for _, l := range u.lines {
			if l.arm == arm {
				only.lines = append(only.lines, l)
			}
		}
		return only.ratio(trialMetric{"revenue", sumRevenue, sumVisits})
	}
	for path := range 12 {
		u, low, high := weeks.played(t, path, fixed[0], fixed[1]), weeks.played(t, path, fixed[0], fixed[0]), weeks.played(t, path, fixed[1], fixed[1])
		whole := trialMetric{"revenue", sumRevenue, sumVisits}
		off := perVisit(u, 1) - perVisit(u, 0) - (high.ratio(whole) - low.ratio(whole))
		n, sum, squares = n+1, sum+off, squares+off*off
	}
	mean := sum / n
	z := mean / math.Sqrt((squares/n-mean*mean)/(n-1))
	t.Logf("switchback is off by %.5f $ a visit (z = %.1f)", mean, z)
	if !(z < -3.29) {
		t.Errorf("switchback is off by %.5f $ a visit (z = %.1f)", mean, z)
	}
}

// What cannot be dealt in a chain is refused with the key that is to change.
func TestAChainRefusesWhatItCannotDeal(t *testing.T) {
	trial, w, _ := tunaTrial(t, scenarios.ABTest{Design: string(market.Switchback), SlotDays: 7})
	for key, table := range map[string]scenarios.ABTest{"design": {Design: string(market.ByShopper)}, "slot_days": {Design: string(market.Switchback), SlotDays: 3}, "washout_days": {Design: string(market.Switchback), SlotDays: 14, Washout: 3},
		"start": {Design: string(market.ByCluster), Clusters: 4, Start: 400}, "clusters": {Design: string(market.ByCluster), Clusters: 1}, "spread": {Design: string(market.ByCluster), Clusters: 4, Spread: 1}} {
		trial.table = &table
		if bad := keyOf(fieldError(trial.stageChain(w))); bad != "abtest."+key {
			t.Errorf("%s: the fault is with %q", key, bad)
		}
	}
}

func fieldError(err error) *field.Error {
	bad, _ := errors.AsType[*field.Error](err)
	return bad
}
