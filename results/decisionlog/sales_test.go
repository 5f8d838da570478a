package decisionlog_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/souk-sim/souk/results/decisionlog"
)

// reading is a log of lines, read with options.
func reading(t *testing.T, o decisionlog.Options, lines ...any) (*decisionlog.Log, error) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "log.jsonl")
	if err := os.WriteFile(name, journalled(t, lines...), 0o600); err != nil {
		t.Fatal(err)
	}
	log, _, err := decisionlog.Open(name, o)
	return log, err
}

// The time of an outcome is the word of whoever tells it: one in milliseconds, as JavaScript's Date.now() has it, moves neither window nor patience, and is told.
func TestAnOutcomesTimeDoesNotMoveTheWindow(t *testing.T) {
	var lines []any
	for day := range 10 {
		lines = append(lines, asked(fmt.Sprint(day), fmt.Sprint("customer ", day), 1.7e9+86400*float64(day)))
	}
	sane := decisionlog.Outcome{ID: "9", Time: 1.7e9 + 86400*9 + 60, Reward: 2, Visitors: math.NaN()}
	wrong := sane
	wrong.Time *= 1000
	for _, c := range []struct {
		outcome decisionlog.Outcome
		o       decisionlog.Options
		ahead   int
	}{
		{sane, decisionlog.Options{}, 0},
		{sane, decisionlog.Options{Window: 86400 * 5, Patience: 86400 * 3}, 0},
		{wrong, decisionlog.Options{}, 1},
		{wrong, decisionlog.Options{Window: 86400 * 5, Patience: 86400 * 3}, 1},
	} {
		log, err := reading(t, c.o, append(lines, c.outcome)...)
		if err != nil {
			t.Fatal(err)
		}
		decisions, assumed := 10, 0
		if c.o.Window > 0 {
			decisions, assumed = 5, 7
		}
		if len(log.Decisions) != decisions || log.Joined.Assumed != assumed || log.Joined.Ahead != c.ahead {
			t.Errorf("outcome at %v, %+v: %d decisions, %+v", c.outcome.Time, c.o, len(log.Decisions), log.Joined)
		}
		if told := strings.Contains(strings.Join(log.Warnings, "\n"), "1 outcomes are of a time long after the newest decision"); told != (c.ahead > 0) {
			t.Errorf("outcome at %v: %q", c.outcome.Time, log.Warnings)
		}
	}
	// So short that no time is within it.
	if _, err := reading(t, decisionlog.Options{Window: 1e-9}, append(lines, sane)...); err == nil || !strings.Contains(err.Error(), "none of its 10 decisions in a window") {
		t.Error(err)
	}
}

// A shop that reports who bought, and nobody else, is told so.
func TestALogThatTellsOfBuyersAloneSaysSo(t *testing.T) {
	lines := func(sales, others, untold int) (all []any) {
		for i := range sales + others + untold {
			id := fmt.Sprint(i)
			if all = append(all, asked(id, id, float64(i))); i < sales+others {
				units := 1.0
				if i >= sales {
					units = 0
				}
				all = append(all, decisionlog.Outcome{ID: id, Time: float64(i) + 0.5, Reward: units, Visitors: math.NaN(), Products: []string{"tuna"}, Units: []float64{units}})
			}
		}
		return all
	}
	for _, c := range []struct {
		sales, others, untold int
		patience              float64
		says                  string
	}{
		{30, 0, 60, 0, "all 30 known outcomes are sales, 60 are not told"},
		{30, 0, 60, 1, ""}, // which takes them to have bought nothing
		{30, 1, 60, 0, ""},
		{30, 0, 2, 0, ""}, // they may still come
		{9, 0, 60, 0, ""}, // chance
	} {
		log, err := reading(t, decisionlog.Options{Patience: c.patience, Pending: true}, lines(c.sales, c.others, c.untold)...)
		if err != nil {
			t.Fatal(err)
		}
		if says := log.OnlySales(); says != c.says {
			t.Errorf("%+v: %q", c, says)
		}
		if told := strings.Contains(strings.Join(log.Warnings, "\n"), "tell units 0 too, or --patience"); told != (c.says != "") {
			t.Errorf("%+v: %q", c, log.Warnings)
		}
	}
}
