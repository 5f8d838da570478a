package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/policies/serve"
	"github.com/souk-sim/souk/results/decisionlog"
)

// visited is the folder of the log of a service whose champion prices tea and soap for 30 days of some 60 who come, and explores in three of ten decisions. Who comes buys tea
// at a price p with probability 1 / (1 + exp(1.6 p − 7)). What came of a decision is told a day later. A price stands for four hours and all who come meanwhile, or each is asked
// for one customer.
func visited(t *testing.T, champion string, posted bool) string {
	t.Helper()
	folder, load := t.TempDir(), func() (*bundle.Bundle, error) { return bundle.Load(os.DirFS(champion)) }
	journal, err := decisionlog.OpenJournal(folder, decisionlog.JournalOptions{Sync: decisionlog.SyncNever, Failed: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2024, time.March, 1, 22, 30, 0, 0, time.UTC)
	s, err := serve.New(serve.Options{Slots: []serve.Slot{{Name: "tea", Champion: load, Explore: 0.3}, {Name: "soap", Champion: load}}, Log: journal.Append, Salt: []byte("pepper"), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	post := func(path, body string) (a serve.Answer) {
		t.Helper()
		r, w := httptest.NewRequest("POST", path, strings.NewReader(body)), httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code/100 != 2 {
			t.Fatalf("%s: %d %s %v", body, w.Code, w.Body, err)
		}
		return a
	}
	draw, late := rand.New(rand.NewPCG(7, 8)), []string{}
	decisions, who := 60, ""
	if posted {
		decisions = 6
	}
	for i := range 30 * decisions {
		if posted {
			post("/v1/decide", `{"policy":"soap","product":"soap","observation":{"last_price":5}}`)
		} else {
			who = fmt.Sprintf(`,"customer":"anna-%d"`, i)
		}
		// By an id of its own a decision is drawn by the salt, alike in every run of this test.
		a := post("/v1/decide", fmt.Sprintf(`{"id":"cup-%d","policy":"tea","product":"tea","observation":{"last_price":5},"explore":0.3%s}`, i, who))
		visitors, units := 60/decisions, 0
		if posted {
			visitors += draw.IntN(5) - 2
		}
		for range visitors {
			if draw.Float64() < 1/(1+math.Exp(1.6*a.Price-7)) {
				units++
			}
		}
		late = append(late, fmt.Sprintf(`{"id":%q,"reward":%v,"visitors":%d,"units":{"tea":%d}}`, a.ID, float64(units)*(a.Price-2), visitors, units))
		if now = now.Add(24 * time.Hour / time.Duration(decisions)); i >= decisions {
			post("/v1/outcomes", late[i-decisions])
		}
	}
	for _, outcome := range late[29*decisions:] {
		post("/v1/outcomes", outcome)
	}
	if err := journal.Close(); err != nil {
		t.Fatal(err)
	}
	return folder
}

// The log of a service counts seconds: the loop reads from it how many come a day and what they take for a price, whether each was asked for himself or a price stood for
// all. Estimates within four standard errors of the truth fail once in some 16,000 seeds each.
func TestATurnOnTheLogOfAService(t *testing.T) {
	in, champion := trainedStall(t)
	for _, c := range []struct {
		name   string
		posted bool
		told   int
	}{{"a customer", false, 1800}, {"all", true, 180}} {
		code, stdout, stderr := call(t, "loop", in("stall.toml"), "--log", visited(t, champion, c.posted), "--of", "tea", "--champion", champion, "--clock", "seconds", "--out", in("runs"), "--json", "-q")
		var told struct {
			Window struct {
				From, To float64
				FirstDay string  `json:"first_day"`
				LastDay  string  `json:"last_day"`
				Told     int     `json:"with_outcome"`
				Ours     int     `json:"of_the_champion"`
				Explored float64 `json:"exploration"`
			}
			Refit struct {
				Visitors float64 `json:"visitors"`
				Compared []struct {
					Name     string  `json:"name"`
					Estimate float64 `json:"estimate"`
					SE       float64 `json:"se"`
				} `json:"compared"`
			}
		}
		if err := json.Unmarshal([]byte(stdout), &told); err != nil || code != exitDone && code != exitUnmet {
			t.Fatalf("%s: exit code %d, %v, %s", c.name, code, err, stderr)
		}
		if w := told.Window; w.Told != c.told || w.Ours != c.told || math.Abs(w.To-w.From-30) > 1.1 || math.Abs(w.Explored-0.3) > 1e-6 || w.FirstDay != "2024-03-01" || w.LastDay < "2024-03-31" || w.LastDay > "2024-04-01" {
			t.Errorf("%s: %+v", c.name, w)
		}
		if math.Abs(told.Refit.Visitors-60) > 2 {
			t.Errorf("%s: %v visitors a day, in truth 60", c.name, told.Refit.Visitors)
		}
		found := 0
		for _, e := range told.Refit.Compared {
			truth, ok := map[string]float64{"price": -1.6, "asc_tea": 7}[e.Name]
			if !ok {
				continue
			}
			if found++; !(math.Abs(e.Estimate-truth) < 4*e.SE && e.SE < 0.2*math.Abs(truth)) {
				t.Errorf("%s: %s %v ± %v, in truth %v", c.name, e.Name, e.Estimate, e.SE, truth)
			}
		}
		if found != 2 {
			t.Errorf("%s: %s", c.name, stdout)
		}
	}
}
