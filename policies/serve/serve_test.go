package serve_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/policies/serve"
	"github.com/souk-sim/souk/sim/env"
)

// prices is a bundle whose offer in state k of the stock is offer k.
func prices(t testing.TB, shift int) *bundle.Bundle {
	t.Helper()
	spec := &env.Spec{Features: []env.Feature{{Name: "stock", Min: 0, Max: 4}, {Name: "unused"}},
		Offers: []env.Offer{{Price: 1}, {Price: 1.2}, {Price: 1.5}, {Price: 2}}, Limits: []env.Limit{{Feature: "stock", Drop: 2.6}}}
	e := policies.Encoder{Dimensions: []policies.Dimension{policies.Uniform("stock", 0, 0, 4, 4)}}
	values := make([]float64, e.States()*4)
	for s := range e.States() {
		values[s*4+(s+shift)%4] = 1
	}
	table, err := policies.NewTable(spec, e, values, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	folder := fstest.MapFS{}
	b := &bundle.Bundle{Policy: table, Manifest: bundle.Manifest{Name: "test", Scenario: "tea"}}
	if err := bundle.Write(b, func(name string, data []byte) error { folder[name] = &fstest.MapFile{Data: data}; return nil }); err != nil {
		t.Fatal(err)
	}
	if b, err = bundle.Load(folder); err != nil {
		t.Fatal(err)
	}
	return b
}

func always(b *bundle.Bundle) serve.Loader { return func() (*bundle.Bundle, error) { return b, nil } }

func server(t testing.TB, o serve.Options) *serve.Server {
	t.Helper()
	s, err := serve.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func tea(t testing.TB) serve.Slot { return serve.Slot{Name: "tea", Champion: always(prices(t, 0))} }

// ask sends a request and reads the answer.
func ask(t testing.TB, s http.Handler, method, path, body string, into any, header ...string) (code int) {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	agree(t, method, path, body, r.Header, w)
	text := w.Body.Bytes()
	if into != nil {
		if err := json.Unmarshal(text, into); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, text)
		}
	}
	return w.Code
}

func TestDecisionsAreThoseOfTheBundleAndAreLogged(t *testing.T) {
	var log bytes.Buffer
	s := server(t, serve.Options{Slots: []serve.Slot{tea(t)}, Log: func(lines []byte) error { log.Write(lines); return nil }, Now: func() time.Time { return time.Unix(1000, 0) }})
	p := prices(t, 0).Policy
	for stock := range 5 {
		var a serve.Answer
		code := ask(t, s, "POST", "/v1/decide", fmt.Sprintf(`{"observation":{"stock":%d},"customer":"ann@example.org"}`, stock), &a)
		want := p.Decide([]float64{float64(stock), math.NaN()}, 0)
		if code != 200 || a.Price != want.Price || a.Action != want.Action || a.Propensity != 1 || a.Revision == "" || a.ID == "" || a.Arm != "champion" {
			t.Errorf("stock %d: %d, %+v, want %+v", stock, code, a, want)
		}
	}
	units := map[any]bool{}
	for line := range strings.Lines(log.String()) {
		var r map[string]any
		if err := json.Unmarshal([]byte(line), &r); err != nil || r["price"] == nil || r["crc"] == nil {
			t.Fatalf("%s: %v", line, err)
		}
		units[r["unit"]] = true
	}
	if n := strings.Count(log.String(), "\n"); n != 5 || len(units) != 1 {
		t.Fatalf("%d lines of %d customers", n, len(units))
	}
	if strings.Contains(log.String(), "ann") {
		t.Error("the log names a customer")
	}
}

func TestManyQuestionsAreAnsweredInOrderOrNone(t *testing.T) {
	s := server(t, serve.Options{Slots: []serve.Slot{tea(t)}, Batch: 3})
	var all struct{ Decisions []serve.Answer }
	if code := ask(t, s, "POST", "/v1/decide", `{"questions":[{"observation":{"stock":0}},{"observation":{"stock":2}}]}`, &all); code != 200 || len(all.Decisions) != 2 || all.Decisions[1].Price != 1.5 {
		t.Errorf("%d, %+v", code, all)
	}
	for body, want := range map[string]int{
		`{"questions":[]}`: 400, `{"questions":[{},{},{},{}]}`: 400, `{"questions":[{"observation":{"stock":0}},{"observation":{}}]}`: 422,
		`{"questions":[{"id":"a","observation":{"stock":0}},{"id":"a","observation":{"stock":1}}]}`: 409, `{"questions":[{}],"observation":{}}`: 400,
	} {
		if code := ask(t, s, "POST", "/v1/decide", body, nil); code != want {
			t.Errorf("%s: %d, want %d", body, code, want)
		}
	}
}

