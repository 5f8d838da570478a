package decisionlog_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/scenarios/field"
)

// asked is a decision of a service: its reward comes later and its unit's steps are not counted.
func asked(id, customer string, time float64) decisionlog.Record {
	return decisionlog.Record{ID: id, Time: time, Policy: "tuna/champion", Unit: customer, Step: -1, Features: []string{"x"}, Observation: []float64{1}, Offer: decisionlog.Offer{Price: 2},
		Propensity: 0.5, Reward: math.NaN(), Discount: 1}
}

// journalled are the lines of decisions and outcomes.
func journalled(t testing.TB, lines ...any) []byte {
	t.Helper()
	var all []byte
	for _, line := range lines {
		var err error
		switch line := line.(type) {
		case decisionlog.Record:
			all, err = decisionlog.Append(all, &line)
		case decisionlog.Outcome:
			all, err = decisionlog.AppendOutcome(all, &line)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// An outcome is told of its decision whether it comes at once, late, before it, twice, or of a decision that nobody knows.
func TestOutcomesAreJoinedWheneverTheyCome(t *testing.T) {
	nan := math.NaN()
	fallback := asked("h", "", 3)
	fallback.Fallback, fallback.Action, fallback.Offer.Price = true, -1, 9
	log, err := decisionlog.Read(bytes.NewReader(journalled(t,
		decisionlog.Outcome{ID: "b", Time: 8, Reward: 5, Visitors: 40, Products: []string{"tuna", "salmon"}, Units: []float64{3, 0}, Prices: []float64{2, nan}},
		asked("a", "anna", 1), asked("b", "anna", 9), // the outcome of b stands before it and tells of an earlier time
		decisionlog.Outcome{ID: "a", Time: 6, Reward: 2, Visitors: nan}, // the later one
		decisionlog.Outcome{ID: "a", Time: 4, Reward: 1, Visitors: nan},
		asked("c", "ben", 3), fallback,
		decisionlog.Outcome{ID: "h", Time: 4, Reward: 1, Visitors: nan}, // of a decision that is left out
		decisionlog.Outcome{ID: "nobody's", Time: 4, Reward: 1, Visitors: nan},
		asked("d", "cleo", 3), asked("d", "cleo", 3.5), // asked again, of a service that had forgotten
		decisionlog.Outcome{ID: "d", Time: 6, Reward: nan, Visitors: nan, Last: true})), "log")
	if err != nil {
		t.Fatal(err)
	}
	if want := (decisionlog.Joined{Outcomes: 6, Told: 3, Awaited: 2, Again: 1, Unknown: 1, Early: 1, Asked: 1}); log.Joined != want {
		t.Errorf("joined %+v, not %+v", log.Joined, want)
	}
	var told []string
	for i := range log.Decisions {
		d := &log.Decisions[i]
		told = append(told, fmt.Sprintf("%s%d at %v: %v of %v, last %v", log.Units[d.Unit], d.Step, d.Time, d.Reward, d.Visitors, d.Last))
		for _, s := range log.Sales(d) {
			told = append(told, fmt.Sprintf("%v %s at %v", s.Units, log.Products[s.Product], s.Price))
		}
	}
	want := "anna0 at 1: 2 of 1, last false\nanna1 at 9: 5 of 40, last false\n3 tuna at 2\n0 salmon at NaN\nben0 at 3: NaN of NaN, last false\ncleo0 at 3.5: NaN of 1, last true"
	if got := strings.Join(told, "\n"); got != want {
		t.Errorf("read\n%s\nnot\n%s", got, want)
	}
	t.Log(strings.Join(log.Warnings, "\n"))
}

func TestABadOutcomeIsToldWithItsNumberAndKey(t *testing.T) {
	good := `{"version":1,"outcome":"a","time":1,"reward":2,"visitors":3,"units":{"tuna":1},"prices":{"tuna":2.5,"salmon":3}}`
	if _, err := decisionlog.Read(strings.NewReader(line+"\n"+good), "log"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, key string }{
		{`"a"`, `""`, "outcome"},
		{`"a"`, `7`, "outcome"},
		{`"version":1,`, ``, "version"},
		{`"outcome":"a"`, `"outcome":"a","id":"b"`, "id"},
		{`"outcome":"a"`, `"outcome":"a","action":1`, "action"},
		{`"outcome":"a"`, `"outcome":"a","observation":{"x":1}`, "observation"},
		{`"outcome":"a",`, ``, "visitors"}, // of a decision
		{`"visitors":3`, `"visitors":-1`, "visitors"},
		{`"tuna":1}`, `"tuna":-1}`, "units.tuna"},
		{`"tuna":1}`, `"tuna":1,"tuna":1}`, "units.tuna"},
		{`"tuna":2.5`, `"tuna":"2.5"`, "prices.tuna"},
		{`{"tuna":1}`, `1`, "units"},
	} {
		_, err := decisionlog.Read(strings.NewReader(line+"\n"+strings.Replace(good, c.old, c.new, 1)), "log")
		if bad, ok := errors.AsType[*field.Error](err); !ok || bad.File != "log" || bad.Line != 2 || bad.Key != c.key {
			t.Errorf("%s: %v", c.new, err)
		}
	}
	for key, o := range map[string]decisionlog.Outcome{
		"outcome":    {},
		"time":       {ID: "a", Time: math.NaN()},
		"reward":     {ID: "a", Reward: math.Inf(1)},
		"visitors":   {ID: "a", Visitors: -1},
		"units":      {ID: "a", Units: []float64{1}},
		"units.tuna": {ID: "a", Products: []string{"tuna"}, Units: []float64{-1}},
	} {
		_, err := decisionlog.AppendOutcome(nil, &o)
		if bad, ok := errors.AsType[*field.Error](err); !ok || bad.Key != key {
			t.Errorf("%s: %v", key, err)
		}
	}
}
