package decisionlog_test

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/souk-sim/souk/results/decisionlog"
)

// held reads lines that were taken beside a decision that is good.
func held(t *testing.T, line []byte) {
	t.Helper()
	all := append(journalled(t, asked("good", "ann", 1), decisionlog.Outcome{ID: "good", Time: 2, Reward: 1, Visitors: 1}), line...)
	if _, err := decisionlog.Read(bytes.NewReader(all), "log"); err != nil {
		t.Errorf("taken, and not read: %.300v", err)
	}
}

// One line that readers refuse would take all of a log with it: what they refuse is not taken.
func TestWhatIsTakenIsRead(t *testing.T) {
	names := func(n, bytes int, c string) (all []string) {
		for i := range n {
			all = append(all, fmt.Sprint(i)+strings.Repeat(c, bytes))
		}
		return all
	}
	for name, c := range map[string]struct {
		products []string
		taken    bool
	}{"as many products as there may be": {names(1024, 1, "x"), true}, "one more": {names(1025, 1, "x"), false}, "a line that is too long": {names(1024, 200, "\x7f"), false}} {
		line, err := decisionlog.AppendOutcome(nil, &decisionlog.Outcome{ID: "a", Time: 1, Reward: 1, Visitors: 1, Products: c.products, Units: make([]float64, len(c.products))})
		if (err == nil) != c.taken || err != nil && len(line) > 0 {
			t.Errorf("%s: %d bytes, %.200v", name, len(line), err)
		}
		if err == nil {
			held(t, line)
		}
	}
}

// FuzzTakenIsRead: whatever Append and AppendOutcome take, Read takes.
func FuzzTakenIsRead(f *testing.F) {
	f.Add("a", "x", 1.0, 0.5, 1.0, 2.0, 3, uint8(7), false)
	f.Add("\x7f", "\xff", 0.0, 0.0, 2.0, -1.0, -1, uint8(0), true)
	f.Add("", "\x00\"", math.NaN(), 1.0, 0.0, math.Inf(1), 5000, uint8(1), false)
	f.Fuzz(func(t *testing.T, id, name string, x, propensity, discount, visitors float64, action int, allowed uint8, fallback bool) {
		r := asked(id, name, 2)
		r.Features, r.Observation = []string{"x", name}, []float64{x, visitors}
		r.Propensity, r.Discount, r.Action, r.Fallback, r.Offer.Price = propensity, discount, action, fallback, x
		r.Explore = discount
		if allowed > 0 {
			r.Allowed = make([]bool, 8)
			for a := range r.Allowed {
				r.Allowed[a] = allowed>>a&1 != 0
			}
		}
		if action == 0 { // the ladder's, as the good one's
			r.Offer.Price = 2
		}
		if line, err := decisionlog.Append(nil, &r); err == nil && name != "x" {
			held(t, line)
		}
		o := decisionlog.Outcome{ID: id, Time: x, Reward: discount, Visitors: visitors, Products: []string{"x", name}, Units: []float64{1, propensity}, Prices: []float64{x, discount}}
		if line, err := decisionlog.AppendOutcome(nil, &o); err == nil {
			held(t, line)
		}
	})
}
