//go:build long

package demand

import "testing"

// TestJuice is the orange-juice task with every model that looks at prices.
func TestJuice(t *testing.T) {
	all := juice(t)
	for _, kind := range []string{"regression", "forest"} {
		mase := juiceMASE(t, all, juiceTest-juiceFirst, refitted(kind))
		t.Logf("%-12s MASE %.4f", kind, mase)
		if mase > juiceBar {
			t.Errorf("%s: MASE %.4f, bar %v", kind, mase, juiceBar)
		}
	}
}
