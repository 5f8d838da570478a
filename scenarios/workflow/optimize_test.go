package workflow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
)

// kiosk prices coffee and cake together, which take shoppers from each other, beside a stall that is cheaper every third day; on weekends twice as many come.
const kiosk = `
name = "kiosk"
[time]
period = "day"
horizon = 7
end = "truncate"
[traffic]
visitors = 400
weekdays = [1, 1, 1, 1, 1, 2, 2]
[[personas]]
name = "student"
share = 2
price = -1.5
[[personas]]
name = "clerk"
share = 1
price = -0.6
[[products]]
name = "coffee"
price = 3
cost = 1
appeal = 3
[[products]]
name = "cake"
price = 4
cost = 1.5
appeal = 3.5
[[products]]
name = "stall"
price = 3
appeal = 3
[[sellers]]
name = "us"
prices = ["coffee", "cake"]
offers = { grid = [[2.5, 3], [3, 4]] }
state = { day_of_week = { bins = 7 } }
[[sellers]]
name = "them"
prices = ["stall"]
offers = [2, 3]
brain = { rule = "cycle", regular = 3, deal = 2, length = 3 }
[evaluate]
paths = 300
against = ["best-fixed"]
[optimize]
promotions = 3
apart = 1
depth = 0.01
paths = 2
`

