package rivals_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"testing"

	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/market/rivals"
	"github.com/souk-sim/souk/scenarios/data"
	"github.com/souk-sim/souk/sim/rng"
)

var brands = []string{"star-kist", "chicken-of-the-sea", "bumble-bee-solid", "bumble-bee-chunk", "geisha", "bumble-bee-large", "hh-chunk-lite"}

// tuna returns the histories of the seven brands over the weeks that a fit may see.
func tuna(t testing.TB) []rivals.History {
	t.Helper()
	raw, err := fs.ReadFile(data.Files(), "tuna.parquet")
	if err != nil {
		t.Fatal(err)
	}
	columns := logs.Columns{Period: "week", Customers: "customers"}
	for i, name := range brands {
		at := func(column string) string { return fmt.Sprintf("%s_%d", column, i+1) }
		columns.Products = append(columns.Products, logs.ProductColumns{Name: name, Units: at("units"), LogPrice: at("log_price"), LogWholesale: at("log_wholesale"), Display: at("display")})
	}
	panel, err := logs.Decode("tuna.parquet", bytes.NewReader(raw), int64(len(raw)), columns)
	if err != nil {
		t.Fatal(err)
	}
	panel, _ = logs.Check(panel, 52)
	panel = panel.Between([2]int{1, 318})
	histories := make([]rivals.History, len(brands))
	for i, name := range brands {
		histories[i] = rivals.History{Product: name, Periods: panel.Periods, Price: logs.Column(panel.Price, i), Display: logs.Column(panel.Display, i), Cost: logs.Column(panel.Wholesale, i)}
	}
	return histories
}

func fitTuna(t testing.TB) []*rivals.Fitted {
	t.Helper()
	var fits []*rivals.Fitted
	for _, h := range tuna(t) {
		f, err := rivals.Fit(h, rivals.Options{})
		if err != nil {
			t.Fatal(err)
		}
		fits = append(fits, f)
	}
	return fits
}

// TestTheTunaChainsReproduceTheirHistories: deal shares and spell lengths lie in the 95% interval of the model's own
// histories; of 21 such figures of a true model one would be expected outside.
func TestTheTunaChainsReproduceTheirHistories(t *testing.T) {
	for i, f := range fitTuna(t) {
		d := f.Diagnose(rng.New(1, 0).Family(brands[i]), 500)
		t.Logf("%-18s %d weeks, %d transitions: deal share %.3f, model %.3f [%.3f, %.3f]; deal spell %.2f, model %.2f [%.2f, %.2f]; regular spell %.2f, model %.2f [%.2f, %.2f]; "+
			"second order P %.3f, duration P %.3f (regular) %.4f (deal), change P %.3f", d.Product, d.Periods, d.Transitions,
			d.DealShare.Observed, d.DealShare.Model, d.DealShare.Low, d.DealShare.High, d.DealSpell.Observed, d.DealSpell.Model, d.DealSpell.Low, d.DealSpell.High,
			d.RegularSpell.Observed, d.RegularSpell.Model, d.RegularSpell.Low, d.RegularSpell.High, d.SecondOrder.P, d.RegularDuration.P, d.DealDuration.P, d.Change.P)
		for name, c := range map[string]rivals.Check{"deal share": d.DealShare, "deal spell": d.DealSpell, "regular spell": d.RegularSpell} {
			if c.Observed < c.Low || c.Observed > c.High {
				t.Errorf("%s: %s %.3f is outside the model's [%.3f, %.3f]", d.Product, name, c.Observed, c.Low, c.High)
			}
		}
	}
}

// TestTheTunaLadderIsThatOfTheLastTwoYears: the regular price of each brand is the top of its ladder to 2%, deals are
// cheaper and more on display, and the top rung is near what the chain asked most often in weeks 215–318.
func TestTheTunaLadderIsThatOfTheLastTwoYears(t *testing.T) {
	histories := tuna(t)
	for i, f := range fitTuna(t) {
		rungs := f.Deals.Rungs()
		top := rungs[len(rungs)-1]
		if top.Deal || top.Price < 0.98*f.Level || top.Price > 1.02*f.Level {
			t.Errorf("%s: top rung %.3f, regular price %.3f", brands[i], top.Price, f.Level)
		}
		if f.Deals.Nearest(f.Level) != len(rungs)-1 {
			t.Errorf("%s: the regular price %.3f is not nearest the top rung", brands[i], f.Level)
		}
		low, high := 1e9, 0.0
		for k, week := range histories[i].Periods {
			if p := histories[i].Price[k]; week > 214 && p == p {
				low, high = min(low, p), max(high, p)
			}
		}
		if top.Price < low || top.Price > high {
			t.Errorf("%s: top rung %.3f outside the last two years' [%.3f, %.3f]", brands[i], top.Price, low, high)
		}
		if cheap := rungs[0]; !cheap.Deal || cheap.Display <= top.Display || cheap.Cost <= 0 || cheap.Cost > cheap.Price*1.2 {
			t.Errorf("%s: lowest rung %+v against the top %+v", brands[i], cheap, top)
		}
	}
}

// TestTheTunaBrandsMoveAlmostApart: what the market's assumption of independence leaves out. Of 21 pairs one is correlated beyond
// Bonferroni's 5%: the two Bumble Bees that are not in the 6 oz segment. No brand answers Star-Kist by more than a tenth of
// its cut.
func TestTheTunaBrandsMoveAlmostApart(t *testing.T) {
	fits := fitTuna(t)
	for _, p := range rivals.Pairs(fits) {
		t.Logf("%s, %s: correlation %.3f, standard error %.3f, P %.4f", p.A, p.B, p.Correlation, p.StandardError, p.P)
		if together := p.A == "bumble-bee-solid" && p.B == "bumble-bee-large"; (p.P < 0.05/21) != together {
			t.Errorf("%s and %s: correlation %.3f, P %.4f", p.A, p.B, p.Correlation, p.P)
		}
	}
	for _, f := range fits[1:] {
		r, err := rivals.Respond(f, fits[0])
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %.3f (%.3f) now, %.3f (%.3f) after a week", r.Follower, r.Now.Estimate, r.Now.StandardError, r.Before.Estimate, r.Before.StandardError)
		if r.Now.Estimate > 0.1 || r.Now.Estimate < -0.1 {
			t.Errorf("%s answers Star-Kist by %.3f", r.Follower, r.Now.Estimate)
		}
	}
}
