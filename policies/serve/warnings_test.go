package serve_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/souk-sim/souk/policies/serve"
)

// logged is the answer to outcomes.
type logged struct {
	Logged   int
	Warnings []struct{ Message, Key, Found, Expected string }
}

func told(t *testing.T, s *serve.Server, body string) (l logged, keys string) {
	t.Helper()
	if code := ask(t, s, "POST", "/v1/outcomes", body, &l); code != 200 {
		t.Fatalf("%s: %d", body, code)
	}
	for _, w := range l.Warnings {
		keys += w.Key + " "
	}
	return l, strings.TrimSpace(keys)
}

// What the loop would have to leave out weeks later is told when it comes, and logged all the same.
func TestOutcomesThatLookLikeAMistakeAreToldAtTheDoor(t *testing.T) {
	var j journal
	s := server(t, serve.Options{Slots: []serve.Slot{tea(t)}, Log: j.log})
	if _, keys := told(t, s, `{"id":"early","units":{"anything":2},"visitors":3}`); keys != "" {
		t.Errorf("before any question: %s", keys)
	}
	for _, q := range []string{`"id":"week-1","product":"star-kist"`, `"id":"week-2","product":"chicken-sea"`, `"id":"ann-1","customer":"ann"`} {
		ask(t, s, "POST", "/v1/decide", `{"observation":{"stock":1},`+q+`}`, nil)
	}
	for _, c := range []struct{ outcome, keys string }{
		{`{"id":"week-1","units":{"star-kist":3,"chicken-sea":0},"visitors":40}`, ""},
		{`{"id":"week-1","units":{"starkist":3},"visitors":40}`, "units.starkist"},
		{`{"id":"week-1","units":{"star-kist":3},"prices":{"another-shops":2},"visitors":40}`, ""},
		{`{"id":"week-1","units":{"star-kist":3}}`, "visitors"},
		{`{"id":"week-1","units":{}}`, "visitors"},
		{`{"id":"week-1","reward":3}`, ""},
		{`{"id":"week-1","units":{"star-kist":3},"visitors":0}`, "visitors"},
		{`{"id":"week-1","units":{"star-kist":0},"visitors":0}`, ""},
		{`{"id":"ann-1","units":{"star-kist":3}}`, ""},
		{`{"id":"of yesterday","units":{"star-kist":3}}`, ""}, // it may have been a customer's
		{`{"outcomes":[{"id":"week-1","units":{"star-kist":1},"visitors":9},{"id":"week-2","units":{"chickensea":1},"visitors":0}]}`, "outcomes[1].units.chickensea outcomes[1].visitors"},
	} {
		if l, keys := told(t, s, c.outcome); keys != c.keys || l.Logged != strings.Count(c.outcome, `"id"`) {
			t.Errorf("%s: %+v, want %q", c.outcome, l, c.keys)
		}
	}
	l, _ := told(t, s, `{"id":"week-1","units":{"starkist":3},"visitors":40}`)
	if w := l.Warnings[0]; w.Found != "a product that no question named" || !strings.HasPrefix(w.Expected, "star-kist (did you mean that?)") || w.Message == "" {
		t.Errorf("%+v", w)
	}
	text := scrape(s)
	for _, line := range []string{`souk_outcome_warnings_total{about="products"} 3`, `souk_outcome_warnings_total{about="visitors"} 4`, "souk_outcomes_total 14"} {
		if !strings.Contains(text, line) {
			t.Errorf("no %s in the metrics", line)
		}
	}
	if n := strings.Count(j.text.String(), `"outcome":`); n != 14 {
		t.Errorf("%d lines", n)
	}
}

// Where every price so far stood for all who came, one whose id is forgotten did so too.
func TestVisitorsAreMissedWherePricesArePosted(t *testing.T) {
	s := server(t, serve.Options{Slots: []serve.Slot{tea(t)}, Log: func([]byte) error { return nil }})
	ask(t, s, "POST", "/v1/decide", `{"observation":{"stock":1}}`, nil)
	if _, keys := told(t, s, `{"id":"of yesterday","units":{"green":3}}`); keys != "visitors" {
		t.Error(keys)
	}
}

// A batch of mistakes has a short answer.
func TestWarningsAreFew(t *testing.T) {
	s := server(t, serve.Options{Slots: []serve.Slot{tea(t)}, Log: func([]byte) error { return nil }})
	for k := range 2000 {
		ask(t, s, "POST", "/v1/decide", fmt.Sprintf(`{"observation":{"stock":1},"product":"p%d"}`, k%900), nil)
	}
	all := strings.Repeat(`{"id":"a","units":{"p1000":1},"visitors":0},`, 999) + `{"id":"a","units":{"p1000":1},"visitors":0}`
	if l, _ := told(t, s, `{"outcomes":[`+all+`]}`); l.Logged != 1000 || len(l.Warnings) != 20 || !strings.Contains(scrape(s), `souk_outcome_warnings_total{about="visitors"} 1000`) {
		t.Errorf("%d logged, %d warnings", l.Logged, len(l.Warnings))
	}
}