func TestBadRequestsAreRefusedWithWhatWasExpected(t *testing.T) {
	s := server(t, serve.Options{Slots: []serve.Slot{tea(t)}, Body: 200})
	for body, want := range map[string]struct {
		code int
		key  string
	}{
		``: {400, ""}, `{`: {400, ""}, `[]`: {400, ""}, `{"observation":{"stock":1}} x`: {400, ""}, `{"stock":1}`: {400, "stock"}, `{"observation":{"stock":"1"}}`: {400, "observation.stock"},
		`{"observation":{"stock":1e999}}`: {400, "observation.stock"}, `{"observation":{}}`: {422, "observation.stock"}, `{"observation":{"stock":null}}`: {422, "observation.stock"},
		`{"observation":{"stock":1,"shock":2}}`: {422, "observation.shock"}, `{"policy":"coffee","observation":{"stock":1}}`: {404, "policy"},
		`{"observation":{"stock":1},"explore":0.1}`: {422, "explore"}, `{"observation":{"stock":1},"customer":"` + strings.Repeat("x", 300) + `"}`: {413, "body"},
	} {
		var got struct{ Error struct{ Message, Key string } }
		if code := ask(t, s, "POST", "/v1/decide", body, &got); code != want.code || got.Error.Key != want.key || got.Error.Message == "" {
			t.Errorf("%s: %d %+v, want %+v", body, code, got, want)
		}
	}
	for _, c := range []struct {
		method, path string
		want         int
	}{{"GET", "/v1/decide", 405}, {"POST", "/nothing", 404}, {"POST", "/v1/policies/tea/stop", 409}, {"POST", "/v1/policies/coffee/stop", 404}} {
		if code := ask(t, s, c.method, c.path, "", nil); code != c.want {
			t.Errorf("%s %s: %d, want %d", c.method, c.path, code, c.want)
		}
	}
}

// A question that comes again under its id is answered alike and logged once, at the same time too.
func TestAQuestionAskedAgainIsAnsweredAlike(t *testing.T) {
	var lock sync.Mutex
	lines := 0
	slot := tea(t)
	slot.Explore = 1
	s := server(t, serve.Options{Slots: []serve.Slot{slot}, Log: func(b []byte) error {
		lock.Lock()
		defer lock.Unlock()
		lines += bytes.Count(b, []byte("\n"))
		return nil
	}})
	var group sync.WaitGroup
	answers := make([]serve.Answer, 64)
	for i := range answers {
		group.Go(func() {
			ask(t, s, "POST", "/v1/decide", fmt.Sprintf(`{"observation":{"stock":1},"explore":1,"id":"q%d"}`, i%4), &answers[i])
		})
	}
	group.Wait()
	for i, a := range answers {
		if a.Price != answers[i%4].Price || a.Price == 0 {
			t.Errorf("question %d: %+v and %+v", i%4, a, answers[i%4])
		}
	}
	if lines != 4 {
		t.Errorf("%d lines for 4 questions", lines)
	}
	if code := ask(t, s, "POST", "/v1/decide", `{"observation":{"stock":2},"id":"q1"}`, nil); code != 409 {
		t.Errorf("another question under the same id: %d", code)
	}
	var first, second serve.Answer
	for _, a := range []*serve.Answer{&first, &second} {
		ask(t, s, "POST", "/v1/decide", `{"observation":{"stock":1},"explore":1}`, a, "Idempotency-Key", "k")
	}
	if first.Price != second.Price || first.ID != "k" {
		t.Errorf("%+v and %+v", first, second)
	}
}

func TestWhatCannotBeLoggedIsNotDecided(t *testing.T) {
	full := true
	s := server(t, serve.Options{Slots: []serve.Slot{tea(t)}, Log: func([]byte) error {
		if full {
			return errors.New("no space left on device")
		}
		return nil
	}})
	const body = `{"observation":{"stock":1},"id":"a"}`
	if code := ask(t, s, "POST", "/v1/decide", body, nil); code != 503 {
		t.Errorf("decided: %d", code)
	}
	if code := ask(t, s, "GET", "/readyz", "", nil); code != 503 {
		t.Errorf("ready: %d", code)
	}
	full = false
	if code := ask(t, s, "POST", "/v1/decide", body, nil); code != 200 {
		t.Errorf("asked again: %d", code)
	}
	if code := ask(t, s, "GET", "/readyz", "", nil); code != 200 {
		t.Errorf("not ready: %d", code)
	}
}

