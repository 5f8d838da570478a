package serve_test

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/souk-sim/souk/policies/serve"
	"github.com/souk-sim/souk/results/decisionlog"
)

// A disk that fails behind the answers is told by /readyz for a few seconds, and counted; decisions are made.
func TestALogThatMayNotBeOnTheDiskIsTold(t *testing.T) {
	now := time.Unix(1000, 0)
	s := server(t, serve.Options{Slots: []serve.Slot{tea(t)}, Log: func([]byte) error { return nil }, Now: func() time.Time { return now }})
	ready := func() int { return ask(t, s, "GET", "/readyz", "", nil) }
	if code := ready(); code != 200 {
		t.Errorf("at first: %d", code)
	}
	s.Doubt()
	if code := ready(); code != 503 || !strings.Contains(scrape(s), "\nsouk_log_sync_failures_total 1\n") {
		t.Errorf("in doubt: %d", code)
	}
	if code := ask(t, s, "POST", "/v1/decide", `{"observation":{"stock":1}}`, nil); code != 200 {
		t.Errorf("decides: %d", code)
	}
	now = now.Add(6 * time.Second)
	if code := ready(); code != 200 {
		t.Errorf("later: %d", code)
	}
}

// Where it is not known whether a decision was logged it is not answered, and whoever asked is told that he may ask again.
func TestADecisionInDoubtIsNotAnswered(t *testing.T) {
	doubt := true
	s := server(t, serve.Options{Slots: []serve.Slot{tea(t)}, Log: func([]byte) error {
		if doubt {
			return fmt.Errorf("%w: input/output error", decisionlog.ErrDoubt)
		}
		return nil
	}})
	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "/v1/decide", strings.NewReader(`{"observation":{"stock":1},"id":"a"}`))
	r.Header.Set("Content-Type", "application/json")
	if s.ServeHTTP(w, r); w.Code != 503 || !strings.Contains(w.Body.String(), "whether it was logged is not known") || strings.Contains(w.Body.String(), "price") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	doubt = false
	if code := ask(t, s, "POST", "/v1/decide", `{"observation":{"stock":1},"id":"a"}`, nil); code != 200 {
		t.Errorf("asked again: %d", code)
	}
}

// A log that has another ladder of the policy is no log for it.
func TestALadderThatDoesNotFitTheLogIsRefusedAtTheStart(t *testing.T) {
	var asked []decisionlog.Offer
	o := serve.Options{Slots: []serve.Slot{tea(t)}, Fits: func(policy string, ladder []decisionlog.Offer) error {
		if asked = ladder; policy != "tea" {
			t.Error(policy)
		}
		return errors.New("another ladder")
	}}
	if _, err := serve.New(o); err == nil || !slices.Equal(asked, []decisionlog.Offer{{Price: 1}, {Price: 1.2}, {Price: 1.5}, {Price: 2}}) {
		t.Errorf("%v: %v", asked, err)
	}
}
