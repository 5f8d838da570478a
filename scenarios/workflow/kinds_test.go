package workflow

import (
	"strings"
	"testing"

	"github.com/souk-sim/souk/scenarios/estimators"
)

// TestZIsByTheStandardErrorsThatAssumeLeast: and its head says which, where there are several.
func TestZIsByTheStandardErrorsThatAssumeLeast(t *testing.T) {
	c := estimators.Coefficient{Name: "price", Estimate: -2, SE: 0.5}
	for _, want := range [][2]string{{"z", "−4.00"}, {"z (robust)", "−2.00"}, {"z (by customer)", "−1.00"}} {
		switch want[0] {
		case "z (robust)":
			c.RobustSE = 1
		case "z (by customer)":
			c.ClusteredSE = 2
		}
		lines := strings.Split(strings.TrimSpace(estimateTable([]estimators.Coefficient{c, {Name: "x", Estimate: 1}})), "\n")
		if !strings.HasSuffix(lines[0], " "+want[0]) || !strings.HasSuffix(strings.TrimSpace(lines[1]), want[1]) || !strings.HasSuffix(strings.TrimSpace(lines[2]), "–") {
			t.Errorf("%s: %q", want, lines)
		}
	}
	if got := estimateTable([]estimators.Coefficient{{Name: "x", Estimate: 1}}); strings.Contains(got, "z") {
		t.Errorf("a z of nothing: %q", got)
	}
}

// TestAPageTellsTheColumnsThatWereTaken: those of roles by other names with both.
func TestAPageTellsTheColumnsThatWereTaken(t *testing.T) {
	var b strings.Builder
	err := KindText(&b, "f.csv", &estimators.Fit{Model: "funnel", Data: "3 clicks", Columns: map[string]string{"state": "page_1", "session": "session"}})
	if err != nil || !strings.Contains(b.String(), "3 clicks (columns: session, state = page_1)\n") {
		t.Errorf("%q, %v", b.String(), err)
	}
}