// An error quotes what stands at the place, and not what follows it; one of a name that was mistyped says which was meant.
func TestErrorsQuoteWhatIsWrongAndNoMore(t *testing.T) {
	s := server(t, serve.Options{Slots: []serve.Slot{tea(t)}})
	for body, want := range map[string][3]string{
		`{"observation":{"stock":"0.9"},"customer":"ann"}`:                      {"observation.stock", `"0.9"`, "a number"},
		`{"id":5,"observation":{"stock":1}}`:                                    {"id", "5", "a string"},
		`{"id":-1.5e3,"observation":{"stock":1}}`:                               {"id", "-1.5e3", "a string"},
		`{"id":true,"observation":{"stock":1}}`:                                 {"id", "true", "a string"},
		`{"id":{"a":1},"observation":{"stock":1}}`:                              {"id", "an object", "a string"},
		`{"observation":[1,2,3]}`:                                               {"observation", "a list", "an object"},
		`{"observation":{"stock":1};"id":"a"}`:                                  {"", `";"`, "a comma or the object's end"},
		`{"observation":{"stock":1}`:                                            {"", "the end", "a comma or the object's end"},
		`{"observation":{"stock":"` + strings.Repeat("é", 99) + `"}}`:           {"observation.stock", `"` + strings.Repeat("é", 30) + `"`, "a number"},
		`{"observation":{"stock":1,"stocks":2}}`:                                {"observation.stocks", "no feature of this policy", "stock (did you mean that?), or one that the policy looks at: stock"},
		`{"observation":{"stock":1,"used":2}}`:                                  {"observation.used", "no feature of this policy", "unused (did you mean that?), or one that the policy looks at: stock"},
		`{"observation":{"stock":1,"the weather of the day after tomorrow":2}}`: {"observation.the weather of the day after tomorrow", "no feature of this policy", "one that the policy looks at: stock"},
	} {
		var got struct {
			Error struct{ Key, Found, Expected string }
		}
		if ask(t, s, "POST", "/v1/decide", body, &got); [3]string{got.Error.Key, got.Error.Found, got.Error.Expected} != want {
			t.Errorf("%s: %+v", body, got.Error)
		}
	}
}

