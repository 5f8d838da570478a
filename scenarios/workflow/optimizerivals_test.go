package workflow

import (
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/scenarios"
)

// tea earns most well above its opening price, from which a promotion limit would otherwise count.
const tea = `
name = "tea"
[time]
period = "week"
horizon = 8
end = "truncate"
[traffic]
visitors = 400
[[personas]]
name = "anyone"
price = -0.8
[[products]]
name = "tea"
price = 3
cost = 2
appeal = 3
[[sellers]]
name = "us"
offers = [3, 3.5, 4, 4.5, 5]
state = { period = { bins = 8 } }
[evaluate]
paths = 100
against = ["best-fixed"]
[optimize]
promotions = 2
budget = 500
paths = 2
`

// A calendar's regular price is the highest that it asks, so that cuts from there count; and that is no worse a calendar than any constant price, which has none.
func TestRegularPriceIsTheCalendarsOwn(t *testing.T) {
	m := optimised(t, tea, t.TempDir(), 1)
	highest, cut := 0.0, 0
	for _, r := range m.Calendar {
		highest = max(highest, r.Price)
	}
	for _, r := range m.Calendar {
		if r.Price < 0.95*highest-1e-9 {
			cut++
		}
	}
	if !m.Own || len(m.Regular) != 1 || m.Regular[0] != highest || cut != m.Made || cut > 2 || highest <= 3 {
		t.Errorf("regular price %v (own %v), highest %g, %d periods below it, %d promoted", m.Regular, m.Own, highest, cut, m.Made)
	}
	if m.Rivals[1].Name != bestFixed || m.Rivals[1].Price == 0 {
		t.Errorf("rivals %+v: no price of best-fixed", m.Rivals)
	}
	if rows, _ := m.folded(func(a, b *PlanPeriod) bool { return a.Action == b.Action }); len(rows) > len(m.Calendar) || len(rows) == 0 {
		t.Errorf("%d rows of %d", len(rows), len(m.Calendar))
	}
}

// Amounts are written as in the other reports: the sign before the currency, commas, and no power of ten.
func TestAmountsAreWrittenAlike(t *testing.T) {
	for x, want := range map[float64]string{66670: "$66,670", -274.951: "−$274.95", 0: "$0.00", 1.172: "$1.17", 0.0123: "$0.012", 999.7: "$1,000"} {
		if got := money(x); got != want {
			t.Errorf("%v is written %s, want %s", x, got, want)
		}
	}
	for x, want := range map[float64]string{0.97: "0.97", 59: "59.00", 0.8856: "0.8856", 1234.5: "1,234.50"} {
		if got := priceTag(x); got != want {
			t.Errorf("a price of %v is written %s, want %s", x, got, want)
		}
	}
	var b strings.Builder
	if err := optimised(t, tea, t.TempDir(), 1).Text(&b); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); strings.Contains(text, "$ −") || strings.Contains(text, "e+0") || strings.Contains(text, "of a week") || !strings.Contains(text, "The calendar is expected to earn $") {
		t.Error(text)
	}
}

// The market brings more or less than the plan expects for reasons that the plan knows of.
func TestWhatAPlanLeavesOutIsNamed(t *testing.T) {
	m := optimised(t, kiosk, t.TempDir(), 2)
	if !slices.Contains(m.Omits, "rivals who answer") || len(m.Caveats) < len(m.Omits) {
		t.Errorf("%q of %q", m.Omits, m.Caveats)
	}
	m.Each = 2 * m.Comparison.Rows[0].Profit.Value
	if words := strings.Join(m.answer(), " "); !strings.Contains(words, "brings 50% less than the plan expects, which leaves out rivals who answer (caveats).") {
		t.Error(words)
	}
}

// What help and refusals say of the bundled scenarios is so.
func TestBundledScenariosThatHaveCalendars(t *testing.T) {
	for _, folder := range [][]string{scenarios.Bundled(), scenarios.Papers()} {
		for _, name := range folder {
			s, err := scenarios.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := plannable(s); (err == nil) != strings.Contains(Calendars, name) {
				t.Errorf("%s: %v, and told is %s", name, err, Calendars)
			}
		}
	}
	s, err := scenarios.Load("smoke")
	if err == nil {
		err = plannable(s)
	}
	if err == nil || !strings.Contains(err.Error(), `--set 'visit={kind="shelf"}'`) || !strings.Contains(err.Error(), Calendars) {
		t.Errorf("%v", err)
	}
	if s, err = scenarios.Load("smoke", `visit={kind="shelf"}`); err == nil {
		err = plannable(s)
	}
	if err != nil {
		t.Errorf("what the refusal says to try: %v", err)
	}
}

// Who posts what the calendar must not is marked, counted as the calendar counts, and not what the headline compares with.
func TestRivalsThatBreakTheLimitsAreMarked(t *testing.T) {
	m := optimised(t, kiosk, t.TempDir(), 2, "optimize.budget=0", "optimize.promotions=0")
	fixed := m.rival(bestFixed)
	if m.Regular[0] != m.told.price(m.told.opens, 0) {
		t.Errorf("two products: regular prices %v", m.Regular)
	}
	offered := -1
	for a, o := range m.told.spec.Offers {
		if o.Price == fixed.Price {
			offered = a
		}
	}
	if offered < 0 {
		t.Fatalf("no offer at %g", fixed.Price)
	}
	if breaks := m.told.calendar.Promoted[offered]; breaks != (fixed.Breaks != "") || breaks && fixed.Promoted != 7 {
		t.Errorf("best-fixed %+v, promoted %v", fixed, breaks)
	}
	if m.rival(planned).Promoted != float64(m.Made) || m.rival(planned).Breaks != "" {
		t.Errorf("the calendar itself: %+v, %d made", m.rival(planned), m.Made)
	}
	words := strings.Join(append(m.answer(), m.rivalsText()...), " ")
	if (fixed.Breaks != "") != strings.Contains(words, "†") || (fixed.Breaks != "") == strings.Contains(words, "than best-fixed") {
		t.Errorf("%+v: %s", fixed, words)
	}
}
