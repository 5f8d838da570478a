package serve_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/souk-sim/souk/policies/serve"
)

// steady is a service of tea that may move a price by a quarter within an hour, its clock in minutes, and a log that fails on demand.
type steady struct {
	*serve.Server
	minutes int
	full    bool
}

func newSteady(t *testing.T) *steady {
	s := &steady{}
	slot := tea(t)
	slot.Change, slot.Every, slot.Fallback = 0.25, time.Hour, 1
	s.Server = server(t, serve.Options{Slots: []serve.Slot{slot}, Now: func() time.Time { return time.Unix(int64(60*s.minutes), 0) }, Log: func([]byte) error {
		if s.full {
			return errors.New("no space left on device")
		}
		return nil
	}})
	return s
}

// price is what is answered for green tea; 0 where nothing is.
func (s *steady) price(t *testing.T, stock int) float64 {
	t.Helper()
	var a serve.Answer
	if code := ask(t, s, "POST", "/v1/decide", fmt.Sprintf(`{"observation":{"stock":%d},"product":"green"}`, stock), &a); code != http.StatusOK {
		return 0
	}
	return a.Price
}

// A price that nobody got moves nothing: while the log fails clients ask again and again, and what stands on the shelf is what was answered last.
func TestAPriceThatWasNotAnsweredMovesNothing(t *testing.T) {
	s := newSteady(t)
	if got := s.price(t, 3); got != 2 {
		t.Fatal(got)
	}
	for s.full = true; s.minutes < 240; s.minutes += 20 {
		if got := s.price(t, 0); got != 0 {
			t.Fatalf("answered %v without a log", got)
		}
	}
	s.full = false
	if got := s.price(t, 0); got != 1.5 {
		t.Errorf("%v after 2", got)
	}
}

// Nor does one of a batch that is refused for another question in it.
func TestAPriceOfARefusedBatchMovesNothing(t *testing.T) {
	s := newSteady(t)
	s.price(t, 3)
	for s.minutes = 61; s.minutes < 300; s.minutes += 61 {
		if code := ask(t, s, "POST", "/v1/decide", `{"questions":[{"observation":{"stock":0},"product":"green"},{"observation":{}}]}`, nil); code != http.StatusUnprocessableEntity {
			t.Fatal(code)
		}
	}
	if got := s.price(t, 0); got != 1.5 {
		t.Errorf("%v after 2", got)
	}
}

// Two questions of one batch do not move a price twice.
func TestABatchMovesAPriceOnce(t *testing.T) {
	s := newSteady(t)
	s.price(t, 3)
	s.minutes = 61
	var all struct{ Decisions []serve.Answer }
	ask(t, s, "POST", "/v1/decide", `{"questions":[`+strings.Repeat(`{"observation":{"stock":0},"product":"green"},`, 3)+`{"observation":{"stock":0},"product":"green"}]}`, &all)
	for _, a := range all.Decisions {
		if a.Price != 1.5 {
			t.Errorf("%v after 2", a.Price)
		}
	}
}

// A stop may move a price as far as it must; the start after it may not, since the fallback price is what stands on the shelf.
func TestAPriceMovesSlowlyFromTheFallbackPrice(t *testing.T) {
	s := newSteady(t)
	s.price(t, 3)
	s.minutes++
	ask(t, s, "POST", "/v1/policies/tea/stop", "", nil)
	if got := s.price(t, 3); got != 1 {
		t.Fatalf("stopped: %v", got)
	}
	ask(t, s, "POST", "/v1/policies/tea/start", "", nil)
	for _, c := range []struct {
		minutes int
		want    float64
	}{{2, 1.2}, {50, 1.2}, {63, 1.5}} {
		if s.minutes = c.minutes; s.price(t, 3) != c.want {
			t.Errorf("after %d minutes: %v, want %v", c.minutes, s.price(t, 3), c.want)
		}
	}
}
