package serve_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/policies/serve"
)

// An outcome's time is in seconds, not in milliseconds, and not before its decision: what is in the log cannot be changed.
func TestAnOutcomeOfATimeThatCannotBeIsRefused(t *testing.T) {
	var j journal
	now := time.Unix(1795379730, 400e6)
	s := server(t, serve.Options{Slots: []serve.Slot{tea(t)}, Log: j.log, Now: func() time.Time { return now }})
	ask(t, s, "POST", "/v1/decide", `{"id":"d1","observation":{"stock":1}}`, nil)
	for _, c := range []struct {
		id, time string
		code     int
		logged   string
	}{
		{"d1", "1795379730000", 422, ""}, {"d1", "5", 422, ""}, {"d1", "1795466131", 422, ""}, {"d1", "1795466130", 200, `"time":1.79546613e+09,`},
		{"d1", "1795379730", 200, `"time":1.7953797304e+09,`}, {"d1", "1795379600", 422, ""}, {"nobody knows this", "5", 200, "5"},
	} {
		j.text.Reset()
		var got struct {
			Error struct{ Key, Expected string }
		}
		code := ask(t, s, "POST", "/v1/outcomes", fmt.Sprintf(`{"id":%q,"reward":1,"visitors":1,"time":%s}`, c.id, c.time), &got)
		if code != c.code || code == 422 && (got.Error.Key != "time" || !strings.Contains(got.Error.Expected, "seconds since 1970")) || !strings.Contains(j.text.String(), c.logged) || (c.logged == "") != (j.text.Len() == 0) {
			t.Errorf("%v: %d %+v, logged %q", c, code, got, j.text.String())
		}
	}
}

// A policy may be stopped because observations are broken.
func TestAStoppedPolicyAnswersWhateverIsObserved(t *testing.T) {
	var j journal
	slot := tea(t)
	slot.Fallback, slot.Stopped = 1.77, true
	s := server(t, serve.Options{Slots: []serve.Slot{slot}, Log: j.log})
	for _, question := range []string{`{}`, `{"observation":null}`, `{"observation":{}}`, `{"observation":{"stock":null}}`, `{"observation":{"shock":3}}`, `{"observation":{"stock":1},"explore":0.5}`} {
		var a serve.Answer
		if code := ask(t, s, "POST", "/v1/decide", question, &a); code != 200 || a.Price != 1.77 || a.Arm != "fallback" || a.Outside != nil {
			t.Errorf("%s: %d %+v", question, code, a)
		}
	}
	if text := j.text.String(); strings.Count(text, "\n") != 6 || strings.Contains(text, "shock") {
		t.Error(text)
	}
}

// Two services with one salt draw a decision of one id alike, as one service does after a restart, and ids are drawn apart.
func TestAnIdIsDrawnAlikeAfterARestart(t *testing.T) {
	slot := tea(t)
	slot.Explore, slot.Unasked = 1, 1
	var drawn [2][]float64
	for k := range drawn {
		s := server(t, serve.Options{Slots: []serve.Slot{slot}, Salt: []byte("salt")})
		for i := range 40 {
			var a serve.Answer
			ask(t, s, "POST", "/v1/decide", fmt.Sprintf(`{"id":"visit-%d","observation":{"stock":1}}`, i), &a)
			drawn[k] = append(drawn[k], a.Price)
		}
	}
	if !slices.Equal(drawn[0], drawn[1]) || slices.Min(drawn[0]) == slices.Max(drawn[0]) {
		t.Error(drawn)
	}
}

// A value outside of where the policy learned, as of a wrong unit, is told and counted; one that is missing or that it does not look at is not.
func TestWhatIsOutsideOfWhereThePolicyLearnedIsTold(t *testing.T) {
	s := server(t, serve.Options{Slots: []serve.Slot{tea(t)}})
	for observation, outside := range map[string]bool{`{"stock":0}`: false, `{"stock":4}`: false, `{"stock":4.5}`: true, `{"stock":-1}`: true, `{"stock":null}`: false, `{"stock":1,"unused":99}`: false} {
		var a serve.Answer
		if code := ask(t, s, "POST", "/v1/decide", `{"allow_missing":true,"observation":`+observation+`}`, &a); code != 200 || slices.Equal(a.Outside, []string{"stock"}) != outside || len(a.Outside) > 1 {
			t.Errorf("%s: %d %+v", observation, code, a)
		}
	}
	if text := scrape(s); !strings.Contains(text, `souk_outside_decisions_total{policy="tea"} 2`) {
		t.Error(text)
	}
}

// A reload that is refused is told to who watches the service too, and at the start that a challenger is the champion itself.
func TestWhoWatchesIsToldOfARefusedReloadAndOfAChallengerThatIsTheChampion(t *testing.T) {
	now := prices(t, 0)
	var told []string
	load := func() (*bundle.Bundle, error) { return now, nil }
	s := server(t, serve.Options{Slots: []serve.Slot{{Name: "tea", Champion: load, Challenger: load, Shadow: true}}, Log: func([]byte) error { return nil }, Notice: func(text string) { told = append(told, text) }})
	if len(told) != 1 || !strings.Contains(told[0], "champion and challenger are one bundle") {
		t.Errorf("%q", told)
	}
	now = other(t, ladder[:3]...)
	if code := ask(t, s, "POST", "/v1/policies/tea/reload", "", nil); code != 422 || len(told) != 2 || !strings.Contains(told[1], "policy tea stays as it was") {
		t.Errorf("%d, %q", code, told)
	}
}
