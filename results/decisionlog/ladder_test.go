package decisionlog_test

import (
	"bytes"
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

// What the ladder did not make for long it may still have made: a segment is looked at to its end, past lines that are damaged or too long, and past those that are others'.
func TestALadderIsHeldAgainstAWholeSegment(t *testing.T) {
	all := []any{decisionlog.Outcome{ID: "id0", Reward: 1}}
	decided := func(action int, price float64) {
		r := asked(fmt.Sprint("id", len(all)), "", 1)
		r.Policy, r.Action, r.Offer.Price = "tea/champion", action, price
		all = append(all, r)
	}
	for range 10_001 {
		decided(1, 2)
	}
	decided(0, 9)
	whole := journalled(t, all...)
	damaged := bytes.Replace(whole, []byte(`"price":2`), []byte(`"price":3`), 1) // against its checksum
	torn := append(append(append([]byte(`{"version":1,`), bytes.Repeat([]byte("x"), 3<<20)...), '\n'), whole...)
	ladder := []decisionlog.Offer{{Price: 1}, {Price: 2}}
	for name, lines := range map[string][]byte{"whole": whole, "damaged": damaged, "torn": torn, "unsealed": append([]byte("{}\n"), whole...)} {
		folder := t.TempDir()
		segment := filepath.Join(folder, "decisions-000001.jsonl")
		write(t, segment, lines)
		line := bytes.Count(lines, []byte("\n"))
		for _, table := range []bool{false, true} {
			if table {
				if _, err := decisionlog.Pack(segment); err != nil {
					continue // it stays lines
				}
			}
			bad, ok := errors.AsType[*field.Error](decisionlog.Fits(folder, "tea", ladder))
			if !ok || bad.Line != line || bad.Key != "price" {
				t.Errorf("%s, table %v: %v, not of line %d", name, table, bad, line)
			}
			if err := decisionlog.Fits(folder, "tea", []decisionlog.Offer{{Price: 9}, {Price: 2}}); err != nil {
				t.Errorf("%s, table %v: the ladder of the log: %v", name, table, err)
			}
		}
	}
}