func optimised(t *testing.T, text, folder string, workers int, sets ...string) *Optimised {
	t.Helper()
	s, err := scenarios.Parse(scenarios.Source{Name: "test.toml", Text: text}, sets...)
	if err != nil {
		t.Fatal(err)
	}
	m, err := (&Run{Scenario: s, Store: rundir.Store{Root: folder}, Workers: workers}).Optimize(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The calendar of a seller of two products is the best of all 4^7 by what the market is expected to bring, and the market brings it: within 3.29 standard errors, 1 false alarm in 1000.
func TestACalendarOfTwoProductsIsTheBestAndComesTrue(t *testing.T) {
	m := optimised(t, kiosk, t.TempDir(), 2, "optimize.budget=300")
	c := &m.told.calendar
	best := math.Inf(-1)
	for n := range 1 << (2 * 7) {
		value, given, made, last := 0.0, 0.0, 0, -2
		for day := range 7 {
			o := n >> (2 * day) & 3
			value += c.Reward[day*4+o]
			given += m.told.given[day*4+o]
			if c.Promoted[o] {
				if made++; day-last < 2 {
					made = 99
				}
				last = day
			}
		}
		if made <= 3 && given <= 300 {
			best = max(best, value)
		}
	}
	if !m.Proven || math.Abs(m.Value-best) > 2e-6*best || m.Bound < best*(1-1e-9) {
		t.Errorf("a calendar of %.8g (proven %v, bound %.8g), the best of all earns %.8g", m.Value, m.Proven, m.Bound, best)
	}
	if m.Limits[0].Used > 300 || m.Made > 3 {
		t.Errorf("%g $ given away on %d days, of 300 $ and 3 days", m.Limits[0].Used, m.Made)
	}
	row := m.Comparison.Rows[0]
	se := (row.Profit.High - row.Profit.Low) / 2 / 1.968
	if z := (row.Profit.Value - m.Each) / se; !(math.Abs(z) < 3.29) {
		t.Errorf("expected %.6g a day, played %.6g (z = %.2f)", m.Each, row.Profit.Value, z)
	}
}

// The bundle makes the calendar's offers, and what a run leaves is the same on any number of workers.
func TestACalendarIsABundleOnAnyNumberOfWorkers(t *testing.T) {
	one, three := t.TempDir(), t.TempDir()
	m := optimised(t, kiosk, one, 1)
	if other := optimised(t, kiosk, three, 3); other.RunID != m.RunID {
		t.Fatalf("runs %s and %s", m.RunID, other.RunID)
	}
	err := filepath.WalkDir(one, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(one, path)
		a, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		b, err := os.ReadFile(filepath.Join(three, name))
		if err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs (%v)", name, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b, err := bundle.Load(os.DirFS(filepath.Join(m.Dir, "policy")))
	if err != nil {
		t.Fatal(err)
	}
	spec := &b.Policy.About().Spec
	for _, r := range m.Calendar {
		seen := make([]float64, len(spec.Features))
		for i := range seen {
			seen[i] = math.NaN()
		}
		seen[spec.Feature("period")] = float64(r.Period)
		if d := b.Policy.Decide(seen, 0.5); d.Action != r.Action {
			t.Errorf("day %d: the bundle makes offer %d, the calendar %d", r.Period, d.Action, r.Action)
		}
	}
	page, err := os.ReadFile(filepath.Join(m.Dir, ReportFile))
	if err != nil || !bytes.Contains(page, []byte("The calendar")) {
		t.Errorf("the page: %d bytes, %v", len(page), err)
	}
	var kept Optimised
	text, err := os.ReadFile(filepath.Join(m.Dir, "optimize.json"))
	if err != nil || json.Unmarshal(text, &kept) != nil || !reflect.DeepEqual(kept.Calendar, m.Calendar) {
		t.Errorf("optimize.json does not hold the calendar (%v)", err)
	}
}

// A stock of its own makes the plan look at what is left of it, and mark down where more is left.
func TestACalendarAnswersTheStock(t *testing.T) {
	const coats = `
name = "coats"
[problem]
demand = { kind = "exponential", intercept = 8, scale = 20 }
reviews = 12
stock = 20
prices = { from = 10, to = 60, rungs = 11 }
[evaluate]
paths = 2000
`
	m := optimised(t, coats, t.TempDir(), 2)
	b, err := bundle.Load(os.DirFS(filepath.Join(m.Dir, "policy")))
	if err != nil {
		t.Fatal(err)
	}
	spec := &b.Policy.About().Spec
	var prices []float64
	for _, stock := range []float64{2, 10, 20} {
		seen := make([]float64, len(spec.Features))
		seen[spec.Feature("period")], seen[spec.Feature("stock")] = 6, stock
		prices = append(prices, b.Policy.Decide(seen, 0.5).Price)
	}
	if !slices.IsSortedFunc(prices, func(a, b float64) int { return int(b - a) }) || prices[0] == prices[2] {
		t.Errorf("half-way through, prices of %v with 2, 10 and 20 left", prices)
	}
	of := func(name string) float64 {
		for i := range m.Comparison.Rows {
			if m.Comparison.Rows[i].Name == name {
				return m.Comparison.Rows[i].Profit.Value
			}
		}
		t.Fatalf("no %s", name)
		return 0
	}
	if calendar, best := of(planned), of(solved); calendar < 0.97*best || best > m.Bound {
		t.Errorf("the calendar earns %.4g, the optimum %.4g, the linear programme promises %.4g", calendar, best, m.Bound)
	}
}

// What ties an offer to the one before it is in the plan: prices that may only fall, and what a new price costs.
func TestACalendarKnowsTheOfferBefore(t *testing.T) {
	const season = `
name = "season"
[problem]
demand = { kind = "linear", intercept = 10, slope = 0.1 }
sales = "expected"
reviews = 6
season = [0.5, 1.5, 0.8, 1.2, 0.6, 1]
prices = { from = 40, to = 60, rungs = 5 }
cost = 10
rival = { prices = [50, 30, 45, 20, 40, 50], effect = 0.5 }
[evaluate]
paths = 2
`
	moves := func(m *Optimised) (n int, rises bool) {
		for i := range m.Calendar[1:] {
			a, b := m.Calendar[i].Price, m.Calendar[i+1].Price
			if a != b {
				n++
			}
			rises = rises || b > a
		}
		return n, rises
	}
	free := optimised(t, season, t.TempDir(), 1)
	down := optimised(t, season, t.TempDir(), 1, "problem.markdown=true")
	dear := optimised(t, season, t.TempDir(), 1, "problem.price_change=12")
	n, rises := moves(free)
	fewer, _ := moves(dear)
	if _, up := moves(down); !rises || up || down.Value > free.Value {
		t.Errorf("prices rise: %v, and of markdowns alone %v; they earn %g and %g", rises, up, free.Value, down.Value)
	}
	if fewer >= n || dear.Value > free.Value || dear.Value < free.Value-12*float64(n) {
		t.Errorf("%d new prices for nothing earn %g, %d at 12 $ each %g", n, free.Value, fewer, dear.Value)
	}
	for _, m := range []*Optimised{free, down, dear} { // no chance but the optimum knows it all, so there is one best
		best := 0.0
		for _, row := range m.Comparison.Rows {
			if row.Name == solved {
				best = row.Profit.Value
			}
		}
		if math.Abs(m.Value-best) > 1e-6*best || math.Abs(m.Comparison.Rows[0].Profit.Value-best) > 1e-6*best {
			t.Errorf("the calendar is expected to earn %.8g and earns %.8g, the optimum %.8g", m.Value, m.Comparison.Rows[0].Profit.Value, best)
		}
	}
}

// Where shoppers remember prices the plan answers what they remember, but for promotions that are counted: then as many are made as it says, whatever comes.
func TestACalendarAnswersWhatIsRemembered(t *testing.T) {
	text := strings.NewReplacer("price = -1.5", "price = -1.5\ngain = 2", `prices = ["coffee", "cake"]`, `prices = ["coffee"]`, "offers = { grid = [[2.5, 3], [3, 4]] }", "offers = [2, 2.5, 3]",
		`prices = ["stall"]`, `prices = ["stall", "cake"]`, "offers = [2, 3]", "offers = { levels = [0.7, 1] }", "regular = 3, deal = 2", "regular = 1, deal = 0.7", "promotions = 3\napart = 1", "",
		"horizon = 7", "horizon = 14").Replace(kiosk)
	for _, c := range []struct {
		sets       []string
		dimensions int
	}{{nil, 2}, {[]string{"optimize.promotions=2"}, 1}} {
		m := optimised(t, text, t.TempDir(), 2, c.sets...)
		b, err := bundle.Load(os.DirFS(filepath.Join(m.Dir, "policy")))
		if err != nil {
			t.Fatal(err)
		}
		if n := len(b.Policy.About().Encoder.Dimensions); n != c.dimensions || m.Calendar[1].Reference == nil {
			t.Errorf("%v: a table over %d features, reference prices %v", c.sets, n, m.Calendar[1].Reference)
		}
		changes := 0.0
		for i := range m.Calendar[1:] {
			if m.Calendar[i+1].Action != m.Calendar[i].Action {
				changes++
			}
		}
		row := m.Comparison.Rows[0]
		if math.Abs(row.PriceChanges-changes) > 0.51 { // the opening offer may be another
			if c.dimensions == 1 || math.Abs(row.PriceChanges-changes) > 2 {
				t.Errorf("%v: %g new prices played, %g in the calendar", c.sets, row.PriceChanges, changes)
			}
		}
		se := (row.Profit.High - row.Profit.Low) / 2 / 1.968
		if z := (row.Profit.Value - m.Each) / se; !(math.Abs(z) < 3.9) { // of the dynamic programme's grid too
			t.Errorf("%v: expected %.6g a day, played %.6g (z = %.2f)", c.sets, m.Each, row.Profit.Value, z)
		}
	}
}

func TestCalendarsThatCannotBePlanned(t *testing.T) {
	for _, c := range []struct {
		key, expected string
		sets          []string
	}{
		{"visit.kind", "shelf", []string{`visit.kind="journey"`}},
		{"sellers.us.review", "by the clock", []string{`sellers.us.review={every="1 day",random=true}`}},
		{"optimize.stock.tea", "product", []string{"optimize.stock.tea=3"}},
		{"optimize.stock.cake", "at least", []string{"optimize.stock.cake=3"}},
	} {
		s, err := scenarios.Parse(scenarios.Source{Name: "test.toml", Text: kiosk}, c.sets...)
		if err != nil {
			t.Fatal(err)
		}
		folder := t.TempDir()
		_, err = (&Run{Scenario: s, Store: rundir.Store{Root: folder}, Workers: 1}).Optimize(context.Background())
		bad, ok := errors.AsType[*field.Error](err)
		if !ok || bad.Key != c.key || !strings.Contains(bad.Expected, c.expected) {
			t.Errorf("%v: %v", c.sets, err)
		}
		if left, _ := filepath.Glob(filepath.Join(folder, "*", "*")); len(left) > 0 {
			t.Errorf("%v: left %v", c.sets, left)
		}
	}
}
