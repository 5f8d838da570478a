package workflow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/policies/serve"
	"github.com/souk-sim/souk/results/decisionlog"
)

// The loop reads what a service logs of a price that stands for all who come: every six hours one, 40 visitors each, that is 160 a day; and a decision after which
// something was wanted and not there is known by what the next one saw. How much it explored is what it was asked to, however a limit on change moved its prices, and also
// where some are asked not to explore.
func TestTheLoopReadsAServicesPostedPrices(t *testing.T) {
	for _, exploring := range []int{1, 4} {
		t.Run(fmt.Sprintf("one of %d explores", exploring), func(t *testing.T) { testPostedPrices(t, exploring) })
	}
}

// testPostedPrices has one request of so many explore, by 0.2.
func testPostedPrices(t *testing.T, exploring int) {
	s := teahouseWith(t)
	champion := fixedBundle(t, s, 6.5)
	var lines bytes.Buffer
	now := time.Unix(86400*20000, 0)
	server, err := serve.New(serve.Options{Slots: []serve.Slot{{Name: "shop", Champion: func() (*bundle.Bundle, error) { return champion, nil }, Explore: 0.2, Unasked: 0.2, Change: 0.05, Every: time.Hour}},
		Log: func(l []byte) error { lines.Write(l); return nil }, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(path, body string, into any) {
		t.Helper()
		w := httptest.NewRecorder()
		if server.ServeHTTP(w, httptest.NewRequest("POST", path, strings.NewReader(body))); w.Code != 200 {
			t.Fatal(w.Body)
		}
		if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
			t.Fatal(err)
		}
	}
	const days = 20
	for quarter := range 4 * days {
		asked := 0.0
		if quarter%exploring == 0 {
			asked = 0.2
		}
		var a serve.Answer
		ask("/v1/decide", fmt.Sprintf(`{"observation":{"last_price":6.5},"product":"tea","id":"q%d","explore":%v}`, quarter, asked), &a)
		now = now.Add(6 * time.Hour)
		ask("/v1/outcomes", fmt.Sprintf(`{"id":%q,"reward":%v,"visitors":40,"units":{"tea":10}}`, a.ID, 10*(a.Price-2)), &struct{}{})
	}
	log, err := decisionlog.Read(&lines, "log.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	b, err := openBazaar(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Fit(t.Context(), 1, nil); err != nil {
		t.Fatal(err)
	}
	l, err := b.books(log, 0, 1.0/86400)
	if err != nil {
		t.Fatal(err)
	}
	came, _ := l.arrivals()
	for day, n := range came {
		if math.Abs(n-160) > 1e-9 {
			t.Errorf("day %d: %v visitors, truth 160", day, n)
		}
	}
	if len(came) != days {
		t.Errorf("%d days of %d", len(came), days)
	}
	truth := 0.2 / float64(exploring)
	if w := (&Turn{Scenario: s, Champion: champion}).window(l); math.Abs(w.Explored-truth) > 1e-12 || w.Champions != 4*days {
		t.Errorf("explored %v of %d, truth %v", w.Explored, w.Champions, truth)
	}
	if part, cut := underWay(log); !cut || len(part.Units) != loopBlocks || len(log.Units) != 1 {
		t.Errorf("one unit under way: %v, %d blocks", cut, len(part.Units))
	}
}
