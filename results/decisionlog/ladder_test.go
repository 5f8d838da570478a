package decisionlog_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/scenarios/field"
)

// In a log an action means one offer: another ladder of the same policy is refused, wherever its folder has lines or tables of the old one, and told with
// the place; a ladder that only goes on is not, nor that of another policy.
func TestALadderIsHeldAgainstTheLog(t *testing.T) {
	folder := t.TempDir()
	decided := func(id, policy string, action int, price float64) decisionlog.Record {
		r := asked(id, "", 1)
		r.Policy, r.Action, r.Offer.Price = policy, action, price
		return r
	}
	offers := func(prices ...float64) (all []decisionlog.Offer) {
		for _, p := range prices {
			all = append(all, decisionlog.Offer{Price: p})
		}
		return all
	}
	segment := filepath.Join(folder, "decisions-000001.jsonl")
	fallback := decided("f", "tea/fallback", -1, 7)
	fallback.Fallback = true
	write(t, segment, journalled(t, decisionlog.Outcome{ID: "a", Reward: 1}, decided("a", "tea/champion", 1, 2), decided("b", "coffee/champion", 1, 9), fallback, decided("c", "tea/challenger", 2, 3)))
	write(t, filepath.Join(folder, "decisions-000002.jsonl"), journalled(t, decided("d", "coffee/champion", 0, 8))[:40]) // torn
	write(t, filepath.Join(folder, "decisions-000003.jsonl"), nil)
	for _, table := range []bool{false, true} {
		place := "decisions-000001.jsonl"
		if table {
			place = "decisions-000001.parquet"
			if _, err := decisionlog.Pack(segment); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			policy string
			ladder []decisionlog.Offer
			line   int // 0: it fits
		}{
			{"tea", offers(1, 2, 3), 0},
			{"tea", offers(1.5, 2, 3, 4), 0}, // action 0 was never made
			{"tea", offers(1, 2), 0},
			{"tea", offers(1, 2.5, 3), 2},
			{"tea", offers(1, 2, 3.01), 5},
			{"tea", []decisionlog.Offer{{Price: 1}, {Price: 2, Promotion: "10% off"}}, 2},
			{"coffee", offers(8, 9), 0},
			{"coffee", offers(1, 2), 3},
			{"te", offers(5, 5, 5), 0}, // another policy
		} {
			err := decisionlog.Fits(folder, c.policy, c.ladder)
			bad, ok := errors.AsType[*field.Error](err)
			if ok != (c.line > 0) || ok && (bad.File != filepath.Join(folder, place) || bad.Line != c.line || bad.Key != "price") {
				t.Errorf("%s with %v: %v", c.policy, c.ladder, err)
			} else if ok {
				t.Log(err)
			}
		}
	}
	if err := decisionlog.Fits(filepath.Join(folder, "nowhere"), "tea", offers(1)); err != nil {
		t.Errorf("a folder that is not there, which is told when it is opened: %v", err)
	}
	for k := range 9 { // an old ladder, long gone
		write(t, filepath.Join(folder, fmt.Sprintf("decisions-%06d.jsonl", 10+k)), journalled(t, decided("e", "tea/champion", 1, 5)))
	}
	if err := decisionlog.Fits(folder, "tea", offers(1, 5, 3)); err != nil {
		t.Errorf("the newest segments have the ladder: %v", err)
	}
}
