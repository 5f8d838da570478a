package serve_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/souk-sim/souk/policies/serve"
)

// A clock that jumps, as when it is set, lets no price move faster: the hour counts from when a price last stood by any clock. (The system's own clock
// has a second hand that does not jump, which the service goes by where it has it.)
func TestAClockThatJumpsLetsNoPriceMoveFaster(t *testing.T) {
	slot := tea(t)
	slot.Change, slot.Every = 0.25, time.Hour
	var now time.Time
	var log bytes.Buffer
	s := server(t, serve.Options{Slots: []serve.Slot{slot}, Now: func() time.Time { return now }, Log: func(lines []byte) error { log.Write(lines); return nil }})
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	var times []float64
	for i, c := range []struct {
		after time.Duration
		stock int
		want  float64
	}{
		{0, 0, 1},
		{-1000 * time.Hour, 3, 1.2},          // back: 1 still stands
		{time.Second, 3, 1.2},                // and on again: 1 stood a second ago
		{59 * time.Minute, 3, 1.2},           // and 59 minutes ago
		{2 * time.Hour, 3, 1.5},              // an hour since 1 stood
		{2*time.Hour - 24*time.Hour, 3, 1.5}, // back by a day: 1.2 is not forgotten
		{2*time.Hour + time.Minute, 0, 1.2},  // 1.5 and 1.2 stood a minute ago
	} {
		now = noon.Add(c.after)
		var a serve.Answer
		if code := ask(t, s, "POST", "/v1/decide", fmt.Sprintf(`{"observation":{"stock":%d},"product":"green","customer":"ann"}`, c.stock), &a); code != 200 || a.Price != c.want {
			t.Errorf("step %d: %d, price %v, want %v", i, code, a.Price, c.want)
		}
		times = append(times, float64(now.UnixMilli())/1000)
	}
	i := 0
	for line := range bytes.Lines(log.Bytes()) {
		var d struct{ Time float64 }
		if err := json.Unmarshal(line, &d); err != nil || d.Time != times[i] {
			t.Errorf("line %d: %v, time %v, want %v", i, err, d.Time, times[i])
		}
		i++
	}
	if i != len(times) {
		t.Errorf("%d lines of %d decisions", i, len(times))
	}
}
