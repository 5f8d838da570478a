package evaluate

import (
	"fmt"
	"math"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// plays are scores of ten runs about a mean, in customers that all policies of a market share; noise is the policy's own.
func plays(mean, noise float64, market int, name string) []float64 {
	streams := rng.New(uint64(market), 0)
	shared, own := streams.Family("customers").At(), streams.Family(name).At()
	all := make([]float64, 10)
	for r := range all {
		all[r] = mean + 5*shared.Normal() + noise*own.Normal()
	}
	return all
}

// trials are four markets and two policies that were trained in the first: one that wins everywhere, and one that wins at home alone and loses elsewhere.
func trials(known bool) (all []Trial) {
	gains := map[string][]float64{"robust": {8, 7, 9, 6}, "memory": {9, -6, -4, -8}}
	for k, market := range []string{"base", "steeper", "shock", "rival"} {
		t := Trial{Market: market, Fixed: plays(100, 0, k, "fixed")}
		if known {
			t.Optimum = plays(110, 0.5, k, "optimum")
		}
		for _, name := range []string{"robust", "memory"} {
			t.Entries = append(t.Entries, Entry{Policy: name, Trained: "base", Scores: plays(100+gains[name][k], 1, k, name)})
		}
		all = append(all, t)
	}
	return all
}

// Gains and losses of 4 or more have a standard error of 1/√10: to miss one at the level 1 − 0.05/3 (t of 9 degrees, 2.93) takes a deviation of 9 standard errors.
func TestWhoWinsOnlyInItsOwnSimulatorIsSeenTo(t *testing.T) {
	for _, known := range []bool{true, false} {
		m, err := NewMatrix(0.95, trials(known))
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []struct {
			only        bool
			wins, loses int
		}{{false, 4, 0}, {true, 1, 3}} {
			row := &m.Rows[i]
			wins, loses := row.In(func(c *Cell) bool { return c.Wins }), row.In(func(c *Cell) bool { return c.Loses })
			if row.OnlyAtHome != want.only || len(wins) != want.wins || len(loses) != want.loses {
				t.Errorf("%s: only at home %v, wins in %v, loses in %v", row.Policy, row.OnlyAtHome, wins, loses)
			}
		}
		if is := m.Markets[1].BestIs; known != (is == "optimum") || !known && is != "robust of base" {
			t.Errorf("the best of the second market is %s", is)
		}
		if e := m.Rows[0].Elsewhere; known && math.Abs(e.Value-0.73) > 0.1 {
			t.Errorf("the robust one comes to %.2f elsewhere, of gains of 7, 9 and 6 of 10", e.Value)
		}
	}
}

// Of 1,000 policies that gain 8 at home and nothing in four other markets at most 2.5% escape the flag; 40 is 3 standard errors more.
func TestTheFlagsErrorIsAsStated(t *testing.T) {
	escaped := 0
	for trial := range 1000 {
		var all []Trial
		for k := range 5 {
			market, gain := fmt.Sprint(k), 0.0
			if k == 0 {
				gain = 8
			}
			all = append(all, Trial{Market: market, Fixed: plays(100, 0, 5*trial+k, "fixed"),
				Entries: []Entry{{Policy: "p", Trained: "0", Scores: plays(100+gain, 3, 5*trial+k, "p")}}})
		}
		m, err := NewMatrix(0.95, all)
		if err != nil {
			t.Fatal(err)
		}
		if !m.Rows[0].OnlyAtHome {
			escaped++
		}
	}
	if escaped > 40 {
		t.Errorf("%d of 1000 escape", escaped)
	}
}

// Exact values have no error: scores are alike in all runs. Where the best fixed price is the optimum there is nothing to normalise by.
func TestExactValuesMakeAMatrixToo(t *testing.T) {
	flat := func(v float64) []float64 { return []float64{v, v, v} }
	m, err := NewMatrix(0.95, []Trial{
		{Market: "base", Fixed: flat(10), Optimum: flat(12), Entries: []Entry{{"p", "base", flat(11)}}},
		{Market: "other", Fixed: flat(10), Optimum: flat(10 + 1e-12), Entries: []Entry{{"p", "base", flat(9)}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	cells := m.Rows[0].Cells
	if n := cells[0].Normalised; n == nil || n.Value != 0.5 || !m.Rows[0].OnlyAtHome {
		t.Errorf("at home %+v", cells[0])
	}
	if !m.Markets[1].Nothing || cells[1].Normalised != nil || !cells[1].Loses || m.Normalised || math.Abs(m.Rows[0].Elsewhere.Value+0.1) > 1e-12 {
		t.Errorf("elsewhere %+v in %+v", cells[1], m.Markets[1])
	}
	if _, err := NewMatrix(0.95, trials(true)[:1]); err == nil {
		t.Error("one market is no matrix")
	}
}
