package workflow

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/scenarios"
)

var update = flag.Bool("update", false, "write testdata/traces anew")

// excerpt keeps the beginning of an event log, and all events of its first period.
type excerpt struct {
	memory
}

var errFirstDay = errors.New("enough")

// Write ends the episode when the first period is over, or long.
func (x *excerpt) Write(rows []results.Event) error {
	for i := range rows {
		if rows[i].Step > 0 || len(x.rows) == 50_000 {
			return errFirstDay
		}
		if err := x.memory.Write(rows[i : i+1]); err != nil {
			return err
		}
	}
	return nil
}

// script writes the first events, each with who it is about, and the story of the first shopper who pays.
func script(events []results.Event) string {
	const first, openingPrices = 60, 10
	var text strings.Builder
	s := story{price: map[string]float64{}}
	for i, told, prices := 0, 0, 0; i < len(events) && told < first; i++ {
		e := &events[i]
		if e.Kind == "repriced" && e.Time == 0 {
			if prices++; prices > openingPrices { // of thousands of products
				continue
			}
		}
		told++
		who := e.Shopper
		if who == "" {
			who = e.Seller
		}
		fmt.Fprintf(&text, "%s  %-12s  %-16s  %s\n", clock(e.Time), who, e.Kind, s.sentence(events[i:i+1]))
	}
	payer := ""
	for i := range events {
		if events[i].Kind == "checks-out" {
			payer = events[i].Shopper
			break
		}
	}
	var of []results.Event
	for i := range events {
		if payer != "" && events[i].Shopper == payer {
			of = append(of, events[i])
		}
	}
	if payer != "" {
		fmt.Fprintf(&text, "\nshopper/%s: %s\n\n%s", payer, of[0].Persona, Story(of))
	}
	return text.String()
}

// Each bundled market begins as it did when testdata/traces was written: path 0 while the opening offer stands, its first 60 events and one shopper's
// first day. After a change that is meant to move them: go test ./scenarios/workflow -run BundledMarkets -update, and read the difference.
func TestBundledMarketsUnfoldAsRecorded(t *testing.T) {
	for _, name := range scenarios.Bundled() {
		t.Run(name, func(t *testing.T) {
			s, err := scenarios.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			if s.World() != scenarios.OpenMarket {
				t.Skip("not an open market: TestBundledCategoriesOpenAsRecorded has it")
			}
			scene, err := openBazaar(s)
			if err != nil {
				t.Fatal(err)
			}
			w, c, err := stage(t.Context(), scene, []string{scene.plain()}, nil, &Run{Scenario: s, Workers: 1})
			if err != nil {
				t.Fatal(err)
			}
			var x excerpt
			compareTrace(t, name, w.(*shop), c, &x)
		})
	}
}

func compareTrace(t *testing.T, name string, w *shop, c *evaluate.Contest, x *excerpt) {
	opened, err := c.World()
	if err != nil {
		t.Fatal(err)
	}
	rows := &eventRows{cfg: w.Config, of: sellersOf(w.Config), to: x}
	if err := logEvents(t.Context(), c.Arena, opened.(journaled), &c.Contestants[0], 0, 1, rows); err != nil && !errors.Is(err, errFirstDay) {
		t.Fatal(err)
	}
	compareRecorded(t, name, script(x.rows))
}

// compareRecorded holds a text against testdata/traces, or writes it there.
func compareRecorded(t *testing.T, name, got string) {
	file := filepath.Join("testdata", "traces", name+".txt")
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: go test ./scenarios/workflow -run BundledMarkets -update writes it", err)
	}
	if got, want := strings.Split(got, "\n"), strings.Split(string(want), "\n"); len(got) != len(want) {
		t.Errorf("%d lines, recorded are %d", len(got), len(want))
	} else {
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("line %d of %s:\n %s\nrecorded is\n %s", i+1, file, got[i], want[i])
			}
		}
	}
}
