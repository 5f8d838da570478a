package serve_test

import (
	"errors"
	"fmt"
	"math"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/policies/serve"
	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/sim/env"
)

// What a service logs is read as one log: decisions by customer, with their outcomes, told twice and corrected, and without those of a stopped policy.
func TestTheLogIsReadWithItsOutcomes(t *testing.T) {
	var j journal
	slot := tea(t)
	slot.Fallback, slot.Challenger, slot.Share = 1.77, always(prices(t, 1)), 0.5
	s := server(t, serve.Options{Slots: []serve.Slot{slot}, Log: j.log, Salt: []byte("salt")})
	for i := range 20 {
		var a serve.Answer
		ask(t, s, "POST", "/v1/decide", fmt.Sprintf(`{"observation":{"stock":%d},"customer":"c%d","product":"green"}`, i%4, i%5), &a)
		for _, reward := range []float64{7, float64(i)} { // what came at first was wrong
			if code := ask(t, s, "POST", "/v1/outcomes", fmt.Sprintf(`{"id":%q,"reward":%v,"units":{"green":2},"prices":{"green":%v,"black":3}}`, a.ID, reward, a.Price), nil); code != 200 {
				t.Fatal(code)
			}
		}
	}
	ask(t, s, "POST", "/v1/policies/tea/stop", "", nil)
	if code := ask(t, s, "POST", "/v1/decide", `{"observation":{"unused":3}}`, nil); code != 200 {
		t.Errorf("stopped, nothing that the policy looks at is needed: %d", code)
	}
	log, err := decisionlog.Read(strings.NewReader(j.text.String()), "log")
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for i := range log.Decisions {
		d := &log.Decisions[i]
		sum += d.Reward
		if sales := log.Sales(d); len(sales) != 2 || sales[0].Units != 2 || sales[1].Units != 0 || d.Visitors != 1 {
			t.Errorf("%+v: %+v", d, sales)
		}
	}
	if len(log.Decisions) != 20 || len(log.Units) != 6 || sum != 190 || log.Joined.Told != 20 || len(log.Policies) != 2 {
		t.Errorf("%d decisions of %d customers and one who told no name, by %v, rewards %v, %+v", len(log.Decisions), len(log.Units), log.Policies, sum, log.Joined)
	}
}

func TestOutcomesWithoutALogAreRefused(t *testing.T) {
	s := server(t, serve.Options{Slots: []serve.Slot{tea(t)}})
	if code := ask(t, s, "POST", "/v1/outcomes", `{"id":"a","reward":1}`, nil); code != 409 {
		t.Error(code)
	}
	s = server(t, serve.Options{Slots: []serve.Slot{tea(t)}, Log: func([]byte) error { return errors.New("full") }})
	if code := ask(t, s, "POST", "/v1/outcomes", `{"id":"a","reward":1}`, nil); code != 503 {
		t.Error(code)
	}
}