// A policy's name stands in paths, files and the log.
func TestNamesThatCouldNotBeStoppedAreRefused(t *testing.T) {
	for name, fine := range map[string]bool{"": false, "a/b": false, "a b": false, "é": false, ".": false, "..": false, ".a": false, "a%2Fb": false, "a\n": false, "tea": true, "Tea-2_b.1": true, "-": true} {
		slot := tea(t)
		slot.Name = name
		if _, err := serve.New(serve.Options{Slots: []serve.Slot{slot}}); (err == nil) != fine {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := serve.New(serve.Options{Slots: []serve.Slot{tea(t), tea(t)}}); err == nil {
		t.Error("one name twice")
	}
}

func TestAKeyIsAskedForAndHealthIsNot(t *testing.T) {
	s := server(t, serve.Options{Slots: []serve.Slot{tea(t)}, Keys: []string{"one", "two"}})
	for header, want := range map[string]int{"": 401, "Bearer three": 401, "Bearer one": 200, "Bearer two": 200, "Bearer ": 401} {
		if code := ask(t, s, "GET", "/v1/policies", "", nil, "Authorization", header); code != want {
			t.Errorf("%q: %d, want %d", header, code, want)
		}
	}
	if code := ask(t, s, "GET", "/healthz", "", nil); code != 200 {
		t.Errorf("health: %d", code)
	}
}

func TestABundleThatDoesNotLoadLeavesTheOldOne(t *testing.T) {
	next, broken := prices(t, 1), errors.New("table.bin: sha256")
	var err error
	now := prices(t, 0)
	s := server(t, serve.Options{Slots: []serve.Slot{{Name: "tea", Champion: func() (*bundle.Bundle, error) { return now, err }}}})
	price := func() float64 {
		var a serve.Answer
		ask(t, s, "POST", "/v1/decide", `{"observation":{"stock":0}}`, &a)
		return a.Price
	}
	err = broken
	if code := ask(t, s, "POST", "/v1/policies/tea/reload", "", nil); code != 422 || price() != 1 {
		t.Errorf("%d, price %v", code, price())
	}
	now, err = next, nil
	if code := ask(t, s, "POST", "/v1/policies/tea/reload", "", nil); code != 200 || price() != 1.2 {
		t.Errorf("%d, price %v", code, price())
	}
}

// Of 2,000 customers the challenger answers its share, give or take four standard errors (a false alarm in 16,000), and each customer always has
// the same arm.
func TestCustomersAreSplitAndStay(t *testing.T) {
	slot := tea(t)
	slot.Challenger, slot.Share = always(prices(t, 1)), 0.3
	s := server(t, serve.Options{Slots: []serve.Slot{slot}, Salt: []byte("salt")})
	arm := func(customer int) string {
		var a serve.Answer
		ask(t, s, "POST", "/v1/decide", fmt.Sprintf(`{"observation":{"stock":0},"customer":"c%d"}`, customer), &a)
		return a.Arm
	}
	const n = 2000
	challenged := 0.0
	for c := range n {
		first := arm(c)
		if first != arm(c) {
			t.Fatalf("customer %d changed arms", c)
		}
		if first == "challenger" {
			challenged++
		}
	}
	if se := math.Sqrt(0.3 * 0.7 / n); math.Abs(challenged/n-0.3) > 4*se {
		t.Errorf("the challenger answers %.3f", challenged/n)
	}
}

// With exploration propensities are those of what happens: a chi-square over four offers, false alarm 0.1%.
func TestLoggedPropensitiesAreTheFrequencies(t *testing.T) {
	slot := tea(t)
	slot.Explore = 0.5
	s := server(t, serve.Options{Slots: []serve.Slot{slot}})
	const n = 4000
	counts, odds := map[int]float64{}, map[int]float64{}
	for range n {
		var a serve.Answer
		ask(t, s, "POST", "/v1/decide", `{"observation":{"stock":1},"explore":0.4}`, &a)
		counts[a.Action]++
		odds[a.Action] = a.Propensity
	}
	square, sum := 0.0, 0.0
	for a, p := range odds {
		square += (counts[a] - n*p) * (counts[a] - n*p) / (n * p)
		sum += p
	}
	if math.Abs(sum-1) > 1e-12 || len(odds) != 4 || square > 16.27 {
		t.Errorf("odds %v, counts %v, chi-square %.1f", odds, counts, square)
	}
}

func TestAProductsPriceMovesNoFasterThanAllowed(t *testing.T) {
	slot := tea(t)
	slot.Change, slot.Every = 0.25, time.Hour
	now := time.Unix(0, 0)
	s := server(t, serve.Options{Slots: []serve.Slot{slot}, Now: func() time.Time { return now }})
	price := func(product string, stock int) float64 {
		var a serve.Answer
		if code := ask(t, s, "POST", "/v1/decide", fmt.Sprintf(`{"observation":{"stock":%d},"product":%q}`, stock, product), &a); code != 200 {
			t.Fatal(code)
		}
		return a.Price
	}
	for i, c := range []struct {
		product string
		stock   int
		minutes int
		want    float64
	}{{"green", 0, 0, 1}, {"green", 3, 1, 1.2}, {"black", 3, 1, 2}, {"green", 3, 30, 1.2}, {"green", 3, 61, 1.5}, {"green", 0, 62, 1.2}, {"green", 0, 121, 1.2}, {"green", 0, 123, 1}} {
		now = time.Unix(int64(60*c.minutes), 0)
		if got := price(c.product, c.stock); got != c.want {
			t.Errorf("step %d, %s at stock %d after %d minutes: %v, want %v", i, c.product, c.stock, c.minutes, got, c.want)
		}
	}
}

func TestExplanationsAndPoliciesAreTold(t *testing.T) {
	s := server(t, serve.Options{Slots: []serve.Slot{tea(t)}})
	var e struct {
		Words    string
		Decision policies.Decision
	}
	if code := ask(t, s, "POST", "/v1/explain", `{"observation":{"stock":2}}`, &e); code != 200 || e.Decision.Price != 1.5 || e.Words == "" {
		t.Errorf("%d, %+v", code, e)
	}
	var all struct {
		Policies []struct {
			Name     string
			Features []string
		}
	}
	if code := ask(t, s, "GET", "/v1/policies", "", &all); code != 200 || len(all.Policies) != 1 || all.Policies[0].Features[0] != "stock" {
		t.Errorf("%d, %+v", code, all)
	}
}

func BenchmarkDecide(b *testing.B) {
	s := server(b, serve.Options{Slots: []serve.Slot{tea(b)}, Log: func([]byte) error { return nil }})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := httptest.NewRequest("POST", "/v1/decide", strings.NewReader(`{"observation":{"stock":1},"customer":"ann"}`))
			w := httptest.NewRecorder()
			if s.ServeHTTP(w, r); w.Code != 200 {
				b.Fatal(w.Body)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
}