// other is a bundle that looks at another feature, with a ladder of its own.
func other(t testing.TB, offers ...env.Offer) *bundle.Bundle {
	t.Helper()
	spec := &env.Spec{Features: []env.Feature{{Name: "rain", Min: 0, Max: 1}}, Offers: offers}
	e := policies.Encoder{Dimensions: []policies.Dimension{policies.Uniform("rain", 0, 0, 1, 2)}}
	values := make([]float64, e.States()*len(offers))
	for i := range values {
		values[i] = float64(i % len(offers)) // the dearest
	}
	table, err := policies.NewTable(spec, e, values, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	b := prices(t, 0)
	return &bundle.Bundle{Policy: table, Manifest: b.Manifest}
}

var ladder = []env.Offer{{Price: 1}, {Price: 1.2}, {Price: 1.5}, {Price: 2}}

// A challenger in the shadow answers nobody, keeps nobody from an answer, and stands in the line of the decision.
func TestAChallengerInTheShadowIsLoggedAndAnswersNobody(t *testing.T) {
	var j journal
	slot := tea(t)
	slot.Challenger, slot.Shadow = always(other(t, ladder...)), true
	s := server(t, serve.Options{Slots: []serve.Slot{slot}, Log: j.log})
	for _, question := range []string{`{"observation":{"stock":0}}`, `{"observation":{"stock":0,"rain":1}}`} {
		j.text.Reset()
		var a serve.Answer
		if code := ask(t, s, "POST", "/v1/decide", question, &a); code != 200 || a.Arm != "champion" || a.Price != 1 {
			t.Errorf("%s: %d %+v", question, code, a)
		}
		if line := j.text.String(); !strings.Contains(line, `"shadow_policy":"tea/challenger"`) || !strings.Contains(line, `"shadow_action":3,"shadow_price":2`) {
			t.Error(line)
		}
	}
	if code := ask(t, s, "POST", "/v1/decide", `{"observation":{"stock":0,"snow":1}}`, nil); code != 422 {
		t.Errorf("a feature that neither knows: %d", code)
	}
	if text := scrape(s); !strings.Contains(text, `souk_shadow_differences_total{policy="tea"} 2`) || !strings.Contains(text, `souk_decisions_total{arm="champion",policy="tea"} 2`) {
		t.Error(text)
	}
}

// In one log an action means one offer.
func TestAnotherLadderIsRefusedBesideAndInPlaceOfTheOldOne(t *testing.T) {
	slot := tea(t)
	slot.Challenger = always(other(t, ladder[:3]...))
	if _, err := serve.New(serve.Options{Slots: []serve.Slot{slot}}); err == nil {
		t.Error("beside")
	}
	now := prices(t, 0)
	s := server(t, serve.Options{Slots: []serve.Slot{{Name: "tea", Champion: func() (*bundle.Bundle, error) { return now, nil }}}, Log: func([]byte) error { return nil }})
	now = other(t, ladder[:3]...)
	if code := ask(t, s, "POST", "/v1/policies/tea/reload", "", nil); code != 422 {
		t.Errorf("in place: %d", code)
	}
	if text := scrape(s); !strings.Contains(text, `souk_reloads_total{policy="tea",result="refused"} 1`) {
		t.Error(text)
	}
}

func scrape(s *serve.Server) string {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

// Where a request does not say, the service explores as it was told: of 2,000 decisions with probability 0.2 over four offers 15% are not the policy's, within
// four standard errors (a false alarm in 16,000).
func TestTheServiceExploresWhereARequestDoesNotSay(t *testing.T) {
	slot := tea(t)
	slot.Explore, slot.Unasked = 0.3, 0.2
	s := server(t, serve.Options{Slots: []serve.Slot{slot}})
	count := func(question string, n int) (others float64) {
		for range n {
			var a serve.Answer
			ask(t, s, "POST", "/v1/decide", question, &a)
			if a.Price != 1 {
				others++
			}
		}
		return others
	}
	if share := count(`{"observation":{"stock":0}}`, 2000) / 2000; math.Abs(share-0.15) > 4*math.Sqrt(0.15*0.85/2000) {
		t.Errorf("%v", share)
	}
	if others := count(`{"observation":{"stock":0},"explore":0}`, 100); others > 0 {
		t.Errorf("%v though nobody was to explore", others)
	}
}

// A question that was refused leaves its id free.
func TestAnIdOfARefusedQuestionMayBeUsedAgain(t *testing.T) {
	s := server(t, serve.Options{Slots: []serve.Slot{tea(t)}})
	for _, c := range []struct {
		question string
		code     int
	}{{`{"id":"a","observation":{}}`, 422}, {`{"id":"a","observation":{"stock":1}}`, 200}, {`{"id":"a","observation":{"stock":1}}`, 200}, {`{"id":"a","observation":{"stock":2}}`, 409}} {
		if code := ask(t, s, "POST", "/v1/decide", c.question, nil); code != c.code {
			t.Errorf("%s: %d", c.question, code)
		}
	}
}

// A stop outlives the process where somebody keeps it, and holds where that fails.
func TestWhatIsStoppedIsToldAndMayBeSoFromTheBeginning(t *testing.T) {
	slot := tea(t)
	slot.Fallback, slot.Stopped = 1.5, true
	told := map[string]bool{}
	var broken error
	s := server(t, serve.Options{Slots: []serve.Slot{slot}, Switched: func(name string, stopped bool) error { told[name] = stopped; return broken }})
	var a serve.Answer
	if ask(t, s, "POST", "/v1/decide", `{"observation":{"stock":0}}`, &a); a.Arm != "fallback" || a.Price != 1.5 {
		t.Errorf("%+v", a)
	}
	if code := ask(t, s, "POST", "/v1/policies/tea/start", "", nil); code != 200 || told["tea"] {
		t.Errorf("%d, %v", code, told)
	}
	broken = errors.New("the disk is full")
	if code := ask(t, s, "POST", "/v1/policies/tea/stop", "", nil); code != 503 || !told["tea"] {
		t.Errorf("%d, %v", code, told)
	}
	if ask(t, s, "POST", "/v1/decide", `{"observation":{"stock":0}}`, &a); a.Arm != "fallback" {
		t.Errorf("a stop that cannot be kept holds all the same: %+v", a)
	}
}

// Offers that stand for all who come hang together by what is priced, so that readers know how long each stood.
func TestPostedOffersHangTogetherByWhatIsPriced(t *testing.T) {
	var j journal
	coffee := tea(t)
	coffee.Name = "coffee"
	now := time.Unix(0, 0)
	s := server(t, serve.Options{Slots: []serve.Slot{tea(t), coffee}, Log: j.log, Now: func() time.Time { return now }})
	for day := range 3 {
		now = time.Unix(int64(86400*day), 0)
		for _, what := range []string{`"policy":"tea","product":"green"`, `"policy":"tea","product":"black"`, `"policy":"coffee"`} {
			ask(t, s, "POST", "/v1/decide", `{"observation":{"stock":1},`+what+`}`, nil)
		}
	}
	file := filepath.Join(t.TempDir(), "log.jsonl")
	if err := os.WriteFile(file, []byte(j.text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	log, _, err := decisionlog.Open(file, decisionlog.Options{Pending: true})
	if err != nil {
		t.Fatal(err)
	}
	for i := range log.Decisions {
		d := &log.Decisions[i]
		if d.Step != int64(i%3) || d.Time != float64(86400*(i%3)) || d.Single || d.Last {
			t.Errorf("%+v", d)
		}
	}
	if got := fmt.Sprint(log.Units); got != "[tea/green tea/black coffee]" {
		t.Error(got)
	}
}

// An id names one decision in all of a log: outcomes tell nothing else.
func TestAnIdIsOneDecisionsWhateverThePolicy(t *testing.T) {
	var j journal
	coffee := tea(t)
	coffee.Name = "coffee"
	s := server(t, serve.Options{Slots: []serve.Slot{tea(t), coffee}, Log: j.log})
	for _, c := range []struct {
		question string
		code     int
	}{{`{"policy":"tea","id":"week-1","observation":{"stock":1}}`, 200}, {`{"policy":"coffee","id":"week-1","observation":{"stock":1}}`, 409},
		{`{"policy":"tea","id":"week-1","observation":{"stock":1}}`, 200}, {`{"policy":"coffee","id":"week-2","observation":{"stock":1}}`, 200},
		{`{"questions":[{"policy":"tea","id":"a","observation":{"stock":1}},{"policy":"coffee","id":"a","observation":{"stock":1}}]}`, 409}} {
		if code := ask(t, s, "POST", "/v1/decide", c.question, nil); code != c.code {
			t.Errorf("%s: %d", c.question, code)
		}
	}
	if n := strings.Count(j.text.String(), "\n"); n != 2 {
		t.Errorf("%d lines", n)
	}
}

// The log tells how much exploring was asked for, also where the limit on change moves what is offered, which is no exploring.
func TestTheLogTellsTheExploringThatWasAskedFor(t *testing.T) {
	var j journal
	slot := tea(t)
	slot.Explore, slot.Unasked, slot.Change, slot.Every, slot.Fallback = 0.5, 1e-9, 0.25, time.Hour, 1.5
	s := server(t, serve.Options{Slots: []serve.Slot{slot}, Log: j.log, Now: func() time.Time { return time.Unix(0, 0) }})
	decide := func(question string) {
		t.Helper()
		if code := ask(t, s, "POST", "/v1/decide", `{"product":"green","observation":{"stock":`+question+`}`, nil); code != 200 {
			t.Fatal(code)
		}
	}
	decide("3}")
	for range 50 {
		decide("0}") // 1 is asked for, and 1.5 as far as it may go
	}
	if text := scrape(s); !strings.Contains(text, `souk_explored_decisions_total{policy="tea"} 0`) {
		t.Error(text)
	}
	decide(`0},"explore":0.25`)
	decide(`0},"explore":0`)
	ask(t, s, "POST", "/v1/policies/tea/stop", "", nil)
	decide(`0},"explore":0.25`)
	ask(t, s, "POST", "/v1/outcomes", `{"id":"none","reward":1}`, nil)
	log, err := decisionlog.Read(strings.NewReader(j.text.String()), "log")
	if err != nil {
		t.Fatal(err)
	}
	asked := map[float64]int{}
	for _, d := range log.Decisions {
		asked[d.Explore]++
	}
	if len(asked) != 3 || asked[1e-9] != 51 || asked[0.25] != 1 || asked[0] != 1 {
		t.Error(asked)
	}
}

// An explanation is of the bundle that answers: of a customer, or else of the decision's id.
func TestTheArmThatAnswersIsTheOneThatIsExplained(t *testing.T) {
	slot := tea(t)
	slot.Challenger, slot.Share = always(prices(t, 1)), 0.5
	s := server(t, serve.Options{Slots: []serve.Slot{slot}, Salt: []byte("salt")})
	arms := map[string]int{}
	for k := range 40 {
		for _, who := range []string{`"customer":"c%d"`, `"id":"d%d"`, `"id":"e%[1]d","customer":"c%[1]d"`} {
			question := fmt.Sprintf(`{"observation":{"stock":0},`+who+`}`, k)
			var decided, explained serve.Answer
			ask(t, s, "POST", "/v1/decide", question, &decided)
			ask(t, s, "POST", "/v1/explain", question, &explained)
			if arms[decided.Arm]++; decided.Arm != explained.Arm {
				t.Errorf("%s: %s decides, %s is explained", question, decided.Arm, explained.Arm)
			}
		}
	}
	if len(arms) != 2 {
		t.Error(arms)
	}
}

// A challenger that is the champion itself is told, at the start and when a reload makes it so.
func TestAChallengerThatIsTheChampionIsTold(t *testing.T) {
	first, second := prices(t, 0), prices(t, 1)
	now := first
	var told []string
	s := server(t, serve.Options{Slots: []serve.Slot{{Name: "tea", Champion: func() (*bundle.Bundle, error) { return now, nil }, Challenger: always(second), Shadow: true}},
		Notice: func(text string) { told = append(told, text) }})
	if len(told) > 0 {
		t.Error(told)
	}
	now = second
	if err := s.Reload("tea"); err != nil || len(told) != 1 || !strings.Contains(told[0], "policy tea: champion and challenger are one bundle, revision "+second.Manifest.Revision[:12]) {
		t.Errorf("%v, %q", err, told)
	}
}
